"""Logs and figures say which operation, how long and by which key; never what was asked."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from fastapi import FastAPI

from matcher.api.logs import Lines
from matcher.api.roles import EVERYBODY, OPERATIONS, Operation
from matcher.api.settings import Settings
from matcher.store.database import open_store
from matcher.store.keys import Wanted, create_key
from tests.api.conftest import behind_doors
from tests.api.local import TestClient

Client = Callable[[FastAPI], TestClient]


def test_a_line_of_json_for_every_request_and_nothing_of_what_was_asked(
    keyless: Settings, client_of: Client, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OPERATIONS, "make", Operation("read", EVERYBODY, audited=True, changes=True))
    with open_store(keyless.address) as store:
        token, key = create_key(store, Wanted("某某单位", "planner"), by="")
    client = client_of(behind_doors(replace(keyless, log="json")))
    capsys.readouterr()
    client.post("/v1/zones/z/score?q=某某", json={"name": "某某公司"}, headers={"Authorization": f"Bearer {token}"})
    client.get("/某某公司", headers={"X-Request-Id": "bad id"})
    client.post("/v1/made", json={"fails": 1, "name": "某某公司"})
    client.request("某某".encode().hex(), "/v1/zones")
    said = capsys.readouterr().err
    told = [json.loads(line) for line in said.splitlines()]
    assert [(one["method"], one["route"], one["status"], one["key"]) for one in told] == [
        ("POST", "/v1/zones/{zone}/score", 200, key.id),
        ("-", "-", 404, None),
        ("POST", "/v1/made", 500, None),
        ("-", "-", 405, None),
    ]
    assert all(one["ms"] >= 0 and one["request_id"] for one in told)
    assert "bad id" not in said
    for secret in ("某某", token, "13800000000"):
        assert secret not in said


def test_plain_lines_for_people(keyless: Settings, client_of: Client, capsys: pytest.CaptureFixture[str]) -> None:
    client_of(behind_doors(replace(keyless, log="plain"))).get("/healthz", headers={"X-Request-Id": "r1"})
    line = capsys.readouterr().err
    assert " GET /healthz status=200 ms=" in line
    assert "request_id=r1" in line


def test_errors_are_logged_with_their_place_and_without_their_words() -> None:
    def fail() -> None:
        raise ValueError("某某公司 13800000000")

    try:
        fail()
    except ValueError:
        record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, "Exception in ASGI application\n", None, sys.exc_info())
    told = json.loads(Lines("json").format(record))
    assert told["error"] == "ValueError"
    assert told["at"][-1].endswith(" fail")
    for form in ("json", "plain"):
        assert "某某" not in Lines(form).format(record)


def test_an_error_of_the_program_is_a_problem_with_its_request_id(
    keyless: Settings, client_of: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OPERATIONS, "make", Operation("read", EVERYBODY))
    answer = client_of(behind_doors(keyless)).post("/v1/made", json={"fails": 1}, headers={"X-Request-Id": "r1"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "r1")
    assert answer.json()["request_id"] == "r1"
    assert "某某" not in answer.text


def test_figures_count_by_route_and_say_what_is_in_use(whole: tuple[Settings, TestClient]) -> None:
    settings, client = whole
    with open_store(settings.address) as store:
        headers = {"Authorization": "Bearer " + create_key(store, Wanted("管理", "admin"), by="")[0]}
    before = figures(client.get("/metrics", headers=headers).text)
    for _ in range(3):
        client.get("/v1/zones", headers=headers)
        client.get("/v1/zones/nowhere", headers=headers)
    client.get("/no/such/place", headers=headers)
    client.request("BREW", "/v1/zones", headers=headers)
    text = client.get("/metrics", headers=headers).text
    after = figures(text)

    def more(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert more('lianzhao_requests_total{method="GET",route="/v1/zones",status="200"}') == 3
    assert more('lianzhao_requests_total{method="GET",route="/v1/zones/{zone}",status="404"}') == 3
    assert more('lianzhao_requests_total{method="GET",route="-",status="404"}') == 1
    assert more('lianzhao_requests_total{method="other",route="-",status="405"}') == 1
    assert more('lianzhao_request_seconds_count{method="GET",route="/v1/zones"}') == 3
    assert any(name.startswith("lianzhao_snapshot{") and value > 100 for name, value in after.items())
    assert sum(name.startswith("lianzhao_ruleset{") for name in after) == 2
    assert "nowhere" not in text and "such" not in text


def figures(text: str) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}
