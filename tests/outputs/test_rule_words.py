"""Rules in words: nothing of the language's own spelling is left, and brackets stay pairs, for every rule of every zone."""

from __future__ import annotations

import re

import pytest

from matcher.engine import Engine
from matcher.outputs.rule_words import condition_words
from matcher.rules import zone_ids


@pytest.fixture(scope="module", params=zone_ids())
def any_zone(request: pytest.FixtureRequest) -> Engine:
    return Engine(request.param)


def test_every_rule_is_told_in_chinese(any_zone: Engine) -> None:
    zone = any_zone.zone.with_ledger_rules()
    for text in [*(rule.value for rule in zone.scoring.rules), *(veto.when for veto in zone.scoring.vetoes)]:
        told = condition_words(text, any_zone.describer)
        assert not re.search(r"\b(AND|OR|NOT|IN|TRUE|FALSE|ramp|has|has_any|ratio|years_since)\b|[<>]=|<>|'|_", told), (text, told)
        assert told.count("（") == told.count("）"), told


def test_every_value_of_the_rules_has_a_chinese_name(any_zone: Engine) -> None:
    for name, field in any_zone.describer.fields.items():
        if name in ("ledger_state", "project_stage") and any_zone.zone.scoring.ledger is None:
            continue  # named by the zone that reads a ledger
        told = [any_zone.describer.word(name, value) for value in field.names]
        assert not [word for word in told if re.fullmatch(r"[a-z_]+", word)], (name, told)


def test_some_rules_as_people_read_them(any_zone: Engine) -> None:
    for text, said in (
        ("closed = TRUE", "已停业：是"),
        ("legal_form IN ('cooperative', 'farm')", "组织形式属于（“合作社”、“农场”）"),
        ("has(marks, 'bank') AND NOT has_any(marks, 'golf', 'fuel')", "里有“"),
        ("ramp(affinity, 250, 850)", "契合度从 0.25 到 0.85 渐次给满"),
        ("RAMP(capital_log, 2699, 4500)", "按环节类型折算的注册资本从 约500万元 到 约3.16亿元 渐次给满"),
        ("RAMP(affinity, 250, 850) AND HAS(marks, 'golf')", "，且 标记里有“"),
        ("ramp(ratio(paid_capital, capital), 0, 1)", "实缴资本（万元）与注册资本（万元）之比从 0 到 1 渐次给满"),
        ("ramp(affinity, 699, 700) * ramp(capital, 999, 1000)", "契合度到 0.70 才算 × 注册资本从 999万元 到 1,000万元 渐次给满"),
        ("ramp(affinity, 700, 699)", "契合度不到 0.70 才算"),
        ("chain = 'none'", "产业链是“产业链之外”"),
        ("capital < 500 OR mode NOT IN ('produce')", "注册资本（万元） < 500，或 经营方式不属于（“生产”）"),
    ):
        assert said in condition_words(text, any_zone.describer)
