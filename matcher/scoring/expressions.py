"""The rule language (规则语言): small, checked node by node, with one meaning for what is unknown.

    comparisons  = <> != < <= > >=  BETWEEN … AND …  IN (…)      logic      AND  OR  NOT      dates  d >= '2014-03-01'
    arithmetic   + − ×  (unary −)                                  functions  ratio(a, b)  ramp(x, lo, hi)  years_since(d)
                                                                              has(list, 'x')  has_any(list, 'x', 'y' …)

A text is parsed by sqlglot, told in the few nodes of ``nodes`` and evaluated by ``program``; whatever is not listed here is refused with
what would be right.

Unknown: a comparison or sum with an unknown part is unknown; ``AND`` with a false part is false, ``OR`` with a true part is true, whatever
the rest. ``has`` is true if the word is there, false if the list is known to be complete, else unknown. ``ratio(a, 0)`` is unknown. NaN
and infinity count as unknown. ``ramp`` is 0 at ``lo``, 1 at ``hi``, straight between, flat outside; ``lo`` may be the greater.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from matcher.scoring import nodes
from matcher.scoring.nodes import Node
from matcher.scoring.program import Program
from matcher.scoring.trees import number, parsed, shown
from matcher.scoring.values import KIND_NAMES, Column, ExpressionError, Field, Kind, date_number

LONGEST = 400
"""Characters of an expression; a longer one is two rules."""
DEEPEST = 12
"""Brackets within brackets."""

_FUNCTIONS = ("ratio", "ramp", "years_since", "has", "has_any")


@dataclass(frozen=True)
class Expression:
    """A compiled expression (编译后的表达式).

    Attributes:
        text: As written.
        kind: ``number`` or ``truth``.
        fields: Names of the fields it reads, sorted.
        node: What it comes to.
    """

    text: str
    kind: Kind
    fields: tuple[str, ...]
    node: Node = field(repr=False)

    def __call__(self, columns: Mapping[str, Column], as_of: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Evaluates for a batch (求值): numbers, truth as 0 and 1, nought where unknown.

        Args:
            columns: The fields read, all of one length.
            as_of: The run's date in days since 1970.
        """
        values, known = self._alone(columns, as_of, len(next(iter(columns.values())).known) if columns else 1)
        return values[0], known[0]

    @cached_property
    def _alone(self) -> Program:
        return together([self])


def together(expressions: Sequence[Expression]) -> Program:
    """Some expressions, to be evaluated together (一起求值)."""
    return Program([(one.node, one.kind == "truth") for one in expressions])


def compile_expression(text: str, fields: Mapping[str, Field]) -> Expression:
    """Checks and compiles an expression (编译表达式).

    Raises:
        ExpressionError: It is too long or too deep, or holds something that the language lacks.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"表达式有 {len(text)} 字，最多 {LONGEST} 字")
    plain = text.replace("×", "*").replace("−", "-")
    for mark, name in (("--", "注释"), ("/*", "注释"), (";", "分号"), ("#", "注释")):
        if mark in plain:
            raise ExpressionError(f"不能写{name}（{mark}）")
    depth = deepest = 0
    for char in plain:
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise ExpressionError(f"括号嵌套 {deepest} 层，最多 {DEEPEST} 层")
    tree = parsed(plain)
    compiler = _Compiler(fields)
    kind, node = compiler.node(tree)
    if kind not in ("number", "truth"):
        raise ExpressionError(f"结果应为数字或真假，得到的是{KIND_NAMES[kind]}")
    return Expression(text, kind, tuple(sorted(compiler.read)), node)


class _Compiler:
    def __init__(self, fields: Mapping[str, Field]) -> None:
        self.fields = fields
        self.read: set[str] = set()

    def node(self, node: exp.Expression) -> tuple[Kind, Node]:
        handler = _NODES.get(type(node))
        if handler is None:
            raise ExpressionError(f"规则语言没有「{shown(node)}」这种写法")
        return handler(self, node)

    def of_kind(self, node: exp.Expression, *kinds: Kind) -> Node:
        kind, found = self.node(node)
        if kind not in kinds:
            wanted = "或".join(KIND_NAMES[k] for k in kinds)
            raise ExpressionError(f"「{shown(node)}」应为{wanted}，它是{KIND_NAMES[kind]}")
        return found

    def field(self, node: exp.Expression) -> tuple[str, Field]:
        if not isinstance(node, exp.Column) or not isinstance(node.this, exp.Identifier) or node.table or node.this.quoted:
            raise ExpressionError(f"「{shown(node)}」应为字段名")
        name = node.name
        if name not in self.fields:
            near = difflib.get_close_matches(name, list(self.fields), n=1, cutoff=0.4)
            raise ExpressionError(f"没有字段「{name[:40]}」" + (f"，是不是想写「{near[0]}」？" if near else ""))
        self.read.add(name)
        return name, self.fields[name]

    def column(self, node: exp.Expression) -> tuple[Kind, Node]:
        name, field = self.field(node)
        if field.kind == "list":
            raise ExpressionError(f"「{name}」是列表，应写 has({name}, '…')")
        return field.kind, Node("flag" if field.kind == "truth" else "column", given=(name,))

    def literal(self, node: exp.Expression) -> tuple[Kind, Node]:
        assert isinstance(node, exp.Literal)
        if node.is_string:
            raise ExpressionError(f"文字「{node.this[:40]}」只能与类别字段比较")
        return "number", nodes.number(number(node))

    def truth(self, node: exp.Expression) -> tuple[Kind, Node]:
        return "truth", nodes.truth(bool(node.this))

    def paren(self, node: exp.Expression) -> tuple[Kind, Node]:
        return self.node(node.this)

    def negative(self, node: exp.Expression) -> tuple[Kind, Node]:
        return "number", Node("mul", (nodes.number(-1.0), self.of_kind(node.this, "number")))

    def arithmetic(self, node: exp.Expression) -> tuple[Kind, Node]:
        parts = self.of_kind(node.this, "number"), self.of_kind(node.expression, "number")
        return "number", Node(_ARITHMETIC[type(node)], parts)

    def comparison(self, node: exp.Expression) -> tuple[Kind, Node]:
        compared = _COMPARISONS[type(node)]
        for one, other in ((node.this, node.expression), (node.expression, node.this)):
            if isinstance(other, exp.Literal) and other.is_string:
                if one is node.this and self._is_date(one):
                    return "truth", compared(self.of_kind(one, "date"), nodes.number(date_number(other.this)))
                if type(node) not in (exp.EQ, exp.NEQ):
                    raise ExpressionError("类别只能用 =、<>、IN 比较；日期写作 founded >= '2014-03-01'，字段在左")
                return "truth", self._membership(one, [other], negate=isinstance(node, exp.NEQ))
        if any(isinstance(side, (*_COMPARISONS, exp.Between, exp.In)) for side in (node.this, node.expression)):
            raise ExpressionError("比较不能连写，应为 a < x AND x < b")
        kind, left = self.node(node.this)
        right = self.of_kind(node.expression, kind)
        if kind not in ("number", "truth") or (kind == "truth" and type(node) not in (exp.EQ, exp.NEQ)):
            raise ExpressionError(f"「{shown(node.this)}」是{KIND_NAMES[kind]}，不能这样比较")
        if kind == "truth":
            alike = nodes.same(left, right)
            return "truth", nodes.opposite(alike) if isinstance(node, exp.NEQ) else alike
        return "truth", compared(left, right)

    def _is_date(self, node: exp.Expression) -> bool:
        return isinstance(node, exp.Column) and node.name in self.fields and self.fields[node.name].kind == "date"

    def _membership(self, node: exp.Expression, words: Iterable[exp.Expression], *, negate: bool) -> Node:
        name, field = self.field(node)
        if field.kind != "text":
            raise ExpressionError(f"「{name}」是{KIND_NAMES[field.kind]}，不能与文字比较")
        found = nodes.among(Node("column", given=(name,)), [self._word(word, name, field) for word in words])
        return nodes.opposite(found) if negate else found

    def _word(self, node: exp.Expression, name: str, field: Field) -> int:
        if not isinstance(node, exp.Literal) or not node.is_string:
            raise ExpressionError(f"「{shown(node)}」应为加引号的文字")
        if node.this not in field.names:
            near = difflib.get_close_matches(node.this, field.names, n=1, cutoff=0.4)
            hint = f"，是不是想写「{near[0]}」？" if near else f"，可写：{'、'.join(field.names[:20])}"
            raise ExpressionError(f"「{name}」没有「{node.this[:40]}」{hint}")
        return field.names.index(node.this)

    def between(self, node: exp.Expression) -> tuple[Kind, Node]:
        if node.args.get("symmetric"):
            raise ExpressionError("没有 BETWEEN SYMMETRIC")
        inner = self.of_kind(node.this, "number")
        low, high = self.of_kind(node.args["low"], "number"), self.of_kind(node.args["high"], "number")
        return "truth", nodes.all_of([Node("at_most", (low, inner)), Node("at_most", (inner, high))])

    def among(self, node: exp.Expression) -> tuple[Kind, Node]:
        words = node.expressions
        if not words or node.args.get("query") is not None or node.args.get("unnest") is not None:
            raise ExpressionError("IN 后面应为一组值，如 IN ('a', 'b')")
        if all(isinstance(word, exp.Literal) and word.is_string for word in words):
            return "truth", self._membership(node.this, words, negate=False)
        inner = self.of_kind(node.this, "number")
        return "truth", nodes.among(inner, [number(word) for word in words])

    def logic(self, node: exp.Expression) -> tuple[Kind, Node]:
        parts = [self.of_kind(node.this, "truth"), self.of_kind(node.expression, "truth")]
        return "truth", nodes.all_of(parts) if isinstance(node, exp.And) else nodes.any_of(parts)

    def negation(self, node: exp.Expression) -> tuple[Kind, Node]:
        return "truth", nodes.opposite(self.of_kind(node.this, "truth"))

    def call(self, node: exp.Expression) -> tuple[Kind, Node]:
        name, given = str(node.this).lower(), node.expressions
        if name == "ratio":
            return "number", self._ratio(given)
        if name == "ramp":
            return "number", self._ramp(given)
        if name == "years_since":
            return "number", self._years_since(given)
        if name in ("has", "has_any"):
            return "truth", self._has(name, given)
        raise ExpressionError(f"没有函数「{name[:40]}」，可用：{'、'.join(_FUNCTIONS)}")

    def _ratio(self, given: list[exp.Expression]) -> Node:
        _expect(given, 2, "ratio(分子, 分母)")
        return Node("ratio", (self.of_kind(given[0], "number"), self.of_kind(given[1], "number")))

    def _ramp(self, given: list[exp.Expression]) -> Node:
        _expect(given, 3, "ramp(数字, 起点, 终点)")
        inner = self.of_kind(given[0], "number")
        low, high = number(given[1]), number(given[2])
        if low == high:
            raise ExpressionError("ramp 的起点与终点不能相同")
        return Node("ramp", (inner,), (low, high))

    def _years_since(self, given: list[exp.Expression]) -> Node:
        _expect(given, 1, "years_since(日期)")
        return Node("years", (self.of_kind(given[0], "date"),))

    def _has(self, function: str, given: list[exp.Expression]) -> Node:
        if len(given) < 2 or (function == "has" and len(given) != 2):
            raise ExpressionError("应写 has(列表, '词') 或 has_any(列表, '词', '词' …)")
        name, field = self.field(given[0])
        if field.kind != "list":
            raise ExpressionError(f"「{name}」是{KIND_NAMES[field.kind]}，不是列表")
        return Node("has", given=(name, sum(1 << code for code in {self._word(word, name, field) for word in given[1:]})))


def _expect(given: list[exp.Expression], count: int, usage: str) -> None:
    if len(given) != count:
        raise ExpressionError(f"应写 {usage}")


_ARITHMETIC: dict[type[exp.Expression], str] = {exp.Add: "add", exp.Sub: "sub", exp.Mul: "mul"}
_COMPARISONS: dict[type[exp.Expression], Callable[[Node, Node], Node]] = {
    exp.EQ: lambda left, right: Node("equal", (left, right)),
    exp.NEQ: lambda left, right: nodes.opposite(Node("equal", (left, right))),
    exp.LT: lambda left, right: Node("less", (left, right)),
    exp.LTE: lambda left, right: Node("at_most", (left, right)),
    exp.GT: lambda left, right: Node("less", (right, left)),
    exp.GTE: lambda left, right: Node("at_most", (right, left)),
}
_NODES: dict[type[exp.Expression], Callable[[_Compiler, exp.Expression], tuple[Kind, Node]]] = {
    exp.Column: _Compiler.column,
    exp.Literal: _Compiler.literal,
    exp.Boolean: _Compiler.truth,
    exp.Paren: _Compiler.paren,
    exp.Neg: _Compiler.negative,
    **dict.fromkeys(_ARITHMETIC, _Compiler.arithmetic),
    **dict.fromkeys(_COMPARISONS, _Compiler.comparison),
    exp.Between: _Compiler.between,
    exp.In: _Compiler.among,
    exp.And: _Compiler.logic,
    exp.Or: _Compiler.logic,
    exp.Not: _Compiler.negation,
    exp.Anonymous: _Compiler.call,
}
