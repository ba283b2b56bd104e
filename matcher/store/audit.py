"""The audit log (审计记录): who asked for which change or ranking, when, and what became of it. No personal data, no bodies.

A change is noted before it is made and again when it has ended, so that one that was cut off leaves a trace (``status`` is null).
Nothing is ever taken out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from matcher.store.database import Store
from matcher.store.tables import audit

_AT_ONCE = 1000


@dataclass(frozen=True)
class Entry:
    """What is noted (审计条目).

    Attributes:
        key: Id of the key; None for somebody at this machine without one.
        name: What the key is called, or who it was.
        operation: What was asked, by its name in the service's description.
        status: How it was answered; None while it is under way.
        request: Id of the request, as the answer and the log say it.
    """

    key: str | None
    name: str
    operation: str
    request: str
    zone: str | None = None
    run: str | None = None
    status: int | None = None


@dataclass(frozen=True)
class AuditLine:
    """A line of the log (审计记录的一行): number, moment, entry."""

    id: int
    at: datetime
    entry: Entry


def record(connection: Connection, entry: Entry) -> int:
    """Notes an entry within a transaction (记一条): with a change in the same one, neither is there without the other.

    Returns:
        Its number.
    """
    done = connection.execute(insert(audit).values({**vars(entry), "at": datetime.now(UTC)}))
    key = done.inserted_primary_key
    assert key is not None
    return int(key[0])


def note(store: Store, entry: Entry) -> int:
    """Notes an entry in a transaction of its own (记一条).

    Raises:
        StoreError: It cannot be written.
    """
    with store.writing() as connection:
        return record(connection, entry)


def finish(store: Store, number: int, status: int, run: str | None) -> None:
    """Notes how what was begun has ended (记结果).

    Raises:
        StoreError: It cannot be written.
    """
    with store.writing() as connection:
        connection.execute(update(audit).where(audit.c.id == number).values(status=status, run=run))


def lines(store: Store, *, before: int | None = None, limit: int = 100) -> list[AuditLine]:
    """The latest lines, the newest first (最近的审计记录).

    Args:
        store: The database.
        before: Only lines with a smaller number.
        limit: At most so many.
    """
    wanted = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(audit.c.id < before)
    with store.reading() as connection:
        return [_line(row) for row in connection.execute(wanted)]


def all_lines(store: Store, since: datetime | None = None) -> Iterator[AuditLine]:
    """All lines from a moment on, the oldest first (全部审计记录), read in parts."""
    last = 0
    while True:
        wanted = select(audit).where(audit.c.id > last).order_by(audit.c.id).limit(_AT_ONCE)
        if since is not None:
            wanted = wanted.where(audit.c.at >= since)
        with store.reading() as connection:
            found = [_line(row) for row in connection.execute(wanted)]
        yield from found
        if len(found) < _AT_ONCE:
            return
        last = found[-1].id


def _line(row: Row[Any]) -> AuditLine:
    told = dict(row._mapping)
    id_, at = told.pop("id"), told.pop("at")
    return AuditLine(id_, at, Entry(**told))
