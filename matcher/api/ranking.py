"""Rank and score (排序与评分)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import lru_cache

from fastapi import APIRouter, Response

from matcher.api.answers import StrictRoute, answer
from matcher.api.models import RankBody, ScoreBody
from matcher.api.problems import COMMON, documented
from matcher.engine import Engine
from matcher.intake import Intake, read_files
from matcher.runs import Request, today

router = APIRouter(
    route_class=StrictRoute,
    tags=["排序与评分"],
    responses=documented("not-json", "not-found", "too-large", "unsupported-media-type", "invalid-request", *COMMON),
)


@lru_cache(maxsize=8)
def _engine(zone: str) -> Engine:
    return Engine(zone, processes=1)


@lru_cache(maxsize=8)
def _sample(zone: str) -> Intake:
    engine = _engine(zone)
    return read_files([engine.corpora.sample], engine.corpora)


@router.post("/v1/zones/{zone}/score", operation_id="score_companies")
def score(zone: str, body: ScoreBody) -> Response:
    """Scores 1–1000 profiles, in order; a profile that cannot be scored becomes an error in its place (评分)."""
    engine = _engine(zone)
    as_of = body.as_of or today()
    answers = engine.score(body.profiles, as_of)
    snapshot = hashlib.sha256(json.dumps(body.profiles, sort_keys=True).encode()).hexdigest()
    results = []
    for one in answers:
        item = {"error": one} if isinstance(one, dict) else asdict(one)
        item.pop("rank", None)
        results.append(item)
    return answer({"run": asdict(engine.manifest(snapshot, Request(as_of=as_of, top=len(answers)))), "results": results})


@router.post("/v1/zones/{zone}/rank", operation_id="rank_companies")
def rank(zone: str, body: RankBody) -> Response:
    """Ranks the companies (排序)."""
    engine = _engine(zone)
    request = Request(
        as_of=body.as_of or today(),
        cities=tuple(body.cities),
        chains=tuple(body.chains),
        group=body.group,
        need=body.need,
        top=body.top,
    )
    return answer(asdict(engine.rank(_sample(zone), request)))
