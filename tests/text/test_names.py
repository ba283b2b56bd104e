"""Names come apart into region, trade name, industry term and legal form, and an outlet is known by its ending."""

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
    "branch": [
        "青岛宏达食品有限公司聊城分公司",
        "宏达农业银行股份有限公司聊城支行",
        "宏达银行青岛分行",
        "宏达汽车公司管理处",
        "宏达电影发行公司大光明电影院",
        "宏达肉类加工厂生猪屠宰场",
        "宏达食品公司冷饮厂",
    ],
    "office": ["宏达食品有限公司北京代表处", "宏达食品有限公司驻青岛办事处", "宏达贸易公司联络处"],
    "counter": ["宏达证券有限公司东昌路营业部", "宏达通信有限公司营业厅", "宏达银行东关分理处", "宏达银行西关储蓄所"],
    "shop": ["宏达食品有限公司第三门市部", "宏达药房连锁有限公司东关店", "宏达食品经营部", "宏达超市", "宏达大药房"],
    "station": ["宏达加油站", "宏达石油公司第五加气站", "宏达合作社收购站", "宏达彩票销售点", "宏达公司东关服务站"],
    "workshop": ["宏达家电维修部", "宏达理发室", "宏达网吧", "宏达诊所"],
}
NO_OUTLETS = [
    *("绍兴宏达大酒店", "宏达酒店", "宏达饭店", "宏达大饭店", "宏达旅店", "宏达水电站", "宏达污水处理站", "宏达汽车站", "宏达景点"),
    *("宏达酒店管理有限公司", "宏达加油站管理有限公司", "青岛门店设计有限公司", "宏达分行业研究院", "宏达集团", "青岛"),
    *("宏达食品厂", "宏达屠宰场", "青岛第二食品加工厂", "宏达公司研究院有限公司"),
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
    assert not parts.is_group or "集团" in name
    assert parts.trade_name + parts.industry_term == parts.core


# --- 字号 and 行业表述 ------------------------------------------------------------------------------------------------------------

SPLIT = [
    # region, trade name, industry term, legal form: the four parts that the regulation names
    ("青岛海信电器股份有限公司", "青岛", "海信", "电器", "joint_stock"),
    ("浙江一鸣食品股份有限公司", "浙江", "一鸣", "食品", "joint_stock"),
    ("杭州娃哈哈保健食品有限公司", "杭州", "娃哈哈", "保健食品", "limited"),
    ("浙江康恩贝健康科技有限公司", "浙江", "康恩贝", "健康科技", "limited"),
    ("杭州胡庆余堂药业有限公司", "杭州", "胡庆余堂", "药业", "limited"),
    ("浙江开元酒店管理股份有限公司", "浙江", "开元", "酒店管理", "joint_stock"),
    ("浙江开元森泊旅游投资有限公司", "浙江", "开元森泊", "旅游投资", "limited"),
    ("宋城演艺发展股份有限公司", "", "宋城", "演艺发展", "joint_stock"),
    ("上海复星医药（集团）股份有限公司", "上海", "复星", "医药", "joint_stock"),
    ("青岛英派斯健康科技股份有限公司", "青岛", "英派斯", "健康科技", "joint_stock"),
    ("杭州楼外楼食品有限公司", "杭州", "楼外楼", "食品", "limited"),
    ("山东山孚大酒店有限公司", "山东", "山孚", "大酒店", "limited"),
    ("会稽山绍兴酒股份有限公司", "", "会稽山绍兴酒", "", "joint_stock"),
    ("古越龙山文化创意有限公司", "", "古越龙山", "文化创意", "limited"),
    ("北京同仁堂健康药业股份有限公司", "北京", "同仁堂", "健康药业", "joint_stock"),
    ("TCL集团股份有限公司", "", "tcl", "", "joint_stock"),
    # several words of trade, one after the other
    ("杭州华策影视文化传媒有限公司", "杭州", "华策", "影视文化传媒", "limited"),
    ("青岛宝山冷链物流有限公司", "青岛", "宝山", "冷链物流", "limited"),
    ("绍兴鉴水旅游开发投资有限公司", "绍兴", "鉴水", "旅游开发投资", "limited"),
    # regions of every kind
    ("山东省青岛市市北区宏达食品有限公司", "山东省青岛市市北区", "宏达", "食品", "limited"),
    ("内蒙古伊利实业集团股份有限公司", "内蒙古", "伊利", "实业", "joint_stock"),
    ("淳安县新安江旅游集团有限公司", "淳安县", "新安江", "旅游", "limited"),
    ("复星（杭州）医疗科技有限公司", "杭州", "复星", "医疗科技", "limited"),
    ("中国北京同仁堂（集团）有限责任公司", "中国北京", "同仁堂", "", "limited"),
    # no trade of their own, or none that is known
    ("传化集团有限公司", "", "传化", "", "limited"),
    ("青岛甪鑫有限公司", "青岛", "甪鑫", "", "limited"),
    ("青岛甪鑫鬻鼗有限公司", "青岛", "甪鑫鬻鼗", "", "limited"),
    ("青岛明月海藻集团有限公司", "青岛", "明月海藻", "", "limited"),
    # no 字号: region and trade are all there is
    ("浙江省旅游集团有限责任公司", "浙江省", "", "旅游", "limited"),
    ("青岛啤酒股份有限公司", "青岛", "", "啤酒", "joint_stock"),
    ("浙江医药股份有限公司", "浙江", "", "医药", "joint_stock"),
    ("桂林旅游股份有限公司", "桂林", "", "旅游", "joint_stock"),
    ("绍兴市文化旅游集团有限公司", "绍兴市", "", "文化旅游", "limited"),
    ("莘县旅游投资有限公司", "莘县", "", "旅游投资", "limited"),
    ("杭州商贸旅游集团有限公司", "杭州", "", "商贸旅游", "limited"),
    # firms within a group: the 字号 is the group's
    ("利群集团青岛百惠商厦股份有限公司", "", "利群", "集团青岛百惠商厦", "joint_stock"),
    ("回音必集团浙江亚东制药有限公司", "", "回音必", "集团浙江亚东制药", "limited"),
    ("国药控股浙江有限公司", "", "国药", "控股浙江", "limited"),
    ("青岛双星集团出口鞋有限责任公司", "青岛", "双星", "集团出口鞋", "limited"),
    ("杭州宋城集团控股有限公司", "杭州", "宋城", "集团控股", "limited"),
    # what the company is stays part of the trade: 酒店、医院
    ("绍兴饭店", "绍兴", "", "饭店", "hotel"),
    ("青岛甪鑫大酒店", "青岛", "甪鑫", "大酒店", "hotel"),
    ("杭州甪鑫中医门诊部有限公司", "杭州", "甪鑫", "中医门诊部", "limited"),
    ("莘县甪鑫蔬菜种植专业合作社", "莘县", "甪鑫", "蔬菜种植", "cooperative"),
    ("绍兴甪鑫纺织厂", "绍兴", "甪鑫", "纺织", "factory"),
    ("杭州甪鑫股权投资合伙企业（有限合伙）", "杭州", "甪鑫", "股权投资", "partnership"),
    # 集团 and 控股 with nothing behind
    ("宏达", "", "宏达", "", "unknown"),
    ("宏达（集团）股份有限公司", "", "宏达", "", "joint_stock"),
]


@pytest.mark.parametrize(("name", "region", "trade_name", "industry_term", "form"), SPLIT, ids=[case[0] for case in SPLIT])
def test_the_four_parts(reader: NameReader, name: str, region: str, trade_name: str, industry_term: str, form: str) -> None:
    parts = parse(reader, name)
    assert (parts.region, parts.trade_name, parts.industry_term, parts.legal_form) == (region, trade_name, industry_term, form)
    assert parts.core == trade_name + industry_term


@pytest.mark.parametrize(
    ("name", "trade_name"),
    [
        ("浙江宏达控股有限公司", "宏达"),
        ("广厦控股集团有限公司", "广厦"),
        ("中青旅控股股份有限公司", "中青旅"),
        ("宋城控股有限公司", "宋城"),
    ],
)
def test_a_holding_bears_the_trade_name_of_those_it_holds(reader: NameReader, name: str, trade_name: str) -> None:
    assert parse(reader, name).trade_name == trade_name


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("甪鑫食品有限公司", 0),
        ("中国甪鑫食品有限公司", 0),
        ("山东甪鑫食品有限公司", 1),
        ("内蒙古自治区甪鑫食品有限公司", 1),
        ("上海甪鑫食品有限公司", 1),
        ("青岛甪鑫食品有限公司", 2),
        ("山东省青岛市甪鑫食品有限公司", 2),
        ("莘县甪鑫食品有限公司", 3),
        ("青岛市市北区甪鑫食品有限公司", 3),
        ("山东省聊城市莘县甪鑫食品有限公司", 3),
        ("莘县旅游投资有限公司", 3),
        ("甪鑫（青岛）食品有限公司", 0),  # a bracket is no beginning
        ("青岛有限公司", 0),  # a name that is nothing but a place keeps it
        ("", 0),
    ],
)
def test_the_level_of_the_region_that_leads_a_name(reader: NameReader, name: str, level: int) -> None:
    assert parse(reader, name).level == level


GROUPS = [
    *(
        "甪鑫集团",
        "甪鑫集团有限公司",
        "甪鑫集团股份有限公司",
        "甪鑫食品集团总公司",
        "甪鑫（集团）有限公司",
        "甪鑫食品（集团）股份有限公司",
    ),
    *(
        "甪鑫控股",
        "甪鑫控股有限公司",
        "甪鑫控股集团有限公司",
        "甪鑫集团控股有限公司",
        "甪鑫（控股）有限公司",
        "青岛甪鑫企业集团公司",
    ),
]
NO_GROUPS = [
    *(
        "甪鑫食品有限公司",
        "甪鑫集团青岛百惠商厦有限公司",
        "甪鑫集团食品有限公司",
        "国药控股浙江有限公司",
        "甪鑫股份有限公司",
    ),
    *("甪鑫集团有限公司青岛分公司", "甪鑫集团第三门市部", "甪鑫（集团）有限公司加油站", "甪鑫集团有限公司中药饮片厂", ""),
]


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_itself(reader: NameReader, name: str) -> None:
    assert parse(reader, name).is_group
    assert parse(reader, "青岛" + name).is_group


@pytest.mark.parametrize("name", NO_GROUPS)
def test_a_firm_or_outlet_within_a_group_is_no_group(reader: NameReader, name: str) -> None:
    assert not parse(reader, name).is_group


def test_words_of_trade_are_not_also_declared_to_be_none(corpora: Corpora) -> None:
    assert {"食品", "旅游", "酒店", "药业", "科技", "旅业", "康养"} <= corpora.industry_words
    assert not corpora.industry_words & corpora.no_industry_words
    assert "集团" in corpora.no_industry_words
    assert all(len(word) > 1 for word in corpora.industry_words)


def test_common_trade_names_are_common(corpora: Corpora) -> None:
    counts = corpora.common_trade_names
    assert min(counts.values()) >= 12
    assert min(map(len, counts)) > 1
    assert counts["东方"] > counts["开元"]


@given(st.text("甪鑫淼隆", min_size=2, max_size=4), st.lists(st.sampled_from(["食品", "旅游", "酒店管理", "药业"]), max_size=3))
def test_a_made_up_trade_name_is_what_stands_before_the_trades(reader: NameReader, trade_name: str, trades: list[str]) -> None:
    assert reader.split(trade_name + "".join(trades)) == (trade_name, "".join(trades))


@given(
    st.lists(
        st.sampled_from(["食品", "旅游", "甪", "鑫", "集团", "控股", "青岛", "酒店", "管理", "公司", "科技", "康", "a1"]),
        max_size=6,
    )
)
def test_a_split_leaves_a_trade_name_of_two_characters_or_none_and_cuts_nothing(reader: NameReader, words: list[str]) -> None:
    core = "".join(words)
    trade_name, industry_term = reader.split(core)
    assert trade_name + industry_term == core
    assert len(trade_name) != 1 or not industry_term
    assert reader.split(trade_name) == (trade_name, ""), "nothing more comes off"


@given(st.sampled_from([case[0] for case in SPLIT]), st.sampled_from(["分公司", "第三门市部", "青岛办事处"]))
def test_an_outlet_of_anybody_is_an_outlet_and_no_group(reader: NameReader, name: str, tail: str) -> None:
    parts = parse(reader, name + tail)
    assert parts.outlet != "none"
    assert not parts.is_group
