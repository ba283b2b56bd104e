"""Pictures for notebooks (笔记本里的图), drawn from the frames of ``frames.py``, in one style.

The font comes with the extra ``notebooks`` (Noto Sans SC, OFL), so Chinese shows on any machine. Nothing is drawn on a screen by itself: a
``Picture`` shows in a notebook's cell and is saved by ``save``. Colours can be told apart by those who see red and green alike.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pylopdf_fonts_zh_cn
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DPI = 144
"""Dots per inch of pictures (分辨率)."""
UP, DOWN, WHOLE, FAINT, LINES = (
    "#0072b2",
    "#d55e00",
    "#444444",
    "#bbbbbb",
    ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"),
)
_LONGEST = 14  # characters of a company's name beside a line


@dataclass(frozen=True)
class Picture:
    """A finished picture (图); a notebook's cell that ends in one shows it."""

    figure: Figure

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        with _style():
            self.figure.savefig(stream, format="png", dpi=DPI)
        return stream.getvalue()

    def save(self, path: str | Path) -> None:
        """Writes it as PNG (存图)."""
        Path(path).write_bytes(self._repr_png_())


def saved(picture: Picture, name: str, folder: str | Path | None) -> Picture:
    """The picture, as a cell shows it; also written to the folder as PNG, where there is one (看图，要存就存)."""
    if folder:
        picture.save(Path(folder) / f"{name}.png")
    return picture


def _style() -> AbstractContextManager[None]:
    path = str(pylopdf_fonts_zh_cn.sans_path())
    if path not in {font.fname for font in font_manager.fontManager.ttflist}:
        font_manager.fontManager.addfont(path)
    family = font_manager.FontProperties(fname=path).get_name()
    settings: dict[Any, Any] = {
        "font.family": [family], "font.size": 10, "axes.titlesize": 13, "axes.titlelocation": "left", "axes.titlepad": 12,
        "axes.spines.top": False, "axes.spines.right": False, "figure.constrained_layout.use": True, "savefig.facecolor": "white",
        "font.enable_last_resort": False,  # a glyph that is missing is warned of, not drawn as a box
    }  # fmt: skip
    context: AbstractContextManager[None] = mpl.rc_context(settings)
    return context


def _drawn(width: float, height: float, draw: Callable[[Axes], None]) -> Picture:
    with _style():
        figure = Figure(figsize=(width, height))
        draw(figure.subplots())
        return Picture(figure)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def _signed(points: float) -> str:
    return f"{points:+.4g}".replace("-", "−")


def waterfall(parts: Any, groups: Mapping[str, str]) -> Picture:
    """How one company's score comes about (一家企业的得分瀑布图).

    Args:
        parts: Rows of ``frames.parts`` for one line; those of 0 points are left out.
        groups: Rule group → label, for what its cap cuts off.
    """
    some = parts[parts["points"] != 0]
    points = some["points"].astype(float).tolist()
    ends = np.cumsum(points)
    starts = ends - points

    def draw(axes: Axes) -> None:
        rows = np.arange(len(points))
        axes.barh(rows, points, left=starts, color=[UP if p > 0 else DOWN for p in points], height=0.62)
        axes.barh(len(points), ends[-1] if len(ends) else 0, color=WHOLE, height=0.62)
        for row, (point, start, end) in enumerate(zip(points, starts, ends, strict=True)):
            axes.annotate(
                _signed(point), (max(start, end), row), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9
            )
            axes.plot([end, end], [row + 0.31, row + 0.69], color=FAINT, linewidth=1)
        total = ends[-1] if len(ends) else 0.0
        axes.annotate(f"{total:.4g}", (total, len(points)), xytext=(5, 0), textcoords="offset points", va="center", fontsize=11)
        labels = [
            f"{label}（{groups[group]}）" if kind == "cap" else label
            for label, kind, group in zip(some["label"], some["kind"], some["group"], strict=True)
        ]
        axes.set_yticks([*rows, len(points)], [*labels, "得分"])
        axes.invert_yaxis()
        axes.set_xlabel("分")
        axes.margins(x=0.09)
        axes.set_xlim(left=min(0.0, *starts, 0.0))
        axes.set_title(f"{some['name'].iloc[0]}：得分怎样来" if len(some) else "得分怎样来")

    return _drawn(8.6, 1.4 + 0.34 * (len(points) + 1), draw)


def score_distribution(everybody: Any, bands: Mapping[str, float]) -> Picture:
    """How scores are spread, on the list and off it (得分分布).

    Args:
        everybody: ``frames.everybody``.
        bands: Band → least score, drawn as lines.
    """
    kinds = {"上榜": ("listed",), "机会型、并入同家族": ("beside", "folded"), "被否决": ("vetoed",)}
    groups = [everybody.loc[everybody["fate"].isin(fates), "score"].astype(float).tolist() for fates in kinds.values()]

    def draw(axes: Axes) -> None:
        labels = [f"{name} {len(scores):,} 家" for name, scores in zip(kinds, groups, strict=True)]
        axes.hist(groups, bins=list(range(0, 102, 2)), stacked=True, color=[UP, LINES[4], FAINT], label=labels)
        top = axes.get_ylim()[1] * 1.1
        axes.set_ylim(0, top)
        for band, least in bands.items():
            axes.axvline(least, color=WHOLE, linewidth=0.9, linestyle=":")
            axes.annotate(f"{band} 档 ≥ {least:g}", (least, top), xytext=(3, -11), textcoords="offset points", fontsize=8)
        axes.set_xlim(0, 100)
        axes.set_xlabel("得分（分）")
        axes.set_ylabel("企业（家）")
        axes.legend(frameon=False, loc="upper right", bbox_to_anchor=(1.0, 0.92), fontsize=9)
        axes.set_title(f"{len(everybody):,} 家企业的得分")

    return _drawn(8.6, 4.2, draw)


def slope(moves: Any, top: int) -> Picture:
    """Places before and after a change of rules (名次变化图).

    Args:
        moves: ``frames.moves``.
        top: Length of the first places; whoever is off them stands below the line.
    """
    rows = moves.sort_values(["new_place", "old_place"]).to_dict("records")
    below = {"old": top + 1.0, "new": top + 1.0}

    def at(row: Mapping[str, Any], side: str) -> float:
        place = row[f"{side}_place"]
        if isinstance(place, int) and place <= top:
            return float(place)
        below[side] += 1
        return below[side] - 0.5

    ends = [(at(row, "old"), at(row, "new"), row) for row in rows]
    colours = {"entered": UP, "left": DOWN, "moved": WHOLE, "kept": FAINT}

    def draw(axes: Axes) -> None:
        for old, new, row in ends:
            bold = row["kind"] in ("entered", "left")
            axes.plot([0, 1], [old, new], color=colours[row["kind"]], linewidth=2 if bold else 1, marker="o", markersize=3.5)
            for x, y, place, side in ((0, old, row["old_place"], "right"), (1, new, row["new_place"], "left")):
                told = f"{place}" if isinstance(place, int) else "不在榜"
                words = f"{_short(row['name'])}　{told}" if side == "right" else f"{told}　{_short(row['name'])}"
                colour = colours[row["kind"]] if bold else WHOLE
                axes.annotate(
                    words,
                    (x, y),
                    xytext=(-7 if side == "right" else 7, 0),
                    textcoords="offset points",
                    ha=side,
                    va="center",
                    fontsize=8.5,
                    color=colour,
                )
        axes.axhline(top + 0.75, color=FAINT, linewidth=0.8, linestyle=":")
        axes.set_xlim(-1.15, 2.15)
        axes.set_ylim(max([old for old, _, _ in ends] + [new for _, new, _ in ends] + [top]) + 0.8, -0.6)
        axes.annotate("改前（名次）", (0, -0.1), ha="center", fontsize=11)
        axes.annotate("改后（名次）", (1, -0.1), ha="center", fontsize=11)
        axes.set_axis_off()
        counts = {kind: sum(row["kind"] == kind for row in rows) for kind in colours}
        axes.set_title(f"前 {top} 家：进 {counts['entered']}，出 {counts['left']}，换位 {counts['moved']}，原位 {counts['kept']}")

    return _drawn(8.6, 1.2 + 0.29 * (max([top, *(max(old, new) for old, new, _ in ends)]) + 1), draw)


def heat_map(table: Any, title: str, unit: str) -> Picture:
    """Counts of a table as colours, each cell with its number (热力图), such as segments × cities.

    Args:
        table: A frame of numbers with names of rows and columns.
        title: In Chinese.
        unit: What the numbers count.
    """
    values = table.to_numpy(dtype=float)

    def draw(axes: Axes) -> None:
        top = max(float(values.max(initial=0)), 1.0)
        axes.imshow(np.sqrt(values), aspect="auto", cmap="Blues", vmin=0, vmax=np.sqrt(top) * 1.15)
        for (row, column), value in np.ndenumerate(values):
            if value:
                axes.annotate(
                    f"{value:,.4g}",
                    (column, row),
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    color="white" if value > 0.28 * top else WHOLE,
                )
        axes.set_xticks(range(values.shape[1]), [f"{name}" for name in table.columns])
        axes.set_yticks(range(values.shape[0]), [f"{name}" for name in table.index])
        axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
        axes.spines[:].set_visible(False)
        axes.set_title(f"{title}（{unit}）")

    longest = max((len(f"{name}") for name in table.index), default=0)
    wide = max((len(f"{name}") for name in table.columns), default=0) * 0.17 + 0.35
    return _drawn(min(2.4 + 0.15 * longest + max(0.62, wide) * values.shape[1], 14), 1.3 + 0.31 * values.shape[0], draw)


def quality_curves(steps: Any, across: str, now: float, names: Mapping[str, str], *, of: str = "ndcg", k: int = 20) -> Picture:
    """How good each chain's list is while a number of the rules moves (名单质量曲线).

    Args:
        steps: Columns ``at`` (the number), ``chain``, and ``ndcg`` and ``precision``.
        across: What the number is, with its unit.
        now: The number in the present rules.
        names: Chain → its name.
        of: Which measure is drawn.
        k: Places that it counts.
    """

    def draw(axes: Axes) -> None:
        ends = []
        for colour, (chain, rows) in zip(LINES * 9, steps.sort_values("at").groupby("chain", sort=False), strict=False):
            axes.plot(rows["at"].astype(float), rows[of].astype(float), color=colour, marker="o", markersize=4)
            ends.append((float(rows[of].iloc[-1]), names[chain], colour))
        mean = steps.groupby("at")[of].mean()
        axes.plot(mean.index.astype(float), mean.astype(float), color=WHOLE, linewidth=2.2, linestyle="--")
        ends.append((float(mean.iloc[-1]), "平均", WHOLE))
        low, high = axes.get_ylim()
        for height, (_, name, colour) in zip(_apart([end[0] for end in ends], (high - low) / 18), ends, strict=True):
            axes.annotate(
                name,
                (1.0, height),
                xycoords=("axes fraction", "data"),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                color=colour,
            )
        axes.axvline(now, color=FAINT, linewidth=1)
        axes.annotate(f"现在 {now:g}".replace("-", "−"), (now, low), xytext=(4, 4), textcoords="offset points", fontsize=9)
        axes.set_xlabel(across)
        axes.set_ylabel({"ndcg": f"NDCG@{k}（0–1）", "precision": f"前 {k} 家里值得访的占比（0–1）"}[of])
        axes.set_title("名单质量随这个数怎样变")

    return _drawn(8.6, 4.4, draw)


def _apart(heights: Sequence[float], least: float) -> list[float]:
    """The heights moved up as far as labels need so that they do not overlap."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    moved, last = list(heights), -np.inf
    for place in order:
        last = max(moved[place], last + least)
        moved[place] = float(last)
    return moved


def effects(parts: Any, most: int = 12) -> Picture:
    """What each rule did to all that moved, gains and losses apart (各条规则的总影响).

    Args:
        parts: ``frames.move_parts``.
        most: How many rules are shown, those that moved most first.
    """
    changes = parts.assign(change=parts["change"].astype(float))
    sums = (
        changes.assign(up=changes["change"].clip(lower=0), down=changes["change"].clip(upper=0))
        .groupby(["kind", "id", "label"])[["up", "down"]]
        .sum()
    )
    sums = sums.loc[(sums["up"] - sums["down"]).sort_values(ascending=False, kind="stable").index[:most]]

    def draw(axes: Axes) -> None:
        rows = np.arange(len(sums))
        for column, colour in (("up", UP), ("down", DOWN)):
            axes.barh(rows, sums[column], color=colour, height=0.62)
            for row, value in enumerate(sums[column]):
                if value:
                    axes.annotate(
                        _signed(value),
                        (value, row),
                        xytext=(5 if value > 0 else -5, 0),
                        textcoords="offset points",
                        va="center",
                        ha="left" if value > 0 else "right",
                        fontsize=9,
                    )
        axes.axvline(0, color=WHOLE, linewidth=0.8)
        axes.set_yticks(rows, [label for _, _, label in sums.index])
        axes.set_ylim(max(len(sums), 3) - 0.5, -0.5)
        axes.margins(x=0.14)
        axes.set_xlabel("前列企业的分差合计（分）")
        axes.set_title("各条规则一共加减了多少分")

    return _drawn(8.6, 1.4 + 0.34 * max(len(sums), 3), draw)
