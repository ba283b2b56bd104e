"""Workbooks and proofs over HTTP: what is downloaded can be imported, a dry run writes nothing, and a file comes back as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from matcher.api.formats import FILES
from matcher.intake.workbooks import read_sheets
from matcher.ledger.books import TARGETS
from matcher.ledger.setting import open_setting
from matcher.outputs.ledger_xlsx import workbook
from tests.api.ledgers import Office, office

pytestmark = pytest.mark.slow

IMPORTS = "/ledger/imports"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    made = office(tmp_path)
    with made.client:
        yield made


def book_of(here: Office, *rows: dict[str, Any]) -> bytes:
    """A workbook of targets."""
    setting = open_setting("small", here.settings.rules)
    blank = dict.fromkeys(("id", "version", *(field.name for field in TARGETS.everything)))
    return workbook(setting, [TARGETS], {"targets": [{**blank, **row} for row in rows]})


def send(here: Office, content: bytes, query: str = "", who: str = "toys") -> Any:
    return here.ask(who, "POST", f"{IMPORTS}{query}", content=content, headers={"Content-Type": FILES["xlsx"]})


def test_what_is_downloaded_can_be_imported_and_changes_nothing(here: Office) -> None:
    here.made("toys", company="甲玩具有限公司", department="甲局")
    here.made("games", company="乙游戏有限公司")
    answer = here.ask("toys", "GET", "/ledger/targets.xlsx")
    assert answer.headers["content-type"] == FILES["xlsx"]
    assert "filename*=UTF-8''%E7%9B%AE%E6%A0%87" in answer.headers["content-disposition"]
    sheets = dict(read_sheets(answer.content, "x.xlsx"))
    assert [line[2:4] for line in sheets["目标企业台账"][1:]] == [["企业", "甲玩具有限公司"]]  # the other group's row is not in it
    told = send(here, answer.content).json()
    assert (told["new"], told["changed"], told["unchanged"]) == (0, 0, 1)
    empty = here.ask("toys", "GET", "/ledger/targets.xlsx?template=true")
    assert len(dict(read_sheets(empty.content, "x.xlsx"))["目标企业台账"]) == 1
    assert here.ask("leader", "GET", "/ledger/arrivals.xlsx").status_code == 200
    assert here.ask("leader", "GET", "/ledger/nothing.xlsx").status_code == 404


def test_a_dry_run_tells_what_the_import_then_does(here: Office) -> None:
    content = book_of(
        here, {"kind": "企业", "company": "甲玩具有限公司", "department": "甲局"}, {"kind": "企业", "company": "乙玩具有限公司"}
    )
    tried = send(here, content, "?dry_run=true").json()
    assert (tried["dry_run"], tried["new"], [line["id"] for line in tried["lines"]]) == (True, 2, [None, None])
    assert here.ask("toys", "GET", "/ledger/targets").json()["rows"] == []
    done = send(here, content).json()
    assert [{**line, "id": None} for line in done["lines"]] == tried["lines"]
    rows = here.ask("toys", "GET", "/ledger/targets").json()["rows"]
    assert [(row["values"]["company"], row["values"]["group"]) for row in rows] == [
        ("甲玩具有限公司", "toy-group"),
        ("乙玩具有限公司", "toy-group"),
    ]
    assert send(here, content).json()["unchanged"] == 2


def test_all_mistakes_are_told_and_nothing_is_entered(here: Office) -> None:
    here.made("games", company="别组有限公司")
    content = book_of(
        here,
        {"kind": "企业", "company": "甲玩具有限公司"},
        {"kind": "人", "company": "乙玩具有限公司"},
        {"id": 1, "company": "别组有限公司", "note": "改"},
        {"kind": "企业", "company": "丙玩具有限公司", "group": "游戏组"},
    )
    answer = send(here, content)
    assert answer.status_code == 422
    told = answer.json()
    assert [one["row"] for one in told["mistakes"]] == [3, 4, 5]
    assert "不是本组的" in told["mistakes"][1]["expected"] and "不是本组的" in told["mistakes"][2]["expected"]
    assert [row["id"] for row in here.ask("admin", "GET", "/ledger/targets").json()["rows"]] == [1]
    assert send(here, content, who="tracker").status_code == 403
    assert send(here, content, who="nobody").status_code == 422  # it is of no group, so no row can be its own
    for wrong in (b"", b"no workbook", b"[" * 100):
        answer = here.ask("toys", "POST", IMPORTS, content=wrong, headers={"Content-Type": "application/octet-stream"})
        assert answer.status_code == 422, answer.text


def test_a_proof_comes_back_as_it_was_and_counts_once(here: Office) -> None:
    here.made("toys", "projects", name="项目", company="甲玩具有限公司")
    here.ask("toys", "POST", "/ledger/projects/1/steps", json={"step": "签约", "version": 1})
    scan = b"%PDF-1.7 " + b"[" * 5000 + bytes(range(256))
    path = "/ledger/projects/1/proofs?kind=投资协议&file_name=协议 一.pdf"
    given = {"Content-Type": "application/pdf", "X-Content-SHA256": hashlib.sha256(scan).hexdigest()}
    made = here.ask("toys", "POST", path, content=scan, headers=given)
    assert made.status_code == 201, made.text
    proof = made.json()
    assert (proof["digest"], proof["size"], proof["kind"]) == (given["X-Content-SHA256"], len(scan), "投资协议")
    again = here.ask("toys", "POST", path, content=scan, headers=given)
    assert again.json()["id"] == proof["id"]
    file = here.ask("toys", "GET", f"/ledger/proofs/{proof['id']}")
    assert (file.content, file.headers["x-content-type-options"]) == (scan, "nosniff")
    assert here.ask("games", "GET", f"/ledger/proofs/{proof['id']}").status_code == 403
    assert here.ask("games", "DELETE", f"/ledger/proofs/{proof['id']}?reason=x").status_code == 403
    torn = here.ask("toys", "POST", path, content=scan[:-1], headers=given)
    assert (torn.status_code, torn.json()["field"]) == (422, "X-Content-SHA256")
    for kind, content, status in (("营业执照", scan, 422), ("没有这种", scan, 422), ("投资协议", b"", 422)):
        answer = here.ask(
            "toys",
            "POST",
            f"/ledger/projects/1/proofs?kind={kind}&file_name=x",
            content=content,
            headers={"Content-Type": "image/png"},
        )
        assert answer.status_code == status, answer.text
    told = here.ask("toys", "GET", "/ledger/projects/1").json()
    assert [one["id"] for one in told["proofs"]] == [proof["id"]]
    done = here.ask("toys", "DELETE", f"/ledger/proofs/{proof['id']}?reason=作废")
    assert (done.status_code, done.json()["withdrawn_note"]) == (200, "作废")
    assert here.ask("toys", "DELETE", f"/ledger/proofs/{proof['id']}?reason=作废").status_code == 404


def test_a_file_that_was_changed_is_not_handed_out(here: Office) -> None:
    here.made("toys")
    made = here.ask(
        "toys", "POST", "/ledger/targets/1/proofs?kind=其他&file_name=x", content=b"x", headers={"Content-Type": "image/png"}
    )
    digest = made.json()["digest"]
    (here.settings.home / "proofs" / digest[:2] / digest).write_bytes(b"y")
    answer = here.ask("toys", "GET", f"/ledger/proofs/{made.json()['id']}")
    assert (answer.status_code, answer.json()["type"]) == (410, "urn:lianzhao:problem:gone")
    assert str(here.settings.home) not in answer.text


def test_a_file_that_proves_something_else_is_told(here: Office) -> None:
    for number in (1, 2):
        here.made("admin", "projects", name=f"项目{number}", company=f"甲{number}有限公司")
        step = {"step": "签约", "version": 1}
        assert here.ask("admin", "POST", f"/ledger/projects/{number}/steps", json=step).status_code == 200
        proof = here.ask("admin", "POST", f"/ledger/projects/{number}/proofs?kind=投资协议&file_name=a.pdf", content=b"x")
        assert proof.status_code == 201
        assert ["第 1 号项目「项目1」正式签约（投资协议，第 1 号证明）" in line for line in proof.json()["told"]] == [True] * (
            number - 1
        )
