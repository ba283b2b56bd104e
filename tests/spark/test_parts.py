"""Parts joined are the whole: the best of each segment make the list, blocks hold whole families, places count everybody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.listing import Open
from matcher.matching.families import FamilyFinder, block_of
from matcher.parts import as_told, told_of
from matcher.runs import Request
from matcher.scoring.formula import UNIT
from matcher.scoring.ranking import Placed, arrange, unserved
from matcher.spark import rows as columns
from matcher.spark.best import Best, BestOfAll, CountBefore
from matcher.spark.lists import ClusterList
from matcher.spark.ranking import joined_blocks
from matcher.text.names import name_reader
from matcher.text.normalise import normalise
from tests.matching.test_families import Row, chains_of, companies_of
from tests.matching.test_families_reference import files

pytestmark = pytest.mark.slow

entries = st.lists(
    st.tuples(st.integers(-1, 6), st.integers(0, 12), st.sampled_from("甲乙丙丁戊"), st.integers(0, 3)), min_size=1, max_size=60
)
"""Segment, score, key (few, so that many are alike) and partition of each company."""


SHAPES = [
    ((1000,), 0, 1000),
    ((1000, 900, 500), 0, 700),
    ((1000, 850), 100, 700),
    ((1000, 500, 0), 300, 0),
    ((900, 900), 300, 1000),
]
"""Fill, and how ``chain_fill`` falls and where it ends."""


@lru_cache(maxsize=len(SHAPES))
def small(engine: Engine, fill: tuple[int, ...], step: int, least: int) -> Engine:
    """The zone with short fills, so that lists of a few companies reach behind what is kept; every segment is wanted."""
    order = engine.zone.scoring.order
    fills = {need: list(fill[: 1 + n % len(fill)]) for n, need in enumerate(order.fill)}
    chain_fill = order.chain_fill.model_copy(update={"step": step, "least": least})
    changed = order.model_copy(update={"fill": fills, "chain_fill": chain_fill, "wanted_priority": 1})
    return engine.with_rules(engine.zone.with_scoring(engine.zone.scoring.model_copy(update={"order": changed})))


def listed(given_: Sequence[tuple[int, int, str, int]], partition: int) -> Iterable[pa.RecordBatch]:
    """The rows of a partition, as families leave them; last ones first."""
    mine = [row for row, one in enumerate(given_) if one[3] == partition][::-1]
    if mine:
        slots = columns.no_slots(len(mine), 1)
        slots["segment"][:, 0] = [given_[row][0] for row in mine]
        slots["score"][:, 0] = [given_[row][1] * UNIT for row in mine]
        cells = {"file": [0] * len(mine), "row": mine, "order": [given_[row][2] for row in mine]}
        yield columns.batch(columns.LISTED, len(mine), **cells, slots=columns.slots_bytes(slots))


def as_rows(batches: Iterable[pa.RecordBatch]) -> list[dict[str, Any]]:
    return [row for batch in batches for row in batch.to_pylist()]


@settings(deadline=None, max_examples=150)
@given(given_=entries, top=st.integers(1, 4), shape=st.sampled_from(SHAPES))
def test_the_best_of_each_segment_make_the_list(
    engine: Engine, given_: list[tuple[int, int, str, int]], top: int, shape: tuple[tuple[int, ...], int, int]
) -> None:
    changed = small(engine, *shape)
    request = Request(as_of=date(2026, 1, 1), top=top)
    score = np.array([one[1] * UNIT for one in given_], dtype=np.int64)
    segment = np.array([one[0] for one in given_], dtype=np.int64)
    whole = arrange(score, segment, [one[2] for one in given_], changed.zone)

    made = ClusterList(changed, request, 0)
    best = [batch for partition in range(4) for batch in Best(1, (made.depth,))(listed(given_, partition))]
    by_segment: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in as_rows(best):
        by_segment[row["segment"]].append(row)
    kept = []
    for rows in by_segment.values():
        batch = pa.RecordBatch.from_pylist(rows, schema=pa.schema(list(columns.columns_of(columns.BEST).items())))
        kept += as_rows(BestOfAll((made.depth,))([batch]))
    assert all(sum(row["segment"] == number for row in kept) <= made.depth for number in range(-1, 7))
    made.arrange(kept)
    first = made._order.first(top)
    assert [made._rows[place]["row"] for place in first.pair] == whole.pair[:top].tolist()
    for name in ("order_value", "segment_place", "chain_place"):
        assert getattr(first, name).tolist() == getattr(whole, name)[:top].tolist(), name

    count = CountBefore(1, {0: made.factors}, {0: made.last}, {0: made.targets})
    before: dict[int, int] = defaultdict(int)
    for partition in range(4):
        for row in as_rows(count(listed(given_, partition))):
            before[row["target"]] += row["count"]
    places = {(0, row): row for row in range(len(given_))}
    expected = [
        Open(number) if at < 0 else Open(number, int(whole.pair[at]), at, int(score[whole.pair[at]]))
        for number, at in unserved(segment[whole.pair], top, changed.zone, made._allowed)
    ]
    assert list(made._opened(places, before)) == expected


@settings(deadline=None, max_examples=200)
@given(rows=files)
def test_blocks_hold_whole_families(corpora: Corpora, rows: list[Row]) -> None:
    """Families found block by block are those found among all; known groups join blocks."""
    rows = [*rows, Row("上药凯仑（杭州）医药股份有限公司", "杭州", 1), Row("上海医药集团青岛国风药业股份有限公司", "青岛", 1)]
    companies = companies_of(rows, corpora)
    finder = FamilyFinder(companies, corpora)
    parts = [name_reader(corpora).parse(normalise(row.name), row.city) for row in rows]
    roots = joined_blocks([(part.known_group, block_of(part)) for part in parts if part.known_group])
    chains = chains_of(rows)
    found = []
    of = [roots.get(block_of(part), block_of(part)) for part in parts]
    for block in set(of):
        inside = np.array([place for place, one in enumerate(of) if one == block])
        some = FamilyFinder(companies.take(inside), corpora)
        at = {int(place): number for number, place in enumerate(inside)}
        families = some.find({at[place]: chain for place, chain in chains.items() if place in at})
        found += [[int(inside[number]) for number in family] for family in families]
    assert sorted(found) == sorted(finder.find(chains))


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from("甲乙丙丁戊己庚辛"))))
def test_joined_blocks_are_the_connected_ones(pairs: list[tuple[int, str]]) -> None:
    reached = {block: {block} for _, block in pairs}
    for _ in pairs:
        for group, block in pairs:
            for other, far in pairs:
                if group == other:
                    reached[block] |= reached[far]
    roots = joined_blocks(pairs)
    assert {block: roots.get(block, block) for block in reached} == {block: min(near) for block, near in reached.items()}


def test_names_taken_apart_for_one_zone_serve_another(engine: Engine, engines: list[Engine]) -> None:
    from matcher.intake import read_files

    companies = read_files([engine.corpora.sample], engine.corpora).companies
    names, request = engines[0].reader.names(companies), Request(as_of=date(2026, 1, 1))
    given_, own = engines[1].part(companies, request, names), engines[1].part(companies, request)
    for side in ("of_chains", "beside"):
        for field in Placed.__dataclass_fields__:
            assert np.array_equal(getattr(getattr(given_, side), field), getattr(getattr(own, side), field)), field
    assert given_.names == own.names


def test_an_engine_elsewhere_goes_by_the_same(engine: Engine) -> None:
    """What a package tells of an engine makes another one score alike."""
    from matcher.intake import read_files

    intake = read_files([engine.corpora.sample], engine.corpora)
    informed = engine.with_local(replace(intake, companies=intake.companies.take(range(0, 200))))
    request = Request(as_of=date(2026, 1, 1), top=10)
    other = as_told(Engine(engine.zone.id, processes=1), told_of(informed))
    assert other.rank(intake, request).results == informed.rank(intake, request).results != engine.rank(intake, request).results
