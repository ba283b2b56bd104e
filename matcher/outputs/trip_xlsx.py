"""A trip plan as a workbook and as CSV (行程表): one line a visit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matcher.outputs.workbook import Book, Column
from matcher.rules import Zone
from matcher.trips.plans import Alternate, Dropped, PlannedDay, PlannedVisit, TripPlan
from matcher.trips.request import KIND_LABELS
from matcher.trips.ways import MODE_LABELS
from matcher.trips.words import quality, reasons, serves, span, state, title

CSV_HEADER = (
    "team", "date", "order", "begins", "ends", "name", "id", "kind", "state", "must", "city", "county", "chain", "segment", "score",
    "chance", "value", "way_from", "way_mode", "way_minutes", "sleeps", "alternates", "reason",
)  # fmt: skip
_Line = tuple[int, PlannedDay, int, PlannedVisit]
_Other = tuple[PlannedVisit, int, Alternate]


def lines(plan: TripPlan) -> list[_Line]:
    """Team, day, place on the day and visit (各次拜访)."""
    return [
        (team.team, day, number, visit) for team in plan.teams for day in team.days for number, visit in enumerate(day.visits, 1)
    ]


def csv_line(line: _Line) -> list[Any]:
    """A visit's cells, as ``CSV_HEADER`` (一行)."""
    team, day, number, visit = line
    result = visit.result
    return [
        team, day.date, number, visit.begins, visit.ends, visit.name, visit.id, KIND_LABELS[visit.kind], state(visit), visit.must,
        visit.city, visit.county, result.chain if result else "", result.segment if result else "", visit.score, visit.chance,
        round(visit.value, 4), visit.way.start, MODE_LABELS[visit.way.mode], visit.way.minutes, day.sleeps,
        "、".join(other.name for other in visit.alternates), result.reason if result else "",
    ]  # fmt: skip


def trip_xlsx(plan: TripPlan, zone: Zone) -> bytes:
    """A plan as a workbook (行程工作簿): 行程, 备选, 没有排上, 说明."""
    names = {(segment.chain, segment.id): f"{segment.chain_name} / {segment.name}" for segment in zone.segments}
    visits: list[Column[_Line]] = [
        Column("队", lambda v: v[0], 5, "whole"),
        Column("日期", lambda v: v[1].date, 12),
        Column("次序", lambda v: v[2], 6, "whole"),
        Column("开始", lambda v: v[3].begins, 7, "centred"),
        Column("结束", lambda v: v[3].ends, 7, "centred"),
        Column("拜访", lambda v: v[3].name, 32, "wrapped"),
        Column("约定", lambda v: state(v[3]), 12),
        Column("城市", lambda v: v[3].city, 8),
        Column("区县", lambda v: v[3].county or "不详", 10),
        Column("需求与环节", lambda v: serves(v[3], names), 28, "wrapped"),
        Column("得分", lambda v: v[3].score, 7, "tenths"),
        Column("把握", lambda v: v[3].chance, 7, "hundredths"),
        Column("价值", lambda v: v[3].value, 8, "hundredths"),
        Column("路上（分钟）", lambda v: v[3].way.minutes, 8, "whole"),
        Column("怎样去", lambda v: MODE_LABELS[v[3].way.mode] + ("（估）" if v[3].way.estimated else ""), 11),
        Column("当晚住", lambda v: v[1].sleeps, 8),
        Column("为什么", lambda v: v[3].result.reason if v[3].result else "", 60, "wrapped"),
        Column("疑点", lambda v: "\n".join(v[3].doubts), 40, "wrapped"),
        Column("要问", lambda v: "\n".join(v[3].questions), 40, "wrapped"),
        Column("联系人、电话", lambda _: "", 18),
        Column("上次联络", lambda _: "", 18),
        Column("登记地址", lambda v: v[3].profile.address if v[3].profile else "", 34, "wrapped"),
        Column("统一社会信用代码", lambda v: v[3].result.uscc if v[3].result else "", 22),
    ]
    others: list[Column[_Other]] = [
        Column("拜访", lambda o: o[0].name, 32),
        Column("第几备选", lambda o: o[1], 9, "whole"),
        Column("备选", lambda o: o[2].name, 32),
        Column("区县", lambda o: o[2].county or "不详", 10),
        Column("同区县", lambda o: o[2].near, 8, "centred"),
        Column("得分", lambda o: o[2].score, 7, "tenths"),
        Column("为什么", lambda o: o[2].reason, 60, "wrapped"),
    ]
    dropped: list[Column[Dropped]] = [
        Column("企业", lambda d: d.name, 32),
        Column("城市", lambda d: d.city, 8),
        Column("区县", lambda d: d.county or "不详", 10),
        Column("得分", lambda d: d.score, 7, "tenths"),
        Column("得分×把握", lambda d: d.prize, 10, "hundredths"),
        Column("为什么没有排上", lambda d: d.reason, 60, "wrapped"),
    ]
    facts: list[Column[tuple[str, str]]] = [Column("项目", lambda f: f[0], 16), Column("内容", lambda f: f[1], 100, "wrapped")]
    there = lines(plan)
    with Book(title(plan), plan.start) as book:
        book.add("行程", visits, there, frozen=6)
        book.add("备选", others, [(v[3], n, other) for v in there for n, other in enumerate(v[3].alternates, 1)])
        book.add("没有排上", dropped, plan.dropped)
        book.add("说明", facts, _facts(plan))
    return book.content()


def _facts(plan: TripPlan) -> Sequence[tuple[str, str]]:
    return [
        ("行程", title(plan)), ("概要", span(plan)), ("计划有多好", quality(plan)), ("上界", plan.bound_says), *reasons(plan),
        ("提醒", "登记信息只是线索，出发前核实"), ("计划号", plan.id), ("名单批次", plan.run.id),
    ]  # fmt: skip
