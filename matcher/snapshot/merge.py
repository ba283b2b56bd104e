"""Which rows are one company, and in what order companies stand (归并与次序): by digests alone, whatever is staged.

Companies stand in the order of their first rows, by the digest of the file, then by row, as ``read_files`` puts them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.intake.companies import TEXT_FIELDS
from matcher.snapshot.members import Member, merged, moved
from matcher.snapshot.opened import Snapshot
from matcher.snapshot.staging import LIKE_PERSON, ROUNDED, Staged, keys

_USCC = TEXT_FIELDS.index("uscc")
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

    def companies(self, start: int, end: int) -> Iterator[Member]:
        """The companies from ``start`` to ``end`` (逐家企业)."""
        first = self._starts_of[start:end]
        known = self._known(np.concatenate([self._members[b : b + n] for b, n in zip(first, self._sizes[start:end], strict=True)]))
        for begin, size in zip(self._starts_of[start:end].tolist(), self._sizes[start:end].tolist(), strict=True):
            if size == 1:
                yield self._member(int(self._members[begin]), known)
            else:
                yield merged(self._member(row, known) for row in self._members[begin : begin + size].tolist())

    def _known(self, rows: NDArray[np.int64]) -> dict[int, Member]:
        """Those of the rows that are companies of the old snapshot."""
        if self._old is None:
            return {}
        places = rows[rows < self._old_rows]
        members = self._old.members(places)
        self._old.release()
        files = self._moved
        renumbered = (Member(*one[:2], files[one.file], *one[3:5], moved(one.origins, files), one.choice) for one in members)
        return dict(zip(places.tolist(), renumbered, strict=True))

    def _member(self, row: int, known: Mapping[int, Member]) -> Member:
        if row < self._old_rows:
            return known[row]
        number = int(np.searchsorted(self._starts, row, side="right")) - 1
        part = number - (1 if self._old else 0)
        found = self._staged[part].member(row - int(self._starts[number]), self._files[part])
        if self._blank[row]:
            values = list(found.values)
            values[_USCC] = ""
            return found._replace(values=tuple(values), code_ok=False)
        return found
