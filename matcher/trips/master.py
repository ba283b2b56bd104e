"""Which days and which visits together (总问题): a linear program over days found so far, then whole numbers over the same days.

Columns are days of a team (``matcher.trips.days``) and visits. Rows say that a district has no more visits than teams stop there for, and
each company in it no more than they come; that nobody wakes up where nobody went to bed; that of a family one is visited; that further
visits of a segment and of a chain count less. Segments are exact in it, chains as exact as their thresholds of worth, rounded so that the
program's value is never below the worth of any plan made of the same days; once no further day can raise it (``Master.price``), of any
plan at all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ortools.linear_solver import pywraplp

from matcher.scoring.formula import MILLI
from matcher.trips.days import DayFinder, Pattern
from matcher.trips.problem import HOME, Problem
from matcher.trips.value import PRIZE_UNIT

_AWAY = 1e4  # points that it costs not to do what must be done: more than any plan earns
_LEVELS = 10  # thresholds of worth in a chain
_SLACK = 1e-6
_GAIN = 1e-6  # points below which a day is no gain


@dataclass(frozen=True)
class Mix:
    """What whole numbers chose (整数解).

    Attributes:
        days: For each day the patterns, one a team.
        spots: Who is visited.
        missed: What could not be kept: ``("spot", number)`` or ``("city", number)``.
    """

    days: tuple[tuple[Pattern, ...], ...]
    spots: tuple[int, ...]
    missed: tuple[tuple[str, int], ...]


class Master:
    """The linear program over the days found so far (总问题).

    Args:
        problem: The trip.
        whole: Whole numbers, by SCIP, instead of the linear program.
    """

    def __init__(self, problem: Problem, *, whole: bool = False) -> None:
        self._problem, self._whole = problem, whole
        self._solver: Any = pywraplp.Solver.CreateSolver("SCIP" if whole else "GLOP")
        self._solver.Objective().SetMaximization()
        self._columns: dict[tuple[int, Pattern], Any] = {}
        self._visits: dict[int, list[Any]] = {}
        self._missed: dict[tuple[str, int], Any] = {}
        self._rows()
        self._spots()
        self._chains()

    # rows first; a column then enters the rows that are its own

    def _row(self, low: float, high: float) -> Any:
        return self._solver.Constraint(low, high)

    def _var(self, high: float, gain: float, *, whole: bool = False) -> Any:
        variable = self._solver.IntVar(0, high, "") if whole and self._whole else self._solver.NumVar(0, high, "")
        self._solver.Objective().SetCoefficient(variable, gain)
        return variable

    def _rows(self) -> None:
        problem, endless = self._problem, self._solver.infinity()
        nodes = sorted({spot.node for spot in problem.spots if spot.day is None})
        self._there = Counter(spot.node for spot in problem.spots if spot.day is None)
        self.room = {node: self._row(-endless, 0) for node in nodes}
        self.there = {node: self._row(-endless, 0) for node in nodes}
        self._come = {node: self._var(endless, 0.0) for node in nodes}
        for node, row in self.there.items():
            row.SetCoefficient(self._come[node], 1)
        self.kept = {n: self._row(1, endless) for n, spot in enumerate(problem.spots) if spot.day is not None}
        self.teams = self._row(problem.teams, problem.teams)
        self.nights = {(night, base): self._row(0, 0) for night in range(1, problem.days) for base in problem.bases}
        families = Counter(spot.family for spot in problem.spots)
        self._family = {family: self._row(0, 1) for family, size in families.items() if size > 1}
        self._chain_levels = self._levels()
        self._chain = {
            (c, n): self._row(-endless, 0) for c, levels in sorted(self._chain_levels.items()) for n in range(len(levels))
        }
        cities = sorted({city for city in problem.city if city >= 0}) if problem.ordered else []
        self._city = {city: self._row(1, endless) for city in cities}
        for kind, rows in (("spot", self.kept), ("city", self._city)):
            for number, row in rows.items():
                self._miss(kind, number, row)

    def _miss(self, kind: str, number: int, row: Any) -> None:
        missing = self._missed.get((kind, number)) or self._var(1, -_AWAY, whole=True)
        row.SetCoefficient(missing, 1)
        self._missed[kind, number] = missing

    def _spots(self) -> None:
        problem = self._problem
        sizes = Counter(spot.bucket for spot in problem.spots)
        places: dict[tuple[int, int], Any] = {}
        for number, spot in enumerate(problem.spots):
            fill = problem.fills[spot.bucket]
            most = min(len(fill), sizes[spot.bucket])
            once = self._row(1.0 if spot.must or spot.day is not None else 0.0, 1)
            if spot.must or spot.day is not None:
                self._miss("spot", number, once)
            visits = []
            linked = None
            if spot.day is None:  # nobody is visited more than a team comes to the district
                linked = self._row(-self._solver.infinity(), 0)
                linked.SetCoefficient(self._come[spot.node], -1)
            for place in range(most):
                visit = self._var(1, spot.prize * fill[place] / (PRIZE_UNIT * MILLI))
                visits.append(visit)
                if place < len(fill) - 1:
                    row = places.setdefault((spot.bucket, place), None) or self._row(0, 1)
                    places[spot.bucket, place] = row
                    row.SetCoefficient(visit, 1)
                worth = spot.prize * fill[place] / (PRIZE_UNIT * MILLI)
                for level, least in enumerate(self._chain_levels[spot.chain]):
                    if worth >= least:
                        self._chain[spot.chain, level].SetCoefficient(visit, 1)
                for row in self._rows_of(number):
                    row.SetCoefficient(visit, 1)
                once.SetCoefficient(visit, 1)
                if linked is not None:
                    linked.SetCoefficient(visit, 1)
            self._visits[number] = visits

    def _rows_of(self, number: int) -> Iterable[Any]:
        """Rows that count a visit."""
        spot = self._problem.spots[number]
        if spot.day is None:
            yield self.room[spot.node]
        if spot.family in self._family:
            yield self._family[spot.family]
        city = self._problem.city[spot.node]
        if city in self._city:
            yield self._city[city]

    def _levels(self) -> dict[int, list[float]]:
        """For each chain thresholds of what its visits may be worth, ascending: the discount is exact for what they round down to."""
        values: dict[int, set[float]] = defaultdict(set)
        for spot in self._problem.spots:
            fill = self._problem.fills[spot.bucket]
            values[spot.chain] |= {spot.prize * step / (PRIZE_UNIT * MILLI) for step in (fill[0], fill[-1])}
        found = {}
        for chain, there in values.items():
            ranked = sorted(there)
            found[chain] = sorted({ranked[len(ranked) * part // _LEVELS] for part in range(_LEVELS)})
        return found

    def _chains(self) -> None:
        """What a chain's further visits lose: for each threshold, of the n visits worth as much the j-th loses j steps of it."""
        problem = self._problem
        flat = -(-(MILLI - problem.chain_least) // problem.chain_step) if problem.chain_step else 0
        sizes = Counter(spot.chain for spot in problem.spots)
        for (chain, level), row in self._chain.items():
            levels = self._chain_levels[chain]
            more = levels[level] - (levels[level - 1] if level else 0.0)
            most = min(sizes[chain] - 1, flat)
            for place in range(most + 1):
                loss = min(problem.chain_step * place, MILLI - problem.chain_least) / MILLI
                row.SetCoefficient(self._var(self._solver.infinity() if place == most else 1, -more * loss), -1)

    def add(self, day: int, pattern: Pattern) -> bool:
        """Takes a day in (加一列); False if it was there."""
        if (day, pattern) in self._columns:
            return False
        teams, last = self._problem.teams, self._problem.days - 1
        column = self._columns[day, pattern] = self._var(teams, 0.0, whole=True)
        for code, times in Counter(pattern.stops).items():
            if code >= 0:
                self.room[code].SetCoefficient(column, -min(times, self._there[code]))
                self.there[code].SetCoefficient(column, -1)
            else:
                self.kept[-1 - code].SetCoefficient(column, 1)
        if day == 0:
            self.teams.SetCoefficient(column, 1)
        else:
            self.nights[day, pattern.start].SetCoefficient(column, -1)
        if day < last:
            self.nights[day + 1, pattern.end].SetCoefficient(column, 1)
        return True

    @property
    def columns(self) -> list[tuple[int, Pattern]]:
        """All days taken in, in that order (各列)."""
        return list(self._columns)

    def likely(self, most: int) -> list[tuple[int, Pattern]]:
        """The days that a plan of whole numbers is likely made of (有望的各列): those fixed, and those that cost least to choose."""
        ranked = sorted((-column.lb(), -column.reduced_cost(), number) for number, column in enumerate(self._columns.values()))
        columns = self.columns
        return [columns[number] for number in sorted(number for _, _, number in ranked[:most])]

    def fix(self, days: Sequence[Sequence[Pattern]]) -> None:
        """Days that must be among those chosen (固定), and no others from before."""
        for column in self._columns.values():
            column.SetLb(0)
        for (day, pattern), times in Counter((day, one) for day, there in enumerate(days) for one in there).items():
            self._columns[day, pattern].SetLb(times)

    def fixed(self) -> list[list[Pattern]]:
        """The days that are fixed now (已固定的)."""
        days: list[list[Pattern]] = [[] for _ in range(self._problem.days)]
        for (day, pattern), column in self._columns.items():
            days[day] += [pattern] * round(column.lb())
        return days

    def dive(self) -> bool:
        """Fixes what the last solution has whole, else the day that it has most of (下潜); False if all is fixed."""
        left = [
            (column.solution_value() - column.lb(), -number, column)
            for number, column in enumerate(self._columns.values())
            if column.solution_value() - column.lb() > _SLACK
        ]
        whole = [one for one in left if one[0] > 1 - _SLACK]
        for share, _, column in whole or sorted(left, key=lambda one: one[:2])[-1:]:
            column.SetLb(column.lb() + max(1, int(share + _SLACK)))
        return bool(left)

    def solve(self, nodes: int | None = None, seconds: float | None = None) -> float | None:
        """Solves it (求解) and returns its value in points, or None if there is no solution.

        Args:
            nodes: Of the search tree, at most: a limit that knows no clock.
            seconds: A fuse.
        """
        if nodes is not None:
            self._solver.SetSolverSpecificParametersAsString(f"limits/nodes = {nodes}\nrandomization/randomseedshift = 0\n")
        if seconds is not None:
            self._solver.set_time_limit(max(1, int(seconds * 1000)))
        if self._solver.Solve() not in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
            return None
        value: float = self._solver.Objective().Value()
        return value

    def price(self, finders: Mapping[int, DayFinder]) -> tuple[float, list[tuple[int, Pattern]]]:
        """The days that would raise the value (定价), and how much at most they can.

        Args:
            finders: For each day.

        Returns:
            The most that any one team's trip earns at the present prices, over those at hand (0 if none), and the days worth taking in.
        """
        problem = self._problem
        gains = {node: row.dual_value() for node, row in self.room.items()}
        gains = {node: max(0.0, gain) for node, gain in gains.items()}
        comes = {node: max(0.0, row.dual_value()) for node, row in self.there.items()}
        held = {-1 - spot: -row.dual_value() for spot, row in self.kept.items()}
        nights = {at: row.dual_value() for at, row in self.nights.items()}
        trip: dict[int, float] = dict.fromkeys(problem.starts(0), -float(self.teams.dual_value()))
        fresh: list[tuple[int, Pattern]] = []
        kept: dict[tuple[int, int], dict[int, tuple[float, Pattern]]] = {}
        for day in range(problem.days):
            reached: dict[int, float] = defaultdict(lambda: -1e18)
            for start in problem.starts(day):
                key = (id(finders[day]), start)
                if key not in kept:
                    kept[key] = finders[day].best(start, (HOME, *problem.bases), {**gains, **held}, comes)
                for end in problem.ends(day):
                    if end not in kept[key]:
                        continue
                    value, pattern = kept[key][end]
                    value += nights[day, start] if day else -float(self.teams.dual_value())
                    value -= nights[day + 1, end] if day < problem.days - 1 else 0.0
                    if value > _GAIN:
                        fresh.append((day, pattern))
                    before = trip[start] if day else 0.0
                    reached[end] = max(reached[end], (before if day else 0.0) + value)
            trip = dict(reached)
            for start in problem.starts(day + 1) if day < problem.days - 1 else ():
                trip.setdefault(start, -1e18)
        return max(0.0, max(trip.values(), default=0.0)), fresh

    def natural(self, finders: Mapping[int, DayFinder]) -> list[tuple[int, Pattern]]:
        """The day from every bed to every bed that visits the best (自然的走法): prices alone may leave a bed without a good one."""
        prizes: dict[int, list[float]] = defaultdict(list)
        for number, spot in enumerate(self._problem.spots):
            prizes[spot.node if spot.day is None else -1 - number].append(spot.prize / PRIZE_UNIT)
        gains = {code: sum(there) / len(there) for code, there in prizes.items()}
        comes = {code: max(there) - gains[code] for code, there in prizes.items()}
        found = []
        for day in range(self._problem.days):
            for start in self._problem.starts(day):
                best = finders[day].best(start, self._problem.ends(day), gains, comes)
                found += [(day, pattern) for _, pattern in best.values()]
        return found

    def shares(self) -> dict[int, float]:
        """How far each spot is visited (各拜访的份额)."""
        return {number: sum(visit.solution_value() for visit in visits) for number, visits in self._visits.items()}

    def mix(self) -> Mix:
        """What whole numbers chose (读出整数解)."""
        days: list[list[Pattern]] = [[] for _ in range(self._problem.days)]
        for (day, pattern), column in self._columns.items():
            days[day] += [pattern] * round(column.solution_value())
        spots = tuple(number for number, share in self.shares().items() if share > 0.5)
        missed = tuple(what for what, variable in self._missed.items() if variable.solution_value() > 0.5)
        return Mix(tuple(map(tuple, days)), spots, missed)
