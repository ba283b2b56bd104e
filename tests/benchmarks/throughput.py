"""Profiles per second from file to ranking, beside a plain pandas row loop (吞吐基准): ``make bench``.

Both take the same file, the same segments and the same words. The row loop is what an analyst writes first: ``pandas``, ``jieba.lcut`` and
scikit-learn's ``cosine_similarity`` row by row. It runs on the first rows only and is scaled up, because it needs minutes. The two
alternate, each run in a process of its own, and the ratio is of medians. Start-up (rules, dictionaries) is outside of both clocks.

    LIANZHAO_DATA=folder make bench
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from matcher.engine import Engine
from matcher.intake import read_files
from matcher.runs import Request, today
from matcher.text.tokenizer import cut, reference_cut

FILE = "registry_sample_80k.csv.gz"
LOOP_ROWS = 2_000
RUNS = 5


def row_loop(file: Path, engine: Engine) -> tuple[float, int]:
    """Seconds of the plain loop, and its rows."""
    import jieba
    import pandas as pd
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics.pairwise import cosine_similarity

    jieba.setLogLevel(60)
    jieba.initialize()
    documents = [" ".join(" ".join(jieba.lcut(term)) for term, _ in segment.terms) for segment in engine.zone.segments]
    vectorizer = TfidfVectorizer(token_pattern=r"(?u)\S+")
    segments = vectorizer.fit_transform(documents)
    start = time.perf_counter()
    table = pd.read_csv(file, dtype=str, nrows=LOOP_ROWS).fillna("")
    best = []
    for _, row in table.iterrows():
        words = " ".join(jieba.lcut(row["name"] + " " + row["business_scope"]))
        similar = cosine_similarity(vectorizer.transform([words]), segments)[0]
        best.append((similar.max(), similar.argmax()))
    table["score"] = [score for score, _ in best]
    table.sort_values("score", ascending=False).head(50)
    return time.perf_counter() - start, len(table)


def ours(file: Path, engine: Engine) -> tuple[float, int]:
    """Seconds from file to ranking, and its rows."""
    start = time.perf_counter()
    intake = read_files([file], engine.corpora)
    engine.rank(intake, Request(as_of=today(), top=50))
    return time.perf_counter() - start, intake.read


def one(kind: str, file: Path) -> None:
    """One run in this process; prints its figures as JSON."""
    seconds, rows = {"loop": row_loop, "ours": ours}[kind](file, Engine("liaocheng-resort"))
    peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"seconds": seconds, "rows": rows, "main_mb": peaks[0], "child_mb": peaks[1]}))


def run(kind: str, file: Path) -> dict[str, Any]:
    """The figures of one run in a fresh process."""
    done = subprocess.run([sys.executable, __file__, kind, str(file)], capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def main() -> int:
    """Prints the table."""
    folder = os.environ.get("LIANZHAO_DATA")
    if not folder or not (Path(folder) / FILE).is_file():
        print(f"跳过：LIANZHAO_DATA 应指向含 {FILE} 的目录")
        return 0
    file = Path(folder) / FILE
    runs: dict[str, list[dict[str, Any]]] = {"loop": [], "ours": []}
    for number in range(RUNS):
        for kind, found in runs.items():
            found.append(run(kind, file))
        loop, fast = (found[-1]["rows"] / found[-1]["seconds"] for found in runs.values())
        print(f"第 {number + 1} 轮：逐行循环 {loop:,.0f} 行/秒，链招 {fast:,.0f} 行/秒，{fast / loop:.1f} 倍", file=sys.stderr)
    slow, quick = (statistics.median(r["rows"] / r["seconds"] for r in found) for found in runs.values())
    rows = runs["ours"][0]["rows"]
    engine = Engine("liaocheng-resort")
    print(f"文件 {FILE}，{rows:,} 行，{len(engine.zone.segments)} 个环节，{os.cpu_count()} 核，{RUNS} 轮取中位数")
    print(f"{'':<12}{'行/秒':>12}{'秒/全文件':>12}")
    print(f"{'逐行循环':<8}{slow:>12,.0f}{rows / slow:>12.1f}   （{LOOP_ROWS:,} 行推算）")
    print(f"{'链招':<10}{quick:>12,.0f}{rows / quick:>12.2f}")
    peaks = [max(r[key] for r in runs["ours"]) for key in ("main_mb", "child_mb")]
    print(f"倍数 {quick / slow:.1f}；峰值内存 主进程 {peaks[0]:,.0f} MB，工作进程各 {peaks[1]:,.0f} MB")
    print(parity(engine, file))
    return 0


def parity(engine: Engine, file: Path) -> str:
    """Whether the engine's tokens equal the reference's on real text."""
    texts = read_files([file], engine.corpora).companies.text["business_scope"][:20_000]
    equal = sum(cut(text, engine.corpora) == reference_cut(text, engine.corpora) for text in texts)
    return f"分词一致：{equal:,} / {len(texts):,} 条经营范围"


if __name__ == "__main__":
    if len(sys.argv) == 3:
        one(sys.argv[1], Path(sys.argv[2]))
        raise SystemExit(0)
    raise SystemExit(main())
