"""Proves that files are read through once, and again as soon as anybody has touched one, however he hides it."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.errors import SnapshotError
from matcher.snapshot import Snapshot, layout, open_current, open_profiles
from matcher.snapshot.pruning import prune
from tests.snapshot.small import built, code, unsynced, write


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [[f"第{n}号食品有限公司", code(n), "2001-02-03", "500万元", "12", "糕点", "青岛", "", "2024-01-31"] for n in range(9)]
    return write(tmp_path, "a.csv", rows)


@pytest.fixture
def home(tmp_path: Path, corpora: Corpora, file: Path) -> Path:
    with unsynced():
        built(tmp_path / "home", corpora, file)
    return tmp_path / "home"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files whose bytes were read for their checksums, as they are read."""
    found: list[Path] = []
    digest = layout.file_digest

    def told(path: Path) -> str:
        found.append(path)
        return digest(path)

    monkeypatch.setattr(layout, "file_digest", told)
    return found


@pytest.fixture
def old(home: Path) -> Snapshot:
    """A snapshot whose files nobody has written to for a while."""
    time.sleep(0.3)
    snapshot = open_current(home, verify=True)
    assert snapshot is not None
    return snapshot


def test_what_was_checked_and_not_touched_is_not_read_again(home: Path, old: Snapshot, read: list[Path]) -> None:
    assert open_current(home, verify=True) is not None
    assert read == []
    assert layout.verify(old.folder) == old.manifest
    assert len(read) == len(old.manifest.files), "whoever asks for every byte gets it"


def test_a_changed_byte_is_found_though_size_and_date_are_as_they_were(home: Path, old: Snapshot) -> None:
    path = old.folder / "columns/capital.npy"
    before, whole = path.stat(), path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    for _again in range(2):
        with pytest.raises(SnapshotError, match="校验和不符"):
            open_current(home, verify=True)
    path.write_bytes(whole)
    assert open_current(home, verify=True) is not None


def test_what_a_full_check_finds_is_known_to_all(home: Path, old: Snapshot) -> None:
    """A disk that spoils a byte by itself leaves all stamps as they are: the note is written for the spoilt file here."""
    path = old.folder / "columns/capital.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    time.sleep(0.3)
    layout.put_seal(layout.seal_of(old.folder), layout.stamps(old.folder, old.manifest.files))
    assert open_current(home, verify=True) is not None, "this is what cannot be seen"
    with pytest.raises(SnapshotError, match="校验和不符"):
        layout.verify(old.folder)
    with pytest.raises(SnapshotError, match="校验和不符"):
        open_current(home, verify=True)


def test_a_file_of_equal_bytes_in_its_place_is_read(home: Path, old: Snapshot, read: list[Path]) -> None:
    path = old.folder / "texts/name.txt"
    shutil.copy2(path, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)
    assert open_current(home, verify=True) is not None
    assert path in read


def test_what_was_written_a_moment_ago_is_not_trusted(home: Path, old: Snapshot, read: list[Path]) -> None:
    path = old.folder / "texts/name.txt"
    path.write_bytes(path.read_bytes())
    for _again in range(2):
        read.clear()
        assert open_current(home, verify=True) is not None
        assert path in read


@pytest.mark.parametrize(("seconds", "waits"), [(0.0, True), (0.1, True), (0.3, False), (-3600.0, False), (-0.05, False)])
def test_large_files_are_waited_for_until_a_change_would_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, waits: bool
) -> None:
    """Not longer, and not for files of the future: a clock that differs would hold up whoever opens them."""
    now, slept = 10**18, list[float]()
    monkeypatch.setattr(layout.time, "time_ns", lambda: now)
    monkeypatch.setattr(layout.time, "sleep", slept.append)
    seal, written = tmp_path / "seal", now - int(seconds * 1e9)
    layout.put_seal(seal, {"large": [1 << 30, written, written, 1]})
    assert slept == ([pytest.approx(0.2 - seconds)] if waits else [])
    assert seal.exists() == (seconds >= 0)
    seal.unlink(missing_ok=True)
    layout.put_seal(seal, {"small": [1 << 10, written, written, 1]})
    assert len(slept) == waits
    assert seal.exists() == (seconds > 0.2)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b"null"])
def test_a_note_that_says_something_else_is_no_check(home: Path, old: Snapshot, read: list[Path], content: bytes) -> None:
    layout.seal_of(old.folder).write_bytes(content)
    assert open_current(home, verify=True) is not None
    assert len(read) == len(old.manifest.files)


def test_adding_to_a_snapshot_reads_every_byte(
    home: Path, old: Snapshot, corpora: Corpora, tmp_path: Path, read: list[Path]
) -> None:
    more = write(tmp_path, "more.csv", [["某新来食品有限公司", code(77), *[""] * 7]])
    with unsynced():
        built(home, corpora, more, add=True)
    assert set(read) >= {old.folder / name for name in old.manifest.files}


def test_profiles_are_read_through_once(home: Path, old: Snapshot, engine: Engine, file: Path, read: list[Path]) -> None:
    with unsynced():
        built(home, engine.corpora, file, readers={"z": engine.reader})
    time.sleep(0.3)
    assert open_profiles(home, old, engine.reader) is not None
    read.clear()
    assert open_profiles(home, old, engine.reader) is not None
    assert read == []
    folder = next((home / "profiles" / old.version).iterdir())
    (folder / "marks.bin").write_bytes(b"\x01" * (folder / "marks.bin").stat().st_size)
    assert open_profiles(home, old, engine.reader) is None


def test_notes_of_snapshots_that_are_gone_go_with_them(home: Path, old: Snapshot, corpora: Corpora, tmp_path: Path) -> None:
    seal = layout.seal_of(old.folder)
    assert seal.is_file()
    other = write(tmp_path, "other.csv", [["某别家食品有限公司", code(78), *[""] * 7]])
    with unsynced():
        built(home, corpora, other)
    prune(home, (), keep=2)
    assert seal.is_file()
    prune(home, (), keep=1)
    assert not seal.exists()
    assert not old.folder.exists()
