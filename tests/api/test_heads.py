"""Proves that HEAD is answered wherever GET is, with the same status and headers and without a body, and by the same doors."""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from matcher.api.app import create_app
from matcher.api.settings import Settings
from tests.api.conftest import Client, small
from tests.api.local import TestClient, at_this_machine
from tests.api.servers import connected

ZONE = "liaocheng-resort"
PLACES = {
    "zone": ZONE,
    "id_": "0" * 64,
    "a": "0" * 64,
    "b": "1" * 64,
    "uscc": "91370200163615667J",
    "book": "targets",
    "kind": "weekly",
}
OF_THE_MOMENT = ("x-request-id", "date")


def getting(document: dict[str, Any]) -> list[str]:
    """A path of every operation that is a GET."""
    found = []
    for path, methods in document["paths"].items():
        if "get" in methods:
            names = {one["name"] for one in methods["get"].get("parameters", ()) if one["in"] == "path"}
            found.append(path.format(**{name: PLACES.get(name, "1") for name in names}))
    return found


def of(answer: Any) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in OF_THE_MOMENT}


@pytest.mark.slow
def test_every_get_answers_head_alike(client: TestClient) -> None:
    paths = getting(client.get("/openapi.json").json())
    assert len(paths) > 25
    statuses = set()
    for path in [*paths, "/docs", "/openapi.json", f"/reconcile/{ZONE}"]:
        got, head = client.get(path), client.head(path)
        assert head.status_code == got.status_code, path
        if path != "/metrics":  # its figures have moved
            assert of(head) == of(got), path
        assert head.content == b""
        statuses.add(got.status_code)
    assert {200, 404, 422} <= statuses


def test_what_the_client_has_is_not_counted_again_and_packing_is_told_alike(client: TestClient) -> None:
    path = f"/v1/zones/{ZONE}/rules"
    tag = client.get(path).headers["etag"]
    assert client.head(path, headers={"If-None-Match": tag}).status_code == 304
    got, head = (client.request(method, path, headers={"Accept-Encoding": "gzip"}) for method in ("GET", "HEAD"))
    assert head.headers["content-encoding"] == "gzip" and of(head) == of(got)


def test_where_there_is_no_get_there_is_no_head(client: TestClient) -> None:
    answer = client.head(f"/v1/zones/{ZONE}/score")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert client.head("/no/such/place").status_code == 404
    assert client.put("/v1/zones", json={}).headers["allow"] == "GET, HEAD"


def test_no_byte_of_the_body_is_sent(client: TestClient) -> None:
    sent: list[Message] = []

    async def once() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def keep(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "HEAD", "path": "/v1/zones", "raw_path": b"/v1/zones", "query_string": b"", "headers": [],
        "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "root_path": "", "http_version": "1.1",
    }  # fmt: skip
    asyncio.run(at_this_machine(client.app)(scope, once, keep))
    assert sent[0]["status"] == 200 and int(dict(sent[0]["headers"])[b"content-length"]) > 0
    assert [one["body"] for one in sent[1:]] == [b""] * (len(sent) - 1)
    assert scope["method"] == "HEAD", "the server must go on knowing what was asked"


@pytest.mark.slow
def test_the_same_doors(settings: Settings, client_of: Client) -> None:
    """What GET refuses without a key, HEAD refuses."""
    client = client_of(create_app(settings))
    for path in ("/v1/zones", "/v1/runs", "/v1/audit", "/metrics"):
        got, head = client.get(path), client.head(path)
        assert (head.status_code, head.headers["www-authenticate"]) == (401, got.headers["www-authenticate"])


@pytest.mark.slow
def test_the_log_says_which_it_was(keyless: Settings, client_of: Client, capsys: pytest.CaptureFixture[str]) -> None:
    client_of(create_app(replace(keyless, log="json"))).head("/healthz")
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert (line["method"], line["route"], line["status"]) == ("HEAD", "/healthz", 200)


def test_over_a_connection_that_stays_open(tmp_path: Path) -> None:
    """The next answer begins where the headers of the one before ended."""
    with connected(create_app(small(tmp_path))) as port, socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
        reader = wire.makefile("rb")
        for path in ("/v1/zones", "/docs", "/v1/zones/none", "/healthz"):
            lengths = []
            for method in ("HEAD", "HEAD", "GET"):
                wire.sendall(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                assert reader.readline().startswith(b"HTTP/1.1 "), (method, path)
                headers = dict(line.decode().rstrip().lower().split(": ", 1) for line in iter(reader.readline, b"\r\n"))
                lengths.append(headers["content-length"])
            assert len(reader.read(int(lengths[-1]))) == int(lengths[-1])
            assert len(set(lengths)) == 1
