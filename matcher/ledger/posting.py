"""One POST within a time for all of it (限时投递): connection, handshake, sending and the head of the answer, however it trickles.

A time limit for each reading from a socket is no limit for all of them: who sends a byte every few seconds is waited for without end.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import urlsplit

from matcher.errors import OptionError


class AddressRefusedError(OptionError):
    """The name means an address to which nothing is sent (不投的地址)."""


def post(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float, refused: Callable[[str], bool]) -> int:
    """Sends a body and waits for the status of the answer (投递). Redirects are not followed.

    Args:
        url: Of http or https.
        body: What is sent.
        headers: Sent with it.
        seconds: For all of it. How long a name is looked for is the system's matter; what comes back too late is not used.
        refused: Whether nothing may be sent to an address.

    Raises:
        AddressRefusedError: The name means such an address; nothing was sent.
        OSError: It could not be reached, or did not answer in time.
        HTTPException: It answered something else than HTTP.
        ValueError: It cannot be said in HTTP.
    """
    until, parts = time.monotonic() + seconds, urlsplit(url)
    secure, host = parts.scheme == "https", parts.hostname or ""
    connection = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(host, parts.port)
    connected = _connected(host, connection.port, until)
    try:
        if refused(connected.getpeername()[0]):  # a name may mean another address than when it was entered
            raise AddressRefusedError(f"{host} 所指的地址不投")
        if secure:
            connected.settimeout(_left(until))
            connected = ssl.create_default_context().wrap_socket(connected, server_hostname=host)
        connected.settimeout(_left(until))
        connection.sock = connected
        connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, dict(headers))
        answer = http.client.HTTPResponse(cast(socket.socket, _Within(connected, until)), method="POST")
        answer.begin()
        return answer.status
    finally:
        connected.close()


def _connected(host: str, port: int, until: float) -> socket.socket:
    """A connection to the first of the name's addresses that takes it; each has its share of the time that is left."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    problem: OSError = OSError("没有地址")
    for place, (family, kind, protocol, _, address) in enumerate(addresses):
        tried = socket.socket(family, kind, protocol)
        try:
            tried.settimeout(_left(until) / (len(addresses) - place))
            tried.connect(address)
        except OSError as error:
            tried.close()
            problem = error
        else:
            return tried
    raise problem


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("时间到了")
    return left


class _Within(io.RawIOBase):
    """What a socket brings until a moment, as ``HTTPResponse`` reads it."""

    def __init__(self, connected: socket.socket, until: float) -> None:
        super().__init__()
        self._connected, self._until = connected, until

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What ``HTTPResponse`` asks a socket for."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: object) -> int:
        """The next bytes, if they come in time."""
        self._connected.settimeout(_left(self._until))
        return self._connected.recv_into(cast(bytearray, buffer))
