"""Trip plans, kept by their digest (留存的行程计划)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Makes the table (建表)."""
    op.create_table(
        "trip_plans",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("run", sa.String(length=32), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("cities", sa.JSON(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trip_plans")),
    )
    op.create_index("ix_trip_plans_zone_kept_at", "trip_plans", ["zone", "kept_at"], unique=False)


def downgrade() -> None:
    """Drops it; activities that were entered from plans stay (删表)."""
    op.drop_index("ix_trip_plans_zone_kept_at", table_name="trip_plans")
    op.drop_table("trip_plans")
