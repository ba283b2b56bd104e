"""Two lists compared as they are (名单比较), whatever differs between their runs: companies, rules, day or filters.

A company is known by its code, else by its name. Of those on both lists the points of each rule are set side by side. Where nothing but
the rules differs, ``matcher.tuning.diff`` says more: it knows of every company, on the lists or not, why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from matcher.engine import Engine
from matcher.runs import Request
from matcher.scoring.formula import UNIT
from matcher.tuning.diff import Diff, Kind, diff
from matcher.tuning.outcome import Reading
from matcher.types import RankedCompany, Ranking, Run

Differs = Literal["companies", "rules", "corpora", "local", "lists", "ledger", "request"]


@dataclass(frozen=True)
class Side:
    """A company on one of the lists (一边的名次)."""

    place: int
    score: float
    chain: str | None
    segment: str | None


@dataclass(frozen=True)
class Part:
    """A rule whose points differ (分差的一项); None where the ruleset lacks it."""

    rule: str
    label: str
    old: float | None
    new: float | None
    change: float


@dataclass(frozen=True)
class Move:
    """One company of either list (一家企业的进退).

    Attributes:
        old, new: None where it is not on that list.
        change: New score less old, of those on both.
        parts: Rules whose points differ, before caps, of those on both.
    """

    kind: Kind
    uscc: str | None
    name: str
    city: str | None
    old: Side | None
    new: Side | None
    change: float | None
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Compared:
    """Two lists compared (名单比较).

    Attributes:
        differs: Which inputs of the runs differ.
        moves: By new place, then by old.
        rules: All that ``diff`` says, where only the rules differ.
    """

    old: Run
    new: Run
    differs: tuple[Differs, ...]
    moves: tuple[Move, ...]
    entered: int
    left: int
    rules: Diff | None


def compare(old: tuple[Engine, Ranking], new: tuple[Engine, Ranking], reading: Callable[[], Reading], request: Request) -> Compared:
    """Compares two lists of one zone (比较).

    Args:
        old: A list, with the engine that made it.
        new: Another.
        reading: Reads the old one's companies, if they are needed.
        request: Of the old one.
    """
    before, after = old[1], new[1]
    was, is_ = ({_key(one): one for one in ranking.results} for ranking in (before, after))
    moves = tuple(_move(was.get(key), is_.get(key)) for key in (*is_, *(key for key in was if key not in is_)))
    entered, left = (sum(move.kind == kind for move in moves) for kind in ("entered", "left"))
    differs = _differing(before.run, after.run)
    rules = diff(old[0], new[0], reading(), request) if differs == ("rules",) else None
    return Compared(before.run, after.run, differs, moves, entered, left, rules)


def _differing(old: Run, new: Run) -> tuple[Differs, ...]:
    found: list[Differs] = []
    if old.snapshot != new.snapshot:
        found.append("companies")
    if old.ruleset != new.ruleset:
        found.append("rules")
    if old.corpora != new.corpora:
        found.append("corpora")
    evidence: tuple[tuple[Differs, tuple[str, ...]], ...] = (
        ("local", ("local", "local_complete")), ("lists", ("lists",)), ("ledger", ("ledger",)),
    )  # fmt: skip
    for name, keys in evidence:
        if any(old.request.get(key) != new.request.get(key) for key in keys):
            found.append(name)
    own = tuple(key for _, keys in evidence for key in keys)
    asked = [{key: value for key, value in run.request.items() if key not in own} for run in (old, new)]
    if asked[0] != asked[1]:
        found.append("request")
    return tuple(found)


def _key(one: RankedCompany) -> tuple[str, str]:
    return ("uscc", one.uscc) if one.uscc else ("name", one.name)


def _move(old: RankedCompany | None, new: RankedCompany | None) -> Move:
    here = new or old
    assert here is not None
    sides = tuple(None if one is None else Side(one.rank or 0, one.score, one.chain, one.segment) for one in (old, new))
    kind: Kind = "entered" if old is None else "left" if new is None else "kept" if old.rank == new.rank else "moved"
    change = None if old is None or new is None else (round(new.score * UNIT) - round(old.score * UNIT)) / UNIT
    parts = _parts(old, new) if old is not None and new is not None else ()
    return Move(kind, here.uscc, here.name, here.city, sides[0], sides[1], change, parts)


def _parts(old: RankedCompany, new: RankedCompany) -> tuple[Part, ...]:
    was, is_ = ({one.rule: one for one in result.contributions} for result in (old, new))
    found = []
    for rule in (*is_, *(rule for rule in was if rule not in is_)):
        ends = [None if rule not in side else side[rule].points for side in (was, is_)]
        change = (round((ends[1] or 0) * UNIT) - round((ends[0] or 0) * UNIT)) / UNIT
        if change:
            found.append(Part(rule, (is_.get(rule) or was[rule]).label, ends[0], ends[1], change))
    return tuple(found)
