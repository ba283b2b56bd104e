"""Batches of events (收事件): each item is answered; a batch is one transaction, so what was answered is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, or_, select, tuple_

from matcher.errors import FieldError, LedgerError, OptionError, RequestError
from matcher.ledger import reading, tables
from matcher.ledger.books import PROJECTS, TARGETS, Book
from matcher.ledger.events import MOST_AT_ONCE, Answer, Event, Fate, read_event
from matcher.ledger.events_batch import Batch, books_of
from matcher.ledger.events_entry import EventEntry
from matcher.ledger.events_writes import Row
from matcher.ledger.owning import groups_of
from matcher.ledger.setting import Setting
from matcher.ledger.values import text_of
from matcher.matching.name_index import squeezed
from matcher.runs import CHINA_TIME
from matcher.store.database import Store

_AT_ONCE = 300


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
        receiver = _Receiver(connection, setting, by, now, [one for one in read if isinstance(one, Event)])
        receiver.look_up()
        answers = [one if isinstance(one, Answer) else receiver.take(index, one) for index, one in enumerate(read)]
        receiver.write()
    return answers


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
        written = waiting.c.squeezed == squeezed([company])[0]
        wanted = wanted.where(or_(written, and_(waiting.c.company == waiting.c.uscc, waiting.c.uscc == text_of(company).upper())))
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
    group: str | None = None,
    at: datetime | None = None,
) -> list[Answer]:
    """Says who is meant by a name, and enters what waited for it (认定企业); later events of that name go the same way.

    Args:
        store: The database.
        setting: The zone's rules.
        company: The name as the events write it; the credit code of those that write no name.
        by: Who says so.
        target: The target that is meant.
        project: The project that is meant; with neither, the name is looked up again.
        group: Whose rows may be changed only; events that belong to rows of others go on waiting. None for all.
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
        events = _kept(connection, [one.event for one in waiting])
        receiver = _Receiver(connection, setting, by, at or datetime.now(UTC), list(events.values()))
        given: dict[str, int] = {}
        meant: tuple[tuple[Book[Any], int | None], ...] = ((TARGETS, target), (PROJECTS, project))
        for book, id_ in meant:
            if id_ is not None:
                reading.row(connection, setting, book, id_)
                given[book.name] = id_
        answers = [
            receiver.settle(index, events[one.event], one.event, given, group)
            for index, one in enumerate(waiting)
            if one.event in events
        ]
        receiver.write()
    return answers


def _kept(connection: Connection, numbers: Sequence[int]) -> dict[int, Event]:
    """Events that still wait, as they were sent: somebody else may have settled some since they were listed."""
    events, waiting, found = tables.events, tables.parked, {}
    for at in range(0, len(numbers), _AT_ONCE):
        wanted = (
            select(events)
            .join(waiting, waiting.c.event == events.c.id)
            .where(events.c.id.in_(numbers[at : at + _AT_ONCE]), waiting.c.settled_at.is_(None))
        )
        for row in connection.execute(wanted):
            named = row.data.get("company", {})
            data = {key: value for key, value in row.data.items() if key != "company"}
            event = Event(row.source, row.event, row.type, row.happened_at, named.get("name", ""), named.get("uscc", ""), data)
            found[row.id] = event
    return found


class _Receiver:
    def __init__(self, connection: Connection, setting: Setting, by: str, now: datetime, events: Sequence[Event]) -> None:
        self.connection, self.setting, self.by, self.now = connection, setting, text_of(by)[:60], now
        self.events, self.batch = events, Batch(connection, setting, events)
        self._known: dict[tuple[str, str], tuple[int, str, str]] = {}  # (source, id) → number, fate, what was said
        self._today = now.astimezone(CHINA_TIME).date()

    def write(self) -> None:
        """Writes all, once it is settled whose the visits are."""
        EventEntry(self.batch, self.setting, by=self.by, today=self._today, at=self.now).settle_owners()
        self.batch.write()

    def look_up(self) -> None:
        """Which of the events came before."""
        events = tables.events
        keys = sorted({(one.source, one.id) for one in self.events})
        for start in range(0, len(keys), _AT_ONCE):
            part = tuple_(events.c.source, events.c.event).in_(keys[start : start + _AT_ONCE])
            wanted = select(events.c.id, events.c.source, events.c.event, events.c.fate, events.c.said)
            for row in self.connection.execute(wanted.where(events.c.zone == self.setting.zone, part)):
                self._known[row.source, row.event] = (row.id, row.fate, row.said or "")

    def take(self, index: int, event: Event) -> Answer:
        """Takes one event; one that was refused may be sent again."""
        key, writes = (event.source, event.id), self.batch.writes
        before = self._before(key)
        if before is not None and before[1] != "refused":
            return Answer(index, *key, "duplicate", f"以前收过：{before[2] or before[1]}")
        values = {
            "type": event.type, "subject": event.company or None, "happened_at": event.happened_at, "received_at": self.now,
            "received_by": self.by, "data": {**event.data, "company": {"name": event.company, "uscc": event.uscc}}, "fate": "parked",
            "said": None, "book": None, "row": None,
        }  # fmt: skip
        if before is None:
            number = writes.number(tables.events)
            line = {"id": number, "zone": self.setting.zone, "source": event.source, "event": event.id, **values}
            writes.put(writes.made[tables.events], number, line)
        else:
            number = before[0]
            self.batch.forget(number)
            writes.merge(writes.events, number, values)
        found = self._row_of(event)
        answer = self._park(index, event, number, found) if isinstance(found, str) else self._enter(index, event, number, found)
        self._known[key] = (number, answer.fate, answer.said)
        return answer

    def _before(self, key: tuple[str, str]) -> tuple[int, str, str] | None:
        """What is known of an event, as later ones of the batch may have changed it."""
        before = self._known.get(key)
        if before is None:
            return None
        number, fate, said = before
        now = self.batch.writes.events.get(number, {})
        return number, now.get("fate", fate), now.get("said", said) or ""

    def settle(self, index: int, event: Event, number: int, given: Mapping[str, int], group: str | None) -> Answer:
        """Enters an event that waited, if it belongs to a row of the group."""
        meant = [(book, given[book]) for book in books_of(event) if book in given]
        found: Row | str = meant[0] if meant else self._row_of(event)
        if not isinstance(found, str) and group is not None and not self._is_of(found, group):
            called = self.setting.called(found[0])
            found = f"第 {found[1]} 号{called}不是本组的，由归它的小组或管理员认定"
        if isinstance(found, str):
            return Answer(index, event.source, event.id, "parked", found)
        self.batch.settle(event, number, found, self.now, self.by)
        return self._enter(index, event, number, found)

    def _is_of(self, row: Row, group: str) -> bool:
        """Whether a row is the group's; asked in the transaction that changes it."""
        book: Book[Any] = TARGETS if row[0] == TARGETS.name else PROJECTS
        try:
            record = self.batch.record(book, row[1])
        except RequestError:  # deleted since
            return False
        return group in groups_of(self.connection, self.setting, record, book)

    def _enter(self, index: int, event: Event, number: int, row: Row) -> Answer:
        fate: Fate
        writes = self.batch.writes
        mark = writes.mark
        try:
            entry = EventEntry(self.batch, self.setting, by=self.by, today=self._today, at=self.now)
            fate, said = entry.apply(event, number, row)
        except (LedgerError, RequestError) as error:
            writes.back(mark)
            fate, said = "refused", str(error)
        writes.merge(writes.events, number, {"fate": fate, "said": said or None, "book": row[0], "row": row[1]})
        return Answer(index, event.source, event.id, fate, said, *row)

    def _park(self, index: int, event: Event, number: int, why: str) -> Answer:
        writes = self.batch.writes
        if not event.company and not event.uscc:
            writes.merge(writes.events, number, {"fate": "refused", "said": why})
            return Answer(index, event.source, event.id, "refused", why)
        short = squeezed([event.company or event.uscc])[0]
        line = {
            "event": number, "zone": self.setting.zone, "company": event.company or event.uscc, "squeezed": short,
            "uscc": event.uscc or None, "parked_at": self.now,
        }  # fmt: skip
        writes.put(writes.parked, number, line)
        writes.merge(writes.events, number, {"fate": "parked", "said": why})
        return Answer(index, event.source, event.id, "parked", why)

    def _row_of(self, event: Event) -> Row | str:
        """The row that an event is about, or why none is known."""
        given = event.data.get("row")
        if given is not None:
            if not isinstance(given, int) or isinstance(given, bool):
                return "data.row 应为台账的编号"
            return books_of(event)[0], given
        if not event.company and not event.uscc:
            return "应写 company，或 data.row 台账的编号"
        found = self.batch.rows_of(event)
        if len(found) == 1:
            return found[0]
        meant = self.batch.settled(event)
        if meant is not None:
            return meant
        if not found and (target := self.batch.target_of(event)) is not None:
            return f"是第 {target} 号{self.setting.called(TARGETS.name)}，还没有转项目；转了以后再认定（settle），就补登"
        return f"台账里有 {len(found)} 行是这家，请指定" if found else "台账里没有这家"
