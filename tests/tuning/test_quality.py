"""The gauge measures what plain rankings of the judged companies measure, under any rules."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from matcher.engine import Engine
from matcher.errors import OptionError
from matcher.intake import Intake, read_files
from matcher.rules.judgements import Judgement, read_judgements
from matcher.runs import Request
from matcher.tuning.quality import Gauge, K, Quality, ndcg
from tests.conftest import ZONE
from tests.tuning.trials import ANY_CHANGES, AS_OF, changed


def plainly(engine: Engine, intake: Intake, judgements: tuple[Judgement, ...]) -> list[Quality]:
    """Each chain ranked by the engine itself."""
    found = []
    place_of = {name: place for place, name in enumerate(intake.companies.text["name"])}
    for chain in engine.zone.chain_names:
        grades = {one.name: one.grade for one in judgements if one.chain == chain}
        some = replace(intake, companies=intake.companies.take(sorted(place_of[name] for name in grades)))
        ranking = engine.rank(some, Request(as_of=AS_OF, chains=(chain,), top=len(grades)))
        folded = {name for result in ranking.results if result.family for name in result.family.others}
        ideal = [grade for name, grade in grades.items() if name not in folded]
        listed = [grades[result.name] for result in ranking.results]
        precision = sum(grade >= 2 for grade in listed[:K]) / K
        found.append(Quality(chain, len(grades), ndcg(listed, ideal), precision, min(K, sum(grade >= 2 for grade in ideal)) / K))
    return found


@pytest.mark.slow
def test_under_any_rules(engine: Engine) -> None:
    sample, judgements = read_files([engine.corpora.sample], engine.corpora), read_judgements(ZONE)
    gauge, draw = Gauge(engine, sample, judgements, AS_OF), random.Random(5)
    plain = plainly(engine, sample, judgements)
    assert gauge.measure() == plain and min(one.judged for one in plain) > 20
    measured = set()
    for _ in range(4):
        zone = engine.zone.with_scoring(changed(engine.zone.scoring, draw, kinds=ANY_CHANGES))
        found = gauge.measure(zone)
        assert found == plainly(engine.with_rules(zone), sample, judgements)
        measured.add(tuple(one.ndcg for one in found))
    assert len(measured) > 2
    assert gauge.measure() == plain


def test_without_judgements_there_is_no_measure(engine: Engine) -> None:
    """No list is perfect because nobody judged it."""
    sample, judgements = read_files([engine.corpora.sample], engine.corpora), read_judgements(ZONE)
    with pytest.raises(OptionError, match="没有一家评判过"):
        Gauge(engine, sample, (), AS_OF)
    one = [judgement for judgement in judgements if judgement.chain == "medical-health"]
    assert [quality.chain for quality in Gauge(engine, sample, one, AS_OF).measure()] == ["medical-health"]


def test_lines_are_the_list(engine: Engine) -> None:
    sample, judgements = read_files([engine.corpora.sample], engine.corpora), read_judgements(ZONE)
    lines = Gauge(engine, sample, judgements, AS_OF).lines()
    for chain in engine.zone.chain_names:
        of_chain = [line for line in lines if line.chain == chain]
        places = [line.place for line in of_chain if line.place is not None]
        assert places == list(range(1, len(places) + 1)) and len(of_chain) <= sum(one.chain == chain for one in judgements)
        assert all(line.segment for line in of_chain if line.place)
    assert any(line.place is None for line in lines)


def test_a_better_order_measures_better() -> None:
    assert ndcg([3, 2, 0], [0, 2, 3]) == pytest.approx(1)
    assert ndcg([0, 2, 3], [0, 2, 3]) < 0.7
