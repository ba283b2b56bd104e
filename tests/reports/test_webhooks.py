"""Webhooks reach a real server, signed; failures are tried again, later and later, and given up at last; nothing is told twice."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import insert

from matcher.engine import Engine
from matcher.errors import OptionError, RequestError
from matcher.intake import from_profiles
from matcher.ledger import letters, tables
from matcher.ledger.books import TARGETS
from matcher.ledger.entry import entering
from matcher.ledger.events_received import receive
from matcher.ledger.letters import MOST_REVIVED, REVIVED_AT_ONCE, WAITS, Revived, deliver, revive, undelivered
from matcher.ledger.posting import post
from matcher.ledger.setting import Setting, open_setting
from matcher.ledger.webhooks import add_hook, announce, end_hook, hooks_of, note_bands
from matcher.runs import Request
from matcher.store.database import Store
from tests.reports.made import NOW, START, event, target

pytestmark = pytest.mark.slow


@dataclass
class Listener:
    """A small HTTP server on loopback that keeps what it is sent."""

    url: str = ""
    status: int = 200
    meanwhile: Callable[[], None] | None = None
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def listener() -> Iterator[Listener]:
    kept = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            meanwhile, kept.meanwhile = kept.meanwhile, None
            if meanwhile is not None:
                meanwhile()
            self.send_response(kept.status)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Nothing on the screen."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/hook?a=1"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def step(store: Store, setting: Setting, row: int, to: str, **more: Any) -> None:
    with entering(store, setting, by="甲", today=NOW.date(), at=NOW) as entry:
        entry.step(TARGETS, row, to, on=NOW.date(), **more)


def test_a_change_of_stage_is_told_once_and_signed(store: Store, setting: Setting, listener: Listener) -> None:
    row = target(store, setting, "甲甲有限公司")
    step(store, setting, row, "已接触")
    _, secret = add_hook(store, setting.zone, listener.url, ["stage"], by="甲")
    step(store, setting, row, "洽谈")
    done = deliver(store, setting, at=NOW)
    assert (done.sent, done.failed, done.waiting) == (1, 0, 0)
    ((headers, body),) = listener.got
    (told,) = listener.told
    assert (told["company"]["name"], told["before"], told["step"], told["step_name"]) == (
        "甲甲有限公司",
        "contacted",
        "talks",
        "洽谈",
    )
    signed = hmac.new(secret.encode(), f"{headers['X-Lianzhao-Timestamp']}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Lianzhao-Signature"] == f"sha256={signed}" and headers["X-Lianzhao-Topic"] == "stage"
    assert deliver(store, setting, at=NOW).sent == 0 and len(listener.got) == 1


def test_what_an_event_moves_is_told_and_what_comes_too_late_is_not(store: Store, setting: Setting, listener: Listener) -> None:
    target(store, setting, "甲甲有限公司")
    add_hook(store, setting.zone, listener.url, [], by="甲")
    for id_, hours, to in (("1", 9, "洽谈"), ("2", 5, "已接触")):
        receive(store, setting, [event(id_, "target.step", "甲甲有限公司", hours, step=to)], by="接口", at=NOW)
    assert deliver(store, setting, at=NOW).sent == 1
    assert [(one["before"], one["step"]) for one in listener.told] == [("waiting", "talks")]


def test_failures_are_tried_again_later_and_later_and_given_up_at_last(store: Store, setting: Setting, listener: Listener) -> None:
    row = target(store, setting, "甲甲有限公司")
    add_hook(store, setting.zone, listener.url, [], by="甲")
    step(store, setting, row, "已接触")
    listener.status, now = 503, NOW
    for tries, wait in enumerate(WAITS, start=1):
        assert deliver(store, setting, at=now).failed == 1
        assert deliver(store, setting, at=now + wait - timedelta(seconds=1)).failed == 0
        (letter,) = undelivered(store, setting.zone)
        assert (letter.attempts, letter.last_error) == (tries, "对方答复 503")
        now += wait
    last = deliver(store, setting, at=now)
    assert (last.failed, last.given_up, last.waiting) == (1, 1, 0)
    assert deliver(store, setting, at=now + timedelta(days=30)).failed == 0
    assert len(undelivered(store, setting.zone, dead=True)) == 1 and len(listener.got) == len(WAITS) + 1
    listener.status = 204
    assert revive(store, setting.zone, at=now) == Revived(1, 0, now)
    assert deliver(store, setting, at=now).sent == 1 and undelivered(store, setting.zone, dead=True) == []
    assert len({json.dumps(one, sort_keys=True) for one in listener.told}) == 1


def test_nobody_there_and_redirects_are_failures(store: Store, setting: Setting, listener: Listener) -> None:
    row = target(store, setting, "甲甲有限公司")
    add_hook(store, setting.zone, "http://127.0.0.1:9/", [], by="甲")
    add_hook(store, setting.zone, listener.url, [], by="甲")
    listener.status = 302
    step(store, setting, row, "已接触")
    assert deliver(store, setting, at=NOW, timeout=5).failed == 2
    assert sorted(letter.last_error[:4] for letter in undelivered(store, setting.zone)) == ["对方答复", "连不上或"]


def test_rounds_are_bounded_and_an_ended_hook_is_told_nothing(store: Store, setting: Setting, listener: Listener) -> None:
    row = target(store, setting, "甲甲有限公司")
    number, _ = add_hook(store, setting.zone, listener.url, [], by="甲")
    for to in ("已接触", "洽谈", "搁置"):
        step(store, setting, row, to, reason="说明")
    first = deliver(store, setting, most=2, at=NOW)
    assert (first.sent, first.waiting) == (2, 1)
    end_hook(store, setting.zone, number, by="甲")
    assert deliver(store, setting, at=NOW).sent == 0
    assert [one.ended_at is None for one in hooks_of(store, setting.zone)] == [False]
    with pytest.raises(RequestError, match="回调"):
        end_hook(store, setting.zone, number, by="甲")


def test_a_delivery_that_a_dead_worker_took_is_sent_by_another(store: Store, setting: Setting, listener: Listener) -> None:
    from matcher.ledger.letters import _claimed

    row = target(store, setting, "甲甲有限公司")
    add_hook(store, setting.zone, listener.url, [], by="甲")
    step(store, setting, row, "已接触")
    announce(store, setting, at=NOW)
    assert _claimed(store, setting.zone, NOW, NOW, ())
    assert not _claimed(store, setting.zone, NOW, NOW, ())
    assert deliver(store, setting, at=NOW).sent == 0
    assert deliver(store, setting, at=NOW + timedelta(minutes=3)).sent == 1


def test_what_is_revived_comes_at_a_pace_and_only_for_hooks_that_listen(store: Store, setting: Setting, listener: Listener) -> None:
    row = target(store, setting, "甲甲有限公司")
    kept, _ = add_hook(store, setting.zone, listener.url, [], by="甲")
    ended, _ = add_hook(store, setting.zone, listener.url, [], by="甲")
    step(store, setting, row, "已接触")
    announce(store, setting, at=NOW)
    first = undelivered(store, setting.zone)[0]
    count = 2 * REVIVED_AT_ONCE + 5
    with store.writing() as connection:
        made = {"zone": setting.zone, "topic": "stage", "body": first.body, "created_at": NOW, "due_at": NOW, "attempts": 7}
        connection.execute(insert(tables.outbox), [{**made, "hook": kept, "dead_at": NOW}] * count)
        connection.execute(insert(tables.outbox), [{**made, "hook": ended, "dead_at": NOW}] * 3)
    end_hook(store, setting.zone, ended, by="甲")
    minute, later = timedelta(minutes=1), NOW + timedelta(days=1)
    assert revive(store, setting.zone, most=REVIVED_AT_ONCE + 1, at=later) == Revived(
        REVIVED_AT_ONCE + 1, count - REVIVED_AT_ONCE - 1, later + minute
    )
    assert revive(store, setting.zone, at=later) == Revived(REVIVED_AT_ONCE + 4, 0, later + 3 * minute)
    assert revive(store, setting.zone, at=later) == Revived(0, 0, None)
    sent = [deliver(store, setting, at=later + passed * minute).sent for passed in range(5)]
    assert sent == [REVIVED_AT_ONCE + 1, 1, REVIVED_AT_ONCE, 4, 0], "those at once, and the one that was never given up"
    assert len(undelivered(store, setting.zone, dead=True)) == 3
    assert count <= MOST_REVIVED


def test_a_hook_that_cannot_be_reached_holds_nobody_up(store: Store, setting: Setting, listener: Listener) -> None:
    row = target(store, setting, "甲甲有限公司")
    add_hook(store, setting.zone, "http://127.0.0.1:9/", [], by="甲")
    add_hook(store, setting.zone, listener.url, [], by="甲")
    for to in ("已接触", "洽谈", "搁置"):
        step(store, setting, row, to, reason="说明")
    done = deliver(store, setting, at=NOW, timeout=5)
    assert (done.sent, done.failed, done.waiting) == (3, 1, 3), "one try, and the others wait for the next round untried"
    assert sorted(one.attempts for one in undelivered(store, setting.zone)) == [0, 0, 1]


def test_two_workers_at_once_send_each_letter_once(store: Store, setting: Setting, listener: Listener) -> None:
    row = target(store, setting, "甲甲有限公司")
    add_hook(store, setting.zone, listener.url, [], by="甲")
    for to in ("已接触", "洽谈", "搁置"):
        step(store, setting, row, to, reason="说明")
    others: list[int] = []
    listener.meanwhile = lambda: others.append(deliver(store, setting, most=1, at=NOW + timedelta(minutes=1)).sent)
    first = deliver(store, setting, at=NOW)
    assert (first.sent, others) == (2, [1]), "what another sent while the first waited for its answer is not sent again"
    assert len({headers["X-Lianzhao-Delivery"] for headers, _ in listener.got}) == len(listener.got) == 3


@pytest.mark.parametrize(
    "trickle", ["HTTP/1.1 200 OK\r\n" + "X-Slow: 1\r\n" * 1000, "HTTP/1.1 100 Continue\r\n\r\n" * 1000, "H" * 20_000]
)
def test_who_answers_drop_by_drop_is_not_waited_for_longer_than_the_lease(store: Store, setting: Setting, trickle: str) -> None:
    """Every byte comes in time, and the head never ends."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            taken, _ = server.accept()
            with taken:
                taken.recv(65536)
                for drop in trickle.encode():
                    if stop.wait(0.05):
                        return
                    try:
                        taken.sendall(bytes([drop]))
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        row = target(store, setting, "甲甲有限公司")
        add_hook(store, setting.zone, f"http://127.0.0.1:{server.getsockname()[1]}/", [], by="甲")
        step(store, setting, row, "已接触")
        begun = time.monotonic()
        done = deliver(store, setting, at=NOW, timeout=1)
        took = time.monotonic() - begun
        stop.set()
        thread.join()
    assert (done.sent, done.failed, done.waiting) == (0, 1, 1)
    assert 0.9 < took < 10, "the drops would have gone on for a minute or more"
    (letter,) = undelivered(store, setting.zone)
    assert letter.last_error == "连不上或没有答复（TimeoutError）"


def test_no_delivery_may_take_as_long_as_the_lease(
    store: Store, setting: Setting, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = target(store, setting, "甲甲有限公司")
    add_hook(store, setting.zone, listener.url, [], by="甲")
    step(store, setting, row, "已接触")
    given: list[float] = []

    def noted(*args: Any, **more: Any) -> int:
        given.append(more["seconds"])
        return post(*args, **more)

    monkeypatch.setattr(letters, "post", noted)
    assert deliver(store, setting, at=NOW, timeout=3600).sent == 1
    assert given == [letters._LEASE.total_seconds() / 4] and len(listener.got) == 1


def test_a_change_of_band_is_told_with_both_runs(store: Store, engine: Engine, listener: Listener) -> None:
    setting = open_setting(engine.zone.id)
    name, untracked = "青岛甲酒店管理集团有限公司", "青岛乙酒店管理有限公司"
    rows = [
        {"name": one, "business_scope": "酒店管理", "city": "青岛市", "reg_capital_raw": "80000万元"} for one in (name, untracked)
    ]
    made = engine.rank(from_profiles(rows, engine.corpora), Request(as_of=NOW.date()))
    target(store, setting, name)
    add_hook(store, setting.zone, listener.url, ["band"], by="甲")

    def noted(band: str, run: str, as_of: date) -> int:
        results = tuple(replace(one, band=band) for one in made.results)
        request = {**made.run.request, "as_of": as_of.isoformat()}
        return note_bands(store, setting, replace(made, run=replace(made.run, id=run, request=request), results=results), at=NOW)

    assert len(made.results) == 2
    assert [noted("B", "r1", NOW.date()), noted("B", "r2", NOW.date()), noted("A", "r3", NOW.date())] == [0, 0, 1]
    assert noted("D", "r0", START.date()) == 0  # a run of an earlier day
    assert deliver(store, setting, at=NOW).sent == 1
    (told,) = listener.told
    assert (told["company"]["name"], told["before"], told["band"], told["run_before"], told["run"]) == (name, "B", "A", "r2", "r3")


@pytest.mark.parametrize("url", ["ftp://a/b", "http://", "http://a b/", "https://u:p@a/", "http://a/" + "x" * 500])
def test_addresses_that_will_not_do(store: Store, setting: Setting, url: str) -> None:
    with pytest.raises(OptionError):
        add_hook(store, setting.zone, url, [], by="甲")


def test_topics_and_secrets_that_will_not_do(store: Store, setting: Setting) -> None:
    with pytest.raises(OptionError, match="stage"):
        add_hook(store, setting.zone, "http://a/", ["money"], by="甲")
    with pytest.raises(OptionError, match="16"):
        add_hook(store, setting.zone, "http://a/", [], by="甲", secret="short")
