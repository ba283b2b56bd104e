"""How much of the service one request may take (限额): bytes of a body, depth of JSON, a turn at heavy work.

Bodies are read here, whole, before anything parses them; nobody's body is read who was turned away at the door.
"""

from __future__ import annotations

import re
from typing import Any

import anyio
import anyio.to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matcher.api.access import limits_of
from matcher.api.operations import FOUND, Found
from matcher.api.problems import problem
from matcher.api.roles import OPERATIONS
from matcher.api.settings import Limits

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SQUARE = bytes.maketrans(b"{}", b"[]")  # which of them it is, is the parser's business
_WORTH_A_THREAD = 1 << 18  # bytes
_CLOSE = {"Connection": "close"}


def is_deeper(data: bytes, most: int) -> bool:
    """Whether JSON is nested deeper than ``most`` (嵌套过深), found without parsing it.

    Args:
        data: What should be JSON; if it is none, the parser will say so.
        most: Levels.
    """
    if data.count(b"[") + data.count(b"{") <= most:
        return False
    bones = _STRING.sub(b"", data).translate(_SQUARE, _NO_BRACKETS)
    for _ in range(most):  # every round takes away what is innermost, so one level
        shorter = bones.replace(b"[]", b"")
        if len(shorter) == len(bones):
            break
        bones = shorter
    return b"[]" in bones or bones.count(b"[") > most  # the latter: opened and never closed


class _TooMuchError(Exception):
    """A body that is not read any further: kind of problem and words."""

    def __init__(self, kind: str, detail: str, **headers: str) -> None:
        self.kind, self.detail, self.headers = kind, detail, headers


class Bodies:
    """Middleware that reads bodies up to a limit (请求体限额).

    Args:
        app: What stands behind it.
        limits: Of the service.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app, self._limits = app, limits
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        found: Found | None = scope.get(FOUND)
        wanted = OPERATIONS.get(found.id) if found else None
        if wanted is not None and wanted.inner:
            await self.app(scope, receive, send)
            return
        if wanted is None or wanted.scope is None or scope["method"] in ("GET", "HEAD"):
            await self.app(scope, _empty(receive), send)  # it has no use for a body
            return
        held = 0
        parts: list[bytes] = []
        try:
            most = limits_of(scope, self._limits).body
            self._announced(scope, most)
            async for part in _parts(receive):
                held += len(part)
                self._held += len(part)
                self._check(held, most)
                parts.append(part)
            body = b"".join(parts)
            parts.clear()
            if _may_be_json(scope):
                await self._check_depth(body)
            await self.app(scope, _whole(body, receive), send)
        except _TooMuchError as much:
            parts.clear()
            request_id = scope["state"].get("request_id")
            headers = _CLOSE | {name.replace("_", "-"): value for name, value in much.headers.items()}
            await problem(much.kind, much.detail, request_id=request_id, headers=headers)(scope, receive, send)
        except _GoneError:
            return  # nobody is there to be answered
        finally:
            self._held -= held

    def _announced(self, scope: Scope, most: int) -> None:
        """Turns away what says itself that it is too large, without reading it."""
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit():
                self._check(int(value[:20]), most)

    def _check(self, held: int, most: int) -> None:
        if held > most:
            told = f"{most // 1024:,} KB" if most >= 1024 and most % 1024 == 0 else f"{most:,} 字节"
            raise _TooMuchError("too-large", f"请求体至多 {told}，请分几次发送")
        if self._held > self._limits.in_flight:
            raise _TooMuchError("overloaded", "同时收到的请求体太多，请稍后再试", Retry_After="1")

    async def _check_depth(self, body: bytes) -> None:
        if len(body) > _WORTH_A_THREAD:
            deep = await anyio.to_thread.run_sync(is_deeper, body, self._limits.depth)
        else:
            deep = is_deeper(body, self._limits.depth)
        if deep:
            raise _TooMuchError("too-deep", f"JSON 嵌套至多 {self._limits.depth} 层")


def _may_be_json(scope: Scope) -> bool:
    """A scan or a workbook is full of brackets that nest nothing; what says nothing of itself may be read as JSON."""
    given = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    return not given or b"json" in given.lower()


class _GoneError(Exception):
    """The client has gone before its body was whole."""


async def _parts(receive: Receive) -> Any:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _GoneError
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body", False):
            return


def _whole(body: bytes, receive: Receive) -> Receive:
    """A body that has been read, given once; after it whatever else comes."""
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


def _empty(receive: Receive) -> Receive:
    return _whole(b"", receive)


class Turns:
    """Middleware that lets only a few work on heavy requests at a time, and a few more wait (重活轮流).

    Args:
        app: What stands behind it.
        limits: Of the service.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app, self._limits = app, limits
        self._free: anyio.Semaphore | None = None
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        found: Found | None = scope.get(FOUND)
        wanted = OPERATIONS.get(found.id) if found else None
        if wanted is None or not wanted.heavy:
            await self.app(scope, receive, send)
            return
        if self._free is None:
            self._free = anyio.Semaphore(self._limits.heavy)
        if not await self._turn(self._free):
            request_id = scope["state"].get("request_id")
            told = problem("overloaded", "正在排名的请求太多，请稍后再试", request_id=request_id, headers={"Retry-After": "5"})
            await told(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            self._free.release()

    async def _turn(self, free: anyio.Semaphore) -> bool:
        """Waits for a turn; False if there are too many, or it takes too long."""
        if free.value == 0 and self._waiting >= self._limits.waiting:
            return False
        self._waiting += 1
        got = False
        try:
            with anyio.move_on_after(self._limits.patience):
                await free.acquire()
                got = True
        finally:
            self._waiting -= 1
        return got
