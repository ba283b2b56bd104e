"""The search: every plan can be done, its bound holds, and on small trips it comes close to the best of all plans."""

from __future__ import annotations

import random
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.rules import load_zone
from matcher.scoring.ranking import arrange
from matcher.trips.days import DayFinder
from matcher.trips.problem import NEVER, Problem, Route, on_day, timetable, visited
from matcher.trips.search import Limits, _Fuse, search
from matcher.trips.value import WORTH_UNIT, parts, points, worth
from tests.trips.made_up import best_by_trying, flaws, made_up, naive_worth

LIMITS = Limits(rounds=60, effort=4, seconds=600)


@pytest.mark.slow
@given(
    seed=st.integers(0, 10_000),
    cities=st.integers(1, 4),
    spots=st.integers(1, 30),
    days=st.integers(1, 3),
    teams=st.integers(1, 2),
    appointments=st.integers(0, 2),
    musts=st.integers(0, 2),
    eve=st.booleans(),
    stay=st.booleans(),
    ordered=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_every_plan_can_be_done(
    seed: int, cities: int, spots: int, days: int, teams: int, appointments: int, musts: int, eve: bool, stay: bool, ordered: bool
) -> None:
    problem = made_up(
        seed, cities=cities, spots=spots, days=days, teams=teams, appointments=min(appointments, spots), musts=musts, eve=eve,
        stay=stay, ordered=ordered,
    )  # fmt: skip
    found = search(problem, LIMITS)
    if not found.plan:
        return
    there = visited(found.plan)
    assert flaws(problem, found.plan) == []
    assert found.worth == naive_worth(problem, there)
    assert found.bound >= points(found.worth) - 1e-6
    left_out = {("spot", n) for n, spot in enumerate(problem.spots) if spot.must and n not in there}
    gone_to = {problem.city[problem.spots[stop].node] for stop in there}
    cities_out = {("city", city) for city in range(cities) if city not in gone_to} if ordered else set()
    assert set(found.missed) == left_out | cities_out  # and then the use-case refuses the plan


@given(seed=st.integers(0, 10_000), spots=st.integers(1, 7), teams=st.integers(1, 2), eve=st.booleans(), must=st.integers(0, 1))
@settings(max_examples=20, deadline=None)
def test_no_plan_of_all_is_above_the_bound(seed: int, spots: int, teams: int, eve: bool, must: int) -> None:
    problem = made_up(seed, cities=2, spots=spots, days=1, teams=teams, districts=2, per_day=4, eve=eve, musts=must)
    best, found = best_by_trying(problem), search(problem, LIMITS)
    if best >= 0:
        assert points(best) <= found.bound + 1e-6
        assert found.missed == ()
        assert found.worth <= best


def test_small_trips_come_close_to_the_best() -> None:
    shares = []
    for seed in range(10):
        problem = made_up(seed, cities=2, spots=8, days=2, districts=2, per_day=3, spread=120)
        shares.append(search(problem, LIMITS).worth / best_by_trying(problem))
    assert statistics.median(shares) >= 0.98
    assert max(shares) <= 1


@pytest.mark.slow
def test_the_same_trip_has_the_same_plan() -> None:
    problem = made_up(3, cities=4, spots=60, days=3, teams=2)
    assert search(problem, LIMITS) == search(problem, LIMITS)


def test_who_has_no_time_left_still_does_what_must_be_done() -> None:
    """The last quarter of the time is for plans that miss something, and that the fuse has stopped a search is told."""
    problem = made_up(3, cities=3, spots=60, days=3, teams=1, ordered=True)
    assert search(problem, LIMITS).missed == ()
    found = search(problem, Limits(rounds=60, effort=4, seconds=1e-6))
    assert found.cut
    spent = _Spent(60)
    assert spent.over() and not spent.ended(missing=True) and spent.ended(missing=False) and spent.rest(missing=True) > 0
    spent = _Spent(81)
    assert spent.ended(missing=True)
    spent.planned()
    assert not spent.ended(missing=True) and spent.ended(missing=False)


class _Spent(_Fuse):
    """A fuse of eighty seconds of which some are gone."""

    def __init__(self, gone: float) -> None:
        super().__init__(Limits(rounds=1, effort=1, seconds=80))
        self._until -= gone
        self._end -= gone


@given(seed=st.integers(0, 10_000), appointments=st.integers(0, 1))
@settings(max_examples=25, deadline=None)
def test_the_best_day_is_the_best_of_all_that_come_nowhere_twice(seed: int, appointments: int) -> None:
    problem, draw = made_up(seed, cities=2, spots=6, districts=2, per_day=3, days=1, appointments=appointments), random.Random(seed)
    finder = DayFinder(problem, on_day(problem, 0))
    gains = {code: draw.uniform(0, 50) for code in finder.codes}
    comes = {code: draw.uniform(0, 20) for code in finder.codes if code >= 0}
    found = finder.best(1, (0, 1, 2), gains, comes)
    for end in (0, 1, 2):
        tried = _earnings(problem, 1, end, gains, comes)
        assert found[end][0] == pytest.approx(max(tried)) if tried else end not in found


def _earnings(problem: Problem, start: int, end: int, gains: dict[int, float], comes: dict[int, float]) -> list[float]:
    """What every day earns that comes to no district twice."""
    found: list[float] = []

    def go(stops: tuple[int, ...]) -> None:
        if timetable(problem, Route(start, stops, end), 0) is not None:
            nodes = [problem.spots[stop].node if problem.spots[stop].day is None else -1 - stop for stop in stops]
            runs = [node for place, node in enumerate(nodes) if not place or nodes[place - 1] != node]
            if len(set(runs)) == len(runs):
                found.append(sum(gains[node] for node in nodes) + sum(comes.get(node, 0.0) for node in runs))
        if len(stops) < problem.shape.per_day:
            for stop in range(len(problem.spots)):
                if stop not in stops:
                    go((*stops, stop))

    go(())
    return found


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(1, 1_000_000), st.integers(0, 30)), max_size=60))
def test_the_worth_is_that_of_the_list(corpora, scored: list[tuple[int, int]]) -> None:  # type: ignore[no-untyped-def]
    zone = load_zone("liaocheng-resort", corpora)
    from dataclasses import replace

    chains = [segment.chain for segment in zone.segments]
    problem = made_up(1, spots=1)
    spot = problem.spots[0]
    problem = replace(
        problem,
        spots=tuple(
            replace(spot, prize=prize, bucket=segment, chain=chains.index(chains[segment]), key=key, family=key)
            for key, (prize, segment) in enumerate(scored)
        ),
        fills=tuple(tuple(zone.scoring.order.fill[segment.need]) for segment in zone.segments),  # type: ignore[index]
        chain_step=zone.scoring.order.chain_fill.step,
        chain_least=zone.scoring.order.chain_fill.least,
    )
    listed = arrange(
        np.array([prize for prize, _ in scored], dtype=np.int64),
        np.array([segment for _, segment in scored], dtype=np.int64),
        np.arange(len(scored), dtype=np.int64),
        zone,
    )
    told = dict(zip(listed.pair.tolist(), listed.order_value.tolist(), strict=True))
    assert parts(problem, range(len(scored))) == told
    assert worth(problem, range(len(scored))) == sum(told.values())
    assert WORTH_UNIT == 10**13
    assert NEVER > 288
