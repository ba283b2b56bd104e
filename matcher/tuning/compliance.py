"""Rules checked against the list of what no rule may do (合规核对); a hit is a mistake, not a concern."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matcher.errors import RulesProblem
from matcher.rules.compliance import Compliance, Forbidden
from matcher.rules.schema import Rule, ScoringFile, Veto
from matcher.rules.source import Location
from matcher.scoring.expressions import Expression
from matcher.scoring.formula import Ruleset
from matcher.tuning.concerns import Files

_FILE = "scoring.yaml"
_WORDS = re.compile(r"'([^']*)'")


@dataclass(frozen=True, order=True)
class Breach:
    """Something in the rules that the list forbids (违规).

    Attributes:
        problem: Where it is and what to do instead.
        rule: Id of the rule or the veto, or ``visit_questions.<kind>``.
        forbidden: Id of the entry of the list.
    """

    problem: RulesProblem
    rule: str
    forbidden: str


def check_compliance(compliance: Compliance, scoring: ScoringFile, ruleset: Ruleset, files: Files) -> list[RulesProblem]:
    """Everything in the scoring that the list forbids, each at its line (合规问题); as ``breaches``."""
    return [breach.problem for breach in breaches(compliance, scoring, ruleset, files)]


def breaches(compliance: Compliance, scoring: ScoringFile, ruleset: Ruleset, files: Files) -> list[Breach]:
    """The same, with the rule and what it breaches (违规的规则).

    Args:
        compliance: The list.
        scoring: The rules.
        ruleset: The same, compiled: what each expression reads.
        files: Where they stand.
    """
    found = []
    for forbidden in compliance.forbidden:
        for location, rule, problem in _problems(forbidden, scoring, ruleset):
            source = files.source(_FILE)
            said = f"{problem}：不得{forbidden.label}（{'、'.join(map(str, forbidden.sources))}）；{forbidden.instead}"
            at = RulesProblem(source.shown, source.line(location), ".".join(map(str, location)), said)
            found.append(Breach(at, rule, forbidden.id))
    return found


def _problems(forbidden: Forbidden, scoring: ScoringFile, ruleset: Ruleset) -> Iterator[tuple[Location, str, str]]:
    both: tuple[tuple[str, str, Sequence[Rule | Veto], Sequence[Expression]], ...] = (
        ("vetoes", "when", scoring.vetoes, ruleset.whens),
        ("rules", "value", scoring.rules, ruleset.values),
    )
    for key, field, entries, expressions in both:
        for number, (entry, expression) in enumerate(zip(entries, expressions, strict=True)):
            if read := [name for name in expression.fields if name in forbidden.fields]:
                yield (key, number, field), entry.id, f"{entry.id} 读了「{read[0]}」"
            if words := [word for word in _WORDS.findall(expression.text) if word in forbidden.marks or word in forbidden.words]:
                yield (key, number, field), entry.id, f"{entry.id} 问了「{words[0]}」"
            yield from _texts(forbidden, (key, number), entry)
    if "visit_questions" in forbidden.where:
        for kind, question in scoring.visit_questions.items():
            if word := _first(forbidden, question):
                yield ("visit_questions", kind), f"visit_questions.{kind}", f"写了「{word}」"


def _texts(forbidden: Forbidden, place: tuple[str, int], entry: Rule | Veto) -> Iterator[tuple[Location, str, str]]:
    for where in ("label", "says", "asks", "evidence", "why"):
        text = getattr(entry, where, None)
        if where in forbidden.where and text and (word := _first(forbidden, text)):
            yield (*place, where), entry.id, f"{entry.id} 写了「{word}」"


def _first(forbidden: Forbidden, text: str) -> str | None:
    return next((word for word in forbidden.words if word in text), None)
