"""A trip as the solver sees it (行程问题): places, ways and visits in whole slots of five minutes.

The rules of a day, which the schedule, the search and the bound share:

1. A team leaves its bed at ``leave`` or later and is in bed, or at home on the last day, by ``check_in`` (``home``).
2. A visit lies within one of the windows of the office hours; an appointment begins at its time.
3. Between the last visit of the first window and the first of the second there is the way and time for lunch.
4. Where cities are in order, nobody goes back to an earlier one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SLOT = 5
"""Minutes of a slot (一格的分钟数)."""
NEVER = 10_000
"""Slots of a way that nobody goes (走不通)."""
HOME = 0
"""Node of the zone (园区)."""


@dataclass(frozen=True)
class Spot:
    """Somebody to call on (拜访对象).

    Attributes:
        node: Where it is.
        prize: Score × chance, in units of the score and thousandths.
        bucket: The segment, whose further visits count less.
        chain: Likewise.
        key: Breaks ties, all different.
        family: Of one family only one is visited.
        must: To be visited.
        day, start: Of an appointment: the day from 0 and the slot.
        length: Slots of the visit.
    """

    node: int
    prize: int
    bucket: int
    chain: int
    key: int
    family: int
    must: bool = False
    day: int | None = None
    start: int = 0
    length: int = 0


@dataclass(frozen=True)
class Shape:
    """What a day allows, in slots since midnight (一天的安排)."""

    windows: tuple[tuple[int, int], ...]
    lunch: int
    leave: int
    check_in: int
    home: int
    eve: int | None
    visit: int
    per_day: int


@dataclass(frozen=True)
class Problem:
    """All that a plan depends on (行程问题).

    Attributes:
        ways: Slots from node to node; ``NEVER`` where nobody goes.
        bases: Nodes where a team can sleep.
        city: City of each node; -1 is home.
        fills: Thousandths of the k-th visit of each bucket; the last one holds for all further.
        chain_step, chain_least: As in the list's order.
        ordered: Each city in turn, and none left out.
        stay: After the last day a night in the last city, home the day after.
    """

    spots: tuple[Spot, ...]
    ways: NDArray[np.int64]
    bases: tuple[int, ...]
    city: tuple[int, ...]
    shape: Shape
    days: int
    teams: int
    fills: tuple[tuple[int, ...], ...]
    chain_step: int
    chain_least: int
    ordered: bool = False
    stay: bool = False

    def starts(self, day: int) -> tuple[int, ...]:
        """Nodes where a team can be on the morning of a day (早上在哪里)."""
        if day:
            return self.bases
        eve = self.shape.eve
        return (HOME, *(base for base in self.bases if eve is not None and eve + self.ways[HOME, base] <= self.shape.check_in))

    def ends(self, day: int) -> tuple[int, ...]:
        """Nodes where a team can be on the evening of a day (晚上到哪里)."""
        return (HOME,) if day == self.days - 1 and not self.stay else self.bases

    def latest(self, end: int) -> int:
        """When to be there (最晚到)."""
        return self.shape.home if end == HOME else self.shape.check_in

    def visit_length(self, spot: int) -> int:
        """Slots of a visit (拜访时长)."""
        return self.spots[spot].length or self.shape.visit


@dataclass(frozen=True)
class Route:
    """A day of a team (一队的一天): where it gets up, whom it calls on in turn, where it goes to bed."""

    start: int
    stops: tuple[int, ...]
    end: int


@dataclass(frozen=True)
class Visit:
    """When a stop is (时刻): slots of arrival, beginning and end."""

    arrives: int
    begins: int
    ends: int


def begins(problem: Problem, left: int, way: int, length: int, fixed: int | None, *, on_foot: bool) -> int | None:
    """The earliest beginning of a visit (最早何时开始), or None if there is none on this day.

    Args:
        problem: For the windows and lunch.
        left: When the team leaves the place before.
        way: Slots on the way.
        length: Slots of the visit.
        fixed: The beginning of an appointment.
        on_foot: The place before is a visit, so that lunch may lie between; who comes from a bed eats on the way.
    """
    windows = problem.shape.windows
    for number, (opens, closes) in enumerate(windows):
        lunch = problem.shape.lunch if on_foot and number and left <= windows[number - 1][1] else 0
        first = max(opens, left + way + lunch)
        if fixed is not None:
            if not opens <= fixed <= closes - length:
                continue
            return fixed if first <= fixed else None
        if first <= closes - length:
            return first
    return None


def timetable(problem: Problem, route: Route, day: int) -> list[Visit] | None:
    """A day's visits at their earliest times (排出时刻), or None if they do not fit."""
    shape, left, at = problem.shape, problem.shape.leave, route.start
    found: list[Visit] = []
    if len(route.stops) > shape.per_day:
        return None
    for stop in route.stops:
        spot, way = problem.spots[stop], int(problem.ways[at, problem.spots[stop].node])
        if spot.day is not None and spot.day != day:
            return None
        length = problem.visit_length(stop)
        begin = begins(problem, left, way, length, spot.start if spot.day is not None else None, on_foot=bool(found))
        if begin is None:
            return None
        found.append(Visit(left + way, begin, begin + length))
        left, at = begin + length, spot.node
    return found if left + int(problem.ways[at, route.end]) <= problem.latest(route.end) else None


def fits(problem: Problem, route: Route, day: int) -> bool:
    """Whether a day can be done (排得下)."""
    return timetable(problem, route, day) is not None


Plan = tuple[tuple[Route, ...], ...]
"""Of each team, its days in turn (一个方案)."""


def visited(plan: Plan) -> list[int]:
    """All spots that a plan visits (拜访了谁), team by team."""
    return [stop for team in plan for route in team for stop in route.stops]


def on_day(problem: Problem, day: int) -> tuple[int, ...]:
    """Spots with an appointment on a day (当天的约定)."""
    return tuple(number for number, spot in enumerate(problem.spots) if spot.day == day)


def free_nodes(problem: Problem) -> list[int]:
    """Nodes with spots that can be visited at any time (可随时去的地点), ascending."""
    return sorted({spot.node for spot in problem.spots if spot.day is None})


def by_node(problem: Problem, spots: Sequence[int] | None = None) -> dict[int, list[int]]:
    """Node → spots without an appointment, best first (各地点的拜访对象)."""
    found: dict[int, list[int]] = {}
    for number in range(len(problem.spots)) if spots is None else spots:
        if problem.spots[number].day is None:
            found.setdefault(problem.spots[number].node, []).append(number)
    for there in found.values():
        there.sort(key=lambda number: (-problem.spots[number].prize, problem.spots[number].key))
    return found
