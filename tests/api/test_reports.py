"""The reports over HTTP are those of the command, in every form, for whoever may be told."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import docx
import pytest

from matcher.api.app import create_app
from matcher.api.formats import FILES
from matcher.api.settings import Settings
from matcher.cli import main
from matcher.intake.workbooks import read_sheets
from matcher.ledger.setting import open_setting
from matcher.store.database import open_store
from tests.api.ledgers import office
from tests.api.local import TestClient
from tests.reports import story

ZONE = "liaocheng-resort"
ASKED = {"weekly": ("--week", "2024-08-28"), "monthly": ("--month", "2024-08"), "annual": ("--year", "2024")}
Z = f"/v1/zones/{ZONE}/reports"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Path]]:
    """A service whose ledgers hold the article's trip."""
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home, look_every=0, log="off")
    with open_store(settings.address) as store:
        setting = open_setting(ZONE)
        story.planned(store, setting)
        story.held(store, setting)
        story.proved(store, setting, home, home / "scan.pdf", 1, 2)
    with TestClient(create_app(settings)) as client:
        yield client, home


@pytest.mark.parametrize("kind", list(ASKED))
def test_they_are_those_of_the_command(
    told: tuple[TestClient, Path], kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client, home = told
    monkeypatch.setenv("LIANZHAO_HOME", str(home))
    assert main(["report", kind, "--zone", ZONE, "--as-of", "2024-09-30", *ASKED[kind], "--format", "json"]) == 0
    expected = json.loads(capsys.readouterr().out)
    answer = client.get(f"{Z}/{kind}?on=2024-08-28&as_of=2024-09-30")
    assert answer.json() == expected
    assert "framework" in json.dumps(expected) or "意向" in json.dumps(expected, ensure_ascii=False)


@pytest.mark.parametrize("kind", list(ASKED))
def test_every_form_can_be_read(told: tuple[TestClient, Path], kind: str) -> None:
    client, _ = told
    query = f"{Z}/{kind}?on=2024-08-28&as_of=2024-09-30"
    sheets = read_sheets(client.get(f"{query}&format=xlsx").content, "x.xlsx")
    assert sheets and sheets[0][0] == "说明"
    document = docx.Document(BytesIO(client.get(f"{query}&format=docx").content))
    assert "聊城江北水城旅游度假区" in "".join(one.text for one in document.paragraphs)
    page = client.get(query, headers={"Accept": "text/html,application/json;q=0.5"})
    assert page.headers["content-type"].startswith("text/html") and "<script" not in page.text and "http" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert zipfile.is_zipfile(BytesIO(client.get(query, headers={"Accept": FILES["docx"]}).content))


def test_accept_decides_where_nothing_else_does(told: tuple[TestClient, Path]) -> None:
    client, _ = told
    for accept, kind in (
        ("*/*", "json"), ("", "json"), ("application/*", "json"), ("text/*", "html"), (f"{FILES['xlsx']};q=0.2, text/html;q=0.1", "xlsx"),
        ("application/json;q=0, text/html", "html"), ("image/png, */*;q=0.1", "json"),
    ):  # fmt: skip
        answer = client.get(f"{Z}/annual?as_of=2024-09-30", headers={"Accept": accept})
        assert answer.headers["content-type"].partition(";")[0] == FILES[kind], accept
    refused = client.get(f"{Z}/annual", headers={"Accept": "image/png"})
    assert (refused.status_code, refused.json()["type"]) == (406, "urn:lianzhao:problem:not-acceptable")
    for wrong in ("annual?format=pdf", "annual?on=1999-01-01", "annual?as_of=x", "daily"):
        assert client.get(f"{Z}/{wrong}").status_code == 422, wrong
    assert client.get("/v1/zones/nowhere/reports/annual").status_code == 404


def test_whoever_works_on_the_zone_is_told(tmp_path: Path) -> None:
    here = office(tmp_path)
    with here.client:
        told = {who: here.ask(who, "GET", "/reports/weekly").status_code for who in here.tokens}
    assert {who for who, status in told.items() if status == 403} == {"tracker"}
    assert set(told.values()) == {200, 403}
