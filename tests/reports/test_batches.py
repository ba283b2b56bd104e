"""A batch of events is read and written in sets: it comes to what the same events come to one by one, in far fewer statements."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import func, select
from sqlalchemy.engine import Engine

from matcher.ledger import tables
from matcher.ledger.books import PROJECTS, TARGETS
from matcher.ledger.entry import entering
from matcher.ledger.event_tables import stamps, step_times
from matcher.ledger.events import Answer
from matcher.ledger.events_received import parked, receive, settle
from matcher.ledger.setting import Setting
from matcher.store.database import Store
from tests.reports.made import NOW, START, event, project, target

numbers = itertools.count()
Told = tuple[str, str, dict[str, Any], int, int]
"""Whom, type, data, hour, id."""
WHOM = ["目标", "项目", "没有"]


def what() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Type and data of an event, right and wrong ones."""
    fields = st.dictionaries(
        st.sampled_from(["next_step", "owner", "next_on", "company"]), st.sampled_from(["甲", "2024-10-01", ""])
    )
    targets, projects = ["已接触", "洽谈", "搁置", "放弃", "没有"], ["签约", "投产", "达产", "达产", "流失"]
    why: st.SearchStrategy[dict[str, Any]] = st.sampled_from([{}, {"reason": "电话"}])
    return st.one_of(
        st.tuples(st.just("target.step"), st.builds(lambda step, more: {"step": step, **more}, st.sampled_from(targets), why)),
        st.tuples(st.just("project.step"), st.builds(lambda step, more: {"step": step, **more}, st.sampled_from(projects), why)),
        st.tuples(st.sampled_from(["target.set", "project.set"]), fields.map(lambda some: {"fields": some})),
        st.tuples(st.just("visit"), st.sampled_from([{}, {"result": "谈得好"}, {"on": "昨天"}, {"result": "长" * 9999}])),
        st.tuples(st.just("arrival"), st.sampled_from([{"origin": "内资", "amount": "5万元"}, {"origin": "内资", "amount": "五"}])),
    )


told = st.lists(
    st.tuples(st.sampled_from(WHOM), what(), st.integers(0, 6), st.integers(0, 12)).map(lambda one: (one[0], *one[1], *one[2:])),
    min_size=1, max_size=14,
)  # fmt: skip

WAITING: list[Told] = [
    ("项目", "project.step", {"step": "达产"}, 5, 1), ("项目", "project.step", {"step": "达产"}, 5, 1),
    ("目标", "project.step", {"step": "达产"}, 5, 2), ("项目", "project.step", {"step": "投产", "reason": "租用厂房"}, 3, 3),
    ("项目", "project.step", {"step": "达产"}, 5, 1), ("目标", "project.step", {"step": "投产"}, 4, 2),
]  # fmt: skip
"""What waits for a step is sent again before that is told, after it, and under the same id as something else."""
HALF_DONE: list[Told] = [
    ("目标", "visit", {"result": "长" * 9999}, 1, 1), ("目标", "visit", {"result": "谈得好"}, 1, 1),
    ("目标", "visit", {"result": "长" * 9999}, 1, 2),
]  # fmt: skip
"""A visit whose activity can be entered and whose meeting cannot."""


class Made:
    """A target and a project of one name, and one of each that persons work on, with names of their own."""

    def __init__(self, store: Store, setting: Setting) -> None:
        self.store, self.setting, self.tag = store, setting, f"甲{next(numbers)}"
        self.names = {"目标": f"{self.tag}有限公司", "项目": f"{self.tag}工程有限公司", "没有": f"{self.tag}公司"}
        self.rows = [
            ("targets", target(store, setting, self.names["目标"])),
            ("projects", project(store, setting, self.names["目标"])),
        ]
        self.rows += [("projects", project(store, setting, self.names["项目"]))]
        with entering(store, setting, by="乙", today=NOW.date(), at=START.replace(hour=5)) as entry:
            entry.set(TARGETS, self.rows[0][1], {"owner": "乙"})
            entry.step(PROJECTS, self.rows[2][1], "签约", on=START.date(), reason="补登")

    def items(self, some: list[Told]) -> list[dict[str, Any]]:
        return [event(f"{id_}", type_, self.names[whom], hour, self.tag, **data) for whom, type_, data, hour, id_ in some]

    def plain(self, value: Any) -> Any:
        """Without what is another for each of these: its names and the numbers of its rows."""
        return str(value).replace(self.tag, "某")

    def told(self, answers: list[Answer]) -> list[Any]:
        return [self.plain((one.id, one.fate, one.said, self.place(one.book, one.row))) for one in answers]

    def place(self, book: str | None, row: int | None) -> Any:
        return next((place for place, one in enumerate(self.rows) if one == (book, row)), row if row is None else "?")

    def check_whole(self) -> None:
        """Every visit that was entered has its activity and its meeting, what was refused has neither; a waiting step does not stand."""
        events, steps = tables.events, tables.steps
        mine = events.c.source == self.tag
        with self.store.reading() as connection:

            def count(wanted: Any) -> int:
                return int(connection.execute(select(func.count()).select_from(wanted.subquery())).scalar() or 0)

            visits = count(select(events.c.id).where(mine, events.c.type == "visit", events.c.fate == "applied"))
            assert count(select(tables.activities.c.id).where(tables.activities.c.whom.in_(self.names.values()))) == visits
            assert count(select(tables.meetings.c.id).where(tables.meetings.c.company.in_(self.names.values()))) == visits
            told = (
                select(steps.c.id).join(step_times, step_times.c.step == steps.c.id).join(events, events.c.id == step_times.c.event)
            )
            assert not count(told.where(mine, events.c.fate == "refused", steps.c.undone_at.is_(None)))

    def all(self) -> list[Any]:
        """Everything that the database holds of it, in order, without numbers of lines."""
        found: list[Any] = []
        with self.store.reading() as connection:
            for book, row in self.rows:
                history, steps, table = tables.history, tables.steps, tables.BOOKS[book]
                kept = [
                    table.c[name] for name in ("version", "state", "state_on", "state_reason", "owner", "next_step", "changed_by")
                ]
                lines = [
                    select(*kept).where(table.c.id == row),
                    select(history.c.version, history.c.verb, history.c.by, history.c.source, history.c.reason, history.c.changes)
                    .where(history.c.book == book, history.c.row == row)
                    .order_by(history.c.version),
                    select(steps.c.version, steps.c.before, steps.c.step, steps.c.on, steps.c.reason, steps.c.undone_at.is_(None))
                    .where(steps.c.book == book, steps.c.row == row)
                    .order_by(steps.c.id),
                    select(stamps.c.field, stamps.c.happened_at, stamps.c.event, stamps.c.version)
                    .where(stamps.c.book == book, stamps.c.row == row)
                    .order_by(stamps.c.field),
                ]
                if book == "targets":
                    lines.append(select(table.c.first_on, table.c.first_by).where(table.c.id == row))
                else:
                    arrivals = tables.arrivals
                    lines.append(select(arrivals.c.arrived_on, arrivals.c.amount).where(arrivals.c.project == row))
                meetings = tables.meetings
                column = meetings.c.target if book == "targets" else meetings.c.project
                activities = tables.activities
                lines.append(
                    select(meetings.c.met_on, meetings.c.result, activities.c.name, activities.c.state, activities.c.version)
                    .join(activities, activities.c.id == meetings.c.activity)
                    .where(column == row)
                    .order_by(meetings.c.id)
                )
                found += [self.plain([tuple(line) for line in connection.execute(one)]) for one in lines]
            events = tables.events
            mine = select(events).where(events.c.source == self.tag).order_by(events.c.id)
            found += [
                self.plain((line.event, line.type, line.fate, line.said, line.data, self.place(line.book, line.row)))
                for line in connection.execute(mine)
            ]
        waiting = [one for one in parked(self.store, self.setting.zone) if one.source == self.tag]
        return [*found, *(self.plain((one.id, one.company, one.said)) for one in waiting)]


@pytest.mark.slow
def test_a_batch_comes_to_what_its_events_come_to_one_by_one(store: Store, setting: Setting) -> None:
    @settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
    @given(some=told, cut=st.integers(0, 14))
    @example(some=WAITING, cut=0)
    @example(some=WAITING, cut=2)
    @example(some=HALF_DONE, cut=0)
    def check(some: list[Told], cut: int) -> None:
        together, alone = Made(store, setting), Made(store, setting)
        answers: list[list[Any]] = []
        for made in (together, alone):
            items = made.items(some)
            parts = [items[:cut], items[cut:]] if made is together else [[item] for item in items]
            answers.append(made.told([one for part in parts for one in receive(store, setting, part, by="接口", at=NOW)]))
            made.check_whole()
        assert answers[0] == answers[1]
        assert together.all() == alone.all()
        for made in (together, alone):
            if any("没有" in whom for whom, *_ in some) and parked(store, setting.zone, made.names["没有"]):
                settled = settle(
                    store, setting, made.names["没有"], by="乙", target=made.rows[0][1], project=made.rows[1][1], at=NOW
                )
                answers.append(made.told(settled))
        assert answers[2::2] == answers[3::2]
        assert together.all() == alone.all()

    check()


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    sqlalchemy_event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sqlalchemy_event.remove(Engine, "before_cursor_execute", note)


def test_ten_times_the_events_are_no_more_statements(store: Store, setting: Setting) -> None:
    names = [f"甲{number}有限公司" for number in range(10)]
    for name in names:
        target(store, setting, name)
        project(store, setting, name)
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("target.step", {"step": "洽谈"}), ("target.set", {"fields": {"next_step": "约见", "owner": "乙"}}), ("visit", {}),
        ("project.step", {"step": "签约"}), ("arrival", {"origin": "内资", "amount": "5万元"}), ("target.step", {"step": "搁置"}),
    ]  # fmt: skip

    def count(first: int, many: int) -> int:
        items = [
            event(str(first + n), *(kinds[n % 6][0], names[n // 6 % 10] if n % 7 else "没有公司", n % 50), **kinds[n % 6][1])
            for n in range(many)
        ]
        with statements() as seen:
            receive(store, setting, items, by="接口", at=NOW)
        return len(seen)

    count(0, 120)  # of every row it is kept by then how far it has come, and whose it was
    few, many = count(1000, 60), count(2000, 600)
    assert many <= few + 6  # keys that are looked up go in parts of 300
    assert few < 60
