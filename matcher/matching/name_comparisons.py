"""What a query and a name have in common and what not (名称的各项比较), each a number from 0 to 1.

What is compared is listed in ``rules.resolution.FEATURES``. A query is compared with twenty names or more, so whatever is of
the query alone is worked out once (``Side``), and of a comparison only what is not zero is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from matcher.text.names import NameReader
from matcher.types import NameParts

_FORMS = re.compile("(?:股份|有限|责任|集团)*公司")
_MODERN = frozenset({"limited", "joint_stock"})
_PROVINCE, _COUNTY = 1, 3  # levels of regions
_FIRST = 4  # characters within which a short form's first one stands: at the start or behind a region
_COMPANY = "公司"
_OF_CORE = {"core_equal", "core_within", "shortened", "short_start", "initials"}
_DIVISION = re.compile("[省市区县]$")
_FIRST_TIER = re.compile("北京|上海|广州|深圳")
_CENTRES = re.compile("天津|重庆|武汉|哈尔滨|沈阳|成都|南京|西安|长春|济南|杭州|大连|青岛|厦门|宁波")  # 直辖市与副省级城市
_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_NUMBER = frozenset("〇零一二三四五六七八九0123456789abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True)
class Side:
    """One reading of a query (查询的一种读法).

    Attributes:
        query: Squeezed.
        parts: Its parts.
        is_nameless: It finds no 字号, where another reading does: 吉利汽车 as a car firm of the district 吉利.
    """

    query: str
    parts: NameParts
    is_nameless: bool = False

    @cached_property
    def core(self) -> str:
        """字号 and 行业表述, or all of it."""
        return self.parts.core or self.query

    @cached_property
    def numbers(self) -> str:
        """Its digits and letters."""
        return digits(self.query)

    @cached_property
    def formless(self) -> str:
        """Without legal forms, at the end or within."""
        return _FORMS.sub("", self.query)

    @cached_property
    def branch(self) -> str:
        """What stands behind 公司."""
        return self.query.rpartition(_COMPANY)[2]


def features(side: Side, name: str, other: NameParts, reader: NameReader) -> dict[str, float]:
    """The features of ``rules.resolution`` of a query's reading and a squeezed name that are not zero (特征).

    Args:
        side: The query.
        name: Squeezed.
        other: Its parts.
        reader: Knows which region lies in which.
    """
    mine, found = side.parts, _wholes(side, name)
    if "short_start" in found and (share := _initials(side.core, other, reader)):
        found["initials"] = share
    core, its_core = side.core, other.core
    if (mine.trade_name or mine.industry_term) and core == its_core:
        found["core_equal"] = 1.0
    if near := fuzz.ratio(core, its_core):
        found["core_near"] = near / 100
    if mine.outlet != "none":
        _outlets(found, side, name, other)
    elif other.outlet != "none":
        found["outlet_other"] = 1.0
        if _behind_place(name.rpartition(_COMPANY)[2], side.query, reader):
            found["outlet_bears"] = 1.0
    _known(found, len(its_core) - len(core), mine, other)
    _trades(found, mine.trade_name, other.trade_name)
    _industries(found, mine.industry_term, other.industry_term)
    region, its_region = mine.region, other.region
    if region and its_region:
        if bare(region) == bare(its_region):
            found["region_equal"] = 1.0
        found["region_same" if reader.same_region(region, its_region) else "region_other"] = 1.0
    if side.is_nameless and "region_same" not in found:
        for of_trade_alone in _OF_CORE & found.keys():
            del found[of_trade_alone]
    if mine.legal_form != "unknown" and mine.legal_form == other.legal_form:
        found["form_same"] = 1.0
    if "core_equal" in found and "outlet_other" not in found and ("region_equal" in found or not (region or its_region)):
        found["all_but_form"] = 1.0
    return found


def _wholes(side: Side, name: str) -> dict[str, float]:
    """The names as wholes."""
    query, core = side.query, side.core
    found: dict[str, float] = {}
    if query == name:
        found["whole_equal"] = found["within"] = 1.0
    else:
        if abs(len(query) - len(name)) <= 1 and OSA.distance(query, name, score_cutoff=1) == 1:
            found["one_edit"] = 1.0
        if name.startswith(query):
            found["begins"] = found["within"] = 1.0
        elif query in name:
            found["within"] = 1.0
    if len(core) >= 2:
        if core in name:
            found["core_within"] = 1.0
        elif _in_order(core, name):
            found["shortened"] = 1.0
            if name.find(core[0], 0, _FIRST + 1) >= 0:
                found["short_start"] = 1.0
    if (side.numbers or not _NUMBER.isdisjoint(name)) and side.numbers != digits(name):
        found["number_other"] = 1.0
    return found


def _outlets(found: dict[str, float], side: Side, name: str, other: NameParts) -> None:
    """An outlet is asked for: 工商银行聊城分行 is 中国工商银行股份有限公司聊城分行; failing that, its head."""
    formless = _FORMS.sub("", name)
    if other.outlet == "none":
        found["outlet_other"] = 1.0
        if len(formless) >= 2 and side.formless.startswith(formless):
            found["head"] = 1.0
    elif formless.endswith(side.formless):
        found["branch_same"] = 1.0
    elif side.branch != name.rpartition(_COMPANY)[2]:
        found["branch_other"] = 1.0


def _behind_place(text: str, query: str, reader: NameReader) -> bool:
    """Whether a text begins with the query, or with a place and the query."""
    at = text.find(query)
    return at == 0 or (at > 0 and reader.is_region(text[:at]))


def _known(found: dict[str, float], longer: int, mine: NameParts, other: NameParts) -> None:
    """Whether the other is one that people speak of."""
    if other.legal_form == "joint_stock":
        found["is_joint_stock"] = 1.0
    if other.is_group:
        found["is_group"] = 1.0
        if mine.is_group:
            found["group_same"] = 1.0
    if longer > 0:
        found["is_long"] = min(1.0, longer / 10)
    if not other.region:
        found["is_national"] = 1.0
    else:
        if centre := _centre(other.region, other.level):
            found["at_centre"] = centre
        if other.level == _PROVINCE:
            found["is_provincial"] = 1.0
        elif other.level == _COUNTY:
            found["in_county"] = 1.0
    if other.legal_form not in _MODERN:
        found["other_form"] = 1.0


def _trades(found: dict[str, float], a: str, b: str) -> None:
    if not a or not b:
        return
    if a == b:
        found["trade_equal"] = found["trade_near"] = 1.0
        return
    if near := OSA.normalized_similarity(a, b):
        found["trade_near"] = near
    shorter = min(len(a), len(b))
    if shorter >= 2 and (a.startswith(b) or b.startswith(a)):
        found["trade_begins"] = 1.0 if shorter > 2 else 0.5  # 特锐德 is no firm of 特锐
    if shorter > 2 and a[0] == b[0] and OSA.distance(a, b, score_cutoff=1) == 1:
        found["trade_edit"] = 1.0


def _industries(found: dict[str, float], a: str, b: str) -> None:
    if not a or not b:
        return
    near = fuzz.ratio(a, b)
    if not near:
        found["industry_other"] = 1.0
        return
    found["industry_near"] = near / 100
    if a != b and (a.startswith(b) or b.startswith(a)):
        found["industry_begins"] = 1.0


@lru_cache(maxsize=1 << 13)
def bare(region: str) -> str:
    """A region without the 省, 市, 区 or 县 behind it (去掉末尾的省市区县)."""
    return _DIVISION.sub("", region)


@lru_cache(maxsize=1 << 13)
def _centre(region: str, level: int) -> float:
    if _FIRST_TIER.search(region):
        return 1.0
    return 0.5 if level == 1 or _CENTRES.search(region) else 0.0


def _initials(short: str, parts: NameParts, reader: NameReader) -> float:
    """The share of a name's words whose beginnings, one after another, are the short form: 青|啤 of 青岛|啤酒 is 1."""
    at, covered = 0, 0
    words = [word for word in (bare(parts.region), parts.trade_name, *reader.words(parts.industry_term)) if word]
    for word in words:
        same = 0
        while same < len(word) and short.startswith(word[same], at + same):
            same += 1
        at += same
        covered += same > 0
    return covered / len(words) if at == len(short) and covered > 1 else 0.0


def _in_order(short: str, name: str) -> bool:
    at = 0
    for char in short:
        at = name.find(char, at) + 1
        if not at:
            return False
    return True


def digits(text: str) -> str:
    """Its digits and Latin letters, Chinese digits among them (数字与字母)."""
    return "" if _NUMBER.isdisjoint(text) else "".join(char for char in text.translate(_DIGITS) if char.isascii())
