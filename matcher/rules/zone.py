"""A zone as its folder says it (园区), ready for matching and scoring; ``load.py`` reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from matcher.rules.schema import ChainFile, ScoringFile, ZoneFile
from matcher.rules.source import Location

Part = Literal["vetoes", "groups", "rules"]
"""A list of ``scoring.yaml`` (评分规则的一部分)."""


class AskOf(NamedTuple):
    """A question for those who do a part of a segment (按做什么问): one of ``words`` in what it does, one of ``also`` in its scope."""

    words: tuple[str, ...]
    also: tuple[str, ...]
    asks: str

    def fits(self, phrase: str, written: str) -> bool:
        """Whether it is asked of who does this and wrote this scope (是否该问)."""
        return any(word in phrase for word in self.words) and (not self.also or any(word in written for word in self.also))


@dataclass(frozen=True)
class SegmentSpec:
    """A segment or an opportunity theme, ready for matching and scoring (环节).

    Attributes:
        chain: Chain id, or None for a theme of the opportunity list.
        terms: (term, weight 1–10) with all spellings, sorted; no term twice.
        need: ``none`` for a theme.
        asks: What to ask such a company first; empty for the question of its kind.
        asks_of: Questions for those who do a part of it, in file order; the first that fits stands before ``asks``.
        offers: Anchors and platforms of the zone that speak for coming.
        verb: Said of makers instead of 生产; empty for 生产.
        presence: What the local register holds of it, in words; empty without one.
        suppliers, customers: Local companies before and after it in the chain.
    """

    id: str
    name: str
    chain: str | None
    chain_name: str
    kind: str
    need: str
    priority: int
    position: str
    description: str
    reason: str
    assumed: bool
    needs_chemical_park: bool
    gbt4754: tuple[str, ...]
    terms: tuple[tuple[str, int], ...]
    excluded: tuple[str, ...]
    conflicts: tuple[str, ...]
    wants_group: bool = False
    asks: str = ""
    asks_of: tuple[AskOf, ...] = ()
    offers: tuple[str, ...] = ()
    verb: str = ""
    presence: str = ""
    suppliers: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Zone:
    """All rules of one zone (园区的全部规则).

    Attributes:
        segments: Of all chains in file order, then the themes; the index is the segment's number in arrays.
        digest: SHA-256 over all files of the zone.
        content: Path within the zone's folder → what was read there, of all files; empty if the rules were changed since.
        joined: How many vetoes, groups and rules of the ledger's part stand among the others.
    """

    id: str
    file: ZoneFile
    chains: tuple[ChainFile, ...]
    segments: tuple[SegmentSpec, ...]
    scoring: ScoringFile
    digest: str
    content: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    joined: tuple[int, int, int] = (0, 0, 0)

    @property
    def chain_names(self) -> dict[str, str]:
        """Chain id → name (产业链名称), in file order."""
        return {chain.id: chain.name for chain in self.chains}

    def with_ledger_rules(self) -> Zone:
        """This zone with the rules that hold where a ledger is read (加上读台账的规则); a second time changes nothing."""
        scoring, more = self.scoring, self.scoring.ledger
        if more is None or any(self.joined):
            return self
        counts = len(more.vetoes), len(more.groups), len(more.rules)
        joined: dict[str, Any] = {
            "vetoes": [*more.vetoes, *scoring.vetoes],
            "groups": [*scoring.groups, *more.groups],
            "rules": [*scoring.rules, *more.rules],
            "ledger": more.model_copy(update={"vetoes": [], "groups": [], "rules": []}),
        }
        return replace(self, scoring=scoring.model_copy(update=joined), joined=counts)

    def place_of(self, key: Part, number: int) -> Location:
        """Where in ``scoring.yaml`` an entry of ``scoring`` stands (规则所在).

        The ledger's vetoes come first, its groups and rules last.
        """
        more = dict(zip(("vetoes", "groups", "rules"), self.joined, strict=True))[key]
        own = len(getattr(self.scoring, key)) - more
        if key == "vetoes":
            return ("ledger", key, number) if number < more else (key, number - more)
        return (key, number) if number < own else ("ledger", key, number - own)

    def with_scoring(self, scoring: ScoringFile) -> Zone:
        """This zone with changed scoring, for a trial (改一改评分规则); nothing is written, and the digest is one of its own."""
        digest = hashlib.sha256((self.digest + scoring.model_dump_json()).encode()).hexdigest()
        return replace(self, scoring=scoring, digest=digest, content={})
