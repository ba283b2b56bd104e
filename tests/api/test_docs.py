"""What the guides to the service show can be pasted: their shell blocks and the Python client run against a real server."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from matcher.api.app import create_app
from matcher.api.openapi import FILE
from matcher.api.settings import Settings
from tests.api.servers import connected

pytestmark = pytest.mark.slow

GUIDE = FILE.parent / "service.md"
KEPT = "/tmp/lianzhao-"  # where the guides put files


def block(kind: str, guide: Path = GUIDE) -> str:
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```$", guide.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return str(found)


def pasted(script: str, environment: dict[str, str], folder: Path) -> str:
    """What a block prints; its files go to a folder of the test's own."""
    command = ["bash", "-euo", "pipefail", "-c", script.replace(KEPT, f"{folder}/")]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=240)
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    app = create_app(Settings(home=tmp_path_factory.mktemp("home"), look_every=0, log="off"))
    with connected(app) as port:
        yield {**os.environ, "LIANZHAO": f"http://127.0.0.1:{port}", "PYTHONIOENCODING": "utf-8", "no_proxy": "127.0.0.1"}


def test_the_quickstart_works_when_pasted(environment: dict[str, str], tmp_path: Path) -> None:
    told = pasted(block("sh quickstart"), environment, tmp_path)
    for part in (
        '"status":"ready"',
        '"explanation"',
        '"next":{"run"',
        '"equal":true',
        '"standing"',
        '"decision"',
        "青岛啤酒股份有限公司",
        '"activities":[{"book":"activities","id":1',
        '"result":"parked"',
        '"fate":"parked"',
        '"zone_name":"聊城江北水城旅游度假区"',
    ):
        assert part in told, part
    assert (tmp_path / "trip.ics").read_bytes().startswith(b"BEGIN:VCALENDAR")
    assert (tmp_path / "report.docx").read_bytes().startswith(b"PK")


def test_the_client_works_when_pasted(environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", block("python client")]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    first, scored, unread = done.stdout.strip().splitlines()
    assert first.startswith("1 ")
    assert scored.startswith("(")
    assert unread == "读不了"


def test_the_ledgers_by_http_as_their_guide_shows(tmp_path: Path) -> None:
    with connected(create_app(Settings(home=tmp_path / "home", look_every=0, log="off"))) as port:
        environment = {**os.environ, "LIANZHAO": f"http://127.0.0.1:{port}", "no_proxy": "127.0.0.1"}
        told = pasted(block("sh http", FILE.parent / "ledger.md"), environment, tmp_path)
    for part in (
        '"id":1,"version":1',
        '"first_on":[null,"2024-08-27"]',
        '"project":{"book":"projects"',
        '"kind":"意向书"',
        '"name":"意向/框架"',
        '"rows":[{"book":"targets"',
        '"collisions":[]',
        '"dry_run":true',
        '"unchanged":1',
    ):
        assert part in told, part


def test_keys_as_their_guide_shows(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with connected(create_app(Settings(home=home, look_every=0, log="off", needs_keys=True))) as port:
        here = Path(sys.executable).parent
        assert (here / "lianzhao").exists()
        environment = {
            **os.environ, "LIANZHAO": f"http://127.0.0.1:{port}", "no_proxy": "127.0.0.1", "LIANZHAO_HOME": str(home),
            "PATH": f"{here}:{os.environ['PATH']}",
        }  # fmt: skip
        told = pasted(block("sh keyed", FILE.parent / "access.md"), environment, tmp_path)
    for part in ('"group":[null,"culture-tourism-group"]', '"result":"accepted"', '"state":"contacted"'):
        assert part in told, part


@pytest.mark.parametrize(("place", "pages"), [(0, 404), (1, 200)])
def test_uvicorn_as_the_guide_starts_it(tmp_path: Path, place: int, pages: int) -> None:
    command = shlex.split(block("sh uvicorn").splitlines()[place])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "LIANZHAO_HOME": str(tmp_path), "LIANZHAO_LOG": "json"}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--port", str(port)], stdout=log, stderr=log, env=environment, cwd=GUIDE.parents[1]
        )
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60, follow_redirects=True) as client:
            while True:
                with contextlib.suppress(httpx2.TransportError):
                    assert client.get("/readyz").status_code == 200
                    break
                assert process.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.2)
            assert client.get("/ui/").status_code == pages
            assert client.get("/v1/companies/91370200163615667J").status_code == 200
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall("GET /青岛 HTTP/1.1\r\n\r\n".encode())
            assert b"application/problem+json" in connection.recv(1 << 16), "the connection layer is the service's"
    finally:
        process.terminate()
        process.wait(60)
    assert "91370200163615667J" not in (tmp_path / "log").read_text()


def test_the_guide_names_every_path_of_the_document() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for path in (
        "/rank",
        "/score",
        "/chains",
        "/rules",
        "/gaps",
        "/v1/companies",
        "/v1/resolve",
        "/replay",
        "/diff/",
        "/reconcile/",
        "/readyz",
        "/ledger/",
        "/ledger/events",
        "/reports/",
        "/trips",
    ):
        assert path in text
