"""Events as they were kept (收下的事件), to be read again by whoever sent them or looks after them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from matcher.ledger import tables
from matcher.store.database import Store


@dataclass(frozen=True)
class KeptEvent:
    """An event and what became of it (收下的一个事件).

    Attributes:
        event: Its number here, in the order of arrival.
        fate: applied, superseded, parked, refused.
    """

    event: int
    source: str
    id: str
    type: str
    company: str
    happened_at: datetime
    received_at: datetime
    received_by: str
    fate: str
    said: str
    book: str
    row: int | None
    data: Mapping[str, Any]


def kept_events(
    store: Store, zone: str, *, fate: str | None = None, source: str | None = None, after: int = 0, most: int = 100
) -> list[KeptEvent]:
    """Events of a zone, the first received first (收下的事件).

    Args:
        store: The database.
        zone: Whose.
        fate: Only those of which this became.
        source: Only those of this sender.
        after: Only those with a larger number.
        most: At most so many.
    """
    events = tables.events
    wanted = select(events).where(events.c.zone == zone, events.c.id > after).order_by(events.c.id).limit(most)
    if fate is not None:
        wanted = wanted.where(events.c.fate == fate)
    if source is not None:
        wanted = wanted.where(events.c.source == source)
    with store.reading() as connection:
        return [
            KeptEvent(
                row.id, row.source, row.event, row.type, row.subject or "", row.happened_at, row.received_at, row.received_by,
                row.fate, row.said or "", row.book or "", row.row, row.data,
            )
            for row in connection.execute(wanted)
        ]  # fmt: skip
