"""Whom to call on instead (备选): for every visit that is not agreed, somebody of the same district, else of the same city."""

from __future__ import annotations

from matcher.scoring.formula import UNIT
from matcher.trips.building import Built
from matcher.trips.plans import Alternate
from matcher.trips.problem import Plan, Route, fits, visited


def alternates(built: Built, plan: Plan, most: int) -> dict[int, tuple[Alternate, ...]]:
    """Alternates of each visit (各拜访的备选); nobody is named for two visits, so that two refusals leave two to call.

    Args:
        built: The problem.
        plan: Who is visited when.
        most: Of a visit.
    """
    problem = built.problem
    there = set(visited(plan))
    families = {problem.spots[stop].family for stop in there}
    left = [
        number
        for number in sorted(range(len(problem.spots)), key=lambda n: (-problem.spots[n].prize, problem.spots[n].key))
        if number not in there and problem.spots[number].family not in families
    ]
    visits = [
        (stop, day, route)
        for team in plan
        for day, route in enumerate(team)
        for stop in route.stops
        if built.candidates[stop].state != "agreed"
    ]
    visits.sort(key=lambda visit: (-problem.spots[visit[0]].prize, problem.spots[visit[0]].key))
    found: dict[int, list[Alternate]] = {stop: [] for stop, _, _ in visits}
    for _ in range(most):
        for stop, day, route in visits:
            number = _best(built, left, stop, day, route)
            if number is not None:
                left.remove(number)
                found[stop].append(_told(built, stop, number))
    return {stop: tuple(others) for stop, others in found.items()}


def _best(built: Built, left: list[int], stop: int, day: int, route: Route) -> int | None:
    """The best that is left in the district, else in the city, who can be seen in the visit's place."""
    spots, node = built.problem.spots, built.problem.spots[stop].node
    county = built.candidates[stop].point.county
    near = next((number for number in left if spots[number].node == node and county), None)
    if near is not None:
        return near
    city = built.problem.city[node]
    for number in left:
        if built.problem.city[spots[number].node] == city:
            stops = tuple(number if one == stop else one for one in route.stops)
            if fits(built.problem, Route(route.start, stops, route.end), day):
                return number
    return None


def _told(built: Built, stop: int, number: int) -> Alternate:
    one, point = built.candidates[number], built.candidates[stop].point
    reason = one.result.reason if one.result else ""
    return Alternate(one.id, one.name, one.point.county, one.score / UNIT, bool(point.county) and one.point == point, reason)
