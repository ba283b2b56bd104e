"""The sentence of reasons: business, the gap it closes, strengths by points, the worst doubt, the question; always one sentence."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from matcher.engine import Engine
from matcher.intake import read_files
from matcher.runs import Request
from matcher.scoring.describe import asked_of
from matcher.scoring.evidence import fields
from matcher.scoring.expressions import compile_expression
from matcher.types import Contribution, RankedCompany
from tests.scoring.test_results import made_up_rows, profiles_of

AS_OF = date(2026, 1, 1)
ASIDE = ("待核：", "先问清", "再问", "可依托", "园区已与它签约")
PUBLIC = ("（公开常识）", "（公开消息）")
NO_FIT = "名称和经营范围都看不出与园区产业链的关系。"
_PLACEHOLDERS = re.compile(r"\{(\w+)\}")


def score(engine: Engine, **profile: Any) -> RankedCompany:
    (result,) = engine.score([profile], AS_OF)
    assert isinstance(result, RankedCompany)
    return result


def parts(result: RankedCompany) -> list[str]:
    assert result.reason.endswith("。")
    return result.reason[:-1].split("；")


@pytest.fixture(scope="module")
def results(engine: Engine) -> list[RankedCompany]:
    found = engine.score([*profiles_of(Path(engine.corpora.sample))[::3], *made_up_rows(120)], AS_OF)
    whole = [result for result in found if isinstance(result, RankedCompany)]
    assert len(whole) == len(found)
    return whole


@pytest.fixture(scope="module")
def listed(engine: Engine) -> list[RankedCompany]:
    ranking = engine.rank(read_files([engine.corpora.sample], engine.corpora), Request(as_of=AS_OF, top=10**6))
    return [*ranking.results, *ranking.opportunities]


DRUGS: dict[str, Any] = {
    "name": "青岛示例制药有限公司",
    "business_scope": "片剂、颗粒剂的生产；药品研发",
    "reg_capital_raw": "30000万人民币",
    "founded_date": "2001-02-03",
    "status": "存续",
}
FEED = {**DRUGS, "name": "青岛示例饲料有限公司", "business_scope": "配合饲料的生产"}
"""A specialist of something that is not wanted most."""
MANURE = {**DRUGS, "name": "青岛示例肥业有限公司", "business_scope": "生物有机肥的生产"}
"""Another, of something that the zone lacks."""

# --- the business and the gap -----------------------------------------------------------------------------------------------


def test_a_maker_makes_its_terms(engine: Engine) -> None:
    result = score(engine, **DRUGS)
    assert result.matched_terms
    assert re.match("生产[^，]+，可", result.reason), result.reason
    assert result.matched_terms[0] in parts(result)[0]


def test_terms_that_hold_a_verb_get_none(engine: Engine) -> None:
    result = score(engine, name="青岛示例酒店管理有限公司", business_scope="酒店管理；旅游度假区开发运营")
    assert parts(result)[0].startswith("主营")
    assert "酒店管理" in parts(result)[0]


def test_a_term_within_another_is_not_told_twice(results: list[RankedCompany]) -> None:
    for result in results:
        if result.segment is not None:
            told = re.sub("^(生产|研发|批发|销售|零售|进出口|出租|主营)", "", parts(result)[0].split("，")[0]).split("、")
            assert len(told) <= 3
            assert not any(one != other and one in other for one in told for other in told), result.reason


@pytest.mark.parametrize(
    ("need", "words"),
    [
        ("complement", "可补{chain}链「{segment}」一环"),
        ("strengthen", "可做强{chain}链「{segment}」"),
        ("extend", "可把{chain}链延伸到「{segment}」"),
    ],
)
def test_the_gap_is_named_by_the_need(engine: Engine, results: list[RankedCompany], need: str, words: str) -> None:
    segments = {(segment.chain, segment.id): segment for segment in engine.zone.segments}
    mine = [result for result in results if result.need == need and result.chain is not None]
    assert len(mine) > 5
    for result in mine:
        segment = segments[result.chain, result.segment]
        by_the_way = "属{chain}链「{segment}」，可顺访"  # nobody would call beer a gap
        purpose = (by_the_way if segment.priority <= 4 else words).format(chain=segment.chain_name, segment=segment.name)
        assert parts(result)[0].endswith("，" + purpose), result.reason


def test_an_opportunity_names_its_direction(engine: Engine, listed: list[RankedCompany]) -> None:
    themes = {segment.id: segment.name for segment in engine.zone.segments if segment.chain is None}
    beside = [result for result in listed if result.chain is None]
    assert beside
    for result in beside:
        assert parts(result)[0].endswith(f"，属机会型方向「{themes[result.segment or '']}」")


@pytest.mark.parametrize("profile", [{"name": "甲乙丙"}, {"name": "青岛示例钢材有限公司", "business_scope": "钢材批发"}])
def test_a_company_that_fits_nothing(engine: Engine, profile: dict[str, str]) -> None:
    assert score(engine, **profile, status="存续").reason == NO_FIT


# --- what speaks for it -------------------------------------------------------------------------------------------------------


def strengths(engine: Engine, result: RankedCompany) -> list[str]:
    """Of the rules that speak, gave points and do not read what is doubted, the three strongest, as patterns of what they say."""
    says = {rule.id: rule.says for rule in engine.zone.scoring.rules}
    known = fields(list(engine.zone.chain_names), engine.corpora)
    reads = {rule.id: set(compile_expression(rule.value, known).fields) - {"marks"} for rule in engine.zone.scoring.rules}
    worst = worst_doubt(result)
    doubted = reads[worst.rule] if worst else set()
    speaking = [c for c in result.contributions if c.known and c.points > 0 and says[c.rule] and not doubted & reads[c.rule]]
    speaking.sort(key=lambda c: -c.points)  # sorting keeps the file's order among equals
    return [pattern(says[c.rule] or "") for c in speaking[:3]]


def pattern(template: str) -> str:
    """What a filled template looks like."""
    return "".join(re.escape(text) if place % 2 == 0 else ".+" for place, text in enumerate(_PLACEHOLDERS.split(template)))


@pytest.mark.slow
def test_strengths_stand_in_the_order_of_their_points_then_the_age(engine: Engine, results: list[RankedCompany]) -> None:
    counts = set()
    for result in results:
        if result.segment is None:
            continue
        wanted = strengths(engine, result)
        counts.add(len(wanted))
        told = [part for part in parts(result)[1:] if not (part.startswith(ASIDE) or part.endswith(PUBLIC))]
        assert len(told) <= 1, result.reason
        said = told[0] if told else ""
        age = r"\d{4}年成立" if said.endswith("年成立") else ""
        assert re.fullmatch("、".join([*wanted, *([age] if age else [])]), said), (result.reason, wanted)
    assert counts >= {0, 1, 2}


def test_strengths_by_hand(engine: Engine) -> None:
    group = {**DRUGS, "name": "青岛示例制药集团股份有限公司", "listed": "是"}
    said = parts(score(engine, **group))[2]
    assert said == "集团或控股公司、注册资本3亿元、上市公司、2001年成立"
    assert parts(score(engine, **DRUGS))[1:3] == ["可依托健康科技产业园", "注册资本3亿元、2001年成立"]
    assert parts(score(engine, **{**DRUGS, "founded_date": ""}))[2] == "注册资本3亿元"


def test_what_the_zone_offers_is_told_where_it_speaks_for_the_segment(engine: Engine, results: list[RankedCompany]) -> None:
    segments = {(segment.chain, segment.id): segment for segment in engine.zone.segments}
    offered = 0
    for result in results:
        if result.segment is not None:
            offers = segments[result.chain, result.segment].offers
            told = [part for part in parts(result) if part.startswith("可依托")]
            assert told == ([f"可依托{'、'.join(offers[:2])}"] if offers else []), result.reason
            offered += bool(offers)
    assert offered > 20


def test_an_unknown_value_speaks_for_nobody(results: list[RankedCompany]) -> None:
    assert not any("不详" in part for result in results for part in parts(result) if not part.startswith("待核："))


def test_what_everybody_knows_stands_in_a_clause_of_its_own(engine: Engine) -> None:
    """Of the group or company that a name means; not of a firm of the group, whose scope says what it does."""
    told = "大输液，深交所上市，日照有厂（公开常识）"
    assert told in parts(score(engine, **{**DRUGS, "name": "华仁药业股份有限公司"}))
    assert told not in score(engine, **{**DRUGS, "name": "华仁药业(日照)有限公司"}).reason
    assert "公开常识" not in score(engine, **DRUGS).reason


# --- what speaks against it -----------------------------------------------------------------------------------------------------


def worst_doubt(result: RankedCompany) -> Contribution | None:
    """The known rule that took most points, of those that took two and a third of what they can; news is told as news."""
    news = ("business_left", "troubled")
    worse = [c for c in result.contributions if c.known and c.points <= -2 and 3 * c.points <= c.weight]
    against = [c for c in worse if c.rule not in news]
    return min(against, key=lambda c: c.points, default=None)


def test_the_worst_known_doubt_of_two_points_or_more_is_told(engine: Engine, results: list[RankedCompany]) -> None:
    rules = {rule.id: rule for rule in engine.zone.scoring.rules}
    told = 0
    for result in results:
        if result.segment is None:
            continue
        against = worst_doubt(result)
        doubts = [part.removeprefix("待核：") for part in parts(result) if part.startswith("待核：")]
        assert len(doubts) == (against is not None), (result.reason, against)
        if against:
            worst = rules[against.rule]
            assert re.fullmatch(pattern(worst.says or worst.label), doubts[0]), (result.reason, worst.id)
            told += 1
    assert told > 20


def test_no_doubt_below_two_points(engine: Engine) -> None:
    """A capital a little below the mark costs a point: nothing to speak of."""
    for capital, doubted in (("3500万人民币", False), ("1100万人民币", True)):
        result = score(engine, **{**MANURE, "reg_capital_raw": capital})
        (thin,) = [c for c in result.contributions if c.rule == "thin_capital"]
        assert (thin.points <= -1, thin.points <= -2) == (True, doubted)
        assert ("待核" in result.reason) == doubted


def test_an_unknown_doubt_is_no_doubt(engine: Engine) -> None:
    """It is asked, not told."""
    result = score(engine, **{**DRUGS, "reg_capital_raw": ""})
    (unclear,) = [c for c in result.contributions if c.rule == "capital_unclear"]
    assert (unclear.known, unclear.points <= -2) == (False, True)
    assert "待核" not in result.reason


def test_doubts_by_hand(engine: Engine) -> None:
    shop = {**DRUGS, "name": "青岛示例资产管理有限公司"}
    assert "待核：名称是投资、资产、咨询类的，可能只是持股；" in score(engine, **shop).reason
    thin = {**MANURE, "reg_capital_raw": "1100万人民币"}
    assert "待核：注册资本1,100万元，偏小；" in score(engine, **thin).reason


def test_it_is_told_where_branches_make_what_is_told(engine: Engine) -> None:
    """A label before the goods says so; one behind them speaks of something else."""
    scopes = ("下列经营范围限分支机构经营：生产：片剂、硬胶囊剂", "生产：片剂、硬胶囊剂；以下限分支机构经营：住宿、餐饮")
    assert ["由分支机构经营" in score(engine, **{**DRUGS, "business_scope": scope}).reason for scope in scopes] == [True, False]


def test_a_specialist_of_what_is_wanted_most_is_doubted_less_for_its_capital(engine: Engine) -> None:
    """From ten million on; below, a specialist is small like anybody else."""

    def thin(profile: dict[str, Any], capital: str) -> float:
        result = score(engine, **{**profile, "reg_capital_raw": capital})
        return next(c.points for c in result.contributions if c.rule == "thin_capital")

    tonics = {"name": "青岛示例保健食品有限公司", "business_scope": "保健食品生产；特殊医学用途配方食品生产"}
    assert thin(tonics, "1200万人民币") == pytest.approx(0.4 * thin(FEED, "1200万人民币"), abs=0.01)
    assert thin(tonics, "900万人民币") == thin(FEED, "900万人民币")
    assert thin(DRUGS, "1200万人民币") == thin(FEED, "1200万人民币"), "wanted, but not most"


def test_what_only_the_name_says_is_told_so(engine: Engine) -> None:
    profile = {**DRUGS, "name": "青岛示例养老服务有限公司", "business_scope": "钢材、建材、五金的批发；机械设备租赁"}
    assert score(engine, **profile).reason.startswith("名称写着养老服务，经营范围里没有写，")
    written = {**profile, "business_scope": "养老服务；钢材、建材、五金的批发"}
    assert "没有写" not in score(engine, **written).reason


# --- the question, and the whole -------------------------------------------------------------------------------------------------


def test_the_question_comes_last(engine: Engine, results: list[RankedCompany]) -> None:
    """What to ask of a company of its segment, else of its kind; then what the worst doubt asks."""
    rules = {rule.id: rule for rule in engine.zone.scoring.rules}
    segments = {(segment.chain, segment.id): segment for segment in engine.zone.segments}
    seen: set[bool] = set()
    for result in results:
        if result.segment is None:
            continue
        against = worst_doubt(result)
        asks = rules[against.rule].asks if against else None
        segment = segments[result.chain, result.segment]
        home = result.province in ("山东", "山东省")
        own = [asked_of(of.asks, at_home=home) for of in segment.asks_of if any(word in parts(result)[0] for word in of.words)]
        first = next((of for of in own if f"先问清{of}" in parts(result)), segment.asks)
        first = asked_of(first, at_home=home)
        wanted = [f"先问清{first or engine.zone.scoring.visit_questions[segment.kind]}", *([f"再问{asks}"] if asks else [])]
        if result.reason.count("上次谈到哪一步"):  # whom the zone talks to already
            wanted[0] = f"先问清{engine.zone.scoring.visit_questions['approached']}"
        for group in engine.corpora.known_groups:
            if group.asks and f"先问清{group.asks}" in parts(result):
                assert any(sign in result.name for sign in group.signs), "a group's own question is asked of nobody else"
                wanted[0] = f"先问清{group.asks}"
        assert parts(result)[-len(wanted) :] == wanted, result.reason
        seen.add(bool(asks))
    assert seen == {True, False}


def test_the_question_is_of_what_the_company_does_first(engine: Engine) -> None:
    """大米 is not asked for wheat, and who does neither is asked the segment's own question."""
    mill = {**DRUGS, "name": "青岛示例粮油有限公司"}
    (grain,) = [segment for segment in engine.zone.segments if segment.id == "grain-oil-processing"]
    rice, wheat = ("大米加工", "小麦粉、挂面的生产")
    scopes = (rice, wheat, f"{rice}；{wheat}")
    told = [part for scope in scopes for part in parts(score(engine, **{**mill, "business_scope": scope}))]
    asked = [part for part in told if part.startswith("先问清")]
    assert ("稻谷" in asked[0], "小麦" in asked[1], "稻谷" in asked[2]) == (True, True, True), "the first thing it does decides"
    assert "小麦" not in asked[0]
    other = parts(score(engine, **{**mill, "business_scope": "杂粮加工"}))[-1]
    assert other == f"先问清{grain.asks}"


@pytest.mark.parametrize(
    ("name", "scope", "told"),
    [
        ("杭州示例文化创意有限公司", "礼品设计；品牌设计", "主营礼品设计、品牌设计"),
        ("杭州示例食品机械有限公司", "食品加工机械的生产", "生产食品加工机械"),
        ("杭州示例餐饮集团有限公司", "中餐制售", "制售中餐"),
        ("杭州示例生物科技有限公司", "制造、加工：检测诊断产品及设备、体外诊断试剂", "生产检测诊断产品及设备"),
        ("杭州示例农业开发有限公司", "屠宰鸡、蛋液、蛋粉的生产", "屠宰、生产蛋液、蛋粉"),
        ("杭州示例林业集团有限公司", "林业种植", "主营林业"),
        ("杭州示例食品有限公司", "其他方便食品的生产", "生产方便食品"),
    ],
)
def test_the_verb_is_of_what_is_done(engine: Engine, name: str, scope: str, told: str) -> None:
    """Who draws gifts does not develop them, machines for making food are made, a kitchen cooks and sells."""
    company = {**DRUGS, "name": name, "business_scope": scope, "reg_capital_raw": "5000万人民币"}
    assert parts(score(engine, **company))[0].startswith(told)


def test_a_question_looks_at_the_rest_of_the_scope_too(engine: Engine) -> None:
    """Two boat builders are asked different things where one of them also holds regattas."""
    builder = {**DRUGS, "name": "杭州示例船艇有限公司"}
    asked = [
        next(part for part in parts(score(engine, **{**builder, "business_scope": scope})) if part.startswith("先问清"))
        for scope in ("赛艇、龙舟的生产", "赛艇、龙舟的生产；体育赛事组织")
    ]
    assert ["赛事和试水" in question for question in asked] == [False, True]


def test_a_question_fits_where_the_company_comes_from(engine: Engine) -> None:
    """A company of the zone's own province is not asked for a base in the north."""
    assert [asked_of("要不要{北方|鲁西}的第二条线", at_home=home) for home in (False, True)] == [
        "要不要北方的第二条线",
        "要不要鲁西的第二条线",
    ]
    infusions = {**DRUGS, "business_scope": "大容量注射剂的生产"}
    away, near = (score(engine, **{**infusions, "province": place}).reason for place in ("浙江省", "山东"))
    assert "北方" in away and "北方" not in near and "胶东以外" in near
    asks = [of for s in engine.zone.segments for of in (s.asks, *(of.asks for of in s.asks_of))]
    assert not [of for of in asks if re.search("[{}|]", asked_of(of, at_home=True))], "every brace is a pair of two texts"


def test_what_only_everybody_says_is_not_told_as_written(engine: Engine) -> None:
    """开元 writes investments and metals: what it is known for is told as known, not as its scope."""
    silent = {"business_scope": "实业投资；五金、化工原料批发", "reg_capital_raw": "50000万人民币", "founded_date": "2001-01-01"}
    known = parts(score(engine, name="开元旅业集团有限公司", city="杭州", **silent))
    assert known[0].startswith("公认的主业是度假酒店经营")
    assert any(part.startswith("近年有变：") and part.endswith("（公开消息）") for part in known)
    written = score(engine, name="开元旅业集团有限公司", city="杭州", **{**silent, "business_scope": "酒店管理；实业投资"})
    assert parts(written)[0].startswith("主营酒店管理")
    butcher = {**silent, "name": "青岛万福集团股份有限公司", "city": "青岛"}  # told as 肉制品, known for 肉制品加工
    assert parts(score(engine, **{**butcher, "business_scope": "食品制造及销售"}))[0].startswith("公认的主业是肉制品")
    assert parts(score(engine, **{**butcher, "business_scope": "肉制品加工"}))[0].startswith("生产肉制品")


def test_a_company_that_signed_is_asked_how_it_goes_on(engine: Engine) -> None:
    parks = {"business_scope": "产业园区运营；电子市场经营", "reg_capital_raw": "15000万人民币", "founded_date": "2000-01-01"}
    signed = parts(score(engine, name="颐高集团有限公司", **parks))
    assert "园区已与它签约（2024-08-28）" in signed
    assert signed[-1] == f"先问清{engine.zone.scoring.visit_questions['signed']}"


def test_a_step_is_no_product_and_a_verb_is_not_doubled(engine: Engine) -> None:
    slices = score(engine, name="青岛示例中药饮片有限公司", business_scope="净制、切制、中药饮片的生产")
    assert "净制" not in parts(slices)[0]
    assert "中药饮片" in parts(slices)[0]
    events = score(engine, name="青岛示例体育有限公司", business_scope="组织体育赛事活动；体育赛事运营")
    assert not parts(events)[0].startswith("主营组织"), events.reason


def test_a_reason_is_one_clean_sentence(results: list[RankedCompany], listed: list[RankedCompany]) -> None:
    for result in (*results, *listed):
        reason = result.reason
        assert reason.count("。") == 1, reason
        assert reason.endswith("。"), reason
        assert not re.search("[；，、：。]{2}|^[；，、：]|[{}]|None|\\s{2}|\n", reason), reason
        assert reason.count("（") == reason.count("）"), reason
        assert reason.count("「") == reason.count("」"), reason
        assert len(reason) <= 200, reason
