"""Runs (批次): what was asked when, the list itself, one company in it, and two of them compared."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Path, Query, Request, Response

from matcher.api import scores
from matcher.api.access import caller_of
from matcher.api.answers import ASK_AGAIN, UNCHANGED, StrictRoute, answer, tagged
from matcher.api.bodies import KeptRunFacts, KeptScoreResults, RankAnswer, Replayed, RunCompany, RunPage
from matcher.api.models import MOST, RunId, Word
from matcher.api.problems import COMMON, RefusedError, documented
from matcher.api.remaking import in_china, kept_run, made_again, materials, page_of, unranked
from matcher.api.service import Made, Service, service_of
from matcher.errors import RequestError
from matcher.runs import library_versions
from matcher.store.runs import KeptRun, list_runs
from matcher.store.scores import KeptScores
from matcher.tuning.compared import Compared, compare
from matcher.tuning.outcome import Outcome, Reading, outcome_of, read_companies
from matcher.tuning.replay import Input, replay
from matcher.tuning.standing import standing_of

router = APIRouter(route_class=StrictRoute, tags=["批次"], responses=documented("not-found", "invalid-request", *COMMON))
_RunId = Annotated[RunId, Path()]


@router.get("/v1/runs", operation_id="list_runs", responses={200: {"model": RunPage}})
def list_kept(
    request: Request,
    zone: Annotated[Word | None, Query(description="只看这个园区")] = None,
    after: Annotated[RunId | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> Response:
    """Runs, the latest first (批次列表)."""
    caller = caller_of(request)
    if zone is not None:
        caller.check_zone(zone)
    zones = caller.zones if zone is None else (zone,)
    found = list_runs(service_of(request).store, zones=zones, after=after, most=limit + 1)
    page = found[:limit]
    return answer(
        {"runs": [_facts(in_china(one)) for one in page], "next": {"after": page[-1].run.id} if len(found) > limit else None}
    )


@router.get("/v1/runs/{run}", operation_id="get_run", responses={200: {"model": KeptRunFacts}, **UNCHANGED})
def get_run(run: _RunId, request: Request) -> Response:
    """What a run was asked, and the digests of all that went in and came out (批次清单)."""
    service = service_of(request)
    kept = _seen(request, run)
    if isinstance(kept, KeptScores):  # it is not kept for ever
        tag = f"{run}-{int(kept.kept_at.timestamp())}"
        return tagged(request, tag, lambda: scores.facts(service, kept), cache=ASK_AGAIN)
    return tagged(request, f"{kept.run.id}-{kept.results[:16]}", lambda: _facts(kept))


@router.get(
    "/v1/runs/{run}/results",
    operation_id="get_run_results",
    responses={200: {"model": RankAnswer | KeptScoreResults}, **UNCHANGED, **documented("gone")},
)
def get_results(
    run: _RunId,
    request: Request,
    offset: Annotated[int, Query(ge=0, le=MOST)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> Response:
    """The list of a run, or a page of it (批次的名单): made again where it is not at hand, and proved by its digest."""
    service = service_of(request)
    kept = _seen(request, run)
    tag = f"{kept.run.id}-{kept.results[:16]}-{offset}-{limit}"
    if isinstance(kept, KeptScores):
        return tagged(request, tag, lambda: _scores(service, kept, offset, limit), cache=ASK_AGAIN)
    return tagged(request, tag, lambda: page_of(made_again(service, run), offset, limit))


@router.get("/v1/runs/{run}/replay", operation_id="replay_run", responses={200: {"model": Replayed}})
def replay_run(run: _RunId, request: Request) -> Response:
    """Makes a run again from what is on disk: the same bytes, or which input differs (回放)."""
    service = service_of(request)
    kept = _seen(request, run)
    if isinstance(kept, KeptScores):
        return answer(_replayed(service, kept))
    found = replay(service.store, kept, materials(service))
    told = {field.name: getattr(found, field.name) for field in fields(found) if field.name != "run"}
    return answer({"run": run, "equal": found.equal, **told})


@router.get(
    "/v1/runs/{run}/companies/{uscc}",
    operation_id="explain_run_company",
    responses={200: {"model": RunCompany}, **UNCHANGED, **documented("gone")},
)
def explain(run: _RunId, uscc: Annotated[str, Path(max_length=64)], request: Request) -> Response:
    """One company in a run (批次里的一家企业): its place, what fired, what did not and why, the interval, what to ask first."""
    service = service_of(request)
    kept = _seen(request, run)
    tag = f"{run}-{kept.results[:16]}-{uscc[:64].encode().hex()}"
    if isinstance(kept, KeptScores):
        return tagged(request, tag, lambda: scores.explained(service, kept, uscc), cache=ASK_AGAIN)
    return tagged(request, tag, lambda: _explained(made_again(service, run), uscc))


@router.get(
    "/v1/runs/{old}/diff/{new}",
    operation_id="diff_runs",
    responses={200: {"model": Compared}, **UNCHANGED, **documented("gone", "conflict")},
)
def diff(old: _RunId, new: _RunId, request: Request) -> Response:
    """Two lists of one zone compared (两个批次对比): who enters, leaves and moves, and by which rule."""
    service = service_of(request)
    both = [_seen(request, one) for one in (old, new)]
    if any(isinstance(one, KeptScores) for one in both):
        raise RefusedError("conflict", "留存的评分不是名单，不能对比")
    if both[0].run.zone != both[1].run.zone:
        raise RefusedError("conflict", f"两个批次是两个园区的：{both[0].run.zone}、{both[1].run.zone}")
    tag = "-".join(f"{one.run.id}.{one.results[:16]}" for one in both)
    return tagged(request, tag, lambda: _compared(made_again(service, old), made_again(service, new)))


def _seen(request: Request, run: str) -> KeptRun | KeptScores:
    """A run, of a list or of scores, if its zone is for whoever asks."""
    service = service_of(request)
    kept = scores.find_scores(service, run) or kept_run(service, run)
    caller_of(request).check_zone(kept.run.zone)
    request.state.run_id = kept.run.id
    return kept


def _facts(kept: KeptRun) -> dict[str, Any]:
    return {"run": kept.run, "results": kept.results, "given": kept.given}


def _scores(service: Service, kept: KeptScores, offset: int, limit: int) -> dict[str, Any]:
    _, found = scores.scored_again(service, kept)
    more = offset + limit < len(found)
    page = [{"error": one} if isinstance(one, dict) else unranked(one) for one in found[offset : offset + limit]]
    return {"run": kept.run, "results": page, "next": {"run": kept.run.id, "offset": offset + limit} if more else None}


def _replayed(service: Service, kept: KeptScores) -> dict[str, Any]:
    engine, found, why = scores.again(service, kept)
    then, now = kept.run.versions, library_versions()
    run = kept.run
    inputs = [
        Input("rules", run.ruleset, "" if engine is None else engine.zone.digest, "规则副本", why if engine is None else ""),
        Input("corpora", run.corpora, "" if engine is None else engine.corpora.digest, "语料", why if engine and not found else ""),
    ]
    return {
        "run": run.id,
        "equal": not why,
        "inputs": inputs,
        "versions": {name: (then.get(name, ""), now.get(name, "")) for name in {*then, *now} if then.get(name) != now.get(name)},
        "then": kept.results,
        "now": scores.results_of(found) if found else None,
    }


def _explained(made: Made, uscc: str) -> dict[str, Any]:
    reading, outcome = made.outcome.get("outcome", lambda: _outcome(made))
    at = np.flatnonzero(reading.places == made.base.with_code(uscc))
    if not len(at):
        raise RequestError("企业", uscc, hint="企业库里有，但不在这个批次所问的城市")
    place = int(at[0])
    company = reading.companies.take(np.array([place]))
    result, explanation = made.engine.explain_companies(company, made.request)[0]
    asked = result.next_question
    return {
        "run": made.ranking.run.id,
        "standing": standing_of(made.engine, reading, outcome, place),
        "result": unranked(result),
        "explanation": explanation,
        "next_question": {"field": asked, "question": made.engine.questions[asked]} if asked else None,
    }


def _outcome(made: Made) -> tuple[Reading, Outcome]:
    reading = read_companies(made.engine, made.base.intake, made.request.cities, made.known)
    return reading, outcome_of(made.engine, reading, made.request)


def _compared(old: Made, new: Made) -> Compared:
    def reading() -> Reading:
        return old.outcome.get("outcome", lambda: _outcome(old))[0]

    return compare((old.engine, old.ranking), (new.engine, new.ranking), reading, old.request)
