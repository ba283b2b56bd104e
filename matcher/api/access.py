"""Who calls, and whether he may (访问控制): before anything of a request's body is read.

``Door`` is middleware: it finds the operation, the caller and what the table of ``roles`` says, and turns away what may not pass.
``admitted`` is the second bolt: a dependency of every route that refuses a request that did not come through the door.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matcher.api.browsers import address_of, headers_of, strange_caller, strange_host, strange_page
from matcher.api.operations import FOUND, Found
from matcher.api.problems import RefusedError, problem, told_of
from matcher.api.rates import Buckets, Rate, Room
from matcher.api.records import Records
from matcher.api.roles import OPERATIONS, Operation
from matcher.api.settings import Limits, Settings
from matcher.errors import StoreError
from matcher.store import keys
from matcher.store.keys import ApiKey, KeptKey, Standing

FRESH = 1.0
"""Seconds for which a key is not looked up again (密钥缓存秒数): so long a revoked one may still pass."""
_MOST_CACHED = 1000
_MOST_HEADERS = 100
_MOST_OF_HEADERS = 32 * 1024
COUNTED = "counted"
"""In the state of a request that was counted against its key's rate (已计入频率)."""
_CALLER = "caller"  # in the request's state
_BEARER = re.compile(r"Bearer +([A-Za-z0-9._~+/=-]+)", re.IGNORECASE)
_CHALLENGE = 'Bearer realm="lianzhao"'


@dataclass(frozen=True)
class Caller:
    """Who calls (调用者).

    Attributes:
        key: Id of the key; None for somebody at this machine.
        name: What the key is called.
        zones: Whose rules and companies it may ask for; None is all.
        group: The recruitment group whose rows of the ledgers are its own.
        leader: Whether it reads all rows of the ledgers.
        per_minute: Requests in a minute; 0 is no limit, None as the settings say.
        body: Most bytes of a body; None as the settings say.
    """

    key: str | None
    name: str
    role: str
    zones: tuple[str, ...] | None = None
    scopes: tuple[str, ...] | None = None
    group: str | None = None
    leader: bool = False
    per_minute: int | None = None
    body: int | None = None

    @classmethod
    def with_key(cls, key: ApiKey) -> Caller:
        """Whoever has a key (持密钥的调用者)."""
        return cls(key.id, key.name, key.role, key.zones, key.scopes, key.group, key.leader, key.per_minute, key.body)

    def may_see(self, zone: str) -> bool:
        """Whether a zone's things are for it (可看的园区)."""
        return self.zones is None or zone in self.zones

    def may(self, operation: str) -> bool:
        """Whether its role and its scopes open an operation (可做的操作)."""
        wanted = OPERATIONS[operation]
        return self.role in wanted.roles and (self.scopes is None or wanted.scope in self.scopes)

    def limits(self, usual: Limits) -> Limits:
        """What it may ask for (限额): its own where it has some, else what is usual."""
        per_minute = usual.per_minute if self.per_minute is None else self.per_minute
        return replace(usual, per_minute=per_minute, body=usual.body if self.body is None else self.body)

    def check_zone(self, zone: str) -> None:
        """Raises if a zone's things are not for it (检查园区), for operations whose path names none.

        Raises:
            RefusedError: They are not.
        """
        if not self.may_see(zone):
            raise RefusedError("forbidden", "这把密钥不能用于这个园区", field="zone")


LOCAL = Caller(None, "本机", "admin", leader=True)
"""Whoever is at this machine, where no keys are asked for (本机用户)."""

STRANGER = Caller(None, "", "", zones=())
"""Whoever asks what is open to all (未认证的调用者)."""


def limits_of(scope: Scope, usual: Limits) -> Limits:
    """The limits of whoever sent a request (调用者的限额): its key's own, else the settings'."""
    caller = scope.get("state", {}).get(_CALLER)
    return caller.limits(usual) if isinstance(caller, Caller) else usual


def caller_of(request: Request) -> Caller:
    """Who calls (调用者)."""
    found = getattr(request.state, _CALLER, None)
    if not isinstance(found, Caller):
        raise RefusedError("forbidden", "没有权限")
    return found


_scheme = HTTPBearer(auto_error=False, scheme_name="key", description="lianzhao keys create 建的接口密钥")


async def admitted(request: Request, _shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)]) -> None:
    """Refuses what did not come through the door, or came through it as something else (第二道门).

    It waits for nothing; were it no coroutine, every request would change threads for it.

    Raises:
        RefusedError: So it is.
    """
    found = request.scope.get(FOUND)
    route = request.scope.get("route")
    if found is None or found.id not in OPERATIONS or found.id != getattr(route, "operation_id", None):
        raise RefusedError("forbidden", "没有权限")
    caller_of(request)


class Callers:
    """Finds who a key belongs to (认密钥), and keeps what it found for ``FRESH`` seconds."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._known: dict[str, tuple[float, KeptKey]] = {}

    def cached(self, token: str) -> ApiKey | None:
        """The key, if it was looked up just now and is this one (缓存的密钥)."""
        held = self._known.get(keys.key_id(token) or "")
        if held is None or time.monotonic() - held[0] > FRESH:
            return None
        return held[1].key if keys.proves(token, held[1]) else None

    async def find(self, token: str) -> ApiKey | None:
        """The key; None if there is none or its secret is wrong (查密钥).

        Raises:
            StoreError: The database cannot be read.
        """
        id_ = keys.key_id(token)
        if id_ is None:
            return None
        kept = await self._records.ask(partial(keys.find_key, id_=id_))
        if not keys.proves(token, kept) or kept is None:
            return None
        if len(self._known) >= _MOST_CACHED:
            self._known.clear()
        self._known[id_] = (time.monotonic(), kept)
        now = datetime.now(UTC)
        if keys.used_long_ago(kept.key, now):
            self._known[id_] = (time.monotonic(), replace(kept, key=replace(kept.key, last_used_at=now)))
            self._records.later(partial(keys.note_use, id_=id_, now=now))
        return kept.key


class _TurnedAwayError(Exception):
    """A request that is turned away."""

    def __init__(self, response: Response) -> None:
        self.response = response


class Door:
    """Middleware that lets through what may pass (大门).

    Args:
        app: What stands behind it.
        settings: Of the service.
        records: The database.
        buckets: Rates shared by all workers.
    """

    def __init__(self, app: ASGIApp, settings: Settings, records: Records, buckets: Buckets) -> None:
        self.app, self._settings, self._buckets = app, settings, buckets
        self._callers = Callers(records)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self._connect(scope, receive, send)
            return
        headers = headers_of(scope)
        origin = headers.get("origin", "")
        sender = _allowing(origin, send) if origin in self._settings.origins else send
        try:
            self._check_head(scope)
            room = await self._admit(scope, headers)
        except _TurnedAwayError as turned:
            await turned.response(scope, receive, sender)
            return
        await self.app(scope, receive, _with_room(room, limits_of(scope, self._settings.limits), sender) if room else sender)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a socket through to the pages, if it comes whence a page may; who it is, the pages ask."""
        settings, headers = self._settings, headers_of(scope)
        reason = strange_host(headers, settings) or strange_page(scope, headers, settings)
        if reason is None and not settings.needs_keys:
            reason = strange_caller(scope, headers)
        if reason is not None:
            await send({"type": "websocket.close", "code": 1008})
            return
        scope.setdefault("state", {})[_CALLER] = STRANGER if settings.needs_keys else LOCAL
        await self.app(scope, receive, send)

    async def _admit(self, scope: Scope, headers: Mapping[str, str]) -> Room | None:
        """Lets a request pass, with the caller in its state; says what is left of its rate."""
        settings = self._settings
        reason = strange_host(headers, settings) or strange_page(scope, headers, settings)
        if reason is None and not settings.needs_keys:
            reason = strange_caller(scope, headers)
        if reason is not None:
            raise self._turned(scope, "forbidden", reason)
        if scope["method"] == "OPTIONS" and headers.get("origin") in settings.origins:
            raise _TurnedAwayError(_preflight())
        found: Found | None = scope.get(FOUND)
        if found is None:
            return None  # the application says that there is no such address
        wanted = OPERATIONS.get(found.id)
        if wanted is None:
            raise self._turned(scope, "forbidden", "没有权限")
        if wanted.scope is None:
            scope["state"][_CALLER] = STRANGER if settings.needs_keys else LOCAL
            return None
        caller = await self._identify(scope, headers, wanted)
        scope["state"][_CALLER] = caller
        self._check(scope, caller, found, wanted)
        return self._counted(scope, caller)

    def _check_head(self, scope: Scope) -> None:
        """Turns away floods of headers, and two lengths of one body: a proxy may have gone by the other one."""
        names = {name for name, _ in scope["headers"]}
        if {b"content-length", b"transfer-encoding"} <= names:
            raise self._turned(scope, "not-http", "Content-Length 与 Transfer-Encoding 只写一个", Connection="close")
        given = scope["headers"]
        size = sum(len(name) + len(value) for name, value in given) + len(scope["query_string"]) + len(scope.get("raw_path") or b"")
        if len(given) > _MOST_HEADERS or size > _MOST_OF_HEADERS:
            detail = f"请求头至多 {_MOST_HEADERS} 行，连同地址共 {_MOST_OF_HEADERS // 1024} KB"
            raise self._turned(scope, "headers-too-large", detail)

    async def _identify(self, scope: Scope, headers: Mapping[str, str], wanted: Operation) -> Caller:
        given = headers.get("authorization")
        if given is None and not self._settings.needs_keys:
            return LOCAL
        token = _token(given or "", wanted)
        key = self._callers.cached(token) if token else None
        if key is not None and key.standing(datetime.now(UTC)) is Standing.LIVE:
            return Caller.with_key(key)
        address, attempts = f"address {address_of(scope)}", Rate(self._settings.limits.attempts)
        room = self._buckets.look(address, attempts)
        if not room.allowed:
            raise self._turned(scope, "too-many-requests", "无效的请求太多，请稍后再试", **_retry(room))
        key = key or await self._looked_up(scope, token)
        standing = key.standing(datetime.now(UTC)) if key else Standing.UNKNOWN
        if key is None or standing is not Standing.LIVE:
            self._buckets.take(address, attempts)
            raise self._turned(scope, "unauthenticated", _why(given, token, standing), **_challenge(given, wanted))
        return Caller.with_key(key)

    async def _looked_up(self, scope: Scope, token: str | None) -> ApiKey | None:
        if token is None:
            return None
        try:
            return await self._callers.find(token)
        except StoreError as error:
            raise self._turned(scope, told_of(error).kind, told_of(error).detail) from error

    def _check(self, scope: Scope, caller: Caller, found: Found, wanted: Operation) -> None:
        if caller.role not in wanted.roles:
            raise self._turned(scope, "forbidden", f"{keys.ROLES.get(caller.role, caller.role)}的密钥不能做这件事")
        if caller.scopes is not None and wanted.scope not in caller.scopes:
            raise self._turned(scope, "forbidden", f"这把密钥的范围不含 {wanted.scope}")
        if found.zone is not None and not caller.may_see(found.zone):
            raise self._turned(scope, "forbidden", "这把密钥不能用于这个园区")

    def _counted(self, scope: Scope, caller: Caller) -> Room | None:
        limits = caller.limits(self._settings.limits)
        if caller.key is None or not limits.per_minute or scope["state"].get(COUNTED):
            return None
        room = self._buckets.take(f"key {caller.key}", Rate(limits.per_minute))
        if not room.allowed:
            raise self._turned(scope, "too-many-requests", "这把密钥的请求过于频繁，请稍后再试", **_retry(room, limits))
        scope["state"][COUNTED] = True
        return room

    def _turned(self, scope: Scope, kind: str, detail: str, **headers: str) -> _TurnedAwayError:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return _TurnedAwayError(problem(kind, detail, request_id=scope["state"].get("request_id"), headers=told))


def _token(given: str, wanted: Operation) -> str | None:
    """The key in a header, or None if there is none that could be one."""
    if wanted.pages and given.lower().startswith("basic "):
        try:
            given = "Bearer " + base64.b64decode(given[6:], validate=True).decode("ascii").partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return None
    found = _BEARER.fullmatch(given.strip())
    return found[1] if found and keys.key_id(found[1]) else None


def _why(given: str | None, token: str | None, standing: Standing) -> str:
    if given is None:
        return "请在请求头里写 Authorization: Bearer 接口密钥"
    if token is None:
        return "Authorization 应为 Bearer 加接口密钥，密钥以 lz_ 开头"
    words = {Standing.EXPIRED: "这把密钥已过期", Standing.REVOKED: "这把密钥已撤销"}
    return words.get(standing, "没有这把密钥")


def _challenge(given: str | None, wanted: Operation) -> dict[str, str]:
    if wanted.pages:  # a browser asks its user for a password only if it is asked so
        return {"WWW_Authenticate": 'Basic realm="lianzhao", charset="UTF-8"'}
    return {"WWW_Authenticate": _CHALLENGE + ("" if given is None else ', error="invalid_token"')}


def _retry(room: Room, limits: Limits | None = None) -> dict[str, str]:
    told = {"Retry_After": str(max(1, -int(-room.wait // 1)))}
    return told | ({} if limits is None else _rate_headers(room, limits))


def _rate_headers(room: Room, limits: Limits) -> dict[str, str]:
    return {"RateLimit_Policy": f'"key";q={limits.per_minute};w=60', "RateLimit": f'"key";r={room.left};t={-int(-room.empty // 1)}'}


def _with_room(room: Room, limits: Limits, send: Send) -> Send:
    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _rate_headers(room, limits).items():
                headers[name.replace("_", "-")] = value
        await send(message)

    return told


def _preflight() -> Response:
    allowed = {
        "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, If-Match, X-Content-SHA256, X-Request-Id",
        "Access-Control-Max-Age": "600",
    }
    return Response(status_code=204, headers=allowed)


def _allowing(origin: str, send: Send) -> Send:
    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Access-Control-Allow-Origin"] = origin
            headers.add_vary_header("Origin")
        await send(message)

    return told
