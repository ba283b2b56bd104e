"""The shares of a list's completions are those of ranking every completed file from the start; draws are the same for the same seed."""

from __future__ import annotations

import itertools
from collections import ChainMap, Counter
from dataclasses import replace
from math import prod

import pytest

from matcher.engine import Engine
from matcher.intake import from_profiles
from matcher.rules.changes import Changes, load_changes
from matcher.runs import Request
from matcher.tuning import certainty as module
from matcher.tuning.certainty import Certainty, certainty
from matcher.tuning.outcome import Reading, read_companies
from matcher.tuning.variants import answers
from tests.scoring.test_results import made_up_rows
from tests.tuning.trials import AS_OF, cells, made_up

FIRST = Request(as_of=AS_OF, top=2)
KNOWN = {
    "insured_count": "40", "listed": "否", "status": "存续", "qualifications": "名单无关", "reg_capital_raw": "3000万元",
    "paid_capital_raw": "1500万元", "founded_date": "2010-01-01", "company_type": "有限责任公司", "city": "青岛",
}  # fmt: skip
ROWS = [
    KNOWN | {"name": "青岛甲医疗器械有限公司", "business_scope": "医疗器械生产；康复器械制造", "insured_count": ""},
    KNOWN | {"name": "青岛乙食品股份有限公司", "business_scope": "速冻食品生产；预制菜加工", "listed": ""},
    KNOWN | {"name": "青岛丙酒店管理有限公司", "business_scope": "酒店管理；住宿服务", "status": ""},
    KNOWN | {"name": "青岛丁中药饮片有限公司", "business_scope": "中药饮片生产", "reg_capital_raw": "", "paid_capital_raw": ""},
    KNOWN | {"name": "青岛戊饲料有限公司", "business_scope": "配合饲料生产；饲料添加剂制造"},
]


@pytest.fixture(scope="module")
def changes() -> Changes:
    return load_changes()


@pytest.fixture(scope="module")
def reading(engine: Engine) -> Reading:
    return read_companies(engine, from_profiles(ROWS, engine.corpora))


@pytest.fixture(scope="module")
def whole(engine: Engine, reading: Reading, changes: Changes) -> Certainty:
    return certainty(engine, reading, FIRST, changes, seed=1, draws=10_000)


def ranked(engine: Engine, rows: list[dict[str, str]]) -> list[int]:
    return [result.row for result in engine.rank(from_profiles(rows, engine.corpora), replace(FIRST, top=10**6)).results]


@pytest.mark.slow
def test_all_completions_are_those_of_ranking_each_file(
    engine: Engine, reading: Reading, changes: Changes, whole: Certainty
) -> None:
    asked = [list(answers(changes, reading, place).values()) for place in range(len(ROWS))]
    options = [list(itertools.product(*of_row)) for of_row in asked]
    assert [len(all_) for all_ in options] == [6, 2, 2, 4, 1]
    inside: Counter[int] = Counter()
    places: dict[int, set[int]] = {}
    total = count = 0
    for way in itertools.product(*options):
        rows = [dict(ChainMap(*map(cells, its), row)) for row, its in zip(ROWS, way, strict=True)]
        weight = prod(change.weight for its in way for change in its)
        order = ranked(engine, rows)
        inside.update(dict.fromkeys(order[: FIRST.top], weight))
        for place, row_number in enumerate(order[: FIRST.top], start=1):
            places.setdefault(row_number, set()).add(place)
        total, count = total + weight, count + 1
    assert (whole.completions, whole.seed, whole.proved) == (count, None, True)
    assert {one.standing.row: one.share for one in whole.chances} == {row: n / total for row, n in inside.items()}
    assert {one.standing.row: one.best for one in whole.chances} == {row: min(places[row]) for row in inside}
    assert any(0 < one.share < 1 for one in whole.chances)


def test_a_question_moves_what_ranking_with_its_answer_moves(
    engine: Engine, reading: Reading, changes: Changes, whole: Certainty
) -> None:
    now = ranked(engine, [dict(row) for row in ROWS])
    expected = {}
    for place in range(len(ROWS)):
        for field, given in answers(changes, reading, place).items():
            moved, told = 0, []
            for change in given:
                rows = [dict(row) for row in ROWS]
                rows[place] |= cells(change)
                order = ranked(engine, rows)
                moved += change.weight * sum(a != b for a, b in zip(now[: FIRST.top], order[: FIRST.top], strict=True))
                first = order[: FIRST.top]
                told.append((change.after, first.index(place + 1) + 1 if place + 1 in first else None))
            expected[place + 1, field] = (moved / sum(change.weight for change in given), tuple(told))
    rows = {one.standing.row for one in whole.chances}
    assert {(q.row, q.field): (q.moved, q.answers) for q in whole.questions} == {
        key: value for key, value in expected.items() if value[0] and key[0] in rows
    }
    assert whole.questions[0].moved == max(value[0] for value in expected.values())
    assert [q.moved for q in whole.questions] == sorted((q.moved for q in whole.questions), reverse=True)


def test_with_everything_known_the_list_is_certain(engine: Engine, changes: Changes) -> None:
    rows = [row | {key: value for key, value in KNOWN.items() if not row[key]} for row in ROWS]
    found = certainty(engine, read_companies(engine, from_profiles(rows, engine.corpora)), FIRST, changes, seed=1)
    order = ranked(engine, rows)
    assert [(one.standing.row, one.share, one.best, one.worst) for one in found.chances] == [
        (row, 1.0, place, place) for place, row in enumerate(order[: FIRST.top], start=1)
    ]
    assert (found.completions, found.seed, found.questions) == (1, None, ())


def test_draws_are_those_of_the_seed(engine: Engine, changes: Changes) -> None:
    reading = read_companies(engine, made_up(engine.corpora, 120))
    request = Request(as_of=AS_OF, top=6)
    one, again, other = (certainty(engine, reading, request, changes, seed=seed, draws=25) for seed in (7, 7, 8))
    assert one == again
    assert one.chances != other.chances
    assert (one.seed, one.completions, one.proved) == (7, 25, True)
    assert sum(round(chance.share * 25) for chance in one.chances) == 25 * request.top
    assert all(chance.best <= request.top for chance in one.chances)


def test_the_pool_changes_nothing(engine: Engine, changes: Changes, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = read_companies(engine, from_profiles(made_up_rows(150), engine.corpora))
    request = Request(as_of=AS_OF, top=2)
    found = []
    for least in (3, 10**6):
        monkeypatch.setattr(module, "_LEAST_POOL", least)
        found.append(certainty(engine, reading, request, changes, seed=3, draws=30))
    small, all_ = found
    assert small.pool < all_.pool
    assert small.proved and all_.proved
    assert (small.chances, small.questions) == (all_.chances, all_.questions)


def test_of_nobody_nothing_is_uncertain(engine: Engine, changes: Changes) -> None:
    """A city that the file does not hold, and companies that none can want."""
    shop = [{"name": "青岛甪鑫理发店", "business_scope": "理发服务", "city": "青岛"}]
    for rows, cities in (([dict(row) for row in ROWS], ("拉萨",)), (shop, ())):
        request = replace(FIRST, cities=cities)
        found = certainty(engine, read_companies(engine, from_profiles(rows, engine.corpora), cities), request, changes, seed=1)
        assert (found.completions, found.pool, found.proved, found.chances, found.questions) == (0, 0, True, (), ())
