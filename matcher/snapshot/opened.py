"""An opened snapshot (打开的快照): companies, their sources and the index of names, mapped and read only as far as they are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.errors import SpoiledSnapshotError
from matcher.intake import Companies, Intake
from matcher.intake.companies import TEXT_FIELDS
from matcher.intake.fields import EPOCH, NUMBER_COLUMNS, UNKNOWN_DAY
from matcher.matching.name_index import NameIndex
from matcher.snapshot import layout
from matcher.snapshot.columns import Mapped
from matcher.snapshot.layout import Manifest
from matcher.snapshot.members import FIELDS, NOBODY, Member, Origin, with_origin
from matcher.snapshot.windows import Origins, Window, spread

NUMBERED = ("province", "city")
"""Texts of which few are distinct, and that are asked for of all companies: their numbers are kept, too (另存编号的文本列)."""
ORIGINS = {"place": np.int64, "first": np.int64, "origin": np.int64, "choice": np.int32}
"""Of companies of more than one row: where they are, where their origins begin, and the end; the origins; each field's (来源的文件)."""


@dataclass(frozen=True)
class Provenance:
    """Where a company's fields come from (字段来源).

    Attributes:
        origins: (file, row, as_of) of all its rows, the one that counts most first; as_of is None if the row has no date.
        fields: Field → number of its origin; fields that nobody gave are missing.
    """

    origins: tuple[tuple[str, int, str | None], ...]
    fields: Mapping[str, int]


class Snapshot:
    """One version of the companies (快照).

    Args:
        folder: ``snapshots/<version>``.
        verify: Check every byte first, not the sizes of files alone, unless that was done and no file was touched since.

    Raises:
        SnapshotError: It is missing or damaged.
    """

    def __init__(self, folder: Path, *, verify: bool = False) -> None:
        self.folder, self.version = folder, folder.name
        self.manifest: Manifest = layout.checked(folder) if verify else layout.read_manifest(folder)
        self._mapped = Mapped(folder)
        try:
            arrays = {name: self._mapped.array(f"columns/{name}") for name in NUMBER_COLUMNS}
            texts = {field: self._mapped.texts(f"texts/{field}", f"numbers/{field}") for field in TEXT_FIELDS}
            self.text_digests: NDArray[np.uint64] = self._mapped.array("digests")
            origins: dict[str, NDArray[Any]] = {name: self._mapped.raw(f"origins/{name}", kind) for name, kind in ORIGINS.items()}
            self._merged, self._first = origins["place"], origins["first"]
            self._origins = origins["origin"].reshape(-1, len(Origin._fields))
            self._choice = origins["choice"].reshape(-1, len(FIELDS))
        except (OSError, ValueError):
            raise SpoiledSnapshotError(folder, "快照里的列文件读不出来，请重新构建") from None
        self.companies = Companies(text=texts, **arrays)

    def __len__(self) -> int:
        return len(self.companies)

    def intake(self) -> Intake:
        """The companies as if they had just been read (作为接入结果)."""
        manifest = self.manifest
        files = tuple(source.file for source in manifest.sources)
        return Intake(
            self.companies, files, manifest.read, manifest.merged, (), dict(manifest.notes), self.version, undated=self.undated
        )

    @cached_property
    def undated(self) -> int:
        """As in ``Intake`` (没有日期、内容又不同的企业数)."""
        if not len(self._merged):
            return 0
        first, content = self._first[:-1], self._origins[:, 2]
        differing = np.minimum.reduceat(content, first) != np.maximum.reduceat(content, first)
        return int((differing & (self._origins[first, 0] == -UNKNOWN_DAY)).sum())

    @cached_property
    def names(self) -> NameIndex:
        """The index over names, then former names, as ``Resolver`` numbers them (名称索引)."""
        return NameIndex.open(self.folder / "names")

    def origins(self, place: int) -> Provenance:
        """Where the fields of the company at ``place`` come from (字段来源)."""
        member = with_origin(self.member(place))
        files = self.manifest.sources
        rows = tuple((files[origin.file].file, origin.row, _day(origin.as_of)) for origin in member.origins)
        return Provenance(rows, {field: number for field, number in zip(FIELDS, member.choice, strict=True) if number != NOBODY})

    def places(self, wanted: str) -> list[int]:
        """The companies with this code, or else of this name, present or former (按代码或名称查找)."""
        code = wanted.strip().upper()
        found = [place for place, given in enumerate(self.companies.text["uscc"]) if given == code] if code else []
        if found:
            return found
        former = self.names.former
        return sorted({entry if entry < len(self) else int(former[entry - len(self)]) for entry in self.names.exact(wanted)})

    def member(self, place: int) -> Member:
        """A company with all its values (一家企业)."""
        return self.members(np.array([place]))[0]

    def members(self, places: NDArray[np.int64]) -> list[Member]:
        """Companies with all their values (多家企业)."""
        chosen = self.companies.take(places)
        columns = [chosen.text[field] if field in chosen.text else getattr(chosen, field).tolist() for field in FIELDS]
        own = (chosen.code_ok.tolist(), chosen.file.tolist(), chosen.row.tolist(), chosen.as_of.tolist())
        found = [Member(values, *row) for values, row in zip(zip(*columns, strict=True), zip(*own, strict=True), strict=True)]
        for n in np.flatnonzero(np.isin(places, self._merged)).tolist():
            number = int(np.searchsorted(self._merged, places[n]))
            origins = self._origins[self._first[number] : self._first[number + 1]].tolist()
            choice = tuple(self._choice[number].tolist())
            found[n] = found[n]._replace(origins=tuple(Origin(*origin) for origin in origins), choice=choice)
        return found

    def window(self, places: NDArray[np.int64]) -> Window:
        """Companies by columns (一段企业)."""
        chosen = self.companies.take(places)
        numbers = {name: getattr(chosen, name).astype(np.int64) for name in NUMBER_COLUMNS}
        number = np.searchsorted(self._merged, places)
        several = np.flatnonzero(np.append(self._merged, -1)[number] == places)
        number = number[several]
        first, count = self._first[number], self._first[number + 1] - self._first[number]
        rows = self._origins[spread(first, count)]
        return Window(dict(chosen.text), numbers, Origins(several, count, rows, self._choice[number].astype(np.int64)))

    def first_rows(self, start: int, end: int) -> NDArray[np.int64]:
        """File and row of the first origin, by file, then row, of each company from ``start`` to ``end``, in one number (首次出现处)."""
        found = (self.companies.file[start:end].astype(np.int64) << 32) | self.companies.row[start:end]
        low, high = np.searchsorted(self._merged, [start, end]).tolist()
        if low < high:
            origins = self._origins[self._first[low] : self._first[high]]
            places = (origins[:, 3] << 32) | origins[:, 4]
            found[self._merged[low:high] - start] = np.minimum.reduceat(places, self._first[low:high] - self._first[low])
        return found

    def release(self) -> None:
        """Gives back the memory of what was read (释放已读页)."""
        self._mapped.release()


def open_current(home: Path, *, verify: bool = False) -> Snapshot | None:
    """The current snapshot, or None if nothing was built yet (打开当前快照).

    Args:
        home: ``LIANZHAO_HOME``.
        verify: As in ``Snapshot``; a service that opens the same one again and again may have checked it before.

    Raises:
        SnapshotError: It is missing or damaged.
    """
    version = layout.current(home)
    return Snapshot(layout.folder_of(home, version), verify=verify) if version else None


def _day(day: int) -> str | None:
    return None if day == UNKNOWN_DAY else (EPOCH + timedelta(days=day)).isoformat()
