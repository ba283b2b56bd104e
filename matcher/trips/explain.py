"""Why the plan is as it is (说明): who is left out and why, what a must-visit costs, what a day more or less would change."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import combinations

from matcher.scoring.formula import MILLI, UNIT
from matcher.trips.building import Built
from matcher.trips.plans import Dropped, MustPrice, OtherDays
from matcher.trips.polish import with_stop
from matcher.trips.problem import Plan, Problem, Route, fits, visited
from matcher.trips.search import Found, Limits, search
from matcher.trips.value import points, worth

_MOST_DROPPED = 20
_LEAST = 1.0  # seconds that a search needs


class Rest:
    """What time is left for the searches that explain a plan (说明用的时间), shared among those still to come.

    Args:
        limits: Of each search.
        searches: How many there may be.
        until: By ``time.monotonic``, when all must be over; None if each has the time of ``limits``.
    """

    def __init__(self, limits: Limits, searches: int, until: float | None) -> None:
        self._limits, self._left, self._until = limits, searches, until

    def next(self) -> Limits | None:
        """The limits of the next search (下一次求解的限度); None if there is no time for it."""
        if self._until is None:
            return self._limits
        share = (self._until - time.monotonic()) / max(1, self._left)
        self._left -= 1
        return replace(self._limits, seconds=share) if share >= _LEAST else None


def searches_of(problem: Problem) -> int:
    """How many searches explain a plan (说明要几次求解): for each must, and for a day less and a day more."""
    return 2 + sum(spot.must for spot in problem.spots)


def dropped(built: Built, plan: Plan) -> tuple[Dropped, ...]:
    """Those with the best prizes who are not visited (没有排上的), and why."""
    problem = built.problem
    there = set(visited(plan))
    order = sorted(range(len(problem.spots)), key=lambda n: (-problem.spots[n].prize, problem.spots[n].key))
    left = [number for number in order if number not in there][:_MOST_DROPPED]
    found = []
    for number in left:
        one = built.candidates[number]
        prize = one.score * one.chance / (UNIT * MILLI)
        found.append(
            Dropped(one.id, one.name, one.point.city, one.point.county, one.score / UNIT, prize, _why(built, plan, number))
        )
    return tuple(found)


def _why(built: Built, plan: Plan, number: int) -> str:
    """One reason in Chinese, the plainest that holds."""
    problem, there = built.problem, visited(plan)
    spot, one = problem.spots[number], built.candidates[number]
    same = next((stop for stop in there if problem.spots[stop].family == spot.family), None)
    if same is not None:
        return f"同集团的 {built.candidates[same].name} 已排，一家集团只去一次"
    cities = {problem.city[problem.spots[stop].node] for stop in there}
    if problem.city[spot.node] not in cities:
        return f"没有去{one.point.city}：从园区单程约 {int(problem.ways[0, spot.node]) * 5} 分钟，去了别处就少"
    best = _best_exchange(problem, plan, number)
    if best is None:
        return "放弃一两家也排不进当天的时间"
    loss, gone = best
    names = "、".join(built.candidates[stop].name for stop in gone)
    there_too = one.point.county and all(built.candidates[stop].point == one.point for stop in gone)
    return f"要去就得放弃{f'同在{one.point.county}的 ' if there_too else ' '}{names}，全程少 {max(0.0, points(loss)):.2f} 分"


def _best_exchange(problem: Problem, plan: Plan, number: int) -> tuple[int, tuple[int, ...]] | None:
    """Whom it costs least to give up for somebody, one or else two of one day, and how much."""
    there, before = visited(plan), worth(problem, visited(plan))
    for many in (1, 2):
        options = []
        for team in plan:
            for day, route in enumerate(team):
                free = [stop for stop in route.stops if not problem.spots[stop].must and problem.spots[stop].day is None]
                for gone in combinations(free, many):
                    left = [one for one in there if one not in gone]
                    options.append((before - worth(problem, [*left, number]), gone, day, route))
        for loss, gone, day, route in sorted(options, key=lambda option: option[:2]):
            left_over = tuple(one for one in route.stops if one not in gone)
            if any(fits(problem, Route(route.start, stops, route.end), day) for stops in with_stop(left_over, number)):
                return loss, gone
    return None


def must_prices(built: Built, best: Found, rest: Rest) -> tuple[MustPrice, ...]:
    """What each must-visit costs (必访的代价): the trip is planned again without the demand, and the two plans compared.

    An appointment with a time is a must as well; without the demand it may be kept or not.
    """
    found = []
    for number, spot in enumerate(built.problem.spots):
        if not spot.must:
            continue
        one, limits = built.candidates[number], rest.next()
        if limits is None:
            found.append(MustPrice(one.id, one.name, 0.0, visited_anyway=False, cut=True))
            continue
        spots = list(built.problem.spots)
        spots[number] = replace(spot, must=False, day=None, start=0, length=0)
        other = search(replace(built.problem, spots=tuple(spots)), limits)
        price = 0.0 if other.missed else max(0.0, points(other.worth - best.worth))
        found.append(MustPrice(one.id, one.name, price, number in visited(other.plan), other.cut))
    return tuple(found)


def other_days(built: Built, best: Found, rest: Rest) -> tuple[OtherDays, ...]:
    """What a day less and a day more change (少一天、多一天)."""
    found = []
    for days in (built.problem.days - 1, built.problem.days + 1):
        if days < 1 or any(spot.day is not None and spot.day >= days for spot in built.problem.spots):
            continue
        limits = rest.next()
        other = search(replace(built.problem, days=days), limits) if limits else None
        if other is None or not other.plan or other.missed:
            found.append(OtherDays(days, 0.0, -points(best.worth), 0, (), cut=other is None or other.cut))
            continue
        there = visited(other.plan)
        cities = sorted({built.problem.city[built.problem.spots[stop].node] for stop in there})
        change = points(other.worth - best.worth)
        named = tuple(built.cities[city] for city in cities)
        found.append(OtherDays(days, points(other.worth), change, len(there), named, other.cut))
    return tuple(found)
