"""How far two orders agree (次序的一致)."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt, sqrt

import numpy as np


def kendall(one: Sequence[int], other: Sequence[int]) -> float | None:
    """Kendall's τ-b of two rankings with ties (肯德尔 τ): 1 the same order, −1 the reverse, 0 no relation.

    Args:
        one: Place of each item.
        other: Place of the same items in the other ranking.

    Returns:
        None if there are not two different places in both.
    """
    a, b = np.asarray(one, dtype=np.int64), np.asarray(other, dtype=np.int64)
    concordant = tied_a = tied_b = 0
    for place in range(1, len(a)):
        left, right = np.sign(a[:place] - a[place]), np.sign(b[:place] - b[place])
        concordant += int((left * right).sum())
        tied_a += int((left == 0).sum())
        tied_b += int((right == 0).sum())
    pairs = len(a) * (len(a) - 1) // 2
    product = (pairs - tied_a) * (pairs - tied_b)
    if not product:
        return None
    root = isqrt(product)  # exact where it can be: equal orders agree by 1, not by nearly 1
    return concordant / root if root * root == product else concordant / sqrt(product)
