"""Events over HTTP, on both databases: in every form the same, answered one by one in order, once each, and kept if answered."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.ledger.events import MOST_AT_ONCE
from matcher.ledger.events_received import receive
from matcher.ledger.setting import open_setting
from matcher.store.database import open_store
from tests.api.ledgers import Office, office, settings_of
from tests.api.servers import served
from tests.reports.made import cloud, event
from tests.store.conftest import address, postgres

pytestmark = pytest.mark.slow

__all__ = ["address", "postgres"]
PATH, COMPANY = "/ledger/events", "某某玩具有限公司"
BATCH, ONE, PLAIN = ("application/cloudevents-batch+json", "application/cloudevents+json", "application/json")


@pytest.fixture
def here(tmp_path: Path, address: str) -> Iterator[Office]:
    made = office(tmp_path, address)
    with made.client:
        yield made


def send(here: Office, body: Any, kind: str = PLAIN, who: str = "tracker", **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return here.ask(who, "POST", PATH, content=content, headers={"Content-Type": kind, **headers})


def attributes(plain: dict[str, Any]) -> dict[str, str]:
    """A CloudEvent's attributes as headers of the binary mode."""
    return {f"ce-{name}": quote(str(value)) for name, value in cloud(plain).items() if name not in ("data", "datacontenttype")}


def test_every_form_says_the_same(here: Office) -> None:
    here.made("admin")
    told = event("e-1", "target.step", COMPANY, 1, step="已接触")
    first = send(here, [told])
    assert first.status_code == 200, first.text
    (answer,) = first.json()["answers"]
    assert (answer["result"], answer["book"], answer["row"]) == ("accepted", "targets", 1)
    for again in (
        send(here, told),
        send(here, cloud(told), ONE),
        send(here, [cloud(told)], BATCH + "; charset=utf-8"),
        send(here, told["data"], PLAIN, **attributes(told)),
        send(here, cloud(told), PLAIN),
    ):
        assert [one["result"] for one in again.json()["answers"]] == ["duplicate"], again.text
    binary = event("e-2", "target.step", COMPANY, 2, step="洽谈")
    assert send(here, binary["data"], PLAIN, **attributes(binary)).json()["answers"][0]["result"] == "accepted"
    row = here.ask("leader", "GET", "/ledger/targets/1").json()
    assert row["row"]["values"]["state"] == "talks"
    assert [one["source"] for one in row["history"]][1:] == ["event:跟踪系统/e-1", "event:跟踪系统/e-2"]


def test_each_item_is_answered_in_its_place(here: Office) -> None:
    here.made("admin")
    items = [
        event("1", "target.step", COMPANY, 1, step="已接触"), "no event", event("2", "target.step", "没有登记有限公司", 1, step="洽谈"),
        event("1", "target.step", COMPANY, 1, step="已接触"), event("3", "target.step", COMPANY, 2, step="没有这步"),
    ]  # fmt: skip
    answers = send(here, items).json()["answers"]
    assert [one["index"] for one in answers] == [0, 1, 2, 3, 4]
    assert [one["result"] for one in answers] == ["accepted", "refused", "parked", "duplicate", "refused"]
    assert [one["problem"]["type"].rpartition(":")[2] for one in answers if "problem" in one] == [
        "invalid-request",
        "event-refused",
    ]
    again = send(here, items).json()["answers"]
    assert [one["result"] for one in again] == ["duplicate", "refused", "duplicate", "duplicate", "refused"]
    kept = here.ask("tracker", "GET", PATH).json()["events"]
    assert [(one["id"], one["fate"]) for one in kept] == [("1", "applied"), ("2", "parked"), ("3", "refused")]
    assert [one["id"] for one in here.ask("tracker", "GET", f"{PATH}?fate=refused&source=跟踪系统").json()["events"]] == ["3"]
    page = here.ask("tracker", "GET", f"{PATH}?limit=2").json()
    assert [one["id"] for one in here.ask("tracker", "GET", f"{PATH}?after={page['next']['after']}").json()["events"]] == ["3"]


numbers = itertools.count()
ITEM = st.one_of(
    st.tuples(st.just("target.step"), st.sampled_from(["已接触", "洽谈", "搁置", "没有这步"]).map(lambda step: {"step": step})),
    st.tuples(st.just("target.set"), st.sampled_from(["约见", ""]).map(lambda word: {"fields": {"next_step": word}})),
    st.tuples(st.just("visit"), st.just({"result": "谈得好"})),
    st.tuples(st.just("arrival"), st.just({"amount": "x"})),
    st.tuples(st.just("nothing"), st.just({})),
)


def unnumbered(said: str | None) -> str:
    """Rows have other numbers in the other ledgers."""
    return re.sub(r"第 \d+ 号", "第 N 号", said or "")


@pytest.mark.slow
def test_answers_are_those_of_the_ledgers(here: Office, tmp_path: Path) -> None:
    setting = open_setting("small", here.settings.rules)

    @settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(ITEM, st.integers(0, 3), st.booleans()), max_size=8))
    def check(many: list[tuple[tuple[str, dict[str, Any]], int, bool]]) -> None:
        source, known = f"来源{next(numbers)}", f"甲{next(numbers)}有限公司"
        items = [
            event(f"{n // 2}", kind, known if is_known else "没有登记有限公司", hour, source, **data)
            for n, ((kind, data), hour, is_known) in enumerate(many)
        ]
        here.made("admin", company=known)
        answers = send(here, items).json()["answers"]
        with open_store(f"sqlite:///{tmp_path / source}.db") as store:
            from matcher.ledger.books import TARGETS
            from matcher.ledger.entry import entering

            with entering(store, setting, by="") as entry:
                entry.add(TARGETS, {"kind": "企业", "company": known})
            expected = receive(store, setting, items, by="")
        assert [(one["index"], one["source"], one["id"], one["fate"], unnumbered(one["said"])) for one in answers] == [
            (one.index, one.source, one.id, one.fate, unnumbered(one.said)) for one in expected
        ]

    check()


def test_what_is_no_batch_of_events_is_told_and_nothing_kept(here: Office) -> None:
    told = event("1", "target.step", COMPANY, 1, step="洽谈")
    for body, kind, status in (
        (b"{", PLAIN, 400), (b"\xff", PLAIN, 400), (b"", PLAIN, 400), ([told] * (MOST_AT_ONCE + 1), PLAIN, 422), ("x", PLAIN, 422),
        (told, BATCH, 422), ([told], ONE, 422), (told, "text/plain", 415), ({**told, "type": "x"}, PLAIN, 422),
        ({**told, "time": "2024-08-27"}, PLAIN, 422), (b"[" * 40 + b"]" * 40, BATCH, 400),
        ({**cloud(told), "specversion": "0.3"}, ONE, 422), ({**told, "data": {"x": "y" * 40_000}}, PLAIN, 422),
    ):  # fmt: skip
        answer = send(here, body, kind)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    for name, wrong in {"source": "", "type": "x", "time": "2024-08-27", "company": 1, "data": []}.items():
        assert send(here, {**told, name: wrong}, PLAIN).json()["field"] == name
    no_data = send(here, b"", PLAIN, **{**attributes(told), "ce-type": "cn.example.visit"})
    assert no_data.json()["answers"][0]["result"] == "parked"  # a visit need say no more
    assert len(here.ask("tracker", "GET", PATH).json()["events"]) == 1
    assert send(here, []).json() == {"answers": []}


def test_a_batch_of_a_thousand(here: Office) -> None:
    here.made("admin")
    items = [event(str(n), "target.set", COMPANY, n / 100, fields={"next_step": str(n)}) for n in range(MOST_AT_ONCE)]
    answers = send(here, items).json()["answers"]
    assert [one["result"] for one in answers] == ["accepted"] * MOST_AT_ONCE
    assert here.ask("leader", "GET", "/ledger/targets/1").json()["row"]["values"]["next_step"] == str(MOST_AT_ONCE - 1)


def test_whoever_knows_the_company_says_so(here: Office) -> None:
    here.made("toys", company="真名有限公司")
    here.made("games", company="别家有限公司")
    send(here, [event("1", "target.step", "简称公司", 1, step="已接触"), event("2", "visit", "简称公司", 2, reason="补录")])
    assert [one["id"] for one in here.ask("toys", "GET", PATH).json()["events"]] == ["1", "2"]
    assert here.ask("toys", "GET", f"{PATH}?fate=applied").status_code == 403
    settle = {"company": "简称公司", "target": 1}
    assert here.ask("tracker", "POST", "/ledger/parked", json=settle).status_code == 403
    assert here.ask("games", "POST", "/ledger/parked", json=settle).status_code == 403
    assert here.ask("toys", "POST", "/ledger/parked", json={"company": "简称公司"}).status_code == 403
    assert here.ask("toys", "POST", "/ledger/parked", json={"company": "没有谁", "target": 1}).status_code == 404
    coded = event("code", "target.step", "", 3, step="已接触") | {"company": {"uscc": "91370200MA3C000000"}}
    assert here.ask("tracker", "POST", "/ledger/events", json=[coded]).json()["answers"][0]["fate"] == "parked"
    by_code = here.ask("admin", "POST", "/ledger/parked", json={"company": "91370200MA3C000000", "target": 1})
    assert [one["fate"] for one in by_code.json()["answers"]] == ["applied"]
    done = here.ask("toys", "POST", "/ledger/parked", json=settle)
    assert [one["result"] for one in done.json()["answers"]] == ["accepted", "accepted"]
    assert here.ask("toys", "GET", PATH).json()["events"] == []
    later = send(here, [event("3", "target.step", "简称公司", 5, step="洽谈")]).json()["answers"]
    assert (later[0]["result"], later[0]["row"]) == ("accepted", 1)


def test_a_group_that_settles_changes_no_row_of_another(here: Office) -> None:
    """A target is named; the events about a project of that name go to whose project it is."""
    items = [event("1", "target.step", "简称公司", 1, step="已接触"), event("2", "project.step", "简称公司", 2, step="签约"),
             event("3", "arrival", "简称公司", 3, origin="内资", amount="5万元"),
             event("4", "visit", "简称公司", 4, reason="补录")]  # fmt: skip
    send(here, items)
    here.made("toys", company="真名有限公司")
    project = here.made("games", "projects", name="甲", company="简称公司")["id"]
    settle = {"company": "简称公司", "target": 1}
    answers = here.ask("toys", "POST", "/ledger/parked", json=settle).json()["answers"]
    assert [(one["id"], one["result"]) for one in answers] == [
        ("1", "accepted"),
        ("2", "parked"),
        ("3", "parked"),
        ("4", "accepted"),
    ]
    assert "不是本组的" in answers[1]["said"]
    assert here.ask("games", "GET", f"/ledger/projects/{project}").json()["row"]["version"] == 1
    assert here.ask("games", "GET", "/ledger/arrivals").json()["rows"] == []
    assert [one["id"] for one in here.ask("toys", "GET", PATH).json()["events"]] == ["2", "3"]
    done = here.ask("games", "POST", "/ledger/parked", json={"company": "简称公司", "project": project}).json()["answers"]
    assert [(one["result"], one["row"]) for one in done] == [("accepted", project)] * 2
    assert here.ask("games", "GET", f"/ledger/projects/{project}").json()["row"]["values"]["state"] == "signed"


def test_the_same_request_again_and_the_same_event_otherwise(here: Office) -> None:
    here.made("admin")
    told = event("1", "target.step", COMPANY, 1, step="已接触")
    key = {"Idempotency-Key": "k"}
    first, again = (send(here, told["data"], PLAIN, **attributes(told), **key) for _ in range(2))
    assert first.content == again.content
    assert first.json()["answers"][0]["result"] == "accepted"
    other = {**attributes(told), "ce-id": "2"}  # the body is the same, the event is another
    assert send(here, told["data"], PLAIN, **other, **key).status_code == 422
    assert send(here, told, PLAIN).json()["answers"][0]["result"] == "duplicate"


@pytest.mark.slow
def test_what_was_answered_outlives_the_server(tmp_path: Path) -> None:
    home = settings_of(tmp_path).home
    answered: set[str] = set()
    sent = itertools.count()
    for turn in range(6):
        with served(home) as server:
            stop = threading.Event()

            def sending(port: int = server.port, stop: threading.Event = stop) -> None:
                while not stop.is_set():
                    ids = [str(next(sent)) for _ in range(5)]
                    items = [event(id_, "visit", "谁也不是有限公司", 1) for id_ in ids]
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                    try:
                        body = json.dumps(items, ensure_ascii=False).encode()
                        connection.request("POST", "/v1/zones/liaocheng-resort/ledger/events", body, {"Content-Type": PLAIN})
                        answer = connection.getresponse()
                        told = json.loads(answer.read())
                    except (OSError, http.client.HTTPException, ValueError):
                        return
                    finally:
                        connection.close()
                    assert answer.status == 200
                    answered.update(one["id"] for one in told["answers"] if one["result"] == "parked")

            threads = [threading.Thread(target=sending) for _ in range(3)]
            for thread in threads:
                thread.start()
            while len(answered) < 40 * (turn + 1) and threads[0].is_alive():  # so many answers, not so much time
                threads[0].join(0.002)
            os.kill(server.process.pid, signal.SIGKILL)
            stop.set()
            for thread in threads:
                thread.join(60)
    with open_store(f"sqlite:///{home / 'ledger.db'}") as store:
        from matcher.ledger.events_kept import kept_events

        kept = [one.id for one in kept_events(store, "liaocheng-resort", most=100_000)]
    assert len(kept) == len(set(kept))
    assert answered <= set(kept)
    assert len(kept) % 5 == 0  # of every batch all or nothing
