"""Two rulesets over the same companies (名单对比): who enters, leaves and moves, and which rule moved each score by how much.

For a company that is scored by pair p under the old rules and by pair q under the new ones, in whole 1/10000 points:

    score(q) − score(p) = Σ over rules (points(q) − points(p))                        a rule that one side lacks gives 0 there
                        + Σ over groups (cut(q) − cut(p))                             cut = group after its cap − before
                        + clamp(q) − clamp(p)                                         clamp = score − Σ groups

so the parts add up exactly, and a diff of B and A is that of A and B with every sign turned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from matcher.engine import Engine
from matcher.rules import Zone
from matcher.runs import Request
from matcher.scoring.evidence import NO_SEGMENT
from matcher.scoring.formula import UNIT
from matcher.scoring.ranking import ORDER_UNIT
from matcher.tuning.agreement import kendall
from matcher.tuning.edits import Edit, edits
from matcher.tuning.outcome import Outcome, Reading, outcome_of
from matcher.tuning.standing import Fate

Kind = Literal["entered", "left", "moved", "kept"]
PartKind = Literal["rule", "cap", "clamp"]


@dataclass(frozen=True)
class Side:
    """What one ruleset says of a company (一套规则下的结果).

    Attributes:
        place: On the whole list, from 1; None if it is not on it.
        order_value: None if it is not on the list.
        because: Label of the veto, or name of the company that it folds into; else empty.
    """

    fate: Fate
    place: int | None
    score: float
    order_value: float | None
    chain: str | None
    segment: str | None
    because: str


@dataclass(frozen=True)
class Part:
    """A part of the move of a score (分差的一项).

    Attributes:
        kind: A rule, what a group's cap cuts off, or what the bounds of the score cut off.
        id: Of the rule or the group; ``score`` for the bounds.
        group: The rule group.
        old, new: Points on either side; None where the ruleset lacks the rule or the group.
        change: New less old.
    """

    kind: PartKind
    id: str
    label: str
    group: str
    old: float | None
    new: float | None
    change: float


@dataclass(frozen=True)
class Move:
    """One company of either list's first places (一家企业的进退).

    Attributes:
        kind: Entered or left the first places, moved within them, or kept its place.
        change: New score less old.
        parts: Every part that changed; they add up to ``change``.
        groups: Rule group → its points after the cap, new less old, where they changed.
    """

    kind: Kind
    row: int
    uscc: str | None
    name: str
    city: str | None
    old: Side
    new: Side
    change: float
    parts: tuple[Part, ...]
    groups: dict[str, float]


@dataclass(frozen=True)
class Share:
    """How many of the first places go to a chain or a recruitment group (名额)."""

    id: str
    name: str
    old: int
    new: int
    entered: int
    left: int


@dataclass(frozen=True)
class Effect:
    """What one part did to all companies of either list together (一条规则的总影响).

    Attributes:
        companies: How many it moved.
        up, down: Sum of its gains and of its losses.
        chains: New chain (``none`` for no chain) → its sum there.
    """

    kind: PartKind
    id: str
    label: str
    group: str
    companies: int
    up: float
    down: float
    chains: dict[str, float]


@dataclass(frozen=True)
class Diff:
    """Two lists compared (名单对比).

    Attributes:
        top: Length of the lists that are compared.
        considered: Companies that both rulesets were asked about.
        edits: What differs in the rules themselves.
        moves: Companies of either list's first places: by new place, then by old.
        overlap: Companies on both, as a share of the longer list; 1 if both are empty.
        tau: Kendall's τ-b of the places of all of ``moves``, those off a list at its end; None if there is no order to compare.
        churn: Companies that entered, or that left, whichever is more.
    """

    zone: str
    old: str
    new: str
    top: int
    as_of: str
    cities: tuple[str, ...]
    considered: int
    edits: tuple[Edit, ...]
    moves: tuple[Move, ...]
    chains: tuple[Share, ...]
    groups: tuple[Share, ...]
    effects: tuple[Effect, ...]
    overlap: float
    tau: float | None
    churn: int

    def of(self, *kinds: Kind) -> tuple[Move, ...]:
        """Moves of these kinds, in order (某几类)."""
        return tuple(move for move in self.moves if move.kind in kinds)


def diff(old: Engine, new: Engine, reading: Reading, request: Request, earlier: Request | None = None) -> Diff:
    """Compares the lists of two engines over one reading (对比).

    Args:
        old: Of a zone.
        new: Of the same zone, over the same corpora.
        reading: Of either.
        request: Filters, date and length.
        earlier: What the old list was asked for, where it is of another day.

    Raises:
        RequestError: The request names what one of the rulesets lacks.
    """
    return between(Ranked(old, reading, earlier or request), Ranked(new, reading, request))


def between(before: Ranked, after: Ranked) -> Diff:
    """Compares two lists that are there (对比两份名单): many candidates with one base need that once only.

    Args:
        before: Of a zone.
        after: Of the same zone, over the same corpora and companies, as long.
    """
    old, new, reading, request = before.engine, after.engine, after.reading, after.request
    chosen = sorted(
        {*before.first(request.top), *after.first(request.top)},
        key=lambda company: (*after.order(company), *before.order(company), reading.companies.key(company)),
    )
    moves = tuple(_move(company, before, after, reading, request.top) for company in chosen)
    shared = sum(move.kind in ("moved", "kept") for move in moves)
    entered, left = (sum(move.kind == kind for move in moves) for kind in ("entered", "left"))
    return Diff(
        zone=new.zone.id,
        old=old.zone.digest,
        new=new.zone.digest,
        top=request.top,
        as_of=request.as_of.isoformat(),
        cities=request.cities,
        considered=len(reading.companies),
        edits=edits(old.zone, new.zone),
        moves=moves,
        chains=_shares(moves, {**old.zone.chain_names, **new.zone.chain_names}, {}),
        groups=_shares(moves, _group_names(old.zone, new.zone), {**_chain_groups(old.zone), **_chain_groups(new.zone)}),
        effects=_effects(moves),
        overlap=shared / (shared + max(entered, left)) if moves else 1.0,
        tau=kendall([before.order(company)[0] for company in chosen], [after.order(company)[0] for company in chosen]),
        churn=max(entered, left),
    )


class Ranked:
    """One side: what became of every company, by company (一套规则下的全部结果).

    Args:
        engine: The rules.
        reading: The companies.
        request: As ``diff``.
    """

    def __init__(self, engine: Engine, reading: Reading, request: Request) -> None:
        self.engine, self.reading, self.request = engine, reading, request
        self.outcome: Outcome = outcome_of(engine, reading, request)
        self.scores = self.outcome.scored.scores
        self._listed: list[int] = self.outcome.chains.company.tolist()
        self._place = {number: place for place, number in enumerate(self._listed, start=1)}
        self._order = dict(zip(self._listed, self.outcome.chains.order_value.tolist(), strict=True))

    def first(self, top: int) -> list[int]:
        """The first companies (前列)."""
        return self._listed[:top]

    def order(self, company: int) -> tuple[int]:
        """The place, or one behind all others."""
        return (self._place.get(company, len(self.reading.companies) + 1),)

    def score(self, company: int) -> int:
        """In units (得分)."""
        return int(self.scores.score[company])

    def vetoes(self, company: int) -> tuple[str, ...]:
        """Labels of all that it is vetoed by (否决)."""
        return tuple(veto.label for n, veto in enumerate(self.engine.ruleset.vetoes) if self.scores.vetoed[n, company])

    def side(self, company: int) -> Side:
        """What became of a company (一家的结果)."""
        number = int(self.outcome.scored.placed.segment[company])
        segment = None if number == NO_SEGMENT else self.engine.zone.segments[number]
        fate: Fate = "listed"
        because = ""
        if self.outcome.vetoed[company]:
            fate, because = "vetoed", self.engine.ruleset.vetoes[int(self.outcome.scored.placed.veto[company])].label
        elif self.outcome.beside[company]:
            fate = "beside"
        elif company in self.outcome.chains.folded:
            fate, because = "folded", self.reading.companies.text["name"][self.outcome.chains.folded[company]]
        order = self._order.get(company)
        return Side(
            fate,
            self._place.get(company),
            self.score(company) / UNIT,
            None if order is None else order / ORDER_UNIT,
            segment.chain if segment else None,
            segment.id if segment else None,
            because,
        )

    def parts(self, company: int) -> dict[tuple[PartKind, str], tuple[str, str, int]]:
        """(kind, id) → label, group, amount; the amounts add up to the score."""
        scores, ruleset = self.scores, self.engine.ruleset
        found: dict[tuple[PartKind, str], tuple[str, str, int]] = {}
        for n, rule in enumerate(ruleset.rules):
            found["rule", rule.id] = (rule.label, rule.group, int(scores.points[n, company]))
        for n, group in enumerate(ruleset.groups):
            cut = int(scores.groups[n, company] - scores.raw[n, company])
            found["cap", group.id] = (f"{group.label}封顶", group.id, cut)
        found["clamp", "score"] = ("截到 0–100", "", int(scores.score[company] - scores.groups[:, company].sum()))
        return found

    def groups(self, company: int) -> dict[str, int]:
        """Points of each rule group after its cap, in units (各组得分)."""
        return {group.id: int(self.scores.groups[n, company]) for n, group in enumerate(self.engine.ruleset.groups)}


def split(company: int, before: Ranked, after: Ranked) -> tuple[float, tuple[Part, ...]]:
    """By how much a score moved, and its parts, which add up to it exactly (分差及其各项)."""
    theirs, mine = before.parts(company), after.parts(company)
    parts, total = [], 0
    for key in (*mine, *(key for key in theirs if key not in mine)):
        label, group, _ = mine.get(key) or theirs[key]
        o, n = (side[key][2] if key in side else None for side in (theirs, mine))
        moved = (n or 0) - (o or 0)
        total += moved
        if moved:
            ends = (None if o is None else o / UNIT, None if n is None else n / UNIT)
            parts.append(Part(*key, label, group, *ends, moved / UNIT))
    assert total == after.score(company) - before.score(company), "the parts of a move add up to it"
    return total / UNIT, tuple(parts)


def _move(company: int, before: Ranked, after: Ranked, reading: Reading, top: int) -> Move:
    old, new = before.side(company), after.side(company)
    was, is_ = (side.place is not None and side.place <= top for side in (old, new))
    kind: Kind = "entered" if not was else "left" if not is_ else "kept" if old.place == new.place else "moved"
    change, parts = split(company, before, after)
    gone, come = before.groups(company), after.groups(company)
    groups = {g: (come.get(g, 0) - gone.get(g, 0)) / UNIT for g in dict.fromkeys([*come, *gone])}
    text, companies = reading.companies.text, reading.companies
    return Move(
        kind, int(companies.row[company]), text["uscc"][company] or None, text["name"][company], text["city"][company] or None,
        old, new, change, parts, {group: points for group, points in groups.items() if points},
    )  # fmt: skip


def _shares(moves: Iterable[Move], names: Mapping[str, str], of_chain: Mapping[str, str]) -> tuple[Share, ...]:
    """Places by what ``of_chain`` says of a chain, or by chain where it says nothing."""
    counts = {one: np.zeros(4, dtype=np.int64) for one in names}
    for move in moves:
        for at, side, kind in ((0, move.old, "left"), (1, move.new, "entered")):
            key = of_chain.get(side.chain or "", side.chain or "")
            inside = move.kind in ("moved", "kept", kind)
            if inside and key in counts:
                counts[key][at] += 1
                counts[key][3 - at] += move.kind == kind
    return tuple(Share(one, names[one], *counts[one].tolist()) for one in names if counts[one].any())


def _group_names(*zones: Zone) -> dict[str, str]:
    return {group.id: group.name for zone in zones for group in zone.file.groups if group.chains}


def _chain_groups(zone: Zone) -> dict[str, str]:
    return {chain: group.id for group in zone.file.groups for chain in group.chains}


def _effects(moves: Iterable[Move]) -> tuple[Effect, ...]:
    """Of each part over all moves, the largest first."""
    found: dict[tuple[PartKind, str], list[tuple[Part, str]]] = {}
    for move in moves:
        for part in move.parts:
            found.setdefault((part.kind, part.id), []).append((part, move.new.chain or "none"))
    effects = []
    for (kind, id_), given in found.items():
        units = [(round(part.change * UNIT), chain) for part, chain in given]
        chains = {chain: sum(n for n, c in units if c == chain) / UNIT for chain in sorted({chain for _, chain in units})}
        up, down = sum(n for n, _ in units if n > 0) / UNIT, sum(n for n, _ in units if n < 0) / UNIT
        effects.append(Effect(kind, id_, given[0][0].label, given[0][0].group, len(units), up, down, chains))
    effects.sort(key=lambda effect: (effect.down - effect.up, effect.kind, effect.id))
    return tuple(effects)
