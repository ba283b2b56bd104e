"""Scores → results with every reason (结果组装), for the few companies that are shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import compress
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import MODES, Corpora, KnownGroup
from matcher.intake import Companies
from matcher.intake.fields import UNKNOWN_DAY
from matcher.matching.profiles import Details, ProfileReader
from matcher.matching.vocabulary import term_number
from matcher.places import district_finder, short
from matcher.rules import Zone
from matcher.scoring.describe import Describer, Remarks, day_text
from matcher.scoring.evidence import NO_SEGMENT, Evidence
from matcher.scoring.formula import UNIT, Ruleset, Scores
from matcher.scoring.ranking import ORDER_UNIT, Listed
from matcher.text.normalise import normalise
from matcher.text.verbs import NO_MODE
from matcher.types import Band, Contribution, Family, GroupPoints, NameParts, Need, RankedCompany, Unserved, over

_MOST_STRENGTHS = 3
_LEAST_DOUBT = 2  # points; less is no doubt worth a leader's time
_LEAST_PART = 3  # and a third of what the rule can take; less is a shade, not a doubt: 2,800万元 is no small drug maker
_LONGEST_PHRASE = 12  # characters of an item that is told in its own words
_ASIDES = ("含", "包括", "除", "不", "限")  # what stands in brackets behind a product: 片剂（含激素类）
_TORN = re.compile(r"[()]|^(?:均|含|限|提供|从事|经营|装)|(?:类|的|及?相关)$")  # pieces of a longer phrase that say nothing alone
_GOODS = ("produce", "develop", "wholesale", "sell", "retail", "trade")  # modes whose verb is told before the goods
_MAKER = "maker"
_DEVELOP = MODES.index("develop")
_MAKES = (MODES.index("produce"), MODES.index("develop"))
_MOST_REACHING = 2
_FITS_TOO = 550  # affinity from which a company does a segment's trade too
MOST_TERMS = 8
"""Matched terms shown of a company."""


@lru_cache(maxsize=4)
def _around_goods(corpora: Corpora) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """What may stand before, behind and at the end of the goods in an item."""
    modes = corpora.reading.modes
    before = "".join(corpora.reading.verb_prefixes)
    verbs = "|".join(sorted((verb for mode in _GOODS for verb in modes[mode]), key=len, reverse=True))
    return (
        re.compile(rf"^(?:{verbs}|[和及与、]|各[种类]|第?[一二三]+类|\d{{4}})+"),
        re.compile(f"(?:(?:及其?|和|并)(?:{verbs}).*|(?:[的和及与、]|(?<![{before}])(?:{verbs}))+)$"),
        re.compile(f"(?<=..)(?:{'|'.join(corpora.reading.told_tails)})$"),
    )


@lru_cache(maxsize=4)
def _drawn(corpora: Corpora) -> re.Pattern[str]:
    """What stands at the end of an item that is drawn and not made."""
    return re.compile(f"(?<=..)(?:{'|'.join(corpora.reading.drawn_verbs)})$")


class TermFinder:
    """The terms by which companies matched (命中词)."""

    def __init__(self, reader: ProfileReader, details: Details) -> None:
        self._patterns = reader.matcher.vocabulary.patterns
        texts, found = details.texts, details.affinities
        self._best, self._names = found.hits.best.toarray(), found.name_text
        self._items, self._texts = texts.items.item, texts.items.texts
        self._modes = np.where(texts.items.mode == NO_MODE, texts.default_mode[texts.items.row], texts.items.mode)
        self._begins, self._ends, self._tails = _around_goods(reader.corpora)
        self._drawn = _drawn(reader.corpora)
        self._first = np.searchsorted(texts.items.row, np.arange(texts.items.rows + 1))

    def terms(self, company: int, segment: int, most: int = MOST_TERMS) -> tuple[str, ...]:
        """Distinct terms of a company for a segment, in the order of its scope, then of its name (命中词)."""
        return self._distinct([*self._scope(company), int(self._names[company])], segment)[:most]

    def business(self, company: int, segment: int, mode: int) -> tuple[str, ...]:
        """What the scope says of a segment, in its own words where they are few (主营); of the name where the scope has none.

        Args:
            company: Place among the companies.
            segment: Index of the segment.
            mode: The verb to be told before it: what the company only sells is not told as made.
        """
        if segment == NO_SEGMENT:
            return ()
        hits = [(item, its) for item, its in self._occurrences(company) if self._best[item, segment]]
        drawn = mode == _DEVELOP  # 礼品设计 is drawing gifts, not developing them; who also makes them is told as the maker
        told = [
            self._phrase(item, segment, drawn=drawn)
            for item, its in hits
            if its == mode and not self._texts[item].startswith(_ASIDES)
        ]
        return tuple(dict.fromkeys(told)) or self.terms(company, segment)

    def _phrase(self, item: int, segment: int, *, drawn: bool) -> str:
        """An item in its own few words; its term where they are many or torn; ``drawn`` keeps 设计 at its end."""
        text = self._texts[item]
        if drawn and self._drawn.search(text) and len(text) <= _LONGEST_PHRASE and not _TORN.search(text):
            return text
        bare = self._tails.sub("", self._ends.sub("", self._begins.sub("", self._texts[item])))
        whole = 2 <= len(bare) <= _LONGEST_PHRASE and not _TORN.search(bare)
        return bare if whole else self._patterns[term_number(int(self._best[item, segment]))]

    def _occurrences(self, company: int) -> list[tuple[int, int]]:
        """A company's items and their modes."""
        return list(zip(self._scope(company), self._modes[self._first[company] : self._first[company + 1]].tolist(), strict=True))

    def _scope(self, company: int) -> list[int]:
        items: list[int] = self._items[self._first[company] : self._first[company + 1]].tolist()
        return items

    def _distinct(self, places: list[int], segment: int) -> tuple[str, ...]:
        if segment == NO_SEGMENT:
            return ()
        numbers = [term_number(code) for code in self._best[places, segment].tolist() if code]
        return tuple(dict.fromkeys(self._patterns[number] for number in numbers))


@dataclass(frozen=True)
class _Shown:
    """A pair to be shown, and what is known of it beside evidence and scores."""

    pair: int
    order_value: int
    rank: int | None
    segment_place: int | None
    chain_place: int | None
    terms: tuple[str, ...]
    business: tuple[str, ...]
    group: KnownGroup | None
    is_head: bool
    family: Family | None


def band_of(score: int, zone: Zone) -> Band:
    """The band of a score in units under a zone's rules (求档次)."""
    bands = zone.scoring.bands
    for name, least in (("A", bands.A), ("B", bands.B), ("C", bands.C)):
        if score >= round(least * UNIT):
            return cast(Band, name)
    return "D"


class Assembler:
    """Makes results for pairs (结果组装)."""

    def __init__(self, zone: Zone, ruleset: Ruleset, describer: Describer, reader: ProfileReader) -> None:
        self.zone, self.ruleset, self.describer, self.reader = zone, ruleset, describer, reader
        self._districts = district_finder(reader.corpora)
        self._doubting = [n for n, value in enumerate(ruleset.values) if "group_state" not in value.fields]
        self._speaking = [n for n, rule in enumerate(ruleset.rules) if rule.says]
        self._caps = [(group.id, (float(group.cap[0]), float(group.cap[1]))) for group in ruleset.groups]
        self._signed = [(one.name, one.day) for one in zone.file.signed]

    def county(self, companies: Companies, place: int) -> str:
        """County or district of a company, empty if neither the file nor the address says (区县)."""
        text = companies.text
        city = text["city"][place] or text["province"][place]
        told = text["county"][place]
        return self._districts.now(city, told) if told else self._districts.find(city, text["address"][place])

    def results(
        self,
        companies: Companies,
        details: Details,
        evidence: Evidence,
        scores: Scores,
        listed: Listed,
        *,
        ranked: bool,
        families: Sequence[Family | None] = (),
    ) -> tuple[RankedCompany, ...]:
        """One result for each pair, in the given order (结果).

        Args:
            companies: What ``evidence.company`` counts.
            details: Of the same companies.
            evidence: All pairs.
            scores: Their scores.
            listed: Those to show, in order.
            ranked: Whether the order is a rank.
            families: Of each of them; empty if they have none.
        """
        finder = TermFinder(self.reader, details)
        company = evidence.company[listed.pair].tolist()
        return tuple(
            self._result(
                companies,
                evidence,
                scores,
                _Shown(
                    pair=pair,
                    order_value=int(listed.order_value[place]),
                    rank=place + 1 if ranked else None,
                    segment_place=int(listed.segment_place[place]) + 1 if ranked else None,
                    chain_place=int(listed.chain_place[place]) + 1 if ranked else None,
                    terms=finder.terms(company[place], int(evidence.segment[pair])),
                    business=finder.business(company[place], int(evidence.segment[pair]), _mode(evidence, pair)),
                    group=self._group(details, company[place]),
                    is_head=_is_head(details.names[company[place]]),
                    family=families[place] if families else None,
                ),
            )
            for place, pair in enumerate(listed.pair.tolist())
        )

    def _group(self, details: Details, company: int) -> KnownGroup | None:
        """The group that everybody knows and that a company is or belongs to (所属知名集团)."""
        number = details.names[company].known_group
        return self.reader.corpora.known_groups[number - 1] if number else None

    def _result(
        self,
        companies: Companies,
        evidence: Evidence,
        scores: Scores,
        shown: _Shown,
    ) -> RankedCompany:
        pair, terms = shown.pair, shown.terms
        company = int(evidence.company[pair])
        segment = self.describer.segment(int(evidence.segment[pair]))
        contributions = self.contributions(evidence, scores, pair, terms)
        vetoes = [veto.id for veto in self.ruleset.vetoes]
        barred, unread = (list(compress(vetoes, of[:, pair].tolist())) for of in (scores.vetoed, scores.unread))
        unknown = self.ruleset.unknown_fields(evidence, scores, pair)
        question = self.ruleset.next_question(evidence, scores, pair, unknown)
        return RankedCompany(
            rank=shown.rank,
            row=int(companies.row[company]),
            uscc=companies.text["uscc"][company] or None,
            name=companies.text["name"][company],
            province=companies.text["province"][company] or None,
            city=companies.text["city"][company] or None,
            county=self.county(companies, company) or None,
            as_of=day_text(int(companies.as_of[company]), UNKNOWN_DAY),
            score=int(scores.score[pair]) / UNIT,
            order_value=shown.order_value / ORDER_UNIT,
            segment_place=shown.segment_place,
            chain_place=shown.chain_place,
            interval=(int(scores.low[pair]) / UNIT, int(scores.high[pair]) / UNIT),
            band=self.band(int(scores.score[pair])),
            need=cast(Need, segment.need if segment else "none"),
            chain=segment.chain if segment else None,
            segment=segment.id if segment else None,
            affinity=int(evidence.columns["affinity"].values[pair]) / 1000,
            matched_terms=terms,
            groups=self._groups(scores, pair),
            contributions=contributions,
            unknown=tuple(unknown),
            possible_vetoes=tuple(unread),
            vetoed_by=barred[0] if barred else None,
            next_question=question,
            family=shown.family,
            reason=self.describer.reason(evidence, pair, self._remarks(companies, evidence, scores, shown)),
        )

    def _remarks(self, companies: Companies, evidence: Evidence, scores: Scores, shown: _Shown) -> Remarks:
        number, group = self._doubt(scores, shown.pair), shown.group
        company = int(evidence.company[shown.pair])
        doubted = set() if number is None else set(self.ruleset.values[number].fields) - {"marks"}
        written = normalise(companies.text["business_scope"][company])
        known = group.known_for if group else ()
        own = tuple(phrase for phrase in shown.business if phrase in written or not any(phrase in words for words in known))
        doubt, fill = None if number is None else self.ruleset.rules[number], self.describer.fill
        return Remarks(
            own or shown.business,
            written,
            told=group.told if group else "",
            changed=group.changed if group else "",
            asked=group.asks if group and shown.is_head else "",
            reaches=self._reaches(evidence, shown.pair, written),
            signed=next((day for name, day in self._signed if name in companies.text["name"][company]), ""),
            claimed=bool(shown.business) and not own,
            named=_only_named(evidence, shown, written),
            at_home=short(companies.text["province"][company]) == short(self.zone.file.place.province),
            strengths=self._strengths(evidence, scores, shown, doubted),
            doubt=None if doubt is None else fill(doubt.says or doubt.label, evidence, shown.pair, shown.terms, brief=True),
            asks=None if doubt is None else doubt.asks,
        )

    def _reaches(self, evidence: Evidence, pair: int, written: str) -> str:
        """Whom in the zone a maker's scope names something for, where its segment as a whole has nothing for them (骨科 → 骨科医院)."""
        segment = self.describer.segment(int(evidence.segment[pair]))
        if segment is None or segment.kind != _MAKER or _mode(evidence, pair) not in _MAKES:
            return ""
        for anchor in self.zone.file.anchors:
            words = [word for word in anchor.attracts_words if word in written]
            if words and anchor.chain == segment.chain and anchor.name not in segment.offers:
                return f"{'、'.join(words[:_MOST_REACHING])}一类的产品可对接{anchor.name}"
        return ""

    def band(self, score: int) -> Band:
        """The band of a score in units (档次)."""
        return band_of(score, self.zone)

    def _groups(self, scores: Scores, pair: int) -> tuple[GroupPoints, ...]:
        each = zip(self._caps, scores.raw[:, pair].tolist(), scores.groups[:, pair].tolist(), strict=True)
        return tuple([GroupPoints(group, raw / UNIT, cap, points / UNIT) for (group, cap), raw, points in each])

    def _strengths(self, evidence: Evidence, scores: Scores, shown: _Shown, doubted: set[str]) -> list[str]:
        """What the rules with most points say, strongest first; what is the doubt is no strength."""
        pair, values = shown.pair, self.ruleset.values
        points, known = scores.points[:, pair].tolist(), scores.known[:, pair].tolist()
        speaking = [n for n in self._speaking if points[n] > 0 and known[n] and doubted.isdisjoint(values[n].fields)]
        speaking.sort(key=lambda n: (-points[n], n))
        return [
            self.describer.fill(self.ruleset.rules[n].says or "", evidence, pair, shown.terms, brief=True)
            for n in speaking[:_MOST_STRENGTHS]
        ]

    def _doubt(self, scores: Scores, pair: int) -> int | None:
        """Number of the known rule that took most points, if it took ``_LEAST_DOUBT`` and its part of what it can.

        What has become of a group is told as news already.
        """
        points, known = scores.points[:, pair].tolist(), scores.known[:, pair].tolist()
        taking = [n for n in self._doubting if known[n] and points[n] <= -_LEAST_DOUBT * UNIT]
        taking.sort(key=points.__getitem__)
        return next((n for n in taking if _LEAST_PART * points[n] <= self.ruleset.rules[n].weight * UNIT), None)

    def contributions(self, evidence: Evidence, scores: Scores, pair: int, terms: Sequence[str]) -> tuple[Contribution, ...]:
        """Every rule's points for a pair, in file order (逐条得分)."""
        values, points, known = (column[:, pair].tolist() for column in (scores.value, scores.points, scores.known))
        fill, made = self.describer.fill, list[Contribution]()
        for (of_rule, text), value, point, is_known in zip(self._of_rules, values, points, known, strict=True):
            told = of_rule.copy()
            told["value"], told["points"], told["known"] = value / 1000, point / UNIT, is_known
            told["evidence"] = fill(text, evidence, pair, terms)
            made.append(over(Contribution, told))
        return tuple(made)

    @cached_property
    def _of_rules(self) -> list[tuple[dict[str, Any], str]]:
        """Of each rule a contribution's fields, as far as they are the same for everybody, and the text of its evidence."""
        return [
            (
                vars(Contribution(rule.id, rule.group, rule.label, 0.0, float(rule.weight), 0.0, known=False, evidence="")),
                rule.evidence,
            )
            for rule in self.ruleset.rules
        ]


def _is_head(name: NameParts) -> bool:
    """The group itself, by name, or a group of its own within it."""
    return name.is_head or name.is_group


def _mode(evidence: Evidence, pair: int) -> int:
    """Index into ``MODES`` of a pair's mode, or ``NO_MODE``."""
    mode = evidence.columns["mode"]
    return int(mode.values[pair]) if mode.known[pair] else NO_MODE


def with_other(lacking: Unserved, results: Sequence[RankedCompany], affinity: NDArray[np.int16]) -> Unserved:
    """With whoever on the list fits the segment best beside its own (名单上谁也做这一环).

    Args:
        lacking: A segment that the list leaves open.
        results: The list.
        affinity: Of each on the list with the segment.
    """
    best = int(affinity.argmax()) if len(affinity) else 0
    if not len(affinity) or affinity[best] < _FITS_TOO:
        return lacking
    return replace(lacking, also=results[best].name, also_place=results[best].rank)


def _only_named(evidence: Evidence, shown: _Shown, written: str) -> bool:
    """Whether only the name speaks of the segment: its scope is there and says nothing of it."""
    main = evidence.columns["main_business"]
    empty = bool(main.known[shown.pair]) and not main.values[shown.pair]
    return empty and bool(written) and not any(phrase in written for phrase in shown.business)
