"""Shared fixtures: the real corpora and the real zone, read once a session."""

from __future__ import annotations

import os

import hypothesis
import pytest

from matcher.corpora import Corpora, open_corpora
from matcher.engine import Engine

ZONE = "liaocheng-resort"
hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def home_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test writes into the home of whoever runs it, nor reads a database there."""
    os.environ["LIANZHAO_HOME"] = str(tmp_path_factory.mktemp("home"))
    os.environ.pop("LIANZHAO_DATABASE", None)


@pytest.fixture(scope="session")
def corpora() -> Corpora:
    return open_corpora()


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine(ZONE, processes=1)
