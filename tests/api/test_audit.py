"""On both databases: nothing that is acknowledged is missing from the log, and nothing that came twice is done twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from fastapi import FastAPI

from matcher.api.roles import EVERYBODY, OPERATIONS, Operation
from matcher.api.settings import Settings
from matcher.errors import StoreUnreachableError
from matcher.store import audit as log
from matcher.store.audit import Entry, lines
from matcher.store.database import open_store
from matcher.store.keys import Wanted, create_key
from tests.api.conftest import behind_doors
from tests.api.local import TestClient

Client = Callable[[FastAPI], TestClient]


@pytest.fixture(autouse=True)
def _with_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPERATIONS, "make", Operation("read", EVERYBODY, audited=True, changes=True))


@pytest.fixture
def here(address: str, keyless: Settings) -> Settings:
    return replace(keyless, database=address)


def entries(settings: Settings) -> list[Entry]:
    with open_store(settings.address) as store:
        return [line.entry for line in reversed(lines(store))]


def test_every_ranking_and_every_change_is_noted(here: Settings, client_of: Client) -> None:
    with open_store(here.address) as store:
        token, key = create_key(store, Wanted("跟踪", "planner"), by="甲")
    client = client_of(behind_doors(here))
    client.post("/v1/zones/z/rank", headers={"X-Request-Id": "r1"})
    client.post("/v1/zones/z/rank", headers={"X-Request-Id": "r2", "Authorization": f"Bearer {token}"})
    client.post("/v1/made", json={"name": "某某公司"}, headers={"X-Request-Id": "r3"})
    client.post("/v1/made", content=b"[", headers={"X-Request-Id": "r4", "Content-Type": "application/json"})
    client.post("/v1/made", json={"fails": True}, headers={"X-Request-Id": "r5"})
    client.get("/v1/zones")
    client.post("/v1/zones/z/score", json={"name": "某某公司"})
    assert entries(here)[1:] == [
        Entry(None, "本机", "rank_companies", "r1", "z", "f" * 32, 200),
        Entry(key.id, "跟踪", "rank_companies", "r2", "z", "f" * 32, 200),
        Entry(None, "本机", "make", "r3", None, None, 201),
        Entry(None, "本机", "make", "r4", None, None, 400),
        Entry(None, "本机", "make", "r5", None, None, 500),
    ]
    assert "某某" not in str(entries(here))


def test_what_cannot_be_noted_fails(here: Settings, client_of: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(behind_doors(here))

    def unable(*_: object, **__: object) -> int:
        raise StoreUnreachableError("某库", "磁盘满了")

    monkeypatch.setattr(log, "note", unable)
    for path in ("/v1/zones/z/rank", "/v1/made"):
        answer = client.post(path, json={})
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:lianzhao:problem:busy")
        assert "f" * 32 not in answer.text
    assert client.get("/v1/zones").json() == {"made": 0}  # it was not even begun


def test_a_change_whose_end_cannot_be_noted_is_not_acknowledged_and_leaves_its_beginning(
    here: Settings, client_of: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(behind_doors(here))

    def unable(*_: object, **__: object) -> None:
        raise StoreUnreachableError("某库", "磁盘满了")

    monkeypatch.setattr(log, "finish", unable)
    assert client.post("/v1/made", json={}).status_code == 503
    assert [(one.operation, one.status) for one in entries(here)] == [("make", None)]


def test_the_same_again_is_answered_and_not_done(here: Settings, client_of: Client) -> None:
    client = client_of(behind_doors(here))
    headers = {"Idempotency-Key": "k-1"}
    first = client.post("/v1/made", json={"a": "甲"}, headers=headers)
    again = client.post("/v1/made", json={"a": "甲"}, headers={**headers, "X-Request-Id": "other"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["x-request-id"] == "other"
    other = client.post("/v1/made", json={"a": "乙"}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "urn:lianzhao:problem:key-reused")
    assert client.post("/v1/made?x=1", json={"a": "甲"}, headers=headers).status_code == 422
    assert client.get("/v1/zones").json() == {"made": 1}
    assert client.post("/v1/made", json={"a": "甲"}, headers={"Idempotency-Key": "k-2"}).json()["number"] == 2
    assert client.post("/v1/made", json={}, headers={"Idempotency-Key": "x" * 256}).status_code == 422
    assert client.post("/v1/made", json={}, headers={"Idempotency-Key": "a b"}).status_code == 422


def test_the_word_of_one_key_is_not_that_of_another(here: Settings, client_of: Client) -> None:
    with open_store(here.address) as store:
        tokens = [create_key(store, Wanted("甲", "planner"), by="")[0] for _ in range(2)]
    client = client_of(behind_doors(here))
    told = [client.post("/v1/made", json={}, headers={"Idempotency-Key": "k", "Authorization": f"Bearer {one}"}) for one in tokens]
    assert [one.json()["number"] for one in told] == [1, 2]


def test_what_failed_may_be_tried_again(here: Settings, client_of: Client) -> None:
    client = client_of(behind_doors(here))
    for _ in range(2):
        assert client.post("/v1/made", json={"fails": 1}, headers={"Idempotency-Key": "k"}).status_code == 500
    assert client.post("/v1/made", json={"fails": 0}, headers={"Idempotency-Key": "k"}).json()["number"] == 1


def test_the_same_at_once_is_done_once(here: Settings, client_of: Client) -> None:
    clients = [client_of(behind_doors(here)) for _ in range(2)]  # two processes would not see each other either
    answers: list[object] = []

    def send(client: TestClient) -> None:
        answers.append(client.post("/v1/made", json={"takes": 0.2}, headers={"Idempotency-Key": "k"}).json())

    threads = [threading.Thread(target=send, args=(clients[number % 2],)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [{"number": 1, "takes": 0.2}] * 6
    assert sum(len(client.app.state.made) for client in clients) == 1  # type: ignore[attr-defined]
    assert [one.operation for one in entries(here)] == ["make"]


def test_an_admin_reads_the_log_page_by_page(whole: tuple[Settings, TestClient]) -> None:
    settings, client = whole
    with open_store(settings.address) as store:
        token = create_key(store, Wanted("管理", "admin"), by="甲")[0]
        for number in range(5):
            log.note(store, Entry("abcdefghijkl", "跟踪", "rank_companies", f"r{number}", "z", None, 200))
    headers = {"Authorization": f"Bearer {token}"}
    first = client.get("/v1/audit?limit=3", headers=headers).json()
    assert [one["request"] for one in first["entries"]] == ["r4", "r3", "r2"]
    rest = client.get(f"/v1/audit?limit=3&before={first['next']}", headers=headers).json()
    assert [one["request"] for one in rest["entries"]][:2] == ["r1", "r0"]
    assert client.get("/v1/audit?limit=0", headers=headers).status_code == 422
