"""Values of rules kept as columns (取值表): one entry a pair of company and segment, so that other weights need no other reading.

A rule's value of a pair depends on its expression, on the company and its texts, and on what of the zone its fields are read by
(``EvidenceReader.sources``), and on no weight, cap, band or fill. So a column is kept under just that, and serves every ruleset in which
the same expression reads the same. Values are thousandths in int16.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.scoring.evidence import EvidenceReader, Standing
from matcher.scoring.expressions import Expression
from matcher.scoring.formula import MILLI
from matcher.tuning.profile_windows import ProfileWindows

CHUNK = 1 << 15
"""Pairs that are evaluated at once (一次求值的组合数): their columns stay in the processor's cache."""
SPARE = 24
"""Columns kept beside those in use (多留的列数), for going back to what was tried before."""


@dataclass(frozen=True)
class Values:
    """What one expression says of every pair (一个表达式的取值).

    Attributes:
        value: Thousandths, 0 … 1000; 0 where it is unknown.
        known: Whether it is known.
    """

    value: NDArray[np.int16]
    known: NDArray[np.bool_]

    @property
    def true(self) -> NDArray[np.bool_]:
        """Where a condition is known and true (为真)."""
        return self.value > 0


class ValueTable:
    """Pairs of companies and segments with the values of rules (取值表).

    Args:
        company: Of each pair, ascending.
        segment: Of each pair.
        windows: What the companies' texts say.
        as_of: The run's date in days since 1970.

    Attributes:
        company, segment: As given.
        affinity: Of each pair, thousandths.
        starts: Where the pairs of each company begin.
        evaluated: How many columns were evaluated so far.
    """

    def __init__(self, company: NDArray[np.int64], segment: NDArray[np.int64], windows: ProfileWindows, as_of: int) -> None:
        self.company, self.segment, self._windows, self._as_of = company, segment, windows, as_of
        self.affinity: NDArray[np.int64] = np.zeros(len(company), dtype=np.int64)
        for start in range(0, len(company), CHUNK):
            chunk = slice(start, start + CHUNK)
            profiles, at = windows.of(company[chunk])
            self.affinity[chunk] = np.where(segment[chunk] < 0, 0, profiles.affinity[at, segment[chunk]])
        self.starts: NDArray[np.int64] = np.flatnonzero(np.diff(company, prepend=-1))
        self.evaluated = 0
        self._kept: dict[Hashable, Values] = {}

    def __len__(self) -> int:
        return len(self.company)

    def read(self, expressions: Sequence[Expression], evidence: EvidenceReader, standing: Standing) -> list[Values]:
        """The values of expressions (取值), evaluated only where they were not before.

        Args:
            expressions: Compiled over ``evidence.fields``.
            evidence: Of the ruleset.
            standing: What it says of the companies themselves.
        """
        sources = evidence.sources
        keys: list[Hashable] = [
            (one.kind, one.text, tuple((name, sources.get(name, b"")) for name in one.fields)) for one in expressions
        ]
        missing: dict[Hashable, Expression] = {
            key: one for key, one in zip(keys, expressions, strict=True) if key not in self._kept
        }
        made = dict(zip(missing, self._evaluate(list(missing.values()), evidence, standing), strict=True))
        used = {key: made[key] if key in made else self._kept[key] for key in keys}
        spare = [(key, values) for key, values in self._kept.items() if key not in used]
        self._kept = {**dict(spare[max(len(spare) - SPARE, 0) :]), **used}
        self.evaluated += len(made)
        return [used[key] for key in keys]

    def _evaluate(self, expressions: Sequence[Expression], evidence: EvidenceReader, standing: Standing) -> list[Values]:
        size, names = len(self), sorted({name for one in expressions for name in one.fields})
        found = [Values(np.empty(size, dtype=np.int16), np.empty(size, dtype=np.bool_)) for _ in expressions]
        for start in range(0, size, CHUNK) if expressions else ():
            chunk = slice(start, start + CHUNK)
            pairs = self.company[chunk], self.segment[chunk]
            profiles, at = self._windows.of(pairs[0])
            columns = {name: evidence.column(name, profiles, standing, *pairs, at) for name in names}
            for one, values in zip(expressions, found, strict=True):
                raw, known = one({name: columns[name] for name in one.fields}, self._as_of)
                values.known[chunk] = known
                values.value[chunk] = np.floor(np.clip(raw, 0.0, 1.0) * MILLI + 0.5)
        self._windows.release()
        return found
