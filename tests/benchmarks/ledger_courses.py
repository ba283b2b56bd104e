"""Events of rows with many steps (台账基准，长的行): how many a second with 50, 500, 1,500 steps in each row, on SQLite and PostgreSQL.

Batches of 100 steps of 20 rows, five of each row, the best of five: in order; late by six steps, as where senders overlap; late by four
fifths of the row, so that all of its steps are read again; and in order where nothing is kept, which is how all batches were before.

    .venv/bin/python -m tests.benchmarks.ledger_courses [most steps, 1500 by default]
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete

from matcher.ledger.books import TARGETS
from matcher.ledger.entry import entering
from matcher.ledger.event_tables import courses
from matcher.ledger.events_received import receive
from matcher.ledger.setting import Setting, open_setting
from matcher.rules import zone_ids
from matcher.store.database import Store, open_store
from tests.benchmarks.ledger import databases

SIZES = (50, 500, 1500)
ROWS, BATCH, TRIES = 20, 100, 5
BEGIN, AT = datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 8, 30, tzinfo=UTC)
_STEPS = ("已接触", "洽谈", "搁置", "洽谈")
_EVERY = timedelta(minutes=90)  # a step of each row


class Rows:
    """Rows that are told of step after step."""

    def __init__(self, store: Store, setting: Setting) -> None:
        self.store, self.setting, self.sent, self.steps = store, setting, 0, 0
        with entering(store, setting, by="bench", today=BEGIN.date(), at=BEGIN) as entry:
            for number in range(ROWS):
                entry.add(TARGETS, {"kind": "企业", "company": f"青岛甲乙{number}号有限公司"}, on=BEGIN.date())

    def batch(self, size: int = BATCH, late: timedelta = timedelta()) -> float:
        """Sends a batch; seconds that it took."""
        items = list[dict[str, Any]]()
        for number in range(size):
            self.steps += number % ROWS == 0
            at = BEGIN + _EVERY * self.steps - late + timedelta(seconds=self.sent % 1000)
            data = {"step": _STEPS[self.steps % 4], "reason": "补报"}
            items.append(
                {
                    "source": "bench",
                    "id": str(self.sent),
                    "type": "target.step",
                    "time": at.isoformat(),
                    "company": f"青岛甲乙{number % ROWS}号有限公司",
                    "data": data,
                }
            )
            self.sent += 1
        begun = time.perf_counter()
        answers = receive(self.store, self.setting, items, by="bench", at=AT)
        took = time.perf_counter() - begun
        assert {one.fate for one in answers} <= {"applied", "superseded"}
        return took

    def forget(self) -> None:
        """Keeps nothing of the rows."""
        with self.store.writing() as connection:
            connection.execute(delete(courses))

    def whole(self) -> float:
        """A batch in order that goes through all steps."""
        self.forget()
        return self.batch()


def measured(address: str, setting: Setting, most: int) -> list[tuple[int, float, float, float, float]]:
    """(Steps of a row, seconds of a batch: in order, a little late, very late, in order with nothing kept)."""
    found = []
    with open_store(address) as store:
        rows = Rows(store, setting)
        for size in (one for one in SIZES if one <= most):
            while rows.steps < size:
                rows.batch(min(1000, (size - rows.steps) * ROWS))
            if not store.is_sqlite:  # as the server does by itself after a while
                with store.writing() as connection:
                    connection.exec_driver_sql("ANALYZE")
            in_order = min(rows.batch() for _ in range(TRIES))
            little = min(rows.batch(late=_EVERY * 6) for _ in range(TRIES))
            whole = min(rows.whole() for _ in range(TRIES))
            very = min(rows.batch(late=_EVERY * size * 0.8) for _ in range(TRIES))
            rows.batch()
            found.append((size, in_order, little, very, whole))
            print(f"  {size:,}：{found[-1][1:]}", file=sys.stderr)
    return found


def main(most: int) -> None:
    """Prints events a second."""
    setting = open_setting(zone_ids()[0])
    print("每秒事件数   每行已有步数    按序    迟几步    迟很多    按序而不留存（以前）")
    with databases() as found:
        for name, address in found.items():
            for size, *seconds in measured(address, setting, most):
                print(f"{name:<12}{size:>8,}    " + "  ".join(f"{BATCH / one:>9,.0f}" for one in seconds))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1])
