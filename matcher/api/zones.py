"""Zones and what is declared of them (园区)."""

from __future__ import annotations

from fastapi import APIRouter, Response

from matcher.api.answers import StrictRoute, answer
from matcher.api.problems import COMMON, documented
from matcher.api.ranking import _engine
from matcher.rules import zone_ids

router = APIRouter(route_class=StrictRoute, tags=["园区"], responses=documented("not-found", "invalid-request", *COMMON))


@router.get("/v1/zones", operation_id="list_zones")
def list_zones() -> Response:
    """Zones that have rules (园区列表)."""
    return answer({"zones": zone_ids()})


@router.get("/v1/zones/{zone}", operation_id="get_zone")
def get_zone(zone: str) -> Response:
    """The zone: place, groups, anchors, each with its ground (园区)."""
    return answer(_engine(zone).zone.file.model_dump(mode="json"))


@router.get("/v1/zones/{zone}/chains", operation_id="get_chains")
def get_chains(zone: str) -> Response:
    """Chains with segments, needs and edges (产业链)."""
    return answer({"chains": [chain.model_dump(mode="json") for chain in _engine(zone).zone.chains]})


@router.get("/v1/zones/{zone}/rules", operation_id="get_rules")
def get_rules(zone: str) -> Response:
    """Vetoes, groups and rules (评分规则)."""
    return answer(_engine(zone).zone.scoring.model_dump(mode="json"))
