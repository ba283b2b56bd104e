"""What the workbench says of every company is what ``Engine.rank`` says: order, points, families, both lists, vetoes; in any file and
request, in chunks of any size, and from texts that were read before."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matcher.engine import Engine
from matcher.errors import RequestError
from matcher.intake import Intake, read_files
from matcher.runs import Request
from matcher.snapshot import build, open_profiles
from matcher.tuning import outcome as module
from matcher.tuning.outcome import outcome_of, read_companies
from tests.tuning.trials import AS_OF, changed, like, made_up

ALL = Request(as_of=AS_OF, top=10**6)


@pytest.fixture(scope="module")
def sample(engine: Engine) -> Intake:
    return read_files([engine.corpora.sample], engine.corpora)


def test_the_sample(engine: Engine, sample: Intake) -> None:
    ranking = engine.rank(sample, ALL)
    assert len(ranking.results) > 300 and ranking.opportunities and ranking.folded and len(ranking.vetoed) > 3
    assert sum(result.family is not None for result in ranking.results) > 10
    like(engine, read_companies(engine, sample), ALL, ranking)


@pytest.mark.parametrize("seed", range(6))
def test_random_companies_rules_and_requests(engine: Engine, sample: Intake, seed: int) -> None:
    draw = random.Random(seed)
    some = np.array(sorted(draw.sample(range(len(sample.companies)), draw.choice((0, 1, 30, 400)))), dtype=np.int64)
    intake = replace(sample, companies=sample.companies.take(some)) if seed % 2 else made_up(engine.corpora, 40 * seed + 20)
    trial = engine.with_rules(engine.zone.with_scoring(changed(engine.zone.scoring, draw)))
    chains = list(engine.zone.chain_names)
    for request in (
        ALL,
        replace(ALL, chains=tuple(draw.sample(chains, 2))),
        replace(ALL, need="extend", cities=("青岛", "杭州")),
    ):
        like(trial, read_companies(engine, intake, request.cities), request, trial.rank(intake, request))


def test_chunks_and_processes_change_nothing(engine: Engine, sample: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    ranking = engine.rank(sample, ALL)
    reading = read_companies(engine, sample)
    monkeypatch.setattr(module, "CHUNK", 97)
    like(engine, reading, ALL, ranking)
    monkeypatch.setattr(engine, "processes", 2)
    like(engine, reading, ALL, ranking)


def test_texts_that_were_read_before(engine: Engine, tmp_path: Path) -> None:
    """Of a snapshot: as if the same companies had been read now."""
    built = build([engine.corpora.sample], engine.corpora, tmp_path, readers={engine.zone.id: engine.reader})
    known = open_profiles(tmp_path, built.snapshot, engine.reader)
    assert known is not None
    intake = built.snapshot.intake()
    for request in (ALL, replace(ALL, cities=("青岛",))):
        ranking = engine.rank(intake, request)
        assert ranking.results
        like(engine, read_companies(engine, intake, request.cities, known), request, ranking)


def test_what_is_not_there_is_refused(engine: Engine, sample: Intake) -> None:
    with pytest.raises(RequestError):
        read_companies(engine, sample, ("青岛岛",))
    with pytest.raises(RequestError):
        outcome_of(engine, read_companies(engine, made_up(engine.corpora, 5)), replace(ALL, chains=("none",)))
