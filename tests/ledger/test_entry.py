"""What is refused and in which words, first contacts, corrections, conflicts, and the story of August 2024."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from matcher.errors import ConflictError, FieldError, LedgerError, RequestError, StepError
from matcher.ledger import reading
from matcher.ledger.books import (
    ACTIVITIES,
    ALL,
    ARRIVALS,
    GOALS,
    MEETINGS,
    PAPERS,
    PROBLEMS,
    PROJECTS,
    PROMISES,
    TARGETS,
    Book,
)  # fmt: skip
from matcher.ledger.entry import Entry, entering
from matcher.ledger.money import Money
from matcher.ledger.setting import Setting, open_setting
from matcher.store.database import Store
from tests.conftest import ZONE
from tests.ledger.offices import TODAY, a_project, a_target

OK = {"kind": "企业", "company": "甲乙有限公司"}


@contextmanager
def writing(store: Store, setting: Setting, by: str = "张三") -> Iterator[Entry]:
    with entering(store, setting, by=by, today=TODAY) as entry:
        yield entry


WRONG: list[tuple[Book[Any], Mapping[str, Any], str]] = [
    (TARGETS, {"kind": "企业"}, r"\[企业名称\] 不能空着"),
    (TARGETS, {**OK, "company": "甲"}, "至少两个字"),
    (TARGETS, {**OK, "kind": "企叶"}, "没有「企叶」，是不是想写「企业」，应为 企业、商会、协会、园区 之一"),
    (TARGETS, {**OK, "uscc": "91370200163615667X"}, "统一社会信用代码应为 18 位且校验通过"),
    (TARGETS, {**OK, "department": "丁局"}, "没有「丁局」，是不是想写「甲局」|没有「丁局」，.*应为 甲局、乙局、丙局 之一"),
    (TARGETS, {**OK, "town": "西街到"}, "是不是想写「西街道」"),
    (TARGETS, {**OK, "group": "医养健康小组"}, "是不是想写「医养健康产业招商小组」"),
    (TARGETS, {**OK, "chain": "不存在"}, "产业链"),
    (TARGETS, {**OK, "chain": "modern-agriculture", "segment": "hospitals"}, r"\[环节\]"),
    (TARGETS, {**OK, "first_on": "2024-09-13"}, r"\[首谈日期\] 2024-09-13 还没有到，应不晚于今天（2024-09-12）"),
    (TARGETS, {**OK, "next_on": "2024-02-30"}, "应为日期，如 2024-08-27"),
    (TARGETS, {**OK, "next_on": "1024-02-03"}, "应为日期"),
    (TARGETS, {**OK, "run_rank": "-3"}, "不能是负数"),
    (TARGETS, {**OK, "run_rank": "1.5"}, "应为整数"),
    (TARGETS, {**OK, "run_rank": "1e400"}, "应为数字"),
    (TARGETS, {**OK, "owner": "很" * 41}, "不超过 40 字，写了 41 字"),
    (TARGETS, {**OK, "shares": "甲局:1/2、乙局:1/3"}, r"各家份额之和应正好为 1，现在是 5/6（83.33%）"),
    (TARGETS, {**OK, "shares": "甲局:1/2、甲局:1/2"}, "两个不同的单位"),
    (TARGETS, {**OK, "shares": "甲局:1/0、乙局:1/2"}, "分母不能为 0"),
    (TARGETS, {**OK, "shares": "甲局一半"}, "应为 单位:份额"),
    (TARGETS, {**OK, "state": "洽谈"}, "只能用 step 推进"),
    (TARGETS, {**OK, "没有": "1"}, "没有这一列"),
    (PROJECTS, {"company": "甲乙有限公司"}, r"\[项目名称\] 不能空着"),
    (PROJECTS, {"name": "项目", "company": "甲乙有限公司", "agreed": "-5万元"}, r"\[协议投资\] 不能是负数"),
    (PROJECTS, {"name": "项目", "company": "甲乙有限公司", "agreed": "5000"}, "请写明单位，如 5000万元 或 5000元"),
    (PROJECTS, {"name": "项目", "company": "甲乙有限公司", "agreed": "5万卢布"}, "不认得币种「卢布」"),
    (PROJECTS, {"name": "项目", "company": "甲乙有限公司", "agreed": "0.001元"}, "最小到分"),
    (PROJECTS, {"name": "项目", "company": "甲乙有限公司", "agreed": "999999999999亿元"}, "金额过大"),
    (PROJECTS, {"name": "项目", "company": "甲乙有限公司", "target": 9}, "没有第 9 号目标，或已删除"),
    (PROJECTS, {"name": "项目", "company": "甲乙有限公司", "service_mode": "代办"}, "服务方式"),
    (ACTIVITIES, {"kind": "visit", "name": "拜访", "starts_on": "2024-09-02", "ends_on": "2024-09-01"}, "早于开始日期"),
    (MEETINGS, {"activity": 1, "company": "甲乙有限公司", "met_on": "2024-09-01"}, "没有第 1 号活动"),
    (PROMISES, {"kind": "税收", "what": "返还"}, "应写明是对哪个项目或哪个目标企业的承诺"),
    (GOALS, {"year": 2024, "measure": "agreed", "unit_kind": "zone", "unit": ZONE, "amount": 5}, "是金额，应写币种"),
    (GOALS, {"year": 2024, "measure": "signed", "unit_kind": "zone", "unit": ZONE, "amount": "1.5"}, "应为整数"),
    (GOALS, {"year": 1999, "measure": "signed", "unit_kind": "zone", "unit": ZONE, "amount": "1"}, "应为 2000 到 2099"),
    (GOALS, {"year": 2024, "measure": "signed", "unit_kind": "部门", "unit": "丁局", "amount": "1"}, "没有「丁局」"),
]  # fmt: skip


def test_wrong_values_are_refused_with_what_was_expected(store: Store, setting: Setting) -> None:
    for book, values, said in WRONG:
        with pytest.raises(FieldError, match=said) as caught, writing(store, setting) as entry:
            entry.add(book, values)
        assert "\n" not in str(caught.value)
        with store.reading() as connection:
            assert reading.rows(connection, ZONE, book, deleted=True) == []


def test_steps_are_checked(store: Store, setting: Setting) -> None:
    def refused(said: str, step: str, **given: Any) -> None:
        with pytest.raises((StepError, FieldError), match=said), writing(store, setting) as entry:
            entry.step(PROJECTS, project, step, **given)

    with writing(store, setting) as entry:
        project = a_project(entry)
        target = a_target(entry)
    refused("没有「签合同」", "签合同")
    refused("开工（越过了正式签约、注册落地、手续）应写明理由", "开工")
    refused("到达产不能越过投产，请先登记那一步", "达产", reason="直接达产")
    refused("2024-09-13 还没有到", "意向", on="2024-09-13")
    refused("意向/框架的日期 2023-12-31 早于上一步（2024-01-01），应写明理由", "意向", on="2023-12-31")
    refused("流失（是转到旁支）应写明理由", "流失")
    with pytest.raises(StepError, match="用 convert"), writing(store, setting) as entry:
        entry.step(TARGETS, target, "转项目", reason="洽谈成了")
    with writing(store, setting) as entry:
        entry.step(PROJECTS, project, "开工", reason="租用现成厂房")
    refused("在谈（是退回）应写明理由", "在谈")
    refused("开工（是更正日期）应写明理由", "开工", on="2024-09-01")
    with pytest.raises(StepError, match="到账没有步骤"), writing(store, setting) as entry:
        entry.add(ARRIVALS, {"project": project, "arrived_on": TODAY, "origin": "内资", "amount": "1万元"}, step="x")


def test_an_activity_that_is_still_to_come_has_not_been_held(store: Store, setting: Setting) -> None:
    planned = {"kind": "外出拜访", "name": "拜访", "starts_on": "2024-09-20", "ends_on": "2024-09-21"}
    with writing(store, setting) as entry:
        activity = entry.add(ACTIVITIES, planned).id
    with pytest.raises(FieldError, match="2024-09-20 还没有到，不能是已开展"), writing(store, setting) as entry:
        entry.step(ACTIVITIES, activity, "已开展")
    with writing(store, setting) as entry:
        assert entry.step(ACTIVITIES, activity, "取消", reason="对方改期").version == 2


def test_the_first_contact_is_kept(store: Store, setting: Setting) -> None:
    with writing(store, setting) as entry:
        target = a_target(entry, department="乙局")
        entry.step(TARGETS, target, "洽谈", on="2024-08-01", reason="补录")
    with pytest.raises(FieldError, match=r"首谈登记.*应写明理由"), writing(store, setting, "李四") as entry:
        entry.set(TARGETS, target, {"first_by": "甲局"})
    with writing(store, setting, "李四") as entry:
        entry.set(TARGETS, target, {"first_by": "甲局"}, reason="两局商定")
    with store.reading() as connection:
        row = reading.row(connection, setting, TARGETS, target)
        assert (row.first_on, row.first_by) == (date(2024, 8, 1), "甲局")
        last = reading.history(connection, ZONE, TARGETS, target)[-1]
        assert (last.by, last.reason, last.changes) == ("李四", "两局商定", {"first_by": ("乙局", "甲局")})


def test_who_comes_second_is_told_and_can_look_again(store: Store, setting: Setting) -> None:
    with writing(store, setting) as entry:
        target = a_target(entry)
        entry.set(TARGETS, target, {"owner": "张三"}, version=1)
    with (
        pytest.raises(ConflictError, match=r"第 1 号目标 已被 张三 改过（现在是第 2 版，您看到的是第 1 版）") as caught,
        writing(store, setting, "李四") as entry,
    ):
        entry.set(TARGETS, target, {"owner": "李四"}, version=1)
    assert (caught.value.given, caught.value.version) == (1, 2)
    for work in (
        lambda entry: entry.step(TARGETS, target, "已接触", version=1, reason="x"),
        lambda entry: entry.delete(TARGETS, target, reason="重复", version=1),
        lambda entry: entry.convert(target, {"name": "项目"}, version=1, reason="x"),
    ):
        with pytest.raises(ConflictError), writing(store, setting) as entry:
            work(entry)


def test_nothing_is_deleted_while_something_hangs_on_it(store: Store, setting: Setting) -> None:
    with writing(store, setting) as entry:
        project = a_project(entry)
        arrival = entry.add(ARRIVALS, {"project": project, "arrived_on": TODAY, "origin": "内资", "amount": "1万元"}).id
    with pytest.raises(LedgerError, match="下面还有 1 行到账，请先删除它们"), writing(store, setting) as entry:
        entry.delete(PROJECTS, project, reason="重复")
    with writing(store, setting) as entry:
        entry.delete(ARRIVALS, arrival, reason="记错了")
        entry.delete(PROJECTS, project, reason="重复")
    with pytest.raises(RequestError, match="张三 已删除，可用 restore 恢复"), writing(store, setting) as entry:
        entry.set(PROJECTS, project, {"jobs": 3})
    with pytest.raises(FieldError, match="没有第 1 号项目，或已删除"), writing(store, setting) as entry:
        entry.restore(ARRIVALS, arrival)
    with pytest.raises(LedgerError, match="没有删除"), writing(store, setting) as entry:
        entry.restore(PROJECTS, project)
        entry.restore(PROJECTS, project)


def test_another_zone_sees_nothing(store: Store, setting: Setting) -> None:
    with writing(store, setting) as entry:
        target = a_target(entry)
    other = open_setting("zhuhai-jinwan")
    with store.reading() as connection:
        assert reading.rows(connection, other.zone, TARGETS) == []
    with pytest.raises(RequestError, match="没有这个目标"), writing(store, other) as entry:
        entry.set(TARGETS, target, {"owner": "别人"})


def test_a_row_that_is_not_there(store: Store, setting: Setting) -> None:
    for book, number in product(ALL.values(), [0, -1, 2, 2**31, 10**30]):
        with pytest.raises(RequestError, match="没有这个"), writing(store, setting) as entry:
            entry.set(book, number, {})


def test_one_paper_and_one_goal_of_a_kind(store: Store, setting: Setting) -> None:
    goal = {"year": "2024", "measure": "协议投资额", "unit_kind": "部门", "unit": "甲", "amount": "5亿元"}
    with writing(store, setting) as entry:
        project = a_project(entry)
        paper = entry.add(PAPERS, {"project": project, "paper": "环评", "issued_on": "2024-05-01"}).id
        made = entry.add(GOALS, goal).id
        entry.add(PROBLEMS, {"project": project, "what": "用地指标", "due_on": "2024-10-01"})
    for book, values in (
        (PAPERS, {"project": project, "paper": "environment", "issued_on": "2024-06-01"}),
        (GOALS, {**goal, "amount": "1元"}),
    ):
        with pytest.raises(FieldError, match="已有"), writing(store, setting) as entry:
            entry.add(book, values)
    with writing(store, setting) as entry:
        entry.delete(PAPERS, paper, reason="批文撤销")
        entry.add(PAPERS, {"project": project, "paper": "environment", "issued_on": "2024-06-01"})
    with store.reading() as connection:
        row = reading.row(connection, setting, GOALS, made)
        assert (row.unit, row.amount, row.amount_currency) == ("甲局", Decimal("500000000.00"), "CNY")


def test_a_zone_without_offices_takes_any_and_says_so(store: Store) -> None:
    plain = open_setting(ZONE)
    assert plain.rules.departments == plain.rules.towns == ()
    with entering(store, plain, by="", today=TODAY) as entry:
        done = entry.add(TARGETS, {**OK, "department": "某局", "town": "某镇"})
    assert [line[:10] for line in done.told] == ["园区还没有列出部门，", "园区还没有列出镇街，"]


def test_the_trip_of_august_2024(store: Store, setting: Setting) -> None:
    """Three are signed as intents, for that is all that was published; nothing counts before there is proof."""
    signed = [
        ("青岛英贝特玩具礼品有限公司", "2024-08-27"),
        ("青岛海之晨工业装备有限公司", "2024-08-27"),
        ("颐高集团", "2024-08-28"),
    ]
    with writing(store, setting) as entry:
        trip = entry.add(
            ACTIVITIES, {"kind": "外出招商", "name": "青岛、杭州、绍兴", "starts_on": "2024-08-27", "ends_on": "2024-08-29"}
        ).id
        entry.step(ACTIVITIES, trip, "已开展", on="2024-08-29", reason="事后登记")
        for company, day in signed:
            target = entry.add(TARGETS, {"kind": "企业", "company": company, "department": "甲局"}, on="2024-08-26").id
            entry.step(TARGETS, target, "已接触", on=day)
            entry.step(TARGETS, target, "洽谈", on=day)
            _, project = entry.convert(target, {"name": f"{company}项目"}, on=day)
            entry.step(PROJECTS, project.id, "意向/框架", on=day)
            entry.add(MEETINGS, {"activity": trip, "target": target, "project": project.id, "company": company, "met_on": day})
    with store.reading() as connection:
        projects = reading.rows(connection, ZONE, PROJECTS)
        assert [(one.company, one.state, one.state_on.isoformat()) for one in projects] == [(c, "framework", d) for c, d in signed]
        assert [one.first_by for one in reading.rows(connection, ZONE, TARGETS)] == ["甲局"] * 3
        steps = reading.steps(connection, ZONE, PROJECTS)
        assert [[one.step for one in steps[project.id]] for project in projects] == [["talks", "framework"]] * 3


def test_values_come_back_as_they_were_entered(store: Store, setting: Setting) -> None:
    with writing(store, setting) as entry:
        project = a_project(
            entry, agreed="1,234.5678万美元", land="30.55亩", jobs="120人", shares="甲局 1/3、乙局 1/3；丙局：1/3", content="一\r\n二\0",
            plan_start_on="2025年3月1日", service_mode="告知承诺容缺办", chain="现代农业", town="西街",
        )  # fmt: skip
    with store.reading() as connection:
        row = reading.row(connection, setting, PROJECTS, project)
    assert row.agreed == Money(Decimal("12345678.00"), "USD")
    assert (row.land, row.jobs, row.content, row.plan_start_on) == (Decimal("30.55"), 120, "一\n二", date(2025, 3, 1))
    assert row.shares == tuple((unit, Fraction(1, 3)) for unit in ("甲局", "乙局", "丙局"))
    assert (row.chain, row.town) == ("modern-agriculture", "西街道")
