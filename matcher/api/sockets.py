"""A socket of a browser (长连接层) that closes cleanly, whoever begins it."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State


class Socket(WebSocketsSansIOProtocol):
    """One socket (长连接).

    uvicorn's own says goodbye to every socket when the service ends, also to one whose browser has just said so itself and has its
    answer; websockets refuses a second goodbye, and the error ended the waiting for all other connections.
    """

    def shutdown(self) -> None:
        """The service ends."""
        if self.handshake_complete and self.conn.state is not State.OPEN:
            self.stop_keepalive()
            self.transport.close()
            return
        super().shutdown()
