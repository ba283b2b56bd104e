"""Scores that can be asked for again (留存的评分): a tracking system stores a score, and has it explained later by its run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from matcher.api.answers import StrictRoute, answer
from matcher.api.bodies import KeptScoreAnswer
from matcher.api.models import ScoreBody
from matcher.api.problems import COMMON, RefusedError, documented
from matcher.api.remaking import unranked
from matcher.api.service import Service, service_of
from matcher.engine import Engine
from matcher.errors import RequestError, RulesetError
from matcher.rules import kept
from matcher.runs import CHINA_TIME, today
from matcher.runs import Request as Asked
from matcher.scoring.explain import Explanation
from matcher.store.ruleset_files import store_ruleset
from matcher.store.runs import digest_of
from matcher.store.scores import KeptScores, load_scores, save_scores
from matcher.types import RankedCompany, Run

router = APIRouter(
    route_class=StrictRoute,
    tags=["排序与评分"],
    responses=documented("not-json", "not-found", "too-large", "unsupported-media-type", "invalid-request", "conflict", *COMMON),
)
_Scored = RankedCompany | dict[str, str]


@router.post("/v1/zones/{zone}/scores", operation_id="keep_scores", status_code=201, responses={201: {"model": KeptScoreAnswer}})
def keep_scores(zone: str, body: ScoreBody, request: Request) -> Response:
    """Scores like ``score``, and keeps the profiles with it (评分并留存), so that ``/v1/runs/{run}`` tells and explains it later.

    The same profiles under the same rules, on the same day, are the same run.
    """
    service = service_of(request)
    engine = service.prepared(service.state, zone, body.ruleset, body.register_name).engine
    as_of = body.as_of or today()
    explanations: list[Explanation | None] = [None] * len(body.profiles)
    if body.explain:
        explained = engine.explain(body.profiles, as_of)
        explanations = [None if isinstance(one, dict) else one[1] for one in explained]
        found: list[_Scored] = [one if isinstance(one, dict) else one[0] for one in explained]
    else:
        found = list(engine.score(body.profiles, as_of))
    run = manifest_of(engine, body.profiles, as_of)
    try:
        with kept.keeping(service.settings.home):
            kept.keep(service.settings.home, engine.zone.content)
    except RulesetError as error:
        raise RefusedError("busy", f"规则副本存不下，评分没有留存：{error}") from error
    store_ruleset(service.store, engine.zone.content)
    bounds = service.settings.scores
    done = save_scores(service.store, run, results_of(found), body.profiles, bounds=bounds)
    request.state.run_id = run.id  # for the audit log
    told = [
        _item(one) | ({} if explanation is None else {"explanation": explanation})
        for one, explanation in zip(found, explanations, strict=True)
    ]
    until = done.until(bounds).astimezone(CHINA_TIME).isoformat(timespec="seconds")
    return answer({"run": run, "results": told, "kept_until": until}, 201, {"Location": f"/v1/runs/{run.id}"})


def manifest_of(engine: Engine, profiles: Sequence[Any], as_of: date) -> Run:
    """The record of scores (评分的清单): its companies are the profiles as they were given."""
    told = json.dumps(profiles, ensure_ascii=False, sort_keys=True).encode()
    return engine.manifest(hashlib.sha256(told).hexdigest(), Asked(as_of=as_of, top=len(profiles)), engine.evidence.lists.digest)


def results_of(found: Sequence[_Scored]) -> str:
    """The digest of scores (得分摘要), by which a later one is known to be the same."""
    return digest_of({"results": orjson.loads(orjson.dumps([_item(one) for one in found]))})


def find_scores(service: Service, id_: str) -> KeptScores | None:
    """A run of scores that is kept (查留存的评分); None if there is none."""
    return load_scores(service.store, id_, bounds=service.settings.scores)


def scored_again(service: Service, held: KeptScores) -> tuple[Engine, list[_Scored]]:
    """The scores of a run, made again and proved (再评一遍).

    Raises:
        RefusedError: An input of then is gone or differs.
    """
    engine, found, why = again(service, held)
    if engine is None or why:
        raise RefusedError("gone", f"评分 {held.run.id[:12]} 不能照原样再算：{why}")
    return engine, found


def again(service: Service, held: KeptScores) -> tuple[Engine | None, list[_Scored], str]:
    """The scores of a run, made again as far as that can be done (再评), and why they are not the same; empty if they are."""
    run = held.run
    engine = service.engine_of(service.state, run)
    if engine is None:
        return None, [], "规则、本地名录当时的那一版已经不在"
    if engine.corpora.digest != run.corpora:
        return engine, [], "语料与当时不同"
    found: list[_Scored] = list(engine.score(held.profiles, as_of_of(run)))
    if results_of(found) == held.results:
        return engine, found, ""
    now = manifest_of(engine, held.profiles, as_of_of(run))
    differs = "名单依据与当时不同" if now.request != run.request else "各项输入都相同，程序版本与当时不同"
    return engine, found, differs


def as_of_of(run: Run) -> date:
    """The day that a run was asked for (计算日)."""
    return date.fromisoformat(str(run.request["as_of"]))


def explained(service: Service, held: KeptScores, uscc: str) -> dict[str, Any]:
    """One company of a run of scores (留存评分里的一家): what fired, what did not and why, and what to ask first.

    Raises:
        RequestError: No profile that could be scored has this code.
        RefusedError: An input of then is gone or differs.
    """
    engine, found = scored_again(service, held)
    codes = {one.uscc: place for place, one in reversed(list(enumerate(found))) if isinstance(one, RankedCompany) and one.uscc}
    if uscc not in codes:
        raise RequestError("企业", uscc, codes, hint="这一批评分里没有")
    answered = engine.explain([held.profiles[codes[uscc]]], as_of_of(held.run))[0]
    assert not isinstance(answered, dict)
    asked = answered[0].next_question
    return {
        "run": held.run.id,
        "standing": None,
        "result": _item(found[codes[uscc]]),
        "explanation": answered[1],
        "next_question": {"field": asked, "question": engine.questions[asked]} if asked else None,
    }


def facts(service: Service, held: KeptScores) -> dict[str, Any]:
    """What is told of a run of scores (评分清单)."""
    until = held.until(service.settings.scores).astimezone(CHINA_TIME).isoformat(timespec="seconds")
    return {"run": held.run, "results": held.results, "given": None, "kept_until": until}


def _item(found: _Scored) -> dict[str, Any]:
    return {"error": found} if isinstance(found, dict) else unranked(found)
