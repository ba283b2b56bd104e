"""Webhooks over HTTP: administrators enter, list, end and revive them; a secret is shown once; nobody calls this machine through them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from matcher.ledger import letters
from matcher.ledger.letters import WAITS, deliver
from matcher.ledger.setting import open_setting
from matcher.ledger.webhooks import add_hook
from matcher.store.database import open_store
from tests.api.ledgers import WHO, Office, office


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    made = office(tmp_path)
    with made.client:
        yield made


def test_from_entering_to_ending(here: Office) -> None:
    made = here.ask("admin", "POST", "/ledger/hooks", json={"url": "https://tracking.example/hook?a=1", "topics": ["stage"]})
    assert (made.status_code, made.headers["cache-control"], len(made.json()["secret"])) == (201, "no-store", 64)
    again = here.ask(
        "admin", "POST", "/ledger/hooks", json={"url": "https://tracking.example/b"}, headers={"Idempotency-Key": "one"}
    ).json()
    repeated = here.ask(
        "admin", "POST", "/ledger/hooks", json={"url": "https://tracking.example/b"}, headers={"Idempotency-Key": "one"}
    ).json()
    assert again["secret"] != repeated["secret"], "no answer with a secret is kept"
    listed = here.ask("admin", "GET", "/ledger/hooks")
    assert [one["topics"] for one in listed.json()["hooks"]] == [["stage"], ["band", "stage"], ["band", "stage"]]
    ended = here.ask("admin", "DELETE", f"/ledger/hooks/{made.json()['id']}")
    assert ended.json() == {"ended": made.json()["id"]}
    assert here.ask("admin", "DELETE", f"/ledger/hooks/{made.json()['id']}").status_code == 404
    everything = listed.text + here.ask("admin", "GET", "/ledger/letters").text + here.client.get(
        "/v1/audit", headers={"Authorization": f"Bearer {here.tokens['admin']}"}
    ).text  # fmt: skip
    assert made.json()["secret"] not in everything
    assert '"operation":"add_hook"' in everything and '"operation":"end_hook"' in everything
    for who in set(WHO) - {"admin"}:
        assert here.ask(who, "GET", "/ledger/hooks").status_code == 403
        assert here.ask(who, "POST", "/ledger/letters/revive").status_code == 403


def test_what_was_given_up_is_seen_and_tried_again(here: Office) -> None:
    made = here.ask("admin", "POST", "/ledger/hooks", json={"url": "http://198.51.100.1/", "topics": ["stage"]})
    row = here.made("admin")
    step = here.ask("admin", "POST", f"/ledger/targets/{row['id']}/steps", json={"step": "已接触", "version": 1})
    assert (made.status_code, step.status_code) == (201, 200), step.text
    setting, now = open_setting("small", here.settings.rules), datetime.now(UTC)
    with open_store(here.settings.address) as store:
        for tried in range(len(WAITS) + 1):
            deliver(store, setting, at=now + timedelta(days=2 * tried), timeout=0.01)
    dead = here.ask("admin", "GET", "/ledger/letters?dead=true").json()["letters"]
    assert [(one["hook"], one["attempts"], one["topic"]) for one in dead] == [(made.json()["id"], len(WAITS) + 1, "stage")]
    assert here.ask("admin", "GET", "/ledger/letters").json() == {"letters": []}
    revived = here.ask("admin", "POST", "/ledger/letters/revive?limit=5").json()
    assert (revived["revived"], revived["left"]) == (1, 0) and revived["until"]
    assert here.ask("admin", "POST", "/ledger/letters/revive").json() == {"revived": 0, "left": 0, "until": None}
    assert [one["attempts"] for one in here.ask("admin", "GET", "/ledger/letters").json()["letters"]] == [0]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://127.9.9.9:9/", "http://localhost/", "http://a.localhost./", "http://[::1]/",
        "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/latest", "http://[fe80::1]/", "http://0.0.0.0/", "http://224.0.0.1/",
        "ftp://a/", "http://u:p@a/", "http:///x", "x",
    ],
)  # fmt: skip
def test_this_machine_is_not_called_through_it(here: Office, url: str) -> None:
    refused = here.ask("admin", "POST", "/ledger/hooks", json={"url": url})
    assert (refused.status_code, refused.json()["field"]) == (422, "url"), refused.text


def test_a_name_that_turns_out_to_be_this_machine_is_sent_nothing(here: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket
    import threading

    listening = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def listen() -> None:
        connection, _ = listening.accept()
        connection.settimeout(20)
        heard.append(connection.recv(100))
        connection.close()

    thread = threading.Thread(target=listen)
    thread.start()
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: real("127.0.0.1", *rest, **more))
    setting = open_setting("small", here.settings.rules)
    with open_store(here.settings.address) as store:
        add_hook(store, setting.zone, f"http://inside.example:{listening.getsockname()[1]}/", ["stage"], by="甲")
        row = here.made("admin")
        here.ask("admin", "POST", f"/ledger/targets/{row['id']}/steps", json={"step": "已接触", "version": 1})
        assert deliver(store, setting).failed == 1
        assert "本机" in letters.undelivered(store, setting.zone)[0].last_error
    thread.join(30)
    listening.close()
    assert heard == [b""]
