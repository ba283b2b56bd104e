"""The trip of 27–29 August 2024 as the newspaper tells it: three days, three cities, three signed; entered as an office would."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from matcher.ledger.books import ACTIVITIES, GOALS, MEETINGS, PROJECTS, TARGETS
from matcher.ledger.entry import entering
from matcher.ledger.proofs import attach, keep_file
from matcher.ledger.setting import Setting
from matcher.store.database import Store

SIGNED = (
    ("青岛英贝特玩具礼品有限公司", "投资建设、贸易出口", date(2024, 8, 27), "青岛市"),
    ("青岛海之晨工业装备有限公司", "工业AI视觉质检项目", date(2024, 8, 27), "青岛市"),
    ("颐高集团有限公司", "合作项目", date(2024, 8, 28), "杭州市"),
)
"""Company, what it is about, the day, the city; the article says no more than that they were signed, so they are 意向/框架."""
DEPARTMENT, OTHER = "招商一局", "招商二局"
PLANNED = datetime(2024, 8, 20, 1, tzinfo=UTC)
AFTER = datetime(2024, 8, 30, 1, tzinfo=UTC)


def planned(store: Store, setting: Setting) -> None:
    """The trip is planned, its targets are entered, and two departments have goals."""
    with entering(store, setting, by="调度员", today=date(2024, 8, 20), at=PLANNED) as entry:
        trip = {
            "kind": "外出招商",
            "name": "青岛、杭州、绍兴招商",
            "starts_on": "2024-08-27",
            "ends_on": "2024-08-29",
            "trip": "2024-08",
        }
        entry.add(ACTIVITIES, trip | {"department": DEPARTMENT, "place": "青岛、杭州、绍兴"})
        for company, _, day, city in SIGNED:
            target = {"kind": "企业", "company": company, "city": city, "department": DEPARTMENT, "next_step": "登门拜访"}
            entry.add(TARGETS, target | {"next_on": day.isoformat()})
        for unit, number in ((DEPARTMENT, "4"), (OTHER, "2")):
            goal = {"year": "2024", "unit_kind": "部门", "unit": unit}
            entry.add(GOALS, goal | {"measure": "意向/框架项目数", "amount": number})
            entry.add(GOALS, goal | {"measure": "外出招商次数", "amount": "10"})


def held(store: Store, setting: Setting) -> None:
    """What came of it is entered on the day after."""
    with entering(store, setting, by="调度员", today=date(2024, 8, 30), at=AFTER) as entry:
        entry.step(ACTIVITIES, 1, "已开展", on="2024-08-29")
        for number, (company, what, day, _) in enumerate(SIGNED, start=1):
            entry.add(MEETINGS, {"activity": 1, "target": number, "company": company, "met_on": day.isoformat()})
            entry.set(TARGETS, number, {"next_step": None, "next_on": None})
            entry.step(TARGETS, number, "已接触", on=day)
            entry.step(TARGETS, number, "洽谈", on=day)
            entry.convert(number, {"name": f"{company}{what}"}, on=day)
            entry.step(PROJECTS, number, "意向/框架", on=day)


def proved(store: Store, setting: Setting, home: Path, scan: Path, *projects: int) -> None:
    """The agreements are attached."""
    for project in projects:
        scan.write_bytes(f"框架协议 {project}".encode())
        digest, size = keep_file(home, scan)
        with entering(store, setting, by="调度员", today=date(2024, 8, 31)) as entry:
            attach(entry, PROJECTS, project, kind="框架协议", digest=digest, size=size, file_name=scan.name)
