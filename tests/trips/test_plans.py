"""Plans of real companies: checked from the JSON alone, made again after a refusal, written as documents that can be read back."""

from __future__ import annotations

import io
import math
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

import docx
import icalendar
import pytest
from python_calamine import CalamineWorkbook

from matcher.engine import Engine
from matcher.errors import InputError, OptionError, RequestError
from matcher.intake import Intake, read_files
from matcher.outputs.trip_xlsx import trip_xlsx
from matcher.places import Gazetteer
from matcher.rules.trips import TripRules, load_trip_rules
from matcher.trips.calendar import calendar
from matcher.trips.document import document
from matcher.trips.explain import Rest
from matcher.trips.keeping import plan_of
from matcher.trips.planning import plan
from matcher.trips.plans import TripPlan
from matcher.trips.problem import Problem
from matcher.trips.replan import plan_json, replan, request_of
from matcher.trips.request import Appointment, Source, Target, TripRequest, Way
from matcher.trips.search import Found, Limits, search
from matcher.trips.words import reasons

START = date(2024, 8, 27)
CITIES = ("青岛", "杭州", "绍兴")
CHAMBER = Target("青岛市虚构商会", "chamber", "青岛", "崂山区", members=300)
BASIC = TripRequest(START, 3, CITIES, candidates=40, explain=False)


@lru_cache(maxsize=1)
def rules() -> TripRules:
    found = load_trip_rules()
    return found.model_copy(update={"search": found.search.model_copy(update={"effort": 2, "seconds": 3600})})


@pytest.fixture(scope="module")
def intake(engine: Engine) -> Intake:
    return read_files([engine.corpora.sample], engine.corpora)


@pytest.fixture(scope="module")
def basic(engine: Engine, intake: Intake) -> TripPlan:
    return plan(engine, intake, BASIC, rules())


def visits(told: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for team in told["teams"]:
        for day in team["days"]:
            for visit in day["visits"]:
                yield day, visit


def minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def check(
    told: dict[str, Any], engine: Engine, hours: tuple[tuple[str, str], ...] = (("09:00", "12:00"), ("13:30", "17:30"))
) -> None:
    """A plan by its JSON: nothing overlaps, all is within hours, ways fit between, nobody twice, values add up."""
    gazetteer, day_rules = Gazetteer(engine.corpora), rules().day
    seen = [visit["id"] for _, visit in visits(told)]
    families = [(visit["result"] or {}).get("family") for _, visit in visits(told)]
    heads = [family["head"] for family in families if family]
    assert len(set(seen)) == len(seen) == told["visits"]
    assert len(set(heads)) == len(heads)
    assert sum(visit["value"] for _, visit in visits(told)) == pytest.approx(told["value"])
    assert told["value"] <= told["bound"] + 1e-6
    assert told["gap"] == pytest.approx(1 - told["value"] / told["bound"])
    for team in told["teams"]:
        slept = team["eve"]["end"] if team["eve"] else "园区"
        for day in team["days"]:
            assert day["start"] == slept
            left, morning = minutes(day_rules.leave), False
            for visit in day["visits"]:
                begins, ends, way = minutes(visit["begins"]), minutes(visit["ends"]), visit["way"]
                assert any(minutes(a) <= begins < ends <= minutes(b) for a, b in hours)
                assert begins >= left + way["minutes"] + (day_rules.lunch if morning and begins >= minutes(hours[1][0]) else 0)
                if way["mode"] == "road" and way["estimated"]:
                    assert way["minutes"] * 80 / 60 >= way["km"]
                point = gazetteer.point(visit["city"], visit["county"])
                assert point is not None
                left, morning = ends, begins < minutes(hours[0][1])
            back = day["way_back"]
            assert left + back["minutes"] <= minutes(day_rules.home if day["sleeps"] == "园区" else day_rules.check_in)
            slept = day["sleeps"]
        assert slept == "园区" or team["way_home"]


def test_a_plan_holds_by_its_json_alone(basic: TripPlan, engine: Engine) -> None:
    told = plan_json(basic)
    check(told, engine)
    cities = list(dict.fromkeys(visit["city"] for _, visit in visits(told)))
    assert cities == list(CITIES)
    assert basic.complete and any("估算" in note for note in basic.notes)
    km = next(visit["way"]["km"] for _, visit in visits(told))
    assert km >= 0 and not math.isnan(km)


@pytest.mark.slow
def test_the_same_request_gives_the_same_plan(basic: TripPlan, engine: Engine, intake: Intake) -> None:
    again = plan(engine, intake, BASIC, rules())
    assert again.id == basic.id and again.teams == basic.teams
    assert document(again, engine.zone)[:2] == b"PK" and calendar(again) == calendar(basic)


@pytest.mark.slow
def test_what_was_agreed_is_kept_and_what_was_refused_is_left(basic: TripPlan, engine: Engine, intake: Intake) -> None:
    told = [visit for _, visit in visits(plan_json(basic))]
    agreed, refused, must = told[1], told[0], basic.dropped[0]
    day = next(day for day in basic.teams[0].days for visit in day.visits if visit.id == agreed["id"])
    asked = replace(
        BASIC,
        appointments=(
            Appointment(agreed["id"], "agreed", date.fromisoformat(day.date), "10:30", 60),
            Appointment(refused["name"], "refused"),
        ),
        targets=(CHAMBER,),
        must=(must.name,),
        explain=True,
    )
    found = plan(engine, intake, asked, rules())
    there = {visit["id"]: (one["date"], visit["begins"], visit["ends"]) for one, visit in visits(plan_json(found))}
    assert there[agreed["id"]] == (day.date, "10:30", "11:30")
    assert refused["id"] not in there and (refused["name"], "被拒") in found.refused
    assert must.id in there
    check(plan_json(found), engine)
    price = next(one for one in found.must_prices if one.id == must.id)
    assert price.price >= 0
    assert {one.days for one in found.other_days} <= {2, 4} and all((one.change > 0) == (one.days == 4) for one in found.other_days)
    visit = next(visit for team in found.teams for one in team.days for visit in one.visits if visit.id == agreed["id"])
    assert visit.state == "agreed" and visit.alternates == ()


def test_alternates_are_of_the_district_and_of_nobody_else(basic: TripPlan) -> None:
    there = {visit["id"] for _, visit in visits(plan_json(basic))}
    others = [(visit, other) for team in basic.teams for day in team.days for visit in day.visits for other in visit.alternates]
    ids = [other.id for _, other in others]
    assert len(set(ids)) == len(ids) and not there & set(ids)
    assert all((other.county == visit.county) == other.near or not visit.county for visit, other in others)


@pytest.mark.slow
def test_every_visit_has_an_alternate_and_those_of_a_district_serve_it_first(engine: Engine, intake: Intake) -> None:
    made = plan(engine, intake, replace(BASIC, teams=2, candidates=None), rules())
    stops = [visit for team in made.teams for day in team.days for visit in day.visits]
    assert len(stops) > 25 and all(visit.alternates for visit in stops if visit.state != "agreed")
    named = Counter(other.id for visit in stops for other in visit.alternates)
    for id_, times in named.items():  # named twice only for those who would have nobody
        alone = [visit for visit in stops if [other.id for other in visit.alternates] == [id_]]
        assert len(alone) >= times - 1
    for visit in stops:  # whoever is far was called on only because nobody near was left for this one
        if not visit.alternates[0].near and visit.county:
            here = [other for one in stops if one.county == visit.county for other in one.alternates if other.near]
            assert len(here) <= sum(one.county == visit.county for one in stops)


def test_a_refusal_moves_nobody_else(basic: TripPlan, engine: Engine, intake: Intake) -> None:
    before = plan_json(basic)
    refused = [visit for _, visit in visits(before)][2]
    found = replan(engine, intake, before, [refused["name"]], rules())
    after = plan_json(found)
    check(after, engine)
    was = {visit["id"]: (day["date"], visit["begins"], visit["ends"]) for day, visit in visits(before)}
    now = {visit["id"]: (day["date"], visit["begins"], visit["ends"]) for day, visit in visits(after)}
    assert refused["id"] not in now
    assert all(now[who] == when for who, when in was.items() if who != refused["id"])
    assert found.kept_price is not None and found.kept_price >= 0
    assert found.changes[0] == f"被拒：{refused['name']}"
    assert request_of(after) == found.request
    with pytest.raises(RequestError, match="没有这个拜访"):
        replan(engine, intake, before, ["没有这家"], rules())
    with pytest.raises(InputError, match="request"):
        replan(engine, intake, {"teams": []}, [refused["name"]], rules())


def test_a_search_that_ran_out_of_time_claims_nothing(
    basic: TripPlan, engine: Engine, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What leaves out a city is worth more than any plan and no plan at all; that it was not found in time does not say it is not there."""
    from matcher.trips import explain, planning
    from matcher.trips import replan as replanning

    whole = search

    def late(problem: Problem, limits: Limits) -> Found:
        found = whole(problem, limits)
        return replace(found, worth=found.worth * 2, missed=(("city", 0),), cut=True)

    monkeypatch.setattr(replanning, "search", late)
    refused = [visit for _, visit in visits(plan_json(basic))][2]
    found = replan(engine, intake, plan_json(basic), [refused["name"]], rules())
    assert found.kept_price is None and not found.complete
    assert not any("全部重新排" in line for _, line in reasons(found))
    monkeypatch.setattr(explain, "search", late)
    made = planning.plan(engine, intake, replace(BASIC, explain=True), rules())
    assert [(one.cities, one.cut) for one in made.other_days] == [((), True)] * 2
    told = [line for title, line in reasons(made) if title in ("少一天", "多一天")]
    assert len(told) == 2 and all("没有算出来" in line for line in told)
    assert plan_of(plan_json(made)) == made


def test_searches_that_explain_share_what_is_left_of_the_time() -> None:
    limits = Limits(rounds=9, effort=1, seconds=100)
    assert Rest(limits, 2, None).next() == limits
    rest = Rest(limits, 2, time.monotonic() + 60)
    first, second = rest.next(), rest.next()
    assert first is not None and second is not None
    assert first.seconds <= 30 and 50 < second.seconds <= 60  # the first took no time, so all is left to the last
    assert Rest(limits, 3, time.monotonic() + 2).next() is None


def test_two_teams_never_visit_one_family(engine: Engine, intake: Intake) -> None:
    found = plan(engine, intake, replace(BASIC, teams=2, anywhere=True, days=2), rules())
    check(plan_json(found), engine)
    assert len(found.teams) == 2


@pytest.mark.slow
def test_documents_can_be_read_back(basic: TripPlan, engine: Engine) -> None:
    names = {visit["name"] for _, visit in visits(plan_json(basic))}
    text = docx.Document(io.BytesIO(document(basic, engine.zone)))
    sheets = {paragraph.text.removeprefix("拜访单：") for paragraph in text.paragraphs if paragraph.text.startswith("拜访单：")}
    assert sheets == names
    events = list(icalendar.Calendar.from_ical(calendar(basic)).walk("VEVENT"))
    called = {str(event["summary"]).removesuffix("（待约）") for event in events}
    assert names <= called
    uids = [str(event["uid"]) for event in events]
    assert len(set(uids)) == len(uids)
    book = CalamineWorkbook.from_filelike(io.BytesIO(trip_xlsx(basic, engine.zone)))
    rows = book.get_sheet_by_name("行程").to_python()
    assert {row[5] for row in rows[1:]} == names


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"cities": ("青到",)}, "青岛"),
        ({"cities": ()}, "去哪些城市"),
        ({"days": 99}, "天数应为"),
        ({"hours": ("9点",)}, "办公时间应写成"),
        ({"visit": 47}, "5 的倍数"),
        ({"must": ("没有这家虚构的企业",)}, "没有这个企业"),
        ({"appointments": (Appointment("开元旅业集团有限公司", "agreed", date(2025, 1, 1), "10:00"),)}, "不在行程的日期里"),
        ({"appointments": (Appointment("开元旅业集团有限公司", "agreed", START, "11:45"),)}, "不在办公时间里"),
        ({"ways": (Way("园区", "青岛", 200), Way("青岛", "杭州", 400))}, "缺 4 段路程"),
        ({"ways": (Way("园区", "月亮", 200, Source("w.csv", 2)),)}, "w.csv 第 2 行"),
        ({"targets": (Target("某商会", "chamber", "青岛", "萧山区", members=3, source=Source("t.csv", 3)),)}, "t.csv 第 3 行"),
        ({"days": 1}, "请加天数"),
    ],
)
def test_what_cannot_be_done_is_told(asked: dict[str, Any], problem: str, engine: Engine, intake: Intake) -> None:
    with pytest.raises((RequestError, OptionError, InputError), match=problem):
        plan(engine, intake, replace(BASIC, **asked), rules())


def test_appointments_of_one_time_need_as_many_teams(basic: TripPlan, engine: Engine, intake: Intake) -> None:
    one, other = [visit for _, visit in visits(plan_json(basic))][:2]
    both = tuple(
        Appointment(visit["id"], "agreed", START, clock, None, Source("a.csv", row))
        for row, (visit, clock) in enumerate(((one, "10:00"), (other, "10:30")), 2)
    )
    with pytest.raises(InputError, match=r"a\.csv 第 3 行.*时间重叠"):
        plan(engine, intake, replace(BASIC, appointments=both), rules())


def test_a_table_of_ways_is_used(engine: Engine, intake: Intake) -> None:
    ends = ("园区", *CITIES)
    ways = tuple(Way(a, b, 125) for place, a in enumerate(ends) for b in ends[place + 1 :])
    found = plan(engine, intake, replace(BASIC, ways=ways), rules())
    legs = [team.eve for team in found.teams if team.eve] + [day.way_back for team in found.teams for day in team.days]
    apart = [leg for leg in legs if leg.start[:2] != leg.end[:2]]
    assert apart and all(leg.mode == "table" and leg.minutes == 125 and not leg.estimated for leg in apart)
