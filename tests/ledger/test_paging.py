"""Pages of rows and the board of steps agree with all rows read and sorted plainly, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from matcher.ledger import reading
from matcher.ledger.books import ARRIVALS, TARGETS
from matcher.ledger.entry import entering
from matcher.ledger.paging import ORDERS, by_step, orders_of, some_rows
from matcher.ledger.setting import Setting
from matcher.store.database import Store

_STATES = ("待接触", "已接触", "洽谈", "搁置")


@pytest.fixture
def filled(store: Store, setting: Setting) -> Store:
    """Forty targets in several steps, some with a next step, some deleted, some changed again."""
    today = date(2024, 9, 30)
    for number in range(40):
        at = datetime(2024, 9, 1, tzinfo=UTC) + timedelta(minutes=number)
        with entering(store, setting, by="甲", today=today, at=at) as entry:
            values = {"kind": "企业", "company": f"虚构第{number}号有限公司", "department": "甲局" if number % 3 else "乙局"}
            if number % 4 == 0:
                values["next_on"] = (today + timedelta(days=(number * 7) % 31)).isoformat()
            on = today - timedelta(days=(number * 5) % 11)
            made = entry.add(TARGETS, values, step=_STATES[number % 4], on=on, reason="补录")
            if number % 10 == 9:
                entry.delete(TARGETS, made.id, reason="重复")
    with entering(store, setting, by="乙", today=today, at=datetime(2024, 9, 20, tzinfo=UTC)) as entry:
        entry.set(TARGETS, 5, {"next_step": "再约"})
    return store


def plainly(rows: list[Any], order: str) -> list[int]:
    """The numbers as they should come."""
    newest = sorted(rows, key=lambda row: -row.id)
    if order == "changed":
        return [row.id for row in sorted(newest, key=lambda row: row.changed_at, reverse=True)]
    if order == "next":
        return [row.id for row in sorted(newest, key=lambda row: (row.next_on is None, row.next_on or date.max))]
    return [row.id for row in newest]


@pytest.mark.parametrize("order", sorted(ORDERS))
@pytest.mark.parametrize("deleted", [False, True])
def test_pages_together_are_all_rows_in_order(filled: Store, setting: Setting, order: Any, deleted: bool) -> None:
    with filled.reading() as connection:
        every = reading.rows(connection, setting.zone, TARGETS, deleted=deleted)
        pages = [
            some_rows(connection, setting.zone, TARGETS, order=order, skip=skip, most=7, deleted=deleted)
            for skip in range(0, 49, 7)
        ]
    assert {page.total for page in pages} == {len(every)}
    assert [row.id for page in pages for row in page.rows] == plainly(every, order)


def test_conditions_cut_the_number_too(filled: Store, setting: Setting) -> None:
    wanted = TARGETS.table.c.department == "乙局"
    with filled.reading() as connection:
        found = some_rows(connection, setting.zone, TARGETS, wanted, most=3)
        every = reading.rows(connection, setting.zone, TARGETS, wanted)
        assert not some_rows(connection, "别的园区", TARGETS).total
    assert found.total == len(every)
    assert [row.id for row in found.rows] == plainly(every, "newest")[:3]


def test_the_board_holds_every_row_once(filled: Store, setting: Setting) -> None:
    with filled.reading() as connection:
        board = by_step(connection, setting.zone, TARGETS, most=100)
        few = by_step(connection, setting.zone, TARGETS, most=2)
        every = reading.rows(connection, setting.zone, TARGETS)
    assert sorted(row.id for some in board.values() for row in some.rows) == [row.id for row in every]
    for state, some in board.items():
        there = sorted((row for row in every if row.state == state), key=lambda row: (row.state_on, row.id), reverse=True)
        assert list(some.rows) == there
        assert some.total == few[state].total == len(there)
        assert few[state].rows == some.rows[:2]


def test_only_books_with_a_next_step_are_ordered_by_it() -> None:
    assert "next" in orders_of(TARGETS)
    assert "next" not in orders_of(ARRIVALS)
