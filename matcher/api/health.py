"""Whether the service lives, and whether it can work, on what (存活与就绪)."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from matcher.api.access import STRANGER, caller_of
from matcher.api.answers import OpenRoute, answer
from matcher.api.bodies import Readiness
from matcher.api.problems import COMMON, documented
from matcher.api.service import Service, service_of
from matcher.api.state import State
from matcher.errors import StoreError
from matcher.store.rulesets import newest, versions

router = APIRouter(route_class=OpenRoute, tags=["服务"], responses=documented(*COMMON))


class Alive(BaseModel):
    """The process answers (存活)."""

    status: Literal["ok"]


@router.get("/healthz", operation_id="healthz", responses={200: {"model": Alive}})
def healthz() -> Response:
    """The process answers (存活检查)."""
    return answer({"status": "ok"})


@router.get(
    "/readyz",
    operation_id="readyz",
    responses={200: {"model": Readiness}, 503: {"model": Readiness, "description": "还不能工作，或不能全部工作"}},
)
def readyz(request: Request) -> Response:
    """Whether this worker can work (就绪检查): snapshot and rules in use, and what was refused and why; the old one then stays."""
    told = readiness(service_of(request))
    if caller_of(request) == STRANGER:  # the reason names folders
        told["refused"] = [{**one, "why": "原因不对外说，见服务器的日志"} for one in told["refused"]]
    return answer(told, 200 if told["status"] == "ready" else 503, {"Cache-Control": "no-store"})


def readiness(service: Service) -> dict[str, Any]:
    """What ``/readyz`` answers (就绪情况), for metrics too."""
    keeper = service.keeper
    state = keeper.state
    published, database = _published(service, state)
    sound = service.look_at_ledgers()
    ready = state.base is not None and not state.broken and sound and database == "ok"
    return {
        "status": "ready" if ready else "not-ready",
        "state": state.number,
        "opened_at": state.opened_at.isoformat(timespec="seconds"),
        "watching": keeper.watching,
        "database": database,
        "companies": None
        if state.base is None
        else {
            "version": state.base.version,
            "source": "snapshot" if state.base.snapshot is not None else "sample",
            "companies": len(state.base),
        },
        "rules": [
            {
                "zone": zone,
                "digest": engine.zone.digest,
                "published": published.get(zone),
                "texts_read": state.base is not None and state.known(engine) is not None,
            }
            for zone, engine in state.engines.items()
        ],
        "refused": [
            {"what": one.what, "version": one.version, "why": one.why, "since": one.since.isoformat(timespec="seconds")}
            for one in service.refused
        ],
    }


def _published(service: Service, state: State) -> tuple[dict[str, int | None], str]:
    try:
        found = {zone: newest(versions(service.store, zone)) for zone in state.engines}
    except StoreError:
        return {}, "unavailable"
    return {zone: one.number if one else None for zone, one in found.items()}, "ok"
