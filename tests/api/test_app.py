"""The HTTP face scores and ranks as the engine does, to the last byte, and gives lists page by page."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Any

import orjson
import pytest

from matcher.api.remaking import results_of
from matcher.cli import main
from matcher.engine import Engine
from matcher.intake import read_files
from matcher.runs import Request
from matcher.store.runs import digest_of, results_digest
from tests.api.local import TestClient

ZONE = "liaocheng-resort"
PROFILE = {
    "name": "青岛某某农业装备股份有限公司",
    "business_scope": "拖拉机、收获机械的研发、制造、销售",
    "reg_capital_raw": "5000万元人民币",
}


def rank(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/zones/{ZONE}/rank", json={"as_of": "2024-08-27", **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_health_and_zones(client: TestClient, engine: Engine) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert ZONE in client.get("/v1/zones").json()["zones"]
    assert client.get(f"/v1/zones/{ZONE}").json()["name"] == "聊城江北水城旅游度假区"
    assert len(client.get(f"/v1/zones/{ZONE}/chains").json()["chains"]) == 4
    rules = client.get(f"/v1/zones/{ZONE}/rules").json()
    assert rules["digest"] == engine.zone.digest
    assert [rule["id"] for rule in rules["rules"]] == [rule.id for rule in engine.zone.scoring.rules]


def test_score_equals_the_engine(client: TestClient, engine: Engine) -> None:
    body = {"profiles": [PROFILE, {"name": ""}, PROFILE, 7], "as_of": "2024-08-27"}
    answer = client.post(f"/v1/zones/{ZONE}/score", json=body)
    assert answer.status_code == 200
    results = answer.json()["results"]
    expected = asdict(engine.score([PROFILE], date(2024, 8, 27))[0])
    del expected["rank"]
    assert {**results[0], "row": 1} == json.loads(json.dumps(expected))
    assert results[1]["error"]["type"] == "urn:lianzhao:problem:profile-rejected"
    assert results[2] == {**results[0], "row": 3}
    assert results[3]["error"]["field"] == "（整项）"
    assert answer.json()["run"]["request"]["as_of"] == "2024-08-27"


def test_an_explained_score_is_that_of_the_command(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = client.post(f"/v1/zones/{ZONE}/score", json={"profiles": [PROFILE, {}], "as_of": "2024-08-27", "explain": True})

    class Stdin:
        class buffer:
            @staticmethod
            def read() -> bytes:
                return json.dumps([PROFILE, {}]).encode()

    monkeypatch.setattr("sys.stdin", Stdin)
    assert main(["score", "--zone", ZONE, "--as-of", "2024-08-27"]) == 0
    assert answer.json()["results"] == json.loads(capsys.readouterr().out)


def test_rank_equals_the_engine(client: TestClient, engine: Engine) -> None:
    answer = rank(client, cities=["青岛"], top=5)
    intake = read_files([engine.corpora.sample], engine.corpora)
    expected = engine.rank(intake, Request(as_of=date(2024, 8, 27), cities=("青岛",), top=5))
    plain = json.loads(json.dumps(asdict(expected)))
    for key in ("results", "opportunities", "considered", "vetoed", "folded", "unserved"):
        assert answer[key] == plain[key], key
    assert answer["run"]["id"] == expected.run.id
    assert digest_of({key: answer[key] for key in plain}) == results_digest(expected) == results_of(expected)


def test_filters_are_those_of_the_command(client: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--city", "杭州", "--chain", "modern-agriculture", "--need", "strengthen", "--top", "7", "--as-of", "2024-08-27"]
    assert main(["rank", "--zone", ZONE, *asked, "--no-store", "--format", "json"]) == 0
    expected = json.loads(capsys.readouterr().out)
    found = rank(client, cities=["杭州市"], chains=["modern-agriculture"], need="strengthen", top=7)
    assert {**found["run"], "created_at": ""} == {**expected["run"], "created_at": ""}
    assert found["results"] == expected["results"]


def test_pages_are_the_whole(client: TestClient) -> None:
    whole = rank(client, top=50)
    assert whole["next"] is None
    page = rank(client, top=50, limit=20)
    lines, beside, pages = page["results"], page["opportunities"], 1
    while page["next"]:
        page = client.post(f"/v1/zones/{ZONE}/rank", json={"cursor": page["next"], "limit": 20}).json()
        lines, beside, pages = lines + page["results"], beside + page["opportunities"], pages + 1
    assert (lines, beside, pages) == (whole["results"], whole["opportunities"], 3)


def test_a_cursor_goes_with_nothing_else_and_of_its_zone(client: TestClient) -> None:
    run = rank(client, top=3)["run"]["id"]
    cursor = {"run": run, "offset": 1}
    both = client.post(f"/v1/zones/{ZONE}/rank", json={"cursor": cursor, "top": 3})
    assert (both.status_code, both.json()["type"]) == (422, "urn:lianzhao:problem:invalid-request")
    assert "cursor 只与 limit 同用" in both.json()["detail"]
    elsewhere = client.post("/v1/zones/zhuhai-jinwan/rank", json={"cursor": cursor})
    assert (elsewhere.status_code, elsewhere.json()["field"]) == (404, "批次")
    behind = client.post(f"/v1/zones/{ZONE}/rank", json={"cursor": {"run": run, "offset": 999}})
    assert (behind.json()["results"], behind.json()["next"]) == ([], None)


def test_what_does_not_change_is_not_sent_twice(client: TestClient) -> None:
    run = rank(client, top=3)["run"]["id"]
    for path in (f"/v1/zones/{ZONE}/rules", f"/v1/zones/{ZONE}/chains", f"/v1/runs/{run}", f"/v1/runs/{run}/results?limit=2"):
        first = client.get(path)
        tag = first.headers["etag"]
        again = client.get(path, headers={"If-None-Match": f'W/"other", {tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert client.get(path, headers={"If-None-Match": '"other"'}).content == first.content


def test_answers_are_packed_for_those_who_take_it(client: TestClient) -> None:
    packed = client.get(f"/v1/zones/{ZONE}/rules", headers={"Accept-Encoding": "gzip"})
    plain = client.get(f"/v1/zones/{ZONE}/rules", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert orjson.loads(packed.content) == orjson.loads(plain.content)


def test_the_pages_load_nothing_from_outside(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "http" not in page.replace("charset", "")
    for name in ("start.js", "swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"):
        assert f"docs/{name}" in page
        assert client.get(f"/docs/{name}").status_code == 200
    assert client.get("/docs/..%2f__init__.py").status_code == 404
    assert client.get("/docs/swagger-ui.js.map").status_code == 404
