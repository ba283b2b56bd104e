"""Companies, brought together by code → merged, names taken apart once, read and scored for every zone (归并并评分)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from matcher.engine import Engine
from matcher.intake import Companies
from matcher.intake.fields import EPOCH
from matcher.matching.families import block_of, group_places
from matcher.matching.profiles import CHUNK
from matcher.parts import told_of
from matcher.runs import Request
from matcher.spark import rows as columns
from matcher.spark.package import Package, opened
from matcher.spark.read import Facts
from matcher.spark.rows import MEMBERS, NOT_LISTED, SLOT, Batches
from matcher.text.names import name_reader
from matcher.text.normalise import normalise
from matcher.types import NameParts


@dataclass(frozen=True)
class Place:
    """What a partition's companies bring to the lists of all zones (定位).

    Attributes:
        package: The zones.
        request: The same of all of them.
        facts: How rows are merged.
    """

    package: Package
    request: Request
    facts: Facts

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Those that may be listed and the groups, and counts (整个分区)."""
        table = columns.gathered(batches)
        if table is None:
            return
        whole = self.facts.merged(table)
        yield columns.fact(MEMBERS, undated=whole.undated, accepted=len(whole.companies))
        for start in range(0, len(whole.companies), CHUNK):
            chunk = range(start, min(start + CHUNK, len(whole.companies)))
            yield from self._placed(whole.companies.take(chunk), whole.first[start : chunk.stop])

    def _placed(self, companies: Companies, first: NDArray[np.int64]) -> Iterator[pa.RecordBatch]:
        engines = opened(self.package)
        places = np.arange(len(companies))
        if self.request.cities:
            places = engines[0].cities.places(companies, self.request.cities)
        there = companies.take(places)
        slots = columns.no_slots(len(companies), 2 * len(engines))
        known_group = np.zeros(len(companies), dtype=np.int32)
        reader = engines[0].reader
        parts = reader.names(there)  # the same for all zones
        known_group[places] = reader.by_name(parts).known_group
        barred, lists = [], []
        for number, engine in enumerate(engines):
            part = engine.part(there, self.request, parts)
            for slot, placed in ((2 * number, part.listed), (2 * number + 1, part.opportunities)):
                at = places[placed.company]
                for name in SLOT.names or ():
                    slots[name][at, slot] = getattr(placed, name)
            barred.append(part.barred.tolist())
            lists.append(_entries(engine, there, self.request))
        yield columns.fact(MEMBERS, considered=len(there), barred=barred, lists=lists)
        names = dict(zip(places.tolist(), parts, strict=True))
        wanted = (slots["segment"] != NOT_LISTED).any(axis=1)
        wanted[group_places(companies)] = True
        yield _members(engines[0], companies, np.flatnonzero(wanted), first, slots, known_group, names)


def _entries(engine: Engine, companies: Companies, request: Request) -> list[int]:
    """Which entries of lists were evidence, by their numbers."""
    read = engine.evidence.lists.read(companies, (request.as_of - EPOCH).days).read
    return [number for number, entry in enumerate(told_of(engine).lists) if entry in read] if read else []


def _members(
    engine: Engine,
    companies: Companies,
    wanted: NDArray[np.int64],
    first: NDArray[np.int64],
    slots: NDArray[np.void],
    known_group: NDArray[np.int32],
    names: dict[int, NameParts],
) -> pa.RecordBatch:
    """The companies at ``wanted`` as families see them."""
    reader, text = name_reader(engine.corpora), companies.text

    def taken_apart(place: int) -> NameParts:
        return names.get(place) or reader.parse(normalise(text["name"][place]), text["city"][place] or text["province"][place])

    places = wanted.tolist()
    parts = [taken_apart(place) for place in places]
    few = companies.take(wanted)
    return columns.batch(
        MEMBERS,
        len(places),
        file=(first[wanted] >> 32).astype(np.int32),
        row=(first[wanted] & 0xFFFFFFFF).astype(np.int32),
        order=[few.key(place) for place in range(len(few))],
        block=[block_of(part) for part in parts],
        group=[part.known_group for part in parts],
        **{field: few.text[field] for field in ("name", "uscc", "province", "city", "address")},
        founded=few.founded,
        capital=few.capital,
        code_ok=few.code_ok,
        known_group=known_group[wanted],
        slots=columns.slots_bytes(slots[wanted]),
    )
