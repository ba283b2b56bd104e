"""Companies as flat files (列文件): written in order, opened by mapping them, read only where they are asked for."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from matcher.storage import ArrayWriter, TextColumn, as_lines

_MOST_WORDS = 20_000  # distinct cities, say; there are some hundreds


class Mapped:
    """A folder's files, mapped (内存映射的目录)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._maps: list[mmap.mmap] = []

    def _map(self, name: str) -> mmap.mmap | bytes:
        with (self.folder / name).open("rb") as stream:
            if not stream.seek(0, 2):
                return b""
            found = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        self._maps.append(found)
        return found

    def array(self, name: str) -> NDArray[Any]:
        """The array of a ``.npy`` file (数组)."""
        data = self._map(f"{name}.npy")
        with (self.folder / f"{name}.npy").open("rb") as stream:
            np.lib.format.read_magic(stream)
            shape, _, kind = np.lib.format.read_array_header_1_0(stream)
            start = stream.tell()
        return np.frombuffer(data, kind, int(np.prod(shape)), start).reshape(shape)

    def raw(self, name: str, kind: DTypeLike) -> NDArray[Any]:
        """A bare array, in a ``.bin`` file (无头数组)."""
        return np.frombuffer(self._map(f"{name}.bin"), kind)

    def texts(self, name: str, numbers: str = "") -> TextColumn:
        """A column of texts (文本列); ``numbers``: where ``NumberWriter`` wrote them, if it did."""
        kept = bool(numbers) and (self.folder / f"{numbers}.npy").exists()  # not in a snapshot of before
        numbering = ([*self.texts(f"{numbers}-words")], self.array(numbers)) if kept else None
        return TextColumn(self._map(f"{name}.txt"), self.array(name), numbering)

    def release(self) -> None:
        """Gives back the memory of what was read; it is read again when asked for (释放已读页)."""
        for found in self._maps:
            found.madvise(mmap.MADV_DONTNEED)


class TextWriter:
    """A column of texts that is written piece by piece (逐段写文本列)."""

    def __init__(self, path: Path) -> None:
        self._starts = ArrayWriter(path, np.int64)
        self._stream: BinaryIO = path.with_name(f"{path.name}.txt").open("wb")
        self._size = 0

    def add(self, data: bytes, lengths: NDArray[np.integer[Any]]) -> None:
        """The next texts, as ``storage.as_lines`` gives them (追加)."""
        if not self._size:
            self._starts.add([0])
        self._starts.add(np.cumsum(lengths, dtype=np.int64) + self._size)
        self._stream.write(data)
        self._size += len(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._starts, self._stream:
            if not self._size:  # a column of nothing
                self._starts.add([0])


class NumberWriter:
    """The distinct texts of a column, and the number of each text among them, written piece by piece (逐段写去重编号).

    Of a column with very many distinct texts nothing is kept: it does not hold what it is thought to, and all of them would be in memory.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._numbers, self._words = ArrayWriter(path, np.uint32), TextWriter(path.with_name(f"{path.name}-words"))
        self._known: dict[str, int] = {}

    def add(self, words: Sequence[str], numbers: NDArray[Any]) -> None:
        """The next texts: the distinct ones in the order of their first appearance, and each one's number among these (追加)."""
        if len(self._known) > _MOST_WORDS:
            return
        of_words = np.array([self._known.setdefault(word, len(self._known)) for word in words], dtype=np.uint32)
        self._numbers.add(of_words[numbers])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._numbers, self._words:
            self._words.add(*as_lines([*self._known]))
        if len(self._known) > _MOST_WORDS:
            for name in (f"{self._path.name}.npy", f"{self._path.name}-words.npy", f"{self._path.name}-words.txt"):
                self._path.with_name(name).unlink()
