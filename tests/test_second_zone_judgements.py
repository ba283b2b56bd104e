"""The second zone's lists are measured as the first's: by judgements made by reading, with a floor where the sample has them."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from matcher.engine import Engine
from matcher.intake import Intake, read_files
from matcher.locate import folder
from matcher.rules.judgements import HALVES, Judgement, read_judgements
from matcher.tuning.quality import Quality
from tests.benchmarks.judged import measure

ZONE = "zhuhai-jinwan"
# About 0.04 below what was measured when it was set. The sample is of drug makers; of flying it has nobody who is worth a visit.
FLOORS = {"bio-pharma": 0.88}
PRECISION_FLOORS = {"bio-pharma": 0.75}


@pytest.fixture(scope="module")
def zhuhai() -> Engine:
    return Engine(ZONE, processes=1)


@pytest.fixture(scope="module")
def sample(zhuhai: Engine) -> Intake:
    return read_files([zhuhai.corpora.sample], zhuhai.corpora)


@pytest.fixture(scope="module")
def qualities(zhuhai: Engine, sample: Intake) -> dict[str, Quality]:
    return {quality.chain: quality for quality in measure(zhuhai, sample, HALVES)}


@pytest.fixture(scope="module")
def judged() -> tuple[Judgement, ...]:
    return read_judgements(ZONE, halves=HALVES)


@pytest.mark.parametrize("chain", FLOORS)
def test_no_list_is_worse_than_it_was(qualities: dict[str, Quality], chain: str) -> None:
    assert qualities[chain].ndcg >= FLOORS[chain] and qualities[chain].precision >= PRECISION_FLOORS[chain], qualities[chain]
    assert qualities[chain].judged >= 40 and qualities[chain].best == 1


def test_judgements_are_whole(zhuhai: Engine, judged: tuple[Judgement, ...]) -> None:
    assert len({(one.chain, one.name) for one in judged}) == len(judged) >= 100
    for chain in zhuhai.zone.chain_names:
        of_chain = [one for one in judged if one.chain == chain]
        assert len(of_chain) >= 40 and {one.grade for one in of_chain} == {0, 1, 2, 3}
        assert 0.3 <= Counter(one.half for one in of_chain)["held"] / len(of_chain) <= 0.7


def test_only_what_is_public_here_is_told_of_a_company(sample: Intake) -> None:
    """Codes and cities stand only beside companies of the bundled sample; of the others nothing but their names and own words."""
    text = sample.companies.text
    known = {name: (code, city) for name, code, city in zip(text["name"], text["uscc"], text["city"], strict=True)}
    with (folder("rules") / ZONE / "judgements.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            assert row["reason"] and (row["uscc"], row["city"]) == known.get(row["name"], ("", ""))
