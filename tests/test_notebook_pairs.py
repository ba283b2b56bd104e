"""Every notebook is there twice, for Jupyter and as a script, and both say the same."""

from __future__ import annotations

from pathlib import Path

import jupytext
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
SCRIPTS = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_pair_says_the_same(script: Path) -> None:
    of_script, of_jupyter = (jupytext.read(path) for path in (script, script.with_suffix(".ipynb")))
    assert [(cell.cell_type, cell.source) for cell in of_jupyter.cells] == [
        (cell.cell_type, cell.source) for cell in of_script.cells
    ]
    assert of_jupyter.metadata["jupytext"]["formats"] == of_script.metadata["jupytext"]["formats"] == "ipynb,py:percent"
    assert not [cell for cell in of_jupyter.cells if cell.get("outputs")], "results stay with the analyst"


def test_no_script_stands_alone() -> None:
    assert SCRIPTS and {path.stem for path in FOLDER.glob("*.ipynb")} == {path.stem for path in SCRIPTS}
