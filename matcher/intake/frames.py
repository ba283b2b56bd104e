"""pandas frames → Companies (由数据框读入): as if the frame had been written to a file and read again.

A frame is asked for its own columns and for what is missing in them, so nothing here imports pandas, and no command that reads files waits
for it. Any type of column does: text, numbers with or without ``<NA>``, dates, categories, objects of all kinds side by side.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Any, Protocol, runtime_checkable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from matcher.corpora import Corpora
from matcher.errors import InputError
from matcher.intake.cells import IN_MEMORY, read_cells
from matcher.intake.companies import Intake

_EAST_EIGHT = timezone(timedelta(hours=8))  # where the system knows no zones; it has no summer time, as China had from 1986 to 1991


@runtime_checkable
class Frame(Protocol):
    """A pandas DataFrame, as far as it is read (数据框)."""

    @property
    def columns(self) -> Iterable[Any]:
        """Names of the columns; a name may come twice."""

    @property
    def iloc(self) -> Any:
        """Columns by number."""


def read_frame(frame: Frame, corpora: Corpora, *, merge: bool = True, dated: date | None = None) -> Intake:
    """Companies from a frame (由数据框读入企业), with the notes and rejects of a file: the header is row 1, the first company row 2.

    Args:
        frame: Columns named as those of a company file, in English or Chinese; its index is not read.
        corpora: Column names, currencies.
        merge: Fold rows with the same code into one company.
        dated: The day that the data are of, for rows without a date of their own.

    Raises:
        InputError: No column names a company, or there is none.
    """
    columns = [(str(name), frame.iloc[:, place]) for place, name in enumerate(frame.columns)]
    return read_cells([(name, _cells(column)) for name, column in columns], corpora, merge=merge, dated=dated)


def companies_of(given: Intake | Frame, corpora: Corpora, *, merge: bool = True) -> Intake:
    """Companies as they were read, or those of a frame (企业或数据框); ``merge`` as ``read_frame``, of a frame only.

    Raises:
        InputError: It is neither, or a frame that ``read_frame`` cannot read.
    """
    if isinstance(given, Intake):
        return given
    if not isinstance(given, Frame):
        raise InputError(IN_MEMORY, f"是 {type(given).__name__}，应为 read_files 读入的企业，或 pandas 的 DataFrame")
    return read_frame(given, corpora, merge=merge)


def _cells(column: Any) -> list[object]:
    """A column's values, None where the frame says that there is none."""
    missing = column.isna().tolist()
    return [None if gone else _plain(value) for value, gone in zip(column.tolist(), missing, strict=True)]


@cache
def _china() -> tzinfo:
    try:
        return ZoneInfo("Asia/Shanghai")
    except ZoneInfoNotFoundError:
        return _EAST_EIGHT


def _plain(value: object) -> object:
    """A value as a file would tell it: a moment as the clock shows it in China, bytes as text, numpy's own as Python's."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(_china()).replace(tzinfo=None)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value
