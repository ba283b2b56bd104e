"""How well names are resolved, and how fast (企业归一的准与快).

    LIANZHAO_DATA=folder python -m tests.benchmarks.resolution            the tables
    LIANZHAO_DATA=folder python -m tests.benchmarks.resolution --brute 10  … and brute force beside, on 10 queries of each kind
    LIANZHAO_DATA=folder python -m tests.benchmarks.resolution --speed    only the times of one name
    LIANZHAO_DATA=folder python -m tests.benchmarks.resolution --fit      weights for rules/resolution.yaml from one half of the queries

The legal names stand among 1.4 million others, and again among 50,000, as in a user's base. Weights come from one half of the
queries, drawn by a digest of the query (``resolution_fit``); the tables show the other half, of both bases. Answers are decided by
the function that ``Resolver`` decides with (``resolution_asked``).
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz, process

from matcher.corpora import Corpora, open_corpora
from matcher.matching.name_features import NameComparer
from matcher.matching.name_files import write_index
from matcher.matching.name_index import NameIndex
from matcher.rules.resolution import Ordering, ResolutionRules, load_resolution
from matcher.text.normalise import normalise
from tests.benchmarks.resolution_asked import NAMES, Answered, Base, Query, first_pass, judgements, ordered, queries, read, small
from tests.benchmarks.resolution_fit import fit

_TOGETHER = {"brand_inside": "brand", "brand_outside": "brand"}  # as a user meets them
_BRUTE = {"ratio": fuzz.ratio, "partial_ratio": fuzz.partial_ratio, "WRatio": fuzz.WRatio}
_TRIES = 3  # of each query, interleaved; the quickest counts, for others work on the same machine


def tables(base: Base, answered: Sequence[Answered], rules: ResolutionRules) -> None:
    """Prints right answers, precision and wrong answers for absent companies by kind of query, and the reliability by decile."""
    lines: dict[str, list[tuple[bool, bool, bool, bool, bool]]] = defaultdict(list)
    deciles: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for one in answered:
        if one.query.fits:
            continue
        best = ordered(one, base.names, rules.order, absent=False)
        given = list(judgements(base, one, rules))
        for g in given:
            deciles[min(9, int(g.chance * 10))].append((g.chance, g.right))
        same = [any(g.decision == "same" for g in given if g.absent == absent) for absent in (False, True)]
        right = any(g.right for g in given if not g.absent)
        lost = not any(g.decision != "none" for g in given if not g.absent)
        line = (right, right or one.query.answer in [c.number for c in best[:5]], *same, lost)
        for kind in (one.query.kind, _TOGETHER.get(one.query.kind)):
            if kind:
                lines[kind].append(line)
    print(f"企业归一：{len(base.names):,} 个名称，没有用来定权重的一半查询")
    print("                      查询    首位对    前五有    答“就是它”  其中对    在库而答没有  不在库时误答")
    for kind, got in lines.items():
        same = [right for right, _, answered_same, *_ in got if answered_same]
        precise = f"{np.mean(same):9.3f}" if same else "        —"
        print(
            f"    {kind:<16} {len(got):>5} {np.mean([g[0] for g in got]):9.3f} {np.mean([g[1] for g in got]):9.3f} "
            f"{len(same) / len(got):11.3f} {precise} {np.mean([g[4] for g in got]):12.3f} {np.mean([g[3] for g in got]):12.3f}"
        )
    print("把握（在库与不在库各问一次）   次数    平均把握    实际对的")
    for decile in sorted(deciles):
        said, true = np.mean(deciles[decile], axis=0)
        print(f"    {decile / 10:.1f}–{decile / 10 + 0.1:.1f} {len(deciles[decile]):>20} {said:10.3f} {true:10.3f}")


def brute(base: Base, answered: Sequence[Answered], each: int) -> None:
    """Prints how often brute force puts the right name first, on some queries of each kind, beside us."""
    order = load_resolution().order
    kinds: dict[str, list[Answered]] = defaultdict(list)
    for one in answered:
        if not one.query.fits and len(kinds[one.query.kind]) < each:
            kinds[one.query.kind].append(one)
    plain = [normalise(name) for name in base.names]
    print(f"首位对的比例，每种 {each} 个查询，逐个比对全部名称")
    print("                      链招 " + " ".join(f"{name:>14}" for name in _BRUTE) + "  不低于最好的逐个比对")
    for kind, sample in kinds.items():
        ours = sum([c.number for c in ordered(one, base.names, order, absent=False)][:1] == [one.query.answer] for one in sample)
        hits = dict.fromkeys(_BRUTE, 0)
        for one in sample:
            banned = set(base.index.exact(one.query.text)) - {one.query.answer} if one.query.kind == "renamed" else set()
            choices = {n: name for n, name in enumerate(plain) if n not in banned} if banned else plain
            for name, scorer in _BRUTE.items():
                best = process.extractOne(normalise(one.query.text), choices, scorer=scorer)
                hits[name] += best is not None and best[2] == one.query.answer
        shares = " ".join(f"{hit / len(sample):14.2f}" for hit in hits.values())
        print(f"    {kind:<16} {ours / len(sample):7.2f} {shares}  {'是' if ours >= max(hits.values()) else '否'}")


def speed(base: Base, asked: Sequence[Query]) -> None:
    """Prints one name's time as a ratio to one brute-force look, interleaved, which leaves the processor's caches full of other names;
    and that of names asked one after another, as a list is. Both sides run in one thread; its own time is taken, not what others take.
    """
    plain, comparer = [normalise(name) for name in base.names], base.comparer
    sample = random.Random(7).sample(list(asked), 60)
    ours, theirs, share = [], [], []
    for query in sample:
        tries = []
        for _ in range(_TRIES):
            started = time.thread_time()
            found = comparer.compared(comparer.read(query.text), base.names)
            middle = time.thread_time()
            best = process.extractOne(normalise(query.text), plain, scorer=fuzz.ratio)
            tries.append((middle - started, time.thread_time() - middle))
        ours.append(min(mine for mine, _ in tries))
        theirs.append(min(other for _, other in tries))
        if best and best[1]:
            share.append(max((fuzz.ratio(normalise(query.text), plain[c.number]) for c in found), default=0.0) / best[1])
    listed = [_one_after_another(comparer, base, sample) for _ in range(_TRIES)]
    in_a_row = [min(times) for times in zip(*listed, strict=True)]
    print(
        f"一个名称：链招 p50 {np.median(ours) * 1e3:.2f} 毫秒、p99 {np.percentile(ours, 99) * 1e3:.2f} 毫秒；"
        f"process.extractOne(ratio) p50 {np.median(theirs) * 1e3:.0f} 毫秒；p50 快 {np.median(theirs) / np.median(ours):.0f} 倍，"
        f"p99 快 {np.percentile(theirs, 99) / np.percentile(ours, 99):.0f} 倍；候选里最高的 ratio 达到逐个比对的 {np.mean(share):.1%}"
    )
    print(
        f"一份名单里连着问：p50 {np.median(in_a_row) * 1e3:.2f} 毫秒、p99 {np.percentile(in_a_row, 99) * 1e3:.2f} 毫秒；"
        f"p50 快 {np.median(theirs) / np.median(in_a_row):.0f} 倍，"
        f"p99 快 {np.percentile(theirs, 99) / np.percentile(in_a_row, 99):.0f} 倍"
    )
    with tempfile.TemporaryDirectory() as place:
        write_index(Path(place), base.names)
        started = time.perf_counter()
        comparer = NameComparer(NameIndex.open(Path(place)), Corpora(), comparer.rules)
        comparer.compared(comparer.read(sample[0].text), base.names)
        first = time.perf_counter() - started
    print(
        f"索引：每个名称 {base.index.size / len(base.index):.0f} 字节；存盘后打开（连同读语料）到第一个答案 {first * 1e3:.0f} 毫秒；"
        f"建 {base.seconds:.1f} 秒"
    )


def _one_after_another(comparer: NameComparer, base: Base, sample: Sequence[Query]) -> list[float]:
    times = []
    for query in sample:
        started = time.thread_time()
        comparer.compared(comparer.read(query.text), base.names)
        times.append(time.thread_time() - started)
    return times


def build_memory(folder: Path) -> None:
    """Prints the peak of building the index in a process that does nothing else, where the system tells it."""
    if not Path("/proc/self/status").exists():
        return
    code = (
        "import csv, gzip, re, sys, tempfile\nfrom pathlib import Path\nfrom matcher.matching.name_files import write_index\n"
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024\n"
        "names = [row[0] for row in csv.reader(gzip.open(sys.argv[1], 'rt', encoding='utf-8'))][1:]\n"
        "before = peak()\nwith tempfile.TemporaryDirectory() as folder: write_index(Path(folder), names)\n"
        "print(f'建索引：{len(names):,} 个名称读入后 {before} MB，建时峰值 {peak()} MB')"
    )
    subprocess.run([sys.executable, "-c", code, str(folder / NAMES)], check=True)


def main() -> int:
    """Prints weights or tables."""
    parser = argparse.ArgumentParser(description="企业归一的准与快")
    parser.add_argument("--brute", type=int, default=0, metavar="N", help="每种 N 个查询，与逐个比对全部名称相比")
    parser.add_argument("--fit", action="store_true", help="拟合 rules/resolution.yaml 的权重")
    parser.add_argument("--speed", action="store_true", help="只测用时")
    options = parser.parse_args()
    folder = os.environ.get("LIANZHAO_DATA")
    if not folder or not (Path(folder) / NAMES).is_file():
        print(f"未设 LIANZHAO_DATA，或其中没有 {NAMES}：企业归一基准略过")
        return 0
    corpora = open_corpora()
    rules = load_resolution()
    fitting = options.fit
    if fitting:
        plain = {"core_near": 1.0}
        rules = rules.model_copy(update={"order": Ordering(short=plain, full=plain)})
    texts, names = read(Path(folder))
    base = Base(names, corpora, rules)
    asked = queries(base, texts)
    if options.speed:
        speed(base, asked)
        return 0
    less, few = small(base, asked, rules, fits=fitting)
    answered, among_few = first_pass(base, [query for query in asked if query.fits == fitting]), first_pass(less, few)
    if fitting:
        fit(rules, [(base, answered), (less, among_few)])
        return 0
    tables(base, answered, rules)
    tables(less, among_few, rules)
    speed(base, asked)
    sys.stdout.flush()
    build_memory(Path(folder))
    if options.brute:
        brute(base, answered, options.brute)
    return 0


if __name__ == "__main__":
    sys.exit(main())
