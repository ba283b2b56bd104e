"""A list in order → its lines with all their reasons, and what it leaves open (名单成文)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from matcher.intake import Companies
from matcher.matching.profiles import ProfileReader
from matcher.rules import Zone
from matcher.scoring.evidence import EvidenceReader
from matcher.scoring.formula import UNIT, Ruleset
from matcher.scoring.ranking import Listed, Placed, unserved
from matcher.scoring.results import Assembler, with_other
from matcher.types import Family, NameParts, RankedCompany, Unserved


@dataclass(frozen=True)
class Part:
    """What a chunk of companies brings to the lists (一批企业的定位).

    Attributes:
        of_chains: Where they stand on the chains.
        beside: Where those for the list beside the chains stand on the themes.
        names: Parts of the names that families are told by, so that they are not taken apart again.
    """

    of_chains: Placed
    beside: Placed
    names: dict[int, NameParts]


class Lister:
    """Makes the lines of lists for one zone (名单成文): few companies, whose texts are read again for what they say."""

    def __init__(self, zone: Zone, reader: ProfileReader, evidence: EvidenceReader, ruleset: Ruleset, assembler: Assembler) -> None:
        self.zone, self.reader, self.evidence, self.ruleset, self.assembler = zone, reader, evidence, ruleset, assembler

    def lines(
        self,
        companies: Companies,
        ordered: Placed,
        order: Listed,
        families: Sequence[Family | None],
        as_of: int,
        allowed: NDArray[np.bool_],
    ) -> tuple[tuple[RankedCompany, ...], tuple[Unserved, ...]]:
        """The first lines of a list, and the most wanted segments that they leave open (前若干行、空着的环节).

        Args:
            companies: What ``ordered`` counts.
            ordered: All of the list, in its order.
            order: Order values and places of the same.
            families: Of each company that is shown; as many as there are lines.
            as_of: The run's date in days since 1970.
            allowed: For each segment, whether the request wants it.
        """
        top = len(families)
        shown = ordered.take(np.arange(top))
        results, affinity = self._results(companies.take(shown.company), shown.segment, order.first(top), families, as_of)
        lacking = tuple(
            with_other(self._unserved(companies, ordered, number, at), results, affinity[:, number])
            for number, at in unserved(ordered.segment, top, self.zone, allowed)
        )
        return results, lacking

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

    def _unserved(self, companies: Companies, ordered: Placed, number: int, at: int) -> Unserved:
        segment = self.zone.segments[number]
        if at < 0:
            return Unserved(segment.chain or "", segment.id, None, None, None, None, None)
        company, text = int(ordered.company[at]), companies.text
        name, city, county = text["name"][company], text["city"][company], self.assembler.county(companies, company)
        score = int(ordered.score[at]) / UNIT
        return Unserved(segment.chain or "", segment.id, name, city or None, county or None, at + 1, score)
