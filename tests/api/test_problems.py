"""Every mistake gets a problem document of a known kind, in Chinese, with its place; whatever a client sends, the service stands."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core.core_schema import ErrorType

from matcher.api import problems
from matcher.api.problems import KINDS, mistakes_of
from tests.api.local import TestClient

ZONE = "liaocheng-resort"
SCORE, RANK = f"/v1/zones/{ZONE}/score", f"/v1/zones/{ZONE}/rank"
JSON = {"content-type": "application/json"}
_FIELDS = re.compile(
    r"[A-Za-z_]+(?:\.[A-Za-z0-9_]+)*：|complement|strengthen|extend|true|false|null|JSON|UTF-8|limit|cursor|query|properties"
)


def checked(answer: Any, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == problems.MEDIA_TYPE
    told: dict[str, Any] = answer.json()
    assert told["type"] == f"urn:lianzhao:problem:{kind}"
    assert (told["status"], told["title"]) == KINDS[kind]
    assert told["request_id"] == answer.headers["x-request-id"]
    assert told["detail"]
    return told


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("GET", "/v1/zones/nowhere", None, 404, "not-found"),
        ("GET", "/v1/zones/..%2f..%2fetc/chains", None, 404, "not-found"),
        ("GET", "/v1/zones/%00/rules", None, 404, "not-found"),
        ("GET", "/v1/zones/liaocheng-resort%0d%0aX:1/rules", None, 404, "not-found"),
        ("GET", "/v1/companies/..%2f..%2fcurrent", None, 404, "not-found"),
        ("GET", "/v1/companies/%ff%fe", None, 404, "not-found"),
        ("GET", "/v1/companies/%20", None, 404, "not-found"),
        ("GET", "/v1/companies/" + "9" * 65, None, 422, "invalid-request"),
        ("GET", "/v1/companies?limit=1001", None, 422, "invalid-request"),
        ("GET", "/v1/companies?changed_since=yesterday", None, 422, "invalid-request"),
        ("GET", "/v1/companies?snapshot=" + "0" * 32, None, 410, "gone"),
        ("GET", "/v1/runs/" + "0" * 32, None, 404, "not-found"),
        ("GET", "/v1/runs/..", None, 404, "not-found"),
        ("GET", "/v1/runs/0%00", None, 422, "invalid-request"),
        ("GET", "/v1/runs?after=" + "0" * 32, None, 404, "not-found"),
        ("GET", "/v1/nothing", None, 404, "not-found"),
        ("GET", f"/v1/zones/{ZONE}/gaps", None, 404, "not-found"),
        ("GET", f"/v1/zones/{ZONE}/gaps?chain=nope", None, 404, "not-found"),
        ("GET", f"/v1/zones/{ZONE}/rules?ruleset=../x", None, 422, "invalid-request"),
        ("GET", f"/v1/zones/{ZONE}/rules?ruleset=7", None, 404, "not-found"),
        ("POST", SCORE, {"profiles": []}, 422, "invalid-request"),
        ("POST", SCORE, {"profiles": [{}] * 1001}, 422, "invalid-request"),
        ("POST", SCORE, [], 422, "invalid-request"),
        ("POST", SCORE, {"profiles": [{}], "register": "没有"}, 404, "not-found"),
        ("POST", SCORE, {"profiles": [{}], "register": "a\x00b"}, 422, "invalid-request"),
        ("POST", RANK, {"cities": ["亚特兰蒂斯"]}, 404, "not-found"),
        ("POST", RANK, {"chains": ["modern-agricluture"]}, 404, "not-found"),
        ("POST", RANK, {"group": "nobody"}, 404, "not-found"),
        ("POST", RANK, {"top": 0}, 422, "invalid-request"),
        ("POST", RANK, {"top": 10**30}, 422, "invalid-request"),
        ("POST", RANK, {"ruleset": "published"}, 404, "not-found"),
        ("POST", RANK, {"ruleset": "/etc"}, 422, "invalid-request"),
        ("POST", "/v1/resolve", {"queries": [{"uscc": ""}]}, 422, "invalid-request"),
        ("POST", "/v1/resolve", {"queries": ["a"], "brands": {"b": {}}}, 422, "invalid-request"),
        ("DELETE", RANK, None, 405, "method-not-allowed"),
    ],
)
def test_mistakes_are_problem_documents(client: TestClient, method: str, path: str, body: object, status: int, kind: str) -> None:
    answer = client.request(method, path, json=body) if body is not None else client.request(method, path)
    checked(answer, status, kind)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"\xff\xfe", b'{"profiles": [{"name": NaN}]}', b'{"profiles": [Infinity]}', b'{"profiles": [1e999]}',
        b'{"profiles": ["\\ud800"]}', b'{"profiles": [{"\\udfff": 1}]}', b"[" * 100_000, b'{"a":' * 100_000,
        b'{"profiles": "\xed\xa0\x80"}',
    ],
    ids=["empty", "torn", "no-utf8", "nan", "infinity", "too-large", "surrogate", "surrogate-key", "depth", "depth-of-objects", "cesu"],
)  # fmt: skip
def test_what_is_no_json_is_refused(client: TestClient, raw: bytes) -> None:
    answer = client.post(SCORE, content=raw, headers=JSON)
    deep = raw.startswith((b"[[", b'{"a":{'))
    checked(answer, 400 if raw else 422, "too-deep" if deep else "not-json" if raw else "invalid-request")


@pytest.mark.parametrize(
    ("raw", "said"),
    [(b'{"profiles": "\xff"}', "UTF-8"), (b'{"profiles": "\\ud800"}', "代理字符"), (b"\xef\xbb\xbf{}", "BOM")],
)
def test_what_is_wrong_with_it_is_told(client: TestClient, raw: bytes, said: str) -> None:
    assert said in checked(client.post(SCORE, content=raw, headers=JSON), 400, "not-json")["detail"]


@pytest.mark.parametrize("given", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/json"])
def test_a_body_that_does_not_say_that_it_is_json_is_not_read(client: TestClient, given: str | None) -> None:
    body = json.dumps({"profiles": [{"name": "某某玩具有限公司"}]}).encode()
    headers = {} if given is None else {"content-type": given}
    told = checked(client.post(SCORE, content=body, headers=headers), 415, "unsupported-media-type")
    assert "application/json" in told["detail"]
    for known in ("application/json", "Application/JSON; charset=utf-8", "application/problem+json"):
        assert client.post(SCORE, content=body, headers={"content-type": known}).status_code == 200


def test_a_thousand_bad_profiles_fail_one_by_one(client: TestClient) -> None:
    nested: Any = "x"
    for _ in range(20):
        nested = [nested]
    bad: list[Any] = [
        None,
        7,
        "x",
        [],
        {},
        {"name": nested},
        {"name": {}},
        {"名称": "\u0000" * 9},
        {"name": "x" * 10**4},
        {"name": True},
    ]
    answer = client.post(SCORE, content=json.dumps({"profiles": bad * 100}), headers=JSON)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert len(results) == 1000
    assert results[:10] * 100 == [
        {**one, "row": results[n % 10].get("row")} if "row" in one else one for n, one in enumerate(results)
    ]
    assert sum("error" in one for one in results) >= 900


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_profile_gets_an_answer_in_its_place(client: TestClient, profile: Any) -> None:
    raw = json.dumps({"profiles": [profile, {"name": "青岛某某农机有限公司"}], "as_of": "2024-08-27"}, ensure_ascii=True)
    answer = client.post(SCORE, content=raw, headers=JSON)
    if answer.status_code == 400:  # numbers and characters that JSON has no room for
        checked(answer, 400, "not-json")
        return
    assert answer.status_code == 200, answer.text
    first, second = answer.json()["results"]
    assert ("error" in first) != ("score" in first)
    assert second["score"] >= 0


def test_all_mistakes_are_told_in_chinese(client: TestClient) -> None:
    body = {
        "as_of": "gestern",
        "cities": "青岛",
        "need": "none",
        "top": "many",
        "limit": 0,
        "cursor": 3,
        "more": 1,
        "group": 1,
        "chains": [2],
    }
    told = checked(client.post(RANK, json=body), 422, "invalid-request")
    assert {one["field"] for one in told["mistakes"]} == {*body, "chains.0"} - {"chains"}
    assert next(one for one in told["mistakes"] if one["field"] == "chains.0")["row"] == 1
    for one in told["mistakes"]:
        assert not re.search("[A-Za-z]", _FIELDS.sub("", one["expected"]).replace("2024-08-27", "")), one


def test_every_error_of_pydantic_that_it_documents_has_chinese_words() -> None:
    context = dict.fromkeys(("min_length", "max_length", "pattern", "ge", "le", "gt", "lt", "expected"), 7)
    kinds = get_args(ErrorType)
    assert len(kinds) > 90
    for kind in kinds:
        told = mistakes_of([{"type": kind, "loc": ("body", "x"), "ctx": context}])[0]
        assert re.search("[\u4e00-\u9fff]", told.expected), kind
        assert "{" not in told.expected


def test_a_request_id_is_kept_if_it_is_fit_for_a_log(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": "case-7.a_b"}).headers["x-request-id"] == "case-7.a_b"
    for strange in ("a b", "x" * 65, "<script>", ""):
        given_back = client.get("/healthz", headers={"X-Request-Id": strange}).headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{16}", given_back)


def test_kinds_have_one_status_each_and_known_words() -> None:
    assert all(400 <= status < 600 and title for status, title in KINDS.values())
    declared = problems.documented(*KINDS)
    assert sorted(declared) == sorted({status for status, _ in KINDS.values()})
