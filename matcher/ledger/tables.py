"""The tables of the ledgers (台账的表); they share the metadata and the migrations of ``matcher.store``.

Three books (``ledger_targets``, ``ledger_projects``, ``ledger_activities``) and those that hang on them. Every row of a book has a version
number, who made and last changed it, and is marked as deleted rather than removed. ``ledger_history`` and ``ledger_proofs`` only grow.
``ledger_steps`` follows from the history: one line for each step that was ever made, marked when a step back undid it, so that reports
need not read histories.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Date, Dialect, ForeignKey, Index, Integer, String, Table, Text
from sqlalchemy.types import TypeDecorator

from matcher.store.tables import UtcTime, metadata


class Hundredths(TypeDecorator[Decimal]):
    """A decimal number kept as whole hundredths (分): exact on both databases, and sums in SQL are exact too."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """To hundredths; a number that has more digits is a mistake of the program."""
        del dialect
        if value is None:
            return None
        scaled = value * 100
        if scaled != int(scaled):
            raise ValueError(f"{value} is not in hundredths")
        return int(scaled)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """From hundredths, with two places."""
        del dialect
        return None if value is None else Decimal(value).scaleb(-2)


def _book(name: str, *columns: Column[Any]) -> Table:
    """A table whose rows have versions, owners of changes and soft deletes (一本台账)."""
    return Table(
        f"ledger_{name}",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("zone", Text, nullable=False),
        *columns,
        Column("version", Integer, nullable=False),
        Column("created_at", UtcTime, nullable=False),
        Column("created_by", Text, nullable=False),
        Column("changed_at", UtcTime, nullable=False),
        Column("changed_by", Text, nullable=False),
        Column("deleted_at", UtcTime),
        Column("deleted_by", Text),
        Column("deleted_note", Text),
    )


def _stepped() -> tuple[Column[Any], ...]:
    """Where a row stands, since which day and why."""
    return (
        Column("state", String(32), nullable=False),
        Column("state_on", Date, nullable=False),
        Column("state_reason", Text),
    )


def _whose() -> tuple[Column[Any], ...]:
    """The chain, who works on it, and how credit is shared: [[unit, "1/3"], …], nothing for all to the department."""
    return (
        Column("chain", Text),
        Column("segment", Text),
        Column("group", Text, index=True),
        Column("department", Text, index=True),
        Column("town", Text, index=True),
        Column("owner", Text),
        Column("shares", JSON(none_as_null=True)),
        Column("next_step", Text),
        Column("next_on", Date),
        Column("note", Text),
    )


def _company(*, named: bool = True) -> tuple[Column[Any], ...]:
    """A company as it is written, as names are compared, and as it is registered."""
    return (
        Column("company", Text, nullable=not named),
        Column("squeezed", Text, nullable=not named, index=True),  # of the company's name
        Column("uscc", Text, index=True),
    )


targets = _book(
    "targets",
    Column("kind", String(16), nullable=False),  # enterprise, chamber, park
    *_company(),
    Column("family", Text, index=True),  # the name of the group that decides, as it is squeezed
    Column("province", Text),
    Column("city", Text),
    *_whose(),
    Column("first_on", Date),  # first contact: set once, changed with a reason only
    Column("first_by", Text),
    Column("run", String(32)),  # why it was chosen: the run and the rank then
    Column("run_rank", Integer),
    Column("why", Text),
    Column("contacts", Text),
    *_stepped(),
)
Index("ix_ledger_targets_zone_state", targets.c.zone, targets.c.state)

projects = _book(
    "projects",
    Column("name", Text, nullable=False),
    Column("target", ForeignKey(targets.c.id), index=True),
    *_company(),
    *_whose(),
    Column("service_mode", Text),
    Column("content", Text),
    Column("agreed", Hundredths),
    Column("agreed_currency", String(3)),
    Column("land", Hundredths),  # 亩
    Column("jobs", Integer),
    Column("plan_start_on", Date),
    Column("plan_production_on", Date),
    *_stepped(),
)
Index("ix_ledger_projects_zone_state", projects.c.zone, projects.c.state)

activities = _book(
    "activities",
    Column("kind", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date),
    Column("place", Text),
    Column("people", Text),
    Column("whom", Text),
    *_whose(),
    Column("trip", Text),
    Column("result", Text),
    Column("cost", Hundredths),
    Column("cost_currency", String(3)),
    *_stepped(),
)
Index("ix_ledger_activities_zone_starts_on", activities.c.zone, activities.c.starts_on)

meetings = _book(
    "meetings",
    Column("activity", ForeignKey(activities.c.id), nullable=False, index=True),
    Column("target", ForeignKey(targets.c.id), index=True),
    Column("project", ForeignKey(projects.c.id), index=True),
    *_company(),
    Column("met_on", Date, nullable=False),
    Column("result", Text),
)

arrivals = _book(
    "arrivals",
    Column("project", ForeignKey(projects.c.id), nullable=False, index=True),
    Column("arrived_on", Date, nullable=False),
    Column("origin", String(16), nullable=False),  # domestic, foreign
    Column("amount", Hundredths, nullable=False),
    Column("amount_currency", String(3), nullable=False),
    Column("means", Text),
    Column("note", Text),
)
Index("ix_ledger_arrivals_zone_arrived_on", arrivals.c.zone, arrivals.c.arrived_on)

papers = _book(
    "papers",
    Column("project", ForeignKey(projects.c.id), nullable=False, index=True),
    Column("paper", String(32), nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("number", Text),
    Column("note", Text),
)

needs = _book(
    "needs",
    Column("project", ForeignKey(projects.c.id), nullable=False, index=True),
    Column("kind", String(16), nullable=False),  # land, energy, funds, staff …
    Column("what", Text, nullable=False),
    Column("department", Text),
    Column("promised_on", Date),
    Column("due_on", Date),
    Column("met_on", Date),
    Column("met", Text),
)

problems = _book(
    "problems",
    Column("project", ForeignKey(projects.c.id), nullable=False, index=True),
    Column("what", Text, nullable=False),
    Column("department", Text),
    Column("owner", Text),
    Column("raised_on", Date),
    Column("due_on", Date),
    Column("solved_on", Date),
    Column("solution", Text),
)
Index("ix_ledger_problems_zone_due_on", problems.c.zone, problems.c.due_on)

promises = _book(
    "promises",
    Column("project", ForeignKey(projects.c.id), index=True),
    Column("target", ForeignKey(targets.c.id), index=True),
    Column("kind", String(32), nullable=False),
    Column("what", Text, nullable=False),
    Column("amount", Hundredths),
    Column("amount_currency", String(3)),
    Column("ground", Text),  # the document that it rests on
    Column("promised_on", Date),
    Column("reviewed_on", Date),  # 公平竞争审查
    Column("reviewed_by", Text),
    Column("review", Text),
)

goals = _book(
    "goals",
    Column("year", Integer, nullable=False),
    Column("measure", String(32), nullable=False),
    Column("unit_kind", String(16), nullable=False),  # zone, group, department, town
    Column("unit", Text, nullable=False),
    Column("amount", Hundredths, nullable=False),
    Column("amount_currency", String(3)),  # of sums of money; nothing for numbers of things
)
Index(
    "ix_ledger_goals_standing",
    goals.c.zone, goals.c.year, goals.c.measure, goals.c.unit_kind, goals.c.unit,
    unique=True,
    sqlite_where=goals.c.deleted_at.is_(None),
    postgresql_where=goals.c.deleted_at.is_(None),
)  # fmt: skip

BOOKS: dict[str, Table] = {
    "targets": targets, "projects": projects, "activities": activities, "meetings": meetings, "arrivals": arrivals, "papers": papers,
    "needs": needs, "problems": problems, "promises": promises, "goals": goals,
}  # fmt: skip
"""Name of a book → its table (各本台账)."""

steps = Table(
    "ledger_steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("zone", Text, nullable=False),
    Column("book", String(16), nullable=False),
    Column("row", Integer, nullable=False),
    Column("version", Integer, nullable=False),  # the row's when it was made
    Column("before", String(32)),  # the step it came from; nothing for the first
    Column("step", String(32), nullable=False),
    Column("on", Date, nullable=False),
    Column("reason", Text),
    Column("recorded_at", UtcTime, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("undone_at", UtcTime),  # when a step back, or a correction, took it away
)
Index("ix_ledger_steps_book_row", steps.c.book, steps.c.row)
Index("ix_ledger_steps_zone_book_recorded_at", steps.c.zone, steps.c.book, steps.c.recorded_at)
Index("ix_ledger_steps_zone_book_on", steps.c.zone, steps.c.book, steps.c.on)

history = Table(
    "ledger_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("zone", Text, nullable=False),
    Column("book", String(16), nullable=False),
    Column("row", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("verb", String(16), nullable=False),  # add, set, step, delete, restore
    Column("at", UtcTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("source", Text, nullable=False),  # cli, a file's digest, an event …
    Column("reason", Text),
    Column("changes", JSON, nullable=False),  # field → [old, new]
)
Index("ix_ledger_history_book_row_version", history.c.book, history.c.row, history.c.version, unique=True)
Index("ix_ledger_history_zone_at", history.c.zone, history.c.at)

proofs = Table(
    "ledger_proofs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("zone", Text, nullable=False),
    Column("book", String(16), nullable=False),
    Column("row", Integer, nullable=False),
    Column("step", ForeignKey(steps.c.id), index=True),  # of projects: the step that it proves
    Column("kind", Text, nullable=False),
    Column("digest", String(64), nullable=False, index=True),
    Column("file_name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("note", Text),
    Column("added_at", UtcTime, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("withdrawn_at", UtcTime),
    Column("withdrawn_by", Text),
    Column("withdrawn_note", Text),
)
Index("ix_ledger_proofs_book_row", proofs.c.book, proofs.c.row)

events = Table(
    "ledger_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("zone", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text),
    Column("happened_at", UtcTime, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("received_by", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("fate", String(16), nullable=False),  # applied, parked, superseded, refused
    Column("said", Text),  # why, in Chinese
    Column("book", String(16)),
    Column("row", Integer),
)
Index("ix_ledger_events_zone_source_event", events.c.zone, events.c.source, events.c.event, unique=True)
Index("ix_ledger_events_book_row", events.c.book, events.c.row)

parked = Table(
    "ledger_parked",
    metadata,
    Column("event", ForeignKey(events.c.id), primary_key=True),
    Column("zone", Text, nullable=False),
    Column("company", Text, nullable=False),
    Column("squeezed", Text, nullable=False),
    Column("uscc", Text),
    Column("parked_at", UtcTime, nullable=False),
    Column("settled_at", UtcTime),
    Column("settled_by", Text),
)
Index("ix_ledger_parked_zone_squeezed", parked.c.zone, parked.c.squeezed)

hooks = Table(
    "ledger_hooks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("zone", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("topics", JSON, nullable=False),
    Column("secret", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("ended_at", UtcTime),
    Column("ended_by", Text),
)

outbox = Table(
    "ledger_outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("zone", Text, nullable=False),
    Column("hook", ForeignKey(hooks.c.id), nullable=False, index=True),
    Column("topic", Text, nullable=False),
    Column("body", JSON, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text),
    Column("delivered_at", UtcTime),
    Column("dead_at", UtcTime),  # given up: a dead letter
)
Index(
    "ix_ledger_outbox_waiting",
    outbox.c.due_at,
    sqlite_where=outbox.c.delivered_at.is_(None) & outbox.c.dead_at.is_(None),
    postgresql_where=outbox.c.delivered_at.is_(None) & outbox.c.dead_at.is_(None),
)
