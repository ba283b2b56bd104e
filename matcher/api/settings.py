"""What the service runs with (服务设置): read from the environment once, then handed on."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from matcher.locate import home

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What one client may ask for (限额).

    Attributes:
        body: Most bytes of a request's body.
        per_minute: Most requests of one key in a minute; 0 for no limit.
    """

    body: int = 8 * MEBIBYTE
    per_minute: int = 600


@dataclass(frozen=True)
class Settings:
    """Settings of one service (服务设置).

    Attributes:
        home: ``LIANZHAO_HOME``: snapshots, copies of rules.
        database: Address of the database; None for the file in ``home``.
        rules, corpora: Other folders than the installed ones.
        needs_keys: Every request must carry an API key.
        limits: What one client may ask for.
        look_every: Seconds between two looks for a new snapshot or new rules; 0 for none but those asked for.
    """

    home: Path
    database: str | None = None
    rules: Path | None = None
    corpora: Path | None = None
    needs_keys: bool = False
    limits: Limits = field(default_factory=Limits)
    look_every: float = 1.0

    @classmethod
    def from_environment(cls) -> Settings:
        """The settings that ``LIANZHAO_…`` variables name (由环境变量)."""
        return cls(home=home(), database=os.environ.get("LIANZHAO_DATABASE") or None)

    @property
    def address(self) -> str:
        """The database's address (数据库地址)."""
        return self.database or f"sqlite:///{self.home / 'ledger.db'}"
