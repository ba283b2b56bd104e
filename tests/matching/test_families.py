"""Families by name: every rule by cases, the head, independence of the file's order, and a plain pairwise reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

from matcher.corpora import Corpora
from matcher.intake import Companies, from_profiles
from matcher.matching.families import FamilyFinder

AGRI, TOURISM = 0, 1
OFF = None  # the company serves no chain


class Row(NamedTuple):
    name: str
    city: str = "青岛"
    chain: int | None = AGRI
    capital: str = "1000万人民币"
    founded: str = "2000-01-01"


Families = list[list[str]]


def companies_of(rows: Sequence[Row], corpora: Corpora) -> Companies:
    profiles = [{"name": row.name, "city": row.city, "reg_capital_raw": row.capital, "founded_date": row.founded} for row in rows]
    companies = from_profiles(profiles, corpora).companies
    assert len(companies) == len(rows)
    return companies


def chains_of(rows: Sequence[Row]) -> dict[int, int]:
    return {place: row.chain for place, row in enumerate(rows) if row.chain is not None}


def found(corpora: Corpora, rows: Sequence[Row]) -> list[list[int]]:
    return FamilyFinder(companies_of(rows, corpora), corpora).find(chains_of(rows))


@pytest.fixture
def families(corpora: Corpora) -> Callable[..., Families]:
    """Families as lists of names, the head first."""

    def of(*rows: Row | str) -> Families:
        whole = [row if isinstance(row, Row) else Row(row) for row in rows]
        return [[whole[place].name for place in family] for family in found(corpora, whole)]

    return of


def test_the_tables_still_say_what_these_cases_need(corpora: Corpora) -> None:
    """How many names bear a 字号: many, some, few."""
    known, reading = corpora.common_trade_names, corpora.reading
    assert known["东方"] > known["宏达"] > reading.family_most_bearers
    assert reading.family_most_bearers > known["开元"] > known["利群"] > 0
    assert not {"康恩贝", "传化", "甪鑫", "胡庆余堂", "开元森泊", "千岛湖", "新安江"} & set(known)


# --- rule 1: 字号 + 集团 in the name ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("chain", [AGRI, TOURISM, OFF])
def test_a_firm_within_a_group_belongs_to_it_whatever_it_does(families, chain: int | None) -> None:
    group, firm = Row("利群集团股份有限公司"), Row("利群集团青岛百惠商厦股份有限公司", "青岛", chain)
    assert families(group, firm) == [[group.name, firm.name]]
    assert families(firm, group) == [[group.name, firm.name]]


@pytest.mark.parametrize("city", ["杭州", ""])
def test_a_firm_within_a_group_elsewhere_belongs_to_it_only_by_a_rare_trade_name(families, city: str) -> None:
    """宏丰 of 杭州 and 宏丰 of 青岛 have nothing to do with each other."""
    assert families(Row("宏丰集团股份有限公司"), Row("宏丰集团百惠商厦有限公司", city)) == []
    group, firm = Row("甪鑫集团股份有限公司"), Row("甪鑫集团百惠商厦有限公司", city)
    assert families(group, firm) == [[group.name, firm.name]]


def test_the_group_need_not_serve_a_chain_itself(families) -> None:
    group, firm = Row("利群集团股份有限公司", chain=OFF), Row("青岛利群集团旅行社有限公司", chain=TOURISM)
    assert families(group, firm) == [[group.name, firm.name]]


def test_firms_within_a_group_that_the_file_lacks_stand_alone(families) -> None:
    """Nobody is the one who decides."""
    assert families(Row("宏丰集团青岛百惠商厦有限公司", "青岛"), Row("宏丰集团胶州商厦有限公司", "胶州", TOURISM)) == []


def test_the_word_group_must_follow_the_trade_name(families) -> None:
    assert families(Row("利群集团股份有限公司"), Row("杭州利群百惠集团商厦有限公司", "杭州", TOURISM)) == []


# --- rule 2: a rare 字号 ---------------------------------------------------------------------------------------------------


def test_a_rare_trade_name_of_three_characters_tells_wherever_it_stands(families) -> None:
    one, other = Row("甪鑫贝制药有限公司", "杭州"), Row("青岛甪鑫贝保健食品有限公司", "青岛")
    assert families(one, other) == [[one.name, other.name]]
    assert families(one, other._replace(chain=TOURISM)) == []
    assert families(one._replace(city=""), other._replace(city="")) == [[one.name, other.name]]


def test_a_rare_trade_name_of_two_characters_tells_in_one_city(families) -> None:
    one, other = Row("青岛甪鑫食品有限公司"), Row("青岛甪鑫饮料有限公司", "青岛市")
    assert families(one, other) == [[one.name, other.name]]
    assert families(one, other._replace(city="杭州")) == []
    assert families(one, other._replace(chain=TOURISM)) == []
    assert families(one._replace(city=""), other._replace(city="")) == [], "an unknown city is no city"


@pytest.mark.parametrize("name", ["东方", "宏达", "开元", "利群"])
def test_a_trade_name_that_others_bear_tells_nothing_without_a_group(families, name: str) -> None:
    assert families(f"青岛{name}食品有限公司", f"青岛{name}饮料有限公司", f"青岛{name}股份有限公司") == []


def test_a_rare_trade_name_that_half_the_file_bears_is_a_place(families, corpora: Corpora) -> None:
    """牌头 and the like: towns that no table of divisions holds."""
    trades = ("食品", "饮料", "酒业", "茶业", "乳业", "水产", "果蔬", "粮油")
    few = [f"甪鑫贝{trade}有限公司" for trade in trades[: corpora.reading.family_place_bearers]]
    (family,) = families(*few)
    assert sorted(family) == sorted(few)
    assert families(*few, "甪鑫贝粮油有限公司") == []
    group = Row("甪鑫贝集团有限公司")
    assert families(group, *few) == [[group.name, *few]], "a group of the same city makes it a 字号 again"


# --- rule 3: a group and those that bear its 字号 ------------------------------------------------------------------------------


def test_a_group_and_a_firm_with_more_behind_the_trade_name(families) -> None:
    group, firm = Row("开元旅业集团有限公司", "杭州", TOURISM), Row("浙江开元溪畔旅游投资有限公司", "杭州市", TOURISM)
    assert families(group, firm) == [[group.name, firm.name]]
    assert families(group, firm._replace(city="绍兴")) == []
    assert families(group, firm._replace(city="")) == []
    assert families(group, firm._replace(chain=AGRI)) == [], "开元 is borne by many: the trade must be the same"
    assert families(group, firm._replace(chain=OFF)) == []


def test_a_rare_trade_name_with_a_group_needs_no_common_chain(families) -> None:
    group, firm = Row("甪鑫贝集团有限公司", "杭州", AGRI), Row("浙江甪鑫贝健康科技有限公司", "杭州", TOURISM)
    assert families(group, firm) == [[group.name, firm.name]]
    assert families(group._replace(chain=OFF), firm) == [[group.name, firm.name]]
    assert families(group, firm._replace(city="绍兴")) == []


def test_one_character_more_is_another_trade_name(families) -> None:
    group, other = Row("利群集团有限公司"), Row("青岛利群鑫食品有限公司")
    assert families(group, other) == []
    assert families(group, Row("青岛利群鑫隆食品有限公司")) == [[group.name, "青岛利群鑫隆食品有限公司"]]


def test_a_trade_name_that_hundreds_bear_never_folds(families) -> None:
    """Not with a group of the same city and chain, not by 集团 in the name."""
    assert families("青岛东方集团有限公司", "青岛东方食品有限公司", "青岛东方集团百货有限公司", "东方集团股份有限公司") == []


def test_a_trade_name_that_others_bear_folds_only_under_a_group_of_its_city(families) -> None:
    group, firm = Row("利群集团有限公司"), Row("青岛利群食品有限公司")
    assert families(group, firm) == [[group.name, firm.name]]
    assert families(Row("利群食品股份有限公司"), firm) == []


def test_two_groups_join_all_that_bear_their_trade_name(families) -> None:
    """Whichever stands first in the file: both groups have a claim on the firm."""
    rows = [
        Row("青岛甪鑫科技集团有限公司", chain=OFF),
        Row("青岛甪鑫实业（集团）有限公司", chain=OFF),
        Row("青岛甪鑫食品有限公司", chain=AGRI),
    ]
    assert {frozenset(family) for family in families(*rows)} == {frozenset(family) for family in families(*rows[::-1])}
    (family,) = families(*rows)
    assert len(family) == 3


def test_a_holding_is_a_group_too(families) -> None:
    holding, firm = Row("青岛甪鑫控股有限公司"), Row("青岛甪鑫食品有限公司")
    assert families(holding, firm) == [[holding.name, firm.name]]


# --- rule 4: groups that everybody knows ----------------------------------------------------------------------------------------


def test_two_firms_of_a_known_group_are_one_visit(families) -> None:
    one, other = Row("上海医药集团青岛某某药业股份有限公司", "青岛"), Row("上药某某（杭州）医药股份有限公司", "杭州", TOURISM)
    assert [set(family) for family in families(one, other)] == [{one.name, other.name}]


def test_the_known_group_itself_is_the_head(families) -> None:
    head, firm = Row("浙江省旅游集团有限责任公司", "杭州", OFF, "10万人民币"), Row("浙旅控股股份有限公司", "杭州", TOURISM)
    assert families(firm, head) == [[head.name, firm.name]]


# --- 字号 like a place -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["千岛湖", "新安江"])
def test_waters_and_mountains_prove_nothing(families, name: str) -> None:
    group, firm = Row(f"杭州{name}旅游集团有限公司", "杭州"), Row(f"杭州{name}啤酒有限公司", "杭州")
    assert families(group, firm) == []
    assert families(firm, Row(f"杭州{name}饮料有限公司", "杭州")) == []
    within = Row(f"杭州{name}集团啤酒有限公司", "杭州")
    assert families(group, within) == [[group.name, within.name]], "but 集团 in the name does"


def test_a_trade_name_that_is_a_place_proves_nothing(families) -> None:
    """杭州市中国旅行社集团 and 杭州中国国际动漫节会展 have 中国 in common, and nothing else."""
    rows = [Row("杭州市中国旅行社集团有限公司", "杭州"), Row("浙江省中国旅行社集团有限公司", "杭州")]
    assert families(*rows, Row("杭州中国国际动漫节会展有限公司", "杭州")) == []


# --- rule 5: no 字号 ----------------------------------------------------------------------------------------------------------


def test_no_trade_name_and_the_same_words(families) -> None:
    group, firm = Row("浙江省旅游集团有限责任公司", "杭州"), Row("浙江旅游股份有限公司", "杭州")
    assert families(group, firm) == [[group.name, firm.name]]
    assert families(group, firm._replace(city="绍兴")) == []
    assert families(group, firm._replace(chain=TOURISM)) == []
    assert families(group, firm._replace(name="浙江旅游发展股份有限公司")) == [], "other words"
    assert families(group, firm._replace(name="杭州旅游股份有限公司")) == [], "another place"
    assert families(group._replace(city=""), firm._replace(city="")) == [], "an unknown city is no city"


# --- who is in no family -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tail", ["分公司", "青岛办事处", "第三门市部", "加油站"])
def test_outlets_are_never_in_a_family(families, tail: str) -> None:
    assert families("康恩贝集团有限公司", f"康恩贝集团有限公司{tail}", f"青岛康恩贝{tail}") == []


def test_a_company_that_serves_no_chain_and_is_no_group_is_in_no_family(families) -> None:
    assert families("康恩贝集团有限公司", Row("青岛康恩贝食品有限公司", chain=OFF)) == []


def test_nobody(families, corpora: Corpora) -> None:
    assert families() == []
    assert families("康恩贝集团有限公司") == []
    assert families("康恩贝集团有限公司", "传化集团有限公司", Row("青岛甪鑫食品有限公司", chain=OFF)) == []


# --- the head ------------------------------------------------------------------------------------------------------------------

BASE = Row("康恩贝食品有限公司", capital="5000万人民币", founded="2000-01-01")


@pytest.mark.parametrize(
    ("head", "others"),
    [
        # the group, however small and young
        (
            Row("康恩贝集团有限公司", capital="10万人民币", founded="2020-01-01"),
            [BASE, Row("康恩贝股份有限公司", capital="90000万人民币")],
        ),
        # of two groups the one with the shorter 字号, the whole family's name
        (
            Row("开元旅业集团有限公司", capital="10万人民币"),
            [Row("开元森泊旅游集团股份有限公司", capital="90000万人民币"), Row("开元森泊食品有限公司")],
        ),
        # of two groups with the same 字号 the joint-stock company
        (Row("康恩贝集团股份有限公司", capital="10万人民币"), [Row("康恩贝实业集团有限公司", capital="90000万人民币"), BASE]),
        # no group: the joint-stock company
        (
            Row("康恩贝饮料股份有限公司", capital="10万人民币", founded="2020-01-01"),
            [BASE, Row("康恩贝酒业有限公司", capital="90000万人民币")],
        ),
        # no such company: the one with most capital; unknown is least
        (Row("康恩贝饮料有限公司", capital="5001万人民币", founded="2020-01-01"), [BASE, Row("康恩贝酒业有限公司", capital="")]),
        # equal capital: the oldest
        (Row("康恩贝饮料有限公司", capital="5000万人民币", founded="1999-12-31"), [BASE]),
        (BASE, [Row("康恩贝饮料有限公司", capital="5000万人民币", founded="")]),  # an unknown age is not a great one
    ],
    ids=["group", "short name", "group by form", "joint stock", "capital", "age", "unknown age"],
)
def test_the_head(families, head: Row, others: list[Row]) -> None:
    rows = [head, *others]
    for turned in (rows, rows[::-1]):
        ((first, *rest),) = families(*turned)
        assert first == head.name
        assert rest == [row.name for row in turned if row != head], "the others in the order of the file"


def test_the_head_may_be_in_another_city_and_off_the_list(families) -> None:
    head = Row("回音必集团有限公司", "杭州", chain=OFF)
    firm = Row("回音必集团浙江亚东制药有限公司", "绍兴")
    assert families(firm, head) == [[head.name, firm.name]]
