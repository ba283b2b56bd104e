"""The names that may be answered, present ones and former ones, read where they lie (全部名称)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from matcher.intake import Companies
from matcher.matching.name_index import BETWEEN


class Entries(Sequence[str]):
    """The companies' names, then their former ones in order of place (全部名称); read where they lie, never copied.

    Args:
        companies: The base.
        former: Place of the company of each former name.
    """

    def __init__(self, companies: Companies, former: NDArray[np.uint32]) -> None:
        self._names, self._cells, self._former = companies.text["name"], companies.text["former_names"], former

    def __len__(self) -> int:
        return len(self._names) + len(self._former)

    def place(self, entry: int) -> int:
        """Of the company that bears or bore the name."""
        return entry if entry < len(self._names) else int(self._former[entry - len(self._names)])

    @overload
    def __getitem__(self, entry: int) -> str: ...
    @overload
    def __getitem__(self, entry: slice) -> list[str]: ...
    def __getitem__(self, entry: int | slice) -> str | list[str]:
        if isinstance(entry, slice):
            return [self[n] for n in range(*entry.indices(len(self)))]
        if entry < len(self._names):
            return self._names[entry]
        number = entry - len(self._names)
        place = self._former[number]
        first = int(np.searchsorted(self._former, place))
        return [name for name in self._cells[int(place)].split(BETWEEN) if name][number - first]
