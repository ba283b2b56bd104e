"""A name, a brand or a code leads to its company or to an honest doubt, on made-up companies: what decides, what never does, who wins."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from functools import lru_cache

import pytest

from matcher.corpora import open_corpora
from matcher.matching.name_files import built_index
from matcher.matching.resolution import Resolution, Resolver
from tests.matching.made_up import BRANCH, PROFILES, RULES, WHALE, base, shared, told


@pytest.fixture
def resolver() -> Resolver:
    return shared()


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


FORMS = ("有限公司", "股份有限公司", "集团有限公司")
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


BY_HABIT = [
    {"name": "青岛啤酒股份有限公司"},
    {"name": "青岛轩宇啤酒有限公司"},
    {"name": "青岛禾晟农村商业银行股份有限公司"},
    {"name": "中国珑玥银行股份有限公司聊城分行"},
    {"name": "中国珑玥银行股份有限公司聊城柳园支行"},
    {"name": "蓝溪银行股份有限公司"},
    {"name": "湘潭电机股份有限公司"},
    {"name": "山东海昧机械股份有限公司"},
    {"name": "杭州格润达影视有限公司"},
    {"name": "青岛云杉正工贸有限公司"},
]


@lru_cache(maxsize=1)
def by_habit() -> Resolver:
    return Resolver(base(BY_HABIT), open_corpora(), RULES)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("青啤", "青岛啤酒股份有限公司"),
        ("湘电股份", "湘潭电机股份有限公司"),
        ("*ST海昧B", "山东海昧机械股份有限公司"),
        ("海昧退", "山东海昧机械股份有限公司"),
        ("青岛禾晟农商银行", "青岛禾晟农村商业银行股份有限公司"),
        ("珑玥银行聊城分行", "中国珑玥银行股份有限公司聊城分行"),
        ("蓝溪银行市北支行", "蓝溪银行股份有限公司"),
    ],
)
def test_names_as_people_and_exchanges_shorten_them(query: str, first: str) -> None:
    answer = by_habit().resolve(query)
    assert answer.decision in ("same", "unsure")
    assert answer.candidates[0].name == first


def test_a_district_before_the_whole_name_changes_nothing() -> None:
    assert told(by_habit().resolve("青岛市崂山区青岛啤酒股份有限公司")) == ("same", "青岛啤酒股份有限公司")


def test_a_place_and_a_trade_may_be_a_trade_name() -> None:
    answer = by_habit().resolve("青岛啤酒")
    assert answer.company is not None
    assert answer.company.name == "青岛啤酒股份有限公司"
    assert "没有字号" not in answer.why


@pytest.mark.parametrize("query", ["格润电器", "云杉药业"])
def test_a_firm_that_only_begins_alike_is_not_shown_as_likely(query: str) -> None:
    assert by_habit().resolve(query).decision == "none"


def test_initials_are_those_of_a_plain_search() -> None:
    names = [f"{a}{b}{c}{form}" for a in ("湘潭", "青岛") for b in ("电机", "啤酒") for c in ("", "设备") for form in FORMS]
    index = built_index(names)
    for short in ("湘电", "青啤", "潭机", "青设", "电湘"):
        found = {names[int(index.entries[number])] for number in index.initials(short, len(names))}
        assert found == {
            name for name in names if ("股份" in name or "集团" in name) and re.match(".{0,4}" + ".*".join(short), name)
        }


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


BORNE = [
    {"name": "浙江吉利控股集团有限公司"},
    {"name": "杭州吉利纺织品有限公司"},
    {"name": "杭州临安禾晟食品集团有限公司"},
    {"name": "北京珑玥文化传媒有限公司"},
    {"name": "天津蓝溪股份有限公司"},
    {"name": "杭州鲸屿饮食服务集团有限公司杭州海昧楼"},
    {"name": "杭州海昧楼味庄餐饮有限公司"},
    {"name": "TCL集团股份有限公司"},
    {"name": "集团软件有限公司"},
]


@lru_cache(maxsize=1)
def borne() -> Resolver:
    return Resolver(base(BORNE), open_corpora(), RULES)


@pytest.mark.parametrize("query", ["吉利", "吉利汽车", "吉利控股集团", "吉利集团"])
def test_a_place_that_a_group_bears_as_its_trade_name_is_a_name(query: str) -> None:
    answer = borne().resolve(query)
    assert answer.candidates[0].name == "浙江吉利控股集团有限公司"
    assert answer.decision != "none"
    assert query != "吉利" or (answer.decision, answer.why) == ("unsure", "写的也是地名")


def test_a_place_that_only_leads_names_is_none() -> None:
    assert borne().resolve("临安").decision == "none"


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("MOJO珑玥", "北京珑玥文化传媒有限公司"),
        ("珑玥 Mojo", "北京珑玥文化传媒有限公司"),
        ("LX/蓝溪", "天津蓝溪股份有限公司"),
        ("蓝 溪", "天津蓝溪股份有限公司"),
        ("TCL集团", "TCL集团股份有限公司"),
    ],
)
def test_a_foreign_name_glued_to_a_chinese_one_hides_it_from_nobody(query: str, first: str) -> None:
    assert borne().resolve(query).candidates[0].name == first


def test_a_brand_that_an_outlet_of_another_company_bears_is_not_decided() -> None:
    answer = borne().resolve("海昧楼")
    assert (answer.decision, answer.why) == ("unsure", "别家的分支网点叫这个")
    assert {one.name for one in answer.candidates} >= {BORNE[5]["name"], BORNE[6]["name"]}


def test_a_place_no_firm_of_which_is_in_the_base_meets_no_trade_of_elsewhere() -> None:
    others = [{"name": "青岛市出租汽车股份有限公司"}, {"name": "胶南市达利汽车配件有限公司"}]
    assert Resolver(base(others), open_corpora(), RULES).resolve("吉利汽车").decision == "none"
