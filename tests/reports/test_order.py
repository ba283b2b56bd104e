"""However events arrive, the ledger, what the ranking reads of any day and the weekly report are the same, several events a day too."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from matcher.ledger.books import PROJECTS, TARGETS
from matcher.ledger.events_received import receive
from matcher.ledger.evidence import evidence
from matcher.ledger.reports_monthly import monthly
from matcher.ledger.reports_weekly import weekly
from matcher.ledger.setting import Setting
from matcher.rules.assessment import load_assessment
from matcher.store.database import Store
from tests.reports.made import NOW, START, event, project, state, target

numbers = itertools.count()
FIRST = START.date()
DAYS = [FIRST + timedelta(days=days) for days in range(4)]
Told = tuple[str, str, int, int]
"""Step, reason, hour, and the day that it is said to have been made on: so many days before; -1 for the day that it happened."""


def some(steps: list[str]) -> st.SearchStrategy[tuple[list[Told], list[int], int]]:
    """Events, the order in which they come, and how many are in the first batch."""
    one = st.tuples(
        st.sampled_from(steps), st.sampled_from(["", "电话", "电话"]), st.integers(0, 60), st.sampled_from([-1, -1, -1, 0, 1])
    )
    return st.lists(one, min_size=2, max_size=8).flatmap(
        lambda many: st.tuples(st.just(many), st.permutations(range(len(many))), st.integers(0, len(many)))
    )


def items(company: str, many: list[Told], book: str) -> list[dict[str, Any]]:
    found = []
    for number, (step, reason, hour, back) in enumerate(many):
        data = {"step": step, **({"reason": reason} if reason else {})}
        if back >= 0:
            on = (START + timedelta(hours=hour)).date() - timedelta(days=back)
            data["on"] = max(on, FIRST).isoformat()
        found.append(event(f"{company}{number}", f"{book}.step", company, hour, **data))
    return found


def said(store: Store, setting: Setting, book: str, row: int, company: str) -> list[Any]:
    """The ledger, the evidence of each day, the week and the month on each day."""
    scales, of = load_assessment(setting.rules), f"{book}s:{row}"
    found: list[Any] = [state(store, TARGETS if book == "target" else PROJECTS, row)]
    for day in DAYS:
        for one in evidence(store, setting, day):
            if (one.book, one.row) == (f"{book}s", row):
                found.append((day, one.state, one.since, one.why, one.visited))
        week = weekly(store, setting, scales, NOW.date(), NOW.date()), weekly(store, setting, scales, FIRST, day)
        for told in week:
            found.append([(one.before, one.step, one.on, one.late, one.reason, one.proved) for one in told.moved if one.row == of])
            found.append([(one.state, one.last_on, one.days) for one in told.idle if one.row == of])
        month = monthly(store, setting, scales, FIRST, day)
        found.append([(one.measure, one.on, one.proved) for one in month.happened if one.row == of])
    return [str(one).replace(company, "某") for one in found]


SAME_DAY: tuple[list[Told], list[int], int] = (
    [("意向/框架", "", 1, -1), ("签约", "", 3, -1), ("意向/框架", "改签意向", 5, -1), ("签约", "", 30, -1)], [3, 2, 1, 0], 2,
)  # fmt: skip
AGAIN: tuple[list[Told], list[int], int] = (
    [("签约", "", 3, -1), ("签约", "", 1, -1), ("在谈", "协议解除", 2, -1), ("流失", "不来了", 40, 1)], [0, 3, 1, 2], 0,
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("book", ["target", "project"])
def test_any_order_of_arrival_tells_the_same(store: Store, setting: Setting, book: str) -> None:
    steps = ["待接触", "已接触", "洽谈", "搁置", "放弃"]
    if book == "project":
        steps = ["在谈", "意向/框架", "签约", "注册", "投产", "达产", "流失"]
    made = target if book == "target" else project

    @settings(deadline=None, max_examples=10, suppress_health_check=list(HealthCheck))
    @given(case=some(steps))
    @example(case=SAME_DAY if book == "project" else ([("洽谈", "", 2, -1), ("已接触", "", 1, -1)], [0, 1], 1))
    @example(case=AGAIN if book == "project" else ([("搁置", "等", 2, 1), ("已接触", "", 1, -1)], [1, 0], 0))
    def check(case: tuple[list[Told], list[int], int]) -> None:
        many, order, cut = case
        found = []
        for arrival in (list(range(len(many))), order):
            company = f"甲{next(numbers)}有限公司"
            row = made(store, setting, company)
            events = items(company, many, book)
            batches = [[events[n] for n in arrival]] if arrival is not order else [
                [events[n] for n in order[:cut]], *([events[n]] for n in order[cut:])
            ]  # fmt: skip
            for minutes, batch in enumerate(batches):
                receive(store, setting, batch, by="接口", at=NOW + timedelta(minutes=minutes))
            found.append(said(store, setting, book, row, company))
        assert found[0] == found[1]

    check()


def test_the_last_of_a_day_stands_at_its_end(store: Store, setting: Setting) -> None:
    """Signed in the morning and taken back to a framework in the evening; told the other way round, and gone on with later."""
    row = project(store, setting, "甲甲有限公司")
    for told in reversed(items("甲甲有限公司", SAME_DAY[0], "project")):
        receive(store, setting, [told], by="接口", at=NOW)
    days = {day: one.state for day in DAYS for one in evidence(store, setting, day) if one.book == "projects"}
    assert days == {DAYS[0]: "framework", DAYS[1]: "signed", DAYS[2]: "signed", DAYS[3]: "signed"}
    week = weekly(store, setting, load_assessment(setting.rules), FIRST, date(2024, 8, 4))
    assert [(one.before, one.step) for one in week.moved if one.row == f"projects:{row}"] == [
        ("在谈", "意向/框架"), ("意向/框架", "正式签约"), ("正式签约", "意向/框架"), ("意向/框架", "正式签约"),
    ]  # fmt: skip
