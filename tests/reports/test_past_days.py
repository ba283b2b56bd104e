"""A report, or a ranking, of a past day tells what stood at that day's end, whatever was made or taken back since (decision 0034)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import pytest

from matcher.errors import LedgerError
from matcher.ledger import reading
from matcher.ledger.books import ACTIVITIES, MEETINGS, PROJECTS, TARGETS, Book
from matcher.ledger.entry import entering
from matcher.ledger.evidence import evidence
from matcher.ledger.proofs import attach
from matcher.ledger.reports_monthly import annual, monthly
from matcher.ledger.reports_weekly import weekly
from matcher.ledger.setting import Setting
from matcher.outputs.reports import as_plain
from matcher.rules.assessment import load_assessment
from matcher.runs import CHINA_TIME
from matcher.store.database import Store

START, END = date(2024, 8, 5), date(2024, 8, 31)
LATER = date(2024, 9, 5)


def at(day: date) -> datetime:
    return datetime.combine(day, time(10), CHINA_TIME)


def test_a_later_step_back_takes_nothing_from_an_earlier_report(store: Store, setting: Setting) -> None:
    scales = load_assessment(setting.rules)
    signed = date(2024, 8, 28)
    with entering(store, setting, by="甲", today=signed, at=at(signed)) as entry:
        entry.add(
            PROJECTS, {"name": "甲项目", "company": "甲甲有限公司", "agreed": "500万元", "department": "甲局"}, on="2024-08-20"
        )
        entry.step(PROJECTS, 1, "签约", on=signed)
        attach(entry, PROJECTS, 1, kind="投资协议", digest="a" * 64, size=1, file_name="协议.pdf")
    told = [as_plain(make(store, setting, scales, signed, END)) for make in (monthly, weekly)]
    year = as_plain(annual(store, setting, scales, 2024, END))
    read = evidence(store, setting, END)
    assert [(one["measure"], one["proved"]) for one in told[0]["happened"]] == [("agreed", True), ("signed", True)]
    with entering(store, setting, by="甲", today=LATER, at=at(LATER)) as entry:
        entry.step(PROJECTS, 1, "在谈", on=LATER, reason="协议解除")
        entry.step(PROJECTS, 1, "流失", on=LATER, reason="不来了")
    assert [as_plain(make(store, setting, scales, signed, END)) for make in (monthly, weekly)] == told
    assert as_plain(annual(store, setting, scales, 2024, END)) == year
    assert evidence(store, setting, END) == read and read[0].state == "signed"
    assert monthly(store, setting, scales, signed, LATER).happened == ()  # told on a day by which it was taken back
    assert evidence(store, setting, LATER)[0].state == "lost"


def test_a_visit_that_was_called_off_later_was_held_until_then(store: Store, setting: Setting) -> None:
    scales, day = load_assessment(setting.rules), date(2024, 8, 27)
    with entering(store, setting, by="甲", today=LATER, at=at(LATER)) as entry:
        visit = {"kind": "拜访", "name": "拜访甲甲", "starts_on": day, "department": "甲局"}
        entry.add(ACTIVITIES, visit, step="已开展", on=day, reason="补登")
        entry.add(MEETINGS, {"activity": 1, "company": "甲甲有限公司", "met_on": day})
        entry.step(ACTIVITIES, 1, "取消", on=LATER, reason="没有去")
    for as_of, held in ((END, True), (LATER, False)):
        assert bool(monthly(store, setting, scales, day, as_of).happened) == held
        assert bool(evidence(store, setting, as_of)) == held
        efforts = weekly(store, setting, scales, day, as_of).units
        assert any(one.held for one in efforts) == held


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_what_was_told_on_each_day_is_told_again_at_the_end(store: Store, setting: Setting, seed: int) -> None:
    """Steps of each day, forward, back and aside, are entered on that day; next steps, which are fields, are left alone."""
    random, scales, told = Random(seed), load_assessment(setting.rules), []
    steps: dict[str, tuple[Book[Any], list[str]]] = {
        "targets": (TARGETS, ["待接触", "已接触", "洽谈", "搁置", "放弃"]),
        "projects": (PROJECTS, ["在谈", "意向/框架", "签约", "注册", "开工", "投产", "流失"]),
    }

    def told_on(day: date) -> list[Any]:
        made = [as_plain(make(store, setting, scales, day, day)) for make in (weekly, monthly)]
        return [*made, as_plain(annual(store, setting, scales, 2024, day)), evidence(store, setting, day)]

    for number in range(8):
        day = START + timedelta(days=3 * number)
        with entering(store, setting, by="甲", today=day, at=at(day)) as entry:
            given = {"company": f"甲{number}有限公司", "department": "甲局"}
            entry.add(TARGETS, {"kind": "企业", **given}, on=day)
            entry.add(PROJECTS, {"name": f"项目{number}", "agreed": "500万元", **given}, on=day)
            for book, names in steps.values():
                for row in range(1, number + 2):
                    for _ in range(random.randrange(3)):
                        stands = reading.row(entry.connection, setting, book, row).state
                        others = [name for name in names if setting.step(book.name, name).id != stands]
                        try:  # the same step again would correct its day, and a day that was wrong is right in every report
                            entry.step(book, row, random.choice(others), on=day, reason="说明")
                        except LedgerError:  # goes over what must not be gone over
                            continue
        told.append((day, told_on(day)))
    for day, then in told:
        assert told_on(day) == then
