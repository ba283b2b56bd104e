"""Rows read in chunks by several processes (分批并行): for work that looks at each row alone, so that no number moves a result."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from matcher.errors import WorkerError

_Part = TypeVar("_Part")
_Job = TypeVar("_Job")
_AHEAD = 2  # jobs that wait for each worker: more would only fill memory


def in_chunks(work: Callable[[range], _Part], rows: int, chunk: int, processes: int) -> list[_Part]:
    """What ``work`` makes of each chunk of the rows, in order (分批处理).

    Args:
        work: Is given the places of a chunk's rows. Forked workers share what it refers to with their parent; only what it returns
            goes from process to process.
        rows: How many there are; without any, ``work`` is given one empty chunk.
        chunk: Most rows of a chunk; bounds memory and nothing else. All chunks are about as large, so that all workers end together.
        processes: Most processes at work.

    Raises:
        WorkerError: The system has ended one of them.
    """
    count = max(-(-rows // chunk), 1)
    processes = min(processes, count)
    count = -(-count // processes) * processes
    chunks = [range(rows * n // count, rows * (n + 1) // count) for n in range(count)]
    if processes == 1 or "fork" not in multiprocessing.get_all_start_methods():
        return [work(one) for one in chunks]
    with _told_if_killed(), _pool(work, processes) as pool:
        return list(pool.map(_work, chunks))


def one_by_one(work: Callable[[_Job], _Part], jobs: Iterable[_Job], processes: int) -> Iterator[_Part]:
    """What ``work`` makes of each job, in order, while further jobs are still being told (逐个处理).

    Of any number of jobs no more than a few are in memory.

    Args:
        work: As for ``in_chunks``.
        jobs: Go from process to process; told here, as far ahead as keeps the workers busy.
        processes: Most processes at work beside this one; with one, or for a single job, it does all itself.

    Raises:
        WorkerError: The system has ended one of them.
    """
    told = iter(jobs)
    first = list(itertools.islice(told, 2))
    jobs = itertools.chain(first, told)
    if processes == 1 or len(first) < 2 or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(work, jobs)
        return
    begun: deque[Future[_Part]] = deque()
    with _told_if_killed(), _pool(work, processes) as pool:
        try:
            for job in jobs:
                begun.append(pool.submit(_work, job))
                while len(begun) > _AHEAD * processes or (begun and begun[0].done()):
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for one in begun:
                one.cancel()


@contextlib.contextmanager
def _told_if_killed() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool:
        raise WorkerError from None


def _pool(work: Callable[[Any], Any], processes: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("fork")
    return ProcessPoolExecutor(processes, mp_context=context, initializer=_adopt, initargs=(work,))


_adopted: list[Callable[[Any], Any]] = []


def _adopt(work: Callable[[Any], Any]) -> None:
    """Runs once in each worker."""
    _adopted[:] = [work]
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever, and hold what it has of its parent: the lock of a build, say."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(job: Any) -> Any:
    return _adopted[0](job)
