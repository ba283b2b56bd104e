"""The applications that the benchmark of the service loads (被测的服务): the real one, its floor, and the two ways to answer rows.

``floor`` is the same application, with the same doors and the same reading of bodies, that answers with constants of the same size.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute

from matcher.api import ranking
from matcher.api.app import create_app
from matcher.api.models import RankBody, ScoreBody
from matcher.api.settings import Settings


def folder() -> Path:
    return Path(os.environ["LIANZHAO_BENCH"])


def real() -> FastAPI:
    return create_app(Settings(home=folder() / "home", log="off"))


def floor() -> FastAPI:
    constants = {file.stem: file.read_bytes() for file in folder().glob("*.json")}

    def score(zone: str, body: ScoreBody, request: Request) -> Response:
        return Response(constants[f"score-{len(body.profiles)}"], media_type="application/json")

    def rank(zone: str, body: RankBody, request: Request) -> Response:
        return Response(constants["rank"], media_type="application/json")

    for route in ranking.router.routes:  # in this process only
        assert isinstance(route, APIRoute)
        route.endpoint = {"score_companies": score, "rank_companies": rank}[str(route.operation_id)]
        route.dependant.call = route.endpoint
    return real()


def rows() -> FastAPI:
    app = FastAPI()
    results: list[dict[str, Any]] = orjson.loads((folder() / "score-100.json").read_bytes())["results"]

    @app.get("/bytes")
    def as_bytes() -> Response:
        return Response(orjson.dumps(results), media_type="application/json")

    @app.get("/dicts", response_model=None)
    def as_dicts() -> list[dict[str, Any]]:
        return results

    @app.get("/model")
    def as_model() -> list[dict[str, Any]]:
        return results

    return app
