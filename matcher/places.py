"""Cities by name (城市): ``青岛`` equals ``青岛市``; an unknown one is answered with the nearest right name."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import Corpora
from matcher.errors import RequestError
from matcher.intake import Companies
from matcher.intake.companies import cells_at
from matcher.text.scope import numbered

_SUFFIX = re.compile("(?:特别行政区|地区|盟|市|省|区|县)$")
_KINDS = ("新区", "区", "县", "市", "经济", "高新", "开发", "工业")  # what follows a division's name in an address
_ADDRESS_HEAD = 24  # characters of an address that say where; what follows are streets, which bear names of places too
_MUNICIPALITIES = {"11", "12", "31", "50"}
_DIRECT_COUNTIES = "90"  # adcodes xx90xx: counties under the province itself


def short(name: str) -> str:
    """A place without its kind (去掉市、省等字): what two spellings of one place share."""
    name = name.strip()
    bare = _SUFFIX.sub("", name)
    return bare if len(bare) >= 2 else name


class DistrictFinder:
    """In which county or district an address lies (区县), by the divisions of its city."""

    def __init__(self, corpora: Corpora) -> None:
        self._former = corpora.former_districts
        cities = {d.adcode[:4]: short(d.name) for d in corpora.divisions if d.level == "city"}
        cities.update(
            {d.adcode[:2]: short(d.name) for d in corpora.divisions if d.adcode[:2] in _MUNICIPALITIES and d.level == "province"}
        )
        self._of_city: dict[str, list[tuple[str, str]]] = {}
        for division in corpora.divisions:
            city = cities.get(division.adcode[:4]) or cities.get(division.adcode[:2])
            if division.level == "county" and city:
                self._of_city.setdefault(city, []).append((short(division.name), division.name))

    def find(self, city: str, address: str) -> str:
        """The division whose name stands first in the address, whatever kind it had when the row was written (即墨市, 即墨区).

        Returns:
            Its full name of today, or the empty string.
        """
        found = []
        head = address[:_ADDRESS_HEAD]
        for bare, name in self._of_city.get(short(city), ()):
            at = head.find(bare)
            while at >= 0 and not head.startswith(_KINDS, at + len(bare)):
                at = head.find(bare, at + 1)
            if at >= 0:
                found.append((at, -len(bare), name))
        return self.now(city, min(found)[2]) if found else ""

    def now(self, city: str, district: str) -> str:
        """What a district of a city is called today (今名): 江干区 is part of 上城区."""
        return self._former.get((short(city), district), district)


@lru_cache(maxsize=4)
def district_finder(corpora: Corpora) -> DistrictFinder:
    """The shared finder of districts for these corpora (共享的区县查找)."""
    return DistrictFinder(corpora)


@dataclass(frozen=True)
class Point:
    """Where something lies, as well as it is known (位置).

    Attributes:
        city: Short name.
        county: County or district as it is called today, empty if only the city is known.
        longitude, latitude: Of the seat of the county, else of the city.
    """

    city: str
    county: str
    longitude: float
    latitude: float


class Gazetteer:
    """The seats of cities, counties and districts (经纬度), by the division table."""

    def __init__(self, corpora: Corpora) -> None:
        self._former = corpora.former_districts
        self._cities: dict[str, tuple[float, float]] = {}
        self._counties: dict[tuple[str, str], tuple[float, float]] = {}
        of_code: dict[str, str] = {}
        for division in corpora.divisions:
            code, name = division.adcode, short(division.name)
            top = division.level == "city" or (division.level == "province" and code[:2] in _MUNICIPALITIES)
            direct = division.level == "county" and code[2:4] == _DIRECT_COUNTIES
            if division.longitude is None or division.latitude is None:
                continue
            if top or direct:
                self._cities[name] = (division.longitude, division.latitude)
                of_code[code if direct else code[:2] if division.level == "province" else code[:4]] = name
        for division in corpora.divisions:
            city = of_code.get(division.adcode[:4]) or of_code.get(division.adcode[:2])
            if division.level == "county" and city and division.longitude is not None and division.latitude is not None:
                self._counties[city, short(division.name)] = (division.longitude, division.latitude)

    def point(self, city: str, county: str = "") -> Point | None:
        """Where a county of a city is (区县的位置); the city's own seat if the county is not known; None for an unknown city."""
        bare = short(city)
        if bare not in self._cities:
            return None
        now = self._former.get((bare, county), county)
        seat = self._counties.get((bare, short(now))) if now else None
        if seat is None:  # a district of later years may stand in the table under a former name
            before = [short(old) for (of, old), name in self._former.items() if of == bare and name == now]
            seat = next((self._counties[bare, old] for old in before if (bare, old) in self._counties), None)
        return Point(bare, now, *seat) if seat else Point(bare, "", *self._cities[bare])


class CityFilter:
    """Which companies are in which cities (城市筛选)."""

    def __init__(self, corpora: Corpora) -> None:
        self._cities: dict[str, str] = {}  # short name → full name
        self._counties: dict[str, str] = {}  # county → its city, for the hint
        self._by_code: dict[str, str] = {}  # first digits of an adcode → short city name
        names = {division.adcode: division.name for division in corpora.divisions}
        for division in corpora.divisions:
            code = division.adcode
            municipality = division.level == "province" and code[:2] in _MUNICIPALITIES
            if division.level == "city" or municipality or (division.level == "county" and code[2:4] == _DIRECT_COUNTIES):
                self._cities[short(division.name)] = division.name
                self._by_code[code if code[2:4] == _DIRECT_COUNTIES else code[:2] if municipality else code[:4]] = short(
                    division.name
                )
            elif division.level == "county" and code[:2] not in _MUNICIPALITIES:
                self._counties.setdefault(division.name, names.get(code[:4] + "00", ""))

        self._by_name = sorted((name, known) for known, name in self._cities.items())

    def full_name(self, city: str) -> str:
        """The city's full name (城市全称).

        Raises:
            RequestError: There is no such city; the nearest name is suggested.
        """
        bare = short(city)
        if bare in self._cities:
            return self._cities[bare]
        starting = [name for name in self._cities.values() if len(bare) >= 2 and name.startswith(bare)]
        if len(starting) == 1:
            return starting[0]
        county = next((c for c in (city, f"{city}市", f"{city}县", f"{city}区") if self._counties.get(c)), None)
        hint = f"{county}属于{self._counties[county]}，请写 --city {short(self._counties[county])}" if county else ""
        raise RequestError("城市", city, [] if county else self._cities, hint)

    def chosen(self, companies: Companies, cities: Sequence[str]) -> tuple[Companies, NDArray[np.int64]]:
        """The companies in any of the cities, all where none is named, and their indices (选定城市的企业)."""
        if not cities:
            return companies, np.arange(len(companies))
        places = self.places(companies, cities)
        return companies.take(places), places

    def places(self, companies: Companies, cities: Sequence[str]) -> NDArray[np.int64]:
        """Indices of the companies in any of the cities (属于这些城市的企业).

        The row's own city decides; in a municipality the province; where the row has neither, the division in the credit code.
        """
        wanted = {short(self.full_name(city)) for city in cities}
        text = companies.text
        names, city = numbered(text["city"])  # few are distinct
        provinces, province = numbered(text["province"])
        of_city = np.array([bool(one) and self._city(one) in wanted for one in names], dtype=np.bool_)
        inside = of_city[city] | np.array([short(one) in wanted for one in provinces], dtype=np.bool_)[province]
        nowhere = np.array([not one for one in names], dtype=np.bool_)[city]
        nowhere &= np.array([not one for one in provinces], dtype=np.bool_)[province]
        unplaced = np.flatnonzero(nowhere)
        inside[unplaced] = [self._of_code(code) in wanted for code in cells_at(text["uscc"], unplaced.tolist())]
        return np.flatnonzero(inside)

    def _city(self, city: str) -> str:
        bare = short(city)
        return bare if bare in self._cities else self._started(bare)

    def _of_code(self, code: str) -> str:
        if len(code) != 18:
            return ""
        return self._by_code.get(code[2:8]) or self._by_code.get(code[2:6]) or self._by_code.get(code[2:4]) or ""

    def _started(self, bare: str) -> str:
        at = bisect_left(self._by_name, (bare, ""))
        starting = [known for name, known in self._by_name[at : at + 2] if name.startswith(bare)]
        return starting[0] if len(starting) == 1 else bare
