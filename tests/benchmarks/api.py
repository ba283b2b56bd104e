"""What the service costs beside the engine (接口的开销): ``make bench-api``.

    python -m tests.benchmarks.api [--rounds 5] [--seconds 3]

Real servers of one worker on loopback are loaded by another process over connections that stay open. Rates are set beside those of the
same application answering constants of the same size (the floor), rounds alternating; what is printed are medians, and ratios are
what to read on a shared machine. No company is asked about twice in a row: requests go through the names and products of the bundled
sample. yente, a matcher of sanctions lists, documents 4 to 30 explained matches a second and vCPU.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import http.client
import itertools
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from matcher.corpora import open_corpora
from matcher.engine import Engine
from matcher.intake import read_files
from matcher.runs import Request

ZONE, DAY, CLIENTS = "liaocheng-resort", "2024-08-27", (1, 8)
SCORE, RANK = f"/v1/zones/{ZONE}/score", f"/v1/zones/{ZONE}/rank"
PATHS = {"score-1": SCORE, "score-100": SCORE, "rank": RANK}


def profiles() -> list[dict[str, str]]:
    """Companies as a tracking system sends them: of the bundled sample, each with the products of two of them as its scope."""
    with open_corpora().sample.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [
        {
            "name": row["name"],
            "business_scope": f"{row['main_products']}；{other['main_products']}；货物进出口",
            "reg_capital_raw": row["reg_capital_raw"],
            "founded_date": row["founded_date"],
            "city": row["city"],
        }
        for row, other in zip(rows, [*rows[1:], rows[0]], strict=True)
    ]


def bodies() -> dict[str, list[bytes]]:
    """Kind of request → its bodies, one after another."""
    given = profiles()

    def scoring(some: list[dict[str, str]]) -> bytes:
        return json.dumps({"profiles": some, "as_of": DAY, "explain": True}).encode()

    return {
        "score-1": [scoring([one]) for one in given],
        "score-100": [scoring(given[start : start + 100]) for start in range(0, 600, 100)],
        "rank": [json.dumps({"as_of": DAY, "top": 100}).encode()],
    }


@contextlib.contextmanager
def server(name: str, folder: Path) -> Iterator[int]:
    """A server of one worker; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", f"tests.benchmarks.api_served:{name}", "--factory", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--log-level", "warning", "--timeout-keep-alive", "600"],
        env={**os.environ, "LIANZHAO_BENCH": str(folder)}, cwd=Path(__file__).parents[2], start_new_session=True,
    )  # fmt: skip
    try:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


class Asker:
    """One connection that stays open."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)

    def ask(self, path: str, body: bytes | None = None) -> bytes:
        self._connection.request("POST" if body else "GET", path, body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {content[:300]!r}")
        return content


def rate(port: int, path: str, given: Sequence[bytes | None], seconds: float, clients: int) -> float:
    """Answers a second, from some clients at once that each begin elsewhere among the bodies."""

    def loaded(client: int) -> int:
        asker, done, until = Asker(port), client * len(given) // clients, time.perf_counter() + seconds
        begun = done
        while time.perf_counter() < until:
            asker.ask(path, given[done % len(given)])
            done += 1
        return done - begun

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        total = sum(pool.map(loaded, range(clients)))
    return total / (time.perf_counter() - began)


def timed(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=3.0)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        port = stack.enter_context(server("real", folder))
        raw = bodies()
        for key, given_bodies in raw.items():
            answers = sorted((Asker(port).ask(PATHS[key], body) for body in given_bodies[:101]), key=len)
            (folder / f"{key}.json").write_bytes(answers[len(answers) // 2])  # the floor's: of middle size
        low = stack.enter_context(server("floor", folder))
        plain = stack.enter_context(server("rows", folder))
        _scores(port, low, raw, given)
        _ranks(port, low, raw["rank"][0], given)
        _rows(plain, given)


def _scores(port: int, low: int, raw: dict[str, list[bytes]], given: argparse.Namespace) -> None:
    for (key, items, label), clients in itertools.product(
        (("score-1", 1, "单家评分，带解释"), ("score-100", 100, "100 家一批，带解释")), CLIENTS
    ):
        both = [[rate(at, PATHS[key], raw[key], given.seconds, clients) for at in (port, low)] for _ in range(given.rounds)]
        real, floor = (statistics.median(column) for column in zip(*both, strict=True))
        ratio = statistics.median(one / other for one, other in both)
        aim = "（目标 ≥ 0.33）" if items == 1 else ""
        found = f"{real:,.1f} 次/秒（{real * items:,.0f} 家/秒），同样大小的常量 {floor:,.1f} 次/秒，比 {ratio:.3f}{aim}"
        print(f"{label}，{clients} 个连接：{found}")
    print("    yente 的文档：每 vCPU 每秒 4–30 次带解释的匹配")


def _ranks(port: int, low: int, raw: bytes, given: argparse.Namespace) -> None:
    engine = Engine(ZONE, processes=1)
    intake = read_files([engine.corpora.sample], engine.corpora)
    known, request = engine.reader.read(intake.companies, 1), Request(as_of=date.fromisoformat(DAY), top=100)
    asker, floor = Asker(port), Asker(low)
    columns: dict[str, list[float]] = {"引擎": [], "新批次": [], "同一批次再问": [], "常量": []}
    for number in range(given.rounds * 30):
        day = date.fromisoformat(DAY) + timedelta(days=number)
        fresh = json.dumps({"as_of": day.isoformat(), "top": 100}).encode()
        asked = replace(request, as_of=day)
        columns["引擎"].append(timed(partial(engine.rank, intake, asked, known)))
        for label, step in {"新批次": fresh, "同一批次再问": fresh}.items():
            columns[label].append(timed(partial(asker.ask, RANK, step)))
        columns["常量"].append(timed(partial(floor.ask, RANK, raw)))
    for share, label in ((0.5, "中位数"), (0.99, "p99")):
        at = {name: 1000 * percentile(times, share) for name, times in columns.items()}
        told = "，".join(f"{name} {at[name]:,.1f}（{at[name] / at['引擎'] - 1:+.0%}）" for name in ("新批次", "同一批次再问"))
        print(f"排序前 100 名 {label}，毫秒：引擎 {at['引擎']:,.1f}；经 HTTP {told}，目标 ≤ +30%；常量 {at['常量']:,.1f}")


def _rows(port: int, given: argparse.Namespace) -> None:
    for path, label in {"/dicts": "返回字典", "/model": "返回写明类型的字典"}.items():
        both = [[rate(port, at, [None], given.seconds, 1) for at in ("/bytes", path)] for _ in range(given.rounds)]
        first, second = (statistics.median(column) for column in zip(*both, strict=True))
        ratio = statistics.median(one / other for one, other in both)
        print(f"100 行带解释：orjson 字节 {first:,.1f} 次/秒，由 FastAPI {label} {second:,.1f} 次/秒，{ratio:.1f} 倍（目标 ≥ 10）")


if __name__ == "__main__":
    main()
