"""Ledgers as evidence: read as a plain loop reads them; without a ledger nobody knows and nothing moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engine import Engine
from matcher.intake import from_profiles
from matcher.intake.fields import EPOCH
from matcher.runs import Request
from matcher.scoring.tracked import FIELDS, STAGES, STATES, LedgerReader, packed, unpacked
from matcher.types import LedgerEntry, RankedCompany, Ranking
from tests.scoring.test_published import BAD, DAY, GOOD, NAMES, means

TODAY = (DAY - EPOCH).days
days = st.dates(DAY - timedelta(days=99), DAY)
entries = st.builds(
    LedgerEntry,
    book=st.sampled_from(["targets", "projects"]),
    row=st.integers(1, 9),
    company=st.sampled_from(NAMES[:3]),
    uscc=st.sampled_from(["", BAD, *GOOD]),
    state=st.sampled_from(["waiting", "talks", "dropped", "lost", "signed", "shelved", "己定"]),
    since=days,
    why=st.sampled_from(["", "对方无意"]),
    visited=st.none() | st.dates(DAY - timedelta(days=99), DAY + timedelta(days=9)),
    agreed=st.booleans(),
    next_on=st.none() | st.dates(DAY - timedelta(days=9), DAY + timedelta(days=9)),
    chain=st.just("medical-health"),
    segment=st.just("medical-device"),
)
unique = st.lists(entries, max_size=6, unique_by=lambda one: (one.book, one.row))
profiles = st.fixed_dictionaries({"name": st.sampled_from(NAMES[:3]), "uscc": st.sampled_from(["", BAD, *GOOD])})
OUT = ("dropped", "lost")


def plain(entry: LedgerEntry, name: str, code: str) -> bool:
    """Who is meant is the same question as with lists."""
    from matcher.types import ListEntry

    return means(ListEntry("", DAY, entry.uscc, entry.company, ""), name, code)


@settings(deadline=None, max_examples=60)
@given(unique, st.lists(profiles, min_size=1, max_size=5))
def test_what_the_ledgers_say_is_found_as_a_plain_loop_finds_it(
    engine: Engine, listed: list[LedgerEntry], rows: list[dict[str, str]]
) -> None:
    companies = from_profiles(rows, engine.corpora).companies
    found = LedgerReader(listed, engine.zone).read(companies, TODAY)
    for place, row in enumerate(rows):
        mine = [entry for entry in listed if plain(entry, row["name"], row["uscc"])]
        values = {name: column.values[place] for name, column in found.columns.items()}
        assert all(column.known.all() for column in found.columns.values())
        for book, field, words in (("targets", "ledger_state", STATES), ("projects", "project_stage", STAGES)):
            steps = [entry.state if entry.state in words else "other" for entry in mine if entry.book == book]
            assert words[int(values[field])] == max(steps, key=words.index, default="none")
        visits = [entry.visited for entry in mine if entry.visited is not None and entry.visited <= DAY]
        assert bool(values["visited"]) == bool(visits)
        assert values["days_since_visit"] == ((DAY - max(visits)).days if visits else 36_500)
        agreed = [entry for entry in mine if entry.agreed and entry.state not in OUT]
        assert bool(values["next_step_agreed"]) == bool(agreed)
        dated = [entry.next_on for entry in agreed if entry.next_on is not None]
        assert values["next_step_overdue"] == (max(0, (DAY - max(dated)).days) if dated else 0)


@settings(deadline=None, max_examples=60)
@given(unique)
def test_what_is_kept_comes_back_and_its_order_is_nobodys_matter(engine: Engine, listed: list[LedgerEntry]) -> None:
    assert sorted(unpacked(packed(listed)), key=repr) == sorted(listed, key=repr)
    assert packed(listed) == packed(listed[::-1])
    assert LedgerReader(listed, engine.zone).digest == LedgerReader(unpacked(packed(listed)), engine.zone).digest


def test_without_a_ledger_nobody_knows(engine: Engine) -> None:
    companies = from_profiles([{"name": NAMES[0]}], engine.corpora).companies
    found = LedgerReader(None, engine.zone).read(companies, TODAY)
    one = np.zeros(1, dtype=np.int64)
    assert set(found.columns) | {"segment_underway"} == set(FIELDS)
    assert not any(column.known.any() for column in found.columns.values())
    assert not found.underway(one, one).known.any()


ROW = {"name": NAMES[0], "business_scope": "酒店管理；住宿服务", "city": "青岛市", "reg_capital_raw": "8000万元"}
OTHER = {"name": "青岛乙酒店管理有限公司", "business_scope": "酒店管理；住宿服务", "city": "青岛市", "reg_capital_raw": "8000万元"}
MET = LedgerEntry("targets", 1, NAMES[0], "", "contacted", DAY, "", DAY - timedelta(days=5), False, None, "", "")


def rank(engine: Engine, *listed: LedgerEntry, as_of: date = DAY) -> Ranking:
    return engine.with_ledger(listed).rank(from_profiles([ROW, OTHER], engine.corpora), Request(as_of=as_of))


def scored(ranking: Ranking) -> dict[str, RankedCompany]:
    return {one.name: one for one in ranking.results}


def points(ranking: Ranking, rule: str) -> dict[str, float]:
    return {one.name: next(c.points for c in one.contributions if c.rule == rule) for one in ranking.results}


def test_a_run_that_read_a_ledger_says_which(engine: Engine) -> None:
    bare = engine.rank(from_profiles([ROW, OTHER], engine.corpora), Request(as_of=DAY))
    assert "ledger" not in bare.run.request
    assert {rank(engine).run.id, rank(engine, MET).run.id, bare.run.id} == {
        rank(engine).run.id,
        rank(engine, MET).run.id,
        bare.run.id,
    }
    assert rank(engine, MET).run.request["ledger"] != rank(engine).run.request["ledger"]
    rules = {c.rule for one in bare.results for c in one.contributions}
    assert not rules & {rule.id for rule in engine.zone.scoring.ledger.rules}


def test_an_empty_ledger_moves_no_score(engine: Engine) -> None:
    bare = engine.rank(from_profiles([ROW, OTHER], engine.corpora), Request(as_of=DAY))
    assert [(one.name, one.score, one.interval, one.unknown, one.reason) for one in rank(engine).results] == [
        (one.name, one.score, one.interval, one.unknown, one.reason) for one in bare.results
    ]


@pytest.mark.parametrize(("days_ago", "lost"), [(0, -12), (30, -12), (31, -6), (90, -6), (91, 0)])
def test_whoever_was_visited_cools_down(engine: Engine, days_ago: int, lost: float) -> None:
    ranking = rank(engine, replace(MET, visited=DAY - timedelta(days=days_ago)))
    given_ = points(ranking, "visited_lately")[NAMES[0]] + points(ranking, "visited_this_quarter")[NAMES[0]]
    assert given_ == lost
    assert points(ranking, "visited_lately")[OTHER["name"]] == 0


def test_an_agreed_next_step_lifts_and_ends_the_cooling(engine: Engine) -> None:
    bare, agreed = rank(engine), rank(engine, replace(MET, agreed=True, next_on=DAY + timedelta(days=3)))
    assert scored(agreed)[NAMES[0]].score > scored(bare)[NAMES[0]].score > scored(rank(engine, MET))[NAMES[0]].score
    assert "约定了下一步" in scored(agreed)[NAMES[0]].reason
    stale = rank(engine, replace(MET, agreed=True, next_on=DAY - timedelta(days=31)))
    assert points(stale, "next_step_agreed")[NAMES[0]] == 0


@pytest.mark.parametrize(
    ("book", "state", "veto"),
    [("projects", "framework", "has_signed"), ("projects", "signed", "has_signed"), ("targets", "dropped", "has_refused")],
)
def test_signed_and_refused_leave_the_list_with_the_reason(engine: Engine, book: str, state: str, veto: str) -> None:
    entry = replace(MET, book=book, state=state, why="对方另有打算")
    ranking = rank(engine, entry)
    assert NAMES[0] not in scored(ranking) and ranking.vetoed == {veto: 1}
    ((_, explained),) = engine.with_ledger([entry]).explain([ROW], DAY)
    (fired,) = [finding for finding in explained.vetoes if finding.state == "fired"]
    assert fired.rule == veto and any("第 1 号" in text and "对方另有打算" in text for text in fired.read)


def test_a_segments_need_shrinks_by_projects_of_others_by_stage(engine: Engine) -> None:
    """In every segment, so that no company moves to another one whose need is whole."""
    segments = [segment for segment in engine.zone.segments if segment.chain]
    project = replace(MET, book="projects", company="别家有限公司", visited=None)

    def everywhere(*stages: str, whose: str = "别家有限公司") -> Ranking:
        made = [(stage, segment) for stage in stages for segment in segments]
        return rank(
            engine,
            *(
                replace(project, row=row, state=stage, company=whose, chain=segment.chain or "", segment=segment.id)
                for row, (stage, segment) in enumerate(made)
            ),
        )

    lost = []
    for stages in ((), ("talks",), ("signed",), ("signed", "talks"), ("production",) * 3, ("production",) * 5):
        of_rule = points(everywhere(*stages), "need_underway")
        assert len(set(of_rule.values())) == 1
        lost.append(of_rule[NAMES[0]])
    assert lost == sorted(lost, reverse=True) and lost[0] == 0 > lost[1] and lost[-2] == lost[-1] == -10
    assert points(everywhere("talks", whose=NAMES[0]), "need_underway") == {NAMES[0]: 0, OTHER["name"]: lost[1]}


def test_a_ledger_stays_under_other_rules_and_is_read_once(engine: Engine) -> None:
    with_it = engine.with_ledger([MET])
    again = with_it.with_rules(with_it.zone)
    companies = from_profiles([ROW, OTHER], engine.corpora)
    assert again.rank(companies, Request(as_of=DAY)).results == with_it.rank(companies, Request(as_of=DAY)).results
    assert len(again.zone.scoring.rules) == len(with_it.zone.scoring.rules) > len(engine.zone.scoring.rules)
