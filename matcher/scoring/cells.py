"""Cells and dates of companies as values that rules read (单元格与日期的读法); a cell that comes again is read once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.intake import Companies
from matcher.intake.fields import UNKNOWN_DAY
from matcher.scoring.published import OnLists
from matcher.scoring.values import DAYS_PER_YEAR, Column

YUAN_PER_WAN = 10_000


def age(companies: Companies, as_of: int) -> Column:
    """Years from the founding to the row's own day, or to the run's where the row has none (到资料日期的成立年数)."""
    day = np.where(companies.as_of == UNKNOWN_DAY, as_of, np.minimum(companies.as_of, as_of)).astype(np.int64)
    known = (companies.founded != UNKNOWN_DAY) & (companies.founded <= as_of)
    days = np.where(known, np.maximum(day - companies.founded.astype(np.int64), 0), 0)
    return Column(days / DAYS_PER_YEAR, known)


def lapsed(until: NDArray[np.int64], as_of: NDArray[np.int32]) -> Column:
    """Whether the permits had ended when the row was written (许可证有效期已过); unknown where the row has no date of its own."""
    no_permit = until == UNKNOWN_DAY
    dated = as_of != UNKNOWN_DAY
    return Column(~no_permit & dated & (until < as_of), no_permit | dated)


def years_over(until: NDArray[np.int64], as_of: int) -> NDArray[np.float64]:
    """Years since the permits ended, on the run's day (许可证到期已几年); 0 where none has or none is written."""
    over: NDArray[np.float64] = np.where(until == UNKNOWN_DAY, 0, np.maximum(as_of - until, 0)) / DAYS_PER_YEAR
    return over


def filled(cells: Sequence[str]) -> NDArray[np.bool_]:
    """Which cells say anything (填了的)."""
    if not any(cells):  # a column that the file lacks
        return np.zeros(len(cells), dtype=np.bool_)
    return np.fromiter(map(len, cells), np.int64, len(cells)) > 0


def of_cells(cells: Sequence[str], read: Callable[[str], int], kind: type) -> NDArray[Any]:
    """What each cell says (逐格判读); a cell that comes again is read once."""
    known = {cell: read(cell) for cell in set(cells)}
    return np.fromiter(map(known.__getitem__, cells), kind, len(cells))


def holds(cells: Sequence[str], words: Sequence[str]) -> NDArray[np.bool_]:
    """Which cells hold any of the words, in whatever case (含有这些字样的)."""
    return of_cells(cells, lambda cell: cell != "" and any(word in cell.lower() for word in words), np.bool_)


def qualified(cells: Sequence[str], groups: Iterable[list[str]], lists: OnLists) -> NDArray[np.int64]:
    """What the company's own row says and what lists say (资质), one bit a qualification."""
    said = _bits(cells, list(groups))
    for place in lists.days:
        said[place] |= lists.bits(place)
    return said


def _bits(cells: Sequence[str], words: Sequence[list[str]]) -> NDArray[np.int64]:
    def bits(cell: str) -> int:
        return sum(1 << n for n, group in enumerate(words) if any(w in cell.lower() for w in group)) if cell else 0

    return of_cells(cells, bits, np.int64)


def milli_log(yuan: NDArray[np.int64]) -> NDArray[np.int64]:
    """1000 × log10 of the amount in 万元, rounded (资本的对数).

    Each distinct amount goes through the scalar library once, so its bits do not depend on how many others stand beside it.
    """
    amounts = yuan.tolist()
    known = {a: round(1000 * math.log10(a / YUAN_PER_WAN)) if a > 0 else 0 for a in set(amounts)}
    return np.fromiter(map(known.__getitem__, amounts), np.int64, len(amounts))
