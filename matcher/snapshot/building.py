"""Files → a new snapshot (构建快照): looked over, staged block by block, merged by code, written, and only then made the current one.

Only numbers and digests of rows are kept in memory. Whatever stops a build, the current snapshot stays as it was; the stages are
found again by the next build of the same files.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from pathlib import Path

from matcher.corpora import Corpora
from matcher.errors import InputError, OptionError, RequestError, SnapshotError, system_reason
from matcher.intake import Reject, write_rejects
from matcher.intake.companies import DAMAGED
from matcher.intake.fields import UNKNOWN_DAY
from matcher.intake.flaws import are_persons
from matcher.intake.sources import Source, look_over
from matcher.matching.profiles import ProfileReader
from matcher.snapshot import layout
from matcher.snapshot.layout import Manifest, SourceFile
from matcher.snapshot.merge import Merging
from matcher.snapshot.opened import Snapshot, open_current
from matcher.snapshot.profiles import read_profiles
from matcher.snapshot.staging import LIKE_PERSON, Staged, stage
from matcher.snapshot.write import write_companies

_SORTING = "sorting"
_STEP = 1 << 16  # rows looked at at once
Tell = Callable[[str, int], None]
"""Is told what is being done and how many rows of it are done (进度)."""


@dataclass(frozen=True)
class Built:
    """What came of a build (构建结果): ``accepted + merged + rejected == read``.

    Attributes:
        snapshot: Now the current one, unless it was asked for without the switch.
        previous: The version that was current before.
        read, accepted, merged, rejected: Rows of the files read now; a row of a company that is known already is merged.
        skipped: Files that were given twice or are in the snapshot already.
        rejects: Where the rejected rows are listed, or None if there are none.
        reread: Zone → companies whose texts had to be read; the others were known from an earlier snapshot.
    """

    snapshot: Snapshot
    previous: str | None
    read: int
    accepted: int
    merged: int
    rejected: int
    notes: dict[str, int]
    skipped: tuple[str, ...]
    rejects: Path | None
    reread: dict[str, int]


def build(
    files: Sequence[str | Path],
    corpora: Corpora,
    home: Path,
    *,
    add: bool = False,
    readers: Mapping[str, ProfileReader] | None = None,
    processes: int = 1,
    rejects: Path | None = None,
    dated: date | None = None,
    tell: Tell | None = None,
    switch: bool = True,
) -> Built:
    """Builds a snapshot and makes it the current one (构建快照).

    Args:
        files: As ``read_files`` takes them.
        corpora: Everything about reading.
        home: ``LIANZHAO_HOME``.
        add: To the companies of the current snapshot; otherwise the files are all there is.
        readers: Zone → who reads the texts for it, before the snapshot becomes the current one.
        processes: Most at work at once; they move no byte.
        rejects: Where to list rejected rows instead of ``home/rejects``.
        dated: The day that the files' rows are of, where they do not say so.
        tell: Is told how far it is.
        switch: Make it the current one; else it lies ready for ``switch_to``.

    Raises:
        InputError: A file cannot be read, or none of its rows is a company.
        SnapshotError: Somebody else is building, or the current snapshot is to be added to and damaged.
        LianzhaoError: The disk is full or cannot be written.
    """
    with layout.locked(home) as stages:
        made = _Build(corpora, home, stages, rejects, tell or (lambda _what, _rows: None), processes)
        return made.run(files, readers or {}, add=add, dated=dated, switch=switch)


class _Build:
    def __init__(self, corpora: Corpora, home: Path, stages: Path, rejects: Path | None, tell: Tell, processes: int) -> None:
        self.corpora, self.home, self.stages, self.rejects, self.tell = corpora, home, stages, rejects, tell
        self.processes = processes

    def run(
        self,
        files: Sequence[str | Path],
        readers: Mapping[str, ProfileReader],
        *,
        add: bool,
        dated: date | None,
        switch: bool,
    ) -> Built:
        before = _readable(self.home)
        if add and before is None:
            raise SnapshotError(self.home / "current", "还没有可以并入的快照，请先不带 --add 构建一次")
        old = self._signed() if add else None
        known = {source.digest for source in old.manifest.sources} if old else set()
        sources: dict[str, Source] = {}
        skipped = []
        for file in files:
            source = look_over(file, self.corpora, dated)
            if source.digest in known or source.digest in sources:
                skipped.append(source.file)
            else:
                sources[source.digest] = source
        with layout.told(self.home):
            staged = [self._staged(sources[digest]) for digest in sorted(sources)]
            try:
                if old and not staged:
                    built = Built(old, before, 0, 0, 0, 0, {}, tuple(skipped), None, {})
                else:
                    built = self._built(staged, old, before, tuple(skipped))
                _let_go(staged)  # texts are read from the snapshot, and workers would carry it along
                reread = {zone: self._read(built.snapshot, zone, reader) for zone, reader in readers.items()}
                if switch:
                    layout.switch(self.home, built.snapshot.version)
                self._clean()
                return replace(built, reread=reread)
            finally:
                _let_go(staged)

    def _signed(self) -> Snapshot | None:
        """The current snapshot with every byte checked, whenever that was done before: a new manifest will sign what was in it."""
        version = layout.current(self.home)
        if version is None:
            return None
        layout.verify(layout.folder_of(self.home, version))
        return open_current(self.home)

    def _read(self, snapshot: Snapshot, zone: str, reader: ProfileReader) -> int:
        return read_profiles(self.home, snapshot, reader, self.processes, lambda rows: self.tell(f"读文本（{zone}）", rows))

    def _clean(self) -> None:
        """Nobody else is building: what is left of stages is of no use any more."""
        for entry in self.stages.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)

    def _staged(self, source: Source) -> Staged:
        return stage(
            source, self.corpora, self.stages, lambda rows: self.tell(f"读入 {Path(source.file).name}", rows), self.processes
        )

    def _built(self, staged: list[Staged], old: Snapshot | None, before: str | None, skipped: tuple[str, ...]) -> Built:
        read = sum(part.total("read") for part in staged)
        if staged and not read:
            raise InputError(staged[0].source.file, "只有表头，没有企业")
        persons = are_persons(sum(part.total("short") for part in staged), sum(part.total("names") for part in staged))
        damaged = sum(part.total("damaged") + (0 if persons else part.total("damaged_persons")) for part in staged)
        merging = Merging(staged, old, self._empty(_SORTING), persons=persons, damaged=damaged > 0)
        rejected = read - merging.fresh
        listed = self._list_rejects(staged, rejected, persons=persons)
        if not len(merging):
            raise InputError(staged[0].source.file, f"没有一行可以接收，原因见拒收清单 {listed}")
        notes: Counter[str] = Counter(old.manifest.notes if old else {})
        for part in staged:
            notes.update(part.notes(persons=persons))
        if merging.blanked:
            notes[DAMAGED] += merging.blanked
        fresh = Counter(notes)
        fresh.subtract(old.manifest.notes if old else {})
        snapshot = self._published(merging, self._sources(staged, old, persons=persons), dict(notes))
        accepted = len(snapshot) - (len(old) if old else 0)
        merged = read - rejected - accepted
        return Built(snapshot, before, read, accepted, merged, rejected, dict(+fresh), skipped, listed, {})

    def _published(self, merging: Merging, sources: list[SourceFile], notes: dict[str, int]) -> Snapshot:
        made = self._empty("new")
        try:
            return self._written(made, merging, sources, notes)
        finally:  # on a full disk the room is needed
            shutil.rmtree(made, ignore_errors=True)
            shutil.rmtree(self.stages / _SORTING, ignore_errors=True)

    def _empty(self, name: str) -> Path:
        folder = self.stages / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def _written(self, made: Path, merging: Merging, sources: list[SourceFile], notes: dict[str, int]) -> Snapshot:
        write_companies(made, merging, lambda rows: self.tell("写入快照", rows), self.processes)
        read, rejected = sum(source.read for source in sources), sum(source.rejected for source in sources)
        merged = read - rejected - len(merging)
        found = layout.stamps(made, sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()))
        described = layout.described(made)
        manifest = Manifest(tuple(sources), len(merging), read, merged, rejected, dict(sorted(notes.items())), described)
        version = layout.publish(self.home, made, manifest.text(), found)
        return Snapshot(layout.folder_of(self.home, version))

    def _sources(self, staged: list[Staged], old: Snapshot | None, *, persons: bool) -> list[SourceFile]:
        found = list(old.manifest.sources) if old else []
        for part in staged:
            rows, days = 0, list[int]()
            for start in range(0, len(part), _STEP):
                some = slice(start, start + _STEP)
                good = part.as_of[some][(part.flags[some] & LIKE_PERSON == 0) | (not persons)]
                dated = good[good != UNKNOWN_DAY]
                rows += len(good)
                days += [int(dated.min()), int(dated.max())] if len(dated) else []
                part.release()
            read, between = part.total("read"), (min(days), max(days)) if days else None
            found.append(SourceFile(Path(part.source.file).name, part.source.digest, read, read - rows, between))
        return sorted(found, key=lambda source: source.digest)

    def _list_rejects(self, staged: list[Staged], count: int, *, persons: bool) -> Path | None:
        if not count and not self.rejects:
            return None
        digest = layout.version_of("".join(part.source.digest for part in staged))
        path = self.rejects or self.home / "rejects" / f"{digest[:16]}.csv"
        each: Iterator[Reject] = chain.from_iterable(
            part.rejects(persons=persons, number=number) for number, part in enumerate(staged)
        )
        try:
            write_rejects(each, path)
        except OSError as error:
            raise OptionError(f"拒收清单写不进 {path}（{system_reason(error)}），请用 --rejects 指定") from None
        return path


def switch_to(home: Path, version: str) -> Snapshot:
    """Makes a snapshot that lies ready, or an earlier one, the current one (换上快照), after every byte was checked.

    Args:
        home: ``LIANZHAO_HOME``.
        version: Which one.

    Raises:
        RequestError: There is no such snapshot.
        SnapshotError: It is damaged, or somebody is building.
    """
    with layout.locked(home):
        there = layout.versions(home)
        if version not in there:
            raise RequestError("快照", version[:12], [one[:12] for one in there])
        snapshot = Snapshot(layout.folder_of(home, version), verify=True)
        layout.switch(home, version)
        return snapshot


def _readable(home: Path) -> str | None:
    """The version that is current, None also if the pointer is damaged: a build mends it."""
    try:
        return layout.current(home)
    except SnapshotError:
        return None


def _let_go(staged: list[Staged]) -> None:
    while staged:
        staged.pop().close()
