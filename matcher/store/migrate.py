"""Bringing the tables up to date, and back (数据库迁移), by Alembic on a connection that is in a transaction."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade(connection: Connection, to: str = "head") -> None:
    """To the newest tables (升级)."""
    command.upgrade(_config(connection), to)


def downgrade(connection: Connection, to: str) -> None:
    """Back to the tables of a migration, or to none with ``base`` (降级); what the older tables have no place for is lost."""
    command.downgrade(_config(connection), to)


def check(connection: Connection) -> None:
    """Raises if the tables are not what ``tables`` says (核对迁移)."""
    command.check(_config(connection))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
