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
from matcher.errors import InputError, OptionError, RequestError
from matcher.intake import Intake
from matcher.rules.trips import TripRules
from matcher.snapshot import ProfileCache
from matcher.trips.building import Built, build, check, slot_of
from matcher.trips.candidates import gather
from matcher.trips.planning import check_done, compose, plan_id
from matcher.trips.plans import TripPlan
from matcher.trips.polish import replaced, with_stop
from matcher.trips.problem import HOME, SLOT, Plan, Route, fits, timetable, visited
from matcher.trips.request import STATE_LABELS, Appointment, Source, Target, TripRequest, Way
from matcher.trips.search import Found, Limits, search
from matcher.trips.value import points, worth
from matcher.trips.watching import Watch


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
        raise InputError(file, "不是本程序写成 JSON 的行程计划（缺 request 或内容不符）") from None


def replan(
    engine: Engine,
    intake: Intake,
    before: Mapping[str, Any],
    refused: Sequence[str],
    rules: TripRules,
    *,
    agreed: Sequence[str] = (),
    known: ProfileCache | None = None,
    chances: Mapping[str, float] | None = None,
    file: str = "计划",
    watch: Watch | None = None,
) -> TripPlan:
    """Plans again after refusals, the rest kept (重排).

    Args:
        engine: As of the plan before.
        intake: The same companies.
        before: The plan's JSON.
        refused: Credit codes or names of those who do not receive the team.
        rules: ``load_trip_rules``.
        agreed: Credit codes or names of those who have agreed to the time that the plan has for them.
        known: As in ``plan``.
        chances: As in ``plan``.
        file: What the plan is called in messages.
        watch: As in ``plan``.

    Raises:
        CalledOffError: Whoever watches has called it off.
        InputError: The plan is none, or names whom the companies do not have.
        RequestError: Somebody who refused is not on it.
    """
    request = request_of(before, file)
    check(request)
    watch = watch or Watch()
    watch.tell("看名单、找地址")
    gone = [_visit_of(before, who, file) for who in refused]
    held = [_visit_of(before, who, file) for who in agreed]
    fresh = _learned(request, before, gone, held)
    found = gather(engine, intake, fresh, rules, known=known, chances=chances)
    built = build(engine, fresh, rules, found)
    limits = Limits(rules.search.rounds, rules.search.effort, request.seconds or rules.search.seconds, watch)
    whole = search(built.problem, limits)
    kept, free = _kept(built, before, {id_ for id_, _ in gone}, file)
    filled = _fill(kept, free) if gone else _as_left(kept, free)
    best = Found(filled, worth(kept.problem, visited(filled)), whole.bound, (), whole.rounds, whole.cut)
    check_done(kept, best)
    plan = compose(engine, intake, fresh, rules, found, kept, best)
    # a search that was cut short may have left out what must be done, and then is worth more than any plan
    price = None if whole.missed or not whole.plan else max(0.0, points(whole.worth - best.worth))
    plan = replace(plan, kept_price=price, changes=tuple(_changes(kept, before, filled, gone, held)))
    return replace(plan, id=plan_id(plan))


def called_instead(
    engine: Engine,
    intake: Intake,
    before: Mapping[str, Any],
    who: str,
    other: str,
    rules: TripRules,
    *,
    agreed: Sequence[str] = (),
    known: ProfileCache | None = None,
    chances: Mapping[str, float] | None = None,
    file: str = "计划",
) -> TripPlan:
    """Has an alternate visited instead of somebody who refused (换成备选): on the same day of the same team, nobody else moved.

    Nothing is searched for, so it is quickly done; the bound is that of the plan before, which had one more to choose from.

    Args:
        engine: As of the plan before.
        intake: The same companies.
        before: The plan's JSON.
        who: Who does not receive the team: credit code or name.
        other: Who is visited instead, by credit code or name: one of the alternates, or anybody else who could be visited.
        rules: ``load_trip_rules``.
        agreed: As in ``replan``.
        known: As in ``plan``.
        chances: As in ``plan``.
        file: What the plan is called in messages.

    Raises:
        InputError: The plan is none, or names whom the companies do not have.
        OptionError: The alternate is visited already, or does not fit in there.
        RequestError: Nobody of that name is on the plan, or could be visited.
    """
    request = request_of(before, file)
    check(request)
    gone, held = [_visit_of(before, who, file)], [_visit_of(before, one, file) for one in agreed]
    fresh = _learned(request, before, gone, held)
    found = gather(engine, intake, fresh, rules, known=known, chances=chances).with_further(other)
    kept, free = _kept(build(engine, fresh, rules, found), before, {gone[0][0]}, file)
    stop = _candidate_of(kept, other)
    plan = _with_instead(kept, free, _place_of(before, gone[0][0]), stop)
    value = worth(kept.problem, visited(plan))
    best = Found(plan, value, max(float(before["bound"]), points(value)), (), 0, not before["complete"])
    made = compose(engine, intake, fresh, rules, found, kept, best)
    made = replace(made, changes=tuple(_changes(kept, before, plan, gone, held)))
    return replace(made, id=plan_id(made))


def _candidate_of(built: Built, who: str) -> int:
    """Which candidate a word means: a credit code, a name, or a part of a name that only one has."""
    exact = [number for number, one in enumerate(built.candidates) if who in (one.id, one.name)]
    found = exact or [number for number, one in enumerate(built.candidates) if len(who) > 1 and who in one.name]
    if len(found) != 1:
        raise RequestError("备选", who, [built.candidates[number].name for number in found or range(len(built.candidates))])
    return found[0]


def _learned(
    request: TripRequest, before: Mapping[str, Any], gone: Sequence[tuple[str, str]], held: Sequence[tuple[str, str]]
) -> TripRequest:
    """The request with who refused, and who agreed to the time of the plan."""
    told = tuple(one for one in request.appointments if one.who not in {id_ for pair in (*gone, *held) for id_ in pair})
    told += tuple(Appointment(id_, "refused") for id_, _ in gone)
    told += tuple(_as_planned(before, id_) for id_, _ in held)
    must = tuple(who for who in request.must if not any(who in (id_, name) or who in name for id_, name in gone))
    return replace(request, appointments=told, must=must)


def _visits(before: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [visit for team in before["teams"] for day in team["days"] for visit in day["visits"]]


def _visit_of(before: Mapping[str, Any], who: str, file: str) -> tuple[str, str]:
    """Id and name of whom a word means on a plan."""
    try:
        visits = _visits(before)
        holding = [visit for visit in visits if who in (visit["id"], visit["name"])] or [v for v in visits if who in v["name"]]
        names = [visit["name"] for visit in visits]
    except (KeyError, TypeError):
        raise InputError(file, "不是本程序写成 JSON 的行程计划（teams 不符）") from None
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


def _as_planned(before: Mapping[str, Any], id_: str) -> Appointment:
    """An appointment at the time that the plan has for it."""
    for team in before["teams"]:
        for day in team["days"]:
            for visit in day["visits"]:
                if visit["id"] == id_:
                    minutes = (slot_of(visit["ends"]) - slot_of(visit["begins"])) * SLOT
                    return Appointment(id_, "agreed", date.fromisoformat(day["date"]), visit["begins"], minutes)
    raise AssertionError(f"{id_} was found before")


def _as_left(built: Built, routes: list[tuple[int, int, Route]]) -> Plan:
    """The routes as a plan."""
    days = {(team, day): route for team, day, route in routes}
    return tuple(tuple(days[team, day] for day in range(built.problem.days)) for team in range(built.problem.teams))


def _fill(built: Built, routes: list[tuple[int, int, Route]]) -> Plan:
    """Puts in whoever is worth most, while anybody fits and gains."""
    problem, plan = built.problem, _as_left(built, routes)
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


def _place_of(before: Mapping[str, Any], id_: str) -> tuple[int, int, int]:
    """Team, day and place among that day's visits."""
    for team, told in enumerate(before["teams"]):
        for day, one in enumerate(told["days"]):
            for place, visit in enumerate(one["visits"]):
                if visit["id"] == id_:
                    return team, day, place
    raise AssertionError(f"{id_} was found before")


def _with_instead(built: Built, routes: list[tuple[int, int, Route]], at: tuple[int, int, int], stop: int) -> Plan:
    """The routes with one more visit, in the place that has become free, else wherever that day has room."""
    problem, plan, (team, day, place) = built.problem, _as_left(built, routes), at
    name, spot = built.candidates[stop].name, problem.spots[stop]
    if any(problem.spots[one].family == spot.family for one in visited(plan)):
        raise OptionError(f"{name} 或同一集团的企业已经在行程里")
    route = plan[team][day]
    for stops in sorted(with_stop(route.stops, stop), key=lambda stops: abs(stops.index(stop) - place)):
        if fits(problem, fresh := Route(route.start, stops, route.end), day):
            return replaced(plan, team, day, fresh)
    raise OptionError(f"第 {day + 1} 天空出来的时间里排不进 {name}，其余不动的话去不了；可以换另一家备选，或全部重新排")


def _changes(
    built: Built, before: Mapping[str, Any], plan: Plan, gone: Sequence[tuple[str, str]], held: Sequence[tuple[str, str]]
) -> list[str]:
    """What is other than before, in Chinese."""
    there = {visit["id"] for visit in _visits(before)}
    told = [f"{STATE_LABELS['agreed']}：{name}" for _, name in held]
    told += [f"{STATE_LABELS['refused']}：{name}" for _, name in gone]
    for number, team in enumerate(plan):
        for day, route in enumerate(team):
            times = timetable(built.problem, route, day) or []
            for stop, time in zip(route.stops, times, strict=True):
                if built.candidates[stop].id not in there:
                    begin = f"{time.begins * 5 // 60:02d}:{time.begins * 5 % 60:02d}"
                    told.append(
                        f"补上：{built.candidates[stop].name}（{'' if len(plan) == 1 else f'第 {number + 1} 队，'}第 {day + 1} 天 {begin}）"
                    )
    if gone and len(told) == len(gone) + len(held):
        told.append("没有补得进的，空着")
    return [*told, "其余拜访的队、日期、时刻都没有动"]
