"""Ledgers, events and reports are tested on both databases, as the store is."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.ledger.setting import Setting, open_setting
from tests.cli import small_zone
from tests.store.conftest import address, postgres, store

__all__ = ["address", "postgres", "store"]


@pytest.fixture(scope="session")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    """A small zone's rules, with the ledgers' rules as shipped."""
    return open_setting("small", small_zone.write(Path(tmp_path_factory.mktemp("rules")) / "rules"))
