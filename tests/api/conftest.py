"""Applications with a home of their own, on the bundled sample or a small zone, over SQLite or a real PostgreSQL, with and without keys."""

from __future__ import annotations

import contextlib
import csv
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Body, Depends, FastAPI, Request

from matcher.api import problems, serving
from matcher.api.access import admitted
from matcher.api.app import create_app
from matcher.api.request_ids import RequestIds
from matcher.api.settings import Limits, Settings
from tests.api.local import TestClient
from tests.cli import small_zone
from tests.store.conftest import address, postgres

__all__ = ["address", "postgres"]
ROWS = [
    ("青岛某某玩具有限公司", "积木、布偶的生产、销售", "5000万元", "青岛市", "91370200MA3TESTA0X", "2020-01-02"),
    ("青岛某某礼品有限公司", "礼品的销售", "200万元", "青岛市", "", "2021-03-04"),
    ("杭州某某乐园有限公司", "主题乐园、游乐园的运营", "9000万元", "杭州市", "", ""),
    ("杭州某某布偶有限公司", "布偶的生产", "800万元", "杭州市", "", "2022-05-06"),
    ("绍兴某某机械有限公司", "机床的生产", "3000万元", "绍兴市", "", "2022-05-06"),
]
HEADER = ("企业名称", "经营范围", "注册资本", "所属城市", "统一社会信用代码", "数据日期")


def write_companies(path: Path, rows: list[tuple[str, ...]] | None = None) -> Path:
    """A file of made-up companies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([HEADER, *(ROWS if rows is None else rows)])
    return path


def small(folder: Path, database: str | None = None) -> Settings:
    """Settings of a service on the small zone, which looks for nothing new unless asked."""
    rules = folder / "rules"
    if not rules.is_dir():
        small_zone.write(rules)
        (rules / "resolution.yaml").write_bytes((Path(__file__).parents[2] / "rules" / "resolution.yaml").read_bytes())
    return Settings(home=folder / "home", database=database, rules=rules, look_every=0)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """On the bundled sample and the real zones."""
    with TestClient(create_app(Settings(home=tmp_path_factory.mktemp("service"), look_every=0))) as found:
        yield found


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
        client = TestClient(app, raise_server_exceptions=False)
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
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
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
