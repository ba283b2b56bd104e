"""Answers as bytes (应答): plain data written by orjson at once, and 304 where the client has it already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute

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

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json: Any = orjson.loads(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route that reads bodies strictly (严格读取请求体的路由)."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """The handler, given a request that reads JSON strictly (处理函数)."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            found: Response = await handle(_StrictRequest(request.scope, request.receive))
            return found

        return strictly
