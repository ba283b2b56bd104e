"""What is new and whole is taken up, what is broken is refused and told, and a request keeps what it came with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from matcher.api.app import create_app
from matcher.api.swap import Keeper
from matcher.corpora import open_corpora
from matcher.snapshot import build, layout
from tests.api.conftest import ROWS, small, write_companies
from tests.api.local import TestClient
from tests.cli.small_zone import SCORING


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(small(tmp_path))) as found:
        yield found


def keeper_of(client: TestClient) -> Keeper:
    keeper: Keeper = client.app.state.service.keeper  # type: ignore[attr-defined]
    return keeper


def built(folder: Path, *names: str) -> str:
    rows = [(name, "积木的生产", "500万元", "青岛市", "", "2024-01-01") for name in names]
    return build([write_companies(folder / "企业.csv", rows)], open_corpora(), folder / "home").snapshot.version


def ready(client: TestClient, status: int = 200) -> dict[str, Any]:
    answer = client.get("/readyz")
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def names(client: TestClient) -> set[str]:
    answer = client.post("/v1/zones/small/rank", json={"as_of": "2026-01-01"})
    assert answer.status_code == 200, answer.text
    return {one["name"] for one in answer.json()["results"]}


def test_from_the_sample_to_a_snapshot_to_the_next(client: TestClient, tmp_path: Path) -> None:
    assert ready(client)["companies"]["source"] == "sample"
    assert not keeper_of(client).look()
    first = built(tmp_path, "青岛甲积木有限公司")
    assert keeper_of(client).look()
    assert ready(client)["companies"] == {"version": first, "source": "snapshot", "companies": 1}
    assert names(client) == {"青岛甲积木有限公司"}
    second = built(tmp_path, "青岛甲积木有限公司", "青岛乙积木有限公司")
    held = client.app.state.service.state  # type: ignore[attr-defined]
    assert keeper_of(client).look()
    assert ready(client)["companies"]["version"] == second
    assert held.base.version == first  # whoever came before works on
    assert held.base.companies.text["name"][0] == "青岛甲积木有限公司"
    assert [state.number for state in keeper_of(client).states] == [3, 2]
    layout.switch(tmp_path / "home", first)
    assert keeper_of(client).look()
    assert names(client) == {"青岛甲积木有限公司"}


@pytest.mark.parametrize("harm", ["missing", "torn", "bytes", "pointer", "gone"])
def test_a_broken_snapshot_is_refused_and_the_old_one_stays(
    client: TestClient, tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: str
) -> None:
    home = tmp_path / "home"
    first = built(tmp_path, "青岛甲积木有限公司")
    keeper_of(client).look()
    second = built(tmp_path, "青岛乙积木有限公司")
    folder = layout.folder_of(home, second)
    whole = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    if harm == "missing":
        shutil.rmtree(folder)
    elif harm == "torn":
        path = next(path for path in whole if path.parent.name == "texts" and path.stat().st_size)
        path.write_bytes(whole[path][:-1])
    elif harm == "bytes":
        path = next(path for path in whole if path.parent.name == "texts" and path.stat().st_size)
        path.write_bytes(whole[path][:-1] + bytes([whole[path][-1] ^ 1]))
    elif harm == "pointer":
        (home / "current").write_text("../../etc\n", encoding="ascii")
    else:
        (home / "current").unlink()
    assert not keeper_of(client).look()
    told = ready(client)
    assert told["companies"]["version"] == first
    assert [one["what"] for one in told["refused"]] == ["snapshot"]
    assert not keeper_of(client).look()
    assert [line.name for line in caplog.records] == ["lianzhao.swap"], "the operator's log tells it, once"
    assert told["refused"][0]["why"].splitlines()[0] in caplog.text
    assert names(client) == {"青岛甲积木有限公司"}
    layout.switch(home, first)
    assert not keeper_of(client).look()
    assert ready(client)["refused"] == []


def test_a_refused_snapshot_that_was_mended_is_tried_again(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built(tmp_path, "青岛甲积木有限公司")
    keeper_of(client).look()
    second = built(tmp_path, "青岛乙积木有限公司")
    broken = layout.folder_of(tmp_path / "home", second) / "manifest.json"
    text = broken.read_bytes()
    broken.write_bytes(b"{}")
    assert not keeper_of(client).look()
    broken.write_bytes(text)
    assert not keeper_of(client).look()  # it looks the same: not at once
    monkeypatch.setattr("matcher.api.swap._AGAIN", 0.0)
    assert keeper_of(client).look()
    assert (ready(client)["companies"]["version"], ready(client)["refused"]) == (second, [])


@pytest.mark.slow
def test_rules_are_taken_up_and_broken_ones_refused(client: TestClient, tmp_path: Path) -> None:
    file = tmp_path / "rules" / "small" / "scoring.yaml"
    before = ready(client)["rules"][0]["digest"]
    file.write_text(SCORING.replace("weight: 40", "weight: 20"), encoding="utf-8")
    assert keeper_of(client).look()
    changed = ready(client)["rules"][0]["digest"]
    assert changed != before
    assert client.get("/v1/zones/small/rules").json()["rules"][1]["weight"] == 20
    file.write_text("order: [", encoding="utf-8")
    assert not keeper_of(client).look()
    told = ready(client)
    assert told["rules"][0]["digest"] == changed
    assert [one["what"] for one in told["refused"]] == ["rules/small"]
    assert "scoring.yaml" in told["refused"][0]["why"]
    assert client.get("/v1/zones/small/rules").json()["rules"][1]["weight"] == 20
    file.write_text(SCORING, encoding="utf-8")
    assert keeper_of(client).look()
    assert (ready(client)["rules"][0]["digest"], ready(client)["refused"]) == (before, [])


def test_broken_rules_of_the_ledgers_are_told_and_those_before_stay(client: TestClient, tmp_path: Path) -> None:
    file = tmp_path / "rules" / "small" / "ledger.yaml"
    before = client.get("/v1/zones/small/ledger/targets").json()["rows"]
    file.write_text("targets: [", encoding="utf-8")
    told = ready(client)  # nobody has asked for the ledgers since
    assert [one["what"] for one in told["refused"]] == ["ledger/small"]
    assert "ledger.yaml" in told["refused"][0]["why"]
    assert client.get("/v1/zones/small/ledger/targets").json()["rows"] == before
    assert ready(client)["refused"] == told["refused"]  # since when does not move
    assert 'lianzhao_refused{what="ledger/small"} 1.0' in client.get("/metrics").text
    file.unlink()
    assert "ledger/small" not in client.get("/metrics").text
    assert ready(client)["refused"] == []


def test_a_service_that_begins_without_rules_of_the_ledgers_is_not_ready(tmp_path: Path) -> None:
    settings = small(tmp_path)
    file = tmp_path / "rules" / "small" / "ledger.yaml"
    file.write_text("targets: [", encoding="utf-8")
    with TestClient(create_app(settings)) as client:
        assert [one["what"] for one in ready(client, 503)["refused"]] == ["ledger/small"]
        assert client.get("/v1/zones/small/ledger/targets").status_code == 503
        file.unlink()
        assert ready(client)["refused"] == []


def test_a_service_that_begins_broken_says_so_and_heals(tmp_path: Path) -> None:
    settings = small(tmp_path)
    (tmp_path / "rules" / "small" / "scoring.yaml").write_text("order: [", encoding="utf-8")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "current").write_text("?", encoding="ascii")
    with TestClient(create_app(settings)) as client:
        told = ready(client, 503)
        assert told["status"] == "not-ready"
        assert {one["what"] for one in told["refused"]} == {"snapshot", "rules/small"}
        for answer in (client.get("/v1/zones/small/rules"), client.get("/v1/companies")):
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:lianzhao:problem:not-ready")
        assert client.get("/healthz").status_code == 200
        (tmp_path / "rules" / "small" / "scoring.yaml").write_text(SCORING, encoding="utf-8")
        (tmp_path / "home" / "current").unlink()
        assert keeper_of(client).look()
        assert ready(client)["refused"] == []


def test_zones_come_and_go(client: TestClient, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(rules / "small", rules / "other")
    other = rules / "other" / "zone.yaml"
    other.write_text(other.read_text(encoding="utf-8").replace("id: small", "id: other"), encoding="utf-8")
    assert keeper_of(client).look()
    assert client.get("/v1/zones/other").status_code == 200
    shutil.rmtree(rules / "other")
    assert keeper_of(client).look()
    assert client.get("/v1/zones/other").status_code == 404


def test_what_rests_on_companies_that_were_swapped_twice_is_let_go(client: TestClient, tmp_path: Path) -> None:
    service = client.app.state.service  # type: ignore[attr-defined]
    for number in range(4):
        built(tmp_path, *(f"青岛{n}积木有限公司" for n in range(number + 1)))
        assert keeper_of(client).look()
        assert names(client)
        assert client.post("/v1/resolve", json={"queries": ["青岛0积木有限公司"]}).json()["results"][0]["decision"] == "same"
    open_ = {state.base.version for state in keeper_of(client).states if state.base}
    assert len(open_) == 2
    assert {made.base.version for made in service.runs._kept.values()} == open_
    assert {key[0] for key in service._resolvers._kept} == open_


@pytest.mark.slow
def test_it_looks_by_itself_while_it_serves(tmp_path: Path) -> None:
    from dataclasses import replace
    from threading import Event

    with TestClient(create_app(replace(small(tmp_path), look_every=0.01))) as client:
        assert ready(client)["watching"]
        version = built(tmp_path, *(f"青岛{number}积木有限公司" for number in range(3)))
        pause = Event()
        for _ in range(2000):
            if ready(client)["companies"]["version"] == version:
                break
            pause.wait(0.01)
        assert names(client) == {f"青岛{number}积木有限公司" for number in range(3)}
    assert not keeper_of(client).watching
    assert len(ROWS) == 5
