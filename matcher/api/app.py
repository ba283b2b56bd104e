"""The application: zones, chains, rank and score over HTTP (接口应用).

Errors are RFC 9457 problem documents. Work on companies is CPU-bound and runs in the server's thread pool; ``async`` is used nowhere.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from fastapi import FastAPI, Response
from fastapi import Request as HttpRequest
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from matcher.api.models import RankBody, ScoreBody
from matcher.engine import Engine
from matcher.errors import LianzhaoError, RequestError
from matcher.intake import Intake, read_files
from matcher.rules import zone_ids
from matcher.runs import Request, today

PROBLEM = "application/problem+json"


@lru_cache(maxsize=8)
def _engine(zone: str) -> Engine:
    return Engine(zone, processes=1)


@lru_cache(maxsize=8)
def _sample(zone: str) -> Intake:
    engine = _engine(zone)
    return read_files([engine.corpora.sample], engine.corpora)


def _json(value: Any, status: int = 200, media_type: str = "application/json") -> Response:
    return Response(json.dumps(value, ensure_ascii=False, allow_nan=False), status, media_type=media_type)


def _problem(status: int, kind: str, title: str, detail: str) -> Response:
    body = {"type": f"urn:lianzhao:problem:{kind}", "title": title, "status": status, "detail": detail}
    return _json(body, status, PROBLEM)


app = FastAPI(
    title="链招 lianzhao",
    summary="下一站该拜访谁，为什么",
    docs_url=None,  # the stock pages load scripts from outside; the document itself is at /openapi.json
    redoc_url=None,
)


@app.exception_handler(RequestError)
def _unknown(_request: HttpRequest, error: RequestError) -> Response:
    return _problem(404, "not-found", "没有所请求的对象", str(error))


@app.exception_handler(LianzhaoError)
def _unusable(_request: HttpRequest, error: LianzhaoError) -> Response:
    return _problem(500, "configuration", "规则或语料有误", str(error))


@app.exception_handler(RequestValidationError)
def _invalid(_request: HttpRequest, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return _problem(422, "invalid-request", "请求内容不合要求", f"{place}：{first['msg']}")


@app.exception_handler(HTTPException)
def _http(_request: HttpRequest, error: HTTPException) -> Response:
    return _problem(error.status_code, "http", "请求无法处理", str(error.detail))


@app.get("/healthz", response_class=JSONResponse)
def healthz() -> Response:
    """The process answers (存活检查)."""
    return _json({"status": "ok"})


@app.get("/v1/zones", response_class=JSONResponse)
def zones() -> Response:
    """Zones that have rules (园区列表)."""
    return _json({"zones": zone_ids()})


@app.get("/v1/zones/{zone}", response_class=JSONResponse)
def zone_facts(zone: str) -> Response:
    """The zone: place, groups, anchors, each with its ground (园区)."""
    return _json(_engine(zone).zone.file.model_dump(mode="json"))


@app.get("/v1/zones/{zone}/chains", response_class=JSONResponse)
def zone_chains(zone: str) -> Response:
    """Chains with segments, needs and edges (产业链)."""
    return _json({"chains": [chain.model_dump(mode="json") for chain in _engine(zone).zone.chains]})


@app.get("/v1/zones/{zone}/rules", response_class=JSONResponse)
def zone_rules(zone: str) -> Response:
    """Vetoes, groups and rules (评分规则)."""
    return _json(_engine(zone).zone.scoring.model_dump(mode="json"))


@app.post("/v1/zones/{zone}/score", response_class=JSONResponse)
def score(zone: str, body: ScoreBody) -> Response:
    """Scores 1–1000 profiles, in order; a profile that cannot be scored becomes an error in its place (评分)."""
    engine = _engine(zone)
    as_of = body.as_of or today()
    answers = engine.score(body.profiles, as_of)
    snapshot = hashlib.sha256(json.dumps(body.profiles, sort_keys=True).encode()).hexdigest()
    results = []
    for answer in answers:
        item = {"error": answer} if isinstance(answer, dict) else asdict(answer)
        item.pop("rank", None)
        results.append(item)
    return _json({"run": asdict(engine.manifest(snapshot, Request(as_of=as_of, top=len(answers)))), "results": results})


@app.post("/v1/zones/{zone}/rank", response_class=JSONResponse)
def rank(zone: str, body: RankBody) -> Response:
    """Ranks the bundled companies (排序)."""
    engine = _engine(zone)
    request = Request(
        as_of=body.as_of or today(),
        cities=tuple(body.cities),
        chains=tuple(body.chains),
        group=body.group,
        need=body.need,
        top=body.top,
    )
    return _json(asdict(engine.rank(_sample(zone), request)))
