"""Proves that a rule means in numpy what the same text means in DuckDB, over random rules and random columns with unknowns."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.scoring.evidence import fields as evidence_fields
from matcher.scoring.expressions import LONGEST, compile_expression
from matcher.scoring.values import Column, Field
from tests.scoring.language import AS_OF, FIELDS, TODAY, columns

_TYPES = {
    "number": "DOUBLE",
    "truth": "BOOLEAN",
    "text": "VARCHAR",
    "date": "DATE",
    "list": "STRUCT(words VARCHAR[], complete BOOLEAN)",
}
_MACROS = f"""
CREATE MACRO ratio(top, bottom) AS CASE WHEN bottom <> 0 THEN top::DOUBLE / bottom::DOUBLE END;
CREATE MACRO ramp(x, lo, hi) AS
    CASE WHEN x IS NOT NULL THEN greatest(0e0, least(1e0, (x::DOUBLE - lo::DOUBLE) / (hi::DOUBLE - lo::DOUBLE))) END;
CREATE MACRO years_since(day) AS
    CASE WHEN day <= DATE '{TODAY}' THEN date_diff('day', day, DATE '{TODAY}')::DOUBLE / 365.2425e0 END;
CREATE MACRO has(list, word) AS CASE WHEN list_contains(list.words, word) THEN TRUE WHEN list.complete THEN FALSE END;
"""
"""The functions of the language, written from their documentation: ramp flat outside, ratio by zero and days to come unknown,
has false only on a complete list. NaN and infinity are unknown on entry, so a table holds NULL for them."""
NUMBERS = (0, 0.25, 0.5, 1, 1.5, 2, 3, 7, -1, -2.5, 10, 250, 1000, 5000.25, -0.0, math.nan, math.inf, -math.inf)


def has_any_macro(most: int) -> str:
    """``has_any`` for every number of words up to ``most``: some word is there, or the list is complete and none is."""
    shapes = []
    for count in range(1, most + 1):
        words = [f"w{number}" for number in range(count)]
        found = f"list_has_any(list.words, [{', '.join(words)}])"
        shapes.append(f"(list, {', '.join(words)}) AS CASE WHEN {found} THEN TRUE WHEN list.complete THEN FALSE END")
    return f"CREATE MACRO has_any {', '.join(shapes)};"


def random_rows(seed: int, size: int, fields: Mapping[str, Field]) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    rows = []
    for _ in range(size):
        row: dict[str, Any] = {}
        for name, field in fields.items():
            if field.kind == "list":
                words = draw.sample(field.names, draw.randint(0, min(3, len(field.names))))
                row[name] = (tuple(words), draw.random() < 0.5)
            elif draw.random() < 0.25:
                row[name] = None
            elif field.kind == "number":
                row[name] = draw.choice(NUMBERS) if draw.random() < 0.7 else draw.randint(-4000, 4000) / 4
            elif field.kind == "truth":
                row[name] = draw.random() < 0.5
            elif field.kind == "text":
                row[name] = draw.choice(field.names)
            else:
                row[name] = TODAY - timedelta(days=draw.choice((0, 1, -1, 365, 366, 1826, 5000, 9131, 18000, -4000)))
        rows.append(row)
    return rows


def literal(value: Any) -> str:
    """A value as SQL writes it; what is not a number is unknown."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (str, date)):
        return f"'{value}'"
    if isinstance(value, tuple):
        words, complete = value
        return f"{{'words': {list(words)!r}, 'complete': {literal(complete)}}}"
    return f"{value!r}::DOUBLE"


class Referee:
    """A DuckDB table of rows, and the same rows as columns."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], fields: Mapping[str, Field], most_words: int = 3) -> None:
        self.fields = fields
        self.columns: dict[str, Column] = columns(rows, fields)
        self.database = duckdb.connect(config={"threads": 1})
        self.database.execute(_MACROS + has_any_macro(most_words))
        self.database.execute(f"CREATE TABLE t (i INTEGER, {', '.join(f'{n} {_TYPES[f.kind]}' for n, f in fields.items())})")
        lines = [f"({i}, {', '.join(literal(row[name]) for name in fields)})" for i, row in enumerate(rows)]
        self.database.execute(f"INSERT INTO t VALUES {', '.join(lines)}")

    def compare(self, text: str) -> None:
        """Asserts that both sides give the same value, or unknown, for every row."""
        answers = self.database.execute(f"SELECT CAST(({text}) AS DOUBLE) FROM t ORDER BY i").fetchall()
        values, known = compile_expression(text, self.fields)(self.columns, AS_OF)
        for i, ((expected,), value, there) in enumerate(zip(answers, values.tolist(), known.tolist(), strict=True)):
            got = value if there else None
            same = got == expected or (got is not None and expected is not None and math.isclose(got, expected, rel_tol=1e-12))
            assert same, f"{text}\nrow {i}: {self.row(i)}\nDuckDB {expected}, numpy {got}"

    def row(self, i: int) -> tuple[Any, ...]:
        found = self.database.execute("SELECT * FROM t WHERE i = ?", [i]).fetchone()
        assert found is not None
        return found


@cache
def referee(seed: int) -> Referee:
    return Referee(random_rows(seed, 80, FIELDS), FIELDS)


# --- random rules --------------------------------------------------------------------------------------------------------

number_words = st.sampled_from(["0", "1", "3", "7", "0.5", "2.25", ".25", "1e0", "25e-1"])
number_fields = st.sampled_from(["n", "m", "k"])
leaves = st.one_of(number_fields, number_fields, number_words, st.just("years_since(d)"))
bounds = st.sampled_from(
    [("0", "1"), ("1", "0"), ("-2.5", "7"), ("0.25", "250"), ("250", "1000"), ("1000", "-1000"), ("-(3)", "(4)"), ("1e0", "1e3")]
)
days = st.one_of(
    st.sampled_from((0, 1, -1, 365, 366, 1826, 5000, 9131, 18000, -4000)).map(lambda ago: str(TODAY - timedelta(days=ago))),
    st.dates(date(1000, 1, 1)).map(str),
)
"""Those of the rows, and any other."""
signs = st.sampled_from(["=", "<>", "!=", "<", "<=", ">", ">="])
gaps = st.sampled_from([" ", "  ", "\n"])


@st.composite
def number(draw: st.DrawFn, depth: int) -> str:
    """A number, with and without brackets, so that both parsers must agree on precedence."""
    if depth == 0 or draw(st.booleans()):
        return draw(leaves)
    below = number(depth=depth - 1)
    shape = draw(st.sampled_from(["sum", "sum", "bracket", "minus", "ratio", "ramp"]))
    if shape == "sum":
        return f"{draw(below)} {draw(st.sampled_from('+-*'))} {draw(below)}"
    if shape == "bracket":
        return f"({draw(below)})"
    if shape == "minus":
        return f"- {draw(below)}"
    if shape == "ratio":
        return f"ratio({draw(below)}, {draw(below)})"
    low, high = draw(bounds)
    return f"ramp({draw(below)}, {low}, {high})"


word_of_mode = st.sampled_from(["'make'", "'sell'", "'none'"])
word_of_marks = st.sampled_from(["'red'", "'green'", "'blue'"])
words_of_mode = st.lists(word_of_mode, min_size=1, max_size=3).map(", ".join)
words_of_marks = st.lists(word_of_marks, min_size=1, max_size=3).map(", ".join)


@st.composite
def condition(draw: st.DrawFn) -> str:
    """A single truth."""
    shape = draw(
        st.sampled_from(
            ["compare", "compare", "day", "field", "mode", "modes", "has", "any", "between", "in", "truths", "constant"]
        )
    )
    negated = draw(st.sampled_from(["", "NOT "]))
    left = number(depth=2)
    if shape == "compare":
        return f"{draw(left)} {draw(signs)} {draw(left)}"
    if shape == "day":
        return f"d {draw(signs)} '{draw(days)}'"
    if shape == "field":
        return draw(st.sampled_from(["s", "t", "u"]))
    if shape == "mode":
        return f"mode {draw(st.sampled_from(['=', '<>', '!=']))} {draw(word_of_mode)}"
    if shape == "modes":
        return f"mode {negated}IN ({draw(words_of_mode)})"
    if shape == "has":
        return f"has(marks, {draw(word_of_marks)})"
    if shape == "any":
        return f"has_any(marks, {draw(words_of_marks)})"
    if shape == "between":
        low, high = draw(bounds)
        return f"{draw(left)} {negated}BETWEEN {low} AND {high}"
    if shape == "in":
        return f"{draw(left)} {negated}IN ({', '.join(draw(st.lists(number_words, min_size=1, max_size=3)))})"
    if shape == "truths":
        return (
            f"{draw(st.sampled_from('stu'))} {draw(st.sampled_from(['=', '<>']))} {draw(st.sampled_from(['t', 'TRUE', 'false']))}"
        )
    return draw(st.sampled_from(["TRUE", "FALSE"]))


@st.composite
def truth(draw: st.DrawFn, depth: int) -> str:
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(condition())
    below = truth(depth=depth - 1)
    shape = draw(st.sampled_from(["and", "or", "not", "bracket", "same"]))
    if shape in ("and", "or"):
        return f"{draw(below)}{draw(gaps)}{shape.upper()}{draw(gaps)}{draw(below)}"
    if shape == "not":
        return f"NOT {draw(below)}"
    if shape == "bracket":
        return f"({draw(below)})"
    return f"({draw(below)}) {draw(st.sampled_from(['=', '<>']))} ({draw(below)})"


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(number(depth=3), st.integers(0, 4))
def test_random_numbers(text, seed):
    assume(len(text) <= LONGEST)
    referee(seed).compare(text)


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(truth(depth=4), st.integers(0, 4))
def test_random_truths(text, seed):
    assume(len(text) <= LONGEST)
    referee(seed).compare(text)


@settings(deadline=None, max_examples=100)
@given(signs, days, st.integers(0, 4))
def test_random_days(sign, day, seed):
    referee(seed).compare(f"d {sign} '{day}'")


@pytest.mark.parametrize(
    "text", ["n BETWEEN m AND k", "n NOT BETWEEN m AND 3", "2 BETWEEN m AND n", "NOT n BETWEEN 1 AND ratio(m, k)"]
)
def test_between_with_bounds_that_may_be_unknown(text):
    """``x BETWEEN a AND b`` is ``x >= a AND x <= b``: false as soon as one half is false, whatever the other."""
    for seed in range(5):
        referee(seed).compare(text)


def test_the_referee_can_tell_right_from_wrong():
    """The comparison itself: a table whose columns say something else than its rows must be found out."""
    rows = random_rows(1, 30, FIELDS)
    for text in ("n > 1", "s", "has(marks, 'red')", "mode = 'make'", "years_since(d) > 1", "d >= '2010-03-01'"):
        wrong = Referee(rows, FIELDS)
        wrong.columns = columns(random_rows(2, 30, FIELDS))
        with pytest.raises(AssertionError):
            wrong.compare(text)
        referee(1).compare(text)


def test_every_rule_and_veto_of_the_zone(engine: Engine, corpora: Corpora):
    fields = evidence_fields(tuple(engine.zone.chain_names), corpora)
    texts = [rule.value for rule in engine.zone.scoring.rules] + [veto.when for veto in engine.zone.scoring.vetoes]
    assert len(texts) > 20
    real = Referee(random_rows(7, 300, fields), fields, most_words=8)
    for text in texts:
        real.compare(text)
