"""A query beside a name, part by part (名称比较): 字号, 行业表述, 行政区划, 组织形式, each comparison a number from 0 to 1.

What is compared is in ``name_comparisons``.

A query that ends in a legal form is a full name; any other is cut short: a brand, a short form. The two are weighed differently.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from matcher.corpora import Corpora
from matcher.matching.name_comparisons import Side, bare, features
from matcher.matching.name_index import NameIndex, one_line, squeezed, squeezed_line
from matcher.rules.resolution import ResolutionRules
from matcher.text.names import NameReader, name_reader
from matcher.text.normalise import normalise
from matcher.types import NameParts

_HAN = "[\u4e00-\u9fff]"
_COMPARED = 20
_SHORTENED = 8  # whose initials the query may be
_RIVALS = 5  # others that can be meant; more count as so many
_CERTAINLY = {"whole_equal", "one_edit", "core_equal", "branch_same", "head"}
_MEANT = {"trade_equal", "begins", "whole_equal"}
_SMALL, _LARGE = math.log10(50_000), math.log10(1_400_000)  # names in a base: those that the weights were fitted on
_COUNTY = 3  # 县级
_AKIN = 0.5  # 字号 of two characters with one wrong
_BEGINS = 0.6  # 娃哈哈杭州 begins with 娃哈哈
_HEAD = 4  # characters of an outlet's head, at least
_STOCK = "股份"
_SUFFIX = ("市", "县", "区", "省")
_FULL = ("公司", "合作社", "合伙)", "支行", "分行", "营业部", "分店")
_FORMS = ("有限公司", "有限责任公司", "股份有限公司")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")  # nobody sees them in a name
_GLUED = re.compile(f"[a-z .&'+-]{{2,}}/?(?P<behind>{_HAN}{{2,}})|(?P<before>{_HAN}{{2,}})/?[a-z .&'+-]{{2,}}")
_BETWEEN_HAN = re.compile(f"(?<={_HAN}) +(?={_HAN})")  # 英 力 特
_ONLY_GROUP = re.compile("(?:集团|控股)+")
_NO_COUNTY = "中国"  # a company of no province: counties without their suffix are no regions to it


class Compared(NamedTuple):
    """A query beside one name (比较结果)."""

    number: int
    features: Mapping[str, float]
    score: float


@dataclass(frozen=True)
class Asked:
    """A query read (查询): as a name that a region may lead, and as one whose beginning is its 字号 (朝阳钢铁)."""

    text: str
    short: str
    sought: str
    readings: tuple[NameParts, ...]
    inner: str = ""

    @cached_property
    def sides(self) -> tuple[Side, ...]:
        """The readings, made ready to be compared (待比较的读法)."""
        is_named = [bool(parts.trade_name) and not _ONLY_GROUP.fullmatch(parts.trade_name) for parts in self.readings]
        return tuple(
            Side(
                self.inner if self.inner and parts is self.readings[-1] else self.sought,
                parts,
                is_nameless=bool(parts.region) and not named and any(is_named),
            )
            for parts, named in zip(self.readings, is_named, strict=True)
        )

    @cached_property
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
        rules: Weights in the score that orders candidates, and how names are written short.
    """

    def __init__(self, index: NameIndex, corpora: Corpora, rules: ResolutionRules) -> None:
        self.index, self.rules = index, rules
        self.reader: NameReader = name_reader(corpora)
        before, after = ("|".join(map(re.escape, marks)) for marks in (rules.marks.before, rules.marks.after))
        self._marks = re.compile(f"^(?:{before or '(?!)'})(?={_HAN}{_HAN})|(?<={_HAN}{_HAN})(?:{after or '(?!)'})$")
        self._spelt: dict[str, list[str]] = {}
        self._cut_short = re.compile("|".join(map(re.escape, rules.spelt_out)) or "(?!)")
        self._frequent, self._trades = corpora.common_trade_names, corpora.industry_words

    @cached_property
    def smallness(self) -> float:
        """1 for a base of up to 50,000 names, 0 for one of 1.4 million or more, by the logarithm between (库小)."""
        return max(0.0, min(1.0, (_LARGE - math.log10(1 + len(self.index))) / (_LARGE - _SMALL)))

    def read(self, query: str) -> Asked:
        """The query's parts (读查询)."""
        line = one_line(query)
        text, short = _BETWEEN_HAN.sub("", _UNSEEN.sub("", line)).strip(), squeezed_line(line)
        body, form = self._marks.sub("", text), "unknown"
        if body != text:
            form = "joint_stock"
            text = body
        if text.endswith(_STOCK) and len(text) > len(_STOCK) + 1:  # 华瓷股份: how exchanges shorten 华瓷…股份有限公司
            body, form = text.removesuffix(_STOCK), "joint_stock"
        body = self._spelt_out(body)
        parts = self.reader.elements(body)
        nowhere = self.reader.elements(body, _NO_COUNTY) if parts.region else parts
        readings = dict.fromkeys([parts, nowhere, *self._other_readings(body, parts)])
        if form != "unknown":
            readings = dict.fromkeys(parts._replace(legal_form=form) for parts in readings)
        sought = squeezed_line(self._spelt_out(text))
        rest = body[len(parts.region) :] if parts.region and "(" not in body else ""
        own = self.reader.elements(rest) if rest else parts
        if rest and own.region and self.reader.same_region(parts.region, own.region):
            return Asked(text, short, sought, (*readings, own), squeezed_line(rest))
        if (
            not text.endswith(_FULL)
            and (native := _native(body))
            and (alone := self.reader.elements(native)).trade_name
            and not alone.region
        ):
            return Asked(text, short, sought, (*readings, alone), squeezed_line(native))
        return Asked(text, short, sought, tuple(readings))

    def _spelt_out(self, text: str) -> str:
        """A text with a short form at its start, or behind its region, as the register writes it: 青岛农商银行 is 青岛农村商业银行."""
        for short, full in self.rules.spelt_out.items() if self._cut_short.search(text) else ():
            at = text.find(short)
            if at == 0 or (at > 0 and self.reader.is_region(text[:at])):
                return text[:at] + full + text[at + len(short) :]
        return text

    def _other_readings(self, text: str, parts: NameParts) -> tuple[NameParts, ...]:
        """A name that a region leads, as one whose beginning is its 字号: 新和成, 大同仁 are no firms of 新和, 大同."""
        if not parts.region or parts.region.endswith(_SUFFIX) or "(" in text:
            return ()
        if parts.level == _COUNTY:
            other = self.reader.elements(text, _NO_COUNTY)
            return (other,) if other != parts else ()
        if parts.trade_name and (len(parts.trade_name) == 1 or parts.trade_name[1:] in self._trades):
            trade, industry = self.reader.split(parts.region + parts.core)
            return (parts._replace(region="", level=0, trade_name=trade, industry_term=industry),)
        return ()

    def compared(self, asked: Asked, names: Sequence[str], without: frozenset[int] = frozenset()) -> list[Compared]:
        """Candidates with their features, best first (候选比较).

        Args:
            asked: The query.
            names: All names as given, by number.
            without: Numbers that may not be answered.
        """
        likely = self._likely(asked, _COMPARED + len(without))
        respelt = self.index.any_of(self._respelt(asked))[:_COMPARED]
        found = self._beside(asked, list(dict.fromkeys([*likely, *respelt])), names, without)
        is_listed = any(parts.legal_form == "joint_stock" for parts in asked.readings)
        if not asked.is_full and (is_listed or not any(one.features.keys() & _MEANT for *_, one in found)):
            more = self.index.initials(asked.readings[-1].core or asked.sought, _SHORTENED)
            seen = {*likely, *respelt}
            found += self._beside(asked, [number for number in more if number not in seen], names, without)
        found.sort(key=lambda one: (-one[2].score, one[0], one[1], one[2].number))
        return [one for *_, one in found]

    def _likely(self, asked: Asked, most: int) -> list[int]:
        """Numbers of the names that share most with the query, and with its Chinese part if a foreign name is glued to it."""
        found: list[int] = self.index.candidates(asked.sought, most, by_standing=not asked.is_full).tolist()
        if asked.inner and _GLUED.fullmatch(asked.sought):
            more = self.index.candidates(asked.inner, most, by_standing=True).tolist()
            found = list(dict.fromkeys([*more, *found]))
        return found

    def _beside(
        self, asked: Asked, numbers: Sequence[int], names: Sequence[str], without: frozenset[int]
    ) -> list[tuple[int, str, Compared]]:
        """Length, name and comparison of each."""
        entries, leads = self.index.entries[numbers].tolist(), self.index.leads[numbers].tolist()
        given = [names[entry] for entry in entries]
        texts = _normalised(given)
        return [
            (len(name), name, self._best_reading(asked, entry, text, short, leads=has_outlets))
            for entry, has_outlets, name, text, short in zip(entries, leads, given, texts, _squeezed(texts), strict=True)
            if entry not in without
        ]

    def _best_reading(self, asked: Asked, number: int, text: str, short: str, *, leads: bool = False) -> Compared:
        """A query beside a name, normalised and squeezed, as the two are most alike; ``leads`` if the name has outlets."""
        weigh = (self.rules.order.full if asked.is_full else self.rules.order.short).get
        reader = self.reader
        parts = reader.elements(text)
        best: dict[str, float] = {}
        most = -math.inf
        for other in (parts, *self._other_readings(text, parts)) if parts.region else (parts,):
            for side in asked.sides:
                if other is not parts and (side.parts.region or side.parts.trade_name in reader.regions):
                    continue  # 临安食品 says the place, 新和成 does not
                found = features(side, short, other, reader)
                score = sum([weigh(name, 0.0) * value for name, value in found.items()])
                if score > most:
                    best, most = found, score
        if leads:
            best["has_outlets"] = 1.0
            most += weigh("has_outlets", 0.0)
        return Compared(number, best, most)

    def _respelt(self, asked: Asked) -> list[str]:
        """How the register may write the name: the region before or behind the 字号, with or without 市, another legal form."""
        found: dict[str, None] = dict.fromkeys([asked.inner] if asked.inner else [])
        for parts in asked.readings:
            if parts.outlet != "none" and "公司" not in asked.sought:
                heads = [asked.sought[:length] for length in range(_HEAD, len(asked.sought) - 1)]
                found.update(
                    dict.fromkeys(f"{country}{head}{form}" for head in heads for country in ("", _NO_COUNTY) for form in _FORMS)
                )
            if parts.outlet != "none" or not (parts.trade_name and parts.industry_term):
                continue
            for place in self._spellings(parts.region):
                for form in _FORMS:
                    found[f"{place}{parts.core}{form}"] = found[f"{parts.trade_name}{place}{parts.industry_term}{form}"] = None
        return list(found)

    def _spellings(self, region: str) -> list[str]:
        """A region with and without its suffix, as far as there are such places."""
        if region not in self._spelt:
            place = bare(region)
            self._spelt[region] = [place, *(place + tail for tail in _SUFFIX if place and self.reader.is_region(place + tail))]
        return self._spelt[region]

    def akin(self, asked: Asked, name: str) -> bool:
        """Whether a query can be meant for a name at all (名称说得通): they share the 字号, or one stands within the other."""
        found = self._best_reading(asked, 0, normalise(name), squeezed([name])[0]).features
        return is_plausible(found) or found.get("trade_near", 0) >= _AKIN or "shortened" in found

    def query_features(self, asked: Asked, ordered: Sequence[Compared], most: int = 1) -> list[dict[str, float]]:
        """The query features of the first candidates of an ordered list (查询特征)."""
        trade = asked.trade_name
        bearers = max(self.index.holders(squeezed([trade])[0] or "?"), self._frequent.get(trade, 0)) if asked.is_named else 0
        of_query = {
            "rare": 1 / (1 + math.log10(1 + bearers)) if asked.is_named else 0.0,
            "long": min(1.0, len(trade) / 6) if asked.is_named else 0.0,
            "open_region": float(asked.is_open),
            "unnamed": float(not asked.is_named),
        }
        meant = [is_plausible(one.features) and "outlet_other" not in one.features for one in ordered]
        found = []
        for place, one in enumerate(ordered[:most]):
            others = [other.score for n, other in enumerate(ordered[:2]) if n != place]
            lead = max(-1.0, min(1.0, (one.score - others[0]) / 10)) if others else 1.0
            rivals = min(1.0, (sum(meant) - meant[place]) / _RIVALS)
            found.append({**of_query, "score": one.score / 10, "lead": lead, "rivals": rivals})
        return found


def is_plausible(features: Mapping[str, float]) -> bool:
    """Whether a candidate can be meant by its own comparison, however many others are like it (自身说得通)."""
    if features.keys() & _CERTAINLY or features.get("initials", 0) == 1:
        return True
    if "region_other" in features:
        return False
    if "trade_equal" in features and "industry_other" in features:
        return "is_group" in features or "core_within" in features  # 老板电器 and 老板实业集团, not 海正药业 and 海正工贸
    if features.keys() & {"trade_equal", "core_within", "within", "trade_edit"}:
        return True
    return features.get("trade_begins", 0) == 1 and features["trade_near"] >= _BEGINS


def _native(text: str) -> str:
    """A short form without the foreign name that is glued to its Chinese one: 魔宙 of MOJO魔宙; "" if it is none such."""
    found = _GLUED.fullmatch(text)
    return found["before"] or found["behind"] if found else ""


def _squeezed(texts: Sequence[str]) -> list[str]:
    """Normalised names as the index keeps them, all at once: quicker than to look them up there."""
    together = squeezed_line("\n".join(texts)).split("\n")
    return together if len(together) == len(texts) else [squeezed_line(text.replace("\n", " ")) for text in texts]


def _normalised(names: Sequence[str]) -> list[str]:
    """All at once, which is quicker than one by one; line by line, so it is the same."""
    together = normalise("\n".join(names)).split("\n")
    return together if len(together) == len(names) else [normalise(name) for name in names]
