"""The monthly report (月通报) and the annual assessment (年考核): against the goals and the calendar, who is in front, who is behind."""

from __future__ import annotations

import calendar as calendars
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from matcher.ledger.doubles import Doubt, doubts
from matcher.ledger.reports import Fact, Figure, Line, facts, goals_of, gone, lines, rounded, summed
from matcher.ledger.setting import Setting
from matcher.rules.assessment import Assessment
from matcher.store.database import Store


@dataclass(frozen=True)
class Place:
    """A unit's place among those of its kind (名次).

    Attributes:
        done: The mean of its parts of its goals, none counted for more than ``most``.
        behind: Measures that are behind the calendar.
        rows: ``book:number`` of the rows that count, and of the goals.
    """

    unit_kind: str
    unit: str
    place: int
    done: Fraction
    behind: tuple[str, ...]
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Monthly:
    """A month (月通报).

    Attributes:
        since, until: The days that are counted; ``until`` is the month's last or the day of the report.
        calendar: The part of the year that has gone by.
        lines: Figures of the zone and of every unit.
        happened: What counted in the month.
        places: Units that have goals, each among its kind.
        front, rear: The first and the last of each kind; at the rear only those who are behind the calendar.
        doubts: Proof of what counted in the month whose file proves something else as well, is missing or was changed.
    """

    zone: str
    zone_name: str
    since: date
    until: date
    calendar: Fraction
    lines: tuple[Line, ...]
    happened: tuple[Fact, ...]
    places: tuple[Place, ...]
    front: tuple[Place, ...]
    rear: tuple[Place, ...]
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True)
class Mark:
    """One item of a unit's assessment (考核得分的一项).

    Attributes:
        done: Its part of the goal, not cut; None where no goal was set: then the item does not count.
        points: ``weight × min(done, most)``, to a hundredth.
    """

    measure: str
    currency: str
    weight: int
    figure: Figure
    goal: Decimal | None
    goal_row: str
    done: Fraction | None
    points: Decimal


@dataclass(frozen=True)
class Assessed:
    """A unit's assessment (一个单位的考核).

    Attributes:
        weight: Of the items that count.
        score: Points by 100 of these; None if no item counts.
        rows: ``book:number`` of the rows that count, and of the goals: score and place come of them.
    """

    unit_kind: str
    unit: str
    place: int | None
    weight: int
    score: Decimal | None
    marks: tuple[Mark, ...]
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Annual:
    """A year (年考核).

    Attributes:
        doubts: Proof of what counted whose file proves something else as well, is missing or was changed.
    """

    zone: str
    zone_name: str
    year: int
    until: date
    calendar: Fraction
    most: Decimal
    units: tuple[Assessed, ...]
    happened: tuple[Fact, ...]
    doubts: tuple[Doubt, ...]


def monthly(store: Store, setting: Setting, scales: Assessment, month: date, as_of: date, home: Path | None = None) -> Monthly:
    """The report of a month (月通报).

    Args:
        store: The database.
        setting: The zone's rules.
        scales: How measures count, and how many are named.
        month: Any day of it.
        as_of: The day of the report: nothing later is counted.
        home: ``LIANZHAO_HOME``, where the files of proofs are looked at; None looks at none.

    Raises:
        StoreError: The database cannot be read.
    """
    first = month.replace(day=1)
    until = min(month.replace(day=calendars.monthrange(month.year, month.month)[1]), as_of)
    january = date(month.year, 1, 1)
    with store.reading() as connection:
        found = facts(connection, setting, scales, january, until, as_of)
        goals = goals_of(connection, setting.zone, month.year)
        counted = {fact.row for fact in found if fact.proved and first <= fact.on}
        doubted = doubts(connection, setting, rows=counted, home=home)
    so_far = gone(until)
    told = lines(setting, summed(found, first, until), summed(found, january, until), goals, so_far)
    places = _places(told, Fraction(str(scales.annual.most)))
    front, rear = _named(places, scales.monthly.front, scales.monthly.rear)
    return Monthly(
        setting.zone, setting.rules.zone_name, first, until, so_far, tuple(told),
        tuple(fact for fact in found if first <= fact.on <= until), tuple(places), tuple(front), tuple(rear), tuple(doubted),
    )  # fmt: skip


def annual(store: Store, setting: Setting, scales: Assessment, year: int, as_of: date, home: Path | None = None) -> Annual:
    """The assessment of a year (年考核).

    Args:
        store: The database.
        setting: The zone's rules.
        scales: Weights.
        year: Which.
        as_of: Nothing later is counted.
        home: As ``monthly``.

    Raises:
        StoreError: The database cannot be read.
    """
    until = min(date(year, 12, 31), as_of)
    with store.reading() as connection:
        found = facts(connection, setting, scales, date(year, 1, 1), until, as_of)
        goals = goals_of(connection, setting.zone, year)
        doubted = doubts(connection, setting, rows={fact.row for fact in found if fact.proved}, home=home)
    told = lines(setting, {}, summed(found, date(year, 1, 1), until), goals, gone(until))
    units: list[Assessed] = []
    for kind in scales.annual.unit_kinds:
        named = dict.fromkeys(line.unit for line in told if line.unit_kind == kind)
        assessed = [
            _assessed(scales, kind, unit, [one for one in told if (one.unit_kind, one.unit) == (kind, unit)]) for unit in named
        ]
        units += _placed(assessed)
    return Annual(
        setting.zone, setting.rules.zone_name, year, until, gone(until), Decimal(str(scales.annual.most)), tuple(units), tuple(found),
        tuple(doubted),
    )  # fmt: skip


def _places(told: Sequence[Line], most: Fraction) -> list[Place]:
    found: dict[tuple[str, str], list[Line]] = {}
    for line in told:
        if line.unit_kind != "zone" and line.done is not None:
            found.setdefault((line.unit_kind, line.unit), []).append(line)
    means = {
        key: sum((min(line.done or Fraction(0), most) for line in of_unit), Fraction(0)) / len(of_unit)
        for key, of_unit in found.items()
    }
    places = []
    for kind, unit in sorted(found, key=lambda key: (key[0], -means[key], key[1])):
        better = sum(1 for key in found if key[0] == kind and means[key] > means[kind, unit])
        behind = tuple(line.measure for line in found[kind, unit] if line.behind)
        rows = tuple(dict.fromkeys(row for line in found[kind, unit] for row in (*line.year.proved_rows, line.goal_row)))
        places.append(Place(kind, unit, better + 1, means[kind, unit], behind, rows))
    return places


def _named(places: Sequence[Place], most_front: int, most_rear: int) -> tuple[list[Place], list[Place]]:
    """The first and the last of each kind, never more than half of it on either side; equals are named together."""
    front: list[Place] = []
    rear: list[Place] = []
    for kind in sorted({one.unit_kind for one in places}):
        of_kind = [one for one in places if one.unit_kind == kind]
        half = len(of_kind) // 2
        first = [one for one in of_kind if one.done and one.place <= min(most_front, half)]
        lower = {one.unit: sum(other.done < one.done for other in of_kind) for one in of_kind}
        last = [one for one in of_kind if one.behind and lower[one.unit] < min(most_rear, half) and one not in first]
        front += first
        rear += last[::-1]
    return front, rear


def _assessed(scales: Assessment, kind: str, unit: str, told: Sequence[Line]) -> Assessed:
    most, marks = Fraction(str(scales.annual.most)), []
    for item in scales.annual.items:
        of_item = [line for line in told if line.measure == item.measure]
        for line in of_item or [Line(kind, unit, item.measure, "", Figure(), Figure(), None, "", None, behind=False)]:
            points = Fraction(0) if line.done is None else item.weight * min(line.done, most)
            marks.append(
                Mark(line.measure, line.currency, item.weight, line.year, line.goal, line.goal_row, line.done, rounded(points))
            )  # fmt: skip
    weight = sum(mark.weight for mark in marks if mark.done is not None)
    exact = sum((mark.weight * min(mark.done, most) for mark in marks if mark.done is not None), Fraction(0))
    counted = [mark for mark in marks if mark.done is not None]
    rows = tuple(dict.fromkeys(row for mark in counted for row in (*mark.figure.proved_rows, mark.goal_row)))
    return Assessed(kind, unit, None, weight, rounded(exact * 100 / weight) if weight else None, tuple(marks), rows)


def _placed(units: Sequence[Assessed]) -> list[Assessed]:
    """Those with a score first, the best in front; equals share a place."""
    ordered = sorted(units, key=lambda one: (one.score is None, -(one.score or Decimal(0)), one.unit))
    found = []
    for one in ordered:
        better = sum(1 for other in units if other.score is not None and one.score is not None and other.score > one.score)
        place = None if one.score is None else better + 1
        found.append(replace(one, place=place))
    return found
