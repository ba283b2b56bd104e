"""Plans are kept once by their digest, found by its beginning, and listed the latest first."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.errors import OptionError, RequestError
from matcher.store.database import Store
from matcher.store.trips import find_trip, list_trips, load_trip, save_trip


def a_plan(number: int, zone: str = "z", **more: Any) -> dict[str, Any]:
    run = {"id": f"{number:032x}"}
    return {
        "id": f"{number:08x}" * 4,
        "zone": zone,
        "run": run,
        "start": "2024-08-27",
        "days": 3,
        "cities": ["青岛"],
        "visits": 7,
        **more,
    }


def test_a_plan_comes_back_as_it_was_and_is_kept_once(store: Store) -> None:
    told = a_plan(1, note="\u2028 文字 😀", values=[1.5, None, {"x": []}])
    kept = save_trip(store, told, by="甲")
    assert load_trip(store, "z", kept.id) == told
    assert (kept.run, kept.cities, kept.kept_by) == (told["run"]["id"], ("青岛",), "甲")
    assert save_trip(store, {**told, "note": "别的"}, by="乙") == kept
    assert load_trip(store, "z", kept.id) == told
    for zone, id_ in (("y", kept.id), ("z", "0" * 32)):
        with pytest.raises(RequestError):
            load_trip(store, zone, id_)


def test_plans_are_found_by_their_beginning(store: Store) -> None:
    for number in (0x1234567A, 0x1234567B, 0x99999999):
        save_trip(store, a_plan(number), by="")
    assert find_trip(store, "z", "999999").id == a_plan(0x99999999)["id"]
    assert find_trip(store, "z", " 1234567A ").id == a_plan(0x1234567A)["id"]
    with pytest.raises(OptionError, match="不止一份"):
        find_trip(store, "z", "123456")
    for nothing in ("12345", "______", "%%%%%%", "abcdef"):
        with pytest.raises(RequestError):
            find_trip(store, "z", nothing)
    with pytest.raises(RequestError):
        find_trip(store, "y", "999999")


def test_plans_are_listed_the_latest_first_and_page_by_page(store: Store) -> None:
    ids = [save_trip(store, a_plan(number), by="").id for number in range(5)]
    save_trip(store, a_plan(9, zone="y"), by="")
    found = list_trips(store, "z", most=3)
    assert [one.id for one in found] == ids[:1:-1]
    assert [one.id for one in list_trips(store, "z", before=found[-1].kept_at)] == ids[1::-1]
