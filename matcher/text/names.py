"""Enterprise names (企业名称): region, trade name, industry term, legal form, and whether the name is that of an outlet."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from matcher.corpora import Corpora
from matcher.types import NameParts

_BRACKET = re.compile(r"\(([^()]*)\)")
_SUFFIXES = re.compile(r"(?:特别行政区|林区|新区|地区|盟|省|市|区|县|旗)$")
_AUTONOMOUS = re.compile("^(内蒙古|广西|宁夏|新疆|西藏)")
_WITHIN_COMPANY = re.compile(
    "(?:有限|责任|股份|集团|总)公司(?!$|集团$).*(?<!公司)(?<!集团)$"
    "|公司.{2,}(?:院|场|店|厂|部|站|所|社|馆|中心)$|.{2}厂.{2,}(?:院|场|店|部|站|所)$"
)  # 某某公司电影院, 某某加工厂屠宰场
_WITHIN_GROUP = re.compile("(.{2,}?)(?:集团|控股)")
_GROUP = re.compile("(?:集团|控股)(?:集团|控股)?(?:股份|有限|责任|总|公司)*$")
_GROUP_IN_BRACKETS = re.compile(r"\((?:集团|控股)\)")
_COUNTY_DIGITS = 6
_VEHICLES = ("控股", "投资", "投资管理", "实业")  # 绿城教育投资管理 is what 绿城教育 means
_NATIONAL = ("中国", "中华", "全国", "国家")


_Lead = tuple[str, tuple[str, ...], int]  # a region that can lead a name, its codes, and its level


class NameReader:
    """Takes names apart with the tables of ``corpora/`` (企业名称解析).

    Args:
        corpora: Legal forms, outlet endings and divisions come from here.

    Attributes:
        regions: Names of divisions, long and short (行政区划名称).
    """

    def __init__(self, corpora: Corpora) -> None:
        codes: dict[str, set[str]] = {name: {""} for name in _NATIONAL}  # name → the digits that its divisions' codes begin with
        full = set(_NATIONAL)
        for division in corpora.divisions:
            digits = division.adcode.removesuffix("00").removesuffix("00")
            codes.setdefault(division.name, set()).add(digits)
            full.add(division.name)
            autonomous = _AUTONOMOUS.match(division.name)
            short = autonomous[0] if autonomous else _SUFFIXES.sub("", division.name)
            if len(short) >= 2:
                codes.setdefault(short, set()).add(digits)
        self._codes = {name: tuple(sorted(found)) for name, found in codes.items()}
        self.regions = frozenset(codes)
        self._full = frozenset(full)
        self._leads_known: dict[str, dict[str, tuple[_Lead, ...]]] = {}  # by place, shared by those of a province
        self._leads_near: dict[frozenset[str] | None, dict[str, tuple[_Lead, ...]]] = {}
        self._within_known: dict[tuple[str, tuple[str, ...]], tuple[_Lead, ...]] = {}
        self._spellings: dict[str, tuple[str, ...]] = {}
        cities = {name for name, found in self._codes.items() if len(name) >= 2 and any(0 < len(code) <= 4 for code in found)}
        self._places_within = re.compile(
            f".{{2,6}}?(?:{'|'.join(map(re.escape, sorted(cities, key=lambda name: (-len(name), name))))})"
        )
        self._by_start: dict[str, list[str]] = {}
        for name in sorted(codes, key=lambda name: (-len(name), name)):
            self._by_start.setdefault(name[:2], []).append(name)
        self._forms = {form.tail: form for form in corpora.legal_forms}
        self._form_lengths = _lengths_by_last(self._forms)
        self._outlets = corpora.outlet_tails
        self._outlet_tails: dict[str, tuple[str, ...]] = {}  # by the last character
        for tail in self._outlets:
            self._outlet_tails[tail[-1]] = (*self._outlet_tails.get(tail[-1], ()), tail)
        self._outlet_lengths = _lengths_by_last(self._outlets)
        self._not_outlets = corpora.not_outlets
        self._trades = corpora.industry_words
        self._trade_lengths = _lengths_by_last(self._trades)
        self._finest_known: dict[str, frozenset[str]] = {}
        self._groups = corpora.known_groups
        self._group_signs: dict[str, list[tuple[str, int]]] = {}
        signs = [(sign, number) for number, group in enumerate(self._groups) for sign in group.signs]
        for sign, number in sorted(signs, key=lambda pair: (-len(pair[0]), pair)):
            self._group_signs.setdefault(sign[:2], []).append((sign, number))

    def split(self, core: str) -> tuple[str, str]:
        """字号 and 行业表述 of what is left of a name (分出字号与行业).

        From the end, words of trade are taken off, longest first, while two characters or nothing remain before them.
        """
        cut = len(core)
        while cut:
            for length in self._trade_lengths.get(core[cut - 1], ()):
                if length <= cut and cut - length != 1 and core[cut - length : cut] in self._trades:
                    cut -= length
                    break
            else:
                break
        return core[:cut], core[cut:]

    def words(self, industry: str) -> list[str]:
        """The words of trade of a 行业表述 (行业表述里的词); what stands before the first known one is a word too."""
        found: list[str] = []
        while industry:
            lengths = self._trade_lengths.get(industry[-1], ())
            length = next((n for n in lengths if n <= len(industry) and industry[-n:] in self._trades), len(industry))
            found.append(industry[-length:])
            industry = industry[:-length]
        return found[::-1]

    def _region(self, name: str, place: str) -> tuple[str, int]:
        """The region that leads a name, and its level.

        A county without its 县, 市 or 区 leads only where it lies in the company's own province: 东丽 is a district of 天津, and a
        brand everywhere else.
        """
        start = name[:2]
        here = self._leads_known.get(place)
        leads = None if here is None else here.get(start)
        if leads is None:
            if start not in self._by_start:
                return "", 0
            leads = self._leads_of(start, place)
        end = found = 0
        within: tuple[str, ...] = ()
        for _level in range(3):  # 省、市、县 at the most, each within the one before
            for region, inside, level in leads:
                if name.startswith(region, end):
                    end += len(region)
                    within, found = inside, level
                    break
            else:
                break
            start = name[end : end + 2]
            if start not in self._by_start:
                break
            leads = self._leads_within(start, within)
        return name[:end], found

    def is_region(self, text: str) -> bool:
        """Whether a normalised text is nothing but a place: 杭州, 杭州市西湖区 (只是地名)."""
        return bool(text) and self._region(text, "")[0] == text

    def _leads_of(self, start: str, place: str) -> tuple[_Lead, ...]:
        """Regions that begin so and can lead a name of that place, longest first; found once for all places of a province."""
        home = self._codes.get(place)  # without one, what a file has in that column is nothing to be remembered
        provinces = None if home is None else frozenset(code[:2] for code in home)
        here = self._leads_near.setdefault(provinces, {})
        if home is not None or not place:
            self._leads_known[place] = here
        known = here.get(start)
        if known is None:
            known = here[start] = _leads(
                (region, self._codes[region] if provinces is None or region in self._full else self._near(region, provinces))
                for region in self._by_start[start]
            )
        return known

    def _leads_within(self, start: str, within: tuple[str, ...]) -> tuple[_Lead, ...]:
        """The same for what stands behind a region of these codes: what lies in it."""
        known = self._within_known.get((start, within))
        if known is None:
            known = self._within_known[start, within] = _leads(
                (region, tuple(code for code in self._codes[region] if code.startswith(within))) for region in self._by_start[start]
            )
        return known

    def _near(self, region: str, provinces: frozenset[str]) -> tuple[str, ...]:
        """Codes of a region without those of counties in other provinces."""
        return tuple(code for code in self._codes[region] if len(code) < _COUNTY_DIGITS or code[:2] in provinces)

    def _outlet(self, name: str) -> tuple[str, int]:
        last = name[-1:]
        if name.endswith(self._outlet_tails.get(last, ())) and not name.endswith(self._not_outlets):
            for length in self._outlet_lengths[last]:
                kind = self._outlets.get(name[-length:])
                if kind is not None:
                    return kind, length
        return "none", 0

    def parse(self, name: str, place: str = "") -> NameParts:
        """The parts of a normalised name (解析企业名称).

        Args:
            name: A name after ``normalise``; the empty name has empty parts.
            place: City or province in which the company is registered, if known.
        """
        parts, region, bracketed, body, stripped, within_group = self._taken_apart(name, place)
        is_group = parts.is_group
        is_arm = not is_group and (within_group or (not region and self._names_its_place(stripped, bracketed, place)))
        known = self._known_group(body, f"{stripped}集团" if is_group and not stripped.endswith("集团") else stripped)
        if not is_arm and not known:
            return parts
        is_head = known > 0 and self._is_head(self._groups[known - 1].name, region, bracketed, body, stripped, is_group=is_group)
        return parts._replace(is_arm=is_arm, known_group=known, is_head=is_head)

    def _is_head(self, own: str, region: str, bracketed: list[str], body: str, stripped: str, *, is_group: bool) -> bool:
        """Whether a name of a known group is that of the group itself; ``own`` is the group's name, the others as taken apart."""
        if is_group and (body.startswith(own) or stripped.startswith(own)):
            return True
        if any(map(self._is_local, bracketed)):  # 华仁药业(日照) is a daughter
            return False
        means = {own, *(own + vehicle for vehicle in _VEHICLES), *([own.removesuffix("集团")] if is_group else [])}
        return not means.isdisjoint((region + stripped, stripped))  # 青岛啤酒股份有限公司 is what 青岛啤酒 means

    def elements(self, name: str, place: str = "") -> NameParts:
        """As ``parse``, without ``is_arm``, ``known_group`` and ``is_head``, what a name says of its group (企业名称四要素)."""
        return self._taken_apart(name, place)[0]

    def _taken_apart(self, name: str, place: str) -> tuple[NameParts, str, list[str], str, str, bool]:
        """A name taken apart as far as it goes without looking at its group.

        Returns:
            Its parts, which say nothing of the group yet; the region that leads it; the places in brackets; the name without brackets;
            what is left of that without region and legal form; whether a group leads it.
        """
        body: str = name
        bracketed: list[str] = []
        if "(" in name:
            inside = _BRACKET.findall(name)
            body = _BRACKET.sub("", name).replace("(", "").replace(")", "")
            if outlet_inside := next((inner for inner in inside if inner in self._outlets), ""):
                body += outlet_inside  # 某某有限公司(分公司)
            bracketed = [inner for inner in inside if inner in self._codes]
        outlet, cut = self._outlet(body)
        if outlet == "none" and not body.endswith("公司") and _WITHIN_COMPANY.search(body):
            outlet = "branch"  # 某某有限公司中药饮片厂: what follows the company is a part of it
        core = body[: len(body) - cut] if cut else body
        legal_form, mode = "unknown", None
        if name.endswith(")"):  # 某某中心(有限合伙)
            form = self._forms.get(name[name.rfind("(") :])
            if form is not None:
                legal_form, mode = form.kind, form.mode
        for length in self._form_lengths.get(core[-1:], ()):
            form = self._forms.get(core[-length:])
            if form is not None:
                legal_form, mode = form.kind, form.mode
                if form.kind not in {"institution", "hotel"}:  # 医院、酒店 are also what the company does
                    core = core[:-length]
                break
        region, level = self._region(core, place)
        stripped = core[len(region) :]
        if len(stripped) < 2:  # a name that is nothing but a place keeps it
            region, level, stripped = "", 0, core
        named_group = "集团" in name or "控股" in name
        within = _WITHIN_GROUP.match(stripped) if named_group else None  # 利群集团百惠商厦: the 字号 is the group's
        trade_name = self.split(within[1] if within else stripped)[0]
        is_group = named_group and outlet == "none" and bool(_GROUP.search(body) or _GROUP_IN_BRACKETS.search(name))
        places, industry = region + "".join(bracketed) if bracketed else region, stripped[len(trade_name) :]
        parts = NameParts(places, trade_name, industry, legal_form, outlet, mode, is_group, level, False, 0, False)
        return parts, region, bracketed, body, stripped, within is not None

    def _finest(self, region: str) -> frozenset[str]:
        """Codes of the divisions that a region names, without those that others lie in."""
        if region in self._finest_known:
            return self._finest_known[region]
        found: set[str] = set()
        at = 0
        while at < len(region):
            name = next((name for name in self._by_start.get(region[at : at + 2], ()) if region.startswith(name, at)), region[at])
            found.update(code for code in self._codes.get(name, ()) if code)
            at += len(name)
        self._finest_known[region] = frozenset(
            code for code in found if not any(other != code and other.startswith(code) for other in found)
        )
        return self._finest_known[region]

    def same_region(self, a: str, b: str) -> bool:
        """Whether two regions can be of one place: one lies in the other, or one is the whole country (行政区划是否相容)."""
        codes, others = self._finest(a), self._finest(b)
        if not codes or not others:
            return True
        return any(code.startswith(other) or other.startswith(code) for code in codes for other in others)

    def _names_its_place(self, stripped: str, bracketed: list[str], place: str) -> bool:
        """A place in brackets or behind the 字号: the company's own, where that is known (中山 in a 字号 is nobody's city)."""
        home = self._codes.get(place, ())
        if not home:
            return any(self._is_local(inner) for inner in bracketed) or bool(self._places_within.match(stripped, 0))
        if bracketed and any(_same_place(code, home) for inner in bracketed for code in self._codes[inner]):
            return True
        if place not in self._spellings:
            self._spellings[place] = tuple(name for name in sorted({place, _SUFFIXES.sub("", place)}) if len(name) >= 2)
        return any(2 <= stripped.find(name, 2) <= 6 for name in self._spellings[place])

    def _known_group(self, body: str, stripped: str) -> int:
        if body[:2] not in self._group_signs and stripped[:2] not in self._group_signs:
            return 0
        for text in (body, stripped):
            for sign, number in self._group_signs.get(text[:2], ()):
                words = self._groups[number].with_
                if text.startswith(sign) and (not words or any(word in body for word in words)):
                    return number + 1
        return 0

    def _is_local(self, region: str) -> bool:
        """Not the whole country: 甲(中国) is the head of its firms here, 甲(杭州) is not."""
        return all(self._codes[region])


def _leads(each: Iterable[tuple[str, tuple[str, ...]]]) -> tuple[_Lead, ...]:
    """The regions that have a code left, with the level of the widest."""
    return tuple((region, codes, min(map(len, codes)) // 2) for region, codes in each if codes)


def _same_place(code: str, home: tuple[str, ...]) -> bool:
    """One lies in the other; the whole country (an empty code) is no place."""
    return bool(code) and any(code.startswith(own) or own.startswith(code) for own in home)


def _lengths_by_last(tails: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Last character → lengths of the endings that end in it, longest first."""
    lengths: dict[str, set[int]] = {}
    for tail in tails:
        lengths.setdefault(tail[-1], set()).add(len(tail))
    return {last: tuple(sorted(found, reverse=True)) for last, found in lengths.items()}


@lru_cache(maxsize=4)
def name_reader(corpora: Corpora) -> NameReader:
    """The shared reader of names for these corpora (共享的名称解析器)."""
    return NameReader(corpora)
