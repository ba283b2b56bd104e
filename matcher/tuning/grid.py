"""Evidence of every kind that an expression can tell apart (判别格): what is true of all of it is true of every company.

An expression of this language that compares single fields with numbers, words and dates only changes at those numbers, words and dates.
So each field takes its written numbers, the values just beside them, and its ends; each written word and one other; each mark present
or not; everything also unknown. On their product a condition that is never true can never be true, and a value reaches its extremes.
Fields are taken as independent, but for those that only the segment decides: those stand together as the zone's segments have them.

Quotients, sums of fields within comparisons, comparisons of two fields and of a ramp are beyond this; ``cells`` then says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from matcher.intake.fields import EPOCH
from matcher.scoring.evidence import EvidenceReader
from matcher.scoring.expressions import Expression
from matcher.scoring.values import DAYS_PER_YEAR, Column, Field

MOST = 400_000
"""Cells beyond which nothing is decided (格数上限)."""
_EVER = 10**9
_FIRST_DAY = (date(1850, 1, 1) - EPOCH).days
_WORD = re.compile(r"'([^']*)'")
_NUMBER = re.compile(r"(?<![\w.])(?:(?<=[<>=,(])\s*-\s*)?\d+(?:\.\d+)?")
_COMPARES = re.compile(r"[<>=!]|\bIN\b|\bBETWEEN\b", re.IGNORECASE)
_ADDS = re.compile(r"[*+×−]|(?<![<>=,(\s])\s*-")
_BEYOND = re.compile(r"\bratio\s*\(|[<>=]\s*[a-z_]+\b(?!\s*\()", re.IGNORECASE)
_TRUTHS = re.compile(r"[=<>]+\s*(?:true|false)\b", re.IGNORECASE)
_NEVER = {"mode": "none", "legal_form": "unknown"}  # words that stand for what is unknown
_Choices = tuple[NDArray[np.generic], NDArray[np.bool_]]


@dataclass(frozen=True)
class Cells:
    """The product for some expressions (判别格).

    Attributes:
        columns: Field → its value in each cell.
        size: How many cells.
        exact: Whether the expressions are of the kind for which the cells are all that can be told apart.
    """

    columns: dict[str, Column]
    size: int
    exact: bool

    def read(self, expression: Expression, as_of: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Value and whether it is known, in each cell (逐格求值)."""
        values, known = expression(self.columns, as_of)
        return np.broadcast_to(values, self.size), np.broadcast_to(known, self.size)


class Grid:
    """Makes cells for one zone (判别格).

    Args:
        evidence: The zone's reader.
        as_of: The day of the check, in days since 1970.
    """

    def __init__(self, evidence: EvidenceReader, as_of: int) -> None:
        self.evidence, self.as_of = evidence, as_of
        least = evidence.zone.scoring.order.least_affinity
        self._ends: dict[str, tuple[tuple[float, float], ...]] = {
            "affinity": ((0, 0), (least, 1000)), "main_business": ((0, 1000),), "breadth": ((0, 9999),), "insured_count": ((0, 10**7),),
            "capital": ((0.0001, _EVER),), "paid_capital": ((0.0001, _EVER),), "capital_log": ((-5000, 12_000),),
        }  # fmt: skip

    def cells(self, expressions: Sequence[Expression]) -> Cells | None:
        """The cells of some expressions together (列出判别格), or None if they are too many."""
        names = sorted({name for expression in expressions for name in expression.fields})
        text = " ".join(expression.text for expression in expressions)
        words, bare = set(_WORD.findall(text)), _WORD.sub("''", text)
        numbers = sorted({float(re.sub(r"\s", "", number)) for number in _NUMBER.findall(bare)})
        together = [name for name in names if name in self.evidence.of_segments]
        axes: list[dict[str, _Choices]] = [self._segments(together)] if together else []
        for name in names:
            if name not in together:
                axes.append({name: self._choices(name, self.evidence.fields[name], numbers, words)})
        sizes = [len(next(iter(axis.values()))[0]) for axis in axes]
        size = reduce(lambda a, b: a * b, sizes, 1)
        if size > MOST:
            return None
        columns: dict[str, Column] = {}
        before = 1
        for axis, count in zip(axes, sizes, strict=True):
            places = np.tile(np.repeat(np.arange(count), before), size // (before * count))
            before *= count
            columns.update({name: Column(values[places], known[places]) for name, (values, known) in axis.items()})
        return Cells(columns, size, all(_simple(expression.text) for expression in expressions))

    def _segments(self, names: Sequence[str]) -> dict[str, _Choices]:
        tables = [self.evidence.of_segments[name] for name in names]
        rows = sorted(set(zip(*(table.tolist() for table in tables), strict=True)))
        known = np.ones(len(rows), dtype=np.bool_)
        return {name: (np.array([row[n] for row in rows], dtype=tables[n].dtype), known) for n, name in enumerate(names)}

    def _choices(self, name: str, field: Field, numbers: Sequence[float], words: set[str]) -> _Choices:
        if field.kind == "list":
            mentioned = [bit for bit, word in enumerate(field.names) if word in words]
            masks = [sum(1 << bit for n, bit in enumerate(mentioned) if number >> n & 1) for number in range(2 ** len(mentioned))]
            return np.array(masks * 2, dtype=np.int64), np.repeat([True, False], len(masks))
        if field.kind == "text":
            possible = [code for code, word in enumerate(field.names) if word != _NEVER.get(name)]
            mentioned = [code for code in possible if field.names[code] in words]
            other = [code for code in possible if code not in mentioned][:1]
            found: list[float] = [*mentioned, *other]
        elif field.kind == "truth":
            found = [0, 1]
        elif field.kind == "date":
            found = self._days(numbers, words)
        else:
            found = self._numbers(name, numbers)
        kinds: Mapping[str, type] = {"text": np.int64, "truth": np.bool_, "date": np.int64, "number": np.float64}
        return np.array([*found, found[0]], dtype=kinds[field.kind]), np.array([True] * len(found) + [False])

    def _days(self, numbers: Sequence[float], words: set[str]) -> list[float]:
        days = [(date.fromisoformat(word) - EPOCH).days for word in words if re.fullmatch(r"\d{4}-\d\d-\d\d", word)]
        days += [self.as_of - round(number * DAYS_PER_YEAR) for number in numbers if abs(number) < 200]
        near = {day + step for day in days for step in (-1, 0, 1)} | {_FIRST_DAY, self.as_of}
        return [float(day) for day in sorted(near) if _FIRST_DAY <= day <= self.as_of]

    def _numbers(self, name: str, numbers: Sequence[float]) -> list[float]:
        step = 0.0001 if name in ("capital", "paid_capital") else 1.0
        found: set[float] = set()
        for low, high in self._ends.get(name, ((0, _EVER),)):
            found |= {low, high}
            for number in numbers:
                ends = (number,) if step < 1 else (np.floor(number), np.ceil(number))
                found |= {float(end + d) for end in ends for d in (-step, 0, step) if low <= end + d <= high}
        return sorted(found)


def _simple(text: str) -> bool:
    """Whether the cells are all that the expression can tell apart."""
    bare = _TRUTHS.sub("", _WORD.sub("0", text))
    if _BEYOND.search(bare):
        return False
    return not _COMPARES.search(bare) or not (_ADDS.search(bare) or "ramp" in bare.lower())
