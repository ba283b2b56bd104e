"""A list over HTTP reads the ledgers as the command does, keeps what it read, and stays what it was when the ledgers move on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from matcher.api.app import create_app
from matcher.api.settings import Settings
from matcher.cli import main
from matcher.ledger.letters import undelivered
from matcher.ledger.webhooks import add_hook
from matcher.store.database import open_store
from tests.api.local import TestClient
from tests.api.test_trips import ZONE, Z

pytestmark = pytest.mark.slow

ASKED = {"cities": ["青岛"], "top": 20, "as_of": "2024-08-27"}


def entered(client: TestClient, company: str, **more: Any) -> int:
    body = {"values": {"类型": "企业", "企业名称": company}, "on": "2024-08-01", "reason": "补录", **more}
    answer = client.post(f"{Z}/ledger/targets", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def ranked(client: TestClient, **more: Any) -> dict[str, Any]:
    answer = client.post(f"{Z}/rank", json={**ASKED, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def of_the_command(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    monkeypatch.setenv("LIANZHAO_HOME", str(home))
    asked = ["--city", "青岛", "--top", "20", "--as-of", "2024-08-27", "--format", "json"]
    assert main(["rank", "--zone", ZONE, *asked]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_list_is_that_of_the_command_before_and_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(home=tmp_path, look_every=0, log="off")
    with TestClient(create_app(settings)) as client, TestClient(create_app(settings)) as other:
        nothing = ranked(client)
        first, second = (one["name"] for one in nothing["results"][:2])
        assert "ledger" not in nothing["run"]["request"]
        dropped, waiting = entered(client, first), entered(client, second)
        with_rows = ranked(client)
        told = of_the_command(tmp_path, monkeypatch, capsys)
        assert (with_rows["run"]["id"], with_rows["results"]) == (told["run"]["id"], told["results"])
        assert (
            client.post(
                f"{Z}/ledger/targets/{dropped}/steps", json={"step": "放弃", "on": "2024-08-02", "reason": "无意", "version": 1}
            ).status_code
            == 200
        )
        after = ranked(client)
        assert first not in {one["name"] for one in after["results"]}
        assert after["vetoed"].get("has_refused") or any("refused" in veto for veto in after["vetoed"])
        told = of_the_command(tmp_path, monkeypatch, capsys)
        assert (after["run"]["id"], after["results"], after["vetoed"]) == (told["run"]["id"], told["results"], told["vetoed"])
        assert ranked(client, as_of="2024-07-31")["results"][0]["name"] == first  # nothing stood in the ledgers then
        assert (
            client.post(
                f"{Z}/ledger/targets/{waiting}/steps", json={"step": "放弃", "on": "2024-08-03", "reason": "无意", "version": 1}
            ).status_code
            == 200
        )
        for made in (nothing, with_rows, after):
            run = made["run"]["id"]
            assert client.get(f"/v1/runs/{run}/replay").json()["equal"], made["run"]["request"]
            for at in (client, other):  # at hand, and made again by a process that never saw it
                page = at.post(f"{Z}/rank", json={"cursor": {"run": run, "offset": 0}, "limit": 20})
                assert page.json()["results"] == made["results"]


def test_a_company_that_the_ledgers_took_off_says_so_and_lists_differ_by_the_ledger(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(home=tmp_path, look_every=0, log="off"))) as client:
        before = ranked(client)
        gone = before["results"][0]
        entered(client, gone["name"], step="放弃")
        after = ranked(client)
        told = client.get(f"/v1/runs/{after['run']['id']}/companies/{gone['uscc']}").json()
        assert told["standing"]["fate"] == "vetoed"
        (fired,) = [one for one in told["explanation"]["vetoes"] if one["state"] == "fired"]
        assert any("第 1 号，2024-08-01，补录" in read for read in fired["read"])
        differ = client.get(f"/v1/runs/{before['run']['id']}/diff/{after['run']['id']}").json()
        assert differ["differs"] == ["ledger"]
        assert [one["name"] for one in differ["moves"] if one["kind"] == "left"] == [gone["name"]]


def test_scores_do_not_read_the_ledgers(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(home=tmp_path, look_every=0, log="off"))) as client:
        profile = {"name": "青岛某某农业装备有限公司", "business_scope": "拖拉机的研发、制造、销售"}
        before = client.post(f"{Z}/score", json={"profiles": [profile], "as_of": "2024-08-27"}).json()
        entered(client, profile["name"])
        assert client.post(f"{Z}/score", json={"profiles": [profile], "as_of": "2024-08-27"}).json()["results"] == before["results"]


def test_a_changed_band_is_put_into_the_outbox(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, look_every=0, log="off")
    with TestClient(create_app(settings)) as client, open_store(settings.address) as store:
        add_hook(store, ZONE, "https://example.cn/hook", ["band"], by="甲")
        listed = ranked(client)["results"]
        _, name = min((one["score"], one["name"]) for one in listed if one["band"] == "A")
        row = entered(client, name, step="洽谈")
        ranked(client)
        shelve = {"step": "搁置", "on": "2024-08-20", "reason": "等", "version": 1}
        assert client.post(f"{Z}/ledger/targets/{row}/steps", json=shelve).status_code == 200
        now = {one["name"]: one["band"] for one in ranked(client, top=500)["results"]}
        assert now[name] != "A"
        assert [one.topic for one in undelivered(store, ZONE, dead=False)] == ["band"]


def test_broken_rules_of_the_ledgers_leave_those_before(tmp_path: Path) -> None:
    from tests.api.ledgers import office

    here = office(tmp_path)
    rules = here.settings.rules
    assert rules is not None
    with here.client:
        assert here.ask("admin", "POST", "/rank", json=ASKED).status_code == 200
        (rules / "ledger.yaml").write_text("steps: 没有", encoding="utf-8")
        assert here.ask("admin", "POST", "/rank", json=ASKED).status_code == 200
        assert here.made("admin")["id"] == 1
    with office(tmp_path).client as fresh:
        answer = fresh.get("/healthz")
        assert answer.status_code == 200
    again = office(tmp_path)
    with again.client:
        answer = again.ask("admin", "GET", "/ledger/targets")
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:lianzhao:problem:not-ready")
        (rules / "ledger.yaml").unlink()
        assert again.ask("admin", "GET", "/ledger/targets").status_code == 200
