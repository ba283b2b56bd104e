"""Entering what events say (登记事件): steps by the time at which they were made, fields by the newest word, visits and funds as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from matcher.errors import FieldError, StepError
from matcher.ledger import tables
from matcher.ledger.books import ACTIVITIES, ARRIVALS, MEETINGS, PROJECTS, TARGETS, WHOSE, Book
from matcher.ledger.checks import OF_LONG_AGO, long_ago
from matcher.ledger.entry import Entry
from matcher.ledger.event_tables import step_times
from matcher.ledger.events import Event, Fate
from matcher.ledger.events_batch import CONTACT, MARK, OWNER, VISIT, Batch
from matcher.ledger.events_courses import first_contact
from matcher.ledger.events_folding import BEGINNING, Folded, Told
from matcher.ledger.events_owners import WHY, Owners, Visit, Whose, moment_of
from matcher.ledger.events_writes import Row
from matcher.ledger.records import Kept
from matcher.ledger.setting import Setting
from matcher.ledger.stepping import spoken
from matcher.ledger.values import day_of
from matcher.runs import CHINA_TIME

SETTABLE = frozenset(
    {
        "province", "city", "family", "group", "department", "town", "owner", "next_step", "next_on", "note", "contacts", "service_mode",
        "content", "agreed", "land", "jobs", "plan_start_on", "plan_production_on",
    }
)  # fmt: skip
"""Fields that events may set (事件可改的列): each stands for itself, so the order of arrival cannot matter."""
_LATE = 0  # version of a step that was told late: it made no version of the row
_HELD = "跟踪系统报来"  # a visit is told once it was paid: its activity begins at that step
_ARRIVAL = ("arrived_on", "origin", "amount", "means", "note")


class EventEntry(Entry):
    """What one event enters, within the transaction of its batch (登记一个事件): it is read from the batch, and written with it.

    Args:
        batch: What the batch has read and is to write.
        setting: The zone's rules.
        by: Who sends it, or said whom it means: never what it says of itself.
        today: The day after which nothing can have been done.
        at: The moment that is kept.
    """

    def __init__(self, batch: Batch, setting: Setting, *, by: str, today: date, at: datetime) -> None:
        super().__init__(batch.connection, setting, by=by, today=today, at=at)
        self.batch, self.writes, self.there = batch, batch.writes, batch.there

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
        self.source = f"{MARK}{event.source}/{event.id}"[:400]  # what it says of itself; who sent it is known
        book, id_ = (TARGETS if row[0] == TARGETS.name else PROJECTS), row[1]
        if event.type in ("target.step", "project.step"):
            return self._told_step(book, id_, event, number)
        if event.type in ("target.set", "project.set"):
            return self._told_fields(book, id_, event)
        return self._visit(book, id_, event) if event.type == "visit" else self._arrival(id_, event)

    def settle_owners(self) -> None:
        """Whose visits and first contacts are, once all of the batch was entered (归属随日); see ``events_owners``."""
        rows = {row: what for row, what in self.batch.whose.items() if self.batch.knows(row)}
        if not rows:
            return
        self.source = f"{MARK}{WHY}"
        for row, (whose, visits) in Owners(self.batch, self._cleaned).of(rows).items():
            for visit in visits:
                self._settle_visit(row, whose, visit)
            if rows[row] >= CONTACT:
                self._settle_contact(row, whose)

    def _settle_visit(self, row: Row, whose: Whose, visit: Visit) -> None:
        record = self.batch.record(TARGETS if row[0] == TARGETS.name else PROJECTS, row[1])
        then = {name: whose.at(name, visit.at, getattr(record, name)) for name in WHOSE if name not in visit.fixed}
        changes = {name: (visit.now[name], value) for name, value in then.items() if visit.now[name] != value}
        if not changes:
            return
        number, columns = visit.activity, {name: value for name, (_, value) in changes.items()}
        if visit.made:
            self.writes.merge(self.writes.made[ACTIVITIES.table], number, columns)
            line = self.writes.history[ACTIVITIES.name, number, 1]
            said = {**line["changes"], **{name: [None, value] for name, value in columns.items()}}
            kept = {name: both for name, both in said.items() if both[1] is not None}
            self.writes.put(self.writes.history, (ACTIVITIES.name, number, 1), {**line, "changes": kept})
            return
        version = visit.now["version"] + 1
        marks = {"version": version, "changed_at": self.at, "changed_by": self.by}
        self.writes.put(self.writes.versions, (ACTIVITIES.name, number), visit.now["version"])
        self.writes.put(self.writes.rows, (ACTIVITIES.name, number), {**visit.now, **columns, **marks})
        self._remember(ACTIVITIES, number, version, "set", changes, WHY)

    def _settle_contact(self, row: Row, whose: Whose) -> None:
        if row[0] != TARGETS.name:
            return
        now, course = self.batch.record(TARGETS, row[1]), self.batch.course(TARGETS, row[1])
        folded = course.folded(self.batch.moves(TARGETS))
        found = self._earliest_contact(TARGETS, now, course.lines, folded, whose)
        if found:
            self._change(TARGETS, now, TARGETS.values(now) | found, "set", WHY, [])

    def _told_step(self, book: Book[Any], id_: int, event: Event, number: int) -> tuple[Fate, str]:
        given = event.data.get("step")
        if not isinstance(given, str):
            raise FieldError("data.step", "应为步骤的名称")
        spec = self.setting.step(book.name, given)
        if spec.makes_project:
            raise StepError(f"{spec.name}要登记项目，事件办不了，请在台账里转项目")
        day, reason = self._event_day(event, "on"), self._reason(_text(event.data, "reason"))
        now = self._now(book, id_, None)
        line = self._line(book, id_, _LATE, None, spec.id, day, reason, self.at)
        self.writes.put(self.writes.made[step_times], line, {"step": line, "happened_at": event.happened_at, "event": number})
        one = Told(line, spec.id, day, reason, event.happened_at, event.source, event.id, self.by, number, stands=False)
        course = self.batch.tell(book, id_, one)
        told, folded = course.lines, course.folded(self.batch.moves(book))
        self._move(book, now, told, folded)
        marks = self._marks(told, folded, line)
        self.batch.mark(book, id_, marks)
        _, first = first_contact(told, spoken(self.setting.steps(book.name)), folded.refused)
        if book is TARGETS and first is not None and (first.id == line or any("waits" in one for one in marks.values())):
            self.batch.settles((book.name, id_), CONTACT)
        if line in folded.refused:
            return "refused", folded.refused[line]
        if folded.last is not None and folded.last.id == line:
            return "applied", ""
        if folded.last is not None and folded.last.step == spec.id and line not in folded.standing.values():
            return "superseded", "已经在这一步"
        return "superseded", "已有更新的进展" + ("，只记入走过的步骤" if line in folded.standing.values() else "")

    def _marks(self, told: Sequence[Told], folded: Folded, line: int) -> dict[int, dict[str, Any]]:
        """Marks the steps as the fold has them, whatever the order in which they came; returns what is another than it was."""
        stands, waits = self._restand(told, folded), self._renew_fates(told, folded, line)
        came = {one.id: folded.came[one.id] for one in told if one.id in folded.came and folded.came[one.id] != one.came}
        for id_, before in came.items():
            self.writes.merge(self.writes.placed, id_, {"before": before})
        marks: dict[int, dict[str, Any]] = {}
        changes: tuple[tuple[str, dict[int, Any]], ...] = (("stands", stands), ("waits", waits), ("came", came))
        for name, changed in changes:
            for id_, value in changed.items():
                marks.setdefault(id_, {})[name] = value
        return marks

    def _restand(self, told: Sequence[Told], folded: Folded) -> dict[int, bool]:
        """Marks which lines stand, and returns those that did not, or did.

        Where an earlier telling of the same step stands now in the place of a later one, its proof goes with it. A line that was taken
        back by a step between the two keeps its proof: an old agreement proves nothing of a new signing.
        """
        keep, order = set(folded.standing.values()), {one.id: place for place, one in enumerate(told)}
        changed: dict[int, bool] = {}
        for place, one in enumerate(told):
            if one.stands != (one.id in keep):
                changed[one.id] = one.id in keep
                self.writes.put(self.writes.standing, one.id, None if one.id in keep else self.at)
            if one.stands and one.id not in keep and order.get(folded.standing.get(one.step, one.id), place) < place:
                self.writes.put(self.writes.proofs, len(self.writes.proofs), (one.id, folded.standing[one.step]))
        return changed

    def _move(self, book: Book[Any], now: Any, told: Sequence[Told], folded: Folded) -> None:
        """The row itself goes where it stands after all."""
        last = folded.last
        if last is None:
            return
        before = book.values(now)
        after = before | {"state": last.step, "state_on": last.on, "state_reason": last.reason}
        if last.step == now.state and last.event_number is None:
            after = dict(before)  # a person put it there: dates and reasons are the person's
        first = self._earliest_contact(book, now, told, folded, Whose())
        after |= first
        self._check(book, after, [], now.id)
        written = self._change(book, now, after, "step", last.reason, [])
        if written.changes.get("state") is not None:
            self.writes.merge(self.writes.placed, last.id, {"version": written.version})
        if first:
            self.batch.settles((book.name, now.id), CONTACT)
            self._stamp(book, now.id, "first_on", BEGINNING, "", "", written.version)  # no event sets it by itself

    def _earliest_contact(self, book: Book[Any], now: Any, told: Sequence[Told], folded: Folded, whose: Whose) -> dict[str, Any]:
        """Who first spoke with the company, if events alone say so: a person's 首谈登记 is never overwritten."""
        stamp = self.batch.stamp(book, now.id, "first_on")
        spoke, first = first_contact(told, spoken(self.setting.steps(book.name)), folded.refused)
        if book.field("first_on") is None or (now.first_on is not None and stamp is None) or (spoke and not first):
            return {}
        found: dict[str, Any] = {"first_on": None, "first_by": None}  # what was told of a contact waits by now
        if first is not None:
            office = whose.at("department", moment_of(first.at, first.on), now.department)
            found = {"first_on": first.on, "first_by": office or first.by or None}
        elif stamp is None:
            return {}
        return {} if (now.first_on, now.first_by) == tuple(found.values()) else found

    def _renew_fates(self, told: Sequence[Told], folded: Folded, line: int) -> dict[int, bool]:
        """An event that had to wait has come into force, or the other way round; returns which wait now, or did."""
        changed: dict[int, bool] = {}
        for one in told:
            waits = one.id in folded.refused
            if one.event_number is None or one.waits == waits:
                continue
            changed[one.id] = waits
            if one.id != line:
                fate = {"fate": "refused", "said": folded.refused[one.id]} if waits else {"fate": "applied", "said": None}
                self.writes.merge(self.writes.events, one.event_number, fate)
        return changed

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
        if not cleaned.keys().isdisjoint(WHOSE):
            self.batch.settles((book.name, id_), OWNER)
        late = [self.setting.title(book.name, name) for name in cleaned if name not in newer]
        if not newer:
            return "superseded", f"{'、'.join(late)}已有更新的"
        return "applied", f"{'、'.join(late)}已有更新的，没有改" if late else ""

    def _is_newest(self, book: Book[Any], now: Any, name: str, event: Event) -> bool:
        """Whether neither an event nor a person has said anything of the field since."""
        stamp = self.batch.stamp(book, now.id, name)
        if stamp and (stamp["happened_at"], stamp["source"], stamp["event"]) > (event.happened_at, event.source, event.id):
            return False
        since = stamp["version"] if stamp else 0
        if stamp and since == now.version:
            return True
        return not self.batch.by_people(book, now.id, name, since, event.happened_at)

    def _stamp(self, book: Book[Any], id_: int, name: str, at: Any, source: str, event: str, version: int) -> None:
        values = {"happened_at": at, "source": source, "event": event, "version": version}
        self.writes.put(self.writes.stamps, (book.name, id_, name), values)

    def _visit(self, book: Book[Any], id_: int, event: Event) -> tuple[Fate, str]:
        row, day = self._now(book, id_, None), self._event_day(event, "on")
        taken = {name: getattr(row, name) for name in WHOSE}  # as it is now; once the batch is read, as it was then
        self.batch.settles((book.name, id_), VISIT)
        activity = {
            "kind": _text(event.data, "kind") or "visit", "name": f"拜访{row.company}"[:120], "starts_on": day, "whom": row.company,
            "people": _text(event.data, "people"), "place": _text(event.data, "place"), **taken,
        }  # fmt: skip
        held = self.setting.steps(ACTIVITIES.name)[1].id
        made = self.add(ACTIVITIES, activity, step=held, on=day, reason=_HELD)
        met = {"activity": made.id, "company": row.company, "uscc": row.uscc, "met_on": day, "result": _text(event.data, "result")}
        met["target" if book is TARGETS else "project"] = id_
        self.add(MEETINGS, met, reason=_text(event.data, "reason"))
        return "applied", ""

    def _arrival(self, id_: int, event: Event) -> tuple[Fate, str]:
        given = {name: event.data.get(name) for name in _ARRIVAL}
        self.add(ARRIVALS, {"project": id_, **given, "arrived_on": self._event_day(event, "arrived_on")})
        return "applied", "要附上到账凭证才算数"

    def _event_day(self, event: Event, name: str) -> date:
        given = event.data.get(name)
        day = day_of(given) if given is not None else event.happened_at.astimezone(CHINA_TIME).date()
        return self._day(ACTIVITIES, day)

    def _now(self, book: Book[Any], id_: int, version: int | None, *, deleted: bool = False) -> Any:
        del version, deleted
        return self.batch.record(book, id_)

    def _check_change(
        self, book: Book[Any], before: Mapping[str, Any], after: Mapping[str, Any], told: list[str], reason: str | None
    ) -> None:
        """A visit is its row's company's, and no event sets what is kept or shared; only its day may be a slip."""
        del before, told
        if book is MEETINGS and long_ago(after["met_on"], self.today) and not reason:
            problem = f"{after['met_on']} {OF_LONG_AGO}，应写明理由（data.reason），如 补录；可用原来的编号再报"
            raise FieldError(self.setting.title(book.name, "met_on"), problem, field="met_on")

    def _told(self, book: Book[Any], id_: int, values: Mapping[str, Any], changed: Mapping[str, Any]) -> list[str]:
        del book, id_, values, changed
        return []  # nobody reads what a person who enters something is told

    def _insert(self, book: Book[Any], columns: Mapping[str, Any]) -> int:
        id_ = self.writes.number(book.table)
        self.writes.put(self.writes.made[book.table], id_, {"id": id_, **columns})
        self.writes.put(self.batch.there, (book.name, id_), True)
        return id_

    def _update(self, book: Book[Any], now: Kept, columns: Mapping[str, Any]) -> None:
        kept = {"version": now.version + 1, "changed_at": self.at, "changed_by": self.by}
        self.batch.change(book, now, {**columns, **kept})

    def _remember(
        self, book: Book[Any], id_: int, version: int, verb: str, changes: Mapping[str, tuple[Any, Any]], reason: str | None
    ) -> None:
        line = self._history_line(book, id_, version, verb, changes, reason)
        self.writes.put(self.writes.history, (book.name, id_, version), line)

    def _milestone(
        self, book: Book[Any], id_: int, version: int, before: str | None, step: str, on: date, reason: str | None,
        *, stands: bool = True,
    ) -> None:  # fmt: skip
        self._line(book, id_, version, before, step, on, reason, None if stands else self.at)

    def _line(
        self, book: Book[Any], id_: int, version: int, before: str | None, step: str, on: date, reason: str | None,
        undone_at: datetime | None,
    ) -> int:  # fmt: skip
        line = self.writes.number(tables.steps)
        values = self._step_line(book, id_, version, before, step, on, reason, undone_at)
        self.writes.put(self.writes.made[tables.steps], line, {"id": line, **values})
        return line


def _text(data: Mapping[str, Any], name: str) -> str | None:
    given = data.get(name)
    if given is not None and not isinstance(given, str):
        raise FieldError(f"data.{name}", "应为文本")
    return given
