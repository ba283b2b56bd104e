"""Whether any of a few words stands in a text (有没有这些字样): one pass over many texts, nothing else is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import ahocorasick_rs
import numpy as np
from numpy.typing import NDArray


class Signs:
    """Words to look for (字样).

    Args:
        words: None of them is empty or holds a line end.
    """

    def __init__(self, words: Iterable[str]) -> None:
        known = sorted(set(words))
        self._search = ahocorasick_rs.AhoCorasick(known) if known else None

    def among(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Which of the texts hold any of the words (哪些有), as parts of others too."""
        found = np.zeros(len(texts), dtype=np.bool_)
        if self._search is None or not len(texts):
            return found
        ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
        hits = self._search.find_matches_as_indexes("\n".join(texts))
        begins = np.fromiter((begin for _, begin, _ in hits), np.int64, len(hits))
        found[np.searchsorted(ends, begins, side="right")] = True
        return found
