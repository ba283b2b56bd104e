"""Rank and score (排序与评分)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Response
from fastapi import Request as HttpRequest

from matcher.api.answers import StrictRoute, answer
from matcher.api.bodies import RankAnswer, ScoreAnswer
from matcher.api.gathering import SMALL
from matcher.api.models import RankBody, ScoreBody
from matcher.api.problems import COMMON, documented
from matcher.api.remaking import listed, made_again, page_of, unranked
from matcher.api.scores import manifest_of
from matcher.api.service import service_of
from matcher.engine import Engine
from matcher.runs import Request, today
from matcher.types import Run

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
    as_of = body.as_of or today()
    prepared = service.prepared(state, zone, body.ruleset, body.register_name, as_of)
    wanted = Request(
        as_of=as_of,
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
async def score(zone: str, body: ScoreBody, request: HttpRequest) -> Response:
    """Scores 1–1000 profiles, in order; a profile that cannot be scored becomes an error in its place (评分).

    Nothing is kept: ``run`` says what the scores rest on, under a ``fingerprint`` and no id that could be asked for.
    """
    service = service_of(request)
    state, as_of = service.state, body.as_of or today()

    def work(profiles: Sequence[Any]) -> list[tuple[Engine, Any]]:
        engine = service.prepared(state, zone, body.ruleset, body.register_name).engine
        found = engine.explain(profiles, as_of) if body.explain else engine.score(profiles, as_of)
        return [(engine, one) for one in found]

    key = (state.number, zone, body.ruleset, body.register_name, as_of, body.explain)
    scored = await service.scores.answers(key, body.profiles, work)

    def told() -> Response:
        results = [_result(one) for _, one in scored]
        return answer({"run": _fingerprint(manifest_of(scored[0][0], body.profiles, as_of)), "results": results})

    return told() if len(scored) <= SMALL else await anyio.to_thread.run_sync(told)  # megabytes would hold up everybody


def _result(found: Any) -> dict[str, Any]:
    """One item of a score's answer: a problem, a result, or a result with its explanation."""
    if isinstance(found, dict):
        return {"error": found}
    if isinstance(found, tuple):
        return {**unranked(found[0]), "explanation": found[1]}
    return unranked(found)


def _fingerprint(run: Run) -> dict[str, Any]:
    """The manifest of what is not kept."""
    told = {field.name: getattr(run, field.name) for field in fields(run)}
    return {"fingerprint": told.pop("id"), **told}
