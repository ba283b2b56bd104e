"""A standalone cluster on loopback (本机集群): a master and two workers, started and stopped by the tests."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

WITHOUT_JAVA = "没有 Java：集群测试要 Java 17（Debian 上 apt-get install openjdk-17-jre-headless）"
_PATIENCE = 120  # seconds for a process to come up on a busy machine


class Cluster:
    """A master and its workers."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("java") is None:
            pytest.skip(WITHOUT_JAVA)
        pyspark = pytest.importorskip("pyspark")
        self.folder, self.home = folder, Path(pyspark.__file__).parent
        self.port, self.page = _free(), _free()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.master = self._start("master.Master", "--port", str(self.port), "--webui-port", str(self.page))
        self._wait(0)
        for _ in range(2):
            self.add_worker()

    @property
    def url(self) -> str:
        return f"spark://127.0.0.1:{self.port}"

    def add_worker(self) -> None:
        work = self.folder / f"work{len(self.workers)}"
        options = ("--cores", "2", "--memory", "2g", "--work-dir", str(work), "--webui-port", "0")
        self.workers.append(self._start("worker.Worker", *options, self.url))
        self._wait(sum(worker.poll() is None for worker in self.workers))

    def kill(self, worker: int) -> None:
        """All of a worker at once, as when a machine loses power."""
        for pid in [self.workers[worker].pid, *descendants([self.workers[worker].pid])]:
            os.kill(pid, 9)
        self.workers[worker].wait()

    def stop(self) -> None:
        for process in [*self.workers, self.master]:
            if process.poll() is None:
                process.terminate()
                process.wait(60)

    def _start(self, what: str, *options: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "SPARK_HOME": str(self.home), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
        environment["SPARK_DAEMON_MEMORY"] = "256m"
        command = [str(self.home / "bin" / "spark-class"), f"org.apache.spark.deploy.{what}", "--host", "127.0.0.1", *options]
        with (self.folder / f"{what}-{len(self.workers)}.log").open("wb") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)

    def _wait(self, workers: int) -> None:
        """Until the master has so many workers; its page tells."""
        for _ in range(_PATIENCE * 4):
            if self._alive() == workers:
                return
            time.sleep(0.25)
        raise AssertionError(f"the cluster did not come up, see {self.folder}")

    def _alive(self) -> int:
        try:
            with urlopen(f"http://127.0.0.1:{self.page}/json/", timeout=5) as answer:
                told: dict[str, Any] = json.load(answer)
        except (URLError, OSError, ValueError):
            return -1
        return int(told["aliveworkers"])


def descendants(of: Sequence[int]) -> list[int]:
    """All processes that these have started, and those that these have."""
    found, parents, everybody = [], set(of), _processes()
    while parents:
        parents = {pid for pid, parent in everybody if parent in parents}
        found += sorted(parents)
    return found


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _processes() -> list[tuple[int, int]]:
    """(process, its parent) of all."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [(int(pid), int(parent)) for pid, parent in map(str.split, listed.splitlines())]
