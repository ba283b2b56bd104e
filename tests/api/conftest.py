"""The databases of the tests of the store, and an application with keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from matcher.api.app import create_app
from matcher.api.settings import Settings
from tests.store.conftest import address, postgres  # noqa: F401 (fixtures)

Client = Callable[[FastAPI], TestClient]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A service of its own that asks for keys."""
    return Settings(home=tmp_path / "home", needs_keys=True, log="off")


@pytest.fixture
def keyless(settings: Settings) -> Settings:
    return replace(settings, needs_keys=False)


@pytest.fixture
def client_of() -> Iterator[Client]:
    """Opens applications as a browser or program at this machine would call them."""
    opened: list[TestClient] = []

    def open_(app: FastAPI) -> TestClient:
        client = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50000), raise_server_exceptions=False)
        opened.append(client)
        client.__enter__()
        return client

    yield open_
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def keyed(settings: Settings, client_of: Client) -> TestClient:
    return client_of(create_app(settings))
