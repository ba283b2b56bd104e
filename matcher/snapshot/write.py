"""Merged companies → the files of a snapshot (写快照文件), a window at a time."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.intake.companies import TEXT_FIELDS
from matcher.matching.name_files import former_names, write_index
from matcher.snapshot.columns import Mapped, TextWriter
from matcher.snapshot.members import FIELDS, Member
from matcher.snapshot.merge import Merging
from matcher.snapshot.opened import COLUMNS, ORIGINS
from matcher.storage import ArrayWriter

READ_FIELDS = ("name", "city", "province", "main_products", "business_scope", "industry")
"""What ``ProfileReader`` reads of a company (读文本所用字段): where these are equal, the profile is."""
_WINDOW = 10_000


def write_companies(folder: Path, merging: Merging, tell: Callable[[int], None]) -> None:
    """Writes columns, sources, digests and the index of names (写入各文件)."""
    rows = len(merging)
    with contextlib.ExitStack() as stack:
        origins = _Origins(folder / "origins", stack)
        texts = {field: stack.enter_context(TextWriter(folder / "texts" / field)) for field in TEXT_FIELDS}
        numbers = {name: stack.enter_context(ArrayWriter(folder / "columns" / name, kind)) for name, kind in COLUMNS.items()}
        digests = stack.enter_context(ArrayWriter(folder / "digests", np.uint64, 2))
        for start in range(0, rows, _WINDOW):
            window = list(merging.companies(start, min(start + _WINDOW, rows)))
            values = dict(zip(FIELDS, zip(*(member.values for member in window), strict=True), strict=True))
            for field, column in texts.items():
                column.add([str(value) for value in values[field]])
            for name, writer in numbers.items():
                writer.add(values[name] if name in values else [getattr(member, name) for member in window])
            digests.add(text_digests([values[field] for field in READ_FIELDS]))
            origins.add(start, window)
            tell(start + len(window))
    _write_names(folder)


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

    def add(self, start: int, window: Sequence[Member]) -> None:
        many = [(start + n, member) for n, member in enumerate(window) if len(member.origins) > 1]
        ends = np.cumsum([len(member.origins) for _, member in many], dtype=np.int64) + self._count
        self._add("place", [place for place, _ in many])
        self._add("first", ends)
        self._add("origin", list(chain.from_iterable(member.origins for _, member in many)))
        self._add("choice", [member.choice for _, member in many])
        self._count = int(ends[-1]) if len(ends) else self._count

    def _add(self, name: str, values: Any) -> None:
        self._streams[name].write(np.asarray(values, dtype=ORIGINS[name]).tobytes())


def _write_names(folder: Path) -> None:
    mapped = Mapped(folder)
    (folder / "names").mkdir()
    names, former = mapped.texts("texts/name"), former_names(mapped.texts("texts/former_names"))
    write_index(folder / "names", names, former, rest=mapped.release)
