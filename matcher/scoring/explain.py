"""One company explained fully (完整解释): what fired, what did not and why, what is unknown, which other segments it fits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from matcher.rules.schema import Rule, Veto
from matcher.scoring.clauses import clauses
from matcher.scoring.describe import Describer
from matcher.scoring.evidence import NO_SEGMENT, Evidence
from matcher.scoring.expressions import Expression, together
from matcher.scoring.formula import UNIT, Ruleset, Scores
from matcher.scoring.program import Program
from matcher.types import RankedCompany, over

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
Answering = Callable[[Evidence, int], tuple[Scores, Answers[Answer]]]
"""Scores all pairs, on a day, and makes ready to answer for them (评分并备好作答)."""


@dataclass(frozen=True)
class _Clauses:
    """What a rule or veto stands or falls with (分句).

    Attributes:
        texts: The clauses as written.
        places: Of each among all clauses of all rules.
        single: The text of a condition that is a single clause: it fails where it is not met, and needs no second evaluation.
    """

    texts: tuple[str, ...]
    places: tuple[int, ...]
    single: str | None


class _Blank(NamedTuple):
    """What is found of a rule or veto, as far as it is the same for everybody (底稿): a finding's fields, its clauses, what it reads."""

    found: dict[str, Any]
    parts: _Clauses
    fields: tuple[str, ...]

    @classmethod
    def of(
        cls, rule: Rule | Veto, condition: str, possible: tuple[float, float], expression: Expression, parts: _Clauses
    ) -> _Blank:
        found = Finding(rule.id, rule.label, "unknown", 0.0, possible, condition, (), rule.why, ())
        return cls(vars(found), parts, expression.fields)


class Explainer:
    """Explains pairs (解释)."""

    def __init__(self, ruleset: Ruleset, describer: Describer) -> None:
        self.ruleset, self.describer = ruleset, describer
        self.labels = {name: f"{_UNIT.sub('', field.label)}：" for name, field in describer.fields.items()}
        self.possible = [(min(0.0, float(rule.weight)), max(0.0, float(rule.weight))) for rule in ruleset.rules]
        self.read = sorted({field for expression in (*ruleset.values, *ruleset.whens) for field in expression.fields})

    def of(self, evidence: Evidence, scores: Scores, as_of: int) -> Explaining:
        """Explains pairs that were scored together (解释一批).

        Args:
            evidence: All pairs.
            scores: Their scores.
            as_of: The run's date in days since 1970, as they were scored.
        """
        return Explaining(self, evidence, scores, as_of)

    def results_alone(self, evidence: Evidence, as_of: int) -> tuple[Scores, Answers[RankedCompany]]:
        """Scores, and answers with results and nothing else (只要结果)."""
        return self.ruleset.score(evidence, as_of), lambda result, _pair: result

    def with_results(self, evidence: Evidence, as_of: int) -> tuple[Scores, Answers[tuple[RankedCompany, Explanation]]]:
        """Scores, and answers with results and explanations (结果连同解释); rules and their clauses are evaluated together."""
        found, known = self._everything(evidence.columns, as_of, len(evidence.company))
        rules = len(self.ruleset.rules) + len(self.ruleset.vetoes)
        scores = self.ruleset.scored(found[:rules], known[:rules])
        explaining = Explaining(self, evidence, scores, as_of, known[rules:] & (found[rules:] <= 0))
        return scores, lambda result, pair: (result, explaining.explain(pair))

    @cached_property
    def of_rules(self) -> Sequence[_Blank]:
        """What is found of every rule, as far as it is the same for everybody (各条规则的底稿)."""
        ruleset = self.ruleset
        each = zip(ruleset.rules, self.possible, ruleset.values, self._apart[0], strict=False)
        return [_Blank.of(rule, rule.value, possible, expression, parts) for rule, possible, expression, parts in each]

    @cached_property
    def of_vetoes(self) -> Sequence[_Blank]:
        """The same of every veto (各条否决的底稿)."""
        ruleset = self.ruleset
        each = zip(ruleset.vetoes, ruleset.whens, self._apart[0][len(ruleset.rules) :], strict=True)
        return [_Blank.of(veto, veto.when, (0.0, 0.0), expression, parts) for veto, expression, parts in each]

    @cached_property
    def clauses(self) -> Program:
        """All of them that are to be evaluated (全部分句)."""
        return together(self._apart[1])

    @cached_property
    def _everything(self) -> Program:
        """All values, then all vetoes, then all clauses: these are made of the same parts."""
        return together([*self.ruleset.values, *self.ruleset.whens, *self._apart[1]])

    @cached_property
    def _apart(self) -> tuple[list[_Clauses], list[Expression]]:
        """All expressions taken apart once, when first needed: that costs more than all else."""
        all_: dict[str, tuple[int, Expression]] = {}
        made = []
        for expression in (*self.ruleset.values, *self.ruleset.whens):
            found = clauses(expression, self.describer.fields)
            if found == (expression,) and expression.kind == "truth":
                made.append(_Clauses((), (), expression.text))
                continue
            for clause in found:
                all_.setdefault(clause.text, (len(all_), clause))
            made.append(_Clauses(tuple(one.text for one in found), tuple(all_[one.text][0] for one in found), None))
        return made, [clause for _, clause in all_.values()]


class Explaining:
    """Pairs of one batch: what the clauses give is evaluated once for all of them, when it is first asked for (一批的解释)."""

    def __init__(
        self, explainer: Explainer, evidence: Evidence, scores: Scores, as_of: int, unmet: NDArray[np.bool_] | None = None
    ) -> None:
        self.explainer, self.evidence, self.scores, self.as_of = explainer, evidence, scores, as_of
        if unmet is not None:
            self._unmet = unmet

    def explain(self, pair: int) -> Explanation:
        """Everything about the company of a pair, the one that it is scored by (完整解释)."""
        tell, labels = self.explainer.describer.value, self.explainer.labels
        said = {name: labels[name] + tell(name, self.evidence, pair) for name in self.explainer.read}
        unmet = self._unmet[:, pair].tolist()
        return Explanation(self._rules(pair, said, unmet), self._vetoes(pair, said, unmet), self._candidates(pair))

    def _rules(self, pair: int, said: Mapping[str, str], unmet: Sequence[bool]) -> tuple[Finding, ...]:
        scores, made = self.scores, list[Finding]()
        points, values, known = (column[:, pair].tolist() for column in (scores.points, scores.value, scores.known))
        for (blank, parts, fields), point, value, is_known in zip(self.explainer.of_rules, points, values, known, strict=True):
            told = blank.copy()
            told["state"] = "unknown" if not is_known else "fired" if point else "not_fired"
            told["points"] = point / UNIT
            told["read"] = tuple([said[name] for name in fields])
            if is_known and not point:
                told["failed"] = _failed(parts, unmet, holds=bool(value))
            made.append(over(Finding, told))
        return tuple(made)

    def _vetoes(self, pair: int, said: Mapping[str, str], unmet: Sequence[bool]) -> tuple[Finding, ...]:
        vetoed, unread = (column[:, pair].tolist() for column in (self.scores.vetoed, self.scores.unread))
        made: list[Finding] = []
        for (blank, parts, fields), holds, is_unread in zip(self.explainer.of_vetoes, vetoed, unread, strict=True):
            told = blank.copy()
            told["state"] = "fired" if holds else "unknown" if is_unread else "not_fired"
            told["read"] = tuple([said[name] for name in fields])
            if not holds and not is_unread:
                told["failed"] = _failed(parts, unmet)
            made.append(over(Finding, told))
        return tuple(made)

    @cached_property
    def _unmet(self) -> NDArray[np.bool_]:
        """Clauses × pairs: whether it is known that the clause is false or zero."""
        values, known = self.explainer.clauses(self.evidence.columns, self.as_of, len(self.evidence.company))
        return known & (values <= 0)

    def _candidates(self, pair: int) -> tuple[Candidate, ...]:
        evidence, scores = self.evidence, self.scores
        company = evidence.company[pair]
        others = range(*np.searchsorted(evidence.company, (company, company + 1)).tolist())
        affinity = evidence.columns["affinity"].values
        order = sorted(others, key=lambda n: (n != pair, -int(scores.score[n]), -int(affinity[n]), int(evidence.segment[n])))
        found = []
        for number in order[:MOST_SEGMENTS]:
            if int(evidence.segment[number]) == NO_SEGMENT:
                continue
            segment = self.explainer.describer.zone.segments[int(evidence.segment[number])]
            vetoed = bool(scores.vetoed[:, number].any())
            score = int(scores.score[number]) / UNIT
            found.append(Candidate(segment.chain, segment.id, segment.name, int(affinity[number]) / 1000, score, vetoed))
        return tuple(found)


def _failed(parts: _Clauses, unmet: Sequence[bool], *, holds: bool = False) -> tuple[str, ...]:
    """The clauses that are false or zero; ``holds``: the whole, which is known, is not (a rule without weight)."""
    if parts.single is not None:
        return () if holds else (parts.single,)
    return tuple([text for text, place in zip(parts.texts, parts.places, strict=True) if unmet[place]])
