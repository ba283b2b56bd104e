"""Rules checked against the list of what no rule may do (合规核对); a hit is a mistake, not a concern."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matcher.corpora import Mark
from matcher.engine import Engine
from matcher.errors import RulesProblem
from matcher.rules import Zone
from matcher.rules.compliance import Compliance, Forbidden
from matcher.rules.schema import Rule, Veto
from matcher.rules.source import Location
from matcher.rules.zone import SegmentSpec
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
        rule: Id of the rule or the veto, ``visit_questions.<kind>``, or ``<chain>.<segment>`` whose question it is.
        forbidden: Id of the entry of the list.
    """

    problem: RulesProblem
    rule: str
    forbidden: str


def check_compliance(compliance: Compliance, engine: Engine, files: Files) -> list[RulesProblem]:
    """Everything in a zone's rules that the list forbids, each at its line (合规问题); as ``breaches``."""
    return [breach.problem for breach in breaches(compliance, engine, files)]


def breaches(compliance: Compliance, engine: Engine, files: Files) -> list[Breach]:
    """The same, with the rule and what it breaches (违规的规则).

    Rules that hold only where a ledger is read are looked at whether there is one or not.

    Args:
        compliance: The list.
        engine: Over the rules.
        files: Where they stand.
    """
    found = []
    for forbidden in compliance.forbidden:
        for file, location, rule, problem in (
            *_problems(forbidden, engine),
            *_asked(forbidden, engine.zone),
            *_termed(forbidden, engine.zone),
        ):
            source = files.source(file)
            said = f"{problem}：不得{forbidden.label}（{'、'.join(map(str, forbidden.sources))}）；{forbidden.instead}"
            at = RulesProblem(source.shown, source.line(location), ".".join(map(str, location)), said)
            found.append(Breach(at, rule, forbidden.id))
    return found


def _problems(forbidden: Forbidden, engine: Engine) -> Iterator[tuple[str, Location, str, str]]:
    """(file, place in it, rule, what is wrong) of vetoes, rules and visit questions."""
    own = engine.zone.scoring
    zone = engine.zone.with_ledger_rules()
    whole = Ruleset(zone, engine.evidence.fields)
    vetoes = [zone.place_of("vetoes", number) for number in range(len(zone.scoring.vetoes))]
    rules = [zone.place_of("rules", number) for number in range(len(zone.scoring.rules))]
    both: tuple[tuple[Sequence[Location], str, Sequence[Rule | Veto], Sequence[Expression]], ...] = (
        (vetoes, "when", zone.scoring.vetoes, whole.whens),
        (rules, "value", zone.scoring.rules, whole.values),
    )
    for places, field, entries, expressions in both:
        for place, entry, expression in zip(places, entries, expressions, strict=True):
            if read := [name for name in expression.fields if name in forbidden.fields]:
                yield _FILE, (*place, field), entry.id, f"{entry.id} 读了「{read[0]}」"
            if isinstance(entry, Rule) and entry.weight > 0 and (read := [n for n in expression.fields if n in forbidden.rewarded]):
                yield _FILE, (*place, field), entry.id, f"{entry.id} 按「{read[0]}」加分"
            asked = _WORDS.findall(expression.text)
            if words := [word for word in asked if word in forbidden.marks or word in forbidden.words]:
                yield _FILE, (*place, field), entry.id, f"{entry.id} 问了「{words[0]}」"
            if "marks" in forbidden.where:
                for mark, word in _of_marks(forbidden, engine.corpora.marks, asked):
                    yield _FILE, (*place, field), entry.id, f"{entry.id} 问的标记 {mark} 认「{word}」"
            for at, word in _texts(forbidden, place, entry):
                yield _FILE, at, entry.id, f"{entry.id} 写了「{word}」"
    if "visit_questions" in forbidden.where:
        for kind, question in own.visit_questions.items():
            if said := _first(forbidden, question):
                yield _FILE, ("visit_questions", kind), f"visit_questions.{kind}", f"写了「{said}」"


def _of_marks(forbidden: Forbidden, marks: Sequence[Mark], asked: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Marks that are asked for and what they go by, where that is forbidden: a mark is not what it is called, but its words."""
    for mark in marks:
        if mark.id in asked:
            words = (mark.label, *mark.name_has, *mark.name_ends, *mark.first_has, *mark.first_only, *mark.scope_has)
            if found := next(filter(None, (_first(forbidden, word) for word in words)), None):
                yield mark.id, found


def _termed(forbidden: Forbidden, zone: Zone) -> Iterator[tuple[str, Location, str, str]]:
    """Terms of segments and themes: what raises an affinity rewards as a rule does."""
    if "terms" not in forbidden.where:
        return
    for file, place, segment in _placed(zone):
        if found := next(filter(None, (_first(forbidden, term) for term, _ in segment.terms)), None):
            yield file, (*place, "terms"), f"{segment.chain or 'opportunities'}.{segment.id}", f"{segment.id} 的词里有「{found}」"


def _placed(zone: Zone) -> Iterator[tuple[str, Location, SegmentSpec]]:
    """Every segment and theme with its file and its place there."""
    numbers: Counter[str] = Counter()
    for segment in zone.segments:
        file, key = (f"chains/{segment.chain}.yaml", "segments") if segment.chain else ("opportunities.yaml", "themes")
        yield file, (key, numbers[file]), segment
        numbers[file] += 1


def _asked(forbidden: Forbidden, zone: Zone) -> Iterator[tuple[str, Location, str, str]]:
    """What segments and opportunity themes ask a company first: a question is a wish."""
    if "asks" not in forbidden.where:
        return
    for file, place, segment in _placed(zone):
        asked = [((*place, "asks"), segment.asks), *(((*place, "asks_of", n), of.asks) for n, of in enumerate(segment.asks_of))]
        for at, question in asked:
            if word := _first(forbidden, question):
                yield file, at, f"{segment.chain or 'opportunities'}.{segment.id}", f"{segment.id} 写了「{word}」"


def _texts(forbidden: Forbidden, place: Location, entry: Rule | Veto) -> Iterator[tuple[Location, str]]:
    for where in ("label", "says", "asks", "evidence", "why"):
        text = getattr(entry, where, None)
        if where in forbidden.where and text and (word := _first(forbidden, text)):
            yield (*place, where), word


def _first(forbidden: Forbidden, text: str) -> str | None:
    return next((word for word in forbidden.words if word in text), None)
