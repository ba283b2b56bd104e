"""The week tells of every unit that the zone lists or that has a goal, whether or not anything is theirs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from matcher.ledger.books import ACTIVITIES, GOALS, TARGETS
from matcher.ledger.entry import entering
from matcher.ledger.reports_monthly import annual, monthly
from matcher.ledger.reports_told import Teller
from matcher.ledger.reports_weekly import weekly
from matcher.ledger.setting import Setting
from matcher.rules.assessment import load_assessment
from matcher.rules.ledger import Office
from matcher.store.database import Store

DAY = date(2024, 8, 28)


def listing(setting: Setting) -> Setting:
    offices = {"departments": (Office(name="甲局"), Office(name="乙局")), "towns": (Office(name="东镇"), Office(name="西镇"))}
    return replace(setting, rules=replace(setting.rules, **offices))


def test_units_without_rows_are_told_as_idle(store: Store, setting: Setting) -> None:
    zone = listing(setting)
    with entering(store, zone, by="甲", today=DAY) as entry:
        entry.add(TARGETS, {"kind": "企业", "company": "甲甲有限公司", "department": "甲局", "town": "东镇"}, on=DAY)
        visit = {"kind": "拜访", "name": "拜访甲甲", "starts_on": DAY, "department": "甲局"}
        entry.add(ACTIVITIES, visit, step="已开展", on=DAY, reason="补登")
    week = weekly(store, zone, load_assessment(zone.rules), DAY, DAY)
    told = {(one.unit_kind, one.unit): one.idle for one in week.units}
    assert told == {
        ("department", "甲局"): False, ("department", "乙局"): True, ("town", "东镇"): True, ("town", "西镇"): True,
        ("group", "toy-group"): True,
    }  # fmt: skip
    (said,) = Teller(zone).weekly(week).sections[3].lines
    assert said == "本周没有活动的：乙局、东镇、西镇、玩具组。"


def test_a_goal_makes_a_unit_known(store: Store, setting: Setting) -> None:
    with entering(store, setting, by="甲", today=DAY) as entry:
        goal = {"year": "2024", "unit_kind": "镇街", "measure": "正式签约项目数", "amount": "2"}
        entry.add(GOALS, goal | {"unit": "东镇"})
        entry.add(GOALS, goal | {"unit": "南镇", "year": "2023"})
    week = weekly(store, setting, load_assessment(setting.rules), DAY, DAY)
    assert [(one.unit, one.idle) for one in week.units if one.unit_kind == "town"] == [("东镇", True)]
    assert Teller(setting).weekly(week).sections[3].rows[-1][-1] == "没有活动"


def test_a_report_of_nothing_says_so_in_every_part(store: Store, setting: Setting) -> None:
    """Targets that are waited for count nowhere yet; it is not said that nobody has a ledger."""
    with entering(store, setting, by="甲", today=DAY) as entry:
        entry.add(TARGETS, {"kind": "企业", "company": "甲甲有限公司", "department": "甲局"}, on=DAY)
    scales, teller = load_assessment(setting.rules), Teller(setting)
    month = teller.monthly(monthly(store, setting, scales, DAY, DAY))
    year = teller.annual(annual(store, setting, scales, DAY.year, DAY))
    assert len(month.sections) == 4 and all(section.lines or section.rows for section in month.sections)
    assert [line for section in year.sections for line in section.lines] == [
        "没有计入的事项，也没有下达年度目标任务。目标任务登记在附属台账“年度目标任务”里。"
    ]
