"""A name, a brand or a code leads to its company or to an honest doubt, on made-up companies: what decides, what never does, who wins."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.corpora import Corpora, open_corpora
from matcher.errors import RulesError
from matcher.intake import Companies, from_profiles
from matcher.locate import folder
from matcher.matching.name_features import NameComparer
from matcher.matching.name_index import NameIndex
from matcher.matching.resolution import LONGEST, MOST, Known, Resolution, Resolver
from matcher.rules.resolution import SameAt, load_resolution

PROFILES = [
    {"name": "青岛鲸屿食品股份有限公司", "uscc": "91370200MA3C000011", "former_names": "青岛海昧食品有限公司、鲸屿食品厂"},
    {"name": "青岛鲸屿食品股份有限公司杭州分公司"},
    {"name": "绍兴市柯桥区禾晟纺织有限公司"},
    {"name": "杭州禾晟纺织有限公司"},
    {"name": "蓝溪谷集团有限公司"},
    {"name": "杭州蓝溪谷酒店管理有限公司"},
    {"name": "蓝溪谷文旅股份有限公司"},
    {"name": "鲁岳建设一公司"},
    {"name": "鲁岳建设二公司"},
    {"name": "上海云杉科技有限公司", "uscc": "91310000MA1FL00000"},
    {"name": "上海云杉科技有限公司", "uscc": "91310000MA1FL00001"},
    {"name": "苏州珑玥医疗器械有限公司", "uscc": "91320500MA1W000000"},
    {"name": "中国邮储璟泰银行股份有限公司聊城支行"},
    {"name": "杭州旅游集团有限公司"},
    {"name": "聊城市食品有限公司"},
]
WHALE, BRANCH = PROFILES[0]["name"], PROFILES[1]["name"]
RULES = load_resolution()


def base(profiles: Sequence[dict[str, str]] = PROFILES) -> Companies:
    companies = from_profiles(profiles, open_corpora()).companies
    assert len(companies) == len(profiles)
    return companies


@lru_cache(maxsize=1)
def _shared() -> Resolver:
    return Resolver(base(), open_corpora(), RULES)


@pytest.fixture
def resolver() -> Resolver:
    return _shared()


def told(answer: Resolution) -> tuple[str, str]:
    return answer.decision, answer.company.name if answer.company else ""


@pytest.mark.parametrize(
    "query",
    [
        WHALE,
        "91370200MA3C000011",
        " 91370200ma3c000011 ",
        "青岛鲸屿食品(股份)有限公司",
        "青島鯨嶼食品股份有限公司",
        "青岛鲸屿食品股份有限公司\u3000",
        "鲸屿食品",
        "鲸屿食品股份有限公司",
        "青岛鲸屿食品有限责任公司",
        "青岛鲸屿",
        "鲸屿股份",
        "鲸屿（青岛）食品股份有限公司",
        "青岛鲸屿食品",
        "青岛市鲸屿食品股份有限公司",
        "青岛鲸屿食品股分有限公司",
        "青岛鲸屿食品股有份限公司",
        "鲸\x00屿食品",
        "\ud800鲸屿食品",
        "鲸屿\n食品",
    ],
)
def test_one_company_written_in_many_ways(resolver: Resolver, query: str) -> None:
    answer = resolver.resolve(query)
    assert told(answer) == ("same", WHALE)
    assert answer.company is not None
    assert answer.company.uscc == "91370200MA3C000011"
    assert answer.candidates[0] == answer.company
    assert answer.company.confidence >= 0.9


@pytest.mark.parametrize("query", ["青岛海昧食品有限公司", "鲸屿食品厂"])
def test_former_names_lead_to_the_company_and_are_told(resolver: Resolver, query: str) -> None:
    answer = resolver.resolve(query)
    assert told(answer) == ("same", WHALE)
    assert answer.company is not None
    assert answer.company.former == query
    assert "曾用名" in answer.why


def test_who_bears_a_name_today_comes_before_who_bore_it() -> None:
    profiles = [{"name": "甲鲸屿有限公司", "former_names": "乙鲸屿有限公司"}, {"name": "乙鲸屿有限公司"}]
    answer = Resolver(base(profiles), open_corpora(), RULES).resolve("乙鲸屿有限公司")
    assert told(answer) == ("same", "乙鲸屿有限公司")
    assert [one.name for one in answer.candidates] == ["乙鲸屿有限公司", "甲鲸屿有限公司"]


@pytest.mark.parametrize(
    "query",
    [
        "杭州",
        "聊城",
        "青岛市",
        "食品",
        "酒店管理",
        "科技有限公司",
        "有限公司",
        "集团",
        "旅游集团",
        "聊城食品",
        "杭州旅游",
        "股份有限公司",
    ],
)
def test_a_place_or_a_trade_alone_never_decides(resolver: Resolver, query: str) -> None:
    assert resolver.resolve(query).decision != "same"


def test_two_of_one_name_are_told_apart_by_nothing_but_the_code(resolver: Resolver) -> None:
    answer = resolver.resolve("上海云杉科技有限公司")
    assert answer.decision == "unsure"
    assert [one.uscc for one in answer.candidates] == ["91310000MA1FL00000", "91310000MA1FL00001"]
    assert resolver.resolve("云杉科技").decision == "unsure"
    by_code = resolver.resolve("上海云杉科技有限公司", "91310000MA1FL00001")
    assert by_code.decision == "same"
    assert by_code.company is not None
    assert by_code.company.uscc == "91310000MA1FL00001"


def test_two_too_close_are_unsure_with_both(resolver: Resolver) -> None:
    answer = resolver.resolve("禾晟纺织有限公司")
    assert answer.decision == "unsure"
    assert {one.name for one in answer.candidates} >= {"杭州禾晟纺织有限公司", "绍兴市柯桥区禾晟纺织有限公司"}
    assert told(resolver.resolve("绍兴柯桥区禾晟纺织有限公司")) == ("same", "绍兴市柯桥区禾晟纺织有限公司")


def test_another_number_is_another_company(resolver: Resolver) -> None:
    assert told(resolver.resolve("鲁岳建设一公司")) == ("same", "鲁岳建设一公司")
    assert resolver.resolve("鲁岳建设三公司").decision != "same"


def test_an_outlet_is_itself_and_names_its_parent(resolver: Resolver) -> None:
    answer = resolver.resolve("青岛鲸屿食品股份有限公司（杭州）分公司")
    assert told(answer) == ("same", BRANCH)
    assert answer.parent is not None
    assert answer.parent.name == WHALE
    assert resolver.resolve(WHALE).parent is None
    assert resolver.resolve("中国邮储璟泰银行股份有限公司聊城支行").parent is None  # who is not in the base is not named


def test_a_family_is_found_with_its_group_before_its_firms(resolver: Resolver) -> None:
    for query in ("蓝溪谷", "蓝溪谷集团"):
        answer = resolver.resolve(query)
        assert answer.candidates[0].name == "蓝溪谷集团有限公司"
        assert {one.name for one in answer.candidates} == {
            "蓝溪谷集团有限公司",
            "杭州蓝溪谷酒店管理有限公司",
            "蓝溪谷文旅股份有限公司",
        }
    assert told(resolver.resolve("杭州蓝溪谷酒店")) == ("same", "杭州蓝溪谷酒店管理有限公司")


FAMILY = [
    {"name": "蓝溪谷旅业集团有限公司"},
    {"name": "蓝溪谷控股集团有限公司"},
    {"name": "山东禾晟实业有限公司"},
    {"name": "山东禾晟投资有限公司"},
    {"name": "山东禾晟食品发展有限公司"},
    {"name": "杭州海昧家私市场有限公司"},
    {"name": "青岛鲸屿啤酒股份有限公司"},
    {"name": "杭州娃玥玥集团有限公司"},
    {"name": "杭州娃玥玥食品有限公司"},
    {"name": "成都珑鸣科技有限公司杭州分公司"},
]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("蓝溪谷集团", {FAMILY[0]["name"], FAMILY[1]["name"]}),
        ("禾晟集团", {FAMILY[2]["name"], FAMILY[3]["name"], FAMILY[4]["name"]}),
        ("蓝溪谷百货", {FAMILY[0]["name"], FAMILY[1]["name"]}),
        ("海昧家私市场", {FAMILY[5]["name"]}),
        ("青岛市崂山区鲸屿啤酒股份有限公司", {FAMILY[6]["name"]}),
        ("杭州娃玥蛤集团", {FAMILY[7]["name"]}),
        ("娃玥玥杭州公司", {FAMILY[7]["name"], FAMILY[8]["name"]}),
        ("珑鸣", {FAMILY[9]["name"]}),
    ],
)
def test_who_can_be_meant_is_never_told_as_absent_however_many_are_alike(query: str, wanted: set[str]) -> None:
    answer = Resolver(base(FAMILY), open_corpora(), RULES).resolve(query)
    assert answer.decision in ("same", "unsure")
    assert {one.name for one in answer.candidates} >= wanted


@pytest.mark.parametrize(
    "query", ["鼎熠机床", "台州鼎熠机床有限公司", "上海鲸屿机床有限公司", "酷特智能", "杭州市西湖区", "山东聊城"]
)
def test_who_is_like_nobody_is_told_as_absent(query: str) -> None:
    assert Resolver(base(FAMILY), open_corpora(), RULES).resolve(query).decision == "none"


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("新和成控股集团有限公司", ["新和成", "新和成集团", "新和成控股"]),
        ("大同仁科技有限公司", ["大同仁", "大同仁科技"]),
        ("安康通养老服务有限公司", ["安康通", "安康通养老"]),
        ("朝阳轮胎股份有限公司", ["朝阳轮胎"]),
    ],
)
def test_a_trade_name_that_begins_like_a_place_of_elsewhere_is_whole(name: str, queries: list[str]) -> None:
    others = [
        {"name": "嵊州新和服饰工艺有限公司"},
        {"name": "青岛新和船务有限公司"},
        {"name": "大同机械有限公司"},
        {"name": "安康食品有限公司"},
    ]
    resolver = Resolver(base([{"name": name}, *others]), open_corpora(), RULES)
    for query in queries:
        answer = resolver.resolve(query)
        assert answer.decision != "none", query
        assert answer.candidates[0].name == name, query
        assert answer.candidates[0].confidence > 0.6, query
    for place in ("新和", "大同", "安康"):
        assert resolver.resolve(place).decision == "none"


def test_a_code_decides_and_another_code_is_doubted(resolver: Resolver) -> None:
    assert told(resolver.resolve("叫错了的名字", "91320500MA1W000000")) == ("same", "苏州珑玥医疗器械有限公司")
    doubted = resolver.resolve("苏州珑玥医疗器械有限公司", "91320500MA1W999999")
    assert doubted.decision == "unsure"
    assert "代码" in doubted.why
    assert told(resolver.resolve("苏州珑玥医疗器械有限公司", "不是代码")) == ("same", "苏州珑玥医疗器械有限公司")
    assert resolver.resolve("91320500MA1W999999").decision == "none"


def test_a_code_beside_the_name_of_another_company_is_unsure_with_both(resolver: Resolver) -> None:
    code, whale = "91320500MA1W000000", "91370200MA3C000011"
    for query in (WHALE, "鲸屿食品"):  # the column of codes has slipped by a row
        slipped = resolver.resolve(query, code)
        assert slipped.decision == "unsure"
        assert [one.name for one in slipped.candidates[:2]] == ["苏州珑玥医疗器械有限公司", WHALE]
        assert slipped.why == f"代码是苏州珑玥医疗器械有限公司，名称像{WHALE}"
    absent = resolver.resolve("台州鼎熠机床有限公司", code)
    assert told(absent) == ("unsure", "苏州珑玥医疗器械有限公司")
    assert "名称不是" in absent.why
    for query in ("", "鲸屿", "青岛鲸屿", "鲸屿食品厂", "青岛海昧食品有限公司", "山东鲸屿集团有限公司", "青岛鲸鱼食品公司"):
        assert told(resolver.resolve(query, whale)) == ("same", WHALE), query


def test_a_judgement_wins_over_a_code_and_says_so() -> None:
    judged = {"鲸屿": "杭州禾晟纺织有限公司", "珑玥": None, "鲸屿食品": WHALE}
    resolver = Resolver(base(), open_corpora(), RULES, Known({}, judged))
    over = resolver.resolve("鲸屿", "91370200MA3C000011")
    assert told(over) == ("same", "杭州禾晟纺织有限公司")
    assert over.why == f"人工判定，但统一社会信用代码是{WHALE}的"
    assert "苏州珑玥医疗器械有限公司的" in resolver.resolve("珑玥", "91320500MA1W000000").why
    assert resolver.resolve("鲸屿食品", "91370200MA3C000011").why == resolver.resolve("鲸屿").why == "人工判定"


def test_the_users_brands_come_before_names() -> None:
    brands = {
        "鲸鲸": (WHALE, ""),
        "禾晟纺织": ("", "91320500MA1W000000"),
        "外地的": ("不在库里有限公司", ""),
        "云": ("上海云杉科技有限公司", ""),
    }
    resolver = Resolver(base(), open_corpora(), RULES, Known(brands, {}))
    assert told(resolver.resolve("鲸鲸")) == ("same", WHALE)
    assert told(resolver.resolve("禾晟紡織")) == ("same", "苏州珑玥医疗器械有限公司")
    missing = resolver.resolve("外地的")
    assert missing.decision == "none"
    assert "不在库里有限公司" in missing.why
    assert resolver.resolve("云").decision == "unsure"


def test_judgements_come_before_everything_and_can_be_withdrawn() -> None:
    judged = {WHALE: "杭州禾晟纺织有限公司", "91370200MA3C000011": None, "鲸鲸": "91320500MA1W000000", "蓝溪谷": None}
    brands = {"鲸鲸": (WHALE, "")}
    resolver = Resolver(base(), open_corpora(), RULES, Known(brands, judged))
    assert told(resolver.resolve("青岛鲸屿食品（股份）有限公司")) == ("same", "杭州禾晟纺织有限公司")
    assert resolver.resolve("91370200MA3C000011").decision == "none"
    assert told(resolver.resolve("鲸鲸")) == ("same", "苏州珑玥医疗器械有限公司")
    assert told(resolver.resolve("蓝溪谷")) == ("none", "")
    withdrawn = Resolver(base(), open_corpora(), RULES, Known(brands, {}))
    assert told(withdrawn.resolve(WHALE)) == ("same", WHALE)
    assert told(withdrawn.resolve("鲸鲸")) == ("same", WHALE)


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "鲸",
        "x",
        "😀😀",
        "😀",
        "'; DROP TABLE companies;--",
        "啊" * 10_000,
        WHALE * 50,
        "\ud800\udfff",
        "\x00\x01",
        "()()",
        "........",
        "____",
    ],
)
def test_what_is_no_name_is_refused_with_a_reason(resolver: Resolver, query: str) -> None:
    answer = resolver.resolve(query)
    assert answer.decision == "none"
    assert answer.why


@given(st.text(max_size=200))
@settings(deadline=None)
def test_any_text_has_an_answer_that_can_be_stored(query: str) -> None:
    answer = _shared().resolve(query)
    assert answer.query.encode() is not None
    assert (answer.company is None) == (answer.decision == "none")
    assert len(answer.candidates) <= MOST
    assert math.fsum(one.confidence for one in answer.candidates) <= 1.01
    assert answer.decision != "same" or len(query) <= 2 * LONGEST


@given(
    st.lists(
        st.sampled_from(["杭州", "聊城", "山东", "食品", "科技", "酒店", "管理", "有限公司", "股份", "集团", "公司", "市"]),
        max_size=5,
    )
)
@settings(deadline=None)
def test_places_trades_and_forms_together_decide_nothing(words: list[str]) -> None:
    answer = _shared().resolve("".join(words))
    names = {profile["name"] for profile in PROFILES}
    assert answer.decision != "same" or (answer.company is not None and answer.company.name in names and answer.why == "名称相同")


def test_a_small_base_has_thresholds_of_its_own() -> None:
    never = SameAt(short=1.0, open=1.0, full=1.0)
    for changed, decision in (("same_at", "same"), ("same_at_small", "unsure")):
        resolver = Resolver(base(), open_corpora(), RULES.model_copy(update={changed: never}))
        assert resolver.resolve("鲸屿食品").decision == decision


def test_a_base_is_the_smaller_the_fewer_names_it_has() -> None:
    resolver = _shared()
    index, comparer = resolver.index, NameComparer(resolver.index, open_corpora(), RULES)
    assert comparer.smallness == 1

    def of(names: int) -> float:
        many = replace(index, starts=np.zeros(names + 1, dtype=np.int64))
        return NameComparer(many, open_corpora(), RULES).smallness

    sizes = [of(names) for names in (50_000, 100_000, 400_000, 1_400_000, 5_000_000)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == pytest.approx(1, abs=1e-4)
    assert 0 < sizes[2] < sizes[1] < 1
    assert sizes[3:] == [0, 0]


def test_the_order_of_rows_changes_no_answer(resolver: Resolver) -> None:
    queries = [
        "鲸屿",
        "禾晟",
        "蓝溪谷",
        "上海云杉科技有限公司",
        "云杉",
        "鲁岳建设",
        "珑玥医疗",
        "旅游集团",
        "食品",
        "青岛海昧食品有限公司",
    ]
    for seed in range(3):
        shuffled = Resolver(base(random.Random(seed).sample(PROFILES, len(PROFILES))), open_corpora(), RULES)
        for query in queries:
            answers = [_placeless(one.resolve(query)) for one in (resolver, shuffled)]
            assert answers[0] == answers[1], query


def _placeless(answer: Resolution) -> Resolution:
    company = replace(answer.company, place=0) if answer.company else None
    return replace(answer, company=company, candidates=tuple(replace(one, place=0) for one in answer.candidates))


def test_a_saved_index_serves_without_the_names_in_memory(resolver: Resolver, tmp_path: Path) -> None:
    companies = base()
    NameIndex.of(companies.text["name"], companies.text["former_names"]).save(tmp_path)
    opened = Resolver(companies, open_corpora(), RULES, index=NameIndex.open(tmp_path))
    for query in ("鲸屿食品厂", "蓝溪谷", "91320500MA1W000000", "禾晟纺织"):
        assert opened.resolve(query) == resolver.resolve(query)
    with pytest.raises(ValueError, match="another base"):
        Resolver(base(PROFILES[:3]), open_corpora(), RULES, index=NameIndex.open(tmp_path))


def test_candidates_tell_what_was_compared(resolver: Resolver) -> None:
    first = resolver.resolve("鲸屿食品").candidates[0]
    assert first.features["core_equal"] == 1
    assert all(0 < abs(value) <= 1 for value in first.features.values())


def test_an_empty_base_knows_nobody(corpora: Corpora) -> None:
    empty = Resolver(base([PROFILES[0]]).take([]), corpora, RULES)
    assert empty.resolve(WHALE).decision == "none"
    assert empty.resolve("91370200MA3C000011").decision == "none"


@pytest.mark.parametrize(
    ("given_text", "wanted", "field"),
    [
        ("  short: 0.", "  short: 1.", "same_at.short"),
        ("unsure_at: 0.1", "unsure_at: 0.95", "unsure_at"),
        ("same_at_small:", "same_at_smal:", "same_at_smal"),
        ("    trade_equal:", "    trade_eqaul:", "trade_eqaul"),
        ("  precise: 0.99", "  precise: 很准", "bought.precise"),
        ("bought:", "bougth:", "bougth"),
    ],
)
def test_mistakes_in_the_thresholds_are_told_with_file_line_and_field(
    tmp_path: Path, given_text: str, wanted: str, field: str
) -> None:
    text = (folder("rules") / "resolution.yaml").read_text(encoding="utf-8")
    assert given_text in text
    (tmp_path / "resolution.yaml").write_text(text.replace(given_text, wanted, 1), encoding="utf-8")
    with pytest.raises(RulesError) as caught:
        load_resolution(tmp_path)
    said = str(caught.value)
    assert "resolution.yaml:" in said
    assert field in said
