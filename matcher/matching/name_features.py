"""A query beside a name, part by part (名称比较): 字号, 行业表述, 行政区划, 组织形式, each comparison a number from 0 to 1.

What is compared is listed in ``rules.resolution.FEATURES``.

A query that ends in a legal form is a full name; any other is cut short: a brand, a short form. The two are weighed differently.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from matcher.corpora import Corpora
from matcher.matching.name_index import NameIndex, squeezed
from matcher.text.names import NameReader, name_reader
from matcher.text.normalise import normalise
from matcher.types import NameParts

_COMPARED = 20
_SMALL, _LARGE = math.log10(50_000), math.log10(1_400_000)  # names in a base: those that the weights were fitted on
_COUNTY = 3  # 县级
_AKIN = 0.5  # 字号 of two characters with one wrong
_BEGINS = 0.6  # 娃哈哈杭州 begins with 娃哈哈
_NEAR = 0.65  # 字号 of three characters with one wrong
_STOCK = "股份"
_FULL = ("公司", "合作社", "合伙)", "支行", "分行", "营业部", "分店")
_FORMS = ("有限公司", "有限责任公司", "股份有限公司")
_SPELLINGS = ("", "市", "县", "区", "省")
_DIVISION = re.compile("[省市区县]$")
_FIRST_TIER = re.compile("北京|上海|广州|深圳")
_CENTRES = re.compile("天津|重庆|武汉|哈尔滨|沈阳|成都|南京|西安|长春|济南|杭州|大连|青岛|厦门|宁波")  # 直辖市与副省级城市
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")  # nobody sees them in a name
_NO_COUNTY = "中国"  # a company of no province: counties without their suffix are no regions to it
_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_NUMBER = frozenset("〇零一二三四五六七八九0123456789abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True)
class Compared:
    """A query beside one name (比较结果)."""

    number: int
    features: Mapping[str, float]
    score: float


@dataclass(frozen=True)
class Asked:
    """A query read (查询): as a name that a region may lead, and as one whose beginning is its 字号 (朝阳钢铁)."""

    text: str
    short: str
    readings: tuple[NameParts, ...]

    @property
    def is_full(self) -> bool:
        """It ends as full names do (写的是全称)."""
        return self.text.endswith(_FULL)

    @property
    def is_open(self) -> bool:
        """It names no region (没有写行政区划)."""
        return not any(parts.region for parts in self.readings)

    @property
    def is_named(self) -> bool:
        """It has a 字号, not only a place or a trade (有字号)."""
        return any(parts.trade_name for parts in self.readings)

    @property
    def kind(self) -> Literal["short", "open", "full"]:
        """Cut short, a full name without its region, or a full name (写法)."""
        return "short" if not self.is_full else "open" if self.is_open else "full"

    @property
    def trade_name(self) -> str:
        """What it calls the company, as near to a 字号 as can be told."""
        parts = self.readings[-1]
        return parts.trade_name or parts.core or self.short


class NameComparer:
    """Compares names by their parts (名称比较).

    Args:
        index: The names that may be meant.
        corpora: Divisions, legal forms, words of trade.
        weights: Of short queries and of full names: feature → weight in the score that orders candidates.
    """

    def __init__(self, index: NameIndex, corpora: Corpora, weights: Mapping[str, Mapping[str, float]]) -> None:
        self.index, self.weights = index, weights
        self.reader: NameReader = name_reader(corpora)
        self._frequent, self._trades = corpora.common_trade_names, corpora.industry_words

    @cached_property
    def smallness(self) -> float:
        """1 for a base of up to 50,000 names, 0 for one of 1.4 million or more, by the logarithm between (库小)."""
        return max(0.0, min(1.0, (_LARGE - math.log10(1 + len(self.index))) / (_LARGE - _SMALL)))

    def read(self, query: str) -> Asked:
        """The query's parts (读查询)."""
        text = _UNSEEN.sub("", normalise(query.replace("\n", " "))).strip()
        short = squeezed([query])[0]
        body, form = text, "unknown"
        if text.endswith(_STOCK) and len(text) > len(_STOCK) + 1:  # 华瓷股份: how exchanges shorten 华瓷…股份有限公司
            body, form = text.removesuffix(_STOCK), "joint_stock"
        readings = dict.fromkeys([self.reader.parse(body), self.reader.parse(body, _NO_COUNTY), *self._readings(body)])
        if form != "unknown":
            readings = dict.fromkeys(parts._replace(legal_form=form) for parts in readings)
        return Asked(text, short, tuple(readings))

    def _readings(self, text: str) -> tuple[NameParts, ...]:
        """A name as one that a region may lead, and as one whose beginning is its 字号: 新和成, 大同仁 are no firms of 新和, 大同."""
        parts = self.reader.parse(text)
        if not parts.region or _DIVISION.search(parts.region) or "(" in text:
            return (parts,)
        if parts.level == _COUNTY:
            other = self.reader.parse(text, _NO_COUNTY)
            return (parts, other) if other != parts else (parts,)
        if parts.trade_name and (len(parts.trade_name) == 1 or parts.trade_name[1:] in self._trades):
            trade, industry = self.reader.split(parts.region + parts.core)
            return (parts, parts._replace(region="", level=0, trade_name=trade, industry_term=industry))
        return (parts,)

    def compared(self, asked: Asked, names: Sequence[str], without: frozenset[int] = frozenset()) -> list[Compared]:
        """Candidates with their features, best first (候选比较).

        Args:
            asked: The query.
            names: All names as given, by number.
            without: Numbers that may not be answered.
        """
        likely = self.index.candidates(asked.short, _COMPARED + len(without), by_standing=not asked.is_full).tolist()
        respelt = self.index.any_of(_respelt(asked))[:_COMPARED]
        found = []
        for number in dict.fromkeys([*likely, *respelt]):
            entry = int(self.index.entries[number])
            if entry not in without:
                found.append(self._best_reading(asked, entry, names[entry], self.index.name(number)))
        return sorted(found, key=lambda one: (-one.score, len(names[one.number]), names[one.number], one.number))

    def _best_reading(self, asked: Asked, number: int, name: str, short: str) -> Compared:
        theirs = self._readings(normalise(name))
        best = None
        weights = self.weights["full" if asked.is_full else "short"]
        for parts, other in itertools.product(asked.readings, theirs):
            if other is not theirs[0] and (parts.region or parts.trade_name in self.reader.regions):
                continue  # 临安食品 says the place, 新和成 does not
            features = _features(asked.short, parts, short, other, self.reader)
            score = sum([weights.get(key, 0.0) * value for key, value in features.items()])
            if best is None or score > best.score:
                best = Compared(number, features, score)
        assert best is not None
        return best

    def akin(self, asked: Asked, name: str) -> bool:
        """Whether a query can be meant for a name at all (名称说得通): they share the 字号, or one stands within the other."""
        found = self._best_reading(asked, 0, name, squeezed([name])[0]).features
        return is_plausible(found) or found.get("trade_near", 0) >= _AKIN or "shortened" in found

    def query_features(self, asked: Asked, ordered: Sequence[Compared], place: int = 0) -> dict[str, float]:
        """The query features of the candidate at ``place`` of an ordered list (查询特征)."""
        own = ordered[place].score
        others = [one.score for n, one in enumerate(ordered[:2]) if n != place]
        trade = asked.trade_name
        bearers = max(self.index.holders(squeezed([trade])[0] or "?"), self._frequent.get(trade, 0))
        return {
            "small": self.smallness,
            "score": own / 10,
            "lead": max(-1.0, min(1.0, (own - others[0]) / 10)) if others else 1.0,
            "rare": 1 / (1 + math.log10(1 + bearers)) if asked.is_named else 0.0,
            "long": min(1.0, len(trade) / 6) if asked.is_named else 0.0,
            "open_region": float(asked.is_open),
            "unnamed": float(not asked.is_named),
        }


def is_plausible(features: Mapping[str, float]) -> bool:
    """Whether a candidate can be meant by its own comparison, however many others are like it (自身说得通)."""
    if "one_edit" in features or "core_equal" in features:
        return True
    if "region_other" in features:
        return False
    if features.keys() & {"trade_equal", "core_within", "within"}:
        return True
    return features.get("trade_near", 0) >= (_BEGINS if "trade_begins" in features else _NEAR)


def _features(query: str, a: NameParts, name: str, b: NameParts, reader: NameReader) -> dict[str, float]:
    """The features of ``rules.resolution`` of a squeezed query and a squeezed name that are not zero (特征)."""
    core = a.core or query
    within = len(core) >= 2 and core in name
    both_outlets = a.outlet != "none" and b.outlet != "none"
    found = {
        "whole_equal": query == name,
        "one_edit": query != name and OSA.distance(query, name, score_cutoff=1) == 1,
        "begins": query != name and name.startswith(query),
        "within": query in name,
        "core_equal": bool(a.core) and a.core == b.core,
        "outlet_other": (a.outlet == "none") != (b.outlet == "none"),
        "branch_other": both_outlets and query.rpartition("公司")[2] != name.rpartition("公司")[2],
        "group_same": a.is_group and b.is_group,
        "core_near": fuzz.ratio(core, b.core) / 100,
        "core_within": within,
        "shortened": len(core) >= 2 and not within and _in_order(core, name),
        "number_other": _digits(query) != _digits(name),
        "is_joint_stock": b.legal_form == "joint_stock",
        "is_group": b.is_group,
        "is_long": min(1.0, max(0, len(b.core) - len(core)) / 10),
        "is_national": not b.region,
        "at_centre": _centre(b),
        **_trades(a.trade_name, b.trade_name),
        **_industries(a.industry_term, b.industry_term),
    }
    if a.region and b.region:
        found["region_equal"] = _DIVISION.sub("", a.region) == _DIVISION.sub("", b.region)
        found["region_same" if reader.same_region(a.region, b.region) else "region_other"] = True
    if a.legal_form != "unknown":
        found["form_same"] = a.legal_form == b.legal_form
    found["all_but_form"] = (
        found["core_equal"] and not found["outlet_other"] and bool(found.get("region_equal", not (a.region or b.region)))
    )
    return {key: float(value) for key, value in found.items() if value}


def _respelt(asked: Asked) -> list[str]:
    """How the register may write the name: the region before or behind the 字号, with or without 市, another legal form."""
    found: dict[str, None] = {}
    for parts in asked.readings:
        if parts.outlet != "none" or not (parts.trade_name and parts.industry_term):
            continue
        place = _DIVISION.sub("", parts.region)
        for form in _FORMS:
            for tail in _SPELLINGS if place else ("",):
                found[f"{place}{tail}{parts.core}{form}"] = found[f"{parts.trade_name}{place}{tail}{parts.industry_term}{form}"] = (
                    None
                )
    return list(found)


def _centre(parts: NameParts) -> float:
    if _FIRST_TIER.search(parts.region):
        return 1.0
    return 0.5 if parts.level == 1 or _CENTRES.search(parts.region) else 0.0


def _trades(a: str, b: str) -> dict[str, float]:
    if not a or not b:
        return {}
    shorter, longer = sorted((a, b), key=len)
    return {
        "trade_equal": float(a == b),
        "trade_near": OSA.normalized_similarity(a, b),
        "trade_begins": float(a != b and len(shorter) >= 2 and longer.startswith(shorter)),
    }


def _industries(a: str, b: str) -> dict[str, float]:
    if not a or not b:
        return {}
    shorter, longer = sorted((a, b), key=len)
    return {"industry_near": fuzz.ratio(a, b) / 100, "industry_begins": float(a != b and longer.startswith(shorter))}


def _in_order(short: str, name: str) -> bool:
    rest = iter(name)
    return all(char in rest for char in short)


def _digits(text: str) -> str:
    return "" if _NUMBER.isdisjoint(text) else "".join(char for char in text.translate(_DIGITS) if char.isascii())
