"""Every operation × every role × every kind of key, by the routes that the application has and the table that says who may."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI, Response
from fastapi.routing import iter_route_contexts
from sqlalchemy import update

from matcher.api import access
from matcher.api.app import create_app
from matcher.api.operations import Operations
from matcher.api.roles import ON_PAGES, OPERATIONS, UI
from matcher.api.settings import Limits, Settings
from matcher.store.database import Store, open_store
from matcher.store.keys import ROLES, Wanted, create_key, list_keys, revoke_key
from matcher.store.runs import save_run
from matcher.store.tables import api_keys
from matcher.types import Run
from tests.api.conftest import behind_doors
from tests.api.local import TestClient

Whole = tuple[Settings, TestClient]
ZONE, OTHER = "liaocheng-resort", "zhuhai-jinwan"
NOBODY = {
    "none": None,
    "wrong": "lz_" + "a" * 12 + "_" + "b" * 52,
    "malformed": "lz_abc",
    "other scheme": "Digest abc",
}
ROUTES = sorted(
    (way_id, path, method)
    for way_id, path, methods in Operations(create_app(Settings.from_environment())).ways
    for method in sorted((methods or {"GET"}) - {"HEAD"})
)


def store_of(settings: Settings) -> Store:
    return open_store(settings.address)


def made(settings: Settings, **wanted: object) -> str:
    with store_of(settings) as store:
        return create_key(store, Wanted(**{"name": "甲", "role": "planner", "group": "some-group", **wanted}), by="")[0]


def ask(client: TestClient, method: str, path: str, token: str | None, zone: str = ZONE) -> Response:
    there = path.replace("{zone}", zone).replace("{book}", "targets")
    while "{" in there:
        there = there[: there.index("{")] + "x" + there[there.index("}") + 1 :]
    headers = {} if token is None else {"Authorization": token if " " in token else f"Bearer {token}"}
    return client.request(method, there, headers=headers)


def test_every_route_is_in_the_table_and_every_line_of_the_table_is_a_route() -> None:
    assert {way_id for way_id, _, _ in ROUTES} == set(OPERATIONS) - {UI, *ON_PAGES}, "pages are mounted by the room above"


def test_every_route_has_the_second_bolt() -> None:
    app = create_app(Settings.from_environment())
    for one in iter_route_contexts(app.routes):
        if getattr(one, "operation_id", None):
            assert access.admitted in [each.call for each in one.dependant.dependencies], one.path


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "path", "method"), ROUTES)
def test_who_may_do_what(whole: Whole, operation: str, path: str, method: str) -> None:
    settings, client = whole
    wanted = OPERATIONS[operation]
    for name, token in NOBODY.items():
        answer = ask(client, method, path, token)
        if wanted.scope is None:
            assert answer.status_code not in (401, 403), name
        else:
            assert (answer.status_code, answer.json()["type"]) == (401, "urn:lianzhao:problem:unauthenticated"), name
            assert answer.headers["www-authenticate"]
    for role in ROLES:
        may = wanted.scope is None or role in wanted.roles
        answer = ask(client, method, path, made(settings, role=role))
        assert (answer.status_code not in (401, 403)) == may, (role, answer.text)
        assert answer.status_code == 403 or may
        assert answer.status_code < 500 or operation == "readyz", (role, answer.text)
        if wanted.scope is not None and may:
            in_scope, other_scope = wanted.scope, next(scope for scope in ("read", "score") if scope != wanted.scope)
            assert ask(client, method, path, made(settings, role=role, scopes=[in_scope])).status_code not in (401, 403)
            assert ask(client, method, path, made(settings, role=role, scopes=[other_scope])).status_code == 403
            if "{zone}" in path:
                assert ask(client, method, path, made(settings, role=role, zones=[ZONE])).status_code not in (401, 403)
                assert ask(client, method, path, made(settings, role=role, zones=[OTHER])).status_code == 403


def test_runs_of_other_zones_are_not_for_a_key_of_one(whole: Whole) -> None:
    settings, client = whole
    with store_of(settings) as store:
        runs = [Run(f"{n:032x}", zone, "2024-08-27T10:00:00+08:00", "s", "r", "c", {}, {}) for n, zone in enumerate((ZONE, OTHER))]
        for run in runs:
            save_run(store, run, "0" * 64)
    ours, all_ = ({"Authorization": "Bearer " + made(settings, role="analyst", zones=zones)} for zones in ([ZONE], None))

    def listed(headers: dict[str, str], query: str = "") -> list[str]:
        answer = client.get(f"/v1/runs{query}", headers=headers)
        return [one["run"]["zone"] for one in answer.json()["runs"]] if answer.status_code == 200 else [str(answer.status_code)]

    assert set(listed(all_)) == {ZONE, OTHER}
    assert set(listed(ours)) == {ZONE}
    assert listed(ours, f"?zone={ZONE}") == [ZONE]
    assert listed(ours, f"?zone={OTHER}") == ["403"]
    assert client.get("/v1/zones", headers=ours).json() == {"zones": [ZONE]}
    other = runs[1].id
    for path in ("", "/results", "/replay", "/companies/91370200MA3TESTA0X", f"/diff/{runs[0].id}"):
        assert client.get(f"/v1/runs/{other}{path}", headers=ours).status_code == 403, path
        assert client.get(f"/v1/runs/{other}{path}", headers=all_).status_code != 403, path
    assert client.get(f"/v1/runs/{runs[0].id}", headers=ours).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "path", "method"), [one for one in ROUTES if OPERATIONS[one[0]].scope is not None])
def test_keys_that_no_longer_count(whole: Whole, monkeypatch: pytest.MonkeyPatch, operation: str, path: str, method: str) -> None:
    settings, keyed = whole
    monkeypatch.setattr(access, "FRESH", -1.0)  # looked up at every request
    for role in sorted(OPERATIONS[operation].roles):
        expired, revoked = made(settings, role=role), made(settings, role=role)
        with store_of(settings) as store:
            revoke_key(store, revoked, by="")
            with store.writing() as connection:
                gone = {"expires_at": datetime.now(UTC) - timedelta(seconds=1)}
                connection.execute(update(api_keys).where(api_keys.c.id == expired.split("_")[1]).values(gone))
        for token, word in ((expired, "过期"), (revoked, "撤销")):
            answer = ask(keyed, method, path, token)
            assert answer.status_code == 401
            assert word in answer.json()["detail"]


def test_a_key_that_expires_between_two_lookups_does_not_pass(
    settings: Settings, keyed: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = made(settings, expires_at=datetime.now(UTC) + timedelta(hours=1))
    monkeypatch.setattr(access, "FRESH", 1e9)
    assert ask(keyed, "GET", "/v1/zones", token).status_code == 200
    later = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr(access, "datetime", type("Later", (), {"now": staticmethod(lambda _zone: later)}))
    assert ask(keyed, "GET", "/v1/zones", token).status_code == 401


def test_a_revoked_key_is_told_so_and_counts_as_an_attempt_however_often_it_comes(
    settings: Settings, client_of: Callable[[FastAPI], TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(behind_doors(replace(settings, limits=Limits(attempts=3))))
    token = made(settings)
    with store_of(settings) as store:
        revoke_key(store, token, by="")
    monkeypatch.setattr(access, "FRESH", 1e9)
    answers = [ask(client, "GET", "/v1/zones", token) for _ in range(4)]
    assert [one.status_code for one in answers] == [401, 401, 401, 429]
    assert all("已撤销" in one.json()["detail"] for one in answers[:3])


def test_a_secret_that_is_almost_right_does_not_pass_even_while_the_right_one_is_remembered(
    settings: Settings, keyed: TestClient
) -> None:
    token = made(settings)
    assert ask(keyed, "GET", "/v1/zones", token).status_code == 200
    assert ask(keyed, "GET", "/v1/zones", token[:-1] + ("a" if token[-1] != "a" else "b")).status_code == 401
    assert ask(keyed, "GET", "/v1/zones", token).status_code == 200


def test_two_keys_in_one_request_are_none(settings: Settings, keyed: TestClient) -> None:
    token = made(settings)
    answer = keyed.get("/v1/zones", headers=[("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")])
    assert answer.status_code == 401


def test_the_last_use_is_noted(settings: Settings, keyed: TestClient) -> None:
    token = made(settings)
    assert ask(keyed, "GET", "/v1/zones", token).status_code == 200
    keyed.__exit__(None, None, None)  # what is written later is written by then
    with store_of(settings) as store:
        assert list_keys(store)[0].last_used_at is not None
    keyed.__enter__()


def test_a_browser_may_give_the_key_as_a_password_for_pages_only(settings: Settings, keyed: TestClient) -> None:
    token = made(settings)
    basic = "Basic " + base64.b64encode(f"any:{token}".encode()).decode()
    assert ask(keyed, "GET", "/docs", basic).status_code == 200
    assert ask(keyed, "GET", "/v1/zones", basic).status_code == 401
    assert ask(keyed, "GET", "/docs", "Basic !").status_code == 401
    assert keyed.get("/docs").headers["www-authenticate"].startswith("Basic ")


def test_the_rate_of_a_key_is_told_and_kept(settings: Settings, client_of: Callable[[FastAPI], TestClient]) -> None:
    client = client_of(behind_doors(replace(settings, limits=Limits(per_minute=3))))
    token, other = made(settings), made(settings)
    answers = [ask(client, "GET", "/v1/zones", token) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert [one.headers["ratelimit"].partition(";t=")[0] for one in answers] == [f'"key";r={left}' for left in (2, 1, 0, 0)]
    assert answers[0].headers["ratelimit-policy"] == '"key";q=3;w=60'
    assert 1 <= int(answers[3].headers["retry-after"]) <= 20
    assert answers[3].json()["type"] == "urn:lianzhao:problem:too-many-requests"
    assert ask(client, "GET", "/v1/zones", other).status_code == 200


def test_a_key_with_limits_of_its_own_has_those(settings: Settings, client_of: Callable[[FastAPI], TestClient]) -> None:
    client = client_of(behind_doors(replace(settings, limits=Limits(per_minute=3, body=100))))
    narrow, wide, usual = made(settings, per_minute=2, body=50), made(settings, per_minute=0, body=5000), made(settings)
    for token, most in ((narrow, 2), (usual, 3), (wide, 6)):
        answers = [ask(client, "GET", "/v1/zones", token) for _ in range(6)]
        assert [one.status_code for one in answers] == [200] * most + [429] * (6 - most)
        assert answers[0].headers.get("ratelimit-policy") == (None if token == wide else f'"key";q={most};w=60')
    for token, most in ((made(settings, body=50), 50), (made(settings), 100), (wide, 5000)):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        for length, status in ((most, 200), (most + 1, 413)):
            content = b'{"a": 1' + b" " * (length - 8) + b"}"
            answer = client.post(f"/v1/zones/{ZONE}/score", content=content, headers=headers)
            assert answer.status_code == status
            assert status == 200 or f"至多 {most:,} 字节" in answer.json()["detail"]


def test_attempts_are_limited_by_address_and_those_with_a_key_go_on(
    settings: Settings, client_of: Callable[[FastAPI], TestClient]
) -> None:
    client = client_of(behind_doors(replace(settings, limits=Limits(attempts=5))))
    token = made(settings)
    assert ask(client, "GET", "/v1/zones", token).status_code == 200
    assert [ask(client, "GET", "/v1/zones", NOBODY["wrong"]).status_code for _ in range(6)] == [401] * 5 + [429]
    assert ask(client, "GET", "/v1/zones", None).status_code == 429
    assert ask(client, "GET", "/healthz", None).status_code == 200
    client._transport.client = ("10.0.0.7", 1)  # type: ignore[attr-defined]
    assert ask(client, "GET", "/v1/zones", NOBODY["wrong"]).status_code == 401


@pytest.mark.parametrize(
    ("headers", "client", "status"),
    [
        ({}, "127.0.0.1", 200),
        ({}, "127.9.9.9", 200),
        ({}, "::1", 200),
        ({}, "::ffff:127.0.0.1", 200),
        ({}, "192.168.1.5", 403),
        ({}, "testclient", 403),
        ({"Host": "localhost:8000"}, "127.0.0.1", 200),
        ({"Host": "[::1]:8000"}, "::1", 200),
        ({"Host": "evil.example"}, "127.0.0.1", 403),
        ({"Host": "127.0.0.1.evil.example"}, "127.0.0.1", 403),
        ({"Host": "evil.example:127.0.0.1"}, "127.0.0.1", 403),
        ({"Host": ""}, "127.0.0.1", 403),
        ({"Origin": "http://evil.example"}, "127.0.0.1", 403),
        ({"Origin": "null"}, "127.0.0.1", 403),
        ({"Origin": "http://127.0.0.1"}, "127.0.0.1", 200),
        ({"Origin": "http://127.0.0.1:3000"}, "127.0.0.1", 403),
        ({"Sec-Fetch-Site": "cross-site"}, "127.0.0.1", 403),
        ({"Sec-Fetch-Site": "same-site"}, "127.0.0.1", 403),
        ({"Sec-Fetch-Site": "same-origin"}, "127.0.0.1", 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, "127.0.0.1", 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, "127.0.0.1", 403),
        ({"X-Forwarded-For": "10.0.0.1"}, "127.0.0.1", 403),
        ({"Via": "1.1 proxy"}, "127.0.0.1", 403),
        ({"Forwarded": "for=10.0.0.1"}, "127.0.0.1", 403),
    ],
)
def test_without_keys_only_this_machine_itself_is_answered(
    keyless: Settings, client_of: Callable[[FastAPI], TestClient], headers: dict[str, str], client: str, status: int
) -> None:
    caller = client_of(behind_doors(keyless))
    caller._transport.client = (client, 1)  # type: ignore[attr-defined]
    assert caller.get("/v1/zones", headers=headers).status_code == status
    assert caller.get("/healthz", headers=headers).status_code == status


def test_a_page_that_is_named_may_call(keyless: Settings, client_of: Callable[[FastAPI], TestClient]) -> None:
    page = "http://127.0.0.1:3333"
    client = client_of(behind_doors(replace(keyless, origins=(page,))))
    asked = {"Origin": page, "Access-Control-Request-Method": "POST", "Sec-Fetch-Site": "same-site"}
    allowed = client.options(f"/v1/zones/{ZONE}/score", headers=asked)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, page)
    answer = client.get("/v1/zones", headers={"Origin": page})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, page)
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-origin" not in client.get("/v1/zones").headers


def test_nobodys_body_is_read_who_is_turned_away(settings: Settings, keyed: TestClient) -> None:
    tracker = {"Authorization": f"Bearer {made(settings, role='tracker')}"}
    assert keyed.post(f"/v1/zones/{ZONE}/rank", content=b"not json", headers=tracker).status_code == 403
    assert keyed.post(f"/v1/zones/{ZONE}/rank", content=b"not json").status_code == 401


def test_floods_of_headers_are_turned_away(keyless: Settings, client_of: Callable[[FastAPI], TestClient]) -> None:
    client = client_of(behind_doors(keyless))
    many = client.get("/v1/zones", headers=[(f"x-{number}", "1") for number in range(101)])
    long = client.get("/v1/zones", headers={"x": "1" * 40_000})
    address = client.get("/v1/zones?" + "q" * 40_000)
    for answer in (many, long, address):
        assert (answer.status_code, answer.json()["type"]) == (431, "urn:lianzhao:problem:headers-too-large")
