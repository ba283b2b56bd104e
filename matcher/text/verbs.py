"""Which verbs of a scope item speak for it (经营方式动词).

A verb speaks where it closes the item (红茶的加工) or a part of it that is joined to the next (生产及技术服务), or where it opens one
(加工红茶). One that closes is stronger than one that opens, because an opening verb may belong to a noun (养殖场管理), unless the
two are joined (加工红茶及销售). A closing 咨询 or 租赁 makes advice or hire of whatever stands before it (养殖技术咨询). Verbs within
nouns (养殖设备, 生产资料) never speak; those of ``made_here`` (自产) always do. Only where no verb opens or closes does one in the
middle speak. Of several that speak, the strongest claim counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import ahocorasick_rs
import numpy as np
from numpy.typing import NDArray

from matcher.corpora import MODES, Reading

NO_MODE = len(MODES)
"""Code of an item without a verb (未写动词)."""

_NOUN = NO_MODE + 1
_JOINTS = "和及与或等的、并兼以 /()"  # what may stand between bare verbs
_LINKS = "和及与或并兼、 /()"  # what joins two parts of an item
_IS_LINK = np.zeros(max(map(ord, _LINKS)) + 2, dtype=np.bool_)  # by code point; the last entry stands for all beyond
_IS_LINK[[*map(ord, _LINKS)]] = True


@dataclass(frozen=True)
class Verbs:
    """For each distinct item (分项的动词): its own mode, and whether a verb starts it, ends it, is all of it."""

    mode: NDArray[np.int8]
    prefix: NDArray[np.bool_]
    suffix: NDArray[np.bool_]
    bare: NDArray[np.bool_]


@dataclass(frozen=True)
class _Hits:
    """Verbs and nouns with verbs as found in the joined items, from left to right."""

    code: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    owner: NDArray[np.int64]
    plain: NDArray[np.bool_]
    closer: NDArray[np.bool_]
    firm: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.code)


class VerbReader:
    """Finds verbs with the lists of ``corpora/reading.yaml`` (动词识别)."""

    def __init__(self, reading: Reading) -> None:
        codes = {verb: code for code, mode in reversed(list(enumerate(MODES))) for verb in reading.modes[mode]}
        nouns = [verb + use + noun for verb in reading.noun_verbs for use in ("", "用", "专用") for noun in reading.noun_tails]
        codes |= dict.fromkeys([*nouns, *reading.nouns_with_verbs], _NOUN)
        plain = frozenset(codes)
        codes |= dict.fromkeys(reading.made_here, MODES.index("produce"))
        self._codes = np.array(list(codes.values()), dtype=np.int64)
        self._closers = np.array([verb in reading.closing_verbs for verb in codes], dtype=np.bool_)
        self._firm = np.array([verb in reading.made_here for verb in codes], dtype=np.bool_)
        self._plain = np.array([verb in plain for verb in codes], dtype=np.bool_)
        self._search = ahocorasick_rs.AhoCorasick(list(codes), matchkind=ahocorasick_rs.MATCHKIND_LEFTMOST_LONGEST)
        tails = sorted(int(_pair(np.frombuffer(_utf32(tail), np.uint32))[0]) for tail in reading.item_tails)
        self._tails = np.array(tails or [-1], dtype=np.int64)

    def read(self, texts: list[str]) -> Verbs:
        """The verbs of distinct items (识别动词)."""
        count = len(texts)
        joined = "\n".join(texts) + "\n"
        chars = np.frombuffer(_utf32(joined), dtype=np.uint32)
        lengths = np.fromiter(map(len, texts), np.int64, count)
        starts = np.concatenate([[0], np.cumsum(lengths + 1)[:-1]]).astype(np.int64)
        hits = self._hits(joined, starts)
        verb = hits.code != _NOUN
        ends = starts + lengths
        shorter = np.zeros(count, dtype=np.bool_)
        long = lengths > 2
        last = _pair(chars)[ends[long] - 2]
        shorter[long] = self._tails[np.minimum(np.searchsorted(self._tails, last), len(self._tails) - 1)] == last
        bare = self._bare(texts, hits, verb & hits.plain, starts, lengths)
        speaks, closes = _speaking(hits, verb, chars, starts, ends - 2 * shorter)
        speaks |= verb & bare[hits.owner]
        mode = np.full(count, NO_MODE, dtype=np.int8)
        np.minimum.at(mode, hits.owner[speaks], hits.code[speaks].astype(np.int8))
        silent = verb & (mode[hits.owner] == NO_MODE)
        np.minimum.at(mode, hits.owner[silent], hits.code[silent].astype(np.int8))
        prefix = np.zeros(count, dtype=np.bool_)
        suffix = np.zeros(count, dtype=np.bool_)
        prefix[hits.owner[(speaks | silent) & (hits.start == starts[hits.owner])]] = True
        suffix[hits.owner[closes]] = True
        return Verbs(mode, prefix, suffix, bare)

    def _hits(self, joined: str, starts: NDArray[np.int64]) -> _Hits:
        hits = self._search.find_matches_as_indexes(joined)
        found = np.fromiter(chain.from_iterable(hits), np.int64, 3 * len(hits)).reshape(-1, 3)
        owner = np.searchsorted(starts, found[:, 1], side="right") - 1
        which = found[:, 0]
        return _Hits(
            self._codes[which], found[:, 1], found[:, 2], owner, self._plain[which], self._closers[which], self._firm[which]
        )

    def _bare(
        self, texts: list[str], hits: _Hits, verb: NDArray[np.bool_], starts: NDArray[np.int64], lengths: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Whether an item is nothing but verbs and what joins them."""
        begins = np.zeros(len(texts), dtype=np.bool_)
        finishes = begins.copy()
        begins[hits.owner[verb & (hits.start == starts[hits.owner])]] = True
        finishes[hits.owner[verb & (hits.end == (starts + lengths)[hits.owner])]] = True
        covered = np.bincount(hits.owner[verb], weights=(hits.end - hits.start)[verb], minlength=len(texts))
        bare: NDArray[np.bool_] = begins & (covered == lengths)
        edges = np.searchsorted(hits.owner, np.arange(len(texts) + 1))
        for number in np.flatnonzero(begins & finishes & ~bare & (lengths <= 12)):
            own = slice(edges[number], edges[number + 1])
            bare[number] = _only_joints(texts[number], hits.start[own] - starts[number], hits.end[own] - starts[number], verb[own])
        return bare


def _speaking(
    hits: _Hits, verb: NDArray[np.bool_], chars: NDArray[np.uint32], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which hits speak for their items by where they stand, and which of them close the whole item."""
    if not len(hits):
        return verb, verb
    links = _IS_LINK[np.minimum(chars, len(_IS_LINK) - 1)]
    run = np.cumsum(np.concatenate([[True], (hits.start[1:] != hits.end[:-1]) | ~verb[1:] | ~verb[:-1]])) - 1
    first = np.flatnonzero(np.concatenate([[True], run[1:] != run[:-1]]))
    last = np.concatenate([first[1:] - 1, [len(hits) - 1]])
    linked_before = (hits.start[first] > 0) & links[hits.start[first] - 1]
    at_end = hits.end[last] == ends[hits.owner[last]]
    opens = (linked_before | (hits.start[first] == starts[hits.owner[first]]))[run] & verb
    closes = at_end[run] & verb
    ends_part = (at_end | links[hits.end[last]])[run] & verb
    closed = np.zeros(len(starts), dtype=np.bool_)
    closed[hits.owner[closes]] = True
    joined = np.zeros(len(starts), dtype=np.bool_)
    joined[hits.owner[closes & linked_before[run]]] = True
    parted = np.zeros(len(starts), dtype=np.bool_)
    parted[hits.owner[ends_part]] = True
    speaks = ends_part | (opens & (~closed | joined)[hits.owner] & (~parted | joined)[hits.owner])
    final = hits.closer & (hits.end == ends[hits.owner]) & (hits.start > starts[hits.owner])
    final &= ~links[np.maximum(hits.start - 1, 0)]
    advised = np.zeros(len(starts), dtype=np.bool_)
    advised[hits.owner[final]] = True
    speaks = np.where(advised[hits.owner], final | (ends_part & ~closes), speaks) | hits.firm
    return speaks, closes


def _only_joints(text: str, start: NDArray[np.int64], end: NDArray[np.int64], verb: NDArray[np.bool_]) -> bool:
    inside = np.zeros(len(text), dtype=np.bool_)
    for left, right in zip(start[verb], end[verb], strict=True):
        inside[left:right] = True
    return all(char in _JOINTS for char, within in zip(text, inside, strict=True) if not within)


def _utf32(text: str) -> bytes:
    return text.encode("utf-32-le")


def _pair(chars: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Each character with the next as one number."""
    wide = chars.astype(np.int64)
    return (wide[:-1] << 32) | wide[1:]
