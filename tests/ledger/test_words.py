"""What people write is understood, or they are told which form would be: sums, shares, ways of serving; and what they enter twice."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from matcher.errors import FieldError, RulesError
from matcher.ledger import money, reading
from matcher.ledger.books import ACTIVITIES, MEETINGS, PROJECTS, TARGETS
from matcher.ledger.entry import entering
from matcher.ledger.events_received import receive
from matcher.ledger.setting import Setting, open_setting
from matcher.store.database import Store
from tests.conftest import ZONE
from tests.ledger.offices import TODAY, a_project, a_target
from tests.reports.made import NOW, event


@pytest.mark.parametrize("text", ["-5", "−5", "-5万元", "-0.5亿", "-5美元"])
def test_a_negative_sum_is_told_as_such(setting: Setting, text: str) -> None:
    for unit in ("", "万元"):
        assert money.read(text, setting.currencies, unit) == "不能是负数"


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("甲局:0.5、乙局:0.5", ["1/2", "1/2"]), ("甲局：.25，乙局：0.75", ["1/4", "3/4"]), ("甲局 0.5;乙局 50%", ["1/2", "1/2"]),
        ("甲局:2/3、乙局:1/3", ["2/3", "1/3"]),
    ],
)  # fmt: skip
def test_shares_may_be_decimals(store: Store, setting: Setting, written: str, parts: list[str]) -> None:
    with entering(store, setting, by="甲", today=TODAY) as entry:
        row = reading.row(entry.connection, setting, TARGETS, a_target(entry, shares=written))
    assert row.shares == (("甲局", Fraction(parts[0])), ("乙局", Fraction(parts[1])))


@pytest.mark.parametrize("written", ["甲局:0.5", "甲局:10.5、乙局:1/2", "甲局:0.5、乙局:0.6", "甲局:5、乙局:5"])
def test_other_shares_are_refused(store: Store, setting: Setting, written: str) -> None:
    with pytest.raises(FieldError, match="联合招引"), entering(store, setting, by="甲", today=TODAY) as entry:
        a_target(entry, shares=written)


@pytest.mark.parametrize(
    ("written", "mode"),
    [
        ("专班办", "重大项目专班办"),
        ("容缺办", "告知承诺容缺办"),
        ("点餐办", "一企一策点餐办"),
        ("一企一策点餐办", "一企一策点餐办"),
    ],
)
def test_ways_of_serving_go_by_their_short_names(store: Store, written: str, mode: str) -> None:
    setting = open_setting(ZONE)
    with entering(store, setting, by="甲", today=TODAY) as entry:
        row = a_project(entry, service_mode=written)
        assert reading.row(entry.connection, setting, PROJECTS, row).service_mode == mode


def test_short_names_of_ways_that_the_zone_has_not_are_a_mistake(tmp_path: Path) -> None:
    from tests.cli import small_zone

    rules = small_zone.write(tmp_path / "rules")
    (rules / "small" / "ledger.yaml").write_text("service_modes:\n  大项目专班办: [专班办]\n", encoding="utf-8")
    with pytest.raises(RulesError, match="service_modes 里没有 '大项目专班办'"):
        open_setting("small", rules)


def test_an_arrival_of_a_target_says_that_it_is_no_project_yet(store: Store, setting: Setting) -> None:
    with entering(store, setting, by="甲", today=date(2024, 8, 1)) as entry:
        row = a_target(entry, "甲甲有限公司")
    told = event("1", "arrival", "甲甲有限公司", 1, origin="内资", amount="5万元")
    unknown = event("2", "arrival", "丙丙有限公司", 1, origin="内资", amount="5万元")
    answers = receive(store, setting, [told, unknown], by="接口", at=NOW)
    assert [one.fate for one in answers] == ["parked", "parked"]
    assert answers[0].said == f"是第 {row} 号目标，还没有转项目；转了以后再认定（settle），就补登"
    assert answers[1].said == "台账里没有这家"


def test_what_is_entered_twice_is_told_and_kept(store: Store, setting: Setting) -> None:
    visit: dict[str, Any] = {"kind": "拜访", "name": "拜访甲乙", "starts_on": "2024-09-01", "department": "甲局"}
    with entering(store, setting, by="甲", today=TODAY) as entry:
        first = entry.add(ACTIVITIES, visit)
        second = entry.add(ACTIVITIES, visit | {"department": "乙局"})
        other = entry.add(ACTIVITIES, visit | {"starts_on": "2024-09-02"})
        assert first.told == other.told == ()
        assert second.told == ("第 1 号活动也是同一天、同一名称、类型，请核对是不是登记了两次；重复的请删除一行",)
        met = {"activity": first.id, "company": "甲乙有限公司", "met_on": "2024-09-01"}
        assert entry.add(MEETINGS, met).told == ()
        again = entry.add(MEETINGS, met | {"activity": second.id, "company": "甲乙 有限公司"}).told
        assert again == ("第 1 号会见也是同一天、同一企业，请核对是不是登记了两次；重复的请删除一行",)
        assert entry.set(MEETINGS, 2, {"result": "谈得好"}).told == ()
        entry.delete(MEETINGS, 1, reason="重复")
        assert len(reading.rows(entry.connection, setting.zone, MEETINGS)) == 1
        assert len(reading.rows(entry.connection, setting.zone, ACTIVITIES)) == 3


def test_a_first_contact_comes_of_its_step_or_with_a_reason(store: Store, setting: Setting) -> None:
    for given in ({"first_on": "2024-01-01"}, {"first_by": "乙局"}):
        said = "由步骤登记（已接触），自己写的应写明理由"
        with pytest.raises(FieldError, match=said), entering(store, setting, by="甲", today=TODAY) as entry:
            a_target(entry, **given)
        with pytest.raises(FieldError, match="自己写的应写明理由"), entering(store, setting, by="甲", today=TODAY) as entry:
            entry.set(TARGETS, a_target(entry), given)
    with entering(store, setting, by="甲", today=TODAY) as entry:
        target = {"kind": "企业", "company": "甲乙有限公司", "department": "甲局", "first_on": "2024-01-01"}
        made = entry.add(TARGETS, target, on="2024-08-30", reason="展会上见过")
        entry.step(TARGETS, made.id, "已接触", on="2024-09-01")
        row = reading.row(entry.connection, setting, TARGETS, made.id)
        assert (row.first_on, row.first_by) == (date(2024, 1, 1), None)
        other = entry.add(TARGETS, {"kind": "企业", "company": "丙丁有限公司", "department": "甲局"}, on="2024-08-30").id
        entry.step(TARGETS, other, "已接触", on="2024-09-01")  # no reason: the step enters it
        row = reading.row(entry.connection, setting, TARGETS, other)
        assert (row.first_on, row.first_by) == (date(2024, 9, 1), "甲局")
