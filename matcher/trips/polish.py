"""The last touches to a plan (收尾): visits put in, exchanged and put where the way is shorter, by exact worth and exact times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from matcher.trips.problem import Plan, Problem, Route, fits, timetable, visited
from matcher.trips.value import parts, worth

_MOST_TURNS = 30


def polish(problem: Problem, plan: Plan) -> Plan:
    """Betters a plan until no single step gains (逐步改进).

    Args:
        problem: The trip.
        plan: Any plan that can be done; appointments stay.
    """
    for _ in range(_MOST_TURNS):
        better = _inserted(problem, plan) or _exchanged(problem, plan) or _slept_elsewhere(problem, plan)
        if better is None:
            break
        plan = better
    return tuple(tuple(_straightened(problem, route, day) for day, route in enumerate(team)) for team in plan)


def _free(problem: Problem, plan: Plan) -> list[int]:
    """Who is not visited and could be, best first."""
    there = set(visited(plan))
    families = {problem.spots[stop].family for stop in there}
    left = [n for n, spot in enumerate(problem.spots) if n not in there and spot.family not in families and spot.day is None]
    return sorted(left, key=lambda n: (-problem.spots[n].prize, problem.spots[n].key))


def _inserted(problem: Problem, plan: Plan) -> Plan | None:
    there, before = visited(plan), worth(problem, visited(plan))
    gains = {number: worth(problem, [*there, number]) - before for number in _free(problem, plan)}
    for number in sorted(gains, key=lambda n: (-gains[n], problem.spots[n].key)):
        if gains[number] <= 0:
            return None
        for team, day, route in _routes(plan):
            for stops in with_stop(route.stops, number):
                other = Route(route.start, stops, route.end)
                if fits(problem, other, day):
                    return replaced(plan, team, day, other)
    return None


def _exchanged(problem: Problem, plan: Plan) -> Plan | None:
    """The first exchange that gains, the least worth going first."""
    there = visited(plan)
    value, before = parts(problem, there), worth(problem, there)
    least_first = sorted((value[stop], stop) for stop in there if not _stays(problem, stop))
    fresh = _free(problem, plan)
    for least, stop in least_first:
        others = [other for other in there if other != stop]
        for number in fresh:
            full = problem.spots[number].prize * problem.fills[problem.spots[number].bucket][0] * 1000
            if full <= least:
                break
            if worth(problem, [*others, number]) <= before:
                continue
            for team, day, route in _routes(plan):
                if stop not in route.stops:
                    continue
                left = tuple(one for one in route.stops if one != stop)
                for stops in with_stop(left, number):
                    other = Route(route.start, stops, route.end)
                    if fits(problem, other, day) and _cities_kept(problem, plan, stop, number):
                        return replaced(plan, team, day, other)
    return None


def _slept_elsewhere(problem: Problem, plan: Plan) -> Plan | None:
    """The first other bed that gains: what no longer fits falls out, and whoever fits comes in."""
    before = worth(problem, visited(plan))
    for number, team in enumerate(plan):
        for night in range(len(team)):
            for bed in problem.starts(0) if not night else problem.bases:
                if bed == team[night].start:
                    continue
                other = replaced(plan, number, night, replace(team[night], start=bed))
                other = other if not night else replaced(other, number, night - 1, replace(team[night - 1], end=bed))
                tried = _filled(problem, other, number)
                if tried is not None and worth(problem, visited(tried)) > before:
                    return tried
    return None


def _filled(problem: Problem, plan: Plan, team: int) -> Plan | None:
    """A team's days with the least worth left out until they fit, then everybody put in who fits; None if the ways alone do not."""
    for day, route in enumerate(plan[team]):
        left = route
        while not fits(problem, left, day):
            free = [stop for stop in left.stops if not _stays(problem, stop)]
            if not free:
                return None
            least = min(free, key=lambda stop: (problem.spots[stop].prize, problem.spots[stop].key))
            left = replace(left, stops=tuple(stop for stop in left.stops if stop != least))
        plan = replaced(plan, team, day, left)
    while (more := _inserted(problem, plan)) is not None:
        plan = more
    gone_to = {problem.city[problem.spots[stop].node] for stop in visited(plan)}
    whole = not problem.ordered or gone_to == {city for city in problem.city if city >= 0}
    return plan if whole else None


def _stays(problem: Problem, stop: int) -> bool:
    return problem.spots[stop].must or problem.spots[stop].day is not None


def _cities_kept(problem: Problem, plan: Plan, gone: int, comes: int) -> bool:
    """In order of cities none is left out."""
    city = problem.city[problem.spots[gone].node]
    if not problem.ordered or problem.city[problem.spots[comes].node] == city:
        return True
    return any(stop != gone and problem.city[problem.spots[stop].node] == city for stop in visited(plan))


def _straightened(problem: Problem, route: Route, day: int) -> Route:
    """The same visits in the order that is over first: neighbours and single stops are moved while that gains time."""
    best = route
    for _ in range(_MOST_TURNS):
        now = _over(problem, best, day)
        moved = [
            Route(best.start, stops, best.end)
            for stop in best.stops
            for stops in with_stop(tuple(one for one in best.stops if one != stop), stop)
        ]
        timed = [(_over(problem, other, day), place) for place, other in enumerate(moved)]
        first = min(timed, default=None)
        if first is None or first[0] >= now:
            break
        best = moved[first[1]]
    return best


def _over(problem: Problem, route: Route, day: int) -> tuple[int, int]:
    """When the last visit is over, and all time on the road."""
    visits = timetable(problem, route, day)
    if visits is None:
        return (1 << 30, 0)
    nodes = [route.start, *(problem.spots[stop].node for stop in route.stops), route.end]
    road = sum(int(problem.ways[a, b]) for a, b in pairwise(nodes))
    return (visits[-1].ends if visits else 0, road)


def _routes(plan: Plan) -> Iterator[tuple[int, int, Route]]:
    for number, team in enumerate(plan):
        for day, route in enumerate(team):
            yield number, day, route


def with_stop(stops: tuple[int, ...], stop: int) -> Iterator[tuple[int, ...]]:
    """The stops with one more at every place (插在各处)."""
    for place in range(len(stops) + 1):
        yield (*stops[:place], stop, *stops[place:])


def replaced(plan: Plan, team: int, day: int, route: Route) -> Plan:
    """The plan with one day changed (换掉一天)."""
    days = (*plan[team][:day], route, *plan[team][day + 1 :])
    return (*plan[:team], days, *plan[team + 1 :])
