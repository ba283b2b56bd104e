"""Shared fixtures: the real corpora and the real zone, read once a session."""

from __future__ import annotations

import pytest

from matcher.corpora import Corpora, open_corpora
from matcher.engine import Engine

ZONE = "liaocheng-resort"


@pytest.fixture(scope="session")
def corpora() -> Corpora:
    return open_corpora()


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine(ZONE, processes=1)
