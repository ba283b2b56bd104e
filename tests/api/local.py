"""A client at this machine, as a service without keys wants it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette import testclient
from starlette.types import ASGIApp, Receive, Scope, Send


def at_this_machine(app: FastAPI) -> ASGIApp:
    """The application as somebody calls it who says neither whence nor by which name."""

    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope = {**scope, "client": ("127.0.0.1", 50000), "headers": [*headers, (b"host", b"127.0.0.1")]}
        await app(scope, receive, send)

    return called


class TestClient(testclient.TestClient):
    """Calls an application from 127.0.0.1, by that name."""

    __test__ = False

    def __init__(self, app: FastAPI, **options: Any) -> None:
        super().__init__(app, **{"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 50000), **options})
