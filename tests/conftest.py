"""Shared fixtures: the real corpora and the real zone, read once a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from matcher.corpora import Corpora, open_corpora
from matcher.engine import Engine

ZONE = "liaocheng-resort"
settings.register_profile("untimed", deadline=None)  # a busy machine is no finding
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home of the tests' own: no test reads or writes what the user of this machine has."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("LIANZHAO_HOME", str(folder))
        patch.delenv("LIANZHAO_DATABASE", raising=False)
        yield folder


@pytest.fixture(scope="session")
def corpora() -> Corpora:
    return open_corpora()


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine(ZONE, processes=1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that at the end no worker waits for another."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
