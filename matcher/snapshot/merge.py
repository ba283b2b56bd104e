"""Which rows are one company, and in what order companies stand (归并与次序): by digests alone, whatever is staged.

Companies stand in the order of their first rows, by the digest of the file, then by row, as ``read_files`` puts them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.intake.companies import TEXT_FIELDS
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
        persons: Rows that are like a person's are rejected.
        damaged: Some code shows a spreadsheet's damage, so rounded ones are not trusted.

    Attributes:
        fresh: Rows of the staged files that are companies.
        blanked: Codes that are not trusted.
    """

    def __init__(self, staged: Sequence[Staged], old: Snapshot | None, *, persons: bool, damaged: bool) -> None:
        self._staged, self._old, self._old_rows = list(staged), old, len(old) if old else 0
        digests = sorted({part.source.digest for part in staged} | {s.digest for s in (old.manifest.sources if old else ())})
        rank = {digest: number for number, digest in enumerate(digests)}
        self._files = [rank[part.source.digest] for part in staged]
        self._moved = [rank[source.digest] for source in (old.manifest.sources if old else ())]
        key, order, flags = self._rows()
        usable = (flags & LIKE_PERSON == 0) | (not persons)
        self._blank = (flags & ROUNDED > 0) & damaged
        key[self._blank] = 0
        self.fresh = int(usable[self._old_rows :].sum())
        self.blanked = int((usable & self._blank).sum())
        self._group(key, order, np.flatnonzero(usable).astype(np.uint32 if len(usable) < 1 << 32 else np.int64))

    def __len__(self) -> int:
        return len(self._starts_of)

    def _rows(self) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint8]]:
        """Key, place in the order of files and rows, and flags of all rows; those of the old snapshot first."""
        parts = [(part.key, (np.int64(file) << 32) | part.row.astype(np.int64), part.flags) for part, file in self._fresh()]
        if self._old:
            first = self._old.first_rows()
            places = (np.array(self._moved, dtype=np.int64)[first >> 32] << 32) | (first & 0xFFFFFFFF)
            parts.insert(0, (keys(self._old.companies), places, np.zeros(len(first), dtype=np.uint8)))
            self._old.release()
        self._starts = np.cumsum([0, *(len(part[1]) for part in parts)])
        key, order, flags = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        return key, order, flags

    def _fresh(self) -> Iterator[tuple[Staged, int]]:
        return zip(self._staged, self._files, strict=True)

    def _group(self, key: NDArray[np.uint64], order: NDArray[np.int64], usable: NDArray[np.integer[Any]]) -> None:
        """Companies by their first rows; ``_members`` holds the rows of each behind one another."""
        has_code = key[usable].any(axis=1)
        coded, alone = usable[has_code], usable[~has_code]
        coded = coded[np.lexsort((order[coded], key[coded, 0], key[coded, 1]))]
        begins = np.ones(len(coded), dtype=np.bool_)
        for at in range(1, len(coded), _STEP):
            some = key[coded[at - 1 : at + _STEP]]
            begins[at : at + _STEP] = (some[1:] != some[:-1]).any(axis=1)
        members = np.concatenate([coded, alone])
        starts = np.concatenate([np.flatnonzero(begins), len(coded) + np.arange(len(alone))]).astype(members.dtype)
        sizes = np.diff(np.append(starts, len(members))).astype(members.dtype)
        by_place = np.argsort(order[members[starts]], kind="stable")
        self._members, self._starts_of, self._sizes = members, starts[by_place], sizes[by_place]

    def window(self, start: int, end: int) -> Window:
        """The companies from ``start`` to ``end`` (一段企业)."""
        sizes = self._sizes[start:end].astype(np.int64)
        ends = np.cumsum(sizes)
        rows = self._members[np.repeat(self._starts_of[start:end].astype(np.int64) - ends + sizes, sizes) + np.arange(ends[-1])]
        rows = rows.astype(np.int64)
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
        files = np.array(self._moved, dtype=np.int64)
        rows = found.origins.rows.copy()
        rows[:, _FILE] = files[rows[:, _FILE]]
        return Window(found.texts, {**found.numbers, "file": files[found.numbers["file"]]}, found.origins._replace(rows=rows))

    def _cells(self, rows: NDArray[np.int64]) -> list[list[str]]:
        """All values of staged rows as ``Staged.cells`` tells them; a code that is not trusted is none."""
        found: list[list[str]] = [[]] * len(rows)
        order = np.argsort(rows)
        for part, at in self._by_part(rows[order]):
            places = order[at]
            for place, cells in zip(places.tolist(), self._staged[part].cells(rows[places] - self._begin(part)), strict=True):
                found[place] = cells
        for place in np.flatnonzero(self._blank[rows]).tolist():
            found[place][_USCC], found[place][-1] = "", "0"
        return found

    def _own(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """File, spreadsheet row and date of staged rows (3 × rows)."""
        found = np.empty((len(OWN), len(rows)), dtype=np.int64)
        for part, at in self._by_part(rows):
            staged, places = self._staged[part], rows[at] - self._begin(part)
            found[0, at], found[1, at], found[2, at] = self._files[part], staged.row[places], staged.as_of[places]
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
            files = self._moved
            renumbered = (Member(*one[:2], files[one.file], *one[3:5], moved(one.origins, files), one.choice) for one in members)
            found |= dict(zip(places.tolist(), renumbered, strict=True))
        return found


def _member(cells: Sequence[str], file: int, row: int, as_of: int) -> Member:
    *numbers, good = map(int, cells[len(TEXT_FIELDS) :])
    return Member((*cells[: len(TEXT_FIELDS)], *numbers), bool(good), file, row, as_of)
