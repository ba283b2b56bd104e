"""Finds names that share rare characters and pairs of characters with a query (名称索引), in flat arrays.

Names are kept squeezed: normalised, letters, digits and characters only. A gram is a character or a pair of neighbours; grams that
very many names hold say nothing and are not kept. A query reads the postings of its rarest grams up to a budget, and the names
with the greatest sum of information (−log₂ of a gram's share of the names) are its candidates.
"""

from __future__ import annotations

import itertools
import math
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.matching.name_hashes import hashes_of
from matcher.text.normalise import normalise

_ODD = re.compile(r"[^\w\n]|_")
_BUDGET = 12_000  # postings read for one query, but always those of the rarest gram
_ENOUGH = 100  # postings from which on the least that a candidate must share can be told
DOC_BITS = 26
"""Bits of a name's number (编号位数)."""
_LIST_BITS = np.uint32(32 - DOC_BITS)  # postings being merged: above the name, below which list it stands in
_LIST_MASK = np.uint32((1 << 32 - DOC_BITS) - 1)
_MOST_LISTS = int(_LIST_MASK) + 1
GROUP = 2
"""Standing of a group (集团的地位); a joint-stock company has more."""
_REGION = 4  # characters of a region before the 字号 in a name, at most
BETWEEN = "、"
"""What stands between the former names in their cell (曾用名的分隔)."""


def squeezed(names: Sequence[str]) -> list[str]:
    """Names as the index keeps them (压缩后的名称)."""
    return squeezed_text(names).split("\n") if names else []


def squeezed_text(names: Sequence[str]) -> str:
    """The same, joined by line ends (压缩后的名称，一行一个)."""
    joined = "\n".join(names)
    if "\r" in joined or joined.count("\n") >= len(names):
        joined = "\n".join([name.replace("\n", " ").replace("\r", " ") for name in names])
    return squeezed_line(normalise(_whole(joined)))


def one_line(name: str) -> str:
    """A name normalised, without line ends (一行的名称)."""
    return normalise(_whole(name.replace("\n", " ").replace("\r", " ")))


def squeezed_line(line: str) -> str:
    """A normalised text as the index keeps it (规范化后再压缩)."""
    return _ODD.sub("", line)


def _whole(text: str) -> str:
    return text.encode("utf-8", "ignore").decode()  # half a surrogate pair is no character


ARRAYS = {
    "text": np.uint8, "starts": np.int64, "alphabet": np.uint32, "grams": np.uint64, "first": np.int64, "postings": np.uint32,
    "hashes": np.uint64, "entries": np.uint32, "standing": np.int8, "leads": np.bool_, "former": np.uint32,
}  # fmt: skip
"""Arrays of an index (索引的数组), in the order of its attributes, and the kind of each."""


@dataclass(frozen=True)
class NameIndex:
    """The names of one company base (名称索引); all arrays can be memory-mapped.

    Attributes:
        text: UTF-8 of all squeezed names, one behind the other.
        starts: Where each name starts in ``text``, and the end.
        alphabet: Code points that occur, ascending; a character's number is its place + 1.
        grams: Numbers of the kept grams, ascending.
        first: Where the postings of each gram start, and the end.
        postings: Numbers of the names that hold each gram, ascending.
        hashes: Of the names, ascending: a name's number is its place here, whatever the order of the rows it came from.
        entries: Place of each name among those the index was built from.
        standing: Who is meant when a name is cut short: a joint-stock company before a group before others, one of 北京,
            上海, 广州, 深圳 before one of elsewhere, outlets last.
        leads: Whether another name goes on behind it: it has outlets or departments (有分支).
        former: Place of the company that each name behind the companies' own belongs to.
    """

    text: NDArray[np.uint8]
    starts: NDArray[np.int64]
    alphabet: NDArray[np.uint32]
    grams: NDArray[np.uint64]
    first: NDArray[np.int64]
    postings: NDArray[np.uint32]
    hashes: NDArray[np.uint64]
    entries: NDArray[np.uint32]
    standing: NDArray[np.int8]
    leads: NDArray[np.bool_]
    former: NDArray[np.uint32]

    @classmethod
    def open(cls, folder: Path, *, mapped: bool = True) -> NameIndex:
        """The index whose arrays ``name_files.write_index`` wrote (打开索引).

        Args:
            folder: Of the arrays.
            mapped: They stay on disk and are mapped; else they are read into memory.
        """
        arrays = (np.load(folder / f"{name}.npy", mmap_mode="r" if mapped else None) for name in ARRAYS)
        return cls(*(array.view(np.ndarray) for array in arrays))  # a memmap's own ways of slicing take as long as the search

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def size(self) -> int:
        """Bytes of all arrays (占用字节)."""
        return sum(int(getattr(self, name).nbytes) for name in ARRAYS)

    def name(self, number: int) -> str:
        """The squeezed name (压缩名称)."""
        return self.names([number])[0]

    def names(self, numbers: Sequence[int] | NDArray[np.uint32]) -> list[str]:
        """The squeezed names of some numbers, in their order (压缩名称)."""
        at = np.array(numbers, dtype=np.int64)
        text = self.text.data
        return [
            str(text[begin:end], "utf-8") for begin, end in zip(self.starts[at].tolist(), self.starts[at + 1].tolist(), strict=True)
        ]

    def exact(self, query: str) -> list[int]:
        """Places of the names that are ``query`` when squeezed, ascending (完全相同)."""
        return sorted(self.entries[self.any_of(squeezed([query]))].tolist())

    def any_of(self, short: Sequence[str]) -> list[int]:
        """Numbers of the names that are one of these squeezed ones, ascending (与其中之一相同)."""
        hashes = self.hashes.data
        found: set[int] = set()
        for name, wanted in zip(short, hashes_of(short), strict=True):
            number = bisect_left(hashes, wanted)
            while number < len(hashes) and hashes[number] == wanted:
                if self.name(number) == name:
                    found.add(number)
                number += 1
        return sorted(found)

    def initials(self, short: str, most: int) -> list[int]:
        """Numbers of groups and joint-stock companies that a short form may stand for (简称所指): 湘电 for 湘潭电机股份有限公司.

        The first character stands at the start of the name or behind a region, the others behind it in their order.
        """
        rows = sorted((size, row) for size, row, is_pair in self._sizes(short) if not is_pair)
        if not rows:
            return []
        docs = self.postings[self.first[rows[0][1]] : self.first[rows[0][1] + 1]]
        docs = docs[self.standing[docs] >= GROUP]
        for _, row in rows[1:]:
            known = self.postings[self.first[row] : self.first[row + 1]]
            at = known.searchsorted(docs)
            at[at == len(known)] = 0
            docs = docs[known[at] == docs]
        pattern = re.compile(f".{{0,{_REGION}}}" + ".*".join(map(re.escape, short)))
        found = [
            (-int(self.standing[number]), len(name), number)
            for number, name in zip(docs.tolist(), self.names(docs), strict=True)
            if pattern.match(name)
        ]
        return [number for *_, number in sorted(found)[:most]]

    def holders(self, word: str) -> int:
        """How many names hold the rarest pair of neighbours of ``word`` (squeezed), at most; all names if none is kept."""
        return min((size for size, _, is_pair in self._sizes(word) if is_pair), default=len(self))

    def candidates(self, query: str, most: int, *, by_standing: bool) -> NDArray[np.int64]:
        """Numbers of up to ``most`` names that share the most information with the squeezed query, best first (候选).

        Args:
            query: Squeezed.
            most: How many.
            by_standing: The query is cut short, so who is better known comes first.
        """
        lists, weights = self._read(query)
        if not lists:
            return np.zeros(0, dtype=np.int64)
        rest = [*itertools.accumulate(reversed(weights), initial=0.0)][::-1]  # what the lists from here on can add
        above = self._most_standing if by_standing else 0
        enough = next((n for n, size in enumerate(itertools.accumulate(map(len, lists)), 1) if size >= _ENOUGH), len(lists))
        docs, worth = self._merged(lists[:enough], weights, by_standing=by_standing)
        least = self._surely(docs, worth, most)
        read = next((n for n in range(enough, len(lists)) if rest[n] + above < least), len(lists))
        if read > enough:  # whoever stands in no list but those behind cannot be among the first
            docs, worth = self._merged(lists[:read], weights, by_standing=by_standing)
            least = max(least, self._surely(docs, worth, most))
        for known, weight, further in zip(lists[read:], weights[read:], rest[read:], strict=False):
            keep = worth + further >= least
            docs, worth = docs[keep], worth[keep]
            at = known.searchsorted(docs)
            at[at == len(known)] = 0
            worth[known[at] == docs] += weight
        keep = worth >= least
        docs, worth = docs[keep], self._less_length(docs[keep], worth[keep])
        return docs[np.lexsort((docs, -worth))][:most].astype(np.int64)

    def _surely(self, docs: NDArray[np.uint32], worth: NDArray[np.float64], most: int) -> float:
        """What ``most`` of them reach whatever their length, if there are so many."""
        if len(docs) < most:
            return -math.inf
        likely = np.flatnonzero(worth >= np.partition(worth, len(worth) - most)[len(worth) - most])[:most]
        return float(self._less_length(docs[likely], worth[likely]).min())

    def _read(self, query: str) -> tuple[list[NDArray[np.uint32]], list[float]]:
        """Postings of the query's rarest grams, as many as the budget allows, and the information of each; the most telling first."""
        found: list[tuple[float, int]] = []
        left = _BUDGET
        for size, row, is_pair in sorted(self._sizes(query))[:_MOST_LISTS]:
            if not found or size <= left:
                left -= size
                information = math.log2(len(self) / size) + 0.1
                found.append((-information if is_pair else -information / 4, row))
        found.sort()
        return [self.postings[self.first[row] : self.first[row + 1]] for _, row in found], [-weight for weight, _ in found]

    def _merged(
        self, lists: Sequence[NDArray[np.uint32]], weights: Sequence[float], *, by_standing: bool
    ) -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
        """Whoever stands in any of the lists, ascending, and the information shared, more for whom people mean."""
        keys = np.concatenate(lists)
        keys <<= _LIST_BITS
        keys |= np.repeat(np.arange(len(lists), dtype=np.uint32), [len(part) for part in lists])
        keys.sort()
        docs = keys >> _LIST_BITS
        is_first = np.empty(len(docs), dtype=np.bool_)
        is_first[0] = True
        np.not_equal(docs[1:], docs[:-1], out=is_first[1:])
        begins = is_first.nonzero()[0]
        keys &= _LIST_MASK
        worth = np.add.reduceat(np.array(weights)[keys], begins)
        docs = docs[begins]
        return docs, worth + self.standing[docs] if by_standing else worth

    def _less_length(self, docs: NDArray[np.uint32], worth: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of equals the shorter name first; rounded, so that equals are equal in whatever order they were summed."""
        return (worth - 0.02 * (self.starts[docs + 1] - self.starts[docs])).round(9)

    @cached_property
    def _most_standing(self) -> int:
        return int(self.standing.max(initial=0))

    def _sizes(self, query: str) -> list[tuple[int, int, bool]]:
        """Kept grams of the query: how many names hold each, its row, and whether it is a pair."""
        alphabet, grams, first = self.alphabet.data, self.grams.data, self.first.data
        width = len(alphabet) + 1
        numbers = []
        for code in map(ord, query):
            place = bisect_left(alphabet, code)
            numbers.append(place + 1 if place < len(alphabet) and alphabet[place] == code else 0)
        wanted = {number * width for number in numbers if number}
        wanted.update(one * width + other for one, other in itertools.pairwise(numbers) if one and other)
        found = []
        row = 0
        for gram in sorted(wanted):
            row = bisect_left(grams, gram, row)
            if row < len(grams) and grams[row] == gram:
                found.append((first[row + 1] - first[row], row, gram % width > 0))
        return found
