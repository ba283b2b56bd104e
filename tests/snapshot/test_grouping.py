"""Rows sorted bucket by bucket on disk stand as sorted in memory: companies by their first rows, rows of a company behind one another."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.snapshot import grouping
from matcher.snapshot.grouping import Grouping


def plainly(keys: list[int], orders: list[int]) -> list[list[int]]:
    """The rows of each company, by rows' numbers; key 0 is a company by itself."""
    companies: dict[tuple[int, int], list[int]] = {}
    for row, key in enumerate(keys):
        companies.setdefault((key, 0 if key else row), []).append(row)
    found = [sorted(rows, key=orders.__getitem__) for rows in companies.values()]
    return sorted(found, key=lambda rows: orders[rows[0]])


@settings(deadline=None)
@given(st.data(), st.integers(0, 60), st.integers(1, 9), st.sampled_from([1, 3, 8, 50_000]), st.sampled_from([1, 4, 256]))
def test_in_any_pieces_and_buckets(data: st.DataObject, count: int, piece: int, bucket: int, sampled: int) -> None:
    keys = data.draw(st.lists(st.integers(0, 20), min_size=count, max_size=count))
    orders = data.draw(st.permutations(range(0, 7 * count, 7)))
    spread = np.random.default_rng(5).integers(1, 2**63, size=(21, 2), dtype=np.uint64)  # like digests
    spread[0] = 0
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "_BUCKET", bucket)
        patch.setattr(grouping, "_SAMPLED", sampled)
        whole = Grouping(Path(folder), count)
        for at in range(0, count, piece):
            rows = np.arange(at, min(at + piece, count))
            whole.add(spread[[keys[row] for row in rows]], np.array([orders[row] for row in rows]), rows)
        groups = whole.grouped()
        assert {path.suffix for path in Path(folder).iterdir()} == {".npy"}, "buckets are gone"
        found = []
        for at in range(0, len(groups), piece):
            members, sizes = groups.rows(at, min(at + piece, len(groups)))
            found += [part.tolist() for part in np.split(members, np.cumsum(sizes)[:-1])]
    assert found == plainly(keys, orders)
