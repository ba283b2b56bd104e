"""A plan changed by hand holds by the same rules or is refused; who agrees stays where he is; whoever waits may end the planning."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.engine import Engine
from matcher.errors import CalledOffError, InputError, OptionError, RequestError
from matcher.intake import Intake, read_files
from matcher.trips.alternates import alternates
from matcher.trips.building import Built, build
from matcher.trips.candidates import gather
from matcher.trips.moving import Draft, arranged, draft, order_of
from matcher.trips.planning import plan
from matcher.trips.plans import TripPlan
from matcher.trips.problem import Plan
from matcher.trips.replan import called_instead, plan_json, replan
from matcher.trips.request import TripRequest
from matcher.trips.search import Limits, search
from matcher.trips.tables import ways_of
from matcher.trips.value import points, worth
from matcher.trips.watching import Watch
from matcher.trips.words import way
from tests.trips.test_plans import BASIC, check, rules, visits


@pytest.fixture(scope="module")
def intake(engine: Engine) -> Intake:
    return read_files([engine.corpora.sample], engine.corpora)


@pytest.fixture(scope="module")
def basic(engine: Engine, intake: Intake) -> TripPlan:
    return plan(engine, intake, BASIC, rules())


@pytest.fixture(scope="module")
def made(engine: Engine, intake: Intake, basic: TripPlan) -> Draft:
    return draft(engine, intake, basic, rules())


def test_the_order_of_a_plan_gives_the_plan(made: Draft, basic: TripPlan) -> None:
    again = arranged(made, basic, order_of(basic))
    assert again.teams == basic.teams
    assert (again.value, again.bound, again.gap) == (basic.value, basic.bound, basic.gap)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_holds_or_is_refused(data: st.DataObject, made: Draft, basic: TripPlan, engine: Engine) -> None:
    order = order_of(basic)
    days = [(team, day) for team, its in enumerate(order) for day in range(len(its))]
    for _ in range(data.draw(st.integers(1, 3))):
        (team, day), (to_team, to_day) = data.draw(st.sampled_from(days)), data.draw(st.sampled_from(days))
        if order[team][day]:
            one = order[team][day].pop(data.draw(st.integers(0, len(order[team][day]) - 1)))
            order[to_team][to_day].insert(data.draw(st.integers(0, len(order[to_team][to_day]))), one)
    try:
        moved = arranged(made, basic, order)
    except OptionError as error:
        assert "排" in str(error) or "次序" in str(error)
        return
    assert order_of(moved) == order
    check(plan_json(moved), engine)
    number = {one.id: place for place, one in enumerate(made.built.candidates)}
    there = [number[id_] for team in order for day in team for id_ in day]
    assert moved.value == points(worth(made.built.problem, there))


def test_too_many_a_day_and_the_same_twice_are_refused(made: Draft, basic: TripPlan) -> None:
    order = order_of(basic)
    first = order[0][0][0]
    with pytest.raises(OptionError, match=r"排了两次|排不下"):
        arranged(made, basic, [[[*day, first] if place == 0 else day for place, day in enumerate(order[0])]])
    far = [[[*order[0][0], *order[0][1], *order[0][2]], [], []]]
    with pytest.raises(OptionError, match="一天至多"):
        arranged(made, basic, far)


def test_who_is_left_out_is_visited_by_nobody(made: Draft, basic: TripPlan, engine: Engine) -> None:
    order = order_of(basic)
    gone = order[0][0].pop()
    moved = arranged(made, basic, order)
    check(plan_json(moved), engine)
    assert gone not in {visit["id"] for _, visit in visits(plan_json(moved))}
    assert moved.visits == basic.visits - 1
    assert moved.value < basic.value
    assert gone in {one.id for one in moved.dropped}


def test_who_agrees_stays_and_moves_nobody(basic: TripPlan, engine: Engine, intake: Intake) -> None:
    told = plan_json(basic)
    _, one = next(visits(told))
    again = plan_json(replan(engine, intake, told, [], rules(), agreed=[one["id"]]))
    assert [(d["date"], v["id"], v["begins"]) for d, v in visits(again)] == [
        (d["date"], v["id"], v["begins"]) for d, v in visits(told)
    ]
    states = {visit["id"]: visit["state"] for _, visit in visits(again)}
    assert states.pop(one["id"]) == "agreed"
    assert set(states.values()) == {"pending"}
    assert again["value"] > told["value"]
    check(again, engine)
    assert [change for change in again["changes"] if change.startswith("已约")] == [f"已约：{one['name']}"]


def test_one_agrees_and_another_refuses(basic: TripPlan, engine: Engine, intake: Intake) -> None:
    told = plan_json(basic)
    (day, one), (_, other) = list(visits(told))[:2]
    again = plan_json(replan(engine, intake, told, [other["id"]], rules(), agreed=[one["id"]]))
    there = {visit["id"]: (found["date"], visit["begins"], visit["state"]) for found, visit in visits(again)}
    assert there[one["id"]] == (day["date"], one["begins"], "agreed")
    assert other["id"] not in there
    check(again, engine)


@pytest.mark.slow
def test_an_alternate_comes_in_and_nobody_moves(basic: TripPlan, engine: Engine, intake: Intake) -> None:
    told = plan_json(basic)
    pairs = [(day, visit, other) for day, visit in visits(told) for other in visit["alternates"]][::3]
    assert len(pairs) >= 4
    for day, gone, other in pairs:
        again = plan_json(called_instead(engine, intake, told, gone["id"], other["id"], rules()))
        check(again, engine)
        rest = {(d["date"], v["id"], v["begins"]) for d, v in visits(told) if v["id"] != gone["id"]}
        now = {(d["date"], v["id"], v["begins"]) for d, v in visits(again)}
        assert rest <= now
        ((date, id_, begins),) = now - rest
        assert (date, id_) == (day["date"], other["id"])
        if other["near"]:
            assert begins == gone["begins"], "whoever is of the same district is met when the other would have been"
        assert again["request"]["appointments"] == [{**again["request"]["appointments"][0], "who": gone["id"], "state": "refused"}]
        assert again["bound"] >= told["bound"]
        assert next(line for line in again["changes"] if line.startswith("补上")).startswith(f"补上：{other['name']}")


DISTRICTS = {"青岛": ("崂山区", "市南区"), "杭州": ("上城区", "西湖区"), "绍兴": ("越城区", "柯桥区")}


@pytest.fixture(scope="module")
def placed(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Intake:
    """The sample with addresses in two districts of each city."""
    file = tmp_path_factory.mktemp("placed") / "placed.csv"
    with Path(engine.corpora.sample).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for number, row in enumerate(rows):
        city = row["city"].removesuffix("市")
        row["address"] = f"{city}市{DISTRICTS[city][number % 2]}" if city in DISTRICTS else ""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [*rows[0]])
        writer.writeheader()
        writer.writerows(rows)
    return read_files([file], engine.corpora)


@pytest.mark.slow
def test_neighbours_come_from_further_down_the_list(engine: Engine, placed: Intake) -> None:
    """Where the candidates have nobody more of a district and the list has, that one is named, and comes in as any other."""
    asked = replace(BASIC, candidates=20)
    made = plan(engine, placed, asked, rules())
    told = plan_json(made)
    found = gather(engine, placed, asked, rules())
    behind = {one.id for one in found.further}
    assert behind.isdisjoint(one.id for one in found.those)
    pairs = [(day, visit, other) for day, visit in visits(told) for other in visit["alternates"]]
    neighbours = [one for one in pairs if one[2]["id"] in behind]
    assert len(neighbours) >= 2
    there = {visit["id"] for _, visit in visits(told)}
    for day, gone, other in neighbours[:2]:
        assert other["near"] and other["id"] not in there and other["county"] == gone["county"]
        again = plan_json(called_instead(engine, placed, told, gone["id"], other["id"], rules()))
        check(again, engine)
        assert (day["date"], other["id"], gone["begins"]) in {(d["date"], v["id"], v["begins"]) for d, v in visits(again)}
    named = [other["id"] for _, _, other in neighbours]
    assert len(named) == len(set(named))
    near = sum(other["near"] for _, _, other in pairs)
    alone = alternates(*plan_of(engine, placed, asked), rules().alternates)
    assert near > sum(other.near for others in alone.values() for other in others)


def plan_of(engine: Engine, intake: Intake, asked: TripRequest) -> tuple[Built, Plan]:
    """The same plan as the solver has it."""
    built = build(engine, asked, rules(), gather(engine, intake, asked, rules()))
    return built, search(built.problem, Limits(rules().search.rounds, rules().search.effort, rules().search.seconds, Watch())).plan


@pytest.mark.slow
def test_an_alternate_who_cannot_come_in_is_refused(basic: TripPlan, engine: Engine, intake: Intake) -> None:
    told = plan_json(basic)
    (_, one), (_, other), *_ = visits(told)
    with pytest.raises(OptionError, match="已经在行程里"):
        called_instead(engine, intake, told, one["id"], other["id"], rules())
    with pytest.raises(RequestError, match="备选"):
        called_instead(engine, intake, told, one["id"], "没有这一家", rules())
    last = list(visits(told))[-1][1]["alternates"][0]  # of the last city: nobody goes there on the first day
    with pytest.raises(OptionError, match="排不进"):
        called_instead(engine, intake, told, one["id"], last["id"], rules())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("从,到,分钟\n园区,青岛,200\n青岛,杭州,半天\n", "我的.csv 第 3 行 [分钟]"),
        ("从,到,分钟\n,青岛,200\n", "我的.csv 第 2 行 [从]"),
        ("从,分钟\n园区,200\n", "我的.csv 第 1 行：缺少列「到」"),
        ("", "我的.csv：是空的"),
    ],
)
def test_a_table_that_was_sent_is_read_as_a_file_is(text: str, problem: str) -> None:
    with pytest.raises(InputError) as raised:
        ways_of(text.encode("gb18030"), "我的.csv")
    assert str(raised.value).startswith(problem)


def test_a_way_says_what_its_minutes_rest_on(basic: TripPlan) -> None:
    legs = [visit.way for team in basic.teams for day in team.days for visit in day.visits]
    assert {leg.within for leg in legs} > {""}
    for leg in legs:
        assert ("市内" in way(leg)) == bool(leg.within)
        assert "直线 0 公里" not in way(leg)
        assert "→" in way(leg) or leg.start == leg.end


class Soon(Watch):
    """Has enough at a word."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self._word = word

    def tell(self, doing: str) -> None:
        super().tell(doing)
        self.enough = self.enough or doing.startswith(self._word)


def test_whoever_waits_may_call_it_off_or_take_what_there_is(engine: Engine, intake: Intake) -> None:
    off = Watch()
    off.off = True
    with pytest.raises(CalledOffError, match="已取消"):
        plan(engine, intake, BASIC, rules(), watch=off)

    for word in ("试各种走法", "改好行程"):
        found = plan(engine, intake, BASIC, rules(), watch=Soon(word))
        assert not found.complete
        assert any("没有算完" in warning for warning in found.warnings)
        check(plan_json(found), engine)


def test_it_is_told_how_far_planning_is(engine: Engine, intake: Intake) -> None:
    told: list[str] = []

    class Heard(Watch):
        def tell(self, doing: str) -> None:
            super().tell(doing)
            told.append(doing)

    made = plan(engine, intake, BASIC, rules(), watch=Heard())
    assert told[0] == "看名单、找地址"
    assert any(line.startswith("试各种走法：第 1 轮") for line in told)
    assert any(f"至多 {made.bound:.1f} 分" in line for line in told)
