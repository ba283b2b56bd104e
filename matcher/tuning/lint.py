"""Everything that can be said against a zone's rules (规则体检): what the list of compliance forbids, and what is doubtful."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from matcher.engine import Engine
from matcher.errors import RulesProblem
from matcher.intake import Intake
from matcher.intake.fields import EPOCH
from matcher.rules.compliance import Compliance
from matcher.runs import Request
from matcher.snapshot import ProfileCache
from matcher.tuning.compliance import check_compliance
from matcher.tuning.concerns import NOTES, Concern, Files, sorted_concerns
from matcher.tuning.lint_data import DataLint
from matcher.tuning.lint_rules import RuleLint
from matcher.tuning.lint_words import WordLint
from matcher.tuning.outcome import outcome_of, read_companies
from matcher.tuning.placeholders import placeholders


@dataclass(frozen=True)
class Lint:
    """What was found (体检结果).

    Attributes:
        forbidden: What no rule may do; these are mistakes.
        concerns: What is doubtful.
        notes: What these companies did not show: counted, and listed only when asked for; words only if asked for.
        dead_terms: Words of segments that stand nowhere in these companies' texts.
        companies: How many companies were looked at.
    """

    forbidden: tuple[RulesProblem, ...]
    concerns: tuple[Concern, ...]
    notes: tuple[Concern, ...]
    dead_terms: int
    companies: int


def lint(
    engine: Engine,
    files: Files,
    compliance: Compliance,
    intake: Intake,
    as_of: date,
    *,
    known: ProfileCache | None = None,
    every_word: bool = False,
) -> Lint:
    """Looks at a zone's rules and at what they do to a file (规则体检).

    Args:
        engine: Over the rules.
        files: Where they stand.
        compliance: What no rule may do.
        intake: The companies.
        as_of: The day of the check.
        known: What the companies' texts say, if they were read before.
        every_word: Note every word that was never found, not only their number.
    """
    reading = read_companies(engine, intake, known=known)
    request = Request(as_of=as_of)
    outcome = outcome_of(engine, reading, request)
    found = concerns_of_rules(engine, files, as_of)
    said = {(one.kind, one.field) for one in found}
    data = DataLint(engine, files, outcome).concerns()
    words, dead_terms = WordLint(engine, files, reading, outcome, request).concerns(every_word=every_word)
    never = {one.field for one in found if one.kind == "never"}
    found += [one for one in [*data, *words] if (one.kind, one.field) not in said and one.field not in never]
    everything = sorted_concerns(found)
    return Lint(
        tuple(sorted(check_compliance(compliance, engine, files))),
        tuple(one for one in everything if one.kind not in NOTES),
        tuple(one for one in everything if one.kind in NOTES),
        dead_terms,
        len(reading.companies),
    )


def concerns_of_rules(engine: Engine, files: Files, as_of: date) -> list[Concern]:
    """What is doubtful in the rules themselves, whatever the companies (不看企业的疑处).

    Args:
        engine: Over the rules.
        files: Where they stand.
        as_of: The day of the check.
    """
    found = RuleLint(engine.evidence, engine.ruleset, files, (as_of - EPOCH).days, engine.zone).concerns()
    said = {(one.file, one.line, one.kind) for one in found}
    return [*found, *(one for one in placeholders(files) if (one.file, one.line, one.kind) not in said)]
