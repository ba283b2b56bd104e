"""The article's story: the trip is planned, entered, three are signed as 意向/框架, and that month's 通报 tells it with right figures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from matcher.engine import Engine
from matcher.ledger.evidence import evidence
from matcher.ledger.reports_monthly import Monthly, annual, monthly
from matcher.ledger.reports_told import Teller
from matcher.ledger.reports_weekly import weekly
from matcher.ledger.setting import Setting, open_setting
from matcher.rules.assessment import load_assessment
from matcher.store.database import Store
from tests.reports import story

AUGUST, END = date(2024, 8, 1), date(2024, 8, 31)


@pytest.fixture
def resort(engine: Engine) -> Setting:
    return open_setting(engine.zone.id)


def figures(report: Monthly, unit_kind: str, unit: str, when: str = "month") -> dict[str, tuple[Decimal, Decimal]]:
    """Measure → proved, filed."""
    found = {line.measure: getattr(line, when) for line in report.lines if (line.unit_kind, line.unit) == (unit_kind, unit)}
    return {measure: (figure.proved, figure.filed) for measure, figure in found.items() if figure.rows}


def test_the_story_of_the_trip(store: Store, resort: Setting, tmp_path: Path) -> None:
    scales = load_assessment(resort.rules)
    story.planned(store, resort)
    before = monthly(store, resort, scales, AUGUST, date(2024, 8, 26))
    assert before.happened == () and figures(before, "zone", resort.zone) == {}

    story.held(store, resort)
    entered = monthly(store, resort, scales, AUGUST, END)
    assert figures(entered, "zone", resort.zone) == {"framework": (Decimal(0), Decimal(3)), "visits": (Decimal(1), Decimal(1))}
    assert "意向/框架项目数 0（填报 3）" in "".join(Teller(resort).monthly(entered).lines)

    story.proved(store, resort, tmp_path, tmp_path / "协议.pdf", 1, 2, 3)
    told = monthly(store, resort, scales, AUGUST, END)
    signed = {"framework": (Decimal(3), Decimal(3)), "visits": (Decimal(1), Decimal(1))}
    assert figures(told, "zone", resort.zone) == figures(told, "department", story.DEPARTMENT) == signed
    assert figures(told, "department", story.OTHER) == {}
    (line,) = [one for one in told.lines if (one.unit, one.measure) == (story.DEPARTMENT, "framework")]
    assert line.month.rows == line.month.proved_rows == ("projects:1", "projects:2", "projects:3")
    assert (line.goal, float(line.done or 0), line.behind) == (Decimal(4), 0.75, False)
    assert [(fact.on, fact.row, fact.measure) for fact in told.happened] == [
        (date(2024, 8, 27), "activities:1", "visits"),
        (date(2024, 8, 27), "projects:1", "framework"),
        (date(2024, 8, 27), "projects:2", "framework"),
        (date(2024, 8, 28), "projects:3", "framework"),
    ]
    assert [(one.unit, one.place) for one in told.places] == [(story.DEPARTMENT, 1), (story.OTHER, 2)]
    assert ([one.unit for one in told.front], [one.unit for one in told.rear]) == ([story.DEPARTMENT], [story.OTHER])
    said = "".join(Teller(resort).monthly(told).lines)
    assert "意向/框架项目数 3" in said and "填报 3" not in said and "序时进度 66.7%" in said

    year = annual(store, resort, scales, 2024, END)
    best, other = year.units
    assert (best.unit, best.place, best.weight, best.score) == (story.DEPARTMENT, 1, 20, Decimal("42.50"))
    assert (other.unit, other.place, other.score) == (story.OTHER, 2, Decimal("0.00"))


def test_the_week_of_the_trip(store: Store, resort: Setting) -> None:
    scales = load_assessment(resort.rules)
    story.planned(store, resort)
    story.held(store, resort)
    week = weekly(store, resort, scales, date(2024, 8, 28), END)
    assert (week.since, week.until) == (date(2024, 8, 26), END)
    assert [one.step for one in week.moved if one.row == "projects:3"] == ["意向/框架"]
    assert [one.step for one in week.moved if one.row == "targets:3"] == ["已接触", "洽谈", "转项目"]
    assert [one.proved for one in week.moved if one.row == "projects:3"] == [False]
    department, other = [unit for unit in week.units if unit.unit_kind == "department"]
    assert (other.unit, other.idle, other.open) == (story.OTHER, True, ())  # a goal, and nothing that it works on
    assert (len(department.open), len(department.met), department.held) == (3, 3, ("activities:1",))
    assert not department.idle and week.overdue == ()
    later = weekly(store, resort, scales, date(2024, 10, 2), date(2024, 10, 6))
    assert [one.row for one in later.idle] == ["projects:1", "projects:2", "projects:3"] and later.moved == ()
    assert [unit.idle for unit in later.units if unit.unit_kind == "department"] == [True, True]


def test_those_who_signed_leave_the_list(store: Store, resort: Setting, engine: Engine) -> None:
    story.planned(store, resort)
    before = evidence(store, resort, date(2024, 8, 26))
    story.held(store, resort)
    after = evidence(store, resort, date(2024, 8, 30))
    for company, *_ in story.SIGNED:
        profile = {"name": company, "business_scope": "酒店管理", "reg_capital_raw": "8000万元"}
        fired = [
            [finding.rule for finding in explained.vetoes if finding.state == "fired"]
            for entries in (before, after)
            for _, explained in engine.with_ledger(entries).explain([profile], date(2024, 8, 30))
        ]
        assert ("has_signed" in fired[0], "has_signed" in fired[1]) == (False, True)
    assert evidence(store, resort, date(2024, 8, 26)) == before
