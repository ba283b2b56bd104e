"""A list in order → its lines with all their reasons, and what it leaves open (名单成文)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from matcher.intake import Companies
from matcher.matching.profiles import ProfileReader
from matcher.rules import Zone
from matcher.scoring.evidence import EvidenceReader
from matcher.scoring.formula import UNIT, Ruleset
from matcher.scoring.ranking import Gap, KeyRanks, Listed, Placed, key_ranks
from matcher.scoring.results import Assembler, with_other
from matcher.types import Family, NameParts, RankedCompany, Unserved


@dataclass(frozen=True)
class Part:
    """What some companies bring to the lists (部分企业的定位).

    Attributes:
        of_chains: Where they stand on the chains.
        beside: Where those for the list beside the chains stand on the themes.
        names: Parts of the names that families are told by, so that they are not taken apart again.
    """

    of_chains: Placed
    beside: Placed
    names: Mapping[int, NameParts]

    @classmethod
    def joined(cls, parts: Sequence[Part]) -> Part:
        """Of all parts, in order (合并): whoever stands beside the chains without a veto does not stand on them."""
        beside = Placed.joined([part.beside for part in parts])
        beside = beside.take(beside.veto < 0)
        of_chains = Placed.joined([part.of_chains for part in parts])
        of_chains = of_chains.take(~np.isin(of_chains.company, beside.company))
        return cls(of_chains, beside, {place: name for part in parts for place, name in part.names.items()})

    def renumbered(self, number: NDArray[np.int64]) -> Part:
        """The same where companies have other numbers (换编号); ``number`` as for ``Placed.renumbered``."""
        names = {int(number[place]): name for place, name in self.names.items() if number[place] >= 0}
        return Part(self.of_chains.renumbered(number), self.beside.renumbered(number), names)

    @property
    def listed(self) -> Placed:
        """Those for the list of the chains (上榜的)."""
        return self.of_chains.take(self.of_chains.veto < 0)

    @property
    def opportunities(self) -> Placed:
        """Those for the list beside the chains (机会型)."""
        return self.beside

    @property
    def barred(self) -> NDArray[np.int64]:
        """How many each veto takes off, by its number (被否决的家数)."""
        return np.bincount(self.of_chains.veto[self.of_chains.veto >= 0])


@dataclass(frozen=True)
class Open:
    """A segment that the first of a list leave open (空着的环节).

    Attributes:
        segment: Its number.
        company: The first further down that is placed on it, or -1.
        place, score: Of that company, from 0, in parts of a point.
    """

    segment: int
    company: int = -1
    place: int = -1
    score: int = 0


class Lister:
    """Makes the lines of lists for one zone (名单成文): few companies, whose texts are read again for what they say."""

    def __init__(self, zone: Zone, reader: ProfileReader, evidence: EvidenceReader, ruleset: Ruleset, assembler: Assembler) -> None:
        self.zone, self.reader, self.evidence, self.ruleset, self.assembler = zone, reader, evidence, ruleset, assembler

    def lines(
        self,
        companies: Companies,
        placed: Placed,
        order: Listed,
        gaps: Sequence[Gap],
        families: Sequence[Family | None],
        as_of: int,
    ) -> tuple[tuple[RankedCompany, ...], tuple[Unserved, ...]]:
        """The first lines of a list, and the most wanted segments that they leave open (前若干行、空着的环节).

        Args:
            companies: What ``placed`` counts.
            placed: All of the list, in any order.
            order: The first of them, in the list's order.
            gaps: What these leave open.
            families: Of the same.
            as_of: The run's date in days since 1970.
        """
        open_ = [
            Open(gap.segment)
            if gap.entry < 0
            else Open(gap.segment, int(placed.company[gap.entry]), gap.place, int(placed.score[gap.entry]))
            for gap in gaps
        ]
        return self.told(companies, placed.take(order.pair), order, families, as_of, open_)

    def told(
        self,
        companies: Companies,
        shown: Placed,
        order: Listed,
        families: Sequence[Family | None],
        as_of: int,
        open_: Sequence[Open],
    ) -> tuple[tuple[RankedCompany, ...], tuple[Unserved, ...]]:
        """The same where the first places are all that is known of the list (前若干名成文).

        Args:
            companies: What ``shown`` and ``open_`` count.
            shown: The first of the list, in its order.
            order: Order values and places of the same.
            families: Of the same.
            as_of: The run's date in days since 1970.
            open_: The segments that they leave open.
        """
        results, affinity = self._results(companies.take(shown.company), shown.segment, order, families, as_of)
        lacking = (with_other(self._unserved(companies, one), results, affinity[:, one.segment]) for one in open_)
        return results, tuple(lacking)

    def _results(
        self, companies: Companies, segment: NDArray[np.int64], order: Listed, families: Sequence[Family | None], as_of: int
    ) -> tuple[tuple[RankedCompany, ...], NDArray[np.int16]]:
        """The lines, each read again with all its reasons, and their affinities; all in the list's order."""
        details, each = self.reader.details(companies), np.arange(len(companies))
        standing = self.evidence.standing(companies, details.profiles, as_of)
        evidence = self.evidence.read(details.profiles, standing, each, segment)
        scores, listed = self.ruleset.score(evidence, as_of), replace(order, pair=each)
        results = self.assembler.results(companies, details, evidence, scores, listed, ranked=True, families=families)
        return results, details.profiles.affinity

    def _unserved(self, companies: Companies, one: Open) -> Unserved:
        segment = self.zone.segments[one.segment]
        if one.company < 0:
            return Unserved(segment.chain or "", segment.id, None, None, None, None, None)
        company, text = one.company, companies.text
        name, city, county = text["name"][company], text["city"][company], self.assembler.county(companies, company)
        return Unserved(segment.chain or "", segment.id, name, city or None, county or None, one.place + 1, one.score / UNIT)


def key_ranks_of(companies: Companies, company: NDArray[np.int64]) -> KeyRanks:
    """What orders the entries ``company`` of a list by their sort keys (名单上各家排序键的次序)."""
    return lambda entries: key_ranks([companies.key(place) for place in company[entries].tolist()])
