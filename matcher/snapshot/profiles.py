"""What the texts of a snapshot say, kept on disk (画像缓存): read once for each set of segments, corpora and version of the program.

Most segments have nothing to do with most companies, so the matrices are kept by their cells that are not empty. A company whose texts
are those of an earlier snapshot takes its profile from there; the others are read, and what was read is staged, so that a build that did
not end is not begun anew. A cache that is not whole is read anew, never trusted.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from matcher.errors import SnapshotError
from matcher.matching.families import FamilyFinder
from matcher.matching.profiles import CHUNK, ProfileReader, Profiles
from matcher.rules.zone import SegmentSpec
from matcher.snapshot import layout
from matcher.snapshot.columns import Mapped
from matcher.snapshot.opened import Snapshot
from matcher.snapshot.staging import code_digest
from matcher.storage import sync, whole_file
from matcher.text.verbs import NO_MODE
from matcher.types import NameParts

READ_OF_SEGMENT = ("name", "chain", "kind", "description", "gbt4754", "terms", "excluded", "conflicts")
"""What reading texts needs to know of a segment (读文本所用的环节内容): priorities and needs may change without reading again."""
_META, _NAMES = "meta.json", "names.json"
_WINDOW = CHUNK  # companies of one process between two writings
_CELLS = {"affinity": np.int16, "main": np.int16, "mode": np.int8, "named": np.bool_}
_ROWS: dict[str, Any] = {
    "marks": np.int64, "has_scope": np.bool_, "legal_form": np.int8, "outlet": np.int8, "is_group": np.bool_, "is_arm": np.bool_,
    "permit_until": np.int64, "place_named": np.bool_, "known_group": np.int16, "renowned": np.bool_,
    "group_state": np.int8,
}  # fmt: skip


class ProfileCache:
    """The profiles of a snapshot's companies (画像缓存).

    Args:
        folder: Of the cache, checked before.
        segments: Those that it was read for.
        rows: Companies.
    """

    def __init__(self, folder: Path, segments: Sequence[SegmentSpec], rows: int) -> None:
        mapped = Mapped(folder)
        self._rows, self._width = rows, len(segments)
        self._chain = _chains(segments)
        self._cells = {
            name: (mapped.raw(f"{name}.first", np.int64), mapped.raw(f"{name}.segment", np.uint16), mapped.raw(name, kind))
            for name, kind in _CELLS.items()
        }
        self._columns = {name: mapped.raw(name, kind) for name, kind in _ROWS.items()}
        self._breadth = mapped.raw("breadth", np.int16).reshape(rows, -1)
        self._mapped, self._names = mapped, folder / _NAMES

    @cached_property
    def names(self) -> dict[int, NameParts]:
        """Place → the parts of its name, of companies that may be groups (集团的名称要素)."""
        told = json.loads(self._names.read_text(encoding="utf-8"))
        return {place: NameParts(*part) for place, part in told}

    def __len__(self) -> int:
        return self._rows

    def take(self, places: NDArray[np.int64]) -> Profiles:
        """The profiles of the companies at ``places``, as ``ProfileReader.read`` gives them (取画像)."""
        cells = {name: self._matrix(name, places) for name in _CELLS}
        columns = {name: column[places] for name, column in self._columns.items()}
        return Profiles(**cells, **columns, breadth=self._breadth[places][:, self._chain])

    def rows(self, places: NDArray[np.int64]) -> Profiles:
        """As ``take``, with matrices that have no columns (取画像中与环节无关的各列)."""
        nothing: dict[str, Any] = {
            name: np.zeros((len(places), 0), dtype=kind) for name, kind in (*_CELLS.items(), ("breadth", np.int16))
        }
        return Profiles(**nothing, **{name: column[places] for name, column in self._columns.items()})

    def _matrix(self, name: str, places: NDArray[np.int64]) -> NDArray[Any]:
        first, segment, values = self._cells[name]
        begin = first[places]
        count = first[places + 1] - begin
        row = np.repeat(np.arange(len(places)), count)
        at = np.arange(len(row)) + np.repeat(begin - (np.cumsum(count) - count), count)
        found = np.full((len(places), self._width), _nothing(name), dtype=values.dtype)
        found[row, segment[at]] = values[at]
        return found

    def release(self) -> None:
        """Gives back the memory of what was read (释放已读页)."""
        self._mapped.release()


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
    parts = home / "building" / f"profiles-{snapshot.version}-{folder.name}"
    made = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        earlier, tell = _earlier(home, snapshot, reader), tell or (lambda _rows: None)
        count = _write(made, snapshot, reader, processes, *earlier, parts, tell)
        found = _describe(made, len(snapshot))
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
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
        if meta["rows"] != rows:
            return None
        found = layout.stamps(folder, meta["files"])
        if seal is None or not layout.unbroken(seal, found):
            for name, digest in meta["files"].items():
                if layout.file_digest(folder / name) != digest:
                    return None
            if seal is not None:
                layout.put_seal(seal, found)
        return ProfileCache(folder, reader.segments, rows)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SnapshotError):
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


def _write(
    folder: Path,
    snapshot: Snapshot,
    reader: ProfileReader,
    processes: int,
    earlier: ProfileCache | None,
    place: NDArray[np.int64],
    parts: Path,
    tell: Callable[[int], None],
) -> int:
    count, step, names = 0, _WINDOW * max(1, processes), list[tuple[int, NameParts]]()
    with contextlib.ExitStack() as stack:
        writer = _Writer(folder, reader.segments, stack)
        for start in range(0, len(snapshot), step):
            window = np.arange(start, min(start + step, len(snapshot)))
            part = parts / f"{start}-{len(window)}"
            kept = _opened(part, reader, len(window))
            if kept is not None:
                profiles = kept.take(np.arange(len(window)))
            else:
                known = place[window] >= 0
                profiles = reader.read(snapshot.companies.take(window[~known]), processes)
                if earlier is not None and known.any():
                    profiles = _woven(known, earlier.take(place[window[known]]), profiles)
                    earlier.release()
                if not known.all():
                    _keep(part, profiles, reader.segments)
                count += int((~known).sum())
            writer.add(profiles)
            groups = FamilyFinder(snapshot.companies.take(window), reader.corpora).groups
            names += [(start + place, part) for place, part in groups.items()]
            snapshot.release()
            tell(int(window[-1]) + 1)
    (folder / _NAMES).write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    return count


def _keep(part: Path, profiles: Profiles, segments: Sequence[SegmentSpec]) -> None:
    """Keeps what was read, in the form of a cache, for the next build if this one does not end."""
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    with contextlib.ExitStack() as stack:
        _Writer(part, segments, stack).add(profiles)
    _describe(part, len(profiles.marks))


def _describe(folder: Path, rows: int) -> layout.Stamps:
    """Writes the checksums of a cache's files, and returns how they looked before."""
    names = sorted(path.name for path in folder.iterdir())
    found = layout.stamps(folder, names)
    files = {name: layout.file_digest(folder / name) for name in names}
    with whole_file(folder / _META) as stream:
        json.dump({"rows": rows, "files": files}, stream, indent=1)
    return found


def _woven(first: NDArray[np.bool_], ones: Profiles, others: Profiles) -> Profiles:
    """The profiles of ``ones`` where ``first`` is true, of ``others`` elsewhere."""

    def both(name: str) -> NDArray[Any]:
        one, other = getattr(ones, name), getattr(others, name)
        found = np.empty((len(first), *one.shape[1:]), dtype=one.dtype)
        found[first], found[~first] = one, other
        return found

    return Profiles(**{name: both(name) for name in Profiles.__dataclass_fields__})


class _Writer:
    """Appends profiles to the files of a cache."""

    def __init__(self, folder: Path, segments: Sequence[SegmentSpec], stack: contextlib.ExitStack) -> None:
        chain = _chains(segments)
        self._of_chain = [int(np.flatnonzero(chain == number)[0]) for number in range(int(chain.max()) + 1)]
        names = [*_ROWS, "breadth", *(f"{name}{part}" for name in _CELLS for part in ("", ".first", ".segment"))]
        self._streams: dict[str, BinaryIO] = {name: stack.enter_context((folder / f"{name}.bin").open("wb")) for name in names}
        self._cells = dict.fromkeys(_CELLS, 0)
        for name in _CELLS:
            self._add(f"{name}.first", np.zeros(1, dtype=np.int64))

    def add(self, profiles: Profiles) -> None:
        for name in _ROWS:
            self._add(name, getattr(profiles, name))
        self._add("breadth", profiles.breadth[:, self._of_chain])
        for name in _CELLS:
            matrix = getattr(profiles, name)
            row, segment = np.nonzero(matrix != _nothing(name))
            counts = np.bincount(row, minlength=len(matrix))
            self._add(f"{name}.first", self._cells[name] + np.cumsum(counts))
            self._add(f"{name}.segment", segment.astype(np.uint16))
            self._add(name, matrix[row, segment])
            self._cells[name] += len(row)

    def _add(self, name: str, values: NDArray[Any]) -> None:
        self._streams[name].write(np.ascontiguousarray(values).tobytes())


def _nothing(name: str) -> int:
    return NO_MODE if name == "mode" else 0


def _chains(segments: Sequence[SegmentSpec]) -> NDArray[np.int64]:
    """Number of each segment's chain in order of first appearance: what is counted by chain is kept so."""
    chains = list(dict.fromkeys(segment.chain for segment in segments))
    return np.array([chains.index(segment.chain) for segment in segments], dtype=np.int64)
