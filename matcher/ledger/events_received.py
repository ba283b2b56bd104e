"""Batches of events (收事件): each item is answered; a batch is one transaction, so what was answered is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import Connection, insert, or_, select, tuple_, update

from matcher.errors import FieldError, LedgerError, OptionError, RequestError
from matcher.intake.fields import check_codes
from matcher.ledger import reading, tables
from matcher.ledger.books import PROJECTS, TARGETS, Book
from matcher.ledger.events import MOST_AT_ONCE, Answer, Event, Fate, read_event
from matcher.ledger.events_entry import EventEntry
from matcher.ledger.setting import Setting
from matcher.ledger.values import text_of
from matcher.matching.name_index import squeezed
from matcher.runs import CHINA_TIME
from matcher.store.database import Store

_AT_ONCE = 300
Row = tuple[str, int]


@dataclass(frozen=True)
class Parked:
    """An event that waits for somebody to say who is meant (待认企业的事件)."""

    event: int
    source: str
    id: str
    type: str
    company: str
    uscc: str
    happened_at: datetime
    parked_at: datetime
    said: str


def receive(store: Store, setting: Setting, items: Sequence[Any], *, by: str, at: datetime | None = None) -> list[Answer]:
    """Takes a batch of events (收一批事件).

    Args:
        store: The database.
        setting: The zone's rules.
        items: At most 1000, plain JSON or CloudEvents.
        by: Who sends them.
        at: The moment; by default now.

    Returns:
        One answer an item, in order. What is answered is in the database.

    Raises:
        OptionError: There are too many.
        StoreError: The database cannot be written; then nothing of the batch is.
    """
    if len(items) > MOST_AT_ONCE:
        raise OptionError(f"一批不超过 {MOST_AT_ONCE:,} 个事件，给了 {len(items):,} 个")
    now = at or datetime.now(UTC)
    read: list[Event | Answer] = []
    for index, item in enumerate(items):
        try:
            read.append(read_event(item, now))
        except FieldError as error:
            source, id_ = (str(item.get(name, ""))[:200] if isinstance(item, dict) else "" for name in ("source", "id"))
            read.append(Answer(index, source, id_, "invalid", str(error)))
    with store.writing() as connection:
        receiver = _Receiver(connection, setting, by, now)
        receiver.look_up([one for one in read if isinstance(one, Event)])
        return [one if isinstance(one, Answer) else receiver.take(index, one) for index, one in enumerate(read)]


def parked(store: Store, zone: str, company: str | None = None) -> list[Parked]:
    """Events that wait for somebody to say who is meant, the oldest first (待认企业的事件)."""
    events, waiting = tables.events, tables.parked
    wanted = (
        select(events, waiting.c.company, waiting.c.uscc, waiting.c.parked_at)
        .join(waiting, waiting.c.event == events.c.id)
        .where(waiting.c.zone == zone, waiting.c.settled_at.is_(None))
        .order_by(events.c.happened_at, events.c.id)
    )
    if company is not None:
        wanted = wanted.where(waiting.c.squeezed == squeezed([company])[0])
    with store.reading() as connection:
        return [
            Parked(
                row.id, row.source, row.event, row.type, row.company, row.uscc or "", row.happened_at, row.parked_at, row.said or ""
            )
            for row in connection.execute(wanted)
        ]


def settle(
    store: Store,
    setting: Setting,
    company: str,
    *,
    by: str,
    target: int | None = None,
    project: int | None = None,
    at: datetime | None = None,
) -> list[Answer]:
    """Says who is meant by a name, and enters what waited for it (认定企业); later events of that name go the same way.

    Args:
        store: The database.
        setting: The zone's rules.
        company: The name as the events write it.
        by: Who says so.
        target: The target that is meant.
        project: The project that is meant; with neither, the name is looked up again.
        at: The moment; by default now.

    Returns:
        What became of each event that waited, the oldest first; those that still wait are told as parked.

    Raises:
        RequestError: Nothing waits for that name, or there is no such row.
        StoreError: The database cannot be written.
    """
    waiting = parked(store, setting.zone, company)
    if not waiting:
        raise RequestError("待认企业", company[:40], hint="见 lianzhao ledger events parked")
    with store.writing() as connection:
        receiver = _Receiver(connection, setting, by, at or datetime.now(UTC))
        given: dict[str, int] = {}
        meant: tuple[tuple[Book[Any], int | None], ...] = ((TARGETS, target), (PROJECTS, project))
        for book, id_ in meant:
            if id_ is not None:
                reading.row(connection, setting, book, id_)
                given[book.name] = id_
        return [receiver.settle(index, one.event, given) for index, one in enumerate(waiting)]


class _Receiver:
    def __init__(self, connection: Connection, setting: Setting, by: str, now: datetime) -> None:
        self.connection, self.setting, self.by, self.now = connection, setting, text_of(by)[:60], now
        self._known: dict[tuple[str, str], tuple[int, str, str]] = {}  # (source, id) → number, fate, digest of what it said
        self._today = now.astimezone(CHINA_TIME).date()

    def look_up(self, given: Sequence[Event]) -> None:
        """Which of these came before."""
        events = tables.events
        keys = sorted({(one.source, one.id) for one in given})
        for start in range(0, len(keys), _AT_ONCE):
            part = tuple_(events.c.source, events.c.event).in_(keys[start : start + _AT_ONCE])
            wanted = select(events.c.id, events.c.source, events.c.event, events.c.fate, events.c.said, events.c.data)
            for row in self.connection.execute(wanted.where(events.c.zone == self.setting.zone, part)):
                self._known[row.source, row.event] = (row.id, row.fate, row.said or "")

    def take(self, index: int, event: Event) -> Answer:
        """Takes one event; one that was refused may be sent again."""
        key = (event.source, event.id)
        before = self._known.get(key)
        if before is not None and before[1] != "refused":
            return Answer(index, *key, "duplicate", f"以前收过：{before[2] or before[1]}")
        if before is not None:
            self._forget_steps(before[0])
        values = {
            "type": event.type, "subject": event.company or None, "happened_at": event.happened_at, "received_at": self.now,
            "received_by": self.by, "data": {**event.data, "company": {"name": event.company, "uscc": event.uscc}}, "fate": "parked",
            "said": None,
        }  # fmt: skip
        if before is None:
            kept = insert(tables.events).values(zone=self.setting.zone, source=event.source, event=event.id, **values)
            made = self.connection.execute(kept).inserted_primary_key
            number = int(made[0]) if made else 0
        else:
            number = before[0]
            self.connection.execute(update(tables.events).where(tables.events.c.id == number).values(values))
        found = self._row_of(event)
        answer = self._park(index, event, number, found) if isinstance(found, str) else self._enter(index, event, number, found)
        self._known[key] = (number, answer.fate, answer.said)
        return answer

    def settle(self, index: int, number: int, given: Mapping[str, int]) -> Answer:
        """Enters an event that waited."""
        row = self.connection.execute(select(tables.events).where(tables.events.c.id == number)).one()
        named = row.data.get("company", {})
        data = {key: value for key, value in row.data.items() if key != "company"}
        event = Event(row.source, row.event, row.type, row.happened_at, named.get("name", ""), named.get("uscc", ""), data)
        meant = [(book, given[book]) for book in _books(event) if book in given]
        found: Row | str = meant[0] if meant else self._row_of(event)
        if isinstance(found, str):
            return Answer(index, event.source, event.id, "parked", found)
        done = update(tables.parked).where(tables.parked.c.event == number)
        self.connection.execute(done.values(settled_at=self.now, settled_by=self.by))
        return self._enter(index, event, number, found)

    def _enter(self, index: int, event: Event, number: int, row: Row) -> Answer:
        fate: Fate
        try:
            with self.connection.begin_nested():
                entry = EventEntry(self.connection, self.setting, by=self.by, today=self._today, at=self.now)
                fate, said = entry.apply(event, number, row)
        except (LedgerError, RequestError) as error:
            fate, said = "refused", str(error)
        told = update(tables.events).where(tables.events.c.id == number)
        self.connection.execute(told.values(fate=fate, said=said or None, book=row[0], row=row[1]))
        return Answer(index, event.source, event.id, fate, said, *row)

    def _park(self, index: int, event: Event, number: int, why: str) -> Answer:
        if not event.company and not event.uscc:
            self.connection.execute(update(tables.events).where(tables.events.c.id == number).values(fate="refused", said=why))
            return Answer(index, event.source, event.id, "refused", why)
        short = squeezed([event.company])[0] if event.company else event.uscc
        name = event.company or event.uscc
        self.connection.execute(
            insert(tables.parked).values(
                event=number, zone=self.setting.zone, company=name, squeezed=short, uscc=event.uscc or None, parked_at=self.now
            )
        )
        self.connection.execute(update(tables.events).where(tables.events.c.id == number).values(said=why))
        return Answer(index, event.source, event.id, "parked", why)

    def _forget_steps(self, number: int) -> None:
        """A refused step may be kept, waiting for an earlier one; sent again, it is told anew."""
        from matcher.ledger.event_tables import step_times

        lines = list(self.connection.execute(select(step_times.c.step).where(step_times.c.event == number)).scalars())
        for line in lines:
            self.connection.execute(step_times.delete().where(step_times.c.step == line))
            self.connection.execute(tables.steps.delete().where(tables.steps.c.id == line))

    def _row_of(self, event: Event) -> Row | str:
        """The row that an event is about, or why none is known."""
        given = event.data.get("row")
        books = _books(event)
        if given is not None:
            if not isinstance(given, int) or isinstance(given, bool):
                return "data.row 应为台账的编号"
            return books[0], given
        if not event.company and not event.uscc:
            return "应写 company，或 data.row 台账的编号"
        found: list[Row] = []
        for name in books:
            book: Book[Any] = TARGETS if name == TARGETS.name else PROJECTS
            found = self._rows(book, event)
            if found:
                break
        if len(found) == 1:
            return found[0]
        meant = self._said_before(event)
        if meant is not None:
            return meant
        return f"台账里有 {len(found)} 行是这家，请指定" if found else "台账里没有这家"

    def _rows(self, book: Book[Any], event: Event) -> list[Row]:
        table = book.table
        good = bool(event.uscc) and bool(check_codes([event.uscc])[0])
        same = []
        if good:
            same.append(table.c.uscc == event.uscc)
        if event.company:
            by_name = table.c.squeezed == squeezed([event.company])[0]
            same.append(by_name & table.c.uscc.is_(None) if good else by_name)
        if not same:
            return []
        wanted = select(table.c.id, table.c.state).where(
            table.c.zone == self.setting.zone, table.c.deleted_at.is_(None), or_(*same)
        )
        called = event.data.get("project")
        if book is PROJECTS and isinstance(called, str):
            wanted = wanted.where(table.c.name == called)
        rows = self.connection.execute(wanted.order_by(table.c.id)).all()
        out = {step.id for step in self.setting.steps(book.name) if step.ends}
        going = [row for row in rows if row.state not in out] if len(rows) > 1 else rows
        return [(book.name, row.id) for row in going or rows]

    def _said_before(self, event: Event) -> Row | None:
        """Whom a person said that this name means."""
        if not event.company:
            return None
        events, waiting = tables.events, tables.parked
        wanted = (
            select(events.c.book, events.c.row)
            .join(waiting, waiting.c.event == events.c.id)
            .where(waiting.c.zone == self.setting.zone, waiting.c.squeezed == squeezed([event.company])[0])
            .where(waiting.c.settled_at.is_not(None), events.c.book.in_(_books(event)), events.c.row.is_not(None))
            .order_by(waiting.c.settled_at.desc(), events.c.id.desc())
            .limit(1)
        )
        found = self.connection.execute(wanted).first()
        return cast(Row, (found.book, found.row)) if found else None


def _books(event: Event) -> tuple[str, ...]:
    """Where an event may belong, the first that knows the company."""
    if event.type.startswith("target."):
        return (TARGETS.name,)
    return (PROJECTS.name,) if event.type != "visit" else (TARGETS.name, PROJECTS.name)
