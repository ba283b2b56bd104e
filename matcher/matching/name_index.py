"""Finds names that share rare characters and pairs of characters with a query (名称索引), in flat arrays.

Names are kept squeezed: normalised, letters, digits and characters only. A gram is a character or a pair of neighbours; grams that
very many names hold say nothing and are not kept. A query reads the postings of its rarest grams up to a budget, and the names
with the greatest sum of information (−log₂ of a gram's share of the names) are its candidates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.text.normalise import normalise

_ODD = re.compile(r"[^\w\n]|_")
_MOST_SHARE = 0.03  # a gram that more than this share of the names hold is not kept
_LEAST_CAP = 5000  # … in a small file it is
_BUDGET = 12_000  # postings read for one query, but always those of the rarest gram
_DOC_BITS = 26


def squeezed(names: Sequence[str]) -> list[str]:
    """Names as the index keeps them (压缩后的名称)."""
    if not names:
        return []
    joined = normalise("\n".join(name.replace("\n", " ").replace("\r", " ") for name in names))
    return _ODD.sub("", joined).split("\n")


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
        hashes, by_hash: Hashes of the names, ascending, and the names they belong to.
        standing: Who is meant when a name is cut short: a joint-stock company before a group before others, outlets last.
    """

    text: NDArray[np.uint8]
    starts: NDArray[np.int64]
    alphabet: NDArray[np.uint32]
    grams: NDArray[np.uint64]
    first: NDArray[np.int64]
    postings: NDArray[np.uint32]
    hashes: NDArray[np.uint64]
    by_hash: NDArray[np.uint32]
    standing: NDArray[np.int8]

    @classmethod
    def build(cls, names: Sequence[str]) -> NameIndex:
        """The index of ``names`` as given (建索引)."""
        short = squeezed(names)
        joined = "\n".join(short) + "\n" if short else ""
        chars = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32)
        alphabet = np.unique(chars)
        alphabet = alphabet[alphabet != ord("\n")]
        number = np.where(chars == ord("\n"), 0, np.searchsorted(alphabet, chars) + 1).astype(np.uint64)
        doc = np.cumsum(np.concatenate([[0], chars[:-1] == ord("\n")])).astype(np.uint64) if len(chars) else number
        width = np.uint64(len(alphabet) + 1)
        one = number > 0
        two = one[:-1] & one[1:]
        keys = np.concatenate(
            [_key(number[one] * width, doc[one]), _key(number[:-1][two] * width + number[1:][two], doc[:-1][two])]
        )
        keys.sort()
        keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys
        gram = keys >> np.uint64(_DOC_BITS)
        begins = np.flatnonzero(np.concatenate([[True], gram[1:] != gram[:-1]])) if len(gram) else np.zeros(0, dtype=np.int64)
        sizes = np.diff(np.concatenate([begins, [len(gram)]]))
        kept = sizes <= max(_LEAST_CAP, int(len(short) * _MOST_SHARE))
        postings = (keys & np.uint64((1 << _DOC_BITS) - 1)).astype(np.uint32)[np.repeat(kept, sizes)]
        encoded = [name.encode() for name in short]
        starts = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
        hashes = _hashes(short)
        order = np.argsort(hashes, kind="stable").astype(np.uint32)
        text = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        first = np.concatenate([[0], np.cumsum(sizes[kept])]).astype(np.int64)
        standing = np.fromiter(map(_standing, short), np.int8, len(short))
        return cls(text, starts, alphabet, gram[begins[kept]], first, postings, hashes[order], order, standing)

    def save(self, folder: Path) -> None:
        """Writes each array to a file of its own (保存)."""
        for field in fields(self):
            np.save(folder / f"{field.name}.npy", getattr(self, field.name))

    @classmethod
    def open(cls, folder: Path) -> NameIndex:
        """Maps the arrays of ``save`` (内存映射打开)."""
        return cls(*(np.load(folder / f"{field.name}.npy", mmap_mode="r") for field in fields(cls)))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def size(self) -> int:
        """Bytes of all arrays (占用字节)."""
        return sum(int(getattr(self, field.name).nbytes) for field in fields(self))

    def name(self, number: int) -> str:
        """The squeezed name (压缩名称)."""
        return self.text[self.starts[number] : self.starts[number + 1]].tobytes().decode()

    def exact(self, query: str) -> list[int]:
        """The names that are ``query`` when squeezed, ascending (完全相同)."""
        short = squeezed([query])[0]
        wanted = _hashes([short])[0]
        begin, end = np.searchsorted(self.hashes, wanted), np.searchsorted(self.hashes, wanted, side="right")
        return sorted(int(n) for n in self.by_hash[begin:end] if self.name(int(n)) == short)

    def holders(self, word: str) -> int:
        """How many names hold the rarest pair of neighbours of ``word`` (squeezed), at most; all names if none is kept."""
        sizes = [size for gram, size in self._sizes(word) if gram % (len(self.alphabet) + 1)]
        return min(sizes, default=len(self))

    def candidates(self, query: str, most: int, *, by_standing: bool) -> NDArray[np.int64]:
        """Up to ``most`` names that share the most information with the squeezed query, best first (候选).

        Args:
            query: Squeezed.
            most: How many.
            by_standing: The query is cut short, so who is better known comes first.
        """
        found: list[NDArray[np.uint32]] = []
        weight: list[float] = []
        left = _BUDGET
        for gram, size in sorted(self._sizes(query), key=lambda pair: (pair[1], pair[0])):
            if not size or (found and size > left):
                continue
            left -= size
            place = int(np.searchsorted(self.grams, np.uint64(gram)))
            found.append(self.postings[self.first[place] : self.first[place + 1]])
            information = np.log2(len(self) / size) + 0.1
            weight.append(information if gram % (len(self.alphabet) + 1) else information / 4)
        if not found:
            return np.zeros(0, dtype=np.int64)
        docs = np.concatenate(found).astype(np.int64)
        weights = np.repeat(weight, [len(part) for part in found])
        order = np.argsort(docs, kind="stable")
        docs, weights = docs[order], weights[order]
        begins = np.flatnonzero(np.concatenate([[True], docs[1:] != docs[:-1]]))
        docs = docs[begins]
        total = np.add.reduceat(weights, begins)
        total = total - 0.02 * (self.starts[docs + 1] - self.starts[docs])  # of equals the shorter name first
        if by_standing:
            total = total + self.standing[docs]
        if len(docs) > most:
            cut = np.partition(total, len(total) - most)[len(total) - most]
            keep = total >= cut
            docs, total = docs[keep], total[keep]
        best: NDArray[np.int64] = docs[np.lexsort((docs, -total))][:most]
        return best

    def _sizes(self, query: str) -> Iterator[tuple[int, int]]:
        """Grams of the query with the number of names that hold them; unknown ones with 0, too common ones not at all."""
        chars = np.array([ord(char) for char in query], dtype=np.uint32)
        place = np.searchsorted(self.alphabet, chars)
        known = place < len(self.alphabet)
        known[known] = self.alphabet[place[known]] == chars[known]
        number = np.where(known, place + 1, 0).astype(np.uint64)
        width = np.uint64(len(self.alphabet) + 1)
        pairs = number[:-1] * width + number[1:]
        grams = np.unique(np.concatenate([number[number > 0] * width, pairs[(number[:-1] > 0) & (number[1:] > 0)]]))
        at = np.searchsorted(self.grams, grams)
        for gram, row in zip(grams.tolist(), at.tolist(), strict=True):
            if row < len(self.grams) and int(self.grams[row]) == gram:
                yield gram, int(self.first[row + 1] - self.first[row])


def _standing(name: str) -> int:
    if "公司" in name and not name.endswith("公司"):
        return -3
    if name.endswith("股份有限公司"):
        return 3
    return 2 if "集团" in name or "控股" in name else 0


def _key(gram: NDArray[np.uint64], doc: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return (gram << np.uint64(_DOC_BITS)) | doc


def _hashes(names: Sequence[str]) -> NDArray[np.uint64]:
    """A hash of each name that is the same in every process: a polynomial over its code points."""
    lengths = np.fromiter(map(len, names), np.int64, len(names))
    chars = np.frombuffer("".join(names).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    place = (np.arange(len(chars)) - np.repeat(np.cumsum(lengths) - lengths, lengths)).astype(np.uint64)
    mixed = (chars + (place << np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(31)
    sums = np.concatenate([[np.uint64(0)], np.cumsum(mixed, dtype=np.uint64)])
    ends = np.cumsum(lengths)
    result: NDArray[np.uint64] = sums[ends] - sums[ends - lengths]
    return result
