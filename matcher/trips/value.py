"""What a set of visits is worth (行程的价值): the order value of the list, with the prize in the place of the score.

Of the visited companies, and of them alone: k is a company's place within its segment by (−prize, key), j its place within its chain by
(−prize × fill[k], −prize, key); it is worth ``prize × fill[k] × max(1 − step × j, least)``. The worth of a trip is the sum: whole numbers,
so that the parts shown add up without a remainder.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from matcher.scoring.formula import MILLI, UNIT
from matcher.trips.problem import Problem

PRIZE_UNIT = UNIT * MILLI
"""Parts of a point in which prizes are counted (分值 × 把握的单位)."""
WORTH_UNIT = PRIZE_UNIT * MILLI * MILLI
"""Parts of a point in which worth is counted (价值的单位)."""


def parts(problem: Problem, chosen: Iterable[int]) -> dict[int, int]:
    """The worth of each visit within a set of visits (各拜访的价值).

    Args:
        problem: For prizes and fills.
        chosen: The spots that are visited.
    """
    spots = problem.spots
    best_first = sorted(chosen, key=lambda number: (-spots[number].prize, spots[number].key))
    of_bucket: dict[int, int] = defaultdict(int)
    for_chain: list[tuple[int, int]] = []
    for number in best_first:
        fill = problem.fills[spots[number].bucket]
        place = of_bucket[spots[number].bucket]
        of_bucket[spots[number].bucket] = place + 1
        for_chain.append((spots[number].prize * fill[min(place, len(fill) - 1)], number))
    for_chain.sort(key=lambda pair: -pair[0])
    of_chain: dict[int, int] = defaultdict(int)
    found: dict[int, int] = {}
    for worth, number in for_chain:
        place = of_chain[spots[number].chain]
        of_chain[spots[number].chain] = place + 1
        found[number] = worth * max(MILLI - problem.chain_step * place, problem.chain_least)
    return found


def worth(problem: Problem, chosen: Iterable[int]) -> int:
    """The worth of a set of visits (一组拜访的价值)."""
    return sum(parts(problem, chosen).values())


def points(worth: int) -> float:
    """A worth in points (折成分)."""
    return worth / WORTH_UNIT
