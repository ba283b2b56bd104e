"""Remedies of a company of every segment of every zone hold when all is ranked from the start; where none is told, none does."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

import pytest

from matcher.engine import Engine
from matcher.intake import from_profiles
from matcher.rules import zone_ids
from matcher.rules.changes import Changes, load_changes
from matcher.runs import Request
from matcher.tuning.outcome import Reading, read_companies
from matcher.tuning.variants import Change, answers, steps
from matcher.tuning.why_not import WhyNot, why_not
from tests.tuning.trials import AS_OF, cells, code

pytestmark = pytest.mark.slow

OF_A_SEGMENT = 2
Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Everywhere:
    """A zone, companies of all its segments, and what is told of one of each."""

    engine: Engine
    rows: Rows
    first: Request
    reading: Reading
    changes: Changes
    found: dict[int, WhyNot]


def companies_of_every_segment(engine: Engine, draw: random.Random) -> Rows:
    """Companies that do not exist, named and described by words of the segment, with fields now and then missing."""
    rows: Rows = []
    for number, segment in enumerate(engine.zone.segments):
        terms = sorted(term for term, weight in segment.terms if weight >= 8) or sorted(term for term, _ in segment.terms)
        for of in range(OF_A_SEGMENT):
            some = draw.sample(terms, min(len(terms), draw.choice((1, 3))))
            form = draw.choice(("有限公司", "股份有限公司", "集团有限公司"))
            rows.append({
                "name": f"青岛某{number}号之{of}{some[0]}{form}", "city": "青岛", "uscc": code(len(rows)),
                "business_scope": "；".join(some) if draw.random() < 0.9 else "",
                "reg_capital_raw": draw.choice(("", "300万元", "1500万元", "6000万元", "50000万元")),
                "paid_capital_raw": draw.choice(("", "300万元")), "insured_count": draw.choice(("", "0", "12", "55", "400")),
                "status": draw.choice(("", "存续")), "listed": draw.choice(("", "否")),
                "founded_date": draw.choice(("", "2010-05-01", "2022-05-01")),
                "qualifications": draw.choice(("", "高新技术企业")),
            })  # fmt: skip
    return rows


@pytest.fixture(scope="module", params=zone_ids())
def everywhere(request: pytest.FixtureRequest) -> Everywhere:
    engine = Engine(request.param, processes=1)
    rows = companies_of_every_segment(engine, random.Random(11))
    reading, changes = read_companies(engine, from_profiles(rows, engine.corpora)), load_changes()
    first = Request(as_of=AS_OF, top=len(rows) // 5)
    asked = range(0, len(rows), OF_A_SEGMENT)
    return Everywhere(engine, rows, first, reading, changes, {at: why_not(engine, reading, first, changes, at) for at in asked})


def ranked(on: Everywhere, at: int, its: tuple[Change, ...]) -> tuple[int | None, float] | None:
    """Place and score of a company when the file with its changes is read and ranked from the start; None if not among the first."""
    rows = [*on.rows]
    for change in its:
        rows[at] = rows[at] | cells(change)
    ranking = on.engine.rank(from_profiles(rows, on.engine.corpora), on.first)
    return next(((one.rank, one.score) for one in ranking.results if one.row == at + 1), None)


def test_remedies_hold_in_every_segment(everywhere: Everywhere) -> None:
    proved, segments = 0, set()
    for at, one in everywhere.found.items():
        for remedy in dict.fromkeys((*one.answers[:1], *one.changes[:1], *one.changes[-1:])):  # ranking all takes its time
            assert ranked(everywhere, at, remedy.changes) == (remedy.place, remedy.score)
            assert remedy.place <= everywhere.first.top
            proved += 1
            segments.add((one.standing.chain, one.standing.segment))
    assert proved >= len(everywhere.found) // 3
    assert len(segments) >= len(everywhere.found) // 8


def test_who_is_told_of_nothing_is_brought_in_by_nothing(everywhere: Everywhere) -> None:
    """One answer or up to two changes drawn from all that there are, of companies for which none was told to do."""
    draw, tried = random.Random(7), 0
    zone, companies = everywhere.engine.zone, everywhere.reading.companies
    by_name = {(one.chain, one.id): one for one in zone.segments}
    outside = [at for at, one in everywhere.found.items() if one.tried and not one.changes and not one.answers]
    for at in draw.sample(outside, min(len(outside), 12)):
        standing = everywhere.found[at].standing
        its = steps(everywhere.changes, companies, at, zone, by_name.get((standing.chain, standing.segment or "")))
        both = [
            (a, b) for a, b in itertools.combinations(its, 2) if a.field != b.field and "paid_capital" not in (a.field, b.field)
        ]
        known = [(one,) for options in answers(everywhere.changes, everywhere.reading, at).values() for one in options]
        for choice in draw.sample(both, min(len(both), 1)) + draw.sample(known, min(len(known), 1)):
            assert ranked(everywhere, at, choice) is None
            tried += 1
    assert tried >= 10
