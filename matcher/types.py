"""The nouns of the product as frozen dataclasses (领域对象); the words are those of the glossary in ``docs/glossary.md``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Need = Literal["complement", "strengthen", "extend", "none"]
Band = Literal["A", "B", "C", "D"]

NEED_LABELS: dict[str, str] = {"complement": "补链", "strengthen": "强链", "extend": "延链", "none": "机会型"}
"""Need → Chinese term."""


class NameParts(NamedTuple):
    """An enterprise name taken apart (企业名称要素).

    Attributes:
        region: 行政区划 as far as it leads the name or stands in brackets, normalised; empty if none.
        core: 字号 and 行业表述 together, normalised, without region, legal form and outlet ending.
        legal_form: 组织形式 as a kind of ``corpora/legal_forms.yaml``; ``unknown`` if no ending is known.
        outlet: Kind of 分支网点, or ``none``.
        mode: Operating mode that the ending implies for items without a verb, or None.
        is_group: The name says 集团 or 控股.
    """

    region: str
    core: str
    legal_form: str
    outlet: str
    mode: str | None
    is_group: bool


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
class RankedCompany:
    """One line of a ranking with all its reasons (名单中的一家企业)."""

    rank: int | None
    row: int
    uscc: str | None
    name: str
    province: str | None
    city: str | None
    as_of: str | None
    score: float
    order_value: float
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
    reason: str


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
class Ranking:
    """An ordered, explained list and its manifest (排名)."""

    run: Run
    results: tuple[RankedCompany, ...]
    considered: int
    vetoed: dict[str, int]
    opportunities: tuple[RankedCompany, ...]
