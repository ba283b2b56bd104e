"""What is told to bring a company among the first does so when the changed file is ranked from the start, and nothing cheaper would."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.errors import RequestError, RulesError
from matcher.intake import from_profiles
from matcher.locate import folder
from matcher.rules import load_zone
from matcher.rules.changes import Changes, load_changes
from matcher.runs import Request
from matcher.tuning import why_not as module
from matcher.tuning.outcome import Reading, outcome_of, read_companies
from matcher.tuning.variants import Change, answers, steps
from matcher.tuning.why_not import WhyNot, find_company, why_not
from tests.scoring.test_results import made_up_rows
from tests.tuning.trials import AS_OF, cells, changed, place_in

pytestmark = pytest.mark.slow

FIRST = Request(as_of=AS_OF, top=8)
ROWS = [row | {"status": row["status"].replace("注销", "存续")} for row in made_up_rows(140)]


@pytest.fixture(scope="module")
def changes() -> Changes:
    return load_changes()


@pytest.fixture(scope="module")
def reading(engine: Engine) -> Reading:
    return read_companies(engine, from_profiles(ROWS, engine.corpora))


@pytest.fixture(scope="module")
def found(engine: Engine, reading: Reading, changes: Changes) -> list[WhyNot]:
    return [why_not(engine, reading, FIRST, changes, place) for place in range(len(ROWS))]


def with_changes(row: int, its: tuple[Change, ...]) -> list[dict[str, str]]:
    rows = [dict(one) for one in ROWS]
    for change in its:
        rows[row - 1] |= cells(change)
    return rows


def test_the_companies_bear_what_is_to_be_proved(found: list[WhyNot]) -> None:
    assert {one.standing.fate for one in found} >= {"listed", "vetoed"}
    assert sum(bool(one.answers) for one in found) >= 5
    assert sum(bool(one.changes) for one in found) >= 5
    assert {change.field for one in found for remedy in one.changes for change in remedy.changes} >= {
        "capital", "qualifications", "insured_count", "business_scope",
    }  # fmt: skip
    assert any(len(remedy.changes) > 1 for one in found for remedy in one.changes)
    assert any(not one.answers and not one.changes and one.tried for one in found)


def test_every_remedy_holds_when_all_is_ranked_from_the_start(engine: Engine, found: list[WhyNot]) -> None:
    for one in found:
        for remedy in (*one.answers, *one.changes):
            place, score = place_in(engine, with_changes(one.standing.row, remedy.changes), one.standing.row)
            assert (place, score) == (remedy.place, remedy.score)
            assert place is not None and place <= FIRST.top
            assert remedy.cost == sum(change.cost for change in remedy.changes)


def test_nothing_cheaper_would_do(engine: Engine, reading: Reading, changes: Changes, found: list[WhyNot]) -> None:
    checked = 0
    for one in [one for one in found if one.changes][:6]:
        at = one.standing.row - 1
        segment = next((s for s in engine.zone.segments if (s.chain, s.id) == (one.standing.chain, one.standing.segment)), None)
        possible = steps(changes, reading.companies, at, engine.zone, segment)
        for size in (1, 2):
            for its in itertools.combinations(possible, size):
                distinct = len({change.field for change in its}) == size
                if distinct and sum(change.cost for change in its) < one.changes[0].cost:
                    place, _ = place_in(engine, with_changes(one.standing.row, its), one.standing.row)
                    assert place is None or place > FIRST.top
                    checked += 1
    assert checked >= 6


def test_remedies_are_in_order_and_none_holds_another(found: list[WhyNot]) -> None:
    for one in found:
        costs = [remedy.cost for remedy in one.changes]
        assert costs == sorted(costs)
        for a, b in itertools.permutations([*one.changes], 2):
            assert not set(a.changes) < set(b.changes)
        for remedy in one.answers:
            assert remedy.cost == 0 and all(not change.before for change in remedy.changes)


def test_only_what_is_known_changes_and_only_what_is_unknown_is_answered(
    reading: Reading, changes: Changes, engine: Engine
) -> None:
    columns = {"insured_count": "insured_count", "capital": "reg_capital_raw", "paid_capital": "paid_capital_raw"}
    for place, row in enumerate(ROWS):
        asked = answers(changes, reading, place)
        for change in steps(changes, reading.companies, place, engine.zone, engine.zone.segments[0]):
            if change.field in columns:
                assert row[columns[change.field]] and change.field not in asked
        for field in asked:
            cell = row[columns.get(field, field)]
            assert not cell or cell.startswith("0万"), (field, cell)


@pytest.mark.parametrize("zone", ["liaocheng-resort", "zhuhai-jinwan"])
def test_further_scope_items_read_as_a_registry_writes_them(corpora: Corpora, changes: Changes, zone: str) -> None:
    """Of every segment: a word of its own that is an item as it stands, or one noun and one verb behind it; never Latin."""
    kinds = {str(kind): item for kind, item in changes.items.items()}
    own = made = 0
    for segment in (one for chain in load_zone(zone, corpora).chains for one in chain.segments):
        terms, item = segment.terms[max(segment.terms)], kinds[segment.kind]
        told = item.of(terms)
        assert told is not None and not re.search("[A-Za-z]", told)
        if told in terms:
            own += told.endswith(tuple(item.written))
        else:
            term = next(one for one in terms if item.template.format(term=one) == told)
            assert not term.endswith((*item.written, *item.never)), told
            assert not any(one.endswith(tuple(item.written)) for one in terms if not re.search("[A-Za-z]", one))
            made += 1
    assert own >= 25 and made >= 8


def test_what_no_word_writes_as_an_item_is_not_offered(changes: Changes) -> None:
    kinds = {str(kind): item for kind, item in changes.items.items()}
    assert kinds["maker"].of(["cdmo", "骨科", "体外诊断", "evtol"]) is None
    assert kinds["maker"].of(["骨科", "骨科器械"]) == "骨科器械生产"
    assert kinds["maker"].of(["温室", "粮食种植"]) == "粮食种植"
    assert kinds["service"].of(["酒店集团", "民宿"]) == "民宿服务"


@pytest.mark.parametrize(
    "item", ["片剂生产", "人用疫苗生产", "综合医院服务", "药品批发", "民办学校服务", "糕点加工", "医疗器械生产"]
)
def test_an_item_of_a_licensed_trade_costs_what_a_licence_does(changes: Changes, item: str) -> None:
    assert changes.cost_of(item, 1) >= 6 and changes.cost_of(item, 10) == 10
    assert [changes.cost_of(plain, 1) for plain in ("游船制造", "酒店布草生产", "塑胶跑道生产", "民宿服务")] == [1, 1, 1, 1]


def test_only_a_joint_stock_company_may_be_listed(engine: Engine, changes: Changes) -> None:
    names = ("青岛甲玩具股份有限公司", "青岛乙玩具有限公司", "青岛丙玩具有限责任公司", "青岛丁玩具厂", "青岛戊玩具")
    rows = [{"name": name, "city": "青岛", "business_scope": "玩具制造", "listed": ""} for name in names]
    known = read_companies(engine, from_profiles(rows, engine.corpora))
    told = [[change.after for change in answers(changes, known, place)["listed"]] for place in range(len(rows))]
    assert told == [["否", "是"], ["否"], ["否"], ["否"], ["否", "是"]]


def test_the_bound_leaves_nothing_out(
    engine: Engine, reading: Reading, changes: Changes, found: list[WhyNot], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it every combination is ranked; under other rules too."""
    draw = random.Random(3)
    trials = [(engine, found[::6])]
    for _ in range(2):
        other = engine.with_rules(engine.zone.with_scoring(changed(engine.zone.scoring, draw)))
        trials.append((other, [why_not(other, reading, FIRST, changes, place) for place in range(0, len(ROWS), 12)]))
    monkeypatch.setattr(module._Search, "_least", lambda _: 0)
    for trial, told in trials:
        for one in told:
            assert why_not(trial, reading, FIRST, changes, one.standing.row - 1) == one


def test_where_it_stands_is_what_the_ranking_says(engine: Engine, reading: Reading, found: list[WhyNot]) -> None:
    ranking = engine.rank(reading.intake, replace(FIRST, top=10**6))
    by_row = {result.row: result for result in ranking.results}
    outcome = outcome_of(engine, reading, FIRST)
    for one in found:
        result = by_row.get(one.standing.row)
        assert one.standing.place == (result.rank if result else None) == outcome.chains.place(one.standing.row - 1)
        assert (one.standing.fate == "listed") == (result is not None)
        if result:
            mine = one.standing
            assert (mine.score, mine.interval, mine.order_value) == (result.score, result.interval, result.order_value)
            assert [group.points for group in mine.groups] == [group.points for group in result.groups]
            assert one.last == (ranking.results[FIRST.top - 1].name, ranking.results[FIRST.top - 1].order_value)
        if result and result.rank is not None and result.rank <= FIRST.top:
            assert (one.answers, one.changes, one.tried) == ((), (), 0)


def test_every_veto_that_bars_is_told_with_what_it_read(found: list[WhyNot]) -> None:
    """Of a company without a segment, too."""
    for one in found:
        because = one.standing.because if one.standing.fate == "vetoed" else ()
        assert tuple(veto.label for veto in one.barred) == because or one.standing.fate == "beside"
        assert all(veto.read for veto in one.barred)
    lost = [one for one in found if one.standing.segment is None]
    assert lost and all(one.barred and one.unfired for one in lost)


def test_rules_that_take_points_are_told_as_the_ranking_counts_them(engine: Engine, reading: Reading, found: list[WhyNot]) -> None:
    asks = {rule.id: rule.asks or "" for rule in engine.ruleset.rules}
    results = {result.row: result for result in engine.rank(reading.intake, replace(FIRST, top=10**6)).results}
    told = 0
    for one in found:
        assert [taken.points for taken in one.deducted] == sorted(taken.points for taken in one.deducted)
        assert all(taken.points < 0 and taken.read and taken.asks == asks[taken.rule] for taken in one.deducted)
        if result := results.get(one.standing.row):
            counted = {part.rule: part.points for part in result.contributions if part.points < 0}
            assert {taken.rule: taken.points for taken in one.deducted} == counted
            told += len(counted)
    assert told >= 5


def test_a_company_is_found_by_what_only_it_has(engine: Engine, reading: Reading) -> None:
    companies = reading.companies
    name = companies.text["name"][7]
    code = next(code for code in companies.text["uscc"] if code)
    assert find_company(companies, name) == 7
    assert find_company(companies, name[4:9]) == 7
    assert find_company(companies, code) == companies.text["uscc"].index(code)
    with pytest.raises(RequestError, match=r"^不止一家企业叫“青岛”或名称含这几个字：有 140 家（.*等），请写全称或信用代码$"):
        find_company(companies, "青岛")
    with pytest.raises(RequestError, match="没有这个企业"):
        find_company(companies, "虚无缥缈")


BROKEN = {
    "unknown field": ("field: listed", "field: moon"),
    "a step of another field": ("{times: 1.3, cost: 3}", "{share: 0.5, cost: 3}"),
    "two kinds of step": ("{times: 1.3, cost: 3}", "{times: 1.3, share: 0.5, cost: 3}"),
    "a field twice": ("field: listed", "field: status"),
    "an answer that is no number": ('"400": 1', "many: 1"),
    "a form of an answer that is none": ("only: {是:", "only: {非:"),
    "an item without a term": ('"{term}生产"', "生产"),
    "no licensed trade": ("licensed:", "unlicensed:"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_mistakes_in_the_file_of_changes(tmp_path: Path, kind: str) -> None:
    text = (folder("rules") / "changes.yaml").read_text(encoding="utf-8")
    old, new = BROKEN[kind]
    assert old in text
    (tmp_path / "changes.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RulesError) as caught:
        load_changes(tmp_path)
    assert caught.value.problems[0].file == "changes.yaml"
