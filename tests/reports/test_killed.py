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

from matcher.intake.workbooks import read_sheets
from matcher.ledger import tables
from matcher.ledger.books import TARGETS
from matcher.ledger.event_tables import step_times
from matcher.ledger.events_received import receive
from matcher.ledger.setting import Setting, open_setting
from matcher.outputs.report_links import Kind
from matcher.store.database import Store, open_store
from tests.cli import small_zone
from tests.ledger.test_together import MOMENTS, STATEMENTS
from tests.reports import children
from tests.reports.made import NOW, event, state, target

KILLS, EACH = 60, 6
"""Points at which events are killed, and each kind of report, on each database."""
REPORTS: dict[Kind, str] = {"weekly": "html", "monthly": "docx", "annual": "xlsx"}
TITLES: dict[Kind, str] = {"weekly": "周调度", "monthly": "月通报", "annual": "权重 × 完成率"}
COMPANIES = [f"甲{number}有限公司" for number in range(5)]
STEPS = ["已接触", "洽谈", "搁置", "洽谈"]


def batches(random: Random) -> list[list[dict[str, object]]]:
    """Steps and visits of five companies in any order, ten to a batch."""
    items = [event(f"{c}s{n}", "target.step", c, n, step=STEPS[n % 4], reason="电话") for c in COMPANIES for n in range(20)]
    items += [event(f"{c}v{n}", "visit", c, n) for c in COMPANIES for n in range(20)]
    random.shuffle(items)
    return [items[at : at + 10] for at in range(0, len(items), 10)]


def title(paper: Path) -> str:
    """What a report is called; all of it can be read."""
    if paper.suffix == ".docx":
        return docx.Document(str(paper)).paragraphs[0].text
    if paper.suffix == ".xlsx":
        return str(read_sheets(paper.read_bytes(), paper.name))
    text = paper.read_text(encoding="utf-8")
    assert text.rstrip().endswith("</html>")
    return text


def test_two_hundred_points_in_all() -> None:
    """Imports, events and the three reports, on two databases; each test goes on until so many were killed."""
    assert 2 * (KILLS + EACH * len(REPORTS) + STATEMENTS + MOMENTS) >= 200


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
    while killed < KILLS:
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
@pytest.mark.parametrize("kind", REPORTS)
def test_killed_while_a_report_is_written(address: str, tmp_path: Path, kind: Kind) -> None:
    """Whatever stands there is a whole report; the ledger is as it was."""
    random, rules, paper = Random(3), small_zone.write(tmp_path / "rules"), tmp_path / f"通报.{REPORTS[kind]}"
    setting = open_setting("small", rules)
    with open_store(address) as store:
        for company in COMPANIES:
            target(store, setting, company)
        for batch in batches(random):
            receive(store, setting, batch, by="接口", at=NOW)
    for number in range(EACH):
        ready = multiprocessing.get_context("forkserver").Event()
        process = children.start(children.write_report, address, rules, kind, paper, ready)
        assert ready.wait(120)
        while number == 0 and not paper.exists() and process.is_alive():
            time.sleep(0.01)
        process.join(random.uniform(0, 1))
        assert process.is_alive()
        process.kill()
        process.join()
        assert TITLES[kind] in title(paper)
    with open_store(address) as store:
        whole(store)
