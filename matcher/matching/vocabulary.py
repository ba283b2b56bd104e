"""All words that matching looks for (词表), found in one pass by Aho–Corasick.

Terms are literal. A hit of two characters, or of Latin letters, must respect the borders of the words around it: it may be whole words,
or the beginning or end of one word, but never half of one word and half of the next (佳农|机械 is not 农机). Longer terms are
specific enough to stand on their own. An item that holds an excluded word of a segment gives that segment nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import ahocorasick_rs
import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA

from matcher.corpora import Corpora
from matcher.rules.load import SegmentSpec
from matcher.text.tokenizer import cut

_TERM, _EXCLUDED, _CONFLICT, _NAME_MARK, _FIRST_MARK, _ONLY_MARK, _SCOPE_MARK, _UNLESS_MARK = range(8)
_SHORT = 2  # characters up to which a hit must respect word borders
_LEAST_FUZZY = 5  # characters from which one slip leaves a term recognisable
_LEAST_FUZZY_WEIGHT = 7


@dataclass(frozen=True)
class TextHits:
    """What was found in distinct texts (命中).

    Attributes:
        best: texts × segments; 0 or a code of the best hit, see ``weight`` and ``term``.
        conflict: texts × segments; a word of the segment's ``conflicts`` occurs.
        marks: For each kind of place (name, first items, only item, scope, unless): bit mask of marks by text.
        tokens: All texts' tokens in order, and the number of the text each belongs to.
        owner: See ``tokens``.
    """

    best: NDArray[np.int64]
    conflict: NDArray[np.bool_]
    name_marks: NDArray[np.int64]
    first_marks: NDArray[np.int64]
    only_marks: NDArray[np.int64]
    scope_marks: NDArray[np.int64]
    unless_marks: NDArray[np.int64]
    tokens: list[str]
    owner: NDArray[np.int64]

    @property
    def weight(self) -> NDArray[np.int64]:
        """Weight of the best hit in tenths of a term's weight (0–100); 0 where there is none."""
        return self.best >> 40

    def term(self, text: int, segment: int) -> int:
        """Number of the pattern that hit best, in ``Vocabulary.patterns``."""
        return (1 << 24) - 1 - (int(self.best[text, segment]) & ((1 << 24) - 1))


class Vocabulary:
    """Patterns of all segments and marks (词表).

    Args:
        segments: The zone's segments; their numbers are the columns of what ``find`` returns.
        corpora: Marks, the tokenizer's dictionary, the share that a fuzzy hit counts.
    """

    def __init__(self, segments: Sequence[SegmentSpec], corpora: Corpora) -> None:
        self.segments, self.corpora = segments, corpora
        uses: list[tuple[str, int, int, int]] = []  # pattern, role, segment or mark, weight
        for number, segment in enumerate(segments):
            uses += [(term, _TERM, number, weight) for term, weight in segment.terms]
            uses += [(word, _EXCLUDED, number, 0) for word in segment.excluded]
            uses += [(word, _CONFLICT, number, 0) for word in segment.conflicts]
        for number, mark in enumerate(corpora.marks):
            for role, words in (
                (_NAME_MARK, mark.name_has),
                (_FIRST_MARK, mark.first_has),
                (_ONLY_MARK, mark.first_only),
                (_SCOPE_MARK, mark.scope_has),
                (_UNLESS_MARK, mark.unless_name),
            ):
                uses += [(word.lower(), role, number, 0) for word in words]
        self.patterns = sorted({use[0] for use in uses})
        order = {pattern: number for number, pattern in enumerate(self.patterns)}
        table = np.array(sorted((order[p], role, target, weight) for p, role, target, weight in uses), dtype=np.int64).reshape(
            -1, 4
        )
        self._role, self._target, self._weight = table[:, 1], table[:, 2], table[:, 3]
        self._first_use = np.searchsorted(table[:, 0], np.arange(len(self.patterns) + 1))
        self._lengths = np.fromiter(map(len, self.patterns), np.int64, len(self.patterns))
        self._latin = np.fromiter((pattern[0].isascii() or pattern[-1].isascii() for pattern in self.patterns), np.bool_)
        self._search = ahocorasick_rs.AhoCorasick(self.patterns) if self.patterns else None
        self._slips = self._slip_table(order)

    def find(self, texts: Sequence[str]) -> TextHits:
        """All hits in distinct texts (查找). Texts are normalised and hold no newline."""
        count, width = len(texts), len(self.segments)
        joined = "\n".join(texts)
        lengths = np.fromiter(map(len, texts), np.int64, count)
        starts = np.cumsum(lengths + 1) - lengths - 1
        tokens = cut(joined, self.corpora)
        ends = np.cumsum(np.fromiter(map(len, tokens), np.int64, len(tokens)))
        token_owner = np.searchsorted(starts, ends - 1, side="right") - 1
        hits = self._hits(joined, ends)
        pattern, begin = hits[:, 0], hits[:, 1]
        text = np.searchsorted(starts, begin, side="right") - 1
        uses_of = self._first_use[pattern + 1] - self._first_use[pattern]
        which = np.repeat(np.arange(len(pattern)), uses_of)
        offset = np.arange(len(which)) - np.repeat(np.cumsum(uses_of) - uses_of, uses_of)
        use = self._first_use[pattern[which]] + offset
        text, pattern = text[which], pattern[which]
        role, target, weight = self._role[use], self._target[use], self._weight[use]

        excluded = np.zeros((count, width), dtype=np.bool_)
        at = role == _EXCLUDED
        excluded[text[at], target[at]] = True
        conflict = np.zeros((count, width), dtype=np.bool_)
        at = role == _CONFLICT
        conflict[text[at], target[at]] = True
        best = np.zeros((count, width), dtype=np.int64)
        at = (role == _TERM) & ~excluded[text, np.minimum(target, width - 1)]
        np.maximum.at(best, (text[at], target[at]), self._code(weight[at] * 10, pattern[at]))
        self._add_slips(texts, best, excluded)
        marks = []
        for wanted in (_NAME_MARK, _FIRST_MARK, _ONLY_MARK, _SCOPE_MARK, _UNLESS_MARK):
            mask = np.zeros(count, dtype=np.int64)
            at = role == wanted
            if wanted == _ONLY_MARK:  # the whole item, nothing beside it
                at &= self._lengths[pattern] == lengths[text]
            np.bitwise_or.at(mask, text[at], np.int64(1) << target[at])
            marks.append(mask)
        return TextHits(best, conflict, *marks, tokens=tokens, owner=token_owner)

    def _code(self, weight: NDArray[np.int64], pattern: NDArray[np.int64]) -> NDArray[np.int64]:
        """Orders hits by weight, then length, then alphabet; see ``TextHits.best``."""
        return (weight << 40) | (self._lengths[pattern] << 24) | ((1 << 24) - 1 - pattern)

    def _hits(self, joined: str, token_ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """(pattern, begin, end) of the literal occurrences that respect word borders."""
        found = self._search.find_matches_as_indexes(joined, overlapping=True) if self._search else []
        hits = np.array(found, dtype=np.int64).reshape(-1, 3)
        border = np.zeros(len(joined) + 1, dtype=np.bool_)
        border[0] = True
        border[token_ends] = True
        before = np.concatenate([[0], np.cumsum(border)])  # borders at places < i
        begin, end = hits[:, 1], hits[:, 2]
        at_begin, at_end = border[begin], border[end]
        inside = before[end] - before[begin + 1]
        whole = at_begin & at_end
        part_of_one = (inside == 0) & (at_begin | at_end) & ~self._latin[hits[:, 0]]
        long_enough = (self._lengths[hits[:, 0]] > _SHORT) & ~self._latin[hits[:, 0]]
        kept: NDArray[np.int64] = hits[whole | part_of_one | long_enough]
        return kept

    def _slip_table(self, order: dict[str, int]) -> dict[str, list[int]]:
        """Each long term without one of its characters → the term: two spellings one slip apart share such a form."""
        table: dict[str, list[int]] = {}
        for segment in self.segments:
            for term, weight in segment.terms:
                if len(term) >= _LEAST_FUZZY and weight >= _LEAST_FUZZY_WEIGHT:
                    for form in _shortened(term):
                        numbers = table.setdefault(form, [])
                        if order[term] not in numbers:
                            numbers.append(order[term])
        return table

    def _add_slips(self, texts: Sequence[str], best: NDArray[np.int64], excluded: NDArray[np.bool_]) -> None:
        """Items that no term hits but one differs from by a single slip: a swapped, lost or added character (错别字).

        A *replaced* character is no slip: in Chinese it makes another word (饲料, 食料).
        """
        share = self.corpora.reading.fuzzy_share
        for text in np.flatnonzero(~best.any(axis=1)):
            item = texts[text]
            if not _LEAST_FUZZY - 1 <= len(item) <= 12:
                continue
            for number in sorted({n for form in _shortened(item) for n in self._slips.get(form, ())}):
                term = self.patterns[number]
                replaced = len(term) == len(item) and sorted(term) != sorted(item)
                if replaced or OSA.distance(term, item, score_cutoff=1) > 1:
                    continue
                for use in range(self._first_use[number], self._first_use[number + 1]):
                    target = self._target[use]
                    if self._role[use] == _TERM and not excluded[text, target]:
                        weight = np.array([self._weight[use] * share // 100])
                        code = int(self._code(weight, np.array([number]))[0])
                        best[text, target] = max(best[text, target], code)


def _shortened(word: str) -> Iterable[str]:
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]
