"""Other words over texts that were read (换词重读): only companies that a changed word can touch are matched again.

A segment's affinities depend on the texts, on its own words and on those of the other segments of its chain, and on no other chain. So
columns of chains whose words stand as they stood are taken over. In a chain in which words changed, a company is matched again if

    a changed word             a term, an excluded word or a conflict that is new, gone or weighs otherwise stands in an item or the name,
                               or a slip away from it
    the cosine                 differs by a thousandth between the segment's old and new words

and in no other: of all others every step of the formula reads the same. Where a chain has other segments, or one of another kind, all are
matched again. The scopes' items and names' parts and the counts of their words are the same for any segments and are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import Corpora
from matcher.intake import Companies
from matcher.matching.affinity import Texts, Weighed
from matcher.matching.profiles import CHUNK, OF_SEGMENTS, ProfileReader, Profiles
from matcher.matching.vocabulary import TextHits, Vocabulary
from matcher.processes import in_chunks
from matcher.rules.zone import SegmentSpec
from matcher.snapshot import read_of
from matcher.storage import collector_paused

_WORDS = ("terms", "excluded", "conflicts")


@dataclass(frozen=True)
class _Block:
    """The texts of a chunk of the companies, cut, with what finds words in them.

    Attributes:
        names: Distinct names, and ``name_of`` the number of each company's.
        ends: Where the tokens of items and names end, as ``Vocabulary.occurs`` takes them.
        weighed: Each company's words.
    """

    rows: range
    texts: Texts
    names: list[str]
    name_of: NDArray[np.int64]
    ends: NDArray[np.int64]
    weighed: Weighed


class TextsRead:
    """The texts of some companies, cut into items and name parts (读好的文本); read when they are first asked for, or with the profiles."""

    def __init__(self, blocks: Sequence[_Block] = ()) -> None:
        self._blocks = list(blocks)

    @classmethod
    def with_profiles(cls, companies: Companies, reader: ProfileReader, processes: int = 1) -> tuple[Profiles, TextsRead]:
        """What the companies' texts say, and the texts ready for other words (画像与读好的文本), in one reading."""

        def read(chunk: range) -> tuple[Profiles, _Block]:
            details = reader.details(companies.take(chunk))
            return details.profiles, _block(reader, chunk, details.texts, details.affinities.hits)

        parts = in_chunks(read, len(companies), CHUNK, processes)
        return Profiles.joined([profiles for profiles, _ in parts]), cls([block for _, block in parts])

    def matched(
        self, companies: Companies, profiles: Profiles, old: ProfileReader, new: ProfileReader, processes: int = 1
    ) -> Profiles:
        """Profiles by other words (换词后的画像), as if ``new`` had read the companies.

        Args:
            companies: The same at every call.
            profiles: What they say by the words of ``old``.
            old: A reader over the same corpora.
            new: The reader of other segments.
            processes: Most processes used.
        """
        sources = _sources(old.segments, new.segments)
        made = {name: getattr(profiles, name)[:, np.maximum(sources, 0)] for name in OF_SEGMENTS}
        tasks = [*_changes(old, new, sources)]
        if not tasks:
            return replace(profiles, **made)
        if not self._blocks:
            self._blocks = in_chunks(lambda chunk: _read(old, companies, chunk), len(companies), CHUNK, processes)
        blocks = self._blocks
        found = in_chunks(lambda some: [one.of(blocks[n]) for n in some for one in tasks], len(blocks), 1, processes)
        for rows, numbers, matrices in chain(*found):
            for name in OF_SEGMENTS if len(rows) else ():
                made[name][rows[:, None], numbers[None, :]] = matrices[name]
        return replace(profiles, **made)


_Found = tuple[NDArray[np.int64], NDArray[np.int64], dict[str, NDArray[np.generic]]]


@dataclass(frozen=True)
class _Change:
    """One chain to be matched again.

    Attributes:
        numbers: Its segments among the new ones.
        reader: Of these segments.
        probe: The words that changed; None where everybody is matched again.
        cosines: Old and new vectors of the segments that changed.
    """

    numbers: NDArray[np.int64]
    reader: ProfileReader
    probe: Vocabulary | None
    cosines: tuple[tuple[ProfileReader, NDArray[np.int64]], ...] = ()

    @collector_paused()
    def of(self, block: _Block) -> _Found:
        """Rows that it touches, and what they say then."""
        rows = np.arange(len(block.rows)) if self.probe is None else self._touched(self.probe, block)
        texts = block.texts if len(rows) == len(block.rows) else block.texts.take(rows)
        matrices = self.reader.of_segments(texts) if len(rows) else {}
        return rows + block.rows.start, self.numbers, matrices

    def _touched(self, probe: Vocabulary, block: _Block) -> NDArray[np.int64]:
        items = block.texts.items
        told = probe.occurs([*items.texts, *block.names], block.ends)
        if items.excepted:  # a word counts against an item too of which brackets except it
            except_it = np.diff(probe.find(list(items.excepted.values())).best.indptr) > 0
            told[np.array(list(items.excepted))[except_it]] = True
        touched = told[len(items.texts) + block.name_of]
        touched[items.row[told[items.item]]] = True
        before, after = (reader.matcher.likeness(block.weighed, numbers).tocsr() for reader, numbers in self.cosines)
        differs = (before != after).tocsr()
        touched |= np.diff(differs.indptr) > 0
        return np.flatnonzero(touched)


def _changes(old: ProfileReader, new: ProfileReader, sources: NDArray[np.int64]) -> list[_Change]:
    """The chains of the new segments that are not as they were."""
    before, after = read_of(old.segments), read_of(new.segments)
    of_chain: dict[str | None, list[int]] = {}
    for number, segment in enumerate(new.segments):
        of_chain.setdefault(segment.chain, []).append(number)
    made = []
    for numbers in of_chain.values():
        at = np.array(numbers, dtype=np.int64)
        if (sources[at] >= 0).all():
            differing = at[[before[int(sources[number])] != after[number] for number in numbers]]
            if not len(differing):
                continue
            local = np.searchsorted(at, differing)
            reader = ProfileReader([new.segments[number] for number in numbers], new.corpora)
            words = {
                word
                for number in differing.tolist()
                for word in _reworded(old.segments[int(sources[number])], new.segments[number])
            }
            probe = _probe(sorted(words), new.segments[int(at[0])], new.corpora)
            made.append(_Change(at, reader, probe, ((old, sources[differing]), (reader, local))))
        else:
            made.append(_Change(at, ProfileReader([new.segments[number] for number in numbers], new.corpora), None))
    return made


def _reworded(old: SegmentSpec, new: SegmentSpec) -> set[str]:
    """Words that one of two segments lacks, or weighs otherwise."""
    weighed = set(old.terms) ^ set(new.terms)
    return {word for word, _ in weighed} | set(old.excluded) ^ set(new.excluded) | set(old.conflicts) ^ set(new.conflicts)


def _probe(words: Sequence[str], like: SegmentSpec, corpora: Corpora) -> Vocabulary:
    """Finds the words wherever they count as a term, an excluded word or a conflict, and slips of them."""
    return Vocabulary([replace(like, terms=tuple((word, 10) for word in words), excluded=(), conflicts=())], corpora)


def _read(reader: ProfileReader, companies: Companies, chunk: range) -> _Block:
    with collector_paused():
        return _block(reader, chunk, reader.texts(companies.take(chunk))[0])


def _block(reader: ProfileReader, chunk: range, texts: Texts, hits: TextHits | None = None) -> _Block:
    names, name_of, ends, weighed = reader.matcher.weighed(texts, hits)
    return _Block(chunk, texts, names, name_of, ends, weighed)


def _sources(old: Sequence[SegmentSpec], new: Sequence[SegmentSpec]) -> NDArray[np.int64]:
    """For each new segment, the old one in its place: of a chain of as many segments, each of the same kind; -1 if there is none."""
    chains: list[dict[str | None, list[int]]] = []
    for segments in (old, new):
        of_chain: dict[str | None, list[int]] = {}
        for number, segment in enumerate(segments):
            of_chain.setdefault(segment.chain, []).append(number)
        chains.append(of_chain)
    sources = np.full(len(new), -1, dtype=np.int64)
    for name, members in chains[1].items():
        before = chains[0].get(name, [])
        if [old[number].kind for number in before] == [new[number].kind for number in members]:
            sources[members] = before
    return sources
