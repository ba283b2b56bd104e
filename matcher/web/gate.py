"""The inner door (网页的门): who sits before the browser, before anything of the pages answers.

The outer door has asked whence a request comes and by which name. This one asks for a session where keys are required; a socket is let
through with a session only, and cut when it ends. Without a session there is the page to sign in, its style, and nothing else.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matcher.api.access import LOCAL, Caller
from matcher.api.browsers import address_of, headers_of, own_origin
from matcher.api.problems import RefusedError, told_of
from matcher.api.rates import Rate
from matcher.errors import StoreError
from matcher.store.keys import Standing
from matcher.web import plain
from matcher.web.pages import PAGES
from matcher.web.sessions import Session, Sessions
from matcher.web.workshop import UPLOAD, Workshop, count

COOKIE = "lianzhao_session"
"""Name of the cookie (会话 Cookie 名)."""
_FORM = 4096  # bytes of the form to sign in
_LOOK = 1.0  # seconds between two looks whether the session of an open socket still holds
_OWN = "/_nicegui"
_OPEN = ("/static/", "/favicon.ico")  # the style and the sign of the page where one signs in
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; form-action 'self'; base-uri 'self'; object-src 'none'; frame-ancestors 'none'"
)
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY"}
_NOT_HEARD = frozenset({b"x-forwarded-prefix"})  # it would be written into our pages
_WHY = {Standing.EXPIRED: "这把密钥已过期", Standing.REVOKED: "这把密钥已撤销", Standing.UNKNOWN: "没有这把密钥，请检查是否抄全"}


def own_path(wanted: str) -> str:
    """Where to go after signing in (登录后的去处): a page of ours with its question, else the first page."""
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or parts.path not in {page.path for page in PAGES}:
        return "/"
    asked = urlencode(parse_qsl(parts.query))
    return parts.path + (f"?{asked}" if asked else "")


class Gate:
    """Middleware that lets to the pages who may see them (网页的门).

    Args:
        app: The pages.
        workshop: What they work with.
        sessions: Who has signed in.
    """

    def __init__(self, app: ASGIApp, workshop: Workshop, sessions: Sessions) -> None:
        self.app, self._workshop, self._sessions = app, workshop, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request or one socket."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        scope = {**scope, "headers": [one for one in scope["headers"] if one[0] not in _NOT_HEARD]}
        headers = headers_of(scope)
        foreign = headers.get("origin", own_origin(scope, headers)) != own_origin(
            scope, headers
        )  # --allow-origin is for the interface
        if scope["type"] == "websocket":
            await self._connect(scope, receive, send, headers, foreign)
            return
        answer = plain.told(_root(scope), "没有权限", "别的网页发来的请求不予应答", 403) if foreign else None
        sender = _guarded(send)
        try:
            answer = answer or await self._answer(scope, receive, headers)
        except StoreError as error:
            answer = plain.told(_root(scope), "暂时不能用", told_of(error).detail, 503)
        except RefusedError as error:
            answer = plain.told(_root(scope), "请稍候", error.detail, 429)
        if answer is not None:
            await answer(scope, receive, sender)
        else:
            await self.app(scope, _at_most(receive, UPLOAD), sender)

    async def _answer(self, scope: Scope, receive: Receive, headers: Mapping[str, str]) -> Response | None:
        """The answer of the door itself; None if the pages are to answer."""
        root, path, method = _root(scope), _path(scope), scope["method"]
        if path.startswith(_OPEN):
            return None
        if path == "/sign-in" and self._workshop.settings.needs_keys:
            return await self._sign_in(scope, receive) if method == "POST" else plain.sign_in(root, own_path(_asked(scope, "to")))
        session = await self._session(headers)
        if path == "/sign-out" and method == "POST":
            if session is not None:
                self._sessions.end(session)
            return _with_cookie(RedirectResponse(f"{root}/sign-in", 303), scope, None)
        caller = self._caller(session)
        if path == "/session":
            return Response(b"1" if caller else b"0", media_type="text/plain", headers={"Cache-Control": "no-store"})
        if caller is None:
            if method != "GET" or path.startswith(_OWN):
                return plain.told(root, "请登录", "登录已结束，请重新登录", 401)
            to = own_path(f"{path}?{scope['query_string'].decode('latin-1')}")
            return RedirectResponse(f"{root}/sign-in?{urlencode({'to': to})}", 303)
        if path.startswith(f"{_OWN}_ws"):
            return plain.told(root, "没有这个网页", "网页只用 WebSocket 连接", 404)
        if not path.startswith(_OWN):
            if path not in {"/", *(page.path for page in PAGES)}:
                return plain.told(root, "没有这个网页", "地址可能抄错了，或网页已改名", 404)
            count(self._workshop, caller)
        scope["state"].update(caller=caller, session=session)
        return None

    async def _sign_in(self, scope: Scope, receive: Receive) -> Response:
        root = _root(scope)
        given = parse_qs((await _body(receive, _FORM)).decode("utf-8", "replace"))
        token, to = given.get("key", [""])[0].strip(), own_path(given.get("to", ["/"])[0])
        buckets, attempts = self._workshop.buckets, Rate(self._workshop.settings.limits.attempts)
        address = f"address {address_of(scope)}"
        room = buckets.look(address, attempts)
        if not room.allowed:
            return plain.sign_in(root, to, f"试的次数太多，请过 {math.ceil(room.wait)} 秒再试", 429)
        begun = await self._sessions.begin(token)
        if isinstance(begun, Standing):
            buckets.take(address, attempts)
            return plain.sign_in(root, to, _WHY[begun], 401)
        before = await self._session(headers_of(scope))
        if before is not None:
            self._sessions.end(before)
        return _with_cookie(RedirectResponse(root + to, 303), scope, begun[0])

    async def _session(self, headers: Mapping[str, str]) -> Session | None:
        return await self._sessions.find(_cookie(headers)) if self._workshop.settings.needs_keys else None

    def _caller(self, session: Session | None) -> Caller | None:
        if not self._workshop.settings.needs_keys:
            return LOCAL
        return session.caller if session is not None else None

    async def _connect(self, scope: Scope, receive: Receive, send: Send, headers: Mapping[str, str], foreign: bool) -> None:
        """A socket, for as long as its session holds."""
        try:
            session = await self._session(headers)
        except StoreError:
            session = None
        caller = self._caller(session)
        if foreign or caller is None or not _path(scope).startswith(f"{_OWN}_ws/"):
            await send({"type": "websocket.close", "code": 1008})
            return
        await self.app(scope, receive if session is None else _while_held(receive, send, self._sessions, session), send)


def _while_held(receive: Receive, send: Send, sessions: Sessions, session: Session) -> Receive:
    """What a socket says, until its session ends; then it is closed, and the pages hear that it is gone."""
    waiting: asyncio.Future[Message] | None = None

    async def next_message() -> Message:
        nonlocal waiting
        waiting = waiting or asyncio.ensure_future(receive())
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=_LOOK)
            if not await _holds(sessions, session):
                waiting.cancel()
                await send({"type": "websocket.close", "code": 4401, "reason": "signed out"})
                return {"type": "websocket.disconnect", "code": 4401}
            if done:
                message, waiting = waiting.result(), None
                return message

    return next_message


async def _holds(sessions: Sessions, session: Session) -> bool:
    try:
        return await sessions.holds(session)
    except StoreError:
        return not session.ended  # the database is busy: nobody is sent away for that, and the next look is soon


def _root(scope: Scope) -> str:
    return str(scope.get("root_path", ""))


def _path(scope: Scope) -> str:
    path = scope["path"].removeprefix(_root(scope)) or "/"
    return str(path)


def _asked(scope: Scope, name: str) -> str:
    query: bytes = scope["query_string"]
    return parse_qs(query.decode("latin-1")).get(name, ["/"])[0]


def _cookie(headers: Mapping[str, str]) -> str | None:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return found.value if found else None


def _with_cookie(answer: Response, scope: Scope, value: str | None) -> Response:
    """An answer that sets the cookie, or takes it away; the browser gives it to nobody else and to no script."""
    secure = scope.get("scheme") == "https"
    if value is None:
        answer.delete_cookie(COOKIE, path=_root(scope), httponly=True, samesite="strict", secure=secure)
    else:
        answer.set_cookie(COOKIE, value, path=_root(scope), httponly=True, samesite="strict", secure=secure)
    return answer


async def _body(receive: Receive, most: int) -> bytes:
    """A small body, or nothing of one that is larger."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if message["type"] == "http.disconnect" or len(body) > most:
            return b""
        if not message.get("more_body", False):
            return body


def _at_most(receive: Receive, most: int) -> Receive:
    """A body up to a limit; behind it the client is as good as gone."""
    held = 0

    async def counted() -> Message:
        nonlocal held
        message = await receive()
        held += len(message.get("body", b""))
        return message if held <= most else {"type": "http.disconnect"}

    return counted


def _guarded(send: Send) -> Send:
    """Answers that load nothing from elsewhere and are shown in nobody's frame."""

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Content-Security-Policy", _POLICY)
            for name, value in _HEADERS.items():
                headers[name] = value
        await send(message)

    return told
