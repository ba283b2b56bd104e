"""Entering what events say (登记事件): steps by the time at which they were made, fields by the newest word, visits and funds as rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import insert, select, update

from matcher.errors import FieldError, StepError
from matcher.ledger import tables
from matcher.ledger.books import ACTIVITIES, ARRIVALS, MEETINGS, PROJECTS, TARGETS, Book
from matcher.ledger.checks import check_row
from matcher.ledger.entry import Entry
from matcher.ledger.event_tables import stamps, step_times
from matcher.ledger.events import Event, Fate
from matcher.ledger.events_folding import Folded, Told, fold, told_steps
from matcher.ledger.stepping import reachable
from matcher.ledger.values import day_of
from matcher.rules.ledger import StepSpec
from matcher.runs import CHINA_TIME

SETTABLE = frozenset(
    {
        "province", "city", "family", "group", "department", "town", "owner", "next_step", "next_on", "note", "contacts", "service_mode",
        "content", "agreed", "land", "jobs", "plan_start_on", "plan_production_on",
    }
)  # fmt: skip
"""Fields that events may set (事件可改的列): each stands for itself, so the order of arrival cannot matter."""
MARK = "event:"
"""How the source of a change begins that an event made (事件来源)."""
_LATE = 0  # version of a step that was told late: it made no version of the row
_REASON = "跟踪系统报来"
_ARRIVAL = ("arrived_on", "origin", "amount", "means", "note")


class EventEntry(Entry):
    """What one event enters, within the transaction of its batch (登记一个事件)."""

    def apply(self, event: Event, number: int, row: tuple[str, int]) -> tuple[Fate, str]:
        """Enters an event of a row (登记).

        Args:
            event: What happened.
            number: Of the event in the database.
            row: Book and number of the row that it is about.

        Returns:
            What became of it, and why in Chinese.

        Raises:
            LedgerError: What it says cannot be entered.
        """
        self.source, self.by = f"{MARK}{event.source}/{event.id}"[:400], event.source[:60]
        book, id_ = (TARGETS if row[0] == TARGETS.name else PROJECTS), row[1]
        if event.type in ("target.step", "project.step"):
            return self._told_step(book, id_, event, number)
        if event.type in ("target.set", "project.set"):
            return self._told_fields(book, id_, event)
        return self._visit(book, id_, event) if event.type == "visit" else self._arrival(id_, event)

    def _told_step(self, book: Book[Any], id_: int, event: Event, number: int) -> tuple[Fate, str]:
        given = event.data.get("step")
        if not isinstance(given, str):
            raise FieldError("data.step", "应为步骤的名称")
        spec = self.setting.step(book.name, given)
        if spec.makes_project:
            raise StepError(f"{spec.name}要登记项目，事件办不了，请在台账里转项目")
        day, reason = self._event_day(event, "on"), self._reason(_text(event.data, "reason")) or _REASON
        now = self._now(book, id_, None)
        made = self.connection.execute(
            insert(tables.steps).values(
                zone=self.setting.zone, book=book.name, row=id_, version=_LATE, before=None, step=spec.id, on=day, reason=reason,
                recorded_at=self.at, recorded_by=self.by, undone_at=self.at,
            )
        ).inserted_primary_key  # fmt: skip
        line = int(made[0]) if made else 0
        self.connection.execute(insert(step_times).values(step=line, happened_at=event.happened_at, event=number))
        steps = self.setting.steps(book.name)
        told = told_steps(self.connection, self.setting.zone, book.name, id_, steps[0].id)
        folded = fold(steps, told)
        self._restand(told, folded)
        self._move(book, now, told, folded)
        self._renew_fates(told, folded, line)
        if line in folded.refused:
            return "refused", f"到{spec.name}不能越过前面的一步；那一步报来以后自动生效"
        if folded.last is not None and folded.last.id == line:
            return "applied", ""
        if folded.last is not None and folded.last.step == spec.id and line not in folded.standing.values():
            return "superseded", "已经在这一步"
        return "superseded", "已有更新的进展" + ("，只记入走过的步骤" if line in folded.standing.values() else "")

    def _restand(self, told: list[Told], folded: Folded) -> None:
        """Marks which lines stand.

        Where an earlier telling of the same step stands now in the place of a later one, its proof goes with it. A line that was taken
        back by a step between the two keeps its proof: an old agreement proves nothing of a new signing.
        """
        keep, order = set(folded.standing.values()), {one.id: place for place, one in enumerate(told)}
        for place, one in enumerate(told):
            if one.stands != (one.id in keep):
                mark = update(tables.steps).where(tables.steps.c.id == one.id)
                self.connection.execute(mark.values(undone_at=None if one.id in keep else self.at))
            if one.stands and one.id not in keep and order.get(folded.standing.get(one.step, one.id), place) < place:
                moved = update(tables.proofs).where(tables.proofs.c.step == one.id)
                self.connection.execute(moved.values(step=folded.standing[one.step]))

    def _move(self, book: Book[Any], now: Any, told: list[Told], folded: Folded) -> None:
        """The row itself goes where it stands after all."""
        last = folded.last
        if last is None:
            return
        before = book.values(now)
        after = before | {"state": last.step, "state_on": last.on, "state_reason": last.reason}
        if last.step == now.state and last.event_number is None:
            after = dict(before)  # a person put it there: dates and reasons are the person's
        first = self._earliest_contact(book, now, told)
        after |= first
        check_row(self.connection, self.setting, book, after, [], self.today, now.id)
        written = self._change(book, now, after, "step", last.reason, [])
        if written.changes.get("state") is not None:
            line = update(tables.steps).where(tables.steps.c.id == last.id)
            self.connection.execute(line.values(version=written.version, before=now.state))
        if first:
            self._stamp(book, now.id, "first_on", told[0].at, told[0].source, told[0].event, written.version)

    def _earliest_contact(self, book: Book[Any], now: Any, told: list[Told]) -> dict[str, Any]:
        """Who first spoke with the company, if events alone say so: a person's 首谈登记 is never overwritten."""
        steps: list[StepSpec] = list(self.setting.steps(book.name))
        spoken = {one.id for one in steps if one.first_contact}
        spoken |= {later for one in spoken for later in reachable(steps, one)}
        stamp = self.connection.execute(select(stamps.c.field).where(*_is(book, now.id, "first_on"))).first()
        calls = [one for one in told if one.event_number is not None and one.step in spoken]
        if not calls or book.field("first_on") is None or (now.first_on is not None and stamp is None):
            return {}
        first = min(calls, key=lambda one: (one.on, one.at, one.source, one.event))
        found = {"first_on": first.on, "first_by": now.department or first.source[:60]}
        return {} if (now.first_on, now.first_by) == tuple(found.values()) else found

    def _renew_fates(self, told: list[Told], folded: Folded, line: int) -> None:
        """An event that had to wait for an earlier one has come into force, or the other way round."""
        events = tables.events
        for one in told:
            if one.event_number is None or one.id == line:
                continue
            stood = events.c.id == one.event_number
            if one.id in folded.refused:
                self.connection.execute(update(events).where(stood, events.c.fate != "refused").values(fate="refused"))
            else:
                self.connection.execute(update(events).where(stood, events.c.fate == "refused").values(fate="applied", said=None))

    def _told_fields(self, book: Book[Any], id_: int, event: Event) -> tuple[Fate, str]:
        fields = event.data.get("fields")
        if not isinstance(fields, dict) or not fields:
            raise FieldError("data.fields", "应为 列 → 值")
        for name in fields:
            if name not in SETTABLE or book.field(name) is None:
                raise FieldError(str(name)[:40], "事件不能改这一列")
        cleaned = self._cleaned(book, fields, [])
        now = self._now(book, id_, None)
        newer = {name: value for name, value in cleaned.items() if self._is_newest(book, now, name, event)}
        if newer:
            written = self.set(book, id_, newer, reason=_text(event.data, "reason"))
            for name in newer:
                self._stamp(book, id_, name, event.happened_at, event.source, event.id, written.version)
        late = [self.setting.title(book.name, name) for name in cleaned if name not in newer]
        if not newer:
            return "superseded", f"{'、'.join(late)}已有更新的"
        return "applied", f"{'、'.join(late)}已有更新的，没有改" if late else ""

    def _is_newest(self, book: Book[Any], now: Any, name: str, event: Event) -> bool:
        """Whether neither an event nor a person has said anything of the field since."""
        stamp = self.connection.execute(select(stamps).where(*_is(book, now.id, name))).first()
        if stamp and (stamp.happened_at, stamp.source, stamp.event) > (event.happened_at, event.source, event.id):
            return False
        history, since = tables.history, stamp.version if stamp else 0
        if stamp and since == now.version:
            return True
        wanted = (
            select(history.c.changes)
            .where(history.c.book == book.name, history.c.row == now.id, history.c.version > since)
            .where(history.c.at > event.happened_at, history.c.source.not_like(f"{MARK}%"))
        )
        return not any(name in changes for (changes,) in self.connection.execute(wanted))

    def _stamp(self, book: Book[Any], id_: int, name: str, at: Any, source: str, event: str, version: int) -> None:
        values = {"happened_at": at, "source": source, "event": event, "version": version}
        if not self.connection.execute(update(stamps).where(*_is(book, id_, name)).values(values)).rowcount:
            self.connection.execute(insert(stamps).values(book=book.name, row=id_, field=name, **values))

    def _visit(self, book: Book[Any], id_: int, event: Event) -> tuple[Fate, str]:
        row, day = self._now(book, id_, None), self._event_day(event, "on")
        taken = {name: getattr(row, name) for name in ("group", "department", "town")}
        activity = {
            "kind": _text(event.data, "kind") or "visit", "name": f"拜访{row.company}"[:120], "starts_on": day, "whom": row.company,
            "people": _text(event.data, "people"), "place": _text(event.data, "place"), **taken,
        }  # fmt: skip
        held = self.setting.steps(ACTIVITIES.name)[1].id
        made = self.add(ACTIVITIES, activity, step=held, on=day, reason=_REASON)
        met = {"activity": made.id, "company": row.company, "uscc": row.uscc, "met_on": day, "result": _text(event.data, "result")}
        met["target" if book is TARGETS else "project"] = id_
        self.add(MEETINGS, met)
        return "applied", ""

    def _arrival(self, id_: int, event: Event) -> tuple[Fate, str]:
        given = {name: event.data.get(name) for name in _ARRIVAL}
        self.add(ARRIVALS, {"project": id_, **given, "arrived_on": self._event_day(event, "arrived_on")})
        return "applied", "要附上到账凭证才算数"

    def _event_day(self, event: Event, name: str) -> date:
        given = event.data.get(name)
        day = day_of(given) if given is not None else event.happened_at.astimezone(CHINA_TIME).date()
        return self._day(ACTIVITIES, day)


def _is(book: Book[Any], id_: int, name: str) -> tuple[Any, ...]:
    return (stamps.c.book == book.name, stamps.c.row == id_, stamps.c.field == name)


def _text(data: Mapping[str, Any], name: str) -> str | None:
    given = data.get(name)
    if given is not None and not isinstance(given, str):
        raise FieldError(f"data.{name}", "应为文本")
    return given
