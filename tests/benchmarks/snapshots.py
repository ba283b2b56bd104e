"""Snapshots (快照基准): whether memory stays flat, what a month's changes cost, what ranking from a snapshot saves: ``make bench``.

The registry's rows are recombined to five times as many companies, each step runs in a process of its own for its peak memory, and
all is told as ratios of one run, because the machine's speed differs from run to run.

    LIANZHAO_DATA=folder make bench
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from matcher.engine import Engine
from matcher.intake import read_files
from matcher.runs import Request
from matcher.snapshot import build, open_current, open_profiles

FILE = "registry_sample_80k.csv.gz"
TIMES = 5
CHANGED = 100  # one row in so many
ZONE = "liaocheng-resort"
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_REQUEST = Request(as_of=date(2026, 1, 1), top=50)


def recombined(source: Path, target: Path, times: int) -> int:
    """Writes ``times`` as many rows: names and scopes of other rows, codes of their own."""
    with gzip.open(source) as packed:
        header, *rows = csv.reader(io.TextIOWrapper(packed, "utf-8-sig", newline=""))
    at = {column: header.index(column) for column in ("name", "uscc", "business_scope")}
    with gzip.open(target, "wt", compresslevel=1, encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        for number in range(times * len(rows)):
            row = [*rows[number % len(rows)]]
            step = number // len(rows)
            row[at["uscc"]] = code_of(number)
            row[at["business_scope"]] = rows[(number * 7919 + step * 13) % len(rows)][at["business_scope"]]
            row[at["name"]] = rows[(number + step * 31) % len(rows)][at["name"]]
            writer.writerow(row)
    return times * len(rows)


def changed(source: Path, target: Path) -> None:
    """The same rows a month later: one in ``CHANGED`` has another scope."""
    with gzip.open(source) as packed, gzip.open(target, "wt", compresslevel=1, encoding="utf-8", newline="") as stream:
        reader, writer = csv.reader(io.TextIOWrapper(packed, "utf-8-sig", newline="")), csv.writer(stream)
        header = next(reader)
        at = header.index("business_scope")
        writer.writerow([*header, "as_of"])
        for number, row in enumerate(reader):
            row[at] += "；积木制造" if number % CHANGED == 0 else ""
            writer.writerow([*row, "2026-01-01"])


def code_of(number: int) -> str:
    body = "91370000" + "".join(_ALPHABET[number // 31**place % 31] for place in range(9))
    total = sum(_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(body))
    return body + _ALPHABET[-total % 31]


def files_only(home: Path, file: Path) -> int:
    """Companies alone, without reading their texts."""
    return len(build([file], Engine(ZONE).corpora, home).snapshot)


def whole(home: Path, file: Path) -> int:
    """Companies and texts."""
    engine = Engine(ZONE)
    return sum(build([file], engine.corpora, home, readers={ZONE: engine.reader}, processes=engine.processes).reread.values())


def added(home: Path, file: Path) -> int:
    """Onto the current snapshot."""
    engine = Engine(ZONE)
    made = build([file], engine.corpora, home, add=True, readers={ZONE: engine.reader}, processes=engine.processes)
    return sum(made.reread.values())


def rank(home: Path, _file: Path) -> int:
    """Opens the snapshot and ranks all of it."""
    engine = Engine(ZONE)
    start = time.perf_counter()
    open_current(home)
    _told["unchecked"] = time.perf_counter() - start
    start = time.perf_counter()
    snapshot = open_current(home, verify=True)
    if snapshot is None:
        raise AssertionError("it was built before")
    _told["checked"] = time.perf_counter() - start
    known = open_profiles(home, snapshot, engine.reader)
    _told["open"] = time.perf_counter() - start
    return engine.rank(snapshot.intake(), _REQUEST, known).considered


def rank_file(_home: Path, file: Path) -> int:
    """Ranks the file itself."""
    engine = Engine(ZONE)
    return engine.rank(read_files([file], engine.corpora), _REQUEST).considered


STEPS: dict[str, Callable[[Path, Path], int]] = {
    step.__name__: step for step in (files_only, whole, added, rank, rank_file)
}  # fmt: skip
_told: dict[str, float] = {}


def one(kind: str, home: Path, file: Path) -> None:
    """One step in this process; prints its figures as JSON."""
    Engine(ZONE)  # dictionaries are read once and are not what is measured
    start = time.perf_counter()
    rows = STEPS[kind](home, file)
    peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"seconds": time.perf_counter() - start, "rows": rows, "mb": peaks[0], "child_mb": peaks[1], **_told}))


def run(kind: str, home: Path, file: Path) -> dict[str, Any]:
    """The figures of one step in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.snapshots", kind, str(home), str(file)]
    figures: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    print(f"  {kind:<12}{file.name:<16}{figures['seconds']:8.1f} 秒 {figures['mb']:8,.0f} MB", file=sys.stderr)
    return figures


def main() -> int:
    """Prints the table."""
    data = os.environ.get("LIANZHAO_DATA")
    if not data or not (Path(data) / FILE).is_file():
        print(f"跳过：LIANZHAO_DATA 应指向含 {FILE} 的目录")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        small, large, later = (place / name for name in ("small.csv.gz", "large.csv.gz", "later.csv.gz"))
        rows = [recombined(Path(data) / FILE, small, 1), recombined(Path(data) / FILE, large, TIMES)]
        changed(large, later)
        flat = [run("files_only", place / "flat", file) for file in (small, large)]
        home = place / "home"
        full = [run("whole", place / "first", small), run("whole", home, large)]
        ranked, direct = run("rank", home, large), run("rank_file", home, large)
        sizes = [
            sum(path.stat().st_size for path in (home / part).rglob("*") if path.is_file()) for part in ("snapshots", "profiles")
        ]
        month = run("added", home, later)
    print(f"快照：{rows[0]:,} 与 {rows[1]:,} 家（{FILE} 重组），{os.cpu_count()} 核")
    print(
        f"行数 ×{TIMES}，构建峰值内存 ×{flat[1]['mb'] / flat[0]['mb']:.2f}（{flat[0]['mb']:,.0f} → {flat[1]['mb']:,.0f} MB，不读文本）"
    )
    print(f"　　　　 读文本 ×{full[1]['mb'] / full[0]['mb']:.2f}（{full[0]['mb']:,.0f} → {full[1]['mb']:,.0f} MB）")
    print(
        f"每月并入（{100 / CHANGED:g}% 改了，重新分词 {month['rows']:,} 家）为全部重建的 {month['seconds'] / full[1]['seconds']:.0%}"
    )
    print(f"打开快照：不校验 {ranked['unchecked']:.2f} 秒，逐字节校验 {ranked['checked']:.2f} 秒，连同画像 {ranked['open']:.2f} 秒")
    print(f"校验、打开并排序为构建的 {ranked['seconds'] / full[1]['seconds']:.0%}", end="")
    print(f"，为直接读文件排序的 {ranked['seconds'] / direct['seconds']:.0%}")
    print(f"每家占盘 {sizes[0] / rows[1]:,.0f} 字节，文本画像 {sizes[1] / rows[1]:,.0f} 字节")
    return 0


if __name__ == "__main__":
    if len(sys.argv) == 4:
        one(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
        raise SystemExit(0)
    raise SystemExit(main())
