"""Names come apart into region, core and legal form, and an outlet is known by its ending."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.corpora import Corpora
from matcher.text.names import NameReader, name_reader
from matcher.text.normalise import normalise
from matcher.types import NameParts


@pytest.fixture(scope="module")
def reader(corpora: Corpora) -> NameReader:
    return name_reader(corpora)


def parse(reader: NameReader, name: str) -> NameParts:
    return reader.parse(normalise(name))


@pytest.mark.parametrize(
    ("name", "region", "core", "form"),
    [
        ("青岛宏达食品有限公司", "青岛", "宏达食品", "limited"),
        ("青岛市宏达食品有限责任公司", "青岛市", "宏达食品", "limited"),
        ("山东省青岛市市北区宏达食品有限公司", "山东省青岛市市北区", "宏达食品", "limited"),
        ("山东青岛宏达食品股份有限公司", "山东青岛", "宏达食品", "joint_stock"),
        ("内蒙古宏达农业有限公司", "内蒙古", "宏达农业", "limited"),
        ("广西壮族自治区宏达农业有限公司", "广西壮族自治区", "宏达农业", "limited"),
        ("新疆宏达棉业有限公司", "新疆", "宏达棉业", "limited"),
        ("中国宏达农业公司", "中国", "宏达农业", "other_company"),
        ("宏达食品有限公司", "", "宏达食品", "limited"),
        ("宏达集团有限公司", "", "宏达", "limited"),
        ("宏达集团", "", "宏达", "other_company"),
        ("杭州宏达农民专业合作社", "杭州", "宏达", "cooperative"),
        ("莘县宏达家庭农场", "莘县", "宏达", "farm"),
        ("绍兴宏达纺织厂", "绍兴", "宏达纺织", "factory"),
        ("青岛宏达医院", "青岛", "宏达医院", "institution"),
        ("青岛宏达医院有限公司", "青岛", "宏达医院", "limited"),
        ("绍兴宏达大酒店", "绍兴", "宏达大酒店", "hotel"),
        ("杭州宏达律师事务所", "杭州", "宏达律师", "partnership"),
        ("青岛宏达水产合伙企业（有限合伙）", "青岛", "宏达水产", "partnership"),
        ("青岛宏达水产合伙企业（普通合伙）", "青岛", "宏达水产", "partnership"),
        ("宏达", "", "宏达", "unknown"),
    ],
)
def test_region_core_and_legal_form(reader: NameReader, name: str, region: str, core: str, form: str) -> None:
    parts = parse(reader, name)
    assert (parts.region, parts.core, parts.legal_form, parts.outlet) == (region, core, form, "none")


@pytest.mark.parametrize("name", ["青岛宏达创业投资中心（有限合伙）", "杭州宏达服务中心(普通合伙)"])
def test_a_bracket_that_states_the_partnership_is_the_legal_form(reader: NameReader, name: str) -> None:
    assert parse(reader, name).legal_form == "partnership"


@pytest.mark.parametrize(
    ("name", "region", "core"),
    [
        ("杭州区块链技术有限公司", "杭州", "区块链技术"),
        ("山东市场监测有限公司", "山东", "市场监测"),
        ("浙江县域旅游有限公司", "浙江", "县域旅游"),
    ],
)
def test_a_region_takes_no_character_of_the_word_after_it(reader: NameReader, name: str, region: str, core: str) -> None:
    parts = parse(reader, name)
    assert (parts.region, parts.core) == (region, core)


def test_a_trade_name_is_not_cut_in_two_by_a_county_of_the_same_letters(reader: NameReader) -> None:
    """北京同仁堂 is a trade name; 同仁 is also a city in 青海."""
    parts = parse(reader, "北京同仁堂科技发展股份有限公司")
    assert (parts.region, parts.core) == ("北京", "同仁堂科技发展")


OUTLETS = {
    "branch": ["青岛宏达食品有限公司聊城分公司", "宏达农业银行股份有限公司聊城支行", "宏达银行青岛分行", "宏达汽车公司管理处"],
    "office": ["宏达食品有限公司北京代表处", "宏达食品有限公司驻青岛办事处", "宏达贸易公司联络处"],
    "counter": ["宏达证券有限公司东昌路营业部", "宏达通信有限公司营业厅", "宏达银行东关分理处", "宏达银行西关储蓄所"],
    "shop": ["宏达食品有限公司第三门市部", "宏达药房连锁有限公司东关店", "宏达食品经营部", "宏达超市", "宏达大药房"],
    "station": ["宏达加油站", "宏达石油公司第五加气站", "宏达合作社收购站", "宏达彩票销售点", "宏达公司东关服务站"],
    "workshop": ["宏达家电维修部", "宏达理发室", "宏达网吧", "宏达诊所"],
}
NO_OUTLETS = [
    *("绍兴宏达大酒店", "宏达酒店", "宏达饭店", "宏达大饭店", "宏达旅店", "宏达水电站", "宏达污水处理站", "宏达汽车站", "宏达景点"),
    *("宏达酒店管理有限公司", "宏达加油站管理有限公司", "青岛门店设计有限公司", "宏达分行业研究院", "宏达集团", "青岛"),
    *("宏达便利店连锁有限公司", "店小二食品有限公司"),
]


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in OUTLETS.items() for name in names])
def test_outlets(reader: NameReader, kind: str, name: str) -> None:
    assert parse(reader, name).outlet == kind


@pytest.mark.parametrize("name", NO_OUTLETS)
def test_what_only_looks_like_an_outlet(reader: NameReader, name: str) -> None:
    assert parse(reader, name).outlet == "none"


def test_every_ending_of_the_table_makes_an_outlet_unless_it_is_excepted(reader: NameReader, corpora: Corpora) -> None:
    assert {"分公司", "代表处", "营业部", "支行", "店", "站", "点"} <= set(corpora.outlet_tails)
    for tail, kind in corpora.outlet_tails.items():
        assert parse(reader, f"甲乙丙丁{tail}").outlet == kind, tail
    for tail in corpora.not_outlets:
        assert parse(reader, f"甲乙丙丁{tail}").outlet == "none", tail


def test_every_legal_form_of_the_table(reader: NameReader, corpora: Corpora) -> None:
    for form in corpora.legal_forms:
        if form.tail.startswith("("):
            continue  # these stand in brackets, see above
        parts = parse(reader, f"宏达甲乙{form.tail}")
        assert (parts.legal_form, parts.mode) == (form.kind, form.mode), form.tail


@pytest.mark.parametrize(
    ("name", "region", "core", "group"),
    [
        ("宏达（上海）医疗科技有限公司", "上海", "宏达医疗科技", False),
        ("宏达(中国)投资有限公司", "中国", "宏达投资", False),
        ("青岛宏达（集团）有限公司", "青岛", "宏达", True),
        ("青岛宏达【集团】股份有限公司", "青岛", "宏达", True),
        ("宏达（原宏达食品厂）有限公司", "", "宏达", False),
        ("宏达（青岛有限公司", "", "宏达青岛", False),
        ("浙江宏达控股有限公司", "浙江", "宏达控股", True),
    ],
)
def test_brackets_and_groups(reader: NameReader, name: str, region: str, core: str, group: bool) -> None:
    parts = parse(reader, name)
    assert (parts.region, parts.core, parts.is_group) == (region, core, group)


@pytest.mark.parametrize("name", ["", "(", "))((", "()", "（（（））", "上海", "公司", "分公司", "店"])
def test_names_of_almost_nothing(reader: NameReader, name: str) -> None:
    parts = parse(reader, name)
    assert set(parts.core) <= set(normalise(name))


def test_a_name_that_is_nothing_but_a_place_keeps_it(reader: NameReader) -> None:
    assert parse(reader, "青岛有限公司").core == "青岛"
    assert parse(reader, "青岛有限公司").region == ""


regions = st.sampled_from(["", "青岛", "青岛市", "浙江", "浙江省", "浙江省杭州市", "山东聊城", "宁夏", "香港"])
trades = st.text("宏达鑫隆盛食品酒饮", min_size=2, max_size=6)
forms = st.sampled_from(
    [("有限公司", "limited"), ("股份有限公司", "joint_stock"), ("专业合作社", "cooperative"), ("加工厂", "factory")]
)


@given(regions, trades, forms, st.sampled_from(["", "(集团)"]))
def test_a_name_put_together_comes_apart_again(
    reader: NameReader, region: str, trade: str, form: tuple[str, str], bracket: str
) -> None:
    parts = reader.parse(region + trade + bracket + form[0])
    assert (parts.region, parts.core) == (region, trade)
    assert (parts.legal_form, parts.outlet, parts.is_group) == (form[1], "none", bool(bracket))


@given(st.text("青岛市杭州宏达有限公司()分店站集团酒店中国 a1", max_size=16))
def test_parts_never_hold_a_character_that_the_name_lacks(reader: NameReader, name: str) -> None:
    parts = reader.parse(normalise(name))
    assert set(parts.region + parts.core) <= set(normalise(name))
    assert len(parts.core) <= len(name)
    assert parts.is_group == ("集团" in name)
