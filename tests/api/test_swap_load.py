"""Two workers under load while the companies are swapped: every answer is whole and of one snapshot, and none is dropped."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from matcher.corpora import open_corpora
from matcher.engine import Engine
from matcher.snapshot import build, layout
from tests.api.conftest import small, write_companies
from tests.snapshot.small import code

pytestmark = pytest.mark.slow

VERSIONS, COMPANIES, CLIENTS = 4, 30, 8
PROFILE = {"name": "青岛某某积木有限公司", "business_scope": "积木的生产", "reg_capital_raw": "5000万元"}


class Served:
    """A home with several snapshots, and what each must answer."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, small(folder).home
        readers = {"small": Engine("small", rules=folder / "rules", processes=1).reader}
        self.names: dict[str, set[str]] = {}
        for number in range(VERSIONS):
            rows = [
                (
                    f"青岛{chr(0x4E00 + 40 * number + n)}积木有限公司",
                    "积木的生产",
                    f"{100 + n}万元",
                    "青岛市",
                    code(1000 * number + n),
                    "",
                )
                for n in range(COMPANIES)
            ]
            file = write_companies(folder / f"{number}.csv", rows)
            version = build([file], open_corpora(), self.home, readers=readers).snapshot.version
            self.names[version] = {row[0] for row in rows}
        self.versions = list(self.names)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @contextlib.contextmanager
    def workers(self) -> Iterator[None]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.api.served", str(self.port)],
            env={**os.environ, "LIANZHAO_SERVED": str(self.folder)}, cwd=Path(__file__).parents[2], start_new_session=True,
        )  # fmt: skip
        try:
            until = time.monotonic() + 120
            while time.monotonic() < until:
                with contextlib.suppress(OSError), Client(self.port) as client:
                    if client.ask("GET", "/readyz")[0] == 200:
                        break
                time.sleep(0.1)
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # of its own session: nobody else's
            process.wait(timeout=60)


class Client:
    """One connection, kept open."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        self._connection.request(
            method, path, None if body is None else json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())


def mixed(served: Served, seed: int, count: int, done: threading.Semaphore) -> Counter[str]:
    """Asks for this and that, and checks every answer against what its snapshot holds."""
    with Client(served.port) as client:
        return asked(client, served, random.Random(seed), count, done)


def asked(client: Client, served: Served, choose: random.Random, count: int, done: threading.Semaphore) -> Counter[str]:
    seen = Counter[str]()
    whole: dict[str, list[Any]] = {}
    for _ in range(count):
        kind = choose.choice(("rank", "rank", "page", "score", "companies", "resolve", "run", "ready"))
        if kind in ("page", "run") and not whole:
            kind = "rank"
        if kind == "rank":
            status, told = client.ask("POST", "/v1/zones/small/rank", {"as_of": "2026-01-01", "top": COMPANIES})
            assert status == 200, told
            listed = [*told["results"], *told["opportunities"]]
            assert {one["name"] for one in listed} == served.names[told["run"]["snapshot"]]
            assert whole.setdefault(told["run"]["id"], told["results"]) == told["results"]
            seen[told["run"]["snapshot"]] += 1
        elif kind == "page":
            run = choose.choice(list(whole))
            status, told = client.ask("POST", "/v1/zones/small/rank", {"cursor": {"run": run, "offset": 7}, "limit": 5})
            assert status == 200, told
            assert told["results"] == whole[run][7:12]
        elif kind == "score":
            status, told = client.ask(
                "POST", "/v1/zones/small/score", {"profiles": [PROFILE], "as_of": "2026-01-01", "explain": True}
            )
            assert status == 200, told
            assert told["results"][0]["segment"] == "toy-making"
            assert len(told["results"][0]["explanation"]["rules"]) == 2
        elif kind == "companies":
            status, told = client.ask("GET", "/v1/companies?limit=100")
            assert status == 200, told
            assert {one["fields"]["name"]["value"] for one in told["companies"]} == served.names[told["snapshot"]]
            assert {one["snapshot"] for one in told["companies"]} == {told["snapshot"]}
        elif kind == "resolve":
            version = choose.choice(served.versions)
            name = choose.choice(sorted(served.names[version]))
            status, told = client.ask("POST", "/v1/resolve", {"queries": [name]})
            assert status == 200, told
            assert (told["results"][0]["decision"] == "same") == (told["snapshot"] == version)
        elif kind == "run":
            run = choose.choice(list(whole))
            status, told = client.ask("GET", f"/v1/runs/{run}")
            assert (status, told["run"]["id"]) == (200, run), told
        else:
            status, told = client.ask("GET", "/readyz")
            assert (status, told["refused"]) == (200, []), told
            assert told["companies"]["version"] in served.names
        done.release()
    return seen


@pytest.mark.long
@pytest.mark.parametrize(("count", "swaps"), [(400, 4), pytest.param(10_000, 20, marks=pytest.mark.slow)])
def test_every_answer_is_whole_and_of_one_snapshot(tmp_path: Path, count: int, swaps: int) -> None:
    served, done = Served(tmp_path), threading.Semaphore(0)
    with served.workers(), ThreadPoolExecutor(CLIENTS) as pool:
        asking = [pool.submit(mixed, served, seed, count // CLIENTS, done) for seed in range(CLIENTS)]
        for number in range(swaps):
            for _ in range(count // (swaps + 1)):
                assert done.acquire(timeout=120) or not [one.result() for one in asking if one.done()]
            layout.switch(served.home, served.versions[number % VERSIONS])
        seen = sum((one.result() for one in asking), Counter[str]())
        with Client(served.port) as client:
            state = client.ask("GET", "/readyz")[1]["state"]
    assert set(seen) == set(served.versions), "all of them were asked for"
    assert state > swaps // 2, "the worker has swapped again and again"
