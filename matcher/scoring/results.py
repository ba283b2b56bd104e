"""Scores → results with every reason (结果组装), for the few companies that are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from matcher.intake import Companies
from matcher.intake.fields import UNKNOWN_DAY
from matcher.matching.affinity import Affinities, Texts
from matcher.matching.profiles import ProfileReader
from matcher.rules import Zone
from matcher.scoring.describe import Describer, day_text
from matcher.scoring.evidence import NO_SEGMENT, Evidence
from matcher.scoring.formula import UNIT, Ruleset, Scores
from matcher.types import Band, Contribution, GroupPoints, Need, RankedCompany

_ORDER_UNIT = UNIT * 1000
MOST_TERMS = 8
"""Matched terms shown of a company."""


class TermFinder:
    """The terms by which companies matched (命中词), read again for the companies that are shown."""

    def __init__(self, reader: ProfileReader, companies: Companies) -> None:
        self._patterns = reader.matcher.vocabulary.patterns
        texts: Texts
        found: Affinities
        texts, found = reader.affinities(companies)
        self._hits, self._names = found.hits, found.name_text
        self._items = texts.items.item
        self._first = np.searchsorted(texts.items.row, np.arange(len(companies) + 1))

    def terms(self, company: int, segment: int, most: int = MOST_TERMS) -> tuple[str, ...]:
        """Distinct terms of a company for a segment, in the order of its scope, then of its name (命中词)."""
        if segment == NO_SEGMENT:
            return ()
        items = self._items[self._first[company] : self._first[company + 1]].tolist()
        places = [*items, int(self._names[company])]
        numbers = [self._hits.term(text, segment) for text in places if self._hits.best[text, segment]]
        return tuple(dict.fromkeys(self._patterns[number] for number in numbers))[:most]


class Assembler:
    """Makes results for pairs (结果组装)."""

    def __init__(self, zone: Zone, ruleset: Ruleset, describer: Describer, reader: ProfileReader) -> None:
        self.zone, self.ruleset, self.describer, self.reader = zone, ruleset, describer, reader

    def results(
        self,
        companies: Companies,
        evidence: Evidence,
        scores: Scores,
        pairs: NDArray[np.int64],
        order_values: NDArray[np.int64],
        *,
        ranked: bool,
    ) -> tuple[RankedCompany, ...]:
        """One result for each pair, in the given order (结果).

        Args:
            companies: What ``evidence.company`` counts.
            evidence: All pairs.
            scores: Their scores.
            pairs: Those to show.
            order_values: One for each of ``pairs``.
            ranked: Whether the order is a rank.
        """
        shown = evidence.company[pairs]
        finder = TermFinder(self.reader, companies.take(shown))
        return tuple(
            self._result(
                companies,
                evidence,
                scores,
                int(pair),
                int(order_values[place]),
                place + 1 if ranked else None,
                finder.terms(place, int(evidence.segment[pair])),
            )
            for place, pair in enumerate(pairs)
        )

    def _result(
        self,
        companies: Companies,
        evidence: Evidence,
        scores: Scores,
        pair: int,
        order_value: int,
        rank: int | None,
        terms: tuple[str, ...],
    ) -> RankedCompany:
        company = int(evidence.company[pair])
        segment = self.describer.segment(int(evidence.segment[pair]))
        contributions = self.contributions(evidence, scores, pair, terms)
        vetoes = [veto.id for veto in self.ruleset.vetoes]
        barred = [vetoes[n] for n in np.flatnonzero(scores.vetoed[:, pair])]
        unread = [vetoes[n] for n in np.flatnonzero(scores.unread[:, pair])]
        question = self.ruleset.next_question(evidence, scores, pair)
        return RankedCompany(
            rank=rank,
            row=int(companies.row[company]),
            uscc=companies.text["uscc"][company] or None,
            name=companies.text["name"][company],
            province=companies.text["province"][company] or None,
            city=companies.text["city"][company] or None,
            as_of=day_text(int(companies.as_of[company]), UNKNOWN_DAY),
            score=int(scores.score[pair]) / UNIT,
            order_value=order_value / _ORDER_UNIT,
            interval=(int(scores.low[pair]) / UNIT, int(scores.high[pair]) / UNIT),
            band=self.band(int(scores.score[pair])),
            need=cast(Need, segment.need if segment else "none"),
            chain=segment.chain if segment else None,
            segment=segment.id if segment else None,
            affinity=int(evidence.columns["affinity"].values[pair]) / 1000,
            matched_terms=terms,
            groups=self._groups(scores, pair),
            contributions=contributions,
            unknown=tuple(self.ruleset.unknown_fields(evidence, scores, pair)),
            possible_vetoes=tuple(unread),
            vetoed_by=barred[0] if barred else None,
            next_question=question,
            reason=self.describer.reason(evidence, pair, terms, _biggest_doubt(contributions), question),
        )

    def band(self, score: int) -> Band:
        """The band of a score in units (档次)."""
        bands = self.zone.scoring.bands
        for name, least in (("A", bands.A), ("B", bands.B), ("C", bands.C)):
            if score >= round(least * UNIT):
                return cast(Band, name)
        return "D"

    def _groups(self, scores: Scores, pair: int) -> tuple[GroupPoints, ...]:
        return tuple(
            GroupPoints(
                group.id,
                int(scores.raw[n, pair]) / UNIT,
                (float(group.cap[0]), float(group.cap[1])),
                int(scores.groups[n, pair]) / UNIT,
            )
            for n, group in enumerate(self.ruleset.groups)
        )

    def contributions(self, evidence: Evidence, scores: Scores, pair: int, terms: Sequence[str]) -> tuple[Contribution, ...]:
        """Every rule's points for a pair, in file order (逐条得分)."""
        made: list[Contribution] = []
        for number, rule in enumerate(self.ruleset.rules):
            made.append(
                Contribution(
                    rule=rule.id,
                    group=rule.group,
                    label=rule.label,
                    value=int(scores.value[number, pair]) / 1000,
                    weight=float(rule.weight),
                    points=int(scores.points[number, pair]) / UNIT,
                    known=bool(scores.known[number, pair]),
                    evidence=self.describer.fill(rule.evidence, evidence, pair, terms),
                )
            )
        return tuple(made)


def _biggest_doubt(contributions: Iterable[Contribution]) -> str | None:
    """The known rule that took most points, in words."""
    doubts = [c for c in contributions if c.known and c.points < -1.0]
    worst: Any = min(doubts, key=lambda c: c.points, default=None)
    return None if worst is None else f"{worst.label}（{worst.evidence}）"
