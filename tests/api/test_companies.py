"""Companies are told as ``lianzhao company`` tells them, page by page; names are resolved as ``lianzhao resolve`` does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.api.app import create_app
from matcher.cli import main
from matcher.corpora import open_corpora
from matcher.snapshot import build
from matcher.store.database import open_store
from matcher.store.judgements import judge
from tests.api.conftest import ROWS, small, write_companies
from tests.api.local import TestClient

CODE = "91370200706426601X"  # of the bundled sample


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small(tmp_path)
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    build([write_companies(tmp_path / "企业.csv")], open_corpora(), tmp_path / "home")
    return tmp_path


@pytest.fixture
def served(folder: Path) -> Iterator[TestClient]:
    with TestClient(create_app(small(folder))) as found:
        yield found


def test_a_company_is_told_as_the_command_tells_it(served: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["company", ROWS[0][4], "--format", "json"]) == 0
    assert [served.get(f"/v1/companies/{ROWS[0][4]}").json()] == json.loads(capsys.readouterr().out)
    assert served.get(f"/v1/companies/{ROWS[0][4].lower()}").status_code == 200


def test_a_company_of_the_sample_has_its_row(client: TestClient) -> None:
    found = client.get(f"/v1/companies/{CODE}").json()
    assert found["code_valid"]
    assert found["fields"]["uscc"]["value"] == CODE
    assert found["fields"]["name"]["file"] == found["rows"][0]["file"] == open_corpora().sample.name


def test_every_company_comes_once_page_by_page(client: TestClient) -> None:
    found, query = [], "limit=250"
    while True:
        page = client.get(f"/v1/companies?{query}").json()
        found += [company["fields"]["name"]["value"] for company in page["companies"]]
        if page["next"] is None:
            break
        query = f"limit=250&snapshot={page['next']['snapshot']}&offset={page['next']['offset']}"
    assert len(found) == page["total"] == 669


def test_only_what_is_of_that_day_or_later(served: TestClient) -> None:
    def names(since: str) -> set[str]:
        page = served.get(f"/v1/companies?changed_since={since}").json()
        assert page["total"] == len(page["companies"])
        return {company["fields"]["name"]["value"] for company in page["companies"]}

    assert names("2021-03-04") == {ROWS[1][0], ROWS[3][0], ROWS[4][0]}
    assert names("2022-05-07") == set()
    assert names("1900-01-01") == {row[0] for row in ROWS if row[5]}


def test_a_version_is_kept_to_while_it_is_open(served: TestClient, folder: Path) -> None:
    keeper = served.app.state.service.keeper  # type: ignore[attr-defined]
    first = served.get("/v1/companies?limit=2").json()
    for number in range(2):
        build([write_companies(folder / "企业.csv", ROWS[: 3 - number])], open_corpora(), folder / "home")
        assert keeper.look()
        answer = served.get(f"/v1/companies?snapshot={first['snapshot']}&offset=2&limit=2")
        card = served.get(f"/v1/companies/{ROWS[0][4]}?snapshot={first['snapshot']}")
        if number == 0:
            assert answer.json()["total"] == 5
            assert len(answer.json()["companies"]) == 2
            assert "immutable" in card.headers["cache-control"]
        else:
            assert (answer.status_code, card.status_code) == (410, 410)
    assert served.get("/v1/companies").json()["total"] == 2


def test_names_are_resolved_as_the_command_does(client: TestClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    queries = ["青岛啤酒", "浙旅集团", "华仁药业", CODE, "不存在的某某公司", "青岛", "杭州某某乐园有限公司", "东阿阿胶股份有限公司"]
    (tmp_path / "名单.csv").write_text(
        "query,uscc\n" + "\n".join(f"{one}," for one in queries) + f"\n华仁药业,{CODE}\n", encoding="utf-8"
    )
    assert (
        main(["resolve", str(tmp_path / "名单.csv"), "--against", str(open_corpora().sample), "--no-store", "--format", "json"])
        == 0
    )
    expected = [{**one, "row": one["row"] - 1} for one in json.loads(capsys.readouterr().out)]
    found = client.post("/v1/resolve", json={"queries": [*queries, {"query": "华仁药业", "uscc": CODE}]}).json()
    assert found["results"] == expected


def test_judgements_win_then_brands(served: TestClient, folder: Path) -> None:
    def decided(brands: object = None) -> tuple[str, str]:
        body = {"queries": ["某某大玩具", ""], "brands": brands or {}}
        first, blank = served.post("/v1/resolve", json=body).json()["results"]
        assert (blank["decision"], blank["why"]) == ("none", "空行")
        return first["decision"], first["name"]

    brand = {"某某大玩具": {"name": ROWS[1][0]}}
    before = decided()
    assert decided(brand) == ("same", ROWS[1][0])
    assert decided() == before  # a brand is of its request only
    with open_store(f"sqlite:///{folder / 'home' / 'ledger.db'}") as store:
        judge(store, "某某大玩具", ROWS[3][0])
    assert decided(brand) == ("same", ROWS[3][0])
