"""Concerns about words (看词的检查): strong words that speak for another segment, and words that stand nowhere.

A strong word may decide by itself what its companies are listed for, and so hide that it speaks for something else. So each company of a
word is judged without it: the word is taken from its segment, the chain is matched again over the company's text, and the rules place it.
Matching a chain again costs a tenth of a second a word; it is done only where the companies' other affinities leave room for another place,
and over at most ``_MOST_JUDGED`` companies of a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from matcher.engine import Engine
from matcher.matching.affinity import Affinities, Texts
from matcher.matching.profiles import CHUNK, OF_SEGMENTS, ProfileReader
from matcher.matching.vocabulary import term_number
from matcher.processes import in_chunks
from matcher.rules import Zone
from matcher.rules.source import Location
from matcher.rules.zone import SegmentSpec
from matcher.runs import Request
from matcher.scoring.evidence import NO_SEGMENT
from matcher.tuning.concerns import Concern, Files
from matcher.tuning.outcome import Outcome, Reading, score_all
from matcher.tuning.profile_windows import ProfileWindows

_LEAST_HITS = 8  # companies that a word is found in, and that are listed for something without it
_ELSEWHERE = 0.8  # share of those that are then listed for one other segment, or for segments of one other chain
_STRONG = 70  # tenths of a word's weight: weaker ones are hints, and hints fire elsewhere
_MOST_JUDGED = 200  # companies of a word, evenly spread over all that have it
_WORDS_AT_ONCE = 16


class WordLint:
    """Looks at a zone's words in the texts of companies (看词).

    Args:
        engine: Over the rules.
        files: Where they stand.
        reading: The companies.
        outcome: What became of each.
        request: For its date.
    """

    def __init__(self, engine: Engine, files: Files, reading: Reading, outcome: Outcome, request: Request) -> None:
        self.engine, self.files, self.reading, self.request, self.zone = engine, files, reading, request, engine.zone
        self.segments = engine.zone.segments
        self.chosen = np.where(outcome.scored.open, outcome.scored.placed.segment, NO_SEGMENT)  # what each company is listed for
        chains = list(dict.fromkeys(segment.chain for segment in self.segments))
        self._chain_of = np.array([chains.index(segment.chain) for segment in self.segments], dtype=np.int64)
        self._on_chains = np.array([segment.chain is not None for segment in self.segments], dtype=np.bool_)
        self._segment_names = [f"{segment.id}（{segment.name}）" for segment in self.segments]
        self._chain_names = [self.zone.chain_names[chain] + "链" if chain else "机会型" for chain in chains]

    def concerns(self, *, every_word: bool) -> tuple[list[Concern], int]:
        """All of them, and how many words were never found (全部疑处).

        Args:
            every_word: List the words that were never found too.
        """
        parts = in_chunks(self._of_chunk, len(self.reading.companies), CHUNK, self.engine.processes)
        present = set().union(*(part.present for part in parts))
        doubtful: list[tuple[int, str, NDArray[np.int64]]] = []
        dead: list[tuple[int, str]] = []
        for number, segment in enumerate(self.segments):
            uses: dict[str, _Use] = {}
            for part in parts:
                for term, use in part.uses[number].items():
                    uses.setdefault(term, _Use()).add(use)
            owns = np.bincount(
                np.concatenate([np.zeros(0, dtype=np.int64), *(use.all for use in uses.values())]), minlength=len(self.chosen)
            )
            strong = ((term, use.all) for term, use in uses.items() if use.strong)
            doubtful += [(number, term, companies) for term, companies in strong if self._may_be_elsewhere(number, companies, owns)]
            dead += [(number, term) for term, _ in segment.terms if term not in uses and term not in present]
        found = [concern for one in self._judged(doubtful) for concern in self._elsewhere(*one)]
        if every_word:
            for number, term in dead:
                segment = self.segments[number]
                name, location = _place(self.zone, segment, term)
                found.append(self.files.concern("dead_term", name, location, f"环节 {segment.id} 的词“{term}”没有命中过"))
        return found, len(dead)

    def _of_chunk(self, chunk: range) -> _Words:
        """The words that were found in a chunk of the companies."""
        reader = self.engine.reader
        texts, _ = reader.texts(self.reading.companies.take(chunk))
        hits = _Hits(texts, reader.matcher.match(texts), reader.matcher.vocabulary.patterns)
        letters = _Letters("\n".join([*texts.items.texts, *dict.fromkeys(texts.names)]))
        uses: list[dict[str, _Use]] = []
        present: set[str] = set()
        for number, segment in enumerate(self.segments):
            of_terms = {term: _Use(strong, [companies + chunk.start]) for term, strong, companies in hits.of(number)}
            uses.append(of_terms)
            present |= {term for term, _ in segment.terms if term not in of_terms and term in letters}
        return _Words(uses, present)

    def _may_be_elsewhere(self, number: int, companies: NDArray[np.int64], owns: NDArray[np.int64]) -> bool:
        """Whether enough of a word's companies could be listed for something else without it.

        One that fits no other segment stays where it is, if another word of the segment is found in it; if not, it is listed for nothing.
        """
        listed = companies[self.chosen[companies] != NO_SEGMENT]
        others = self._on_chains.copy()
        others[number] = False
        could = (self.reading.profiles.affinity[listed][:, others] >= self.zone.scoring.order.least_affinity).any(axis=1)
        stays = ~could & (owns[listed] > 1)
        return bool(could.sum() >= max(_LEAST_HITS, _ELSEWHERE * (could | stays).sum()))

    def _judged(
        self, doubtful: list[tuple[int, str, NDArray[np.int64]]]
    ) -> list[tuple[int, str, NDArray[np.int64], NDArray[np.int64]]]:
        """(segment, word, companies, what each is listed for without the word) of the words in doubt."""

        def of(some: range) -> list[tuple[int, str, NDArray[np.int64], NDArray[np.int64]]]:
            return [
                (number, term, *self._without(number, term, companies))
                for number, term, companies in doubtful[some.start : some.stop]
            ]

        parts = in_chunks(of, len(doubtful), _WORDS_AT_ONCE, self.engine.processes) if doubtful else []
        return [one for part in parts for one in part]

    def _without(self, number: int, term: str, companies: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Some of a word's listed companies, and what each is listed for without the word."""
        at = companies[self.chosen[companies] != NO_SEGMENT]
        if len(at) > _MOST_JUDGED:
            at = at[np.linspace(0, len(at) - 1, _MOST_JUDGED).astype(np.int64)]
        chain = self.segments[number].chain
        if chain is None:  # themes place nobody on a chain
            return at, self.chosen[at]
        of_chain = [place for place, segment in enumerate(self.segments) if segment.chain == chain]
        less = {number: replace(self.segments[number], terms=tuple(one for one in self.segments[number].terms if one[0] != term))}
        reader = ProfileReader([less.get(place, self.segments[place]) for place in of_chain], self.engine.corpora)
        some = self.reading.companies.take(at)
        matched, profiles = reader.of_segments(reader.texts(some)[0]), self.reading.windows.take(at)
        for name in OF_SEGMENTS:
            getattr(profiles, name)[:, of_chain] = matched[name]
        scored, _ = score_all(
            self.engine,
            replace(self.reading, companies=some, places=self.reading.places[at], windows=ProfileWindows(profiles)),
            self.request,
        )
        return at, np.where(scored.open, scored.placed.segment, NO_SEGMENT)

    def _elsewhere(self, number: int, term: str, companies: NDArray[np.int64], without: NDArray[np.int64]) -> Iterator[Concern]:
        segment, total = self.segments[number], int((without != NO_SEGMENT).sum())
        if total < _LEAST_HITS:
            return
        scored = Counter(without[without != NO_SEGMENT].tolist())
        for of, names in ((np.arange(len(self.segments)), self._segment_names), (self._chain_of, self._chain_names)):
            counts = np.bincount(of[list(scored)], list(scored.values()))
            most = int(counts.argmax())
            if most != of[number] and counts[most] >= _ELSEWHERE * total:
                name, location = _place(self.zone, segment, term)
                here = int((self.chosen[companies] == number).sum())
                text = f"环节 {segment.id} 的词“{term}”：不算它，命中的 {total} 家中有 {int(counts[most])} 家定在 {names[most]}"
                yield self.files.concern("elsewhere", name, location, text + (f"；算上它，{here} 家定在本环节" if here else ""))
                return


@dataclass
class _Use:
    """In which companies a word is found, and whether it is a strong word in any."""

    strong: bool = False
    companies: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, other: _Use) -> None:
        self.strong |= other.strong
        self.companies += other.companies

    @property
    def all(self) -> NDArray[np.int64]:
        return np.concatenate(self.companies)


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
