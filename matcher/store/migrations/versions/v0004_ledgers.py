"""The ledgers: targets, projects, activities and what hangs on them, histories, proofs, events, webhooks (三台账)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_BOOKS = ("goals", "promises", "problems", "needs", "papers", "arrivals", "meetings", "activities", "projects", "targets")


def upgrade() -> None:
    """Makes the tables of the ledgers (建台账各表)."""
    _three_books()
    _of_projects()
    _promises_and_goals()
    _steps_and_history()
    _proofs()
    _events()
    _hooks()


def downgrade() -> None:
    """Drops them (删表); the files of proof stay on the disk."""
    for name in ("outbox", "hooks", "parked", "events", "proofs", "history", "steps", *_BOOKS):
        op.drop_table(f"ledger_{name}")  # with its indexes


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=True) for name in names]


def _must(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _of_row() -> list[sa.Column[Any]]:
    return [_must("book", sa.String(length=16)), _must("row", sa.Integer()), _must("version", sa.Integer())]


def _days(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Date(), nullable=True) for name in names]


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _company(*, named: bool = True) -> list[sa.Column[Any]]:
    return [
        sa.Column("company", sa.Text(), nullable=not named),
        sa.Column("squeezed", sa.Text(), nullable=not named),
        *_text("uscc"),
    ]


def _whose() -> list[sa.Column[Any]]:
    return [
        *_text("chain", "segment", "group", "department", "town", "owner"),
        sa.Column("shares", sa.JSON(), nullable=True),
        *_text("next_step"),
        *_days("next_on"),
        *_text("note"),
    ]


def _stepped() -> list[sa.Column[Any]]:
    return [
        _must("state", sa.String(length=32)),
        _must("state_on", sa.Date()),
        *_text("state_reason"),
    ]


def _money(name: str, *, nullable: bool = True) -> list[sa.Column[Any]]:
    return [
        sa.Column(name, sa.BigInteger(), nullable=nullable),
        sa.Column(f"{name}_currency", sa.String(length=3), nullable=nullable),
    ]


def _refers(column: str, book: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"ledger_{book}.id"], name=op.f(f"fk_ledger_{table}_{column}"))


def _index(table: str, *columns: str, unique: bool = False) -> None:
    name = f"ledger_{table}"
    op.create_index(op.f(f"ix_{name}_{'_'.join(columns)}"), name, list(columns), unique=unique)


def _table(name: str, columns: Iterable[Any], *, indexed: Iterable[str] = ()) -> None:
    op.create_table(
        f"ledger_{name}",
        _must("id", sa.Integer()),
        _must("zone", sa.Text()),
        *columns,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_ledger_{name}")),
    )
    for column in indexed:
        _index(name, column)


def _book(name: str, columns: Iterable[Any], *, refers: Iterable[tuple[str, str]] = (), indexed: Iterable[str] = ()) -> None:
    kept = [
        _must("version", sa.Integer()),
        _moment("created_at"),
        _must("created_by", sa.Text()),
        _moment("changed_at"),
        _must("changed_by", sa.Text()),
        _moment("deleted_at", nullable=True),
        *_text("deleted_by", "deleted_note"),
    ]
    constraints = [_refers(column, book, name) for column, book in refers]
    _table(name, [*columns, *kept, *constraints], indexed=[*indexed, *(column for column, _ in refers)])


def _three_books() -> None:
    whose = ("group", "department", "town")
    named = ("squeezed", "uscc")
    _book(
        "targets",
        [
            _must("kind", sa.String(length=16)), *_company(), *_text("family", "province", "city"), *_whose(),
            *_days("first_on"), *_text("first_by"), sa.Column("run", sa.String(length=32), nullable=True),
            sa.Column("run_rank", sa.Integer(), nullable=True), *_text("why", "contacts"), *_stepped(),
        ],
        indexed=[*named, "family", *whose],
    )  # fmt: skip
    _index("targets", "zone", "state")
    _book(
        "projects",
        [
            _must("name", sa.Text()), sa.Column("target", sa.Integer(), nullable=True), *_company(), *_whose(),
            *_text("service_mode", "content"), *_money("agreed"), sa.Column("land", sa.BigInteger(), nullable=True),
            sa.Column("jobs", sa.Integer(), nullable=True), *_days("plan_start_on", "plan_production_on"), *_stepped(),
        ],
        refers=[("target", "targets")],
        indexed=[*named, *whose],
    )  # fmt: skip
    _index("projects", "zone", "state")
    _book(
        "activities",
        [
            _must("kind", sa.String(length=16)), _must("name", sa.Text()),
            _must("starts_on", sa.Date()), *_days("ends_on"), *_text("place", "people", "whom"), *_whose(),
            *_text("trip", "result"), *_money("cost"), *_stepped(),
        ],
        indexed=whose,
    )  # fmt: skip
    _index("activities", "zone", "starts_on")
    _book(
        "meetings",
        [
            _must("activity", sa.Integer()), sa.Column("target", sa.Integer(), nullable=True),
            sa.Column("project", sa.Integer(), nullable=True), *_company(), _must("met_on", sa.Date()),
            *_text("result"),
        ],
        refers=[("activity", "activities"), ("target", "targets"), ("project", "projects")],
        indexed=named,
    )  # fmt: skip


def _of_projects() -> None:
    of_project = [("project", "projects")]
    _book(
        "arrivals",
        [
            _must("project", sa.Integer()), _must("arrived_on", sa.Date()),
            _must("origin", sa.String(length=16)), *_money("amount", nullable=False), *_text("means", "note"),
        ],
        refers=of_project,
    )  # fmt: skip
    _index("arrivals", "zone", "arrived_on")
    _book(
        "papers",
        [
            _must("project", sa.Integer()), _must("paper", sa.String(length=32)),
            _must("issued_on", sa.Date()), *_text("number", "note"),
        ],
        refers=of_project,
    )  # fmt: skip
    _book(
        "needs",
        [
            _must("project", sa.Integer()), _must("kind", sa.String(length=16)), _must("what", sa.Text()), *_text("department"),
            *_days("promised_on", "due_on", "met_on"), *_text("met"),
        ],
        refers=of_project,
    )  # fmt: skip
    _book(
        "problems",
        [
            _must("project", sa.Integer()), _must("what", sa.Text()), *_text("department", "owner"),
            *_days("raised_on", "due_on", "solved_on"), *_text("solution"),
        ],
        refers=of_project,
    )  # fmt: skip
    _index("problems", "zone", "due_on")


def _promises_and_goals() -> None:
    _book(
        "promises",
        [
            sa.Column("project", sa.Integer(), nullable=True), sa.Column("target", sa.Integer(), nullable=True),
            _must("kind", sa.String(length=32)), _must("what", sa.Text()),
            *_money("amount"), *_text("ground"), *_days("promised_on", "reviewed_on"), *_text("reviewed_by", "review"),
        ],
        refers=[("project", "projects"), ("target", "targets")],
    )  # fmt: skip
    _book(
        "goals",
        [
            _must("year", sa.Integer()), _must("measure", sa.String(length=32)),
            _must("unit_kind", sa.String(length=16)), _must("unit", sa.Text()),
            _must("amount", sa.BigInteger()), sa.Column("amount_currency", sa.String(length=3), nullable=True),
        ],
    )  # fmt: skip
    op.create_index(
        "ix_ledger_goals_standing",
        "ledger_goals",
        ["zone", "year", "measure", "unit_kind", "unit"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _steps_and_history() -> None:
    _table(
        "steps",
        [
            *_of_row(), sa.Column("before", sa.String(length=32), nullable=True),
            _must("step", sa.String(length=32)), _must("on", sa.Date()), *_text("reason"),
            _moment("recorded_at"), _must("recorded_by", sa.Text()), _moment("undone_at", nullable=True),
        ],
    )  # fmt: skip
    _index("steps", "book", "row")
    _index("steps", "zone", "recorded_at")
    _index("steps", "zone", "on")
    _table(
        "history",
        [
            *_of_row(), _must("verb", sa.String(length=16)), _moment("at"),
            _must("by", sa.Text()), _must("source", sa.Text()), *_text("reason"),
            _must("changes", sa.JSON()),
        ],
    )  # fmt: skip
    _index("history", "book", "row", "version", unique=True)
    _index("history", "zone", "at")


def _proofs() -> None:
    _table(
        "proofs",
        [
            _must("book", sa.String(length=16)), _must("row", sa.Integer()),
            sa.Column("step", sa.Integer(), nullable=True), _must("kind", sa.Text()),
            _must("digest", sa.String(length=64)), _must("file_name", sa.Text()),
            _must("size", sa.BigInteger()), *_text("note"), _moment("added_at"),
            _must("added_by", sa.Text()), _moment("withdrawn_at", nullable=True),
            *_text("withdrawn_by", "withdrawn_note"), _refers("step", "steps", "proofs"),
        ],
        indexed=["digest", "step"],
    )  # fmt: skip
    _index("proofs", "book", "row")


def _events() -> None:
    _table(
        "events",
        [
            *(_must(name, sa.Text()) for name in ("source", "event", "type")), *_text("subject"),
            _moment("happened_at"), _moment("received_at"), _must("received_by", sa.Text()),
            _must("data", sa.JSON()), _must("fate", sa.String(length=16)), *_text("said"),
            sa.Column("book", sa.String(length=16), nullable=True), sa.Column("row", sa.Integer(), nullable=True),
        ],
    )  # fmt: skip
    _index("events", "zone", "source", "event", unique=True)
    _index("events", "book", "row")
    op.create_table(
        "ledger_parked",
        _must("event", sa.Integer()),
        *(_must(name, sa.Text()) for name in ("zone", "company", "squeezed")),
        *_text("uscc"),
        _moment("parked_at"),
        _moment("settled_at", nullable=True),
        *_text("settled_by"),
        _refers("event", "events", "parked"),
        sa.PrimaryKeyConstraint("event", name=op.f("pk_ledger_parked")),
    )
    _index("parked", "zone", "squeezed")


def _hooks() -> None:
    _table(
        "hooks",
        [
            _must("url", sa.Text()), _must("topics", sa.JSON()),
            _must("secret", sa.Text()), _moment("created_at"),
            _must("created_by", sa.Text()), _moment("ended_at", nullable=True), *_text("ended_by"),
        ],
    )  # fmt: skip
    _table(
        "outbox",
        [
            _must("hook", sa.Integer()), _must("topic", sa.Text()),
            _must("body", sa.JSON()), _moment("created_at"), _moment("due_at"),
            _must("attempts", sa.Integer()), *_text("last_error"), _moment("delivered_at", nullable=True),
            _moment("dead_at", nullable=True), _refers("hook", "hooks", "outbox"),
        ],
        indexed=["hook"],
    )  # fmt: skip
    op.create_index(
        "ix_ledger_outbox_waiting",
        "ledger_outbox",
        ["due_at"],
        sqlite_where=sa.text("delivered_at IS NULL AND dead_at IS NULL"),
        postgresql_where=sa.text("delivered_at IS NULL AND dead_at IS NULL"),
    )
