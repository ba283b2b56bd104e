"""Families by address and by how many bear a 字号, and groups that everybody knows: read as what they are known for."""

from __future__ import annotations

from datetime import date

import pytest

from matcher.corpora import MODES, Corpora
from matcher.engine import Engine
from matcher.intake import from_profiles
from matcher.matching.families import FamilyFinder
from matcher.matching.profiles import ProfileReader
from matcher.types import RankedCompany

AS_OF = date(2024, 8, 27)


def families(corpora: Corpora, *rows: tuple[str, str, str, int]) -> list[list[int]]:
    profiles = [{"name": name, "city": city, "address": address, "founded_date": "2000-01-01"} for name, city, address, _ in rows]
    companies = from_profiles(profiles, corpora).companies
    return FamilyFinder(companies, corpora).find({place: row[3] for place, row in enumerate(rows)})


def test_one_trade_name_at_one_address_is_one_family_whatever_they_do(corpora: Corpora) -> None:
    assert "东方" in corpora.common_trade_names
    one = ("杭州东方食品有限公司", "杭州", "杭州市西湖区文三路1号", 0)
    assert families(corpora, one, ("杭州东方旅游有限公司", "杭州", "杭州市西湖区文三路1号", 1)) == [[1, 0]]
    assert families(corpora, one, ("杭州东方旅游有限公司", "杭州", "杭州市西湖区文三路2号", 1)) == []
    assert families(corpora, one, ("杭州西方旅游有限公司", "杭州", "杭州市西湖区文三路1号", 1)) == [], "a house with many firms"
    assert families(corpora, ("杭州东方食品有限公司", "杭州", "杭州", 0), ("杭州东方旅游有限公司", "杭州", "杭州", 1)) == []


def test_a_long_trade_name_that_many_bear_joins_only_within_a_chain(corpora: Corpora) -> None:
    """新世界房地产集团 and 新世界国际旅游 have a name in common that half of the country likes."""
    assert corpora.common_trade_names["新世界"] > corpora.reading.family_telling_bearers
    group = ("浙江新世界房地产集团有限公司", "杭州", "", 0)
    assert families(corpora, group, ("浙江新世界国际旅游有限公司", "杭州", "", 1)) == []
    assert families(corpora, group, ("浙江新世界国际旅游有限公司", "杭州", "", 0)) == [[0, 1]]


@pytest.fixture(scope="module")
def reader(engine: Engine) -> ProfileReader:
    return engine.reader


def test_a_known_group_is_read_as_what_it_is_known_for(engine: Engine) -> None:
    silent = {
        "business_scope": "实业投资；五金、化工原料批发；货物进出口",
        "reg_capital_raw": "50000万人民币",
        "founded_date": "2001-01-01",
    }
    known, unknown, firm = engine.score(
        [
            {"name": "开元旅业集团有限公司", "city": "杭州", **silent},
            {"name": "甪鑫旅业集团有限公司", "city": "杭州", **silent},
            {"name": "杭州开元旅业物资有限公司", "city": "杭州", **silent},
        ],
        AS_OF,
    )
    assert isinstance(known, RankedCompany)
    assert isinstance(unknown, RankedCompany)
    assert isinstance(firm, RankedCompany)
    assert known.segment in ("hotel-management", "resort-hotels")
    assert known.vetoed_by is None
    assert known.score > 60 > unknown.score, "a name without what everybody knows stays what its scope says"
    assert {c.rule: c.points for c in known.contributions}["renowned"] > 0
    assert {c.rule: c.points for c in firm.contributions}["renowned"] == 0, "a firm of the group does what its own scope says"


def test_a_firm_of_a_group_is_read_as_what_its_own_scope_says_of_that(engine: Engine) -> None:
    """方特's parks open with 快餐店 and 停车场; what the group is known for is read first where the firm writes it anywhere."""
    before = "快餐店；零售：预包装食品；产业投资；动漫设计；房屋租赁"
    profile = {"city": "青岛", "reg_capital_raw": "50000万人民币", "founded_date": "2009-01-01"}
    park, other, hotel = engine.score(
        [
            {"name": "华强方特(青岛)文化科技有限公司", "business_scope": f"{before}；主题公园的管理、经营", **profile},
            {"name": "甪鑫(青岛)文化科技有限公司", "business_scope": f"{before}；主题公园的管理、经营", **profile},
            {"name": "华强方特(青岛)酒店有限公司", "business_scope": f"{before}；酒店管理", **profile},
        ],
        AS_OF,
    )
    assert isinstance(park, RankedCompany) and isinstance(other, RankedCompany) and isinstance(hotel, RankedCompany)
    assert park.segment == "theme-parks"
    assert park.affinity > other.affinity + 0.1
    assert hotel.segment != "theme-parks", "a hotel of the group is no park"


@pytest.mark.parametrize(
    ("name", "scope", "mode"),
    [
        ("青岛甪鑫机械制造有限公司", "玉米收获机、播种机", "produce"),
        ("青岛甪鑫制药集团有限公司", "中成药、化学药制剂", "produce"),
        ("青岛甪鑫药业有限公司", "中成药、化学药制剂", "none"),  # wholesalers of drugs are called so, too
        ("青岛甪鑫药业有限公司", "片剂、颗粒剂", "produce"),  # what only a maker's permit lists
        (
            "青岛甪鑫机械制造有限公司",
            "销售：玉米收获机；播种机；货物进出口",
            "none",
        ),  # a verb stands there: 播种机 has none of its own
        ("青岛甪鑫机械制造有限公司", "播种机；货物进出口", "produce"),  # everybody writes that
    ],
)
def test_a_maker_s_name_speaks_where_no_verb_does(
    reader: ProfileReader, corpora: Corpora, name: str, scope: str, mode: str
) -> None:
    details = reader.details(from_profiles([{"name": name, "business_scope": scope, "city": "青岛"}], corpora).companies)
    items, default = details.texts.items, details.texts.default_mode
    last = [n for n in range(len(items.row)) if not items.filler[items.item[n]]][-1]
    found = items.mode[last] if items.mode[last] != len(MODES) else default[0]
    assert (*MODES, "none")[found] == mode


@pytest.mark.parametrize(
    ("name", "nameless"),
    [
        ("浙江国际旅游集团有限公司", True),
        ("杭州果品批发有限公司", True),
        ("莘县旅游投资有限公司", True),
        ("浙江甪鑫旅游集团有限公司", False),
        ("浙江省旅游集团有限责任公司", False),  # everybody knows it
        ("甪鑫旅游有限公司", False),
    ],
)
def test_a_name_without_a_trade_name(reader: ProfileReader, corpora: Corpora, name: str, nameless: bool) -> None:
    profiles = reader.read(from_profiles([{"name": name, "business_scope": "旅游开发"}], corpora).companies)
    assert profiles.place_named.tolist() == [nameless]


def test_whoever_the_zone_talks_to_is_not_doubted_as_an_arm(engine: Engine) -> None:
    """国药控股 is being approached: its regional firms are a lead to the group."""
    profile = {"business_scope": "药品批发；医疗器械批发", "reg_capital_raw": "50000万人民币", "founded_date": "2001-01-01"}
    approached, other = engine.score(
        [{"name": "国药控股杭州有限公司", "city": "杭州", **profile}, {"name": "华润杭州医药有限公司", "city": "杭州", **profile}],
        AS_OF,
    )
    assert isinstance(approached, RankedCompany)
    assert isinstance(other, RankedCompany)
    points = {c.rule: c.points for c in approached.contributions}
    assert (points["approached"], points["arm"], points["decided_elsewhere"]) == (4, 0, 0)
    assert {c.rule: c.points for c in other.contributions}["decided_elsewhere"] < 0


def test_every_trade_that_a_group_is_known_for_is_a_trade_of_some_segment(engine: Engine, corpora: Corpora) -> None:
    """Else the words would do nothing in this zone: a slip of the pen."""
    told = [(group.name, trade) for group in corpora.known_groups for trade in group.known_for]
    assert len(told) > 15
    companies = from_profiles([{"name": "甪鑫集团有限公司", "business_scope": trade} for _, trade in told], corpora).companies
    best = engine.reader.read(companies).affinity.max(axis=1).tolist()
    assert [pair for pair, affinity in zip(told, best, strict=True) if affinity < 250] == []
