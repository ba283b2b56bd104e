"""What if the rules were others (试算): the same companies ranked again and again, in a fraction of a second where only numbers change.

What is kept from one trial to the next, and what makes it be made again:

    texts                        another word of a segment: the changed segments' alone
    what the rows say            another city, register, list or approached group
    pairs, values of rules       another ``least_affinity``; another expression: its own column alone
    who can be on the list       another veto
    scores, families, order      anything

``rank`` gives the list that ``Engine.rank`` gives, to the last digit; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from operator import is_
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.engine import Engine
from matcher.intake.fields import EPOCH
from matcher.rules import Zone
from matcher.runs import Request, wanted_segments
from matcher.scoring.evidence import Standing
from matcher.scoring.ranking import Gap, Listed, Placed, arrange, arrange_first
from matcher.tuning.outcome import Reading, reworded
from matcher.tuning.pool import Listing, Matrix, Pool, first_vetoes
from matcher.tuning.value_table import Values, ValueTable
from matcher.types import RankedCompany, Ranking, Unserved

_OF_ROWS = ("approached", "local", "qualifications")


@dataclass(frozen=True)
class InOrder:
    """A list in order, without the reasons (排好的榜).

    Attributes:
        everybody: All that could be on it, by entry.
        ordered: All that are on it, by place.
        order: Their order values and places; ``pair`` are entries of ``everybody``.
        folded: How many folded into others.
    """

    everybody: Placed
    ordered: Placed
    order: Listed
    folded: int


@dataclass(frozen=True)
class _Left:
    """Who stays on a list, in no order (上榜的企业).

    Attributes:
        everybody: As in ``InOrder``.
        entry: Those that stay, as entries of it.
        score, segment, rank: Of these, ``rank`` that of their keys.
        folded: As in ``InOrder``.
    """

    everybody: Placed
    entry: NDArray[np.int64]
    score: NDArray[np.int64]
    segment: NDArray[np.int64]
    rank: NDArray[np.int64]
    folded: int

    def first(self, zone: Zone, top: int, allowed: NDArray[np.bool_] | None) -> tuple[Listed, list[Gap]]:
        """The first of the list and what they leave open, by their places among those that stay."""
        return arrange_first(self.score, self.segment, self.rank.__getitem__, zone, top, allowed)


@dataclass(frozen=True)
class Side:
    """What was made for one of the two lists (一张榜的取值).

    Attributes:
        key: What decides who is paired with which segment.
        table: The pairs.
        without: For each company, whether it is left out.
        vetoes, rules: Values of the vetoes and of the rules, in their order.
        pool: The pairs that decide.
        listing: Their companies.
        fills, matrix: ``if_unknown`` of the rules, and what ``Pool.matrix`` makes of all this.
    """

    key: tuple[Hashable, ...]
    table: ValueTable
    without: NDArray[np.bool_]
    vetoes: list[Values]
    pool: Pool
    listing: Listing
    rules: list[Values]
    fills: NDArray[np.int64]
    matrix: Matrix


class WhatIf:
    """Companies that were read, under rules that are being tried (试算).

    Args:
        engine: With the rules to begin with.
        reading: The companies; its cities are those of the request.
        request: Filters, date and length.
        before: Another trial; what both share is not made again, nothing if the requests differ in more than length.

    Attributes:
        engine, reading: Of the present rules.
        request: As given.
        chains, themes: What was made for the list of the chains, and for the one beside it if there is one.

    Raises:
        RequestError: As ``Engine.rank``.
    """

    def __init__(self, engine: Engine, reading: Reading, request: Request, before: WhatIf | None = None) -> None:
        self.engine: Engine = engine
        self.request: Request = request
        if before is not None and replace(before.request, top=request.top) != request:
            before = None
        self.reading = reworded(engine, reading)
        self._allowed, self._day = wanted_segments(engine.zone, request), (request.as_of - EPOCH).days
        sources = engine.evidence.sources
        self._of_rows: tuple[Hashable, ...] = (id(self.reading.companies), *(sources[name] for name in _OF_ROWS))
        if before is not None and before._of_rows == self._of_rows:
            self._standing: Standing = before._standing
        else:
            self._standing = engine.evidence.standing(self.reading.companies, self.reading.windows.rows, self._day)
        of_chains, of_themes = (None, None) if before is None else (before.chains, before.themes)
        beside = np.zeros(len(self.reading.companies), dtype=np.bool_)
        self.themes: Side | None = self._side(of_themes, beside, themes=True) if request.everything else None
        if self.themes is not None:
            beside = beside.copy()
            beside[self.themes.listing.company] = True
        self.chains: Side = self._side(of_chains, beside, themes=False)

    def with_rules(self, rules: Zone | str | Path) -> WhatIf:
        """The same companies under other rules (换一套规则试算); this one stays as it is.

        Args:
            rules: As for ``Engine.with_rules``.

        Raises:
            RulesError: As ``Engine.with_rules``.
            RequestError: The request names what the rules lack.
        """
        return WhatIf(self.engine.with_rules(rules), self.reading, self.request, self)

    def rank(self, top: int | None = None) -> Ranking:
        """The ranked list, as ``Engine.rank`` gives it (排名).

        Args:
            top: Length of the list; the request's if None.
        """
        top = self.request.top if top is None else top
        opportunities: tuple[RankedCompany, ...] = ()
        folded_beside = 0
        if self.themes is not None:
            beside, _ = self._left(self.themes)
            opportunities, _ = self._lines(self.themes, beside, top)
            folded_beside = beside.folded
        of_chains, counts = self._left(self.chains)
        results, open_ = self._lines(self.chains, of_chains, top)
        vetoed = {veto.id: int(n) for veto, n in zip(self.engine.ruleset.vetoes, counts, strict=True) if n}
        run = self.engine.manifest(self.reading.intake.digest, replace(self.request, top=top), self._standing.lists.digest)
        folded = of_chains.folded + folded_beside
        return Ranking(run, results, len(self.reading.companies), vetoed, folded, opportunities, open_)

    def order(self) -> InOrder:
        """The list of the chains in order, without reasons (只排先后); texts are not looked at."""
        left, _ = self._left(self.chains)
        order = arrange(left.score, left.segment, left.rank, self.engine.zone)
        entry = left.entry[order.pair]
        return InOrder(left.everybody, left.everybody.take(entry), replace(order, pair=entry), left.folded)

    def first(self, top: int) -> Listed:
        """The first ``top`` of that list alone (只排前若干家): what ``order`` begins with, without sorting all of it."""
        left, _ = self._left(self.chains)
        order, _ = left.first(self.engine.zone, top, None)
        return replace(order, pair=left.entry[order.pair])

    @property
    def evaluated(self) -> int:
        """How many columns of values were evaluated for this trial and those that share its tables (求过值的列数)."""
        return self.chains.table.evaluated + (0 if self.themes is None else self.themes.table.evaluated)

    def _side(self, before: Side | None, without: NDArray[np.bool_], *, themes: bool) -> Side:
        ruleset, key = self.engine.ruleset, self._pairs_key(themes=themes)
        table = before.table if before is not None and before.key == key else self._table(themes=themes)
        read = table.read([*ruleset.whens, *ruleset.values], self.engine.evidence, self._standing)
        vetoes, rules = read[: len(ruleset.whens)], read[len(ruleset.whens) :]
        kept = (
            before is not None
            and before.table is table
            and len(before.vetoes) == len(vetoes)
            and all(map(is_, before.vetoes, vetoes))
            and np.array_equal(before.without, without)
        )
        if before is not None and kept:
            pool, listing = before.pool, before.listing
            matrix = pool.matrix(rules, ruleset.if_unknown, (before.rules, before.fills, before.matrix))
        else:
            pool = Pool(table, first_vetoes(vetoes, len(table)), without, len(vetoes))
            listing = Listing(self.engine, self.reading, pool.company[pool.open])
            matrix = pool.matrix(rules, ruleset.if_unknown, None)
        return Side(key, table, without, vetoes, pool, listing, rules, ruleset.if_unknown, matrix)

    def _pairs_key(self, *, themes: bool) -> tuple[Hashable, ...]:
        """What decides which company is paired with which segment."""
        order, segments = self.engine.zone.scoring.order, self.engine.zone.segments
        margin = order.opportunity_margin if themes else 0
        of_chains = tuple(segment.chain is not None for segment in segments)
        return (id(self.reading), order.least_affinity, margin, of_chains, self._allowed.tobytes())

    def _table(self, *, themes: bool) -> ValueTable:
        windows, found = self.reading.windows, []
        for some in windows.windows():
            profiles, _ = windows.of(np.arange(some.start, some.stop))
            company, segment = (
                self.engine.placer.theme_pairs(profiles) if themes else self.engine.placer.chain_pairs(profiles, self._allowed)
            )
            found.append((company + some.start, segment))
        company, segment = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return ValueTable(company, segment, windows, self._day)

    def _left(self, side: Side) -> tuple[_Left, NDArray[np.int64]]:
        """Who stays on a list, and how many companies each veto takes off."""
        score, segment, veto = side.pool.best(side.matrix, self.engine.ruleset)
        barred = ~side.pool.open
        counts = side.pool.settled + np.bincount(veto[barred], minlength=len(side.pool.settled))
        chains = self.engine.evidence.of_segments["chain"].astype(np.int64)
        placed = side.listing.placed(score[side.pool.open], segment[side.pool.open], chains)
        folds = side.listing.folds(placed)
        left = np.flatnonzero(~folds)
        return _Left(placed, left, placed.score[left], placed.segment[left], side.listing.rank[left], int(folds.sum())), counts

    def _lines(self, side: Side, left: _Left, top: int) -> tuple[tuple[RankedCompany, ...], tuple[Unserved, ...]]:
        order, gaps = left.first(self.engine.zone, top, self._allowed)
        order, gaps = (
            replace(order, pair=left.entry[order.pair]),
            [gap if gap.entry < 0 else replace(gap, entry=int(left.entry[gap.entry])) for gap in gaps],
        )
        families = side.listing.families(left.everybody, order.pair)
        return self.engine.lister.lines(self.reading.companies, left.everybody, order, gaps, families, self._day)
