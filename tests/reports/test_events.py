"""Events: once each, in any order of arrival the same state, never over what is newer."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from matcher.errors import OptionError
from matcher.ledger import reading, tables
from matcher.ledger.books import PROJECTS, TARGETS
from matcher.ledger.entry import entering
from matcher.ledger.events import MOST_AT_ONCE
from matcher.ledger.events_received import receive
from matcher.ledger.setting import Setting
from matcher.store.database import Store, open_store
from tests.reports.made import NOW, START, cloud, event, project, state, target

pytestmark = pytest.mark.slow

numbers = itertools.count()
TARGET_STEPS = ["待接触", "已接触", "洽谈", "搁置", "放弃"]
PROJECT_STEPS = ["在谈", "意向/框架", "签约", "注册", "手续", "开工", "在建", "投产", "达产", "纳统", "流失"]


def told(steps: list[str], book: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Type and data of an event."""
    fields = st.sampled_from(
        [("next_step", "约见"), ("next_step", "再谈"), ("next_step", ""), ("owner", "乙"), ("next_on", "2024-10-01")]
    )
    return st.one_of(
        st.sampled_from(steps).map(lambda step: (f"{book}.step", {"step": step})),
        st.sampled_from(steps).map(lambda step: (f"{book}.step", {"step": step, "reason": "电话"})),
        st.sampled_from(steps).map(lambda step: (f"{book}.step", {"step": step, "on": "2024-08-01"})),
        st.lists(fields, min_size=1, max_size=2, unique_by=lambda one: one[0]).map(
            lambda some: (f"{book}.set", {"fields": dict(some)})
        ),
        st.sampled_from(["谈得好", "没见着"]).map(lambda result: ("visit", {"result": result})),
    )


def shuffled(steps: list[str], book: str) -> st.SearchStrategy[tuple[list[Any], list[int], list[int]]]:
    """Events with their hours, and two orders in which they come; hours may be equal."""
    one = st.tuples(told(steps, book), st.integers(0, 5))
    return st.lists(one, min_size=1, max_size=7).flatmap(
        lambda many: st.tuples(st.just(many), *(st.permutations(range(len(many))) for _ in range(2)))
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("book", ["target", "project"])
def test_in_any_order_of_arrival_the_same_state(store: Store, setting: Setting, book: str) -> None:
    made, of = (target, TARGETS) if book == "target" else (project, PROJECTS)

    @settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    @given(case=shuffled(TARGET_STEPS if book == "target" else PROJECT_STEPS, book))
    def check(case: tuple[list[Any], list[int], list[int]]) -> None:
        many, *orders = case
        states = []
        for order in orders:
            company = f"甲{next(numbers)}有限公司"
            row = made(store, setting, company)
            items = [event(f"{company}{n}", type_, company, hour, **data) for n, ((type_, data), hour) in enumerate(many)]
            # equal hours are settled by the id: the ids of both rows are in the same order
            for n in order:
                (answer,) = receive(store, setting, [items[n]], by="接口", at=NOW)
                assert answer.fate in ("applied", "superseded", "refused"), answer
            states.append(state(store, of, row))
        assert states[0] == states[1]

    check()


def test_batches_and_single_events_come_to_the_same(store: Store, setting: Setting) -> None:
    rows = [target(store, setting, f"{name}有限公司") for name in ("甲甲", "乙乙")]
    steps = ["洽谈", "已接触", "搁置", "洽谈"]
    for name in ("甲甲", "乙乙"):
        items = [event(f"{name}{n}", "target.step", f"{name}有限公司", 9 - n, step=step) for n, step in enumerate(steps)]
        parts = [items] if name == "甲甲" else [[item] for item in items]
        for part in parts:
            receive(store, setting, part, by="接口", at=NOW)
    assert state(store, TARGETS, rows[0]) == state(store, TARGETS, rows[1])
    assert state(store, TARGETS, rows[0])["state"] == "talks"


def test_the_row_is_the_replay_of_its_history(store: Store, setting: Setting) -> None:
    row = target(store, setting, "甲甲有限公司")
    items = [
        event(str(n), "target.step", "甲甲有限公司", 9 - n, step=step, reason="电话")
        for n, step in enumerate(["洽谈", "已接触", "搁置", "洽谈"])
    ]
    receive(store, setting, [*items, event("9", "target.set", "甲甲有限公司", 3, fields={"owner": "乙"})], by="接口", at=NOW)
    with store.reading() as connection:
        history = reading.history(connection, setting.zone, TARGETS, row)
        now = reading.row(connection, setting, TARGETS, row)
    replayed = reading.replayed(history)
    assert {name: replayed.get(name) for name in ("state", "state_on", "owner", "first_on")} == {
        "state": now.state, "state_on": now.state_on, "owner": now.owner, "first_on": now.first_on,
    }  # fmt: skip
    assert [one.version for one in history] == list(range(1, now.version + 1))
    assert {one.source for one in history[1:]} <= {f"event:跟踪系统/{n}" for n in range(10)}


def test_sent_twice_it_counts_once(store: Store, setting: Setting) -> None:
    target(store, setting, "甲甲有限公司")
    visit = event("1", "visit", "甲甲有限公司", 1, result="谈得好")
    answers = receive(store, setting, [visit, visit, cloud(visit)], by="接口", at=NOW)
    answers += receive(store, setting, [visit], by="接口", at=NOW)
    assert [one.fate for one in answers] == ["applied", "duplicate", "duplicate", "duplicate"]
    (other,) = receive(store, setting, [visit | {"source": "另一系统"}], by="接口", at=NOW)
    assert other.fate == "applied"
    with store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(tables.meetings)).scalar() == 2
        assert connection.execute(select(func.count()).select_from(tables.events)).scalar() == 2


def test_plain_json_and_cloud_events_say_the_same(store: Store, setting: Setting) -> None:
    rows = [target(store, setting, f"{name}有限公司") for name in ("甲甲", "乙乙")]
    plain = event("1", "target.step", "甲甲有限公司", 1, step="已接触", reason="电话")
    other = cloud(event("2", "target.step", "乙乙有限公司", 1, step="已接触", reason="电话"))
    assert [one.fate for one in receive(store, setting, [plain, other], by="接口", at=NOW)] == ["applied", "applied"]
    assert state(store, TARGETS, rows[0]) == state(store, TARGETS, rows[1])


def test_what_a_person_has_said_since_stays(store: Store, setting: Setting) -> None:
    row = target(store, setting, "甲甲有限公司")
    later = START + timedelta(days=20)
    with entering(store, setting, by="乙", today=later.date(), at=later) as entry:
        entry.set(TARGETS, row, {"owner": "乙"})
        entry.step(TARGETS, row, "洽谈", on=later.date(), reason="补登")
    old = [
        event("1", "target.set", "甲甲有限公司", 24, fields={"owner": "甲", "next_step": "约见"}),
        event("2", "target.step", "甲甲有限公司", 24, step="已接触"),
        event("3", "target.set", "甲甲有限公司", 24, fields={"owner": "丙"}),
    ]
    answers = receive(store, setting, old, by="接口", at=NOW)
    assert [one.fate for one in answers] == ["applied", "superseded", "superseded"] and "责任人" in answers[0].said
    found = state(store, TARGETS, row)
    assert (found["owner"], found["next_step"], found["state"], found["state_on"]) == ("乙", "约见", "talks", later.date())
    assert ("contacted", date(2024, 8, 2)) in found["steps"]  # the way that it went is told all the same
    new = event("4", "target.step", "甲甲有限公司", 24 * 40, step="放弃", reason="对方无意")
    assert [one.fate for one in receive(store, setting, [new], by="接口", at=NOW)] == ["applied"]


def test_a_step_that_must_not_be_gone_over_waits_for_it(store: Store, setting: Setting) -> None:
    row = project(store, setting, "甲甲有限公司")
    full, production = (
        event("2", "project.step", "甲甲有限公司", 20, step="达产"),
        event("1", "project.step", "甲甲有限公司", 10, step="投产", reason="租用厂房"),
    )
    assert [one.fate for one in receive(store, setting, [full, production], by="接口", at=NOW)] == ["refused", "superseded"]
    assert state(store, PROJECTS, row)["state"] == "full"
    with store.reading() as connection:
        fates = connection.execute(select(tables.events.c.event, tables.events.c.fate)).all()
    assert sorted(map(tuple, fates)) == [("1", "superseded"), ("2", "applied")]
    assert {step for step, _ in state(store, PROJECTS, row)["steps"]} == {"talks", "production", "full"}


def fates_of(store: Store) -> list[tuple[Any, ...]]:
    with store.reading() as connection:
        wanted = select(tables.events.c.event, tables.events.c.fate, tables.events.c.said).order_by(tables.events.c.event)
        return [tuple(line) for line in connection.execute(wanted)]


@pytest.mark.parametrize(
    ("book", "before", "step", "said"),
    [
        ("target", [], "放弃", "放弃（是转到旁支）应写明理由"), ("target", [], "洽谈", "洽谈（越过了已接触）应写明理由"),
        ("target", ["已接触", "洽谈"], "已接触", "已接触（是退回）应写明理由"), ("project", [], "开工", "越过了"),
        ("project", ["签约"], "在谈", "在谈（是退回）应写明理由"), ("project", ["签约"], "流失", "流失（是转到旁支）应写明理由"),
    ],
)  # fmt: skip
def test_a_move_that_needs_a_reason_is_refused_without(
    store: Store, setting: Setting, book: str, before: list[str], step: str, said: str
) -> None:
    of, row = (
        (TARGETS, target(store, setting, "甲甲有限公司"))
        if book == "target"
        else (PROJECTS, project(store, setting, "甲甲有限公司"))
    )
    for hour, one in enumerate(before):  # forward in order: no reason is needed, and none is made up
        (answer,) = receive(store, setting, [event(f"a{hour}", f"{book}.step", "甲甲有限公司", hour, step=one)], by="接口", at=NOW)
        assert answer.fate == "applied"
    then = state(store, of, row)
    assert then["state_reason"] is None
    unreasoned = event("b", f"{book}.step", "甲甲有限公司", 9, step=step)
    (answer,) = receive(store, setting, [unreasoned], by="接口", at=NOW)
    assert answer.fate == "refused" and said in answer.said
    assert state(store, of, row) == then
    unreasoned["data"]["reason"] = "对方要求"
    assert [one.fate for one in receive(store, setting, [unreasoned], by="接口", at=NOW)] == ["applied"]
    assert state(store, of, row)["state_reason"] == "对方要求"


def test_a_step_without_its_reason_comes_into_force_once_it_is_the_next_one(store: Store, setting: Setting) -> None:
    row = target(store, setting, "甲甲有限公司")
    receive(store, setting, [event("2", "target.step", "甲甲有限公司", 2, step="洽谈")], by="接口", at=NOW)
    assert state(store, TARGETS, row)["state"] == "waiting"
    receive(store, setting, [event("1", "target.step", "甲甲有限公司", 1, step="已接触")], by="接口", at=NOW)
    assert state(store, TARGETS, row)["state"] == "talks"
    assert [fate for _, fate, _ in fates_of(store)] == ["superseded", "applied"]
    earlier = event(
        "3", "target.step", "甲甲有限公司", 1.5, step="搁置", reason="等政策"
    )  # and waits again: from aside it needs one
    receive(store, setting, [earlier], by="接口", at=NOW)
    assert state(store, TARGETS, row)["state"] == "shelved"
    (_, fate, said) = fates_of(store)[1]
    assert fate == "refused" and "应写明理由" in said


def test_who_is_whoever_sent_it_not_whom_it_names(store: Store, setting: Setting) -> None:
    row = target(store, setting, "甲甲有限公司")
    items = [
        event("1", "target.step", "甲甲有限公司", 1, "局长", step="已接触"),
        event("2", "target.set", "甲甲有限公司", 2, "局长", fields={"owner": "乙"}),
        event("3", "visit", "甲甲有限公司", 3, "局长"),
    ]
    receive(store, setting, items, by="跟踪密钥", at=NOW)
    with store.reading() as connection:
        now = reading.row(connection, setting, TARGETS, row)
        history = reading.history(connection, setting.zone, TARGETS, row)
        by = set(connection.execute(select(tables.meetings.c.created_by)).scalars())
        by |= set(connection.execute(select(tables.activities.c.created_by)).scalars())
        by |= set(connection.execute(select(tables.steps.c.recorded_by)).scalars())
    assert now.changed_by == now.first_by == "跟踪密钥" and by == {"甲", "跟踪密钥"}
    assert [(one.by, one.source) for one in history[1:]] == [("跟踪密钥", "event:局长/1"), ("跟踪密钥", "event:局长/2")]


def test_proof_goes_with_the_step_that_it_proves(store: Store, setting: Setting) -> None:
    from matcher.ledger.counting import milestones
    from matcher.ledger.proofs import attach

    row = project(store, setting, "甲甲有限公司")
    receive(store, setting, [event("2", "project.step", "甲甲有限公司", 20, step="签约")], by="接口", at=NOW)
    with entering(store, setting, by="甲", today=NOW.date(), at=NOW + timedelta(hours=1)) as entry:
        attach(entry, PROJECTS, row, kind="投资协议", digest="a" * 64, size=1, file_name="协议.pdf")
    for hour, day, proved in ((12, date(2024, 8, 2), True), (10, date(2024, 8, 1), False)):  # a day that it does not attest
        earlier = event(str(hour), "project.step", "甲甲有限公司", hour, step="签约", on=str(day))
        receive(store, setting, [earlier], by="接口", at=NOW + timedelta(hours=20 - hour))
        with store.reading() as connection:
            (signed,) = [one for one in milestones(connection, setting)[row] if one.step == "signed"]
        assert (signed.on, signed.proved, signed.outdated) == (day, proved, not proved)


def test_an_old_agreement_proves_nothing_of_a_new_signing(store: Store, setting: Setting) -> None:
    from matcher.ledger.counting import milestones
    from matcher.ledger.proofs import attach

    row = project(store, setting, "甲甲有限公司")
    receive(store, setting, [event("1", "project.step", "甲甲有限公司", 10, step="签约")], by="接口", at=NOW)
    with entering(store, setting, by="甲", today=NOW.date()) as entry:
        attach(entry, PROJECTS, row, kind="投资协议", digest="a" * 64, size=1, file_name="协议.pdf")
    later = [
        event("3", "project.step", "甲甲有限公司", 30, step="签约"),
        event("2", "project.step", "甲甲有限公司", 20, step="在谈", reason="协议解除"),
    ]
    receive(store, setting, later, by="接口", at=NOW)
    with store.reading() as connection:
        (signed,) = [one for one in milestones(connection, setting)[row] if one.step == "signed"]
    assert not signed.proved


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": ""}, "source"), ({"id": 7}, "id"), ({"type": "target.drop"}, "type"), ({"time": "2024-08-01T10:00:00"}, "时区"),
        ({"time": "2025-01-01T10:00:00+08:00"}, "还没有到"), ({"data": []}, "data"), ({"company": 7}, "company"),
        ({"specversion": "0.3"}, "specversion"), ({"data": {"a": "x" * 40_000}}, "字符"), ({"company": "甲" * 81}, "80 字"),
    ],
)  # fmt: skip
def test_what_is_no_event_is_told_item_by_item(store: Store, setting: Setting, change: dict[str, Any], said: str) -> None:
    row = target(store, setting, "甲甲有限公司")
    good = event("1", "target.step", "甲甲有限公司", 1, step="已接触")
    answers = receive(store, setting, [good | {"id": "0"} | change, good], by="接口", at=NOW)
    assert [one.fate for one in answers] == ["invalid", "applied"] and said in answers[0].said
    assert state(store, TARGETS, row)["state"] == "contacted"


@pytest.mark.parametrize(
    ("type_", "data", "said"),
    [
        ("target.step", {"step": "签约"}, "没有「签约」"), ("target.step", {"step": "转项目"}, "转项目"),
        ("target.step", {"step": "洽谈", "on": "2030-01-01"}, "还没有到"), ("target.set", {"fields": {"company": "乙"}}, "company"),
        ("target.set", {}, "fields"), ("target.set", {"fields": {"next_on": "明天"}}, "日期"), ("visit", {"on": "昨天"}, "日期"),
        ("arrival", {"row": 9, "origin": "内资", "amount": "-5万元"}, "负数"),
    ],
)  # fmt: skip
def test_what_cannot_be_entered_is_refused_and_may_be_sent_again(
    store: Store, setting: Setting, type_: str, data: dict[str, Any], said: str
) -> None:
    row = target(store, setting, "甲甲有限公司")
    before = state(store, TARGETS, row)
    wrong = event("1", type_, "甲甲有限公司", 1, **data)
    (answer,) = receive(store, setting, [wrong], by="接口", at=NOW)
    assert answer.fate == "refused" and said in answer.said
    assert state(store, TARGETS, row) == before
    right = event("1", "target.step", "甲甲有限公司", 1, step="已接触")
    assert receive(store, setting, [right], by="接口", at=NOW)[0].fate == "applied"


def test_funds_and_too_many(store: Store, setting: Setting) -> None:
    row = project(store, setting, "甲甲有限公司")
    funds = event("1", "arrival", "甲甲有限公司", 1, origin="外资", amount="300万美元")
    assert receive(store, setting, [funds], by="接口", at=NOW)[0].fate == "applied"
    assert len(state(store, PROJECTS, row)["funds"]) == 1
    with pytest.raises(OptionError, match="1,000"):
        receive(store, setting, [funds] * (MOST_AT_ONCE + 1), by="接口", at=NOW)


def test_the_same_events_from_many_at_once_count_once(address: str, setting: Setting) -> None:
    with open_store(address) as store:
        row = target(store, setting, "甲甲有限公司")
        steps = ["已接触", "洽谈", "搁置", "洽谈"]
        items = [event(f"s{n}", "target.step", "甲甲有限公司", n, step=step, reason="电话") for n, step in enumerate(steps)]
        items += [event(f"v{n}", "visit", "甲甲有限公司", n) for n in range(6)]

        def send(number: int) -> list[str]:
            mine = items[number % 3 :] + items[: number % 3]
            return [one.fate for one in receive(store, setting, mine, by=f"接口{number}", at=NOW)]

        with ThreadPoolExecutor(8) as pool:
            fates = list(itertools.chain.from_iterable(pool.map(send, range(8))))
        found = state(store, TARGETS, row)
        assert fates.count("duplicate") == 7 * len(items)
        assert found["state"] == "talks" and len(found["met"]) == 6


def test_a_visit_of_more_than_a_year_ago_wants_a_reason_as_a_meeting_does(store: Store, setting: Setting) -> None:
    """Each item for itself; what is refused may be sent again with its reason, which is kept with the meeting."""
    row, day = target(store, setting, "甲甲有限公司"), NOW.date()
    days = {"1": day - timedelta(days=366), "2": day - timedelta(days=365), "3": day}
    items = [event(id_, "visit", "甲甲有限公司", 1, on=str(on)) for id_, on in days.items()]
    answers = receive(store, setting, items, by="接口", at=NOW)
    assert [one.fate for one in answers] == ["refused", "applied", "applied"]
    assert str(days["1"]) in answers[0].said and "data.reason" in answers[0].said
    assert len(state(store, TARGETS, row)["met"]) == 2
    items[0]["data"]["reason"] = "补录"
    assert [one.fate for one in receive(store, setting, items[:1], by="接口", at=NOW)] == ["applied"]
    history = tables.history
    with store.reading() as connection:
        said = select(history.c.reason).where(history.c.book == "meetings", history.c.reason.is_not(None))
        assert list(connection.execute(said).scalars()) == ["补录"]
        assert connection.execute(select(func.count()).select_from(tables.meetings)).scalar() == 3
