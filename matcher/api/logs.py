"""One line for every request (请求日志): method, route, status, time, request id, key id. Never what was asked, never a name, never a body.

Lines go to stderr, as JSON or for people. Errors of the program are logged with the places in the code and without their words, which may
hold what somebody asked.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matcher.api.heads import ASKED
from matcher.api.metrics import Metrics
from matcher.api.operations import FOUND, Found, Operations
from matcher.api.problems import problem

NO_ROUTE = "-"
"""The route of a request that is for none (无此地址)."""


class Observed:
    """Middleware that finds the operation, and logs and counts the request (请求日志中间件).

    Args:
        app: What stands behind it.
        operations: Of the application.
        metrics: What counts.
        form: ``json``, ``plain``, ``off``, or ``auto``.
    """

    def __init__(self, app: ASGIApp, operations: Operations, metrics: Metrics, form: str) -> None:
        self.app, self._operations, self._metrics = app, operations, metrics
        self._form = form

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        found = scope[FOUND] = self._operations.find(scope)
        state = scope.setdefault("state", {})
        begun = time.perf_counter()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:  # it goes on to the server; only the answer is given here, so that it carries the request id
            if not status:
                told = problem("internal", "服务内部出错，请把请求号告诉管理员", request_id=state.get("request_id"))
                await told(scope, receive, watched)
            raise
        finally:
            self._note(scope, found, status or 499, time.perf_counter() - begun)  # 499: the client had gone

    def _note(self, scope: Scope, found: Found | None, status: int, seconds: float) -> None:
        template, method = found.template if found else NO_ROUTE, scope.get(ASKED, scope["method"])
        self._metrics.count(method, template, status, seconds)
        if self._form == "off":
            return
        caller = scope["state"].get("caller")
        told = {
            "method": method if found else NO_ROUTE,
            "route": template,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "request_id": scope["state"].get("request_id"),
            "key": caller.key if caller else None,
            "worker": os.getpid(),
        }
        write(told, self._form)


def write(told: dict[str, Any], form: str, stream: TextIO | None = None) -> None:
    """Writes a line (写日志), in one piece, so that lines of several processes do not mix."""
    out = stream or sys.stderr
    if form == "auto":
        form = "plain" if out.isatty() else "json"
    now = datetime.now(UTC)
    if form == "json":
        line = orjson.dumps({"time": now.isoformat(timespec="milliseconds"), **told}).decode()
    else:
        words = " ".join(
            f"{value}" if name in ("method", "route", "message") else f"{name}={value}" for name, value in told.items()
        )
        line = f"{now.astimezone():%H:%M:%S} {words}"
    out.write(line + "\n")
    out.flush()


class Lines(logging.Formatter):
    """The server's own messages in the same form (服务器日志): an error with its places in the code, without its words."""

    def __init__(self, form: str = "auto") -> None:
        super().__init__()
        if form == "auto":
            form = "plain" if sys.stderr.isatty() else "json"
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        told: dict[str, Any] = {"level": record.levelname.lower(), "message": record.getMessage().strip()}
        if record.exc_info and record.exc_info[0] is not None:
            told["error"] = record.exc_info[0].__name__
            told["at"] = places(record.exc_info[2])
        moment = datetime.fromtimestamp(record.created, UTC)
        if self._form == "json":
            return orjson.dumps({"time": moment.isoformat(timespec="milliseconds"), **told}).decode()
        return f"{moment.astimezone():%H:%M:%S} " + " ".join(f"{value}" for value in told.values())


def places(trace: TracebackType | None) -> list[str]:
    """Where an error went through the code (出错位置), the innermost last."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def configuration(form: str) -> dict[str, Any]:
    """What the server's logging is set up with (日志配置)."""
    handler = {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stderr"}
    said = {"handlers": ["lines"], "level": "WARNING", "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": "matcher.api.logs.Lines", "form": form}},
        "handlers": {"lines": handler},
        "loggers": {"uvicorn": said, "lianzhao": said},
    }
