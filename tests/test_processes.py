"""Proves that chunks hold every row once, in order and about as many each, and that the number of processes changes nothing."""

from __future__ import annotations

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.processes import in_chunks


@given(rows=st.integers(0, 500), chunk=st.integers(1, 60))
@settings(deadline=None)
def test_every_row_is_in_one_chunk(rows: int, chunk: int) -> None:
    chunks = in_chunks(lambda one: one, rows, chunk, 1)
    assert [place for one in chunks for place in one] == list(range(rows))
    sizes = [len(one) for one in chunks]
    assert max(sizes) <= chunk
    assert max(sizes) - min(sizes) <= 1
    assert len(sizes) == max(-(-rows // chunk), 1), "no more chunks than needed"


def test_workers_share_the_work_and_give_the_same() -> None:
    cells = [str(number) for number in range(100)]

    def work(chunk: range) -> tuple[list[str], int]:
        return cells[chunk.start : chunk.stop], os.getpid()

    for rows, processes in ((100, 2), (99, 3), (7, 4)):
        found = in_chunks(work, rows, 10, processes)
        assert [cell for part, _ in found for cell in part] == cells[:rows]
        if rows > 10:
            assert os.getpid() not in {worker for _, worker in found}
            assert len(found) % processes == 0, "every worker has as many chunks"
        else:
            assert {worker for _, worker in found} == {os.getpid()}, "one chunk needs no other process"
