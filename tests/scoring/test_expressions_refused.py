"""Proves that what the rule language lacks is refused with a message that helps, and that no text raises anything else."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.scoring.expressions import DEEPEST, LONGEST, compile_expression
from matcher.scoring.values import ExpressionError
from tests.scoring.language import AS_OF, FIELDS, columns, evaluate

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ROWS = [
    {"n": 1, "m": 2, "k": 0, "s": True, "t": False, "u": None, "mode": "make", "marks": (("red",), True)},
    {},
    {"n": float("inf")},
]
COLUMNS = columns(ROWS)


def refusal(text: str) -> str:
    """The message with which a text is refused: never empty, one line, in Chinese, short enough to be read."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, FIELDS)
    message = str(caught.value)
    assert CHINESE.search(message), message
    assert len(message.splitlines()) == 1, message
    assert len(message) <= 200, message
    return message


NOT_IN_THE_LANGUAGE = [
    "CASE WHEN s THEN 1 ELSE 0 END",
    "CASE n WHEN 1 THEN 2 END > 1",
    "IF(s, 1, 0)",
    "COALESCE(n, 0)",
    "IFNULL(n, 0)",
    "NULLIF(n, 0)",
    "n IS NULL",
    "n IS NOT NULL",
    "n ISNULL",
    "n NOTNULL",
    "s IS TRUE",
    "s IS NOT TRUE",
    "n IS DISTINCT FROM 1",
    "n <=> 1",
    "NULL",
    "n = NULL",
    "n > NULL OR s",
    "n / 2",
    "n // 2",
    "n % 2",
    "n ** 2",
    "n ^ 2",
    "n & 1",
    "n | 1",
    "n << 1",
    "~n",
    "s || t",
    "s XOR t",
    "mode LIKE 'm%'",
    "mode NOT LIKE 'm%'",
    "mode ILIKE 'M%'",
    "mode GLOB 'm*'",
    "mode SIMILAR TO 'm.*'",
    "mode ~ 'm.*'",
    "regexp_matches(mode, 'm')",
    "REGEXP_LIKE(mode, 'm')",
    "n > (SELECT 1)",
    "n IN (SELECT 1)",
    "EXISTS (SELECT 1)",
    "n > ANY(1)",
    "n <> ALL(1)",
    "SELECT 1",
    "SELECT n FROM t",
    "WITH x AS (SELECT 1) SELECT * FROM x",
    "VALUES (1)",
    "n > 1 UNION SELECT 1",
    "DROP TABLE companies",
    "DELETE FROM companies",
    "INSERT INTO t VALUES (1)",
    "CREATE TABLE t (n INT)",
    "SET x = 1",
    "PRAGMA version",
    "ATTACH 'x.db'",
    "COPY t TO 'out.csv'",
    "INSTALL httpfs",
    "now()",
    "today()",
    "current_date",
    "CURRENT_TIMESTAMP",
    "random()",
    "RAND()",
    "uuid()",
    "abs(n)",
    "ln(n)",
    "sqrt(n)",
    "round(n)",
    "greatest(n, m)",
    "sum(n)",
    "COUNT(*)",
    "read_csv('x.csv')",
    "getenv('HOME')",
    "__import__('os')",
    "n::INTEGER > 1",
    "CAST(n AS INTEGER)",
    "TRY_CAST(n AS INTEGER)",
    "TRY(n)",
    "DATE '2020-01-01'",
    "INTERVAL 1 DAY",
    "d >= DATE '2014-03-01'",
    "d >= CAST('2014-03-01' AS DATE)",
    "d >= '2014-03-01'::DATE",
    "d >= '2014-03-01' + INTERVAL 1 YEAR",
    "year(d) > 2014",
    "[n]",
    "{'a': n}",
    "MAP {'a': n}",
    "(n, m)",
    "(n, m) = (1, 2)",
    "n IN ((1, 2))",
    "n IN (1, m)",
    "n IN ()",
    "n IN 5",
    "*",
    "n.*",
    "t.n",
    "x.ratio(n, m)",
    "n AS x",
    "n x",
    "n COLLATE nocase > 1",
    "x -> x + 1",
    "n := 1",
    "?",
    "$1",
    ":n",
    "#1",
    "@n",
    "ratio(n, m) OVER ()",
    "ratio(n, m) FILTER (WHERE s)",
    "ratio(DISTINCT n, m)",
    "ratio(n, m ORDER BY n)",
    "ratio(n := 1, m)",
    "NaN",
    "inf",
    "Infinity",
    "'nan'::DOUBLE",
    "0x1F",
    "x'41'",
    "e'a'",
    "$$a$$",
    "n > 1.2.3",
    "n > 1__0",
    "n > 1L",
]


@pytest.mark.parametrize("text", NOT_IN_THE_LANGUAGE)
def test_what_the_language_lacks(text):
    refusal(text)


@pytest.mark.parametrize(
    "text", ["n > 1; DROP TABLE x", "n > 1; m > 1", "; n > 1; s", "1;2;3", "SELECT 1; SELECT 2", "n > 1; -- s"]
)
def test_several_statements(text):
    refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "n > 1 -- m > 2",
        "n > 1 /* or less */",
        "/* n */ s",
        "5--3",
        "5 −−3",
        "n --\n> 1",
        "n > 1 OR --",
        "n /*+ hint */ > 1",
        "-- n",
    ],
)
def test_comments(text):
    refusal(text)


@pytest.mark.parametrize(
    "text", ['"n" > 1', '"n"', "has(\"marks\", 'red')", "\"has\"(marks, 'red')", "`n` > 1", "\"mode\" = 'make'", '"n > 1"']
)
def test_quoted_identifiers(text):
    refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "n ＞ 1", "ｎ > 1", "n > １", "n > ²", "n > 1²", "n > ①", "n > ½", "n > ٣", "n > 1٣", "n > 一", "n\u200b > 1",
        "\ufeffn\ufeff > 1", "n\u0301 > 1", "has（marks，'red'）", "mode = ‘make’", "mode = 'mаke'", "n ≥ 1", "n ≠ 1",
        "n ÷ 2", "ո > 1", "n \u202e> 1", "\ud800", "n = \udfff", "n\x00 > 1", "mode = 'make\u200b'", "mode = 'MAKE'",
        "N > 1", "企业 > 1", "🏭", "n > 1 并且 s",
    ],
)  # fmt: skip
def test_unicode_look_alikes(text):
    refusal(text)


@pytest.mark.parametrize("text", ["n > 1e", "n > 1e+", "n > 1e5.2", "ramp(n, 0, 1e)", "n IN (1e)", "n > 1.e-", "-1e"])
def test_broken_numbers(text):
    refusal(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n", "(", ")", "()", "(n", "n)", "n >", "> n", "n > > 1", "s AND", "OR s", "NOT", "n BETWEEN 1", "n IN", "'",
     "'make", "has(marks, 'red'", "n m", "1 2", ",", ";", "n,", "AND", "n > 1 s"],
)  # fmt: skip
def test_broken_sentences(text):
    refusal(text)


@pytest.mark.parametrize("text", ["n BETWEEN SYMMETRIC 5 AND 1", "n NOT BETWEEN SYMMETRIC 5 AND 1"])
def test_between_has_no_symmetric_form(text):
    refusal(text)


@pytest.mark.parametrize("text", ["1 < n < 3", "n = m = s", "0 <= n <= 1 AND s", "n > 1 = s"])
def test_comparisons_do_not_chain(text):
    """SQL has no chained comparisons; ``(1 < n) < 3`` would be true of every number."""
    refusal(text)


@pytest.mark.parametrize(
    ("text", "helps"),
    [
        ("nn > 1", "「n」"),
        ("mark = 'red'", "「marks」"),
        ("mode = 'maker'", "「make」"),
        ("mode IN ('make', 'sel')", "「sell」"),
        ("has(marks, 'gren')", "「green」"),
        ("mode = 'xyz'", "make、sell、none"),
        ("marks", "has(marks"),
        ("n AND s", "真假"),
        ("NOT n", "真假"),
        ("s OR mode", "真假"),
        ("n = 'make'", "数字"),
        ("mode > 'make'", "IN"),
        ("mode = 1", "类别"),
        ("mode", "类别"),
        ("d", "日期"),
        ("d > 5", "日期"),
        ("n > '5'", "类别"),
        ("'make'", "类别"),
        ("has(n, 'red')", "列表"),
        ("has(marks)", "has(列表, '词')"),
        ("has(marks, 'red', 'blue')", "has_any(列表"),
        ("has_any(marks)", "has_any(列表"),
        ("has(marks, red)", "引号"),
        ("has('red', marks)", "字段名"),
        ("ratio(n)", "ratio(分子, 分母)"),
        ("ratio(n, m, 1)", "ratio(分子, 分母)"),
        ("ratio(d, n)", "日期"),
        ("ramp(n, 1)", "ramp(数字, 起点, 终点)"),
        ("ramp(n, 1, 1)", "不能相同"),
        ("ramp(n, m, 2)", "「m」"),
        ("ramp(mode, 0, 1)", "类别"),
        ("years_since(n)", "日期"),
        ("years_since(d, d)", "years_since(日期)"),
        ("years_since('2020-01-01')", "2020-01-01"),
        ("d >= '2014-3-1'", "'2014-03-01'"),
        ("d >= '2014-02-30'", "'2014-03-01'"),
        ("d >= '20140301'", "'2014-03-01'"),
        ("d >= '2014-W09-6'", "'2014-03-01'"),
        ("d >= '2014-03-01 '", "'2014-03-01'"),
        ("d >= '2014-03-01T00:00'", "'2014-03-01'"),
        ("d >= '2014年3月1日'", "'2014-03-01'"),
        ("d >= '２０１４-03-01'", "'2014-03-01'"),
        ("d >= '2014'", "'2014-03-01'"),
        ("d >= '10000-01-01'", "'2014-03-01'"),
        ("d = ''", "'2014-03-01'"),
        ("d = 'make'", "'2014-03-01'"),
        ("d >= 2014", "日期"),
        ("d > n", "日期"),
        ("n > d", "数字"),
        ("d > d", "日期"),
        ("n >= '2014-03-01'", "比较"),
        ("years_since(d) >= '2014-03-01'", "比较"),
        ("mode = '2014-03-01'", "make、sell、none"),
        ("'2014-03-01' <= d", "比较"),
        ("'2014-03-01' = d", "日期"),
        ("'2014-03-01' <= '2015-03-01'", "比较"),
        ("d IN ('2014-03-01')", "日期"),
        ("d NOT IN ('2014-03-01', '2015-03-01')", "日期"),
        ("d IN (2014)", "日期"),
        ("d BETWEEN '2014-03-01' AND '2015-03-01'", "日期"),
        ("d + 1 > 5", "日期"),
        ("ramp(d, 0, 1)", "日期"),
        ("log10x(n)", "ramp"),
    ],
)
def test_messages_say_what_would_be_right(text, helps):
    assert helps in refusal(text)


@pytest.mark.parametrize("text", ["mode = 'ma\nke'", "mode = 'a\rb'", "has(marks, 'r\u2028d')", "n > 'a\nb'", "foo\n(\n1\n)"])
def test_messages_are_one_line(text):
    refusal(text)


def test_length():
    padding = " " * (LONGEST - len("n > 1"))
    assert evaluate("n > 1" + padding, n=2) is True
    assert str(LONGEST) in refusal("n > 1" + padding + " ")
    refusal("(" * 100_000)
    refusal("n + " * 100_000 + "n")


def test_depth():
    assert evaluate("(" * DEEPEST + "n" + ")" * DEEPEST, n=2) == 2
    assert str(DEEPEST) in refusal("(" * (DEEPEST + 1) + "n" + ")" * (DEEPEST + 1))
    refusal("-(" * 13 + "n" + ")" * 13)
    assert evaluate(" AND ".join(["((s))"] * 30), s=True) is True


UNITS = (
    "NOT ", "- ", "+ ", "~", "[", "{", "(", "1+", "n*", "s AND ", "s OR ", "1=", "CASE WHEN ", "has(", "SELECT ", "n IN (",
    "'", "--", "/*", "@", "!", "?", ".",
)  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("end", ["", "n", "s", "1", "z", "'"])
def test_repetition_up_to_the_longest_never_breaks_anything_else(unit, end):
    check((unit * LONGEST)[: LONGEST - len(end)] + end)


def check(text: str) -> None:
    """Either an expression that evaluates to whole columns of finite numbers, or a refusal with a message."""
    try:
        expression = compile_expression(text, FIELDS)
    except ExpressionError as error:
        assert CHINESE.search(str(error))
        return
    assert expression.kind in ("number", "truth")
    assert set(expression.fields) <= set(FIELDS)
    values, known = expression(COLUMNS, AS_OF)
    assert values.shape == known.shape == (len(ROWS),)
    assert known.dtype == np.bool_
    assert np.isfinite(values).all()
    if expression.kind == "truth":
        assert set(values.tolist()) <= {0.0, 1.0}


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
TOKENS = (
    *FIELDS,
    "<", "<=", "=", "==", "<>", "!=", ">", ">=", "+", "-", "*", "/", "×", "−", "(", ")", ",", ".", ";", "'", '"', "--", "/*",
    "*/", "::", "||", "->", "[", "]", "{", "}", "$1", "?", "@", "AND", "OR", "NOT", "IN", "BETWEEN", "SYMMETRIC", "IS", "NULL",
    "LIKE", "CASE", "WHEN", "THEN", "END", "TRUE", "FALSE", "SELECT", "FROM", "DATE", "AS", "OVER", "ratio(", "ramp(",
    "years_since(", "has(", "has_any(", "abs(", "now()", "0", "1", "2.5", ".5", "1.", "1e5", "1e", "1_0", "0x1", "1e999",
    "'make'", "'red'", "'x'", "'2014-03-01'", "'2014-3-1'", "e'x'", "５", "²", "企业", "\n", "\x00", "\ud800",
)  # fmt: skip


@settings(deadline=None, max_examples=400)
@given(ANY_TEXT)
def test_any_text(text):
    check(text)


@pytest.mark.slow
@settings(deadline=None, max_examples=1000)
@given(st.lists(st.sampled_from(TOKENS), max_size=14), st.sampled_from(["", " "]))
def test_any_heap_of_tokens(tokens, joint):
    check(joint.join(tokens))


WOUNDS = st.tuples(st.integers(0, 80), st.integers(0, 3), st.one_of(ANY_TEXT, st.sampled_from(TOKENS)))
SEEDS = (
    "ramp(n, 250, 850) - 0.5 * ramp(years_since(d), 30, 45)",
    "(mode = 'make' AND n < 1000 AND mode NOT IN ('sell')) OR m < 500",
    "NOT has_any(marks, 'red', 'blue') AND n BETWEEN 1 AND 2e3",
    "d >= '2014-03-01' AND n >= 2000",
)


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 3), st.one_of(ANY_TEXT, st.sampled_from(TOKENS))), max_size=3),
)
def test_damaged_rules(text, wounds):
    for place, length, put in wounds:
        text = text[:place] + put + text[place + length :]
    check(text)
