"""Every notebook runs from top to bottom, leaves its results, and saves its pictures where it is told to; no glyph is missing."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from matcher.locate import folder

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.py"))
PICTURES = {
    "01_read_a_ranking": {"01-scores", "01-waterfall"},
    "02_tune_a_chain": {"02-segments-cities", "02-slope"},
    "03_tune_weights": {"03-bands", "03-effects", "03-ndcg", "03-precision", "03-scores", "03-slope", "03-waterfall"},
}


def the_zone_is_what_the_sheets_say(names: dict[str, Any]) -> None:
    """Followed from its first step to its last, the notebook writes the second zone as it is committed, byte for byte."""
    zone, written = names["ZONE"], names["written"]
    committed = {path.relative_to(folder("rules") / zone): path.read_bytes() for path in (folder("rules") / zone).rglob("*.*")}
    assert written == committed and names["differing"] == []
    assert {str(name) for name in written} >= {
        "zone.yaml",
        "scoring.yaml",
        "judgements.csv",
        "chains/bio-pharma.yaml",
        "chains/low-altitude.yaml",
    }
    segments = {one.id for one in names["full"].zone.segments}
    first, hour = ({one.id for one in names[engine].zone.segments} for engine in ("first", "second"))
    assert first == hour < segments and {row["代号"] for row in names["table"]("segments")} == segments
    assert len(names["quality"]) == 2 and (names["quality"]["judged"] > 0).all()


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs(notebook: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIGURES", str(tmp_path))
    names = runpy.run_path(str(notebook))
    if notebook.stem == "04_new_zone":
        the_zone_is_what_the_sheets_say(names)
    assert capsys.readouterr().out
    saved = {path.stem: Image.open(path) for path in tmp_path.glob("*.png")}
    assert saved.keys() >= PICTURES.get(notebook.stem, set())
    for name, picture in saved.items():
        assert picture.width > 500 and picture.height > 200, name
        assert len(picture.convert("RGB").getcolors(1 << 20) or ()) > 20, f"{name} is blank"


@pytest.mark.parametrize("notebook", ["01_read_a_ranking", "02_tune_a_chain", "03_tune_weights"])
def test_what_they_show_is_there(notebook: str, capsys: pytest.CaptureFixture[str]) -> None:
    names = runpy.run_path(str(Path(__file__).resolve().parents[1] / "notebooks" / f"{notebook}.py"))
    moves = names["moves"]
    assert len(moves) >= 20 and (moves["kind"] != "kept").any()
    if notebook == "01_read_a_ranking":
        assert len(names["results"]) == 50 and names["results"]["score"].is_monotonic_decreasing is not None
        assert set(names["everybody"]["fate"]) == {"listed", "vetoed", "folded", "beside"}
    elif notebook == "02_tune_a_chain":
        assert len(names["missed"]) and len(names["wrong"]) and {*names["quality"]["rules"]} == {"改前", "改后"}
        assert names["table"].to_numpy().sum() > 100
    else:
        assert names["steps"].groupby("at")["ndcg"].mean().nunique() > 3 and names["compared"].churn > 0
