"""Proves the list's order against a plain greedy reference: one segment a company, one company a family, then the cover of the gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engine import Engine
from matcher.intake import from_profiles
from matcher.runs import Request
from matcher.scoring.evidence import NO_SEGMENT, Evidence
from matcher.scoring.formula import UNIT, Scores
from matcher.scoring.ranking import ORDER_UNIT, arrange, choose, fold
from matcher.scoring.values import Column
from matcher.types import RankedCompany, Ranking

FILL = {"complement": [1000, 970, 900], "strengthen": [1000, 1000, 500, 500, 0], "extend": [800], "none": [1000, 850]}
NEEDS = ("complement", "strengthen", "extend", "none", "complement")


CHAINS = ("a", "a", "b", None, "b")
EVEN = (0, 1)  # a chain that has many counts like one that has few


def zone(fill: Mapping[str, list[int]] = FILL, share: tuple[int, int] = EVEN) -> Any:
    """As much of a zone as the order reads: each segment's need and chain, and how needs and chains are filled."""
    segments = tuple(SimpleNamespace(need=need, chain=chain) for need, chain in zip(NEEDS, CHAINS, strict=True))
    order = SimpleNamespace(fill=dict(fill), chain_fill=SimpleNamespace(step=share[0], least=share[1]))
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


# --- one company a family ------------------------------------------------------------------------------------------------


@st.composite
def households(draw: st.DrawFn) -> tuple[list[list[int]], dict[int, int], dict[int, str]]:
    """Families that share nobody, some of their companies on the list; few scores, so that ties abound."""
    size = draw(st.integers(0, 14))
    order = draw(st.permutations(range(size)))
    cuts = sorted(draw(st.sets(st.integers(0, size), max_size=4)))
    families = [list(order[a:b]) for a, b in zip([0, *cuts], [*cuts, size], strict=True) if b - a > 1]
    listed = {company: draw(st.sampled_from((0, UNIT, 50 * UNIT))) for company in range(size) if draw(st.booleans())}
    names = draw(st.lists(st.text("01A~甲", min_size=1, max_size=3), unique=True, min_size=size, max_size=size))
    return families, listed, {company: names[company] for company in listed}


@settings(deadline=None, max_examples=250)
@given(households())
def test_the_best_of_a_family_stays(given_families):
    families, listed, keys = given_families
    expected = []
    for family in families:
        left = [company for company in family if company in listed]
        present = []
        while left:  # the best of those that are left, time and again
            best = left[0]
            for company in left[1:]:
                one, other = listed[company], listed[best]
                if one > other or (one == other and keys[company] < keys[best]):
                    best = company
            left.remove(best)
            present.append(best)
        if present:
            expected.append((present, family[0]))
    found = fold(families, listed, keys)
    assert found == expected
    shown = [company for present, _ in found for company in present]
    assert len(shown) == len(set(shown)), "nobody twice"
    assert set(shown) == set(listed) & {company for family in families for company in family}


def test_fold_by_hand():
    families = [[4, 0, 2], [1, 3], [5, 6]]
    scores = {0: 80, 2: 80, 3: 60, 1: 60}
    keys = {0: "B", 2: "A", 3: "~乙", 1: "~甲"}
    #   4 is the head and not listed; 0 and 2 score alike, so the key decides; of 5 and 6 nobody is listed
    assert fold(families, scores, keys) == [([2, 0], 4), ([3, 1], 1)]
    assert fold([], scores, {}) == []


AS_OF = date(2026, 11, 24)
DRUGS = "药品生产；中药饮片加工；保健食品生产；药品研发"
HOTELS = "酒店管理；旅游度假区开发运营；住宿服务；餐饮服务"


def company(name: str, city: str, scope: str = DRUGS, capital: str = "8000万人民币", **more: str) -> dict[str, str]:
    return {"name": name, "city": city, "business_scope": scope, "reg_capital_raw": capital, "founded_date": "2003-05-06", **more}


def ranking_of(engine: Engine, rows: Sequence[dict[str, str]], **request: Any) -> Ranking:
    return engine.rank(from_profiles(list(rows), engine.corpora), Request(as_of=AS_OF, top=100, **request))


def shown(ranking: Ranking) -> dict[str, RankedCompany]:
    return {result.name: result for result in (*ranking.results, *ranking.opportunities)}


KANGEN = (
    company("康恩贝集团有限公司", "杭州", "实业投资；控股公司服务", uscc="91330000142924161N"),
    company("浙江康恩贝制药股份有限公司", "杭州", capital="90000万人民币"),
    company("杭州康恩贝保健食品有限公司", "杭州", "保健食品生产"),
    company("青岛康恩贝中药饮片有限公司", "青岛", capital="1500万人民币"),
)
STRANGER = company("青岛甪鑫制药有限公司", "青岛")


def test_the_best_of_a_family_is_listed_and_names_the_others_and_the_head(engine: Engine):
    scored = engine.score([*KANGEN, STRANGER], AS_OF)
    assert all(isinstance(result, RankedCompany) for result in scored)
    assert scored[0].vetoed_by == "no_fit", "the head itself is off the list"
    assert [result.vetoed_by for result in scored[1:]] == [None] * 4
    best_first = [result.name for result in sorted(scored[1:4], key=lambda result: -result.score)]
    ranking = ranking_of(engine, [*KANGEN, STRANGER])
    family = shown(ranking)[best_first[0]].family
    assert family is not None
    assert (family.head, family.head_uscc, family.head_city) == ("康恩贝集团有限公司", "91330000142924161N", "杭州")
    assert family.others == tuple(best_first[1:])
    assert set(shown(ranking)) == {best_first[0], STRANGER["name"]}
    assert shown(ranking)[STRANGER["name"]].family is None
    assert (ranking.considered, ranking.folded, sum(ranking.vetoed.values())) == (5, 2, 1)


def test_the_head_is_shown_though_it_is_in_no_city_asked_for(engine: Engine):
    """The planner in 青岛 sees who decides in 杭州; of the companies elsewhere nobody is counted or named."""
    mine = company("康恩贝集团青岛中药饮片有限公司", "青岛")
    ranking = ranking_of(engine, [*KANGEN[:3], mine, STRANGER], cities=("青岛",))
    family = shown(ranking)[mine["name"]].family
    assert family is not None
    assert (family.head, family.head_city, family.others) == ("康恩贝集团有限公司", "杭州", ())
    assert (ranking.considered, ranking.folded, len(ranking.results)) == (2, 0, 2)


def test_a_company_that_is_its_own_head_and_alone_has_no_family_to_show(engine: Engine):
    head = company("康恩贝集团有限公司", "杭州")
    for rows, request in (([head], {}), ([head, *KANGEN[1:]], {"cities": ("杭州",), "chains": ("culture-tourism",)})):
        for result in shown(ranking_of(engine, rows, **request)).values():
            assert result.family is None


def test_the_head_may_fold_under_a_better_company(engine: Engine):
    """It stays the head, and is one of the others."""
    head = company("康恩贝集团有限公司", "杭州", "批发：药品；保健食品研发；货运代理；印刷", capital="600万人民币")
    ranking = ranking_of(engine, [head, KANGEN[1]])
    assert list(shown(ranking)) == ["浙江康恩贝制药股份有限公司"]
    family = ranking.results[0].family
    assert family is not None
    assert (family.head, family.others, ranking.folded) == (head["name"], (head["name"],), 1)


def test_families_fold_by_chain_and_beside_the_chains(engine: Engine):
    """Whoever serves another chain is another visit, unless the group's name tells; the opportunities fold among themselves."""
    toys = [company(f"绍兴甪鑫{kind}有限公司", "绍兴", "玩具研发、制造、销售") for kind in ("玩具", "玩具科技")]
    hotel = company("青岛甪鑫酒店管理有限公司", "青岛", HOTELS)
    ranking = ranking_of(engine, [STRANGER, hotel, *toys])
    assert {result.name for result in ranking.results} == {STRANGER["name"], hotel["name"]}
    assert len(ranking.opportunities) == 1
    assert ranking.opportunities[0].family is not None
    assert {ranking.opportunities[0].name, *ranking.opportunities[0].family.others} == {row["name"] for row in toys}
    assert ranking.folded == 1


def test_the_length_of_the_list_changes_no_family(engine: Engine):
    rows = [*KANGEN, STRANGER]
    whole = ranking_of(engine, rows)
    short = engine.rank(from_profiles(rows, engine.corpora), Request(as_of=AS_OF, top=1))
    assert short.results == whole.results[:1]
    assert short.folded == whole.folded


def test_the_list_without_its_folded_companies_is_the_same_list(engine: Engine):
    """They take no place and fill no segment: leaving them out changes no order value."""
    rows = [
        *KANGEN,
        STRANGER,
        company("绍兴甪鑫药业有限公司", "绍兴"),
        company("绍兴甪鑫制药有限公司", "绍兴", capital="2000万人民币"),
    ]
    whole = ranking_of(engine, rows)
    folded = {name for result in whole.results if result.family for name in result.family.others}
    rest = ranking_of(engine, [row for row in rows if row["name"] not in folded])
    assert len(folded) == whole.folded == 3
    assert rest.folded == 0
    assert [(r.name, r.rank, r.order_value) for r in rest.results] == [(r.name, r.rank, r.order_value) for r in whole.results]


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
