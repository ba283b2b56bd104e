"""Trips over HTTP: the planner's plan, kept by its digest, in every form, made again after a refusal, entered into the ledgers once."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import pytest

from matcher.api.app import create_app
from matcher.api.settings import Settings
from matcher.engine import Engine
from matcher.intake import read_files
from matcher.intake.workbooks import read_sheets
from matcher.rules.trips import load_trip_rules
from matcher.trips.keeping import plan_of
from matcher.trips.planning import plan
from matcher.trips.replan import plan_json
from tests.api.ledgers import office
from tests.api.local import TestClient

pytestmark = pytest.mark.slow

ZONE = "liaocheng-resort"
Z = f"/v1/zones/{ZONE}"
ASKED = {"start": "2024-08-27", "days": 1, "cities": ["青岛"], "candidates": 20, "seconds": 120}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(home=tmp_path / "home", look_every=0, log="off"))) as found:
        yield found


def planned(client: TestClient, **asked: Any) -> dict[str, Any]:
    answer = client.post(f"{Z}/trips", json={**ASKED, **asked})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{Z}/trips/{told['kept']['id']}"
    return told


def visits(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [visit for team in told["teams"] for day in team["days"] for visit in day["visits"]]


def test_the_plan_is_the_planners_and_is_kept_in_every_form(client: TestClient, engine: Engine) -> None:
    told = planned(client)
    intake = read_files([engine.corpora.sample], engine.corpora)
    expected = plan(engine, intake, plan_of(told["plan"]).request, load_trip_rules())
    assert {**plan_json(expected), "run": None} == {**told["plan"], "run": None}
    assert told["kept"]["run"] == expected.run.id == told["plan"]["run"]["id"]
    path = f"{Z}/trips/{told['kept']['id']}"
    kept = client.get(path)
    assert kept.json() == told["plan"]
    assert client.get(path, headers={"If-None-Match": kept.headers["etag"]}).status_code == 304
    names = [visit["name"] for visit in visits(told["plan"])]
    sheets = dict(read_sheets(client.get(f"{path}?format=xlsx").content, "x.xlsx"))
    assert all(any(name in cell for line in sheets["行程"] for cell in line) for name in names)
    document = docx.Document(BytesIO(client.get(f"{path}?format=docx").content))
    text = "".join(one.text for one in document.paragraphs) + "".join(
        cell.text for table in document.tables for row in table.rows for cell in row.cells
    )
    assert all(name in text for name in names)
    calendar = client.get(path, headers={"Accept": "text/calendar"})
    assert calendar.content.count(b"BEGIN:VEVENT") >= len(names)
    again = planned(client)
    assert again["kept"] == told["kept"]  # kept once
    assert [one["id"] for one in client.get(f"{Z}/trips").json()["trips"]] == [told["kept"]["id"]]


def test_a_plan_comes_back_from_its_json_as_it_was(client: TestClient) -> None:
    told = planned(
        client, must=["青岛银海"], explain=True, targets=[{"name": "虚构商会", "kind": "chamber", "city": "青岛", "members": 300}]
    )
    assert plan_json(plan_of(told["plan"])) == told["plan"]
    assert told["plan"]["must_prices"] and told["plan"]["other_days"]


def test_a_refusal_moves_nobody_else(client: TestClient) -> None:
    told = planned(client)
    path = f"{Z}/trips/{told['kept']['id']}"
    first = visits(told["plan"])[0]
    again = client.post(f"{path}/replan", json={"refused": [first["name"]]})
    assert again.status_code == 201, again.text
    kept = {(one["id"], one["begins"]) for one in visits(told["plan"])[1:]}
    assert kept <= {(one["id"], one["begins"]) for one in visits(again.json()["plan"])}
    assert first["id"] not in {one["id"] for one in visits(again.json()["plan"])}
    assert again.json()["kept"]["id"] != told["kept"]["id"]
    assert client.post(f"{path}/replan", json={"refused": ["没有这家"]}).status_code == 404
    other = first["alternates"][0]
    swapped = client.post(f"{path}/replan", json={"refused": [first["id"]], "instead": other["name"]})
    assert swapped.status_code == 201, swapped.text
    assert {one["id"] for one in visits(swapped.json()["plan"])} == {other["id"], *(one["id"] for one in visits(told["plan"]))} - {
        first["id"]
    }
    for refused, status in (({"instead": other["id"]}, 422), ({}, 422), ({"refused": [first["id"]], "instead": "没有这家"}, 404)):
        assert client.post(f"{path}/replan", json=refused).status_code == status
    assert client.post(f"{Z}/trips/{'0' * 32}/replan", json={"refused": ["x"]}).status_code == 404


def test_a_plan_is_entered_once_with_targets_that_say_why(client: TestClient) -> None:
    told = planned(client)
    names = [visit["name"] for visit in visits(told["plan"])]
    known = client.post(f"{Z}/ledger/targets", json={"values": {"类型": "企业", "企业名称": names[1], "责任部门": "乙局"}}).json()[
        "id"
    ]
    path = f"{Z}/trips/{told['kept']['id']}/activities"
    entered = client.post(path, json={"department": "甲局", "group": "医养健康产业招商小组"}, headers={"Idempotency-Key": "k"})
    assert entered.status_code == 201, entered.text
    assert (
        client.post(path, json={"department": "甲局", "group": "医养健康产业招商小组"}, headers={"Idempotency-Key": "k"}).content
        == entered.content
    )
    (activity,) = entered.json()["activities"]
    row = client.get(f"{Z}/ledger/activities/{activity['id']}").json()["row"]["values"]
    assert (row["kind"], row["starts_on"], row["state"], row["trip"]) == ("trip", "2024-08-27", "planned", told["kept"]["id"])
    assert row["whom"] == "、".join(names)
    rows = {one["values"]["company"]: one["values"] for one in client.get(f"{Z}/ledger/targets").json()["rows"]}
    assert set(rows) == set(names)
    assert entered.json()["known"] == [f"{names[1]} 已有第 {known} 号目标（乙局）"]
    of_list = {visit["name"]: visit["result"] for visit in visits(told["plan"])}
    for name in names:
        if name != names[1]:
            assert (rows[name]["run"], rows[name]["run_rank"], rows[name]["why"]) == (
                told["kept"]["run"], of_list[name]["rank"], of_list[name]["reason"],
            )  # fmt: skip
            assert rows[name]["next_step"] is None  # nobody has agreed to anything yet
            assert rows[name]["group"] == "medical-health-group"
    again = client.post(path, json={})
    assert (again.status_code, again.json()["type"]) == (409, "urn:lianzhao:problem:conflict")
    assert client.delete(f"{Z}/ledger/activities/{activity['id']}?version=1&reason=改期").status_code == 200
    anew = client.post(path, json={"targets": False})
    assert (anew.status_code, anew.json()["targets"]) == (201, [])


def test_a_target_without_a_group_is_of_the_group_that_goes_for_its_chain(client: TestClient) -> None:
    told = planned(client, must_not=["青岛啤酒"])
    entered = client.post(f"{Z}/trips/{told['kept']['id']}/activities", json={})
    assert entered.status_code == 201, entered.text
    groups = {chain: group["id"] for group in client.get(Z).json()["groups"] for chain in group["chains"]}
    rows = [
        one["values"] for one in client.get(f"{Z}/ledger/targets").json()["rows"] if one["values"]["run"] == told["kept"]["run"]
    ]
    assert rows and all(row["group"] == groups[row["chain"]] for row in rows)


def test_the_ledgers_tell_the_chance_where_they_know(client: TestClient) -> None:
    before = planned(client)
    chance = load_trip_rules().chance
    assert {visit["chance"] for visit in visits(before["plan"])} == {chance.pending / 1000}
    name = visits(before["plan"])[-1]["name"]
    row = client.post(
        f"{Z}/ledger/targets",
        json={"values": {"类型": "企业", "企业名称": name}, "step": "洽谈", "on": "2024-08-20", "reason": "补录"},
    )
    assert row.status_code == 201, row.text
    after = planned(client)
    (told,) = [visit for visit in visits(after["plan"]) if visit["name"] == name]
    assert told["chance"] == chance.ledger.targets["talks"] / 1000
    assert any("1 家台账里有" in note for note in after["plan"]["notes"])
    earlier = planned(client, start="2024-08-06")  # as of that day nobody had spoken with it
    assert {visit["chance"] for visit in visits(earlier["plan"])} == {chance.pending / 1000}
    appointed = planned(client, appointments=[{"who": name, "state": "agreed"}])
    assert chance.agreed / 1000 in {visit["chance"] for visit in visits(appointed["plan"])}


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"cities": []}, 422), ({"cities": ["没有这个城市"]}, 404), ({"days": 0}, 422), ({"days": 8}, 422), ({"seconds": 121}, 422),
        ({"must": ["没有这家企业"]}, 404), ({"hours": ["12:00-09:00"]}, 422), ({"visit": 44}, 422), ({"group": "没有"}, 404),
        ({"start": "2024-02-30"}, 422), ({"ruleset": "9"}, 404), ({"x": 1}, 422),
        ({"appointments": [{"who": "甲", "state": "maybe"}]}, 422), ({"ways": [{"start": "园区", "end": "青岛", "minutes": 0}]}, 422),
    ],
)  # fmt: skip
def test_what_cannot_be_planned_is_told(client: TestClient, asked: dict[str, Any], status: int) -> None:
    answer = client.post(f"{Z}/trips", json={**ASKED, **asked})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert status == 404 or answer.json()["field"].partition(".")[0] in asked, answer.text
    assert client.get(f"{Z}/trips").json()["trips"] == []


def test_a_group_enters_a_trip_for_itself_only(tmp_path: Path) -> None:
    here = office(tmp_path)
    with here.client:
        asked = {
            "start": "2024-08-27",
            "days": 1,
            "cities": ["青岛"],
            "targets": [{"name": "虚构商会", "kind": "chamber", "city": "青岛", "score": 60}],
        }
        told = here.ask("toys", "POST", "/trips", json=asked)
        assert told.status_code == 201, told.text
        path = f"/trips/{told.json()['kept']['id']}/activities"
        assert here.ask("tracker", "POST", path, json={}).status_code == 403
        assert here.ask("toys", "POST", path, json={"group": "game-group"}).status_code == 403
        assert here.ask("leader", "POST", path, json={}).status_code == 403
        assert here.ask("admin", "GET", "/ledger/activities").json()["rows"] == []
        entered = here.ask("toys", "POST", path, json={})
        assert entered.status_code == 201, entered.text
        row = here.ask("toys", "GET", "/ledger/activities/1").json()["row"]["values"]
        assert row["group"] == "toy-group"
        (target,) = [one for one in here.ask("toys", "GET", "/ledger/targets").json()["rows"] if one["values"]["kind"] == "chamber"]
        assert target["values"]["company"] == "虚构商会"
