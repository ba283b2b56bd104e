"""What the ranking reads of the ledgers as of the run's day; a run is made again from what it kept, when the ledgers have moved on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from matcher.ledger.books import ACTIVITIES, MEETINGS, PROJECTS, TARGETS
from matcher.ledger.entry import entering
from matcher.ledger.evidence import evidence
from matcher.ledger.setting import Setting, open_setting
from matcher.store.database import Store, open_store
from matcher.store.runs import ledger_of, load_run, save_run
from matcher.types import LedgerEntry
from tests.cli.small_zone import SCORING
from tests.cli.test_replay import Run, ranked, run, same, write
from tests.store import children

__all__ = ["run"]
EARLY, MIDDLE, LATE = date(2024, 8, 1), date(2024, 8, 20), date(2024, 9, 1)


def entered(store: Store, setting: Setting) -> None:
    at = datetime(2024, 8, 1, 2, tzinfo=UTC)
    with entering(store, setting, by="甲", today=EARLY, at=at) as entry:
        entry.add(TARGETS, {"kind": "企业", "company": "甲有限公司", "next_step": "约见", "next_on": "2024-08-10"}, on=EARLY)
        entry.add(PROJECTS, {"name": "乙项目", "company": "乙有限公司", "chain": "玩具", "segment": "玩具制造"}, on=EARLY)
    with entering(store, setting, by="甲", today=LATE, at=datetime(2024, 9, 1, 2, tzinfo=UTC)) as entry:
        entry.set(TARGETS, 1, {"next_step": None, "next_on": None})
        entry.step(TARGETS, 1, "已接触", on=MIDDLE)
        entry.step(TARGETS, 1, "放弃", on=LATE, reason="对方无意")
        entry.step(PROJECTS, 1, "意向/框架", on=MIDDLE)
        held = {"kind": "拜访", "name": "八月拜访", "starts_on": MIDDLE}
        entry.add(ACTIVITIES, held, step="已开展", on=MIDDLE, reason="补登")
        cancelled = {"kind": "拜访", "name": "没去成", "starts_on": LATE}
        entry.add(ACTIVITIES, cancelled, step="取消", on=LATE, reason="对方改期")
        entry.add(MEETINGS, {"activity": 1, "target": 1, "company": "甲有限公司", "met_on": MIDDLE})
        entry.add(MEETINGS, {"activity": 1, "company": "丙有限公司", "met_on": MIDDLE})
        entry.add(MEETINGS, {"activity": 2, "project": 1, "company": "乙有限公司", "met_on": LATE})


def target(state: str, since: date, **more: object) -> LedgerEntry:
    given: dict[str, object] = {"why": "", "visited": None, "agreed": False, "next_on": None, **more}
    return LedgerEntry("targets", 1, "甲有限公司", "", state, since, chain="", segment="", **given)  # type: ignore[arg-type]


def project(state: str, since: date) -> LedgerEntry:
    return LedgerEntry("projects", 1, "乙有限公司", "", state, since, "", None, False, None, "toys", "toy-making")


def test_each_day_reads_what_stood_then(store: Store, setting: Setting) -> None:
    entered(store, setting)
    met = LedgerEntry("meetings", 2, "丙有限公司", "", "", None, "", MIDDLE, False, None, "", "")
    assert evidence(store, setting, date(2024, 7, 31)) == ()
    agreed = {"agreed": True, "next_on": date(2024, 8, 10)}
    assert evidence(store, setting, EARLY) == (project("talks", EARLY), target("waiting", EARLY, **agreed))
    assert evidence(store, setting, MIDDLE) == (
        met,
        project("framework", MIDDLE),
        target("contacted", MIDDLE, visited=MIDDLE, **agreed),
    )
    dropped = target("dropped", LATE, why="对方无意", visited=MIDDLE)
    assert evidence(store, setting, LATE) == (met, project("framework", MIDDLE), dropped)


def test_what_a_run_read_is_kept_once(store: Store, setting: Setting) -> None:
    entered(store, setting)
    entries = evidence(store, setting, LATE)
    for number in (1, 2):
        made = children.a_run(number)
        made.request["ledger"] = "d" * 64
        save_run(store, made, "0" * 64, None, entries)
    assert ledger_of(store, "d" * 64) == entries
    assert ledger_of(store, "e" * 64) is None


LEDGER_RULES = """
ledger:
  states: {waiting: 待接触}
  stages: {framework: {name: 意向/框架, weight: 400}, talks: {name: 在谈, weight: 200}}
  vetoes:
    - {id: has_signed, label: 已签约, when: "project_stage = 'framework'", why: 测试用}
  rules:
    - {id: agreed, group: scale, label: 有约, weight: 5, value: next_step_agreed = TRUE, evidence: "{next_step_agreed}", why: 测试用}
"""
FROM = "企业.csv"


@pytest.fixture
def rules(run: Run, tmp_path: Path) -> Setting:
    (tmp_path / "rules" / "small" / "scoring.yaml").write_text(SCORING + LEDGER_RULES, encoding="utf-8")
    return open_setting("small", tmp_path / "rules")


@pytest.mark.slow
def test_a_run_is_made_again_after_the_ledger_has_moved_on(run: Run, rules: Setting) -> None:
    name = "青岛积木玩具有限公司"
    write(FROM, [(name, "积木制造", "5000万元", "青岛市"), ("青岛布偶玩具有限公司", "布偶制造", "5000万元", "青岛市")])
    bare = ranked(run, FROM)
    with open_store() as store, entering(store, rules, by="甲", today=LATE) as entry:
        entry.add(TARGETS, {"kind": "企业", "company": name, "next_step": "再谈"}, on=EARLY)
    agreed = ranked(run, FROM)
    with open_store() as store, entering(store, rules, by="甲", today=LATE) as entry:
        entry.convert(1, {"name": "积木项目", "company": name}, on=MIDDLE, reason="直接签了")
        entry.step(PROJECTS, 1, "意向/框架", on=MIDDLE)
    signed = ranked(run, FROM)
    assert len({bare, agreed, signed}) == 3
    with open_store() as store:
        kept = [load_run(store, one) for one in (bare, agreed, signed)]
    assert len({one.results for one in kept if one}) == 3
    assert "ledger" not in (kept[0].run.request if kept[0] else {})
    for one in (bare, agreed, signed):
        same(run, one, FROM)
    assert ranked(run, FROM, "--no-store") == bare


def test_a_ledger_that_was_not_kept_is_named(run: Run, rules: Setting) -> None:
    with open_store() as store, entering(store, rules, by="甲", today=LATE) as entry:
        entry.add(TARGETS, {"kind": "企业", "company": "青岛积木玩具有限公司"}, on=EARLY)
    made = ranked(run, FROM)
    with open_store() as store, store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM ledger_evidence")
    code, out, _ = run("replay", made, FROM)
    assert code == 1 and "台账依据" in out and "没有留存" in out


def test_why_not_tells_the_row_and_its_reason(run: Run, rules: Setting) -> None:
    name = "青岛积木玩具有限公司"
    write(FROM, [(name, "积木制造", "5000万元", "青岛市"), ("青岛布偶玩具有限公司", "布偶制造", "5000万元", "青岛市")])
    with open_store() as store, entering(store, rules, by="甲", today=LATE) as entry:
        entry.add(PROJECTS, {"name": "积木项目", "company": name}, step="意向/框架", on=MIDDLE, reason="当场签的")
    code, out, _ = run("why-not", FROM, "--zone", "small", "--as-of", "2026-01-01", "--company", name)
    assert code == 0 and "否决 已签约" in out and "意向/框架（第 1 号，2024-08-20，当场签的）" in out
