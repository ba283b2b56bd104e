"""Events about companies that nobody knows yet wait, and are entered when somebody says who is meant (待认企业)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import update

from matcher.errors import RequestError
from matcher.ledger import tables
from matcher.ledger.books import TARGETS
from matcher.ledger.entry import entering
from matcher.ledger.events_received import parked, receive, settle
from matcher.ledger.setting import Setting
from matcher.store.database import Store
from tests.reports.made import NOW, event, project, state, target

pytestmark = pytest.mark.slow

CODE = "91370200MA3C000000"


def test_events_of_unknown_companies_wait_and_are_entered_when_somebody_says_who_is_meant(store: Store, setting: Setting) -> None:
    items = [
        event("1", "target.step", "甲甲公司", 10, step="洽谈"),
        event("2", "target.step", "甲甲公司", 5, step="已接触"),
        event("3", "visit", "甲甲公司", 5, result="谈得好"),
        event("4", "project.step", "甲甲公司", 5, step="签约"),
    ]
    assert {one.fate for one in receive(store, setting, items, by="接口", at=NOW)} == {"parked"}
    assert [one.id for one in parked(store, setting.zone)] == ["2", "3", "4", "1"]
    row = target(store, setting, "甲甲科技有限公司")
    answers = settle(store, setting, "甲甲公司", by="乙", target=row, at=NOW)
    assert [(one.id, one.fate) for one in answers] == [("2", "applied"), ("3", "applied"), ("4", "parked"), ("1", "applied")]
    found = state(store, TARGETS, row)
    assert (found["state"], found["first_on"], len(found["met"])) == ("talks", date(2024, 8, 1), 1)
    assert [one.id for one in parked(store, setting.zone, "甲甲公司")] == ["4"]
    (later,) = receive(store, setting, [event("5", "visit", "甲甲公司", 30)], by="接口", at=NOW)
    assert (later.fate, later.book, later.row) == ("applied", "targets", row)
    made = project(store, setting, "甲甲公司")  # now the name is known by itself
    (last,) = settle(store, setting, "甲甲公司", by="乙", at=NOW)
    assert (last.fate, last.row) == ("applied", made) and parked(store, setting.zone) == []
    with pytest.raises(RequestError, match="待认企业"):
        settle(store, setting, "甲甲公司", by="乙", at=NOW)


def test_a_name_of_several_rows_waits_too(store: Store, setting: Setting) -> None:
    rows = [target(store, setting, "甲甲有限公司", department=name) for name in ("甲局", "乙局")]
    (answer,) = receive(store, setting, [event("1", "visit", "甲甲有限公司", 1)], by="接口", at=NOW)
    assert answer.fate == "parked" and "2 行" in answer.said
    named = event("2", "visit", "甲甲有限公司", 1, row=rows[1])
    assert receive(store, setting, [named], by="接口", at=NOW)[0].fate == "applied"
    with entering(store, setting, by="甲", today=NOW.date()) as entry:
        entry.step(TARGETS, rows[0], "放弃", reason="让给乙局")
    assert settle(store, setting, "甲甲有限公司", by="乙", at=NOW)[0].row == rows[1]


@pytest.mark.parametrize("later", [False, True])
def test_an_event_that_writes_a_code_alone_is_settled_by_the_code(store: Store, setting: Setting, later: bool) -> None:
    row = target(store, setting, "甲甲有限公司")
    told = event("1", "target.step", "", 5, step="已接触") | {"company": {"uscc": CODE.lower()}}
    (answer,) = receive(store, setting, [told], by="接口", at=NOW)
    assert answer.fate == "parked"
    assert [(one.company, one.uscc) for one in parked(store, setting.zone)] == [(CODE, CODE)]
    if later:  # as it was kept by earlier versions
        with store.writing() as connection:
            connection.execute(update(tables.parked).values(squeezed=CODE))
    (answer,) = settle(store, setting, CODE.lower() if later else CODE, by="乙", target=row, at=NOW)
    assert (answer.fate, state(store, TARGETS, row)["state"]) == ("applied", "contacted")
    assert parked(store, setting.zone) == []
    if not later:  # the next of that code goes the same way
        more = event("2", "target.step", "", 6, step="洽谈") | {"company": {"uscc": CODE}}
        assert [one.fate for one in receive(store, setting, [more], by="接口", at=NOW)] == ["applied"]
