"""Whole lists (整张名单): what became of every company under one ruleset, before anything of it is put into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import Corpora
from matcher.intake import Companies
from matcher.matching.families import FamilyFinder
from matcher.rules import Zone
from matcher.scoring.evidence import Evidence
from matcher.scoring.formula import Scores
from matcher.scoring.ranking import Choice, Listed, arrange, choose, fold
from matcher.types import Family


@dataclass(frozen=True)
class Scored:
    """Pairs with their scores, and the one that each company is scored by (评过分的组合).

    Attributes:
        known_group: For each company, 1 + index of the known group whose part it is, or 0.
    """

    evidence: Evidence
    scores: Scores
    choice: Choice
    known_group: NDArray[np.int16]

    @classmethod
    def of(cls, evidence: Evidence, scores: Scores, known_group: NDArray[np.int16]) -> Scored:
        """Pairs with each company's choice among them."""
        return cls(evidence, scores, choose(evidence, scores), known_group)


@dataclass(frozen=True)
class Places:
    """One list in order (一张榜).

    Attributes:
        listed: Who is on it.
        families: Pair → its family, of those on the list that have one.
        folded: Pair that folds → pair of its family that stays.
    """

    scored: Scored
    listed: Listed
    families: dict[int, Family]
    folded: dict[int, int]


@dataclass(frozen=True)
class Outcome:
    """What became of every company (每家企业的结果); each is on one list, folded into one, or off both by a veto.

    Attributes:
        chains: The list of the chains.
        opportunities: The list beside it, or None where the request leaves no room for one.
        vetoed: Companies that a veto of their pair takes off.
        beside: Companies that belong to the list beside the chains.
    """

    chains: Places
    opportunities: Places | None
    vetoed: NDArray[np.bool_]
    beside: NDArray[np.bool_]


class ListMaker:
    """Orders one file's companies and folds their families (排榜).

    Args:
        finder: Over all companies of the file: a head may sit in a city that was not asked for.
        companies: Those asked for.
        places: Where they stand among the finder's.
        zone: For the order.
        corpora: The known groups.
    """

    def __init__(self, finder: FamilyFinder, companies: Companies, places: NDArray[np.int64], zone: Zone, corpora: Corpora) -> None:
        self.finder, self.companies, self.places = finder, companies, places
        self.zone, self.corpora = zone, corpora

    def list(self, scored: Scored, wanted: NDArray[np.bool_]) -> Places:
        """The list of the wanted companies.

        Args:
            scored: All pairs.
            wanted: For each company.
        """
        pairs = scored.choice.pair[wanted]
        at = self.places[scored.evidence.company[pairs]].tolist()
        listed = dict(zip(at, pairs.tolist(), strict=True))
        chains = dict(zip(at, scored.evidence.columns["chain"].values[pairs].tolist(), strict=True))
        found, everywhere = self.finder.find(chains), self.finder.companies
        keys = {place: everywhere.key(place) for family in found for place in family if place in listed}
        groups = dict(zip(at, scored.known_group[scored.evidence.company[pairs]].tolist(), strict=True))
        families = {listed[place]: self._known_family(number) for place, number in groups.items() if number}
        folded: dict[int, int] = {}
        for present, head in fold(found, listed, scored.scores, keys):
            if len(present) > 1 or present[0] != head:
                number = groups.get(head, 0)
                family = self._known_family(number) if number else _family(everywhere, head)
                families[listed[present[0]]] = replace(family, others=tuple(everywhere.text["name"][p] for p in present[1:]))
            folded.update({listed[place]: listed[present[0]] for place in present[1:]})
        kept = pairs[~np.isin(pairs, list(folded))] if folded else pairs
        return Places(scored, arrange(kept, scored.evidence, scored.scores, self._keys(scored, kept), self.zone), families, folded)

    def _keys(self, scored: Scored, pairs: NDArray[np.int64]) -> Sequence[str]:
        return [self.companies.key(place) for place in scored.evidence.company[pairs].tolist()]

    def _known_family(self, number: int) -> Family:
        group = self.corpora.known_groups[number - 1]
        return Family(group.name, None, group.city, ())


def _family(companies: Companies, head: int) -> Family:
    text = companies.text
    return Family(text["name"][head], text["uscc"][head] or None, text["city"][head] or None, ())
