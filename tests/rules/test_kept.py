"""Copies of rulesets: whole or not there, never changed unseen, kept as long as anything names them, and nothing else is touched."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.corpora import Corpora
from matcher.errors import RulesetError
from matcher.rules import kept, load_zone, open_zone
from tests.cli import small_zone

_FORKS = "fork" in multiprocessing.get_all_start_methods()
_FORK = multiprocessing.get_context("fork" if _FORKS else None)
CONTENT = {"zone.yaml": b"id: small\n", "scoring.yaml": b"rules: []\n", "chains/toys.yaml": b"id: toys\n"}
CONTENTS = st.dictionaries(st.sampled_from(["chains/a.yaml", "chains/b.yaml", "opportunities.yaml"]), st.binary(max_size=40)).map(
    lambda more: {**more, "zone.yaml": b"z", "scoring.yaml": b"s"}
)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for the disk."""
    monkeypatch.setattr(kept, "sync", lambda _path: None)


@given(CONTENTS, CONTENTS)
@settings(max_examples=40)
def test_what_is_kept_comes_back_and_equal_contents_are_one_copy(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> None:
    with TemporaryDirectory() as folder:
        home = Path(folder)
        digests = [kept.keep(home, content) for content in (one, other, one)]
        assert (digests[0] == digests[1]) == (one == other)
        assert kept.kept_digests(home) == sorted(set(digests))
        for digest, content in zip(digests, (one, other, one), strict=True):
            assert kept.folder_content(kept.open_kept(home, digest)) == content
            assert kept.content_digest(content) == digest


def test_a_copy_is_the_zone_as_it_was_read_even_if_its_files_change_meanwhile(tmp_path: Path, corpora: Corpora) -> None:
    rules = small_zone.write(tmp_path / "rules")
    zone = load_zone("small", corpora, rules)
    (rules / "small" / "scoring.yaml").write_text("half saved", encoding="utf-8")
    digest = kept.keep(tmp_path, zone.content)
    assert digest == zone.digest
    assert open_zone(kept.open_kept(tmp_path, digest), "small", corpora) == zone
    assert kept.content_digest(kept.folder_content(rules / "small")) != digest


def test_a_zone_changed_for_a_trial_has_nothing_to_keep(tmp_path: Path, corpora: Corpora) -> None:
    zone = load_zone("small", corpora, small_zone.write(tmp_path / "rules"))
    with pytest.raises(ValueError, match="no files"):
        kept.keep(tmp_path, zone.with_scoring(zone.scoring).content)


@given(st.sampled_from([*CONTENT, kept.MANIFEST]), st.integers(0, 10**6), st.integers(1, 255))
@settings(max_examples=60)
def test_a_changed_byte_is_refused_and_its_file_named(name: str, place: int, by: int) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "sync", lambda _path: None)
        home = Path(folder)
        path = kept.folder_of(home, kept.keep(home, CONTENT)) / name
        raw = bytearray(path.read_bytes())
        raw[place % len(raw)] ^= by
        path.chmod(0o644)
        path.write_bytes(raw)
        with pytest.raises(RulesetError) as error:
            kept.open_kept(home, kept.content_digest(CONTENT))
        assert error.value.place == str(path)


def _lost(folder: Path) -> str:
    (folder / "scoring.yaml").unlink()
    return "scoring.yaml：文件缺失"


def _added(folder: Path) -> str:
    (folder / "chains" / "more.yaml").write_bytes(b"id: more\n")
    return "chains/more.yaml：是后来添的"


def _no_manifest(folder: Path) -> str:
    (folder / kept.MANIFEST).unlink()
    return f"{kept.MANIFEST}：读不出来"


def _other_format(folder: Path) -> str:
    path = folder / kept.MANIFEST
    path.chmod(0o644)
    path.write_text(path.read_text(encoding="utf-8").replace('"format": 1', '"format": 9'), encoding="utf-8")
    return "是另一版程序留存的格式"


def _emptied(folder: Path) -> str:
    shutil.rmtree(folder)
    folder.mkdir()
    return kept.MANIFEST


@pytest.mark.parametrize("spoil", [_lost, _added, _no_manifest, _other_format, _emptied])
@pytest.mark.usefixtures("fast")
def test_damage_is_refused_and_mended_by_keeping_the_same_again(spoil: Callable[[Path], str], tmp_path: Path) -> None:
    digest = kept.keep(tmp_path, CONTENT)
    said = spoil(kept.folder_of(tmp_path, digest))
    with pytest.raises(RulesetError, match=said):
        kept.open_kept(tmp_path, digest)
    assert kept.keep(tmp_path, CONTENT) == digest
    assert kept.folder_content(kept.open_kept(tmp_path, digest)) == CONTENT
    assert [entry.name for entry in (tmp_path / "rulesets").iterdir()] == [digest]


def test_a_missing_copy_says_where_it_should_be(tmp_path: Path) -> None:
    with pytest.raises(RulesetError, match="没有这份规则副本") as error:
        kept.open_kept(tmp_path, "0" * 64)
    assert error.value.place == str(tmp_path / "rulesets" / ("0" * 64))


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "rulesets").write_text("a file", encoding="utf-8")
    with pytest.raises(RulesetError, match="规则副本写不进去"):
        kept.keep(tmp_path, CONTENT)


@pytest.mark.usefixtures("fast")
def test_clearing_takes_what_nothing_names_and_nothing_else(tmp_path: Path) -> None:
    named, unnamed = (kept.keep(tmp_path, {**CONTENT, "zone.yaml": raw}) for raw in (b"1", b"2"))
    (tmp_path / "rulesets" / ".new-dead").mkdir()
    for mine in ("备份", "0" * 63, named + ".bak"):
        (tmp_path / "rulesets" / mine).mkdir()
    before = sorted(entry.name for entry in (tmp_path / "rulesets").iterdir())
    with kept.clearing(tmp_path):
        told = kept.clear(tmp_path, {named}, dry_run=True)
        assert before == sorted(entry.name for entry in (tmp_path / "rulesets").iterdir() if entry.name != "lock")
        done = kept.clear(tmp_path, {named})
    assert told == done
    assert (done.removed, done.kept, done.leftovers) == ((unnamed,), (named,), 1)
    assert done.size == sum(len(raw) for raw in (*CONTENT.values(),)) - len(CONTENT["zone.yaml"]) + 1 + _manifest_size(
        tmp_path, named
    )
    left = sorted(entry.name for entry in (tmp_path / "rulesets").iterdir())
    assert left == sorted(["lock", "备份", "0" * 63, named, named + ".bak"])


def _manifest_size(home: Path, digest: str) -> int:
    return (kept.folder_of(home, digest) / kept.MANIFEST).stat().st_size


def test_nothing_is_cleared_while_somebody_keeps(tmp_path: Path) -> None:
    with kept.keeping(tmp_path), kept.keeping(tmp_path), pytest.raises(RulesetError, match="请稍后再清理"), kept.clearing(tmp_path):
        pytest.fail("cleared while somebody keeps")
    with kept.clearing(tmp_path):
        pass


def _keep_many(home: Path, number: int) -> None:
    for turn in range(20):
        kept.keep(home, {**CONTENT, "zone.yaml": str(turn).encode()})
        if turn % 3 == number % 3:  # somebody spoils it: whoever comes next mends it
            path = kept.folder_of(home, kept.content_digest({**CONTENT, "zone.yaml": str(turn).encode()})) / "zone.yaml"
            path.unlink(missing_ok=True)


@pytest.mark.skipif(not _FORKS, reason="the writers are forked from this process")
def test_many_keep_the_same_at_once(tmp_path: Path) -> None:
    processes = [_FORK.Process(target=_keep_many, args=(tmp_path, number)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    for turn in range(20):
        digest = kept.keep(tmp_path, {**CONTENT, "zone.yaml": str(turn).encode()})
        assert kept.open_kept(tmp_path, digest).is_dir()
    assert len(kept.kept_digests(tmp_path)) == 20
    assert not [entry for entry in (tmp_path / "rulesets").iterdir() if entry.name.startswith(".")]


def _die_at(home: Path, step: int) -> None:
    steps = iter(range(step))

    def counted(_path: Path) -> None:
        if next(steps, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    kept.sync = counted
    with kept.keeping(home):
        kept.keep(home, CONTENT)


def _deaths() -> Iterator[int]:
    """Before each write through to the disk, and none."""
    yield from range(len(CONTENT) + 5)


@pytest.mark.skipif(not _FORKS, reason="the writers are forked from this process")
def test_a_process_killed_at_any_step_leaves_a_whole_copy_or_none(tmp_path: Path) -> None:
    ends = []
    for step in _deaths():
        home = tmp_path / str(step)
        process = _FORK.Process(target=_die_at, args=(home, step))
        process.start()
        process.join()
        ends.append(process.exitcode)
        for digest in kept.kept_digests(home):
            kept.open_kept(home, digest)
        with kept.clearing(home):  # the lock went with its process
            left = kept.clear(home, kept.kept_digests(home))
        assert left.removed == ()
        assert kept.folder_content(kept.open_kept(home, kept.keep(home, CONTENT))) == CONTENT
        assert [entry.name for entry in sorted((home / "rulesets").iterdir())] == [kept.content_digest(CONTENT), "lock"]
    assert set(ends) == {0, -signal.SIGKILL}
