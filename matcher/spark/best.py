"""Of each list's segments the best (各环节靠前的企业), first in each partition, then of all; and how many stand before a company."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from matcher.spark import rows as columns
from matcher.spark.rows import BEST, COUNTED, NOT_LISTED, Batches


class Standing(NamedTuple):
    """Where a company stands among those of its segment (环节内的先后); the lesser stands before."""

    minus_score: int
    order: str
    file: int
    row: int


@dataclass(frozen=True)
class Best:
    """The best of each segment of each list in a partition (分区内各环节靠前的).

    Attributes:
        slots: How many lists.
        depths: Of each list, how many of a segment.
    """

    slots: int
    depths: tuple[int, ...]

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Rows of ``LISTED`` → rows of ``BEST`` (挑选)."""
        table = columns.gathered(batches)
        if table is None:
            return
        slots = columns.slots_of(table, self.slots)
        standing = (table["order"].to_pylist(), table["file"].to_pylist(), table["row"].to_pylist())
        families = table["families"].to_pylist()
        for slot, depth in enumerate(self.depths):
            segment, score = slots["segment"][:, slot], slots["score"][:, slot].astype(np.int64)
            kept: list[int] = []
            for number in np.unique(segment[segment != NOT_LISTED]).tolist():
                kept += _first(np.flatnonzero(segment == number), score, standing, depth)
            if kept:
                told = [json.loads(cell).get(str(slot)) if cell else None for cell in map(families.__getitem__, kept)]
                yield columns.batch(
                    BEST, len(kept), slot=[slot] * len(kept),
                    **{name: slots[name][kept, slot].astype(np.int32) for name in ("segment", "score", "chain")},
                    **{name: [cells[n] for n in kept] for name, cells in zip(("order", "file", "row"), standing, strict=True)},
                    family=[json.dumps(one, ensure_ascii=False).encode() if one else None for one in told],
                )  # fmt: skip


@dataclass(frozen=True)
class BestOfAll:
    """The same of rows of ``BEST``, all of a segment in one partition (汇总)."""

    depths: tuple[int, ...]

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Fewer rows of the same kind (挑选)."""
        table = columns.gathered(batches)
        if table is None:
            return
        standing = (table["order"].to_pylist(), table["file"].to_pylist(), table["row"].to_pylist())
        score = table["score"].to_numpy().astype(np.int64)
        slot, segment = table["slot"].to_numpy().astype(np.int64), table["segment"].to_numpy().astype(np.int64)
        of = slot << 32 | (segment + 1)
        kept: list[int] = []
        for number in np.unique(of).tolist():
            kept += _first(np.flatnonzero(of == number), score, standing, self.depths[number >> 32])
        yield from table.take(pa.array(kept)).combine_chunks().to_batches()


def _first(
    places: np.ndarray[tuple[int], np.dtype[np.int64]],
    score: np.ndarray[tuple[int], np.dtype[np.int64]],
    standing: tuple[list[str], list[int], list[int]],
    depth: int,
) -> list[int]:
    """The first ``depth`` by (−score, key, place in the files); most are left out by their score alone."""
    if len(places) > depth:
        least = np.partition(score[places], len(places) - depth)[len(places) - depth]
        places = places[score[places] >= least]
    order, file, row = standing
    return sorted(places.tolist(), key=lambda n: (-int(score[n]), order[n], file[n], row[n]))[:depth]


class Target(NamedTuple):
    """A company whose place on a list is asked for (求名次的企业): its order value and standing."""

    minus_value: int
    standing: Standing


@dataclass(frozen=True)
class CountBefore:
    """How many that are not among the best of their segment stand before some companies (排在前面的家数).

    Attributes:
        slots: How many lists.
        factors: List → by segment, the last for none: the order value for a score of 1 of whoever is not among the best.
        last: List → segment → the last that is among its best, of segments that have more.
        targets: List → companies whose place is asked for.
    """

    slots: int
    factors: Mapping[int, tuple[int, ...]]
    last: Mapping[int, Mapping[int, Standing]]
    targets: Mapping[int, tuple[Target, ...]]

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Rows of ``LISTED`` → a count for each target (计数)."""
        table = columns.gathered(batches)
        if table is None:
            return
        slots = columns.slots_of(table, self.slots)
        order, file, row = table["order"].to_pylist(), table["file"].to_pylist(), table["row"].to_pylist()
        found: list[tuple[int, int, int]] = []
        for slot, targets in self.targets.items():
            segment, score = slots["segment"][:, slot], slots["score"][:, slot].astype(np.int64)
            counts = [0] * len(targets)
            for number, last in self.last[slot].items():
                factor = self.factors[slot][number]
                places = np.flatnonzero((segment == number) & (score <= -last.minus_score))
                value = score[places] * factor
                for n, target in enumerate(targets):  # ties alone are looked at one by one
                    near = (value == -target.minus_value) | (score[places] == -last.minus_score)
                    counts[n] += int((value[~near] > -target.minus_value).sum())
                    for place in places[near].tolist():
                        standing = Standing(-int(score[place]), order[place], file[place], row[place])
                        counts[n] += standing > last and Target(-int(score[place]) * factor, standing) < target
            found += [(slot, n, count) for n, count in enumerate(counts)]
        told = dict(zip(("slot", "target", "count"), map(list, zip(*found, strict=True)), strict=True)) if found else {}
        if found:
            yield columns.batch(COUNTED, len(found), **told)
