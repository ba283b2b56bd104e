"""The lists stay as good as they are: NDCG@20 of each chain's list on the bundled sample, by judgements made by reading.

No failure shows a single judgement: half of them are set aside from those who write the rules.

A change of rules or words that makes a list clearly worse fails here; one that makes it better may raise the floors. What was judged,
how and by whom is in ``docs/decisions/0008-judged-lists.md``.
"""

from __future__ import annotations

import csv
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from matcher.engine import Engine
from matcher.intake import Intake, read_files
from matcher.locate import folder
from matcher.rules.judgements import HALVES, Judgement, read_judgements
from matcher.tuning.quality import Quality, ndcg
from tests.benchmarks.judged import measure
from tests.conftest import ZONE

JUDGEMENTS = folder("rules") / ZONE / "judgements.csv"

# About 0.03 below what the lists measured when the floors were set: room for a word moved for a good reason, not for a rule gone wrong.
FLOORS = {"medical-health": 0.80, "culture-tourism": 0.71, "creative-sport": 0.73, "modern-agriculture": 0.81}
MEAN_FLOOR = 0.76
PRECISION_FLOORS = {
    "medical-health": 0.90,
    "culture-tourism": 0.60,
    "creative-sport": 0.65,
    "modern-agriculture": 0.90,
}  # two companies of 20 below
LEAST_JUDGEMENTS = 300


@pytest.fixture(scope="module")
def sample(engine: Engine) -> Intake:
    return read_files([engine.corpora.sample], engine.corpora)


def judgements() -> tuple[Judgement, ...]:
    return read_judgements(ZONE, halves=HALVES)


@pytest.fixture(scope="module")
def qualities(engine: Engine, sample: Intake) -> list[Quality]:
    return measure(engine, sample, ("dev", "held"))


def told(qualities: list[Quality]) -> str:
    """What was measured, for whoever reads the failure."""
    lines = [f"{q.chain}: NDCG@20 {q.ndcg:.3f}, P@20 {q.precision:.2f} of {q.best:.2f}, judged {q.judged}" for q in qualities]
    return "\n".join([*lines, f"mean: {np.mean([q.ndcg for q in qualities]):.3f}"])


# --- the gate ------------------------------------------------------------------------------------------------------------


def test_every_chain_has_a_floor(engine: Engine) -> None:
    assert set(FLOORS) == set(PRECISION_FLOORS) == set(engine.zone.chain_names)


@pytest.mark.parametrize("chain", FLOORS)
def test_no_list_is_worse_than_it_was(qualities: list[Quality], chain: str) -> None:
    (quality,) = [quality for quality in qualities if quality.chain == chain]
    assert quality.ndcg >= FLOORS[chain], f"floor {FLOORS[chain]}\n{told(qualities)}"


@pytest.mark.parametrize("chain", PRECISION_FLOORS)
def test_no_list_holds_fewer_good_companies_than_it_did(qualities: list[Quality], chain: str) -> None:
    (quality,) = [quality for quality in qualities if quality.chain == chain]
    assert quality.precision >= PRECISION_FLOORS[chain], f"floor {PRECISION_FLOORS[chain]}\n{told(qualities)}"


def test_the_lists_are_not_worse_together(qualities: list[Quality]) -> None:
    assert np.mean([quality.ndcg for quality in qualities]) >= MEAN_FLOOR, f"floor {MEAN_FLOOR}\n{told(qualities)}"


def test_a_list_in_another_order_would_fail(qualities: list[Quality]) -> None:
    """The floors are above what chance gives: the mean over shuffled lists of all that was judged."""
    judged = judgements()
    shuffle = np.random.default_rng(20261124)
    for chain, floor in FLOORS.items():
        grades = np.array([judgement.grade for judgement in judged if judgement.chain == chain])
        chance = np.mean([ndcg(shuffle.permutation(grades).tolist(), grades.tolist()) for _ in range(200)])
        assert chance < floor - 0.1, chain


# --- what was judged -----------------------------------------------------------------------------------------------------


def test_there_are_enough_judgements(qualities: list[Quality]) -> None:
    judged = judgements()
    measured, graded = sum(quality.judged for quality in qualities), len(judged)
    assert measured == graded >= LEAST_JUDGEMENTS, "all are measured"
    assert min(Counter(judgement.chain for judgement in judged).values()) >= LEAST_JUDGEMENTS // 8


def test_every_judged_company_is_in_the_sample_once(sample: Intake) -> None:
    judged = judgements()
    names = Counter(sample.companies.text["name"])
    missing = sum(names[judgement.name] != 1 for judgement in judged)
    assert missing == 0, f"{missing} judged companies are not in the sample, or twice"


def test_the_halves_are_of_similar_size() -> None:
    judged = judgements()
    halves = Counter(judgement.half for judgement in judged)
    assert set(halves) == {"dev", "held"}
    assert 0.4 <= halves["held"] / len(judged) <= 0.6


def test_judgements_are_whole(engine: Engine) -> None:
    judged = judgements()
    assert {judgement.grade for judgement in judged} == {0, 1, 2, 3}
    assert {judgement.chain for judgement in judged} == set(engine.zone.chain_names)
    twice = len(judged) - len({(judgement.chain, judgement.name) for judgement in judged})
    assert twice == 0, f"{twice} pairs are graded twice"
    for chain in FLOORS:
        assert {j.grade for j in judged if j.chain == chain} == {0, 1, 2, 3}, chain


def test_every_judgement_says_why() -> None:
    with JUDGEMENTS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["chain", "name", "uscc", "city", "grade", "reason", "half"]
    empty = sum(not row["reason"].strip() or not row["name"].strip() for row in rows)
    assert empty == 0, f"{empty} judgements without a reason"


# --- the measure ---------------------------------------------------------------------------------------------------------

grade_lists = st.lists(st.integers(0, 3), min_size=2, max_size=40)


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(grade_lists, st.sampled_from([1, 5, 20, 100]))
def test_ndcg_equals_scikit_learn(grades: list[int], k: int) -> None:
    gains = np.array([[2.0**grade - 1 for grade in grades]])
    order = np.array([[float(len(grades) - place) for place in range(len(grades))]])
    expected = ndcg_score(gains, order, k=k) if gains.any() else 1.0  # where nothing is worth a visit, no list is wrong
    assert ndcg(grades, grades, k) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=150)
@given(grade_lists, st.integers(0, 40))
def test_ndcg_is_one_for_the_best_order_and_less_for_a_list_that_lacks_companies(grades: list[int], cut: int) -> None:
    best = sorted(grades, reverse=True)
    assert ndcg(best, grades) == pytest.approx(1)
    assert 0 <= ndcg(grades, grades) <= 1 + 1e-12
    assert ndcg(grades[:cut], grades) <= ndcg(grades, grades) + 1e-12


def test_ndcg_by_hand() -> None:
    # gains 7, 0, 3 at log2(2), log2(3), log2(4); the best order 7, 3, 0
    assert ndcg([3, 0, 2], [0, 2, 3]) == pytest.approx((7 + 3 / 2) / (7 + 3 / np.log2(3)))
    assert ndcg([], [3, 2]) == 0
    assert ndcg([0, 0], [0, 0]) == 1
    assert ndcg([0, 3], [3, 0], k=1) == 0
