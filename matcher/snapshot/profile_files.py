"""Files of a profile cache (画像缓存的文件): its companies' profiles, written part by part, with their checksums."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from matcher.errors import SnapshotError
from matcher.matching.profiles import Profiles
from matcher.rules.zone import SegmentSpec
from matcher.snapshot import layout
from matcher.storage import whole_file
from matcher.text.verbs import NO_MODE

_META, NAMES = "meta.json", "names.json"
"""Place and name of each group (集团名称)."""
CELLS = {"affinity": np.int16, "main": np.int16, "mode": np.int8, "named": np.bool_}
"""Matrices that are kept by their cells that are not empty (稀疏保存的矩阵), and their types."""
ROWS: dict[str, Any] = {
    "marks": np.int64, "has_scope": np.bool_, "legal_form": np.int8, "outlet": np.int8, "is_group": np.bool_, "is_arm": np.bool_,
    "permit_until": np.int64, "place_named": np.bool_, "known_group": np.int16, "renowned": np.bool_,
    "group_state": np.int8,
}  # fmt: skip
"""Columns, and their types (按行保存的列)."""
_FILES: dict[str, Any] = {
    **ROWS, "breadth": np.int16, **CELLS,
    **{f"{name}.first": np.int64 for name in CELLS}, **{f"{name}.segment": np.uint16 for name in CELLS},
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A window's companies as they are written (一段企业的画像).

    Attributes:
        arrays: File → what it holds of them; where a matrix' cells end is counted from the beginning of the window.
        names: JSON of the names of groups without the brackets around the list; companies by their place in the snapshot.
        read: How many of the companies were read now.
    """

    arrays: dict[str, NDArray[Any]]
    names: str
    read: int


def arrays_of(profiles: Profiles, segments: Sequence[SegmentSpec]) -> dict[str, NDArray[Any]]:
    """What files hold of profiles (写入文件的数组)."""
    chain = chains_of(segments)
    arrays: dict[str, NDArray[Any]] = {name: getattr(profiles, name) for name in ROWS}
    arrays["breadth"] = profiles.breadth[:, [int(np.flatnonzero(chain == number)[0]) for number in range(int(chain.max()) + 1)]]
    for name in CELLS:
        matrix = getattr(profiles, name)
        row, segment = np.nonzero(matrix != nothing_of(name))
        arrays[f"{name}.first"] = np.cumsum(np.bincount(row, minlength=len(matrix)))
        arrays[f"{name}.segment"] = segment.astype(np.uint16)
        arrays[name] = matrix[row, segment]
    return arrays


def woven(
    first: NDArray[np.bool_], ones: Mapping[str, NDArray[Any]], others: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """What files hold of ``ones`` where ``first`` is true, of ``others`` elsewhere (交织两组企业)."""

    def both(name: str, of_first: NDArray[np.bool_]) -> NDArray[Any]:
        found = np.empty((len(of_first), *ones[name].shape[1:]), dtype=ones[name].dtype)
        found[of_first], found[~of_first] = ones[name], others[name]
        return found

    arrays = {name: both(name, first) for name in (*ROWS, "breadth")}
    for name in CELLS:
        ends = f"{name}.first"
        sizes = np.empty(len(first), dtype=np.int64)
        sizes[first], sizes[~first] = np.diff(ones[ends], prepend=0), np.diff(others[ends], prepend=0)
        of_first = np.repeat(first, sizes)
        arrays[ends] = np.cumsum(sizes)
        arrays |= {file: both(file, of_first) for file in (name, f"{name}.segment")}
    return arrays


class PartWriter:
    """Writes the files of a cache part by part (逐段写画像), and their checksums as it goes.

    Args:
        folder: Exists.
        stack: Closes the files.
    """

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self._folder = folder
        files = [*(f"{name}.bin" for name in _FILES), NAMES]
        self._streams: dict[str, BinaryIO] = {file: stack.enter_context((folder / file).open("wb")) for file in files}
        self._digests = {file: hashlib.sha256() for file in files}
        self._cells = dict.fromkeys(CELLS, 0)
        self._named = False
        self._add(NAMES, b"[")
        for name in CELLS:
            self._add(f"{name}.first.bin", bytes(8))

    def add(self, part: Part) -> None:
        """The next companies (追加)."""
        for name, values in part.arrays.items():
            matrix = name.removesuffix(".first")
            self._add(f"{name}.bin", np.ascontiguousarray(values + self._cells[matrix] if matrix != name else values).data)
        for name in CELLS:
            self._cells[name] += len(part.arrays[name])
        if part.names:
            self._add(NAMES, f"{', ' if self._named else ''}{part.names}".encode())
            self._named = True

    def end(self) -> None:
        """Nothing comes any more (写完)."""
        self._add(NAMES, b"]")

    def describe(self, rows: int) -> layout.Stamps:
        """Writes the checksums of the files, which are closed, and returns how they look (写校验和)."""
        found = layout.stamps(self._folder, sorted(self._digests))
        with whole_file(self._folder / _META) as stream:
            json.dump({"rows": rows, "files": {file: self._digests[file].hexdigest() for file in found}}, stream, indent=1)
        return found

    def _add(self, file: str, data: bytes | memoryview) -> None:
        self._streams[file].write(data)
        self._digests[file].update(data)


def nothing_of(name: str) -> int:
    """What an empty cell of a matrix holds (空格的值)."""
    return NO_MODE if name == "mode" else 0


def chains_of(segments: Sequence[SegmentSpec]) -> NDArray[np.int64]:
    """Number of each segment's chain in order of first appearance (各环节的产业链编号): what is counted by chain is kept so."""
    chains = list(dict.fromkeys(segment.chain for segment in segments))
    return np.array([chains.index(segment.chain) for segment in segments], dtype=np.int64)


def is_whole(folder: Path, rows: int, seal: Path | None = None) -> bool:
    """Whether a cache, or a part, of so many companies is as it was written (是否完整).

    Args:
        folder: Where it should be.
        rows: Companies.
        seal: Where it is noted that it was checked before.
    """
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
        if meta["rows"] != rows:
            return False
        found = layout.stamps(folder, meta["files"])
        if seal is None or not layout.unbroken(seal, found):
            for name, digest in meta["files"].items():
                if layout.file_digest(folder / name) != digest:
                    return False
            if seal is not None:
                layout.put_seal(seal, found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SnapshotError):
        return False
    return True


def kept_part(folder: Path, rows: int) -> Part | None:
    """A part that was staged, if it is whole (取暂存的一段)."""
    if not is_whole(folder, rows):
        return None
    arrays = {name: np.fromfile(folder / f"{name}.bin", kind) for name, kind in _FILES.items()}
    for name in CELLS:
        arrays[f"{name}.first"] = arrays[f"{name}.first"][1:]
    return Part(arrays, (folder / NAMES).read_text(encoding="utf-8")[1:-1], 0)


def keep_part(folder: Path, part: Part, rows: int) -> None:
    """Stages what was read (暂存一段), in the form of a cache, for the next build if this one does not end."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with contextlib.ExitStack() as stack:
        writer = PartWriter(folder, stack)
        writer.add(part)
        writer.end()
    writer.describe(rows)
