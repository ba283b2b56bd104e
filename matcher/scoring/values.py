"""Values that may be unknown (可能未知的值): the fields that rules read, their columns, and three-valued arithmetic on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

DAYS_PER_YEAR = 365.2425

Kind = Literal["number", "truth", "text", "date", "list"]

KIND_NAMES = {"number": "数字", "truth": "真假", "text": "类别", "date": "日期", "list": "列表"}


class ExpressionError(ValueError):
    """An expression that the language does not allow (表达式有误); the message says what is expected, in one line."""

    def __init__(self, message: str) -> None:
        super().__init__("".join(char if char.isprintable() else "�" for char in message))


@dataclass(frozen=True)
class Field:
    """A column that rules may read (可读字段).

    Attributes:
        kind: What it holds.
        label: Chinese name.
        names: For ``text`` and ``list``: the words it may hold, in the order of their codes or bits.
    """

    kind: Kind
    label: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """Values of a field for a batch (字段的值).

    Attributes:
        values: float64 for ``number``, bool for ``truth``, code for ``text``, days since 1970 for ``date``, bit mask for ``list``.
        known: Whether the value is known; for a list, whether it is complete.
    """

    values: NDArray[np.generic]
    known: NDArray[np.bool_]


class Told:
    """Values of one pair in words, kept while it is the one spoken of: many rules read the same (已说过的值)."""

    def __init__(self) -> None:
        self._pair, self._words = -1, dict[tuple[str, bool], str]()

    def of(self, pair: int) -> dict[tuple[str, bool], str]:
        """What was told of a pair (某组合说过的): field and whether briefly → words."""
        if pair != self._pair:
            self._pair, self._words = pair, {}
        return self._words


Result = tuple[NDArray[Any], NDArray[np.bool_]]
"""Values (float64, or bool for a truth) and whether each is known; of one that is the same for every row, a single one."""
Step = Callable[[Mapping[str, Column], int], Result]


def constant(value: float | bool) -> Step:
    """A step that gives the same for every row (常数): a finite number, or a truth."""
    result = np.array(value), np.array(True)
    return lambda _columns, _as_of: result


def date_number(text: str) -> float:
    """Days since 1970 of a date written ``2014-03-01`` (日期字面值).

    Raises:
        ExpressionError: It is not such a date.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise ExpressionError(f"「{text[:40]}」应为日期，如 '2014-03-01'")
    return float((day - date(1970, 1, 1)).days)


def finite(values: NDArray[np.float64], known: NDArray[np.bool_]) -> Result:
    """NaN and infinity are unknown."""
    known = known & np.isfinite(values)
    return np.where(known, values, 0.0), known


def compared(compare: Callable[..., NDArray[np.bool_]], left: Step, right: Step) -> Step:
    """A step that compares two others; unknown where either is (比较)."""

    def step(columns: Mapping[str, Column], as_of: int) -> Result:
        a, a_known = left(columns, as_of)
        b, b_known = right(columns, as_of)
        return compare(a, b), a_known & b_known

    return step


def one_of(values: NDArray[Any], choices: Sequence[float]) -> NDArray[np.bool_]:
    """Whether each value is one of a few (是不是其中之一): for these comparing beats ``np.isin``, most of all on a single company."""
    found: NDArray[np.bool_] = values == choices[0]
    for choice in choices[1:]:
        found |= values == choice
    return found


def both(a: NDArray[np.bool_], a_known: NDArray[np.bool_], b: NDArray[np.bool_], b_known: NDArray[np.bool_]) -> Result:
    """Three-valued AND: one known false side settles it."""
    settled = (a_known & ~a) | (b_known & ~b)
    return ~settled, settled | (a_known & b_known)


def either(a: NDArray[np.bool_], a_known: NDArray[np.bool_], b: NDArray[np.bool_], b_known: NDArray[np.bool_]) -> Result:
    """Three-valued OR: one known true side settles it."""
    settled = (a_known & a) | (b_known & b)
    return settled, settled | (a_known & b_known)
