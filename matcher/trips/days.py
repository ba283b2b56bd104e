"""The best day for given prices (最合算的一天): dynamic programming over place, time and number of visits.

The master problem (``matcher.trips.search``) says what a visit in each district is worth to it; here is found, exactly, which day from
each bed to each bed earns most among those that come to no district twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count

import numpy as np
from numpy.typing import NDArray

from matcher.trips.problem import HOME, NEVER, Problem, free_nodes

_NOT = -np.inf
_MORE = 1e-9
MOST_TAILS = 4_000
"""Steps of the search for one day (一天的搜索步数); where it ends there, the bound is weaker, not wrong."""


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
        latest = latest.reshape(len(self.codes), self._width)  # also where there is nobody
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
        left: NDArray[np.int64] = np.maximum(leave - self._off, -1)
        return left

    def best(
        self, start: int, ends: Sequence[int], gains: Mapping[int, float], comes: Mapping[int, float]
    ) -> dict[int, tuple[float, Pattern]]:
        """For each bed in the evening the day that earns most (各去处最合算的一天).

        Args:
            start: Where the team gets up.
            ends: Where it may go to bed.
            gains: What a visit earns, by node and by appointment.
            comes: What it earns to come to a node at all.

        Returns:
            End → what no day earns more than, and the day; the two agree unless the search had to stop.
        """
        problem, shape = self._problem, self._problem.shape
        found: dict[int, tuple[float, Pattern]] = {}
        for end in ends:
            if shape.leave + problem.ways[start, end] <= problem.latest(end):
                found[end] = (0.0, Pattern(start, (), end))
        if not self.codes:
            return found
        gain = np.array([gains.get(code, 0.0) for code in self.codes])
        arrival = gain + np.array([comes.get(code, 0.0) for code in self.codes])
        layers = self._layers(start, gain, arrival)
        for end in ends:
            limit = problem.latest(end) - problem.ways[self._places, end] - self._off
            reach = np.minimum(limit, self._width - 1)
            value, stops = self._once(layers, gain, arrival, reach, found[end][0] if end in found else _NOT)
            if stops:
                found[end] = (value, Pattern(start, stops, end))
        return found

    def _layers(self, start: int, gain: NDArray[np.float64], arrival: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """For n = 1, 2 … visits: the most that they earn, by how many before the last were at its place, place, and slot of its end."""
        reached = self._problem.shape.leave + self._problem.ways[start, self._places]
        first = np.where(self._latest_start >= reached[:, None], arrival[:, None], _NOT)
        layers = [np.maximum.accumulate(first, axis=1)[None]]
        for _ in range(self._problem.shape.per_day - 1):
            runs = layers[-1]
            flat = np.append(runs.max(axis=0).ravel(), _NOT)
            further = [flat[self._before].max(axis=0) + arrival[:, None]]
            for length, run in enumerate(runs, 1):
                again = np.append(run.ravel(), _NOT)[self._again] + gain[:, None]
                further.append(np.where(self._room[:, None] > length, again, _NOT))
            layer = np.maximum.accumulate(np.array(further), axis=2)
            if not np.isfinite(layer).any():
                break
            layers.append(layer)
        return layers

    def _once(
        self,
        layers: list[NDArray[np.float64]],
        gain: NDArray[np.float64],
        arrival: NDArray[np.float64],
        reach: NDArray[np.int64],
        least: float,
    ) -> tuple[float, tuple[int, ...]]:
        """The best day that comes to no place twice: from its end backwards, by what the layers say can at most lie before."""
        waiting: list[tuple[float, int, _Tail]] = []
        number = count()
        usable = np.flatnonzero(reach >= 0)
        for n, layer in enumerate(layers):
            there = layer[:, usable, reach[usable]]
            for run, place in np.argwhere(there > least + _MORE).tolist():
                at = int(usable[place])
                tail = _Tail(n, run, at, int(reach[at]), 0.0, (self.codes[at],), frozenset())
                waiting.append((-float(there[run, place]), next(number), tail))
        heapify(waiting)
        for _ in range(MOST_TAILS):
            if not waiting:
                return least, ()
            most, _, tail = heappop(waiting)
            if tail.count == 0 and tail.run == 0:
                return -most, tuple(reversed(tail.stops))
            for value, longer in self._longer(layers, gain, arrival, tail, least):
                heappush(waiting, (-value, next(number), longer))
        return -waiting[0][0] if waiting else least, tuple(reversed(waiting[0][2].stops)) if waiting else ()

    def _longer(
        self, layers: list[NDArray[np.float64]], gain: NDArray[np.float64], arrival: NDArray[np.float64], tail: _Tail, least: float
    ) -> Iterator[tuple[float, _Tail]]:
        """What can lie just before the first stop of a tail, and the most that the whole can then earn."""
        at, layer = tail.at, layers[tail.count - 1]
        if tail.run:
            slot = int(self._again[at, tail.slot]) % self._width
            earned, run = tail.earned + float(gain[at]), tail.run - 1
            yield (
                earned + float(layer[run, at, slot]),
                _Tail(tail.count - 1, run, at, slot, earned, (*tail.stops, self.codes[at]), tail.left),
            )
            return
        earned, left = tail.earned + float(arrival[at]), tail.left | {at}
        cells = self._before[:, at, tail.slot]
        open_ = np.flatnonzero(cells < self._nothing)
        slots = cells[open_] % self._width
        values = layer[:, open_, slots] + earned
        for run, place in np.argwhere(values > least + _MORE).tolist():
            other = int(open_[place])
            if other not in left:
                longer = _Tail(tail.count - 1, run, other, int(slots[place]), earned, (*tail.stops, self.codes[other]), left)
                yield float(values[run, place]), longer


@dataclass(frozen=True)
class _Tail:
    """The end of a day, its first stop last.

    Attributes:
        count: Visits before the first stop.
        run: How many of those just before it are at its place.
        at, slot: Its place, and by when it is over.
        earned: By all behind it.
        left: Places of those behind.
    """

    count: int
    run: int
    at: int
    slot: int
    earned: float
    stops: tuple[int, ...]
    left: frozenset[int]


def travel_only(problem: Problem, day: int) -> list[Pattern]:
    """Days on the road alone (只赶路的一天), from each bed to each."""
    return [
        Pattern(start, (), end)
        for start in problem.starts(day)
        for end in problem.ends(day)
        if problem.shape.leave + problem.ways[start, end] <= problem.latest(end)
    ]


__all__ = ["HOME", "DayFinder", "Pattern", "travel_only"]
