"""Who could stand on a list, with the values that decide (候选池): what stays the same while weights, caps, bands and fills are tried.

A pair that a veto bars decides nothing while its company has one that none bars, and a company all of whose pairs are barred by the
same veto is settled whatever its score. What is left, about one pair in eight, is a matrix of rules × pairs; ``groups = weights @ values``
is exact, for all products and sums are whole numbers that the matrix's type holds (below 2²⁴ in float32, else float64 is taken).
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_

import numpy as np
from numpy.typing import NDArray

from matcher.engine import Engine
from matcher.scoring.folding import fold_families
from matcher.scoring.formula import MILLI, UNIT, Ruleset
from matcher.scoring.ranking import Placed, key_ranks
from matcher.tuning.outcome import Reading
from matcher.tuning.value_table import Values, ValueTable
from matcher.types import Family

Matrix = NDArray[np.float32] | NDArray[np.float64]
_EXACT = {np.float32: 1 << 24, np.float64: 1 << 53}
_SEGMENTS, _AFFINITIES, _VETOES = 1 << 14, 1 << 10, 1 << 12


def first_vetoes(vetoes: Sequence[Values], size: int) -> NDArray[np.int16]:
    """For each pair, the number of the first veto that is true of it, or -1 (首条否决)."""
    found = np.full(size, -1, dtype=np.int16)
    for number in reversed(range(len(vetoes))):
        found[vetoes[number].true] = number
    return found


class Pool:
    """The pairs of one table that the order depends on (候选池).

    Args:
        table: All pairs.
        veto: As ``first_vetoes`` gives it.
        without: For each company, whether it is left out.

    Attributes:
        pair: The pairs, by company.
        company: Their companies, one entry each.
        open: For each entry, whether no veto bars it.
        settled: Veto → companies that it takes off whatever the weights are.
    """

    def __init__(self, table: ValueTable, veto: NDArray[np.int16], without: NDArray[np.bool_], vetoes: int) -> None:
        owner = np.repeat(np.arange(len(table.starts)), np.diff(table.starts, append=len(table)))
        low, high = np.minimum.reduceat(veto, table.starts), np.maximum.reduceat(veto, table.starts)
        out = without[table.company[table.starts]]
        settled = ~out & (low >= 0) & (low == high)
        self.settled: NDArray[np.int64] = np.bincount(low[settled], minlength=vetoes)
        asked = ~(out | settled)[owner] & ((veto < 0) | (low >= 0)[owner])
        self.pair: NDArray[np.int64] = np.flatnonzero(asked)
        company = table.company[self.pair]
        self._starts: NDArray[np.int64] = np.flatnonzero(np.diff(company, prepend=-1))
        self.company: NDArray[np.int64] = company[self._starts]
        self.open: NDArray[np.bool_] = veto[self.pair[self._starts]] < 0
        segment = _SEGMENTS - 2 - table.segment[self.pair]  # the first in the files is the greatest; NO_SEGMENT is -1
        self._tie = (table.affinity[self.pair] * _SEGMENTS + segment) * _VETOES + veto[self.pair] + 1

    def matrix(
        self, rules: Sequence[Values], fills: NDArray[np.int64], before: tuple[Sequence[Values], NDArray[np.int64], Matrix] | None
    ) -> Matrix:
        """Rules × pairs, thousandths, with ``if_unknown`` where a value is unknown (取值矩阵).

        Args:
            rules: Values of each rule.
            fills: Its ``if_unknown``.
            before: Values, fills and matrix of this pool under other rules; equal rows are copied, an equal matrix is handed back.
        """
        if before and len(before[0]) == len(rules) and all(map(is_, before[0], rules)) and np.array_equal(before[1], fills):
            return before[2]
        made = np.empty((len(rules), len(self.pair)), dtype=np.float32)
        at = (
            {} if before is None else {(id(values), int(fill)): n for n, (values, fill) in enumerate(zip(*before[:2], strict=True))}
        )
        for number, (values, fill) in enumerate(zip(rules, fills.tolist(), strict=True)):
            old = at.get((id(values), fill))
            if before is not None and old is not None:
                made[number] = before[2][old]
            else:
                made[number] = np.where(values.known[self.pair], values.value[self.pair], fill)
        return made

    def best(self, values: Matrix, ruleset: Ruleset) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Score, segment and veto (or -1) of each company's best pair (最好的组合): by score, affinity, the segments' order."""
        score = group_sums(values, ruleset).astype(np.int64)
        key = score * (_AFFINITIES * _SEGMENTS * _VETOES) + self._tie
        best = np.maximum.reduceat(key, self._starts) if len(key) else key
        segment = _SEGMENTS - 2 - (best // _VETOES & (_SEGMENTS - 1))  # powers of two: a remainder is a few of the bits
        return best // (_AFFINITIES * _SEGMENTS * _VETOES), segment, (best & (_VETOES - 1)) - 1


def group_sums(values: Matrix, ruleset: Ruleset) -> Matrix:
    """The score of each column, in whole units of 1/10000 point (得分): groups cut to their caps, their sum to 0…100."""
    weights = np.zeros((len(ruleset.groups), len(values)), dtype=np.int64)
    weights[ruleset.group_of, np.arange(len(values))] = ruleset.weights
    largest = max(int(np.abs(weights).sum(axis=1).max()) * MILLI, int(np.abs(ruleset.caps).max(axis=1).sum()))
    kind = np.float32 if largest < _EXACT[np.float32] else np.float64
    groups = weights.astype(kind) @ values.astype(kind, copy=False)
    caps = ruleset.caps.astype(kind)
    np.clip(groups, caps[:, :1], caps[:, 1:], out=groups)
    total: Matrix = np.clip(groups.sum(axis=0), 0, 100 * UNIT)
    return total


def best_first(family: NDArray[np.int64], score: NDArray[np.int64], rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """An order by family, then score, the best first, then rank (家族内的先后); no two agree in family and rank, and nothing is below 0.

    One number for all three is sorted far quicker than three by turns, as long as it has room for them.
    """
    families, scores, ranks = (int(column.max(initial=0)) + 1 for column in (family, score, rank))
    if families * scores * ranks >= 1 << 63:
        return np.lexsort((rank, -score, family))
    return np.argsort((family * scores + (scores - 1 - score)) * ranks + rank)


class Listing:
    """The companies of one list, whoever of them stays and in whatever order (一张榜的企业).

    Args:
        engine: Over the corpora.
        reading: Everybody.
        company: Companies that no veto bars.
    """

    def __init__(self, engine: Engine, reading: Reading, company: NDArray[np.int64]) -> None:
        self.company = company
        self._corpora, self._finder = engine.corpora, reading.finder
        self._at = reading.places[company]
        self.rank = key_ranks([reading.companies.key(place) for place in company.tolist()])
        self._known_group = reading.windows.rows.known_group[company]
        self._circles = self._finder.circles(self._at)
        self._entry = {place: entry for entry, place in enumerate(self._at.tolist())}
        self._found: list[list[int]] = []
        self._family, self._member = np.zeros((2, 0), dtype=np.int64)

    def placed(self, score: NDArray[np.int64], segment: NDArray[np.int64], chains: NDArray[np.int64]) -> Placed:
        """Everybody with segment and score (定位); ``chains`` are codes by segment number."""
        return Placed(self.company, segment, chains[segment], score, np.full(len(score), -1, dtype=np.int64), self._known_group)

    def folds(self, placed: Placed) -> NDArray[np.bool_]:
        """For each entry, whether a better one of its family stays instead (并入同家族的)."""
        found = self._circles.find(placed.chain)
        if found is not self._found:
            inside = [(n, self._entry[place]) for n, family in enumerate(found) for place in family if place in self._entry]
            self._family, self._member = np.array(inside, dtype=np.int64).reshape(-1, 2).T
            self._found = found
        order = best_first(self._family, placed.score[self._member], self.rank[self._member])
        family, member = self._family[order], self._member[order]
        folded = np.zeros(len(self.company), dtype=np.bool_)
        folded[member[1:][family[1:] == family[:-1]]] = True
        return folded

    def families(self, placed: Placed, shown: NDArray[np.int64]) -> list[Family | None]:
        """The family of each shown entry, of those that have one (所示企业的家族).

        Args:
            placed: Everybody, as in ``folds``.
            shown: Entries.
        """
        self.folds(placed)
        wanted = self._family[np.isin(self._member, shown)]
        some = np.union1d(self._member[np.isin(self._family, wanted)], shown)
        found = [self._found[number] for number in np.unique(wanted).tolist()]
        families, _ = fold_families(found, self._finder.companies, placed.take(some), self._at[some].tolist(), self._corpora)
        return [families.get(place) for place in self._at[shown].tolist()]
