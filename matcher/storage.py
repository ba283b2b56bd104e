"""Files whole or not at all (整体写入), and memory in bulk: what several rooms need of the machine."""

from __future__ import annotations

import contextlib
import gc
import math
import mmap
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Self, TextIO, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray


@contextlib.contextmanager
def whole_file(path: Path, *, bom: bool = False) -> Iterator[TextIO]:
    """A text stream that becomes ``path`` when all of it is written (写文件).

    Args:
        path: Where to; a link is followed, its folder must exist.
        bom: Begin with a byte order mark, as spreadsheets want it.

    Raises:
        OSError: The file cannot be written; nothing is left behind.
    """
    with (
        _replacing(path) as handle,
        os.fdopen(handle, "w", encoding="utf-8-sig" if bom else "utf-8", errors="replace", newline="") as stream,
    ):
        yield stream


@contextlib.contextmanager
def whole_bytes(path: Path) -> Iterator[BinaryIO]:
    """The same for bytes (写二进制文件)."""
    with _replacing(path) as handle, os.fdopen(handle, "wb") as stream:
        yield stream


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[int]:
    """A file of its own beside ``path`` that takes its place at the end; whoever gets the handle closes it."""
    target = path.resolve()
    if target.is_dir():
        raise IsADirectoryError(21, "是一个目录", str(path))
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}-")
    try:
        yield handle
        Path(name).chmod(0o644)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Writes a file's or a folder's content through to the disk (落盘)."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection within (暂停垃圾回收): millions of small objects that are all kept would be looked through again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class ArrayWriter:
    """An array that is written piece by piece (逐段写数组); how many rows it has is known when all of them are written.

    Args:
        path: Without ``.npy``.
        kind: Of its elements.
        width: Elements of a row, where they are several.
    """

    def __init__(self, path: Path, kind: DTypeLike, *width: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._kind, self._width, self._size = np.dtype(kind), width, 0
        self._stream: BinaryIO = path.with_name(f"{path.name}.npy").open("wb")
        self._head()

    def _head(self) -> None:
        rows = self._size // max(math.prod(self._width), 1)
        header = {"descr": np.lib.format.dtype_to_descr(self._kind), "fortran_order": False, "shape": (rows, *self._width)}
        np.lib.format.write_array_header_1_0(self._stream, header)  # it leaves room for as many rows as there may be

    def add(self, values: Sequence[Any] | NDArray[Any]) -> None:
        """The next rows (追加)."""
        given = np.ascontiguousarray(values, dtype=self._kind)
        self._stream.write(given.tobytes())
        self._size += given.size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.seek(0)
        self._head()
        self._stream.close()


def as_lines(texts: Sequence[str]) -> tuple[bytes, NDArray[np.uint32]]:
    """Texts as a column keeps them (文本的字节): UTF-8, each with a line feed, which none holds, and how long each is."""
    data = ("\n".join(texts) + "\n").encode() if texts else b""
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1
    if len(ends) != len(texts):
        raise AssertionError("a cell holds a line feed")
    return data, np.diff(ends, prepend=0).astype(np.uint32)


_STEP = 4096  # cells decoded at once
_DENSE = 2  # times as many cells are decoded at once for those that are wanted
_FAR = 1 << 18  # bytes between texts from which on nothing is read ahead: that would be most of the file for a few lines


Numbering = tuple[list[str], NDArray[Any]]
"""Distinct texts, and the number of each text among them (去重编号)."""


class TextColumn(Sequence[str]):
    """Texts kept as bytes, usually a mapped file, and read when they are asked for (按需读取的一列文本).

    Args:
        data: UTF-8 of all texts, each followed by a line feed, which no text holds.
        starts: Where each begins, and the end.
        numbering: The distinct texts in the order of their first appearance, and the number of each text among them, where few are distinct
            and it was kept.
    """

    def __init__(self, data: bytes | mmap.mmap, starts: NDArray[np.int64], numbering: Numbering | None = None) -> None:
        self._data, self._starts, self.numbering = data, starts, numbering
        self._empty = len(data) == len(self)

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            places = range(len(self))[place]
            return self._between(places.start, places.stop) if places.step == 1 else self.take(places)
        number = range(len(self))[place]
        if self.numbering is not None:
            return self.numbering[0][int(self.numbering[1][number])]
        return str(self._data[int(self._starts[number]) : int(self._starts[number + 1]) - 1], "utf-8")

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(map(self._block, range(0, len(self), _STEP)))

    def _block(self, start: int) -> list[str]:
        return self._between(start, min(start + _STEP, len(self)))

    def _between(self, start: int, end: int) -> list[str]:
        return str(self._data[int(self._starts[start]) : int(self._starts[end])], "utf-8").split("\n")[:-1] if start < end else []

    def holding(self, word: str) -> NDArray[np.int64]:
        """Places of the texts in which a word stands (含有某词的), ascending, found without reading the others one by one."""
        wanted, found = word.encode(), list[int]()
        at = self._data.find(wanted)
        while at >= 0:
            found.append(at)
            at = self._data.find(wanted, at + len(wanted))
        return np.unique(np.searchsorted(self._starts, np.array(found, dtype=np.int64), side="right") - 1)

    def beginning(self, start: str, most: int) -> list[int]:
        """Places of the first texts that begin so (以此开头的), found without reading the others one by one."""
        wanted, found = start.encode(), list[int]()
        at = -1 if self._data[: len(wanted)] != wanted else 0
        if at < 0:
            at = self._data.find(b"\n" + wanted) + 1 or -1
        while at >= 0 and len(found) < most and at < len(self._data):
            found.append(int(np.searchsorted(self._starts, at)))
            at = self._data.find(b"\n" + wanted, at) + 1 or -1
        return found

    def take(self, places: Sequence[int]) -> list[str]:
        """The texts at ``places`` (选取)."""
        if self._empty:
            return [""] * len(places)
        at = np.asarray(places, dtype=np.int64)
        if self.numbering is not None:
            words, number = self.numbering
            return [words[n] for n in number[at].tolist()]
        if len(at) and len(at) <= int(at[-1]) - int(at[0]) + 1 <= _DENSE * len(at) and (at[1:] > at[:-1]).all():
            first, last = int(at[0]), int(at[-1])
            every = str(self._data[int(self._starts[first]) : int(self._starts[last + 1])], "utf-8").split("\n")
            return every[:-1] if len(every) == len(at) + 1 else [every[place] for place in (at - first).tolist()]
        begins, ends = self._starts[at].tolist(), (self._starts[at + 1] - 1).tolist()
        with self._nothing_read_ahead(len(at)):
            return [str(self._data[begin:end], "utf-8") for begin, end in zip(begins, ends, strict=True)]

    @contextlib.contextmanager
    def _nothing_read_ahead(self, count: int) -> Iterator[None]:
        """Of a mapped file, the operating system reads no more within than the texts that are asked for, if these are few (不预读)."""
        if not isinstance(self._data, mmap.mmap) or len(self._data) < _FAR * count:
            yield
            return
        self._data.madvise(mmap.MADV_RANDOM)
        try:
            yield
        finally:
            self._data.madvise(mmap.MADV_NORMAL)


class ChosenTexts(Mapping[str, Sequence[str]]):
    """Some rows of columns of texts, each column read when it is asked for (按需读取的若干行).

    Args:
        columns: Field → cells, of which some are mapped.
        places: Of the rows.
    """

    def __init__(self, columns: Mapping[str, Sequence[str]], places: NDArray[np.int64]) -> None:
        self._columns, self._places = columns, places
        self._read: dict[str, list[str]] = {}

    def __getitem__(self, field: str) -> list[str]:
        if field not in self._read:
            cells, places = self._columns[field], self._places.tolist()
            self._read[field] = cells.take(places) if isinstance(cells, TextColumn) else [cells[place] for place in places]
        return self._read[field]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __reduce__(self) -> tuple[Any, ...]:
        """What is mapped here is not mapped in another process."""
        return dict, ({field: self[field] for field in self},)

    def take(self, at: NDArray[np.int64]) -> ChosenTexts:
        """Some of these rows, in that order (选取)."""
        return ChosenTexts(self._columns, self._places[at])


def chosen_texts(columns: Mapping[str, Sequence[str]], places: NDArray[np.int64]) -> Mapping[str, Sequence[str]]:
    """Some rows of columns of texts (选取若干行); mapped ones are read when asked for: many rows, but few columns are used."""
    if isinstance(columns, ChosenTexts):
        return columns.take(places)
    if any(isinstance(cells, TextColumn) for cells in columns.values()):
        return ChosenTexts(columns, places)
    if len(places) and places[-1] - places[0] == len(places) - 1 and (places[1:] > places[:-1]).all():
        return {field: cells[int(places[0]) : int(places[-1]) + 1] for field, cells in columns.items()}
    at = places.tolist()
    return {field: [cells[place] for place in at] for field, cells in columns.items()}
