"""The picture of a trip shows every visit once, within its window, as long north as east, and no two names of near places on one side."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.engine import Engine
from matcher.intake import read_files
from matcher.rules.trips import load_trip_rules
from matcher.trips.planning import plan
from matcher.web.trips_map import _NEAR_X, _NEAR_Y, _RATIO, _sides, _window, options
from tests.trips.test_plans import BASIC

_places = st.tuples(st.floats(74, 135), st.floats(18, 53))


@given(places=st.lists(_places, min_size=1, max_size=12))
def test_all_places_lie_within_a_window_that_stretches_nothing(places: list[tuple[float, float]]) -> None:
    (west, east), (south, north) = _window(places)
    assert all(west < x < east and south < y < north for x, y in places)
    level = math.radians((min(y for _, y in places) + max(y for _, y in places)) / 2)
    assert (east - west) * math.cos(level) / (north - south) == pytest.approx(_RATIO, rel=0.05)


@given(places=st.lists(_places, min_size=1, max_size=4))
def test_names_of_up_to_four_near_places_stand_on_four_sides(places: list[tuple[float, float]]) -> None:
    (west, east), (south, north) = window = _window(places)
    sides = _sides(places, window)
    for one, (x, y) in enumerate(places):
        for other, (x2, y2) in enumerate(places[:one]):
            if abs(x - x2) < _NEAR_X * (east - west) and abs(y - y2) < _NEAR_Y * (north - south):
                assert sides[one] != sides[other]


def test_every_visit_is_drawn_and_every_city_named(engine: Engine) -> None:
    made = plan(engine, read_files([engine.corpora.sample], engine.corpora), BASIC, load_trip_rules())
    told: dict[str, Any] = options(made, engine.zone, engine.corpora)
    lines = [one for one in told["series"] if one["type"] == "line"]
    districts, cities, home = [one for one in told["series"] if one["type"] == "scatter"]
    assert sum(int(dot["name"].split()[1]) for dot in districts["data"]) == made.visits
    assert [dot["name"].split()[0] for dot in cities["data"]] == list(made.cities)
    assert [dot["name"] for dot in home["data"]] == ["园区"]
    place = engine.zone.file.place
    assert len(lines) == len(made.teams)
    assert lines[0]["data"][0] == lines[0]["data"][-1] == [place.longitude, place.latitude]
