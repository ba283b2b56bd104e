"""Which rows are one company, and in what order companies stand (归并与次序): by digests alone, whatever is staged.

Companies stand in the order of their first rows, by the digest of the file, then by row, as ``read_files`` puts them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.intake.companies import TEXT_FIELDS
from matcher.snapshot.grouping import Grouping
from matcher.snapshot.members import Member, Origin, merged, moved
from matcher.snapshot.opened import Snapshot
from matcher.snapshot.staging import LIKE_PERSON, ROUNDED, Staged, keys
from matcher.snapshot.windows import OWN, Window, is_renewal, joined, of_cells, of_members, renewed

_USCC = TEXT_FIELDS.index("uscc")
_FILE = Origin._fields.index("file")
_STEP = 1 << 16  # rows compared at once


class Merging:
    """The companies of staged files and of a snapshot (归并).

    Args:
        staged: By digest of the file.
        old: The snapshot that is added to.
        folder: Empty, for what is of no use afterwards.
        persons: Rows that are like a person's are rejected.
        damaged: Some code shows a spreadsheet's damage, so rounded ones are not trusted.

    Attributes:
        fresh: Rows of the staged files that are companies.
        blanked: Codes that are not trusted.
    """

    def __init__(self, staged: Sequence[Staged], old: Snapshot | None, folder: Path, *, persons: bool, damaged: bool) -> None:
        self._staged, self._old, self._old_rows = list(staged), old, len(old) if old else 0
        self._damaged = damaged
        digests = sorted({part.source.digest for part in staged} | {s.digest for s in (old.manifest.sources if old else ())})
        rank = {digest: number for number, digest in enumerate(digests)}
        self._files = [rank[part.source.digest] for part in staged]
        self._moved = np.array([rank[source.digest] for source in (old.manifest.sources if old else ())], dtype=np.int64)
        self._starts = np.cumsum([0, *([self._old_rows] if old else []), *map(len, staged)])
        self.fresh = self.blanked = 0
        grouping = Grouping(folder, int(self._starts[-1]))
        for begin, key, order, flags in self._rows():
            usable, blank = (flags & LIKE_PERSON == 0) | (not persons), self._is_blank(flags)
            self.fresh += int(usable.sum()) if begin >= self._old_rows else 0
            self.blanked += int((usable & blank).sum())
            at = np.flatnonzero(usable)
            grouping.add(np.where(blank[at, None], np.uint64(0), key[at]), order[at], begin + at)
        self._groups = grouping.grouped()

    def __len__(self) -> int:
        return len(self._groups)

    def _is_blank(self, flags: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Whether a row's code is not trusted."""
        return (flags & ROUNDED > 0) & self._damaged

    def _rows(self) -> Iterator[tuple[int, NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint8]]]:
        """Number of the first, key, place in the order of files and rows, and flags of some rows; the old snapshot's come first."""
        if self._old is not None:
            yield from self._rows_of(self._old)
        for number, (part, file) in enumerate(zip(self._staged, self._files, strict=True)):
            for start in range(0, len(part), _STEP):
                rows = slice(start, start + _STEP)
                order = (np.int64(file) << 32) | part.row[rows].astype(np.int64)
                yield self._begin(number) + start, part.key[rows], order, part.flags[rows]
                part.release()

    def _rows_of(self, old: Snapshot) -> Iterator[tuple[int, NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint8]]]:
        text, good = old.companies.text, old.companies.code_ok
        for start in range(0, len(old), _STEP):
            rows = slice(start, min(start + _STEP, len(old)))
            first = old.first_rows(rows.start, rows.stop)
            key = keys(text["uscc"][rows], text["name"][rows], good[rows])
            yield start, key, (self._moved[first >> 32] << 32) | (first & 0xFFFFFFFF), np.zeros(len(key), dtype=np.uint8)
            old.release()

    def window(self, start: int, end: int) -> Window:
        """The companies from ``start`` to ``end`` (一段企业)."""
        rows, sizes = self._groups.rows(start, end)
        ends = np.cumsum(sizes)
        low, high = (ufunc.reduceat(rows, ends - sizes) for ufunc in (np.minimum, np.maximum))
        is_old = low < self._old_rows
        fresh, kept = (np.flatnonzero((sizes == 1) & wanted) for wanted in (~is_old, is_old))
        pairs = np.flatnonzero((sizes == 2) & is_old & (high >= self._old_rows))
        old, new = self._kept(low[pairs]), self._fresh_rows(high[pairs])
        plain = is_renewal(old, new)
        others = np.setdiff1d(np.arange(len(sizes)), np.concatenate([fresh, kept, pairs[plain]]))
        known = self._known(np.concatenate([rows[:0], *(rows[ends[n] - sizes[n] : ends[n]] for n in others.tolist())]))
        members = [merged(known[row] for row in rows[ends[n] - sizes[n] : ends[n]].tolist()) for n in others.tolist()]
        at = np.flatnonzero(plain)
        parts = [
            (fresh, self._fresh_rows(low[fresh])),
            (kept, self._kept(low[kept])),
            (pairs[plain], renewed(old.take(at), new.take(at))),
            (others, of_members(members)),
        ]
        return joined([part for part in parts if len(part[0])])

    def _fresh_rows(self, rows: NDArray[np.int64]) -> Window:
        return of_cells(self._cells(rows), self._own(rows))

    def _kept(self, places: NDArray[np.int64]) -> Window:
        """Companies of the old snapshot, with the numbers of files as they are now."""
        if self._old is None:
            return of_members([])
        found = self._old.window(places)
        self._old.release()
        rows = found.origins.rows.copy()
        rows[:, _FILE] = self._moved[rows[:, _FILE]]
        numbers = {**found.numbers, "file": self._moved[found.numbers["file"]]}
        return Window(found.texts, numbers, found.origins._replace(rows=rows))

    def _cells(self, rows: NDArray[np.int64]) -> list[list[str]]:
        """All values of staged rows as ``Staged.cells`` tells them; a code that is not trusted is none."""
        found: list[list[str]] = [[]] * len(rows)
        order = np.argsort(rows)
        for part, at in self._by_part(rows[order]):
            places = order[at]
            for place, cells in zip(places.tolist(), self._staged[part].cells(rows[places] - self._begin(part)), strict=True):
                found[place] = cells
            blank = self._is_blank(self._staged[part].flags[rows[places] - self._begin(part)])
            for place in places[blank].tolist():
                found[place][_USCC], found[place][-1] = "", "0"
        return found

    def _own(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """File, spreadsheet row and date of staged rows (3 × rows)."""
        found = np.empty((len(OWN), len(rows)), dtype=np.int64)
        for part, at in self._by_part(rows):
            staged, places = self._staged[part], rows[at] - self._begin(part)
            found[0, at], found[1, at], found[2, at] = self._files[part], staged.row[places], staged.as_of[places]
            staged.release()
        return found

    def _by_part(self, rows: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """The staged files that hold some of the rows, and where those are."""
        number = np.searchsorted(self._starts, rows, side="right") - 1 - (self._old is not None)
        return ((part, np.flatnonzero(number == part)) for part in np.unique(number).tolist())

    def _begin(self, part: int) -> int:
        return int(self._starts[part + (self._old is not None)])

    def _known(self, rows: NDArray[np.int64]) -> dict[int, Member]:
        """Rows and companies of the old snapshot, to be merged."""
        staged = rows[rows >= self._old_rows]
        whole = zip(self._cells(staged), self._own(staged).T.tolist(), strict=True)
        found = {row: _member(cells, *own) for row, (cells, own) in zip(staged.tolist(), whole, strict=True)}
        places = rows[rows < self._old_rows]
        if self._old is not None and len(places):
            members = self._old.members(places)
            self._old.release()
            files = self._moved.tolist()
            renumbered = (Member(*one[:2], files[one.file], *one[3:5], moved(one.origins, files), one.choice) for one in members)
            found |= dict(zip(places.tolist(), renumbered, strict=True))
        return found


def _member(cells: Sequence[str], file: int, row: int, as_of: int) -> Member:
    *numbers, good = map(int, cells[len(TEXT_FIELDS) :])
    return Member((*cells[: len(TEXT_FIELDS)], *numbers), bool(good), file, row, as_of)
