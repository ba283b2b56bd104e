"""Runs can be fetched, paged, played again, explained and compared, in another process too, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from matcher.api.app import create_app
from matcher.corpora import open_corpora
from matcher.engine import Engine
from matcher.intake import read_files
from matcher.matching.resolution import Resolver
from matcher.rules.compliance import load_compliance
from matcher.rules.resolution import load_resolution
from matcher.runs import Request
from matcher.snapshot import build, open_current
from matcher.store.database import open_store
from matcher.store.lists import ListKind, base_digest, import_list
from matcher.store.registers import save_register
from matcher.tuning.publishing import publish
from tests.api.conftest import ROWS, small, write_companies
from tests.api.local import TestClient
from tests.cli.small_zone import SCORING

pytestmark = pytest.mark.slow

RANK = "/v1/zones/small/rank"
ASKED = {"as_of": "2026-01-01", "top": 10}
HEAVIER = SCORING.replace("weight: 40\n", "weight: 25\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A home with a snapshot of the made-up companies."""
    small(tmp_path)
    built(tmp_path, ROWS)
    return tmp_path


@pytest.fixture
def client(folder: Path, address: str) -> Iterator[TestClient]:
    with TestClient(create_app(small(folder, address))) as found:
        yield found


def built(folder: Path, rows: list[tuple[str, ...]]) -> str:
    made = build([write_companies(folder / "企业.csv", rows)], open_corpora(), folder / "home", readers=readers(folder))
    return made.snapshot.version


def readers(folder: Path) -> dict[str, Any]:
    return {"small": Engine("small", rules=folder / "rules", processes=1).reader}


def ranked(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post(RANK, json={**ASKED, **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def got(client: TestClient, path: str) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_run_is_kept_and_fetched_in_another_process(client: TestClient, folder: Path, address: str) -> None:
    made = ranked(client)
    assert made["stored"]
    assert len(made["results"]) == 4
    run = made["run"]["id"]
    with TestClient(create_app(small(folder, address))) as other:  # it made none of this
        assert got(other, f"/v1/runs/{run}")["run"] == made["run"]
        whole = got(other, f"/v1/runs/{run}/results")
        assert {**whole, "stored": True} == made
        assert got(other, f"/v1/runs/{run}/replay")["equal"]
        page = other.post(RANK, json={"cursor": {"run": run, "offset": 1}, "limit": 2}).json()
        assert page["results"] == made["results"][1:3]
        assert page["next"] == {"run": run, "offset": 3}


def test_runs_are_listed_the_latest_first(client: TestClient) -> None:
    made = [ranked(client, top=top)["run"]["id"] for top in (1, 2, 3, 4, 5)]
    found, after = [], ""
    while True:
        page = got(client, f"/v1/runs?zone=small&limit=2{after}")
        found += [one["run"]["id"] for one in page["runs"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']['after']}"
    assert sorted(found) == sorted(made)
    times = [got(client, f"/v1/runs/{run}")["run"]["created_at"] for run in found]
    assert times == sorted(times, reverse=True)
    assert got(client, "/v1/runs?zone=elsewhere")["runs"] == []


def test_a_page_follows_its_run_past_a_swap_and_says_when_it_cannot(client: TestClient, folder: Path) -> None:
    made = ranked(client, limit=2)
    run, service = made["run"]["id"], client.app.state.service  # type: ignore[attr-defined]
    whole = ranked(client)["results"]
    for number in range(3):
        built(folder, [*ROWS[: 4 - number], (f"青岛某某积木{number}有限公司", "积木的生产", "100万元", "青岛市", "", "2023-01-01")])
        assert service.keeper.look()
        service.runs.put(run, None)
        service.runs._kept.clear()  # as in a process that did not make it
        page = client.post(RANK, json={"cursor": made["next"]}).json()
        assert page["results"] == whole[2:], number
        assert page["run"]["snapshot"] != service.state.base.version
    service.runs._kept.clear()
    gone = folder / "home" / "snapshots" / made["run"]["snapshot"] / "manifest.json"
    gone.write_bytes(b"{}")
    answer = client.post(RANK, json={"cursor": made["next"]})
    assert (answer.status_code, answer.json()["type"]) == (410, "urn:lianzhao:problem:gone")
    assert "企业资料" in answer.json()["detail"]


def test_registers_lists_and_versions_go_into_the_run(client: TestClient, folder: Path, address: str) -> None:
    corpora, rules = open_corpora(), folder / "rules"
    plain = ranked(client)["run"]["id"]
    with open_store(address) as store:
        zone = Engine("small", rules=rules, processes=1).zone
        publish(store, folder / "home", zone, load_compliance(), by="测试", note="第一版", overrides=[])
        (rules / "small" / "scoring.yaml").write_text(HEAVIER, encoding="utf-8")
        client.app.state.service.keeper.look()  # type: ignore[attr-defined]
        register = read_files([write_companies(folder / "本地.csv", ROWS[:1])], corpora)
        names = write_companies(folder / "名单.csv", [("杭州某某布偶有限公司", "", "", "", "", "")])
        found = read_files([names], corpora, merge=False)
        snapshot = open_current(folder / "home")
        assert snapshot is not None
        resolver = Resolver(snapshot.companies, corpora, load_resolution(rules), None, snapshot.names)
        import_list(
            store,
            ListKind("专精特新", date(2024, 1, 1)),
            found,
            resolver,
            against=base_digest(resolver, snapshot.version, corpora.digest),
        )
        save_register(store, "small", "本地名录", register, corpora=corpora.digest)
        draft, published = ranked(client), ranked(client, ruleset="published")
        assert draft["run"]["ruleset"] != published["run"]["ruleset"] == zone.digest
        assert published["ruleset"] == "规则第 1 版"
        assert draft["run"]["request"]["lists"]
        assert ranked(client, ruleset="1")["run"]["id"] == published["run"]["id"]
    assert plain not in (draft["run"]["id"], published["run"]["id"])
    diff = got(client, f"/v1/runs/{published['run']['id']}/diff/{draft['run']['id']}")
    assert diff["differs"] == ["rules"]
    assert {part["id"] for move in diff["rules"]["moves"] for part in move["parts"]} == {"capital"}
    for move in diff["moves"]:
        assert move["change"] == pytest.approx(sum(part["change"] for part in move["parts"]))
    assert got(client, f"/v1/runs/{published['run']['id']}/replay")["equal"]
    refused = client.get("/v1/zones/small/gaps")
    assert (refused.status_code, refused.json()["title"]) == (404, "没有所请求的对象")  # the small zone has no scale of presence


def test_a_company_of_a_run_is_explained(client: TestClient, folder: Path) -> None:
    made = ranked(client)
    first = made["results"][0]
    coded = next(one for one in made["results"] if one["uscc"])
    found = got(client, f"/v1/runs/{made['run']['id']}/companies/{coded['uscc']}")
    assert found["standing"]["place"] == coded["rank"]
    for key in ("score", "interval", "chain", "segment", "contributions", "reason", "next_question", "groups", "band"):
        assert found["result"][key] == coded[key], key
    assert {rule["rule"] for rule in found["explanation"]["rules"]} == {"fits", "capital"}
    assert all(rule["state"] in ("fired", "not_fired", "unknown") for rule in found["explanation"]["rules"])
    assert found["next_question"] is None or found["next_question"]["field"] == coded["next_question"]
    assert first["rank"] == 1
    elsewhere = ranked(client, cities=["杭州"])["run"]["id"]
    answer = client.get(f"/v1/runs/{elsewhere}/companies/{coded['uscc']}")
    assert (answer.status_code, answer.json()["field"]) == (404, "企业")
    narrowed = ranked(client, need="extend")["run"]["id"]  # it stands nowhere there, and is told so
    found = got(client, f"/v1/runs/{narrowed}/companies/{coded['uscc']}")
    assert found["standing"]["segment"] is None


def test_lists_of_other_companies_and_days_are_compared(client: TestClient, folder: Path) -> None:
    old = ranked(client)
    built(folder, [*ROWS[1:], ("青岛某某积木有限公司", "积木的生产", "7000万元", "青岛市", "", "2023-01-01")])
    client.app.state.service.keeper.look()  # type: ignore[attr-defined]
    new = ranked(client, as_of="2026-06-01")
    assert old["run"]["snapshot"] != new["run"]["snapshot"]
    diff = got(client, f"/v1/runs/{old['run']['id']}/diff/{new['run']['id']}")
    assert diff["differs"] == ["companies", "request"]
    assert diff["rules"] is None
    kinds = {move["name"]: move["kind"] for move in diff["moves"]}
    assert kinds["青岛某某积木有限公司"] == "entered"
    assert kinds["青岛某某玩具有限公司"] == "left"
    both = [{one["name"]: one["rank"] for one in side["results"]} for side in (old, new)]
    for name, kind in kinds.items():
        was, is_ = (side.get(name) for side in both)
        assert kind == ("entered" if was is None else "left" if is_ is None else "kept" if was == is_ else "moved")
    assert set(kinds) == {*both[0], *both[1]}
    assert diff["entered"] == list(kinds.values()).count("entered")
    back = got(client, f"/v1/runs/{new['run']['id']}/diff/{old['run']['id']}")
    assert {move["name"]: move["change"] for move in back["moves"] if move["change"]} == {
        move["name"]: -move["change"] for move in diff["moves"] if move["change"]
    }


def test_a_run_that_cannot_be_kept_is_told(client: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matcher.api import remaking
    from matcher.errors import StoreBusyError

    def busy(*_: Any, **__: Any) -> None:
        raise StoreBusyError("某处", "一直被占用")

    monkeypatch.setattr(remaking, "keep_run", busy)
    made = ranked(client)
    assert made["stored"] is False
    assert client.get(f"/v1/runs/{made['run']['id']}").status_code == 404


def test_the_list_is_that_of_the_engine_over_the_snapshot(client: TestClient, folder: Path) -> None:
    engine = Engine("small", rules=folder / "rules", processes=1)
    snapshot = open_current(folder / "home")
    assert snapshot is not None
    expected = engine.rank(snapshot.intake(), Request(as_of=date(2026, 1, 1), top=10))
    made = ranked(client)
    assert made["results"] == json.loads(json.dumps([asdict(one) for one in expected.results]))
    assert made["run"]["id"] == expected.run.id
