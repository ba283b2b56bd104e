"""Answers as bytes (应答): plain data written by orjson at once, and 304 where the client has it already."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from matcher.api.problems import RefusedError

KEEP = "private, max-age=31536000, immutable"
"""Cache-Control of what never changes (永不改变的)."""
ASK_AGAIN = "private, no-cache"
"""Of what may change: keep it, but ask (可缓存、须再问)."""
UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "与 If-None-Match 的相同"}}
"""How routes declare that they answer by tags (声明 304)."""


def encoded(value: Any) -> bytes:
    """Plain data and dataclasses as JSON (编码)."""
    return orjson.dumps(value)


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer of plain data (应答)."""
    return Response(encoded(value), status, media_type="application/json", headers=dict(headers or {}))


def tagged(request: Request, tag: str, make: Callable[[], Any], *, cache: str = KEEP) -> Response:
    """An answer that goes by a tag, not made at all if the client has it (带标签的应答).

    Args:
        request: Its ``If-None-Match`` is read.
        tag: Changes whenever the answer does.
        make: Gives the answer: plain data, or bytes of JSON.
        cache: Its ``Cache-Control``.
    """
    entity = f'W/"{tag}"'  # weak: the bytes differ where they are compressed
    headers = {"ETag": entity, "Cache-Control": cache}
    if _matches(request.headers.get("if-none-match", ""), entity):
        return Response(status_code=304, headers=headers)
    made = make()
    content = made if isinstance(made, bytes) else encoded(made)
    return Response(content, media_type="application/json", headers=headers)


def _matches(asked: str, entity: str) -> bool:
    if asked.strip() == "*":
        return True
    return entity.removeprefix("W/") in {one.strip().removeprefix("W/") for one in asked.split(",")}


class _StrictRequest(Request):
    """A request whose body is JSON as the standard has it: no NaN, no lone surrogates, no bottomless nesting."""

    async def check(self) -> None:
        """Raises if there is a body that does not say that it is JSON: a web page may send such a one without asking anybody."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not (kind.startswith("application/") and kind.endswith(("/json", "+json"))) and await self.body():
            raise RefusedError("unsupported-media-type", "请求头应写 Content-Type: application/json", field="Content-Type")

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json: Any = orjson.loads(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route that reads bodies strictly, and refuses words of the address that it does not know (严格读取请求的路由)."""

    only_known = True

    def get_route_handler(self) -> Callable[[Request], Any]:
        """The handler, given a request that reads JSON strictly (处理函数)."""
        handle, takes_json = super().get_route_handler(), self.body_field is not None
        known = _words(self.dependant)

        async def strictly(request: Request) -> Response:
            unknown = [name for name in request.query_params if name not in known]
            if unknown and self.only_known:
                raise _unknown_word(unknown[0], known)
            strict = _StrictRequest(request.scope, request.receive)
            if takes_json:
                await strict.check()
            found: Response = await handle(strict)
            return found

        return strictly


class OpenRoute(StrictRoute):
    """One that passes over words that it does not know (放过不认得的参数): probes and other programs' protocols add theirs."""

    only_known = False


def _words(dependant: Dependant) -> list[str]:
    """The words of the address that an operation reads, and those that what it depends on reads."""
    return [one.alias for one in dependant.query_params] + [word for other in dependant.dependencies for word in _words(other)]


def _unknown_word(word: str, known: Sequence[str]) -> RefusedError:
    """A word that nobody reads would be passed over, and its sender would take the answer for another."""
    near = difflib.get_close_matches(word, known, n=1)
    said = f"，是不是想写 {near[0]}" if near else ""
    expected = f"可用的是 {'、'.join(known)}" if known else "这个地址没有参数"
    return RefusedError("invalid-request", f"不认得参数 {word[:40]}{said}；{expected}", field=word[:40], expected=expected)
