"""A full explanation tells of every rule and veto once, agrees with the score to the last digit, and names all that was read."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from matcher.engine import Engine
from matcher.intake import from_profiles
from matcher.intake.fields import EPOCH
from matcher.scoring.evidence import fields
from matcher.scoring.explain import MOST_SEGMENTS, Candidate, Explanation, Finding
from matcher.scoring.formula import Scores
from matcher.types import RankedCompany
from tests.scoring.test_results import made_up_rows, profiles_of

AS_OF = date(2026, 1, 1)
Explained = tuple[RankedCompany, Explanation]


@pytest.fixture(scope="module")
def profiles(engine: Engine) -> list[dict[str, str]]:
    return [*profiles_of(Path(engine.corpora.sample))[::5], *made_up_rows(80), {"name": "甲乙丙"}]


@pytest.fixture(scope="module")
def explained(engine: Engine, profiles: list[dict[str, str]]) -> list[Explained]:
    found = engine.explain(profiles, AS_OF)
    whole = [item for item in found if isinstance(item, tuple)]
    assert len(whole) == len(profiles)
    return whole


def alone(engine: Engine, profile: dict[str, str]) -> Explained:
    (found,) = engine.explain([profile], AS_OF)
    assert isinstance(found, tuple)
    return found


def by_id(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    return {finding.rule: finding for finding in findings}


def test_the_companies_have_all_that_an_explanation_must_bear(explained: list[Explained]) -> None:
    states = {finding.state for _, why in explained for finding in why.rules}
    assert states == {finding.state for _, why in explained for finding in why.vetoes} == {"fired", "not_fired", "unknown"}
    assert {len(why.candidates) for _, why in explained} >= {0, 1, 2, MOST_SEGMENTS}
    assert {candidate.vetoed for _, why in explained for candidate in why.candidates} == {True, False}


def test_every_rule_and_veto_stands_once_in_the_order_of_the_file(engine: Engine, explained: list[Explained]) -> None:
    scoring = engine.zone.scoring
    for _, why in explained:
        assert [(f.rule, f.label, f.condition, f.why) for f in why.rules] == [
            (rule.id, rule.label, rule.value, rule.why) for rule in scoring.rules
        ]
        assert [(f.rule, f.label, f.condition, f.why) for f in why.vetoes] == [
            (veto.id, veto.label, veto.when, veto.why) for veto in scoring.vetoes
        ]


def test_the_result_is_that_of_score(engine: Engine, profiles: list[dict[str, str]], explained: list[Explained]) -> None:
    assert [result for result, _ in explained] == engine.score(profiles, AS_OF)


def test_a_rule_fired_where_its_contribution_is_known_and_not_nought(explained: list[Explained]) -> None:
    for result, why in explained:
        findings = by_id(why.rules)
        assert set(findings) == {contribution.rule for contribution in result.contributions}
        for contribution in result.contributions:
            finding = findings[contribution.rule]
            assert finding.points == contribution.points
            assert (finding.state == "unknown") == (not contribution.known)
            assert (finding.state == "fired") == (contribution.known and contribution.points != 0)
            assert finding.possible == (min(0, contribution.weight), max(0, contribution.weight))
            assert finding.possible[0] <= finding.points <= finding.possible[1]


def test_points_add_up_to_the_groups_before_their_caps(explained: list[Explained]) -> None:
    for result, why in explained:
        group_of = {contribution.rule: contribution.group for contribution in result.contributions}
        raw: defaultdict[str, Decimal] = defaultdict(Decimal)
        for finding in why.rules:
            raw[group_of[finding.rule]] += Decimal(str(finding.points))
        assert {group.group: Decimal(str(group.raw)) for group in result.groups} == raw


def test_vetoes_agree_with_the_result(explained: list[Explained]) -> None:
    for result, why in explained:
        fired = [finding.rule for finding in why.vetoes if finding.state == "fired"]
        assert (fired[0] if fired else None) == result.vetoed_by
        assert tuple(finding.rule for finding in why.vetoes if finding.state == "unknown") == result.possible_vetoes
        assert all((finding.points, finding.possible) == (0, (0, 0)) for finding in why.vetoes)


def test_read_names_every_field_of_the_expression_and_nothing_else(engine: Engine, explained: list[Explained]) -> None:
    known = fields(tuple(engine.zone.chain_names), engine.corpora)
    for _, why in explained:
        for finding in (*why.rules, *why.vetoes):
            words = set(re.findall("[a-z_]+", re.sub("'[^']*'", "", finding.condition)))
            labels = [
                re.sub("（(?:万元|万元的常用对数，千分|千分)）", "", known[name].label) for name in sorted(words & set(known))
            ]
            assert [text.split("：")[0] for text in finding.read] == labels, finding.rule
            assert labels or finding.state != "unknown"
            assert all(text.split("：", 1)[1] for text in finding.read)


def test_what_could_not_be_read_is_said_to_be_unknown(explained: list[Explained]) -> None:
    """Of a rule or veto that is unknown at least one value is 不详 or a list that may be incomplete."""
    for result, why in explained:
        for finding in (*why.rules, *why.vetoes):
            if finding.state == "unknown":
                told = [text for text in finding.read if text.endswith("：不详") or text.startswith(("标记：", "资质名单："))]
                assert told, (result.name, finding)


def ranks(candidates: tuple[Candidate, ...]) -> list[tuple[float, float]]:
    return [(-candidate.score, -candidate.affinity) for candidate in candidates]


def test_candidates_are_the_segments_it_fits_the_chosen_one_first(engine: Engine, explained: list[Explained]) -> None:
    segments = {(segment.chain, segment.id): segment for segment in engine.zone.segments}
    for result, why in explained:
        if result.segment is None:
            assert why.candidates == ()
            continue
        first, *others = why.candidates
        assert (first.chain, first.segment, first.score, first.affinity) == (
            result.chain, result.segment, result.score, result.affinity,
        )  # fmt: skip
        assert first.vetoed == (result.vetoed_by is not None)
        assert ranks(tuple(others)) == sorted(ranks(tuple(others)))
        assert len(why.candidates) <= MOST_SEGMENTS
        assert len({(c.chain, c.segment) for c in why.candidates}) == len(why.candidates)
        for candidate in why.candidates:
            assert candidate.name == segments[candidate.chain, candidate.segment].name
            assert candidate.affinity * 1000 >= engine.zone.scoring.order.least_affinity
            if not candidate.vetoed or first.vetoed:
                assert not first.vetoed or candidate.vetoed, "a segment without a veto would have been chosen"
                assert (-first.score, -first.affinity) <= (-candidate.score, -candidate.affinity)


def test_a_company_explained_by_hand(engine: Engine) -> None:
    profile = {
        "name": "青岛示例康复器械有限公司",
        "business_scope": "康复器械、轮椅的研发、生产、销售",
        "reg_capital_raw": "3000万元人民币",
        "founded_date": "2012-04-01",
        "status": "注销",
    }
    result, why = alone(engine, profile)
    rules, vetoes = by_id(why.rules), by_id(why.vetoes)
    assert (vetoes["closed"].state, vetoes["closed"].read) == ("fired", ("已停业：是",))
    assert (vetoes["local"].state, vetoes["local"].read) == ("unknown", ("已在本市：不详",))
    assert vetoes["outlet"].state == "not_fired"
    assert vetoes["outlet"].read == ("分支网点：否",)
    assert rules["headcount"].state == "unknown"
    assert rules["headcount"].read == ("参保人数：不详",)
    assert rules["subscribed_capital"].read == (
        "注册资本：3,000万元", "名称属知名集团，总部在别的城市：否", "成立日期：2012-04-01",
    )  # fmt: skip
    assert rules["subscribed_capital"].state == "not_fired"
    assert rules["name_agrees"].state == "fired"
    assert rules["name_agrees"].points == rules["name_agrees"].possible[1] > 0
    assert rules["few_insured"].possible[0] < 0 == rules["few_insured"].possible[1]
    assert result.vetoed_by == "closed"
    assert why.candidates[0].vetoed


def test_a_profile_that_cannot_be_read_gets_its_problem_and_the_others_their_place(engine: Engine) -> None:
    good = {"name": "青岛示例食品有限公司", "business_scope": "速冻食品生产"}
    found = engine.explain([{"name": ""}, good, 5], AS_OF)
    assert [isinstance(item, dict) for item in found] == [True, False, True]
    result, why = alone(engine, good)
    assert found[1] == (replace(result, row=2), why)


def test_a_company_explains_the_same_alone_and_in_company(
    engine: Engine, profiles: list[dict[str, str]], explained: list[Explained]
) -> None:
    for place in range(0, len(profiles), 29):
        assert alone(engine, profiles[place])[1] == explained[place][1]


def test_what_is_evaluated_with_the_rules_is_what_is_evaluated_by_itself(engine: Engine, profiles: list[dict[str, str]]) -> None:
    """Scores, and which clauses fail, whether rules and clauses are one program or two."""
    companies = from_profiles(profiles, engine.corpora).companies
    day = (AS_OF - EPOCH).days
    read = engine.reader.details(companies).profiles
    evidence = engine.evidence.read(read, engine.evidence.standing(companies, read, day), *engine.placer.chain_pairs(read))
    together, answer = engine.explainer.with_results(evidence, day)
    apart, _ = engine.explainer.results_alone(evidence, day)
    for field in dataclass_fields(Scores):
        np.testing.assert_array_equal(getattr(together, field.name), getattr(apart, field.name), field.name)
    explaining = engine.explainer.of(evidence, apart, day)
    result = engine.score(profiles[:1], AS_OF)[0]
    assert isinstance(result, RankedCompany)
    for pair in range(0, len(evidence.company), 7):
        assert answer(result, pair) == (result, explaining.explain(pair))


def test_parts_filled_from_blanks_are_what_calling_their_class_makes(explained: list[Explained]) -> None:
    """Equal, with the same fields in the same order: that is the order in which they are written."""
    for result, why in explained[::9]:
        for part in (*result.contributions, *why.rules, *why.vetoes):
            named = {field.name: getattr(part, field.name) for field in dataclass_fields(part)}
            made = type(part)(**named)
            assert (part, hash(part), list(vars(part))) == (made, hash(made), list(vars(made)))


def test_no_two_parts_share_their_fields(explained: list[Explained]) -> None:
    held = [vars(part) for result, why in explained for part in (*result.contributions, *why.rules, *why.vetoes)]
    assert len({id(fields_) for fields_ in held}) == len(held)
