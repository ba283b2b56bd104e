"""The weekly dispatch (周调度): what moved, what is past its deadline, who has no activity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from matcher.ledger import reading, tables
from matcher.ledger.books import ACTIVITIES, ALL, MEETINGS, PROJECTS, TARGETS, Book
from matcher.ledger.counting import Proved, proofs_of_steps
from matcher.ledger.doubles import Doubt, flawed
from matcher.ledger.event_tables import step_times
from matcher.ledger.events_folding import end_of
from matcher.ledger.records import Goal
from matcher.ledger.reports import goals_of
from matcher.ledger.setting import Setting
from matcher.ledger.standing import rows_then
from matcher.ledger.stepping import reachable
from matcher.rules.assessment import Assessment
from matcher.runs import CHINA_TIME
from matcher.store.database import Store

_AT_ONCE = 500
_LONGEST = 60  # days that an activity lasts at most, as far as a week looks back for it
_KINDS = ("department", "town", "group")
NEW = "新登记"
"""What a row moved from that was entered further on (新登记)."""
LATE = "补记"
"""The same of a step that an event told when the row had gone on already (补记)."""


@dataclass(frozen=True)
class Moved:
    """A step of the week (一个进展).

    Attributes:
        row: ``book:number``.
        on: When it was made.
        late: It was made before the week and entered within it (补登).
        proved: It has a proof that attests what stands, or needs none.
        outdated: Its proof was added for something else: another day, another company (证明待更新).
        sum_outdated: It makes the agreed investment binding, and that is another than the one that was proved (协议投资待更新).
        line: Of ``ledger_steps``.
    """

    row: str
    name: str
    whose: str
    before: str
    step: str
    on: date
    late: bool
    reason: str
    proved: bool
    outdated: bool
    sum_outdated: bool
    line: int


@dataclass(frozen=True)
class Overdue:
    """What is past its deadline (一件过期的事)."""

    row: str
    name: str
    whose: str
    what: str
    due_on: date
    days: int


@dataclass(frozen=True)
class Idle:
    """A target or project that is worked on and where nothing has happened for long (久无动静)."""

    row: str
    name: str
    whose: str
    state: str
    last_on: date
    days: int


@dataclass(frozen=True)
class Effort:
    """What a unit did in the week (一个单位的一周): of every unit that the zone lists, has a goal, or works on something.

    Attributes:
        open: ``book:number`` of the targets and projects that it works on.
        moved, met, held: Rows that moved, meetings, activities.
        overdue: Rows past a deadline.
    """

    unit_kind: str
    unit: str
    open: tuple[str, ...]
    moved: tuple[str, ...]
    met: tuple[str, ...]
    held: tuple[str, ...]
    overdue: tuple[str, ...]

    @property
    def idle(self) -> bool:
        """Whether it did nothing, whether or not it works on something (本周无活动)."""
        return not (self.moved or self.met or self.held)


@dataclass(frozen=True)
class Weekly:
    """A week (周调度), Monday to Sunday, or to the day of the report.

    Attributes:
        doubts: Proof of steps of the week whose file is missing or was changed.
    """

    zone: str
    zone_name: str
    since: date
    until: date
    moved: tuple[Moved, ...]
    overdue: tuple[Overdue, ...]
    idle: tuple[Idle, ...]
    units: tuple[Effort, ...]
    idle_days: int
    doubts: tuple[Doubt, ...] = ()


def weekly(store: Store, setting: Setting, scales: Assessment, week: date, as_of: date, home: Path | None = None) -> Weekly:
    """The dispatch of a week (周调度).

    Args:
        store: The database.
        setting: The zone's rules.
        scales: After how many days a row is idle.
        week: Any day of it.
        as_of: The day of the report: nothing later is told.
        home: ``LIANZHAO_HOME``, where the files of proofs are looked at; None looks at none.

    Raises:
        StoreError: The database cannot be read.
    """
    since = week - timedelta(days=week.weekday())
    until = min(since + timedelta(days=6), as_of)
    with store.reading() as connection:
        rows = {book.name: _open(connection, setting, book, as_of) for book in (TARGETS, PROJECTS)}
        moved = _moved(connection, setting, scales, since, until)
        met = _meetings(connection, setting, since, until)
        near = reading.rows(
            connection, setting.zone, ACTIVITIES, ACTIVITIES.table.c.starts_on <= until,
            func.coalesce(ACTIVITIES.table.c.ends_on, ACTIVITIES.table.c.starts_on) >= since,
            ACTIVITIES.table.c.starts_on >= since - timedelta(days=_LONGEST),
        )  # fmt: skip
        held = rows_then(connection, setting, ACTIVITIES, near, as_of)
        overdue = _overdue(connection, setting, scales, rows, until)
        idle = _idle(connection, setting, rows, until, scales.weekly.idle_days)
        shown = {(one.row, one.line) for one, _ in moved if one.proved}
        doubted = [one for one in flawed(connection, setting, home, {row for row, _ in shown}) if (one.row, one.step) in shown]
        listed = _listed(setting, goals_of(connection, setting.zone, until.year))
    going = [one for one in held if not _ended(setting, "activities", one.state) and one.state != setting.steps("activities")[0].id]
    units = _efforts(listed, rows, moved, met, going, overdue)
    told = [one for one, _ in moved]
    return Weekly(
        setting.zone, setting.rules.zone_name, since, until, tuple(told), tuple(one for one, _ in overdue), tuple(idle), tuple(units),
        scales.weekly.idle_days, tuple(doubted),
    )  # fmt: skip


def whose(row: Any) -> str:
    """Who works on a row (谁在跟)."""
    return "、".join(filter(None, dict.fromkeys((row.department, row.town, row.group, row.owner)))) or "未写责任单位"


def called(row: Any) -> str:
    """What a row is called (一行的名称)."""
    return str(getattr(row, "name", None) or row.company)


def _ended(setting: Setting, book: str, state: str) -> bool:
    return any(step.id == state and step.ends for step in setting.steps(book))


def _open(connection: Connection, setting: Setting, book: Book[Any], as_of: date) -> dict[int, Any]:
    """Rows that were worked on: not dropped, lost, put aside or turned into projects."""
    out = [step.id for step in setting.steps(book.name) if step.ends or step.aside or step.makes_project]
    state, state_on = book.table.c.state, book.table.c.state_on
    found = reading.rows(connection, setting.zone, book, or_(state.not_in(out), state_on > as_of))
    return {row.id: row for row in rows_then(connection, setting, book, found, as_of) if row.state not in out}


def _moved(connection: Connection, setting: Setting, scales: Assessment, since: date, until: date) -> list[tuple[Moved, Any]]:
    steps = tables.steps
    start = datetime.combine(since, time(), CHINA_TIME)
    end = datetime.combine(until + timedelta(days=1), time(), CHINA_TIME)
    ours = and_(steps.c.zone == setting.zone, steps.c.book.in_((TARGETS.name, PROJECTS.name)))
    made = and_(ours, steps.c.on >= since, steps.c.on <= until)
    entered = and_(ours, steps.c.recorded_at >= start, steps.c.recorded_at < end, steps.c.on <= until)
    found: dict[int, Any] = {}
    wanted = select(steps, step_times.c.happened_at, step_times.c.event).outerjoin(step_times, step_times.c.step == steps.c.id)
    for condition in (made, entered):
        found |= {line.id: line for line in connection.execute(wanted.where(condition)) if line.before != line.step}
    rows: dict[tuple[str, int], Any] = {}
    for book in (TARGETS, PROJECTS):
        ids = sorted({line.row for line in found.values() if line.book == book.name})
        rows |= {(book.name, row.id): row for row in _by_number(connection, setting.zone, book, ids)}
    proofs = proofs_of_steps(connection, setting, sorted({line.row for line in found.values() if line.book == PROJECTS.name}))
    binding = {counts.agreed_at for counts in scales.measures.values()}
    lines = []
    for line in _in_order(connection, list(found.values())):
        row = rows.get((line.book, line.row))
        if row is None or (line.before is None and line.step == setting.steps(line.book)[0].id):  # deleted since, or merely new
            continue
        needs = line.book == PROJECTS.name and bool(setting.proofs_of(PROJECTS.name, line.step))
        lines.append(
            (
                Moved(
                    f"{line.book}:{line.row}", called(row), whose(row),
                    setting.step_name(line.book, line.before) if line.before else NEW if line.version else LATE,
                    setting.step_name(line.book, line.step), line.on, line.on < since, line.reason or "",
                    *_proof(proofs.get(line.id, Proved()) if needs else Proved(True, True),
                            of_sum=line.step in binding and row.agreed is not None), line.id,
                ),
                row,
            )
        )  # fmt: skip
    return lines


def _in_order(connection: Connection, lines: Sequence[Any]) -> list[Any]:
    """Steps by day and hour; those of one row and moment by sender and event, never by the order of arrival."""
    events, names = tables.events, dict[int, tuple[str, str]]()
    placed = {one.id: (one.on, one.happened_at or min(one.recorded_at, end_of(one.on)), one.book, one.row) for one in lines}
    often = Counter(placed.values())
    numbers = sorted(one.event for one in lines if one.event is not None and often[placed[one.id]] > 1)
    for at in range(0, len(numbers), _AT_ONCE):
        wanted = select(events.c.id, events.c.source, events.c.event).where(events.c.id.in_(numbers[at : at + _AT_ONCE]))
        names |= {line.id: (line.source, line.event) for line in connection.execute(wanted)}
    return sorted(lines, key=lambda one: (*placed[one.id], *names.get(one.event, ("", "")), one.id))


def _by_number(connection: Connection, zone: str, book: Book[Any], ids: Sequence[int]) -> list[Any]:
    parts = [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]
    return [row for part in parts for row in reading.rows(connection, zone, book, book.table.c.id.in_(part))]


def _proof(proved: Proved, *, of_sum: bool) -> tuple[bool, bool, bool]:
    """Whether a step is proved, whether its proof must be renewed, and whether that of its sum must, as the month has it."""
    return proved.proved, proved.outdated, of_sum and proved.proved and not proved.sum_proved


def _meetings(connection: Connection, setting: Setting, since: date, until: date) -> list[tuple[Any, Any]]:
    """Meetings of the week with the activity that they belong to."""
    near = ACTIVITIES.table.c.starts_on >= since - timedelta(days=_LONGEST)
    activities = {
        row.id: row for row in reading.rows(connection, setting.zone, ACTIVITIES, near, ACTIVITIES.table.c.starts_on <= until)
    }
    ids = sorted(activities)
    found = []
    for at in range(0, len(ids), _AT_ONCE):
        condition = MEETINGS.table.c.activity.in_(ids[at : at + _AT_ONCE])
        met = reading.rows(connection, setting.zone, MEETINGS, condition, MEETINGS.table.c.met_on.between(since, until))
        found += [(one, activities[one.activity]) for one in met]
    return found


def _overdue(
    connection: Connection, setting: Setting, scales: Assessment, rows: dict[str, dict[int, Any]], until: date
) -> list[tuple[Overdue, Any]]:
    found: list[tuple[Overdue, Any]] = []

    def add(row: Any, ref: str, what: str, due: date | None) -> None:
        if due is not None and due < until:
            found.append((Overdue(ref, called(row), whose(row), what, due, (until - due).days), row))

    for book, of_book in rows.items():
        for row in of_book.values():
            add(row, f"{book}:{row.id}", f"下一步：{row.next_step or '未写内容'}", row.next_on)
    steps = setting.steps(PROJECTS.name)
    started, produced = ({step, *reachable(steps, step)} for step in (scales.weekly.started, scales.weekly.production))
    for row in rows[PROJECTS.name].values():
        if row.state not in started:
            add(row, f"projects:{row.id}", "计划开工", row.plan_start_on)
        if row.state not in produced:
            add(row, f"projects:{row.id}", "计划投产", row.plan_production_on)
    for of_project, done, what in (("needs", "met_on", "要素"), ("problems", "solved_on", "问题")):
        table = ALL[of_project].table
        conditions: list[ColumnElement[bool]] = [table.c.due_on < until, or_(table.c[done].is_(None), table.c[done] > until)]
        for one in reading.rows(connection, setting.zone, ALL[of_project], *conditions):
            project = rows[PROJECTS.name].get(one.project)
            if project is not None:
                add(project, f"{of_project}:{one.id}", f"{what}：{one.what}", one.due_on)
    return sorted(found, key=lambda one: (one[0].due_on, one[0].row, one[0].what))


def _idle(connection: Connection, setting: Setting, rows: dict[str, dict[int, Any]], until: date, days: int) -> list[Idle]:
    """By the last step or meeting; rows that were entered lately are not idle yet. Meetings are found by the days of their activities."""
    table, held = tables.meetings, tables.activities
    latest: dict[tuple[str, int], date] = {}
    for column, book in ((table.c.target, TARGETS.name), (table.c.project, PROJECTS.name)):
        wanted = (
            select(column, func.max(table.c.met_on).label("day"))
            .join(held, held.c.id == table.c.activity)
            .where(
                held.c.zone == setting.zone, held.c.starts_on > until - timedelta(days=days + _LONGEST), held.c.starts_on <= until
            )
            .where(table.c.deleted_at.is_(None), table.c.met_on <= until, column.is_not(None))
            .group_by(column)
        )
        latest |= {(book, row): day for row, day in connection.execute(wanted)}
    found = []
    for book, of_book in rows.items():
        for row in of_book.values():
            entered = row.created_at.astimezone(CHINA_TIME).date()
            last = max(row.state_on, entered, latest.get((book, row.id), row.state_on))
            if (until - last).days >= days:
                state = setting.step_name(book, row.state)
                found.append(Idle(f"{book}:{row.id}", called(row), whose(row), state, last, (until - last).days))
    return sorted(found, key=lambda one: (-one.days, one.row))


def _listed(setting: Setting, goals: Sequence[Goal]) -> list[tuple[str, str]]:
    """Units that are told of even if nothing is theirs: those that the zone's rules list, as they list them, then others with a goal."""
    rules = setting.rules
    found = [("department", one.name) for one in rules.departments] + [("town", one.name) for one in rules.towns]
    found += [("group", group) for group in rules.groups]
    return list(dict.fromkeys([*found, *sorted({(goal.unit_kind, goal.unit) for goal in goals if goal.unit_kind in _KINDS})]))


def _efforts(
    listed: Sequence[tuple[str, str]],
    rows: dict[str, dict[int, Any]],
    moved: Sequence[tuple[Moved, Any]],
    met: Sequence[tuple[Any, Any]],
    held: Sequence[Any],
    overdue: Sequence[tuple[Overdue, Any]],
) -> list[Effort]:
    given: dict[tuple[str, str], dict[str, list[str]]] = {unit: {} for unit in listed}

    def add(row: Any, what: str, ref: str) -> None:
        for kind in _KINDS:
            unit = getattr(row, kind)
            units = [name for name, _ in row.shares] if kind == "department" and row.shares else [unit] if unit else []
            for name in units:
                given.setdefault((kind, name), {}).setdefault(what, []).append(ref)

    for book, of_book in rows.items():
        for row in of_book.values():
            add(row, "open", f"{book}:{row.id}")
    for one, row in moved:
        add(row, "moved", one.row)
    for meeting, activity in met:
        target, project = rows["targets"].get(meeting.target), rows["projects"].get(meeting.project)
        for row in {id(row): row for row in (activity, target, project) if row is not None}.values():
            add(row, "met", f"meetings:{meeting.id}")
    for activity in held:
        add(activity, "held", f"activities:{activity.id}")
    for late, row in overdue:
        add(row, "overdue", late.row)
    order = {unit: place for place, unit in enumerate(listed)}
    whats = ("open", "moved", "met", "held", "overdue")
    return [
        Effort(kind, unit, *(tuple(dict.fromkeys(of_unit.get(what, ()))) for what in whats))
        for (kind, unit), of_unit in sorted(
            given.items(), key=lambda one: (_KINDS.index(one[0][0]), order.get(one[0], len(order)), one[0])
        )
    ]
