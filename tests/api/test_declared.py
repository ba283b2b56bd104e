"""Answers of the ledgers, events, reports and trips are what the OpenAPI document declares: those that no fuzzing comes upon by chance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from tests.api.ledgers import Office, office
from tests.reports.made import event


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = office(tmp_path_factory.mktemp("declared"))
    with made.client:
        yield made


def check(here: Office, method: str, path: str, template: str, **options: Any) -> Any:
    """An answer, held against the schema that its operation declares for its status; every member of it is declared."""
    answer = here.ask("admin", method, path, **options)
    assert answer.status_code in (200, 201), answer.text
    whole = here.client.app.openapi()  # type: ignore[attr-defined]
    declared = whole["paths"][f"/v1/zones/{{zone}}{template}"][method.lower()]["responses"][str(answer.status_code)]
    schema = declared["content"]["application/json"]["schema"]
    closed = {name: _closed(one) for name, one in whole["components"]["schemas"].items()}
    jsonschema.validate(answer.json(), {**schema, "components": {"schemas": closed}}, cls=jsonschema.Draft202012Validator)
    return answer.json()


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema of an object that allows what it names, and nothing beside."""
    if schema.get("type") == "object" and "properties" in schema and "additionalProperties" not in schema:
        return {**schema, "additionalProperties": False}
    return schema


@pytest.mark.slow
def test_answers_are_as_declared(here: Office) -> None:
    row = {"kind": "企业", "company": "某某玩具有限公司", "department": "甲局", "shares": {"甲局": "1/2", "乙局": "1/2"}}
    check(here, "POST", "/ledger/targets", "/ledger/{book}", json={"values": row})
    check(here, "POST", "/ledger/targets", "/ledger/{book}", json={"values": {**row, "department": "乙局"}})
    one, book = "/ledger/targets/1", "/ledger/{book}/{id}"
    check(here, "PATCH", one, book, json={"values": {"next_on": "2099-01-01"}, "version": 1})
    check(here, "POST", f"{one}/steps", f"{book}/steps", json={"step": "已接触", "version": 2})
    check(here, "POST", f"{one}/proofs?kind=其他&file_name=a.pdf", f"{book}/proofs", content=b"x")
    assert check(here, "GET", one, book)["claims"]
    check(here, "GET", "/ledger/targets?limit=1", "/ledger/{book}")
    assert check(here, "GET", "/ledger/collisions", "/ledger/collisions")["collisions"]
    check(
        here,
        "POST",
        f"{one}/project",
        "/ledger/targets/{id}/project",
        json={"values": {"name": "项目", "agreed": "1亿元"}, "version": 3, "reason": "x"},
    )
    check(here, "DELETE", "/ledger/targets/2?version=1&reason=x", book)
    check(here, "POST", "/ledger/targets/2/restore?version=2", f"{book}/restore")
    check(here, "DELETE", "/ledger/proofs/1?reason=x", "/ledger/proofs/{proof}")
    sheet = here.ask("admin", "GET", "/ledger/targets.xlsx").content
    check(
        here,
        "POST",
        "/ledger/imports?dry_run=true",
        "/ledger/imports",
        content=sheet,
        headers={"Content-Type": "application/octet-stream"},
    )


def test_events_are_answered_as_declared(here: Office) -> None:
    items = [
        event("1", "visit", "没有登记有限公司", 1),
        event("1", "visit", "没有登记有限公司", 1),
        {},
        event("2", "project.step", "没有登记有限公司", 1, row=99),
    ]
    answers = check(here, "POST", "/ledger/events", "/ledger/events", json=items)["answers"]
    assert [one["result"] for one in answers] == ["parked", "duplicate", "refused", "refused"]
    check(here, "GET", "/ledger/events", "/ledger/events")
    target = here.made("admin", company="真名有限公司")["id"]
    check(here, "POST", "/ledger/parked", "/ledger/parked", json={"company": "没有登记有限公司", "target": target})


def test_trips_are_as_declared(here: Office) -> None:
    asked = {
        "start": "2024-08-27", "days": 1, "cities": ["青岛"], "explain": True, "must": ["虚构商会"],
        "targets": [{"name": "虚构商会", "kind": "chamber", "city": "青岛", "score": 60}],
    }  # fmt: skip
    told = check(here, "POST", "/trips", "/trips", json=asked)
    path = f"/trips/{told['kept']['id']}"
    assert check(here, "GET", path, "/trips/{trip}") == told["plan"]
    check(here, "GET", "/trips", "/trips")
    check(here, "POST", f"{path}/replan", "/trips/{trip}/replan", json={"refused": ["虚构商会"]})
    check(here, "POST", f"{path}/activities", "/trips/{trip}/activities", json={})
