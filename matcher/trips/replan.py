"""A plan made again after a refusal (重排): every other visit keeps its team, day and time; what has become free is filled as best it can.

Of those who fit without moving anybody, who mostly are of the district of the one who refused, the one worth most comes in, until nobody
fits. What a plan from scratch would be worth more is told beside it, so that a leader can choose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from matcher.engine import Engine
from matcher.errors import InputError, RequestError
from matcher.intake import Intake
from matcher.rules.trips import TripRules
from matcher.snapshot import ProfileCache
from matcher.trips.building import Built, build, check, slot_of
from matcher.trips.candidates import gather
from matcher.trips.planning import check_done, compose, plan_id
from matcher.trips.plans import TripPlan
from matcher.trips.polish import replaced, with_stop
from matcher.trips.problem import HOME, Plan, Route, fits, timetable, visited
from matcher.trips.request import STATE_LABELS, Appointment, Source, Target, TripRequest, Way
from matcher.trips.search import Found, Limits, search
from matcher.trips.value import points, worth


def plan_json(plan: TripPlan) -> dict[str, Any]:
    """A plan as plain JSON data (计划的 JSON)."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(one) for one in value]
        return value.isoformat() if isinstance(value, date) else value

    return {key: plain(value) for key, value in asdict(plan).items()}


def request_of(told: Mapping[str, Any], file: str = "计划") -> TripRequest:
    """The request of a plan's JSON (读出请求).

    Raises:
        InputError: It is none.
    """

    def line(kind: type[Any], raw: Mapping[str, Any]) -> Any:
        source = Source(**raw.get("source", {}))
        fields = {**raw, "source": source}
        if fields.get("day"):
            fields["day"] = date.fromisoformat(fields["day"])
        return kind(**fields)

    try:
        raw = dict(told["request"])
        raw["start"] = date.fromisoformat(raw["start"])
        for key, kind in (("appointments", Appointment), ("targets", Target), ("ways", Way)):
            raw[key] = tuple(line(kind, one) for one in raw.get(key, ()))
        for key in ("cities", "hours", "must", "must_not", "chains"):
            raw[key] = tuple(raw.get(key, ()))
        return TripRequest(**raw)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InputError(file, "不是 lianzhao trip --format json 写出的计划（缺 request 或内容不符）") from None


def replan(
    engine: Engine,
    intake: Intake,
    before: Mapping[str, Any],
    refused: Sequence[str],
    rules: TripRules,
    *,
    known: ProfileCache | None = None,
    chances: Mapping[str, float] | None = None,
    file: str = "计划",
) -> TripPlan:
    """Plans again after refusals, the rest kept (重排).

    Args:
        engine: As of the plan before.
        intake: The same companies.
        before: The plan's JSON.
        refused: Credit codes or names of those who do not receive the team.
        rules: ``load_trip_rules``.
        known: As in ``plan``.
        chances: As in ``plan``.
        file: What the plan is called in messages.

    Raises:
        InputError: The plan is none, or names whom the companies do not have.
        RequestError: Somebody who refused is not on it.
    """
    request = request_of(before, file)
    check(request)
    gone = [_visit_of(before, who, file) for who in refused]
    told = tuple(one for one in request.appointments if one.who not in {id_ for pair in gone for id_ in pair})
    told += tuple(Appointment(id_, "refused") for id_, _ in gone)
    must = tuple(who for who in request.must if not any(who in (id_, name) or who in name for id_, name in gone))
    fresh = replace(request, appointments=told, must=must)
    found = gather(engine, intake, fresh, rules, known=known, chances=chances)
    built = build(engine, fresh, rules, found)
    limits = Limits(rules.search.rounds, rules.search.effort, request.seconds or rules.search.seconds)
    whole = search(built.problem, limits)
    kept, free = _kept(built, before, {id_ for id_, _ in gone}, file)
    filled = _fill(kept, free)
    best = Found(filled, worth(kept.problem, visited(filled)), whole.bound, (), whole.rounds, whole.cut)
    check_done(kept, best)
    plan = compose(engine, intake, fresh, rules, found, kept, best, limits, explained=False)
    plan = replace(plan, kept_price=max(0.0, points(whole.worth - best.worth)), changes=tuple(_changes(kept, before, filled, gone)))
    return replace(plan, id=plan_id(plan))


def _visits(before: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [visit for team in before["teams"] for day in team["days"] for visit in day["visits"]]


def _visit_of(before: Mapping[str, Any], who: str, file: str) -> tuple[str, str]:
    """Id and name of whom a word means on a plan."""
    try:
        visits = _visits(before)
        holding = [visit for visit in visits if who in (visit["id"], visit["name"])] or [v for v in visits if who in v["name"]]
        names = [visit["name"] for visit in visits]
    except (KeyError, TypeError):
        raise InputError(file, "不是 lianzhao trip --format json 写出的计划（teams 不符）") from None
    if len(holding) != 1:
        raise RequestError("拜访（计划里）", who, names)
    return holding[0]["id"], holding[0]["name"]


def _kept(built: Built, before: Mapping[str, Any], gone: set[str], file: str) -> tuple[Built, list[tuple[int, int, Route]]]:
    """The problem with all other visits held at their times, and the routes as they are left, days with a gap first."""
    number = {one.id: place for place, one in enumerate(built.candidates)}
    spots, routes = list(built.problem.spots), list[tuple[int, int, Route]]()
    beds = {built.ways.points[base].city: base for base in built.problem.bases}
    try:
        for team, told in enumerate(before["teams"]):
            for day, one in enumerate(told["days"]):
                stops = []
                for visit in one["visits"]:
                    if visit["id"] in gone:
                        continue
                    place = number[visit["id"]]
                    start, end = slot_of(visit["begins"]), slot_of(visit["ends"])
                    spots[place] = replace(spots[place], day=day, start=start, length=end - start)
                    stops.append(place)
                routes.append((team, day, Route(beds.get(one["start"], HOME), tuple(stops), beds.get(one["sleeps"], HOME))))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(file, f"计划与这批企业对不上（{error}）；请用当时的企业文件和规则") from None
    problem = replace(built.problem, spots=tuple(spots))
    if any(timetable(problem, route, day) is None for _, day, route in routes):
        raise InputError(file, "计划与现在的行程规则或路程表对不上，按它排不下；请重新排")
    return replace(built, problem=problem), routes


def _fill(built: Built, routes: list[tuple[int, int, Route]]) -> Plan:
    """Puts in whoever is worth most, while anybody fits and gains."""
    problem = built.problem
    days = {(team, day): route for team, day, route in routes}
    plan: Plan = tuple(tuple(days[team, day] for day in range(problem.days)) for team in range(problem.teams))
    while True:
        there = visited(plan)
        families = {problem.spots[stop].family for stop in there}
        now = worth(problem, there)
        gains = [
            (worth(problem, [*there, n]) - now, -spot.key, n)
            for n, spot in enumerate(problem.spots)
            if n not in there and spot.family not in families and spot.day is None
        ]
        step = next(
            (
                replaced(plan, team, day, Route(route.start, stops, route.end))
                for gain, _, n in sorted(gains, reverse=True)
                if gain > 0
                for team, routes_of in enumerate(plan)
                for day, route in enumerate(routes_of)
                for stops in with_stop(route.stops, n)
                if fits(problem, Route(route.start, stops, route.end), day)
            ),
            None,
        )
        if step is None:
            return plan
        plan = step


def _changes(built: Built, before: Mapping[str, Any], plan: Plan, gone: Sequence[tuple[str, str]]) -> list[str]:
    """What is other than before, in Chinese."""
    there = {visit["id"] for visit in _visits(before)}
    told = [f"{STATE_LABELS['refused']}：{name}" for _, name in gone]
    for number, team in enumerate(plan):
        for day, route in enumerate(team):
            times = timetable(built.problem, route, day) or []
            for stop, time in zip(route.stops, times, strict=True):
                if built.candidates[stop].id not in there:
                    begin = f"{time.begins * 5 // 60:02d}:{time.begins * 5 % 60:02d}"
                    told.append(
                        f"补上：{built.candidates[stop].name}（{'' if len(plan) == 1 else f'第 {number + 1} 队，'}第 {day + 1} 天 {begin}）"
                    )
    if len(told) == len(gone):
        told.append("没有补得进的，空着")
    return [*told, "其余拜访的队、日期、时刻都没有动"]
