"""How long ways take (路程): estimated from coordinates, or as the user's own table has it.

An estimate is the great circle × a detour ÷ a speed + what gets lost at both ends, by road or, between cities far apart, by rail if that is
faster; all numbers are in ``rules/trips.yaml``. It is told as an estimate wherever it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import asin, cos, radians, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from matcher.errors import InputError, RequestError
from matcher.places import Point, short
from matcher.rules.trips import Travel
from matcher.trips.problem import NEVER, SLOT
from matcher.trips.request import Way

_EARTH = 6371.0088  # mean radius in km
MODE_LABELS = {"road": "驾车", "rail": "高铁", "table": "路程表"}
"""How a way is gone → Chinese term."""
HOME_NAME = "园区"
"""What the zone is called in a table of ways (路程表里的园区)."""


@dataclass(frozen=True)
class Leg:
    """A way (一段路).

    Attributes:
        mode: ``road``, ``rail`` or ``table``.
        km: Great circle.
        minutes: Rounded up to whole slots.
        within: As of a planned leg.
    """

    mode: str
    km: float
    minutes: int
    within: str = ""


def kilometres(a: Point, b: Point) -> float:
    """The great circle (大圆距离)."""
    lat = radians(b.latitude - a.latitude) / 2
    lon = radians(b.longitude - a.longitude) / 2
    square = sin(lat) ** 2 + cos(radians(a.latitude)) * cos(radians(b.latitude)) * sin(lon) ** 2
    return 2 * _EARTH * asin(min(1.0, sqrt(square)))


class Ways:
    """Ways between the places of a trip (路程).

    Args:
        travel: How ways are estimated.
        points: The zone first, then the places.
        zone: Name of the zone, for the table.
        table: The user's own.

    Raises:
        RequestError: The table names a place that the trip does not know.
        InputError: It contradicts itself, or leaves out ways between the trip's cities.
    """

    def __init__(self, travel: Travel, points: Sequence[Point], zone: str, table: Sequence[Way] = ()) -> None:
        self._travel, self.points = travel, points
        self._table = self._read(table, zone) if table else {}

    def leg(self, start: int, end: int, *, seat: bool = False) -> Leg:
        """The way from one place to another (一段路).

        Args:
            start: Number of the point.
            end: Likewise.
            seat: One of them is where the team sleeps, so that two points of one district are two places.
        """
        a, b = self.points[start], self.points[end]
        km = kilometres(a, b)
        told = self._told(start, end)
        if told is not None:
            return Leg("table", km, _whole(told))
        if a.city == b.city and start and end:
            minutes, within = self._town(a, b, km, seat=seat)
            return Leg("road", km, _whole(minutes), within)
        road, rail = self._travel.road, self._travel.rail
        by_road = km * road.detour / road.highway_kmh * 60 + road.highway_overhead
        by_rail = km * rail.detour / rail.kmh * 60 + rail.overhead
        if km >= rail.from_km and by_rail < by_road:
            return Leg("rail", km, _whole(by_rail))
        return Leg("road", km, _whole(by_road))

    def _town(self, a: Point, b: Point, km: float, *, seat: bool) -> tuple[float, str]:
        """Minutes within a city, and how they were estimated."""
        road = self._travel.road
        if not seat and (not a.county or not b.county):
            return self._travel.unknown_district, "unknown"
        if not seat and a.county == b.county:
            return self._travel.same_district, "district"
        in_town = km * road.detour / road.town_kmh * 60 + road.town_overhead
        by_road = min(in_town, km * road.detour / road.highway_kmh * 60 + road.highway_overhead)  # counties lie apart like cities
        if seat and not (a.county or b.county):
            return max(by_road, self._travel.unknown_district), "unknown"
        return by_road, "town"

    def slots(self, seats: Sequence[int], order: dict[int, int] | None = None) -> NDArray[np.int64]:
        """All ways in slots (路程矩阵).

        Args:
            seats: Points where a team sleeps.
            order: Rank of each point's city: nobody goes back to a lower one.
        """
        size, beds = len(self.points), set(seats)
        found = np.full((size, size), NEVER, dtype=np.int64)
        for a in range(size):
            for b in range(size):
                if order is None or not a or not b or order[b] >= order[a]:
                    found[a, b] = self.leg(a, b, seat=bool({a, b} & beds)).minutes // SLOT
        return found

    def _names(self, number: int, zone: str = "") -> list[str]:
        """What a place may be called in the table, the closest name first."""
        point = self.points[number]
        if not number:
            return [HOME_NAME, zone] if zone else [HOME_NAME]
        return [point.city + short(point.county), point.city] if point.county else [point.city]

    def _read(self, table: Sequence[Way], zone: str) -> dict[tuple[str, str], int]:
        known: dict[str, str] = {}
        for number, point in enumerate(self.points):
            for name in self._names(number, zone):
                known[_plain(name)] = self._names(number)[0] if not number else name
            if number and point.county:
                known[_plain(point.city + point.county)] = point.city + short(point.county)
        found: dict[tuple[str, str], int] = {}
        for way in table:
            ends: list[str] = []
            for field, word in (("从", way.start), ("到", way.end)):
                if _plain(word) not in known:
                    error = RequestError("地点", word, [HOME_NAME, *sorted(set(known.values()))])
                    raise InputError(way.source.file or "路程表", str(error), row=way.source.row, field=field)
                ends.append(known[_plain(word)])
            pair = (ends[0], ends[1])
            if found.setdefault(pair, way.minutes) != way.minutes:
                problem = f"{way.start} 到 {way.end} 前面已写 {found[pair]} 分钟，这里是 {way.minutes}"
                raise InputError(way.source.file or "路程表", problem, row=way.source.row, field="分钟")
        self._complete(found, table[0].source.file or "路程表")
        return found

    def _complete(self, found: dict[tuple[str, str], int], file: str) -> None:
        """Every two cities of the trip, and the zone, must have their way."""
        cities = [HOME_NAME, *sorted({point.city for point in self.points[1:]})]
        gaps = [(a, b) for a, b in combinations(cities, 2) if (a, b) not in found and (b, a) not in found]
        if gaps:
            told = "、".join(f"{a}—{b}" for a, b in gaps[:6])
            raise InputError(
                file, f"缺 {len(gaps)} 段路程：{told}{' 等' if len(gaps) > 6 else ''}；城市两两之间和园区到各城市都要有"
            )

    def _told(self, start: int, end: int) -> int | None:
        if not self._table:
            return None
        apart = self.points[start].city != self.points[end].city or not start or not end
        for a in self._names(start):
            for b in self._names(end):
                if a == b or (not apart and a == self.points[start].city and b == self.points[end].city):
                    continue
                minutes = self._table.get((a, b), self._table.get((b, a)))
                if minutes is not None:
                    return minutes
        return None


def _plain(name: str) -> str:
    """A place's name as two spellings of it share it: 杭州市萧山区, 杭州 萧山."""
    words = name.replace("　", " ").split()
    if len(words) == 2:
        return short(words[0]) + short(words[1])
    bare = name.strip()
    if "市" in bare[1:-1]:
        city, county = bare.split("市", 1)
        return city + short(county)
    return short(bare)


def _whole(minutes: float) -> int:
    """Rounded up to whole slots."""
    return -(-int(-(-minutes // 1)) // SLOT) * SLOT
