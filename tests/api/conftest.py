"""The databases of the tests of the store, and an application with keys."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Body, Depends, FastAPI, Request
from fastapi.testclient import TestClient

from matcher.api import problems, serving
from matcher.api.access import admitted
from matcher.api.app import create_app
from matcher.api.request_ids import RequestIds
from matcher.api.settings import Limits, Settings
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
    """A small application behind the doors, asking for keys."""
    return client_of(behind_doors(settings))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, TestClient]]:
    """The whole application, asking for keys."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), needs_keys=True, log="off", limits=Limits(attempts=1000))
    with TestClient(
        create_app(settings), base_url="http://127.0.0.1", client=("127.0.0.1", 50000), raise_server_exceptions=False
    ) as client:
        yield settings, client


def behind_doors(settings: Settings) -> FastAPI:
    """An application with the doors of the service and next to nothing behind them; its operations are called like the service's."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await serving.unguard(app)

    app = FastAPI(dependencies=[Depends(admitted)], lifespan=lifespan, docs_url=None)
    problems.install(app)
    made: list[int] = []

    @app.get("/healthz", operation_id="healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/docs", operation_id="docs")
    def docs() -> str:
        return "page"

    @app.get("/v1/zones", operation_id="list_zones")
    def zones() -> dict[str, int]:
        return {"made": len(made)}

    @app.post("/v1/zones/{zone}/rank", operation_id="rank_companies")
    def rank(zone: str, request: Request) -> dict[str, str]:
        request.state.run_id = "f" * 32
        return {"zone": zone}

    @app.post("/v1/zones/{zone}/score", operation_id="score_companies")
    def score(zone: str, body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        return body

    @app.post("/v1/made", operation_id="make", status_code=201)
    def make(body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        if body.get("fails"):
            raise ZeroDivisionError("某某公司 13800000000")
        time.sleep(body.get("takes", 0))
        made.append(1)
        return {"number": len(made), **body}

    serving.guard(app, settings)
    serving.observe(app, settings)
    app.add_middleware(RequestIds)
    app.state.made = made
    return app
