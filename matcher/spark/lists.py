"""A list of which the best of each segment are known (集群上的一张榜): put in order, and made into lines, as one machine does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from matcher.engine import Engine
from matcher.intake import Companies
from matcher.intake.fields import EPOCH
from matcher.listing import Open
from matcher.runs import Request, wanted_segments
from matcher.scoring.ranking import Placed, arrange, behind, depth, unserved
from matcher.spark.best import Standing, Target
from matcher.spark.fold import family_of
from matcher.types import RankedCompany, Unserved

if TYPE_CHECKING:
    from pyspark.sql import Row


class ClusterList:
    """The list of a zone's chains, or that beside them (一张榜).

    Args:
        engine: Of the zone.
        request: What is asked.
        slot: Number of the list; even ones are of chains.

    Attributes:
        depth: Companies of each segment that are enough.
        factors: As in ``CountBefore``.
        last, targets: Likewise; known once the list is in order.
    """

    def __init__(self, engine: Engine, request: Request, slot: int) -> None:
        self.engine, self.request, self.slot = engine, request, slot
        self.depth = depth(engine.zone, request.top)
        self.factors = tuple(behind(engine.zone, request.top).tolist())
        self._allowed = wanted_segments(engine.zone, request)
        self.last: dict[int, Standing] = {}
        self.targets: tuple[Target, ...] = ()
        self._open: list[tuple[int, int]] = []

    def arrange(self, rows: Sequence[Row]) -> None:
        """Puts the best of each segment in the list's order (排序)."""
        self._rows = sorted(rows, key=lambda row: (row["file"], row["row"]))
        score, segment = (np.array([row[name] for row in self._rows], dtype=np.int64) for name in ("score", "segment"))
        self._order = arrange(score, segment, [row["order"] for row in self._rows], self.engine.zone)
        if self.slot % 2:
            return
        for number in np.unique(segment).tolist():
            of_segment = [self._standing(place) for place in np.flatnonzero(segment == number).tolist()]
            if len(of_segment) >= self.depth:
                self.last[number] = max(of_segment)
        pair = self._order.pair
        self._open = unserved(segment[pair], self.request.top, self.engine.zone, self._allowed)
        self.targets = tuple(
            Target(-int(self._order.order_value[at]), self._standing(int(pair[at]))) for _, at in self._open if at >= 0
        )

    def _standing(self, place: int) -> Standing:
        row = self._rows[place]
        return Standing(-row["score"], row["order"], row["file"], row["row"])

    def needed(self) -> Iterator[tuple[int, int]]:
        """File and first row of the companies that are told of (要取全的企业)."""
        told = [*self._order.first(self.request.top).pair.tolist(), *(int(self._order.pair[at]) for _, at in self._open if at >= 0)]
        return ((self._rows[place]["file"], self._rows[place]["row"]) for place in told)

    def lines(
        self, companies: Companies, places: Mapping[tuple[int, int], int], before: Mapping[int, int]
    ) -> tuple[tuple[RankedCompany, ...], tuple[Unserved, ...]]:
        """The first lines, and the segments that they leave open (成文).

        Args:
            companies: Those that are needed, whole.
            places: File and first row → place among them.
            before: Number of a target → how many that were not kept stand before it.
        """
        first = self._order.first(self.request.top)
        rows = [self._rows[place] for place in first.pair.tolist()]
        company, segment, chain, score = (
            np.array(column, dtype=np.int64)
            for column in (
                [places[row["file"], row["row"]] for row in rows],
                *([row[name] for row in rows] for name in ("segment", "chain", "score")),
            )
        )
        nothing = np.zeros(len(rows), dtype=np.int16)
        shown = Placed(company, segment, chain, score, np.full(len(rows), -1), nothing)
        families = [family_of(row["family"]) for row in rows]
        as_of = (self.request.as_of - EPOCH).days
        return self.engine.lister.told(companies, shown, first, families, as_of, list(self._opened(places, before)))

    def _opened(self, places: Mapping[tuple[int, int], int], before: Mapping[int, int]) -> Iterator[Open]:
        number = 0
        for segment, at in self._open:
            if at < 0:
                yield Open(segment)
                continue
            row = self._rows[int(self._order.pair[at])]
            yield Open(segment, places[row["file"], row["row"]], at + before.get(number, 0), row["score"])
            number += 1
