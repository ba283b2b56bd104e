"""Values that may be unknown (可能未知的值): the fields that rules read, and their columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

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


class Column(NamedTuple):
    """Values of a field for a batch (字段的值); forty are made for every company that is scored alone.

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
