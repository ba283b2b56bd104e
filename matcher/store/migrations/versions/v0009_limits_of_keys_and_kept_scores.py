"""Keys have limits of their own (各密钥的限额), and scores can be kept (留存的评分)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_LIMITS = ("per_minute", "body")


def upgrade() -> None:
    """Keys that are there keep to what the service says (加两列、一张表)."""
    with op.batch_alter_table("api_keys") as table:
        for limit in _LIMITS:
            table.add_column(sa.Column(limit, sa.Integer(), nullable=True))
    op.create_table(
        "kept_scores",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("ruleset", sa.Text(), nullable=False),
        sa.Column("corpora", sa.Text(), nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("results", sa.String(length=64), nullable=False),
        sa.Column("profiles", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_scores")),
    )
    op.create_index(op.f("ix_kept_scores_kept_at"), "kept_scores", ["kept_at"], unique=False)


def downgrade() -> None:
    """Back to limits for all alike (去掉)."""
    op.drop_index(op.f("ix_kept_scores_kept_at"), table_name="kept_scores")
    op.drop_table("kept_scores")
    with op.batch_alter_table("api_keys") as table:
        for limit in reversed(_LIMITS):
            table.drop_column(limit)
