"""Concerns that only companies show (看数据的检查): rules that fire together, caps that always bind, words of another segment."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from matcher.engine import Reading
from matcher.matching.affinity import Affinities, Texts
from matcher.rules import Zone
from matcher.rules.load import SegmentSpec
from matcher.rules.source import Location
from matcher.scoring.evidence import NO_SEGMENT
from matcher.scoring.formula import Ruleset
from matcher.scoring.lists import Outcome
from matcher.tuning.concerns import Concern, Files, Kind

_FILE = "scoring.yaml"
LEAST = 50
"""Listed companies below which data say nothing (数据太少，不下判断)."""
_LEAST_TOGETHER = 8  # companies for which two rules fire
_TOGETHER = 0.95  # share of those for which either fires
_ALWAYS_CUT = 0.9  # share of companies for which a cap binds
_LEAST_HITS = 8  # companies that a word is found in
_ELSEWHERE = 0.8  # share of those that are scored for one other segment, or for segments of one other chain
_STRONG = 70  # tenths of a word's weight: weaker ones are hints, and hints fire elsewhere


class DataLint:
    """Looks at what the rules did to a file (数据检查).

    Args:
        zone: The rules.
        ruleset: The same, compiled.
        files: Where they stand.
        reading: The companies.
        outcome: What became of each.
    """

    def __init__(self, zone: Zone, ruleset: Ruleset, files: Files, reading: Reading, outcome: Outcome) -> None:
        self.zone, self.ruleset, self.files, self.reading = zone, ruleset, files, reading
        scored = outcome.chains.scored
        self.scores, self.evidence, self.choice = scored.scores, scored.evidence, scored.choice
        self.vetoes_hit = [bool(row.any()) for row in scored.scores.vetoed]
        open_ = (self.choice.veto < 0) & (self.evidence.segment[self.choice.pair] != NO_SEGMENT)
        self.pairs = self.choice.pair[open_]
        chains = list(dict.fromkeys(segment.chain for segment in zone.segments))
        self._chain_of = np.array([chains.index(segment.chain) for segment in zone.segments], dtype=np.int64)
        self._segment_names = [f"{segment.id}（{segment.name}）" for segment in zone.segments]
        self._chain_names = [zone.chain_names[chain] + "链" if chain else "机会型" for chain in chains]

    def concerns(self, *, every_word: bool) -> tuple[list[Concern], int]:
        """All of them, and how many words were never found (全部疑处).

        Args:
            every_word: List the words that were never found too.
        """
        found, dead = self._words()
        if len(self.pairs) >= LEAST:
            found += [*self._together(), *self._constant(), *self._caps(), *self._silent()]
        if every_word:
            for number, term in dead:
                segment = self.zone.segments[number]
                name, location = _place(self.zone, segment, term)
                found.append(self.files.concern("dead_term", name, location, f"环节 {segment.id} 的词“{term}”没有命中过"))
        return found, len(dead)

    def _at(self, kind: Kind, key: str, number: int, field: str, text: str) -> Concern:
        return self.files.concern(kind, _FILE, (key, number, field), text)

    def _together(self) -> Iterator[Concern]:
        """Rules of one group that read something in common and nearly always fire together."""
        fires = (self.scores.points != 0) & self.scores.known
        for a, b in itertools.combinations(range(len(self.ruleset.rules)), 2):
            first, rule = self.ruleset.rules[a], self.ruleset.rules[b]
            shared = set(self.ruleset.values[a].fields) & set(self.ruleset.values[b].fields)
            if first.group != rule.group or (first.weight > 0) != (rule.weight > 0) or not shared:
                continue
            both = int((fires[a] & fires[b])[self.pairs].sum())
            either = int((fires[a] | fires[b])[self.pairs].sum())
            if both >= _LEAST_TOGETHER and both >= _TOGETHER * either:
                text = f"规则 {rule.id} 与 {first.id}（{first.label}）同组，{either} 家中有 {both} 家同时得分，像是同一件事算了两次"
                yield self._at("doubled", "rules", b, "value", text)

    def _constant(self) -> Iterator[Concern]:
        for number, rule in enumerate(self.ruleset.rules):
            values, known = self.scores.value[number, self.pairs], self.scores.known[number, self.pairs]
            if known.sum() >= LEAST and values[known].min() == values[known].max() > 0:
                text = f"规则 {rule.id}：{int(known.sum())} 家读得出来，取值都是 {values[known][0] / 1000:g}，分不出高下"
                yield self._at("always", "rules", number, "value", text)

    def _caps(self) -> Iterator[Concern]:
        for number, group in enumerate(self.ruleset.groups):
            raw, cut = self.scores.raw[number, self.pairs], self.scores.groups[number, self.pairs]
            bound, share = int((raw != cut).sum()), float((raw != cut).mean())
            if share >= _ALWAYS_CUT:
                text = f"分组 {group.id}：{len(raw)} 家中有 {bound} 家被封顶截掉，组里的差别看不出来"
                yield self._at("cap_always", "groups", number, "cap", text)
            possible = int(np.maximum(self.ruleset.weights[self.ruleset.group_of == number], 0).sum()) / 10
            if not bound and possible > group.cap[1] > 0:
                yield self._at("cap_never", "groups", number, "cap", f"分组 {group.id}：{len(raw)} 家没有一家封顶")

    def _silent(self) -> Iterator[Concern]:
        """Rules and vetoes that could be read and never fired."""
        for number, rule in enumerate(self.ruleset.rules):
            known = self.scores.known[number, self.pairs]
            if rule.weight and known.sum() >= LEAST and not self.scores.value[number, self.pairs][known].any():
                text = f"规则 {rule.id}：{int(known.sum())} 家读得出来，没有一家成立"
                yield self._at("silent", "rules", number, "value", text)
        for number, veto in enumerate(self.ruleset.vetoes):
            if not self.vetoes_hit[number]:
                yield self._at("silent", "vetoes", number, "when", f"否决 {veto.id}：没有一家成立")

    def _words(self) -> tuple[list[Concern], list[tuple[int, str]]]:
        """Words that speak for another segment, and (segment, word) of those whose letters stand nowhere in any item or name."""
        reading = self.reading
        texts, affinities = reading.reader.affinities(reading.companies)
        patterns = reading.reader.matcher.vocabulary.patterns
        letters = _Letters("\n".join([*texts.items.texts, *dict.fromkeys(texts.names)]))
        chosen = self._chosen()
        found: list[Concern] = []
        dead: list[tuple[int, str]] = []
        for number, segment in enumerate(self.zone.segments):
            alive = set()
            for term, strong, companies in _hits(texts, affinities, patterns, number):
                alive.add(term)
                if strong and len(companies) >= _LEAST_HITS:
                    found += self._elsewhere(segment, number, term, chosen[companies])
            dead += [(number, term) for term, _ in segment.terms if term not in alive and term not in letters]
        return found, dead

    def _chosen(self) -> NDArray[np.int64]:
        """The segment that each company is listed for, or ``NO_SEGMENT``."""
        segment = self.evidence.segment[self.choice.pair]
        return np.where(self.choice.veto < 0, segment, NO_SEGMENT)

    def _elsewhere(self, segment: SegmentSpec, number: int, term: str, chosen: NDArray[np.int64]) -> Iterator[Concern]:
        scored = chosen[chosen != NO_SEGMENT]
        if len(scored) < _LEAST_HITS:
            return
        for of, names in ((np.arange(len(self.zone.segments)), self._segment_names), (self._chain_of, self._chain_names)):
            most = int(np.bincount(of[scored]).argmax())
            there = int((of[scored] == most).sum())
            if most != of[number] and there >= _ELSEWHERE * len(scored):
                name, location = _place(self.zone, segment, term)
                text = f"环节 {segment.id} 的词“{term}”：命中的 {len(scored)} 家中有 {there} 家定在 {names[most]}"
                yield self.files.concern("elsewhere", name, location, text)
                return


def _hits(texts: Texts, found: Affinities, patterns: list[str], number: int) -> Iterator[tuple[str, bool, NDArray[np.int64]]]:
    """Each term that is the best hit of an item for a segment, whether it is a strong one, and the companies that have it."""
    codes = found.hits.best[:, number]
    text_of = np.concatenate([texts.items.item, found.name_text])
    company_of = np.concatenate([texts.items.row, np.arange(len(found.name_text))])
    hit = codes[text_of] > 0
    where, company = text_of[hit], company_of[hit]
    distinct, place = np.unique(where, return_inverse=True)
    terms = np.array([found.hits.term(text, number) for text in distinct.tolist()], dtype=np.int64)[place]
    strong = found.hits.weight[:, number][where] >= _STRONG
    order = np.argsort(terms, kind="stable")
    starts = np.flatnonzero(np.diff(terms[order], prepend=-1))
    for at in np.split(order, starts[1:]) if len(order) else ():
        yield patterns[int(terms[at[0]])], bool(strong[at].any()), np.unique(company[at])


class _Letters:
    """A long text, asked for many words: most that it lacks are known by three letters that stand nowhere in it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._parts = [{text[n : n + size] for n in range(len(text) - size + 1)} for size in (1, 2, 3)]

    def __contains__(self, word: str) -> bool:
        size = min(len(word), 3)
        parts = self._parts[size - 1]
        return all(word[n : n + size] in parts for n in range(len(word) - size + 1)) and (size == len(word) or word in self._text)


def _place(zone: Zone, segment: SegmentSpec, term: str) -> tuple[str, Location]:
    """The file and the place in it where a term stands, or its segment if it is a synonym of the corpora."""
    if segment.chain is None:
        return "opportunities.yaml", ("themes",)
    (chain,) = (chain for chain in zone.chains if chain.id == segment.chain)
    ((number, spec),) = ((n, s) for n, s in enumerate(chain.segments) if s.id == segment.id)
    name, here = f"chains/{chain.id}.yaml", ("segments", number)
    for weight, terms in spec.terms.items():
        for place, word in enumerate(terms):
            if word.lower() == term:
                return name, (*here, "terms", weight, place)
    for key, spellings in spec.synonyms.items():
        for place, word in enumerate(spellings):
            if word.lower() == term:
                return name, (*here, "synonyms", key, place)
    return name, (*here, "terms")
