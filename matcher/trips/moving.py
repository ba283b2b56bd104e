"""A plan changed by hand (手工调整): the days in another order, checked by the same rules; the times follow.

Nobody is searched for: what a leader puts first comes first, if ways, office hours, lunch and nights allow it; else it is said what does
not fit, and the plan stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from matcher.engine import Engine
from matcher.errors import InputError, OptionError
from matcher.intake import Intake
from matcher.rules.trips import TripRules
from matcher.snapshot import ProfileCache
from matcher.trips.building import Built, build
from matcher.trips.candidates import Candidates, gather
from matcher.trips.planning import compose, plan_id
from matcher.trips.plans import TripPlan, clock
from matcher.trips.problem import HOME, NEVER, Plan, Problem, Route, begins, fits, visited
from matcher.trips.search import Found
from matcher.trips.value import points, worth

Order = Sequence[Sequence[Sequence[str]]]
"""Of each team, of each day, the ids of whom it visits in turn (次序)."""


@dataclass(frozen=True)
class Draft:
    """What a plan was made from, read once for all that is tried (草稿).

    Attributes:
        found: Who could be visited.
        built: The trip as a problem.
    """

    engine: Engine
    intake: Intake
    rules: TripRules
    found: Candidates
    built: Built


def draft(
    engine: Engine,
    intake: Intake,
    plan: TripPlan,
    rules: TripRules,
    *,
    known: ProfileCache | None = None,
    chances: Mapping[str, float] | None = None,
) -> Draft:
    """Reads what a plan was made from (打开草稿).

    Args:
        engine: As of the plan.
        intake: The same companies.
        plan: The plan.
        rules: ``load_trip_rules``.
        known: As in ``planning.plan``.
        chances: Likewise.

    Raises:
        RequestError: The companies are others by now.
    """
    found = gather(engine, intake, plan.request, rules, known=known, chances=chances)
    return Draft(engine, intake, rules, found, build(engine, plan.request, rules, found))


def order_of(plan: TripPlan) -> list[list[list[str]]]:
    """In which order a plan visits (现在的次序)."""
    return [[[visit.id for visit in day.visits] for day in team.days] for team in plan.teams]


def arranged(made: Draft, before: TripPlan, order: Order) -> TripPlan:
    """The plan in another order (按此次序); beds stay, times are the earliest that the order allows.

    Args:
        made: What the plan was made from.
        before: The plan.
        order: Whom each team visits on each day; whoever is left out is visited by nobody.

    Raises:
        OptionError: A day cannot be done so; it is said where it breaks.
        InputError: The plan and the companies do not belong together.
    """
    routes = _routes(made.built, before, order)
    for team, days in enumerate(routes):
        for day, route in enumerate(days):
            _check(made.built, route, day, f"{'' if len(routes) == 1 else f'第 {team + 1} 队'}第 {day + 1} 天")
    _check_kept(made.built, routes)
    problem, rules = made.built.problem, made.rules
    value = worth(problem, visited(routes))
    best = Found(routes, value, max(before.bound, points(value)), (), 0, not before.complete)
    plan = compose(made.engine, made.intake, before.request, rules, made.found, made.built, best)
    gain = plan.value - before.value
    told = f"手工调过次序，价值 {plan.value:.1f} 分（{gain:+.1f}）" if abs(gain) >= 0.05 else "手工调过次序，价值不变"
    plan = replace(plan, changes=(told,))
    return replace(plan, id=plan_id(plan))


def _routes(built: Built, before: TripPlan, order: Order) -> Plan:
    number = {one.id: place for place, one in enumerate(built.candidates)}
    beds = {built.ways.points[base].city: base for base in built.problem.bases}
    try:
        return tuple(
            tuple(
                Route(beds.get(told.start, HOME), tuple(number[id_] for id_ in day), beds.get(told.sleeps, HOME))
                for told, day in zip(team.days, days, strict=True)
            )
            for team, days in zip(before.teams, order, strict=True)
        )
    except (KeyError, ValueError):
        raise InputError("计划", "企业库、规则或台账已经和排这份计划时不同，不能再手工调整；请重新排一次") from None


def _check(built: Built, route: Route, day: int, called: str) -> None:
    """Raises where a day breaks, in words.

    Raises:
        OptionError: It does.
    """
    problem = built.problem
    if fits(problem, route, day):
        return
    if len(route.stops) > problem.shape.per_day:
        raise OptionError(f"{called}排了 {len(route.stops)} 家，一天至多 {problem.shape.per_day} 家")
    left, at = problem.shape.leave, route.start
    for place, stop in enumerate(route.stops):
        spot, name = problem.spots[stop], built.candidates[stop].name
        if spot.day is not None and spot.day != day:
            raise OptionError(f"{name} 已约在第 {spot.day + 1} 天，不能排到{called}")
        if problem.ways[at, spot.node] >= NEVER:
            raise OptionError(f"{called}：按城市的次序，不能从前面的城市再回到 {name}")
        way = int(problem.ways[at, spot.node])
        fixed = spot.start if spot.day is not None else None
        begin = begins(problem, left, way, problem.visit_length(stop), fixed, on_foot=place > 0)
        if begin is None:
            why = f"已约 {clock(spot.start)}，赶不到" if fixed is not None else "赶不上对方的办公时间"
            raise OptionError(f"{called}排不下：前一站 {clock(left)} 离开，路上 {way * 5} 分钟，到 {name} {why}")
        left, at = begin + problem.visit_length(stop), spot.node
    way = int(problem.ways[at, route.end])
    raise OptionError(
        f"{called}排不下：最后一家 {clock(left)} 结束，路上 {way * 5} 分钟，{clock(problem.latest(route.end))} 以前到不了"
        f"{_bed(built, route.end)}"
    )


def _bed(built: Built, end: int) -> str:
    return "园区" if end == HOME else f"住处（{built.ways.points[end].city}）"


def _check_kept(built: Built, routes: Plan) -> None:
    """Whoever must be visited still is, and nobody twice."""
    problem: Problem = built.problem
    there = visited(routes)
    twice = next((stop for stop in there if there.count(stop) > 1), None)
    if twice is not None:
        raise OptionError(f"{built.candidates[twice].name} 排了两次")
    left = [built.candidates[number].name for number, spot in enumerate(problem.spots) if spot.must and number not in there]
    if left:
        raise OptionError(f"{'、'.join(left)} 必访或已约，不能拿掉；要拿掉，请先改约定")
