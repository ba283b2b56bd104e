"""Pictures of the pages as ECharts wants them (图)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matcher.types import RankedCompany

_UP, _DOWN, _SUM, _INK = "#0b4f8a", "#b3261e", "#1b6e3c", "#1a2430"
_LEAST_TENTH = 0.05  # what is less would be told as +0.0, and its thousandths say nothing to anybody


def waterfall(one: RankedCompany, labels: Mapping[str, str], *, narrow: bool = False) -> dict[str, Any]:
    """A company's points by group, each beginning where the last one ended (得分瀑布图).

    Args:
        one: The company.
        labels: Rule group → what it is called.
        narrow: For a phone: the bars lie, so that their names have room.
    """
    steps = steps_of(one, labels)
    names = {
        "type": "category",
        "data": [name for name, _, _ in steps],
        "inverse": narrow,
        "axisLabel": {"interval": 0, "color": _INK},
    }
    side = "right" if narrow else "top"
    points = {"type": "value", "min": 0, "axisLabel": {"color": _INK}}
    return {
        "animation": False,
        "grid": {"left": 8, "right": 40 if narrow else 16, "top": 28, "bottom": 8, "containLabel": True},
        "tooltip": {"show": False},
        "xAxis": points if narrow else names,
        "yAxis": names if narrow else points,
        "series": [
            {
                "type": "bar", "stack": "points", "silent": True, "itemStyle": {"color": "transparent"},
                "data": [min(start, end) for _, start, end in steps],
            },
            {
                "type": "bar", "stack": "points", "silent": True,
                "data": [_bar(number, len(steps), *step[1:], side) for number, step in enumerate(steps)],
            },
        ],
    }  # fmt: skip


def steps_of(one: RankedCompany, labels: Mapping[str, str]) -> list[tuple[str, float, float]]:
    """Name, where it begins and where it ends, of every group that gave or took points, and of the sum (瀑布各段)."""
    steps: list[tuple[str, float, float]] = []
    reached = 0.0
    for group in one.groups:
        if group.points:
            steps.append((labels[group.group], reached, reached + group.points))
            reached += group.points
    if abs(reached - one.score) > 1e-6:
        steps.append(("截到 0–100", reached, one.score))
    return [*steps, ("得分", 0.0, one.score)]


def _bar(number: int, count: int, start: float, end: float, side: str) -> dict[str, Any]:
    last, change = number == count - 1, end - start
    colour = _SUM if last else _UP if change >= 0 else _DOWN
    said = f"{end:.1f}" if last else f"{change:+.1f}" if abs(change) >= _LEAST_TENTH else "约 0"
    return {
        "value": abs(change),
        "itemStyle": {"color": colour},
        "label": {"show": True, "position": side, "formatter": said, "color": _INK},
    }
