"""Every test of the ledgers runs on both databases, as those of the store do; the zone has offices of its own here."""

from __future__ import annotations

import pytest

from matcher.ledger.setting import Setting
from tests.ledger.offices import listed
from tests.store.conftest import address, postgres, store

__all__ = ["address", "postgres", "setting", "store"]


@pytest.fixture(scope="session")
def setting() -> Setting:
    return listed()
