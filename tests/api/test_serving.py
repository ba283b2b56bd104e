"""``lianzhao serve`` as it is started: what it refuses, what it shares between workers, what it stands."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from matcher.api.access import FRESH
from matcher.api.serving import Serving, check, is_own
from matcher.api.settings import Settings
from matcher.cli import main
from matcher.errors import OptionError
from matcher.store.database import open_store
from matcher.store.keys import Wanted, create_key, limit_key, revoke_key
from tests.api.servers import Served, chunk, peak_memory, post, served, talk

pytestmark = pytest.mark.slow

ZONE = "liaocheng-resort"
JSON = "Content-Type: application/json"
HOSTILE = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads peak memory from /proc")


def get(port: int, path: str, token: str | None = None, **headers: str) -> tuple[int, Any]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def made(home: Path, **wanted: Any) -> str:
    with open_store(f"sqlite:///{home / 'ledger.db'}") as store:
        return create_key(store, Wanted(**{"name": "甲", "role": "admin", **wanted}), by="")[0]


def started(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "matcher", "serve", "--port", "0", *options]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=120, env={**os.environ, "LIANZHAO_HOME": str(home)}
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "没有要求密钥"),
        (["--host", "::"], "没有要求密钥"),
        (["--host", "example.invalid"], "没有要求密钥"),
        (["--host", "0.0.0.0", "--require-keys"], "还没有一把有效的"),
        (["--require-keys"], "还没有一把有效的"),
        (["--trusted-proxy", "10.0.0.1"], "不能放在代理后面"),
        (["--trusted-proxy", "*"], "应为地址或网段"),
        (["--root-path", "x/"], "--root-path"),
        (["--port", "70000"], "65535"),
        (["--workers", "2", "--pages"], "不能开网页"),
    ],
)
def test_what_would_not_be_safe_is_refused(tmp_path: Path, options: list[str], said: str) -> None:
    done = started(tmp_path, *options)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_key_that_no_longer_counts_is_none(settings: Settings) -> None:
    with open_store(settings.address) as store:
        _, key = create_key(store, Wanted("甲", "admin"), by="")
        check(Serving("0.0.0.0", proxies=("10.0.0.0/8",)), replace(settings, database=settings.address))
        revoke_key(store, key.id, by="")
    with pytest.raises(OptionError, match="还没有一把有效的"):
        check(Serving("0.0.0.0"), replace(settings, database=settings.address))


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.1.2.3", True), ("0.0.0.0", False), ("::", False), ("a", False)],
)
def test_which_addresses_are_of_this_machine_only(host: str, own: bool) -> None:
    assert is_own(host) == own


def test_a_port_that_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 2
    assert "已被别的程序占用" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"),
    [("LIANZHAO_REQUIRE_KEYS", "maybe"), ("LIANZHAO_LOG", "xml"), ("LIANZHAO_PER_MINUTE", "-1"), ("LIANZHAO_BODY_LIMIT", "0")],
)
def test_a_setting_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(OptionError, match=name):
        Settings.from_environment()


def test_without_configuration_it_serves_and_says_where_to_look(tmp_path: Path) -> None:
    with served(tmp_path, "--log", "json") as server:
        assert get(server.port, "/healthz")[0] == 200
        assert get(server.port, "/docs")[0] == 200
        assert get(server.port, "/metrics")[0] == 200
        assert get(server.port, "/v1/zones", Host="evil.example")[0] == 403
        said = "".join(server.said)
        assert "/docs" in said and "/healthz" in said
        pasted = said[said.index("curl") : said.index("]}'") + 3]
        done = subprocess.run(["sh", "-c", pasted], check=True, capture_output=True, text=True, timeout=120)
        assert json.loads(done.stdout)["results"][0]["score"] >= 0
        log = server.log()
    assert server.process.returncode == -signal.SIGTERM  # as it was asked, after what was under way
    assert [(one["route"], one["status"]) for one in log[:2]] == [("/healthz", 200), ("/docs", 200)]


def workers(server: Served) -> set[int]:
    return {one["worker"] for one in server.log()}


def until_both_have_answered(server: Served) -> int:
    """Sends requests until two workers have answered some; says how many."""
    sent = 0
    with ThreadPoolExecutor(8) as pool:
        while len(workers(server)) < 2:
            assert sent < 4000, "one worker answers nothing"
            for status, _ in pool.map(lambda _: get(server.port, "/healthz"), range(40)):
                assert status == 200
            sent += 40
    return sent


@pytest.mark.slow
def test_workers_share_keys_rates_and_figures(tmp_path: Path) -> None:
    token, admin = made(tmp_path, role="planner"), made(tmp_path)
    with served(tmp_path, "--workers", "2", "--require-keys", "--per-minute", "120", "--log", "json") as server:
        sent = until_both_have_answered(server)
        with ThreadPoolExecutor(8) as pool:
            begun = time.monotonic()
            statuses = [status for status, _ in pool.map(lambda _: get(server.port, "/v1/zones", token), range(400))]
            took = time.monotonic() - begun
        assert set(statuses) <= {200, 429}
        assert 120 <= statuses.count(200) <= 120 + took * 2 + 1
        counted = get(server.port, "/metrics", admin)[1].decode()
        told = dict(line.rsplit(" ", 1) for line in counted.splitlines() if not line.startswith("#"))
        assert float(told['lianzhao_requests_total{method="GET",route="/healthz",status="200"}']) == sent
        assert float(told['lianzhao_requests_total{method="GET",route="/v1/zones",status="200"}']) == statuses.count(200)
        with open_store(f"sqlite:///{tmp_path / 'ledger.db'}") as store:
            revoke_key(store, token.split("_")[1], by="")
        time.sleep(FRESH)
        with ThreadPoolExecutor(8) as pool:
            assert {status for status, _ in pool.map(lambda _: get(server.port, "/v1/zones", token), range(20))} == {401}
    assert not list((tmp_path / "service").glob("metrics-*"))


@pytest.mark.slow
def test_workers_hold_keys_to_limits_of_their_own(tmp_path: Path) -> None:
    narrow, wide = made(tmp_path, per_minute=10, body=2000), made(tmp_path, per_minute=60, body=40_000)
    with served(
        tmp_path, "--workers", "2", "--require-keys", "--per-minute", "30", "--body-limit", "10", "--log", "json"
    ) as server:
        until_both_have_answered(server)

        def asked(token: str) -> int:
            with ThreadPoolExecutor(8) as pool:
                begun = time.monotonic()
                statuses = [status for status, _ in pool.map(lambda _: get(server.port, "/v1/zones", token), range(100))]
            assert set(statuses) <= {200, 429}
            return statuses.count(200) - int((time.monotonic() - begun) * (1 if token == wide else 1 / 6)) - 1

        def length(token: str, size: int) -> int:
            head = post(f"/v1/zones/{ZONE}/score", JSON, f"Authorization: Bearer {token}", f"Content-Length: {size}")
            return talk(server.port, head, b'{"profiles": []' + b" " * (size - 16) + b"}")[0]

        assert [length(narrow, size) for size in (2000, 2001)] == [422, 413]
        assert [length(wide, size) for size in (40_000, 40_001)] == [422, 413]  # more than the service's own
        assert asked(narrow) <= 10
        assert 30 < asked(wide) <= 60
        with open_store(f"sqlite:///{tmp_path / 'ledger.db'}") as store:
            limit_key(store, narrow.split("_")[1], {"per_minute": 0}, by="")
        time.sleep(FRESH)
        with ThreadPoolExecutor(8) as pool:
            assert {status for status, _ in pool.map(lambda _: get(server.port, "/v1/zones", narrow), range(40))} == {200}


@pytest.mark.slow
def test_workers_share_the_count_of_attempts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANZHAO_ATTEMPTS", "20")
    made(tmp_path)
    with served(tmp_path, "--workers", "2", "--require-keys", "--log", "json") as server:
        until_both_have_answered(server)
        wrong = "lz_" + "a" * 12 + "_" + "b" * 52
        begun = time.monotonic()
        statuses = [get(server.port, "/v1/zones", wrong)[0] for _ in range(60)]
        took = time.monotonic() - begun
    assert set(statuses) == {401, 429}
    assert 20 <= statuses.count(401) <= 20 + took / 3 + 1


@pytest.mark.slow
@pytest.mark.parametrize("trusted", [True, False])
def test_a_clients_address_is_what_a_trusted_proxy_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool) -> None:
    monkeypatch.setenv("LIANZHAO_ATTEMPTS", "5")
    token = made(tmp_path)
    options = ["--trusted-proxy", "127.0.0.1", "--root-path", "/lianzhao"] if trusted else []
    with served(tmp_path, "--require-keys", "--log", "json", *options) as server:
        first = [get(server.port, "/v1/zones", None, **{"X-Forwarded-For": "10.0.0.1"})[0] for _ in range(6)]
        other = get(server.port, "/v1/zones", None, **{"X-Forwarded-For": "10.0.0.2"})[0]
        assert first == [401] * 5 + [429]
        assert other == (401 if trusted else 429)
        assert get(server.port, "/v1/zones", token, **{"X-Forwarded-For": "10.0.0.3"})[0] == (200 if trusted else 429)


def problem(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    status, headers, body = answer
    assert headers["content-type"] == "application/problem+json", (status, body[:200])
    told = json.loads(body)
    assert told["status"] == status
    return status, told["type"].rpartition(":")[2]


def score(port: int, body: bytes, *headers: str) -> tuple[int, str]:
    return problem(talk(port, post(f"/v1/zones/{ZONE}/score", JSON, f"Content-Length: {len(body)}", *headers), body))


def hostile(port: int) -> None:
    """The list of hostile input, each with its answer."""
    part = b" " * (1 << 20)
    path = f"/v1/zones/{ZONE}/score"
    assert score(port, b"x" * (9 << 20)) == (413, "too-large")
    assert problem(talk(port, post(path, JSON, "Content-Length: 99999999999999999999"))) == (413, "too-large")
    assert problem(talk(port, post(path, JSON, "Transfer-Encoding: chunked"), *[chunk(part)] * 64)) == (413, "too-large")
    assert score(port, b"[" * (4 << 20)) == (400, "too-deep")
    assert score(port, b'{"profiles":' * 100_000) == (400, "too-deep")
    assert score(port, b'{"profiles": [' + b'{"a":' * 40 + b"1" + b"}" * 40 + b"]}") == (400, "too-deep")
    for bad in (
        b"",
        b"{",
        b"\xff\xfe",
        b'{"profiles": [NaN]}',
        b'{"profiles": [{"name": Infinity}]}',
        b'{"profiles": ["\\ud800"]}',
    ):
        status, kind = score(port, bad)
        assert (status, kind) in {(400, "not-json"), (422, "invalid-request")}, bad
    assert score(port, b'{"profiles": [1e999]}')[0] in (400, 422)
    assert score(port, b'{"profiles": [' + b"9" * 100_000 + b"]}")[0] in (400, 422)
    assert score(port, b'{"profiles": []}') == (422, "invalid-request")
    for trick in ("..%2f..%2fetc", "%2e%2e", "a%00b", "%ff", "a" * 3000, "..%5c..", "%E4%B8%80"):
        for there in (f"/v1/zones/{trick}", f"/v1/companies/{trick}", f"/v1/zones/{trick}/rules"):
            head = f"GET {there} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
            assert 400 <= problem(talk(port, head))[0] < 500, there
    flood = [f"X-{number}: {'y' * 100}" for number in range(200)]
    assert problem(talk(port, post("/healthz", *flood))) == (431, "headers-too-large")
    assert problem(talk(port, post("/healthz", "X: " + "y" * 1_000_000)))[0] == 431
    bad = json.dumps({"profiles": [{"name": "", "business_scope": "甲" * 500}] * 1000}).encode()
    status, _, body = talk(port, post(path, JSON, f"Content-Length: {len(bad)}"), bad)
    assert status == 200
    assert all("error" in one for one in json.loads(body)["results"])


@HOSTILE
@pytest.mark.slow
def test_hostile_input_gets_a_problem_and_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANZHAO_IN_FLIGHT", "24")
    with served(tmp_path, "--log", "json") as server:
        hostile(server.port)  # once, so that whatever is loaded is loaded
        before = peak_memory(server.process.pid)
        for _ in range(3):
            hostile(server.port)
            flood(server.port)
        grown = peak_memory(server.process.pid) - before
        assert get(server.port, "/healthz")[0] == 200
        log = server.log()
    assert grown < 60_000, f"{grown} kB"  # of 240 megabytes sent at once, and 150 one after another
    assert not any("甲" in line for line in server.said if line.startswith("{"))
    assert not any(one.get("level") == "error" for one in log)


def flood(port: int) -> None:
    """Thirty clients at once that send eight megabytes each and do not finish: more than one process may hold."""
    held = []
    lock = threading.Lock()

    def begin(_: int) -> int:
        connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        with lock:
            held.append(connection)
        try:
            connection.sendall(post(f"/v1/zones/{ZONE}/score", JSON, f"Content-Length: {8 << 20}") + b" " * ((8 << 20) - 1))
        except OSError:
            return 503  # it was told no before it had sent everything
        return 0

    with ThreadPoolExecutor(30) as pool:
        statuses = list(pool.map(begin, range(30)))
    for connection in held:
        connection.close()
    assert statuses.count(0) <= 30
