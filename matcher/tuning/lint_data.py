"""Concerns that only companies show (看数据的检查): rules that fire together, caps that always bind, words of another segment."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.engine import Engine
from matcher.matching.affinity import Affinities, Texts
from matcher.matching.profiles import CHUNK
from matcher.matching.vocabulary import term_number
from matcher.processes import in_chunks
from matcher.rules import Zone
from matcher.rules.load import SegmentSpec
from matcher.rules.source import Location
from matcher.scoring.evidence import NO_SEGMENT
from matcher.tuning.concerns import Concern, Files, Kind
from matcher.tuning.outcome import Outcome, Reading

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
        engine: Over the rules.
        files: Where they stand.
        reading: The companies.
        outcome: What became of each.
    """

    def __init__(self, engine: Engine, files: Files, reading: Reading, outcome: Outcome) -> None:
        self.engine, self.files, self.reading = engine, files, reading
        zone, scored = engine.zone, outcome.scored
        self.zone, self.ruleset = zone, engine.ruleset
        self.scores, self.vetoes_hit = scored.scores, scored.barring.tolist()
        self.chosen = np.where(scored.open, scored.placed.segment, NO_SEGMENT)  # what each company is listed for
        self.listed = np.flatnonzero(self.chosen != NO_SEGMENT)
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
        if len(self.listed) >= LEAST:
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
            both = int((fires[a] & fires[b])[self.listed].sum())
            either = int((fires[a] | fires[b])[self.listed].sum())
            if both >= _LEAST_TOGETHER and both >= _TOGETHER * either:
                text = f"规则 {rule.id} 与 {first.id}（{first.label}）同组，{either} 家中有 {both} 家同时得分，像是同一件事算了两次"
                yield self._at("doubled", "rules", b, "value", text)

    def _constant(self) -> Iterator[Concern]:
        for number, rule in enumerate(self.ruleset.rules):
            values, known = self.scores.value[number, self.listed], self.scores.known[number, self.listed]
            if known.sum() >= LEAST and values[known].min() == values[known].max() > 0:
                text = f"规则 {rule.id}：{int(known.sum())} 家读得出来，取值都是 {values[known][0] / 1000:g}，分不出高下"
                yield self._at("always", "rules", number, "value", text)

    def _caps(self) -> Iterator[Concern]:
        for number, group in enumerate(self.ruleset.groups):
            raw, cut = self.scores.raw[number, self.listed], self.scores.groups[number, self.listed]
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
            known = self.scores.known[number, self.listed]
            if rule.weight and known.sum() >= LEAST and not self.scores.value[number, self.listed][known].any():
                text = f"规则 {rule.id}：{int(known.sum())} 家读得出来，没有一家成立"
                yield self._at("silent", "rules", number, "value", text)
        for number, veto in enumerate(self.ruleset.vetoes):
            if not self.vetoes_hit[number]:
                yield self._at("silent", "vetoes", number, "when", f"否决 {veto.id}：没有一家成立")

    def _words(self) -> tuple[list[Concern], list[tuple[int, str]]]:
        """Words that speak for another segment, and (segment, word) of those whose letters stand nowhere in any item or name."""
        parts = in_chunks(self._of_chunk, len(self.reading.companies), CHUNK, self.engine.processes)
        present = set().union(*(part.present for part in parts))
        found: list[Concern] = []
        dead: list[tuple[int, str]] = []
        for number, segment in enumerate(self.zone.segments):
            uses: dict[str, _Use] = {}
            for part in parts:
                for term, use in part.uses[number].items():
                    uses.setdefault(term, _Use(Counter())).add(use)
            for term, use in uses.items():
                if use.strong and use.companies >= _LEAST_HITS:
                    found += self._elsewhere(segment, number, term, use.chosen)
            dead += [(number, term) for term, _ in segment.terms if term not in uses and term not in present]
        return found, dead

    def _of_chunk(self, chunk: range) -> _Words:
        """The words that were found in a chunk of the companies."""
        reader = self.engine.reader
        texts, _ = reader.texts(self.reading.companies.take(chunk))
        hits = _Hits(texts, reader.matcher.match(texts), reader.matcher.vocabulary.patterns)
        chosen = self.chosen[chunk.start : chunk.stop]
        letters = _Letters("\n".join([*texts.items.texts, *dict.fromkeys(texts.names)]))
        uses: list[dict[str, _Use]] = []
        present: set[str] = set()
        for number, segment in enumerate(self.zone.segments):
            of_terms = {
                term: _Use(Counter(chosen[companies].tolist()), strong, len(companies))
                for term, strong, companies in hits.of(number)
            }
            uses.append(of_terms)
            present |= {term for term, _ in segment.terms if term not in of_terms and term in letters}
        return _Words(uses, present)

    def _elsewhere(self, segment: SegmentSpec, number: int, term: str, chosen: Counter[int]) -> Iterator[Concern]:
        scored = {one: count for one, count in chosen.items() if one != NO_SEGMENT}
        total = sum(scored.values())
        if total < _LEAST_HITS:
            return
        for of, names in ((np.arange(len(self.zone.segments)), self._segment_names), (self._chain_of, self._chain_names)):
            counts = np.bincount(of[list(scored)], list(scored.values()))
            most = int(counts.argmax())
            if most != of[number] and counts[most] >= _ELSEWHERE * total:
                name, location = _place(self.zone, segment, term)
                text = f"环节 {segment.id} 的词“{term}”：命中的 {total} 家中有 {int(counts[most])} 家定在 {names[most]}"
                yield self.files.concern("elsewhere", name, location, text)
                return


@dataclass
class _Use:
    """In which companies a word is found: what they are listed for, whether it is a strong word in any, how many they are."""

    chosen: Counter[int]
    strong: bool = False
    companies: int = 0

    def add(self, other: _Use) -> None:
        self.chosen.update(other.chosen)
        self.strong |= other.strong
        self.companies += other.companies


@dataclass(frozen=True)
class _Words:
    """Of some companies: each segment's words that were found, and words that were not but whose letters are there."""

    uses: list[dict[str, _Use]]
    present: set[str]


class _Hits:
    """Which terms were found in which companies."""

    def __init__(self, texts: Texts, found: Affinities, patterns: list[str]) -> None:
        self._best, self._weight, self._patterns = found.hits.best.tocsc(), found.hits.weight.tocsc(), patterns
        self._text_of = np.concatenate([texts.items.item, found.name_text])
        self._company_of = np.concatenate([texts.items.row, np.arange(len(found.name_text))])

    def of(self, number: int) -> Iterator[tuple[str, bool, NDArray[np.int64]]]:
        """Each term that is the best hit of an item for a segment, whether it is a strong one, and the companies that have it."""
        code, weight = (cells[:, [number]].toarray().ravel()[self._text_of] for cells in (self._best, self._weight))
        hit = code > 0
        company, strong = self._company_of[hit], weight[hit] >= _STRONG
        distinct, place = np.unique(code[hit], return_inverse=True)
        terms = np.array([term_number(one) for one in distinct.tolist()], dtype=np.int64)[place]
        order = np.argsort(terms, kind="stable")
        starts = np.flatnonzero(np.diff(terms[order], prepend=-1))
        for at in np.split(order, starts[1:]) if len(order) else ():
            yield self._patterns[int(terms[at[0]])], bool(strong[at].any()), np.unique(company[at])


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
