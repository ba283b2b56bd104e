"""Rows read in chunks by several processes (分批并行): for work that looks at each row alone, so that neither number moves a result."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

_Part = TypeVar("_Part")


def in_chunks(work: Callable[[range], _Part], rows: int, chunk: int, processes: int) -> list[_Part]:
    """What ``work`` makes of each chunk of the rows, in order (分批处理).

    Args:
        work: Is given the places of a chunk's rows. Forked workers share what it refers to with their parent; only what it returns
            goes from process to process.
        rows: How many there are; without any, ``work`` is given one empty chunk.
        chunk: Most rows of a chunk; bounds memory and nothing else. All chunks are about as large, so that all workers end together.
        processes: Most processes at work.
    """
    count = max(-(-rows // chunk), 1)
    processes = min(processes, count)
    count = -(-count // processes) * processes
    chunks = [range(rows * n // count, rows * (n + 1) // count) for n in range(count)]
    if processes == 1 or "fork" not in multiprocessing.get_all_start_methods():
        return [work(one) for one in chunks]
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_adopt, initargs=(work,)) as pool:
        return list(pool.map(_work, chunks))


_adopted: list[Callable[[range], Any]] = []


def _adopt(work: Callable[[range], Any]) -> None:
    """Runs once in each worker."""
    _adopted[:] = [work]


def _work(chunk: range) -> Any:
    return _adopted[0](chunk)
