"""The files of rulesets, so that every machine that shares the database has the rules of its runs (规则副本)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Makes the tables (建表)."""
    op.create_table(
        "rule_files",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_rule_files")),
    )
    op.create_table(
        "ruleset_files",
        sa.Column("ruleset", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("file", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["file"], ["rule_files.digest"], name=op.f("fk_ruleset_files_file")),
        sa.PrimaryKeyConstraint("ruleset", "name", name=op.f("pk_ruleset_files")),
    )


def downgrade() -> None:
    """Drops them; copies on the disk stay (删表)."""
    op.drop_table("ruleset_files")
    op.drop_table("rule_files")
