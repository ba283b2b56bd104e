"""Builds of snapshots from the pages (网页上的构建): one at a time, in a process of its own, told as it goes, stopped when wanted.

The process is ``lianzhao build``: what the command line does is done here, with the same lock, stages and messages. It makes the snapshot
and leaves the current one as it is; somebody looks at what was rejected and then switches.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from matcher.api.problems import RefusedError
from matcher.api.settings import Settings
from matcher.runs import CHINA_TIME

State = Literal["running", "done", "failed", "stopped"]
_KINDS = (".csv", ".txt", ".gz", ".xlsx", ".xls", ".xlsb", ".ods", ".parquet")
_MOST_FILES = 50
_MOST_LISTED = 300
_LAST_WORDS = 20  # lines of what the process says at its end
_PATIENCE = 20.0  # seconds until a process that was told to stop is killed
_LINE = 1 << 20


@dataclass(frozen=True)
class Uploaded:
    """A file that waits to be read (已上传的文件)."""

    path: Path
    name: str
    size: int
    by: str


@dataclass(frozen=True)
class Rejects:
    """Rows that were not taken in (拒收清单): by place and reason, never by what they hold.

    Attributes:
        counts: (field, reason) → rows, the most first.
        rows: (file, row, field, reason) of the first of them.
        path: The whole list.
    """

    counts: tuple[tuple[tuple[str, str], int], ...]
    rows: tuple[tuple[str, int, str, str], ...]
    path: Path


@dataclass
class Build:
    """One build (一次构建).

    Attributes:
        doing, rows: What is being done and how many rows of it are done.
        report: As ``lianzhao build --format json`` tells it.
        problem: Why it failed.
        switched: Its snapshot was made the current one.
    """

    files: tuple[str, ...]
    by: str
    begun: datetime
    add: bool
    doing: str = "正在起步"
    rows: int = 0
    state: State = "running"
    report: dict[str, Any] = field(default_factory=dict)
    rejects: Rejects | None = None
    problem: str = ""
    ended: datetime | None = None
    switched: bool = False

    @property
    def seconds(self) -> int:
        """How long it took, or has taken (用时)."""
        return int(((self.ended or datetime.now(CHINA_TIME)) - self.begun).total_seconds())


class Builds:
    """The files that wait, and the build under way or the last one, of one process (构建).

    Args:
        settings: Where the home, the rules and the corpora are.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.waiting: list[Uploaded] = []
        self.last: Build | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._folder: Path | None = None

    @property
    def running(self) -> bool:
        """Whether one is under way (正在构建)."""
        return self.last is not None and self.last.state == "running"

    def place_for(self, name: str) -> Path:
        """Where an uploaded file is to be put (存放处); its name counts as nothing but a name.

        Raises:
            RefusedError: It is of no kind that is read, or there are too many.
        """
        if not name.lower().endswith(_KINDS):
            raise RefusedError("invalid-request", f"{name[:60]}：应为 CSV、XLSX、Parquet，或压缩的 CSV（.csv.gz）")
        if len(self.waiting) >= _MOST_FILES:
            raise RefusedError("invalid-request", f"一次最多 {_MOST_FILES} 个文件")
        if self._folder is None:
            root = self._settings.home / "uploads"
            shutil.rmtree(root, ignore_errors=True)  # of a process that is gone: pages live in one
            root.mkdir(parents=True)
            self._folder = root
        return Path(tempfile.mkdtemp(dir=self._folder)) / Path(name).name[-120:]

    def discard(self, one: Uploaded) -> None:
        """Lets go of an uploaded file (移去文件)."""
        if one in self.waiting:
            self.waiting.remove(one)
        shutil.rmtree(one.path.parent, ignore_errors=True)

    def start(self, *, by: str, add: bool, dated: date | None) -> Build:
        """Begins to build from the files that wait (开始构建); must be called on the event loop.

        Raises:
            RefusedError: One is under way, or there are no files.
        """
        if self.running:
            raise RefusedError("conflict", f"{self.last.by if self.last else ''} 正在构建，等它结束再试")
        if not self.waiting:
            raise RefusedError("invalid-request", "先上传企业文件")
        files = list(self.waiting)
        self.last = Build(tuple(one.name for one in files), by, datetime.now(CHINA_TIME), add)
        self._task = asyncio.create_task(self._run(self.last, files, dated))
        return self.last

    async def stop(self) -> None:
        """Stops the build (停止构建); the current snapshot stays, and what was read is found again by the next build of the same files."""
        build, process = self.last, self._process
        if build is None or process is None or build.state != "running":
            return
        build.state = "stopped"
        _tell(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _PATIENCE)
        _tell(process.pid, signal.SIGKILL)  # its helpers too, if any are left

    async def close(self) -> None:
        """Stops what is under way and lets go of the files (关闭)."""
        await self.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _run(self, build: Build, files: Sequence[Uploaded], dated: date | None) -> None:
        rejects = Path(tempfile.mkdtemp(dir=self._folder)) / "拒收清单.csv"
        said: list[str] = []
        try:
            code, answer = await self._process_of(build, self._command(build, files, rejects, dated), said)
            if build.state != "running":
                return
            if code:
                build.problem = _mended("\n".join(said), files) or "构建没有做完"
                build.state = "failed"
                return
            build.report = json.loads(answer)
            build.rejects = await asyncio.to_thread(read_rejects, rejects)
            build.state = "done"
            for one in files:
                self.discard(one)
        except OSError as error:
            build.problem, build.state = f"构建起不来（{error.strerror}）", "failed"
        finally:
            build.ended = datetime.now(CHINA_TIME)
            if build.state == "running":
                build.problem, build.state = "构建没有做完，请再试", "failed"

    async def _process_of(self, build: Build, command: Sequence[str], said: list[str]) -> tuple[int, bytes]:
        environment = {**os.environ, "LIANZHAO_HOME": str(self._settings.home), "PYTHONUTF8": "1"}
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command,
            stdout=pipe,
            stderr=pipe,
            stdin=asyncio.subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
            limit=_LINE,
        )
        self._process = process
        try:
            assert process.stdout is not None and process.stderr is not None
            answer, _, code = await asyncio.gather(process.stdout.read(), _listen(process.stderr, build, said), process.wait())
            return code, answer
        finally:
            self._process = None

    def _command(self, build: Build, files: Sequence[Uploaded], rejects: Path, dated: date | None) -> list[str]:
        settings = self._settings
        aside = ["nice", "-n", "10"] if shutil.which("nice") else []  # whoever uses the pages meanwhile comes first
        command = [*aside, sys.executable, "-m", "matcher", "build", *(str(one.path) for one in files)]
        command += ["--format", "json", "--progress", "--no-switch", "--rejects", str(rejects)]
        command += ["--add"] if build.add else []
        command += ["--data-date", dated.isoformat()] if dated else []
        for option, folder in (("--rules", settings.rules), ("--corpora", settings.corpora)):
            command += [option, str(folder)] if folder is not None else []
        return command


def read_rejects(path: Path) -> Rejects | None:
    """What a list of rejected rows says (读拒收清单), None if nothing was rejected."""
    if not path.is_file():
        return None
    counts: Counter[tuple[str, str]] = Counter()
    rows: list[tuple[str, int, str, str]] = []
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            counts[row["field"], row["reason"]] += 1
            if len(rows) < _MOST_LISTED:
                rows.append((Path(row["file"]).name, int(row["row"]), row["field"], row["reason"]))
    return Rejects(tuple(counts.most_common()), tuple(rows), path) if counts else None


async def _listen(stream: asyncio.StreamReader, build: Build, said: list[str]) -> None:
    """Follows what the process says: lines of JSON tell how far it is, others are words."""
    async for raw in stream:
        line = raw.decode("utf-8", "replace").rstrip()
        if line.startswith('{"doing"'):
            told = json.loads(line)
            build.doing, build.rows = str(told["doing"]), int(told["rows"])
        elif line:
            said.append(line)
            del said[:-_LAST_WORDS]


def _mended(said: str, files: Sequence[Uploaded]) -> str:
    """What the process said, without where the files lie."""
    for one in files:
        said = said.replace(str(one.path), one.name)
    return said.replace("lianzhao: ", "").strip()


def _tell(group: int, what: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, what)
