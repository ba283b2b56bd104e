"""The rule language (规则语言): small, checked node by node, with one meaning for what is unknown.

    comparisons  = <> != < <= > >=  BETWEEN … AND …  IN (…)      logic      AND  OR  NOT      dates  d >= '2014-03-01'
    arithmetic   + − ×  (unary −)                                  functions  ratio(a, b)  ramp(x, lo, hi)  years_since(d)
                                                                              has(list, 'x')  has_any(list, 'x', 'y' …)

A text is parsed by sqlglot and compiled to numpy; whatever is not listed here is refused with what would be right.

Unknown: a comparison or sum with an unknown part is unknown; ``AND`` with a false part is false, ``OR`` with a true part is true, whatever
the rest. ``has`` is true if the word is there, false if the list is known to be complete, else unknown. ``ratio(a, 0)`` is unknown. NaN
and infinity count as unknown. ``ramp`` is 0 at ``lo``, 1 at ``hi``, straight between, flat outside; ``lo`` may be the greater.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from matcher.scoring.trees import number, parsed, shown
from matcher.scoring.values import (
    DAYS_PER_YEAR,
    KIND_NAMES,
    Column,
    ExpressionError,
    Field,
    Kind,
    Result,
    Step,
    both,
    compared,
    constant,
    date_number,
    either,
    finite,
    one_of,
)

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
    """

    text: str
    kind: Kind
    fields: tuple[str, ...]
    _step: Step

    def __call__(self, columns: Mapping[str, Column], as_of: int) -> Result:
        """Evaluates for a batch (求值): numbers, truth as 0 and 1, nought where unknown.

        Args:
            columns: The fields read, all of one length.
            as_of: The run's date in days since 1970.
        """
        values, known = self._step(columns, as_of)
        if not values.shape or not known.shape:  # the same for every row
            size = len(next(iter(columns.values())).known) if columns else 1
            values, known = np.broadcast_to(values, size), np.broadcast_to(known, size)
        return np.where(known, values, 0.0), known


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
    kind, step = compiler.node(tree)
    if kind not in ("number", "truth"):
        raise ExpressionError(f"结果应为数字或真假，得到的是{KIND_NAMES[kind]}")
    return Expression(text, kind, tuple(sorted(compiler.read)), step)


class _Compiler:
    def __init__(self, fields: Mapping[str, Field]) -> None:
        self.fields = fields
        self.read: set[str] = set()

    def node(self, node: exp.Expression) -> tuple[Kind, Step]:
        handler = _NODES.get(type(node))
        if handler is None:
            raise ExpressionError(f"规则语言没有「{shown(node)}」这种写法")
        return handler(self, node)

    def of_kind(self, node: exp.Expression, *kinds: Kind) -> Step:
        kind, step = self.node(node)
        if kind not in kinds:
            wanted = "或".join(KIND_NAMES[k] for k in kinds)
            raise ExpressionError(f"「{shown(node)}」应为{wanted}，它是{KIND_NAMES[kind]}")
        return step

    def field(self, node: exp.Expression) -> tuple[str, Field]:
        if not isinstance(node, exp.Column) or not isinstance(node.this, exp.Identifier) or node.table or node.this.quoted:
            raise ExpressionError(f"「{shown(node)}」应为字段名")
        name = node.name
        if name not in self.fields:
            near = difflib.get_close_matches(name, list(self.fields), n=1, cutoff=0.4)
            raise ExpressionError(f"没有字段「{name[:40]}」" + (f"，是不是想写「{near[0]}」？" if near else ""))
        self.read.add(name)
        return name, self.fields[name]

    def column(self, node: exp.Expression) -> tuple[Kind, Step]:
        name, field = self.field(node)
        if field.kind == "list":
            raise ExpressionError(f"「{name}」是列表，应写 has({name}, '…')")

        is_truth = field.kind == "truth"

        def step(columns: Mapping[str, Column], as_of: int) -> Result:
            values, known = columns[name].values, columns[name].known
            if values.dtype.kind == "f":  # whole numbers and truths are finite
                values, known = finite(values.astype(np.float64, copy=False), known)
            return values.astype(np.bool_ if is_truth else np.float64, copy=False), known

        return field.kind, step

    def literal(self, node: exp.Expression) -> tuple[Kind, Step]:
        assert isinstance(node, exp.Literal)
        if node.is_string:
            raise ExpressionError(f"文字「{node.this[:40]}」只能与类别字段比较")
        return "number", constant(number(node))

    def truth(self, node: exp.Expression) -> tuple[Kind, Step]:
        return "truth", constant(bool(node.this))

    def paren(self, node: exp.Expression) -> tuple[Kind, Step]:
        return self.node(node.this)

    def negative(self, node: exp.Expression) -> tuple[Kind, Step]:
        inner = self.of_kind(node.this, "number")

        def step(columns: Mapping[str, Column], as_of: int) -> Result:
            values, known = inner(columns, as_of)
            return -values, known

        return "number", step

    def arithmetic(self, node: exp.Expression) -> tuple[Kind, Step]:
        operate = _ARITHMETIC[type(node)]
        left, right = self.of_kind(node.this, "number"), self.of_kind(node.expression, "number")

        def step(columns: Mapping[str, Column], as_of: int) -> Result:
            a, a_known = left(columns, as_of)
            b, b_known = right(columns, as_of)
            with np.errstate(all="ignore"):
                return finite(operate(a, b), a_known & b_known)

        return "number", step

    def comparison(self, node: exp.Expression) -> tuple[Kind, Step]:
        compare = _COMPARISONS[type(node)]
        for one, other in ((node.this, node.expression), (node.expression, node.this)):
            if isinstance(other, exp.Literal) and other.is_string:
                if one is node.this and self._is_date(one):
                    return "truth", compared(compare, self.of_kind(one, "date"), constant(date_number(other.this)))
                if type(node) not in (exp.EQ, exp.NEQ):
                    raise ExpressionError("类别只能用 =、<>、IN 比较；日期写作 founded >= '2014-03-01'，字段在左")
                return "truth", self._membership(one, [other], negate=isinstance(node, exp.NEQ))
        if any(isinstance(side, (*_COMPARISONS, exp.Between, exp.In)) for side in (node.this, node.expression)):
            raise ExpressionError("比较不能连写，应为 a < x AND x < b")
        kind, left = self.node(node.this)
        right = self.of_kind(node.expression, kind)
        if kind not in ("number", "truth") or (kind == "truth" and type(node) not in (exp.EQ, exp.NEQ)):
            raise ExpressionError(f"「{shown(node.this)}」是{KIND_NAMES[kind]}，不能这样比较")

        return "truth", compared(compare, left, right)

    def _is_date(self, node: exp.Expression) -> bool:
        return isinstance(node, exp.Column) and node.name in self.fields and self.fields[node.name].kind == "date"

    def _membership(self, node: exp.Expression, words: Iterable[exp.Expression], *, negate: bool) -> Step:
        name, field = self.field(node)
        if field.kind != "text":
            raise ExpressionError(f"「{name}」是{KIND_NAMES[field.kind]}，不能与文字比较")
        codes = [self._word(word, name, field) for word in words]

        def step(columns: Mapping[str, Column], as_of: int) -> Result:
            return one_of(columns[name].values, codes) ^ negate, columns[name].known

        return step

    def _word(self, node: exp.Expression, name: str, field: Field) -> int:
        if not isinstance(node, exp.Literal) or not node.is_string:
            raise ExpressionError(f"「{shown(node)}」应为加引号的文字")
        if node.this not in field.names:
            near = difflib.get_close_matches(node.this, field.names, n=1, cutoff=0.4)
            hint = f"，是不是想写「{near[0]}」？" if near else f"，可写：{'、'.join(field.names[:20])}"
            raise ExpressionError(f"「{name}」没有「{node.this[:40]}」{hint}")
        return field.names.index(node.this)

    def between(self, node: exp.Expression) -> tuple[Kind, Step]:
        if node.args.get("symmetric"):
            raise ExpressionError("没有 BETWEEN SYMMETRIC")
        inner = self.of_kind(node.this, "number")
        low, high = self.of_kind(node.args["low"], "number"), self.of_kind(node.args["high"], "number")

        def step(columns: Mapping[str, Column], as_of: int) -> Result:
            values, known = inner(columns, as_of)
            a, a_known = low(columns, as_of)
            b, b_known = high(columns, as_of)
            return both(values >= a, known & a_known, values <= b, known & b_known)

        return "truth", step

    def among(self, node: exp.Expression) -> tuple[Kind, Step]:
        words = node.expressions
        if not words or node.args.get("query") is not None or node.args.get("unnest") is not None:
            raise ExpressionError("IN 后面应为一组值，如 IN ('a', 'b')")
        if all(isinstance(word, exp.Literal) and word.is_string for word in words):
            return "truth", self._membership(node.this, words, negate=False)
        inner = self.of_kind(node.this, "number")
        numbers = [number(word) for word in words]

        def step(columns: Mapping[str, Column], as_of: int) -> Result:
            values, known = inner(columns, as_of)
            return one_of(values, numbers), known

        return "truth", step

    def logic(self, node: exp.Expression) -> tuple[Kind, Step]:
        left, right = self.of_kind(node.this, "truth"), self.of_kind(node.expression, "truth")
        join = both if isinstance(node, exp.And) else either

        def step(columns: Mapping[str, Column], as_of: int) -> Result:
            return join(*left(columns, as_of), *right(columns, as_of))

        return "truth", step

    def negation(self, node: exp.Expression) -> tuple[Kind, Step]:
        inner = self.of_kind(node.this, "truth")

        def step(columns: Mapping[str, Column], as_of: int) -> Result:
            values, known = inner(columns, as_of)
            return ~values, known

        return "truth", step

    def call(self, node: exp.Expression) -> tuple[Kind, Step]:
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

    def _ratio(self, given: list[exp.Expression]) -> Step:
        _expect(given, 2, "ratio(分子, 分母)")
        top, bottom = self.of_kind(given[0], "number"), self.of_kind(given[1], "number")

        def step(columns: Mapping[str, Column], as_of: int) -> Result:
            a, a_known = top(columns, as_of)
            b, b_known = bottom(columns, as_of)
            known = a_known & b_known & (b != 0)
            with np.errstate(all="ignore"):
                return finite(np.divide(a, b, out=np.zeros(np.broadcast(a, b).shape), where=known), known)

        return step

    def _ramp(self, given: list[exp.Expression]) -> Step:
        _expect(given, 3, "ramp(数字, 起点, 终点)")
        inner = self.of_kind(given[0], "number")
        low, high = number(given[1]), number(given[2])
        if low == high:
            raise ExpressionError("ramp 的起点与终点不能相同")

        def step(columns: Mapping[str, Column], as_of: int) -> Result:
            values, known = inner(columns, as_of)
            with np.errstate(all="ignore"):
                return np.minimum(np.maximum((values - low) / (high - low), 0.0), 1.0), known

        return step

    def _years_since(self, given: list[exp.Expression]) -> Step:
        _expect(given, 1, "years_since(日期)")
        inner = self.of_kind(given[0], "date")

        def step(columns: Mapping[str, Column], as_of: int) -> Result:
            values, known = inner(columns, as_of)
            return (as_of - values) / DAYS_PER_YEAR, known & (values <= as_of)  # a day to come is a mistake: unknown

        return step

    def _has(self, function: str, given: list[exp.Expression]) -> Step:
        if len(given) < 2 or (function == "has" and len(given) != 2):
            raise ExpressionError("应写 has(列表, '词') 或 has_any(列表, '词', '词' …)")
        name, field = self.field(given[0])
        if field.kind != "list":
            raise ExpressionError(f"「{name}」是{KIND_NAMES[field.kind]}，不是列表")
        wanted = np.int64(sum(1 << code for code in {self._word(word, name, field) for word in given[1:]}))

        def step(columns: Mapping[str, Column], as_of: int) -> Result:
            found = (columns[name].values.astype(np.int64) & wanted) != 0
            return found, found | columns[name].known

        return step


def _expect(given: list[exp.Expression], count: int, usage: str) -> None:
    if len(given) != count:
        raise ExpressionError(f"应写 {usage}")


_ARITHMETIC: dict[type[exp.Expression], Callable[..., NDArray[np.float64]]] = {
    exp.Add: np.add,
    exp.Sub: np.subtract,
    exp.Mul: np.multiply,
}
_COMPARISONS: dict[type[exp.Expression], Callable[..., NDArray[np.bool_]]] = {
    exp.EQ: np.equal,
    exp.NEQ: np.not_equal,
    exp.LT: np.less,
    exp.LTE: np.less_equal,
    exp.GT: np.greater,
    exp.GTE: np.greater_equal,
}
_NODES: dict[type[exp.Expression], Callable[[_Compiler, exp.Expression], tuple[Kind, Step]]] = {
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
