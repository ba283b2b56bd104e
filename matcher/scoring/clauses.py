"""Clauses of an expression (分句): the conditions that must all hold, or the factors of which none may be zero."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import exp

from matcher.scoring.expressions import Expression, compile_expression
from matcher.scoring.values import Field


def clauses(expression: Expression, fields: Mapping[str, Field]) -> tuple[Expression, ...]:
    """The clauses on which a compiled expression stands or falls together (分句), in order.

    What is joined by AND, or multiplied, at the top; anything else is one clause, an OR among them.
    """
    tree = _bare(sqlglot.parse_one(expression.text.replace("×", "*").replace("−", "-"), dialect="duckdb"))
    joint = next((kind for kind in (exp.And, exp.Mul) if isinstance(tree, kind)), None)
    if joint is None:
        return (expression,)
    return tuple(compile_expression(part.sql(dialect="duckdb"), fields) for part in _parts(tree, joint))


def _parts(node: exp.Expr, joint: type[exp.Binary]) -> Iterator[exp.Expr]:
    """What the joint joins, through brackets and however deep."""
    bare = _bare(node)
    if isinstance(bare, joint):
        yield from _parts(bare.left, joint)
        yield from _parts(bare.right, joint)
    else:
        yield bare


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node
