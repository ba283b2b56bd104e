"""The ledgers over HTTP, on both databases: what is entered is what the ledgers keep, no change is lost, and a group sees its own rows."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.errors import StoreUnreachableError
from matcher.ledger import reading
from matcher.ledger.asking import given as as_given
from matcher.ledger.asking import plain
from matcher.ledger.books import ALL, TARGETS
from matcher.ledger.money import Money
from matcher.ledger.setting import open_setting
from matcher.store import idempotency
from matcher.store.audit import lines
from matcher.store.database import open_store
from tests.api.ledgers import Office, office
from tests.store.conftest import address, postgres

pytestmark = pytest.mark.slow

__all__ = ["address", "postgres"]
RIGHT = {"kind": "企业", "company": "某某玩具有限公司", "department": "甲局"}


@pytest.fixture
def here(tmp_path: Path, address: str) -> Iterator[Office]:
    made = office(tmp_path, address)
    with made.client:
        yield made


@pytest.fixture
def plain_here(tmp_path: Path) -> Iterator[Office]:
    """The same on SQLite only, where the database does not matter."""
    made = office(tmp_path)
    with made.client:
        yield made


def test_a_row_is_entered_read_changed_moved_deleted_and_restored(here: Office) -> None:
    made = here.made("toys", department="甲局", contacts="某人")
    assert (made["id"], made["version"], made["changes"]["group"]) == (1, 1, [None, "toy-group"])
    read = here.ask("toys", "GET", "/ledger/targets/1")
    assert read.headers["etag"] == 'W/"1"'
    assert read.json()["row"]["values"]["company"] == "某某玩具有限公司"
    changed = here.ask("toys", "PATCH", "/ledger/targets/1", json={"values": {"责任人": "某人", "contacts": None}, "version": 1})
    assert changed.json()["changes"] == {"contacts": ["某人", None], "owner": [None, "某人"]}
    step = here.ask(
        "toys",
        "POST",
        "/ledger/targets/1/steps",
        json={"step": "已接触", "on": "2024-08-27", "reason": "补登"},
        headers={"If-Match": changed.headers["etag"]},
    )
    assert step.status_code == 200, step.text
    refused = here.ask("toys", "DELETE", "/ledger/targets/1?version=3")
    assert refused.status_code == 422
    gone = here.ask("toys", "DELETE", "/ledger/targets/1?version=3&reason=登错了")
    assert (gone.status_code, gone.json()["version"]) == (200, 4)
    assert here.ask("toys", "GET", "/ledger/targets/1").status_code == 404
    assert here.ask("toys", "GET", "/ledger/targets").json()["rows"] == []
    assert len(here.ask("toys", "GET", "/ledger/targets?deleted=true").json()["rows"]) == 1
    back = here.ask("toys", "POST", "/ledger/targets/1/restore?version=4")
    assert (back.status_code, back.json()["version"]) == (200, 5)
    told = here.ask("toys", "GET", "/ledger/targets/1").json()
    assert [one["verb"] for one in told["history"]] == ["add", "set", "step", "delete", "restore"]
    assert {one["by"] for one in told["history"]} == {"玩具组"}
    assert [one["name"] for one in told["steps"]] == ["待接触", "已接触"]
    with open_store(here.settings.address) as store, store.reading() as connection:
        setting = open_setting("small", here.settings.rules)
        record = reading.row(connection, setting, TARGETS, 1)
        assert {name: plain(value) for name, value in TARGETS.values(record).items()} == told["row"]["values"]
        sources = [change.source for change in reading.history(connection, "small", TARGETS, 1)]
        requests = [line.entry.request for line in reversed(lines(store)) if line.entry.status in (200, 201) and line.entry.key]
    assert sources == [f"http:{request}" for request in requests]  # every change has its line in the audit log, by one id


def test_a_target_becomes_a_project_with_proof_and_funds(here: Office) -> None:
    here.made("toys", department="甲局")
    both = here.ask(
        "toys",
        "POST",
        "/ledger/targets/1/project",
        json={"values": {"项目名称": "玩具项目", "协议投资": "1.2亿元"}, "version": 1, "reason": "补登"},
    )
    assert both.status_code == 201, both.text
    assert both.json()["project"]["changes"]["agreed"] == [None, {"amount": "120000000.00", "currency": "CNY"}]
    moved = here.ask("toys", "POST", "/ledger/projects/1/steps", json={"step": "签约", "version": 1})
    assert "投资协议" in moved.json()["told"][0]
    arrived = here.made(
        "toys", "arrivals", project=1, arrived_on="2024-09-01", origin="内资", amount={"amount": "5000000", "currency": "CNY"}
    )
    assert arrived["changes"]["amount"] == [None, {"amount": "5000000.00", "currency": "CNY"}]
    assert here.ask("games", "GET", "/ledger/arrivals/1").status_code == 403
    assert here.ask("games", "GET", "/ledger/arrivals").json()["rows"] == []
    assert here.ask("toys", "GET", "/ledger/arrivals").json()["rows"][0]["id"] == 1


def test_an_overtaken_version_changes_nothing(here: Office) -> None:
    here.made("toys")
    path, change = "/ledger/targets/1", {"values": {"owner": "甲"}}
    assert here.ask("toys", "PATCH", path, json=change).status_code == 428
    assert here.ask("toys", "PATCH", path, json={**change, "version": 1}).status_code == 200
    stale = here.ask("toys", "PATCH", path, json={"values": {"owner": "乙"}, "version": 1})
    assert (stale.status_code, stale.json()["type"], stale.json()["field"]) == (409, "urn:lianzhao:problem:conflict", "version")
    for header, status in (('W/"1"', 412), ('"1", "7"', 412), ("x", 412), ('"9", W/"2"', 200), ("*", 200)):
        answer = here.ask("toys", "PATCH", path, json={"values": {"note": header}}, headers={"If-Match": header})
        assert answer.status_code == status, header
    assert here.ask("toys", "GET", path).json()["row"]["values"]["owner"] == "甲"


def test_of_many_who_change_the_same_version_one_wins(here: Office) -> None:
    here.made("toys")

    def change(number: int) -> int:
        body = {"values": {"owner": f"第{number}人"}, "version": 1}
        return int(here.ask("toys", "PATCH", "/ledger/targets/1", json=body).status_code)

    with ThreadPoolExecutor(6) as pool:
        told = sorted(pool.map(change, range(12)))
    assert told == [200] + [409] * 11
    assert here.ask("toys", "GET", "/ledger/targets/1").json()["row"]["version"] == 2


@pytest.mark.parametrize("who", ["admin", "leader", "toys", "games", "nobody", "analyst", "tracker"])
def test_whose_rows_are_seen_and_changed(plain_here: Office, who: str) -> None:
    here = plain_here
    here.made("toys", company="甲玩具有限公司")
    here.made("games", company="乙游戏有限公司")
    here.made("admin", company="丙无组有限公司")
    sees = {"admin": [1, 2, 3], "leader": [1, 2, 3], "toys": [1], "games": [2], "analyst": [1]}.get(who)
    changes = {"admin": [1, 2, 3], "toys": [1], "games": [2]}.get(who, [])
    listed = here.ask(who, "GET", "/ledger/targets")
    assert (listed.status_code == 403) == (sees is None)
    assert sees is None or [row["id"] for row in listed.json()["rows"]] == sees
    for row in (1, 2, 3):
        assert here.ask(who, "GET", f"/ledger/targets/{row}").status_code == (200 if row in (sees or []) else 403)
        for method, path, body in (
            ("PATCH", f"/ledger/targets/{row}", {"values": {"note": "x"}}),
            ("POST", f"/ledger/targets/{row}/steps", {"step": "搁置", "reason": "x"}),
            ("POST", f"/ledger/targets/{row}/project", {"values": {"name": "x"}, "reason": "x"}),
        ):
            answer = here.ask(who, method, path, json=body, headers={"If-Match": "*"})
            assert (answer.status_code == 403) == (row not in changes), answer.text
        proof = here.ask(who, "POST", f"/ledger/targets/{row}/proofs?kind=其他&file_name=a", content=b"x")
        assert (proof.status_code == 201) == (row in changes), proof.text


def test_a_group_gives_no_row_away_and_takes_none(plain_here: Office) -> None:
    here = plain_here
    here.made("toys")
    away = here.ask("toys", "PATCH", "/ledger/targets/1", json={"values": {"group": "game-group"}, "version": 1})
    assert (away.status_code, away.json()["field"]) == (403, "group")
    assert here.ask("toys", "GET", "/ledger/targets/1").json()["row"]["version"] == 1
    here.made("toys", company="丁有限公司", group="game-group", status=403)
    assert len(here.ask("admin", "GET", "/ledger/targets").json()["rows"]) == 1
    goal = {"year": 2024, "measure": "visits", "unit_kind": "小组", "unit": "toy-group", "amount": 3}
    here.made("toys", "goals", 403, **goal)  # nobody sets a goal for himself
    here.made("admin", "goals", **goal)
    assert len(here.ask("toys", "GET", "/ledger/goals").json()["rows"]) == 1
    assert here.ask("games", "GET", "/ledger/goals").json()["rows"] == []


def test_nothing_is_hung_on_a_row_of_another_group(plain_here: Office) -> None:
    here = plain_here
    ours = here.made("toys", company="甲玩具有限公司")["id"]
    theirs = here.made("games", company="乙游戏有限公司")["id"]
    trip = here.made("toys", "activities", kind="拜访", name="拜访", starts_on="2024-08-27")["id"]
    values = {"activity": trip, "met_on": "2024-08-27"}
    for who, target, company, status in (
        ("toys", theirs, "乙游戏有限公司", 403), ("games", theirs, "乙游戏有限公司", 403), ("toys", ours, "甲玩具有限公司", 201),
        ("admin", theirs, "乙游戏有限公司", 201),
    ):  # fmt: skip
        body = {"values": {**values, "target": target, "company": company}, "reason": "补录"}
        answer = here.ask(who, "POST", "/ledger/meetings", json=body)
        assert answer.status_code == status, answer.text
    refused = here.ask("toys", "PATCH", "/ledger/meetings/1", json={"values": {"target": theirs}, "version": 1, "reason": "说明"})
    assert refused.status_code == 403 and "挂在本组的行上" in refused.json()["detail"]
    here.made("toys", "projects", 403, name="项目", company="丙玩具有限公司", target=theirs)
    line = ["活动编号", "目标编号", "企业名称", "会见日期"], [str(trip), str(theirs), "乙游戏有限公司", "2024-08-28"]
    imported = here.ask("toys", "POST", "/ledger/imports?reason=补录", content=a_sheet("会见记录", line))
    assert imported.status_code == 422 and "挂在本组的行上" in imported.text
    rows = here.ask("admin", "GET", "/ledger/meetings").json()["rows"]
    assert [row["values"]["target"] for row in rows] == [ours, theirs]
    assert here.ask("admin", "GET", "/ledger/projects").json()["rows"] == []
    shown = here.ask("toys", "PATCH", "/ledger/meetings/1", json={"values": {"result": "谈得好"}, "version": 1})
    assert shown.status_code == 200  # what hangs there already is no matter of this change


def a_sheet(name: str, lines: tuple[list[str], ...]) -> bytes:
    stream = BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        sheet = book.add_worksheet(name)
        for row, line in enumerate(lines):
            sheet.write_row(row, 0, line)
    return stream.getvalue()


def test_whoever_enters_a_company_is_told_who_is_on_it(plain_here: Office) -> None:
    here = plain_here
    here.made("toys", department="甲局")
    second = here.made("games", department="乙局")
    assert second["claims"] == [
        {"book": "targets", "id": 1, "company": "某某玩具有限公司", "whose": "甲局", "state": "waiting", "first_on": None, "first_by": None,
         "shared": False, "by_family": False}
    ]  # fmt: skip
    assert any("撞单" in line for line in second["told"])
    for who in ("toys", "games", "leader"):
        (found,) = here.ask(who, "GET", "/ledger/collisions").json()["collisions"]
        assert [claim["id"] for claim in found["claims"]] == [1, 2]


def test_lists_are_asked_by_column_word_time_and_page(plain_here: Office) -> None:
    here = plain_here
    for number in range(7):
        here.made("admin", company=f"第{number}玩具有限公司", department=("甲局", "乙局")[number % 2])
    pages, after = [], 0
    while True:
        page = here.ask("admin", "GET", f"/ledger/targets?limit=3&after={after}").json()
        pages.append([row["id"] for row in page["rows"]])
        if page["next"] is None:
            break
        after = page["next"]["after"]
    assert pages == [[1, 2, 3], [4, 5, 6], [7]]
    found = here.ask("admin", "GET", "/ledger/targets", params={"where": ["责任部门=乙局", "状态=待接触"], "search": "第3"})
    assert [row["id"] for row in found.json()["rows"]] == [4]
    before = here.ask("admin", "GET", "/ledger/targets").json()["read_at"]
    here.ask("admin", "PATCH", "/ledger/targets/5", json={"values": {"note": "改"}, "version": 1})
    here.ask("admin", "DELETE", "/ledger/targets/6?version=1&reason=x")
    pulled = here.ask("admin", "GET", "/ledger/targets", params={"changed_since": before, "deleted": True}).json()["rows"]
    assert [(row["id"], row["deleted_at"] is not None) for row in pulled] == [(5, False), (6, True)]
    for wrong in ("where=没有这列=1", "where=没有等号", "changed_since=2024-08-27T00:00:00", "limit=0", "search=%00"):
        refused = here.ask("admin", "GET", f"/ledger/targets?{wrong}")
        assert (refused.status_code, refused.json()["field"].partition(".")[0]) == (422, wrong.partition("=")[0]), refused.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"values": {**RIGHT, "company": ""}}, "company"),
        ({"values": {**RIGHT, "first_on": "2999-01-01"}}, "first_on"),
        ({"values": {**RIGHT, "kind": "人"}}, "kind"),
        ({"values": {**RIGHT, "uscc": "1"}}, "uscc"),
        ({"values": {**RIGHT, "shares": {"甲局": "1/2", "乙局": "1/3"}}}, "shares"),
        ({"values": RIGHT, "step": "洽谈"}, "reason"),
        ({"values": RIGHT, "step": "没有这步"}, "state"),
        ({"values": {**RIGHT, "state": "talks"}}, "state"),
        ({"values": RIGHT, "on": "2090-01-01"}, "state_on"),
        ({"values": {**RIGHT, "没有这列": "x"}}, "values"),
        ({"values": {**RIGHT, "company": "甲乙", "企业名称": "丙丁"}}, "values"),
        ({"values": {**RIGHT, "note": {"x": "y"}}}, "values"),
        ({"values": {**RIGHT, "note": True}}, None),
        ({"values": {**RIGHT, "note": ["x"]}}, None),
    ],
)
def test_what_cannot_be_entered_is_told_by_field(plain_here: Office, body: dict[str, Any], field: str | None) -> None:
    answer = plain_here.ask("admin", "POST", "/ledger/targets", json=body)
    assert answer.status_code == 422, answer.text
    assert field is None or answer.json()["field"] == field
    assert plain_here.ask("admin", "GET", "/ledger/targets").json()["rows"] == []


def test_what_stands_in_the_way_is_a_conflict(plain_here: Office) -> None:
    here = plain_here
    project = here.made("admin", "projects", name="甲", company="某某有限公司")["id"]
    here.made("admin", "needs", project=project, kind="用地", what="五十亩")
    answer = here.ask("admin", "DELETE", f"/ledger/projects/{project}?version=1&reason=x")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:lianzhao:problem:conflict")
    assert here.ask("admin", "POST", f"/ledger/projects/{project}/restore?version=1").status_code == 409
    for path in ("/ledger/nothing", "/ledger/targets/0", "/ledger/targets/9", "/ledger/targets/x"):
        assert here.ask("admin", "GET", path).status_code in (404, 422), path


def test_the_same_again_is_entered_once(here: Office) -> None:
    body, key = {"values": RIGHT}, {"Idempotency-Key": "k-1"}
    first = here.ask("toys", "POST", "/ledger/targets", json=body, headers=key)
    again = here.ask("toys", "POST", "/ledger/targets", json=body, headers=key)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["idempotency-replayed"] == "true"
    other = here.ask("toys", "POST", "/ledger/targets", json={"values": {**RIGHT, "note": "x"}}, headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "urn:lianzhao:problem:key-reused")
    step = {"step": "已接触"}
    moved = [
        here.ask("toys", "POST", "/ledger/targets/1/steps", json=step, headers={"If-Match": 'W/"1"', "Idempotency-Key": "k-2"})
        for _ in range(2)
    ]
    assert [one.status_code for one in moved] == [200, 200]
    assert moved[0].json()["version"] == moved[1].json()["version"] == 2
    other = here.ask("toys", "POST", "/ledger/targets/1/steps", json=step, headers={"If-Match": 'W/"2"', "Idempotency-Key": "k-2"})
    assert other.status_code == 422  # the version that it was decided on is a part of what is asked
    assert len(here.ask("toys", "GET", "/ledger/targets").json()["rows"]) == 1


def test_what_was_done_is_not_done_again_though_its_answer_was_lost(here: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def unable(*_: object, **__: object) -> None:
        raise StoreUnreachableError("某库", "磁盘满了")

    key = {"Idempotency-Key": "k"}
    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "keep", unable)  # as if the process had died once the row was entered
        assert here.ask("toys", "POST", "/ledger/targets", json={"values": RIGHT}, headers=key).status_code == 503
    monkeypatch.setattr(idempotency, "LEASE", timedelta(0))  # and nobody held the claim any more
    again = here.ask("toys", "POST", "/ledger/targets", json={"values": RIGHT}, headers=key)
    assert (again.status_code, again.json()["type"]) == (409, "urn:lianzhao:problem:conflict")
    assert "已经做完" in again.json()["detail"]
    assert len(here.ask("toys", "GET", "/ledger/targets").json()["rows"]) == 1
    refused = {"values": {**RIGHT, "kind": "人"}}  # what was not done may be tried again, and says the same
    told = [here.ask("toys", "POST", "/ledger/targets", json=refused, headers={"Idempotency-Key": "r"}) for _ in range(2)]
    assert [one.status_code for one in told] == [422, 422]


words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs", "Cn", "Co"]), min_size=1, max_size=12)


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    note=words,
    shares=st.one_of(st.none(), st.integers(2, 30).map(lambda n: {"甲局": f"1/{n}", "乙局": f"{n - 1}/{n}"})),
    agreed=st.one_of(st.none(), st.integers(1, 10**12)),
    land=st.one_of(st.none(), st.integers(1, 10**6)),
    start=st.one_of(st.none(), st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 1, 1))),
)
def test_what_is_read_can_be_written_back(
    shared: Office, note: str, shares: dict[str, str] | None, agreed: int | None, land: int | None, start: Any
) -> None:
    values = {
        "name": "项目", "company": "某某有限公司", "note": note, "shares": shares, "land": None if land is None else land / 100,
        "agreed": None if agreed is None else {"amount": f"{agreed / 100:.2f}", "currency": "USD"},
        "plan_start_on": start and start.isoformat(),
    }  # fmt: skip
    made = shared.made("admin", "projects", **values)
    path = f"/ledger/projects/{made['id']}"
    read = shared.ask("admin", "GET", path).json()["row"]
    writable = {name: value for name, value in read["values"].items() if not name.startswith("state")}
    again = shared.ask("admin", "PATCH", path, json={"values": writable, "version": 1})
    assert (again.status_code, again.json()["changes"], again.json()["version"]) == (200, {}, 1), again.text
    assert read["values"]["shares"] == shares
    assert (read["values"]["agreed"] or {}).get("amount") == (None if agreed is None else values["agreed"]["amount"])


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = office(tmp_path_factory.mktemp("shared"))
    with made.client:
        yield made


def test_values_come_back_from_their_json() -> None:
    for value in ("文字", 3, None, Money(Decimal("1.50"), "EUR")):
        assert as_given(plain(value)) == value


def test_books_of_the_paths_are_those_of_the_ledgers(shared: Office) -> None:
    document = shared.client.app.openapi()  # type: ignore[attr-defined]
    (parameter,) = [
        one for one in document["paths"]["/v1/zones/{zone}/ledger/{book}"]["get"]["parameters"] if one["name"] == "book"
    ]
    assert parameter["schema"]["enum"] == list(ALL)
