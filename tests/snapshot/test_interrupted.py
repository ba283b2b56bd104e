"""Builds that are killed at any moment leave a current snapshot that opens and is whole, and the next one ends where none was killed.

Each build runs in a process of its own that gets ``SIGKILL`` after a random part of the time that a whole build takes.
"""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from pathlib import Path

import pytest

from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.matching.profiles import ProfileReader
from matcher.snapshot import build, layout, open_current, open_profiles
from tests.cli.small_zone import write as write_zone
from tests.snapshot.small import code, tree, write

pytestmark = pytest.mark.slow
_FORK = multiprocessing.get_context("fork")


def run(files: list[Path], corpora: Corpora, home: Path, reader: ProfileReader, add: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("matcher.intake.pieces.BLOCK_ROWS", 40)
        build(files, corpora, home, add=add, readers={"small": reader})


def killed_after(seconds: float | None, *args: object) -> bool:
    """Whether the build had to be killed; None: it is left alone."""
    process = _FORK.Process(target=run, args=args)
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="the build is forked from this process")
def test_killed_fifty_times(tmp_path: Path, corpora: Corpora) -> None:
    reader = Engine("small", rules=write_zone(tmp_path / "rules"), processes=1).reader
    goods = ["积木制造", "主题乐园运营", "糕点", "布偶；礼品"]
    files = [
        write(
            tmp_path,
            f"{month}.csv",
            [row(number, month, goods[(number + month) % 4]) for number in range(month * 50, 400 + month * 50)],
        )
        for month in range(1, 4)
    ]
    start = time.monotonic()
    assert not killed_after(None, files, corpora, tmp_path / "control", reader, False)
    whole = time.monotonic() - start
    home, chance, killed = tmp_path / "home", random.Random(7), 0
    steps = [(files[:1], False), (files[1:2], True), (files[2:], True)]
    for number in range(50):
        given, add = steps[number % 3] if (home / "current").exists() else steps[0]
        killed += killed_after(chance.uniform(0, whole), given, corpora, home, reader, add)
        snapshot = open_current(home)
        if snapshot is not None:
            assert layout.verify(snapshot.folder) == snapshot.manifest
    assert killed >= 10
    for given, add in steps:
        assert not killed_after(None, given, corpora, home, reader, add)
    found, wanted = open_current(home), open_current(tmp_path / "control")
    assert found is not None and wanted is not None
    assert found.version == wanted.version
    assert len(found) > 400 and found.manifest.merged > 400
    assert tree(found.folder) == tree(wanted.folder)
    profiles = [tree(place / "profiles" / found.version) for place in (home, tmp_path / "control")]
    assert profiles[0] == profiles[1]
    assert open_profiles(home, found, reader) is not None
    assert [entry.name for entry in (home / "building").iterdir()] == ["lock"]


def row(number: int, month: int, goods: str) -> list[str]:
    return [f"第{number}号玩具有限公司", code(number), "2001-02-03", "500万元", "", goods, "青岛", "", f"2024-0{month}-01"]
