"""The wheel, installed into an empty environment and run from another folder, ranks with the rules and corpora that it carries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from matcher.rules import zone_ids

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_carries_its_data_and_no_stray_module(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"matcher/_bundled/rules/{zone}/scoring.yaml" for zone in zone_ids()} <= set(names)
    assert "matcher/_bundled/corpora/sample/companies.csv" in names
    assert "matcher/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"matcher", "lianzhao"}


@pytest.mark.long
def test_wheel_ranks_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    run(*pip, "--require-hashes", "--requirement", ROOT / ".ci/requirements-core.txt", cwd=tmp_path)
    run(*pip, "--no-deps", wheel, cwd=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = (
        tmp_path / "venv/bin/lianzhao",
        "rank",
        "--zone",
        "liaocheng-resort",
        "--city",
        "青岛",
        "--format",
        "json",
        "--top",
        "5",
    )
    done = run(*command, cwd=elsewhere, LIANZHAO_HOME=str(tmp_path / "home"), PYTHONPATH="", LIANZHAO_RULES="", LIANZHAO_CORPORA="")
    ranking = json.loads(done.stdout)
    assert len(ranking["results"]) == 5
    assert {result["city"] for result in ranking["results"]} == {"青岛"}
    assert not any(elsewhere.iterdir())
    assert "没有留存" not in done.stderr  # the migrations are in the wheel
    assert (tmp_path / "home" / "ledger.db").is_file()
