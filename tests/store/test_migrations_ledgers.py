"""Migrations go down and up again with rows in every table of the ledgers: what the older tables have a place for comes back as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, select

from matcher.ledger.books import (
    ACTIVITIES,
    ARRIVALS,
    GOALS,
    MEETINGS,
    NEEDS,
    PAPERS,
    PROBLEMS,
    PROJECTS,
    PROMISES,
    TARGETS,
)  # fmt: skip
from matcher.ledger.entry import entering
from matcher.ledger.event_tables import bands
from matcher.ledger.events_received import receive
from matcher.ledger.proofs import attach
from matcher.ledger.webhooks import add_hook, announce
from matcher.store import migrate
from matcher.store.database import Store, revisions
from matcher.store.tables import ledger_evidence, metadata
from tests.ledger.offices import TODAY, listed

AT = datetime(2024, 9, 12, 2, tzinfo=UTC)
WHOLE = {"uscc": "91370200163615667J", "chain": "医养健康", "town": "东镇", "shares": "甲局:1/3、乙局:2/3", "note": "一\n二"}


EVIDENCE = {"digest": "d" * 64, "zone": "z", "entries": b"\x00x", "kept_at": AT}


def filled(store: Store) -> None:
    """Rows in every table: of each book one with all that its columns can hold, one deleted, events, hooks, bands, evidence."""
    setting = listed()
    add_hook(store, setting.zone, "https://example.cn/hook", ["stage"], by="甲", at=AT)
    with entering(store, setting, by="甲", today=TODAY, at=AT) as entry:
        target = entry.add(TARGETS, {"kind": "企业", "company": "甲乙有限公司", "contacts": "某人", **WHOLE}).id
        entry.step(TARGETS, target, "洽谈", reason="补登")
        _, made = entry.convert(target, {"name": "项目", "agreed": "1.2亿元", "land": "30.55亩", "plan_start_on": "2025-03-01"})
        project = made.id
        entry.step(PROJECTS, project, "签约", reason="补登")
        activity = entry.add(ACTIVITIES, {"kind": "拜访", "name": "拜访", "starts_on": TODAY, "cost": "300美元"}).id
        entry.add(MEETINGS, {"activity": activity, "target": target, "company": "甲乙有限公司", "met_on": TODAY})
        funds = {"project": project, "arrived_on": TODAY, "origin": "外资", "amount": "300万美元"}
        arrival = entry.add(ARRIVALS, funds).id
        entry.delete(ARRIVALS, entry.add(ARRIVALS, funds).id, reason="重复")
        entry.add(PAPERS, {"project": project, "paper": "环评", "issued_on": TODAY})
        entry.add(NEEDS, {"project": project, "kind": "用地", "what": "三十亩", "due_on": "2025-01-01"})
        entry.add(PROBLEMS, {"project": project, "what": "电不够"})
        entry.add(PROMISES, {"project": project, "kind": "税收", "what": "返还", "amount": "1万元"})
        entry.add(
            GOALS, {"year": 2024, "measure": "签约", "unit_kind": "部门", "unit": "甲局", "amount": 3} | {"measure": "signed"}
        )
        for book, row, kind in ((PROJECTS, project, "投资协议"), (ARRIVALS, arrival, "到账凭证")):
            attach(entry, book, row, kind=kind, digest="a" * 64, size=2**33, file_name="协议.pdf")
    told = [
        ("1", "target.step", {"step": "洽谈", "reason": "电话"}),
        ("2", "target.set", {"fields": {"owner": "乙"}}),
        ("3", "visit", {}),
    ]
    items = [
        {"source": "系统", "id": id_, "type": type_, "time": "2024-09-12T01:00:00+08:00", "company": company, "data": data}
        for company in ("甲乙有限公司", "没有这家公司")
        for id_, type_, data in ((f"{company}{id_}", type_, data) for id_, type_, data in told)
    ]
    receive(store, setting, items, by="密钥", at=AT)
    with entering(store, setting, by="甲", today=TODAY, at=AT) as entry:
        entry.step(PROJECTS, project, "注册", reason="补登")
    announce(store, setting, at=AT)
    with store.writing() as connection:
        band = {
            "zone": setting.zone,
            "company": "甲乙",
            "name": "甲乙有限公司",
            "band": "A",
            "run": "r",
            "as_of": TODAY,
            "noted_at": AT,
        }
        connection.execute(bands.insert().values(band))
        connection.execute(ledger_evidence.insert().values(EVIDENCE))


def ledgers(connection: Connection, columns: dict[str, set[str]] | None = None) -> dict[str, list[dict[str, Any]]]:
    """All rows of the ledgers' tables, of some columns only."""
    found = {}
    for table in metadata.sorted_tables:
        if not table.name.startswith("ledger_") or (columns is not None and table.name not in columns):
            continue
        names = [column for column in table.c if columns is None or column.name in columns[table.name]]
        rows = connection.execute(select(*names).order_by(*table.primary_key.columns)).mappings()
        found[table.name] = [dict(row) for row in rows]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("before", [revision for revision in revisions() if revision >= "0004"][:-1])
def test_down_and_up_again_with_rows_in_every_table(store: Store, before: str) -> None:
    filled(store)
    with store.reading() as connection:
        whole = ledgers(connection)
    assert [name for name, rows in whole.items() if not rows] == []
    with store.migrating() as connection:
        migrate.downgrade(connection, before)
        there = inspect(connection)
        columns = {name: {one["name"] for one in there.get_columns(name)} for name in whole if name in there.get_table_names()}
        assert set(columns) >= {"ledger_targets", "ledger_steps", "ledger_history", "ledger_proofs"}
        kept = ledgers(connection, columns)
        migrate.upgrade(connection)
        migrate.check(connection)
        again = ledgers(connection, columns)
    wanted = {name: [{key: row[key] for key in row if key in of} for row in whole[name]] for name, of in columns.items()}
    assert kept == wanted == again
    with store.reading() as connection:
        now = ledgers(connection)
        assert all(not rows or name in columns for name, rows in now.items())  # what had no place is gone, and nothing else
    assert set(now) == set(whole)
