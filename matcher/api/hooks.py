"""Webhooks over HTTP (回调接口), for administrators: who is told of changes, what could not be delivered. Secrets are shown once."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from matcher.api.access import caller_of
from matcher.api.answers import StrictRoute, answer
from matcher.api.problems import COMMON, documented
from matcher.api.service import service_of
from matcher.ledger import letters, webhooks

router = APIRouter(route_class=StrictRoute, tags=["回调"], responses=documented("not-found", "invalid-request", *COMMON))
_HOOKS, _LETTERS = "/v1/zones/{zone}/ledger/hooks", "/v1/zones/{zone}/ledger/letters"
_NO_STORE = {"Cache-Control": "no-store"}
Topic = Literal["stage", "band"]
_Id = Annotated[int, Path(ge=1, le=2**31 - 1, description="回调的编号")]


class NewHook(BaseModel):
    """A webhook to enter (要登记的回调)."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"url": "https://tracking.example/hook", "topics": ["stage"]}]}
    )

    url: Annotated[str, Field(max_length=500, description="http 或 https 的网址；不能指向服务本机")]
    topics: Annotated[list[Topic], Field(max_length=2, description="stage 阶段变动，band 档次变动；空着是全部")] = []


class HookTold(BaseModel):
    """A webhook (一个回调); its secret is never told."""

    id: int
    url: str
    topics: list[Topic]
    created_at: datetime
    created_by: str
    ended_at: datetime | None


class HookList(BaseModel):
    """Webhooks of a zone, those that ended too (各回调)."""

    hooks: list[HookTold]


class HookMade(BaseModel):
    """A webhook that was entered (登记的回调)."""

    id: int
    secret: str = Field(description="签名的密钥，只显示这一次")


class HookEnded(BaseModel):
    """A webhook that ended (停用的回调)."""

    ended: int


class Letter(BaseModel):
    """What a webhook is to be told (一次投递)."""

    id: int
    hook: int
    url: str
    topic: Topic
    body: dict[str, Any]
    attempts: int
    due_at: datetime
    last_error: str
    delivered_at: datetime | None
    dead_at: datetime | None


class LetterList(BaseModel):
    """What waits to be delivered, or was given up (待投、死信)."""

    letters: list[Letter]


class Revived(BaseModel):
    """How many are tried again (重投), a few each minute."""

    revived: int
    left: int = Field(description="还有几个死信没有重投")
    until: datetime | None = Field(description="最后一个排在何时；一个都没有的为 null")


@router.get(_HOOKS, operation_id="list_hooks", responses={200: {"model": HookList}})
def list_hooks(zone: str, request: Request) -> Response:
    """Webhooks of a zone (各回调)."""
    service = service_of(request)
    found = webhooks.hooks_of(service.store, service.setting(zone).zone)
    return answer({"hooks": [asdict(one) for one in found]})


@router.post(
    _HOOKS,
    operation_id="add_hook",
    status_code=201,
    responses={201: {"model": HookMade}, **documented("not-json", "too-large", "unsupported-media-type")},
)
def add_hook(zone: str, body: NewHook, request: Request) -> Response:
    """Enters a webhook (登记回调): it is told of what changes from now on. The secret is in this answer and in no other."""
    service = service_of(request)
    setting = service.setting(zone)
    webhooks.check_outside(body.url)
    id_, secret = webhooks.add_hook(service.store, setting.zone, body.url, body.topics, by=caller_of(request).name)
    return answer({"id": id_, "secret": secret}, 201, _NO_STORE)


@router.delete(_HOOKS + "/{id}", operation_id="end_hook", responses={200: {"model": HookEnded}})
def end_hook(zone: str, id: _Id, request: Request) -> Response:
    """Ends a webhook (停用回调); what still waits for it is not sent."""
    service = service_of(request)
    webhooks.end_hook(service.store, service.setting(zone).zone, id, by=caller_of(request).name)
    return answer({"ended": id})


@router.get(_LETTERS, operation_id="list_letters", responses={200: {"model": LetterList}})
def list_letters(
    zone: str,
    request: Request,
    dead: Annotated[bool, Query(description="死信：试了几次都没有投到、不再试的")] = False,
    limit: Annotated[int, Query(ge=1, le=1000, description="至多几个，最早的在前")] = 100,
) -> Response:
    """What waits to be delivered, or was given up (待投、死信)."""
    service = service_of(request)
    found = letters.undelivered(service.store, service.setting(zone).zone, dead=dead)
    return answer({"letters": [asdict(one) for one in found[:limit]]})


@router.post(_LETTERS + "/revive", operation_id="revive_letters", responses={200: {"model": Revived}})
def revive_letters(
    zone: str,
    request: Request,
    limit: Annotated[int, Query(ge=1, le=letters.MOST_REVIVED, description="至多几个，最早的在前")] = letters.MOST_REVIVED,
) -> Response:
    """Gives what was given up another round of tries (死信重投), a few each minute, behind those revived before."""
    service = service_of(request)
    return answer(letters.revive(service.store, service.setting(zone).zone, most=limit))
