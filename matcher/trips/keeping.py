"""Plans as they are kept and read again (留存与读回计划)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from matcher.errors import InputError
from matcher.store.database import Store
from matcher.store.trips import KeptTrip, load_trip, save_trip
from matcher.trips.plans import TripPlan
from matcher.trips.replan import plan_json


def keep_plan(store: Store, plan: TripPlan, *, by: str) -> KeptTrip:
    """Keeps a plan (留存计划).

    Raises:
        StoreError: The database cannot be written.
    """
    return save_trip(store, plan_json(plan), by=by)


def kept_plan(store: Store, zone: str, id_: str) -> TripPlan:
    """A plan that is kept (读留存的计划).

    Raises:
        RequestError: None of this zone is kept by that id.
        InputError: Another version of the program wrote it.
        StoreError: The database cannot be read.
    """
    return plan_of(load_trip(store, zone, id_), f"计划 {id_[:12]}")


def plan_of(told: Mapping[str, Any], file: str = "计划") -> TripPlan:
    """A plan out of its JSON (由 JSON 还原计划), all of it: documents and calendars are made from it as from the first.

    Args:
        told: As ``plan_json`` gave it.
        file: What it is called in messages.

    Raises:
        InputError: It is no plan.
    """
    try:
        return _adapter().validate_json(json.dumps(told, ensure_ascii=False))
    except (ValidationError, ValueError, TypeError):
        raise InputError(file, "不是本程序写成 JSON 的行程计划，或是别的版本写的") from None


@cache
def _adapter() -> TypeAdapter[TripPlan]:
    return TypeAdapter(TripPlan)
