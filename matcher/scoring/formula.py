"""The formula (评分公式).

    points(rule)  = weight × value                      value ∈ [0, 1], in thousandths; weight in tenths of a point
    points(group) = Σ points(rule), cut to [min, max]
    score         = Σ points(group), cut to [0, 100]

A veto that is true takes the company off the list. A rule whose value is unknown counts with its ``if_unknown``; the interval
[low, high] shows what the score could be if every unknown value were 0 or 1. A veto that could not be read is listed as possible.

The numbers are in ``rules/<zone>/scoring.yaml``. Everything is computed in whole 1/10000 points, so that sums are exact in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from matcher.rules import Zone
from matcher.rules.schema import Rule, Veto
from matcher.scoring.evidence import Evidence
from matcher.scoring.expressions import compile_expression, together
from matcher.scoring.program import Program
from matcher.scoring.values import Column, ExpressionError, Field

UNIT = 10_000
"""Units in a point (1 分的最小单位数)."""
NOT_BARRED = -1
"""Stands for the number of a veto where none is true (没有被否决)."""
MILLI = 1000
"""Parts of a rule's value (取值的单位)."""
_TENTHS = 10
_FEW = 256  # pairs

Amounts = NDArray[np.int64]
"""Amounts in units of 1/10000 point."""


@dataclass(frozen=True)
class Scores:
    """Scores of pairs (得分); all amounts in units of 1/10000 point, columns are pairs.

    Attributes:
        value: rules × pairs, thousandths, ``if_unknown`` where unknown.
        known: rules × pairs.
        points: rules × pairs.
        raw: groups × pairs, before the cap.
        groups: groups × pairs, after the cap.
        score: pairs.
        low, high: pairs; the interval.
        vetoed: vetoes × pairs, true.
        unread: vetoes × pairs, unknown.
    """

    value: Amounts
    known: NDArray[np.bool_]
    points: Amounts
    raw: Amounts
    groups: Amounts
    score: Amounts
    low: Amounts
    high: Amounts
    vetoed: NDArray[np.bool_]
    unread: NDArray[np.bool_]


@dataclass(frozen=True)
class Outcome:
    """What of the scores a list is ordered by (得分与否决): as in ``Scores``, and nothing that explains it."""

    score: Amounts
    vetoed: NDArray[np.bool_]


def rule_checks(fields: Mapping[str, Field]) -> dict[str, Callable[[str], str | None]]:
    """Checks of a rules file's expressions, for ``load_zone`` (表达式检查): what is wrong with a text, or None."""

    def value(text: str) -> str | None:
        try:
            compile_expression(text, fields)
        except ExpressionError as error:
            return str(error)
        return None

    def when(text: str) -> str | None:
        problem = value(text)
        if problem is None and compile_expression(text, fields).kind != "truth":
            return "否决条件应为真假，不是数字"
        return problem

    return {"value": value, "when": when}


class Ruleset:
    """A zone's compiled rules (规则集).

    Args:
        zone: Its rules, loaded with ``rule_checks``.
        fields: What rules may read.

    Raises:
        ExpressionError: An expression is wrong, because the zone was loaded without the checks.
    """

    def __init__(self, zone: Zone, fields: Mapping[str, Field]) -> None:
        scoring = zone.scoring
        self.rules: tuple[Rule, ...] = tuple(scoring.rules)
        self.vetoes: tuple[Veto, ...] = tuple(scoring.vetoes)
        self.groups = tuple(scoring.groups)
        self.values = tuple(compile_expression(rule.value, fields) for rule in self.rules)
        self.whens = tuple(compile_expression(veto.when, fields) for veto in self.vetoes)
        group_ids = [group.id for group in self.groups]
        self.group_of = np.array([group_ids.index(rule.group) for rule in self.rules])
        self.weights = np.array([round(rule.weight * _TENTHS) for rule in self.rules], dtype=np.int64)
        self.if_unknown = np.array([round(rule.if_unknown * MILLI) for rule in self.rules], dtype=np.int64)
        self._rules_of = [_together(np.flatnonzero(self.group_of == number)) for number in range(len(self.groups))]
        self.caps = np.array([[round(cap * UNIT) for cap in group.cap] for group in self.groups], dtype=np.int64)
        self._caps: list[list[int]] = self.caps.tolist()
        full = self.weights[:, None] * MILLI
        self._ends = np.minimum(0, full), np.maximum(0, full)  # the least and the most that each rule can give

    @cached_property
    def _program(self) -> Program:
        return together([*self.values, *self.whens])

    def score(self, evidence: Evidence, as_of: int) -> Scores:
        """Scores all pairs (评分).

        Args:
            evidence: The pairs.
            as_of: The run's date in days since 1970.
        """
        return self.scored(*self._program(evidence.columns, as_of, len(evidence.company)))

    def scored(self, found: NDArray[np.float64], known: NDArray[np.bool_]) -> Scores:
        """Scores of what all values and then all vetoes came to, rows × pairs, and whether it is known (由取值算分)."""
        rules, size = len(self.rules), found.shape[1]
        vetoed, unread = found[rules:] > 0, ~known[rules:]
        value, known = self._values(found, known), known[:rules]
        points = self.weights[:, None] * value
        ends = [np.where(known, points, end) for end in self._ends]
        if size <= _FEW:  # three times as many columns cost little more than one
            raw, groups, score = self.totals(np.concatenate([points, *ends], axis=1))
            score, low, high = np.split(score, 3)
            return Scores(value, known, points, raw[:, :size], groups[:, :size], score, low, high, vetoed, unread)
        raw, groups, score = self.totals(points)
        low, high = (self.totals(end)[2] for end in ends)
        return Scores(value, known, points, raw, groups, score, low, high, vetoed, unread)

    def first_veto(self, columns: Mapping[str, Column], as_of: int, size: int) -> NDArray[np.int64]:
        """The first veto in file order that is true of each row, or ``NOT_BARRED`` (先中哪条否决); scores are not computed.

        Args:
            columns: ``veto_fields``, all of one length.
            as_of: The run's date in days since 1970.
            size: How many rows.
        """
        first = np.full(size, NOT_BARRED, dtype=np.int64)
        for at, found, _ in self._vetoes_alone.blocks(columns, as_of, size) if self.whens else ():
            true = found > 0
            first[at] = np.where(true.any(axis=0), true.argmax(axis=0), NOT_BARRED)
        return first

    def prepare(self) -> None:
        """Makes what workers share before they are forked (先备好)."""
        _ = self._program, self._vetoes_alone

    @cached_property
    def veto_fields(self) -> tuple[str, ...]:
        """Fields that vetoes read (否决所读的字段), sorted."""
        return tuple(sorted({name for when in self.whens for name in when.fields}))

    @cached_property
    def _vetoes_alone(self) -> Program:
        return together(self.whens)

    def outcome(self, evidence: Evidence, as_of: int) -> Outcome:
        """What ``score`` says of score and vetoes (只算得分与否决), in blocks that stay in the processor's cache."""
        size = len(evidence.company)
        score, vetoed = np.empty(size, dtype=np.int64), np.empty((len(self.vetoes), size), dtype=np.bool_)
        for at, found, known in self._program.blocks(evidence.columns, as_of, size):
            score[at] = self.totals(self.weights[:, None] * self._values(found, known))[2]
            np.greater(found[len(self.rules) :], 0, out=vetoed[:, at])
        return Outcome(score, vetoed)

    def _values(self, found: NDArray[np.float64], known: NDArray[np.bool_]) -> Amounts:
        """Values of the rules in thousandths, from all that was evaluated."""
        rules = len(self.rules)
        value = np.floor(np.minimum(np.maximum(found[:rules], 0.0), 1.0) * MILLI + 0.5).astype(np.int64)
        return np.where(known[:rules], value, self.if_unknown[:, None])

    def totals(self, points: Amounts) -> tuple[Amounts, Amounts, Amounts]:
        """Groups before and after their caps, and the score, from rules × pairs."""
        raw = np.empty((len(self.groups), points.shape[1]), dtype=np.int64)
        for of_group, rules in zip(raw, self._rules_of, strict=True):
            np.add.reduce(points[rules], axis=0, out=of_group)
        groups = np.minimum(np.maximum(raw, self.caps[:, :1]), self.caps[:, 1:])
        return raw, groups, np.minimum(np.maximum(np.add.reduce(groups, axis=0), 0), 100 * UNIT)

    def unknown_fields(self, evidence: Evidence, scores: Scores, pair: int) -> list[str]:
        """Fields that left a rule or a veto of this pair unread (未知字段), sorted."""
        known, unread = scores.known[:, pair].tolist(), scores.unread[:, pair].tolist()
        blocked = {field for one, is_known in zip(self.values, known, strict=True) if not is_known for field in one.fields}
        blocked.update(field for one, is_unread in zip(self.whens, unread, strict=True) if is_unread for field in one.fields)
        return sorted(field for field in blocked if not evidence.columns[field].known[pair])

    def next_question(self, evidence: Evidence, scores: Scores, pair: int, fields: Sequence[str] | None = None) -> str | None:
        """The unknown field whose answer would move the score most (最该先问的字段); None if no answer would.

        Args:
            evidence: The pairs.
            scores: Their scores.
            pair: The one asked about.
            fields: Its ``unknown_fields``, where they are at hand.
        """
        fields = self.unknown_fields(evidence, scores, pair) if fields is None else fields
        if not fields:
            return None
        known, points, raw = (column[:, pair].tolist() for column in (scores.known, scores.points, scores.raw))
        best, widest, whole = None, 0, sum(scores.groups[:, pair].tolist())
        for field in fields:
            lows, highs = dict[int, int](), dict[int, int]()  # of the groups that the answer would move
            for rule, group, least, most in self._moves[field]:
                if not known[rule]:
                    lows[group] = lows.get(group, raw[group]) + least - points[rule]
                    highs[group] = highs.get(group, raw[group]) + most - points[rule]
            width = self._with(whole, raw, highs) - self._with(whole, raw, lows)
            if width > widest:
                best, widest = field, width
        return best

    @cached_property
    def _moves(self) -> dict[str, list[tuple[int, int, int, int]]]:
        """Field that any expression reads → the rules that read it: number, group, and the least and the most that each can give."""
        moves: dict[str, list[tuple[int, int, int, int]]] = {
            field: [] for expression in (*self.values, *self.whens) for field in expression.fields
        }
        each = zip(self.values, self.group_of.tolist(), (self.weights * MILLI).tolist(), strict=True)
        for number, (expression, group, full) in enumerate(each):
            for field in expression.fields:
                moves[field].append((number, group, min(0, full), max(0, full)))
        return moves

    def _with(self, whole: int, raw: Sequence[int], moved: Mapping[int, int]) -> int:
        """The score if some groups had other sums, where all come to ``whole`` after their caps; as ``totals`` has it."""
        for group, points in moved.items():
            least, most = self._caps[group]
            whole += min(max(points, least), most) - min(max(raw[group], least), most)
        return min(max(whole, 0), 100 * UNIT)


def _together(places: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """Places as a slice where they follow one another: rules of a group mostly stand together, and need not be copied then."""
    if len(places) and places[-1] - places[0] == len(places) - 1:
        return slice(int(places[0]), int(places[-1]) + 1)
    return places
