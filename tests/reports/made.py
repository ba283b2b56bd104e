"""Events for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from matcher.ledger import tables
from matcher.ledger.books import PROJECTS, TARGETS, Book
from matcher.ledger.entry import entering
from matcher.ledger.setting import Setting
from matcher.store.database import Store

START = datetime(2024, 8, 1, 2, tzinfo=UTC)
NOW = datetime(2024, 9, 30, 2, tzinfo=UTC)


def event(id_: str, type_: str, company: str, hours: float, source: str = "跟踪系统", **data: Any) -> dict[str, Any]:
    at = START + timedelta(hours=hours)
    return {"source": source, "id": id_, "type": type_, "time": at.isoformat(), "company": company, "data": data}


def cloud(plain: dict[str, Any]) -> dict[str, Any]:
    """The same as a CloudEvent."""
    given = {key: plain[key] for key in ("source", "id", "time")}
    more = {"specversion": "1.0", "datacontenttype": "application/json", "subject": plain["company"]}
    return {**given, **more, "type": f"cn.example.{plain['type']}", "data": plain["data"]}


def target(store: Store, setting: Setting, company: str, **more: Any) -> int:
    with entering(store, setting, by="甲", today=START.date(), at=START) as entry:
        return entry.add(TARGETS, {"kind": "企业", "company": company, **more}, on=START.date()).id


def project(store: Store, setting: Setting, company: str, **more: Any) -> int:
    with entering(store, setting, by="甲", today=START.date(), at=START) as entry:
        return entry.add(PROJECTS, {"name": f"{company}项目", "company": company, **more}, on=START.date()).id


FIELDS = ("state", "state_on", "state_reason", "next_step", "next_on", "owner", "town")


def state(store: Store, book: Book[Any], id_: int) -> dict[str, Any]:
    """All that events can change of a row: fields, first contact, milestones, visits, funds."""
    with store.reading() as connection:
        row = connection.execute(select(book.table).where(book.table.c.id == id_)).mappings().one()
        steps, meetings, arrivals = tables.steps, tables.meetings, tables.arrivals
        stood = select(steps.c.step, steps.c.on).where(steps.c.book == book.name, steps.c.row == id_, steps.c.undone_at.is_(None))
        column = meetings.c.target if book is TARGETS else meetings.c.project
        met = connection.execute(select(meetings.c.met_on, meetings.c.result).where(column == id_)).all()
        funds = connection.execute(select(arrivals.c.arrived_on, arrivals.c.amount).where(arrivals.c.project == id_)).all()
        found = {name: row[name] for name in FIELDS}
        if book is TARGETS:
            found |= {name: row[name] for name in ("first_on", "first_by")}
        return {
            **found,
            "steps": sorted(map(tuple, connection.execute(stood).all())),
            "met": sorted(map(str, met)),
            "funds": sorted(map(str, funds)) if book is PROJECTS else [],
        }
