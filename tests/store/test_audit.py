"""The audit log on both databases: with a change or not at all, in order, and whole."""

from __future__ import annotations

import pytest

from matcher.errors import StoreError
from matcher.store.audit import Entry, all_lines, finish, lines, note, record
from matcher.store.database import Store, open_store
from matcher.store.judgements import judge, known
from tests.store import children


def entry(number: int, status: int | None = 200) -> Entry:
    return Entry("abcdefghijkl", "跟踪系统", "rank_companies", f"request-{number}", "z", f"{number:032x}", status)


def test_what_was_noted_is_read_back_newest_first(store: Store) -> None:
    numbers = [note(store, entry(number)) for number in range(5)]
    found = lines(store)
    assert [line.entry for line in found] == [entry(number) for number in reversed(range(5))]
    assert [line.id for line in found] == sorted(numbers, reverse=True)
    assert [line.id for line in lines(store, before=numbers[3], limit=2)] == [numbers[2], numbers[1]]
    assert [line.entry for line in all_lines(store)] == [entry(number) for number in range(5)]
    assert list(all_lines(store, since=found[0].at))[-1] == found[0]


def test_a_change_that_is_undone_leaves_no_line_and_no_change(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.writing() as connection:
        record(connection, entry(1))
        _ = 1 / 0
    assert lines(store) == []


def test_what_has_begun_and_not_ended_shows(store: Store) -> None:
    number = note(store, entry(1, None))
    assert lines(store)[0].entry.status is None
    finish(store, number, 409, None)
    assert (lines(store)[0].entry.status, lines(store)[0].entry.run) == (409, None)


@pytest.mark.slow
def test_lines_of_several_processes_are_all_there(store: Store, address: str) -> None:
    barrier = children.context().Barrier(3)
    running = [children.start(children.note_often, address, barrier, number, 20) for number in range(3)]
    for process in running:
        process.join(120)
        assert process.exitcode == 0
    told = [line.entry.request for line in all_lines(store)]
    assert sorted(told) == sorted(f"{number}-{turn}" for number in range(3) for turn in range(20))
    assert len({line.id for line in all_lines(store)}) == 60


def test_a_database_that_cannot_be_written_says_so(store: Store) -> None:
    if not store.is_sqlite:
        pytest.skip("a file that is taken away")
    judge(store, "甲乙", None)
    with open_store(f"sqlite:///{store.name}", patience=0.1) as other:
        assert known(other) == {"甲乙": None}
        with store.writing(), pytest.raises(StoreError, match="占用"):
            note(other, entry(1))
    assert lines(store) == []
