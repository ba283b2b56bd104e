"""One company explained fully (完整解释): what fired, what did not and why, what is unknown, which other segments it fits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from matcher.scoring.clauses import clauses
from matcher.scoring.describe import Describer
from matcher.scoring.evidence import NO_SEGMENT, Evidence
from matcher.scoring.expressions import Expression
from matcher.scoring.formula import UNIT, Ruleset, Scores
from matcher.scoring.values import Column

State = Literal["fired", "not_fired", "unknown"]
"""A rule gave points (命中), gave none (未命中), or could not be read (未知)."""
MOST_SEGMENTS = 5
_UNIT = re.compile("（[^）]*）")  # a value in words brings its own unit


@dataclass(frozen=True)
class Finding:
    """What became of one rule or veto (一条规则的结果).

    Attributes:
        rule: Its id.
        label: Its name.
        state: For a veto ``fired`` means that it takes the company off the list.
        points: What it gave; 0 for a veto.
        possible: Lowest and highest points that it can give; (0, 0) for a veto.
        condition: The expression as written.
        read: The values it read, in words.
        why: Why the rule exists.
        failed: The clauses for which it gave nothing, where it is not unknown: what is joined by AND, or multiplied.
    """

    rule: str
    label: str
    state: State
    points: float
    possible: tuple[float, float]
    condition: str
    read: tuple[str, ...]
    why: str
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A segment that the company fits (候选环节); the first is the one it is scored for."""

    chain: str | None
    segment: str
    name: str
    affinity: float
    score: float
    vetoed: bool


@dataclass(frozen=True)
class Explanation:
    """All rules, vetoes and segments of one company (完整解释)."""

    rules: tuple[Finding, ...]
    vetoes: tuple[Finding, ...]
    candidates: tuple[Candidate, ...]


class Explainer:
    """Explains pairs (解释)."""

    def __init__(self, ruleset: Ruleset, describer: Describer) -> None:
        self.ruleset, self.describer = ruleset, describer
        self._clauses: dict[str, tuple[Expression, ...]] = {}  # taken apart once: that costs more than all else

    def explain(self, evidence: Evidence, scores: Scores, pair: int, as_of: int) -> Explanation:
        """Everything about the company of ``pair`` (完整解释).

        Args:
            evidence: All pairs.
            scores: Their scores.
            pair: The one that the company is scored by.
            as_of: The run's date in days since 1970, as they were scored.
        """
        rules = tuple(self._rule(evidence, scores, number, pair, as_of) for number in range(len(self.ruleset.rules)))
        vetoes = tuple(self._veto(evidence, scores, number, pair, as_of) for number in range(len(self.ruleset.vetoes)))
        return Explanation(rules, vetoes, self._candidates(evidence, scores, pair))

    def _rule(self, evidence: Evidence, scores: Scores, number: int, pair: int, as_of: int) -> Finding:
        rule, expression = self.ruleset.rules[number], self.ruleset.values[number]
        points = int(scores.points[number, pair]) / UNIT
        state: State = "unknown" if not scores.known[number, pair] else "fired" if points else "not_fired"
        possible = (min(0.0, float(rule.weight)), max(0.0, float(rule.weight)))
        read = self._read(expression, evidence, pair)
        failed = self._failed(expression, evidence, pair, as_of) if state == "not_fired" else ()
        return Finding(rule.id, rule.label, state, points, possible, rule.value, read, rule.why, failed)

    def _veto(self, evidence: Evidence, scores: Scores, number: int, pair: int, as_of: int) -> Finding:
        veto, expression = self.ruleset.vetoes[number], self.ruleset.whens[number]
        state: State = "fired" if scores.vetoed[number, pair] else "unknown" if scores.unread[number, pair] else "not_fired"
        read = self._read(expression, evidence, pair)
        failed = self._failed(expression, evidence, pair, as_of) if state == "not_fired" else ()
        return Finding(veto.id, veto.label, state, 0.0, (0.0, 0.0), veto.when, read, veto.why, failed)

    def _failed(self, expression: Expression, evidence: Evidence, pair: int, as_of: int) -> tuple[str, ...]:
        """The clauses that are false or zero for this pair."""
        both = {name: evidence.columns[name] for name in expression.fields}
        columns = {name: Column(column.values[pair : pair + 1], column.known[pair : pair + 1]) for name, column in both.items()}
        told = []
        found = self._clauses.get(expression.text)
        if found is None:
            found = self._clauses[expression.text] = clauses(expression, self.describer.fields)
        for clause in found:
            values, known = clause(columns, as_of)
            if known[0] and values[0] <= 0:
                told.append(clause.text)
        return tuple(told)

    def _read(self, expression: Expression, evidence: Evidence, pair: int) -> tuple[str, ...]:
        fields = self.describer.fields
        return tuple(
            f"{_UNIT.sub('', fields[name].label)}：{self.describer.value(name, evidence, pair)}" for name in expression.fields
        )

    def _candidates(self, evidence: Evidence, scores: Scores, pair: int) -> tuple[Candidate, ...]:
        others = np.flatnonzero(evidence.company == evidence.company[pair])
        affinity = evidence.columns["affinity"].values
        order = sorted(
            others.tolist(), key=lambda n: (n != pair, -int(scores.score[n]), -int(affinity[n]), int(evidence.segment[n]))
        )
        found = []
        for number in order[:MOST_SEGMENTS]:
            if int(evidence.segment[number]) == NO_SEGMENT:
                continue
            segment = self.describer.zone.segments[int(evidence.segment[number])]
            vetoed = bool(scores.vetoed[:, number].any())
            score = int(scores.score[number]) / UNIT
            found.append(Candidate(segment.chain, segment.id, segment.name, int(affinity[number]) / 1000, score, vetoed))
        return tuple(found)
