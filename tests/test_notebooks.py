"""Every notebook runs from top to bottom."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.py"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = runpy.run_path(str(notebook))
    assert capsys.readouterr().out
    assert len(names["results"]) > 20
X
