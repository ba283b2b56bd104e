"""The Reconciliation API 0.2: answers have the protocol's form; candidates are those of ``resolve``, filtered, with the zone's points."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.api.app import create_app
from matcher.corpora import open_corpora
from matcher.snapshot import build
from tests.api import reconciliation_schemas as schemas
from tests.api.conftest import ROWS, small, write_companies
from tests.api.local import TestClient

ZONE = "liaocheng-resort"
HERE = f"/reconcile/{ZONE}"
CODE = "91370200706426601X"


def asked(client: TestClient, queries: Any) -> dict[str, Any]:
    """Asks in each of the three ways and returns what all of them answer."""
    text = json.dumps(queries)
    answers = [
        client.post(HERE, data={"queries": text}),
        client.post(HERE, json={"queries": queries}),
        client.get(HERE, params={"queries": text}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200], answers[0].text
    found: dict[str, Any] = answers[0].json()
    assert found == answers[1].json() == answers[2].json()
    schemas.held("results", found)
    return found


def fetched(client: TestClient, ids: list[str], *properties: str) -> dict[str, Any]:
    answer = client.post(HERE, data={"extend": json.dumps({"ids": ids, "properties": [{"id": one} for one in properties]})})
    assert answer.status_code == 200, answer.text
    schemas.held("extension", answer.json())
    found: dict[str, Any] = answer.json()
    return found


def test_the_manifest_names_what_is_there(client: TestClient) -> None:
    manifest = client.get(HERE).json()
    schemas.held("manifest", manifest)
    for kind, address in manifest["suggest"].items():
        answer = client.get(address["service_url"] + address["service_path"], params={"prefix": ""})
        schemas.held(kind, answer.json())
    propose = manifest["extend"]["propose_properties"]
    schemas.held("proposed", client.get(propose["service_url"] + propose["service_path"] + "?type=company").json())
    for template in (manifest["view"]["url"], manifest["preview"]["url"]):
        assert client.get(template.replace("{{id}}", CODE)).status_code == 200
    assert client.get("/reconcile/nowhere").status_code == 404


def test_candidates_are_those_of_resolve(client: TestClient) -> None:
    names = ["青岛啤酒", "华仁药业", "浙旅集团", CODE, "不存在的某某公司"]
    found = asked(client, {f"q{n}": {"query": name} for n, name in enumerate(names)})
    resolved = client.post("/v1/resolve", json={"queries": names}).json()["results"]
    for n, answer in enumerate(resolved):
        candidates = found[f"q{n}"]["result"]
        assert not answer["uscc"] or candidates[0]["id"] == answer["uscc"]
        assert {one["name"] for one in answer["candidates"]} <= {one["name"] for one in candidates}
        assert [one["match"] for one in candidates if one["match"]] == [True] * (answer["decision"] == "same")
        if answer["uscc"]:
            assert candidates[0]["score"] == pytest.approx(answer["confidence"] * 100, abs=0.051)


def test_features_are_of_the_name_and_of_each_rule(client: TestClient) -> None:
    (candidate,) = asked(client, {"q": {"query": "华仁药业", "limit": 1}})["q"]["result"]
    features = {one["id"]: one["value"] for one in candidate["features"]}
    profile = fetched(client, [CODE], "score", "affinity", "chain")["rows"][CODE]
    rules = client.get(f"/v1/zones/{ZONE}/rules").json()["rules"]
    assert {f"points:{rule['id']}" for rule in rules} == {name for name in features if name.startswith("points:")}
    assert features["score"] == profile["score"][0]["float"]
    assert features["affinity"] == profile["affinity"][0]["float"]
    assert profile["chain"] == [{"str": "medical-health"}]
    assert any(name.startswith("name:") for name in features)


def test_properties_filter(client: TestClient) -> None:
    def names(query: str, *properties: tuple[str, Any]) -> list[str]:
        given_ = [{"pid": pid, "v": value} for pid, value in properties]
        return [one["name"] for one in asked(client, {"q": {"query": query, "properties": given_}})["q"]["result"]]

    every = names("青岛啤酒")
    assert names("青岛啤酒", ("city", "青岛")) == every == names("青岛啤酒", ("city", ["杭州", "青岛市"]))
    elsewhere = names("青岛啤酒", ("city", {"id": "绍兴", "name": "绍兴市"}))
    assert not set(elsewhere) & set(every)
    assert names("青岛啤酒", ("city", "亚特兰蒂斯")) == []
    assert names("华仁药业", ("chain", "medical-health")) == names("华仁药业", ("chain", "医养健康"))
    assert "华仁药业股份有限公司" in names("华仁药业", ("chain", "medical-health"))
    assert "华仁药业股份有限公司" not in names("华仁药业", ("chain", "modern-agriculture"))
    assert names("", ("uscc", CODE)) == ["华仁药业股份有限公司"]
    assert names("华仁药业", ("favourite", 7), ("open", True)) == names("华仁药业")
    assert asked(client, {"q": {"query": "华仁药业", "type": ["person"]}})["q"]["result"] == []
    assert asked(client, {"q": {"query": "华仁药业", "type": "company", "type_strict": "any"}})["q"]["result"]
    assert asked(client, {}) == {}


def test_the_best_of_a_city_is_found_though_better_ones_sit_elsewhere(tmp_path: Path) -> None:
    home = small(tmp_path)
    rows = [
        (f"杭州华仁{word}有限公司", "积木的生产", "900万元", "杭州市", "", "")
        for word in ("玩具", "积木", "布偶", "礼品", "乐园", "动漫")
    ]
    rows += [
        ("青岛华仁有限公司", "布偶的生产", "100万元", "青岛市", "", ""),
        ("杭州华仁有限公司", "布偶的生产", "100万元", "杭州市", "", ""),
    ]
    build([write_companies(tmp_path / "企业.csv", rows)], open_corpora(), home.home)
    with TestClient(create_app(home)) as client:
        queries = {"q": {"query": "华仁玩具", "properties": [{"pid": "city", "v": "青岛"}]}}
        (found,) = client.post("/reconcile/small", json={"queries": queries}).json()["q"]["result"]
        assert (found["name"], found["id"]) == ("青岛华仁有限公司", "name:青岛华仁有限公司")
        assert client.get("/reconcile/small/preview", params={"id": found["id"]}).status_code == 200


def test_fields_are_fetched(client: TestClient) -> None:
    card = client.get(f"/v1/companies/{CODE}").json()["fields"]
    found = fetched(client, [CODE, "没有", CODE], "name", "founded", "capital", "former_names", "band", "reason")
    row = found["rows"][CODE]
    assert row["name"] == [{"str": card["name"]["value"]}]
    assert row["founded"] == [{"date": f"{card['founded']['value']}T00:00:00Z"}]
    assert row["capital"] == [{"int": card["capital"]["value"]}]
    assert found["rows"]["没有"] == {name: [] for name in ("name", "founded", "capital", "former_names", "band", "reason")}
    assert [one["id"] for one in found["meta"]] == ["name", "founded", "capital", "former_names", "band", "reason"]
    proposed = client.get(f"{HERE}/extend/propose?type=company").json()["properties"]
    everything = fetched(client, [CODE], *(one["id"] for one in proposed))
    assert len(everything["meta"]) == len(proposed) > 20


def test_suggestions_begin_as_typed(client: TestClient) -> None:
    found = client.get(f"{HERE}/suggest/entity", params={"prefix": "青岛啤"}).json()["result"]
    assert found[0]["name"].startswith("青岛啤")
    assert len({one["id"] for one in found}) == len(found) <= 20
    for kind, prefix, first in (("property", "cit", "city"), ("property", "产业", "chain"), ("type", "企", "company")):
        answer = client.get(f"{HERE}/suggest/{kind}", params={"prefix": prefix}).json()
        schemas.held(kind, answer)
        assert answer["result"][0]["id"] == first
    assert client.get(f"{HERE}/suggest/type", params={"prefix": "x"}).json() == {"result": []}


def test_a_preview_runs_nothing(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>青岛积木有限公司"
    home = small(tmp_path)
    rows = [("青岛甲积木有限公司", f"积木的生产{evil}", "500万元", "青岛市", ROWS[0][4], "")]
    build([write_companies(tmp_path / "企业.csv", rows)], open_corpora(), home.home)

    class Tags(HTMLParser):
        seen: ClassVar[list[str]] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.seen.append(tag)
            assert not any(name.startswith(("on", "src", "href")) for name, _ in attrs)

    with TestClient(create_app(home)) as client:
        answer = client.get("/reconcile/small/preview", params={"id": ROWS[0][4]})
        assert answer.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "&lt;script&gt;" in answer.text
        Tags().feed(answer.text)
        assert set(Tags.seen) <= {"html", "head", "meta", "title", "style", "body", "h1", "p", "table", "tr", "th", "td"}
        missing = client.get("/reconcile/small/preview", params={"id": evil})
        assert missing.status_code == 404
        assert missing.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "kind", "status", "problem"),
    [
        (b"queries=%7B", "application/x-www-form-urlencoded", 400, "not-json"),
        (b"queries=%ff", "application/x-www-form-urlencoded", 422, "invalid-request"),
        (b"&".join(b"a%d=1" % n for n in range(50)), "application/x-www-form-urlencoded", 422, "invalid-request"),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 422, "invalid-request"),
        (quote('queries={"q":{"limit":3}}', safe="=").encode(), "application/x-www-form-urlencoded", 422, "invalid-request"),
        (b'queries={"q":{"query":"x","limit":0}}', "application/x-www-form-urlencoded", 422, "invalid-request"),
        (b'{"queries": {"q": {"query": NaN}}}', "application/json", 400, "not-json"),
        (b'{"queries": {"q": {"query": "x", "more": 1}}}', "application/json", 422, "invalid-request"),
        (b'{"queries": {"q": {"query": "x", "type_strict": "some"}}}', "application/json", 422, "invalid-request"),
        (b'{"queries": [], "extend": {}}', "application/json", 422, "invalid-request"),
        (b'{"q0": {"query": "x"}}', "application/json", 422, "invalid-request"),
        (b'{"extend": {"ids": []}}', "application/json", 422, "invalid-request"),
        (b'{"extend": {"ids": ["x"], "properties": [{"id": "secret"}]}}', "application/json", 404, "not-found"),
        (b"<xml/>", "text/xml", 415, "unsupported-media-type"),
    ],
)
def test_mistakes_are_problem_documents(client: TestClient, body: bytes, kind: str, status: int, problem: str) -> None:
    answer = client.post(HERE, content=body, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:lianzhao:problem:{problem}"), answer.text


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(max_size=5), st.fixed_dictionaries({"query": st.text(max_size=30)}), max_size=4))
def test_any_batch_of_names_is_answered_by_its_keys(client: TestClient, batch: dict[str, Any]) -> None:
    answer = client.post(HERE, content=json.dumps({"queries": batch}), headers={"content-type": "application/json"})
    if answer.status_code == 400:  # a lone surrogate
        return
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == set(batch)
    schemas.held("results", answer.json())


@pytest.mark.skipif(schemas.published() is None, reason="LIANZHAO_DATA holds no published schemas of the Reconciliation API 0.2")
def test_the_published_schemas_are_what_answers_are_held_against() -> None:
    folder = schemas.published()
    assert folder is not None
    for kind in schemas.PUBLISHED:
        assert not schemas.validator(folder, kind).is_valid({"result": 1, "properties": 1, "rows": 1})
