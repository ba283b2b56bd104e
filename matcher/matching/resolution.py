"""Which company is meant (企业归一): a code, a name, a brand → the company, or an honest 吃不准 with candidates.

The way of a query: what a person decided of it; its credit code; the user's table of brands; a name, present or former, that is
the same when squeezed; else candidates that share rare characters (``name_index``), compared part by part (``name_features``). The best
candidate's confidence is logistic in its comparisons, its lead over the next, and how rare the 字号 asked for is; the weights are those
of ``rules/resolution.yaml``. From ``same_at`` on the answer is *same*. It is *unsure* where a candidate reaches ``unsure_at`` or can
be meant by its own comparison, however many are like it; else *none*. A query that names no
company, only a place, a trade or a legal form, is refused with the reason.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import Corpora
from matcher.intake import Companies
from matcher.matching.entries import Entries
from matcher.matching.name_features import Asked, Compared, NameComparer, is_plausible
from matcher.matching.name_files import index_of
from matcher.matching.name_hashes import hashed
from matcher.matching.name_index import BETWEEN, NameIndex, squeezed
from matcher.rules.resolution import ResolutionRules
from matcher.text.normalise import normalise

Decision = Literal["same", "unsure", "none"]
DECISION_LABELS: dict[Decision, str] = {"same": "就是它", "unsure": "吃不准", "none": "没有找到"}
"""Decision → Chinese term."""
MOST = 5
"""Candidates of an answer at most (候选数)."""
LONGEST = 100
"""Characters beyond which a query is no name (名称最长)."""
_NO_NAME = 1000  # characters; more is not even read
_CODE = re.compile(r"[0-9A-HJ-NP-RT-UW-Y]{18}")
_CERTAIN = 0.999
_APART = 0.1  # in score; two that are nearer are alike
_LEAST = 0.001  # a further candidate with less is none
# 青岛啤酒 is 青岛啤酒股份有限公司, and no other firm of 青岛
_PLACE_AND_TRADE = frozenset(("core_equal", "region_equal", "begins", "is_joint_stock"))
_WHY = {
    "core_equal": "字号和行业相同",
    "trade_equal": "字号相同",
    "core_within": "名称里有这几个字",
    "shortened": "是它的简称",
}


@dataclass(frozen=True)
class Candidate:
    """A company that may be meant (候选).

    Attributes:
        place: Its place among the companies.
        name: As registered.
        uscc: Its code, if known.
        confidence: 0…1 that it is the one.
        former: It was called so before (曾用名), if that is how it was found.
        features: The comparisons that are not zero.
    """

    place: int
    name: str
    uscc: str
    confidence: float
    former: str = ""
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Resolution:
    """The answer to a query (归一结果).

    Attributes:
        decision: same, unsure or none.
        company: The one that is meant, or that is likeliest to be.
        why: What decided, in Chinese.
        candidates: Up to ``MOST``, the likeliest first; where a family is asked for, its group before all.
        parent: Whose outlet the company is (上级), if it is one and the parent is known.
    """

    query: str
    decision: Decision
    company: Candidate | None
    why: str
    candidates: tuple[Candidate, ...] = ()
    parent: Candidate | None = None


@dataclass(frozen=True)
class Known:
    """What the user knows beside the companies (已知对应).

    Attributes:
        brands: Brand → (legal name, code or "").
        judged: Query → code or legal name, or both with the code first, that a person decided for it, or None for 都不是.
    """

    brands: Mapping[str, tuple[str, str]]
    judged: Mapping[str, str | None]


class Resolver:
    """Answers queries from one company base (归一器).

    Args:
        companies: Who may be meant.
        corpora: Divisions, legal forms, words of trade.
        rules: Weights and thresholds.
        known: The user's brands and judgements.
        index: Of the names and former names, if it was built before.
    """

    def __init__(
        self,
        companies: Companies,
        corpora: Corpora,
        rules: ResolutionRules,
        known: Known | None = None,
        index: NameIndex | None = None,
    ) -> None:
        self.companies, self.rules = companies, rules
        self.index = index or index_of(companies.text["name"], companies.text["former_names"])
        if len(self.index) != len(companies) + len(self.index.former):
            raise ValueError("the index is of another base")
        self._entries = Entries(companies, self.index.former)
        self._comparer = NameComparer(self.index, corpora, rules)
        self._learn(known or Known({}, {}))

    def _learn(self, known: Known) -> None:
        self._judged = dict(zip(squeezed(list(known.judged)), known.judged.values(), strict=True))
        self._brands = dict(zip(squeezed(list(known.brands)), known.brands.values(), strict=True))

    def with_known(self, known: Known) -> Resolver:
        """This resolver with other brands and judgements (换已知对应); its index is shared."""
        other = copy.copy(self)
        other._learn(known)
        return other

    def resolve(self, query: str, code: str = "") -> Resolution:
        """Which company is meant (归一).

        Args:
            query: A name, a brand, a short form, or a credit code.
            code: The credit code, if the query comes with one; it decides unless the name is another company's.
        """
        query = query.encode("utf-8", "ignore").decode()
        if len(query) > _NO_NAME:
            return self._too_long(query)
        asked = self._comparer.read(query)
        wanted = normalise(code[:_NO_NAME]).strip().upper() or asked.short.upper()
        coded = self._with_code(wanted) if _CODE.fullmatch(wanted) else []
        if asked.short in self._judged:
            return self._over_code(self._told(query, self._judged[asked.short], "人工判定"), coded)
        if len(coded) == 1:
            return self._by_code(query, asked, coded[0], named=code != "" and asked.short.upper() != wanted)
        if coded:
            return self._several(query, [self._candidate(place) for place in coded], "用同一个代码")
        if _CODE.fullmatch(wanted) and not code.strip():
            return Resolution(query, "none", None, "没有这个统一社会信用代码")
        found = self._by_name(query, asked)
        return self._doubted(found, wanted) if _CODE.fullmatch(wanted) else found

    def _by_name(self, query: str, asked: Asked) -> Resolution:
        """What the name alone says, by the user's table of brands or by itself."""
        if asked.short in self._brands:
            name, code = self._brands[asked.short]
            return self._told(query, code or name, "品牌对照表")
        return self._refused(query, asked) or self._exact(query) or self._near(query, asked)

    def _by_code(self, query: str, asked: Asked, place: int, *, named: bool) -> Resolution:
        """The company of a code, unless the name beside it is another's: a row may have slipped, and nobody can tell which is right."""
        company = self._candidate(place)
        why = "统一社会信用代码相同"
        if not named or not asked.short:
            return self._same(query, company, why)
        text = self.companies.text
        names = [text["name"][place], *filter(None, text["former_names"][place].split(BETWEEN))]
        if asked.short in squeezed(names):
            return self._same(query, company, why)
        found = self._by_name(query, asked)
        other = found.company
        if other is not None and other.place == place:
            return self._same(query, company, why)
        akin = any(self._comparer.akin(asked, name) for name in names)
        if other is not None and not (akin and found.decision == "unsure"):
            rest = [one for one in found.candidates if one.place not in (place, other.place)]
            both = [replace(one, confidence=0.5) for one in (company, other)]
            shown = (*both, *(replace(one, confidence=0.0) for one in rest))[:MOST]
            return Resolution(query, "unsure", both[0], f"代码是{company.name}，名称像{other.name}", shown)
        if not akin and asked.is_full and asked.is_named:
            return Resolution(query, "unsure", replace(company, confidence=0.5), f"代码是{company.name}，名称不是", (company,))
        return self._same(query, company, why if akin else f"{why}，名称不像")

    def _over_code(self, found: Resolution, coded: Sequence[int]) -> Resolution:
        """A judgement, with the code beside the query that says otherwise."""
        if not coded or (found.company is not None and found.company.place in coded):
            return found
        return replace(found, why=f"{found.why}，但统一社会信用代码是{self.companies.text['name'][coded[0]]}的")

    def _doubted(self, found: Resolution, code: str) -> Resolution:
        """A name that fits a company of another code than the query's is no proof."""
        if found.decision != "same" or found.company is None or not found.company.uscc:
            return found
        return replace(found, decision="unsure", why=f"{found.why}，但统一社会信用代码不是 {code}", parent=None)

    def _too_long(self, query: str) -> Resolution:
        return Resolution(query, "none", None, f"超过 {LONGEST} 个字，不是企业名称")

    def _with_code(self, code: str) -> list[int]:
        """Places of the companies with a code, by name."""
        hashes, order = self._codes
        begin, end = np.searchsorted(hashes, hashed([code])[0], "left"), np.searchsorted(hashes, hashed([code])[0], "right")
        text = self.companies.text
        return sorted(
            (place for place in order[begin:end].tolist() if text["uscc"][place] == code),
            key=lambda place: (text["name"][place], place),
        )

    @cached_property
    def _codes(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        hashes = hashed(list(self.companies.text["uscc"]))
        order = np.argsort(hashes, kind="stable")
        return hashes[order], order

    def _refused(self, query: str, asked: Asked) -> Resolution | None:
        reason = ""
        if not asked.short:
            reason = "没有写名称"
        elif len(asked.short) > LONGEST:
            return self._too_long(query)
        elif len(asked.short) < 2:
            reason = "只有一个字，说不准是哪家"
        elif self.index.exact(query):
            return None
        elif all(not parts.trade_name and not parts.industry_term for parts in asked.readings):
            reason = "只写了地名或组织形式，没有字号"
        elif self._comparer.reader.is_region(asked.text) and not self._is_borne(asked):
            reason = "只写了地名，没有字号"
        return Resolution(query, "none", None, reason) if reason else None

    def _is_borne(self, asked: Asked) -> bool:
        """Whether a group or joint-stock company bears a place's name as its 字号: 浙江吉利控股集团, and 吉利 is a district of 洛阳."""
        found = self._comparer.compared(asked, self._entries)
        return any("trade_equal" in one.features and one.features.keys() & {"is_group", "is_joint_stock"} for one in found)

    def _exact(self, query: str) -> Resolution | None:
        found: dict[int, Candidate] = {}
        for entry in self.index.exact(query):
            place = self._entries.place(entry)
            found.setdefault(place, self._candidate(place, entry))
        ones = sorted(found.values(), key=lambda one: (bool(one.former), one.name, one.uscc, one.place))
        present = [one for one in ones if not one.former]
        if len(present) == 1 or len(ones) == 1:  # who bears the name today comes before who bore it once
            return self._same(query, ones[0], "曾用名相同" if ones[0].former else "名称相同", tuple(ones[:MOST]))
        return self._several(query, ones, "同名") if ones else None

    def _several(self, query: str, ones: Sequence[Candidate], how: str) -> Resolution:
        shown = tuple(replace(one, confidence=round(1 / len(ones), 3)) for one in ones[:MOST])
        return Resolution(query, "unsure", shown[0], f"有 {len(ones)} 家{how}", shown)

    def _near(self, query: str, asked: Asked) -> Resolution:
        best: dict[int, Compared] = {}
        for one in self._comparer.compared(asked, self._entries):
            best.setdefault(self._entries.place(one.number), one)
        text = self.companies.text
        ordered = sorted(  # rows of one name in the order of their codes, whatever their order in the file
            best.values(),
            key=lambda one: (-one.score, *(text[field][self._entries.place(one.number)] for field in ("name", "uscc"))),
        )
        decision, chances = decided(self._comparer, self.rules, asked, ordered)
        found = tuple(
            self._candidate(self._entries.place(one.number), one.number, chance, one.features)
            for one, chance in zip(ordered, chances, strict=False)
        )
        found = tuple(one for n, one in enumerate(found) if not n or one.confidence >= _LEAST or is_plausible(one.features))
        if decision == "none":
            return Resolution(query, "none", None, "没有名称相近的企业" if not found else "最像的也不够像", found)
        if decision == "unsure" and found[0].confidence < self.rules.unsure_at:  # only by itself can one be meant: it comes first
            pairs = sorted(zip(ordered, found, strict=False), key=lambda pair: not is_plausible(pair[0].features))
            ordered, found = [one for one, _ in pairs], tuple(one for _, one in pairs)
        is_place = self._comparer.reader.is_region(asked.text)
        if decision == "same" and not is_place:
            return self._same(query, found[0], _why(ordered[0]), found)
        why = "写的也是地名" if is_place else _doubt(ordered) if asked.is_named else _unnamed(ordered[0])
        return Resolution(query, "unsure", found[0], why, _parent_first(asked, found))

    def _candidate(
        self, place: int, entry: int | None = None, confidence: float = _CERTAIN, features: Mapping[str, float] | None = None
    ) -> Candidate:
        text = self.companies.text
        former = self._entries[entry] if entry is not None and entry >= len(self.companies) else ""
        told = {name: round(value, 3) for name, value in (features or {}).items()}
        return Candidate(place, text["name"][place], text["uscc"][place], confidence, former, told)

    def _same(self, query: str, company: Candidate, why: str, candidates: tuple[Candidate, ...] = ()) -> Resolution:
        return Resolution(query, "same", company, why, candidates or (company,), self._parent(company))

    def _told(self, query: str, wanted: str | None, by: str) -> Resolution:
        """The company that a person or a table names by code or full name."""
        if wanted is None:
            return Resolution(query, "none", None, f"{by}：都不是")
        code, name = code_and_name(wanted)
        places = self._with_code(code) if code else []
        if not places and name and (found := self._exact(name)):  # a name also where it is a former one by now
            if found.company is not None and code and found.company.uscc:
                return Resolution(query, "none", None, f"{by}给的 {wanted} 不在企业库里，有一家同名而代码不同")
            told = by if found.decision == "same" else f"{by}给的名称{found.why}"
            return replace(found, query=query, why=told)
        if len(places) != 1:
            return Resolution(query, "none", None, f"{by}给的 {wanted} " + ("不止一家" if places else "不在企业库里"))
        return self._same(query, self._candidate(places[0]), by)

    def _parent(self, company: Candidate) -> Candidate | None:
        """Whose outlet a company is: the company that its own name begins with."""
        text = normalise(company.name)
        if self._comparer.reader.parse(text).outlet == "none":
            return None
        head, found, _ = company.name.rpartition("公司")
        entries = self.index.exact(head.removesuffix("分") + found) if found and not head.endswith("分") else []
        if not entries and found:
            entries = self.index.exact(company.name[: company.name.find("公司") + 2])
        places = {self._entries.place(entry) for entry in entries} - {company.place}
        return self._candidate(places.pop()) if len(places) == 1 else None


def code_and_name(text: str) -> tuple[str, str]:
    """Code and name of a company that is given by one of them, or by both with the code first (代码与名称); "" for what is not given."""
    head, _, rest = text.strip().partition(" ")
    return (head.upper(), rest.strip()) if _CODE.fullmatch(head.upper()) else ("", text.strip())


def decided(
    comparer: NameComparer, rules: ResolutionRules, asked: Asked, ordered: Sequence[Compared]
) -> tuple[Decision, list[float]]:
    """What is answered to candidates in order, and the chances of the first ones (凭名称相近怎么答)."""
    weights = [of.full if asked.is_full else of.short for of in (rules.confidence, rules.confidence_small)]
    chances = []
    for one, of_query in zip(ordered, comparer.query_features(asked, ordered, MOST), strict=False):
        values = {**one.features, **of_query, "one": 1.0}
        large, small = (math.fsum(of.get(name, 0.0) * value for name, value in values.items()) for of in weights)
        chance = 1 / (1 + math.exp(-large - (small - large) * comparer.smallness))
        chances.append(min(_CERTAIN, round(chance, 3)))
    chances = _together(chances)
    if max(chances, default=0.0) < rules.unsure_at and not any(is_plausible(one.features) for one in ordered[:MOST]):
        return "none", chances
    alone = len(ordered) < 2 or ordered[0].score - ordered[1].score >= _APART
    large, small = (getattr(at, asked.kind) for at in (rules.same_at, rules.same_at_small))
    sure = chances[0] >= large + (small - large) * comparer.smallness
    is_told = asked.is_named or ordered[0].features.keys() >= _PLACE_AND_TRADE
    is_own = "trade_equal" in ordered[0].features or not any("outlet_bears" in one.features for one in ordered)
    return ("same" if sure and is_told and alone and is_own else "unsure"), chances


def _together(chances: Sequence[float]) -> list[float]:
    """At most one can be meant: where the others' chances leave the first too little, they are cut in proportion."""
    first, rest = chances[:1], chances[1:]
    room = (1 - first[0]) / sum(rest) if sum(rest) else 1.0
    return [*first, *(round(chance * min(1.0, room), 3) for chance in rest)]


def _parent_first(asked: Asked, found: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """A family as such: where a bare 字号 or a 集团 is asked for, the group stands before its firms, even those that are likelier."""
    if any(parts.industry_term and not parts.is_group for parts in asked.readings):
        return found
    heads = [n for n in range(len(found)) if found[n].features.keys() >= {"is_group", "trade_equal"}]
    return tuple(found[n] for n in sorted(range(len(found)), key=lambda n: (n not in heads, n)))


def _why(best: Compared) -> str:
    return next((label for name, label in _WHY.items() if best.features.get(name)), "名称相近")


def _unnamed(best: Compared) -> str:
    """Why a place and a trade are left open: they may be somebody's 字号 (青岛啤酒), and any firm of the place and trade."""
    if best.features.keys() >= {"core_equal", "region_equal"}:
        return "地名和行业都相同，但这样叫的可能不止一家"
    return "没有字号，只凭行业说不准"


def _doubt(ordered: Sequence[Compared]) -> str:
    """Why an answer is left open."""
    best = ordered[0]
    if "trade_equal" not in best.features and any("outlet_bears" in one.features for one in ordered):
        return "别家的分支网点叫这个"
    if best.features.get("region_other"):
        return "字号相近，行政区划不同"
    if len(ordered) > 1 and best.score - ordered[1].score < 1:
        alike = sum(best.score - one.score < 1 for one in ordered)
        return f"有 {alike} 家一样像"
    if best.features.keys() >= {"trade_equal", "is_group"} and len(ordered) > 1:
        return "是这个字号的集团，也可能指它下属的哪一家"
    return "名称相近，把握不足"
