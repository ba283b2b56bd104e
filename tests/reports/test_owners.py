"""Whose a visit and a first contact are follows from what happened when, never from the order in which it was told."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from matcher.ledger import tables
from matcher.ledger.books import ACTIVITIES, TARGETS, Book
from matcher.ledger.entry import entering
from matcher.ledger.events_received import receive
from matcher.ledger.reports_monthly import monthly
from matcher.ledger.setting import Setting
from matcher.rules.assessment import load_assessment
from matcher.store.database import Store
from tests.reports.made import NOW, START, event, project, target
from tests.reports.test_batches import statements

numbers = itertools.count()
OFFICES = ["甲局", "乙局", "丙局", ""]
Told = tuple[str, str, int]
"""Kind (visit, set, call), the office that a change names, and the hour."""
ONE = st.tuples(st.sampled_from(["visit", "visit", "set", "set", "call"]), st.sampled_from(OFFICES), st.integers(0, 60))


def item(company: str, number: int, told: Told, book: str) -> dict[str, Any]:
    kind, office, hour = told
    if kind == "set":
        return event(
            f"{company}{number}", f"{book}.set", company, hour, fields={"department": office, "town": office and f"{office}镇"}
        )
    if kind == "call":
        step = "已接触" if book == "target" else "意向/框架"
        return event(f"{company}{number}", f"{book}.step", company, hour, step=step, reason="电话")
    return event(f"{company}{number}", "visit", company, hour, result=f"第 {number} 次")


def visits(store: Store, column: str, row: int) -> dict[str, tuple[str | None, str | None]]:
    """What came of it → whose it is, of every visit of a row."""
    meetings, activities = tables.meetings, tables.activities
    wanted = select(meetings.c.result, activities.c.department, activities.c.town).join(
        activities, activities.c.id == meetings.c.activity
    )
    with store.reading() as connection:
        return {line.result: (line.department, line.town) for line in connection.execute(wanted.where(meetings.c[column] == row))}


def first_by(store: Store, row: int) -> str | None:
    with store.reading() as connection:
        return connection.execute(select(tables.targets.c.first_by).where(tables.targets.c.id == row)).scalar()


def plainly(many: list[Told], began: str) -> dict[str, tuple[str | None, str | None]]:
    """The same by going through it hour by hour; of one hour by the events' own ids, changes before visits."""
    found = {}
    for number, (kind, _, hour) in enumerate(many):
        if kind != "visit":
            continue
        before = [(when, str(of), office) for of, (what, office, when) in enumerate(many) if what == "set" and when <= hour]
        office = max(before)[2] if before else began
        found[f"第 {number} 次"] = (office or None, ((office and f"{office}镇") or None) if before else None)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("book", ["target", "project"])
def test_whose_a_visit_is_does_not_depend_on_arrival(store: Store, setting: Setting, book: str) -> None:
    made = target if book == "target" else project
    cases = st.lists(ONE, min_size=2, max_size=7).flatmap(
        lambda many: st.tuples(
            st.just(many), st.permutations(range(len(many))), st.integers(0, len(many)), st.sampled_from(["初局", ""])
        )
    )

    @settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
    @given(case=cases)
    @example(case=([("set", "乙局", 3), ("visit", "", 5), ("set", "丙局", 9)], [1, 2, 0], 0, "初局"))
    @example(case=([("visit", "", 5), ("set", "乙局", 5), ("set", "", 1)], [2, 1, 0], 2, ""))
    @example(case=([("call", "", 5), ("set", "乙局", 4), ("set", "丙局", 6)], [0, 2, 1], 1, "初局"))
    @example(case=([("set", "甲局", 58), ("call", "", 2), ("call", "", 50)], [1, 2, 0], 0, "初局"))
    @example(case=([("set", "甲局", 51), ("call", "", 54), ("call", "", 43)], [0, 1, 2], 0, "初局"))
    def check(case: tuple[list[Told], list[int], int, str]) -> None:
        many, order, cut, began = case
        found = []
        for arrival in (list(range(len(many))), order, list(reversed(order))):
            company = f"归{next(numbers)}有限公司"
            row = made(store, setting, company, **({"department": began} if began else {}))
            events = [item(company, number, told, book) for number, told in enumerate(many)]
            batches = [[events[n] for n in arrival[:cut]], *([events[n]] for n in arrival[cut:])]
            for minutes, batch in enumerate(batches):
                answers = receive(store, setting, batch, by="接口", at=NOW + timedelta(minutes=minutes))
                assert {one.fate for one in answers} <= {"applied", "superseded"}
            found.append((visits(store, book, row), first_by(store, row) if book == "target" else None))
        assert found[0] == found[1] == found[2]
        assert found[0][0] == plainly(many, began)

    check()


def changed_by_a_person(store: Store, setting: Setting, book: Book[Any], row: int, department: str, at: datetime) -> None:
    with entering(store, setting, by="乙", today=at.date(), at=at) as entry:
        entry.set(book, row, {"department": department})


@pytest.mark.parametrize("late", [False, True])
def test_what_a_person_changes_counts_from_its_moment(store: Store, setting: Setting, late: bool) -> None:
    """A visit of before is whose it was, of after whose it is, told before the change or after it."""
    row = target(store, setting, "甲甲有限公司", department="甲局")
    before, after = (event(str(hour), "visit", "甲甲有限公司", hour, result=str(hour)) for hour in (5, 50))
    moment = START + timedelta(hours=24)
    if not late:
        receive(store, setting, [before], by="接口", at=START + timedelta(hours=6))
    changed_by_a_person(store, setting, TARGETS, row, "乙局", moment)
    receive(store, setting, [after, before], by="接口", at=NOW)
    assert {result: office for result, (office, _) in visits(store, "target", row).items()} == {"5": "甲局", "50": "乙局"}


def test_a_visit_reads_nothing_of_the_past_of_its_row(store: Store, setting: Setting) -> None:
    """Whose the row was since when is kept; a person's change and an event's have it found out anew, and count as if nothing were kept."""
    row, moments = target(store, setting, "甲戊有限公司", department="甲局"), itertools.count()

    def told(*items: dict[str, Any]) -> list[str]:
        with statements() as seen:
            receive(store, setting, list(items), by="接口", at=NOW + timedelta(minutes=next(moments)))
        past = ("ledger_history", "ledger_meetings JOIN", "JOIN ledger_meetings", "ledger_events.book")
        return [one for one in seen if one.startswith("SELECT") and any(part in one for part in past)]

    def visit(number: int, hour: float) -> dict[str, Any]:
        return event(f"v{number}", "visit", "甲戊有限公司", hour, result=f"{number}")

    assert told(visit(0, 1))  # nothing is kept yet
    assert told(visit(1, 2), visit(2, 3)) == []
    changed_by_a_person(store, setting, TARGETS, row, "乙局", START + timedelta(hours=10))
    assert told(visit(3, 12))
    assert told(visit(4, 4), visit(5, 13)) == []
    assert told(event("s", "target.set", "甲戊有限公司", 2.5, fields={"department": "丙局", "next_step": "再谈"}))
    assert told(event("t", "target.set", "甲戊有限公司", 14, fields={"next_step": "签约"}), visit(6, 3.5)) == []
    offices = {result: office for result, (office, _) in visits(store, "target", row).items()}
    assert offices == {"0": "甲局", "1": "甲局", "2": "丙局", "3": "乙局", "4": "丙局", "5": "乙局", "6": "丙局"}


def test_a_visit_that_a_person_gave_to_somebody_stays_theirs(store: Store, setting: Setting) -> None:
    row = project(store, setting, "甲乙有限公司", department="甲局")
    receive(store, setting, [event("v", "visit", "甲乙有限公司", 5, result="谈了")], by="接口", at=NOW)
    with store.reading() as connection:
        activity = connection.execute(select(tables.meetings.c.activity).where(tables.meetings.c.project == row)).scalar_one()
    changed_by_a_person(store, setting, ACTIVITIES, activity, "丁局", NOW)
    told = event("s", "project.set", "甲乙有限公司", 3, fields={"department": "乙局", "town": "某镇"})
    receive(store, setting, [told], by="接口", at=NOW + timedelta(minutes=1))
    assert visits(store, "project", row) == {"谈了": ("丁局", "某镇")}


def test_the_month_counts_a_visit_for_whose_it_was(store: Store, setting: Setting) -> None:
    """Whether the change of hands, later than the visit, is told before it or after it."""
    scales, first, last = load_assessment(setting.rules), START.date(), datetime(2024, 8, 31, tzinfo=UTC).date()
    for company, order in (("甲丙有限公司", (0, 1)), ("甲丁有限公司", (1, 0))):
        row = project(store, setting, company, department="甲局")
        hands = event(f"{company}s", "project.set", company, 30, fields={"department": "乙局"})
        both = [hands, event(f"{company}v", "visit", company, 5)]
        for n in order:
            receive(store, setting, [both[n]], by="接口", at=NOW)
        assert [office for office, _ in visits(store, "project", row).values()] == ["甲局"]
    lines = [one for one in monthly(store, setting, scales, first, last).lines if one.measure == "visits"]
    counted = {one.unit: one.month.filed for one in lines if one.unit_kind == "department"}
    assert counted.get("甲局") == 2 and not counted.get("乙局")
