"""Families of companies (集团家族): which of them are one visit, told by their names.

Two companies are of one family if

1. one is a group (集团、控股), and the name of the other begins with its 字号 followed by 集团 (利群集团, 利群集团青岛百惠商厦), in
   the same city, or with a 字号 that hardly anybody else in the country bears;
2. they serve the same chain and bear the same 字号 that hardly anybody else in the country bears: anywhere if it has three characters
   or more, in one city if it has two; unless so many of the file bear it that it must be a place (``family_place_bearers``);
3. one is a group, the other of the same city bears its 字号, alone or with two characters or more behind it (开元旅业集团, 开元森泊),
   and they serve the same chain, or the 字号 is rare or has three characters or more and few bear it (``family_telling_bearers``);
4. both names say that they belong to the same group of those that everybody knows (上药凯仑, 上海医药集团青岛国风; ``groups.yaml``);
5. they have no 字号, serve the same chain in one city and are equal without the legal form (浙江省旅游集团, 浙江旅游);
6. they bear the same 字号 at the same address.

A group's 字号 that too many bear in the country (东方; ``family_most_bearers``) tells nothing, not even by rule 1. A 字号 that is a
place (中国, 朝阳) or ends like the name of a water or a mountain (千岛湖, 新安江) proves nothing but by rules 1 and 4. An unknown city
is no city.

The head (决策者) is the known group, else the group, among groups the one with the shortest 字号, else the joint-stock company, else
the one with most capital, else the oldest. A name is weak proof: whoever folds companies shows all of them. The order of the file
changes nothing.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import Corpora
from matcher.intake import Companies
from matcher.intake.companies import cells_at
from matcher.intake.fields import UNKNOWN_DAY
from matcher.matching.group_names import LEAST, GroupNames
from matcher.places import short
from matcher.storage import TextColumn
from matcher.text.names import NameReader, name_reader
from matcher.text.normalise import normalise
from matcher.types import NameParts

_TELLING = 3  # characters of a rare 字号 that tells wherever it stands
_LEAST_ADDRESS = 6  # characters of an address that is more than a town
_READ = ("name", "city", "province", "address")
_GROUP_WORDS = ("集团", "控股")
_NO_CHAIN = -1
_LANDSCAPE = tuple("江湖河海山岛湾滩洋溪岭")


class _Member(NamedTuple):
    """A company as families see it."""

    place: int
    name: str
    part: NameParts
    city: str
    chain: int
    rare: bool
    like_a_place: bool
    address: str
    bearers: int


def group_places(companies: Companies) -> list[int]:
    """Indices of the companies that may be groups by name (名称像集团的企业)."""
    names = companies.text["name"]
    if isinstance(names, TextColumn):
        found: list[int] = np.union1d(*map(names.holding, _GROUP_WORDS)).tolist()
        return found
    group, holding = _GROUP_WORDS
    return [place for place, name in enumerate(names) if group in name or holding in name]


def block_of(part: NameParts) -> str:
    """What companies of one family have in common (家族的块), where no known group joins them: rules 1, 2, 3, 5 and 6 look no further."""
    name = part.trade_name
    return name[:LEAST] if name else f"\n{short(part.region)}\n{part.industry_term}"


class FamilyFinder:
    """Finds the families among a file's companies (集团家族查找); names are taken apart once for all questions.

    Args:
        companies: All companies, whatever city is asked for: the head may sit elsewhere.
        corpora: Trade names and how many bear them.
        parts: Index of a company → the parts of its name, of those that were taken apart before.
        groups: What the names of those of ``group_places`` say, if it is known.

    Attributes:
        groups: The same: families look at all of them.
    """

    def __init__(
        self,
        companies: Companies,
        corpora: Corpora,
        parts: Mapping[int, NameParts] | None = None,
        groups: GroupNames | None = None,
    ) -> None:
        self.companies, self.corpora = companies, corpora
        self._parts = parts or {}
        self._known: dict[int, _Member] = {}
        self.groups = GroupNames.of((), ()) if groups is None else groups
        if groups is None:
            places = group_places(companies)
            self._meet([place for place in places if place not in self._parts])
            self.groups = GroupNames.of(places, [self._parts.get(place) or self._known[place].part for place in places])

    def over(self, companies: Companies) -> FamilyFinder:
        """The same for companies of the same names and cities in the same places, of whom other things are known (同名异值)."""
        other = copy.copy(self)
        other.companies = companies
        return other

    def near(self, places: Iterable[int]) -> FamilyFinder:
        """The same as far as families of these companies go, without the groups that cannot touch them (只看有关的集团)."""
        other, wanted = copy.copy(self), [*places]
        self._meet(wanted)
        other.groups = self.groups.near(self._known[place].part for place in wanted)
        return other

    def find(self, chains: Mapping[int, int]) -> list[list[int]]:
        """Families of two or more among the keys of ``chains`` and all groups of the file (按名称归并集团).

        Args:
            chains: Index of a company whose family matters → number of the chain it serves.

        Returns:
            Indices of each family's companies, the head first, the others ascending.
        """
        members = self._members(sorted({*self.groups.place.tolist(), *chains}), chains)
        return self.joined(members, Counter(member.part.trade_name for member in members))

    def circles(self, places: NDArray[np.int64]) -> Circles:
        """The families of companies for any chains that they may come to serve (可能同家的圈子).

        Args:
            places: Indices of all companies whose families matter.
        """
        mine = {*places.tolist()}
        groups = (self if len(mine) > len(self.groups) else self.near(mine)).groups  # to find those near many takes longer than all
        everybody = self._members(sorted({*groups.place.tolist(), *mine}), dict.fromkeys(mine, 0))
        bearers = Counter(member.part.trade_name for member in everybody)
        by_place = {member.place: member for member in everybody}
        found = [one for one in self.joined(everybody, bearers) if not mine.isdisjoint(one)]
        return Circles(self, [[by_place[place] for place in one] for one in found], bearers, places)

    def joined(self, members: Sequence[_Member], bearers: Counter[str]) -> list[list[int]]:
        """The families among members (归并一组企业); ``bearers`` counts 字号 over all that were asked about."""
        leader = {member.place: member.place for member in members}

        def find(place: int) -> int:
            while leader[place] != place:
                leader[place] = leader[leader[place]]
                place = leader[place]
            return place

        groups = _groups(members, self.corpora)
        first: dict[tuple[str | int, ...], int] = {}
        for member in members:
            is_place = bearers[member.part.trade_name] > self.corpora.reading.family_place_bearers
            for key in _keys(member, is_place=is_place):
                leader[find(member.place)] = find(first.setdefault(key, member.place))
            for alike in _parents(member, groups, self.corpora.reading.family_telling_bearers):
                for group in alike:
                    leader[find(member.place)] = find(group.place)
                del alike[1:]  # they are one family now: whoever comes later joins the first
        families: dict[int, list[_Member]] = {}
        for member in members:
            families.setdefault(find(member.place), []).append(member)
        return [_head_first(self.companies, family) for family in families.values() if len(family) > 1]

    def _members(self, places: list[int], chains: Mapping[int, int]) -> list[_Member]:
        """Those that are no outlets."""
        self._meet(places)
        found = []
        for place in places:
            member = self._known[place]
            if member.part.outlet == "none":
                found.append(member._replace(chain=chains[place]) if place in chains else member)
        return found

    def _meet(self, places: Sequence[int]) -> None:
        """Takes apart the names of those that were not asked about before."""
        new = [place for place in places if place not in self._known]
        if not new:
            return
        reader, wide = name_reader(self.corpora), self.corpora.reading.wide_regions
        told = self.groups.among([place for place in new if place not in self._parts])
        given, cities, provinces, addresses = (cells_at(self.companies.text[field], new) for field in _READ)
        names = normalise("\n".join(name.replace("\n", " ") for name in given)).split("\n")
        bare = {city: short(city) for city in set(cities)}
        for place, name, city, province, address in zip(new, names, cities, provinces, addresses, strict=True):
            part = self._parts.get(place) or told.get(place) or reader.parse(name, city or province)
            bearers = self.corpora.common_trade_names.get(part.trade_name, 0)
            like_a_place = _like_a_place(part.trade_name, reader) or part.trade_name in wide
            self._known[place] = _Member(place, name, part, bare[city], _NO_CHAIN, not bearers, like_a_place, address, bearers)


class Circles:
    """Companies that may be of one family, whatever chains they serve (可能同家的圈子): families for one choice of chains after another.

    Every rule above joins two companies at most when they serve the same chain, or whatever they serve. So the families of all serving one
    chain are the widest there can be, each family for other chains lies within one of them, and only circles in which somebody's chain
    changed are looked at again.
    """

    def __init__(
        self, finder: FamilyFinder, circles: list[list[_Member]], bearers: Counter[str], places: NDArray[np.int64]
    ) -> None:
        self._finder, self._bearers = finder, bearers
        self._circles = [sorted(circle, key=lambda member: member.place) for circle in circles]
        entry = {place: at for at, place in enumerate(places.tolist())}
        inside = [(number, entry[m.place]) for number, circle in enumerate(self._circles) for m in circle if m.place in entry]
        self._entry = entry
        self._circle_of, self._at = np.array(inside, dtype=np.int64).reshape(-1, 2).T
        self._chains = np.full(len(self._at), -2, dtype=np.int64)
        self._families: list[list[list[int]]] = [[] for _ in self._circles]
        self._found: list[list[int]] = []

    def find(self, chains: NDArray[np.int64]) -> list[list[int]]:
        """As ``FamilyFinder.find`` (按名称归并集团), but without families of which none of the companies is.

        Args:
            chains: Number of the chain that each of the companies serves.

        Returns:
            The same list as the last time if nothing changed.
        """
        now = chains[self._at]
        changed = np.unique(self._circle_of[now != self._chains]).tolist()
        for number in changed:
            families = self._finder.joined([self._on_chain(member, chains) for member in self._circles[number]], self._bearers)
            self._families[number] = [family for family in families if not self._entry.keys().isdisjoint(family)]
        if changed:
            self._found = [family for families in self._families for family in families]
        self._chains = now
        return self._found

    def _on_chain(self, member: _Member, chains: NDArray[np.int64]) -> _Member:
        at = self._entry.get(member.place)
        return member if at is None else member._replace(chain=int(chains[at]))


def _like_a_place(name: str, reader: NameReader) -> bool:
    return name in reader.regions or name.endswith(_LANDSCAPE)


def _keys(member: _Member, *, is_place: bool) -> list[tuple[str | int, ...]]:
    """What companies of one family have in common without a group's help: rules 2, 4, 5 and 6."""
    name, chain = member.part.trade_name, member.chain
    known: list[tuple[str | int, ...]] = [("known", member.part.known_group)] if member.part.known_group else []
    if len(name) >= LEAST and len(member.address) >= _LEAST_ADDRESS:
        known.append(("address", name, member.city, member.address))
    if chain == _NO_CHAIN:
        return known
    if not name:
        return [*known, ("", short(member.part.region), member.part.industry_term, member.city, chain)] if member.city else known
    if len(name) < LEAST or not member.rare or is_place or member.like_a_place:
        return known
    if len(name) >= _TELLING:
        return [*known, (name, chain)]
    return [*known, (name, member.city, chain)] if member.city else known


class _Bearers(NamedTuple):
    """The groups that bear one 字号; whoever joins one of a list joins all of it."""

    first: _Member
    all: list[_Member]
    near: dict[str, dict[int, list[_Member]]]  # by city, then by chain


def _groups(members: Sequence[_Member], corpora: Corpora) -> dict[str, _Bearers]:
    """字号 → the groups that bear it, unless too many in the country do."""
    found: dict[str, _Bearers] = {}
    for member in members:
        name = member.part.trade_name
        if member.part.is_group and len(name) >= LEAST:
            known = corpora.common_trade_names.get(name, 0)
            if known <= corpora.reading.family_most_bearers:
                bearers = found.setdefault(name, _Bearers(member, [], {}))
                bearers.all.append(member)
                bearers.near.setdefault(member.city, {}).setdefault(member.chain, []).append(member)
    return found


def _parents(member: _Member, groups: Mapping[str, _Bearers], telling: int) -> list[list[_Member]]:
    """The groups whose 字号 begins a company's name, alike ones together: rules 1 and 3."""
    found: list[list[_Member]] = []
    name = member.part.trade_name
    for length in range(LEAST, len(name) + 1):
        bearers = groups.get(name[:length])
        if bearers is None or len(name) - length == 1:
            continue
        group, near = bearers.first, bearers.near.get(member.city, {}) if member.city else {}
        if f"{name[:length]}集团" in member.name:
            found += [bearers.all] if group.rare else near.values()
        elif member.chain != _NO_CHAIN and not group.like_a_place:
            any_trade = group.rare or (length >= _TELLING and group.bearers <= telling)
            found += [alike for chain, alike in near.items() if any_trade or chain == member.chain]
    return found


def _head_first(companies: Companies, family: list[_Member]) -> list[int]:
    shortest = min(len(member.part.trade_name) for member in family)

    def decides(member: _Member) -> tuple[bool, bool, bool, bool, int, bool, int]:
        place, form = member.place, member.part.legal_form
        longer = len(member.part.trade_name) > shortest
        standing = (not member.part.is_head, not member.part.is_group, longer, form != "joint_stock")
        founded = int(companies.founded[place])
        return (*standing, -int(companies.capital[place]), founded == UNKNOWN_DAY, founded)

    ranks = [decides(member) for member in family]
    best = min(ranks)
    heads = [member.place for member, rank in zip(family, ranks, strict=True) if rank == best]
    head = heads[0] if len(heads) == 1 else min(heads, key=companies.key)  # the key digests a row: of ties only
    return [head, *(member.place for member in family if member.place != head)]
