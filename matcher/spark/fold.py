"""Families folded (归并集团): all that families may join stands in one partition, and one machine's functions do the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from matcher.matching.families import FamilyFinder
from matcher.scoring.folding import families_among, fold_families
from matcher.scoring.ranking import Placed
from matcher.spark import rows as columns
from matcher.spark.package import Package, opened
from matcher.spark.rows import LISTED, NOT_LISTED, Batches
from matcher.types import Family


@dataclass(frozen=True)
class Fold:
    """Members of whole families → those that stay on each list, with their families (归并)."""

    package: Package

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Those on any list, and how many folded away (整个分区)."""
        table = columns.gathered(batches)
        if table is None:
            return
        corpora = opened(self.package)[0].corpora
        members, slots = columns.members_of(table), columns.slots_of(table, 2 * len(self.package.zones))
        known_group = table["known_group"].to_numpy().astype(np.int16)
        finder, counts = FamilyFinder(members, corpora), []
        families: dict[int, dict[int, Family]] = {}
        for slot in range(slots.shape[1]):
            at = np.flatnonzero(slots["segment"][:, slot] != NOT_LISTED)
            segment, chain, score = (slots[name][at, slot].astype(np.int64) for name in ("segment", "chain", "score"))
            placed = Placed(at, segment, chain, score, np.full(len(at), -1), known_group[at])
            there = at.tolist()
            found, folded = fold_families(families_among(finder, placed, there), members, placed, there, corpora)
            slots["segment"][list(folded), slot] = NOT_LISTED
            counts.append(len(folded))
            for place, family in found.items():
                families.setdefault(place, {})[slot] = family
        yield columns.fact(LISTED, folded=counts)
        left = np.flatnonzero((slots["segment"] != NOT_LISTED).any(axis=1))
        if len(left):
            own = table.take(pa.array(left)).select(["file", "row", "order"])
            told = [_told(families.get(place)) for place in left.tolist()]
            cells = {name: own[name].combine_chunks() for name in own.column_names}
            yield columns.batch(LISTED, len(left), **cells, slots=columns.slots_bytes(slots[left]), families=told)


def _told(families: dict[int, Family] | None) -> bytes | None:
    """A company's families by list, as a cell."""
    if not families:
        return None
    return json.dumps({slot: asdict(family) for slot, family in families.items()}, ensure_ascii=False).encode()


def family_of(cell: bytes | None) -> Family | None:
    """The family that a cell of ``BEST`` tells (单元格 → 集团家族)."""
    if not cell:
        return None
    told = json.loads(bytes(cell))
    return Family(**{**told, "others": tuple(told["others"])})
