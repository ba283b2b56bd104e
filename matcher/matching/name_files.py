"""Writes the index of names (写名称索引) in memory that does not grow with the names: they go through files, a bucket at a time.

A name's number is its place by hash, so buckets by the first bits of the hash follow one another; within a bucket names are sorted in
memory. Grams go to parts by their characters in the same way, and each part is sorted by itself.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.matching.name_hashes import hashed
from matcher.matching.name_index import ARRAYS, BETWEEN, DOC_BITS, GROUP, NameIndex, squeezed
from matcher.storage import ArrayWriter

_NAMES = 50_000  # names of a bucket, about; as many are read at a time
_CHARACTERS = 1_000_000  # characters whose grams are sorted at a time, about
_MOST_SHARE = 0.03  # a gram that more than this share of the names hold is not kept
_LEAST_CAP = 5000  # … in a small file it is
_CODE_POINTS = 0x110000
_END = "\n"
_COMPANY = "公司"
_FIRST_TIER = ("北京", "上海", "广州", "深圳")
_RECORD = np.dtype([("hash", np.uint64), ("entry", np.uint32)])
_DOC_MASK = np.uint64((1 << DOC_BITS) - 1)


def index_of(names: Sequence[str], former: Iterable[str]) -> NameIndex:
    """The index of a company base in memory (企业库的索引): its names, then the former ones in order of place.

    Args:
        names: Of the companies.
        former: The cell of each company with its former names.
    """
    pairs = list(former_names(former))
    return built_index([*names, *(name for _, name in pairs)], [place for place, _ in pairs])


def built_index(names: Sequence[str], former: Sequence[int] = ()) -> NameIndex:
    """The index of ``names`` as given, in memory (建索引).

    Args:
        names: Those of the companies, then their former names.
        former: Place of the company of each former name.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_index(Path(folder), names, (), former)
        return NameIndex.open(Path(folder), mapped=False)


def former_names(cells: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Place and former name of every former name in the companies' cells, in order (曾用名)."""
    return ((place, name) for place, cell in enumerate(cells) if cell for name in cell.split(BETWEEN) if name)


def write_index(
    folder: Path,
    names: Sequence[str],
    former: Iterable[tuple[int, str]] = (),
    owners: Sequence[int] = (),
    rest: Callable[[], None] = lambda: None,
) -> None:
    """Writes the arrays of ``NameIndex`` into a folder, for ``NameIndex.open`` (写索引文件).

    Args:
        folder: Exists.
        names: Of the companies.
        former: ``former_names``; they follow.
        owners: Place of the company of each of the last ``names``, where former ones already stand among them.
        rest: Called between blocks: whoever mapped what is read may give its memory back.

    Raises:
        ValueError: They are too many.
    """
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder, prefix=".names-")))
        files = {name: stack.enter_context(ArrayWriter(folder / name, kind)) for name, kind in ARRAYS.items()}
        files["former"].add(np.array(owners, dtype=np.uint32))
        buckets = _Buckets(scratch, len(names))
        for at in range(0, len(names), _NAMES):
            buckets.add(names[at : at + _NAMES])
            rest()
        further = iter(former)
        while pairs := list(itertools.islice(further, _NAMES)):
            files["former"].add([place for place, _ in pairs])
            buckets.add([name for _, name in pairs])
            rest()
        if buckets.count >> DOC_BITS:
            raise ValueError(f"more than {1 << DOC_BITS} names")
        grams = _Grams(scratch, buckets.characters)
        files["alphabet"].add(grams.alphabet)
        files["starts"].add([0])
        buckets.write(files, grams)
        grams.write(files, max(_LEAST_CAP, int(buckets.count * _MOST_SHARE)))


class _Buckets:
    """Squeezed names on disk, in buckets by the first bits of their hashes.

    Attributes:
        count: Names so far.
        characters: How often each code point occurs.
    """

    def __init__(self, folder: Path, names: int) -> None:
        self._folder, self._bits = folder, (names // _NAMES).bit_length()
        self.count = 0
        self.characters = np.zeros(_CODE_POINTS, dtype=np.int64)
        self._heads = [np.zeros(0, dtype=np.uint64)]  # hashes of what names say up to 公司 that go on behind it

    def add(self, names: Sequence[str]) -> None:
        """The next names, as given."""
        short = squeezed(names)
        found = np.bincount(_code_points("".join(short)))
        self.characters[: len(found)] += found
        ends = (
            (name, name.find(_COMPANY) + len(_COMPANY)) for name in short if 0 < name.find(_COMPANY) < len(name) - len(_COMPANY)
        )
        self._heads.append(hashed(sorted({name[:end] for name, end in ends})))
        records = np.empty(len(short), dtype=_RECORD)
        records["hash"], records["entry"] = hashed(short), np.arange(self.count, self.count + len(short))
        bucket = records["hash"] >> np.uint64(64 - self._bits) if self._bits else np.zeros(len(short), dtype=np.uint64)
        for number, at in _grouped(bucket, 1 << self._bits):
            _append(self._folder / f"{number}.records", records[at])
            text = "".join([f"{short[place]}\n" for place in at.tolist()])
            _append(self._folder / f"{number}.names", np.frombuffer(text.encode(), dtype=np.uint8))
        self.count += len(short)

    def write(self, files: dict[str, ArrayWriter], grams: _Grams) -> None:
        """What is written of each name in the order of the hashes; their grams go on to be sorted."""
        heads = np.unique(np.concatenate(self._heads))
        first = size = 0
        for number in range(1 << self._bits):
            if not (self._folder / f"{number}.records").exists():
                continue
            records = np.fromfile(self._folder / f"{number}.records", dtype=_RECORD)
            text = (self._folder / f"{number}.names").read_bytes().decode().split(_END)
            order = np.argsort(records["hash"], kind="stable")
            records, short = records[order], [text[at] for at in order.tolist()]
            files["hashes"].add(records["hash"])
            files["entries"].add(records["entry"])
            files["standing"].add(list(map(_standing, short)))
            files["leads"].add(_leads(records["hash"], heads))
            joined = "".join([f"{name}\n" for name in short])
            chars = _code_points(joined)
            files["text"].add(np.frombuffer(joined.replace(_END, "").encode(), dtype=np.uint8))
            ends = size + _ends(chars)
            files["starts"].add(ends)
            grams.add(chars, first)
            first, size = first + len(short), int(ends[-1])


class _Grams:
    """Grams and who holds them, on disk, in parts by the character that a gram begins with."""

    def __init__(self, folder: Path, characters: NDArray[np.int64]) -> None:
        self._folder = folder
        self.alphabet = np.flatnonzero(characters).astype(np.uint32)
        self._width = np.uint64(len(self.alphabet) + 1)
        self._number = np.zeros(_CODE_POINTS, dtype=np.uint32)
        self._number[self.alphabet] = np.arange(1, len(self.alphabet) + 1)
        self._parts = _parts(characters[self.alphabet])

    def add(self, chars: NDArray[np.uint32], first: int) -> None:
        """Those of more names, each with its end, the first of them having this number."""
        number = self._number[chars]
        doc = np.cumsum(number == 0, dtype=np.uint64) + np.uint64(first)  # of an end it is wrong, and not asked for
        at = np.flatnonzero(number)
        one, after = number[at], number[at + 1]
        two = after > 0
        gram = one * self._width
        keys = np.concatenate([gram, gram[two] + after[two]]) << np.uint64(DOC_BITS)
        keys |= np.concatenate([doc[at], doc[at][two]])
        for part, chosen in _grouped(np.concatenate([self._parts[one, 0], self._parts[one[two], 1]]), int(self._parts[-1, 1]) + 1):
            _append(self._folder / f"{part}.grams", keys[chosen])

    def write(self, files: dict[str, ArrayWriter], most: int) -> None:
        """Grams ascending that no more than so many names hold, where the postings of each start, and the postings."""
        end = 0
        files["first"].add([0])
        for part in range(int(self._parts[-1, 1]) + 1):
            path = self._folder / f"{part}.grams"
            if not path.exists():
                continue
            keys = np.fromfile(path, dtype=np.uint64)
            keys.sort()
            keys = keys[_changes(keys)]
            gram = keys >> np.uint64(DOC_BITS)
            begins = np.flatnonzero(_changes(gram))
            size = np.diff(np.append(begins, len(gram)))
            kept = size <= most
            files["grams"].add(gram[begins[kept]])
            ends = end + np.cumsum(size[kept])
            files["first"].add(ends)
            files["postings"].add((keys & _DOC_MASK).astype(np.uint32)[np.repeat(kept, size)])
            end = int(ends[-1]) if len(ends) else end


def _parts(counts: NDArray[np.int64]) -> NDArray[np.int32]:
    """For each character's number the part of the character itself and that of its pairs; both ascend with the number.

    Rare characters share a part; of a very frequent one the pairs have a part of their own.
    """
    parts = np.zeros((len(counts) + 1, 2), dtype=np.int32)
    last = filled = 0
    for number, count in enumerate(counts.tolist(), 1):
        if filled and filled + count > _CHARACTERS:
            last, filled = last + 1, 0
        is_heavy = count > _CHARACTERS
        parts[number] = last, last + is_heavy
        last, filled = (last + 2, 0) if is_heavy else (last, filled + count)
    return parts


def _grouped(number: NDArray[Any], groups: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Each number that occurs, ascending, and where it does, in order."""
    order = np.argsort(number, kind="stable")
    ends = np.searchsorted(number[order], np.arange(groups + 1, dtype=number.dtype))
    return ((group, order[ends[group] : ends[group + 1]]) for group in range(groups) if ends[group] < ends[group + 1])


def _append(path: Path, values: NDArray[Any]) -> None:
    with path.open("ab") as stream:
        stream.write(values.tobytes())


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


def _changes(values: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Where another value begins."""
    found = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found


def _ends(chars: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Where each line ends in UTF-8 without line ends."""
    is_end = chars == ord(_END)
    wide = 1 + (chars > 0x7F).astype(np.int64) + (chars > 0x7FF) + (chars > 0xFFFF)
    wide[is_end] = 0
    ends: NDArray[np.int64] = np.cumsum(wide)[is_end]
    return ends


def _standing(name: str) -> int:
    if _COMPANY in name and not name.endswith(_COMPANY):
        return -3
    first_tier = name.startswith(_FIRST_TIER)
    if name.endswith("股份有限公司"):
        return 3 + first_tier
    return first_tier + (GROUP if "集团" in name or "控股" in name else 0)


def _leads(hashes: NDArray[np.uint64], heads: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which of the ascending hashes are one of these."""
    at = np.searchsorted(heads, hashes)
    at[at == len(heads)] = 0
    return heads[at] == hashes if len(heads) else np.zeros(len(hashes), dtype=np.bool_)
