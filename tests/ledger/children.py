"""What other processes do in the tests of the ledgers; imported by them, so nothing here starts by itself."""

from __future__ import annotations

import os
import random
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from matcher.errors import ConflictError
from matcher.ledger import importing, reading
from matcher.ledger.books import ARRIVALS, PROJECTS
from matcher.ledger.counting import arrived, arrived_in_all
from matcher.ledger.entry import entering
from matcher.ledger.importing import import_workbook
from matcher.ledger.money import Money
from matcher.store.database import open_store
from tests.ledger.offices import TODAY, listed
from tests.store.children import dying_before

CENT = Money(Decimal("0.01"))


def write_and_count(address: str, barrier: Any, number: int, times: int, told: Any) -> None:
    """Adds a person to a project by reading and writing again, as often as it takes, and funds of one 分 each time."""
    setting, conflicts = listed(), 0
    barrier.wait(300)
    with open_store(address) as store:
        for turn in range(times):
            project = 1 + (number + turn) % 2
            while True:
                with store.reading() as connection:
                    now = reading.row(connection, setting, PROJECTS, project)
                try:
                    with entering(store, setting, by=f"第{number}人", today=TODAY) as entry:
                        entry.set(PROJECTS, project, {"jobs": (now.jobs or 0) + 1}, version=now.version)
                    break
                except ConflictError:
                    conflicts += 1
            with entering(store, setting, by=f"第{number}人", today=TODAY) as entry:
                entry.add(ARRIVALS, {"project": project, "arrived_on": date(2024, 9, 1), "origin": "domestic", "amount": CENT})
                entry.set(PROJECTS, project, {"owner": f"第{number}人"})
    told.put(("writer", number, conflicts))


def read_and_compare(address: str, barrier: Any, number: int, times: int, told: Any) -> None:
    """Looks again and again whether rows, histories and sums are of one state."""
    setting = listed()
    barrier.wait(300)
    with open_store(address) as store:
        for _ in range(times):
            with store.reading() as connection:
                whole = True
                for project in reading.rows(connection, setting.zone, PROJECTS):
                    changes = reading.history(connection, setting.zone, PROJECTS, project.id)
                    again = reading.replayed(changes)
                    values = PROJECTS.values(project)
                    whole &= len(changes) == project.version
                    whole &= all(values[name] == value for name, value in again.items() if name != "deleted")
                funds = arrived_in_all(arrived(connection, setting))
                rows = reading.rows(connection, setting.zone, ARRIVALS)
                filed = sum((both.filed.amount for both in funds.values()), Decimal(0))
                whole &= filed == sum((row.amount.amount for row in rows), Decimal(0))
            if not whole:
                told.put(("torn", number, 0))
                return
    told.put(("reader", number, 0))


def import_and_die(address: str, file: str, statement: int, ready: Any) -> None:
    """Imports a workbook, and is killed before the statement of this number."""
    setting, raw = listed(), Path(file).read_bytes()
    ready.set()
    with open_store(address) as store:
        executed = dying_before(statement)
        import_workbook(store, setting, raw, "台账.xlsx", by="张三", today=TODAY)
    Path(file + ".done").write_text(str(executed()))  # acknowledged
    os._exit(0)


def import_after_a_while(address: str, file: str, ready: Any) -> None:
    """Imports a workbook for somebody who kills it at any moment after it was read."""
    setting, raw = listed(), Path(file).read_bytes()
    read = importing.read_sheets

    def read_and_tell(*given: Any) -> Any:
        sheets = read(*given)
        ready.set()
        return sheets

    importing.read_sheets = read_and_tell
    with open_store(address) as store:
        import_workbook(store, setting, raw, "台账.xlsx", by="张三", today=TODAY)
    Path(file + ".done").write_text("done")
    os._exit(0)


def pause(seed: int, most: float) -> float:
    return random.Random(seed).uniform(0, most)
