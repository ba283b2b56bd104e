"""A proof proves what it was added for: what is changed since does not count until the proof is added again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.ledger.attesting import outdated, said
from matcher.ledger.books import ARRIVALS, PAPERS, PROJECTS
from matcher.ledger.counting import agreed, arrived, arrived_in_all, milestones, papers_proved
from matcher.ledger.entry import Entry, entering
from matcher.ledger.money import Money
from matcher.ledger.proofs import attach, proofs_of
from matcher.ledger.reading import row as row_of
from matcher.ledger.reports import facts
from matcher.ledger.reports_monthly import monthly
from matcher.ledger.reports_told import Teller
from matcher.ledger.reports_weekly import weekly
from matcher.ledger.setting import Setting
from matcher.rules.assessment import load_assessment
from matcher.store.database import Store
from tests.conftest import ZONE
from tests.ledger.offices import TODAY, a_project, emptied

WHOLE, NONE = Money(Decimal("100000000.00")), Money(Decimal("0.00"))


def put(entry: Entry, book: Any, id_: int, kind: str) -> int:
    return attach(entry, book, id_, kind=kind, digest="a" * 64, size=3, file_name="协议.pdf").id


@pytest.fixture
def made(store: Store, setting: Setting) -> tuple[int, int, int]:
    """A project that was signed, a sum that arrived and a paper, each with its proof."""
    emptied(store)
    with entering(store, setting, by="张三", today=TODAY) as entry:
        project = a_project(entry, agreed="1亿元")
        entry.step(PROJECTS, project, "正式签约", on="2024-02-01")
        arrival = entry.add(ARRIVALS, {"project": project, "arrived_on": "2024-03-01", "origin": "内资", "amount": "100万元"}).id
        paper = entry.add(PAPERS, {"project": project, "paper": "环评", "issued_on": "2024-02-20"}).id
        prove(entry, (project, arrival, paper))
    return project, arrival, paper


def prove(entry: Entry, made: tuple[int, int, int]) -> None:
    for book, id_, kind in zip((PROJECTS, ARRIVALS, PAPERS), made, ("投资协议", "银行进账单", "环评批复"), strict=True):
        put(entry, book, id_, kind)


def proved(store: Store, setting: Setting, project: int) -> tuple[bool, Money, Decimal, bool]:
    """Of the signing, its sum, what has arrived, the paper."""
    with store.reading() as connection:
        stood = milestones(connection, setting, [project])[project]
        both = agreed(row_of(connection, setting, PROJECTS, project), stood, "signed")
        funds = arrived_in_all(arrived(connection, setting))
        papers = papers_proved(connection, setting, project)
    (signed,) = [one for one in stood if one.step == "signed"]
    assert both is not None
    return signed.proved, both.proved, sum((one.proved.amount for one in funds.values()), Decimal(0)), papers["environment"][1]


CHANGES: list[tuple[str, Callable[[Entry, int, int, int], Any], str]] = [
    ("signing, sum", lambda entry, project, *_: entry.set(PROJECTS, project, {"agreed": "900亿元"}), "协议投资"),
    ("signing, sum", lambda entry, project, *_: entry.set(PROJECTS, project, {"agreed": "1亿美元"}), "协议投资"),
    ("signing, sum", lambda entry, project, *_: entry.set(PROJECTS, project, {"agreed": None}), "协议投资"),
    ("every", lambda entry, project, *_: entry.set(PROJECTS, project, {"company": "丙丁有限公司"}), "企业"),
    ("signing", lambda entry, project, *_: entry.step(PROJECTS, project, "正式签约", on="2024-08-01", reason="写错"), "日期"),
    ("arrival", lambda entry, _project, arrival, _paper: entry.set(ARRIVALS, arrival, {"amount": "900万元"}), "到位资金"),
    ("arrival", lambda entry, _project, arrival, _paper: entry.set(ARRIVALS, arrival, {"origin": "外资"}), "外资"),
    ("arrival", lambda entry, _project, arrival, _paper: entry.set(ARRIVALS, arrival, {"arrived_on": "2024-09-01"}), "日期"),
    ("paper", lambda entry, _project, _arrival, paper: entry.set(PAPERS, paper, {"issued_on": "2024-09-01"}), "日期"),
    ("paper", lambda entry, _project, _arrival, paper: entry.set(PAPERS, paper, {"paper": "立项"}), "立项"),
]  # fmt: skip


@pytest.mark.parametrize(("of", "change", "word"), CHANGES)
def test_what_was_changed_since_is_not_proved_until_it_is_proved_again(
    store: Store, setting: Setting, made: tuple[int, int, int], of: str, change: Callable[..., Any], word: str
) -> None:
    project, *_ = made
    scales = load_assessment(setting.rules)
    with store.reading() as connection:
        before = facts(connection, setting, scales, date(2024, 1, 1), TODAY)
        assert said(connection, setting, scales) == {}
    assert proved(store, setting, project) == (True, WHOLE, Decimal("1000000.00"), True)
    assert all(one.proved and not one.outdated for one in before)
    with entering(store, setting, by="李四", today=TODAY) as entry:
        change(entry, *made)
    with store.reading() as connection:
        told = said(connection, setting, scales)
        now = facts(connection, setting, scales, date(2024, 1, 1), TODAY)
    assert len(told) == (3 if of == "every" else 1)
    assert all(word in one and "待更新" in one for one in told.values())
    counted = {one.measure: (one.proved, one.outdated) for one in now}
    no = (False, True)
    for measure, hit in (("signed", of in ("signing", "every")), ("arrived_domestic", of in ("arrival", "every"))):
        assert counted.get(measure, no if hit else None) == (no if hit else (True, False)), measure
    assert counted.get("agreed", no) == (no if of in ("signing, sum", "signing", "every") else (True, False))
    with entering(store, setting, by="李四", today=TODAY) as entry:
        if word == "立项":
            put(entry, PAPERS, made[2], "备案证明")
        else:
            prove(entry, made)
    with store.reading() as connection:
        assert set(said(connection, setting, scales)) <= (set(told) if word == "立项" else set())
        assert all(one.proved for one in facts(connection, setting, scales, date(2024, 1, 1), TODAY))
        standing, every = proofs_of(connection, ZONE), proofs_of(connection, ZONE, withdrawn=True)
    assert len(every) - len(standing) == (0 if word == "立项" else len(told)), "the old one stays, withdrawn"


def test_what_is_not_attested_may_change_and_what_was_changed_back_counts(
    store: Store, setting: Setting, made: tuple[int, int, int]
) -> None:
    project, arrival, paper = made
    whole = proved(store, setting, project)
    with entering(store, setting, by="李四", today=TODAY) as entry:
        entry.set(PROJECTS, project, {"note": "另议", "jobs": 30, "owner": "甲"})
        entry.set(ARRIVALS, arrival, {"note": "首笔", "means": "现汇"})
        entry.set(PAPERS, paper, {"number": "一号"})
        entry.step(PROJECTS, project, "注册落地", on="2024-04-01")
    assert proved(store, setting, project) == whole
    for value, same in (("2亿元", False), ("3亿元", False), ("10000万元", True)):
        with entering(store, setting, by="李四", today=TODAY) as entry:
            entry.set(PROJECTS, project, {"agreed": value})
        assert (proved(store, setting, project) == whole) == same
        with store.reading() as connection:
            assert (outdated(connection, ZONE, "projects") == {}) == same


def test_the_week_and_the_month_say_that_the_proof_must_be_renewed(
    store: Store, setting: Setting, made: tuple[int, int, int]
) -> None:
    scales = load_assessment(setting.rules)

    def column() -> list[str]:
        document = Teller(setting).weekly(weekly(store, setting, scales, date(2024, 2, 1), TODAY))
        return [line[4] for line in document.sections[0].rows if "签约" in line[2]]

    def month() -> dict[str, str]:
        document = Teller(setting).monthly(monthly(store, setting, scales, date(2024, 2, 1), TODAY))
        return {line[2]: line[4] for line in document.sections[3].rows}

    assert column() == ["有"] and month() == {"正式签约项目数": "有", "协议投资额": "有"}
    with entering(store, setting, by="李四", today=TODAY) as entry:
        entry.set(PROJECTS, made[0], {"agreed": "900亿元"})
    assert column() == ["有，协议投资待更新"] and month() == {"正式签约项目数": "有", "协议投资额": "待更新"}
    with entering(store, setting, by="李四", today=TODAY) as entry:
        entry.set(PROJECTS, made[0], {"agreed": "1亿元", "company": "别的有限公司"})
    assert column() == ["待更新"] and month() == {"正式签约项目数": "待更新", "协议投资额": "待更新"}


def test_only_what_equals_what_was_attested_counts(store: Store, setting: Setting) -> None:
    """Against a plain model: the sum of the arrivals whose proof was last added for the sum that stands."""

    @settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=10))
    def check(acts: list[tuple[int, int]]) -> None:
        emptied(store)
        with entering(store, setting, by="张三", today=TODAY) as entry:
            project = a_project(entry)
            fund = {"project": project, "arrived_on": "2024-03-01", "origin": "内资", "amount": "1万元"}
            ids = [entry.add(ARRIVALS, fund).id for _ in range(3)]
        stands, attested = [1, 1, 1], [0, 0, 0]
        for which, amount in acts:
            with entering(store, setting, by="张三", today=TODAY) as entry:
                if amount:
                    entry.set(ARRIVALS, ids[which], {"amount": f"{amount}万元"})
                    stands[which] = amount
                else:
                    put(entry, ARRIVALS, ids[which], "到账凭证")
                    attested[which] = stands[which]
        with store.reading() as connection:
            both = arrived(connection, setting)[project]["domestic", "CNY"]
        expected = sum(one for one, old in zip(stands, attested, strict=True) if one == old)
        assert (both.filed.amount, both.proved.amount) == (Decimal(sum(stands) * 10_000), Decimal(expected * 10_000))

    check()
