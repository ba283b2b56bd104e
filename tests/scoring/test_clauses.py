"""Clauses: what stands or falls together, and what is told of a rule that gave nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.engine import Engine
from matcher.scoring.clauses import clauses
from matcher.scoring.explain import Explanation, Finding
from matcher.scoring.expressions import compile_expression
from matcher.scoring.values import Column, Field

FIELDS = {"a": Field("number", "甲"), "b": Field("number", "乙"), "c": Field("number", "丙")}
AS_OF = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a > 1", ["a > 1"]),
        ("a > 1 AND b > 2", ["a > 1", "b > 2"]),
        ("(a > 1 AND (b > 2)) AND NOT c < 3", ["a > 1", "b > 2", "NOT c < 3"]),
        ("a > 1 OR b > 2", ["a > 1 OR b > 2"]),
        ("(a > 1 OR b > 2) AND c > 3", ["a > 1 OR b > 2", "c > 3"]),
        ("ramp(a, 0, 10) × ramp(b, 0, 10)", ["RAMP(a, 0, 10)", "RAMP(b, 0, 10)"]),
    ],
)
def test_by_hand(text: str, parts: list[str]) -> None:
    assert [clause.text for clause in clauses(compile_expression(text, FIELDS), FIELDS)] == parts


atoms = st.builds("{} {} {}".format, st.sampled_from("abc"), st.sampled_from((">", "<=", "=")), st.integers(0, 3))
conditions = st.recursive(
    atoms, lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(("AND", "OR")), inner), max_leaves=6
)
values = st.lists(st.tuples(*[st.one_of(st.none(), st.integers(0, 3))] * 3), min_size=1, max_size=5)


@given(conditions, values)
def test_a_condition_holds_where_all_its_clauses_do(text: str, rows: list[tuple[int | None, ...]]) -> None:
    columns = {
        name: Column(np.array([row[n] or 0 for row in rows], dtype=float), np.array([row[n] is not None for row in rows]))
        for n, name in enumerate("abc")
    }
    expression = compile_expression(text, FIELDS)
    whole, known = expression(columns, 0)
    results = [clause(columns, 0) for clause in clauses(expression, FIELDS)]
    assert (known & (whole > 0)).tolist() == np.all([k & (v > 0) for v, k in results], axis=0).tolist()
    assert (known & (whole <= 0)).tolist() == np.any([k & (v <= 0) for v, k in results], axis=0).tolist()


def explained(engine: Engine, **profile: Any) -> dict[str, Finding]:
    ((_, explanation),) = engine.explain([profile], AS_OF)
    assert isinstance(explanation, Explanation)
    return {finding.rule: finding for finding in (*explanation.rules, *explanation.vetoes)}


def test_the_clause_that_failed_is_told(engine: Engine) -> None:
    found = explained(
        engine, name="青岛示例制药有限公司", business_scope="片剂的生产", reg_capital_raw="30000万人民币", founded_date="2019-01-01"
    )
    assert found["sells"].failed == ("mode = 'sell'",)
    assert found["local_name"].failed == ("place_named = TRUE",)
    assert found["makes_or_operates"].failed == (), "it fired"
    assert found["headcount"].failed == (), "it is unknown"
    assert found["investment_shell"].failed == ("HAS(marks, 'investment_shell')",)


def test_nothing_failed_means_fired_or_unknown(engine: Engine) -> None:
    found = explained(engine, name="青岛示例食品有限公司", business_scope="速冻水饺的生产", reg_capital_raw="800万人民币")
    assert all(bool(one.failed) == (one.state == "not_fired") for one in found.values()), found
