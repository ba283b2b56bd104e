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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from matcher.engine import Engine
from matcher.from_file import rank_file
from matcher.intake import read_files
from matcher.matching.profiles import CHUNK
from matcher.processes import in_chunks
from matcher.runs import Request, today
from matcher.text.tokenizer import cut, reference_cut

FILE = "registry_sample_80k.csv.gz"
LOOP_ROWS = 2_000
RUNS = 5


class Taken(NamedTuple):
    """What a run took: seconds by the clock and of all processors together, and its rows."""

    seconds: float
    cpu: float
    rows: int

    @classmethod
    def since(cls, start: tuple[float, float], rows: int) -> Taken:
        now = _now()
        return cls(now[0] - start[0], now[1] - start[1], rows)


def _now() -> tuple[float, float]:
    return time.perf_counter(), sum(os.times()[:4])


def row_loop(file: Path, engine: Engine) -> Taken:
    """The plain loop."""
    import jieba
    import pandas as pd
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics.pairwise import cosine_similarity

    jieba.setLogLevel(60)
    jieba.initialize()
    documents = [" ".join(" ".join(jieba.lcut(term)) for term, _ in segment.terms) for segment in engine.zone.segments]
    vectorizer = TfidfVectorizer(token_pattern=r"(?u)\S+")
    segments = vectorizer.fit_transform(documents)
    start = _now()
    table = pd.read_csv(file, dtype=str, nrows=LOOP_ROWS).fillna("")
    best = []
    for _, row in table.iterrows():
        words = " ".join(jieba.lcut(row["name"] + " " + row["business_scope"]))
        similar = cosine_similarity(vectorizer.transform([words]), segments)[0]
        best.append((similar.max(), similar.argmax()))
    table["score"] = [score for score, _ in best]
    table.sort_values("score", ascending=False).head(50)
    return Taken.since(start, len(table))


def ours(file: Path, engine: Engine) -> Taken:
    """From file to ranking."""
    start = _now()
    intake, _ = rank_file(engine, file, Request(as_of=today(), top=50))
    return Taken.since(start, intake.read)


def bare(file: Path, engine: Engine) -> Taken:
    """rjieba alone: the same names and scopes cut on all cores and thrown away; reading is outside of the clock."""
    text = read_files([file], engine.corpora).companies.text
    given = [f"{name} {scope}" for name, scope in zip(text["name"], text["business_scope"], strict=True)]
    cut("词典", engine.corpora)
    start = _now()
    in_chunks(lambda chunk: sum(len(cut(given[n], engine.corpora)) for n in chunk), len(given), CHUNK, engine.processes)
    return Taken.since(start, len(given))


KINDS = {"loop": row_loop, "ours": ours, "bare": bare}


def one(kind: str, file: Path) -> None:
    """One run in this process; prints its figures as JSON."""
    taken = KINDS[kind](file, Engine("liaocheng-resort"))
    peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({**taken._asdict(), "main_mb": peaks[0], "child_mb": peaks[1]}))


def run(kind: str, file: Path) -> dict[str, Any]:
    """The figures of one run in a fresh process."""
    done = subprocess.run([sys.executable, __file__, kind, str(file)], capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


@dataclass(frozen=True)
class Measured:
    """Rows a second of each kind, microseconds of processors a row, medians of the rounds, and peak memory (吞吐)."""

    rows: int
    rates: dict[str, float]
    cpu: dict[str, float]
    peaks: tuple[float, float]

    def lines(self) -> list[str]:
        """As a table in Markdown."""
        slow, quick, least = self.rates["loop"], self.rates["ours"], self.rates["bare"]
        return [
            f"| {FILE}，{self.rows:,} 行 | 行/秒 | 秒 | 每行 CPU 微秒 |",
            "|---|---|---|---|",
            f"| 逐行循环（pandas、jieba、余弦；{LOOP_ROWS:,} 行推算） | {slow:,.0f} | {self.rows / slow:.1f} | {self.cpu['loop']:,.1f} |",
            f"| 只用 rjieba 把同样的文本切一遍，全部核 | {least:,.0f} | {self.rows / least:.2f} | {self.cpu['bare']:,.1f} |",
            f"| 链招，从文件到名单 | {quick:,.0f} | {self.rows / quick:.2f} | {self.cpu['ours']:,.1f} |",
            "",
            f"链招是逐行循环的 {quick / slow:.1f} 倍（目标 60），是只切词的 {least / quick:.1f} 倍时间（目标 2 以内）；按 CPU 时间，"
            f"{self.cpu['loop'] / self.cpu['ours']:.1f} 倍、{self.cpu['ours'] / self.cpu['bare']:.1f} 倍，别人抢机器时这两个还可以看；"
            f"峰值内存 主进程 {self.peaks[0]:,.0f} MB，工作进程各 {self.peaks[1]:,.0f} MB。",
        ]


def measured(file: Path, rounds: int = RUNS) -> Measured:
    """Runs all kinds in turn (轮流测)."""
    runs: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for number in range(rounds):
        for kind, found in runs.items():
            found.append(run(kind, file))
        loop, fast, least = (found[-1]["rows"] / found[-1]["seconds"] for found in runs.values())
        print(
            f"第 {number + 1} 轮：逐行循环 {loop:,.0f} 行/秒，链招 {fast:,.0f} 行/秒，{fast / loop:.1f} 倍；"
            f"是只切词的 {least / fast:.1f} 倍时间",
            file=sys.stderr,
        )
    rates = {kind: statistics.median(r["rows"] / r["seconds"] for r in found) for kind, found in runs.items()}
    main_mb, child_mb = (max(r[key] for r in runs["ours"]) for key in ("main_mb", "child_mb"))
    cpu = {kind: statistics.median(r["cpu"] / r["rows"] for r in found) * 1e6 for kind, found in runs.items()}
    return Measured(runs["ours"][0]["rows"], rates, cpu, (main_mb, child_mb))


def main() -> int:
    """Prints the table."""
    folder = os.environ.get("LIANZHAO_DATA")
    if not folder or not (Path(folder) / FILE).is_file():
        print(f"跳过：LIANZHAO_DATA 应指向含 {FILE} 的目录")
        return 0
    file, engine = Path(folder) / FILE, Engine("liaocheng-resort")
    found = measured(file)
    print(f"{len(engine.zone.segments)} 个环节，{os.cpu_count()} 核，{RUNS} 轮取中位数")
    print("\n".join(found.lines()))
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
