"""Slips of the pen (错别字): texts that one swap, one loss or one addition of a character tells from a term."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_LOW = np.uint64((1 << 20) - 1)
_Number = TypeVar("_Number", np.int64, np.uint64)


def slip_signs(term: str) -> set[str]:
    """Words of which each slip of a term holds one (错别字里必有的字样): one of its halves, or both with the middle swapped."""
    half = len(term) // 2
    return {term[:half], term[half:], f"{term[: half - 1]}{term[half]}{term[half - 1]}{term[half + 1 :]}"}


class Slips:
    """Finds texts that a single slip tells from a term: two neighbours swapped, one character lost or added (错别字).

    A *replaced* character is no slip: in Chinese it makes another word (饲料, 食料). Candidates share the term's sum of character
    hashes, but for at most one character; rapidfuzz decides.
    """

    def __init__(self, terms: list[tuple[int, str]]) -> None:
        sums: dict[int, list[int]] = {}  # sum of all characters, or of all but one → patterns
        whole: dict[int, list[int]] = {}
        hashes: list[int] = _hashes("".join(term for _, term in terms)).tolist()
        end = 0
        for number, term in terms:
            own = hashes[end : end + len(term)]
            end += len(term)
            total = sum(own) % 2**64
            whole.setdefault(total, []).append(number)
            for part in {total, *((total - one) % 2**64 for one in own)}:
                sums.setdefault(part, []).append(number)
        self._sums, self._whole = sums, whole
        self._sum_keys = np.array(sorted(sums), dtype=np.uint64)
        self._whole_keys = np.array(sorted(whole), dtype=np.uint64)
        self._sum_low, self._whole_low = map(_last_digits, (self._sum_keys, self._whole_keys))

    def candidates(self, joined: str, lengths: NDArray[np.int64], wanted: NDArray[np.bool_]) -> list[tuple[int, int]]:
        """(text, pattern) pairs worth a comparison, sorted.

        Args:
            joined: All texts, by newlines.
            lengths: Of each.
            wanted: Which of them are looked at; none of these is empty.
        """
        texts = np.flatnonzero(wanted)
        if not len(texts) or not self._sums:
            return []
        kept = np.repeat(wanted, lengths + 1)[:-1]
        kept[(np.cumsum(lengths + 1) - 1)[:-1]] = False  # the newlines
        hashes, lengths = _hashes(joined)[kept], lengths[texts]
        totals = np.add.reduceat(hashes, np.cumsum(lengths) - lengths)
        pairs = {
            (text, number) for text in _found(totals, self._sum_keys, self._sum_low) for number in self._sums[int(totals[text])]
        }
        without = np.repeat(totals, lengths) - hashes
        places = _found(without, self._whole_keys, self._whole_low)
        for place, text in zip(places, np.searchsorted(np.cumsum(lengths), places, side="right").tolist(), strict=True):
            pairs.update((text, number) for number in self._whole[int(without[place])])
        number_of: list[int] = texts.tolist()
        return sorted((number_of[text], number) for text, number in pairs)


def _last_digits(keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which last digits any of the keys has: keys are few, and nearly all other numbers are told apart by these."""
    digits = np.zeros(int(_LOW) + 1, dtype=np.bool_)
    digits[keys & _LOW] = True
    return digits


def _found(values: NDArray[np.uint64], keys: NDArray[np.uint64], digits: NDArray[np.bool_]) -> list[int]:
    """Places of the values that are one of the keys."""
    likely = np.flatnonzero(digits[values & _LOW])
    places: list[int] = likely[member(values[likely], keys)].tolist()
    return places


def _hashes(text: str) -> NDArray[np.uint64]:
    """A well-mixed number for each character (splitmix64)."""
    mixed = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    result: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return result


def member(values: NDArray[_Number], keys: NDArray[_Number]) -> NDArray[np.bool_]:
    """Whether each value is one of the sorted keys (是否在其中)."""
    if not len(keys):
        return np.zeros(len(values), dtype=np.bool_)
    found: NDArray[np.bool_] = keys[np.minimum(np.searchsorted(keys, values), len(keys) - 1)] == values
    return found
