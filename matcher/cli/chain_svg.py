"""A chain as a picture (产业链图): segments by position, coloured by how strong they are, with edges, needs and a legend; plain SVG."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from matcher.cli.gaps import POSITION_LABELS, coverage_lines
from matcher.matching.gaps import LEVEL_LABELS, Gap, Gaps, Level
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
_BOX_WIDTH, _BOX_HEIGHT, _ROW, _COLUMN = 292, 58, 74, 400
_LEFT, _TOP = 40, 160
_WIDTH = _LEFT * 2 + _COLUMN * 2 + _BOX_WIDTH
_FOOT = 96


def chain_svg(gaps: Gaps, chain: ChainFile, zone: Zone) -> str:
    """The picture of one chain (画一条产业链).

    Args:
        gaps: Of all chains.
        chain: The one to draw.
        zone: Its name stands in the title.
    """
    mine = [gap for gap in gaps.segments if gap.chain == chain.id]
    columns = [[gap for gap in mine if gap.position == position] for position in _COLUMNS]
    rows = max((len(column) for column in columns), default=1)
    height = _TOP + rows * _ROW + _FOOT
    places = {
        gap.segment: (_LEFT + number * _COLUMN, _TOP + row * _ROW + (rows - len(column)) * _ROW // 2)
        for number, column in enumerate(columns)
        for row, gap in enumerate(column)
    }
    levels = {gap.segment: gap.level for gap in mine}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" role="img"'
        f' aria-label="{escape(chain.name)}产业链图" font-family="{_FONT}">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(_LEFT, 52, f"{chain.name}产业链：有什么，缺什么", 30, weight=700),
        _text(_LEFT, 84, f"{zone.file.name}　{coverage_lines(gaps.coverage)[0]}", 15, fill="#4a4f57"),
        _text(_LEFT, 104, "；".join(coverage_lines(gaps.coverage)[1:]), 13, fill="#4a4f57"),
        *(
            _text(_LEFT + number * _COLUMN + _BOX_WIDTH // 2, 140, POSITION_LABELS[position], 20, weight=700, anchor="middle")
            for number, position in enumerate(_COLUMNS)
        ),
        *(_edge(places[start], places[end], strong=levels[start] == "strong") for start, end in chain.edges),
        *(_box(places[gap.segment], gap) for gap in mine),
        *_legend(height, zone, complete=gaps.coverage.complete),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _text(x: int, y: int, text: str, size: int, *, weight: int = 400, fill: str = "#16181d", anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{fill}" text-anchor="{anchor}">{escape(text)}</text>'


def _edge(start: tuple[int, int], end: tuple[int, int], *, strong: bool) -> str:
    """From the right of one box to the left of the next; beside the column where both stand in one."""
    y1, y2 = start[1] + _BOX_HEIGHT // 2, end[1] + _BOX_HEIGHT // 2
    colour, width = ("#1b6b3a", 2.0) if strong else ("#b9bec6", 1.2)
    if start[0] == end[0]:  # beside the column, thin: many of them would make a rope
        x, colour, width = start[0] + _BOX_WIDTH, "#b9bec6", 0.8
        path = f"M{x},{y1} C{x + 46},{y1} {x + 46},{y2} {x},{y2}"
    elif start[0] < end[0]:
        x1, x2 = start[0] + _BOX_WIDTH, end[0]
        bend = (x2 - x1) // 2
        path = f"M{x1},{y1} C{x1 + bend},{y1} {x2 - bend},{y2} {x2},{y2}"
    else:
        x1, x2 = start[0], end[0] + _BOX_WIDTH
        bend = (x1 - x2) // 2
        path = f"M{x1},{y1} C{x1 - bend},{y1} {x2 + bend},{y2} {x2},{y2}"
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-opacity="0.75"/>'


def _box(at: tuple[int, int], gap: Gap) -> str:
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
    largest = f"　{_short(gap.leaders[0].name)}" if gap.leaders else ""
    need = NEED_LABELS[gap.need]
    tag = x + _BOX_WIDTH - 52
    return "".join(
        [
            f"<g><title>{escape(gap.name + '：' + gap.why)}</title>",
            f'<rect x="{x}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="8" fill="{fill}" stroke="{border}"'
            f' stroke-width="1.6"{dash}/>',
            _text(x + 12, y + 24, gap.name, 16, weight=700, fill=ink),
            _text(x + 12, y + 46, f"{count}{largest}", 12, fill=ink),
            f'<rect x="{tag}" y="{y + 9}" width="42" height="20" rx="10" fill="#ffffff" stroke="{border}"/>',
            _text(tag + 21, y + 24, need, 12, weight=700, fill="#16181d", anchor="middle"),
            "</g>",
        ]
    )


def _short(name: str) -> str:
    """A name that fits beside the count."""
    for tail in ("股份有限公司", "有限责任公司", "有限公司"):
        name = name.removesuffix(tail)
    return name if len(name) <= _MOST_CHARACTERS else name[: _MOST_CHARACTERS - 1] + "…"


_MOST_CHARACTERS = 12


def _legend(height: int, zone: Zone, *, complete: bool) -> Sequence[str]:
    levels: tuple[Level, ...] = ("strong", "present", "thin", "absent" if complete else "unknown")
    scale = zone.scoring.presence
    strong = f"强：合 {scale.strong / 1000:g} 家以上" if scale else "强"
    words = {"strong": strong, "present": "有", "thin": "弱", "absent": "没有", "unknown": "不详：名录里没有见到"}
    parts = []
    x, y = _LEFT, height - 58
    for level in levels:
        fill, border, _ = _FILLS[level]
        dash = ' stroke-dasharray="6 4"' if level == "unknown" else ""
        parts.append(f'<rect x="{x}" y="{y}" width="26" height="18" rx="4" fill="{fill}" stroke="{border}"{dash}/>')
        parts.append(_text(x + 34, y + 14, words[level], 14))
        x += 60 + 15 * len(words[level])
    parts.append(
        _text(
            _LEFT,
            height - 18,
            "“合几家”按注册资本折算；标签是该环节的需求，园区公开说过的优先（所以强的环节也可以要补链）；绿线从本地强的环节出发",
            13,
            fill="#4a4f57",
        )
    )
    return parts
