"""Versions of rulesets: numbered once and for all, told truly to whoever publishes at the same time, retired but never lost."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from matcher.errors import OptionError, RequestError
from matcher.rules import kept
from matcher.store.database import Store, open_store
from matcher.store.rulesets import (
    Override,
    RulesetVersion,
    named,
    newest,
    numbered,
    publish,
    retire,
    rulesets_in_use,
    versions,
)
from matcher.store.runs import save_run
from matcher.store.tables import rulesets
from tests.store import children

A, B, C = ("a" * 64, "b" * 64, "c" * 64)
LET_PASS = Override("big", ("ownership", "relocation"), "经办人书面同意", ("scoring.yaml:3 [rules.0.value] big 问了「国有」",))


def put(store: Store, digest: str, zone: str = "z") -> RulesetVersion:
    return publish(store, zone, digest, by="甲", note="说明", compliance="c").version


def test_a_version_comes_back_as_it_was_published(store: Store) -> None:
    before = datetime.now(UTC)
    done = publish(store, "z", A, by=" 甲 ", note=" 首次\0发布\n第二行\x1b[31m ", compliance="d" * 64, overrides=[LET_PASS])
    assert (done.is_new, done.before) == (True, None)
    (one,) = versions(store, "z")
    assert one == done.version
    assert (one.zone, one.number, one.digest, one.compliance, one.published_by) == ("z", 1, A, "d" * 64, "甲")
    assert (one.note, one.overrides, one.retired_at) == ("首次�发布 第二行�[31m", (LET_PASS,), None)
    assert before <= one.published_at <= datetime.now(UTC)


def test_what_counts_already_is_not_published_twice(store: Store) -> None:
    assert put(store, A).number == 1
    done = publish(store, "z", A, by="乙", note="再来", compliance="c")
    assert (done.is_new, done.version.number, done.version.published_by) == (False, 1, "甲")
    assert put(store, B).number == 2
    again = publish(store, "z", A, by="乙", note="改回去", compliance="c")
    assert (again.is_new, again.version.number) == (True, 3)
    assert again.before is not None and again.before.number == 2
    assert put(store, A, "other").number == 1


def test_a_retired_version_counts_no_more_and_stays(store: Store) -> None:
    for digest in (A, B):
        put(store, digest)
    version, changed = retire(store, "z", 2, by="乙", note="改错了")
    assert changed and (version.retired_by, version.retired_note) == ("乙", "改错了")
    again, changed = retire(store, "z", 2, by="丙", note="再停用")
    assert (again, changed) == (version, False)
    there = versions(store, "z")
    assert newest(there) == there[0]
    assert not publish(store, "z", A, by="乙", note="还是它", compliance="c").is_new
    assert put(store, B).number == 3
    assert [one.number for one in versions(store, "z") if one.retired_at] == [2]
    with pytest.raises(RequestError, match="没有这个规则版本：9，有第 1 至 3 版"):
        retire(store, "z", 9, by="乙", note="没有")
    with pytest.raises(RequestError, match="还没有发布过"):
        numbered(versions(store, "nowhere"), 1)


def test_a_digest_is_called_by_the_last_version_that_counts(store: Store) -> None:
    for digest in (A, B, A):
        put(store, digest)
    assert _number(named(versions(store, "z"), A)) == 3
    retire(store, "z", 3, by="乙", note="停")
    assert _number(named(versions(store, "z"), A)) == 1
    retire(store, "z", 1, by="乙", note="停")
    assert _number(named(versions(store, "z"), A)) == 3
    assert named(versions(store, "z"), C) is None


def _number(version: RulesetVersion | None) -> int:
    assert version is not None
    return version.number


@given(st.lists(st.one_of(st.sampled_from([A, B, C]), st.integers(1, 6)), max_size=12))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_is_that_of_a_plain_list(store: Store, steps: list[str | int]) -> None:
    """A digest publishes it, a number retires that version; the reference keeps a list of what it was told."""
    with store.writing() as connection:
        connection.execute(delete(rulesets))
    plain: list[tuple[str, bool]] = []
    for step in steps:
        counts = next((digest for digest, stands in reversed(plain) if stands), None)
        if isinstance(step, str):
            done = publish(store, "z", step, by="甲", note="说明", compliance="c")
            assert done.is_new == (step != counts)
            if step != counts:
                plain.append((step, True))
        elif step <= len(plain):
            assert retire(store, "z", step, by="甲", note="停")[1] == plain[step - 1][1]
            plain[step - 1] = (plain[step - 1][0], False)
        else:
            with pytest.raises(RequestError):
                retire(store, "z", step, by="甲", note="停")
        there = versions(store, "z")
        assert [(one.digest, one.retired_at is None) for one in there] == plain
        assert [one.number for one in there] == list(range(1, len(plain) + 1))


WRONG = [
    ("", "说明", "姓名应为"),
    ("甲" * 61, "说明", "姓名应为"),
    ("甲\n乙", "说明", "姓名应为"),
    ("甲", "  ", "说明应为"),
    ("甲", "长" * 1001, "说明应为"),
]


@pytest.mark.parametrize(("by", "note", "said"), WRONG)
def test_who_and_why_must_be_said(store: Store, by: str, note: str, said: str) -> None:
    put(store, A)
    with pytest.raises(OptionError, match=said):
        publish(store, "z", B, by=by, note=note, compliance="c")
    with pytest.raises(OptionError, match=said):
        retire(store, "z", 1, by=by, note=note)
    assert [one.retired_at for one in versions(store, "z")] == [None]


def test_rulesets_of_versions_and_runs_are_in_use(store: Store) -> None:
    assert rulesets_in_use(store) == frozenset()
    put(store, A)
    put(store, B, "other")
    retire(store, "z", 1, by="乙", note="停")
    save_run(store, children.a_run(1), "0" * 64)
    assert rulesets_in_use(store) == {A, B, "r"}


def test_publishers_at_once_are_all_told_the_truth(store: Store, address: str) -> None:
    """Pairs of processes publish the same digests: every number is given once, and whoever is told that it was first, was."""
    context = children.context()
    barrier, told = context.Barrier(6), context.Queue()
    processes = [children.start(children.publish_at_once, address, barrier, number, 8, told) for number in range(6)]
    answers = [told.get(timeout=120) for _ in range(6 * 8)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 6
    there = versions(store, "z")
    assert [one.number for one in there] == list(range(1, len(there) + 1))
    published = {number: (f"甲{who}", digest) for who, _, number, digest, is_new, _ in answers if is_new}
    assert published == {one.number: (one.published_by, one.digest) for one in there}
    for _, _, number, digest, is_new, before in answers:
        assert there[number - 1].digest == digest
        assert before == ((number - 1 or None) if is_new else number)


def test_a_publisher_killed_at_any_statement_leaves_nothing_half_said(address: str, tmp_path: Path) -> None:
    digest = kept.content_digest(children.CONTENT)
    with open_store(address):
        pass
    statement, ends = 0, []
    while 0 not in ends and statement < 20:
        statement += 1
        ready = children.context().Event()
        process = children.start(children.publish_and_die, address, str(tmp_path), statement, ready)
        process.join()
        ends.append(0 if process.exitcode != -signal.SIGKILL else process.exitcode)
        kept.open_kept(tmp_path, digest)  # what was kept is whole
        with open_store(address) as store:
            there = versions(store, "z")
            assert [one.digest for one in there] in ([], [digest])
            done = publish(store, "z", digest, by="乙", note="再来", compliance="c")
            assert (done.version.number, done.is_new) == (1, not there)
            with store.writing() as connection:
                connection.execute(delete(rulesets))
            with kept.clearing(tmp_path):
                assert kept.clear(tmp_path, rulesets_in_use(store), dry_run=True).removed == (digest,)
    assert ends[-1] == 0 and len(ends) > 3
