"""Proves that chunks hold every row once, in order and about as many each, and that the number of processes changes nothing."""

from __future__ import annotations

import fcntl
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import (
    InputError,
    LianzhaoError,
    NoNameColumnError,
    RequestError,
    RulesError,
    RulesProblem,
    SnapshotError,
    WorkerError,
)
from matcher.processes import in_chunks, one_by_one


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


def test_jobs_told_one_by_one_come_back_in_order_and_few_wait() -> None:
    told: list[int] = []
    ahead: list[int] = []

    def jobs() -> Iterator[int]:
        for number in range(40):
            told.append(number)
            yield number

    def slow_first(number: int) -> tuple[int, int]:
        time.sleep(0.02 if number % 5 == 0 else 0)
        return number, os.getpid()

    for processes in (1, 2, 3):
        told.clear()
        found = []
        for answer in one_by_one(slow_first, jobs(), processes):
            found.append(answer)
            ahead.append(len(told) - len(found))
        assert [number for number, _ in found] == list(range(40))
        assert max(ahead) <= 2 * processes + 1, "jobs are not all in memory at once"
        assert (os.getpid() in {worker for _, worker in found}) == (processes == 1)


def test_an_error_in_a_worker_arrives_as_it_was_raised_and_ends_the_work() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        if number == 3:
            raise InputError("企业.csv", "认不出日期", row=17, field="founded")
        return number

    def jobs() -> Iterator[int]:
        for number in range(1000):
            begun.append(number)
            yield number

    with pytest.raises(InputError) as raised:
        list(one_by_one(work, jobs(), 2))
    assert (raised.value.file, raised.value.row, raised.value.field) == ("企业.csv", 17, "founded")
    assert len(begun) < 1000, "what stands behind it is not begun"


@pytest.mark.parametrize(
    "error",
    [
        InputError("甲.csv", "空的", row=2),
        NoNameColumnError("甲.csv", "没有名称列"),
        SnapshotError(Path("快照"), "有人在构建"),
        RulesError([RulesProblem("chains.yaml", 3, "weight", "一个数")]),
        RequestError("城市", "青倒", ["青岛"]),
    ],
)
def test_errors_go_from_process_to_process_whole(error: LianzhaoError) -> None:
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """They would wait for work for ever, and a lock that they have of their parent would never be free."""
    lock = tmp_path / "lock"
    code = (
        "import fcntl, os, sys, time\n"
        "from matcher.processes import one_by_one\n"
        f"held = open({str(lock)!r}, 'w')\n"
        "fcntl.flock(held, fcntl.LOCK_EX)\n"
        "for worker in one_by_one(lambda job: (time.sleep(0.05), os.getpid())[1], range(10**9), 2):\n"
        "    print(worker, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        workers = {parent.stdout.readline() for _ in range(12)}
        parent.kill()
    assert len(workers) == 2
    assert str(parent.pid) not in workers
    with lock.open("w") as again:
        fcntl.flock(again, fcntl.LOCK_EX)  # waits until the last of them has ended


@pytest.mark.parametrize("many", [False, True])
def test_a_worker_that_the_system_ends_is_told(many: bool) -> None:
    def work(job: Any) -> int:
        if job in (3, range(30, 40)):
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    with pytest.raises(WorkerError, match="内存不够"):
        list(one_by_one(work, range(9), 2)) if many else in_chunks(work, 80, 10, 2)
