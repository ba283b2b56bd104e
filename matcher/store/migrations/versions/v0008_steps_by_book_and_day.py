"""Steps are found by book and day (按台账和日期查步骤): reports of projects pass over the steps of targets and activities."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

_DAYS = ("on", "recorded_at")


def upgrade() -> None:
    """The book comes before the day (换索引)."""
    for day in _DAYS:
        op.drop_index(f"ix_ledger_steps_zone_{day}", table_name="ledger_steps")
        op.create_index(f"ix_ledger_steps_zone_book_{day}", "ledger_steps", ["zone", "book", day], unique=False)


def downgrade() -> None:
    """Back to days alone (换回)."""
    for day in _DAYS:
        op.drop_index(f"ix_ledger_steps_zone_book_{day}", table_name="ledger_steps")
        op.create_index(f"ix_ledger_steps_zone_{day}", "ledger_steps", ["zone", day], unique=False)
