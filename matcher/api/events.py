"""Events from the tracking system (跟踪系统的事件): plain JSON or CloudEvents, one or a batch; what is answered is kept."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import unquote

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from matcher.api.access import caller_of
from matcher.api.answers import StrictRoute, answer
from matcher.api.ledger import TRACKER, reach_of
from matcher.api.ledger_models import EventAnswers, EventPage, Settling
from matcher.api.problems import COMMON, KINDS, RefusedError, documented, urn
from matcher.api.service import service_of
from matcher.ledger import reading
from matcher.ledger.books import PROJECTS, TARGETS, Book
from matcher.ledger.events import MOST_AT_ONCE, Fate, read_event
from matcher.ledger.events import Answer as Answered
from matcher.ledger.events_kept import kept_events
from matcher.ledger.events_received import receive, settle

router = APIRouter(route_class=StrictRoute, tags=["事件"], responses=documented("not-found", "invalid-request", *COMMON))
_BATCH, _ONE, _PLAIN = "application/cloudevents-batch+json", "application/cloudevents+json", "application/json"
KeptFate = Literal["applied", "superseded", "parked", "refused"]
"""What became of an event that was kept (收下的事件的结果)."""
_RESULTS: dict[Fate, str] = {
    "applied": "accepted", "superseded": "accepted", "parked": "parked", "duplicate": "duplicate", "refused": "refused",
    "invalid": "refused",
}  # fmt: skip
_PROBLEMS: dict[Fate, str] = {"refused": "event-refused", "invalid": "invalid-request"}
_STORING = documented("not-json", "conflict", "too-large", "unsupported-media-type", "key-reused")
_EXAMPLE = {
    "source": "跟踪系统", "id": "8a1f", "type": "target.step", "time": "2024-08-27T10:00:00+08:00",
    "company": {"name": "某某有限公司", "uscc": ""}, "data": {"step": "洽谈", "reason": "电话约定"},
}  # fmt: skip
_CLOUD = {
    "specversion": "1.0", "source": "/tracking", "id": "8a1f", "type": "cn.example.target.step", "time": "2024-08-27T10:00:00+08:00",
    "subject": "某某有限公司", "datacontenttype": "application/json", "data": {"step": "洽谈"},
}  # fmt: skip
_BATCHED = {"type": "array", "maxItems": MOST_AT_ONCE, "items": {"type": "object"}}
_TAKES = {
    "requestBody": {
        "required": True,
        "description": "一个事件，或不超过 1,000 个的数组。普通 JSON：source、id、type、time、company、data。CloudEvents 1.0："
        "结构化（application/cloudevents+json）、批量（application/cloudevents-batch+json）、"
        "二进制（属性在 ce- 开头的请求头里，正文是 data）",
        "content": {
            _PLAIN: {"schema": {"anyOf": [{"type": "object"}, _BATCHED]}, "example": [_EXAMPLE]},
            _ONE: {"schema": {"type": "object"}, "example": _CLOUD},
            _BATCH: {"schema": _BATCHED, "example": [_CLOUD]},
        },
    }
}


async def raw_body(request: Request) -> bytes:
    """The body as it came (原样的请求体)."""
    return await request.body()


@router.post(
    "/v1/zones/{zone}/ledger/events",
    operation_id="receive_events",
    responses={200: {"model": EventAnswers}, **_STORING},
    openapi_extra=_TAKES,
)
def receive_events(zone: str, request: Request, body: Annotated[bytes, Depends(raw_body)]) -> Response:
    """Takes events (收事件), and answers each in order; the same ``source`` and ``id`` counts once. What is answered is kept."""
    service = service_of(request)
    setting = service.setting(zone)
    items, single = _items(request, body)
    if single:
        read_event(items[0], datetime.now(UTC))  # what is none is a problem with its field: such a sender looks at the status only
    answers = receive(service.store, setting, items, by=caller_of(request).name)
    return answer({"answers": [_told(one) for one in answers]})


@router.get("/v1/zones/{zone}/ledger/events", operation_id="list_events", responses={200: {"model": EventPage}})
def list_events(
    zone: str,
    request: Request,
    fate: Annotated[KeptFate | None, Query(description="只要这样的；parked 为等人认定的")] = None,
    source: Annotated[str | None, Query(max_length=200, description="只要这个来源的")] = None,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="上一页的 next.after")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Events as they were kept and what became of each (收下的事件); ``parked`` are those that wait for somebody to say who is meant.

    A key of a group gets these only: whoever knows the company says so.
    """
    service = service_of(request)
    reach = reach_of(request, service, zone)
    if not reach.reads_all and reach.caller.role != TRACKER:
        if fate not in (None, "parked"):
            raise RefusedError("forbidden", "本组的密钥只能看等人认定的事件（fate=parked）", field="fate")
        fate = "parked"
    found = kept_events(service.store, reach.setting.zone, fate=fate, source=source, after=after, most=limit)
    more = {"after": found[-1].event} if len(found) == limit else None
    return answer({"events": [asdict(one) for one in found], "next": more})


@router.post(
    "/v1/zones/{zone}/ledger/parked",
    operation_id="settle_events",
    responses={200: {"model": EventAnswers}, **_STORING},
)
def settle_events(zone: str, body: Settling, request: Request) -> Response:
    """Says whom a name in events means, and enters what waited for it (认定企业); later events of that name go the same way.

    A group settles what belongs to its own rows; events about rows of others go on waiting.
    """
    service = service_of(request)
    reach = reach_of(request, service, zone)
    if not reach.writes_all and body.target is None and body.project is None:
        raise RefusedError("forbidden", "应写明是本组的哪个目标或项目：target 或 project", field="target")
    meant: tuple[tuple[Book[Any], int | None], ...] = ((TARGETS, body.target), (PROJECTS, body.project))
    with service.store.reading() as connection:
        for book, id_ in meant:
            if id_ is not None:
                reach.check_write(connection, book, reading.row(connection, reach.setting, book, id_))
    by, company = caller_of(request).name, body.company
    group = None if reach.writes_all else reach.caller.group
    answers = settle(service.store, reach.setting, company, by=by, target=body.target, project=body.project, group=group)
    return answer({"answers": [_told(one) for one in answers]})


def _items(request: Request, body: bytes) -> tuple[list[Any], bool]:
    """The events of a request, and whether it is a single one."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    binary = "ce-specversion" in request.headers
    if kind not in (_PLAIN, _BATCH, _ONE):
        raise RefusedError("unsupported-media-type", f"事件应为 {_PLAIN}、{_ONE} 或 {_BATCH}")
    try:
        given = orjson.loads(body) if body or not binary else {}
    except orjson.JSONDecodeError as error:
        raise RefusedError("not-json", f"不是有效的 JSON：第 {error.pos} 个字符附近") from None
    if binary:
        attributes = {name[3:]: unquote(value) for name, value in request.headers.items() if name.startswith("ce-")}
        return [{**attributes, "datacontenttype": kind, "data": given}], True
    if isinstance(given, dict) and kind != _BATCH:
        return [given], True
    if not isinstance(given, list) or kind == _ONE:
        raise RefusedError("invalid-request", "应为一个事件对象" if kind == _ONE else "应为事件的数组", field="请求体")
    return given, False


def _told(one: Answered) -> dict[str, Any]:
    told = {**asdict(one), "result": _RESULTS[one.fate]}
    if one.fate in _PROBLEMS:
        kind = _PROBLEMS[one.fate]
        status, title = KINDS[kind]
        told["problem"] = {"type": urn(kind), "title": title, "status": status, "detail": one.said, "row": one.index + 1}
    return told
