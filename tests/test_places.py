"""In which district an address lies: by the city's own divisions, whatever kind they had when the row was written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.corpora import Corpora
from matcher.intake import Companies, from_profiles
from matcher.places import CityFilter, DistrictFinder


@pytest.mark.parametrize(
    ("city", "address", "district"),
    [
        ("青岛", "青岛市市北区西吴路189号", "市北区"),
        ("青岛市", "山东省青岛市即墨市鹤山路7号", "即墨区"),
        ("杭州", "浙江省杭州市淳安县千岛湖镇", "淳安县"),
        ("杭州", "杭州富阳市银湖街道", "富阳区"),
        ("绍兴", "诸暨市安华镇", "诸暨市"),
        ("绍兴", "新昌县儒岙镇", "新昌县"),
        ("上海", "上海市浦东新区张江路1号", "浦东新区"),
        ("青岛", "青岛市高新技术产业开发区锦荣路369号", ""),
        ("青岛", "", ""),
        ("", "市北区西吴路189号", ""),
        ("没有的城市", "市北区", ""),
    ],
)
def test_district_of_an_address(corpora: Corpora, city: str, address: str, district: str) -> None:
    assert DistrictFinder(corpora).find(city, address) == district


def test_a_district_is_told_by_its_name_of_today(corpora: Corpora) -> None:
    finder = DistrictFinder(corpora)
    assert finder.find("杭州", "杭州市江干区钱江新城") == "上城区"
    assert [finder.now(city, "市中区") for city in ("济宁", "济南市")] == ["任城区", "市中区"], "of its own city only"


def test_every_former_district_is_of_a_city_that_is(corpora: Corpora) -> None:
    cities = {division.name.removesuffix("市") for division in corpora.divisions if division.level == "city"}
    assert {city for city, _ in corpora.former_districts} <= cities
    assert not set(corpora.former_districts.values()) & {former for _, former in corpora.former_districts} - {"市中区"}


def test_a_street_that_bears_the_name_of_another_district_tells_nothing(corpora: Corpora) -> None:
    finder = DistrictFinder(corpora)
    assert finder.find("青岛", "市南区延吉路一层商铺临近李沧区交界") == "市南区"
    assert finder.find("青岛", f"{'某' * 30}市南区") == "", "far from the beginning"


_CITY = st.sampled_from(["", "青岛", "青岛市", "青", "杭州市", "上海", "上海市", "没有的城市", "聊城"])
_PROVINCE = st.sampled_from(["", "山东", "山东省", "上海市", "青岛"])
_CODE = st.sampled_from(["", "91370200163580001X", "913302001635800011", "91310000163580001X", "9137", "91000000163580001X"])


@pytest.mark.slow
@given(
    st.lists(st.tuples(_CITY, _PROVINCE, _CODE), min_size=1, max_size=9),
    st.sets(st.sampled_from(["青岛", "上海市", "宁波", "聊城"])),
)
@settings(max_examples=100, deadline=None)
def test_companies_of_cities_are_those_that_each_row_alone_says(
    corpora: Corpora, rows: list[tuple[str, str, str]], cities: set[str]
) -> None:
    """Whatever else is in the file: each row is looked up by itself, as its own file would be."""
    finder = CityFilter(corpora)

    def companies(chosen: list[tuple[str, str, str]]) -> Companies:
        profiles = [{"name": "某食品有限公司", "city": city, "province": province, "uscc": code} for city, province, code in chosen]
        return from_profiles(profiles, corpora).companies

    alone = [place for place, row in enumerate(rows) if len(finder.places(companies([row]), sorted(cities)))]
    assert finder.places(companies(rows), sorted(cities)).tolist() == alone
    city, province, _ = rows[0]
    if city in ("青岛", "青岛市") and "青岛" in cities:
        assert 0 in alone
    if not city and not province and "宁波" in cities and rows[0][2].startswith("913302"):
        assert 0 in alone, "the division in the code"
