"""Hashes of names (名称的哈希): what numbers the names of an index, the same in every process and in whatever order they came."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_MIX, _MIX_AGAIN, _WORD = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, (1 << 64) - 1
_BLOCK = 500_000  # texts hashed at a time
_FEW = 120  # characters of names that are hashed one by one


def hashes_of(names: Sequence[str]) -> list[int]:
    """``hashed`` as numbers (哈希值); a few names one by one, for arrays cost more to start than so little work."""
    return list(map(_hash, names)) if sum(map(len, names)) <= _FEW else _hashes(names).tolist()


def hashed(texts: Sequence[str]) -> NDArray[np.uint64]:
    """A hash of each text, the same in every process (哈希)."""
    return np.concatenate([_hashes(texts[at : at + _BLOCK]) for at in range(0, len(texts) or 1, _BLOCK)])


def _hash(name: str) -> int:
    """What ``_hashes`` gives, quicker for a few names: arrays cost more to start than so little work."""
    total = 0
    for place, char in enumerate(name):
        mixed = (ord(char) + (place << 32)) * _MIX & _WORD
        mixed = (mixed ^ mixed >> 30) * _MIX_AGAIN & _WORD
        total += mixed ^ mixed >> 31
    return total & _WORD


def _hashes(names: Sequence[str]) -> NDArray[np.uint64]:
    """As ``_hash``, of all at once."""
    sizes = np.fromiter(map(len, names), np.int64, len(names))
    chars = np.frombuffer("".join(names).encode("utf-32-le"), dtype=np.uint32)
    ends = np.cumsum(sizes)
    sums = running_sums(chars, ends - sizes, sizes)
    result: NDArray[np.uint64] = sums[ends] - sums[ends - sizes]
    return result


def running_sums(chars: NDArray[np.uint32], starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Sums over the code points before each, and over all, each mixed with its place in its text (哈希的累加).

    The hash of a text, or of what it begins with, is the difference of two of them.

    Args:
        chars: Of texts behind one another.
        starts: Where each text begins.
        sizes: Code points of each; they are all there are.
    """
    place = np.arange(len(chars))
    place -= np.repeat(starts, sizes)
    mixed = place.view(np.uint64)
    mixed <<= np.uint64(32)
    mixed += chars
    mixed *= np.uint64(_MIX)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(_MIX_AGAIN)
    mixed ^= mixed >> np.uint64(31)
    sums = np.zeros(len(chars) + 1, dtype=np.uint64)
    np.cumsum(mixed, out=sums[1:])
    return sums
