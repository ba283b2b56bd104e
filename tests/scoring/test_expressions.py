"""Proves that every construct of the rule language means what its documentation says, exhaustively for three-valued logic."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import Any

import numpy as np
import pytest

from matcher.scoring.expressions import compile_expression
from matcher.scoring.values import ExpressionError, Field
from tests.scoring.language import AS_OF, FIELDS, TODAY, columns, evaluate, evaluate_rows

THREE = (True, False, None)


def both(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def either(left: bool | None, right: bool | None) -> bool | None:
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def opposite(value: bool | None) -> bool | None:
    return None if value is None else not value


# --- comparisons and arithmetic ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "below", "equal", "above"),
    [
        ("n < 5", True, False, False),
        ("n <= 5", True, True, False),
        ("n = 5", False, True, False),
        ("n >= 5", False, True, True),
        ("n > 5", False, False, True),
        ("n <> 5", True, False, True),
        ("n != 5", True, False, True),
        ("5 > n", True, False, False),
        ("5 <= n", False, True, True),
    ],
)
def test_comparisons_with_a_number(text, below, equal, above):
    assert evaluate_rows(text, [{"n": 4.5}, {"n": 5}, {"n": 5.5}, {"n": None}]) == [below, equal, above, None]


@pytest.mark.parametrize("sign", ["=", "<>", "!=", "<", "<=", ">", ">="])
def test_a_comparison_with_an_unknown_side_is_unknown(sign):
    for n, m in ((None, 5), (5, None), (None, None)):
        for junk in (0, 5):
            assert evaluate_rows(f"n {sign} m", [{"n": n, "m": m}], junk=junk) == [None]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("n + m", 10.5),
        ("n - m", 3.5),
        ("n * m", 24.5),
        ("n × m", 24.5),
        ("n − m", 3.5),
        ("-n", -7.0),
        ("−n", -7.0),
        ("- -n", 7.0),
        ("n - m - 1", 2.5),
        ("n - (m - 1)", 4.5),
        ("1 + n * m", 25.5),
        ("(1 + n) * m", 28.0),
        ("-n * m", -24.5),
        ("2 - n * m + 1", -21.5),
        (".5 * n", 3.5),
        ("1e2 + n", 107.0),
        ("n", 7.0),
        ("12", 12.0),
        ("-1.25", -1.25),
    ],
)
def test_arithmetic_by_hand(text, value):
    assert evaluate(text, n=7, m=3.5) == value


@pytest.mark.parametrize("text", ["n + m", "m + n", "n - m", "m - n", "n * m", "m * n", "0 * n", "-n", "n - n", "(n)"])
def test_arithmetic_with_an_unknown_part_is_unknown(text):
    assert evaluate(text, n=None, m=3) is None


def test_truths_compare_with_truths():
    for left, right in product(THREE, THREE):
        unknown = left is None or right is None
        assert evaluate("s = t", s=left, t=right) is (None if unknown else left == right)
        assert evaluate("s <> t", s=left, t=right) is (None if unknown else left != right)
    for value in THREE:
        assert evaluate("s = TRUE", s=value) is value
        assert evaluate("s = false", s=value) is opposite(value)
        assert evaluate("(n > 3) = s", n=4, s=value) is value
        assert evaluate("s", s=value) is value
    assert (evaluate("TRUE"), evaluate("FALSE"), evaluate("true")) == (True, False, True)


@pytest.mark.parametrize(
    ("n", "inside"), [(1.9, False), (2, True), (3, True), (4, True), (4.1, False), (None, None), (float("nan"), None)]
)
def test_between_includes_both_ends(n, inside):
    assert evaluate("n BETWEEN 2 AND 4", n=n) is inside
    assert evaluate("n NOT BETWEEN 2 AND 4", n=n) is opposite(inside)
    assert evaluate("NOT n BETWEEN 2 AND 4", n=n) is opposite(inside)


def test_between_ends_are_not_swapped():
    assert evaluate("n BETWEEN 4 AND 2", n=3) is False
    assert evaluate("n BETWEEN m AND m + 2 AND s", n=3, m=2, s=True) is True
    assert evaluate("-n BETWEEN -4 AND -2", n=3) is True


@pytest.mark.parametrize(("n", "inside"), [(1, True), (2.5, True), (-3, True), (2, False), (None, None)])
def test_in_a_set_of_numbers(n, inside):
    assert evaluate("n IN (1, 2.5, -3)", n=n) is inside
    assert evaluate("n NOT IN (1, 2.5, -3)", n=n) is opposite(inside)
    assert evaluate("n + 1 IN (2, 3.5, -2)", n=n) is inside


@pytest.mark.parametrize("mode", ["make", "sell", "none", None])
def test_categories(mode):
    def answer(value: bool) -> bool | None:
        return None if mode is None else value

    for junk in (0, 1):
        rows = [{"mode": mode}]
        assert evaluate_rows("mode = 'sell'", rows, junk) == [answer(mode == "sell")]
        assert evaluate_rows("'sell' = mode", rows, junk) == [answer(mode == "sell")]
        assert evaluate_rows("mode <> 'sell'", rows, junk) == [answer(mode != "sell")]
        assert evaluate_rows("mode != 'sell'", rows, junk) == [answer(mode != "sell")]
        assert evaluate_rows("mode IN ('make', 'sell')", rows, junk) == [answer(mode in ("make", "sell"))]
        assert evaluate_rows("mode NOT IN ('make', 'sell')", rows, junk) == [answer(mode == "none")]


DAYS = [date(2014, 2, 28), date(2014, 3, 1), date(2014, 3, 2), None]


@pytest.mark.parametrize(
    ("text", "before", "same", "after"),
    [
        ("d < '2014-03-01'", True, False, False),
        ("d <= '2014-03-01'", True, True, False),
        ("d = '2014-03-01'", False, True, False),
        ("d >= '2014-03-01'", False, True, True),
        ("d > '2014-03-01'", False, False, True),
        ("d <> '2014-03-01'", True, False, True),
        ("d != '2014-03-01'", True, False, True),
        ("NOT d < '2014-03-01'", False, True, True),
        ("(d >= '2014-03-01') = TRUE", False, True, True),
        ("d >= '2014-03-01' AND d < '2014-03-02'", False, True, False),
    ],
)
def test_comparisons_with_a_day(text, before, same, after):
    expected = [before, same, after, None]
    for junk in (0, 16130):  # what lies under an unknown date, here the day itself, never shows
        assert evaluate_rows(text, [{"d": day} for day in DAYS], junk=junk) == expected


def test_an_unknown_day_leaves_a_condition_unknown_unless_the_rest_settles_it():
    for s in THREE:
        assert evaluate("d >= '2014-03-01' AND s", d=None, s=s) is both(None, s)
        assert evaluate("d >= '2014-03-01' OR s", d=None, s=s) is either(None, s)
    assert evaluate("d >= '2014-03-01' AND n >= 2000", d=None, n=5) is False
    assert evaluate("d >= '2014-03-01' AND n >= 2000", d=None, n=5000) is None


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1949, 10, 1), date(1969, 12, 31), date(2000, 2, 29), date(9999, 12, 31)])
def test_any_day_of_the_calendar_can_be_named(day):
    assert evaluate(f"d = '{day}'", d=day) is True
    assert evaluate(f"d <= '{day}'", d=day) is True
    other = day + timedelta(days=1 if day.year < 9999 else -1)
    assert evaluate(f"d = '{day}'", d=other) is False


def test_a_comparison_with_a_day_does_not_read_the_runs_date():
    expression = compile_expression("d > '2030-01-01'", FIELDS)
    made = columns([{"d": date(2031, 1, 1)}, {"d": date(2029, 1, 1)}])
    for as_of in (0, AS_OF, AS_OF + 10_000):
        assert expression(made, as_of)[0].tolist() == [1.0, 0.0]
    assert (expression.kind, expression.fields) == ("truth", ("d",))


# --- functions -----------------------------------------------------------------------------------------------------------


def test_ratio():
    assert evaluate("ratio(n, m)", n=3, m=4) == 0.75
    assert evaluate("ratio(n, m)", n=0, m=4) == 0
    assert evaluate("ratio(-n, m)", n=3, m=-4) == 0.75
    for n, m in ((3, 0), (0, 0), (3, -0.0), (None, 4), (3, None), (None, None)):
        assert evaluate("ratio(n, m)", n=n, m=m) is None
    assert evaluate("ratio(1, ratio(n, m))", n=3, m=0) is None
    assert evaluate("ratio(n, m) > 0 OR s", n=3, m=0, s=True) is True
    assert evaluate("ratio(n, m) > 0 OR s", n=3, m=0, s=False) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ramp(n, 0, 10)", 0.7),
        ("ramp(n, 7, 10)", 0.0),
        ("ramp(n, 0, 7)", 1.0),
        ("ramp(n, 8, 10)", 0.0),
        ("ramp(n, 0, 6)", 1.0),
        ("ramp(n, 10, 0)", 0.3),
        ("ramp(n, 6, 0)", 0.0),
        ("ramp(n, 10, 8)", 1.0),
        ("ramp(n, 7, 0)", 0.0),
        ("ramp(n, 10, 7)", 1.0),
        ("ramp(-n, -10, 0)", 0.3),
        ("ramp(n, 6.5, 7.5)", 0.5),
        ("ramp(n * 2, (0), -(-28))", 0.5),
    ],
)
def test_ramp_by_hand(text, value):
    assert evaluate(text, n=7) == pytest.approx(value, abs=1e-12)
    assert evaluate(text, n=None) is None


def test_years_since():
    cases = {TODAY: 0.0, TODAY - timedelta(days=1): 1 / 365.2425, date(2016, 1, 1): 3653 / 365.2425, date(1626, 1, 1): 400.0}
    for day, years in cases.items():
        assert evaluate("years_since(d)", d=day) == pytest.approx(years, abs=1e-9)
    assert evaluate("years_since(d)", d=TODAY + timedelta(days=1)) is None
    assert evaluate("years_since(d)", d=None) is None
    assert evaluate("years_since(d) < 3", d=date(2023, 1, 2)) is True
    assert evaluate("years_since(d) < 3", d=date(2022, 12, 31)) is False


def test_years_since_reads_the_runs_date():
    expression = compile_expression("years_since(d)", FIELDS)
    assert expression(columns([{"d": date(2000, 1, 1)}]), AS_OF + 1000)[0][0] == pytest.approx((AS_OF + 1000 - 10957) / 365.2425)


@pytest.mark.parametrize("complete", [True, False])
def test_has_is_false_only_on_a_complete_list(complete):
    absent = False if complete else None
    for words in ((), ("red",), ("green", "blue"), ("red", "green", "blue")):
        marks = (words, complete)
        assert evaluate("has(marks, 'red')", marks=marks) is (True if "red" in words else absent)
        assert evaluate("has_any(marks, 'red')", marks=marks) is (True if "red" in words else absent)
        found = "green" in words or "blue" in words
        assert evaluate("has_any(marks, 'green', 'blue')", marks=marks) is (True if found else absent)
        assert evaluate("NOT has_any(marks, 'blue', 'green', 'blue')", marks=marks) is (False if found else opposite(absent))


def test_a_list_may_hold_as_many_words_as_marks_need():
    words = tuple(f"w{number}" for number in range(60))
    fields = {"marks": Field("list", "列表", words)}
    made = columns([{"marks": ((words[59],), True)}, {"marks": ((words[0],), True)}], fields)
    values, known = compile_expression("has(marks, 'w59')", fields)(made, AS_OF)
    assert values.tolist() == [1.0, 0.0]
    assert known.all()


# --- unknowns ------------------------------------------------------------------------------------------------------------


def trees(depth: int) -> list[tuple[str, Any]]:
    """All formulas over s and t down to a depth, with the function that each stands for."""
    if depth == 0:
        return [("s", lambda s, t: s), ("t", lambda s, t: t)]
    lower = trees(depth - 1)
    made = list(lower)
    made += [(f"NOT ({text})", lambda s, t, f=f: opposite(f(s, t))) for text, f in lower]
    for (a, f), (b, g) in product(lower, lower):
        made.append((f"({a}) AND ({b})", lambda s, t, f=f, g=g: both(f(s, t), g(s, t))))
        made.append((f"({a}) OR ({b})", lambda s, t, f=f, g=g: either(f(s, t), g(s, t))))
    return made


def test_all_formulas_of_two_truths_to_depth_two_over_all_nine_states():
    states = list(product(THREE, THREE))
    rows = [{"s": s, "t": t} for s, t in states]
    formulas = trees(2)
    assert len(formulas) > 300
    for text, meaning in formulas:
        expected = [meaning(s, t) for s, t in states]
        for junk in (0, 1):  # what is stored under an unknown value must never show
            assert evaluate_rows(text, rows, junk) == expected, text


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("s AND t OR u", lambda s, t, u: either(both(s, t), u)),
        ("s OR t AND u", lambda s, t, u: either(s, both(t, u))),
        ("NOT s AND t OR u", lambda s, t, u: either(both(opposite(s), t), u)),
        ("NOT s OR NOT t AND NOT u", lambda s, t, u: either(opposite(s), both(opposite(t), opposite(u)))),
        ("s AND t AND u", lambda s, t, u: both(both(s, t), u)),
        ("s OR t OR u", lambda s, t, u: either(either(s, t), u)),
        ("NOT (s AND t) OR u", lambda s, t, u: either(opposite(both(s, t)), u)),
        ("NOT NOT s", lambda s, t, u: s),
        ("NOT s = TRUE", lambda s, t, u: opposite(s)),
        ("s AND TRUE", lambda s, t, u: s),
        ("s AND FALSE", lambda s, t, u: False),
        ("s OR TRUE", lambda s, t, u: True),
        ("FALSE OR s", lambda s, t, u: s),
    ],
)
def test_precedence_over_all_twenty_seven_states(text, meaning):
    states = list(product(THREE, repeat=3))
    rows = [{"s": s, "t": t, "u": u} for s, t, u in states]
    for junk in (0, 1):
        assert evaluate_rows(text, rows, junk) == [meaning(*state) for state in states]


NOT_NUMBERS = (float("nan"), float("inf"), float("-inf"))
READS = (
    "n", "-n", "n + 1", "0 * n", "n - n", "n = 1", "n <> 1", "n < 1", "n >= 1", "n = n", "n IN (1, 2)", "n NOT IN (1, 2)",
    "n BETWEEN 0 AND 1", "n NOT BETWEEN 0 AND 1", "1 BETWEEN n AND 2", "1 BETWEEN 0 AND n", "ramp(n, 0, 1)", "ramp(n, 1, 0)",
    "ramp(n * 0, 0, 1)", "ratio(n, 1)", "ratio(1, n)", "ratio(1, n) < 1", "ramp(ratio(1, n), 0, 1)", "NOT n > 1",
)  # fmt: skip


@pytest.mark.parametrize("text", READS)
def test_nan_and_infinity_count_as_unknown(text):
    assert evaluate_rows(text, [{"n": value} for value in NOT_NUMBERS]) == [None] * 3


@pytest.mark.parametrize("text", ["ramp(n, 0, 1e400)", "n IN (1e400)", "n < 1e400", "n + 1e400", "n BETWEEN 0 AND 1e400"])
def test_a_literal_too_big_for_a_number_is_never_a_known_value(text):
    try:
        answer = evaluate(text, n=5)
    except ExpressionError:
        return
    assert answer is None


def test_overflow_counts_as_unknown():
    for text in ("n * 1e300 * 1e300", "n * 1e300 * 1e300 > 1", "ratio(1, n * 1e300 * 1e300)", "n * 1e300 * 1e300 < 1 OR FALSE"):
        assert evaluate(text, n=5) is None, text


# --- the compiled expression ---------------------------------------------------------------------------------------------


def test_kind_text_and_fields_of_an_expression():
    text = "ramp(n, 0, 1) - 0.5 * ramp(years_since(d), 1, 2) + n"
    expression = compile_expression(text, FIELDS)
    assert (expression.text, expression.kind, expression.fields) == (text, "number", ("d", "n"))
    expression = compile_expression("has(marks, 'red') AND mode IN ('make') OR s", FIELDS)
    assert (expression.kind, expression.fields) == ("truth", ("marks", "mode", "s"))
    assert compile_expression("TRUE", FIELDS).fields == ()


def test_an_empty_batch_and_a_constant_over_a_batch():
    for text in ("n > 1", "3", "has(marks, 'red')", "years_since(d)", "ratio(n, 0)"):
        values, known = compile_expression(text, FIELDS)(columns([]), AS_OF)
        assert values.shape == known.shape == (0,)
    assert evaluate_rows("3 > 2", [{}] * 4) == [True] * 4


def test_rows_do_not_know_of_each_other_and_columns_stay_as_they_were():
    rows = [{"n": n, "m": m, "s": s} for n, m, s in product((None, 0, 1.5, float("inf")), (None, 0, 3), THREE)]
    text = "ratio(n, m) > 0.25 AND NOT s OR ramp(n, 0, 2) = 0"
    together = evaluate_rows(text, rows)
    assert together == [evaluate(text, **row) for row in rows]
    assert together[::-1] == evaluate_rows(text, rows[::-1])
    made = columns(rows)
    before = {name: (column.values.copy(), column.known.copy()) for name, column in made.items()}
    compile_expression(text, FIELDS)(made, AS_OF)
    for name, (values, known) in before.items():
        np.testing.assert_array_equal(made[name].values, values)
        np.testing.assert_array_equal(made[name].known, known)
