"""A connection that becomes a socket is not waited for as a request is: it stays open as long as both ends want."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame
from websockets.sync.client import connect

from matcher.api import protocol
from matcher.api.logs import configuration
from matcher.api.sockets import Socket


async def echo(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        for answer in ("lifespan.startup.complete", "lifespan.shutdown.complete"):
            await receive()
            await send({"type": answer})
        return
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


@contextmanager
def serving() -> Iterator[int]:
    """The port of a service that echoes."""
    config = uvicorn.Config(
        echo,
        port=0,
        loop="asyncio",
        http=protocol.Guarded,
        ws="matcher.api.sockets:Socket",
        log_config=configuration("plain"),
        access_log=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.mark.slow
def test_a_socket_outlives_the_time_of_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "BODY", 0.3)
    monkeypatch.setattr(protocol, "HEAD", 0.3)
    with serving() as port, connect(f"ws://127.0.0.1:{port}/") as socket:
        for _ in range(4):
            time.sleep(0.3)
            socket.send("还在")
            assert socket.recv(10) == "还在"


def test_the_service_may_end_just_when_a_browser_says_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []
    theirs = Socket.handle_close

    def handle_close(self: Socket, event: Frame) -> None:
        theirs(self, event)
        self.shutdown()
        ended.append(self.conn.state.name)

    monkeypatch.setattr(Socket, "handle_close", handle_close)
    with serving() as port, connect(f"ws://127.0.0.1:{port}/") as socket:
        socket.send("还在")
        assert socket.recv(10) == "还在"
        socket.close()
    assert ended == ["CLOSING"]


def test_a_service_that_ends_says_goodbye() -> None:
    with ExitStack() as opened:
        with serving() as port:
            socket = opened.enter_context(connect(f"ws://127.0.0.1:{port}/"))
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
