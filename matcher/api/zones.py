"""Zones and what is declared of them (园区): facts, chains, rules, and what the chains lack by a saved register."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from matcher.api.access import caller_of
from matcher.api.answers import ASK_AGAIN, UNCHANGED, StrictRoute, answer, tagged
from matcher.api.bodies import Chains, GapList, Rules, ZoneFacts, ZoneList
from matcher.api.models import RulesetWord, Word
from matcher.api.problems import COMMON, documented
from matcher.api.service import service_of
from matcher.rules import Zone, zone_ids
from matcher.rules.schema import ScoringFile
from matcher.runs import Request as RankRequest
from matcher.runs import today
from matcher.store.registers import find_register
from matcher.tuning.rulesets import DRAFT

router = APIRouter(route_class=StrictRoute, tags=["园区"], responses=documented("not-found", "invalid-request", *COMMON))
_Ruleset = Annotated[RulesetWord, Query()]


@router.get("/v1/zones", operation_id="list_zones", responses={200: {"model": ZoneList}})
def list_zones(request: Request) -> Response:
    """Zones that have rules (园区列表)."""
    caller = caller_of(request)
    return answer({"zones": [zone for zone in zone_ids(service_of(request).settings.rules) if caller.may_see(zone)]})


@router.get("/v1/zones/{zone}", operation_id="get_zone", responses={200: {"model": ZoneFacts}, **UNCHANGED})
def get_zone(zone: str, request: Request, ruleset: _Ruleset = DRAFT) -> Response:
    """The zone: place, groups, anchors, each with its ground (园区)."""
    found = _zone(request, zone, ruleset)
    return tagged(request, found.digest, lambda: {"digest": found.digest, **found.file.model_dump(mode="json")}, cache=ASK_AGAIN)


@router.get("/v1/zones/{zone}/chains", operation_id="get_chains", responses={200: {"model": Chains}, **UNCHANGED})
def get_chains(zone: str, request: Request, ruleset: _Ruleset = DRAFT) -> Response:
    """Chains with segments, needs and edges (产业链)."""
    found = _zone(request, zone, ruleset)

    def told() -> dict[str, Any]:
        return {"digest": found.digest, "chains": [chain.model_dump(mode="json") for chain in found.chains]}

    return tagged(request, found.digest, told, cache=ASK_AGAIN)


@router.get("/v1/zones/{zone}/rules", operation_id="get_rules", responses={200: {"model": Rules}, **UNCHANGED})
def get_rules(zone: str, request: Request, ruleset: _Ruleset = DRAFT) -> Response:
    """Vetoes, groups and rules (评分规则)."""
    found = _zone(request, zone, ruleset)
    scoring: ScoringFile = found.scoring
    return tagged(request, found.digest, lambda: {"digest": found.digest, **scoring.model_dump(mode="json")}, cache=ASK_AGAIN)


@router.get("/v1/zones/{zone}/gaps", operation_id="get_gaps", responses={200: {"model": GapList}})
def get_gaps(
    zone: str,
    request: Request,
    ruleset: _Ruleset = DRAFT,
    register: Annotated[Word, Query(description="留存的本地名录的名称；不写的用最近留存的一份")] = "",
    chain: Annotated[Word | None, Query(description="只看这条产业链")] = None,
) -> Response:
    """What each segment has in a saved local register, and which need follows (缺口)."""
    service = service_of(request)
    engine, _ = service.ruled(service.state, zone, ruleset)
    engine.check(RankRequest(as_of=today(), chains=(chain,) if chain is not None else ()))
    found = find_register(service.store, zone, register)
    gaps = service.gaps(engine, found)
    segments = [gap for gap in gaps.segments if chain in (None, gap.chain)]
    return answer(
        {
            "register": found.name,
            "as_of": found.as_of,
            "complete": found.complete,
            "gaps": {"coverage": gaps.coverage, "segments": segments},
        }
    )


def _zone(request: Request, zone: str, ruleset: str) -> Zone:
    service = service_of(request)
    return service.ruled(service.state, zone, ruleset)[0].zone
