"""Families by name: every rule by cases, the head, independence of the file's order, and a plain pairwise reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.corpora import Corpora
from matcher.intake import Companies, from_profiles
from matcher.matching.families import FamilyFinder
from matcher.places import short
from matcher.text.names import name_reader
from matcher.text.normalise import normalise
from matcher.types import NameParts

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
    one, other = Row("康恩贝制药有限公司", "杭州"), Row("青岛康恩贝保健食品有限公司", "青岛")
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
    few = [f"康恩贝{trade}有限公司" for trade in trades[: corpora.reading.family_place_bearers]]
    (family,) = families(*few)
    assert sorted(family) == sorted(few)
    assert families(*few, "康恩贝粮油有限公司") == []
    group = Row("康恩贝集团有限公司")
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
    group, firm = Row("康恩贝集团有限公司", "杭州", AGRI), Row("浙江康恩贝健康科技有限公司", "杭州", TOURISM)
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


# --- for any file ----------------------------------------------------------------------------------------------------------------

TRADE_NAMES = ["利群", "利群", "开元", "开元森泊", "东方", "甪鑫", "甪鑫淼", "甪鑫淼淼", "康恩贝", "千岛湖", "中国", ""]
names = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "青岛", "浙江省", "浙江", "杭州市"]),
    st.sampled_from(TRADE_NAMES),
    st.sampled_from(["", "食品", "旅游", "实业"]),
    st.sampled_from(
        (
            "有限公司",
            "有限公司",
            "股份有限公司",
            "集团有限公司",
            "（集团）股份有限公司",
            "集团百惠商厦有限公司",
            "控股有限公司",
            "集团有限公司分公司",
            "厂",
        ),
    ),
).filter(lambda name: normalise(name)[:2] not in ("有限", "股份", "集团", "(集", "控股") and len(name) > 3)
files = st.lists(
    st.builds(
        Row,
        names,
        st.sampled_from(["青岛", "青岛市", "杭州", "杭州", ""]),
        st.sampled_from([AGRI, AGRI, TOURISM, OFF]),
        st.sampled_from(["", "100万人民币", "9000万人民币"]),
        st.sampled_from(["", "1990-01-01", "2010-01-01"]),
    ),
    max_size=20,
)


@dataclass(frozen=True)
class Known:
    """What the rules read of one company."""

    name: str
    part: NameParts
    city: str
    chain: int | None
    like_a_place: bool


class Pairwise:
    """The rules as their documentation says them, for two companies at a time."""

    def __init__(self, rows: Sequence[Row], corpora: Corpora) -> None:
        reader = name_reader(corpora)
        self.bearers, self.reading = corpora.common_trade_names, corpora.reading
        self.known: dict[int, Known] = {}
        for place, row in enumerate(rows):
            part = reader.parse(normalise(row.name), row.city)
            if part.outlet == "none" and (row.chain is not None or "集团" in row.name or "控股" in row.name):
                like_a_place = part.trade_name in reader.regions or part.trade_name[-1:] in set("江湖河海山岛湾滩洋溪岭")
                self.known[place] = Known(normalise(row.name), part, short(row.city), row.chain, like_a_place)
        self.in_file = Counter(company.part.trade_name for company in self.known.values())

    def same_family(self, a: Known, b: Known) -> bool:
        known = a.part.known_group > 0 and a.part.known_group == b.part.known_group
        return known or self._alike(a, b) or self._under(a, b) or self._under(b, a)

    def _alike(self, a: Known, b: Known) -> bool:
        """Rules 2 and 5: nobody is a group, or it does not matter."""
        if a.chain is None or a.chain != b.chain or a.part.trade_name != b.part.trade_name:
            return False
        name, one_city = a.part.trade_name, a.city != "" and a.city == b.city
        if not name:
            words = (short(a.part.region), a.part.industry_term) == (short(b.part.region), b.part.industry_term)
            return one_city and words
        if name in self.bearers or a.like_a_place or self.in_file[name] > self.reading.family_place_bearers:
            return False
        return len(name) >= 3 or (len(name) == 2 and one_city)

    def _under(self, group: Known, firm: Known) -> bool:
        """Rules 1 and 3: the one is a group, the other bears its 字号."""
        name, rest = group.part.trade_name, len(firm.part.trade_name) - len(group.part.trade_name)
        known = self.bearers.get(name, 0)
        if not group.part.is_group or len(name) < 2 or known > self.reading.family_most_bearers:
            return False
        if not firm.part.trade_name.startswith(name) or rest == 1:
            return False
        near = group.city != "" and group.city == firm.city
        if f"{name}集团" in firm.name and (near or known == 0):
            return True
        if group.city == "" or group.city != firm.city or group.like_a_place or firm.chain is None:
            return False
        return group.chain == firm.chain or known == 0

    def families(self) -> set[frozenset[int]]:
        """The closure: whoever is of one family with anybody of a family is of that family."""
        made: list[set[int]] = []
        for place, company in self.known.items():
            near = [family for family in made if any(self.same_family(company, self.known[other]) for other in family)]
            made = [family for family in made if family not in near] + [{place}.union(*near)]
        return {frozenset(family) for family in made if len(family) > 1}


@settings(deadline=None, max_examples=400)
@given(rows=files)
def test_families_equal_the_pairwise_reference(corpora: Corpora, rows: list[Row]) -> None:
    families = found(corpora, rows)
    assert {frozenset(family) for family in families} == Pairwise(rows, corpora).families()
    members = [place for family in families for place in family]
    assert len(members) == len(set(members)), "nobody is in two families"
    for head, *others in families:
        assert others == sorted(others)
        assert head not in others


def test_the_reference_is_not_idle(corpora: Corpora) -> None:
    """Random files of these names do hold families, by more than one rule."""
    sizes: Counter[int] = Counter()

    @settings(deadline=None, max_examples=150, database=None, derandomize=True)
    @given(rows=files)
    def collect(rows: list[Row]) -> None:
        sizes.update(len(family) for family in found(corpora, rows))

    collect()
    assert sum(sizes.values()) > 40
    assert max(sizes) > 2


@settings(deadline=None, max_examples=100)
@given(rows=files, known=st.sets(st.integers(0, 30)))
def test_names_taken_apart_before_are_the_same(corpora: Corpora, rows: list[Row], known: set[int]) -> None:
    companies, parse = companies_of(rows, corpora), name_reader(corpora).parse
    parts = {place: parse(normalise(row.name), row.city) for place, row in enumerate(rows) if place in known}
    assert FamilyFinder(companies, corpora, parts).find(chains_of(rows)) == found(corpora, rows)


def by_name(rows: Sequence[Row], families: Sequence[Sequence[int]]) -> list[tuple[Row, list[Row]]]:
    """The families without places and chains: rows that are equal but for the chain are one company twice."""
    plain = [row._replace(chain=None) for row in rows]
    return sorted((plain[head], sorted(plain[place] for place in others)) for head, *others in families)


@settings(deadline=None, max_examples=250)
@given(rows=files, random=st.randoms(use_true_random=False))
def test_the_order_of_the_file_changes_nothing(corpora: Corpora, rows: list[Row], random) -> None:
    shuffled = random.sample(rows, len(rows))
    assert by_name(shuffled, found(corpora, shuffled)) == by_name(rows, found(corpora, rows))


@settings(deadline=None, max_examples=100)
@given(rows=files)
def test_strangers_in_the_file_change_nothing(corpora: Corpora, rows: list[Row]) -> None:
    more = [*rows, Row("绍兴鬻鼗茶业有限公司", "绍兴", TOURISM), Row("绍兴鼗鬻茶业有限公司", "绍兴", TOURISM)]
    assert by_name(more, found(corpora, more)) == by_name(rows, found(corpora, rows))


@settings(deadline=None, max_examples=150)
@given(rows=files, random=st.randoms(use_true_random=False))
def test_groups_that_cannot_touch_the_listed_may_be_left_out(corpora: Corpora, rows: list[Row], random) -> None:
    """Who is of one family with whom among the listed stays the same, and so does a head that is listed."""
    strangers = [Row("绍兴鬻鼗茶业集团有限公司", "绍兴", None), Row("杭州鼗饕控股有限公司", "杭州", None)]
    everything = [*rows, *strangers]
    finder = FamilyFinder(companies_of(everything, corpora), corpora)
    chains = {place: row.chain for place, row in enumerate(rows) if row.chain is not None and random.random() < 0.7}

    def listed(found: FamilyFinder) -> list[set[int]]:
        families = [set(family) & set(chains) for family in found.find(chains)]
        return sorted((family for family in families if family), key=min)

    near = finder.near(chains)
    assert listed(near) == listed(finder)
    assert not {len(rows), len(rows) + 1} & set(near._group_places)
