"""Pictures show what their frames hold, in a font that has every glyph of them, whatever fonts the machine has."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings
from collections.abc import Callable

import pandas as pd
import pylopdf_fonts_zh_cn
import pytest
from matplotlib import font_manager, rcParams
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text
from PIL import Image

from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.tuning import plots
from matcher.tuning.plots import Picture

BANDS = {"A": 70.0, "B": 58.0, "C": 45.0}


def parts() -> pd.DataFrame:
    rows = [
        ("rule", "a", "主业契合", "core", 34.5),
        ("rule", "b", "没有给分", "core", 0.0),
        ("cap", "core", "封顶", "core", -4.5),
        ("rule", "c", "疑点", "doubt", -6.0),
    ]
    return pd.DataFrame([("甲公司", *row) for row in rows], columns=["name", "kind", "id", "label", "group", "points"])


def everybody() -> pd.DataFrame:
    fates = ["listed"] * 5 + ["vetoed"] * 3 + ["folded", "beside"]
    return pd.DataFrame({"fate": fates, "score": [10.0 * n for n in range(10)]})


def moves() -> pd.DataFrame:
    rows = [
        ("甲", "kept", 1, 1),
        ("乙", "moved", 3, 2),
        ("丙", "entered", None, 3),
        ("丁", "left", 2, None),
        ("一家名称特别特别特别长的公司", "entered", 9, 4),
    ]
    made = pd.DataFrame(rows, columns=["name", "kind", "old_place", "new_place"])
    return made.astype({"old_place": "Int64", "new_place": "Int64"})


def steps() -> pd.DataFrame:
    return pd.DataFrame(
        [{"at": at, "chain": chain, "ndcg": 0.9 - at / 100, "precision": 0.5} for at in (-2.0, 0.0, 4.0) for chain in ("a", "b")]
    )


def changes() -> pd.DataFrame:
    return pd.DataFrame(
        [("rule", "a", "规则甲", 3.0), ("rule", "a", "规则甲", -1.0), ("cap", "g", "封顶", -2.5)],
        columns=["kind", "id", "label", "change"],
    )


TABLE = pd.DataFrame([[1, 0], [20, 3]], index=["环节甲", "环节乙"], columns=["青岛", "杭州"])
DRAWN: dict[str, Callable[[], Picture]] = {
    "waterfall": lambda: plots.waterfall(parts(), {"core": "主业"}),
    "empty waterfall": lambda: plots.waterfall(parts().head(0), {}),
    "scores": lambda: plots.score_distribution(everybody(), BANDS),
    "slope": lambda: plots.slope(moves(), 4),
    "heat map": lambda: plots.heat_map(TABLE, "各环节", "家"),
    "ndcg": lambda: plots.quality_curves(steps(), "分值（分）", -2.0, {"a": "链甲", "b": "链乙"}),
    "precision": lambda: plots.quality_curves(steps(), "分值（分）", 0.0, {"a": "链甲", "b": "链乙"}, of="precision"),
    "effects": lambda: plots.effects(changes()),
}  # fmt: skip


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible() and text.get_text()]


@pytest.mark.parametrize("kind", DRAWN)
def test_every_glyph_is_in_the_font(kind: str) -> None:
    picture = DRAWN[kind]()
    image = Image.open(io.BytesIO(picture._repr_png_()))
    assert image.format == "PNG" and image.width > 300
    path = str(pylopdf_fonts_zh_cn.sans_path())
    glyphs = FT2Font(path).get_charmap()
    shown = texts(picture.figure)
    assert any("\u4e00" <= char <= "\u9fff" for text in shown for char in text), "there is Chinese in it"
    assert {char for text in shown for char in text if ord(char) not in glyphs} == set()
    used = {str(font_manager.findfont(text.get_fontproperties())) for text in picture.figure.findobj(Text) if text.get_text()}
    assert used == {path}, "nothing depends on the machine's fonts"


def test_a_missing_glyph_is_an_error() -> None:
    odd = everybody().assign(fate="listed")
    table = pd.DataFrame([[1]], index=["\u1200"], columns=["青岛"])
    assert plots.score_distribution(odd, BANDS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="missing from"):
            plots.heat_map(table, "图", "家").save("/dev/null")


def test_all_text_of_the_product_can_be_shown(engine: Engine, corpora: Corpora) -> None:
    """Labels and names that pictures may be given: rules, groups, vetoes, segments, chains, and the sample's companies."""
    scoring, glyphs = engine.zone.scoring, FT2Font(str(pylopdf_fonts_zh_cn.sans_path())).get_charmap()
    words = [one.label for one in (*scoring.rules, *scoring.groups, *scoring.vetoes)] + [*engine.zone.chain_names.values()]
    words += [one.name for one in engine.zone.segments] + corpora.sample.read_text(encoding="utf-8").splitlines()
    assert {char for word in words for char in word if ord(char) not in glyphs} == set()


def test_a_waterfall_ends_at_the_score() -> None:
    figure = plots.waterfall(parts(), {"core": "主业"}).figure
    (axes,) = figure.axes
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    assert bars == [(0, 34.5), (34.5, -4.5), (30.0, -6.0), (0, 24.0)]
    assert "没有给分" not in texts(figure) and {"+34.5", "−6", "24", "封顶（主业）"} <= set(texts(figure))


def test_a_slope_joins_places() -> None:
    (axes,) = plots.slope(moves(), 4).figure.axes
    lines = sorted(
        tuple(line.get_ydata()) for line in axes.lines if len(line.get_ydata()) == 2 and tuple(line.get_xdata()) == (0, 1)
    )
    kept = [tuple(map(float, ends)) for ends in lines if ends[0] != ends[1] or ends[0] == 1]
    assert (1.0, 1.0) in kept and (3.0, 2.0) in kept
    assert sum(old > 4 for old, _ in kept) == 2 and sum(new > 4 for _, new in kept) == 1


def test_a_heat_map_tells_its_numbers() -> None:
    shown = texts(DRAWN["heat map"]().figure)
    assert {"1", "20", "3", "环节甲", "杭州", "各环节（家）"} <= set(shown) and "0" not in shown


def test_saved_and_nothing_left_behind(tmp_path) -> None:
    before = dict(rcParams)
    DRAWN["effects"]().save(tmp_path / "图.png")
    assert (tmp_path / "图.png").read_bytes()[:4] == b"\x89PNG"
    assert dict(rcParams) == before


def test_no_window_and_no_pyplot() -> None:
    code = "import sys\nimport matcher.tuning.plots\nprint('matplotlib.pyplot' in sys.modules, 'tkinter' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
