"""Whom to call on instead (备选): for every visit that is not agreed, somebody of the same district, else of the same city."""

from __future__ import annotations

from collections.abc import Sequence

from matcher.scoring.formula import UNIT
from matcher.trips.building import Built
from matcher.trips.candidates import Candidate
from matcher.trips.plans import Alternate
from matcher.trips.problem import Plan, Route, fits, visited


def alternates(built: Built, plan: Plan, most: int, further: Sequence[Candidate] = ()) -> dict[int, tuple[Alternate, ...]]:
    """Alternates of each visit (各拜访的备选): the district before the rest of the city, one for every visit before a second for any.

    Nobody is named for two visits, so that two refusals leave two to call; but a visit that would have none is given somebody who is
    named elsewhere as well. Where the candidates have nobody more of the district, those further down the list are looked at: whoever is
    at the same place is reached in the same time.

    Args:
        built: The problem.
        plan: Who is visited when.
        most: Of a visit.
        further: Further down the list, the best first.
    """
    problem = built.problem
    there = set(visited(plan))
    families = {problem.spots[stop].family for stop in there}
    free = [
        number
        for number in sorted(range(len(problem.spots)), key=lambda n: (-problem.spots[n].prize, problem.spots[n].key))
        if number not in there and problem.spots[number].family not in families
    ]
    called = {built.candidates[stop].family for stop in there}
    behind = [one for one in further if one.family not in called]
    visits = [
        (stop, day, route)
        for team in plan
        for day, route in enumerate(team)
        for stop in route.stops
        if built.candidates[stop].state != "agreed"
    ]
    visits.sort(key=lambda visit: (-problem.spots[visit[0]].prize, problem.spots[visit[0]].key))
    found: dict[int, list[Candidate]] = {stop: [] for stop, _, _ in visits}
    left = list(free)
    for have in range(most):
        for find in (_near, None, _in_city):
            for stop, day, route in visits:
                if len(found[stop]) != have:
                    continue
                if find is None:
                    if (one := _neighbour(behind, built.candidates[stop])) is not None:
                        behind.remove(one)
                        found[stop].append(one)
                elif (number := find(built, left, stop, day, route)) is not None:
                    left.remove(number)
                    found[stop].append(built.candidates[number])
    for stop, day, route in visits:
        if not found[stop]:
            both = (find(built, free, stop, day, route) for find in (_near, _in_city))
            found[stop] += [built.candidates[number] for number in both if number is not None][:1]
    return {stop: tuple(_told(built.candidates[stop], one) for one in others) for stop, others in found.items()}


def _near(built: Built, those: list[int], stop: int, _day: int, _route: Route) -> int | None:
    """The best of those in the visit's district."""
    node = built.problem.spots[stop].node
    known = built.candidates[stop].point.county
    return next((number for number in those if built.problem.spots[number].node == node and known), None)


def _neighbour(behind: Sequence[Candidate], visit: Candidate) -> Candidate | None:
    """The best of those further down the list in the visit's district."""
    return next((one for one in behind if visit.point.county and one.point == visit.point), None)


def _in_city(built: Built, those: list[int], stop: int, day: int, route: Route) -> int | None:
    """The best of those in the visit's city who can be seen in its place."""
    problem = built.problem
    city = problem.city[problem.spots[stop].node]
    for number in those:
        if problem.city[problem.spots[number].node] == city:
            stops = tuple(number if one == stop else one for one in route.stops)
            if fits(problem, Route(route.start, stops, route.end), day):
                return number
    return None


def _told(visit: Candidate, one: Candidate) -> Alternate:
    point = visit.point
    reason = one.result.reason if one.result else ""
    return Alternate(one.id, one.name, one.point.county, one.score / UNIT, bool(point.county) and one.point == point, reason)
