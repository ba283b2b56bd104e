"""One company a family: the best stays, the head is named, and folding changes nothing else of the list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engine import Engine
from matcher.intake import from_profiles
from matcher.runs import Request
from matcher.scoring.formula import UNIT
from matcher.scoring.ranking import fold
from matcher.types import RankedCompany, Ranking


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


@pytest.mark.slow
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
