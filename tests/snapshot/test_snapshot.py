"""A snapshot is whole or refused by name; ``current`` always opens; what dead builds left is cleared and what runs need stays."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher.corpora import Corpora
from matcher.errors import InputError, LianzhaoError, SnapshotError
from matcher.intake import read_files
from matcher.intake.sources import look_over
from matcher.matching.name_files import index_of
from matcher.matching.name_index import NameIndex
from matcher.places import CityFilter
from matcher.snapshot import Snapshot, layout, open_current
from matcher.snapshot.opened import NUMBERED
from matcher.snapshot.pruning import prune
from matcher.storage import TextColumn
from matcher.text.scope import numbered
from tests.snapshot.small import HEADER, built, code, columns, same_as_read, tree, unsynced, write


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [
        [f"第{n}号食品有限公司", code(n), "2001-02-03", "500万元", "12", "糕点", "青岛", "老店；旧店", "2024-01-31"]
        for n in range(9)
    ]
    return write(tmp_path, "a.csv", [*rows, ["", *["x"] * 8]])


@pytest.fixture
def home(tmp_path: Path, corpora: Corpora, file: Path) -> Path:
    with unsynced():
        built(tmp_path / "home", corpora, file)
    return tmp_path / "home"


def test_manifest_names_everything(home: Path, corpora: Corpora, file: Path) -> None:
    snapshot = open_current(home)
    assert snapshot is not None
    read = read_files([file], corpora)
    manifest = json.loads((snapshot.folder / "manifest.json").read_text(encoding="utf-8"))
    (source,) = manifest["sources"]
    assert (source["file"], source["read"], source["rejected"], source["as_of"]) == ("a.csv", 10, 1, [19753, 19753])
    assert (manifest["read"], manifest["companies"], manifest["merged"], manifest["rejected"]) == (10, 9, 0, 1)
    assert {*manifest["files"], "manifest.json"} == set(tree(snapshot.folder))
    assert columns(snapshot.companies) == columns(read.companies)
    assert layout.verify(snapshot.folder) == snapshot.manifest
    assert [snapshot.companies.digest(n) for n in range(9)] == [read.companies.digest(n) for n in range(9)]
    assert [snapshot.companies.key(n) for n in range(9)] == [read.companies.key(n) for n in range(9)]


def test_cities_are_numbered_as_they_stand(tmp_path: Path, corpora: Corpora, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a snapshot, in one that was added to, and in one of before, which has no numbers."""
    cities = ["青岛", "", "杭州市", "青岛", "济南", "北京"]
    rows = [[f"第{n}号食品有限公司", code(n), *[""] * 4, cities[n % 6], "", ""] for n in range(20)]
    monkeypatch.setattr("matcher.snapshot.write._WINDOW", 3)
    filter_ = CityFilter(corpora)
    with unsynced():
        for number, part in enumerate((rows[:11], rows[11:])):
            snapshot = built(tmp_path / "home", corpora, write(tmp_path, f"{number}.csv", part), add=number > 0).snapshot
            for field in NUMBERED:
                cells = snapshot.companies.text[field]
                assert isinstance(cells, TextColumn)
                assert cells.numbering is not None
                words, numbers = cells.numbering
                plain_words, plain_numbers = numbered(list(cells))
                assert (words, numbers.tolist()) == (plain_words, plain_numbers.tolist())
    kept = filter_.places(snapshot.companies, ["青岛", "北京"]).tolist()
    assert len(kept) > 6
    shutil.rmtree(snapshot.folder / "numbers")
    monkeypatch.setattr(layout, "read_manifest", lambda _folder: snapshot.manifest)
    before = Snapshot(snapshot.folder)
    assert filter_.places(before.companies, ["青岛", "北京"]).tolist() == kept


def test_a_column_that_is_all_different_is_not_numbered(tmp_path: Path, corpora: Corpora, monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses in the column of cities, say: they would all be in memory."""
    monkeypatch.setattr("matcher.snapshot.columns._MOST_WORDS", 5)
    rows = [[f"第{n}号食品有限公司", code(n), *[""] * 4, f"海滨路{n}号", "", ""] for n in range(20)]
    file = write(tmp_path, "a.csv", rows)
    with unsynced():
        made = built(tmp_path / "home", corpora, file)
    same_as_read(made, [file], corpora)
    city, province = (made.snapshot.companies.text[field] for field in ("city", "province"))
    assert isinstance(city, TextColumn) and isinstance(province, TextColumn)
    assert (city.numbering, province.numbering is None) == (None, False)
    layout.verify(made.snapshot.folder)


def test_index_of_names_is_the_resolvers(home: Path) -> None:
    """Names first, then former names, as ``Resolver`` numbers them."""
    snapshot = open_current(home)
    assert snapshot is not None
    wanted = index_of(list(snapshot.companies.text["name"]), list(snapshot.companies.text["former_names"]))
    assert len(wanted) == 27
    for field in NameIndex.__dataclass_fields__:
        assert np.array_equal(getattr(snapshot.names, field), getattr(wanted, field)), field
    assert snapshot.places("旧店") == list(range(9))


def test_a_damaged_file_is_named(home: Path) -> None:
    """Whatever is missing, short or changed: at the latest the full check says which file it is, and the size is seen at once."""
    version = layout.current(home)
    assert version is not None
    folder = layout.folder_of(home, version)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert len(files) > 40
    for path in files:
        whole = path.read_bytes()
        for damaged in (None, whole[:-1], whole + b"x"):
            path.unlink() if damaged is None else path.write_bytes(damaged)
            if damaged != whole:
                with pytest.raises(SnapshotError) as found:
                    Snapshot(folder)
                assert str(path) in str(found.value)
        if whole:
            path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
            with pytest.raises(SnapshotError) as found:
                layout.verify(folder)
            assert str(path) in str(found.value)
        path.write_bytes(whole)
    layout.verify(folder)


@pytest.mark.parametrize("content", [b"", b"latest\n", b"\xff\xfe", b"../../../etc\n", b"0" * 32])
def test_a_damaged_pointer_is_refused_and_mended_by_a_build(home: Path, corpora: Corpora, file: Path, content: bytes) -> None:
    (home / "current").write_bytes(content)
    with pytest.raises(SnapshotError):
        open_current(home)
    with unsynced():
        built(home, corpora, file)
    assert open_current(home) is not None


def test_a_damaged_snapshot_gives_way_to_the_same_one(home: Path, corpora: Corpora, file: Path) -> None:
    version = layout.current(home)
    assert version is not None
    name = layout.folder_of(home, version) / "texts/name.txt"
    name.write_bytes(name.read_bytes()[:-3] + b"abc")
    with unsynced():
        again = built(home, corpora, file)
    assert again.snapshot.version == version
    same_as_read(again, [file], corpora)
    layout.verify(again.snapshot.folder)


def test_no_snapshot_yet(tmp_path: Path, corpora: Corpora, file: Path) -> None:
    assert open_current(tmp_path / "nowhere") is None
    with pytest.raises(SnapshotError, match="还没有可以并入的快照"), unsynced():
        built(tmp_path / "nowhere", corpora, file, add=True)


def test_a_build_that_fails_changes_nothing(home: Path, corpora: Corpora, tmp_path: Path) -> None:
    before = tree(home / "snapshots"), (home / "current").read_bytes()
    empty = write(tmp_path, "empty.csv", [["", "", "x", *[""] * 6]])
    with pytest.raises(InputError, match="没有一行可以接收"), unsynced():
        built(home, corpora, empty)
    with pytest.raises(InputError, match="没有这个文件"), unsynced():
        built(home, corpora, tmp_path / "none.csv")
    assert (tree(home / "snapshots"), (home / "current").read_bytes()) == before


@pytest.mark.parametrize("at", ["stage", "write", "publish", "switch"])
def test_a_full_disk_is_told_and_changes_nothing(
    home: Path, corpora: Corpora, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    before = tree(home / "snapshots"), (home / "current").read_bytes()
    more = write(tmp_path, "b.csv", [[f"第{n}号药业有限公司", code(n), *[""] * 7] for n in range(50, 70)])

    def full(*_args: Any, **_kinds: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    target = {
        "stage": "staging.whole_bytes",
        "write": "columns.ArrayWriter.add",
        "publish": "layout.publish",
        "switch": "layout.switch",
    }
    with monkeypatch.context() as patch:
        patch.setattr(f"matcher.snapshot.{target[at]}", full)
        with pytest.raises(LianzhaoError, match=r"磁盘满了.*当前快照没有动"), unsynced():
            built(home, corpora, more)
    assert (home / "current").read_bytes() == before[1]
    assert open_current(home) is not None
    assert before[0].items() <= tree(home / "snapshots").items()
    with unsynced():
        same_as_read(built(home, corpora, more), [more], corpora)
    assert [entry.name for entry in (home / "building").iterdir()] == ["lock"]


def _hold(home: Path, ready: Any, done: Any) -> None:
    with layout.locked(home):
        ready.set()
        done.wait(60)


def test_a_file_that_changes_while_it_is_read(home: Path, corpora: Corpora, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept under a file's digest must be what the digest is of."""
    monkeypatch.setattr("matcher.snapshot.building.look_over", _looked_over_and_changed)
    for _ in range(2):
        with pytest.raises(InputError, match="读取过程中文件变了"), unsynced():
            built(home, corpora, file)
    assert not list((home / "building").rglob("*.block"))


def _looked_over_and_changed(path: Path, corpora: Corpora, _dated: object) -> Any:
    source = look_over(path, corpora)
    path.write_bytes(path.read_bytes() + b"x\n")
    return source


@pytest.fixture
def held(home: Path) -> Iterator[int]:
    """Another process holds the lock; its number."""
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(home, ready, done))
    process.start()
    assert ready.wait(60)
    yield process.pid or 0
    done.set()
    process.join(60)


def test_two_builds_at_once(home: Path, corpora: Corpora, file: Path, held: int) -> None:
    with pytest.raises(SnapshotError, match=f"另一个构建或清理正在进行（进程 {held}）"):
        built(home, corpora, file)
    with pytest.raises(SnapshotError, match="另一个构建或清理正在进行"):
        prune(home, (), keep=0)
    assert open_current(home) is not None


def test_prune_keeps_what_is_needed(home: Path, corpora: Corpora, tmp_path: Path) -> None:
    made = [layout.current(home) or ""]
    for number in range(5):
        more = write(tmp_path, f"{number}.csv", [[f"第{number}号药业有限公司", code(number), *[""] * 7]])
        with unsynced():
            made.append(built(home, corpora, more).snapshot.version)
        os.utime(layout.folder_of(home, made[-1]), ns=(number * 10**9, number * 10**9))
    os.utime(layout.folder_of(home, made[0]), ns=(0, 0))
    layout.switch(home, made[2])
    (home / "building" / "dead").mkdir()
    (home / "profiles" / made[2] / ".new-dead").mkdir(parents=True)
    (home / "profiles" / made[2] / "good").mkdir()
    (home / "profiles" / made[1]).mkdir()
    (home / ".current-dead").write_text("", encoding="utf-8")
    told = prune(home, {made[0]}, keep=2, dry_run=True)
    assert len(layout.versions(home)) == 6
    done = prune(home, {made[0]}, keep=2)
    assert done == told
    assert set(done.removed) == {made[1], made[3]}
    assert set(layout.versions(home)) == {made[0], made[2], made[4], made[5]} == set(done.kept)
    assert done.leftovers == 4
    assert not (home / ".current-dead").exists()
    assert done.size > 1000
    assert [path.name for path in (home / "profiles").rglob("*")] == [made[2], "good"]
    assert not (home / "building" / "dead").exists()
    assert prune(home, {made[0]}, keep=2).removed == ()


def test_prune_without_knowing_what_is_current_removes_nothing(home: Path) -> None:
    (home / "current").write_text("?", encoding="utf-8")
    with pytest.raises(SnapshotError):
        prune(home, (), keep=0)
    assert len(layout.versions(home)) == 1


def test_stages_are_found_again_and_a_damaged_block_is_not(
    tmp_path: Path, corpora: Corpora, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that stopped before it wrote goes on with what was staged; what is not whole is read again."""
    home, read = tmp_path / "other", []

    def stop(*_args: Any, **_kinds: Any) -> None:
        raise KeyboardInterrupt

    with unsynced(BLOCK_ROWS=2):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr("matcher.snapshot.building.write_companies", stop)
            built(home, corpora, file)
        blocks = sorted((home / "building").rglob("*.block"))
        assert len(blocks) == 6
        blocks[3].write_bytes(blocks[3].read_bytes()[:-1])
        monkeypatch.setattr("matcher.snapshot.staging._write", _noting(read))
        made = built(home, corpora, file)
    assert [Path(name).stem for name in read] == [path.stem for path in blocks[3:]]
    same_as_read(made, [file], corpora)


def _noting(names: list[str]) -> Any:
    from matcher.snapshot import staging

    write_block = staging._write

    def noted(path: Path, *rest: Any) -> None:
        names.append(path.name)
        write_block(path, *rest)

    return noted


def test_text_column_is_a_list_of_texts() -> None:
    texts = ["甲", "", "abc", "𠮷野家", ""] * 3000
    data = ("\n".join(texts) + "\n").encode()
    starts = np.cumsum([0, *(len(text.encode()) + 1 for text in texts)])
    column = TextColumn(data, starts)
    assert (len(column), list(column), column[3], column[-2], column[1:4]) == (15_000, texts, "𠮷野家", "𠮷野家", texts[1:4])
    assert column.take([3, 0, 3]) == ["𠮷野家", "甲", "𠮷野家"]
    assert "abc" in column
    with pytest.raises(IndexError):
        column[15_000]
    empty = TextColumn(b"\n\n", np.array([0, 1, 2]))
    assert (list(empty), empty.take([1]), empty[0]) == (["", ""], [""], "")
    assert list(TextColumn(b"", np.array([0]))) == []


def test_a_moved_snapshot_is_refused(home: Path) -> None:
    version = layout.current(home) or ""
    shutil.copytree(layout.folder_of(home, version), home / "snapshots" / ("f" * 32))
    with pytest.raises(SnapshotError, match="与版本号不符"):
        Snapshot(home / "snapshots" / ("f" * 32))


def test_header_is_that_of_exports(corpora: Corpora) -> None:
    """The small registers use headers that intake knows, every one."""
    assert all(column in corpora.column_names for column in HEADER)
