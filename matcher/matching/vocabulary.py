"""All words that matching looks for (词表), found in one pass by Aho–Corasick.

Terms are literal. A hit of two characters must respect the borders of the words around it: it may be whole words, or the beginning
or end of one word, but never half of one word and half of the next (佳农|机械 is not 农机). One that begins or ends in a Latin letter
or digit must be whole words. Longer terms are specific enough to stand on their own. An item that holds an excluded word of a segment
gives that segment nothing; a word of the segment that contains the excluded one takes it back (母婴护理 where 婴 is excluded). So it
is with conflicts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import TypeVar

import ahocorasick_rs
import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA
from scipy import sparse

from matcher.corpora import Corpora
from matcher.matching.slips import Slips, member, slip_signs
from matcher.rules.zone import SegmentSpec
from matcher.text.tokenizer import cut

_TERM, _EXCLUDED, _CONFLICT, _NAME_MARK, _FIRST_MARK, _ONLY_MARK, _SCOPE_MARK, _UNLESS_MARK, _END_MARK, _TAKEN_BACK = range(10)
_WORDS_OF_MARKS = {  # role → field of ``Mark``
    _NAME_MARK: "name_has",
    _FIRST_MARK: "first_has",
    _ONLY_MARK: "first_only",
    _SCOPE_MARK: "scope_has",
    _UNLESS_MARK: "unless_name",
    _END_MARK: "name_ends",
}
WEIGHT_AT = 40
"""Bits behind the weight in the code of a hit (命中编码中权重的位置)."""
_SHORT = 2  # characters up to which a hit must respect word borders
_LEAST_FUZZY = 5  # characters from which one slip leaves a term recognisable
_LEAST_FUZZY_WEIGHT = 7
_MOST_FUZZY = 12
_BIT = np.uint64(1) << np.arange(64, dtype=np.uint64)  # of a segment among 64
_Whole = TypeVar("_Whole", int, NDArray[np.int64])


@dataclass(frozen=True)
class TextHits:
    """What was found in distinct texts (命中).

    Attributes:
        best: texts × segments, sparse as nearly all cells are empty; the code of the best hit, see ``weight`` and ``term``.
        conflict: texts × segments; a word of the segment's ``conflicts`` occurs.
        marks: For each kind of place (name, first items, only item, scope, unless): bit mask of marks by text.
        tokens: All texts' tokens in order, and the number of the text each belongs to.
        owner: See ``tokens``.
    """

    best: sparse.csr_array
    conflict: NDArray[np.bool_]
    name_marks: NDArray[np.int64]
    first_marks: NDArray[np.int64]
    only_marks: NDArray[np.int64]
    scope_marks: NDArray[np.int64]
    unless_marks: NDArray[np.int64]
    tokens: list[str]
    owner: NDArray[np.int64]

    @property
    def weight(self) -> sparse.csr_array:
        """Weight of the best hits in tenths of a term's weight (1–100), in the cells of ``best``."""
        return sparse.csr_array(
            ((self.best.data >> WEIGHT_AT).astype(np.int8), self.best.indices, self.best.indptr), shape=self.best.shape
        )

    def of(self, texts: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The best hits of these texts, one after another (各文本的命中): the place of each one's text, and its own in ``best``."""
        first = self.best.indptr[texts]
        which, offset = spread(self.best.indptr[texts + 1] - first)
        return which, first[which] + offset


def term_number(code: int) -> int:
    """Number of the pattern that hit best, in ``Vocabulary.patterns``, of a code in ``TextHits.best`` (命中词的编号)."""
    return (1 << 24) - 1 - (code & ((1 << 24) - 1))


@dataclass(frozen=True)
class _Masks:
    """Whom each pattern's uses speak of, as packed bits over the segments, a row for 64 of them; ``speaks``: of anybody at all."""

    bits: NDArray[np.uint64]
    speaks: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "speaks", self.bits.any(axis=0))


class Vocabulary:
    """Patterns of all segments and marks (词表).

    Args:
        segments: The zone's segments; their numbers are the columns of what ``find`` returns.
        corpora: Marks, the tokenizer's dictionary, the share that a fuzzy hit counts.
    """

    def __init__(self, segments: Sequence[SegmentSpec], corpora: Corpora) -> None:
        self.segments, self.corpora = segments, corpora
        chains = list(dict.fromkeys(segment.chain for segment in segments))
        self._chains = np.array([chains.index(segment.chain) for segment in segments], dtype=np.int64)
        uses: list[tuple[str, int, int, int]] = []  # pattern, role, segment or mark, weight
        for number, segment in enumerate(segments):
            uses += [(term, _TERM, number, weight) for term, weight in segment.terms]
            uses += [(word, _EXCLUDED, number, 0) for word in segment.excluded]
            uses += [(word, _CONFLICT, number, 0) for word in segment.conflicts]
        for number, mark in enumerate(corpora.marks):
            for role, words in _WORDS_OF_MARKS.items():
                uses += [(word.lower(), role, number, 0) for word in getattr(mark, words)]
        self.patterns = sorted({use[0] for use in uses})
        order = {pattern: number for number, pattern in enumerate(self.patterns)}
        table = np.array(sorted((order[p], role, target, weight) for p, role, target, weight in uses), dtype=np.int64).reshape(
            -1, 4
        )
        self._lengths = np.fromiter(map(len, self.patterns), np.int64, len(self.patterns))
        self._latin = np.fromiter((pattern[0].isascii() or pattern[-1].isascii() for pattern in self.patterns), np.bool_)
        self._search = ahocorasick_rs.AhoCorasick(self.patterns) if self.patterns else None
        covers = self._cover_table(table)
        plain = np.isin(table[:, 1], (_EXCLUDED, _CONFLICT))
        plain[covers[:, 0]] = False
        self._excluded, self._conflict = (
            _Masks(self._masks(table[plain & (table[:, 1] == role)])) for role in (_EXCLUDED, _CONFLICT)
        )
        covers[:, 0] = (np.cumsum(~plain) - 1)[covers[:, 0]]
        table = table[~plain]
        self._role, self._target, self._weight = (np.ascontiguousarray(column) for column in table[:, 1:].T)
        self._first_use = np.searchsorted(table[:, 0], np.arange(len(self.patterns) + 1))
        self._codes = self._code(self._weight * 10, table[:, 0], self._lengths[table[:, 0]])
        self._by_code = np.argsort(self._codes, kind="stable")
        self._rank = np.empty(len(table), dtype=np.int64)
        self._rank[self._by_code] = np.arange(len(table))
        self._covers, self._first_cover = covers, np.searchsorted(covers[:, 0], np.arange(len(table) + 1))
        self._is_cover = np.zeros(len(self.patterns), dtype=np.bool_)
        self._is_cover[covers[:, 1]] = True
        self._slips = self._slip_table(order)

    def find(self, texts: Sequence[str]) -> TextHits:
        """All hits in distinct texts, normalised and without newlines (查找)."""
        count, width = len(texts), len(self.segments)
        joined = "\n".join(texts)
        lengths, starts = _laid_out(texts)
        tokens = cut(joined, self.corpora)
        ends = token_ends(tokens)
        owner = np.repeat(np.arange(count), lengths + 1)  # of each character
        token_owner = owner[ends - 1]
        pattern, begin, end = self._hits(joined, ends)
        hit = owner[begin]
        excluded, told_apart = (self._silenced(masks, pattern, hit, count) for masks in (self._excluded, self._conflict))
        which, offset = spread(self._first_use[pattern + 1] - self._first_use[pattern])
        use = self._first_use[pattern[which]] + offset
        role, target = self._role[use], self._target[use]
        role[self._covered(use, which, pattern, begin)] = _TAKEN_BACK
        text, pattern, end = hit[which], pattern[which], end[which]

        there = np.bincount(role, minlength=_TAKEN_BACK + 1).tolist()  # a single company has few roles
        for wanted, found in ((_EXCLUDED, excluded), (_CONFLICT, told_apart)):
            if there[wanted]:
                at = np.flatnonzero(role == wanted)
                np.bitwise_or.at(found, (text[at], target[at] >> 6), _BIT[target[at] & 63])
        at = np.flatnonzero(role == _TERM)
        at = at[(excluded[text[at], target[at] >> 6] & _BIT[target[at] & 63]) == 0]
        best = self._with_slips(texts, joined, lengths, *self._strongest(text[at] * width + target[at], use[at]), excluded)
        marks = []
        for wanted in (_NAME_MARK, _FIRST_MARK, _ONLY_MARK, _SCOPE_MARK, _UNLESS_MARK):
            mask = np.zeros(count, dtype=np.int64)
            marks.append(mask)
            if there[wanted] or (wanted == _NAME_MARK and there[_END_MARK]):
                at = role == wanted
                if wanted == _ONLY_MARK:  # the whole item, nothing beside it
                    at &= self._lengths[pattern] == lengths[text]
                elif wanted == _NAME_MARK:
                    at |= (role == _END_MARK) & (end == starts[text] + lengths[text])
                np.bitwise_or.at(mask, text[at], np.int64(1) << target[at])
        name_marks, first_marks, only_marks, scope_marks, unless_marks = marks
        conflict = np.unpackbits(told_apart.view(np.uint8), axis=1, count=width, bitorder="little").view(np.bool_)
        return TextHits(best, conflict, name_marks, first_marks, only_marks, scope_marks, unless_marks, tokens, token_owner)

    def signs(self, segments: Collection[int], marks: int) -> set[str]:
        """Words of which every text holds one that hits any of the segments, or bears any of the marks (必有的字样).

        Args:
            segments: Their numbers.
            marks: Bit mask.
        """
        of_marks = np.isin(self._role, [role for role in _WORDS_OF_MARKS if role != _UNLESS_MARK])
        of_marks[of_marks] = (np.int64(1) << self._target[of_marks]) & marks != 0
        use = np.flatnonzero(of_marks | ((self._role == _TERM) & np.isin(self._target, list(segments))))
        found = {self.patterns[number] for number in np.searchsorted(self._first_use, use, side="right") - 1}
        for number in segments:
            found.update(*(slip_signs(term) for term, weight in self.segments[number].terms if _leaves_slips(term, weight)))
        return found

    def occurs(self, texts: Sequence[str], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
        """In which texts any of the terms stands, or a slip of a long one (有没有这些词).

        Args:
            texts: As for ``find``.
            ends: ``token_ends`` of all of them, joined by newlines.
        """
        found = np.zeros(len(texts), dtype=np.bool_)
        lengths, starts = _laid_out(texts)
        joined = "\n".join(texts)
        pattern, begin, _ = self._hits(joined, ends)
        is_term = np.zeros(len(self.patterns), dtype=np.bool_)
        is_term[np.searchsorted(self._first_use, np.flatnonzero(self._role == _TERM), side="right") - 1] = True
        found[np.searchsorted(starts, begin[is_term[pattern]], side="right") - 1] = True
        found[[text for text, _ in self._slips.candidates(joined, lengths, _may_slip(lengths))]] = True
        return found

    @staticmethod
    def _code(weight: _Whole, pattern: _Whole, length: _Whole) -> _Whole:
        """Orders hits by weight, then length, then alphabet; see ``TextHits.best``."""
        return (weight << WEIGHT_AT) | (length << 24) | ((1 << 24) - 1 - pattern)

    def _strongest(self, cell: NDArray[np.int64], use: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The distinct cells of texts × segments, ascending, and the best code of the uses that hit each."""
        uses = max(len(self._role), 1)
        cell, rank = np.divmod(np.sort(cell * uses + self._rank[use]), uses)
        last = np.ones(len(cell), dtype=np.bool_)
        last[:-1] = cell[1:] != cell[:-1]
        return cell[last], self._codes[self._by_code[rank[last]]]

    def _hits(self, joined: str, token_ends: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Pattern, begin and end of the literal occurrences that respect word borders."""
        found = self._search.find_matches_as_indexes(joined, overlapping=True) if self._search else []
        table = np.fromiter(chain.from_iterable(found), np.int64, 3 * len(found)).reshape(-1, 3)
        pattern, begin, end = (np.ascontiguousarray(column) for column in table.T)
        border = np.zeros(len(joined) + 1, dtype=np.bool_)
        border[0] = True
        border[token_ends] = True
        before = np.zeros(len(border) + 1, dtype=np.int32)  # borders at places < i
        np.cumsum(border, out=before[1:])
        at_begin, at_end = border[begin], border[end]
        inside = before[end] - before[begin + 1]
        part_of_one = (inside == 0) & (at_begin | at_end)
        long_enough = self._lengths[pattern] > _SHORT
        kept = np.flatnonzero((at_begin & at_end) | ((part_of_one | long_enough) & ~self._latin[pattern]))
        return pattern[kept], begin[kept], end[kept]

    def _masks(self, uses: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Whom each pattern's uses speak of, as in ``_Masks``. Such words are many, and of many segments at once."""
        table = np.zeros((len(self.patterns), -(-len(self.segments) // 64) * 64), dtype=np.bool_)
        table[uses[:, 0], uses[:, 2]] = True
        return np.ascontiguousarray(np.packbits(table, axis=1, bitorder="little").view("<u8").T).astype(np.uint64)

    def _silenced(self, masks: _Masks, pattern: NDArray[np.int64], text: NDArray[np.int64], count: int) -> NDArray[np.uint64]:
        """For each text the segments of the masks of its hits, as bits like theirs. The hits are in the order of the texts."""
        speaks = np.flatnonzero(masks.speaks[pattern])
        owner = text[speaks]
        first = np.flatnonzero(np.diff(owner, prepend=-1))
        found = np.zeros((count, len(masks.bits)), dtype=np.uint64)
        if len(first):
            said = pattern[speaks]
            for number, row in enumerate(masks.bits):
                found[owner[first], number] = np.bitwise_or.reduceat(row[said], first)
        return found

    def _cover_table(self, uses: NDArray[np.int64]) -> NDArray[np.int64]:
        """(use, term, offset) where a term of the same segment contains an excluded word or a conflict, by use."""
        covers = []
        silent = np.isin(uses[:, 1], (_EXCLUDED, _CONFLICT))
        for number, segment in enumerate(self.segments):
            own = np.flatnonzero(silent & (uses[:, 2] == number)).tolist()
            words = tuple(self.patterns[uses[use, 0]] for use in own)
            for place, term, offset in _within(tuple(term for term, _ in segment.terms), words):
                covers.append((own[place], bisect_left(self.patterns, term), offset))
        return np.array(sorted(covers), dtype=np.int64).reshape(-1, 3)

    def _covered(
        self, use: NDArray[np.int64], which: NDArray[np.int64], pattern: NDArray[np.int64], begin: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Which found uses stand within a term of their own segment that was found too; ``which`` is the hit of each use."""
        first = self._first_cover[use]
        count = self._first_cover[use + 1] - first
        open_ = np.flatnonzero(count)
        if not len(open_):
            return open_
        each, offset = spread(count[open_])
        found = open_[each]
        row = self._covers[first[found] + offset]
        at = begin[which[found]] - row[:, 2]
        span = int(begin.max(initial=0)) + 1
        cover = np.flatnonzero(self._is_cover[pattern])
        there = member(row[:, 1] * span + at, np.sort(pattern[cover] * span + begin[cover]))
        covered: NDArray[np.int64] = found[there & (at >= 0)]
        return covered

    def _slip_table(self, order: dict[str, int]) -> Slips:
        """The long terms that a slip leaves recognisable."""
        numbers = {order[term] for segment in self.segments for term, weight in segment.terms if _leaves_slips(term, weight)}
        return Slips([(number, self.patterns[number]) for number in sorted(numbers)])

    def _with_slips(
        self,
        texts: Sequence[str],
        joined: str,
        lengths: NDArray[np.int64],
        cell: NDArray[np.int64],
        code: NDArray[np.int64],
        excluded: NDArray[np.uint64],
    ) -> sparse.csr_array:
        """Best hits as a matrix, with those of slips (近似拼写).

        Items of 4–12 characters that no term of a chain hits but that are a slip away from a strong one count at a share. Each chain
        is looked at for itself, so that a word of one chain never moves another.
        """
        share, width, chains = self.corpora.reading.fuzzy_share, len(self.segments), self._chains.tolist()
        first = np.searchsorted(cell, np.arange(len(texts) + 1) * width)
        slips: dict[int, int] = {}
        for text, number in self._slips.candidates(joined, lengths, _may_slip(lengths)):
            term = self.patterns[number]
            if term == texts[text] or OSA.distance(term, texts[text], score_cutoff=1) > 1:
                continue
            hit = set(self._chains[cell[first[text] : first[text + 1]] % width].tolist())
            uses = slice(*self._first_use[number : number + 2].tolist())
            for role, target, weight in zip(*(of[uses].tolist() for of in (self._role, self._target, self._weight)), strict=True):
                strong = role == _TERM and weight >= _LEAST_FUZZY_WEIGHT
                if strong and not excluded[text, target >> 6] & _BIT[target & 63] and chains[target] not in hit:
                    at = text * width + target
                    slips[at] = max(slips.get(at, 0), self._code(weight * share // 100, number, len(term)))
        if slips:
            cell, code = np.concatenate([cell, list(slips)]), np.concatenate([code, list(slips.values())])
            order = np.argsort(cell)
            cell, code = cell[order], code[order]
            first = np.searchsorted(cell, np.arange(len(texts) + 1) * width)
        return sparse.csr_array((code, cell % max(width, 1), first), shape=(len(texts), width))


def _leaves_slips(term: str, weight: int) -> bool:
    """Whether a term is long and strong enough that a slip leaves it recognisable."""
    return len(term) >= _LEAST_FUZZY and weight >= _LEAST_FUZZY_WEIGHT


def _may_slip(lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether texts of these lengths can be slips of a long term."""
    return (lengths >= _LEAST_FUZZY - 1) & (lengths <= _MOST_FUZZY)


def token_ends(tokens: Sequence[str]) -> NDArray[np.int64]:
    """Where each token ends in the text that they make up (词尾位置)."""
    return np.cumsum(np.fromiter(map(len, tokens), np.int64, len(tokens)))


def token_owners(texts: Sequence[str], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of the text that each token is of (词属于哪条文本); ``ends`` of the texts joined by newlines."""
    return np.searchsorted(_laid_out(texts)[1], ends - 1, side="right") - 1


def _laid_out(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lengths and beginnings of texts joined by newlines."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    return lengths, np.cumsum(lengths + 1) - lengths - 1


@lru_cache(maxsize=1024)  # most segments stay as they are while words of one are tried
def _within(terms: tuple[str, ...], words: tuple[str, ...]) -> tuple[tuple[int, str, int], ...]:
    """(place of a word, term that contains it and more, offset) of all."""
    found = []
    joined = "\n".join(terms)
    places = [(place, word) for place, word in enumerate(words) if word in joined]  # of hundreds a few
    for term in terms:
        for place, word in places:
            offset = term.find(word)
            while offset >= 0 and term != word:
                found.append((place, term, offset))
                offset = term.find(word, offset + 1)
    return tuple(found)


def spread(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For groups of these sizes laid out one after another: the group of each member, and its place in the group (展开)."""
    group = np.repeat(np.arange(len(counts)), counts)
    return group, np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
