"""The nouns of the product as frozen dataclasses (领域对象); the words are those of the glossary in ``docs/glossary.md``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, NamedTuple, TypeVar

T = TypeVar("T")
Need = Literal["complement", "strengthen", "extend", "none"]
Band = Literal["A", "B", "C", "D"]

NEED_LABELS: dict[str, str] = {"complement": "补链", "strengthen": "强链", "extend": "延链", "none": "机会型"}
"""Need → Chinese term."""


def over(kind: type[T], fields: dict[str, Any]) -> T:
    """A frozen dataclass over a dict of all its fields, in their order (由字段表成对象).

    It is the same as if it had been called, in a quarter of the time: a frozen dataclass sets every field by itself, and a company that is
    explained has a hundred and thirty parts. The dict is the object's from here on.
    """
    made = object.__new__(kind)
    object.__setattr__(made, "__dict__", fields)
    return made


class NameParts(NamedTuple):
    """An enterprise name taken apart (企业名称要素).

    Attributes:
        region: 行政区划 as far as it leads the name or stands in brackets, normalised; empty if none.
        trade_name: 字号, normalised; empty if the name has none (浙江省|旅游|集团).
        industry_term: 行业表述: the words of trade at the end, normalised, without legal form and outlet ending; may be empty.
        legal_form: 组织形式 as a kind of ``corpora/legal_forms.yaml``; ``unknown`` if no ending is known.
        outlet: Kind of 分支网点, or ``none``.
        mode: Operating mode that the ending implies for items without a verb, or None.
        level: Of the region: 0 none or the whole country, 1 province, 2 city, 3 county.
        is_arm: A part of somebody else's business by name: a firm within a group (利群集团百惠商厦), or a 字号 with the company's own
            place behind it or in brackets and none before it (赛诺菲(杭州)制药, 国药控股青岛).
        known_group: 1 + index into ``Corpora.known_groups`` of the group that the name belongs to, 0 if none.
        is_head: The company is that group itself.
        is_group: The company is a group or holding by name (集团、控股), not a firm within one (利群集团百惠商厦).
    """

    region: str
    trade_name: str
    industry_term: str
    legal_form: str
    outlet: str
    mode: str | None
    is_group: bool
    level: int
    is_arm: bool
    known_group: int
    is_head: bool

    @property
    def core(self) -> str:
        """字号 and 行业表述 together: what matching reads."""
        return self.trade_name + self.industry_term


@dataclass(frozen=True)
class Contribution:
    """What one rule gave (得分贡献): ``points = weight × value``, exact in 1/10000 points."""

    rule: str
    group: str
    label: str
    value: float
    weight: float
    points: float
    known: bool
    evidence: str


@dataclass(frozen=True)
class GroupPoints:
    """A group's sum and what its cap left of it (分组得分)."""

    group: str
    raw: float
    cap: tuple[float, float]
    points: float


@dataclass(frozen=True)
class Family:
    """The group that a company belongs to by name (集团家族): one visit, to the one who decides.

    Attributes:
        head: Name of the company that decides (决策者); it need not be on the list itself.
        head_uscc, head_city: Its code and city, if the file has them.
        others: Companies of the family that would be on the list too and fold under this one, best first.
    """

    head: str
    head_uscc: str | None
    head_city: str | None
    others: tuple[str, ...]


@dataclass(frozen=True)
class RankedCompany:
    """One line of a ranking with all its reasons (名单中的一家企业).

    Attributes:
        county: County or district (区县): the file's, else as the address names it.
        notes: What of a single profile could not be read and counts as unknown; a file's notes are counted for the file.
        segment_place, chain_place: The company's place, from 1, among the listed ones of its segment and of its chain; None without a list.
    """

    rank: int | None
    row: int
    uscc: str | None
    name: str
    province: str | None
    city: str | None
    county: str | None
    as_of: str | None
    score: float
    order_value: float
    segment_place: int | None
    chain_place: int | None
    interval: tuple[float, float]
    band: Band
    need: Need
    chain: str | None
    segment: str | None
    affinity: float
    matched_terms: tuple[str, ...]
    groups: tuple[GroupPoints, ...]
    contributions: tuple[Contribution, ...]
    unknown: tuple[str, ...]
    possible_vetoes: tuple[str, ...]
    vetoed_by: str | None
    next_question: str | None
    family: Family | None
    reason: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListEntry:
    """A company on a published list (名单依据): 专精特新, 农业产业化龙头企业 …

    Attributes:
        list: What the list is called.
        issued: When it was published; before that day it is evidence of nothing.
        uscc: The company's code, empty if it is not known.
        name: Its legal name, empty if only the code is known.
        source: Digest of the list's file.
    """

    list: str
    issued: date
    uscc: str
    name: str
    source: str


@dataclass(frozen=True)
class LedgerEntry:
    """What one row of the ledgers says of a company as of a run's day (台账依据).

    Attributes:
        book: targets, projects, or meetings: a visit that belongs to neither.
        row: Its number.
        state: The step that it stands on; empty for a meeting.
        since: The day of that.
        why: The reason that was given with it, or empty.
        visited: The latest visit, or None.
        agreed: A next step is agreed.
        next_on: Its day, where it has one.
        chain, segment: Whose need a project fills; empty if it does not say.
    """

    book: str
    row: int
    company: str
    uscc: str
    state: str
    since: date | None
    why: str
    visited: date | None
    agreed: bool
    next_on: date | None
    chain: str
    segment: str


@dataclass(frozen=True)
class Run:
    """The manifest of a run (批次清单): digests of all that went in."""

    id: str
    zone: str
    created_at: str
    snapshot: str
    ruleset: str
    corpora: str
    versions: dict[str, str]
    request: dict[str, str | int | list[str] | None]


@dataclass(frozen=True)
class Unserved:
    """A segment that the zone wants most and that nobody on the list stands for (急需而名单上没有的环节).

    Attributes:
        best: The first company further down, if there is any; then its city, county, place and score.
        also: Who on the list fits the segment beside its own (兼做的), if anybody does, and its place.
    """

    chain: str
    segment: str
    best: str | None
    city: str | None
    county: str | None
    place: int | None
    score: float | None
    also: str | None = None
    also_place: int | None = None


@dataclass(frozen=True)
class Ranking:
    """An ordered, explained list and its manifest (排名).

    Attributes:
        considered: Companies after the filters.
        vetoed: Veto → companies whose first veto in file order it is.
        folded: Companies that are on neither list because a better one of their family is.
        unserved: Segments of ``order.wanted_priority`` and more that the list leaves open.
    """

    run: Run
    results: tuple[RankedCompany, ...]
    considered: int
    vetoed: dict[str, int]
    folded: int
    opportunities: tuple[RankedCompany, ...]
    unserved: tuple[Unserved, ...] = ()
