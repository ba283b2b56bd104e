"""HEAD wherever GET is (只要应答头): the answer that GET would get, headers and all, without its body, as RFC 9110 has it.

Everything behind the door, who may ask, the limits, the tags, sees a GET: so nothing can be read by one and not by the other.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matcher.api.operations import Operations

ASKED = "lianzhao.asked"
"""Where the scope keeps the method that was sent (实际的方法)."""


class Heads:
    """Middleware that answers HEAD by what GET would answer (HEAD 中间件).

    Args:
        app: What stands behind it.
        operations: Of the application; one that knows HEAD itself is left alone.
    """

    def __init__(self, app: ASGIApp, operations: Operations) -> None:
        self.app, self._operations = app, operations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        as_get = {**scope, "method": "GET", ASKED: "HEAD"}  # the server's own scope still says HEAD
        if self._operations.find(scope) is not None or self._operations.find(as_get) is None:
            await self.app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app(as_get, receive, without_body)
