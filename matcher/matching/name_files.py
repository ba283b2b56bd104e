"""Writes the index of names (写名称索引) in memory that does not grow with the names: they go through files, a bucket at a time.

A name's number is its place by hash, so buckets by the first bits of the hash follow one another; within a bucket names are sorted in
memory. Grams go to parts by their characters in the same way, and each part is sorted by itself. Blocks of names, buckets and parts are
made by several processes, each by itself; only what is written goes from one to another.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from matcher.matching.name_index import ARRAYS, BETWEEN, DOC_BITS, NameIndex, squeezed_text
from matcher.matching.name_lines import Lines
from matcher.processes import one_by_one
from matcher.storage import ArrayWriter

_NAMES = 50_000  # names of a bucket, about; as many are read at a time
_CHARACTERS = 1_000_000  # characters whose grams are sorted at a time, about
_MOST_SHARE = 0.03  # a gram that more than this share of the names hold is not kept
_LEAST_CAP = 5000  # … in a small file it is
_CODE_POINTS = 0x110000
_RECORD = np.dtype([("hash", np.uint64), ("entry", np.uint32)])
_RUN = np.dtype([("gram", np.uint64), ("size", np.uint32)])
_DOC_MASK = np.uint64((1 << DOC_BITS) - 1)


def index_of(names: Sequence[str], former: Iterable[str], processes: int = 1) -> NameIndex:
    """The index of a company base in memory (企业库的索引): its names, then the former ones in order of place.

    Args:
        names: Of the companies.
        former: The cell of each company with its former names.
        processes: Most processes at work.
    """
    pairs = list(former_names(former))
    return built_index([*names, *(name for _, name in pairs)], [place for place, _ in pairs], processes)


def built_index(names: Sequence[str], former: Sequence[int] = (), processes: int = 1) -> NameIndex:
    """The index of ``names`` as given, in memory (建索引).

    Args:
        names: Those of the companies, then their former names.
        former: Place of the company of each former name.
        processes: Most processes at work.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_index(Path(folder), names, (), former, processes=processes)
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
    processes: int = 1,
) -> None:
    """Writes the arrays of ``NameIndex`` into a folder, for ``NameIndex.open`` (写索引文件).

    Args:
        folder: Exists.
        names: Of the companies.
        former: ``former_names``; they follow.
        owners: Place of the company of each of the last ``names``, where former ones already stand among them.
        rest: Called between blocks: whoever mapped what is read may give its memory back.
        processes: Most processes at work; no byte depends on it.

    Raises:
        ValueError: They are too many.
    """
    processes = max(1, min(processes, len(names) // _NAMES))
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder, prefix=".names-")))
        files = {name: stack.enter_context(ArrayWriter(folder / name, kind)) for name, kind in ARRAYS.items()}
        files["former"].add(np.array(owners, dtype=np.uint32))
        blocks = _Blocks(scratch, names, rest)
        buckets = _Buckets(scratch, list(one_by_one(blocks.made, _jobs(names, former, files["former"], rest), processes)))
        if buckets.count >> DOC_BITS:
            raise ValueError(f"more than {1 << DOC_BITS} names")
        files["alphabet"].add(buckets.alphabet)
        bounds = [one.bounds for one in _written(files, "starts", one_by_one(buckets.made, buckets.numbers, processes))]
        most = max(_LEAST_CAP, int(buckets.count * _MOST_SHARE))
        parts = _Parts(scratch, most, list(zip(buckets.numbers, bounds, strict=True)))
        for _ in _written(files, "first", one_by_one(parts.made, range(buckets.parts if buckets.count else 0), processes)):
            pass


def _written(files: Mapping[str, ArrayWriter], ends: str, made: Iterable[_Made]) -> Iterator[_Made]:
    """Each thing made, once its arrays are written; those of ``ends`` count from the beginning of each."""
    files[ends].add([0])
    end = 0
    for one in made:
        for name, values in one.arrays.items():
            files[name].add(values + end if name == ends else values)
        end += int(one.arrays[ends][-1]) if len(one.arrays[ends]) else 0
        yield one


class _Job(NamedTuple):
    """A block: number of its first name, and where its names stand, or themselves."""

    entry: int
    names: range | list[str]


def _jobs(names: Sequence[str], former: Iterable[tuple[int, str]], owners: ArrayWriter, rest: Callable[[], None]) -> Iterator[_Job]:
    """All blocks; owners of former names are written as these are told."""
    for entry in range(0, len(names), _NAMES):
        yield _Job(entry, range(entry, min(entry + _NAMES, len(names))))
    entry, further = len(names), iter(former)
    while pairs := list(itertools.islice(further, _NAMES)):
        owners.add([place for place, _ in pairs])
        yield _Job(entry, [name for _, name in pairs])
        entry += len(pairs)
        rest()


class _Block(NamedTuple):
    """What is known of a block whose names lie on disk by their buckets.

    Attributes:
        path: Of its files, without what they hold.
        characters: Code points that occur, and how often.
        heads: Hashes of what names say up to 公司 that go on behind it.
        names, chars: Where each bucket's begin, and the end.
    """

    path: Path
    characters: tuple[NDArray[np.int64], NDArray[np.int64]]
    heads: NDArray[np.uint64]
    names: NDArray[np.int64]
    chars: NDArray[np.int64]


class _Blocks:
    """Squeezes and hashes names, and puts them on disk in buckets by the first bits of their hashes."""

    def __init__(self, folder: Path, names: Sequence[str], rest: Callable[[], None]) -> None:
        self._folder, self._names, self._rest = folder, names, rest
        self._bits = (len(names) // _NAMES).bit_length()

    def made(self, job: _Job) -> _Block:
        """A block, on disk."""
        given = self._names[job.names.start : job.names.stop] if isinstance(job.names, range) else job.names
        lines = Lines.of_text(squeezed_text(given))
        hashes, heads = lines.hashes()
        records = np.empty(len(hashes), dtype=_RECORD)
        records["hash"], records["entry"] = hashes, np.arange(job.entry, job.entry + len(hashes))
        bucket = (hashes >> np.uint64(64 - self._bits)).astype(np.uint16) if self._bits else np.zeros(len(hashes), dtype=np.uint16)
        order = np.argsort(bucket, kind="stable")
        lines, records = lines.take(order), records[order]
        path = self._folder / f"{job.entry}"
        lines.chars.tofile(path.with_suffix(".chars"))
        records.tofile(path.with_suffix(".records"))
        count = np.bincount(lines.chars)
        count[ord("\n")] = 0
        codes = np.flatnonzero(count)
        names = np.concatenate([[0], np.cumsum(np.bincount(bucket, minlength=1 << self._bits))])
        self._rest()
        return _Block(path, (codes, count[codes]), heads, names, np.concatenate([[0], lines.ends + 1])[names])


class _Made(NamedTuple):
    """What is written of a bucket or a part.

    Attributes:
        arrays: By file.
        bounds: Of a bucket: where each part begins among grams, and among postings, and the ends.
    """

    arrays: dict[str, NDArray[Any]]
    bounds: NDArray[np.int64] = np.zeros((2, 0), dtype=np.int64)


class _Buckets:
    """Sorts the names of each bucket and finds their grams, which it puts on disk.

    Attributes:
        count: All names.
        numbers: Of the buckets that are not empty.
        alphabet: Code points that occur, ascending.
        parts: How many there are of grams.
    """

    def __init__(self, folder: Path, blocks: Sequence[_Block]) -> None:
        self._folder, self._blocks = folder, blocks
        characters = np.zeros(_CODE_POINTS, dtype=np.int64)
        for block in blocks:
            characters[block.characters[0]] += block.characters[1]
        self.alphabet = np.flatnonzero(characters).astype(np.uint32)
        self._number = np.zeros(_CODE_POINTS, dtype=np.uint32)
        self._number[self.alphabet] = np.arange(1, len(self.alphabet) + 1)
        self._width = np.uint64(len(self.alphabet) + 1)
        parts = _parts(characters[self.alphabet])
        self.parts = int(parts[-1, 1]) + 1
        begins = np.searchsorted(parts.ravel(), np.arange(self.parts + 1))  # a character's own gram comes before its pairs
        self._first = (begins // 2).astype(np.uint64) * self._width + (begins % 2).astype(np.uint64)
        self._heads = np.unique(np.concatenate([np.zeros(0, dtype=np.uint64), *(block.heads for block in blocks)]))
        sizes = np.diff(np.sum([block.names for block in blocks], axis=0)) if blocks else np.zeros(1, dtype=np.int64)
        self.numbers = np.flatnonzero(sizes).tolist()
        self._starts = np.concatenate([[0], np.cumsum(sizes)])
        self.count = int(self._starts[-1])

    def made(self, number: int) -> _Made:
        """A bucket; its grams are on disk."""
        records = np.concatenate(
            [_slice(block.path.with_suffix(".records"), _RECORD, block.names, number) for block in self._blocks]
        )
        chars = [_slice(block.path.with_suffix(".chars"), np.uint32, block.chars, number) for block in self._blocks]
        order = np.argsort(records["hash"], kind="stable")
        records, lines = records[order], Lines.of(np.concatenate(chars)).take(order)
        text, ends = lines.encoded()
        arrays = {
            "hashes": records["hash"], "entries": records["entry"], "standing": lines.standing(),
            "leads": _leads(records["hash"], self._heads), "text": text, "starts": ends,
        }  # fmt: skip
        return _Made(arrays, self._grams(lines, number))

    def _grams(self, lines: Lines, bucket: int) -> NDArray[np.int64]:
        """Puts who holds each gram on disk; returns where each part begins among grams and among postings, and the ends."""
        number = self._number[lines.chars]  # 0 of a line end
        doc = np.repeat(np.arange(len(lines.ends), dtype=np.uint64), lines.ends - lines.starts + 1)
        doc += np.uint64(self._starts[bucket])
        keys = np.empty(2 * len(number) - 1, dtype=np.uint64)
        one, two = keys[: len(number)], keys[len(number) :]
        np.multiply(number, self._width, out=one)
        np.add(one[:-1], number[1:], out=two)  # with a line end it is the character again, behind one it is no gram
        keys <<= np.uint64(DOC_BITS)
        one |= doc
        two |= doc[:-1]
        keys.sort()
        keys = keys[np.searchsorted(keys, self._width << np.uint64(DOC_BITS)) :]
        keys = keys[_changes(keys)]
        gram = keys >> np.uint64(DOC_BITS)
        begins = np.flatnonzero(_changes(gram))
        runs = np.empty(len(begins), dtype=_RUN)
        runs["gram"], runs["size"] = gram[begins], np.diff(begins, append=len(keys))
        runs.tofile(self._folder / f"{bucket}.runs")
        keys &= _DOC_MASK
        keys.astype(np.uint32).tofile(self._folder / f"{bucket}.postings")
        bounds = np.searchsorted(runs["gram"], self._first)
        return np.array([bounds, np.append(begins, len(keys))[bounds]])


class _Parts:
    """Joins the postings of each part's grams.

    Args:
        folder: Of what buckets have put on disk.
        most: Names of a gram that is kept, at most.
        buckets: Number of each, and the bounds of its parts.
    """

    def __init__(self, folder: Path, most: int, buckets: Sequence[tuple[int, NDArray[np.int64]]]) -> None:
        self._folder, self._most, self._buckets = folder, most, buckets

    def made(self, part: int) -> _Made:
        """Grams ascending that no more than so many names hold, where the postings of each end, and the postings."""
        runs = np.concatenate([_slice(self._folder / f"{one}.runs", _RUN, bounds[0], part) for one, bounds in self._buckets])
        postings = [_slice(self._folder / f"{one}.postings", np.uint32, bounds[1], part) for one, bounds in self._buckets]
        size = runs["size"].astype(np.int64)
        start = np.cumsum(size) - size
        order = np.argsort(runs["gram"], kind="stable")  # numbers of a later bucket are greater
        gram, size, start = runs["gram"][order], size[order], start[order]
        begins = np.flatnonzero(_changes(gram))
        total = np.add.reduceat(size, begins) if len(begins) else size
        kept = total <= self._most
        chosen = np.repeat(kept, np.diff(begins, append=len(gram)))
        size, start = size[chosen], start[chosen]
        at = np.repeat(start - (np.cumsum(size) - size), size)
        at += np.arange(len(at))
        return _Made({"grams": gram[begins[kept]], "first": np.cumsum(total[kept]), "postings": np.concatenate(postings)[at]})


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


def _slice(path: Path, kind: DTypeLike, bounds: NDArray[np.int64], number: int) -> NDArray[Any]:
    """What a file holds from one bound to the next."""
    begin, end = int(bounds[number]), int(bounds[number + 1])
    size = np.dtype(kind).itemsize
    return np.fromfile(path, kind, end - begin, offset=begin * size) if end > begin else np.zeros(0, dtype=kind)


def _changes(values: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Where another value begins."""
    found = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found


def _leads(hashes: NDArray[np.uint64], heads: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which of the ascending hashes are one of these."""
    at = np.searchsorted(heads, hashes)
    at[at == len(heads)] = 0
    return heads[at] == hashes if len(heads) else np.zeros(len(hashes), dtype=np.bool_)
