"""Entering into the ledgers (登记): one transaction of one person, in which everything is done or nothing.

Example::

    setting = open_setting(zone)
    with open_store() as store, entering(store, setting, by="张三") as entry:
        made = entry.add(TARGETS, {"kind": "企业", "company": "某某有限公司", "department": "甲局"})
        entry.step(TARGETS, made.id, "已接触", on=date(2024, 8, 27))
"""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, update

from matcher.errors import ConflictError, FieldError, LedgerError, StepError
from matcher.ledger import books, reading, tables
from matcher.ledger.books import WHOSE, Book
from matcher.ledger.checks import check_change, check_free, check_row
from matcher.ledger.event_tables import courses, owners
from matcher.ledger.mistakes import noted, raise_first
from matcher.ledger.reading import encoded
from matcher.ledger.records import Kept, Written
from matcher.ledger.setting import Setting
from matcher.ledger.stepping import SAID, Way, spoken, undone, way
from matcher.ledger.telling import told_of_row, told_of_step
from matcher.ledger.values import clean, day_of, text_of, unpacked
from matcher.rules.ledger import StepSpec
from matcher.runs import today as today_in_china
from matcher.store.database import Store

_LONGEST_REASON = 500
_STEPPED = ("state", "state_on", "state_reason")
DELETED = "deleted"
"""How the history calls that a row was deleted (历史里的删除)."""


@contextlib.contextmanager
def entering(
    store: Store, setting: Setting, *, by: str, source: str = "", today: date | None = None, at: datetime | None = None
) -> Iterator[Entry]:
    """One transaction (一次登记), done whole or not at all.

    Args:
        store: The database.
        setting: The zone's rules.
        by: Who.
        source: Where it comes from: a command, a file's digest, an event.
        today: The day after which nothing can have been done; by default today in Asia/Shanghai.
        at: The moment that is kept; by default now.

    Raises:
        LedgerError: Something cannot be entered; then nothing was.
        StoreError: The database cannot be written.
    """
    with store.writing() as connection:
        yield Entry(connection, setting, by=by, source=source, today=today, at=at)


class Entry:
    """What one person enters within one transaction (登记).

    Args:
        connection: Of ``Store.writing``.
        setting: The zone's rules.
        by: Who.
        source: Where it comes from.
        today: The day after which nothing can have been done.
        at: The moment that is kept.
    """

    def __init__(
        self, connection: Connection, setting: Setting, *, by: str, source: str = "", today: date | None = None,
        at: datetime | None = None,
    ) -> None:  # fmt: skip
        self.connection, self.setting, self.source = connection, setting, source
        self.by = text_of(by)[:60]
        self.today = today or today_in_china()
        self.at = at or datetime.now(UTC)
        self.there: Container[tuple[str, int]] = ()  # rows that need not be looked up to know that they are there

    def add(
        self,
        book: Book[Any],
        values: Mapping[str, Any],
        *,
        step: str | None = None,
        on: date | str | None = None,
        reason: str | None = None,
    ) -> Written:
        """Enters a new row (登记一行).

        Args:
            book: Which book.
            values: Field → value, or text as people write it.
            step: Where it stands; by default at the first step.
            on: Since when; by default today.
            reason: Needed if it does not begin at the first step, or for a meeting of another company or of long ago.

        Raises:
            LedgerError: A value or the step cannot be; ``more`` has what else cannot.
        """
        told, wrong = list[str](), list[LedgerError]()
        fresh = {one.name: None for one in book.fields} | self._cleaned(book, values, told)
        if book.field("family") is not None and fresh["family"] is None and fresh["company"] is not None:
            fresh["family"] = self.setting.family_of(fresh["company"])
        reason = self._reason(reason)
        spec: StepSpec | None = None
        if book.stepped:
            spec = self.setting.step(book.name, step) if step else self.setting.steps(book.name)[0]
            with noted(wrong):
                self._allowed(book, way(self.setting.steps(book.name), None, spec), spec, reason)
            with noted(wrong):
                fresh |= {"state": spec.id, "state_on": self._day(book, on), "state_reason": reason}
                self._first_contact(book, spec, fresh)
        elif step is not None:
            raise StepError(f"{self.setting.called(book.name)}没有步骤")
        with noted(wrong):
            self._check(book, fresh, told, None)
        raise_first(wrong)
        self._check_change(book, {}, fresh, told, reason)
        kept = {
            "zone": self.setting.zone, "version": 1, "created_at": self.at, "created_by": self.by, "changed_at": self.at,
            "changed_by": self.by,
        }  # fmt: skip
        id_ = self._insert(book, {**book.columns(fresh), **kept})
        changes = {name: (None, value) for name, value in fresh.items() if value is not None}
        self._remember(book, id_, 1, "add", changes, reason)
        if spec is not None:
            self._milestone(book, id_, 1, None, spec.id, fresh["state_on"], reason)
            told += told_of_step(self.setting, book, spec.id)
        told += self._told(book, id_, fresh, changes)
        return Written(book.name, id_, 1, changes, tuple(told))

    def set(
        self, book: Book[Any], id_: int, values: Mapping[str, Any], *, version: int | None = None, reason: str | None = None
    ) -> Written:
        """Changes fields of a row (修改); what stays the same makes no new version.

        Args:
            book: Which book.
            id_: Number of the row.
            values: Field → value, empty to clear it.
            version: The version that the change was made on; None to take the row as it is.
            reason: Why; needed where the first contact is changed, or a meeting is another company's.

        Raises:
            ConflictError: Somebody else has changed it since.
            LedgerError: A value cannot be.
            RequestError: There is no such row.
        """
        told: list[str] = []
        now = self._now(book, id_, version)
        before = book.values(now)
        after = before | self._cleaned(book, values, told)
        self._check(book, after, told, id_)
        reason = self._reason(reason)
        self._check_change(book, before | {"id": id_}, after, told, reason)
        return self._change(book, now, after, "set", reason, told)

    def step(
        self,
        book: Book[Any],
        id_: int,
        step: str,
        *,
        on: date | str | None = None,
        version: int | None = None,
        reason: str | None = None,
    ) -> Written:
        """Moves a row to a step (推进), forward, back or aside.

        Args:
            book: Which book.
            id_: Number of the row.
            step: Where to, by name or id; where it stands already to correct the date.
            on: When it was made; by default today.
            version: The version that the step was decided on.
            reason: Why; needed unless it is simply the next one.

        Raises:
            ConflictError: Somebody else has changed the row since.
            StepError: The step cannot be made, or not without a reason.
            RequestError: There is no such row.
        """
        spec = self.setting.step(book.name, step, "step")
        if spec.makes_project:
            raise StepError(f"{spec.name}要登记项目，请用 convert")
        return self._step(book, self._now(book, id_, version), spec, on, reason)

    def convert(
        self,
        id_: int,
        values: Mapping[str, Any],
        *,
        on: date | str | None = None,
        version: int | None = None,
        reason: str | None = None,
    ) -> tuple[Written, Written]:
        """Turns a target into a project (转项目): the project takes over company, chain and whose it is, unless ``values`` say otherwise.

        Returns:
            What was entered of the target, and of the project.

        Raises:
            LedgerError: The step, or a value of the project, cannot be.
            RequestError: There is no such target.
        """
        target = self._now(books.TARGETS, id_, version)
        spec = next((one for one in self.setting.steps("targets") if one.makes_project), None)
        if spec is None:
            raise StepError("园区的目标企业台账没有转项目这一步")
        taken = ("company", "uscc", "chain", "segment", "group", "department", "town", "owner", "shares")
        given = {name: getattr(target, name) for name in taken} | {"target": id_} | dict(values)
        moved = self._step(books.TARGETS, target, spec, on, reason)
        return moved, self.add(books.PROJECTS, given, on=on)

    def delete(self, book: Book[Any], id_: int, *, reason: str, version: int | None = None) -> Written:
        """Marks a row as deleted (删除); it stays in the history and can be restored.

        Raises:
            LedgerError: There is no reason, or something still hangs on it.
            RequestError: There is no such row.
        """
        why = self._reason(reason)
        if not why:
            raise StepError("删除应写明理由", needs_reason=True)
        now = self._now(book, id_, version)
        check_free(self.connection, self.setting, book, id_)
        marks = {"deleted_at": self.at, "deleted_by": self.by, "deleted_note": why}
        self._update(book, now, marks)
        changes = {DELETED: (False, True)}
        self._remember(book, id_, now.version + 1, "delete", changes, why)
        return Written(book.name, id_, now.version + 1, changes)

    def restore(self, book: Book[Any], id_: int, *, version: int | None = None, reason: str | None = None) -> Written:
        """Takes a deletion back (恢复).

        Raises:
            LedgerError: It was not deleted, or no longer fits the others.
            RequestError: There is no such row.
        """
        told: list[str] = []
        now = self._now(book, id_, version, deleted=True)
        if now.deleted_at is None:
            raise LedgerError(f"第 {id_} 号{self.setting.called(book.name)}没有删除，不用恢复")
        self._check(book, book.values(now), told, id_)
        self._update(book, now, {"deleted_at": None, "deleted_by": None, "deleted_note": None})
        changes = {DELETED: (True, False)}
        self._remember(book, id_, now.version + 1, "restore", changes, self._reason(reason))
        return Written(book.name, id_, now.version + 1, changes, tuple(told))

    def _step(self, book: Book[Any], now: Any, spec: StepSpec, on: date | str | None, reason: str | None) -> Written:
        steps, why = self.setting.steps(book.name), self._reason(reason)
        stood = reading.steps(self.connection, self.setting.zone, book, [now.id], undone=True).get(now.id, [])
        standing = [one.step for one in stood if one.undone_at is None]
        move, day = way(steps, now.state, spec, standing), self._day(book, on)
        if move.move == "same" and day == now.state_on:
            return Written(book.name, now.id, now.version, {})
        self._allowed(book, move, spec, why)
        if day < now.state_on and not why:
            raise StepError(f"{spec.name}的日期 {day} 早于上一步（{now.state_on}），应写明理由", needs_reason=True)
        before = book.values(now)
        after = before | {"state": spec.id, "state_on": day, "state_reason": why}
        self._first_contact(book, spec, after)
        told = told_of_step(self.setting, book, spec.id)
        self._check(book, after, told, now.id)
        written = self._change(book, now, after, "step", why, told)
        self.connection.execute(delete(courses).where(courses.c.book == book.name, courses.c.row == now.id))
        if move.move == "same":
            last = update(tables.steps).where(tables.steps.c.id == stood[-1].id)
            self.connection.execute(last.values(on=day, reason=why))
            return written
        gone = undone(steps, standing, spec)
        if gone:
            marked = tables.steps.c.id.in_([one.id for one in stood if one.undone_at is None and one.step in gone])
            self.connection.execute(update(tables.steps).where(marked).values(undone_at=self.at))
        stands = spec.id not in set(standing) - set(gone)
        self._milestone(book, now.id, written.version, now.state, spec.id, day, why, stands=stands)
        return written

    def _change(self, book: Book[Any], now: Kept, after: dict[str, Any], verb: str, reason: str | None, told: list[str]) -> Written:
        before = book.values(now)
        changes = {name: (before[name], value) for name, value in after.items() if before[name] != value}
        if not changes:
            return Written(book.name, now.id, now.version, {}, tuple(told))
        self._update(book, now, book.columns({name: new for name, (_, new) in changes.items()}))
        self._remember(book, now.id, now.version + 1, verb, changes, reason)
        told += self._told(book, now.id, after, changes)
        return Written(book.name, now.id, now.version + 1, changes, tuple(told))

    def _check(self, book: Book[Any], values: dict[str, Any], told: list[str], id_: int | None) -> None:
        check_row(self.connection, self.setting, book, values, told, self.today, id_, self.there)

    def _check_change(
        self, book: Book[Any], before: Mapping[str, Any], after: Mapping[str, Any], told: list[str], reason: str | None
    ) -> None:
        check_change(self.connection, self.setting, book, before, after, told, self.today, reason)

    def _told(self, book: Book[Any], id_: int, values: Mapping[str, Any], changed: Mapping[str, Any]) -> list[str]:
        return told_of_row(self.connection, self.setting, book, id_, values, changed)

    def _insert(self, book: Book[Any], columns: Mapping[str, Any]) -> int:
        made = self.connection.execute(insert(book.table).values(columns)).inserted_primary_key
        return int(made[0]) if made else 0

    def _update(self, book: Book[Any], now: Kept, columns: Mapping[str, Any]) -> None:
        table = book.table
        kept = {"version": now.version + 1, "changed_at": self.at, "changed_by": self.by}
        done = self.connection.execute(
            update(table).where(table.c.id == now.id, table.c.version == now.version).values({**columns, **kept})
        )
        if done.rowcount != 1:  # nobody else writes meanwhile: the transaction has the one lock for writers
            raise AssertionError(f"{book.name} {now.id} was changed by another transaction")

    def _remember(
        self, book: Book[Any], id_: int, version: int, verb: str, changes: Mapping[str, tuple[Any, Any]], reason: str | None
    ) -> None:
        line = self._history_line(book, id_, version, verb, changes, reason)
        self.connection.execute(insert(tables.history).values(line))
        if verb != "add" and not {*WHOSE}.isdisjoint(changes):
            self.connection.execute(delete(owners).where(owners.c.book == book.name, owners.c.row == id_))

    def _history_line(
        self, book: Book[Any], id_: int, version: int, verb: str, changes: Mapping[str, tuple[Any, Any]], reason: str | None
    ) -> dict[str, Any]:
        kept = {name: [encoded(old), encoded(new)] for name, (old, new) in changes.items()}
        return {
            "zone": self.setting.zone, "book": book.name, "row": id_, "version": version, "verb": verb, "at": self.at, "by": self.by,
            "source": self.source, "reason": reason, "changes": kept,
        }  # fmt: skip

    def _milestone(
        self, book: Book[Any], id_: int, version: int, before: str | None, step: str, on: date, reason: str | None,
        *, stands: bool = True,
    ) -> None:  # fmt: skip
        """A line of ``ledger_steps``; a return to where the row has been does not stand: the first one does."""
        line = self._step_line(book, id_, version, before, step, on, reason, None if stands else self.at)
        self.connection.execute(insert(tables.steps).values(line))

    def _step_line(
        self, book: Book[Any], id_: int, version: int, before: str | None, step: str, on: date, reason: str | None,
        undone_at: datetime | None,
    ) -> dict[str, Any]:  # fmt: skip
        return {
            "zone": self.setting.zone, "book": book.name, "row": id_, "version": version, "before": before, "step": step, "on": on,
            "reason": reason, "recorded_at": self.at, "recorded_by": self.by, "undone_at": undone_at,
        }  # fmt: skip

    def _now(self, book: Book[Any], id_: int, version: int | None, *, deleted: bool = False) -> Any:
        now = reading.row(self.connection, self.setting, book, id_, deleted=deleted)
        if version is not None and version != now.version:
            raise ConflictError(f"第 {id_} 号{self.setting.called(book.name)}", version, now.version, now.changed_by)
        return now

    def _cleaned(self, book: Book[Any], values: Mapping[str, Any], told: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, given in {**values, **unpacked(book, values, self.setting)}.items():
            one = book.field(name)
            if one is None or name in _STEPPED:
                problem = "只能用 step 推进" if name in _STEPPED else "没有这一列"
                raise FieldError(self.setting.title(book.name, name) if one else name, problem, field=name)
            found[name] = clean(one, self.setting.title(book.name, name), given, self.setting, told, self.today)
        return found

    def _allowed(self, book: Book[Any], move: Way, spec: StepSpec, reason: str | None) -> None:
        if move.refused is not None:
            raise StepError(f"到{spec.name}不能越过{self.setting.step_name(book.name, move.refused)}，请先登记那一步")
        if move.needs_reason(spec) and not reason:
            skipped = "、".join(self.setting.step_name(book.name, step) for step in move.skipped)
            said = SAID[move.move].format(skipped=skipped)
            raise StepError(f"{spec.name}{said and f'（{said}）'}应写明理由", needs_reason=True)

    def _day(self, book: Book[Any], on: date | str | None) -> date:
        day = self.today if on is None or on == "" else day_of(on)
        if day > self.today:
            raise FieldError(
                self.setting.title(book.name, "state_on"), f"{day} 还没有到，应不晚于今天（{self.today}）", field="state_on"
            )
        return day

    def _first_contact(self, book: Book[Any], spec: StepSpec, values: dict[str, Any]) -> None:
        """Whoever first speaks with a company is remembered as the first."""
        if spec.id in spoken(self.setting.steps(book.name)) and values.get("first_on") is None:
            values["first_on"] = values["state_on"]
            values["first_by"] = values.get("first_by") or values.get("department") or self.by or None

    def _reason(self, reason: str | None) -> str | None:
        text = text_of(reason or "")
        if len(text) > _LONGEST_REASON:
            raise StepError(f"理由不超过 {_LONGEST_REASON} 字")
        return text or None
