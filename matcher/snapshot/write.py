"""Merged companies → the files of a snapshot (写快照文件), a window at a time."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.intake.companies import TEXT_FIELDS
from matcher.intake.fields import NUMBER_COLUMNS
from matcher.matching.name_files import former_names, write_index
from matcher.processes import one_by_one
from matcher.snapshot.columns import Mapped, NumberWriter, TextWriter
from matcher.snapshot.merge import Merging
from matcher.snapshot.opened import NUMBERED, ORIGINS
from matcher.snapshot.windows import Origins
from matcher.storage import ArrayWriter, Numbering, as_lines, collector_paused
from matcher.text.scope import numbered

READ_FIELDS = ("name", "city", "province", "main_products", "business_scope", "industry")
"""What ``ProfileReader`` reads of a company (读文本所用字段): where these are equal, the profile is."""
_WINDOW = 5_000


def write_companies(folder: Path, merging: Merging, tell: Callable[[int], None], processes: int = 1) -> None:
    """Writes columns, sources, digests and the index of names (写入各文件).

    Args:
        folder: Empty.
        merging: The companies.
        tell: Is told how many are written.
        processes: Most that merge rows; what they come to is written here, in order.
    """
    rows = len(merging)
    with contextlib.ExitStack() as stack:
        origins = _Origins(folder / "origins", stack)
        texts = {field: stack.enter_context(TextWriter(folder / "texts" / field)) for field in TEXT_FIELDS}
        numbers = {name: stack.enter_context(ArrayWriter(folder / "columns" / name, kind)) for name, kind in NUMBER_COLUMNS.items()}
        digests = stack.enter_context(ArrayWriter(folder / "digests", np.uint64, 2))
        few = {field: stack.enter_context(NumberWriter(folder / "numbers" / field)) for field in NUMBERED}
        ranges = (range(start, min(start + _WINDOW, rows)) for start in range(0, rows, _WINDOW))
        done = 0
        for part in one_by_one(partial(_made, merging), ranges, processes):
            for field, column in texts.items():
                column.add(*part.texts[field])
            for name, writer in numbers.items():
                writer.add(part.numbers[name])
            for field, kept in few.items():
                kept.add(*part.few[field])
            digests.add(part.digests)
            origins.add(done, part.origins)
            done += len(part.digests)
            tell(done)
    _write_names(folder, processes)


class _Part(NamedTuple):
    """What is written of a window."""

    texts: dict[str, tuple[bytes, NDArray[np.uint32]]]
    numbers: dict[str, NDArray[Any]]
    few: dict[str, Numbering]
    digests: NDArray[np.uint64]
    origins: dict[str, NDArray[Any]]


def _made(merging: Merging, places: range) -> _Part:
    with collector_paused():
        window = merging.window(places.start, places.stop)
        texts = {field: as_lines(window.texts[field]) for field in TEXT_FIELDS}
        numbers: dict[str, NDArray[Any]] = {name: window.numbers[name].astype(kind) for name, kind in NUMBER_COLUMNS.items()}
        few = {field: numbered(window.texts[field]) for field in NUMBERED}
        digests = text_digests([window.texts[field] for field in READ_FIELDS])
        return _Part(texts, numbers, few, digests, _origins_of(window.origins))


def _origins_of(origins: Origins) -> dict[str, NDArray[Any]]:
    """As ``ORIGINS``; places and ends count from the window's begin."""
    found = {"place": origins.place, "first": np.cumsum(origins.many), "origin": origins.rows, "choice": origins.choice}
    return {name: found[name].astype(kind) for name, kind in ORIGINS.items()}


def text_digests(columns: Sequence[Sequence[Any]]) -> NDArray[np.uint64]:
    """Digests of what texts say, from the columns of ``READ_FIELDS`` (文本指纹)."""
    found = b"".join(hashlib.blake2b("\0".join(cells).encode(), digest_size=16).digest() for cells in zip(*columns, strict=True))
    return np.frombuffer(found, np.uint64).reshape(-1, 2)


class _Origins:
    """Writes the rows of companies that were merged; of the others the row is the company's own."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        folder.mkdir()
        self._streams = {name: stack.enter_context((folder / f"{name}.bin").open("wb")) for name in ORIGINS}
        self._count = 0
        self._add("first", [0])

    def add(self, start: int, origins: Mapping[str, NDArray[Any]]) -> None:
        ends = origins["first"] + self._count
        for name, values in {**origins, "place": origins["place"] + start, "first": ends}.items():
            self._add(name, values)
        self._count = int(ends[-1]) if len(ends) else self._count

    def _add(self, name: str, values: Any) -> None:
        self._streams[name].write(np.asarray(values, dtype=ORIGINS[name]).tobytes())


def _write_names(folder: Path, processes: int) -> None:
    mapped = Mapped(folder)
    (folder / "names").mkdir()
    names, former = mapped.texts("texts/name"), former_names(mapped.texts("texts/former_names"))
    write_index(folder / "names", names, former, rest=mapped.release, processes=processes)
