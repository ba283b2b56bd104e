"""The first hundred beside the whole list (只排前一百家的基准): ``arrange_first`` and ``arrange`` on the same scores, in turn.

    python -m tests.benchmarks.first --rows 1000000

Scores and segments are made up, for sorting asks for nothing else; the segments are those of a zone, the scores as fine as real ones.
Processor time of this process, medians; both are asked for the same companies, places and open segments, and must agree.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from matcher.engine import Engine
from matcher.scoring.formula import UNIT
from matcher.scoring.ranking import arrange, arrange_first, unserved
from tests.benchmarks.snapshots import ZONE

_TOPS = (50, 100, 1000)
_ROUNDS = 9


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    zone, choose = Engine(ZONE, processes=1).zone, np.random.default_rng(1)
    count = len(zone.segments)
    score = np.clip(choose.normal(35, 12, rows) * UNIT, 0, 100 * UNIT).astype(np.int64)
    shares = choose.dirichlet(np.full(count + 1, 0.3))  # a few segments have most
    segment = choose.choice(np.arange(-1, count), rows, p=shares)
    rank, allowed = choose.permutation(rows), np.ones(count, dtype=np.bool_)

    def whole(top: int) -> tuple[list[int], list[tuple[int, int]]]:
        order = arrange(score, segment, rank, zone)
        return order.pair[:top].tolist(), unserved(segment[order.pair], top, zone, allowed)

    def short(top: int) -> tuple[list[int], list[tuple[int, int]]]:
        order, gaps = arrange_first(score, segment, rank.__getitem__, zone, top, allowed)
        return order.pair.tolist(), [(gap.segment, gap.place) for gap in gaps]

    print(f"{rows:,} 家，{count} 个环节，{_ROUNDS} 轮取中位数，CPU 毫秒")
    for top in _TOPS:
        if whole(top) != short(top):
            raise AssertionError("the short way gave another list")
        times = [(_seconds(lambda top=top: whole(top)), _seconds(lambda top=top: short(top))) for _ in range(_ROUNDS)]
        full, few = (statistics.median(column) * 1e3 for column in zip(*times, strict=True))
        print(f"前 {top:>5,} 家：全部排 {full:7.1f}，只排前面的 {few:7.1f}，{full / few:.1f} 倍")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
