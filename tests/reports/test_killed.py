"""kill -9 at random points: no answered event is missing, none is half there, and sending all again ends where none was killed."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random

import docx
import pytest
from sqlalchemy import func, select

from matcher.ledger import tables
from matcher.ledger.books import TARGETS
from matcher.ledger.event_tables import step_times
from matcher.ledger.events_received import receive
from matcher.ledger.setting import Setting, open_setting
from matcher.store.database import Store, open_store
from tests.cli import small_zone
from tests.reports import children
from tests.reports.made import NOW, event, state, target

KILLS = 50
COMPANIES = [f"甲{number}有限公司" for number in range(5)]
STEPS = ["已接触", "洽谈", "搁置", "洽谈"]


def batches(random: Random) -> list[list[dict[str, object]]]:
    """Steps and visits of five companies in any order, ten to a batch."""
    items = [event(f"{c}s{n}", "target.step", c, n, step=STEPS[n % 4]) for c in COMPANIES for n in range(20)]
    items += [event(f"{c}v{n}", "visit", c, n) for c in COMPANIES for n in range(20)]
    random.shuffle(items)
    return [items[at : at + 10] for at in range(0, len(items), 10)]


def wait_for(answered: Path, batches: int, process: ForkServerProcess) -> None:
    """Until so many batches were answered: how fast the machine is decides nothing."""
    while len(answered.read_text().split()) < batches and process.is_alive():
        time.sleep(0.0005)


def whole(store: Store) -> None:
    """Every event that is there did all that it does."""
    events, steps = tables.events, tables.steps
    with store.reading() as connection:

        def count(of: object) -> int:
            return int(connection.execute(of).scalar() or 0)  # type: ignore[call-overload]

        visits = count(select(func.count()).where(events.c.type == "visit", events.c.fate == "applied"))
        told = count(select(func.count()).where(events.c.type == "target.step"))
        assert count(select(func.count()).select_from(tables.meetings)) == visits
        assert count(select(func.count()).select_from(tables.activities)) == visits
        assert count(select(func.count()).select_from(step_times)) == told
        assert not count(select(func.count()).where(events.c.fate == "parked"))
        rows = connection.execute(select(TARGETS.table.c.id, TARGETS.table.c.state, TARGETS.table.c.version)).all()
        for id_, state_, version in rows:
            standing = select(steps.c.step).where(steps.c.book == "targets", steps.c.row == id_, steps.c.undone_at.is_(None))
            assert state_ in set(connection.execute(standing).scalars())
            history = tables.history
            kept = select(history.c.version).where(history.c.book == "targets", history.c.row == id_).order_by(history.c.version)
            assert list(connection.execute(kept).scalars()) == list(range(1, version + 1))


@pytest.mark.slow
def test_killed_while_events_come_in(address: str, tmp_path: Path) -> None:
    random = Random(7)
    rules = small_zone.write(tmp_path / "rules")
    setting: Setting = open_setting("small", rules)
    sent, answered, killed = batches(random), tmp_path / "answered", 0
    with open_store(address) as store:
        rows = [target(store, setting, company) for company in COMPANIES]
    for _ in range(KILLS):
        ready = multiprocessing.get_context("forkserver").Event()
        order = random.sample(sent, len(sent))
        answered.write_text("")
        process = children.start(children.send, address, rules, order, answered, ready)
        assert ready.wait(120)
        wait_for(answered, random.randrange(len(order) - 2), process)
        time.sleep(random.uniform(0, 0.004))  # somewhere within the next batch
        killed += process.is_alive()
        process.kill()
        process.join()
        done = [order[int(line)] for line in answered.read_text().split()]
        with open_store(address) as store:
            whole(store)
            with store.reading() as connection:
                there = set(connection.execute(select(tables.events.c.event)).scalars())
            assert {one["id"] for batch in done for one in batch} <= there
    assert killed >= KILLS // 2
    with open_store(address) as store:
        for batch in sent:
            receive(store, setting, batch, by="接口", at=NOW)
        whole(store)
        never = [target(store, setting, f"乙{number}有限公司") for number in range(5)]
        for batch in sent:
            again = [one | {"id": f"乙{one['id']}", "company": str(one["company"]).replace("甲", "乙")} for one in batch]
            receive(store, setting, again, by="接口", at=NOW)
        assert [state(store, TARGETS, row) for row in rows] == [state(store, TARGETS, row) for row in never]


@pytest.mark.slow
def test_killed_while_a_report_is_written(address: str, tmp_path: Path) -> None:
    random, rules, paper = Random(3), small_zone.write(tmp_path / "rules"), tmp_path / "月通报.docx"
    setting = open_setting("small", rules)
    with open_store(address) as store:
        for company in COMPANIES:
            target(store, setting, company)
        for batch in batches(random):
            receive(store, setting, batch, by="接口", at=NOW)
    for _ in range(10):
        ready = multiprocessing.get_context("forkserver").Event()
        process = children.start(children.report, address, rules, paper, ready)
        assert ready.wait(120)
        process.join(random.uniform(0.2, 2))
        process.kill()
        process.join()
        if paper.exists():
            assert "月通报" in docx.Document(str(paper)).paragraphs[0].text
    assert paper.exists()
    with open_store(address) as store:
        whole(store)
