"""A company's history says of every version what ranking under it says, and every step adds up to the last digit."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.scoring.formula import UNIT
from matcher.store.rulesets import RulesetVersion
from matcher.tuning.history import History, Ruleset, history
from matcher.tuning.outcome import read_companies
from tests.tuning.trials import TOP, changed, made_up


def a_version(number: int, digest: str) -> RulesetVersion:
    return RulesetVersion("z", number, digest, "c", datetime.now(UTC), "甲", "说明", (), None, None, None)


def rulesets_of(engines: list[Engine]) -> list[Ruleset]:
    published = [Ruleset(a_version(n, one.zone.digest), one.zone.digest, one) for n, one in enumerate(engines[:-1], start=1)]
    return [*published, Ruleset(None, engines[-1].zone.digest, engines[-1])]


def test_every_step_is_what_ranking_says(engine: Engine, corpora: Corpora) -> None:
    draw = random.Random(3)
    trials = [engine.zone.with_scoring(changed(engine.zone.scoring, draw)) for _ in range(4)]
    engines = [engine, *(engine.with_rules(zone) for zone in trials)]
    intake = made_up(corpora, 60)
    reading = read_companies(engine, intake)
    rankings = [one.rank(intake, replace(TOP, top=10**6)) for one in engines]
    followed = [result.row for result in rankings[0].results[:6]] + [result.row for result in rankings[-1].results[-3:]]
    moved = 0
    for row in followed:
        found = history(rulesets_of(engines), reading, TOP, row - 1)
        assert (found.row, found.name, found.considered) == (row, intake.companies.text["name"][row - 1], 60)
        for step, ranking in zip(found.steps, rankings, strict=True):
            result = next((one for one in ranking.results if one.row == row), None)
            assert step.side is not None
            assert step.side.place == (result and result.rank)
            if result is not None:
                said = (step.side.score, step.band, step.side.chain, step.side.segment, step.side.order_value)
                assert said == (result.score, result.band, result.chain, result.segment, result.order_value)
                assert step.vetoes == ()
            assert bool(step.vetoes) == (step.side.fate == "vetoed")
        moved += adds_up(found)
    assert moved > 5


def adds_up(found: History) -> int:
    """Each step's parts add up to it, and it to the scores; how many steps moved."""
    moved = 0
    for number, step in enumerate(found.steps):
        if number == 0:
            assert (step.against, step.change, step.parts) == (None, None, ())
            continue
        before = found.steps[number - 1]
        assert step.against == number - 1 and step.side and before.side and step.change is not None
        exact = [Fraction(round(part.change * UNIT), UNIT) for part in step.parts]
        assert sum(exact) == Fraction(round(step.change * UNIT), UNIT)
        assert round((step.side.score - before.side.score) * UNIT) == round(step.change * UNIT)
        for part in step.parts:
            assert round(((part.new or 0) - (part.old or 0)) * UNIT) == round(part.change * UNIT) != 0
        moved += bool(step.change)
    return moved


def test_the_way_back_turns_every_sign(engine: Engine, corpora: Corpora) -> None:
    trial = engine.with_rules(engine.zone.with_scoring(changed(engine.zone.scoring, random.Random(11), most=6)))
    reading = read_companies(engine, made_up(corpora, 40))
    for company in range(0, 40, 5):
        there = history(rulesets_of([engine, trial]), reading, TOP, company).steps[1]
        back = history(rulesets_of([trial, engine]), reading, TOP, company).steps[1]
        assert there.change is not None and there.change == -(back.change or 0.0)
        assert {(p.kind, p.id): p.change for p in there.parts} == {(p.kind, p.id): -p.change for p in back.parts}


def test_what_cannot_be_opened_is_told_and_leapt_over(engine: Engine, corpora: Corpora) -> None:
    trial = engine.with_rules(engine.zone.with_scoring(changed(engine.zone.scoring, random.Random(4), most=6)))
    rulesets = rulesets_of([engine, engine, trial])
    rulesets[1] = Ruleset(a_version(2, "d" * 64), "d" * 64, None, "副本损坏")
    reading = read_companies(engine, made_up(corpora, 20))
    first, lost, draft = history(rulesets, reading, TOP, 3).steps
    assert (lost.side, lost.band, lost.change, lost.parts, lost.problem) == (None, None, None, (), "副本损坏")
    assert (first.against, draft.against) == (None, 0)


def test_the_same_rules_twice_move_nothing(engine: Engine, corpora: Corpora) -> None:
    reading = read_companies(engine, made_up(corpora, 20))
    one, same = history(rulesets_of([engine, engine]), reading, TOP, 3).steps
    assert (same.side, same.band, same.change, same.parts) == (one.side, one.band, 0.0, ())
