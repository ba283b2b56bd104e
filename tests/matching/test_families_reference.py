"""Families by name, for any file: a plain pairwise reference, and independence of the file's order and of strangers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.corpora import Corpora
from matcher.matching.families import FamilyFinder
from matcher.places import short
from matcher.text.names import name_reader
from matcher.text.normalise import normalise
from matcher.types import NameParts
from tests.matching.test_families import AGRI, OFF, TOURISM, Row, chains_of, companies_of, found

TRADE_NAMES = ["利群", "利群", "开元", "开元森泊", "东方", "甪鑫", "甪鑫淼", "甪鑫淼淼", "甪鑫贝", "康恩贝", "千岛湖", "中国", ""]
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
    assert not {len(rows), len(rows) + 1} & {*near.groups.place.tolist()}
