"""Very many names at once, as code points behind one another (成批名称的码点): what an index keeps of each, without a look at each."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from matcher.matching.name_hashes import running_sums
from matcher.matching.name_index import GROUP

_END = 0x0A
_COMPANY = "公司"
_STOCK = "股份有限公司"
_GROUPS = ("集团", "控股")
_FIRST_TIER = ("北京", "上海", "广州", "深圳")


class Lines(NamedTuple):
    """Squeezed names (成批名称).

    Attributes:
        chars: Code points of all names, each followed by a line end.
        starts: Where each name begins.
        ends: Where the line end of each stands.
    """

    chars: NDArray[np.uint32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, chars: NDArray[np.uint32]) -> Self:
        """From all their code points (按码点)."""
        ends = np.flatnonzero(chars == _END)
        return cls(chars, np.concatenate([[0], ends[:-1] + 1])[: len(ends)], ends)

    @classmethod
    def of_text(cls, text: str) -> Self:
        """From names joined by line ends (按文本); one name at least."""
        return cls.of(np.frombuffer(f"{text}\n".encode("utf-32-le"), dtype=np.uint32))

    def take(self, order: NDArray[np.int64]) -> Self:
        """The names at these places, in that order (选取)."""
        starts, sizes = self.starts[order], (self.ends - self.starts)[order] + 1
        after = np.cumsum(sizes)
        begins = after - sizes
        at = np.repeat(starts - begins, sizes)
        at += np.arange(len(at))
        return self._replace(chars=self.chars[at], starts=begins, ends=after - 1)

    def hashes(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """The hash of each name, and those of what names say up to 公司 that go on behind it, ascending (哈希)."""
        sums = running_sums(self.chars, self.starts, self.ends - self.starts + 1)
        at = self._pairs(_COMPANY)
        line = np.searchsorted(self.ends, at)
        is_first = np.ones(len(at), dtype=np.bool_)
        np.not_equal(line[1:], line[:-1], out=is_first[1:])
        goes_on = is_first & (at > self.starts[line]) & (at + len(_COMPANY) < self.ends[line])
        at, line = at[goes_on] + len(_COMPANY), line[goes_on]
        return sums[self.ends] - sums[self.starts], np.unique(sums[at] - sums[self.starts[line]])

    def standing(self) -> NDArray[np.int8]:
        """Who is meant when a name is cut short, as ``NameIndex.standing`` has it (地位)."""
        groups = np.zeros(len(self.ends), dtype=np.bool_)
        for word in _GROUPS:
            groups |= self._holding(word)
        first_tier = np.zeros(len(self.ends), dtype=np.int8)
        for word in _FIRST_TIER:
            first_tier |= self._has_at(self.starts, word)
        found = np.where(self._has_at(self.ends - len(_STOCK), _STOCK), 3, np.where(groups, GROUP, 0)) + first_tier
        outlets = self._holding(_COMPANY) & ~self._has_at(self.ends - len(_COMPANY), _COMPANY)
        return np.where(outlets, -3, found).astype(np.int8)

    def encoded(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """UTF-8 of the names behind one another without line ends, and where each ends there (UTF-8 文本)."""
        is_end = self.chars == _END
        wide = (self.chars > 0x7F).astype(np.int64)
        wide += self.chars > 0x7FF
        wide += self.chars > 0xFFFF
        wide += ~is_end
        text = self.chars[~is_end].tobytes().decode("utf-32-le").encode()
        after: NDArray[np.int64] = np.cumsum(wide)
        return np.frombuffer(text, dtype=np.uint8), after[self.ends]

    def _pairs(self, word: str) -> NDArray[np.int64]:
        """Where a word of two characters stands."""
        one, other = map(ord, word)
        at = np.flatnonzero(self.chars[:-1] == one)
        found: NDArray[np.int64] = at[self.chars[at + 1] == other]
        return found

    def _holding(self, word: str) -> NDArray[np.bool_]:
        found = np.zeros(len(self.ends), dtype=np.bool_)
        found[np.searchsorted(self.ends, self._pairs(word))] = True
        return found

    def _has_at(self, places: NDArray[np.int64], word: str) -> NDArray[np.bool_]:
        """Whether a word stands at one place of each name and within it."""
        found = (places >= self.starts) & (places + len(word) <= self.ends)
        at = np.flatnonzero(found)
        for place, char in enumerate(word):
            at = at[self.chars[places[at] + place] == ord(char)]
        found[:] = False
        found[at] = True
        return found
