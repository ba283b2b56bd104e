"""One history of migrations: it makes the tables that the program thinks it has, on both databases, and goes back, with data in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, select

import matcher.ledger.event_tables  # noqa: F401 - its tables are in the same history
from matcher.corpora import Corpora
from matcher.intake import from_profiles
from matcher.ledger import reading
from matcher.ledger.books import ARRIVALS, PROJECTS
from matcher.ledger.entry import entering
from matcher.store import migrate
from matcher.store.audit import lines
from matcher.store.database import Store, open_store, revisions
from matcher.store.idempotency import claim
from matcher.store.judgements import judge, known
from matcher.store.keys import Wanted, create_key, list_keys
from matcher.store.lists import rows_of
from matcher.store.registers import load_register, save_register
from matcher.store.rulesets import publish, versions
from matcher.store.runs import load_run, save_run
from matcher.store.tables import metadata, version
from matcher.store.trips import save_trip
from tests.ledger.offices import TODAY, a_project, listed
from tests.store import children
from tests.store.test_lists import import_names
from tests.store.test_trips import a_plan


def filled(store: Store, corpora: Corpora) -> None:
    save_run(store, children.a_run(1), "0" * 64, {"files": ["甲.csv"]})
    judge(store, "甲乙", None)
    save_register(store, "z", "本地名录", from_profiles([{"name": "甲有限公司"}], corpora), corpora="c", as_of=date(2024, 1, 1))
    import_names(store, corpora, ["甲有限公司", "乙"], ["甲有限公司"])
    publish(store, "z", "a" * 64, by="甲", note="首次", compliance="c")
    with entering(store, listed(), by="甲", today=TODAY) as entry:
        project = a_project(entry, agreed="1亿元")
        entry.add(ARRIVALS, {"project": project, "arrived_on": TODAY, "origin": "内资", "amount": "1万元"})
    create_key(store, Wanted("甲", "planner"), by="甲")  # and a line of the audit log
    claim(store, "a", "k", "d")
    save_trip(store, a_plan(1), by="甲")


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def test_the_tables_are_those_of_the_program(store: Store) -> None:
    with store.migrating() as connection:
        migrate.check(connection)
        assert tables(connection) == {*metadata.tables, version.name}


def test_a_forgotten_migration_is_found(store: Store) -> None:
    with pytest.raises(CommandError, match="New upgrade operations"), store.migrating() as connection:
        connection.exec_driver_sql("DROP INDEX ix_runs_snapshot")
        migrate.check(connection)


def test_the_history_is_one_line_and_its_names_are_in_order(store: Store) -> None:
    with store.migrating() as connection:
        scripts = ScriptDirectory.from_config(migrate._config(connection))
    history = [script.revision for script in scripts.walk_revisions()][::-1]
    assert history == revisions()
    assert scripts.get_heads() == [revisions()[-1]]
    assert scripts.get_bases() == [revisions()[0]]


def test_down_to_nothing_and_up_again_with_data(store: Store, address: str, corpora: Corpora) -> None:
    filled(store, corpora)
    with store.migrating() as connection:
        migrate.downgrade(connection, "base")
        assert tables(connection) == {version.name}
        assert connection.execute(select(version)).all() == []
    store.close()
    with open_store(address) as again:
        assert known(again) == {}
        filled(again, corpora)


@pytest.mark.slow
def test_each_step_back_and_forth_keeps_the_data(store: Store, corpora: Corpora) -> None:
    """From the second migration on; the first has nothing to go back to but nothing."""
    filled(store, corpora)
    for before in reversed(revisions()[:-1]):
        with store.migrating() as connection:
            migrate.downgrade(connection, before)
    with store.migrating() as connection:
        migrate.upgrade(connection)
        migrate.check(connection)
    assert known(store) == {"甲乙": None}
    assert load_run(store, children.a_run(1).id) == (
        replace(children.a_run(1), created_at="2024-08-27T02:00:00+00:00"),
        "0" * 64,
        None,
    )
    assert versions(store, "z") == []  # what the first tables had no place for
    assert publish(store, "z", "a" * 64, by="甲", note="首次", compliance="c").version.number == 1
    assert list_keys(store) == []
    assert lines(store) == []
    assert [row.query for row in rows_of(store)] == ["甲有限公司", "乙"]
    assert load_register(store, "z")[1].companies.text["name"] == ["甲有限公司"]
    with store.reading() as connection:
        assert reading.rows(connection, listed().zone, PROJECTS) == []


def test_a_migration_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.migrating() as connection:
        migrate.downgrade(connection, "base")
        _ = 1 / 0
    with store.migrating() as connection:
        migrate.check(connection)
