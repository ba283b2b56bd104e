"""Texts of rules as trees (规则的语法树), by sqlglot, and what is written at their ends."""

from __future__ import annotations

import logging
import math
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from matcher.scoring.values import ExpressionError

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # what it would warn of is refused here anyway


@lru_cache(maxsize=4096)
def parsed(text: str) -> exp.Expression:
    """The tree of a text (语法树), which nobody changes: a zone's rules are checked, compiled and tried again and again.

    Raises:
        ExpressionError: It is no expression.
    """
    try:
        tree = sqlglot.parse_one(text, dialect="duckdb")
    except (SqlglotError, RecursionError) as error:
        raise ExpressionError(f"不成句：{str(error).splitlines()[0][:80]}") from None
    if not isinstance(tree, exp.Expression):
        raise ExpressionError("不成句")
    return tree


def shown(node: exp.Expression) -> str:
    """What to call a part of an expression: its name or value if it has one, else its kind (怎样称呼).

    sqlglot's own printing may fail on parts that this language refuses.
    """
    word = node.name if isinstance(node, (exp.Column, exp.Literal, exp.Identifier, exp.Anonymous)) else ""
    return word[:40] or type(node).__name__


def number(node: exp.Expression) -> float:
    """The number that is written there (数字字面值), with its sign.

    Raises:
        ExpressionError: It is none, or too large.
    """
    sign = 1.0
    while isinstance(node, (exp.Neg, exp.Paren)):
        sign = -sign if isinstance(node, exp.Neg) else sign
        node = node.this
    if not isinstance(node, exp.Literal) or node.is_string:
        raise ExpressionError(f"「{shown(node)}」应为数字")
    try:
        value = sign * float(node.this)
    except ValueError:
        raise ExpressionError(f"「{node.this[:40]}」不是数字") from None
    if not math.isfinite(value):
        raise ExpressionError(f"「{node.this[:40]}」太大")
    return value
