"""HTTP as it comes over the wire (连接层): clients that send too slowly or no HTTP at all get a problem and are let go.

The head of a request is waited for ``HEAD`` seconds and its body ``BODY`` seconds, longer if it comes at ``RATE`` bytes a second at
least. A client that is answered before it has sent everything is listened to a little longer, so that it hears the answer instead of a
broken connection.
"""

from __future__ import annotations

import asyncio
import http
import sys
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from matcher.api.problems import MEDIA_TYPE, problem

HEAD = 10.0
"""Seconds for the head of a request (请求头秒数)."""
BODY = 20.0
"""Seconds for a body (请求体秒数)."""
RATE = 50_000
"""Bytes for every further second (最低速率)."""
LINGER = 2.0
"""Seconds to listen on after the answer (应答后再听的秒数)."""
READ = 60.0
"""Seconds for a client to take in what is written (对方读取秒数)."""
CONNECTIONS = 500
"""Connections of one process (连接数)."""


class _Lingering:
    """A transport whose closing first lets the other side hear what was said."""

    def __init__(self, transport: asyncio.Transport, protocol: Guarded) -> None:
        self._transport, self._protocol = transport, protocol
        self._closing = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self._closing or self._transport.is_closing()

    def close(self) -> None:
        if self.is_closing():
            return
        self._closing = True
        if not self._protocol.is_still_sending() or not self._transport.can_write_eof():
            self._transport.close()
            return
        self._transport.write_eof()
        self._transport.resume_reading()
        self._protocol.loop.call_later(LINGER, self._transport.abort)


class Guarded(H11Protocol):
    """One connection (连接)."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(cast(asyncio.Transport, _Lingering(transport, self)))
        self._timer: asyncio.TimerHandle | None = None
        self._awaited = ""
        self._begun = self._received = 0.0
        self._writing: asyncio.TimerHandle | None = None
        self._is_socket = False
        if len(self.connections) > CONNECTIONS:
            self._tell("overloaded", "连接太多，请稍后再试")
            return
        self._await("head")

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._await("")
        if self._writing is not None:
            self._writing.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """It sends."""
        if self.transport.is_closing():
            return  # it has its answer; what it says now is not kept
        self._received += len(data)
        super().data_received(data)
        self._watch()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """It becomes a socket: nothing of a request is waited for any more, and another protocol has the connection."""
        self._is_socket = True
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        """A request is answered."""
        is_unheard = self.is_still_sending()  # before the next request on this connection begins
        super().on_response_complete()
        if is_unheard:
            self.transport.close()
        self._watch()

    def is_still_sending(self) -> bool:
        """Whether the client is in the middle of a body (是否还在发送)."""
        return self.conn.their_state in (h11.SEND_BODY, h11.ERROR)

    def pause_writing(self) -> None:
        """It does not take in what is written."""
        super().pause_writing()
        if self._writing is None:
            self._writing = self.loop.call_later(READ, self.transport.abort)

    def resume_writing(self) -> None:
        """It does."""
        super().resume_writing()
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    def send_400_response(self, msg: str) -> None:
        """What came is not HTTP, or its head is too long."""
        del msg
        error = sys.exc_info()[1]
        too_long = isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == 431
        if too_long:
            self._tell("headers-too-large", "请求头过大")
        elif "HTTP/1" in str(error) and r"\x" in str(error):
            self._tell("not-http", "不是有效的 HTTP 请求：地址里的汉字应按 UTF-8 写成 %XX 的样子")
        else:
            self._tell("not-http", "不是有效的 HTTP 请求")

    def _watch(self) -> None:
        """Begins or ends waiting for the rest of a head or a body."""
        if self._is_socket or self.transport.is_closing():
            self._await("")
        elif self.conn.their_state is h11.SEND_BODY:
            self._await("body")
        elif self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._await("head")
        else:
            self._await("")  # between requests the server's own keep-alive counts

    def _await(self, what: str) -> None:
        if what == self._awaited:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._awaited, self._begun, self._received = what, self.loop.time(), 0
        if what:
            self._timer = self.loop.call_later(HEAD if what == "head" else BODY, self._too_slow)

    def _too_slow(self) -> None:
        allowed = HEAD if self._awaited == "head" else BODY + self._received / RATE
        left = self._begun + allowed - self.loop.time()
        if left > 0.01:
            self._timer = self.loop.call_later(left, self._too_slow)
        elif self._awaited == "head" and not self.conn.trailing_data[0]:
            self.transport.close()  # it never said anything
        else:
            self._tell("too-slow", "请求发送得太慢")

    def _tell(self, kind: str, detail: str) -> None:
        """Answers in the application's place, and hangs up."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            answer = problem(kind, detail)
            headers = [("content-type", MEDIA_TYPE), ("content-length", str(len(answer.body))), ("connection", "close")]
            reason = http.HTTPStatus(answer.status_code).phrase
            for event in (
                h11.Response(status_code=answer.status_code, headers=headers, reason=reason),
                h11.Data(data=bytes(answer.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event))
        self.transport.close()
