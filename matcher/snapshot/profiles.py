"""What the texts of a snapshot say, kept on disk (画像缓存): read once for each set of segments, corpora and version of the program.

Most segments have nothing to do with most companies, so the matrices are kept by their cells that are not empty. A company whose texts
are those of an earlier snapshot takes its profile from there; the others are read, and what was read is staged, so that a build that did
not end is not begun anew. A cache that is not whole is read anew, never trusted.

A worker reads a window of companies, finds the cells that are not empty and stages them; what is left to do for the process that gives
out the windows is to write these behind one another, and no worker waits for another.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.errors import SnapshotError
from matcher.matching.families import group_places
from matcher.matching.group_names import GroupNames
from matcher.matching.profiles import CHUNK, ProfileReader, Profiles
from matcher.processes import one_by_one
from matcher.rules.zone import SegmentSpec
from matcher.snapshot import layout
from matcher.snapshot.columns import Mapped
from matcher.snapshot.opened import Snapshot
from matcher.snapshot.profile_files import (
    CELLS,
    ROWS,
    Part,
    PartWriter,
    arrays_of,
    chains_of,
    group_arrays,
    is_whole,
    keep_part,
    kept_groups,
    kept_part,
    nothing_of,
    woven,
)
from matcher.snapshot.staging import code_digest
from matcher.snapshot.write import READ_FIELDS
from matcher.storage import sync
from matcher.types import NameParts

READ_OF_SEGMENT = ("name", "chain", "kind", "description", "gbt4754", "terms", "excluded", "conflicts")
"""What reading texts needs to know of a segment (读文本所用的环节内容): priorities and needs may change without reading again."""
_WINDOW = CHUNK  # companies that a worker reads at once, at most
_LEAST = 2_000  # companies that are worth a worker


class ProfileCache:
    """The profiles of a snapshot's companies (画像缓存).

    Args:
        folder: Of the cache, checked before.
        segments: Those that it was read for.
        rows: Companies.

    Attributes:
        groups: What the names of those that may be groups say.
    """

    def __init__(self, folder: Path, segments: Sequence[SegmentSpec], rows: int) -> None:
        mapped = Mapped(folder)
        self._rows, self._width = rows, len(segments)
        self._chain = chains_of(segments)
        self._cells = {
            name: (mapped.raw(f"{name}.first", np.int64), mapped.raw(f"{name}.segment", np.uint16), mapped.raw(name, kind))
            for name, kind in CELLS.items()
        }
        self._columns = {name: mapped.raw(name, kind) for name, kind in ROWS.items()}
        self._breadth = mapped.raw("breadth", np.int16).reshape(rows, -1)
        self._mapped, self.groups = mapped, kept_groups(mapped)

    def __len__(self) -> int:
        return self._rows

    def take(self, places: NDArray[np.int64]) -> Profiles:
        """The profiles of the companies at ``places``, as ``ProfileReader.read`` gives them (取画像)."""
        cells = {name: self._matrix(name, places) for name in CELLS}
        columns = {name: column[places] for name, column in self._columns.items()}
        return Profiles(**cells, **columns, breadth=self._breadth[places][:, self._chain])

    def rows(self, places: NDArray[np.int64]) -> Profiles:
        """As ``take``, with matrices that have no columns (取画像中与环节无关的各列)."""
        nothing: dict[str, Any] = {
            name: np.zeros((len(places), 0), dtype=kind) for name, kind in (*CELLS.items(), ("breadth", np.int16))
        }
        return Profiles(**nothing, **{name: column[places] for name, column in self._columns.items()})

    def arrays(self, places: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """What files hold of the companies at ``places`` (按文件的数组), as ``arrays_of`` has it."""
        found = {name: column[places] for name, column in self._columns.items()} | {"breadth": self._breadth[places]}
        for name in CELLS:
            count, found[f"{name}.segment"], found[name] = self._filled(name, places)
            found[f"{name}.first"] = np.cumsum(count)
        return found

    def _matrix(self, name: str, places: NDArray[np.int64]) -> NDArray[Any]:
        count, segment, values = self._filled(name, places)
        found = np.full((len(places), self._width), nothing_of(name), dtype=values.dtype)
        found[np.repeat(np.arange(len(places)), count), segment] = values
        return found

    def _filled(self, name: str, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint16], NDArray[Any]]:
        """How many cells of each company are not empty, their segments, and what they hold."""
        first, segment, values = self._cells[name]
        begin = first[places]
        count = first[places + 1] - begin
        at = np.repeat(begin - (np.cumsum(count) - count), count)
        at += np.arange(len(at))
        return count, segment[at], values[at]

    def release(self) -> None:
        """Gives back the memory of what was read (释放已读页)."""
        self._mapped.release()


def groups_of(known: ProfileCache | Profiles | None) -> GroupNames | None:
    """What the names of groups say, where it was kept with the profiles (随画像保存的集团名称)."""
    return known.groups if isinstance(known, ProfileCache) else None


def open_profiles(home: Path, snapshot: Snapshot, reader: ProfileReader) -> ProfileCache | None:
    """The snapshot's profiles by this reader's segments and corpora, or None if they are not there or not whole (打开画像缓存)."""
    folder = _folder(home, snapshot.version, reader)
    return _opened(folder, reader, len(snapshot), layout.seal_of(snapshot.folder, folder.name))


def read_profiles(
    home: Path, snapshot: Snapshot, reader: ProfileReader, processes: int = 1, tell: Callable[[int], None] | None = None
) -> int:
    """Makes the cache of a snapshot if it is not there (读出画像) and returns how many companies were read now.

    Args:
        home: ``LIANZHAO_HOME``; the caller holds its lock.
        snapshot: The companies.
        reader: Of the zone.
        processes: As in ``ProfileReader.read``.
        tell: Is told the companies done.
    """
    folder = _folder(home, snapshot.version, reader)
    if _opened(folder, reader, len(snapshot)):
        return 0
    folder.parent.mkdir(parents=True, exist_ok=True)
    for dead in folder.parent.glob(".new-*"):  # of a build that was killed: nobody else is building
        shutil.rmtree(dead, ignore_errors=True)
    parts = home / "building" / f"profiles-{snapshot.version}-{folder.name}"
    made = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        earlier, tell = _earlier(home, snapshot, reader), tell or (lambda _rows: None)
        count, found = _write(made, snapshot, reader, processes, *earlier, parts, tell)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
        sync(folder.parent)
        layout.put_seal(layout.seal_of(snapshot.folder, folder.name), found)
        shutil.rmtree(parts, ignore_errors=True)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return count


def read_of(segments: Sequence[SegmentSpec]) -> list[list[object]]:
    """All that reading texts needs to know of segments (读文本所用): where it is equal, so are the profiles."""
    return [[getattr(segment, name) for name in READ_OF_SEGMENT] for segment in segments]


def key_of(reader: ProfileReader) -> str:
    """Of all that a profile depends on beside the company (画像规则的指纹)."""
    text = json.dumps([read_of(reader.segments), reader.corpora.digest, code_digest()], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _folder(home: Path, version: str, reader: ProfileReader) -> Path:
    return home / "profiles" / version / key_of(reader)


def _opened(folder: Path, reader: ProfileReader, rows: int, seal: Path | None = None) -> ProfileCache | None:
    """The cache if it is whole; ``seal``: where it is noted that it was checked before."""
    try:
        return ProfileCache(folder, reader.segments, rows) if is_whole(folder, rows, seal) else None
    except (OSError, ValueError):
        return None


def _earlier(home: Path, snapshot: Snapshot, reader: ProfileReader) -> tuple[ProfileCache | None, NDArray[np.int64]]:
    """The latest other cache by the same rules, and for each company its place there, −1 where its texts are others."""
    nowhere = np.full(len(snapshot), -1, dtype=np.int64)
    for version in layout.versions(home):
        if version == snapshot.version or not _folder(home, version, reader).is_dir():
            continue
        with contextlib.suppress(SnapshotError):
            other = Snapshot(layout.folder_of(home, version), verify=True)
            cache = open_profiles(home, other, reader)
            if cache is not None:
                return cache, _found(snapshot.text_digests, other.text_digests)
    return None, nowhere


def _found(wanted: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.int64]:
    order = np.lexsort((known[:, 1], known[:, 0]))
    place = np.searchsorted(known[order, 0], wanted[:, 0])
    at = order[np.minimum(place, len(order) - 1)]
    return np.where((known[at] == wanted).all(axis=1), at, -1)


class _Reading:
    """What workers do; they share what it refers to.

    Args:
        snapshot: The companies.
        reader: Of the zone.
        earlier: A cache by the same rules.
        place: For each company its place there, or −1.
        parts: Folder of the stages.
    """

    def __init__(
        self, snapshot: Snapshot, reader: ProfileReader, earlier: ProfileCache | None, place: NDArray[np.int64], parts: Path
    ) -> None:
        self._snapshot, self._reader, self._earlier, self._place, self._parts = snapshot, reader, earlier, place, parts
        texts = snapshot.companies.text
        self._companies = replace(snapshot.companies, text={field: texts[field] for field in READ_FIELDS})

    def part(self, window: range) -> Part:
        """The profiles of a window's companies: staged by a build that did not end, known from an earlier snapshot, or read."""
        folder = self._parts / f"{window.start}-{len(window)}"
        if (kept := kept_part(folder, len(window))) is not None:
            return kept
        places = np.arange(window.start, window.stop)
        before = self._place[places]
        new = before < 0
        details = self._reader.details(self._companies.take(places[new]))
        arrays = arrays_of(details.profiles, self._reader.segments)
        if self._earlier is not None and not new.all():
            arrays = woven(~new, self._earlier.arrays(before[~new]), arrays)
            self._earlier.release()
        part = Part(arrays | group_arrays(self._groups(places, details.names)), int(new.sum()))
        if part.read:
            keep_part(folder, part, len(window))
        self._snapshot.release()
        return part

    def _groups(self, places: NDArray[np.int64], read: Sequence[NameParts]) -> GroupNames:
        """The groups of a window: the names of all companies are not read at once."""
        before = self._place[places]
        row = np.cumsum(before < 0) - 1
        groups = group_places(self._companies.take(places))
        known = {} if self._earlier is None else self._earlier.groups.among(before[groups].tolist())
        parts = [known[int(before[n])] if before[n] >= 0 else read[row[n]] for n in groups]
        return GroupNames.of(places[groups].tolist(), parts)


def _write(
    folder: Path,
    snapshot: Snapshot,
    reader: ProfileReader,
    processes: int,
    earlier: ProfileCache | None,
    place: NDArray[np.int64],
    parts: Path,
    tell: Callable[[int], None],
) -> tuple[int, layout.Stamps]:
    """Writes all files of a cache; returns how many companies were read, and how the files look."""
    windows = _windows(len(snapshot), processes)
    reading = _Reading(snapshot, reader, earlier, place, parts)
    snapshot.release()
    count = 0
    with contextlib.ExitStack() as stack:
        writer = PartWriter(folder, stack)
        for window, part in zip(windows, one_by_one(reading.part, windows, min(processes, len(windows))), strict=True):
            writer.add(part)
            count += part.read
            tell(window.stop)
    return count, writer.describe(len(snapshot))


def _windows(rows: int, processes: int) -> list[range]:
    """Of about as many companies each, as many for each process, so that all end together; few companies are no work for many."""
    processes = max(1, min(processes, rows // _LEAST))
    count = -(-rows // (_WINDOW * processes)) * processes
    size = _WINDOW if processes == 1 else -(-rows // count)
    return [range(start, min(start + size, rows)) for start in range(0, rows, size)]
