"""Rows → companies, sorted on disk (归组): which rows are one company, and in what order companies stand, whatever their number.

Rows go to buckets by the first bits of their keys, where those of one company meet; the companies then go to buckets by their first rows.
Each bucket is sorted by itself, so memory does not grow with the rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.snapshot.columns import Mapped
from matcher.storage import ArrayWriter

_BUCKET = 50_000  # rows of a bucket, about
_SAMPLED = 256  # one row in so many tells how first rows are spread
_KEYED = np.dtype([("high", np.uint64), ("low", np.uint64), ("order", np.int64), ("row", np.int64)])
_PLACED = np.dtype([("first", np.int64), ("order", np.int64), ("row", np.int64)])


class Grouping:
    """Rows that are told bit by bit (归组).

    Args:
        folder: Empty; for files that are of no use afterwards.
        rows: How many there may be.
    """

    def __init__(self, folder: Path, rows: int) -> None:
        self._folder, self._bits = folder, (rows // _BUCKET).bit_length()
        self._sample = [np.zeros(0, dtype=np.int64)]
        self._pieces = 0

    def add(self, key: NDArray[np.uint64], order: NDArray[np.int64], row: NDArray[np.int64]) -> None:
        """Further rows (追加).

        Args:
            key: Of each row two numbers, equal for rows of one company; zeros for a row that is a company by itself.
            order: By which rows stand; no two are equal.
            row: Its number.
        """
        self._sample.append(order[::_SAMPLED])
        has_key = key.any(axis=1)
        keyed = np.empty(int(has_key.sum()), dtype=_KEYED)
        keyed["high"], keyed["low"] = key[has_key].T
        keyed["order"], keyed["row"] = order[has_key], row[has_key]
        bucket = keyed["high"] >> np.uint64(64 - self._bits) if self._bits else np.zeros(len(keyed), dtype=np.uint64)
        _scatter(self._folder, "keyed", bucket.astype(np.int64), keyed)
        alone = np.empty(int((~has_key).sum()), dtype=_PLACED)
        alone["first"] = alone["order"] = order[~has_key]
        alone["row"] = row[~has_key]
        _scatter(self._folder, "alone", np.full(len(alone), self._pieces), alone)
        self._pieces += 1

    def grouped(self) -> Groups:
        """All rows by company (归成企业)."""
        spread = np.sort(np.concatenate(self._sample))
        bounds = spread[:: max(_BUCKET // _SAMPLED, 1)][1:]
        for number in range(1 << self._bits):
            rows = _taken(self._folder / f"keyed-{number}", _KEYED)
            rows = rows[np.lexsort((rows["order"], rows["low"], rows["high"]))]
            begins = np.ones(len(rows), dtype=np.bool_)
            begins[1:] = (rows["high"][1:] != rows["high"][:-1]) | (rows["low"][1:] != rows["low"][:-1])
            placed = np.empty(len(rows), dtype=_PLACED)
            placed["first"] = rows["order"][begins][np.cumsum(begins) - 1]
            placed["order"], placed["row"] = rows["order"], rows["row"]
            self._place(placed, bounds)
        for number in range(self._pieces):
            self._place(_taken(self._folder / f"alone-{number}", _PLACED), bounds)
        with ArrayWriter(self._folder / "rows", np.int64) as each, ArrayWriter(self._folder / "starts", np.int64) as starts:
            starts.add([0])
            done = 0
            for number in range(len(bounds) + 1):
                placed = _taken(self._folder / f"placed-{number}", _PLACED)
                placed = placed[np.lexsort((placed["order"], placed["first"]))]
                each.add(placed["row"])
                starts.add(done + np.flatnonzero(np.append(placed["first"][1:] != placed["first"][:-1], len(placed) > 0)) + 1)
                done += len(placed)
        return Groups(self._folder)

    def _place(self, placed: NDArray[Any], bounds: NDArray[np.int64]) -> None:
        for at in range(0, len(placed), _BUCKET):
            some = placed[at : at + _BUCKET]
            _scatter(self._folder, "placed", np.searchsorted(bounds, some["first"], side="right"), some)


class Groups:
    """The rows of each company, companies by their first rows (企业的行).

    Args:
        folder: Where ``Grouping`` wrote them.
    """

    def __init__(self, folder: Path) -> None:
        self._mapped = Mapped(folder)
        self._rows, self._starts = self._mapped.array("rows"), self._mapped.array("starts")

    def __len__(self) -> int:
        return len(self._starts) - 1

    def rows(self, start: int, end: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of the companies from ``start`` to ``end``, and how many each has (一段企业的行)."""
        starts = self._starts[start : end + 1]
        rows = self._rows[starts[0] : starts[-1]].copy()
        sizes = np.diff(starts)
        self._mapped.release()
        return rows, sizes


def _scatter(folder: Path, name: str, bucket: NDArray[np.int64], records: NDArray[Any]) -> None:
    """Appends each record to the file of its bucket."""
    order = np.argsort(bucket, kind="stable")
    bucket, records = bucket[order], records[order]
    begins = np.flatnonzero(np.append(True, bucket[1:] != bucket[:-1])) if len(bucket) else np.zeros(0, dtype=np.int64)
    for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), len(bucket)], strict=False):
        with (folder / f"{name}-{bucket[begin]}").open("ab") as stream:
            stream.write(records[begin:end].tobytes())


def _taken(path: Path, kind: np.dtype[Any]) -> NDArray[Any]:
    """The records of a bucket, whose file goes."""
    if not path.exists():
        return np.zeros(0, dtype=kind)
    found = np.fromfile(path, dtype=kind)
    path.unlink()
    return found
