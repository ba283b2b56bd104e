"""Proves the list's order against a plain greedy reference: one segment a company, one company a family, then the cover of the gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.scoring.evidence import NO_SEGMENT, Evidence
from matcher.scoring.formula import UNIT, Scores
from matcher.scoring.ranking import ORDER_UNIT, Listed, arrange, arrange_first, choose, unserved
from matcher.scoring.values import Column

FILL = {"complement": [1000, 970, 900], "strengthen": [1000, 1000, 500, 500, 0], "extend": [800], "none": [1000, 850]}
NEEDS = ("complement", "strengthen", "extend", "none", "complement")


CHAINS = ("a", "a", "b", None, "b")
EVEN = (0, 1)  # a chain that has many counts like one that has few


def zone(fill: Mapping[str, list[int]] = FILL, share: tuple[int, int] = EVEN) -> Any:
    """As much of a zone as the order reads: each segment's need and chain, and how needs and chains are filled."""
    segments = tuple(SimpleNamespace(need=need, chain=chain, priority=10) for need, chain in zip(NEEDS, CHAINS, strict=True))
    order = SimpleNamespace(fill=dict(fill), chain_fill=SimpleNamespace(step=share[0], least=share[1]), wanted_priority=10)
    return SimpleNamespace(segments=segments, scoring=SimpleNamespace(order=order))


def evidence_of(company: Sequence[int], segment: Sequence[int], affinity: Sequence[int]) -> Evidence:
    values = np.array(affinity, dtype=np.int64)
    columns = {"affinity": Column(values, np.ones(len(values), dtype=np.bool_))}
    return Evidence(np.array(company, dtype=np.int64), np.array(segment, dtype=np.int64), columns)


def scores_of(score: Sequence[int], vetoed: Sequence[Sequence[bool]] = ()) -> Scores:
    total = np.array(score, dtype=np.int64)
    rows = np.zeros((0, len(total)), dtype=np.int64)
    vetoes = np.array(vetoed, dtype=np.bool_).reshape(len(vetoed), len(total))
    return Scores(rows, rows == 0, rows, rows, rows, total, total, total, vetoes, np.zeros_like(vetoes))


# --- which segment -------------------------------------------------------------------------------------------------------


@st.composite
def candidates(draw: st.DrawFn) -> tuple[Evidence, Scores]:
    """Pairs by company, then segment, as the evidence has them; few distinct numbers, so that ties abound."""
    company: list[int] = []
    segment: list[int] = []
    for number in range(draw(st.integers(0, 6))):
        fits = sorted(draw(st.sets(st.integers(0, 4), max_size=5))) or [NO_SEGMENT]
        company += [number] * len(fits)
        segment += fits
    size = len(company)
    affinity = draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    score = draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    rare = st.sampled_from((False, False, True))
    vetoed = draw(st.lists(st.lists(rare, min_size=size, max_size=size), max_size=3))
    return evidence_of(company, segment, affinity), scores_of(score, vetoed)


@pytest.mark.slow
@settings(deadline=None, max_examples=250)
@given(candidates())
def test_each_company_gets_its_best_segment(given_pairs):
    evidence, scores = given_pairs
    chosen = choose(evidence, scores)
    pairs: list[int] = []
    vetoes: list[int] = []
    affinity = evidence.columns["affinity"].values
    for company in sorted(set(evidence.company.tolist())):
        best, first = None, -1
        for pair in np.flatnonzero(evidence.company == company).tolist():
            fired = [number for number in range(len(scores.vetoed)) if scores.vetoed[number, pair]]
            rank = (bool(fired), -scores.score[pair], -affinity[pair], evidence.segment[pair])
            if best is None or rank < best[0]:
                best, first = (rank, pair), fired[0] if fired else -1
        assert best is not None
        pairs.append(best[1])
        vetoes.append(first)
    assert chosen.pair.tolist() == pairs
    assert chosen.veto.tolist() == vetoes


@pytest.mark.parametrize(
    ("score", "affinity", "vetoed", "winner", "veto"),
    [
        ([50, 60, 40], [900, 300, 900], [False, False, False], 1, -1),  # the score decides
        ([60, 60, 60], [300, 900, 500], [False, False, False], 1, -1),  # then the affinity
        ([60, 60, 60], [500, 900, 900], [False, False, False], 1, -1),  # then the segment's place
        ([90, 60, 40], [900, 300, 900], [True, False, False], 1, -1),  # a pair without a veto, if there is one
        ([50, 60, 40], [900, 300, 900], [True, True, True], 1, 0),  # else the best of all
    ],
)
def test_choice_by_hand(score, affinity, vetoed, winner, veto):
    chosen = choose(evidence_of([0, 0, 0], [1, 2, 4], affinity), scores_of(score, [vetoed]))
    assert (chosen.pair.tolist(), chosen.veto.tolist()) == ([winner], [veto])


def test_the_first_veto_in_file_order_is_told():
    vetoed = [[False, False], [False, True], [True, True]]
    chosen = choose(evidence_of([0, 1], [0, 0], [1, 1]), scores_of([5, 5], vetoed))
    assert chosen.veto.tolist() == [2, 1]


# --- the order -----------------------------------------------------------------------------------------------------------


def greedy(
    companies: Sequence[tuple[int, int, str]], fill: Mapping[str, list[int]], share: tuple[int, int]
) -> list[tuple[int, int]]:
    """The cover of the gaps, company by company: whichever adds most now, given how far its segment and chain are filled already.

    Args:
        companies: (segment, score, key).

    Returns:
        (index, order value) in the order of the list.
    """
    left, taken, made = list(range(len(companies))), dict.fromkeys((*range(len(NEEDS)), NO_SEGMENT), 0), []
    of_chain = dict.fromkeys((*CHAINS, NO_SEGMENT), 0)
    while left:
        offers: dict[str | int | None, list[tuple[int, int, str, int]]] = {}
        for index in left:
            segment, score, key = companies[index]
            steps = fill["none" if segment == NO_SEGMENT else NEEDS[segment]]
            step = steps[-1] if taken[segment] >= len(steps) else steps[taken[segment]]
            offers.setdefault(chain_of(segment), []).append((-score * step, -score, key, index))
        value, _, _, index = min(
            (value * max(1000 - share[0] * of_chain[chain], share[1]), *rest)
            for chain, (value, *rest) in ((chain, min(mine)) for chain, mine in offers.items())
        )
        left.remove(index)
        taken[companies[index][0]] += 1
        of_chain[chain_of(companies[index][0])] += 1
        made.append((index, -value))
    return made


def chain_of(segment: int) -> str | int | None:
    return NO_SEGMENT if segment == NO_SEGMENT else CHAINS[segment]


keys = st.lists(st.text("0189AZ~甲乙", min_size=1, max_size=3), unique=True, max_size=12)
fills = st.lists(st.integers(0, 1000), min_size=1, max_size=5).map(lambda steps: sorted(steps, reverse=True))


@st.composite
def listings(draw: st.DrawFn) -> tuple[list[tuple[int, int, str]], dict[str, list[int]], tuple[int, int]]:
    companies = [
        (draw(st.integers(NO_SEGMENT, 4)), draw(st.sampled_from((0, 1, 5 * UNIT, 50 * UNIT, 51 * UNIT, 100 * UNIT))), key)
        for key in draw(keys)
    ]
    shares = st.tuples(st.sampled_from((0, 5, 300)), st.sampled_from((1, 800, 1000)))
    return companies, draw(st.one_of(st.just(FILL), st.fixed_dictionaries(dict.fromkeys(FILL, fills)))), draw(shares)


def arranged(
    companies: Sequence[tuple[int, int, str]], fill: Mapping[str, list[int]], share: tuple[int, int] = EVEN
) -> list[tuple[str, int]]:
    """(key, order value) as ``arrange`` orders them."""
    score = np.array([entry[1] for entry in companies], dtype=np.int64)
    segment = np.array([entry[0] for entry in companies], dtype=np.int64)
    listed = arrange(score, segment, [entry[2] for entry in companies], zone(fill, share))
    return [(companies[place][2], value) for place, value in zip(listed.pair.tolist(), listed.order_value.tolist(), strict=True)]


@pytest.mark.slow
@settings(deadline=None, max_examples=250)
@given(listings())
def test_the_list_is_the_greedy_cover(listing):
    companies, fill, share = listing
    expected = [(companies[index][2], value) for index, value in greedy(companies, fill, share)]
    assert arranged(companies, fill, share) == expected


@settings(deadline=None, max_examples=120)
@given(listings(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(listing, random):
    companies, fill, share = listing
    shuffled = random.sample(companies, len(companies))
    assert arranged(shuffled, fill, share) == arranged(companies, fill, share)


@settings(deadline=None, max_examples=120)
@given(listings())
def test_order_values_never_rise_and_come_from_the_place_in_the_segment(listing):
    companies, fill, _ = listing
    by_key = {key: (segment, score) for segment, score, key in companies}
    listed = arranged(companies, fill)
    values = [value for _, value in listed]
    assert values == sorted(values, reverse=True)
    assert sorted(key for key, _ in listed) == sorted(by_key)
    places: dict[int, int] = {}
    for key, value in listed:  # within a segment, the list keeps the order by score and key
        segment, score = by_key[key]
        place = places[segment] = places.get(segment, -1) + 1
        need = "none" if segment == NO_SEGMENT else NEEDS[segment]
        assert value == 1000 * score * fill[need][min(place, len(fill[need]) - 1)]
    for one in set(places):
        mine = [(-by_key[key][1], key) for key, _ in listed if by_key[key][0] == one]
        assert mine == sorted(mine)


@settings(deadline=None, max_examples=100)
@given(listings(), st.integers(1, 4))
def test_the_list_merges_from_the_best_of_each_segment(listing, top):
    """The first companies of the whole are among the first of each segment alone, with the same values."""
    companies, fill, _ = listing
    whole = arranged(companies, fill)[:top]
    parts = []
    for segment in range(NO_SEGMENT, len(NEEDS)):
        parts += arranged([entry for entry in companies if entry[0] == segment], fill)[:top]
    assert set(whole) <= set(parts)


@st.composite
def crowds(draw: st.DrawFn) -> tuple[list[tuple[int, int]], dict[str, list[int]], tuple[int, int], int, int, list[bool]]:
    """Segment and score of many companies that are mostly alike, so that places hang on the keys; fills, share, length, what is wanted."""
    few = draw(st.lists(st.sampled_from((0, 1, 5 * UNIT, 50 * UNIT, 51 * UNIT, 100 * UNIT)), min_size=1, max_size=4))
    many, size = np.random.default_rng(draw(st.integers(0, 10**6))), draw(st.integers(0, 200))
    companies = list(zip(many.integers(NO_SEGMENT, 5, size).tolist(), many.choice(few, size).tolist(), strict=True))
    shares = st.tuples(st.sampled_from((0, 5, 300, 1000)), st.sampled_from((1, 800, 1000)))
    fill = draw(st.one_of(st.just(FILL), st.fixed_dictionaries(dict.fromkeys(FILL, fills))))
    wanted = draw(st.lists(st.booleans(), min_size=len(NEEDS), max_size=len(NEEDS)))
    return companies, fill, draw(shares), draw(st.integers(0, 12)), draw(st.integers(0, 10**6)), wanted


@pytest.mark.slow
@settings(deadline=None, max_examples=400)
@given(crowds())
def test_the_first_of_a_list_are_those_of_the_whole(crowd):
    """The short way gives the very numbers of the plain full sort: who, values, places, and what is left open with its place."""
    companies, fill, share, top, seed, wanted = crowd
    rules = zone(fill, share)
    score, segment = (np.array([one[n] for one in companies], dtype=np.int64) for n in (1, 0))
    rank, allowed = np.random.default_rng(seed).permutation(len(companies)), np.array(wanted)
    asked: list[int] = []

    def ranks(entries):
        asked.append(len(entries))
        return rank[entries]

    whole = arrange(score, segment, rank, rules)
    first, gaps = arrange_first(score, segment, ranks, rules, top, allowed)
    for name in Listed.__dataclass_fields__:
        assert getattr(first, name).tolist() == getattr(whole, name)[:top].tolist(), name
    expected = unserved(segment[whole.pair], top, rules, allowed)
    assert [(gap.segment, gap.place) for gap in gaps] == expected
    assert [gap.entry for gap in gaps] == [-1 if place < 0 else int(whole.pair[place]) for _, place in expected]
    alone, none = arrange_first(score, segment, ranks, rules, top, None)
    assert (alone.pair.tolist(), none) == (first.pair.tolist(), [])


def test_keys_are_asked_of_few():
    """Of 100,000 in five segments and one more, the best ten of each, as their scores differ."""
    many = np.random.default_rng(1)
    score, segment = many.permutation(100_000), many.integers(-1, 5, 100_000)
    asked: list[int] = []

    def ranks(entries):
        asked.append(len(entries))
        return entries

    first, gaps = arrange_first(score, segment, ranks, zone(), 10, np.ones(5, dtype=np.bool_))
    assert first.pair.tolist() == arrange(score, segment, np.arange(100_000), zone()).pair[:10].tolist()
    assert asked == [60]
    assert all(gap.place >= 10 for gap in gaps)


def test_the_order_by_hand():
    companies = [
        (0, 80 * UNIT, "C"),  # complement, third of its segment: × 0.900 = 72
        (0, 90 * UNIT, "A"),  # first: 90
        (0, 80 * UNIT, "B"),  # second, by key before C: × 0.970 = 77.6
        (4, 79 * UNIT, "D"),  # another segment of the same need: first, 79
        (2, 97 * UNIT, "E"),  # extend: × 0.800 = 77.6, above B by its score
        (NO_SEGMENT, 50 * UNIT, "F"),  # none: 50
        (NO_SEGMENT, 50 * UNIT, "G"),  # none, second: × 0.850 = 42.5
    ]
    expected = [("A", 90), ("D", 79), ("E", 77.6), ("B", 77.6), ("C", 72), ("F", 50), ("G", 42.5)]
    assert [(key, value / ORDER_UNIT) for key, value in arranged(companies, FILL)] == expected


def test_the_last_step_of_a_fill_repeats():
    companies = [(1, 10 * UNIT, str(number)) for number in range(8)]
    values = [value / ORDER_UNIT for _, value in arranged(companies, {**FILL, "strengthen": [1000, 500]})]
    assert values == [10] + [5] * 7


def test_a_chain_that_has_many_counts_less():
    companies = [(0, 90 * UNIT, "A"), (1, 90 * UNIT, "B"), (2, 89 * UNIT, "C"), (1, 90 * UNIT, "D"), (0, 90 * UNIT, "E")]
    fill = {need: [1000] for need in FILL}
    listed = [(key, value / ORDER_UNIT) for key, value in arranged(companies, fill, (100, 750))]
    assert listed == [("A", 90), ("C", 89), ("B", 81), ("D", 72), ("E", 67.5)]


def test_keys_go_by_code_point_and_stand_last():
    companies = [(number % 3, 40 * UNIT, key) for number, key in enumerate(["~乙", "9", "A", "~甲", "a", "10"])]
    fill = {need: [1000] for need in FILL}
    assert [key for key, _ in arranged(companies, fill)] == ["10", "9", "A", "a", "~乙", "~甲"]


def test_nothing_to_list():
    assert arranged([], FILL) == []
    chosen = choose(evidence_of([], [], []), scores_of([]))
    assert (chosen.pair.size, chosen.veto.size) == (0, 0)
