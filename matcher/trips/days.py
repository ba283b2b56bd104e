"""The best day for given prices (最合算的一天): dynamic programming over place, time and number of visits.

The master problem (``matcher.trips.search``) says what a visit in each district is worth to it; here is found, exactly, which day from
each bed to each bed earns most. A district may be come back to; how many companies it has is the master's business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from matcher.trips.problem import HOME, NEVER, Problem, free_nodes

_NOT = -np.inf
MOST_ONCE = 4
"""Districts that days from one bed are kept from coming back to (不许回头的区县数); each doubles the work."""


@dataclass(frozen=True)
class Pattern:
    """A day without names (一天的走法): a stop is a node, or an appointment.

    Attributes:
        stops: Nodes from 0, or ``-1 - spot`` for an appointment.
    """

    start: int
    stops: tuple[int, ...]
    end: int


class DayFinder:
    """Finds days that earn most (找最合算的一天).

    Args:
        problem: The trip.
        appointments: Spots with an appointment on this day.
    """

    def __init__(self, problem: Problem, appointments: Sequence[int] = ()) -> None:
        self._problem, shape = problem, problem.shape
        nodes = free_nodes(problem)
        self.codes = [*nodes, *(-1 - spot for spot in appointments)]
        places = np.array([*nodes, *(problem.spots[spot].node for spot in appointments)], dtype=np.int64)
        self._places = places
        lengths = [shape.visit] * len(nodes) + [problem.visit_length(spot) for spot in appointments]
        self._off = shape.windows[0][0]
        self._width = shape.windows[-1][1] - self._off + 1
        latest = np.array([self._latest(lengths[n], code) for n, code in enumerate(self.codes)], dtype=np.int64)
        self._latest_start = latest  # stop × slot of its end: the latest beginning, or -NEVER
        leaving = self._leaving(problem.ways[np.ix_(places, places)], latest, min(lengths, default=shape.visit))
        self._nothing = len(places) * self._width  # a cell that holds "not"
        rows = np.arange(len(places))[:, None, None] * self._width
        cells = np.where(leaving >= 0, rows + leaving, self._nothing)
        each = np.arange(len(places))
        self._again = cells[each, each]  # stay and call on the next one there
        cells[each, each] = self._nothing
        self._before = cells
        here = Counter(spot.node for spot in problem.spots if spot.day is None)
        self._once: dict[int, list[int]] = {}
        self._room = np.array([*(here[node] for node in nodes), *(1 for _ in appointments)], dtype=np.int64)

    def _latest(self, length: int, code: int) -> NDArray[np.int64]:
        """For each slot in which a visit may be over, the latest slot in which it can have begun."""
        over = np.arange(self._width) + self._off
        if code < 0:
            fixed = self._problem.spots[-1 - code].start
            return np.where(over >= fixed + length, fixed, -NEVER)
        found = np.full(self._width, -NEVER, dtype=np.int64)
        for opens, closes in self._problem.shape.windows:
            found = np.where(over - length >= opens, np.minimum(over - length, closes - length), found)
        return found

    def _leaving(self, ways: NDArray[np.int64], latest: NDArray[np.int64], shortest: int) -> NDArray[np.int64]:
        """The latest slot, less the offset, to leave each stop for each other so as to be through with it by each slot; -1 if none."""
        shape = self._problem.shape
        leave = latest[None, :, :] - ways[:, :, None]
        if len(shape.windows) > 1:
            closes, opens = shape.windows[0][1], shape.windows[1][0]
            after = latest[None, :, :] >= opens
            early = np.minimum(closes, leave - shape.lunch)  # from a visit before noon: lunch lies between
            leave = np.where(after & (leave < opens + shortest), early, leave)
        return np.maximum(leave - self._off, -1)

    def best(self, start: int, ends: Sequence[int], gains: Mapping[int, float]) -> dict[int, tuple[float, Pattern]]:
        """For each bed in the evening the day that earns most (各去处最合算的一天).

        Args:
            start: Where the team gets up.
            ends: Where it may go to bed.
            gains: What a visit earns, by node and by appointment.
        """
        problem, shape = self._problem, self._problem.shape
        found: dict[int, tuple[float, Pattern]] = {}
        for end in ends:
            if shape.leave + problem.ways[start, end] <= problem.latest(end):
                found[end] = (0.0, Pattern(start, (), end))
        if not self.codes:
            return found
        gain = np.array([gains.get(code, 0.0) for code in self.codes])
        layers = self._layers(start, gain)
        for end in ends:
            limit = problem.latest(end) - problem.ways[self._places, end] - self._off
            reach = np.minimum(limit, self._width - 1)
            at = np.flatnonzero(reach >= 0)
            if not len(at):
                continue
            values = np.array([[layer.left[at, reach[at]] for layer in masks] for masks in layers])
            count, mask, place = np.unravel_index(int(values.argmax()), values.shape)
            value = float(values[count, mask, place])
            if value > found.get(end, (_NOT,))[0] + 1e-9:
                last = _State(int(count), int(mask), int(at[place]), int(reach[at[place]]))
                found[end] = (value, Pattern(start, self._back(layers, start, last), end))
        return found

    def tighten(self, pattern: Pattern) -> bool:
        """From now on no day from this bed comes back to the districts that this one comes back to (收紧); False if there are too many."""
        seen: set[int] = set()
        twice: set[int] = set()
        for before, code in pairwise((None, *pattern.stops)):
            if code != before:
                twice |= {code} & seen
                seen.add(code)
        known = self._once.setdefault(pattern.start, [])
        fresh = [self.codes.index(code) for code in sorted(twice) if self.codes.index(code) not in known]
        room = MOST_ONCE - len(known)
        known += fresh[:room]
        return bool(fresh[:room])

    def _layers(self, start: int, gain: NDArray[np.float64]) -> list[list[_Layer]]:
        """For n = 1, 2 … visits, and each set of districts left for good: the most that they earn if the last is over by each slot."""
        once = self._once.get(start, [])
        reached = self._problem.shape.leave + self._problem.ways[start, self._places]
        first = np.where(self._latest_start >= reached[:, None], gain[:, None], _NOT)
        none = np.full_like(first, _NOT)
        layers = [[_Layer([np.maximum.accumulate(first if not mask else none, axis=1)]) for mask in range(1 << len(once))]]
        for _ in range(self._problem.shape.per_day - 1):
            layer = [_Layer(self._further(layers[-1], mask, once, gain)) for mask in range(1 << len(once))]
            if not any(np.isfinite(one.left).any() for one in layer):
                break
            layers.append(layer)
        return layers

    def _sources(self, masks: list[_Layer], mask: int, once: list[int]) -> NDArray[np.float64]:
        """What can be left so that just the districts of ``mask`` are left for good; the last cell is "not"."""
        left = masks[mask].left.copy()
        for bit, place in enumerate(once):
            left[place] = masks[mask ^ 1 << bit].left[place] if mask >> bit & 1 else _NOT
        return np.append(left.ravel(), _NOT)

    def _further(self, masks: list[_Layer], mask: int, once: list[int], gain: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        moved = self._sources(masks, mask, once)[self._before].max(axis=0) + gain[:, None]
        moved[[place for bit, place in enumerate(once) if mask >> bit & 1]] = _NOT
        runs = [moved]
        for length, run in enumerate(masks[mask].runs, 1):
            again = np.append(run.ravel(), _NOT)[self._again] + gain[:, None]
            runs.append(np.where(self._room[:, None] > length, again, _NOT))
        return [np.maximum.accumulate(run, axis=1) for run in runs]

    def _back(self, layers: list[list[_Layer]], start: int, last: _State) -> tuple[int, ...]:
        once, stops = self._once.get(start, []), list[int]()
        count, mask, at, slot = last.count, last.mask, last.at, last.slot
        run = layers[count][mask].longest(at, slot)
        while True:
            row = layers[count][mask].runs[run][at]
            slot = int(np.argmax(row[: slot + 1] >= row[slot]))  # when it was first over with as much
            stops.append(self.codes[at])
            if not count:
                return tuple(reversed(stops))
            count -= 1
            if run:
                slot, run = int(self._again[at, slot]) % self._width, run - 1
                continue
            before = self._before[:, at, slot]
            cells = self._sources(layers[count], mask, once)
            at, slot = divmod(int(before[int(cells[before].argmax())]), self._width)
            if at in once:
                mask ^= 1 << once.index(at)
            run = layers[count][mask].longest(at, slot)


@dataclass(frozen=True)
class _State:
    """The last visit of a day: how many before it, what is left for good, where, over by when."""

    count: int
    mask: int
    at: int
    slot: int


class _Layer:
    """What n visits earn, by how many of them in a row were at the last place."""

    def __init__(self, runs: list[NDArray[np.float64]]) -> None:
        self.runs = runs
        self.left = np.maximum.reduce(runs)

    def longest(self, at: int, slot: int) -> int:
        return max(range(len(self.runs)), key=lambda run: float(self.runs[run][at, slot]))


def travel_only(problem: Problem, day: int) -> list[Pattern]:
    """Days on the road alone (只赶路的一天), from each bed to each."""
    return [
        Pattern(start, (), end)
        for start in problem.starts(day)
        for end in problem.ends(day)
        if problem.shape.leave + problem.ways[start, end] <= problem.latest(end)
    ]


__all__ = ["HOME", "DayFinder", "Pattern", "travel_only"]
