"""Places and known groups within names: what only looks like a place, whose part a company is, and the table of groups."""

from __future__ import annotations

import pytest

from matcher.corpora import Corpora
from matcher.text.names import NameReader, name_reader
from matcher.text.normalise import normalise
from matcher.types import NameParts


@pytest.fixture(scope="module")
def reader(corpora: Corpora) -> NameReader:
    return name_reader(corpora)


def parse(reader: NameReader, name: str, place: str = "") -> NameParts:
    return reader.parse(normalise(name), place)


@pytest.mark.parametrize(
    ("name", "place", "region", "trade_name"),
    [
        ("东丽医疗科技（青岛）有限公司", "青岛市", "青岛", "东丽"),  # a brand here
        ("东丽示例食品有限公司", "天津市", "东丽", "示例"),  # a district at home
        ("东丽区示例食品有限公司", "青岛市", "东丽区", "示例"),  # said in full
        ("青岛白云食品有限公司", "青岛", "青岛", "白云"),
        ("同仁堂示例有限公司", "青岛市", "", "同仁堂示例"),
        ("诸暨示例食品有限公司", "绍兴市", "诸暨", "示例"),
        ("诸暨示例食品有限公司", "浙江省", "诸暨", "示例"),
        ("诸暨示例食品有限公司", "杭州", "诸暨", "示例"),  # of the same province
        ("诸暨示例食品有限公司", "", "诸暨", "示例"),  # nobody knows where
        ("厦门示例食品有限公司", "青岛市", "厦门", "示例"),  # cities lead names everywhere
    ],
)
def test_a_county_without_its_ending_leads_a_name_only_at_home(
    reader: NameReader, name: str, place: str, region: str, trade_name: str
) -> None:
    parts = parse(reader, name, place)
    assert (parts.region, parts.trade_name) == (region, trade_name)


@pytest.mark.parametrize(
    ("name", "place", "arm"),
    [
        ("赛诺菲（杭州）制药有限公司", "杭州市", True),
        ("示例控股青岛有限公司", "青岛", True),
        ("示例之星杭州食品有限公司", "杭州", True),
        ("阳光大同旅游有限公司", "杭州市", False),  # 大同 is a city, and two good words
        ("阳光大同旅游有限公司", "大同市", True),
        ("永葆安康医疗有限公司", "青岛市", False),
        ("示例（上海）食品有限公司", "杭州市", False),
        ("青岛示例食品有限公司", "青岛市", False),
        ("示例（中国）有限公司", "杭州市", False),
        ("示例（杭州）制药有限公司", "", True),
    ],
)
def test_an_arm_names_the_place_where_it_sits(reader: NameReader, name: str, place: str, arm: bool) -> None:
    assert parse(reader, name, place).is_arm is arm


@pytest.mark.parametrize(
    ("name", "group", "head"),
    [
        ("上海医药集团青岛示例药业股份有限公司", "上海医药集团", False),
        ("上药示例（杭州）医药股份有限公司", "上海医药集团", False),
        ("上海医药集团股份有限公司", "上海医药集团", True),
        ("青岛新希望示例乳业有限公司", "新希望集团", False),
        ("杭州新希望塑化有限公司", "", False),  # another trade
        ("杭州方某国药馆有限公司", "", False),  # not at the beginning
        ("浙江省旅游集团有限责任公司", "浙江省旅游集团", True),
        ("浙旅控股股份有限公司", "浙江省旅游集团", False),
        ("青岛啤酒股份有限公司", "青岛啤酒", True),  # what the name means, though no group by name
        ("青岛啤酒饮料有限公司", "青岛啤酒", False),
        ("华仁药业股份有限公司", "华仁药业", True),
        ("华仁药业(日照)有限公司", "华仁药业", False),
        ("青岛柏兰集团有限公司", "柏兰集团", True),
        ("杭州绿盛集团有限公司", "绿盛集团", True),
        ("青岛万福集团股份有限公司", "万福集团", True),  # 集团 is a part of the legal form
        ("山东新希望六和集团有限公司", "新希望六和股份", False),  # decided in another city
        ("青岛食品股份有限公司", "青岛食品", True),
        ("浙江中医药大学中药饮片有限公司", "康恩贝集团", False),  # bought: no name tells it
        ("青岛示例食品有限公司", "", False),
    ],
)
def test_known_groups(reader: NameReader, corpora: Corpora, name: str, group: str, head: bool) -> None:
    parts = parse(reader, name)
    assert (corpora.known_groups[parts.known_group - 1].name if parts.known_group else "", parts.is_head) == (group, head)


def test_the_table_of_groups_is_sound(corpora: Corpora) -> None:
    cities = {division.name.removesuffix("市") for division in corpora.divisions if division.level in ("city", "province")}
    signs = [sign for group in corpora.known_groups for sign in group.signs]
    assert len(signs) == len(set(signs)) > 60
    assert all(len(sign) >= 2 and sign == normalise(sign) for sign in signs)
    assert {group.city for group in corpora.known_groups} <= cities
