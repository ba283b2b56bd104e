"""Where a trip goes, drawn by longitude and latitude alone (行程示意图): no tiles, no borders."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from matcher.corpora import Corpora
from matcher.places import Gazetteer, short
from matcher.rules import Zone
from matcher.trips.plans import TripPlan

_COLOURS = ("#0b4f8a", "#a3201a", "#1b6e3c", "#7a5200", "#5b3a8e")
_RATIO = 1.3  # width of the picture to its height
_ROOM = 0.18  # around what is drawn
_NEAR_X, _NEAR_Y = 0.45, 0.08  # of the picture: so near that names would lie on each other
_FACING = {"left": "right", "right": "left"}
_LEAST = 0.6  # degrees that a picture shows
_Place = tuple[float, float]


def options(plan: TripPlan, zone: Zone, corpora: Corpora) -> dict[str, Any]:
    """The picture for the chart library (画图参数).

    Args:
        plan: The plan.
        zone: Where it starts.
        corpora: Has the table of divisions.
    """
    gazetteer = Gazetteer(corpora)
    home = (zone.file.place.longitude, zone.file.place.latitude)
    series: list[dict[str, Any]] = []
    seen: Counter[tuple[str, _Place]] = Counter()
    cities: dict[str, list[_Place]] = {}
    for number, team in enumerate(plan.teams):
        line: list[_Place] = [home]
        for day in team.days:
            for visit in day.visits:
                point = gazetteer.point(visit.city, visit.county)
                if point is not None:
                    at = (point.longitude, point.latitude)
                    seen[f"{point.city}{short(point.county) if point.county else ''}", at] += 1
                    cities.setdefault(point.city, []).append(at)
                    line += [at] if line[-1] != at else []
        series.append(_line([*line, home], _COLOURS[number % len(_COLOURS)], f"第 {team.team} 队"))
    (west, east), (south, north) = window = _window([home, *(at for _, at in seen)])
    named = [("园区", home), *((f"{city} {len(places)} 家", _middle(places)) for city, places in cities.items())]
    sides = _sides([at for _, at in named], window)
    districts = [(f"{name} {count} 家", at) for (name, at), count in seen.items()]
    series.append(_dots(districts, [""] * len(districts), _COLOURS[0], "circle", 9))
    series.append(
        _dots(named[1:], sides[1:], _COLOURS[0], "circle", 1)
    )  # names of cities: those of districts would lie on each other
    series.append(_dots(named[:1], sides[:1], _COLOURS[1], "diamond", 14))
    return {
        "animation": False,
        "aria": {"enabled": False},
        "grid": {"left": 46, "right": 14, "top": 12, "bottom": 30},
        "xAxis": _axis(west, east, "{value}°E"),
        "yAxis": _axis(south, north, "{value}°N"),
        "tooltip": {"trigger": "item", "formatter": "{b}"},
        "legend": {"show": len(plan.teams) > 1, "data": [f"第 {team.team} 队" for team in plan.teams], "top": 0},
        "series": series,
    }


def _axis(least: float, most: float, label: str) -> dict[str, Any]:
    return {
        "type": "value", "min": least, "max": most, "axisLabel": {"formatter": label, "color": "#4a5866", "showMinLabel": False,
        "showMaxLabel": False}, "splitLine": {"lineStyle": {"color": "#e4e9ee"}},
    }  # fmt: skip


def _line(places: list[_Place], colour: str, name: str) -> dict[str, Any]:
    return {
        "type": "line", "name": name, "data": [list(place) for place in places], "symbol": "none", "silent": True,
        "lineStyle": {"color": colour, "width": 2, "opacity": 0.7}, "itemStyle": {"color": colour},
    }  # fmt: skip


def _dots(named: list[tuple[str, _Place]], sides: list[str], colour: str, symbol: str, size: int) -> dict[str, Any]:
    return {
        "type": "scatter", "symbol": symbol, "symbolSize": size, "itemStyle": {"color": colour},
        "labelLayout": {"moveOverlap": "shiftY"},
        "data": [
            {"name": name, "value": list(place), "label": {"position": side} if side else {"show": False}}
            for (name, place), side in zip(named, sides, strict=True)
        ],
        "label": {"show": True, "formatter": "{b}", "color": "#1a2430", "fontSize": 12, "backgroundColor": "rgba(255, 255, 255, 0.85)",
                  "padding": [0, 3]},
        "z": 4,
    }  # fmt: skip


def _middle(places: list[_Place]) -> _Place:
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)


def _sides(places: list[_Place], window: tuple[_Place, _Place]) -> list[str]:
    """On which side of each place its name stands: inwards, unless a near one's name is there."""
    (west, east), (south, north) = window
    found: list[str] = []
    for x, y in places:
        near = {
            side
            for (other, level), side in zip(places, found, strict=False)
            if abs(other - x) < _NEAR_X * (east - west) and abs(level - y) < _NEAR_Y * (north - south)
        }
        inwards = ("left", "right") if x > (west + east) / 2 else ("right", "left")
        open_ = [side for side in (*inwards, "bottom", "top") if side not in near]
        found.append(next((side for side in open_ if _FACING.get(side) not in near), open_[0] if open_ else inwards[0]))
    return found


def _window(places: list[_Place]) -> tuple[tuple[float, float], tuple[float, float]]:
    """West and east, south and north: room around all places, a kilometre as long either way."""
    west, east = min(x for x, _ in places), max(x for x, _ in places)
    south, north = min(y for _, y in places), max(y for _, y in places)
    squeeze = math.cos(math.radians((south + north) / 2))
    height = max((north - south) * (1 + 2 * _ROOM), (east - west) * (1 + 2 * _ROOM) * squeeze / _RATIO, _LEAST)
    width = height * _RATIO / squeeze
    x, y = (west + east) / 2, (south + north) / 2
    return (round(x - width / 2, 2), round(x + width / 2, 2)), (round(y - height / 2, 2), round(y + height / 2, 2))
