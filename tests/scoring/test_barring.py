"""Whoever is off the list before scopes are read is off by the same veto afterwards, under any vetoes, and nobody else is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engine import Engine
from matcher.intake import Companies, from_profiles
from matcher.intake.fields import EPOCH
from matcher.matching.signs import Signs
from matcher.matching.slips import slip_signs
from matcher.rules.schema import Veto
from matcher.runs import Request, wanted_segments
from matcher.scoring.barring import Barring
from matcher.scoring.formula import NOT_BARRED
from matcher.scoring.ranking import choose

AS_OF = date(2026, 11, 30)
DAY = (AS_OF - EPOCH).days
ALL = Request(as_of=AS_OF)
NAMES = [
    "{}某某商贸有限公司", "{}某某商贸有限公司第三分店", "{}某某原料药有限公司", "{}某某银行股份有限公司", "{}某某农资专业合作社",
    "{}市供销合作社", "某某集团有限公司", "{}城市建设投资集团有限公司", "国药控股{}有限公司", "{}某某饲料厂", "{}旅游投资有限公司",
    "某某加油站", "张三小吃店",
]  # fmt: skip
SAYS = [
    "原料药的生产", "原料药(不含危险化学品、不含易制毒品)", "医药中间体", "原药料制造", "原料制造", "农药制剂生产、销售",
    "汽油、柴油零售", "房屋租赁", "物业管理", "吸收公众存款", "养老服务", "酒店管理", "饲料加工", "速冻果蔬", "日用百货销售", "住宿",
    "体育赛事组织", "体育用品(高尔夫球场除外)", "货物进出口", "城市基础设施建设", "垃圾发电", "彩票代销", "机动车驾驶员培训",
    "康复器械的研发、生产", "中成药", "普通货运", "仓储服务（不含冷库、不含危险化学品）", "有效期至2019-01-01", "高尔夫(旅游",
    "银(不含国有)行", "汽(含乙醇)油",
    "儿童智能玩具、仿真模型的生产", "3D打印设备的研发、制造", "产业园区运营", "保健品生产", "专业展会",
]  # fmt: skip
VETOES = [
    "capital < 200", "capital < 1000 OR has(marks, 'fuel')", "NOT has(marks, 'bank')", "chain = 'none'", "affinity < 250",
    "mode = 'retail'", "breadth > 2", "needs_chemical_park = TRUE", "outlet <> 'none'", "kind = 'maker' AND capital < 1000",
    "has_any(marks, 'utility', 'rent_only') AND capital < 800", "closed = TRUE",
    "need = 'complement' AND has(marks, 'city_investment')", "legal_form = 'cooperative'", "permit_lapsed = TRUE",
    "capital_log < 2000", "approached = TRUE", "NOT (capital >= 200 AND affinity >= 700)", "group_state = 'ended'",
    "main_business < 400", "name_agrees = FALSE AND wants_group = TRUE", "capital > 0",
]  # fmt: skip
profiles = st.fixed_dictionaries(
    {
        "name": st.builds(str.format, st.sampled_from(NAMES), st.sampled_from(["", "青岛", "杭州", "聊城"])),
        "business_scope": st.lists(st.sampled_from(SAYS), max_size=5).map("；".join),
        "reg_capital_raw": st.sampled_from(["", "50万元", "300万元", "900万元", "5000万元"]),
        "status": st.sampled_from(["", "存续", "注销"]),
        "city": st.sampled_from(["", "青岛市", "聊城市"]),
        "main_products": st.sampled_from(["", "", "农药", "邮政"]),
        "company_type": st.sampled_from(["", "个体工商户", "有限责任公司"]),
    }
)
tables = st.lists(profiles, min_size=1, max_size=8)


@pytest.fixture(scope="module", params=["liaocheng-resort", "zhuhai-jinwan"])
def zone(request: pytest.FixtureRequest) -> Engine:
    return Engine(request.param, processes=1)


def companies_of(engine: Engine, table: Sequence[dict[str, str]]) -> Companies:
    return from_profiles(table, engine.corpora).companies


Placed = tuple[list[int], list[tuple[int, int]], list[tuple[int, int, int]]]
"""The veto of each company, segment and score of those without one, and company, segment and score of those beside the chains."""


def plainly(engine: Engine, companies: Companies, request: Request) -> Placed:
    """All texts read, all pairs scored."""
    profiles = engine.reader.read(companies)
    standing = engine.evidence.standing(companies, profiles, DAY)
    evidence = engine.evidence.read(profiles, standing, *engine.placer.chain_pairs(profiles, wanted_segments(engine.zone, request)))
    scores = engine.ruleset.score(evidence, DAY)
    choice = choose(evidence, scores)
    at = choice.pair[choice.veto < 0]
    on_chains = list(zip(evidence.segment[at].tolist(), scores.score[at].tolist(), strict=True))
    evidence = engine.evidence.read(profiles, standing, *engine.placer.theme_pairs(profiles))
    scores = engine.ruleset.score(evidence, DAY)
    other = choose(evidence, scores)
    at = other.pair[other.veto < 0]
    beside = zip(evidence.company[at].tolist(), evidence.segment[at].tolist(), scores.score[at].tolist(), strict=True)
    return choice.veto.tolist(), on_chains, list(beside)


def as_placed(engine: Engine, companies: Companies, request: Request, *, known: bool) -> Placed:
    wanted = wanted_segments(engine.zone, request)
    if known:
        part = engine.placer.known(companies, engine.reader.read(companies), wanted, DAY, themes=True)
    else:
        part = engine.placer.read(companies, wanted, DAY, themes=True)
    placed, beside = part.of_chains, part.beside.take(part.beside.veto < 0)
    assert placed.company.tolist() == list(range(len(companies)))
    left = placed.take(placed.veto < 0)
    on_chains = list(zip(left.segment.tolist(), left.score.tolist(), strict=True))
    return (
        placed.veto.tolist(),
        on_chains,
        list(zip(beside.company.tolist(), beside.segment.tolist(), beside.score.tolist(), strict=True)),
    )


@given(table=tables)
@settings(max_examples=40)
def test_the_zone_s_own_vetoes_take_off_whom_they_take_off_when_all_is_read(zone: Engine, table: list[dict[str, str]]) -> None:
    companies = companies_of(zone, table)
    for request in (ALL, replace(ALL, chains=(next(iter(zone.zone.chain_names)),))):
        for known in (False, True):
            assert as_placed(zone, companies, request, known=known) == plainly(zone, companies, request)


@pytest.mark.slow
@given(table=tables, whens=st.lists(st.sampled_from(VETOES), max_size=6, unique=True))
@settings(max_examples=150)
def test_so_do_any_others_in_any_order(engine: Engine, table: list[dict[str, str]], whens: list[str]) -> None:
    vetoes = [Veto(id=f"v{number}", label="试", when=when, why="测试") for number, when in enumerate(whens)]
    scoring = engine.zone.scoring.model_copy(update={"vetoes": vetoes})
    other = engine.with_rules(replace(engine.zone, scoring=scoring))
    companies = companies_of(other, table)
    for known in (False, True):
        assert as_placed(other, companies, ALL, known=known) == plainly(other, companies, ALL)


@given(table=tables)
@settings(max_examples=40)
def test_what_names_and_cells_say_is_what_is_said_when_scopes_are_read(engine: Engine, table: list[dict[str, str]]) -> None:
    """Every field that vetoes are asked of before scopes are read, not only those that today's vetoes read."""
    companies = companies_of(engine, table)
    names = engine.reader.names(companies)
    early = engine.evidence.standing(companies, engine.reader.by_name(names), DAY).columns
    late = engine.evidence.standing(companies, engine.reader.read(companies), DAY).columns
    of_scopes = {"marks", "permit_lapsed", "permit_until", "permit_over"}
    assert of_scopes < late.keys()
    for name in late.keys() - of_scopes:
        assert early[name].values.tolist() == late[name].values.tolist(), name
        assert early[name].known.tolist() == late[name].known.tolist(), name


def begun(engine: Engine, *table: dict[str, str]) -> tuple[list[str | None], list[int]]:
    """The veto of each company, or None, before scopes are taken apart, and who is left."""
    found = Barring(engine.ruleset, engine.evidence, engine.reader).begun(companies_of(engine, table), DAY)
    vetoes = [None if veto == NOT_BARRED else engine.ruleset.vetoes[veto].id for veto in found.veto.tolist()]
    assert found.left.tolist() == [place for place, veto in enumerate(vetoes) if veto is None]
    assert len(found.scopes) == len(found.left)
    return vetoes, found.left.tolist()


def test_shops_and_branches_are_off_before_their_scopes_are_taken_apart(engine: Engine) -> None:
    vetoes, left = begun(
        engine,
        {"name": "青岛某某商贸有限公司", "business_scope": "日用百货销售", "reg_capital_raw": "50万元"},
        {"name": "青岛某某制药有限公司杭州分公司", "business_scope": "中成药的生产", "reg_capital_raw": ""},
        {"name": "青岛某某制药有限公司", "business_scope": "中成药的生产", "reg_capital_raw": "5000万元"},
        {"name": "青岛某某商贸有限公司", "business_scope": "汽油零售", "reg_capital_raw": "50万元"},  # fuel may come first
        {"name": "青岛某某原料药有限公司", "business_scope": "", "reg_capital_raw": "50万元"},  # chemical_park may
    )
    assert vetoes == ["too_small", "outlet", None, None, None]
    assert left == [2, 3, 4]


def test_a_veto_that_scopes_decide_is_asked_of_first_where_it_stands_first(engine: Engine) -> None:
    whens = {"fuel": "has(marks, 'fuel')", "small": "capital < 200"}
    vetoes = [Veto(id=id_, label="试", when=when, why="测试") for id_, when in whens.items()]
    other = engine.with_rules(replace(engine.zone, scoring=engine.zone.scoring.model_copy(update={"vetoes": vetoes})))
    station, shop = (
        {"name": "青岛某某有限公司", "business_scope": says, "reg_capital_raw": "50万元"} for says in ("汽油零售", "百货")
    )
    assert begun(other, station, shop) == ([None, "small"], [0])
    assert as_placed(other, companies_of(other, [station, shop]), ALL, known=False)[0] == [0, 1]


def test_what_brackets_except_is_no_sign(engine: Engine) -> None:
    vetoes, _ = begun(
        engine, {"name": "青岛某某商贸有限公司", "business_scope": "润滑油（不含汽油、不含柴油）", "reg_capital_raw": "50万元"}
    )
    assert vetoes == ["too_small"]


def test_without_vetoes_nobody_is_off(engine: Engine) -> None:
    other = engine.with_rules(replace(engine.zone, scoring=engine.zone.scoring.model_copy(update={"vetoes": []})))
    assert begun(other, {"name": "青岛某某商贸有限公司", "reg_capital_raw": "50万元"}) == ([None], [0])
    assert begun(other) == ([], [])


def test_where_the_cosine_alone_may_do_no_words_are_trusted(engine: Engine) -> None:
    """A segment may then be a company's without any of its words: a veto of the segment could be true of anybody."""
    order = engine.zone.scoring.order.model_copy(update={"least_affinity": engine.corpora.reading.cosine_only_cap})
    other = engine.with_rules(replace(engine.zone, scoring=engine.zone.scoring.model_copy(update={"order": order})))
    shop = {"name": "青岛某某商贸有限公司", "business_scope": "日用百货销售", "reg_capital_raw": "50万元"}
    assert begun(engine, shop)[1] == []
    assert begun(other, shop)[1] == [0]


# --- words ---------------------------------------------------------------------------------------------------------------


@given(
    texts=st.lists(st.text("甲乙丙\n", max_size=6), max_size=6),
    words=st.sets(st.text("甲乙丙", min_size=1, max_size=3), max_size=4),
)
@settings(max_examples=200)
def test_signs_are_found_where_a_plain_search_finds_them(texts: list[str], words: set[str]) -> None:
    assert Signs(words).among(texts).tolist() == [any(word in text for word in words) for text in texts]


def slipped(term: str, way: int, at: int) -> str:
    """A term with two neighbours swapped, a character lost or added."""
    at %= len(term)
    if way == 0:
        at = min(at, len(term) - 2)
        return term[:at] + term[at + 1] + term[at] + term[at + 2 :]
    return term[:at] + term[at + 1 :] if way == 1 else f"{term[:at]}甪{term[at:]}"


@pytest.mark.parametrize("term", ["甲乙丙丁戊", "甲乙丙丁戊己"])
def test_every_slip_of_a_term_holds_a_sign_of_it(term: str) -> None:
    slips = [slipped(term, way, at) for way in range(3) for at in range(len(term))]
    assert Signs(slip_signs(term)).among([*slips, f"{term}甪"]).all()
    assert not Signs(slip_signs(term)).among(["甲", "甪", "戊甲"]).any()


@given(data=st.data())
@settings(max_examples=150)
def test_every_text_that_hits_a_segment_or_bears_a_mark_holds_a_sign(engine: Engine, data: st.DataObject) -> None:
    vocabulary = engine.reader.matcher.vocabulary
    segment = data.draw(st.integers(0, len(engine.zone.segments) - 1))
    terms = [term for term, _ in engine.zone.segments[segment].terms]
    marks = engine.corpora.marks
    number = data.draw(st.integers(0, len(marks) - 1))
    said = sorted(
        {word.lower() for of in (marks[number].name_has, marks[number].scope_has, marks[number].first_has) for word in of}
    )
    term = data.draw(st.sampled_from(terms + said))
    if data.draw(st.booleans()):
        term = slipped(term, data.draw(st.integers(0, 2)), data.draw(st.integers(0, 20))) if len(term) > 1 else term
    text = data.draw(st.sampled_from(["", "甪"])) + term + data.draw(st.sampled_from(["", "鑫"]))
    hits = vocabulary.find([text])
    bears = int((hits.name_marks | hits.first_marks | hits.only_marks | hits.scope_marks)[0]) >> number & 1
    if hits.best.toarray()[0, segment]:
        assert Signs(vocabulary.signs([segment], 0)).among([text])[0]
    if bears:
        assert Signs(vocabulary.signs([], 1 << number)).among([text])[0]


def test_no_word_is_a_sign_of_nothing(engine: Engine) -> None:
    assert engine.reader.matcher.vocabulary.signs([], 0) == set()
    assert not Signs([]).among(["甲"]).any()
    assert Signs(["甲"]).among([]).dtype == np.bool_
