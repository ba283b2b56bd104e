"""What the names of groups say (集团名称), by columns: a list of one city takes apart only those that can touch it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from matcher.types import NameParts

LEAST = 2
"""Characters of a 字号 that can tell anything (能认人的最少字数)."""


@dataclass(frozen=True)
class GroupNames:
    """Companies that may be groups, ascending (可能是集团的企业).

    Attributes:
        place: Where each stands among all.
        begin: ``begin_of`` its 字号.
        known: Number of the known group that it belongs to, 0 for none.
        parts: Indices of some of them → the parts of their names.
    """

    place: NDArray[np.int64]
    begin: NDArray[np.uint64]
    known: NDArray[np.int16]
    parts: Callable[[NDArray[np.int64]], Sequence[NameParts]]

    @classmethod
    def of(cls, places: Sequence[int], parts: Sequence[NameParts]) -> Self:
        """Of names that were taken apart (由名称要素)."""
        return cls(
            np.array(places, dtype=np.int64),
            np.fromiter((begin_of(part.trade_name) for part in parts), np.uint64, len(parts)),
            np.fromiter((part.known_group for part in parts), np.int16, len(parts)),
            lambda chosen: [parts[number] for number in chosen.tolist()],
        )

    def __len__(self) -> int:
        return len(self.place)

    def take(self, chosen: NDArray[np.int64]) -> GroupNames:
        """Some of them, in that order (选取)."""
        parts = self.parts
        return GroupNames(self.place[chosen], self.begin[chosen], self.known[chosen], lambda some: parts(chosen[some]))

    def among(self, places: Sequence[int]) -> dict[int, NameParts]:
        """Place → parts, of those of the places at which groups stand (其中的集团)."""
        wanted = np.asarray(places, dtype=np.int64)
        number = np.searchsorted(self.place, wanted)
        inside = number < len(self)
        found = number[inside][self.place[number[inside]] == wanted[inside]]
        return dict(zip(self.place[found].tolist(), self.parts(found), strict=True))

    def near(self, parts: Iterable[NameParts]) -> GroupNames:
        """Those that names like these can touch, and those that these groups can (够得着的集团).

        A group joins a company, or another group that does, only by a 字号 with the same beginning or as a part of the same known group.
        """
        told = [*parts]
        begin = np.fromiter({begin_of(part.trade_name) for part in told} - {0}, np.uint64)
        known = np.fromiter({part.known_group for part in told} - {0}, np.int16)
        touched = np.zeros(len(self), dtype=np.bool_)
        while (new := (np.isin(self.begin, begin) | np.isin(self.known, known)) & ~touched).any():
            touched |= new
            begin = np.setdiff1d(self.begin[new], [0])
            known = np.setdiff1d(self.known[new], [0])
        return self.take(np.flatnonzero(touched))


def begin_of(trade_name: str) -> int:
    """The first two characters of a 字号 as one number (字号开头的编号), 0 for one that is shorter: it tells nothing."""
    return 0 if len(trade_name) < LEAST else sum(ord(char) << 32 * place for place, char in enumerate(trade_name[:LEAST]))
