"""A chain as a picture (产业链图): segments by position, coloured by how strong they are, with edges, needs and a legend; plain SVG.

It is laid out for a slide of 16 : 9, where its rows shrink to fit, or for a page as long as its rows need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape

from matcher.matching.gaps import LEVEL_LABELS, Gap, Gaps, Level
from matcher.outputs.gap_words import POSITION_LABELS, coverage_lines
from matcher.rules import Zone
from matcher.rules.schema import ChainFile
from matcher.types import NEED_LABELS

_FONT = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC','SimHei',sans-serif"
_FILLS: dict[Level, tuple[str, str, str]] = {  # fill, border, text: contrast of text on fill is 7 : 1 or more
    "strong": ("#1b6b3a", "#0f4526", "#ffffff"),
    "present": ("#cfe8d5", "#1b6b3a", "#10331d"),
    "thin": ("#fdebc8", "#b26a00", "#4a2c00"),
    "absent": ("#fbd9d5", "#b3261e", "#5c110c"),
    "unknown": ("#f3f4f6", "#8a8f98", "#30343b"),
}
_COLUMNS = ("upstream", "midstream", "downstream")
Layout = Literal["slide", "page"]
"""A slide of 16 : 9 (幻灯片), or a page as long as its rows need (长页)."""
_MOST_ROWS = 15  # of a slide; with more its words would be too small to read
_TAG_WIDTH = 42  # of the need, on a page


@dataclass(frozen=True)
class _Sheet:
    """Where things stand, in pixels (版面).

    Attributes:
        scale: Size of what stands around the boxes, beside a page's.
        letters: Size of what stands in the boxes, beside a page's.
    """

    width: int
    height: int
    left: int
    top: int
    box_width: int
    box_height: int
    row: int
    column: int
    scale: float
    letters: float

    def around(self, size: float) -> int:
        """A length outside the boxes."""
        return round(size * self.scale)

    def within(self, size: float) -> int:
        """A length in a box."""
        return round(size * self.letters)


def _sheet(layout: Layout, rows: int) -> _Sheet:
    if layout == "page":
        return _Sheet(1172, 256 + rows * 74, 40, 160, 292, 58, 74, 400, 1.0, 1.0)
    row = min(90, 780 // max(1, rows))
    box = row - max(8, row // 6)
    return _Sheet(1920, 1080, 56, 174, 468, box, row, 670, 1.3, min(1.5, box / 40))


def chain_svg(gaps: Gaps, chain: ChainFile, zone: Zone, layout: Layout | None = None) -> str:
    """The picture of one chain (画一条产业链).

    Args:
        gaps: Of all chains.
        chain: The one to draw.
        zone: Its name stands in the title.
        layout: If not given, a slide unless a position has too many segments for one.
    """
    mine = [gap for gap in gaps.segments if gap.chain == chain.id]
    columns = [[gap for gap in mine if gap.position == position] for position in _COLUMNS]
    rows = max((len(column) for column in columns), default=1)
    sheet = _sheet(layout or ("slide" if rows <= _MOST_ROWS else "page"), rows)
    room = sheet.height - sheet.top - sheet.around(96)
    places = {
        gap.segment: (
            sheet.left + number * sheet.column,
            sheet.top + row * sheet.row + (room - len(column) * sheet.row) // 2,
        )
        for number, column in enumerate(columns)
        for row, gap in enumerate(column)
    }
    levels = {gap.segment: gap.level for gap in mine}
    coverage = coverage_lines(gaps.coverage)
    grey = "#4a4f57"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{sheet.width}" height="{sheet.height}"'
        f' viewBox="0 0 {sheet.width} {sheet.height}" role="img"'
        f' aria-label="{escape(chain.name)}产业链图" font-family="{_FONT}">',
        f'<rect width="{sheet.width}" height="{sheet.height}" fill="#ffffff"/>',
        _text(sheet.left, sheet.around(46), f"{chain.name}产业链：有什么，缺什么", sheet.around(30), weight=700),
        _text(sheet.left, sheet.around(74), f"{zone.file.name}　{coverage[0]}", sheet.around(15), fill=grey),
        _text(sheet.left, sheet.around(95), "；".join(coverage[1:]), sheet.around(13), fill=grey),
        *(
            _text(
                sheet.left + number * sheet.column + sheet.box_width // 2,
                sheet.top - sheet.around(12),
                POSITION_LABELS[position],
                sheet.around(20),
                weight=700,
                anchor="middle",
            )
            for number, position in enumerate(_COLUMNS)
        ),
        *(_edge(sheet, places[start], places[end], strong=levels[start] == "strong") for start, end in chain.edges),
        *(_box(sheet, places[gap.segment], gap) for gap in mine),
        *_legend(sheet, zone, complete=gaps.coverage.complete),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _text(x: int, y: int, text: str, size: int, *, weight: int = 400, fill: str = "#16181d", anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{fill}" text-anchor="{anchor}">{escape(text)}</text>'


def _edge(sheet: _Sheet, start: tuple[int, int], end: tuple[int, int], *, strong: bool) -> str:
    """From the right of one box to the left of the next; beside the column where both stand in one."""
    y1, y2 = start[1] + sheet.box_height // 2, end[1] + sheet.box_height // 2
    colour, width = ("#1b6b3a", 2.0) if strong else ("#b9bec6", 1.2)
    if start[0] == end[0]:  # beside the column, thin: many of them would make a rope
        x, colour, width = start[0] + sheet.box_width, "#b9bec6", 0.8
        path = f"M{x},{y1} C{x + 46},{y1} {x + 46},{y2} {x},{y2}"
    elif start[0] < end[0]:
        x1, x2 = start[0] + sheet.box_width, end[0]
        bend = (x2 - x1) // 2
        path = f"M{x1},{y1} C{x1 + bend},{y1} {x2 - bend},{y2} {x2},{y2}"
    else:
        x1, x2 = start[0], end[0] + sheet.box_width
        bend = (x1 - x2) // 2
        path = f"M{x1},{y1} C{x1 - bend},{y1} {x2 + bend},{y2} {x2},{y2}"
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-opacity="0.75"/>'


def _box(sheet: _Sheet, at: tuple[int, int], gap: Gap) -> str:
    x, y = at
    fill, border, ink = _FILLS[gap.level]
    dash = ' stroke-dasharray="6 4"' if gap.level == "unknown" else ""
    count = (
        f"{gap.companies} 家，合 {gap.effective:.1f}"
        if gap.companies
        else gap.anchors[0]
        if gap.anchors
        else LEVEL_LABELS[gap.level]
    )
    small = sheet.within(12)
    largest = f"　{_short(gap.leaders[0].name, (sheet.box_width - 10 * small) // small - 2)}" if gap.leaders else ""
    need = NEED_LABELS[gap.need]
    tag_width, tag_height = sheet.within(_TAG_WIDTH), sheet.within(20)
    tag = x + sheet.box_width - tag_width - 10
    upper, lower = y + round(sheet.box_height * 0.42), y + round(sheet.box_height * 0.82)
    return "".join(
        [
            f"<g><title>{escape(gap.name + '：' + gap.why)}</title>",
            f'<rect x="{x}" y="{y}" width="{sheet.box_width}" height="{sheet.box_height}" rx="8" fill="{fill}" stroke="{border}"'
            f' stroke-width="1.6"{dash}/>',
            _text(x + 12, upper, gap.name, sheet.within(16), weight=700, fill=ink),
            _text(x + 12, lower, f"{count}{largest}", small, fill=ink),
            f'<rect x="{tag}" y="{upper - round(tag_height * 0.75)}" width="{tag_width}" height="{tag_height}"'
            f' rx="{tag_height // 2}" fill="#ffffff" stroke="{border}"/>',
            _text(tag + tag_width // 2, upper, need, small, weight=700, fill="#16181d", anchor="middle"),
            "</g>",
        ]
    )


def _short(name: str, most: int) -> str:
    """A name that fits beside the count."""
    for tail in ("股份有限公司", "有限责任公司", "有限公司"):
        name = name.removesuffix(tail)
    return name if len(name) <= most else name[: most - 1] + "…"


def _legend(sheet: _Sheet, zone: Zone, *, complete: bool) -> Sequence[str]:
    levels: tuple[Level, ...] = ("strong", "present", "thin", "absent" if complete else "unknown")
    scale = zone.scoring.presence
    strong = f"强：合 {scale.strong / 1000:g} 家以上" if scale else "强"
    words = {"strong": strong, "present": "有", "thin": "弱", "absent": "没有", "unknown": "不详：名录里没有见到"}
    parts = []
    x, y = sheet.left, sheet.height - sheet.around(58)
    for level in levels:
        fill, border, _ = _FILLS[level]
        dash = ' stroke-dasharray="6 4"' if level == "unknown" else ""
        parts.append(
            f'<rect x="{x}" y="{y}" width="{sheet.around(26)}" height="{sheet.around(18)}" rx="4" fill="{fill}" stroke="{border}"{dash}/>'
        )
        parts.append(_text(x + sheet.around(34), y + sheet.around(14), words[level], sheet.around(14)))
        x += sheet.around(60 + 15 * len(words[level]))
    parts.append(
        _text(
            sheet.left,
            sheet.height - sheet.around(18),
            "“合几家”按注册资本折算；标签是该环节的需求，园区公开说过的优先（所以强的环节也可以要补链）；绿线从本地强的环节出发",
            sheet.around(13),
            fill="#4a4f57",
        )
    )
    return parts
