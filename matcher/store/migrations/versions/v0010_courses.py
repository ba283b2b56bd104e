"""How far each row has come is kept (留存各行走到哪里): events in order need not read all of its steps again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Makes the table, empty: the next event of each row fills it (建表)."""
    op.create_table(
        "ledger_courses",
        sa.Column("book", sa.String(length=16), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("rules", sa.String(length=16), nullable=False),
        sa.Column("kept", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("book", "row", name=op.f("pk_ledger_courses")),
    )


def downgrade() -> None:
    """Drops it; nothing is in it that is not in the steps (删表)."""
    op.drop_table("ledger_courses")
