"""What companies bring to the lists (定位): each is fixed to its segment, with its score or the veto that takes it off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from matcher.intake import Companies
from matcher.listing import Part
from matcher.matching.families import group_places
from matcher.matching.profiles import ProfileReader, Profiles
from matcher.rules import Zone
from matcher.scoring.barring import Barring
from matcher.scoring.evidence import NO_SEGMENT, EvidenceReader
from matcher.scoring.formula import NOT_BARRED, Ruleset
from matcher.scoring.ranking import Placed, outside
from matcher.types import NameParts

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Companies and segments, one of each a pair (企业与环节的组合)."""


class Placer:
    """Fixes companies to segments for one zone (定位).

    Args:
        zone, reader, evidence, ruleset: Of one engine.
    """

    def __init__(self, zone: Zone, reader: ProfileReader, evidence: EvidenceReader, ruleset: Ruleset) -> None:
        self.zone, self.reader, self.evidence, self.ruleset = zone, reader, evidence, ruleset
        self._barring: Barring | None = None  # single companies are scored without
        self._is_theme = np.array([segment.chain is None for segment in zone.segments], dtype=np.bool_)

    def prepare(self, *, reads: bool) -> None:
        """Makes what workers share before they are forked (先备好): a lock that another thread holds then would never be free in them.

        Args:
            reads: Texts will be read, too.
        """
        self.ruleset.prepare()
        if reads and self._barring is None:
            self._barring = Barring(self.ruleset, self.evidence, self.reader)

    def chain_pairs(self, profiles: Profiles, wanted: NDArray[np.bool_] | bool = True) -> Pairs:
        """Pairs of companies and segments of the chains (与产业链的组合); ``wanted``: as ``wanted_segments`` says."""
        return self.evidence.pairs(profiles, ~self._is_theme & wanted)

    def theme_pairs(self, profiles: Profiles) -> Pairs:
        """Pairs of themes with the companies for the list beside the chains (与机会型主题的组合)."""
        company, segment = self.evidence.pairs(profiles, self._is_theme)
        beside = outside(profiles, self._is_theme, self.zone)[company]
        return company[beside], segment[beside]

    def known(self, companies: Companies, profiles: Profiles, wanted: NDArray[np.bool_], as_of: int, *, themes: bool) -> Part:
        """What companies bring whose texts have been read (画像已读的企业), without names.

        Args:
            companies: Some companies.
            profiles: Theirs.
            wanted: As ``wanted_segments`` says.
            as_of: The run's date in days since 1970.
            themes: Whether anybody is placed on themes.
        """
        chains = self.chain_pairs(profiles, wanted)
        themes_of = self.theme_pairs(profiles) if themes else _none(chains)
        return Part(*self._placed(companies, profiles, (chains, themes_of), as_of), {})

    def _placed(self, companies: Companies, profiles: Profiles, lists: tuple[Pairs, Pairs], as_of: int) -> tuple[Placed, Placed]:
        """Vetoes first: a company of which every pair has the same one needs no score to be off, nor to be read any further."""
        fields = self.ruleset.veto_fields
        standing = self.evidence.standing(companies, profiles, as_of, fields)
        vetoes = []
        for pairs in lists:
            evidence = self.evidence.read(profiles, standing, *pairs, fields)
            first = self.ruleset.first_veto(evidence.columns, as_of, len(pairs[0]))
            vetoes.append(_of_all_pairs(pairs[0], first, len(companies)))
        open_ = [veto[company] == NOT_BARRED for veto, (company, _) in zip(vetoes, lists, strict=True)]
        left = np.unique(np.concatenate([company[is_open] for is_open, (company, _) in zip(open_, lists, strict=True)]))
        some, of_texts = companies.take(left), profiles.take(left)
        standing = self.evidence.standing(some, of_texts, as_of)

        def placed(pairs: Pairs, is_open: NDArray[np.bool_]) -> Placed:
            company, segment = (side[is_open] for side in pairs)
            evidence = self.evidence.read(of_texts, standing, np.searchsorted(left, company), segment)
            return Placed.of(evidence, self.ruleset.outcome(evidence, as_of), of_texts.known_group).renumbered(left)

        chains, beside = map(placed, lists, open_)
        return self._with_barred(chains, vetoes[0]), beside

    def _with_barred(self, chains: Placed, veto: NDArray[np.int64]) -> Placed:
        """With the companies that a veto takes off whatever their segment, by company."""
        barred = np.flatnonzero(veto != NOT_BARRED)
        nought = np.zeros(len(barred), dtype=np.int64)
        no_chain = self.evidence.of_segments["chain"][NO_SEGMENT]
        off = Placed(barred, nought + NO_SEGMENT, nought + no_chain, nought, veto[barred], nought.astype(np.int16))
        every = Placed.joined([chains, off])
        return every.take(np.argsort(every.company, kind="stable"))

    def read(
        self,
        companies: Companies,
        wanted: NDArray[np.bool_],
        as_of: int,
        *,
        themes: bool,
        names: list[NameParts] | None = None,
    ) -> Part:
        """What ``known`` says, of companies whose texts nobody has read (读文本并定位): scopes that cannot change a veto stay unread."""
        self.prepare(reads=True)
        assert self._barring is not None
        begun = self._barring.begun(companies, as_of, names)
        some = companies.take(begun.left)
        profiles = self.reader.finished(some, [begun.names[place] for place in begun.left.tolist()], begun.scopes)
        part = self.known(some, profiles, wanted, as_of, themes=themes).renumbered(begun.left)
        chains = self._with_barred(part.of_chains, begun.veto)
        return _with_names(Part(chains, part.beside, {}), companies, begun.names)


def _none(pairs: Pairs) -> Pairs:
    return pairs[0][:0], pairs[1][:0]


def _of_all_pairs(company: NDArray[np.int64], veto: NDArray[np.int64], companies: int) -> NDArray[np.int64]:
    """The veto that all pairs of a company have first, or ``NOT_BARRED``; pairs stand by company."""
    found = np.full(companies, NOT_BARRED, dtype=np.int64)
    if len(company):
        first = np.flatnonzero(np.diff(company, prepend=-1))
        least, most = (reduce(veto, first) for reduce in (np.minimum.reduceat, np.maximum.reduceat))
        found[company[first]] = np.where(least == most, least, NOT_BARRED)
    return found


def _with_names(part: Part, companies: Companies, names: Sequence[NameParts]) -> Part:
    """With the names that families are told by: of groups, and of those that no veto takes off."""
    told = set(group_places(companies))
    told.update(*(side.company[side.veto < 0].tolist() for side in (part.of_chains, part.beside)))
    return replace(part, names={place: names[place] for place in sorted(told)})
