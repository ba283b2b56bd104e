"""Reports say what a plain count over all rows says; every number opens to its rows; nothing after the day of the report is told."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import event as sql_events

from matcher.errors import RulesError
from matcher.ledger import reading
from matcher.ledger.books import ACTIVITIES, ALL, ARRIVALS, GOALS, MEETINGS, NEEDS, PROBLEMS, PROJECTS, TARGETS
from matcher.ledger.company import credit
from matcher.ledger.counting import milestones
from matcher.ledger.entry import entering
from matcher.ledger.events_received import receive
from matcher.ledger.proofs import attach, proofs_of
from matcher.ledger.reports_monthly import annual, monthly
from matcher.ledger.reports_weekly import weekly
from matcher.ledger.setting import Setting
from matcher.rules.assessment import Assessment, load_assessment
from matcher.runs import CHINA_TIME
from matcher.store.database import Store, open_store

pytestmark = pytest.mark.slow

FIRST, LAST = date(2024, 1, 2), date(2024, 9, 30)
UNITS = ("甲局", "乙局", "丙局")
WAY = ("意向/框架", "签约", "注册", "手续", "开工", "在建", "投产")


@pytest.fixture(scope="module")
def scales(setting: Setting) -> Assessment:
    return load_assessment(setting.rules)


def filled(store: Store, setting: Setting, seed: int) -> None:
    """A year of projects, funds, visits and goals, by chance."""
    random = Random(seed)

    def some_day(after: date = FIRST) -> date:
        return after + timedelta(days=random.randrange((LAST - after).days + 1))

    with entering(store, setting, by="甲", today=LAST, at=datetime(2024, 9, 30, tzinfo=CHINA_TIME)) as entry:
        for unit in UNITS:
            for measure, amount, currency in (
                ("正式签约项目数", "3", None),
                ("到位外资", "1000000", "USD"),
                ("外出招商次数", "4", None),
            ):
                if random.random() < 0.8:
                    goal = {"year": "2024", "unit_kind": "部门", "unit": unit, "measure": measure, "amount": amount}
                    entry.add(GOALS, goal | ({"amount_currency": currency} if currency else {}))
        for number in range(14):
            shares = {"shares": "甲局:1/3、乙局:2/3"} if random.random() < 0.3 else {}
            given = {
                "name": f"项目{number}",
                "company": f"公司{number}",
                "department": random.choice(UNITS),
                "town": random.choice(["东镇", ""]),
            }
            row = entry.add(PROJECTS, given | shares | {"agreed": f"{random.randrange(1, 99)}万元"}, on=FIRST).id
            day = FIRST
            for step in WAY[: random.randrange(len(WAY) + 1)]:
                day = some_day(day)
                entry.step(PROJECTS, row, step, on=day, reason="说明")
                kinds = setting.proofs_of("projects", setting.step("projects", step).id)
                if kinds and random.random() < 0.6:
                    attach(entry, PROJECTS, row, kind=kinds[0], digest=f"{number:064d}", size=1, file_name="证明.pdf", step=step)
            for _ in range(random.randrange(3)):
                funds = {
                    "project": row,
                    "arrived_on": some_day(),
                    "origin": random.choice(["内资", "外资"]),
                    "amount": random.choice(["3万美元", "70万元"]),
                }
                made = entry.add(ARRIVALS, funds).id
                if random.random() < 0.5:
                    attach(entry, ARRIVALS, made, kind="到账凭证", digest=f"{made:064d}", size=1, file_name="凭证.pdf")
        for number in range(8):
            day = some_day()
            visit = {
                "kind": random.choice(["拜访", "来访接待"]),
                "name": f"活动{number}",
                "starts_on": day,
                "department": random.choice(UNITS),
            }
            entry.add(ACTIVITIES, visit, step=random.choice(["已开展", None]), on=day, reason="补登")
        entry.delete(PROJECTS, 2, reason="重复") if not _hangs(entry, 2) else None


def _hangs(entry: Any, row: int) -> bool:
    return bool(reading.rows(entry.connection, entry.setting.zone, ARRIVALS, ARRIVALS.table.c.project == row))


def plain(store: Store, setting: Setting, since: date, until: date) -> dict[tuple[str, str, str], list[tuple[Fraction, bool, str]]]:
    """(department, measure, currency) → what counts: amount, proved, row; by reading everything."""
    found = defaultdict(list)
    with store.reading() as connection:
        projects = {row.id: row for row in reading.rows(connection, setting.zone, PROJECTS)}
        proved = {proof.row for proof in proofs_of(connection, setting.zone, ARRIVALS)}
        stood = milestones(connection, setting)
        for id_, project in projects.items():
            for unit, share in credit(project).items():
                for one in stood.get(id_, ()):
                    if since <= one.on <= until:
                        if one.step in ("framework", "signed", "started", "production"):
                            found[unit, one.step, ""].append((share, one.proved, f"projects:{id_}"))
                        if one.step == "signed":
                            found[unit, "agreed", "CNY"].append(
                                (share * Fraction(project.agreed.amount), one.proved, f"projects:{id_}")
                            )
        for row in reading.rows(connection, setting.zone, ARRIVALS):
            if since <= row.arrived_on <= until:
                for unit, share in credit(projects[row.project]).items():
                    amount = share * Fraction(row.amount.amount)
                    found[unit, f"arrived_{row.origin}", row.amount.currency].append(
                        (amount, row.id in proved, f"arrivals:{row.id}")
                    )
        for row in reading.rows(connection, setting.zone, ACTIVITIES):
            if row.kind == "visit" and row.state == "held" and since <= row.starts_on <= until:
                found[row.department, "visits", ""].append((Fraction(1), True, f"activities:{row.id}"))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_the_month_is_what_a_plain_count_says(store: Store, setting: Setting, scales: Assessment, seed: int) -> None:
    filled(store, setting, seed)
    for month in (date(2024, 3, 1), date(2024, 9, 15)):
        report = monthly(store, setting, scales, month, LAST)
        for when, since in (("month", report.since), ("year", date(2024, 1, 1))):
            wanted = plain(store, setting, since, report.until)
            told = {
                (one.unit, one.measure, one.currency): getattr(one, when) for one in report.lines if one.unit_kind == "department"
            }
            assert {key for key, figure in told.items() if figure.rows} == set(wanted)
            for key, counted in wanted.items():
                figure = told[key]
                assert abs(Fraction(figure.filed) - sum(amount for amount, _, _ in counted)) <= Fraction(1, 200)
                assert abs(Fraction(figure.proved) - sum(amount for amount, proved, _ in counted if proved)) <= Fraction(1, 200)
                assert set(figure.rows) == {row for _, _, row in counted}
                assert set(figure.proved_rows) == {row for _, proved, row in counted if proved}
        for line in report.lines:
            if line.done is not None and line.goal is not None:
                assert line.done == Fraction(line.year.proved) / Fraction(line.goal)
                assert line.behind == (line.done < Fraction((report.until - date(2023, 12, 31)).days, 366))
        whole = {(one.measure, one.currency): one.year.filed for one in report.lines if one.unit_kind == "zone"}
        for (measure, currency), filed in whole.items():
            parts = [
                one.year.filed
                for one in report.lines
                if (one.unit_kind, one.measure, one.currency) == ("department", measure, currency)
            ]
            assert abs(sum(parts, Decimal(0)) - filed) <= Decimal("0.02")


@pytest.mark.parametrize("seed", range(2))
def test_the_year_is_the_weighted_mean_of_what_is_done(store: Store, setting: Setting, scales: Assessment, seed: int) -> None:
    filled(store, setting, seed)
    report = annual(store, setting, scales, 2024, LAST)
    weights = {item.measure: item.weight for item in scales.annual.items}
    for unit in report.units:
        counted = [mark for mark in unit.marks if mark.goal]
        assert unit.weight == sum(weights[mark.measure] for mark in counted)
        if unit.score is None:
            assert not counted
            continue
        exact = sum(weights[m.measure] * min(Fraction(m.figure.proved) / Fraction(m.goal), Fraction(6, 5)) for m in counted)
        assert abs(Fraction(unit.score) - exact * 100 / unit.weight) <= Fraction(1, 200)
    for kind in scales.annual.unit_kinds:
        scores = [one.score for one in report.units if one.unit_kind == kind and one.score is not None]
        assert scores == sorted(scores, reverse=True)


def test_the_week_names_what_is_late(store: Store, setting: Setting, scales: Assessment) -> None:
    day = date(2024, 8, 28)
    with entering(store, setting, by="甲", today=day, at=datetime(2024, 7, 1, tzinfo=CHINA_TIME)) as entry:
        late = {"kind": "企业", "company": "甲甲有限公司", "department": "甲局", "next_step": "约见", "next_on": "2024-08-20"}
        entry.add(TARGETS, late, on="2024-07-01")
        entry.add(TARGETS, late | {"company": "乙乙有限公司", "department": "乙局"}, on="2024-07-01")
        entry.step(TARGETS, 2, "放弃", on="2024-07-02", reason="对方无意")
        project = {
            "name": "丙项目",
            "company": "丙丙有限公司",
            "department": "丙局",
            "plan_start_on": "2024-08-01",
            "plan_production_on": "2025-01-01",
        }
        entry.add(PROJECTS, project, on="2024-07-01")
        entry.add(NEEDS, {"project": 1, "kind": "用地", "what": "二十亩", "due_on": "2024-08-10"})
        entry.add(PROBLEMS, {"project": 1, "what": "电不够", "due_on": "2024-08-11", "solved_on": "2024-08-12"})
        entry.add(PROBLEMS, {"project": 1, "what": "水不够", "due_on": "2024-09-11"})
        entry.add(
            ACTIVITIES,
            {"kind": "拜访", "name": "拜访甲甲", "starts_on": day, "department": "甲局"},
            step="已开展",
            on=day,
            reason="补登",
        )
        entry.add(MEETINGS, {"activity": 1, "target": 1, "company": "甲甲有限公司", "met_on": day})
    week = weekly(store, setting, scales, day, day)
    assert (week.since, week.until) == (date(2024, 8, 26), day)
    assert [(one.row, one.days) for one in week.overdue] == [("projects:1", 27), ("needs:1", 18), ("targets:1", 8)]
    assert [(one.row, one.days) for one in week.idle] == [("projects:1", 58)]
    departments = [(one.unit, one.idle) for one in week.units if one.unit_kind == "department"]
    assert departments == [("丙局", True), ("甲局", False)]
    assert all(row.partition(":")[0] in ALL for unit in week.units for rows in (unit.open, unit.met, unit.overdue) for row in rows)


def test_reports_read_of_the_history_what_came_after_proofs_only(store: Store, setting: Setting, scales: Assessment) -> None:
    filled(store, setting, 1)
    said: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    sql_events.listen(store._engine, "before_cursor_execute", note)
    try:
        weekly(store, setting, scales, LAST, LAST)
        monthly(store, setting, scales, LAST, LAST)
        annual(store, setting, scales, 2024, LAST)
    finally:
        sql_events.remove(store._engine, "before_cursor_execute", note)
    assert said and not any("ledger_events" in statement for statement in said)
    of_history = [statement for statement in said if "ledger_history" in statement]
    assert of_history and all("ledger_proofs JOIN" in " ".join(statement.split()) for statement in of_history)


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("weight: 20}", "weight: 21}", "权重合计应为 100"), ("step: signed}", "step: sold}", "没有 'sold'"),
        ("arrived: foreign", "arrived: alien", "没有 'alien'"), ("idle_days: 30", "idle_days: 0", "应 ≥ 1"),
        ("{step: started}", "{agreed_at: started}", "金额还是个数"), ("measure: visits", "measure: calls", "measures 里没有 'calls'"),
        ("held: held", "step: signed", "应写 step"), ("  started: started ", "  started: begun ", "没有项目步骤 'begun'"),
    ],
)  # fmt: skip
def test_mistakes_of_the_scales_are_told_with_their_line(setting: Setting, tmp_path: Path, old: str, new: str, wanted: str) -> None:
    from matcher.locate import shipped

    text = (shipped("rules") / "assessment.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "assessment.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RulesError, match=wanted) as caught:
        load_assessment(setting.rules, tmp_path)
    assert all(problem.line > 1 for problem in caught.value.problems)


def test_a_hundred_times_the_past_is_no_more_work(
    tmp_path: Path, scales: Assessment, setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in steps of SQLite's own machine, which no other program on the computer can change."""
    from tests.benchmarks import ledger as bench

    monkeypatch.setattr(bench, "COMPANIES", 30)
    monkeypatch.setattr(bench, "RECEIVED", 100)
    monkeypatch.setattr(bench, "BATCH", 100)
    worked: list[int] = []

    def tick() -> int:
        worked[-1] += 1
        return 0

    with open_store(f"sqlite:///{tmp_path / 'ledger.db'}") as store:
        sql_events.listen(store._engine, "checkout", lambda connection, _record, _proxy: connection.set_progress_handler(tick, 10))
        worked.append(0)
        bench.filled(store, setting)
        receive(store, setting, bench.events(Random(1), 0, 100), by="接口", at=bench.END)
        copies = 0
        for size in (100, 10_000):
            copies = bench.grow(store, size, copies)
            for make in (weekly, monthly, annual):
                worked.append(0)
                when: Any = 2024 if make is annual else date(2024, 8, 28)
                make(store, setting, scales, when, date(2024, 8, 28))
    few, many = worked[1:4], worked[4:]
    assert copies == 99 and all(few)
    assert all(then * 1.2 >= now for then, now in zip(few, many, strict=True)), (few, many)
