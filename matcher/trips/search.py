"""The search for a plan (求解): column generation for a bound, a dive for a plan, then parts of it solved again in whole numbers.

1. The linear program over days is solved, days that earn more than they cost are added, until there are none: its value bounds every
   plan from above. After each round ``value + teams × what one team's trip can still earn`` is such a bound as well.
2. The dive fixes days one by one and adds days in between.
3. One team, or two days of all teams, are set free and solved again by SCIP over all days found, until nothing gains.
4. Visits are put in, exchanged and moved by their exact worth (``matcher.trips.polish``).

Nothing is drawn at random and every limit counts rounds and nodes, so the same trip has the same plan. ``seconds`` is a fuse: what it
cuts short is told.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from matcher.trips.days import DayFinder, Pattern, travel_only
from matcher.trips.master import Master, Mix
from matcher.trips.polish import polish
from matcher.trips.problem import Plan, Problem, Route, fits, on_day, visited
from matcher.trips.value import parts, points, worth
from matcher.trips.watching import Watch

_NODES = 5  # of the search tree, for each unit of effort
_LIKELY = 800  # days that whole numbers choose from
_LEAST_GRACE = 5.0  # seconds to mend a plan that misses what must be done
_CLOSE = 1e-4  # points between bound and program at which nothing is left to prove


@dataclass(frozen=True)
class Limits:
    """How long to look (求解的限度): rounds and effort decide, ``seconds`` is a fuse, and whoever watches may end it.

    Three quarters of ``seconds`` are for every plan, the last quarter for one that misses what must be done.
    """

    rounds: int
    effort: int
    seconds: float
    watch: Watch = field(default_factory=Watch)


@dataclass(frozen=True)
class Found:
    """What the search found (求解结果).

    Attributes:
        plan: The best plan.
        worth: Its exact worth.
        bound: No plan is worth more, in points.
        missed: What must be done and cannot: ``("spot", number)`` or ``("city", number)``.
        rounds: Of column generation.
        cut: The fuse has stopped it; another machine may get further.
    """

    plan: Plan
    worth: int
    bound: float
    missed: tuple[tuple[str, int], ...]
    rounds: int
    cut: bool

    @property
    def gap(self) -> float:
        """How far the plan may be from the best, as a share of the bound (与上界的差)."""
        return max(0.0, 1 - points(self.worth) / self.bound) if self.bound > 0 else 0.0


class _Fuse:
    """The clock of a search. Its last quarter is for plans that miss what must be done: they are of no use to anybody.

    On a slow machine the first plan may take longer than all of the time; then that quarter begins with it.
    """

    def __init__(self, limits: Limits) -> None:
        self._grace = max(limits.seconds / 4, _LEAST_GRACE)
        self._until = time.monotonic() + limits.seconds - limits.seconds / 4
        self._end = self._until + self._grace
        self._watch = limits.watch
        self.blown = False

    def left(self) -> float:
        self._watch.check()
        rest = self._until - time.monotonic()
        self.blown = self.blown or rest <= 0
        return rest

    def over(self) -> bool:
        """Whether to end as soon as there is a plan: the time is up, or whoever waits has enough."""
        self.blown = self.blown or self._watch.enough
        return self.left() <= 0 or self.blown

    def planned(self) -> None:
        """There is a first plan."""
        self._end = max(self._end, time.monotonic() + self._grace)

    def ended(self, missing: bool) -> bool:
        """Whether to look no further."""
        return self.over() and (not missing or time.monotonic() >= self._end)

    def rest(self, missing: bool) -> float:
        """Seconds that one more look may take."""
        return self._end - time.monotonic() if missing else self.left()


def search(problem: Problem, limits: Limits) -> Found:
    """Plans a trip (求行程).

    Args:
        problem: The trip.
        limits: How long to look.
    """
    fuse = _Fuse(limits)
    plain = DayFinder(problem)
    finders = {day: DayFinder(problem, on_day(problem, day)) if on_day(problem, day) else plain for day in range(problem.days)}
    master = Master(problem)
    for day in range(problem.days):
        for pattern in travel_only(problem, day):
            master.add(day, pattern)
    for day, pattern in master.natural(finders):
        master.add(day, pattern)
    bound, rounds = _relax(problem, master, finders, limits, fuse)
    limits.watch.tell("挑出一份行程")
    _dive(master, finders, limits, fuse)
    best = _named(problem, master.mix()) if master.solve() is not None else None
    fuse.planned()
    whole = Master(problem, whole=True)
    for day, pattern in master.likely(_LIKELY):
        whole.add(day, pattern)
    while best is not None:
        gained = False
        limits.watch.tell(f"改好行程：现在 {points(worth(problem, visited(best[1]))):.1f} 分，至多 {bound:.1f} 分")
        for free in _neighbourhoods(problem, best[0]):
            missing = bool(_missed(problem, best[1]))
            if fuse.ended(missing):
                break
            whole.fix(free)
            solved = whole.solve(nodes=_NODES * limits.effort, seconds=fuse.rest(missing))
            fuse.left()  # what has stopped the solver is the fuse, if it is blown by now
            if solved is None:
                continue
            other = _named(problem, whole.mix())
            if _key(problem, other) > _key(problem, best):
                best, gained = other, True
        if not gained or fuse.ended(bool(_missed(problem, best[1]))):
            break
    if best is None:
        return Found((), 0, bound, tuple(("spot", n) for n, spot in enumerate(problem.spots) if spot.must), rounds, fuse.blown)
    plan = polish(problem, best[1])
    return Found(
        plan,
        worth(problem, visited(plan)),
        max(bound, points(worth(problem, visited(plan)))),
        _missed(problem, plan),
        rounds,
        fuse.blown,
    )


def _relax(problem: Problem, master: Master, finders: dict[int, DayFinder], limits: Limits, fuse: _Fuse) -> tuple[float, int]:
    """Column generation: the bound in points, and the rounds that it took."""
    bound = float("inf")
    for turn in range(1, limits.rounds + 1):
        limits.watch.tell(f"试各种走法：第 {turn} 轮")
        value = master.solve()
        if value is None:
            return bound, turn
        most, fresh = master.price(finders)
        bound = min(bound, value + problem.teams * most)
        added = sum([master.add(day, pattern) for day, pattern in fresh])
        if bound - value < _CLOSE or fuse.over():
            return bound, turn
        if not added:
            return bound, turn
    return bound, limits.rounds


def _dive(master: Master, finders: dict[int, DayFinder], limits: Limits, fuse: _Fuse) -> None:
    """Fixes days until there is a plan; a few more days are found after each step."""
    while master.solve() is not None and master.dive():
        for _ in range(limits.rounds if not fuse.over() else 0):
            if master.solve() is None:
                break
            if not sum([master.add(day, pattern) for day, pattern in master.price(finders)[1]]):
                break


Named = tuple[tuple[tuple[Pattern, ...], ...], Plan]  # for each team its patterns, and its routes with names


def _named(problem: Problem, mix: Mix) -> Named:
    """Trips of teams out of the days chosen, and names at the stops: in each district the best first."""
    teams: list[list[Pattern]] = [[] for _ in range(problem.teams)]
    for day in mix.days:
        waiting = sorted(day, key=lambda one: (one.start, one.end, one.stops))
        for team in teams:
            at = team[-1].end if team else None
            follows = next((one for one in waiting if at is None or one.start == at), None)
            if follows is None:  # only in a plan that was cut short
                continue
            waiting.remove(follows)
            team.append(follows)
    return tuple(map(tuple, teams)), _with_names(problem, teams, mix.spots)


def _with_names(problem: Problem, teams: Sequence[Sequence[Pattern]], spots: Sequence[int]) -> Plan:
    waiting: dict[int, list[int]] = {}
    for number in sorted(spots, key=lambda one: (-problem.spots[one].prize, problem.spots[one].key)):
        if problem.spots[number].day is None:
            waiting.setdefault(problem.spots[number].node, []).append(number)
    kept: set[int] = set()
    plan: list[list[Route]] = [[] for _ in teams]
    for day in range(problem.days):
        for number, team in enumerate(teams):
            if day >= len(team):
                continue
            stops: list[int] = []
            for code in team[day].stops:
                if code < 0 and -1 - code not in kept:
                    kept.add(-1 - code)
                    stops.append(-1 - code)
                elif code >= 0 and waiting.get(code):
                    stops.append(waiting[code].pop(0))
            plan[number].append(_shortened(problem, Route(team[day].start, tuple(stops), team[day].end), day))
    return tuple(map(tuple, plan))


def _shortened(problem: Problem, route: Route, day: int) -> Route:
    """A route that fits: without a stop the way may be longer by a user's own matrix; then the least goes."""
    while route.stops and not fits(problem, route, day):
        value = parts(problem, route.stops)
        least = min(route.stops, key=lambda stop: (problem.spots[stop].must, problem.spots[stop].day is not None, value[stop]))
        route = Route(route.start, tuple(stop for stop in route.stops if stop != least), route.end)
    return route


def _key(problem: Problem, named: Named) -> tuple[int, int]:
    return -len(_missed(problem, named[1])), worth(problem, visited(named[1]))


def _missed(problem: Problem, plan: Plan) -> tuple[tuple[str, int], ...]:
    there = set(visited(plan))
    spots = [("spot", n) for n, spot in enumerate(problem.spots) if (spot.must or spot.day is not None) and n not in there]
    seen = {problem.city[problem.spots[stop].node] for stop in there}
    cities = sorted({city for city in problem.city if city >= 0} - seen) if problem.ordered else []
    return (*spots, *(("city", city) for city in cities))


def _neighbourhoods(problem: Problem, teams: Sequence[Sequence[Pattern]]) -> Iterator[list[list[Pattern]]]:
    """What stays as it is, for each part that is set free: a team, then two days running of all teams."""
    every = [[team[day] for team in teams if day < len(team)] for day in range(problem.days)]
    for number in range(len(teams)):
        yield [
            [team[day] for other, team in enumerate(teams) if other != number and day < len(team)] for day in range(problem.days)
        ]
    for first in range(problem.days - 1) if problem.teams > 1 and problem.days > 2 else ():
        yield [[] if day in (first, first + 1) else there for day, there in enumerate(every)]
