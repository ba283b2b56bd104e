"""Two lists side by side (位次变化图): each company a line from its old place to its new one; plain SVG."""

from __future__ import annotations

from xml.sax.saxutils import escape

from matcher.cli.rules_diff import Zones
from matcher.outputs.diff_words import KIND_LABELS, place_words
from matcher.tuning.diff import Diff, Kind, Side

_FONT = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC','SimHei',sans-serif"
_COLOURS: dict[Kind, str] = {"entered": "#1b6b3a", "left": "#b3261e", "moved": "#2f5d9b", "kept": "#8a8f98"}
_WIDTH, _LEFT, _RIGHT, _TOP, _ROW, _FOOT = 1120, 400, 720, 130, 26, 70
_LONGEST_NAME = 18


def slope_svg(found: Diff, zones: Zones, words: tuple[str, str]) -> str:
    """The picture (画位次变化).

    Args:
        found: The comparison.
        zones: Old and new; the name stands in the title.
        words: What the rulesets were called.
    """
    shown = max(
        (place for move in found.moves for place in (move.old.place, move.new.place) if place and place <= found.top), default=0
    )
    outside: dict[tuple[int, bool], int] = {}
    for old, kind in ((True, "entered"), (False, "left")):
        absent = [number for number, move in enumerate(found.moves) if move.kind == kind]
        outside.update({(number, old): shown + 1 + n for n, number in enumerate(absent, start=1)})
    height = _TOP + (max([shown + 1, *outside.values()]) + 1) * _ROW + _FOOT

    def y(number: int, side: Side, *, old: bool) -> int:
        return _TOP + (outside.get((number, old), side.place or 0) - 1) * _ROW

    counts = "，".join(f"{label} {len(found.of(kind))} 家" for kind, label in KIND_LABELS.items())
    edge = _TOP + shown * _ROW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" role="img"'
        f' aria-label="位次变化图" font-family="{_FONT}">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(40, 44, f"{zones[1].file.name}：前 {found.top} 家的位次变化", 24, weight=700),
        _text(40, 74, f"按 {found.as_of} 计算　{counts}　重合 {found.overlap:.0%}", 14, fill="#4a4f57"),
        _text(_LEFT, 108, _short(words[0]), 16, weight=700, anchor="end"),
        _text(_RIGHT, 108, _short(words[1]), 16, weight=700),
        f'<line x1="40" y1="{edge}" x2="{_WIDTH - 40}" y2="{edge}" stroke="#b9bec6" stroke-dasharray="4 4"/>',
        _text(_WIDTH // 2, edge + 5, f"以下不在前 {found.top}", 12, fill="#4a4f57", anchor="middle"),
    ]
    for number, move in enumerate(found.moves):
        left, right = y(number, move.old, old=True), y(number, move.new, old=False)
        colour = _COLOURS[move.kind]
        parts.append(
            f"<g><title>{escape(f'{move.name}：{place_words(move.old)} → {place_words(move.new)}，{move.change:+.1f} 分')}</title>"
            f'<line x1="{_LEFT + 8}" y1="{left}" x2="{_RIGHT - 8}" y2="{right}" stroke="{colour}" stroke-width="2"/>'
            + _text(_LEFT, left + 5, f"{_short(move.name)}　{_place(move.old)}", 14, fill=colour, anchor="end")
            + _text(_RIGHT, right + 5, f"{_place(move.new)}　{_short(move.name)}", 14, fill=colour)
            + "</g>"
        )
    for n, (kind, label) in enumerate(KIND_LABELS.items()):
        parts.append(f'<rect x="{40 + n * 110}" y="{height - 42}" width="22" height="6" fill="{_COLOURS[kind]}"/>')
        parts.append(_text(70 + n * 110, height - 34, label, 14))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _place(side: Side) -> str:
    return (
        str(side.place)
        if side.place is not None
        else {"vetoed": "否决", "folded": "归并", "beside": "机会型", "listed": ""}[side.fate]
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"


def _text(x: int, y: int, text: str, size: int, *, weight: int = 400, fill: str = "#16181d", anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{fill}" text-anchor="{anchor}">{escape(text)}</text>'
