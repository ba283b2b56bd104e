"""Trip plans, kept by their digest (留存的行程计划): what a plan says is never changed, and kept once however often it is made."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import insert, select

from matcher.errors import OptionError, RequestError
from matcher.store.database import Store
from matcher.store.tables import trip_plans as plans

_SHORTEST = 6  # characters of an id that will do for a person


@dataclass(frozen=True)
class KeptTrip:
    """A plan that is kept, without what it says (留存的计划).

    Attributes:
        id: Digest of the plan.
        run: Id of the ranking that it was made from.
    """

    id: str
    zone: str
    run: str
    start: date
    days: int
    cities: tuple[str, ...]
    visits: int
    kept_at: datetime
    kept_by: str


_FACTS = (
    plans.c.id, plans.c.zone, plans.c.run, plans.c.start, plans.c.days, plans.c.cities, plans.c.visits, plans.c.kept_at,
    plans.c.kept_by,
)  # fmt: skip


def save_trip(store: Store, told: Mapping[str, Any], *, by: str) -> KeptTrip:
    """Keeps a plan (留存计划); one that is kept already stays as it is.

    Args:
        store: The database.
        told: The plan's JSON.
        by: Who made it.

    Raises:
        StoreError: The database cannot be written.
    """
    content = zlib.compress(json.dumps(told, ensure_ascii=False).encode())
    values = {
        "id": told["id"], "zone": told["zone"], "run": told["run"]["id"], "start": date.fromisoformat(told["start"]),
        "days": told["days"], "cities": list(told["cities"]), "visits": told["visits"], "content": content,
        "kept_at": datetime.now(UTC), "kept_by": by,
    }  # fmt: skip
    ours = select(*_FACTS).where(plans.c.id == told["id"])
    with store.writing() as connection:
        if connection.execute(ours).first() is None:
            connection.execute(insert(plans).values(values))
        return _kept(connection.execute(ours).mappings().one())


def load_trip(store: Store, zone: str, id_: str) -> dict[str, Any]:
    """The JSON of a plan (读计划).

    Raises:
        RequestError: None of this zone is kept by that id.
        StoreError: The database cannot be read.
    """
    with store.reading() as connection:
        found = connection.execute(select(plans.c.content).where(plans.c.zone == zone, plans.c.id == id_)).scalar()
    if found is None:
        raise RequestError("行程计划", id_)
    told: dict[str, Any] = json.loads(zlib.decompress(found))
    return told


def find_trip(store: Store, zone: str, beginning: str) -> KeptTrip:
    """The plan whose id begins so (按编号开头查计划).

    Raises:
        RequestError: There is none, or several.
        StoreError: The database cannot be read.
    """
    wanted = beginning.strip().lower()
    with store.reading() as connection:
        begins = select(*_FACTS).where(plans.c.zone == zone, plans.c.id.startswith(wanted, autoescape=True)).limit(2)
        found = connection.execute(begins).all() if len(wanted) >= _SHORTEST else []
    if not found:
        raise RequestError("行程计划", beginning, hint=f"计划号至少写前 {_SHORTEST} 位，留存的见行程列表")
    if len(found) > 1:
        raise OptionError(f"不止一份计划的计划号以 {wanted} 开头，请多写几位")
    return _kept(found[0]._mapping)


def list_trips(store: Store, zone: str, *, before: datetime | None = None, most: int = 100) -> list[KeptTrip]:
    """Plans of a zone, the latest first (列出计划).

    Args:
        store: The database.
        zone: Whose.
        before: Only those kept earlier.
        most: At most so many.
    """
    wanted = select(*_FACTS).where(plans.c.zone == zone).order_by(plans.c.kept_at.desc(), plans.c.id.desc()).limit(most)
    if before is not None:
        wanted = wanted.where(plans.c.kept_at < before)
    with store.reading() as connection:
        return [_kept(row) for row in connection.execute(wanted).mappings()]


def _kept(row: Mapping[Any, Any]) -> KeptTrip:
    return KeptTrip(**{**row, "cities": tuple(row["cities"])})
