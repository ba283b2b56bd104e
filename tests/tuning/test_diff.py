"""A diff of two rulesets adds up to the last digit, is empty for equal rules, turns its signs when the sides are changed, and agrees with
two rankings made without it."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engine import Engine
from matcher.intake import read_files
from matcher.runs import Request
from matcher.tuning.agreement import kendall
from matcher.tuning.diff import Diff, Effect, Move, Ranked, between, diff
from matcher.tuning.outcome import Reading, read_companies
from matcher.tuning.rulesets import named_rules
from matcher.types import RankedCompany
from tests.tuning.trials import AS_OF, TOP, changed, made_up, recombined

pytestmark = pytest.mark.slow

EVERYONE = Request(as_of=AS_OF, top=100_000)


@pytest.fixture(scope="module")
def reading(engine: Engine) -> Reading:
    return read_companies(engine, made_up(engine.corpora, 1200))


@pytest.fixture(scope="module")
def sample(engine: Engine) -> Reading:
    return read_companies(engine, read_files([engine.corpora.sample], engine.corpora))


def trials(engine: Engine, count: int, seed: int) -> list[tuple[Engine, Engine]]:
    """Pairs of rulesets, both changed at random."""
    draw = random.Random(seed)
    made = [engine.with_rules(engine.zone.with_scoring(changed(engine.zone.scoring, draw))) for _ in range(2 * count)]
    return list(zip(made[::2], made[1::2], strict=True))


@pytest.fixture(scope="module")
def compared(engine: Engine, reading: Reading, sample: Reading) -> list[tuple[Engine, Engine, Reading, Diff]]:
    """Thousands of companies in all, each under two random rulesets."""
    found = [(old, new, reading, diff(old, new, reading, EVERYONE)) for old, new in trials(engine, 8, 1)]
    found += [(old, new, sample, diff(old, new, sample, TOP)) for old, new in trials(engine, 8, 2)]
    return found


def exact(number: float) -> Decimal:
    return Decimal(str(number))


def moves(compared: list[tuple[Engine, Engine, Reading, Diff]]) -> list[Move]:
    return [move for *_, found in compared for move in found.moves]


def test_the_trials_bear_what_is_to_be_proved(compared: list[tuple[Engine, Engine, Reading, Diff]]) -> None:
    all_ = moves(compared)
    assert len(all_) > 2000
    assert {move.kind for move in all_} == {"entered", "left", "moved", "kept"}
    assert {part.kind for move in all_ for part in move.parts} >= {"rule", "cap"}
    assert {side.fate for move in all_ for side in (move.old, move.new)} >= {"listed", "vetoed", "folded"}
    assert any(part.old is None for move in all_ for part in move.parts)
    assert any(part.new is None for move in all_ for part in move.parts)
    assert sum(move.change != 0 for move in all_) > 1000
    assert any(move.old.segment != move.new.segment for move in all_)
    assert len({found.churn for *_, found in compared}) > 3


def test_what_is_cut_at_naught_is_told_and_adds_up(engine: Engine) -> None:
    """Rules whose doubts take all they can: scores end at naught."""
    scoring = engine.zone.scoring
    groups = [group.model_copy(update={"cap": [-300, 0]}) if group.id == "doubt" else group for group in scoring.groups]
    rules = [rule.model_copy(update={"weight": 9 * rule.weight}) if rule.group == "doubt" else rule for rule in scoring.rules]
    harsh = engine.with_rules(engine.zone.with_scoring(scoring.model_copy(update={"groups": groups, "rules": rules})))
    some = read_companies(engine, made_up(engine.corpora, 60))
    all_ = diff(engine, harsh, some, EVERYONE).moves
    assert any(part.kind == "clamp" for move in all_ for part in move.parts)
    for move in all_:
        assert sum((exact(part.change) for part in move.parts), Decimal()) == exact(move.change)


def test_the_parts_of_a_move_add_up_to_it(compared: list[tuple[Engine, Engine, Reading, Diff]]) -> None:
    for move in moves(compared):
        assert sum((exact(part.change) for part in move.parts), Decimal()) == exact(move.change)
        assert exact(move.new.score) - exact(move.old.score) == exact(move.change)
        for part in move.parts:
            assert part.change
            assert exact(part.new or 0) - exact(part.old or 0) == exact(part.change)
        clamp = sum((exact(part.change) for part in move.parts if part.kind == "clamp"), Decimal())
        assert sum((exact(points) for points in move.groups.values()), Decimal()) + clamp == exact(move.change)


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_each_side_is_what_its_own_ranking_says(compared: list[tuple[Engine, Engine, Reading, Diff]], step: int) -> None:
    for old, new, reading, found in compared[::step]:
        for engine, side in ((old, "old"), (new, "new")):
            ranked = engine.rank(reading.intake, EVERYONE)
            by_row: dict[int, RankedCompany] = {result.row: result for result in ranked.results}
            beside = {result.row for result in ranked.opportunities}
            first = {result.row for result in ranked.results[: found.top]}
            there = {move.row for move in found.moves if (getattr(move, side).place or found.top + 1) <= found.top}
            assert there == first
            for move in found.moves:
                mine, result = getattr(move, side), by_row.get(move.row)
                assert mine.place == (result.rank if result else None)
                assert (mine.fate == "listed") == (result is not None)
                assert mine.fate == "beside" if move.row in beside else mine.fate != "beside"
                if result:
                    assert (mine.score, mine.order_value) == (result.score, result.order_value)
                    assert (mine.chain, mine.segment) == (result.chain, result.segment)
                    points = {one.rule: one.points for one in result.contributions}
                    for part in move.parts:
                        if part.kind == "rule":
                            assert getattr(part, side) == points.get(part.id)


def test_vetoes_and_families_are_named(compared: list[tuple[Engine, Engine, Reading, Diff]]) -> None:
    for old, new, reading, found in compared:
        names = set(reading.companies.text["name"])
        for move in found.moves:
            for engine, side in ((old, move.old), (new, move.new)):
                if side.fate == "vetoed":
                    assert side.because in {veto.label for veto in engine.zone.scoring.vetoes}
                elif side.fate == "folded":
                    assert side.because in names - {move.name} or Counter(reading.companies.text["name"])[move.name] > 1
                else:
                    assert side.because == ""


def test_nothing_moves_under_equal_rules(engine: Engine, reading: Reading, sample: Reading) -> None:
    again = engine.with_rules(engine.zone.with_scoring(engine.zone.scoring))
    for read, request in ((reading, EVERYONE), (sample, TOP)):
        found = diff(engine, again, read, request)
        assert found.moves
        assert {move.kind for move in found.moves} == {"kept"}
        assert not any(move.parts or move.groups or move.change for move in found.moves)
        assert (found.edits, found.effects, found.churn, found.overlap, found.tau) == ((), (), 0, 1.0, 1.0)
        assert all(share.old == share.new and not share.entered + share.left for share in (*found.chains, *found.groups))
        assert sum(share.new for share in found.chains) == len(found.moves)


TURNED = {"entered": "left", "left": "entered", "moved": "moved", "kept": "kept"}


@pytest.mark.slow
def test_the_other_way_round_is_the_mirror(engine: Engine, reading: Reading) -> None:
    differing = 0
    for old, new in trials(engine, 8, 5):
        there, back = diff(old, new, reading, TOP), diff(new, old, reading, TOP)
        differing += there.churn > 0
        assert (there.overlap, there.tau, there.churn) == (back.overlap, back.tau, back.churn)
        mirrored = {move.row: move for move in back.moves}
        assert set(mirrored) == {move.row for move in there.moves}
        for move in there.moves:
            other = mirrored[move.row]
            assert (other.kind, other.old, other.new) == (TURNED[move.kind], move.new, move.old)
            assert other.change == -move.change
            parts = {(part.kind, part.id): (part.old, part.new, part.change) for part in move.parts}
            assert {(p.kind, p.id): (p.new, p.old, -p.change) for p in other.parts} == parts
            assert {group: -points for group, points in other.groups.items()} == move.groups
        for mine, theirs in ((there.chains, back.chains), (there.groups, back.groups)):
            assert {(s.id, s.old, s.new, s.entered, s.left) for s in mine} == {
                (s.id, s.new, s.old, s.left, s.entered) for s in theirs
            }
        assert Counter((e.where.split("（")[0], e.what) for e in there.edits) == Counter(
            (e.where.split("（")[0], e.what) for e in back.edits
        )
    assert differing >= 4


def test_effects_are_the_sums_of_the_parts(compared: list[tuple[Engine, Engine, Reading, Diff]]) -> None:
    for *_, found in compared:
        changes = [(part.kind, part.id, part.change, move.new.chain or "none") for move in found.moves for part in move.parts]
        assert {(effect.kind, effect.id) for effect in found.effects} == {(kind, id_) for kind, id_, *_ in changes}
        for effect in found.effects:
            mine = [(exact(change), chain) for kind, id_, change, chain in changes if (kind, id_) == (effect.kind, effect.id)]
            assert effect.companies == len(mine)
            assert exact(effect.up) == sum((change for change, _ in mine if change > 0), Decimal())
            assert exact(effect.down) == sum((change for change, _ in mine if change < 0), Decimal())
            for chain, points in effect.chains.items():
                assert exact(points) == sum((change for change, of in mine if of == chain), Decimal())

        def size(effect: Effect) -> float:
            return effect.down - effect.up

        assert [*map(size, found.effects)] == sorted(map(size, found.effects))


def test_overlap_churn_and_shares_count_the_first_places(compared: list[tuple[Engine, Engine, Reading, Diff]]) -> None:
    for *_, found in compared:
        before = {m.row for m in found.moves if m.old.place and m.old.place <= found.top}
        after = {m.row for m in found.moves if m.new.place and m.new.place <= found.top}
        assert found.overlap == pytest.approx(len(before & after) / max(len(before), len(after)), abs=1e-12)
        assert found.churn == max(len(after - before), len(before - after))
        assert len(found.of("entered")) == len(after - before)
        assert len(found.of("left")) == len(before - after)
        for shares in (found.chains, found.groups):
            assert (sum(s.old for s in shares), sum(s.new for s in shares)) == (len(before), len(after))
            assert (sum(s.entered for s in shares), sum(s.left for s in shares)) == (len(after - before), len(before - after))


@pytest.mark.slow
def test_an_edit_is_told_for_every_change(engine: Engine, reading: Reading) -> None:
    for old, new in trials(engine, 12, 9):
        same = old.zone.scoring == new.zone.scoring
        assert bool(diff(old, new, reading, TOP).edits) == (not same)
    scoring = engine.zone.scoring
    rule = scoring.rules[3]
    other = scoring.model_copy(update={"rules": [*scoring.rules[:3], rule.model_copy(update={"weight": 1.5}), *scoring.rules[4:]]})
    (edit,) = diff(engine, engine.with_rules(engine.zone.with_scoring(other)), reading, TOP).edits
    assert (edit.where, edit.what, edit.old, edit.new) == (f"规则 {rule.id}（{rule.label}）", "分值", f"{rule.weight:g}", "1.5")


@pytest.mark.parametrize("read", [False, True])
def test_what_holds_only_where_a_ledger_is_read_is_told_too(engine: Engine, reading: Reading, read: bool) -> None:
    scoring = engine.zone.scoring
    assert scoring.ledger is not None
    rule = scoring.ledger.rules[0]
    changed = [rule.model_copy(update={"weight": rule.weight + 1}), *scoring.ledger.rules[1:]]
    stages = {**scoring.ledger.stages, "talks": scoring.ledger.stages["talks"].model_copy(update={"weight": 999})}
    more = scoring.ledger.model_copy(update={"rules": changed, "stages": stages})
    other = engine.with_rules(engine.zone.with_scoring(scoring.model_copy(update={"ledger": more})))
    sides = [one.with_ledger(()) if read else one for one in (engine, other)]
    found = diff(sides[0], sides[1], reading, TOP).edits
    assert {(one.where, one.what) for one in found} == {(f"规则 {rule.id}（{rule.label}）", "分值"), ("台账阶段", "talks")}


def naive(one: list[int], other: list[int]) -> float | None:
    """τ-b by its definition, with pairs counted one by one."""
    signs = [((a > b) - (a < b), (c > d) - (c < d)) for (a, c), (b, d) in itertools.combinations(zip(one, other, strict=True), 2)]
    first, second = sum(a != 0 for a, _ in signs), sum(b != 0 for _, b in signs)
    return sum(a * b for a, b in signs) / (first * second) ** 0.5 if first and second else None


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40))
def test_tau_is_that_of_the_definition(places: list[tuple[int, int]]) -> None:
    one, other = [a for a, _ in places], [b for _, b in places]
    expected, found = naive(one, other), kendall(one, other)
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-12))
    assert kendall(other, one) == found
    if found is not None:
        assert kendall(one, one) == 1
        assert kendall(one, [-place for place in one]) == -1


def test_a_ruleset_by_its_words(tmp_path: Path) -> None:
    (tmp_path / "zone-a").mkdir()
    (tmp_path / "zone-a" / "zone.yaml").write_text("id: zone-a\n", encoding="utf-8")
    for word in ("draft", str(tmp_path), str(tmp_path / "zone-a")):
        assert named_rules(word, "zone-a", tmp_path).folder == tmp_path / "zone-a"


def groups_add_up(ranked: Ranked) -> int:
    """For how many companies the points of the rules, group by group and cut by the caps of the file, are the score."""
    scores, scoring = ranked.scores, ranked.engine.zone.scoring
    total = np.zeros_like(scores.score)
    for number, group in enumerate(scoring.groups):
        raw = sum(scores.points[n] for n, rule in enumerate(scoring.rules) if rule.group == group.id) + np.zeros_like(total)
        low, high = (round(cap * 10_000) for cap in group.cap)
        cut = np.minimum(np.maximum(raw, low), high)
        assert (cut == scores.groups[number]).all() and (raw == scores.raw[number]).all(), group.id
        total += cut
    return int((np.minimum(np.maximum(total, 0), 1_000_000) == scores.score).sum())


@pytest.mark.long
@pytest.mark.slow
def test_ten_thousand_companies_and_two_hundred_changes_add_up(engine: Engine) -> None:
    """Every move of every company under one ruleset after another: the parts are the move, the points the score, in whole 1/10000.

    Of all companies, listed or not, the rules of a group add up to what its cap cuts, and the groups to the score.
    """
    reading, draw = read_companies(engine, recombined(engine.corpora, 10_000, 21)), random.Random(22)
    before, seen, whole = Ranked(engine, reading, EVERYONE), 0, 0
    for _ in range(200):
        after = Ranked(engine.with_rules(engine.zone.with_scoring(changed(engine.zone.scoring, draw))), reading, EVERYONE)
        for move in between(before, after).moves:
            parts = sum(round(part.change * 10_000) for part in move.parts)
            assert parts == round(move.change * 10_000) == round(move.new.score * 10_000) - round(move.old.score * 10_000)
            capped = sum(round(change * 10_000) for change in move.groups.values())
            assert parts == capped + sum(round(part.change * 10_000) for part in move.parts if part.kind == "clamp")
            seen += bool(parts)
        whole += groups_add_up(after)
        before = after
    assert whole == 200 * len(reading.companies)
    assert seen > 50_000
