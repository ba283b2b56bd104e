"""Whose each row was since when is kept (留存各行的归属): a visit need not read the history of its row."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Makes the table, empty: the next event of each row fills it (建表)."""
    op.create_table(
        "ledger_owners",
        sa.Column("book", sa.String(length=16), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("kept", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("book", "row", name=op.f("pk_ledger_owners")),
    )


def downgrade() -> None:
    """Drops it; nothing is in it that is not in the events and the history (删表)."""
    op.drop_table("ledger_owners")
