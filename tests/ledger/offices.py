"""A setting with departments and towns, which the real zone has not named, and ledgers of made-up rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import delete

from matcher.ledger import tables
from matcher.ledger.books import PROJECTS, TARGETS
from matcher.ledger.entry import Entry
from matcher.ledger.setting import Setting, open_setting
from matcher.rules.ledger import Office
from matcher.store.database import Store
from tests.conftest import ZONE

TODAY = date(2024, 9, 12)
DEPARTMENTS = ("甲局", "乙局", "丙局")


@lru_cache
def listed() -> Setting:
    plain = open_setting(ZONE)
    departments = tuple(Office(name=name, also=[name[0]]) for name in DEPARTMENTS)
    towns = (Office(name="东镇"), Office(name="西街道", also=["西街"]))
    return replace(plain, rules=replace(plain.rules, departments=departments, towns=towns))


def emptied(store: Store) -> None:
    """No row in any table of the ledgers."""
    with store.writing() as connection:
        books = [tables.BOOKS[name] for name in reversed(tables.BOOKS)]
        for table in (
            tables.outbox,
            tables.hooks,
            tables.parked,
            tables.events,
            tables.proofs,
            tables.steps,
            tables.history,
            *books,
        ):
            connection.execute(delete(table))


def a_target(entry: Entry, company: str = "甲乙有限公司", **values: Any) -> int:
    return entry.add(TARGETS, {"kind": "企业", "company": company, "department": "甲局", **values}).id


def a_project(entry: Entry, company: str = "甲乙有限公司", **values: Any) -> int:
    given = {"name": f"{company}项目", "company": company, "department": "甲局", **values}
    return entry.add(PROJECTS, given, on=date(2024, 1, 1)).id
