"""Every notebook runs from top to bottom, leaves its results, and saves its pictures where it is told to; no glyph is missing."""

from __future__ import annotations

import runpy
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from PIL import Image

from matcher.corpora import open_corpora
from matcher.locate import folder
from matcher.rules import load_zone
from matcher.tuning.rulesets import published_versions

pytestmark = pytest.mark.slow

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.py"))
PICTURES = {
    "01_read_a_ranking": {"01-scores", "01-waterfall"},
    "02_tune_a_chain": {"02-segments-cities", "02-slope"},
    "03_tune_weights": {"03-bands", "03-effects", "03-ndcg", "03-precision", "03-scores", "03-slope", "03-waterfall"},
    "04_new_zone": {"04-segments"},
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


def test_another_zone_is_made_twice_and_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A zone with chains of other names, nobody judged yet: made into a folder that stays, made again after a chain is gone, published."""
    sheets, rules, drafts = (tmp_path / name for name in ("sheets", "rules", "drafts"))
    copytree(NOTEBOOKS[0].parent / "zhuhai-jinwan", sheets)
    copytree(folder("rules"), rules)
    for sheet in sheets.iterdir():
        text = sheet.read_text(encoding="utf-8").replace("zhuhai-jinwan", "own-zone").replace("low-altitude", "flying")
        sheet.write_text(text.splitlines(keepends=True)[0] if sheet.stem == "judgements" else text, encoding="utf-8")
    settings = {"ZONE": "own-zone", "SHEETS": sheets, "DRAFTS": drafts, "LIANZHAO_RULES": rules, "LIANZHAO_HOME": tmp_path / "home"}
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    notebook = NOTEBOOKS[0].parent / "04_new_zone.py"
    names = runpy.run_path(str(notebook))
    assert "先跳过：园区 own-zone 在这批企业里没有一家评判过" in capsys.readouterr().out and names["quality"].empty
    assert set(names["differing"]) == {str(name) for name in names["written"]} and not (rules / "own-zone").exists()
    (drafts / "rules" / "own-zone" / "chains" / "gone.yaml").write_text("id: gone\n", encoding="utf-8")
    (sheets / "judgements.csv").unlink()
    for name, value in {"PUBLISHED_BY": "张三", "NOTE": "头一版"}.items():
        monkeypatch.setenv(name, value)
    again = runpy.run_path(str(notebook))
    assert {str(name) for name in names["written"]} - {str(name) for name in again["written"]} == {"judgements.csv"}
    (version,) = published_versions("own-zone")
    assert (version.published_by, version.note, version.digest) == ("张三", "头一版", load_zone("own-zone", open_corpora()).digest)


def test_the_draft_of_a_new_zone_is_never_the_rules_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAFTS", str(folder("rules").parent))
    with pytest.raises(AssertionError, match="DRAFTS 另给一个目录"):
        runpy.run_path(str(NOTEBOOKS[0].parent / "04_new_zone.py"))
    assert (folder("rules") / "zhuhai-jinwan" / "zone.yaml").is_file()


@pytest.mark.parametrize("notebook", ["01_read_a_ranking", "02_tune_a_chain", "03_tune_weights"])
def test_what_they_show_is_there(notebook: str, capsys: pytest.CaptureFixture[str]) -> None:
    names = runpy.run_path(str(Path(__file__).resolve().parents[1] / "notebooks" / f"{notebook}.py"))
    moves = names["moves"]
    assert len(moves) >= 20 and (moves["kind"] != "kept").any()
    if notebook == "01_read_a_ranking":
        assert len(names["results"]) == 50 and names["results"]["order_value"].is_monotonic_decreasing
        assert names["results"]["score"].is_monotonic_decreasing is False, "an order by segments filled, not by score alone"
        assert set(names["everybody"]["fate"]) == {"listed", "vetoed", "folded", "beside"}
    elif notebook == "02_tune_a_chain":
        assert len(names["missed"]) and len(names["wrong"]) and {*names["quality"]["rules"]} == {"改前", "改后"}
        assert names["table"].to_numpy().sum() > 100
    else:
        assert names["steps"].groupby("at")["ndcg"].mean().nunique() > 3 and names["compared"].churn > 0
