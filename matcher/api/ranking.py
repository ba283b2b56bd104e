"""Rank and score (排序与评分)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from fastapi import APIRouter, Response
from fastapi import Request as HttpRequest

from matcher.api.answers import StrictRoute, answer
from matcher.api.bodies import RankAnswer, ScoreAnswer
from matcher.api.models import RankBody, ScoreBody
from matcher.api.problems import COMMON, documented
from matcher.api.remaking import listed, made_again, page_of, unranked
from matcher.api.service import service_of
from matcher.engine import Engine
from matcher.runs import Request, today

router = APIRouter(
    route_class=StrictRoute,
    tags=["排序与评分"],
    responses=documented("not-json", "not-found", "too-large", "unsupported-media-type", "invalid-request", *COMMON),
)


@router.post("/v1/zones/{zone}/rank", operation_id="rank_companies", responses={200: {"model": RankAnswer}, **documented("gone")})
def rank(zone: str, body: RankBody, request: HttpRequest) -> Response:
    """Ranks the companies of the current snapshot, or of the bundled sample where there is none; or gives the next page (排序).

    The run is kept: its manifest and the digest of its list. ``next`` is where the next page begins, null at the end.
    """
    service = service_of(request)
    if body.cursor is not None:
        made = made_again(service, body.cursor.run, zone=zone)
        request.state.run_id = body.cursor.run
        return answer(page_of(made, body.cursor.offset, body.limit))
    state = service.state
    prepared = service.prepared(state, zone, body.ruleset, body.register_name)
    wanted = Request(
        as_of=body.as_of or today(),
        cities=tuple(body.cities),
        chains=tuple(body.chains),
        group=body.group,
        need=body.need,
        top=body.top,
    )
    made = listed(service, state, prepared, wanted, body.register_name)
    request.state.run_id = made.ranking.run.id  # for the audit log
    return answer(page_of(made, 0, body.limit))


@router.post("/v1/zones/{zone}/score", operation_id="score_companies", responses={200: {"model": ScoreAnswer}})
def score(zone: str, body: ScoreBody, request: HttpRequest) -> Response:
    """Scores 1–1000 profiles, in order; a profile that cannot be scored becomes an error in its place (评分)."""
    service = service_of(request)
    engine = service.prepared(service.state, zone, body.ruleset, body.register_name).engine
    as_of = body.as_of or today()
    results: list[dict[str, Any]] = []
    if body.explain:
        for explained in engine.explain(body.profiles, as_of):
            if isinstance(explained, dict):
                results.append({"error": explained})
            else:
                results.append({**unranked(explained[0]), "explanation": explained[1]})
    else:
        for scored in engine.score(body.profiles, as_of):
            results.append({"error": scored} if isinstance(scored, dict) else unranked(scored))
    return answer({"run": _manifest(engine, body, Request(as_of=as_of, top=len(results))), "results": results})


def _manifest(engine: Engine, body: ScoreBody, request: Request) -> Any:
    told = json.dumps(body.profiles, ensure_ascii=False, sort_keys=True).encode()
    return engine.manifest(hashlib.sha256(told).hexdigest(), request, engine.evidence.lists.digest)
