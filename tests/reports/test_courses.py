"""Going on from where a row stood comes to what going through all of its steps comes to, in order or not, whoever is between."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from matcher.errors import LedgerError
from matcher.ledger import tables
from matcher.ledger.books import PROJECTS, TARGETS, Book
from matcher.ledger.entry import entering
from matcher.ledger.event_tables import courses
from matcher.ledger.events_courses import NEWEST, Course, Past, as_kept, first_contact, kept_courses
from matcher.ledger.events_folding import Folded, Moves, Told, fold, told_steps, told_with
from matcher.ledger.events_received import receive, settle
from matcher.ledger.setting import Setting
from matcher.ledger.stepping import spoken
from matcher.store.database import Store
from tests.reports.made import NOW, START, event, target
from tests.reports.test_batches import Made, statements

TARGET_STEPS = ["waiting", "contacted", "talks", "shelved", "dropped"]
Act = tuple[str, str, str, int, int, str]
"""Whom, who, step, hour, id, reason: of an event, or of a person; 没有 and 另名 are a name that was settled, of targets and of projects."""
KINDS = (("target.step", "已接触"), ("project.step", "签约"))


def told(number: int, step: str, hour: int, reason: str | None, *, person: bool = False, day: int = 0) -> Told:
    at = START + timedelta(hours=hour)
    on = (at + timedelta(days=day)).date()
    return Told(
        number,
        step,
        on,
        reason,
        at,
        "" if person else "系统",
        "" if person else str(number),
        "乙",
        None if person else number,
        False,
    )


def answered(moves: Moves, folded: Folded, lines: Sequence[Told], known: set[str]) -> tuple[Any, ...]:
    """All that anybody asks of the steps of a row: where it stands, its milestones, who spoke first."""
    spoke, call = first_contact(lines, known, folded.refused)
    last = folded.last and folded.last.id
    return last, list(folded.standing.items()), (call.id if call else None), spoke is None


some_steps = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 9), st.sampled_from([None, "电话"]), st.booleans(), st.integers(-2, 0)),
    min_size=1, max_size=30,
)  # fmt: skip


@pytest.mark.slow
@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(some=some_steps, most=st.integers(0, 4), book=st.sampled_from(["targets", "projects"]), late=st.integers(0, 30))
def test_what_is_kept_of_older_steps_stands_for_all_of_them(
    setting: Setting, some: list[Any], most: int, book: str, late: int
) -> None:
    """Step after step in order, and one that comes late; kept and read again each time."""
    ids = [step.id for step in setting.steps(book)]
    moves, known = Moves(setting, book), spoken(setting.steps(book))
    lines = [
        told(number, ids[step % len(ids)], number + (late if number % 7 else 0), why, person=person, day=day)
        for number, (step, _, why, person, day) in enumerate(some, start=1)
    ]
    course, whole = Course(Past(), ()), tuple[Told, ...]()
    for one in lines:
        whole = told_with(whole, one)
        if not course.takes(one.place):
            course = Course(Past(), whole)
        else:
            assert one.event_number is None or course.takes(one.place[:3])  # an event is placed before its line has a number
            course = course.told(one)
        plain = fold(moves, whole)
        mine = course.folded(moves)
        assert answered(moves, mine, course.lines, known) == answered(moves, plain, whole, known)
        assert mine.refused == {id_: why for id_, why in plain.refused.items() if id_ in {line.id for line in course.newest}}
        course = course.shortened(moves, known, most)
        assert len(course.newest) <= max(most, 0) and len(course.past.lines) <= len(ids) + 2


class Played:
    """The same acts on rows of its own, with what is kept of them, or without: then all steps are gone through each time."""

    def __init__(self, made: Made, *, whole: bool) -> None:
        self.made, self.whole, self.answers = made, whole, list[Any]()
        first = [event(kind, kind, made.names["没有"], 0, made.tag, step=step) for kind, step in KINDS]
        receive(made.store, made.setting, first, by="接口", at=NOW)
        settle(made.store, made.setting, made.names["没有"], by="乙", target=made.rows[0][1], project=made.rows[2][1], at=NOW)

    def play(self, acts: Sequence[Act]) -> None:
        """A run of events is one batch; a person's entry stands for itself."""
        made, batch = self.made, list[dict[str, Any]]()
        for whom, who, step, hour, id_, why in acts:
            if who == "event":
                kind = KINDS[whom in ("项目", "另名")][0]
                data = {"step": step, **({"reason": why} if why else {})}
                batch.append(event(str(id_), kind, made.names["没有" if whom == "另名" else whom], hour, made.tag, **data))
                continue
            self._send(batch)
            batch = []
            self._person(whom, step, hour, why)
        self._send(batch)

    def _send(self, batch: list[dict[str, Any]]) -> None:
        if self.whole:
            with self.made.store.writing() as connection:
                for book, row in self.made.rows:
                    connection.execute(delete(courses).where(courses.c.book == book, courses.c.row == row))
        if batch:
            self.answers += self.made.told(receive(self.made.store, self.made.setting, batch, by="接口", at=NOW))

    def _person(self, whom: str, step: str, hour: int, why: str) -> None:
        book: Book[Any] = PROJECTS if whom in ("项目", "另名") else TARGETS
        row = self.made.rows[2 if book is PROJECTS else 0][1]
        at = START + timedelta(hours=hour)
        try:
            with entering(self.made.store, self.made.setting, by="丙", today=NOW.date(), at=at) as entry:
                self.answers.append(entry.step(book, row, step, on=at.date(), reason=why or None).version)
        except LedgerError as error:
            self.answers.append(str(error))


def acts() -> st.SearchStrategy[list[list[Act]]]:
    """Batches of events about in order, some of them late or told again, and now and then a person between them."""
    step = (
        st.sampled_from(["已接触", "洽谈", "洽谈", "搁置", "放弃"]),
        st.sampled_from(["签约", "注册", "投产", "达产", "流失", "在谈"]),
    )

    def placed(some: list[Any]) -> list[Act]:
        found = []
        for number, (whom, who, of_target, of_project, late, again, why) in enumerate(some, start=1):
            hour = max(0, number * 6 - late)
            found.append((whom, who, of_project if whom in ("项目", "另名") else of_target, hour, number - again, why))
        return found

    one = st.tuples(
        st.sampled_from(["目标", "目标", "项目", "项目", "没有", "另名"]), st.sampled_from(["event"] * 19 + ["person"]), *step,
        st.sampled_from([0] * 12 + [3, 7, 20, 999]), st.sampled_from([0] * 9 + [1, 5, 30]), st.sampled_from(["", "电话", "电话"]),
    )  # fmt: skip
    whole = st.lists(one, min_size=30, max_size=110).map(placed)
    return st.tuples(whole, st.lists(st.integers(0, 110), max_size=12)).map(lambda both: cut(*both))


def cut(some: list[Act], places: Sequence[int]) -> list[list[Act]]:
    ends = sorted({0, len(some), *(place for place in places if place < len(some))})
    return [some[since:until] for since, until in itertools.pairwise(ends)]


LONG: list[Act] = [
    ("项目", "event", ("签约", "注册", "在谈", "流失")[n % 4], n, n, "电话") for n in range(1, 60)
]  # fmt: skip
"""A project whose past is shortened, before what comes late, waits, is sent again and is done by a person."""
AFTER: list[list[Act]] = [
    [("项目", "event", "达产", 61, 61, ""), ("项目", "event", "达产", 61, 61, "电话")],
    [*(("项目", "event", "签约", 62 + n, 62 + n, "电话") for n in range(20))],
    [("项目", "event", "达产", 61, 61, "再报")],  # waits among the older ones by now
    [("项目", "event", "投产", 5, 90, "租用厂房"), ("项目", "event", "纳统", 91, 91, "")],  # before everything that is kept
    [("项目", "person", "流失", 92, 0, "不来了"), ("项目", "event", "签约", 93, 93, "又来了")],
    [("项目", "event", "注册", 94, 94, "")], [("项目", "event", "手续", 95, 95, "")],
]  # fmt: skip

PRODUCED: list[Act] = [
    ("项目", "event", "投产", 10, 10, "租用厂房"), *(("项目", "event", ("达产", "纳统")[n % 2], n, n, "电话") for n in range(12, 50)),
    ("项目", "event", "流失", 50, 50, "不来了"),
]  # fmt: skip
UNFORESEEN: list[Act] = [("项目", "event", "达产", 60, 60, "又来了"), ("另名", "event", "在谈", 11, 61, "协议解除")]
"""What a batch has just taken away stands again, by an event earlier than all that is kept, of a name that had to be settled."""
SENT_AGAIN: list[list[Act]] = [
    [*(("目标", "event", ("已接触", "洽谈")[n % 2], n, n, "电话") for n in range(1, 30)), ("目标", "event", "放弃", 30, 30, "")],
    [("目标", "event", "洽谈", 31, 31, "电话")], [("没有", "event", "放弃", 30, 30, "不来了")],  # not known before it is asked for
    [("没有", "event", "搁置", 32, 32, "")], [("项目", "event", "签约", 33, 32, "电话")],  # as something of another row
    [("目标", "event", "洽谈", 34, 34, "电话")],
]  # fmt: skip
"""Steps that waited for their reasons, sent again while they are among the newest."""


@pytest.mark.slow
def test_events_in_and_out_of_order_come_to_the_same_as_all_steps(store: Store, setting: Setting) -> None:
    most = 0

    @settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
    @given(batches=acts())
    @example(batches=[LONG, *AFTER])
    @example(batches=[PRODUCED, UNFORESEEN, AFTER[-1]])
    @example(batches=SENT_AGAIN)
    @example(batches=[*cut(LONG, range(0, 60, 7)), *AFTER])
    def check(batches: list[list[Act]]) -> None:
        nonlocal most
        kept, whole = (Played(Made(store, setting), whole=one) for one in (False, True))
        for batch in batches:
            for played in (kept, whole):
                played.play(batch)
                played.made.check_whole()
            assert kept.answers == whole.answers
            assert kept.made.all() == whole.made.all()
            most = max(most, check_kept(store, setting, kept.made))

    check()
    assert most > NEWEST  # or all of this would have been about rows with nothing behind them


def check_kept(store: Store, setting: Setting, made: Made) -> int:
    """What is kept of a row is what its steps come to, and outlives being written and read; of how many steps at most."""
    most = 0
    with store.reading() as connection:
        for book, row in made.rows:
            moves, steps = Moves(setting, book), setting.steps(book)
            for course in kept_courses(connection, book, [row], moves.digest).values():
                whole = told_steps(connection, setting.zone, book, [row], steps[0].id)[row]
                assert answered(moves, course.folded(moves), course.lines, spoken(steps)) == answered(
                    moves, fold(moves, whole), whole, spoken(steps)
                )
                assert set(course.lines) <= set(whole)
                assert all(one.stands == (one.id in fold(moves, whole).standing.values()) for one in whole)
                assert len(course.newest) <= NEWEST
                assert (
                    json.loads(json.dumps(as_kept(course)))
                    == connection.execute(select(courses.c.kept).where(courses.c.book == book, courses.c.row == row)).scalar()
                )
                most = max(most, len(whole))
    return most


def long_row(store: Store, setting: Setting, name: str, since: int, until: int) -> None:
    """Steps in order, an hour apart."""
    steps = ("已接触", "洽谈", "搁置", "洽谈")
    items = [
        event(f"{name}{n}", "target.step", f"{name}有限公司", n / 2, step=steps[n % 4], reason="电话") for n in range(since, until)
    ]
    assert {one.fate for one in receive(store, setting, items, by="接口", at=NOW)} == {"applied"}


def test_an_event_in_order_reads_no_old_steps(store: Store, setting: Setting) -> None:
    """However many steps there are, a later event asks for none of them; one that is earlier than what is kept asks for all."""
    row = target(store, setting, "甲有限公司")
    long_row(store, setting, "甲", 0, 200)
    old = "FROM ledger_steps LEFT OUTER JOIN"
    with statements() as seen:
        long_row(store, setting, "甲", 200, 210)
    assert [one for one in seen if old in " ".join(one.split())] == []
    late = event("晚", "target.step", "甲有限公司", 1.25, step="放弃", reason="电话")
    with statements() as seen:
        (answer,) = receive(store, setting, [late], by="接口", at=NOW)
    assert answer.fate == "superseded"
    assert len([one for one in seen if old in " ".join(one.split())]) == 1
    with store.reading() as connection:
        many = select(func.count()).select_from(tables.steps).where(tables.steps.c.row == row, tables.steps.c.book == "targets")
        assert connection.execute(many).scalar() == 212


def test_a_step_of_a_person_takes_out_what_was_kept(store: Store, setting: Setting) -> None:
    row = target(store, setting, "甲有限公司")
    long_row(store, setting, "甲", 0, 40)

    def kept() -> int:
        with store.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(courses).where(courses.c.row == row)).scalar() or 0)

    assert kept() == 1
    with entering(store, setting, by="乙", today=NOW.date(), at=NOW) as entry:
        entry.set(TARGETS, row, {"owner": "乙"})
    assert kept() == 1
    with entering(store, setting, by="乙", today=NOW.date(), at=NOW) as entry:
        entry.step(TARGETS, row, "放弃", reason="不来了")
    assert kept() == 0
