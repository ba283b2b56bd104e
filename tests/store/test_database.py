"""The database opens, is shared and refuses what it must: new and old, locked, foreign, damaged, newer, out of reach."""

from __future__ import annotations

import re
import shlex
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, exc, insert, select, text, update

from matcher.errors import NotAStoreError, OptionError, StoreBusyError, StoreError, StoreNewerError, StoreUnreachableError
from matcher.store.database import Store, open_store, store_exists
from matcher.store.judgements import history, judge, known
from matcher.store.runs import save_run, snapshots_in_use
from matcher.store.tables import UtcTime, judgements, list_rows, version
from tests.store import children

ROOT = Path(__file__).resolve().parents[2]


def test_processes_that_open_a_new_database_at_once_all_find_it_ready(address: str) -> None:
    barrier = children.context().Barrier(6)
    processes = [children.start(children.open_at_once, address, barrier, number) for number in range(6)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 6
    with open_store(address) as store:
        assert set(known(store)) == {f"甲{number}" for number in range(6)}


def test_twenty_threads_write_and_nothing_is_lost(store: Store) -> None:
    barrier = Barrier(20)

    def write(number: int) -> None:
        barrier.wait()
        for turn in range(5):
            judge(store, f"甲{number}乙{turn}", "某某有限公司", by=str(number))
            save_run(store, children.a_run(turn), "0" * 64)

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(write, range(20))) == [None] * 20
    assert len(history(store)) == len(known(store)) == 100
    assert snapshots_in_use(store) == {f"snapshot {number}" for number in range(5)}


@pytest.mark.slow
def test_twenty_processes_write_and_nothing_is_lost(address: str) -> None:
    barrier = children.context().Barrier(20)
    processes = [children.start(children.write_often, address, barrier, number, 10) for number in range(20)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 20
    with open_store(address) as store:
        assert len(history(store)) == len(known(store)) == 200
        assert len(snapshots_in_use(store)) == 7


def test_a_writer_who_is_kept_waiting_too_long_is_told_in_words(store: Store, address: str) -> None:
    with store.writing(), open_store(address, patience=0.2) as other:
        with pytest.raises(StoreBusyError, match="占用"):
            judge(other, "甲乙", None)
        assert known(other) == {}  # readers do not wait
    with open_store(address, patience=0.2) as other:
        judge(other, "甲乙", None)
        assert known(other) == {"甲乙": None}


def test_a_reader_sees_one_state_throughout(store: Store, address: str) -> None:
    with store.reading() as connection:
        assert connection.execute(select(judgements)).all() == []
        with open_store(address) as other:
            judge(other, "甲乙", None)
        assert connection.execute(select(judgements)).all() == []
    assert known(store) == {"甲乙": None}


def test_what_fails_half_way_leaves_nothing(store: Store) -> None:
    row = {"query": "甲", "squeezed": "甲", "by": "", "note": "", "decided_at": datetime.now(UTC)}
    with pytest.raises(ZeroDivisionError), store.writing() as connection:
        connection.execute(insert(judgements).values(row))
        _ = 1 / 0
    assert history(store) == []


def test_references_are_checked(store: Store) -> None:
    row = {
        "import": 7, "place": 0, "row": 1, "query": "", "squeezed": "", "code": "", "decision": "none", "why": "", "candidates": [],
    }  # fmt: skip
    with pytest.raises(exc.IntegrityError), store.writing() as connection:
        connection.execute(insert(list_rows).values(row))


def test_a_database_that_a_newer_program_has_changed_is_left_alone(store: Store, address: str) -> None:
    judge(store, "甲乙", None)
    with store.writing() as connection:
        connection.execute(update(version).values(version_num="9999"))
    with pytest.raises(StoreNewerError, match="请升级"):
        open_store(address)
    with store.reading() as connection:
        assert connection.execute(select(version.c.version_num)).scalar() == "9999"
        assert connection.execute(select(judgements.c.query)).scalars().all() == ["甲乙"]


@pytest.mark.parametrize("content", [b"not a database, but long enough to be one " * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "ledger.db"
    file.write_bytes(content)
    with pytest.raises(NotAStoreError, match="备份"):
        open_store(f"sqlite:///{file}")
    assert file.read_bytes() == content


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE runs (x)")
    other.close()
    before = file.read_bytes()
    with pytest.raises(NotAStoreError, match="别的程序"):
        open_store(f"sqlite:///{file}")
    assert file.read_bytes() == before


def test_a_place_where_no_file_can_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnreachableError):
        open_store(f"sqlite:///{tmp_path / 'file' / 'ledger.db'}")
    with pytest.raises(StoreUnreachableError):
        open_store(f"sqlite:///{tmp_path}")


def test_a_server_that_is_not_there_is_told_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachableError) as caught:
        open_store(f"postgresql://somebody:geheim@/somewhere?host={tmp_path}")
    assert "somebody" in str(caught.value) and "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", ["", "ledger.db", "mysql://a@b/c", "sqlite://", "sqlite:///:memory:", "postgresql//x", "://"])
def test_an_address_that_is_none_is_told(wrong: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path))
    monkeypatch.setenv("LIANZHAO_DATABASE", wrong)
    if wrong:
        with pytest.raises(OptionError, match="LIANZHAO_DATABASE"):
            open_store()
        assert not list(tmp_path.iterdir())
    else:  # empty is not set
        assert not store_exists()
        open_store().close()
        assert store_exists()


def test_by_default_it_is_the_file_of_the_contract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "new" / "home"))
    assert not store_exists()
    assert not (tmp_path / "new").exists()  # to look makes nothing
    with open_store() as store:
        judge(store, "甲乙", None)
        mode = sqlite3.connect(tmp_path / "new" / "home" / "ledger.db")
        assert mode.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        mode.close()
    assert store_exists()


def test_an_address_of_a_file_that_is_not_there_is_no_database_yet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIANZHAO_DATABASE", f"sqlite:///{tmp_path / 'some.db'}")
    assert not store_exists()
    open_store().close()
    assert store_exists()
    monkeypatch.setenv("LIANZHAO_DATABASE", "postgresql://somebody@nowhere/some")
    assert store_exists()


def test_the_back_up_of_the_guide_is_a_database_and_can_be_made_while_it_is_in_use(tmp_path: Path) -> None:
    (line,) = re.findall(r"^python3 (-c .*)$", (ROOT / "docs/store.md").read_text(encoding="utf-8"), re.MULTILINE)
    _, program, _, _ = shlex.split(line)
    with open_store(f"sqlite:///{tmp_path / 'ledger.db'}") as store:
        judge(store, "甲乙", None)
        with store.writing():  # in the middle of somebody's work
            command = [sys.executable, "-c", program, str(tmp_path / "ledger.db"), str(tmp_path / "备份.db")]
            subprocess.run(command, check=True)
    with open_store(f"sqlite:///{tmp_path / '备份.db'}") as backup:
        assert known(backup) == {"甲乙": None}


def test_an_error_of_the_database_is_one_line(store: Store) -> None:
    with pytest.raises(StoreError) as caught, store.reading() as connection:
        connection.execute(text("SELECT nothing FROM nowhere"))
    assert not re.search("[\r\n]", str(caught.value))


@settings(deadline=None)
@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)), st.integers(-14 * 60, 14 * 60))
def test_moments_come_back_as_utc(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    dialect = create_engine("sqlite://").dialect
    kept = UtcTime().process_bind_param(aware, dialect)
    assert kept is not None
    for given_back in (kept, kept.replace(tzinfo=None), kept.astimezone(timezone(timedelta(hours=8)))):  # as the databases do
        read = UtcTime().process_result_value(given_back, dialect)
        assert read == aware
        assert read is not None and read.tzinfo is UTC
    with pytest.raises(ValueError, match="time zone"):
        UtcTime().process_bind_param(moment, dialect)


def test_moments_in_the_database(store: Store) -> None:
    save_run(store, children.a_run(1), "0" * 64)
    judge(store, "甲乙", None)
    with store.reading() as connection:
        assert connection.execute(text("SELECT created_at FROM runs")).scalar() is not None
    (one,) = history(store)
    assert one.decided_at.tzinfo is UTC
    assert abs(datetime.now(UTC) - one.decided_at) < timedelta(days=1)
