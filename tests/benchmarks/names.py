"""One name among very many, beside a look at each of them (一个名称，在多少万个里找).

    LIANZHAO_DATA=folder python -m tests.benchmarks.names                     among 2.8 million; some minutes and 6 GB
    LIANZHAO_DATA=folder python -m tests.benchmarks.names --names 1000000     among so many

There are 1.4 million real names; the others are recombined: the region of one before what follows the region of another, none twice. Asked
are names with a character lost or two swapped, or without their legal form, and as many that people cut short: a 字号 alone, or behind its
region. The two alternate in one run, each by its own time of one processor; of three tries the quickest counts, for others
work on the same machine.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz, process

from matcher.corpora import Corpora, open_corpora
from matcher.matching.name_features import NameComparer
from matcher.matching.name_files import write_index
from matcher.matching.name_index import NameIndex, squeezed
from matcher.matching.resolution import decided
from matcher.rules.resolution import ResolutionRules, load_resolution
from matcher.text.names import name_reader
from matcher.text.normalise import normalise
from tests.benchmarks.peers import asked
from tests.benchmarks.resolution_asked import NAMES, read

_MOST = 2_800_000
_ASKED, _BRUTE, _TRIES = 400, 24, 3
_STEP = 7919


def base_of(real: Sequence[str], most: int, corpora: Corpora) -> list[str]:
    """So many different names: the real ones, then recombined ones."""
    found: dict[str, str] = {}
    for name, short in zip(real, squeezed(real), strict=True):
        found.setdefault(short, name)
    names = list(found.values())
    elements = name_reader(corpora).elements
    regions = [elements(text).region for text in normalise("\n".join(names)).split("\n")] if len(names) < most else []
    for turn in range(1, 5):
        for place, name in enumerate(names if len(found) < most else ()):
            other = names[(place * _STEP + turn * 31) % len(names)]
            region, own = regions[(place * _STEP + turn * 31) % len(names)], regions[place]
            if len(found) < most and region and own and name.startswith(own) and other.startswith(region):
                made = region + name[len(own) :]
                found.setdefault(squeezed([made])[0], made)
    return random.Random(7).sample(list(found.values()), min(most, len(found)))


def questions(names: Sequence[str], corpora: Corpora) -> list[str]:
    """Names with slips, and names cut short; the same in every run."""
    slips = [name for name, _ in asked(names)][: _ASKED // 2]
    parts = [name_reader(corpora).elements(normalise(name)) for name in random.Random(8).sample(list(names), _ASKED)]
    short = [part.region * (n % 2) + part.trade_name for n, part in enumerate(parts) if len(part.trade_name) > 1]
    return slips + short[: _ASKED // 2]


def measured(names: Sequence[str], asked_for: Sequence[str], corpora: Corpora, rules: ResolutionRules) -> tuple[list[float], ...]:
    """Seconds of each question each time, of the thread's own, and of those that everything is looked at for."""
    plain = normalise("\n".join(names)).split("\n")
    with tempfile.TemporaryDirectory() as place:
        started = time.perf_counter()
        write_index(Path(place), names)
        print(f"{len(names):,} 个名称，建索引 {time.perf_counter() - started:.0f} 秒", file=sys.stderr)
        comparer = NameComparer(NameIndex.open(Path(place)), corpora, rules)
        ours: list[list[float]] = [[] for _ in asked_for]
        theirs: list[list[float]] = [[] for _ in asked_for]
        every = max(1, len(asked_for) // _BRUTE)
        for _ in range(_TRIES):
            for number, name in enumerate(asked_for):
                begun = time.thread_time()
                query = comparer.read(name)
                decided(comparer, rules, query, comparer.compared(query, names))
                middle = time.thread_time()
                ours[number].append(middle - begun)
                if number % every == 0:
                    process.extractOne(normalise(name), plain, scorer=fuzz.ratio)
                    theirs[number].append(time.thread_time() - middle)
    return [one for tries in ours for one in tries], [one for tries in theirs for one in tries]


def main() -> int:
    """Prints the line."""
    parser = argparse.ArgumentParser(description="一个名称的用时，与逐个比对相比")
    parser.add_argument("--names", type=int, default=_MOST, metavar="N", help="在多少个名称里找")
    options = parser.parse_args()
    folder = os.environ.get("LIANZHAO_DATA")
    if not folder or not (Path(folder) / NAMES).is_file():
        print(f"未设 LIANZHAO_DATA，或其中没有 {NAMES}：略过")
        return 0
    corpora = open_corpora()
    names = base_of(read(Path(folder))[1], options.names, corpora)
    ours, theirs = measured(names, questions(names, corpora), corpora, load_resolution())
    (p50, p99), (middle, slow) = (np.percentile(times, (50, 99)) * 1e3 for times in (ours, theirs))
    print(
        f"{len(names):,} 个名称，问 {len(ours)} 次：链招 p50 {p50:.2f} 毫秒、p99 {p99:.2f} 毫秒；逐个比对（extractOne，{len(theirs)} 次）"
        f"p50 {middle:.0f} 毫秒、p99 {slow:.0f} 毫秒；逐个比对是链招的 p50 {middle / p50:.0f} 倍、p99 {slow / p99:.0f} 倍，"
        f"逐个比对的 p50 是链招 p99 的 {middle / p99:.0f} 倍"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
