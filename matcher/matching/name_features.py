"""A query beside a name, part by part (名称比较): 字号, 行业表述, 行政区划, 组织形式, each comparison a number from 0 to 1.

A query that ends in a legal form is a full name; any other is cut short: a brand, a short form. The two are weighed differently.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from matcher.corpora import Corpora
from matcher.matching.name_index import NameIndex, squeezed
from matcher.text.names import NameReader, name_reader
from matcher.text.normalise import normalise
from matcher.types import NameParts

_COMPARED = 20
FEATURES = (
    "whole_equal",  # 全称相同
    "core_equal",  # 字号加行业表述相同
    "trade_equal",  # 字号相同
    "trade_near",  # 字号相近（编辑距离）
    "trade_begins",  # 一个字号是另一个的开头
    "industry_near",  # 行业表述相近
    "industry_open",  # 一方没有写行业
    "industry_begins",  # 一方的行业是另一方的开头
    "region_same",  # 行政区划一致
    "region_other",  # 行政区划矛盾
    "form_same",  # 组织形式相同
    "form_other",  # 组织形式矛盾
    "outlet_other",  # 一个是分支网点，另一个不是
    "branch_other",  # 都是分支网点，公司之后的部分不同
    "group_same",  # 都是集团
    "group_other",  # 只有一方写集团
    "core_near",  # 字号加行业表述的相似度
    "core_within",  # 查询整段出现在名称里
    "shortened",  # 查询逐字按次序出现在名称里（简称）
    "number_other",  # 数字、字母不同（一公司、二公司）
    "is_joint_stock",  # 候选是股份公司：被人提起的多是大公司
    "is_group",  # 候选是集团
    "is_long",  # 候选名称比查询长出多少
)
"""Comparisons of a query with a name, each 0…1 (比较特征)."""
QUERY_FEATURES = ("score", "lead", "rare", "long")
"""Of a candidate in its list: its score, its lead over the best other (分差), rarity and length of the 字号 asked for."""
_STOCK = "股份"
_FULL = ("公司", "合作社", "合伙)", "支行", "分行", "营业部", "分店")
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
        self._frequent = corpora.common_trade_names

    def read(self, query: str) -> Asked:
        """The query's parts (读查询)."""
        text = normalise(query.replace("\n", " ")).strip()
        short = squeezed([query])[0]
        body, form = text, "unknown"
        if text.endswith(_STOCK) and len(text) > len(_STOCK) + 1:  # 华瓷股份: how exchanges shorten 华瓷…股份有限公司
            body, form = text.removesuffix(_STOCK), "joint_stock"
        readings = dict.fromkeys(self.reader.parse(body, place) for place in ("", _NO_COUNTY))
        if form != "unknown":
            readings = dict.fromkeys(parts._replace(legal_form=form) for parts in readings)
        return Asked(text, short, tuple(readings))

    def compared(self, asked: Asked, names: Sequence[str], without: frozenset[int] = frozenset()) -> list[Compared]:
        """Candidates with their features, best first (候选比较).

        Args:
            asked: The query.
            names: All names as given, by number.
            without: Numbers that may not be answered.
        """
        numbers = self.index.candidates(asked.short, _COMPARED + len(without), by_standing=not asked.is_full).tolist()
        found = []
        for number in numbers:
            if number not in without:
                found.append(self._best_reading(asked, number, names[number]))
        return sorted(found, key=lambda one: (-one.score, len(names[one.number]), one.number))

    def _best_reading(self, asked: Asked, number: int, name: str) -> Compared:
        theirs = self.reader.parse(normalise(name))
        short = self.index.name(number)
        best = None
        weights = self.weights["full" if asked.is_full else "short"]
        for parts in asked.readings:
            features = _features(asked.short, parts, short, theirs, self.reader)
            score = sum([weights.get(key, 0.0) * value for key, value in features.items()])
            if best is None or score > best.score:
                best = Compared(number, features, score)
        assert best is not None
        return best

    def query_features(self, asked: Asked, ordered: Sequence[Compared], place: int = 0) -> dict[str, float]:
        """``QUERY_FEATURES`` of the candidate at ``place`` of an ordered list (查询特征)."""
        own = ordered[place].score
        others = [one.score for n, one in enumerate(ordered[:2]) if n != place]
        trade = asked.trade_name
        bearers = max(self.index.holders(squeezed([trade])[0] or "?"), self._frequent.get(trade, 0))
        return {
            "score": own / 10,
            "lead": max(-1.0, min(1.0, (own - others[0]) / 10)) if others else 1.0,
            "rare": 1 / (1 + math.log10(1 + bearers)),
            "long": min(1.0, len(trade) / 6),
        }


def _features(query: str, a: NameParts, name: str, b: NameParts, reader: NameReader) -> dict[str, float]:
    """``FEATURES`` of a squeezed query and a squeezed name that are not zero (特征)."""
    core = a.core or query
    within = len(core) >= 2 and core in name
    both_outlets = a.outlet != "none" and b.outlet != "none"
    found = {
        "whole_equal": query == name,
        "core_equal": bool(a.core) and a.core == b.core,
        "outlet_other": (a.outlet == "none") != (b.outlet == "none"),
        "branch_other": both_outlets and query.rpartition("公司")[2] != name.rpartition("公司")[2],
        "group_same": a.is_group and b.is_group,
        "group_other": a.is_group != b.is_group,
        "core_near": fuzz.ratio(core, b.core) / 100,
        "core_within": within,
        "shortened": len(core) >= 2 and not within and _in_order(core, name),
        "number_other": _digits(query) != _digits(name),
        "is_joint_stock": b.legal_form == "joint_stock",
        "is_group": b.is_group,
        "is_long": min(1.0, max(0, len(b.core) - len(core)) / 10),
        **_trades(a.trade_name, b.trade_name),
        **_industries(a.industry_term, b.industry_term),
    }
    if a.region and b.region:
        found["region_same" if reader.same_region(a.region, b.region) else "region_other"] = True
    if a.legal_form != "unknown":
        found["form_same" if a.legal_form == b.legal_form else "form_other"] = True
    return {key: float(value) for key, value in found.items() if value}


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
        return {"industry_open": float(a != b)}
    shorter, longer = sorted((a, b), key=len)
    return {"industry_near": fuzz.ratio(a, b) / 100, "industry_begins": float(a != b and longer.startswith(shorter))}


def _in_order(short: str, name: str) -> bool:
    rest = iter(name)
    return all(char in rest for char in short)


def _digits(text: str) -> str:
    return "" if _NUMBER.isdisjoint(text) else "".join(char for char in text.translate(_DIGITS) if char.isascii())
