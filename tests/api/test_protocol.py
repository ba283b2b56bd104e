"""The connection layer: slow clients and what is no HTTP get a problem, and whoever is refused early still hears why."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from matcher.api import protocol
from matcher.api.settings import Limits, Settings
from tests.api.conftest import behind_doors
from tests.api.servers import chunk, connected, parsed, post, talk

pytestmark = pytest.mark.slow

SCORE = "/v1/zones/z/score"
JSON = "Content-Type: application/json"


@pytest.fixture
def port(keyless: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(protocol, "HEAD", 0.3)
    monkeypatch.setattr(protocol, "BODY", 0.3)
    with connected(behind_doors(replace(keyless, limits=Limits(body=1 << 20)))) as port:
        yield port


def kind(body: bytes) -> str:
    return str(json.loads(body)["type"]).rpartition(":")[2]


def test_an_ordinary_request(port: int) -> None:
    status, headers, body = talk(port, post(SCORE, JSON, "Content-Length: 2"), b"{}")
    assert (status, body) == (200, b"{}")
    assert "server" not in headers


@pytest.mark.parametrize(
    "parts",
    [
        [b"GET /healthz HTT"],
        [b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "],
        [post(SCORE, JSON, "Content-Length: 100"), b"{"],
        [post(SCORE, JSON, "Transfer-Encoding: chunked"), chunk(b"{")],
        [post(SCORE, JSON, "Transfer-Encoding: chunked"), b"5\r\n{"],
    ],
)
def test_whoever_is_too_slow_is_told_so(port: int, parts: list[bytes]) -> None:
    status, headers, body = talk(port, *parts)
    assert (status, kind(body)) == (408, "too-slow")
    assert headers["content-type"] == "application/problem+json"


def test_drops_do_not_keep_a_slow_client_alive(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        answer = b""
        for letter in b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 10_000:
            try:
                connection.sendall(bytes([letter]))
            except OSError:
                break
            time.sleep(0.05)  # at this rate it would be done in eight minutes
            connection.setblocking(False)
            try:
                answer += connection.recv(1 << 16)
            except BlockingIOError:
                continue
            finally:
                connection.setblocking(True)
            break
    assert parsed(answer)[0] == 408


def test_whoever_says_nothing_is_let_go(port: int) -> None:
    assert talk(port) == (0, {}, b"")


def test_a_body_that_comes_fast_enough_may_take_longer(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "RATE", 1000)
    parts = [b'{"a": "', *[b"x" * 200] * 5, b'"}']
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(post(SCORE, JSON, f"Content-Length: {sum(map(len, parts))}"))
        for part in parts:
            connection.sendall(part)
            time.sleep(0.1)  # 0.7 seconds in all, for 1 kilobyte
        assert parsed(connection.recv(1 << 16))[0] == 200


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400, "not-http"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "not-http"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "not-http"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400, "not-http"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "not-http"),
        (
            b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "not-http",
        ),
        (b"GET /" + b"x" * 200_000, 431, "headers-too-large"),
    ],
)
def test_what_is_no_http(port: int, sent: bytes, status: int, said: str) -> None:
    found, headers, body = talk(port, sent)
    assert (found, kind(body)) == (status, said)
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"


def test_an_address_in_plain_chinese_is_told_how_to_write_it(port: int) -> None:
    status, _, body = talk(port, "GET /v1/companies/青岛 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert (status, kind(body)) == (400, "not-http")
    assert "%XX" in body.decode()


@pytest.mark.parametrize("times", [3, 40])
def test_whoever_sends_too_much_hears_so(port: int, times: int) -> None:
    part = b"x" * (1 << 19)
    whole = post(SCORE, JSON, f"Content-Length: {times << 19}")
    assert talk(port, whole, *[part] * times)[0] == 413
    status, _, body = talk(port, post(SCORE, JSON, "Transfer-Encoding: chunked"), *[chunk(part)] * times, b"0\r\n\r\n")
    assert (status, kind(body)) == (413, "too-large")


def test_a_client_that_waits_to_be_told_to_go_on_is_told_no(port: int) -> None:
    status, _, body = talk(port, post(SCORE, JSON, "Expect: 100-continue", f"Content-Length: {10 << 20}"))
    assert (status, kind(body)) == (413, "too-large")


def test_connections_are_counted(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD", 30.0)
    monkeypatch.setattr(protocol, "CONNECTIONS", 3)
    held = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(3)]
    status, _, body = talk(port)
    assert (status, kind(body)) == (503, "overloaded")
    for connection in held:
        connection.close()


def test_several_requests_on_one_connection(port: int) -> None:
    request = b"POST /v1/zones/z/score HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        for _ in range(3):
            connection.sendall(request)
            answer = b""
            while not answer.endswith(b"{}"):
                answer += connection.recv(1 << 16)
        connection.sendall(request * 3 + request[:-2])  # and the last one too slowly
        answer = b""
        while more := connection.recv(1 << 16):
            answer += more
    assert answer.count(b"HTTP/1.1 200") == 3
    assert answer.count(b"HTTP/1.1 408") == 1
