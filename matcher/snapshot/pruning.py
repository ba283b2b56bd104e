"""Old snapshots away (清理快照): what neither ``current`` nor a run names and is not among the latest, and what dead builds left."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from matcher.snapshot import layout


@dataclass(frozen=True)
class Pruned:
    """What was removed, or would be (清理结果).

    Attributes:
        removed, kept: Versions, the latest first.
        leftovers: Stages of builds that did not end, and profiles of versions that are gone or no longer current.
        size: Bytes.
    """

    removed: tuple[str, ...]
    kept: tuple[str, ...]
    leftovers: int
    size: int


def prune(home: Path, in_use: Collection[str], *, keep: int, dry_run: bool = False) -> Pruned:
    """Removes snapshots that nobody needs (清理快照).

    Args:
        home: ``LIANZHAO_HOME``.
        in_use: Versions that runs name; they stay.
        keep: How many of the latest stay besides.
        dry_run: Only tell.

    Raises:
        SnapshotError: Somebody is building, or ``current`` is damaged: then nobody knows what it needs.
        LianzhaoError: Something cannot be removed.
    """
    with layout.locked(home) as stages, layout.told(home):
        version = layout.current(home)
        there = layout.versions(home)
        stay = {*there[:keep], *in_use, version}
        removed = tuple(found for found in there if found not in stay)
        doomed = [layout.folder_of(home, found) for found in removed]
        leftovers = [*home.glob(".current-*"), *(entry for entry in stages.iterdir() if entry.is_dir())]
        profiles = home / "profiles"
        if profiles.is_dir():
            leftovers += [entry for entry in profiles.iterdir() if entry.name != version]
            now = profiles / (version or "none")
            leftovers += [entry for entry in now.iterdir() if entry.name.startswith(".")] if now.is_dir() else []
        seals = home / "checked"
        kept = {*there} - {*removed}
        if seals.is_dir():
            doomed += [entry for entry in seals.iterdir() if entry.name.partition("-")[0] not in kept]
        size = sum(_size(path) for path in (*doomed, *leftovers))
        if not dry_run:
            for path in (*doomed, *leftovers):
                path.unlink() if path.is_file() else shutil.rmtree(path)
        return Pruned(removed, tuple(found for found in there if found in stay), len(leftovers), size)


def _size(path: Path) -> int:
    return sum(entry.stat().st_size for entry in (path, *path.rglob("*")) if entry.is_file())
