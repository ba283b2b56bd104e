"""Nothing changes without a trace, and nothing that was stored is stored twice (审计与幂等).

An answer to an audited operation is held back until its line in the audit log is written; if that fails the request fails. A change is
noted before it is made, too. A change that comes again with the same ``Idempotency-Key`` gets the answer that it got before.
"""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Annotated

import anyio
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matcher.api.access import caller_of
from matcher.api.answers import StrictRoute, answer
from matcher.api.operations import FOUND, Found
from matcher.api.problems import COMMON, documented, problem, told_of
from matcher.api.records import Records
from matcher.api.roles import OPERATIONS, Operation
from matcher.errors import StoreError
from matcher.store import audit, idempotency
from matcher.store.audit import Entry
from matcher.store.database import Store
from matcher.store.idempotency import Answer, Claim, Taken

RUN = "run_id"
"""Where an endpoint leaves the id of the run that it made: ``request.state.run_id`` (批次号)."""
CLAIM = "claim"
"""Where an endpoint finds the claim of its ``Idempotency-Key``: ``request.state.claim`` (占用凭据)."""
_KEY = re.compile(rb"[\x21-\x7e]{1,255}")
_WAIT = 10.0  # seconds for the same request to be answered
_PAUSE = 0.05
_ASKING = (b"content-type", b"if-match")
"""Headers that make a request another one; so do the attributes of a CloudEvent (算作请求内容的头)."""
_NOT_KEPT = frozenset({"date", "server", "x-request-id", "ratelimit", "ratelimit-policy"})

router = APIRouter(route_class=StrictRoute, tags=["服务"], responses=documented("invalid-request", *COMMON))


class AuditEntry(BaseModel):
    """A line of the audit log (审计条目)."""

    id: int = Field(description="序号")
    at: datetime
    key: str | None = Field(description="密钥的编号；null 为本机不用密钥")
    name: str = Field(description="密钥的名称", examples=["跟踪系统"])
    operation: str = Field(examples=["rank_companies"])
    zone: str | None
    run: str | None = Field(description="批次号")
    status: int | None = Field(description="应答的状态码；null 为没有见到结果")
    request: str = Field(description="请求号")


class AuditPage(BaseModel):
    """Lines of the audit log, the newest first (审计记录一页)."""

    entries: list[AuditEntry]
    next: int | None = Field(description="下一页的 before；null 为没有了")


@router.get("/v1/audit", operation_id="list_audit", responses={200: {"model": AuditPage}})
def list_audit(
    request: Request,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="只要序号更小的")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="至多几条")] = 100,
) -> Response:
    """The audit log, the newest first (审计记录)."""
    caller_of(request)
    records: Records = request.app.state.records
    found = audit.lines(records.store(), before=before, limit=limit)
    told = [{"id": line.id, "at": line.at.isoformat(), **vars(line.entry)} for line in found]
    return answer({"entries": told, "next": found[-1].id if len(found) == limit else None})


@dataclass
class _Held:
    """An answer that is held back."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    async def give(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": bytes(self.body)})

    def kept(self) -> Answer:
        told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self.headers]
        return Answer(self.status, tuple(one for one in told if one[0].lower() not in _NOT_KEPT), bytes(self.body))


class Recorded:
    """Middleware that notes changes and rankings, and answers repeated changes from what it kept (审计中间件).

    Args:
        app: What stands behind it.
        records: The database.
    """

    def __init__(self, app: ASGIApp, records: Records) -> None:
        self.app, self._records = app, records

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        found: Found | None = scope.get(FOUND)
        wanted = OPERATIONS.get(found.id) if found else None
        if found is None or wanted is None or not (wanted.audited or wanted.changes):
            await self.app(scope, receive, send)
            return
        try:
            told = await self._handle(scope, receive, found, wanted)
        except StoreError as error:
            said = told_of(error)
            told = problem(said.kind, f"没有记下审计或应答，请求作废：{said.detail}", request_id=scope["state"].get("request_id"))
        if isinstance(told, _Held):
            await told.give(send)
        else:
            await told(scope, receive, send)

    async def _handle(self, scope: Scope, receive: Receive, found: Found, wanted: Operation) -> _Held | Response:
        given = next((value for name, value in scope["headers"] if name == b"idempotency-key"), None)
        if given is None or not wanted.changes:
            return await self._noted(scope, receive, found, wanted, None)
        request_id = scope["state"].get("request_id")
        if not _KEY.fullmatch(given):
            return problem(
                "invalid-request", "Idempotency-Key 应为 1 到 255 个可见字符", request_id=request_id, field="Idempotency-Key"
            )
        message = await receive()
        body: bytes = message.get("body", b"")
        claimed = await self._claim(scope, given.decode(), _digest(scope, body))
        if isinstance(claimed, Answer):
            headers = dict(claimed.headers) | {"Idempotency-Replayed": "true"}
            return Response(claimed.body, claimed.status, headers=headers)
        if claimed is Taken.OTHER_REQUEST:
            return problem("key-reused", "这个 Idempotency-Key 已用于另一个请求，请换一个", request_id=request_id)
        if isinstance(claimed, Claim):
            scope["state"][CLAIM] = claimed
        if isinstance(claimed, Taken):
            return problem("conflict", "同一请求还在处理，请稍后再试", request_id=request_id, headers={"Retry-After": "5"})

        async def again() -> Message:
            return message

        return await self._noted(scope, again, found, wanted, claimed)

    async def _claim(self, scope: Scope, key: str, digest: str) -> Claim | Answer | Taken:
        caller = scope["state"]["caller"].key or ""
        question = partial(idempotency.claim, caller=caller, key=key, digest=digest)
        until = time.monotonic() + _WAIT
        while True:
            claimed = await self._records.ask(question)
            if claimed is not Taken.UNDER_WAY or time.monotonic() > until:
                return claimed
            await anyio.sleep(_PAUSE)

    async def _noted(self, scope: Scope, receive: Receive, found: Found, wanted: Operation, held: Claim | None) -> _Held:
        """The answer, after its line is written; a change has one before, too."""
        state = scope["state"]
        caller = state["caller"]
        entry = Entry(caller.key, caller.name, found.id, state.get("request_id") or "", found.zone)
        given = _Held()
        done = False
        number = await self._records.ask(partial(audit.note, entry=entry)) if wanted.changes else None
        try:
            await self.app(scope, receive, given.take)
            done = 200 <= given.status < 500
            if held is not None and done:
                await self._records.ask(partial(idempotency.keep, held=held, answer=given.kept()))
        finally:
            with anyio.CancelScope(shield=True):
                if held is not None and not done:
                    await self._records.ask(partial(idempotency.give_back, held=held))
                await self._records.ask(partial(ended, entry=entry, number=number, status=given.status or 500, run=state.get(RUN)))
        return given


def ended(store: Store, entry: Entry, number: int | None, status: int, run: str | None) -> None:
    """Notes how something has ended (记结果): on the line that it has already, else on one of its own."""
    if number is None:
        audit.note(store, Entry(**{**vars(entry), "status": status, "run": run}))
    else:
        audit.finish(store, number, status, run)


def _digest(scope: Scope, body: bytes) -> str:
    told = hashlib.sha256()
    told_beside = sorted(name + b":" + value for name, value in scope["headers"] if name in _ASKING or name.startswith(b"ce-"))
    parts = (scope["method"].encode(), scope["path"].encode("utf-8", "surrogatepass"), scope.get("query_string", b""))
    for part in (*parts, *told_beside, body):
        told.update(len(part).to_bytes(8, "little") + part)
    return told.hexdigest()
