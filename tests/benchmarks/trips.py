"""Trip plans beside what people do by hand (行程基准): trips drawn at random among real companies, planned four ways.

    greedy      down the list by score, each put where it lengthens the ways least and still fits, beds where the day ends
    nearest     from where one is to the nearest company that can still be seen, the better first among equals
    plan        ``matcher.trips.search``
    best        of small trips: the best of all plans, found by trying all of them

Every plan is checked by the simulator of the tests, which believes nothing. The worth is the exact one, chances as by default.

    LIANZHAO_DATA=folder make bench-trips

A number behind ``python -m tests.benchmarks.trips`` plans as many of the drawn trips, 0 only the small ones.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

from matcher.engine import Engine
from matcher.intake import read_files
from matcher.places import Gazetteer
from matcher.rules.trips import TripRules, load_trip_rules
from matcher.runs import Request
from matcher.scoring.formula import UNIT
from matcher.trips.building import build
from matcher.trips.candidates import Candidate, Candidates
from matcher.trips.problem import HOME, Plan, Problem, Route, timetable, visited
from matcher.trips.request import TripRequest
from matcher.trips.search import Limits, search
from matcher.trips.value import points, worth
from tests.trips.made_up import best_by_trying, flaws

FILES = ("registry_sample_80k.csv.gz", "registry_trip_cities.csv.gz")
ZONE = "liaocheng-resort"
START = date(2024, 8, 27)
LARGE, SMALL = 20, 20
_LISTED = 4_000
_LEAST = 8  # candidates that a city must have to be drawn


def listed(folder: Path) -> tuple[Engine, list[Candidate]]:
    """The first of the list over both files, as candidates."""
    engine = Engine(ZONE)
    ranking = engine.rank(read_files([folder / file for file in FILES], engine.corpora), Request(START, top=_LISTED))
    gazetteer, found = Gazetteer(engine.corpora), []
    for result in ranking.results:
        point = gazetteer.point(result.city or result.province or "", result.county or "")
        if point is not None:
            found.append(
                Candidate(
                    id=result.uscc or result.name,
                    name=result.name,
                    kind="company",
                    point=point,
                    score=round(result.score * UNIT),
                    chance=500,
                    bucket=(result.chain, result.segment or ""),
                    chain=result.chain,
                    family=result.family.head if result.family else result.uscc or result.name,
                    result=result,
                )
            )
    return engine, found


def drawn(
    engine: Engine, everyone: Sequence[Candidate], rules: TripRules, seed: int, *, cities: int, size: int, days: int, teams: int
) -> Problem:
    """A trip among real companies: cities at random, in each the first of the list."""
    draw = random.Random(seed)
    there = Counter(one.point.city for one in everyone)
    chosen = draw.sample(sorted(city for city, many in there.items() if many >= _LEAST), cities)
    those = [one for one in everyone if one.point.city in chosen]
    if size < 20:  # small trips: any of them, so that the first do not all sit in one district
        those = draw.sample(those, min(size, len(those)))
        chosen = [city for city in chosen if any(one.point.city == city for one in those)]
    request = TripRequest(START, days, anywhere=True, teams=teams)
    ranking = Candidates(run=None, considered=0, those=tuple(those[:size]), cities=tuple(chosen), refused=(), warnings=())  # type: ignore[arg-type]
    return build(engine, request, rules, ranking).problem


def greedy(problem: Problem) -> Plan:
    """Down the list by score."""
    teams: list[list[list[int]]] = [[[] for _ in range(problem.days)] for _ in range(problem.teams)]
    families: set[int] = set()
    for number in sorted(range(len(problem.spots)), key=lambda n: (-problem.spots[n].prize, problem.spots[n].key)):
        if problem.spots[number].family in families:
            continue
        options = [option for team in range(problem.teams) for option in _insertions(problem, teams[team], team, number)]
        if options:
            _, team, day, place = min(options)
            teams[team][day].insert(place, number)
            families.add(problem.spots[number].family)
    return _plan(problem, teams)


def _insertions(problem: Problem, days: list[list[int]], team: int, number: int) -> Iterator[tuple[int, int, int, int]]:
    for day in range(problem.days):
        for place in range(len(days[day]) + 1):
            tried = [list(stops) for stops in days]
            tried[day].insert(place, number)
            routes = _routes(problem, tried)
            if routes is not None:
                yield sum(_road(problem, route) for route in routes), team, day, place


def nearest(problem: Problem) -> Plan:
    """From where one is to the nearest that can still be seen."""
    teams: list[list[list[int]]] = [[[] for _ in range(problem.days)] for _ in range(problem.teams)]
    families: set[int] = set()
    for day in range(problem.days):
        for team in teams:
            while True:
                before = [stop for stops in team for stop in stops]
                at = problem.spots[before[-1]].node if before else HOME
                left = [n for n, spot in enumerate(problem.spots) if spot.family not in families]
                left.sort(key=lambda n: (int(problem.ways[at, problem.spots[n].node]), -problem.spots[n].prize))
                for number in left:
                    team[day].append(number)
                    if _routes(problem, team) is not None:
                        families.add(problem.spots[number].family)
                        break
                    team[day].pop()
                else:
                    break
    return _plan(problem, teams)


def _plan(problem: Problem, teams: list[list[list[int]]]) -> Plan:
    return tuple(_routes(problem, team) or () for team in teams)


def _routes(problem: Problem, days: Sequence[Sequence[int]]) -> tuple[Route, ...] | None:
    """Days with beds where they end, or None if they cannot be done."""
    beds = {problem.city[base]: base for base in problem.bases}
    first = next((stops[0] for stops in days if stops), None)
    at = beds[problem.city[problem.spots[first].node]] if first is not None else HOME
    at = at if at in problem.starts(0) else HOME
    found = []
    for day, stops in enumerate(days):
        last = stops[-1] if stops else next((later[0] for later in days[day:] if later), None)
        end = (
            HOME if day == problem.days - 1 else problem.bases[0] if last is None else beds[problem.city[problem.spots[last].node]]
        )
        route = Route(at, tuple(stops), end)
        if timetable(problem, route, day) is None:
            return None
        found.append(route)
        at = end
    return tuple(found)


def _road(problem: Problem, route: Route) -> int:
    nodes = [route.start, *(problem.spots[stop].node for stop in route.stops), route.end]
    return sum(int(problem.ways[a, b]) for a, b in pairwise(nodes))


def main() -> None:
    folder = os.environ.get("LIANZHAO_DATA")
    if not folder or not all((Path(folder) / file).is_file() for file in FILES):
        sys.exit(f"跳过：LIANZHAO_DATA 应指向含 {'、'.join(FILES)} 的目录")
    large = int(sys.argv[1]) if len(sys.argv) > 1 else LARGE
    rules = load_trip_rules()
    engine, everyone = listed(Path(folder))
    limits = Limits(rules.search.rounds, rules.search.effort, rules.search.seconds)
    print(f"名单 {len(everyone):,} 家；随机行程 {large} 个（城市、候选、天数、队数各不相同），小行程 {SMALL} 个")
    print("  城 候选 天 队   贪心   最近   链招   上界   比贪心   比最近   距上界  家数   秒")
    gains = defaultdict(list)
    for seed in range(large):
        draw = random.Random(1000 + seed)
        sizes = {
            "cities": draw.randint(3, 10),
            "size": draw.choice((100, 150, 200, 300)),
            "days": draw.randint(2, 5),
            "teams": draw.randint(1, 3),
        }
        problem = drawn(engine, everyone, rules, seed, **sizes)
        began = time.process_time()
        found = search(problem, limits)
        seconds = time.process_time() - began
        by_hand = {"greedy": greedy(problem), "nearest": nearest(problem)}
        for name, plan in (*by_hand.items(), ("plan", found.plan)):
            if wrong := flaws(problem, plan):
                sys.exit(f"{name} {seed}: {wrong}")
        values = {name: points(worth(problem, visited(plan))) for name, plan in by_hand.items()}
        ours = points(found.worth)
        for name, value in values.items():
            gains[name].append(ours / value - 1)
        gains["gap"].append(found.gap)
        print(
            f"{sizes['cities']:4} {len(problem.spots):4} {problem.days:2} {problem.teams:2} {values['greedy']:7.0f}{values['nearest']:7.0f}"
            f"{ours:7.0f}{found.bound:7.0f}{ours / values['greedy'] - 1:8.1%}{ours / values['nearest'] - 1:9.1%}{found.gap:9.1%}"
            f"{len(visited(found.plan)):5}{seconds:7.1f}{'（到时）' if found.cut else ''}",
            flush=True,
        )
    for name, label in () if not gains else (("greedy", "比贪心高"), ("nearest", "比最近邻高"), ("gap", "距上界")):
        print(f"{label}：中位数 {statistics.median(gains[name]):.1%}，最少 {min(gains[name]):.1%}，最多 {max(gains[name]):.1%}")
    _small(engine, everyone, rules, limits)


def _small(engine: Engine, everyone: Sequence[Candidate], rules: TripRules, limits: Limits) -> None:
    """Small trips beside the best of all plans."""
    below = []
    for seed in range(SMALL):
        problem = drawn(engine, everyone, rules, 500 + seed, cities=2 + seed % 2, size=8, days=2, teams=1)
        problem = replace(problem, shape=replace(problem.shape, per_day=3))
        best, found = best_by_trying(problem), search(problem, limits)
        if flaws(problem, found.plan) or found.worth > best or points(best) > found.bound + 1e-6:
            sys.exit(f"small {seed}: worth {found.worth}, best {best}, bound {found.bound}")
        below.append(1 - found.worth / best if best else 0.0)
    exact = sum(one == 0 for one in below)
    print(f"小行程低于最优：中位数 {statistics.median(below):.2%}，最多 {max(below):.2%}；{exact}/{SMALL} 个就是最优")


if __name__ == "__main__":
    main()
