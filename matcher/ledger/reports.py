"""What reports are made of (通报的材料): facts of the ledgers within a time, whose they are, and whether they are proved.

Only rows that stand and steps within the time are read, by their days; of histories only what came after a proof was added. Every
figure keeps the rows that it counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, exists, or_, select

from matcher.ledger import reading, tables
from matcher.ledger.attesting import none_of, outdated, proves_nothing
from matcher.ledger.books import ACTIVITIES, ARRIVALS, GOALS, PROJECTS
from matcher.ledger.company import credit
from matcher.ledger.counting import milestones
from matcher.ledger.records import Activity, Goal, Project
from matcher.ledger.setting import Setting
from matcher.ledger.standing import moved_after, rows_then
from matcher.rules.assessment import Assessment

UNIT_KINDS = ("zone", "department", "town", "group")
"""Whose figures are told (单位类别)."""
_HUNDREDTH = Decimal("0.01")
_AT_ONCE = 500
Units = Mapping[str, Mapping[str, Fraction]]
"""Kind of unit → unit → its part of a fact."""


@dataclass(frozen=True)
class Fact:
    """One thing that happened and that a measure counts (一件算数的事).

    Attributes:
        currency: Of sums of money; empty for numbers of things.
        amount: One thing, or the sum.
        row: ``book:number`` of the ledger row that it stands in.
        step: Of ``ledger_steps``, where it is a step.
        name: What it is called.
        units: Whose it is.
        outdated: There is a proof that was added for something else: another sum, day, company (证明待更新).
    """

    measure: str
    currency: str
    amount: Decimal
    on: date
    proved: bool
    row: str
    step: int | None
    name: str
    units: Units
    outdated: bool = False


@dataclass(frozen=True)
class Figure:
    """A number as it was filed and as far as it is proved, with the rows behind each (一个数).

    Attributes:
        filed, proved: Exact, in two places; parts of shared credit add up before they are rounded.
        rows, proved_rows: ``book:number`` of the rows that are counted.
    """

    filed: Decimal = Decimal("0.00")
    proved: Decimal = Decimal("0.00")
    rows: tuple[str, ...] = ()
    proved_rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """A measure of a unit against its goal (一个单位的一项指标).

    Attributes:
        currency: Of money; empty for numbers of things.
        month: Within the month, or nothing of an annual report.
        year: Since the year began.
        goal: Of the year; None where none was set.
        goal_row: ``goals:number``.
        done: What is proved as a part of the goal.
        behind: Less than the part of the year that has gone by.
    """

    unit_kind: str
    unit: str
    measure: str
    currency: str
    month: Figure
    year: Figure
    goal: Decimal | None
    goal_row: str
    done: Fraction | None
    behind: bool


@dataclass
class _Sum:
    filed: Fraction = Fraction(0)
    proved: Fraction = Fraction(0)
    rows: list[str] = field(default_factory=list)
    proved_rows: list[str] = field(default_factory=list)


def facts(
    connection: Connection, setting: Setting, scales: Assessment, since: date, until: date, as_of: date | None = None
) -> list[Fact]:
    """All that measures count within a time (算数的事), by day, then row.

    Args:
        connection: In a transaction.
        setting: The zone's rules.
        scales: How measures are counted.
        since: The first day.
        until: The last day.
        as_of: The day of the report, by default the last: a step back that was made later takes nothing away.
    """
    day = as_of or until
    found = [
        *_of_projects(connection, setting, scales, since, until, day),
        *_arrivals(connection, setting, scales, since, until),
        *_activities(connection, setting, scales, since, until, day),
    ]
    return sorted(found, key=lambda fact: (fact.on, fact.row, fact.measure))


def summed(found: Iterable[Fact], since: date, until: date) -> dict[tuple[str, str, str, str], Figure]:
    """(kind of unit, unit, measure, currency) → the figure of a time (合计)."""
    sums: dict[tuple[str, str, str, str], _Sum] = {}
    for fact in found:
        if not since <= fact.on <= until:
            continue
        for kind, of_kind in fact.units.items():
            for unit, share in of_kind.items():
                one = sums.setdefault((kind, unit, fact.measure, fact.currency), _Sum())
                one.filed += share * Fraction(fact.amount)
                one.rows.append(fact.row)
                if fact.proved:
                    one.proved += share * Fraction(fact.amount)
                    one.proved_rows.append(fact.row)
    return {
        key: Figure(rounded(one.filed), rounded(one.proved), tuple(dict.fromkeys(one.rows)), tuple(dict.fromkeys(one.proved_rows)))
        for key, one in sums.items()
    }


def goals_of(connection: Connection, zone: str, year: int) -> list[Goal]:
    """The goals of a year (年度目标任务)."""
    return reading.rows(connection, zone, GOALS, GOALS.table.c.year == year)


def gone(as_of: date) -> Fraction:
    """The part of the year that has gone by at the end of a day (序时进度)."""
    first, last = date(as_of.year, 1, 1), date(as_of.year, 12, 31)
    return Fraction((as_of - first).days + 1, (last - first).days + 1)


def lines(
    setting: Setting,
    month: Mapping[tuple[str, str, str, str], Figure],
    year: Mapping[tuple[str, str, str, str], Figure],
    goals: Sequence[Goal],
    calendar: Fraction,
) -> list[Line]:
    """Every figure of every unit against its goal (各单位各项): by kind, unit, measure, currency."""
    order = {measure.id: number for number, measure in enumerate(setting.rules.file.measures)}
    by_key = {(goal.unit_kind, goal.unit, goal.measure, goal.amount_currency or ""): goal for goal in goals}
    keys = {key for key in {*month, *year, *by_key} if key[2] in order}
    found = []
    for key in sorted(keys, key=lambda key: (UNIT_KINDS.index(key[0]), key[1], order[key[2]], key[3])):
        goal, so_far = by_key.get(key), year.get(key, Figure())
        done = None if goal is None or not goal.amount else Fraction(so_far.proved) / Fraction(goal.amount)
        found.append(
            Line(
                *key,
                month=month.get(key, Figure()),
                year=so_far,
                goal=goal.amount if goal else None,
                goal_row=f"goals:{goal.id}" if goal else "",
                done=done,
                behind=done is not None and done < calendar,
            )
        )
    return found


def rounded(value: Fraction) -> Decimal:
    """A fraction in two places (保留两位), halves up."""
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(_HUNDREDTH, ROUND_HALF_UP)


def units_of(zone: str, row: Any) -> Units:
    """Whose a row is (归属): the zone, its departments by their shares, its town, its group."""
    found: dict[str, Mapping[str, Fraction]] = {"zone": {zone: Fraction(1)}, "department": credit(row)}
    for kind in ("town", "group"):
        unit = getattr(row, kind)
        found[kind] = {unit: Fraction(1)} if unit else {}
    return found


def projects_of(connection: Connection, zone: str, ids: Sequence[int]) -> dict[int, Project]:
    """Projects by number (按编号读项目), without those that were deleted."""
    found: dict[int, Project] = {}
    for at in range(0, len(ids), _AT_ONCE):
        part = reading.rows(connection, zone, PROJECTS, PROJECTS.table.c.id.in_(ids[at : at + _AT_ONCE]))
        found |= {project.id: project for project in part}
    return found


def _of_projects(connection: Connection, setting: Setting, scales: Assessment, since: date, until: date, as_of: date) -> list[Fact]:
    counted = {key: (counts.step or counts.agreed_at, bool(counts.agreed_at)) for key, counts in scales.measures.items()}
    steps = tables.steps
    wanted = (
        select(steps.c.row)
        .where(steps.c.zone == setting.zone, steps.c.on >= since, steps.c.on <= until, steps.c.book == PROJECTS.name)
        .where(steps.c.step.in_([step for step, _ in counted.values() if step]))
        .where(or_(steps.c.undone_at.is_(None), steps.c.row.in_(moved_after(setting, PROJECTS, as_of))))
        .distinct()
        .order_by(steps.c.row)
    )
    ids = list(connection.execute(wanted).scalars())
    projects, stood, found = projects_of(connection, setting.zone, ids), milestones(connection, setting, ids, as_of), []
    for id_, project in projects.items():
        units = units_of(setting.zone, project)
        for one in stood.get(id_, ()):
            for measure, (step, of_money) in counted.items():
                if step != one.step or not since <= one.on <= until or (of_money and project.agreed is None):
                    continue
                sum_ = project.agreed if of_money else None
                currency, amount = (sum_.currency, sum_.amount) if sum_ else ("", Decimal(1))
                proved = one.sum_proved if of_money else one.proved
                old = one.outdated or (one.proved and not proved)
                found.append(
                    Fact(measure, currency, amount, one.on, proved, f"projects:{id_}", one.id, project.name, units, old)
                )  # fmt: skip
    return found


def _arrivals(connection: Connection, setting: Setting, scales: Assessment, since: date, until: date) -> list[Fact]:
    table, proofs = ARRIVALS.table, tables.proofs
    measures = {counts.arrived: key for key, counts in scales.measures.items() if counts.arrived}
    added = exists().where(
        proofs.c.book == ARRIVALS.name, proofs.c.row == table.c.id, proofs.c.zone == table.c.zone, proofs.c.withdrawn_at.is_(None),
        proofs.c.kind.in_(setting.rules.file.arrivals),
    )  # fmt: skip
    proof = added.where(none_of(proves_nothing(outdated(connection, setting.zone, ARRIVALS.name))))
    wanted = (
        select(
            table.c.id,
            table.c.project,
            table.c.arrived_on,
            table.c.origin,
            table.c.amount,
            table.c.amount_currency,
            proof.label("proved"),
            added.label("added"),
        )
        .where(table.c.zone == setting.zone, table.c.deleted_at.is_(None), table.c.arrived_on >= since, table.c.arrived_on <= until)
        .order_by(table.c.id)
    )
    rows = connection.execute(wanted).all()
    projects = projects_of(connection, setting.zone, sorted({row.project for row in rows}))
    return [
        Fact(
            measures[row.origin], row.amount_currency, row.amount, row.arrived_on, bool(row.proved), f"arrivals:{row.id}", None,
            projects[row.project].name, units_of(setting.zone, projects[row.project]), bool(row.added and not row.proved),
        )
        for row in rows
        if row.origin in measures and row.project in projects
    ]  # fmt: skip


def _activities(connection: Connection, setting: Setting, scales: Assessment, since: date, until: date, as_of: date) -> list[Fact]:
    table = ACTIVITIES.table
    measures = [(key, counts) for key, counts in scales.measures.items() if counts.activities]
    if not measures:
        return []
    near = reading.rows(connection, setting.zone, ACTIVITIES, table.c.starts_on >= since, table.c.starts_on <= until)
    rows: list[Activity] = rows_then(connection, setting, ACTIVITIES, near, as_of)
    return [
        Fact(key, "", Decimal(1), row.starts_on, True, f"activities:{row.id}", None, row.name, units_of(setting.zone, row))
        for row in rows
        for key, counts in measures
        if row.kind in counts.activities and row.state == counts.held
    ]
