"""What one step of a shared rate costs: the mapped file of the service against a small SQLite database, with one process and with two."""

from __future__ import annotations

import multiprocessing
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from matcher.api.rates import Buckets, Rate

_STEPS = {"mapped": 20_000, "sqlite, nothing synced": 3_000, "sqlite, every step synced": 300}


def main() -> None:
    """Prints microseconds a step, the median of three rounds."""
    print(f"{'':<28}{'1 process':>12}{'2 processes':>14}   microseconds a step")
    for name, steps in _STEPS.items():
        told = [statistics.median(_round(name, steps, processes) for _ in range(3)) for processes in (1, 2)]
        print(f"{name:<28}{told[0]:>12.1f}{told[1]:>14.1f}")


def _round(name: str, steps: int, processes: int) -> float:
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        barrier, told = context.Barrier(processes), context.SimpleQueue()
        running = [context.Process(target=_work, args=(name, steps, folder, barrier, told)) for _ in range(processes)]
        for one in running:
            one.start()
        found = [told.get() for _ in running]
        for one in running:
            one.join()
    return sum(found) / processes


def _work(name: str, steps: int, folder: str, barrier: Any, told: Any) -> None:
    step = _mapped(folder) if name == "mapped" else _database(folder, synced="every" in name)
    barrier.wait()
    begun = time.perf_counter()
    for number in range(steps):
        step(f"key {number % 50}")
    told.put((time.perf_counter() - begun) / steps * 1e6)


def _mapped(folder: str) -> Any:
    buckets = Buckets(Path(folder) / "rates")
    return lambda name: buckets.take(name, Rate(100_000))


def _database(folder: str, *, synced: bool) -> Any:
    connection = sqlite3.connect(Path(folder) / "rates.db", isolation_level=None, timeout=60)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if synced else 'OFF'}")
    connection.execute("CREATE TABLE IF NOT EXISTS rates (name TEXT PRIMARY KEY, until REAL)")

    def step(name: str) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("SELECT until FROM rates WHERE name = ?", (name,)).fetchone()
        connection.execute("INSERT OR REPLACE INTO rates VALUES (?, ?)", (name, time.monotonic()))
        connection.execute("COMMIT")

    return step


if __name__ == "__main__":
    main()
