"""Runs are kept once, with a digest of what they said; the same run with another result is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from matcher.engine import Engine
from matcher.errors import OptionError, RequestError, RunDiffersError, StoreError
from matcher.intake import from_profiles
from matcher.runs import Request
from matcher.store.database import Store, open_store
from matcher.store.runs import find_run, load_run, results_digest, save_run, snapshots_in_use
from tests.store.children import a_run


def test_a_run_comes_back_as_it_was(store: Store) -> None:
    run = a_run(1)
    assert save_run(store, run, "1" * 64)
    kept = load_run(store, run.id)
    assert kept is not None
    assert datetime.fromisoformat(kept[0].created_at) == datetime(2024, 8, 27, 2, tzinfo=UTC)
    assert (replace(kept.run, created_at=run.created_at), kept.results) == (run, "1" * 64)
    assert load_run(store, "0" * 32) is None


def test_a_run_is_kept_once_and_another_result_is_told(store: Store) -> None:
    run = a_run(1)
    assert save_run(store, run, "1" * 64)
    assert not save_run(store, replace(run, created_at="2025-01-01T00:00:00+08:00"), "1" * 64)
    before = load_run(store, run.id)
    with pytest.raises(RunDiffersError, match=run.id[:12]):
        save_run(store, run, "2" * 64)
    assert load_run(store, run.id) == before


def test_snapshots_that_runs_name_are_in_use(store: Store) -> None:
    assert snapshots_in_use(store) == frozenset()
    for number in (0, 3, 7):
        save_run(store, a_run(number), "1" * 64)
    assert snapshots_in_use(store) == {"snapshot 0", "snapshot 3"}


def test_the_digest_is_of_what_is_said_and_not_of_when(engine: Engine) -> None:
    companies = [{"name": "青岛甲酒店管理集团有限公司", "business_scope": "酒店管理", "city": "青岛市"}]
    request = Request(as_of=date(2024, 8, 27))
    ranking = engine.rank(from_profiles(companies, engine.corpora), request)
    assert len(ranking.results) == 1
    again = replace(ranking, run=replace(ranking.run, created_at="2025-01-01T00:00:00+08:00"))
    assert results_digest(again) == results_digest(ranking)
    assert results_digest(replace(ranking, considered=2)) != results_digest(ranking)
    other = replace(ranking, results=(replace(ranking.results[0], reason="别的"),))
    assert results_digest(other) != results_digest(ranking)


def test_a_run_is_found_by_its_beginning(store: Store) -> None:
    run = replace(a_run(1), id="abcd1234" + "0" * 24)
    other = replace(a_run(2), id="abcd5678" + "0" * 24)
    for one in (run, other):
        save_run(store, one, "1" * 64, {"files": ["甲.csv"]})
    assert find_run(store, " ABCD12 ").run.id == run.id
    assert find_run(store, other.id).given == {"files": ["甲.csv"]}
    with pytest.raises(OptionError, match=r"abcd12340.*abcd56780"):
        find_run(store, "abcd")
    with pytest.raises(RequestError, match="没有这个批次：abce"):
        find_run(store, "abce")
    for wrong in ("", "abc", "甲乙丙丁", "abcd%", run.id + "0"):
        with pytest.raises(OptionError, match="批次应写"):
            find_run(store, wrong)


def test_what_the_files_were_called_is_kept_beside_the_run(store: Store) -> None:
    save_run(store, a_run(1), "1" * 64)
    kept = load_run(store, a_run(1).id)
    assert kept is not None and kept.given is None


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    """A file can be damaged so; PostgreSQL takes no JSON that is none."""
    run = a_run(1)
    with open_store(f"sqlite:///{tmp_path / 'ledger.db'}") as store:
        save_run(store, run, "0" * 64)
        with store.writing() as connection:
            connection.execute(text("UPDATE runs SET request = '{不完整'"))
        with pytest.raises(StoreError, match=rf"批次 {run.id[:12]} 的记录损坏"):
            load_run(store, run.id)
