"""Lists: every name resolved, imported whole or not at all, once; judgements settle what is unsure and can be taken back."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select

from matcher.corpora import Corpora
from matcher.errors import OptionError, RequestError
from matcher.intake import from_profiles
from matcher.matching.resolution import Known, Resolver
from matcher.rules.resolution import load_resolution
from matcher.store.database import Store, open_store
from matcher.store.judgements import judge, withdraw
from matcher.store.lists import (
    ListKind,
    evidence,
    import_list,
    list_all,
    moments,
    queue,
    remove_import,
    rows_of,
)
from matcher.store.tables import list_imports, list_rows
from matcher.types import ListEntry
from tests.store import children

CODE = "91330000794366433K"
KIND = ListKind("专精特新", date(2023, 7, 14), "某局")
BASE = ["青岛海之星玩具有限公司", "青岛海之星食品有限公司", "杭州云上茶业有限公司"]


def import_names(store: Store, corpora: Corpora, names: Sequence[str], base: Sequence[str], kind: ListKind = KIND) -> bool:
    companies = from_profiles([{"name": name, "uscc": CODE if "云上" in name else ""} for name in base], corpora)
    listed = from_profiles([{"name": name} for name in names], corpora)
    resolver = Resolver(companies.companies, corpora, load_resolution(), Known({}, {}))
    return import_list(store, kind, listed, resolver, against=companies.digest, by="甲")


def everything(store: Store) -> list[object]:
    with store.reading() as connection:
        return [connection.execute(select(table)).all() for table in (list_imports, list_rows)]


def test_names_become_evidence_or_wait(store: Store, corpora: Corpora) -> None:
    assert import_names(store, corpora, [" 杭州云上茶业有限公司", "海之星", "毫不相干研究院"], BASE)
    same, unsure, none = rows_of(store, "专精特新")
    assert (same.decision, same.name, same.uscc, same.judged) == ("same", "杭州云上茶业有限公司", CODE, False)
    assert (unsure.decision, unsure.name, unsure.uscc) == ("unsure", "", "")
    assert {one.name for one in unsure.candidates} >= set(BASE[:2])
    assert (none.decision, none.name) == ("none", "")
    assert queue(store) == [unsure]
    (entry,) = evidence(store)
    assert (entry.list, entry.issued, entry.uscc, entry.name) == ("专精特新", date(2023, 7, 14), CODE, "杭州云上茶业有限公司")
    (one,) = list_all(store)
    assert one.decisions == {"none": 1, "same": 1, "unsure": 1}
    assert (one.issuer, one.imported_by) == ("某局", "甲")


def test_the_same_file_again_changes_nothing(store: Store, corpora: Corpora) -> None:
    assert import_names(store, corpora, ["海之星", BASE[2]], BASE)
    before = everything(store)
    assert not import_names(store, corpora, ["海之星", BASE[2]], BASE)
    assert everything(store) == before


def test_other_companies_to_look_among_take_the_place_of_the_former_import(store: Store, corpora: Corpora) -> None:
    assert import_names(store, corpora, ["海之星", BASE[2]], BASE[:1])
    assert import_names(store, corpora, ["海之星", BASE[2]], BASE)
    assert len(list_all(store)) == 1
    assert [row.decision for row in rows_of(store)] == ["unsure", "same"]
    with store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(list_rows)).scalar() == 4  # the former is history


def test_another_day_is_another_list(store: Store, corpora: Corpora) -> None:
    later = ListKind("专精特新", date(2024, 7, 14))
    for kind in (later, KIND):
        assert import_names(store, corpora, [BASE[2]], BASE, kind)
    assert [entry.issued for entry in evidence(store)] == [KIND.issued, later.issued]


def test_a_judgement_settles_the_queue_and_can_be_taken_back(store: Store, corpora: Corpora) -> None:
    import_names(store, corpora, ["海之星", "海之星", BASE[2]], BASE)
    assert len(queue(store)) == 2
    judge(store, "海·之 星", BASE[0])
    assert queue(store) == []
    assert {entry.name for entry in evidence(store)} == {BASE[0], BASE[2]}
    judge(store, "海之星", None)
    assert [(row.decision, row.judged) for row in rows_of(store)] == [("none", True)] * 2 + [("same", False)]
    withdraw(store, "海之星")
    assert [(row.decision, row.judged) for row in rows_of(store)] == [("unsure", False)] * 2 + [("same", False)]


def test_a_judgement_overrides_what_the_machine_was_sure_of(store: Store, corpora: Corpora) -> None:
    import_names(store, corpora, [BASE[2]], BASE)
    judge(store, BASE[2], None)
    assert evidence(store) == ()


@pytest.mark.parametrize("said", [CODE, "杭州云上茶业有限公司", "杭州云上茶业 有限公司"])
def test_code_and_name_of_a_candidate_complete_each_other(store: Store, corpora: Corpora, said: str) -> None:
    import_names(store, corpora, ["云上茶"], BASE)
    judge(store, "云上茶", said)
    (entry,) = evidence(store)
    assert (entry.uscc, entry.name) == (CODE, BASE[2])


@pytest.mark.parametrize(
    ("said", "uscc", "name"), [("91370200163615667J", "91370200163615667J", ""), ("丙有限公司", "", "丙有限公司")]
)
def test_a_judgement_may_name_a_company_that_no_file_holds(store: Store, corpora: Corpora, said: str, uscc: str, name: str) -> None:
    import_names(store, corpora, ["毫不相干研究院"], BASE)
    judge(store, "毫不相干研究院", said)
    (entry,) = evidence(store)
    assert (entry.uscc, entry.name) == (uscc, name)


def test_a_removed_import_is_history(store: Store, corpora: Corpora) -> None:
    import_names(store, corpora, [BASE[2]], BASE)
    (one,) = list_all(store)
    remove_import(store, one.id, by="乙")
    assert evidence(store) == () and list_all(store) == []
    with pytest.raises(RequestError):
        remove_import(store, one.id)
    with pytest.raises(RequestError):
        rows_of(store, "专精特新")
    assert import_names(store, corpora, [BASE[2]], BASE)
    assert len(evidence(store)) == 1


@pytest.mark.parametrize("called", ["", "  ", "名" * 61, "坏\n名"])
def test_a_list_has_a_name(called: str) -> None:
    with pytest.raises(OptionError, match="--list"):
        ListKind(called, date(2023, 7, 14))


def imported(address: str, statement: int = 10_000, *, wait: float | None = None) -> int | None:
    """Imports in a process of its own, which is killed before a statement, or so many seconds after it has read the names."""
    ready = children.context().Event()
    process = children.start(children.import_and_die, address, statement, ready)
    if wait is not None:
        ready.wait(120)
        time.sleep(wait)
        process.kill()
    process.join()
    return process.exitcode


def counted(store: Store) -> tuple[int, int]:
    """Imports and rows, of the history too."""
    with store.reading() as connection:
        found = [connection.execute(select(func.count()).select_from(table)).scalar() for table in (list_imports, list_rows)]
    return found[0] or 0, found[1] or 0


@pytest.mark.slow
def test_killed_before_any_statement_of_an_import_it_leaves_nothing(address: str) -> None:
    """SIGKILL before statements of random numbers, begin and commit among them; then the import done in peace."""
    open_store(address).close()
    statements = imported(address) or 0
    assert statements > 20
    with open_store(address) as store:
        (one,) = list_all(store)
        assert one.decisions == {"same": len(children.NAMES)}
        remove_import(store, one.id)
    for point in random.Random(7).sample(range(1, statements + 1), 20):
        assert imported(address, point) == -9
        with open_store(address) as store:
            assert list_all(store) == []
            assert counted(store) == (1, len(children.NAMES))
    assert imported(address) == statements
    with open_store(address) as store:
        assert len(rows_of(store)) == len(children.NAMES)


@pytest.mark.slow
def test_killed_at_any_moment_of_an_import_it_leaves_all_or_nothing(address: str) -> None:
    open_store(address).close()
    for wait in random.Random(7).sample(range(0, 200, 5), 20):
        imported(address, wait=wait / 1000)
        with open_store(address) as store:
            imports, rows = counted(store)
            assert rows == imports * len(children.NAMES)
            for one in list_all(store):
                assert one.decisions == {"same": len(children.NAMES)}
                remove_import(store, one.id)
    imported(address)
    with open_store(address) as store:
        assert len(rows_of(store)) == len(children.NAMES)


def test_evidence_as_it_was_at_any_moment(store: Store, corpora: Corpora) -> None:
    """Whatever is imported, replaced, removed, judged and withdrawn: the past stays as it was told then."""
    names, chance = ["海之星", "杭州云上茶业有限公司", "毫不相干研究院"], random.Random(5)
    told: list[tuple[datetime, tuple[ListEntry, ...]]] = [(datetime.now(UTC), ())]
    for turn in range(24):
        match chance.randrange(4):
            case 0:
                import_names(
                    store, corpora, names, BASE[: chance.randint(1, 3)], ListKind("专精特新", date(2023, 7, 14 + turn % 3))
                )
            case 1:
                judge(store, chance.choice(names), chance.choice([None, BASE[0], BASE[1]]))
            case 2:
                withdraw(store, chance.choice(names))
            case _:
                for one in list_all(store)[:1]:
                    remove_import(store, one.id)
        told.append((datetime.now(UTC), evidence(store)))
    assert len({entries for _, entries in told}) > 5
    for at, entries in told:
        assert evidence(store, at) == entries
    changes = moments(store, told[0][0], told[-1][0])
    assert changes == sorted(set(changes), reverse=True)
    for (since, before), (until, after) in itertools.pairwise(told):
        assert before == after or moments(store, since, until)
