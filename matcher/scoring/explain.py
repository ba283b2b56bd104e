"""One company explained fully (完整解释): what fired, what did not and why, what is unknown, which other segments it fits."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from matcher.scoring.clauses import clauses
from matcher.scoring.describe import Describer
from matcher.scoring.evidence import NO_SEGMENT, Evidence
from matcher.scoring.expressions import Expression
from matcher.scoring.formula import UNIT, Ruleset, Scores
from matcher.types import RankedCompany

Answer = TypeVar("Answer")
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


Answers = Callable[[RankedCompany, int], Answer]
"""Makes an answer of a result and the pair that it stands for (作答)."""
Answering = Callable[[Evidence, Scores, int], Answers[Answer]]
"""Makes ready to answer for all pairs that were scored together, on a day (备好作答)."""


def results_alone(_evidence: Evidence, _scores: Scores, _as_of: int) -> Answers[RankedCompany]:
    """Answers with results and nothing else (只要结果)."""
    return lambda result, _pair: result


class Explainer:
    """Explains pairs (解释)."""

    def __init__(self, ruleset: Ruleset, describer: Describer) -> None:
        self.ruleset, self.describer = ruleset, describer
        self.labels = {name: _UNIT.sub("", field.label) for name, field in describer.fields.items()}
        self.possible = [(min(0.0, float(rule.weight)), max(0.0, float(rule.weight))) for rule in ruleset.rules]
        self._clauses: dict[str, tuple[Expression, ...]] = {}  # taken apart once: that costs more than all else

    def of(self, evidence: Evidence, scores: Scores, as_of: int) -> Explaining:
        """Explains pairs that were scored together (解释一批).

        Args:
            evidence: All pairs.
            scores: Their scores.
            as_of: The run's date in days since 1970, as they were scored.
        """
        return Explaining(self, evidence, scores, as_of)

    def with_results(self, evidence: Evidence, scores: Scores, as_of: int) -> Answers[tuple[RankedCompany, Explanation]]:
        """Answers with results and explanations (结果连同解释), as ``of``."""
        explaining = self.of(evidence, scores, as_of)
        return lambda result, pair: (result, explaining.explain(pair))

    def clauses(self, expression: Expression) -> tuple[Expression, ...]:
        """What an expression stands or falls with (分句)."""
        found = self._clauses.get(expression.text)
        if found is None:
            found = self._clauses[expression.text] = clauses(expression, self.describer.fields)
        return found


class Explaining:
    """Pairs of one batch: what a clause gives is evaluated once for all of them, when it is first asked for (一批的解释)."""

    def __init__(self, explainer: Explainer, evidence: Evidence, scores: Scores, as_of: int) -> None:
        self.explainer, self.evidence, self.scores, self.as_of = explainer, evidence, scores, as_of
        self._unmet: dict[str, list[bool]] = {}

    def explain(self, pair: int) -> Explanation:
        """Everything about the company of a pair, the one that it is scored by (完整解释)."""
        said = _Said(self.explainer, self.evidence, pair)
        return Explanation(self._rules(pair, said), self._vetoes(pair, said), self._candidates(pair))

    def _rules(self, pair: int, said: _Said) -> tuple[Finding, ...]:
        ruleset, scores, made = self.explainer.ruleset, self.scores, []
        points, values, known = (column[:, pair].tolist() for column in (scores.points, scores.value, scores.known))
        for number, (rule, expression) in enumerate(zip(ruleset.rules, ruleset.values, strict=True)):
            state: State = "unknown" if not known[number] else "fired" if points[number] else "not_fired"
            failed = self._failed(expression, pair, holds=bool(values[number])) if state == "not_fired" else ()
            made.append(
                Finding(
                    rule.id,
                    rule.label,
                    state,
                    points[number] / UNIT,
                    self.explainer.possible[number],
                    rule.value,
                    said.of(expression.fields),
                    rule.why,
                    failed,
                )
            )
        return tuple(made)

    def _vetoes(self, pair: int, said: _Said) -> tuple[Finding, ...]:
        ruleset, made = self.explainer.ruleset, []
        vetoed, unread = (column[:, pair].tolist() for column in (self.scores.vetoed, self.scores.unread))
        for number, (veto, expression) in enumerate(zip(ruleset.vetoes, ruleset.whens, strict=True)):
            state: State = "fired" if vetoed[number] else "unknown" if unread[number] else "not_fired"
            failed = self._failed(expression, pair) if state == "not_fired" else ()
            read = said.of(expression.fields)
            made.append(Finding(veto.id, veto.label, state, 0.0, (0.0, 0.0), veto.when, read, veto.why, failed))
        return tuple(made)

    def _failed(self, expression: Expression, pair: int, *, holds: bool = False) -> tuple[str, ...]:
        """The clauses that are false or zero for this pair; ``holds``: the whole, which is known, is not (a rule without weight)."""
        found = self.explainer.clauses(expression)
        if found == (expression,) and expression.kind == "truth":
            return () if holds else (expression.text,)
        return tuple(clause.text for clause in found if self._is_unmet(clause)[pair])

    def _is_unmet(self, clause: Expression) -> list[bool]:
        """For every pair, whether it is known that the clause is false or zero."""
        unmet = self._unmet.get(clause.text)
        if unmet is None:
            values, known = clause(self.evidence.columns, self.as_of)
            unmet = self._unmet[clause.text] = (known & (values <= 0)).tolist()
        return unmet

    def _candidates(self, pair: int) -> tuple[Candidate, ...]:
        evidence, scores = self.evidence, self.scores
        others = np.flatnonzero(evidence.company == evidence.company[pair])
        affinity = evidence.columns["affinity"].values
        order = sorted(
            others.tolist(), key=lambda n: (n != pair, -int(scores.score[n]), -int(affinity[n]), int(evidence.segment[n]))
        )
        found = []
        for number in order[:MOST_SEGMENTS]:
            if int(evidence.segment[number]) == NO_SEGMENT:
                continue
            segment = self.explainer.describer.zone.segments[int(evidence.segment[number])]
            vetoed = bool(scores.vetoed[:, number].any())
            score = int(scores.score[number]) / UNIT
            found.append(Candidate(segment.chain, segment.id, segment.name, int(affinity[number]) / 1000, score, vetoed))
        return tuple(found)


class _Said:
    """Fields of one pair with their values in words, each told once however many rules read it."""

    def __init__(self, explainer: Explainer, evidence: Evidence, pair: int) -> None:
        self._explainer, self._evidence, self._pair = explainer, evidence, pair
        self._fields: dict[str, str] = {}

    def of(self, names: tuple[str, ...]) -> tuple[str, ...]:
        told = self._fields
        for name in names:
            if name not in told:
                value = self._explainer.describer.value(name, self._evidence, self._pair)
                told[name] = f"{self._explainer.labels[name]}：{value}"
        return tuple([told[name] for name in names])
