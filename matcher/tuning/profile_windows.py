"""Profiles of very many companies, made dense as far as they are looked at (分段取画像).

Most segments have nothing to do with most companies. A cache keeps only the cells that say something; as matrices a million companies take
nearly a gigabyte. So where a cache of more than ``DENSE`` companies is at hand, rows are taken from it when they are asked for, and
given up again.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from matcher.matching.profiles import CHUNK, Profiles
from matcher.snapshot import ProfileCache

DENSE = 100_000
"""Companies up to which matrices are made at once (一次取全的企业数): some 90 MB, and looked at without being taken again."""


class ProfileWindows:
    """What the texts of companies say, whole or by parts (企业画像，整取或分取).

    Args:
        given: Profiles, or a cache of them.
        places: Where the companies stand in it; all of them if None.
    """

    def __init__(self, given: Profiles | ProfileCache, places: NDArray[np.int64] | None = None) -> None:
        self._places = np.arange(len(given)) if places is None else places
        self._cache: ProfileCache | None = given if isinstance(given, ProfileCache) else None
        if isinstance(given, Profiles):
            self.whole = given if places is None else given.take(places)
        elif len(self._places) <= DENSE:
            self.whole = given.take(self._places)

    def __len__(self) -> int:
        return len(self._places)

    @cached_property
    def whole(self) -> Profiles:
        """Everybody's, as matrices (整取); they are kept from then on."""
        if self._cache is None:
            raise AssertionError("given as a whole")
        return self._cache.take(self._places)

    @property
    def _is_whole(self) -> bool:
        return "whole" in vars(self)

    @cached_property
    def rows(self) -> Profiles:
        """What is said of companies whatever the segment (与环节无关的各列); matrices may be without columns."""
        return self.whole if self._cache is None or self._is_whole else self._cache.rows(self._places)

    def take(self, places: NDArray[np.int64]) -> Profiles:
        """Those of some companies (选取)."""
        return self.whole.take(places) if self._cache is None or self._is_whole else self._cache.take(self._places[places])

    def of(self, company: NDArray[np.int64]) -> tuple[Profiles, NDArray[np.int64]]:
        """Profiles among which these companies are, and their rows there (所在的画像与行)."""
        if self._cache is None or self._is_whole:
            return self.whole, company
        some, at = np.unique(company, return_inverse=True)
        return self._cache.take(self._places[some]), at

    def release(self) -> None:
        """Gives back the memory of what was read of a cache (释放已读页)."""
        if self._cache is not None:
            self._cache.release()

    def windows(self) -> list[range]:
        """Companies that are worth being taken together, all in order (分段)."""
        size = max(1, len(self)) if self._is_whole else CHUNK
        return [range(start, min(start + size, len(self))) for start in range(0, max(1, len(self)), size)]
