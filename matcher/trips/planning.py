"""The use-case (用例): a request in, a plan with its reasons out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from time import monotonic

from matcher.engine import Engine
from matcher.errors import OptionError
from matcher.intake import Intake
from matcher.places import short
from matcher.rules.trips import TripRules
from matcher.scoring.formula import MILLI, UNIT
from matcher.snapshot import ProfileCache
from matcher.trips.alternates import alternates
from matcher.trips.building import Built, build, check
from matcher.trips.candidates import Candidates, gather
from matcher.trips.explain import Rest, dropped, must_prices, other_days, searches_of
from matcher.trips.plans import Alternate, PlannedDay, PlannedLeg, PlannedVisit, TeamTrip, TripPlan, clock
from matcher.trips.problem import HOME, Route, timetable, visited
from matcher.trips.request import TripRequest
from matcher.trips.search import Found, Limits, search
from matcher.trips.sheets import Sheets
from matcher.trips.value import parts, points
from matcher.trips.watching import Watch
from matcher.trips.ways import HOME_NAME

_BOUND = (
    "列生成：按天排程的线性松弛，路程、办公时间、午休、每天家数、同环节同产业链的折算、同集团只去一家都算在内，"
    "只放开整数要求；任何计划都不会超过它"
)
_ESTIMATED = "路程为估算（大圆距离 × 绕行 ÷ 时速 + 两头耗时），不是导航；行前用导航和车次核对，也可换成自己的路程表"
_TABLE = "城市之间的路程用所给的路程表；表里没有的市内路程为估算"


def plan(
    engine: Engine,
    intake: Intake,
    request: TripRequest,
    rules: TripRules,
    *,
    known: ProfileCache | None = None,
    chances: Mapping[str, float] | None = None,
    watch: Watch | None = None,
) -> TripPlan:
    """Plans a trip (排行程).

    Args:
        engine: Of the zone, with its lists and local register.
        intake: The companies.
        request: The trip.
        rules: ``load_trip_rules``.
        known: What the companies' texts say, if it was read before.
        chances: Id or name → chance of a meeting in [0, 1], of a ledger that knows better than the default.
        watch: Is told how far it is, and may end it.

    Raises:
        CalledOffError: Whoever watches has called it off.
        RequestError: The request names what does not exist.
        OptionError: It asks for what does not fit together, or cannot be done.
        InputError: The same of a row of the user's tables.
    """
    check(request)
    watch = watch or Watch()
    watch.tell("看名单、找地址")
    found = gather(engine, intake, request, rules, known=known, chances=chances)
    built = build(engine, request, rules, found)
    limits = Limits(rules.search.rounds, rules.search.effort, request.seconds or rules.search.seconds, watch)
    until = monotonic() + request.seconds if request.seconds else None  # what was asked for is for all searches together
    best = search(built.problem, limits)
    check_done(built, best)
    rest = Rest(limits, searches_of(built.problem), until) if request.explain else None
    return compose(engine, intake, request, rules, found, built, best, rest)


def compose(
    engine: Engine,
    intake: Intake,
    request: TripRequest,
    rules: TripRules,
    found: Candidates,
    built: Built,
    best: Found,
    rest: Rest | None = None,
) -> TripPlan:
    """The plan as people read it, out of the solver's (写成计划); ``rest`` is the time for what more days would change and musts cost."""
    problem = built.problem
    others = alternates(built, best.plan, rules.alternates, found.further)
    values = parts(problem, visited(best.plan))
    writer = _Writer(request, built, others, values, Sheets(engine, intake.companies))
    teams = tuple(writer.team(number, team) for number, team in enumerate(best.plan))
    notes = [_TABLE if request.ways else _ESTIMATED, _chances_told(rules, found.tracked)]
    made = TripPlan(
        id="",
        zone=engine.zone.id,
        zone_name=engine.zone.file.name,
        start=request.start.isoformat(),
        days=request.days,
        cities=built.cities,
        ordered=problem.ordered,
        request=request,
        run=replace(found.run, created_at=""),
        value=points(best.worth),
        bound=best.bound,
        gap=best.gap,
        bound_says=_BOUND,
        complete=not best.cut,
        visits=len(visited(best.plan)),
        candidates=len(problem.spots),
        considered=found.considered,
        teams=teams,
        dropped=dropped(built, best.plan),
        refused=found.refused,
        must_prices=must_prices(built, best, rest) if rest else (),
        other_days=other_days(built, best, rest) if rest else (),
        notes=tuple(notes),
        warnings=found.warnings
        if not best.cut
        else (*found.warnings, "没有算完（到了时间上限，或有人叫停），给出的是当时最好的计划；再排一次结果可能不同"),
    )
    return replace(made, id=plan_id(made), run=found.run)


def plan_id(made: TripPlan) -> str:
    """The digest of a plan (计划号): of all of it but its own id and the time of the ranking."""
    told = {**asdict(made), "id": "", "run": made.run.id}
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _chances_told(rules: TripRules, tracked: int) -> str:
    chance = rules.chance
    return (
        f"价值 = 得分 × 见得着的把握 × 同环节、同产业链的折算；把握是推定：待约 {chance.pending / 10:g}%，"
        f"已约 {chance.agreed / 10:g}%，商会、园区 {rules.targets.chance / 10:g}%"
        + (f"；{tracked} 家台账里有，按台账走到的步骤" if tracked else "")
    )


def check_done(built: Built, best: Found) -> None:
    """What must be done and cannot is an error, not a plan without it."""
    if not best.plan:
        raise OptionError("排不出行程：几天里到不了这些城市再回来；请加天数、少几座城市，或末日住下、次日返回", field="days")
    if best.missed and best.cut:
        raise OptionError("停下的时候还没有排出走得完的行程；请多等一会儿，或少几座城市、少几家必访", field="seconds")
    spots = [built.candidates[number] for kind, number in best.missed if kind == "spot"]
    cities = [built.cities[number] for kind, number in best.missed if kind == "city"]
    if spots:
        told = "、".join(f"{one.name}（{one.point.city}{'，已约' if one.appointment else ''}）" for one in spots)
        raise OptionError(f"排不进：{told}；请加天数或队数，或放宽约定、必访", field="must")
    if cities:
        raise OptionError(f"走不完：{'、'.join(cities)}排不进；请加天数、少几座城市，或让程序选去哪些", field="cities")


class _Writer:
    def __init__(
        self,
        request: TripRequest,
        built: Built,
        others: Mapping[int, tuple[Alternate, ...]],
        values: Mapping[int, int],
        sheets: Sheets,
    ) -> None:
        self._request, self._built, self._others, self._values, self._sheets = request, built, others, values, sheets

    def team(self, number: int, team: tuple[Route, ...]) -> TeamTrip:
        """A team's trip with its ways."""
        shape = self._built.problem.shape
        first, last = team[0].start, team[-1].end
        eve = self._leg(HOME, first, shape.eve or 0) if first != HOME else None
        home = self._leg(last, HOME, shape.leave) if last != HOME else None
        days = tuple(self._day(day, route) for day, route in enumerate(team))
        return TeamTrip(number + 1, eve, days, home)

    def _day(self, day: int, route: Route) -> PlannedDay:
        problem = self._built.problem
        visits, left, at = [], problem.shape.leave, route.start
        times = timetable(problem, route, day) or []
        if times:  # leave as late as the first visit allows: nobody waits at a closed door
            left = times[0].begins - int(problem.ways[at, problem.spots[route.stops[0]].node])
        for stop, time in zip(route.stops, times, strict=True):
            way = self._leg(at, problem.spots[stop].node, left)
            visits.append(self._visit(stop, clock(time.begins), clock(time.ends), way))
            left, at = time.ends, problem.spots[stop].node
        date = (self._request.start + timedelta(days=day)).isoformat()
        return PlannedDay(date, self._name(route.start), tuple(visits), self._leg(at, route.end, left), self._name(route.end))

    def _visit(self, stop: int, begins: str, ends: str, way: PlannedLeg) -> PlannedVisit:
        one = self._built.candidates[stop]
        return PlannedVisit(
            id=one.id,
            name=one.name,
            kind=one.kind,
            city=one.point.city,
            county=one.point.county,
            state=one.state,
            must=one.must,
            begins=begins,
            ends=ends,
            score=one.score / UNIT,
            chance=one.chance / MILLI,
            value=points(self._values[stop]),
            way=way,
            alternates=self._others.get(stop, ()),
            doubts=self._sheets.doubts(one.result),
            questions=self._sheets.questions(one),
            members=one.target.members if one.target else None,
            profile=self._sheets.profile(one),
            result=one.result,
        )

    def _leg(self, start: int, end: int, leaves: int) -> PlannedLeg:
        beds = self._built.problem.bases
        leg = self._built.ways.leg(start, end, seat=start in beds or end in beds)
        return PlannedLeg(
            self._name(start), self._name(end), leg.mode, round(leg.km, 1), leg.minutes, leg.mode != "table",
            clock(leaves), clock(leaves + leg.minutes // 5), leg.within,
        )  # fmt: skip

    def _name(self, node: int) -> str:
        if node == HOME:
            return HOME_NAME
        point = self._built.ways.points[node]
        return point.city + (short(point.county) if point.county and node not in self._built.problem.bases else "")
