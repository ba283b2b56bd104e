"""Fifty writers and readers at once, and imports that are killed: no update is lost, nothing is half there, nobody is turned away."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from matcher.ledger import reading, tables
from matcher.ledger.books import ARRIVALS, PROJECTS, TARGETS
from matcher.ledger.entry import entering
from matcher.ledger.setting import Setting
from matcher.outputs.ledger_xlsx import workbook
from matcher.store.database import Store, open_store
from tests.conftest import ZONE
from tests.ledger import children
from tests.ledger.offices import TODAY, a_project, emptied

WRITERS, READERS, TIMES = 25, 25, 4
ROWS = 12
STATEMENTS, MOMENTS = 14, 18
"""Points at which an import is killed: before so many statements at least, and at so many moments, on each database."""


def context() -> ForkServerContext:
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["tests.ledger.children", "tests.store.children"])
    return made


@pytest.mark.slow
def test_fifty_writers_and_readers(store: Store, setting: Setting, address: str) -> None:
    with entering(store, setting, by="", today=TODAY) as entry:
        for name in ("甲乙有限公司", "丙丁有限公司"):
            a_project(entry, name)
    made = context()
    barrier, told = made.Barrier(WRITERS + READERS), made.Queue()
    processes: list[Any] = [
        made.Process(target=children.write_and_count, args=(address, barrier, number, TIMES, told)) for number in range(WRITERS)
    ]
    processes += [
        made.Process(target=children.read_and_compare, args=(address, barrier, number, TIMES, told)) for number in range(READERS)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(600)
    assert [process.exitcode for process in processes] == [0] * len(processes)  # nobody saw an error
    said = [told.get(timeout=10) for _ in processes]
    assert sorted(kind for kind, _, _ in said) == ["reader"] * READERS + ["writer"] * WRITERS
    with store.reading() as connection:
        projects = reading.rows(connection, ZONE, PROJECTS)
        assert sum(one.jobs or 0 for one in projects) == WRITERS * TIMES
        rows = reading.rows(connection, ZONE, ARRIVALS)
        assert (len(rows), sum(row.amount.amount for row in rows)) == (WRITERS * TIMES, children.CENT.amount * WRITERS * TIMES)
        for project in projects:
            changes = reading.history(connection, ZONE, PROJECTS, project.id)
            assert [change.version for change in changes] == list(range(1, project.version + 1))
            counted = [change.changes["jobs"] for change in changes if "jobs" in change.changes]
            assert counted == [(number or None, number + 1) for number in range(project.jobs or 0)]


def a_workbook(setting: Setting, folder: Path) -> Path:
    cells = [
        {
            "id": None, "version": None, **{field.name: None for field in TARGETS.everything}, "kind": "企业",
            "company": f"青岛甲乙{number}号有限公司", "department": "甲局",
        }
        for number in range(ROWS)
    ]  # fmt: skip
    (folder / "台账.xlsx").write_bytes(workbook(setting, [TARGETS], {"targets": cells}))
    return folder / "台账.xlsx"


def whole_or_nothing(store: Store, acknowledged: bool) -> int:
    """How many rows there are: all of them with their histories and steps, or none."""
    with store.reading() as connection:
        rows = reading.rows(connection, ZONE, TARGETS, deleted=True)
        counts = [connection.execute(select(func.count()).select_from(table)).scalar() for table in (tables.history, tables.steps)]
    assert len(rows) in (0, ROWS) and counts == [len(rows)] * 2
    assert len(rows) == ROWS or not acknowledged
    return len(rows)


@pytest.mark.slow
def test_an_import_that_is_killed_before_any_statement(store: Store, setting: Setting, address: str, tmp_path: Path) -> None:
    file = a_workbook(setting, tmp_path)
    done = Path(f"{file}.done")
    made = context()

    def run(statement: int) -> int | None:
        ready = made.Event()
        process = made.Process(target=children.import_and_die, args=(address, str(file), statement, ready))
        process.start()
        process.join(120)
        return process.exitcode

    assert run(0) == 0
    statements = int(done.read_text())
    assert whole_or_nothing(store, acknowledged=True) == ROWS
    assert statements >= 4 * ROWS
    points = sorted({*random.Random(1).sample(range(1, statements + 1), STATEMENTS), 1, statements - 1, statements})
    for point in points:
        emptied(store)
        done.unlink(missing_ok=True)
        assert run(point) == -signal.SIGKILL
        assert whole_or_nothing(store, acknowledged=done.exists()) == 0
    assert run(0) == 0  # and afterwards it goes through
    assert whole_or_nothing(store, acknowledged=True) == ROWS


@pytest.mark.slow
def test_an_import_that_is_killed_at_any_moment(setting: Setting, store: Store, address: str, tmp_path: Path) -> None:
    file = a_workbook(setting, tmp_path)
    done = Path(f"{file}.done")
    made = context()
    seed = killed = 0
    while killed < MOMENTS:
        seed += 1
        assert seed < 4 * MOMENTS  # most are killed before they are done
        emptied(store)
        done.unlink(missing_ok=True)
        ready = made.Event()
        process = made.Process(target=children.import_after_a_while, args=(address, str(file), ready))
        process.start()
        assert ready.wait(120)
        time.sleep(children.pause(seed, 0.25))
        killed += process.is_alive()
        process.kill()
        process.join(60)
        with open_store(address) as again:
            whole_or_nothing(again, acknowledged=done.exists())
