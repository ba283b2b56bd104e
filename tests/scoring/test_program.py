"""Proves that expressions evaluated together give, to the last bit, what each gives alone: whatever stands beside them, in any order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engine import Engine
from matcher.scoring.expressions import Expression, compile_expression, together
from matcher.scoring.program import _BLOCK
from matcher.scoring.values import Column
from tests.scoring.language import AS_OF, FIELDS, columns

NUMBERS = st.sampled_from(
    [
        "n",
        "m + 1",
        "n * m",
        "-n",
        "ratio(n, m)",
        "ramp(n, 0, 2)",
        "ramp(ratio(n, m), 1, 0)",
        "years_since(d)",
        "n - 0.5 * ramp(m, 0, 1)",
        "3",
    ]
)
LEAVES = st.one_of(
    st.builds("{} {} {}".format, NUMBERS, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), NUMBERS),
    st.sampled_from(
        ["s", "s = t", "TRUE", "mode = 'make'", "mode NOT IN ('make', 'sell')", "has(marks, 'red')", "has_any(marks, 'red', 'blue')",
         "n BETWEEN 0 AND 2", "n IN (0, 1.5)", "d >= '2020-01-01'"]
    ),
)  # fmt: skip
TRUTHS = st.recursive(
    LEAVES,
    lambda part: st.one_of(
        st.builds("({} {} {})".format, part, st.sampled_from(["AND", "OR"]), part), st.builds("NOT ({})".format, part)
    ),
    max_leaves=5,
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "n": st.sampled_from([None, 0, 1.5, -2, float("inf"), float("nan"), 1e300]),
            "m": st.sampled_from([None, 0, 1.5, 3]),
            "s": st.sampled_from([None, True, False]),
            "t": st.sampled_from([None, True, False]),
            "mode": st.sampled_from([None, "make", "sell", "none"]),
            "marks": st.sampled_from([None, (("red",), False), (("blue",), True), ((), True)]),
        }
    ),
    max_size=6,
)


def alike(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> bool:
    return one[0].tobytes() == other[0].tobytes() and one[1].tobytes() == other[1].tobytes()


@settings(deadline=None)
@given(texts=st.lists(st.one_of(NUMBERS, TRUTHS), min_size=1, max_size=8), rows=ROWS, junk=st.sampled_from([0, 1]), data=st.data())
def test_together_as_alone(texts: list[str], rows: list[dict[str, object]], junk: int, data: st.DataObject) -> None:
    made = columns(rows, junk=junk)
    expressions = [compile_expression(text, FIELDS) for text in texts]
    values, known = together(expressions)(made, AS_OF, len(rows))
    for number, expression in enumerate(expressions):
        assert alike((values[number], known[number]), expression(made, AS_OF)), expression.text
    order = data.draw(st.permutations(range(len(texts))))
    others = together([expressions[number] for number in order])(made, AS_OF, len(rows))
    assert alike((values[order], known[order]), others)


@pytest.mark.parametrize("size", [0, 1, _BLOCK - 1, _BLOCK, _BLOCK + 1, 2 * _BLOCK + 7])
def test_blocks_join_without_a_seam(engine: Engine, size: int) -> None:
    """All rules and vetoes of a zone over made-up columns, in one go and row by row."""
    expressions: list[Expression] = [*engine.ruleset.values, *engine.ruleset.whens]
    random = np.random.default_rng(size)
    made = {}
    for name, field in engine.evidence.fields.items():
        most = {"truth": 2, "text": max(len(field.names), 1), "list": 1 << len(field.names)}.get(field.kind, 20_000)
        values = random.integers(0, most, size)
        made[name] = Column(values.astype(np.bool_) if field.kind == "truth" else values, random.random(size) < 0.7)
    values, known = together(expressions)(made, AS_OF, size)
    assert values.shape == known.shape == (len(expressions), size)
    assert not size > 100 or (known.any(axis=1).all() and (values > 0).any(axis=1).mean() > 0.8)
    for row in random.integers(0, size, min(size, 40)).tolist():
        alone = {name: Column(column.values[row : row + 1], column.known[row : row + 1]) for name, column in made.items()}
        assert alike(together(expressions)(alone, AS_OF, 1), (values[:, row : row + 1].copy(), known[:, row : row + 1].copy()))


def test_what_several_rules_read_is_evaluated_once() -> None:
    texts = ["s AND n > 1", "NOT s OR n > 1", "s AND n > 1 AND t", "n > 1"]
    program = together([compile_expression(text, FIELDS) for text in texts])
    assert program._leaves == 3, "s, t and n > 1"
