"""The formula (评分公式).

    points(rule)  = weight × value                      value ∈ [0, 1], in thousandths; weight in tenths of a point
    points(group) = Σ points(rule), cut to [min, max]
    score         = Σ points(group), cut to [0, 100]

A veto that is true takes the company off the list. A rule whose value is unknown counts with its ``if_unknown``; the interval
[low, high] shows what the score could be if every unknown value were 0 or 1. A veto that could not be read is listed as possible.

The numbers are in ``rules/<zone>/scoring.yaml``. Everything is computed in whole 1/10000 points, so that sums are exact in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from matcher.rules import Zone
from matcher.rules.schema import Rule, Veto
from matcher.scoring.evidence import Evidence
from matcher.scoring.expressions import compile_expression, together
from matcher.scoring.program import Program
from matcher.scoring.values import ExpressionError, Field

UNIT = 10_000
"""Units in a point (1 分的最小单位数)."""
MILLI = 1000
"""Parts of a rule's value (取值的单位)."""
_TENTHS = 10

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

    @cached_property
    def _reads(self) -> dict[str, NDArray[np.bool_]]:
        """Field that any expression reads → which rules read it."""
        fields = {field for e in (*self.values, *self.whens) for field in e.fields}
        return {field: np.array([field in e.fields for e in self.values], dtype=np.bool_) for field in fields}

    @cached_property
    def _program(self) -> Program:
        return together([*self.values, *self.whens])

    def score(self, evidence: Evidence, as_of: int) -> Scores:
        """Scores all pairs (评分).

        Args:
            evidence: The pairs.
            as_of: The run's date in days since 1970.
        """
        size = len(evidence.company)
        found, known = self._program(evidence.columns, as_of, size)
        rules = len(self.rules)
        vetoed, unread = found[rules:] > 0, ~known[rules:]
        value, known = self._values(found, known), known[:rules]
        points = self.weights[:, None] * value
        raw_groups, groups, score = self.totals(points)
        full = self.weights[:, None] * MILLI
        low = self.totals(np.where(known, points, np.minimum(0, full)))[2]
        high = self.totals(np.where(known, points, np.maximum(0, full)))[2]
        return Scores(value, known, points, raw_groups, groups, score, low, high, vetoed, unread)

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
        value = np.floor(np.clip(found[:rules], 0.0, 1.0) * MILLI + 0.5).astype(np.int64)
        return np.where(known[:rules], value, self.if_unknown[:, None])

    def totals(self, points: Amounts) -> tuple[Amounts, Amounts, Amounts]:
        """Groups before and after their caps, and the score, from rules × pairs."""
        raw = np.empty((len(self.groups), points.shape[1]), dtype=np.int64)
        for of_group, rules in zip(raw, self._rules_of, strict=True):
            points[rules].sum(axis=0, out=of_group)
        groups = np.clip(raw, self.caps[:, :1], self.caps[:, 1:])
        return raw, groups, np.clip(groups.sum(axis=0), 0, 100 * UNIT)

    def unknown_fields(self, evidence: Evidence, scores: Scores, pair: int) -> list[str]:
        """Fields that left a rule or a veto of this pair unread (未知字段), sorted."""
        blocked = [self.values[n] for n in np.flatnonzero(~scores.known[:, pair]).tolist()]
        blocked += [self.whens[n] for n in np.flatnonzero(scores.unread[:, pair]).tolist()]
        return sorted(field for field in {field for e in blocked for field in e.fields} if not evidence.columns[field].known[pair])

    def next_question(self, evidence: Evidence, scores: Scores, pair: int) -> str | None:
        """The unknown field whose answer would move the score most (最该先问的字段); None if no answer would."""
        fields = self.unknown_fields(evidence, scores, pair)
        if not fields:
            return None
        touched = np.array([self._reads[field] for field in fields]) & ~scores.known[:, pair]
        points, full = scores.points[:, pair], self.weights * MILLI
        ends = [np.where(touched, end, points) for end in (np.minimum(0, full), np.maximum(0, full))]
        low, high = self.totals(np.concatenate(ends).T)[2].reshape(2, len(fields))
        widest = int((high - low).argmax())
        return fields[widest] if high[widest] > low[widest] else None


def _together(places: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """Places as a slice where they follow one another: rules of a group mostly stand together, and need not be copied then."""
    if len(places) and places[-1] - places[0] == len(places) - 1:
        return slice(int(places[0]), int(places[-1]) + 1)
    return places
