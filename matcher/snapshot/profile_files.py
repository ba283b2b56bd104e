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
from matcher.matching.group_names import GroupNames
from matcher.matching.profiles import Profiles
from matcher.rules.zone import SegmentSpec
from matcher.snapshot import layout
from matcher.snapshot.columns import Mapped
from matcher.storage import whole_file
from matcher.text.verbs import NO_MODE
from matcher.types import NameParts

_META = "meta.json"
CELLS = {"affinity": np.int16, "main": np.int16, "mode": np.int8, "named": np.bool_}
"""Matrices that are kept by their cells that are not empty (稀疏保存的矩阵), and their types."""
ROWS: dict[str, Any] = {
    "marks": np.int64, "has_scope": np.bool_, "legal_form": np.int8, "outlet": np.int8, "is_group": np.bool_, "is_arm": np.bool_,
    "permit_until": np.int64, "place_named": np.bool_, "known_group": np.int16, "renowned": np.bool_,
    "group_state": np.int8,
}  # fmt: skip
"""Columns, and their types (按行保存的列)."""
GROUPS: dict[str, Any] = {"group.place": np.int64, "group.begin": np.uint64, "group.known": np.int16, "group": np.uint8}
"""What the names of groups say (集团名称), as ``GroupNames`` has it; the parts of each name are JSON, one behind another."""
_GROUP = "group"
_FILES: dict[str, Any] = {
    **ROWS, "breadth": np.int16, **CELLS, **GROUPS,
    **{f"{name}.first": np.int64 for name in (*CELLS, _GROUP)}, **{f"{name}.segment": np.uint16 for name in CELLS},
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A window's companies as they are written (一段企业的画像).

    Attributes:
        arrays: File → what it holds of them; where a matrix' cells, or a group's name, end is counted from the beginning of the window.
        read: How many of the companies were read now.
    """

    arrays: dict[str, NDArray[Any]]
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


def group_arrays(groups: GroupNames) -> dict[str, NDArray[Any]]:
    """What files hold of the names of groups (写入文件的集团名称)."""
    told = [json.dumps(part, ensure_ascii=False).encode() for part in groups.parts(np.arange(len(groups)))]
    ends = np.cumsum(np.fromiter(map(len, told), np.int64, len(told)))
    return {
        "group.place": groups.place, "group.begin": groups.begin, "group.known": groups.known,
        f"{_GROUP}.first": ends, _GROUP: np.frombuffer(b"".join(told), np.uint8),
    }  # fmt: skip


def kept_groups(mapped: Mapped) -> GroupNames:
    """What was kept of the names of groups (取集团名称); of a name, its parts are read when they are asked for."""
    column = {name: mapped.raw(name, kind) for name, kind in GROUPS.items()}
    first, told = mapped.raw(f"{_GROUP}.first", np.int64), column[_GROUP]

    def parts(chosen: NDArray[np.int64]) -> list[NameParts]:
        ends = zip(first[chosen].tolist(), first[chosen + 1].tolist(), strict=True)
        text = b",".join(told[begin:end].tobytes() for begin, end in ends)
        return [NameParts(*part) for part in json.loads(b"[%b]" % text)]

    return GroupNames(column["group.place"], column["group.begin"], column["group.known"], parts)


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
        files = [f"{name}.bin" for name in _FILES]
        self._streams: dict[str, BinaryIO] = {file: stack.enter_context((folder / file).open("wb")) for file in files}
        self._digests = {file: hashlib.sha256() for file in files}
        self._sizes = dict.fromkeys((*CELLS, _GROUP), 0)
        for name in self._sizes:
            self._add(f"{name}.first.bin", bytes(8))

    def add(self, part: Part) -> None:
        """The next companies (追加)."""
        for name, values in part.arrays.items():
            sized = name.removesuffix(".first")
            self._add(f"{name}.bin", np.ascontiguousarray(values + self._sizes[sized] if sized != name else values).data)
        for name in self._sizes:
            self._sizes[name] += len(part.arrays[name])

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
    for name in (*CELLS, _GROUP):
        arrays[f"{name}.first"] = arrays[f"{name}.first"][1:]
    return Part(arrays, 0)


def keep_part(folder: Path, part: Part, rows: int) -> None:
    """Stages what was read (暂存一段), in the form of a cache, for the next build if this one does not end."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with contextlib.ExitStack() as stack:
        writer = PartWriter(folder, stack)
        writer.add(part)
    writer.describe(rows)
