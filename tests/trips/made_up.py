"""Trips that do not exist, and plain ways to judge a plan: a simulator that believes nothing, and all plans tried one by one."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise, permutations, product

import numpy as np

from matcher.trips.problem import HOME, NEVER, Plan, Problem, Route, Shape, Spot, timetable

FILLS = ((1000, 985, 970, 940), (1000, 980, 960, 900), (1000, 900, 800))


def made_up(
    seed: int,
    *,
    cities: int = 3,
    spots: int = 12,
    days: int = 2,
    teams: int = 1,
    spread: float = 250.0,
    districts: int = 3,
    per_day: int = 7,
    eve: bool = True,
    ordered: bool = False,
    stay: bool = False,
    appointments: int = 0,
    musts: int = 0,
) -> Problem:
    """Cities on a plain, districts around them, ways of the usual kind."""
    draw = random.Random(seed)
    at, city = [(0.0, 0.0)], [-1]
    for number in range(cities):
        at.append((draw.uniform(-spread, spread), draw.uniform(-spread, spread)))
        city.append(number)
    for number in range(cities):
        for _ in range(districts):
            x, y = at[1 + number]
            at.append((x + draw.gauss(0, 12), y + draw.gauss(0, 12)))
            city.append(number)
    size = len(at)
    ways = np.full((size, size), NEVER, dtype=np.int64)
    for a, b in product(range(size), repeat=2):
        if ordered and a and b and city[b] < city[a]:
            continue
        km = ((at[a][0] - at[b][0]) ** 2 + (at[a][1] - at[b][1]) ** 2) ** 0.5
        minutes = 20.0 if a == b else 15 + km * 2.4 if city[a] == city[b] else min(30 + km * 0.98, 90 + km * 0.36)
        ways[a, b] = -(-int(minutes) // 5)
    shape = Shape(((108, 144), (162, 210)), 9, 90, 264, 282, 168 if eve else None, 9, per_day)
    places = [1 + cities + draw.randrange(cities * districts) for _ in range(spots)]
    made = []
    for number, node in enumerate(places):
        day = start = None
        if number < appointments:
            day, start = number % days, draw.choice((108, 120, 135, 162, 180, 200))
        bucket = draw.randrange(6)
        made.append(
            Spot(
                node=node,
                prize=draw.randrange(300_000, 900_000) * 500,
                bucket=bucket,
                chain=bucket % 2,
                key=number,
                family=number if draw.random() < 0.85 or number < appointments + musts else max(0, number - 1),
                must=number < appointments + musts,
                day=day,
                start=start or 0,
                length=9 if day is not None else 0,
            )
        )
    fills = tuple(FILLS[number % 3] for number in range(6))
    return Problem(
        spots=tuple(made), ways=ways, bases=tuple(range(1, cities + 1)), city=tuple(city), shape=shape, days=days, teams=teams,
        fills=fills, chain_step=5, chain_least=800, ordered=ordered, stay=stay,
    )  # fmt: skip


def naive_worth(problem: Problem, chosen: Iterable[int]) -> int:
    """The worth by the words of the docstring of ``matcher.scoring.ranking``, one company after another."""
    left = sorted(chosen, key=lambda n: (-problem.spots[n].prize, problem.spots[n].key))
    of_bucket: dict[int, list[int]] = defaultdict(list)
    of_chain: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for n in left:
        spot = problem.spots[n]
        fill = problem.fills[spot.bucket]
        k = len(of_bucket[spot.bucket])
        of_bucket[spot.bucket].append(n)
        of_chain[spot.chain].append((-spot.prize * fill[k if k < len(fill) else -1], -spot.prize, spot.key))
    total = 0
    for lines in of_chain.values():
        for j, (value, _, _) in enumerate(sorted(lines)):
            total += -value * max(1000 - problem.chain_step * j, problem.chain_least)
    return total


def flaws(problem: Problem, plan: Plan) -> list[str]:
    """What is wrong with a plan, by its own times: nothing of the search is believed."""
    found: list[str] = []
    shape = problem.shape
    seen: list[int] = []
    for team in plan:
        if len(team) != problem.days:
            found.append("days")
        if team[0].start != HOME and (shape.eve is None or shape.eve + problem.ways[HOME, team[0].start] > shape.check_in):
            found.append("eve")
        if any(before.end != after.start for before, after in pairwise(team)):
            found.append("wakes up elsewhere")
        if (team[-1].end == HOME) == problem.stay:
            found.append("does not end where it should")
        for day, route in enumerate(team):
            seen += route.stops
            times = timetable(problem, route, day)
            found += ["no times"] if times is None else _of_day(problem, route, day, [(one.begins, one.ends) for one in times])
    families = [problem.spots[stop].family for stop in seen]
    if len(set(seen)) < len(seen) or len(set(families)) < len(families):
        found.append("twice")
    return found


def _of_day(problem: Problem, route: Route, day: int, times: Sequence[tuple[int, int]]) -> list[str]:
    shape, found = problem.shape, []
    nodes = [route.start, *(problem.spots[stop].node for stop in route.stops), route.end]
    if len(route.stops) > shape.per_day:
        found.append("too many")
    left = shape.leave
    for place, (stop, (begins, ends)) in enumerate(zip(route.stops, times, strict=True)):
        spot = problem.spots[stop]
        if begins < left + problem.ways[nodes[place], nodes[place + 1]]:
            found.append("not there yet")
        if ends - begins != (spot.length or shape.visit):
            found.append("length")
        if not any(opens <= begins and ends <= closes for opens, closes in shape.windows):
            found.append("closed")
        if spot.day is not None and (spot.day, spot.start) != (day, begins):
            found.append("appointment")
        if place and left <= shape.windows[0][1] and begins >= shape.windows[1][0]:
            way = problem.ways[nodes[place], nodes[place + 1]]
            if begins - left - way < shape.lunch:
                found.append("no lunch")
        left = ends
    if left + problem.ways[nodes[-2], nodes[-1]] > (shape.home if route.end == HOME else shape.check_in):
        found.append("late")
    cities = [problem.city[node] for node in nodes if node]
    if problem.ordered and cities != sorted(cities):
        found.append("goes back")
    return found


def best_by_trying(problem: Problem) -> int:
    """The worth of the best plan, by trying all; -1 if none keeps what must be kept."""
    of_team = _trips(problem, 0, None)
    musts = {n for n, spot in enumerate(problem.spots) if spot.must}
    trips: set[frozenset[int]] = {frozenset()}
    for _ in range(problem.teams):
        trips = {one | other for one in trips for other in of_team if not one & other}
    best = -1
    for there in trips:
        families = [problem.spots[n].family for n in there]
        cities = {problem.city[problem.spots[n].node] for n in there}
        whole = not problem.ordered or cities == {city for city in problem.city if city >= 0}
        if musts <= there and len(set(families)) == len(families) and whole:
            best = max(best, naive_worth(problem, there))
    return best


def _trips(problem: Problem, day: int, start: int | None) -> set[frozenset[int]]:
    """All sets that one team can visit from a day on."""
    if day == problem.days:
        return {frozenset()}
    found: set[frozenset[int]] = set()
    for begin in problem.starts(day) if start is None else (start,):
        for end in problem.ends(day):
            today = _sets(problem, day, begin, end)
            for rest in _trips(problem, day + 1, end) if today else ():
                found |= {one | rest for one in today if not one & rest}
    return found


def _sets(problem: Problem, day: int, start: int, end: int) -> set[frozenset[int]]:
    found = set()
    for many in range(problem.shape.per_day + 1):
        for stops in permutations(range(len(problem.spots)), many):
            if frozenset(stops) not in found and timetable(problem, Route(start, stops, end), day) is not None:
                found.add(frozenset(stops))
    return found
