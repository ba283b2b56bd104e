"""What runs read of the ledgers, and when events happened (批次读到的台账，事件的先后)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Makes the tables (建表)."""
    op.create_table(
        "ledger_evidence",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_ledger_evidence")),
    )
    op.create_table(
        "ledger_step_times",
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["step"], ["ledger_steps.id"], name=op.f("fk_ledger_step_times_step")),
        sa.ForeignKeyConstraint(["event"], ["ledger_events.id"], name=op.f("fk_ledger_step_times_event")),
        sa.PrimaryKeyConstraint("step", name=op.f("pk_ledger_step_times")),
    )
    op.create_index(op.f("ix_ledger_step_times_event"), "ledger_step_times", ["event"], unique=False)
    op.create_table(
        "ledger_stamps",
        sa.Column("book", sa.String(length=16), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("book", "row", "field", name=op.f("pk_ledger_stamps")),
    )
    op.create_table(
        "ledger_hook_marks",
        sa.Column("hook", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["hook"], ["ledger_hooks.id"], name=op.f("fk_ledger_hook_marks_hook")),
        sa.PrimaryKeyConstraint("hook", name=op.f("pk_ledger_hook_marks")),
    )
    op.create_table(
        "ledger_bands",
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("band", sa.String(length=1), nullable=False),
        sa.Column("run", sa.String(length=32), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("zone", "company", name=op.f("pk_ledger_bands")),
    )


def downgrade() -> None:
    """Drops them (删表)."""
    for name in ("bands", "hook_marks", "stamps", "step_times", "evidence"):
        op.drop_table(f"ledger_{name}")
