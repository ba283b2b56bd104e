"""Profiles per second from file to ranking, beside a plain pandas row loop (吞吐基准): ``make bench``.

Both take the same file, the same segments and the same words. The row loop is what an analyst writes first: ``pandas``, ``jieba.lcut`` and
scikit-learn's ``cosine_similarity`` row by row. It runs on a sample of the rows and is scaled up, because it needs minutes; runs
of both alternate, and the ratio is of medians. Start-up (rules, dictionaries) is outside of both clocks.

    LIANZHAO_DATA=folder make bench
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import time
from pathlib import Path

import jieba
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from matcher.engine import Engine, Request, today
from matcher.intake import read_files
from matcher.text.tokenizer import cut, reference_cut

FILE = "registry_sample_80k.csv.gz"
LOOP_ROWS = 2_000
RUNS = 3


def row_loop(file: Path, rows: int, vectorizer: TfidfVectorizer, segments: object) -> float:
    """Seconds a row of the plain loop."""
    start = time.perf_counter()
    table = pd.read_csv(file, dtype=str, nrows=rows).fillna("")
    best = []
    for _, row in table.iterrows():
        words = " ".join(jieba.lcut(row["name"] + " " + row["business_scope"]))
        similar = cosine_similarity(vectorizer.transform([words]), segments)[0]
        best.append((similar.max(), similar.argmax()))
    table["score"] = [score for score, _ in best]
    table.sort_values("score", ascending=False).head(50)
    return (time.perf_counter() - start) / len(table)


def ours(engine: Engine, file: Path) -> tuple[float, int]:
    """Seconds a row from file to ranking, and the number of rows."""
    start = time.perf_counter()
    intake = read_files([file], engine.corpora)
    engine.rank(intake, Request(as_of=today(), top=50))
    return (time.perf_counter() - start) / intake.read, intake.read


def main() -> int:
    """Prints the table."""
    folder = os.environ.get("LIANZHAO_DATA")
    if not folder or not (Path(folder) / FILE).is_file():
        print(f"跳过：LIANZHAO_DATA 应指向含 {FILE} 的目录")
        return 0
    file = Path(folder) / FILE
    engine = Engine("liaocheng-resort")
    jieba.setLogLevel(60)
    jieba.initialize()
    documents = [" ".join(" ".join(jieba.lcut(term)) for term, _ in segment.terms) for segment in engine.zone.segments]
    vectorizer = TfidfVectorizer(token_pattern=r"(?u)\S+")
    segments = vectorizer.fit_transform(documents)
    loop, fast, rows = [], [], 0
    for run in range(RUNS):
        loop.append(row_loop(file, LOOP_ROWS, vectorizer, segments))
        seconds, rows = ours(engine, file)
        fast.append(seconds)
        print(f"第 {run + 1} 轮：逐行循环 {1 / loop[-1]:,.0f} 行/秒，链招 {1 / seconds:,.0f} 行/秒", file=sys.stderr)
    slow, quick = statistics.median(loop), statistics.median(fast)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"文件 {FILE}，{rows:,} 行，{len(engine.zone.segments)} 个环节，{os.cpu_count()} 核，{RUNS} 轮取中位数")
    print(f"{'':<12}{'行/秒':>12}{'秒/全文件':>12}")
    print(f"{'逐行循环':<8}{1 / slow:>12,.0f}{slow * rows:>12.1f}   （{LOOP_ROWS:,} 行推算）")
    print(f"{'链招':<10}{1 / quick:>12,.0f}{quick * rows:>12.2f}")
    print(
        f"倍数 {slow / quick:.1f}；峰值内存 主进程 {peak / 1024:,.0f} MB（含 pandas 与逐行循环），子进程各 {children / 1024:,.0f} MB"
    )
    print(parity(engine, file))
    return 0


def parity(engine: Engine, file: Path) -> str:
    """Whether the engine's tokens equal the reference's on real text."""
    texts = pd.read_csv(file, dtype=str, nrows=20_000).fillna("")["business_scope"].tolist()
    equal = sum(cut(text, engine.corpora) == reference_cut(text, engine.corpora) for text in texts)
    return f"分词一致：{equal:,} / {len(texts):,} 条经营范围"


if __name__ == "__main__":
    raise SystemExit(main())
