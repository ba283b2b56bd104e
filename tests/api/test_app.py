"""The HTTP face scores and ranks as the engine does, and answers mistakes with problem documents."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date

import pytest
from fastapi.testclient import TestClient

from matcher.engine import Engine
from matcher.intake import read_files
from matcher.runs import Request
from service import app

ZONE = "liaocheng-resort"
PROFILE = {
    "name": "青岛某某农业装备股份有限公司",
    "business_scope": "拖拉机、收获机械的研发、制造、销售",
    "reg_capital_raw": "5000万元人民币",
}


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50000), raise_server_exceptions=False)


def test_health_and_zones(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert ZONE in client.get("/v1/zones").json()["zones"]
    assert client.get(f"/v1/zones/{ZONE}").json()["name"] == "聊城江北水城旅游度假区"
    assert len(client.get(f"/v1/zones/{ZONE}/chains").json()["chains"]) == 4
    assert client.get(f"/v1/zones/{ZONE}/rules").json()["rules"]


def test_score_equals_the_engine(client: TestClient, engine: Engine) -> None:
    body = {"profiles": [PROFILE, {"name": ""}, PROFILE], "as_of": "2024-08-27"}
    answer = client.post(f"/v1/zones/{ZONE}/score", json=body)
    assert answer.status_code == 200
    results = answer.json()["results"]
    expected = asdict(engine.score([PROFILE], date(2024, 8, 27))[0])
    del expected["rank"]
    assert {**results[0], "row": 1} == json.loads(json.dumps(expected))
    assert results[1]["error"]["type"] == "urn:lianzhao:problem:profile-rejected"
    assert results[2]["score"] == results[0]["score"]
    assert results[2]["row"] == 3


def test_rank_equals_the_engine(client: TestClient, engine: Engine) -> None:
    answer = client.post(f"/v1/zones/{ZONE}/rank", json={"cities": ["青岛"], "top": 5, "as_of": "2024-08-27"}).json()
    intake = read_files([engine.corpora.sample], engine.corpora)
    expected = engine.rank(intake, Request(as_of=date(2024, 8, 27), cities=("青岛",), top=5))
    assert answer["results"] == json.loads(json.dumps([asdict(result) for result in expected.results]))
    assert answer["run"]["id"] == expected.run.id


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/zones/nowhere", None, 404),
        ("GET", "/v1/zones/..%2f..%2fetc/chains", None, 404),
        ("POST", f"/v1/zones/{ZONE}/score", {"profiles": []}, 422),
        ("POST", f"/v1/zones/{ZONE}/score", {"profiles": [{}] * 1001}, 422),
        ("POST", f"/v1/zones/{ZONE}/score", [], 422),
        ("POST", f"/v1/zones/{ZONE}/rank", {"cities": ["亚特兰蒂斯"]}, 404),
        ("POST", f"/v1/zones/{ZONE}/rank", {"chains": ["modern-agricluture"]}, 404),
        ("POST", f"/v1/zones/{ZONE}/rank", {"top": 0}, 422),
        ("DELETE", f"/v1/zones/{ZONE}/rank", None, 405),
    ],
)
def test_mistakes_are_problem_documents(client: TestClient, method: str, path: str, body: object, status: int) -> None:
    answer = client.request(method, path, json=body) if body is not None else client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"]
    assert problem["title"]
    assert problem["detail"]


def test_openapi_is_served_without_outside_scripts(client: TestClient) -> None:
    assert client.get("/openapi.json").json()["info"]["title"] == "链招 lianzhao"
    assert "http" not in client.get("/docs").text
