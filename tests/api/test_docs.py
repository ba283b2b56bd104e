"""What the guide to the service shows can be pasted: its shell block and its Python client run against a real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.api.app import create_app
from matcher.api.openapi import FILE
from matcher.api.settings import Settings
from tests.api.servers import connected

GUIDE = FILE.parent / "service.md"


def block(kind: str) -> str:
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return str(found)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    app = create_app(Settings(home=tmp_path_factory.mktemp("home"), look_every=0, log="off"))
    with connected(app) as port:
        yield {**os.environ, "LIANZHAO": f"http://127.0.0.1:{port}", "PYTHONIOENCODING": "utf-8", "no_proxy": "127.0.0.1"}


def test_the_quickstart_works_when_pasted(environment: dict[str, str], tmp_path: Path) -> None:
    script = block("sh quickstart").replace("/tmp/lianzhao-page.json", str(tmp_path / "page.json"))
    done = subprocess.run(
        ["bash", "-euc", script], check=False, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stderr
    for part in (
        '"status":"ready"',
        '"explanation"',
        '"next":{"run"',
        '"equal":true',
        '"standing"',
        '"decision"',
        "青岛啤酒股份有限公司",
    ):
        assert part in done.stdout, part


def test_the_client_works_when_pasted(environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", block("python client")]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    first, scored, unread = done.stdout.strip().splitlines()
    assert first.startswith("1 ")
    assert scored.startswith("(")
    assert unread == "读不了"


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
    ):
        assert path in text
