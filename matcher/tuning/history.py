"""One company under every version of the rules (评分历史): its score, place and band, and by which rules each step moved it.

The versions rank the same companies as of the same day, so that what differs is the rules and nothing else. It is not what the lists of
those days said: for that there is ``replay``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matcher.engine import Engine
from matcher.runs import Request
from matcher.scoring.results import band_of
from matcher.store.rulesets import RulesetVersion
from matcher.tuning.diff import Part, Ranked, Side, split
from matcher.tuning.outcome import Reading
from matcher.types import Band


@dataclass(frozen=True)
class Ruleset:
    """A version, or the draft, and its rules (一套规则).

    Attributes:
        version: None for the draft.
        digest: Of the ruleset; empty if it is not known.
        engine: None where it cannot be opened.
        problem: Why not.
    """

    version: RulesetVersion | None
    digest: str
    engine: Engine | None
    problem: str = ""


@dataclass(frozen=True)
class Step:
    """A company under one version (历史的一步).

    Attributes:
        version: None for the draft.
        side: Its place and score; None where the rules cannot be opened.
        band: Likewise.
        vetoes: Labels of all vetoes that take it off the list.
        against: Which step before this one it is compared with, by its place in the history; None for the first.
        change: Score less that one's.
        parts: Every part that changed; they add up to ``change``.
        problem: Why the rules cannot be opened.
    """

    version: RulesetVersion | None
    digest: str
    side: Side | None
    band: Band | None
    vetoes: tuple[str, ...]
    against: int | None
    change: float | None
    parts: tuple[Part, ...]
    problem: str


@dataclass(frozen=True)
class History:
    """A company under all versions, the oldest first (评分历史).

    Attributes:
        considered: Companies that were ranked.
    """

    name: str
    uscc: str | None
    row: int
    city: str | None
    as_of: str
    considered: int
    steps: tuple[Step, ...]


def history(rulesets: Sequence[Ruleset], reading: Reading, request: Request, company: int) -> History:
    """Ranks the companies under each ruleset and follows one of them (求评分历史).

    Args:
        rulesets: The oldest first.
        reading: The companies, by any of the engines.
        request: Filters and date.
        company: Which one.

    Raises:
        RequestError: The request names what one of the rulesets lacks.
    """
    companies = reading.companies
    return History(
        companies.text["name"][company],
        companies.text["uscc"][company] or None,
        int(companies.row[company]),
        companies.text["city"][company] or None,
        request.as_of.isoformat(),
        len(companies),
        tuple(_steps(rulesets, reading, request, company)),
    )


def _steps(rulesets: Sequence[Ruleset], reading: Reading, request: Request, company: int) -> Iterator[Step]:
    before: tuple[int, Ranked] | None = None
    for number, ruleset in enumerate(rulesets):
        if ruleset.engine is None:
            yield Step(ruleset.version, ruleset.digest, None, None, (), None, None, (), ruleset.problem)
            continue
        same = before is not None and before[1].engine.zone.digest == ruleset.digest
        ranked = before[1] if before is not None and same else Ranked(ruleset.engine, reading, request)
        against: int | None = None
        change: float | None = None
        parts: tuple[Part, ...] = ()
        if before is not None:
            against, (change, parts) = before[0], split(company, before[1], ranked)
        band = band_of(ranked.score(company), ruleset.engine.zone)
        yield Step(ruleset.version, ruleset.digest, ranked.side(company), band, ranked.vetoes(company), against, change, parts, "")
        before = number, ranked
