"""Ranking on a cluster (集群基准): what it costs beside one machine, by rows and by zones: ``make bench``.

The registry's rows are recombined as ``snapshots`` does and written as Parquet. A standalone cluster of two workers with one core each runs
on this machine. Passes on it and on one machine take turns. What is told is CPU time, of all processes that took part: another program
that wants the machine makes the wall clock longer and CPU time hardly. Two sizes tell what a row costs and what a pass costs anyhow.

    LIANZHAO_DATA=folder python -m tests.benchmarks.spark [--rows 80000] [--rounds 2]
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import os
import resource
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

import pyarrow as pa
import pyarrow.parquet as pq

from matcher.engine import Engine
from matcher.intake import read_files
from matcher.rules import zone_ids
from matcher.runs import Request
from tests.benchmarks.snapshots import FILE, recombined
from tests.spark.cluster import Cluster, descendants
from tests.spark.conftest import SETTINGS

REQUEST = Request(as_of=date(2026, 1, 1), top=50)
MANY = 4  # zones of the pass for many
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """What a pass took."""

    cpu: float
    wall: float
    disk: int = 0


def parquet(source: Path, target: Path, rows: int) -> None:
    """The first rows of a file as Parquet, in row groups as exports have them."""
    with gzip.open(source) as packed:
        header, *found = (
            row for row, _ in zip(csv.reader(io.TextIOWrapper(packed, "utf-8", newline="")), range(rows + 1), strict=False)
        )
    table = pa.table({name: [row[place] for row in found] for place, name in enumerate(header)})
    pq.write_table(table, target, row_group_size=10_000)


def engines_of(folder: Path, count: int) -> list[Engine]:
    """Engines of the zones, and of copies of the first under other names until there are enough."""
    known = zone_ids()
    first = Engine(known[0])
    engines = [first, *(Engine(zone) for zone in known[1:count])]
    for number in range(len(engines), count):
        name = f"{known[0]}-{number}"
        for path, raw in first.zone.content.items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_bytes(raw.replace(f"id: {known[0]}\n".encode(), f"id: {name}\n".encode()))
        engines.append(Engine(name, ruleset=folder / name))
    return engines


def alone(file: Path, engines: Sequence[Engine]) -> Cost:
    """One machine: the file read once, ranked for each zone."""

    def work() -> None:
        intake = read_files([file], engines[0].corpora)
        for engine in engines:
            engine.rank(intake, REQUEST)

    def spent() -> float:
        return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))

    return _measured(work, spent)


def _measured(work: Callable[[], object], spent: Callable[[], float]) -> Cost:
    cpu, wall = spent(), time.perf_counter()
    work()
    return Cost(spent() - cpu, time.perf_counter() - wall)


class OnCluster:
    """Passes on a cluster, with the CPU time and the disk of all its processes."""

    def __init__(self, session: object, cluster: Cluster, disks: Path) -> None:
        self.session, self.cluster, self.disks = session, cluster, disks

    def rank(self, file: Path, engines: Sequence[Engine]) -> Cost:
        from matcher.spark import rank_zones

        peak, done = [0], threading.Event()

        def watch() -> None:
            while not done.wait(1):
                peak[0] = max(peak[0], _size(self.disks))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            cost = _measured(lambda: rank_zones(self.session, [str(file)], engines, REQUEST), self._spent)  # type: ignore[arg-type]
        finally:
            done.set()
            watcher.join()
        return Cost(cost.cpu, cost.wall, peak[0])

    def _spent(self) -> float:
        """Of the driver's Python, its JVM, and of all that the workers started."""
        return sum(map(_cpu, [os.getpid(), *descendants([os.getpid()])]))


def _cpu(pid: int) -> float:
    """CPU seconds of a process and of its children that have ended."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, told[11:15])) / _TICKS


def _size(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return size


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=80_000)
    options.add_argument("--rounds", type=int, default=2)
    given = options.parse_args()
    data = Path(os.environ.get("LIANZHAO_DATA", ""))
    if shutil.which("java") is None or not (data / FILE).is_file():
        print(f"跳过：要有 Java，LIANZHAO_DATA 应指向含 {FILE} 的目录")
        return
    from matcher.spark import connected

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recombined(data / FILE, folder / "rows.csv.gz", -(-given.rows // 80_000))
        sizes = (given.rows // 4, given.rows)
        files = {rows: folder / f"{rows}.parquet" for rows in sizes}
        for rows, file in files.items():
            parquet(folder / "rows.csv.gz", file, rows)
        disks = folder / "disks"
        disks.mkdir()
        os.environ["SPARK_LOCAL_DIRS"] = str(disks)
        cluster = Cluster(folder)
        try:
            with connected(cluster.url, SETTINGS) as session:
                _run(OnCluster(session, cluster, disks), files, engines_of(folder / "zones", MANY), given.rounds)
        finally:
            cluster.stop()


def _run(cluster: OnCluster, files: dict[int, Path], engines: list[Engine], rounds: int) -> None:
    small, large = files
    for zones in (1, MANY):  # each worker process reads and compiles each package of rules once
        cluster.rank(files[small], engines[:zones])
    found: dict[tuple[str, int, int], list[Cost]] = {}
    for _ in range(rounds):
        for rows in (small, large):
            for zones in (1, MANY):
                found.setdefault(("一台", rows, zones), []).append(alone(files[rows], engines[:zones]))
                found.setdefault(("集群", rows, zones), []).append(cluster.rank(files[rows], engines[:zones]))
    print(f"真实登记行重新组合，{small:,} 与 {large:,} 行，{rounds} 轮取中位数；CPU 秒为全部进程合计；2 核")
    print(f"{'':6}{'行':>10}{'园区':>6}{'CPU 秒':>10}{'秒':>10}{'盘 MB':>10}")
    cpu: dict[tuple[str, int, int], float] = {}
    for key, costs in found.items():
        who, rows, zones = key
        cpu[key] = median(cost.cpu for cost in costs)
        wall, disk = median(cost.wall for cost in costs), max(cost.disk for cost in costs)
        print(f"{who:4}{rows:>11,}{zones:>8}{cpu[key]:>11.1f}{wall:>11.1f}{disk / 1e6:>11.0f}")
    for who in ("一台", "集群"):
        for zones in (1, MANY):
            each = (cpu[who, large, zones] - cpu[who, small, zones]) / (large - small)
            fixed = cpu[who, small, zones] - each * small
            print(
                f"{who}，{zones} 个园区：每百万行 {each * 1e6:,.0f} CPU 秒（{each * 1e6 / 3600:.2f} 核时），每遍另加 {fixed:.0f} CPU 秒"
            )
    disk = max(cost.disk for cost in found["集群", large, MANY]) - max(cost.disk for cost in found["集群", small, MANY])
    print(f"集群，{MANY} 个园区：每行占盘 {disk / (large - small):,.0f} 字节（各节点合计，峰值）")


if __name__ == "__main__":
    main()
