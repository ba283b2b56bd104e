"""Published versions of rulesets, and what a run's files were called (规则版本，批次的文件名)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the table of versions (建规则版本表)."""
    op.create_table(
        "rulesets",
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("compliance", sa.String(length=64), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("overrides", sa.JSON(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_by", sa.Text(), nullable=True),
        sa.Column("retired_note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("zone", "number", name=op.f("pk_rulesets")),
    )
    op.create_index(op.f("ix_rulesets_digest"), "rulesets", ["digest"], unique=False)
    op.add_column("runs", sa.Column("given", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drops it; the copies of the rules stay on the disk (删表)."""
    with op.batch_alter_table("runs") as runs:
        runs.drop_column("given")
    op.drop_index(op.f("ix_rulesets_digest"), table_name="rulesets")
    op.drop_table("rulesets")
