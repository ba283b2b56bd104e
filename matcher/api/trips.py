"""Trips (行程): plan, plan again, read in any form, and enter into the ledgers; every plan is kept by its digest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from importlib.util import find_spec
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime

from matcher.api.access import caller_of
from matcher.api.answers import KEEP, UNCHANGED, StrictRoute, answer, tagged
from matcher.api.formats import FILES, file_answer, format_of
from matcher.api.ledger import reach_of, writing
from matcher.api.ledger_rows import written_data
from matcher.api.problems import COMMON, RefusedError, documented
from matcher.api.service import Service, service_of
from matcher.api.trip_models import EnterBody, EnteredTrip, ReplanBody, TripAnswer, TripBody, TripPage
from matcher.engine import Engine
from matcher.ledger import reading
from matcher.ledger.books import ALL
from matcher.rules.trips import load_trip_rules
from matcher.snapshot import ProfileCache
from matcher.store.trips import KeptTrip, list_trips, load_trip
from matcher.trips.plans import TripPlan

router = APIRouter(route_class=StrictRoute, tags=["行程"], responses=documented("not-found", "invalid-request", *COMMON))
_TRIPS = "/v1/zones/{zone}/trips"
_TRIP = _TRIPS + "/{trip}"
_TripId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="计划号", examples=["0f" * 16])]
_STORING = documented("not-json", "conflict", "too-large", "unsupported-media-type", "key-reused")


@router.post(_TRIPS, operation_id="plan_trip", status_code=201, responses={201: {"model": TripAnswer}, **_STORING})
def plan_trip(zone: str, body: TripBody, request: Request) -> Response:
    """Plans a trip over the companies of the service (排行程), and keeps the plan; chances are the ledgers' where they know."""
    service = service_of(request)
    _check_installed()
    from matcher.trips.planning import plan

    wanted = body.request()
    engine, known, chances = _prepared(service, zone, body.ruleset, body.register_name, wanted.start)
    rules = load_trip_rules(service.settings.rules)
    made = plan(engine, service.state.companies().intake, wanted, rules, known=known, chances=chances)
    return _kept(service, request, zone, made)


@router.get(_TRIPS, operation_id="list_trips", responses={200: {"model": TripPage}})
def list_kept(
    zone: str,
    request: Request,
    before: Annotated[AwareDatetime | None, Query(description="只要更早留存的，带时区；上一页的 next")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Plans that are kept, the latest first (计划列表)."""
    service = service_of(request)
    service.state.engine(zone)
    found = list_trips(service.store, zone, before=before, most=limit)
    return answer({"trips": [asdict(one) for one in found], "next": found[-1].kept_at if len(found) == limit else None})


@router.get(
    _TRIP,
    operation_id="get_trip",
    responses={
        200: {
            "model": TripPlan,
            "content": {FILES[form]: {"schema": {"type": "string", "format": "binary"}} for form in ("xlsx", "docx", "ics")},
        },
        **UNCHANGED,
        **documented("not-acceptable"),
    },
    response_class=Response,
)
def get_trip(
    zone: str,
    trip: _TripId,
    request: Request,
    format: Annotated[Literal["json", "xlsx", "docx", "ics"] | None, Query(description="格式；不写的看 Accept")] = None,
) -> Response:
    """A plan (取计划): JSON, workbook, document with visit sheets, or calendar."""
    service = service_of(request)
    form = format_of(request, format, ("json", "xlsx", "docx", "ics"))
    engine = service.state.engine(zone)
    told = load_trip(service.store, zone, trip)
    if form == "json":
        return tagged(request, trip, lambda: told, cache=KEEP)
    _check_installed()
    from matcher.trips.keeping import plan_of

    plan = plan_of(told)
    return file_answer(_makers()[form](plan, engine), form, f"行程 {plan.start} {trip[:8]}")


@router.post(_TRIP + "/replan", operation_id="replan_trip", status_code=201, responses={201: {"model": TripAnswer}, **_STORING})
def replan_trip(zone: str, trip: _TripId, body: ReplanBody, request: Request) -> Response:
    """Plans again after refusals (重排): others keep team, day and time; what is free is filled as best it can, or by ``instead``."""
    service = service_of(request)
    _check_installed()
    from matcher.trips.replan import called_instead, replan, request_of

    before = load_trip(service.store, zone, trip)
    start = request_of(before).start
    engine, known, chances = _prepared(service, zone, body.ruleset, body.register_name, start)
    rules = load_trip_rules(service.settings.rules)
    intake = service.state.companies().intake
    if body.instead is None:
        made = replan(engine, intake, before, body.refused, rules, agreed=body.agreed, known=known, chances=chances)
    else:
        gone, other = body.refused[0], body.instead
        made = called_instead(engine, intake, before, gone, other, rules, agreed=body.agreed, known=known, chances=chances)
    return _kept(service, request, zone, made)


@router.post(_TRIP + "/activities", operation_id="enter_trip", status_code=201, responses={201: {"model": EnteredTrip}, **_STORING})
def enter_trip(zone: str, trip: _TripId, body: EnterBody, request: Request) -> Response:
    """Turns a plan into activities (登记行程): one for each team, and targets for those whom nobody works on yet; once a plan."""
    service = service_of(request)
    _check_installed()
    from matcher.trips.entering import Whose, enter
    from matcher.trips.keeping import kept_plan

    reach = reach_of(request, service, zone)
    plan = kept_plan(service.store, zone, trip)
    group = body.group if body.group is not None or reach.writes_all else reach.caller.group
    with writing(request, service, reach.setting) as entry:
        done = enter(entry, plan, Whose(group, body.department, body.owner), targets=body.targets)
        for one in (*done.activities, *done.targets):
            book = ALL[one.book]
            reach.check_write(entry.connection, book, reading.row(entry.connection, reach.setting, book, one.id))
    told = {
        "activities": [written_data(one, []) for one in done.activities],
        "targets": [written_data(one, []) for one in done.targets],
        "known": done.known,
    }
    return answer(told, 201, {"Location": f"/v1/zones/{zone}/ledger/activities/{done.activities[0].id}"})


def _prepared(
    service: Service, zone: str, ruleset: str, register: str | None, start: date
) -> tuple[Engine, ProfileCache | None, dict[str, float]]:
    """The engine as of the trip's first day, what is known of the texts, and the chances that the ledgers tell."""
    from matcher.trips.chances import chances_of

    state = service.state
    engine = service.prepared(state, zone, ruleset, register, start).engine
    known = state.known(engine)
    chances = chances_of(engine.tracked or (), load_trip_rules(service.settings.rules), start)
    return engine, known if isinstance(known, ProfileCache) else None, chances


def _kept(service: Service, request: Request, zone: str, made: TripPlan) -> Response:
    from matcher.trips.keeping import keep_plan
    from matcher.trips.replan import plan_json

    kept: KeptTrip = keep_plan(service.store, made, by=caller_of(request).name)
    request.state.run_id = made.run.id
    location = {"Location": f"/v1/zones/{zone}/trips/{kept.id}"}
    return answer({"kept": asdict(kept), "plan": plan_json(made)}, 201, location)


def _makers() -> dict[str, Callable[[TripPlan, Engine], bytes]]:
    from matcher.outputs.trip_xlsx import trip_xlsx
    from matcher.trips.calendar import calendar
    from matcher.trips.document import document

    return {
        "xlsx": lambda plan, engine: trip_xlsx(plan, engine.zone),
        "docx": lambda plan, engine: document(plan, engine.zone),
        "ics": lambda plan, _engine: calendar(plan),
    }


def _check_installed() -> None:
    if any(find_spec(name) is None for name in ("ortools", "docx", "icalendar")):
        raise RefusedError("not-ready", "服务器上没有装行程组件，请管理员装上")
