"""A score that is kept can be asked for, explained and made again by its run; one that is not claims no run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from matcher.api.app import create_app
from matcher.store.database import open_store
from matcher.store.keys import Wanted, create_key
from matcher.store.scores import Bounds
from tests.api.conftest import small
from tests.api.local import TestClient

ZONE = "small"
CODE = "91370200MA3TESTA0X"
PROFILES: list[Any] = [
    {"name": "青岛某某玩具有限公司", "business_scope": "积木、布偶的生产、销售", "uscc": CODE, "reg_capital_raw": "5000万元"},
    {"business_scope": "没有名称"},
    {"name": "某某礼品有限公司", "business_scope": "礼品的销售"},
]
ASKED = {"profiles": PROFILES, "as_of": "2024-08-27"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with TestClient(create_app(small(home))) as found:
        yield found


def keep(client: TestClient, **options: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/zones/{ZONE}/scores", json={**ASKED, **options})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/runs/{told['run']['id']}"
    return told


def test_a_score_that_is_not_kept_names_no_run(client: TestClient) -> None:
    told = client.post(f"/v1/zones/{ZONE}/score", json=ASKED).json()
    assert "id" not in told["run"]
    assert client.get(f"/v1/runs/{told['run']['fingerprint']}").status_code == 404
    assert client.post(f"/v1/zones/{ZONE}/score", json=ASKED).json()["run"]["fingerprint"] == told["run"]["fingerprint"]
    other = client.post(f"/v1/zones/{ZONE}/score", json={**ASKED, "as_of": "2024-08-28"}).json()
    assert other["run"]["fingerprint"] != told["run"]["fingerprint"]
    kept = keep(client)
    assert kept["run"]["id"] == told["run"]["fingerprint"]
    assert kept["results"] == told["results"]


@pytest.mark.slow
def test_a_kept_score_is_told_explained_and_made_again(home: Path, client: TestClient) -> None:
    plain, made = client.post(f"/v1/zones/{ZONE}/score", json={**ASKED, "explain": True}).json(), keep(client, explain=True)
    assert made["results"] == plain["results"]
    run = made["run"]["id"]
    with TestClient(create_app(small(home))) as other:  # as another worker
        facts = other.get(f"/v1/runs/{run}")
        assert (facts.json()["run"]["request"]["as_of"], facts.json()["kept_until"]) == ("2024-08-27", made["kept_until"])
        assert other.get(f"/v1/runs/{run}", headers={"If-None-Match": facts.headers["etag"]}).status_code == 304
        one = other.get(f"/v1/runs/{run}/companies/{CODE}").json()
        assert one["result"] == {key: value for key, value in made["results"][0].items() if key != "explanation"}
        assert one["explanation"] == made["results"][0]["explanation"]
        assert one["standing"] is None
        assert other.get(f"/v1/runs/{run}/companies/91370200163615667J").status_code == 404
        page = other.get(f"/v1/runs/{run}/results?limit=2").json()
        assert [page["results"][0], "error" in page["results"][1]] == [one["result"], True]
        assert other.get(f"/v1/runs/{run}/results?offset={page['next']['offset']}").json()["next"] is None
        replayed = other.get(f"/v1/runs/{run}/replay").json()
        assert (replayed["equal"], replayed["now"]) == (True, replayed["then"])
        assert other.get(f"/v1/runs/{run}/diff/{run}").status_code == 409


def test_under_changed_rules_it_is_what_it_was(home: Path, client: TestClient) -> None:
    run = keep(client)["run"]["id"]
    before = client.get(f"/v1/runs/{run}/companies/{CODE}").json()
    scoring = home / "rules" / ZONE / "scoring.yaml"
    content = scoring.read_text(encoding="utf-8")
    scoring.write_text(content + "\n# 改过\n", encoding="utf-8")
    with TestClient(create_app(small(home))) as other:
        assert other.get(f"/v1/runs/{run}/companies/{CODE}").json() == before
        assert keep(other)["run"]["id"] != run


def test_its_time_ends_and_only_the_latest_stay(home: Path) -> None:
    with TestClient(create_app(replace(small(home), scores=Bounds(most=2)))) as client:
        runs = [keep(client, as_of=f"2024-08-{day}")["run"]["id"] for day in (10, 11, 12)]
        assert [client.get(f"/v1/runs/{run}").status_code for run in runs] == [404, 200, 200]


def test_who_asked_is_noted_and_zones_are_kept_apart(home: Path) -> None:
    settings = replace(small(home), needs_keys=True, log="off")
    with open_store(settings.address) as store:
        keys = {
            name: {"Authorization": f"Bearer {create_key(store, Wanted(name, role, zones=zones), by='')[0]}"}
            for name, role, zones in (("系统", "tracker", [ZONE]), ("别处", "tracker", ["elsewhere"]), ("管理", "admin", None))
        }
    with TestClient(create_app(settings)) as client:
        answer = client.post(f"/v1/zones/{ZONE}/scores", json=ASKED, headers=keys["系统"])
        path = f"/v1/runs/{answer.json()['run']['id']}/companies/{CODE}"
        assert client.get(path, headers=keys["系统"]).status_code == 200
        assert client.get(path, headers=keys["别处"]).status_code == 403
        lines = client.get("/v1/audit", headers=keys["管理"]).json()["entries"]
        noted = [(one["name"], one["run"], one["status"]) for one in lines if one["operation"] == "keep_scores"]
        assert noted == [("系统", answer.json()["run"]["id"], 201)]
