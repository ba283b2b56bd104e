"""What the ledgers say of companies as of a day (台账依据), for the ranking.

Where a row stood is told by its steps: by the day on which they were made, so a run of an earlier day reads what stood then, by the rule of
``standing``, as reports do. The next step is told as it was entered at the end of that day. What was deleted since, or entered late, is
told as it is known now; the run keeps what it read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Date, func, or_, select, type_coerce

from matcher.ledger import tables
from matcher.ledger.books import PROJECTS, TARGETS, Book
from matcher.ledger.setting import Setting
from matcher.ledger.standing import stood
from matcher.runs import CHINA_TIME
from matcher.store.database import Store
from matcher.types import LedgerEntry

_AT_ONCE = 500
_NEXT = ("next_step", "next_on")


def evidence(store: Store, setting: Setting, as_of: date) -> tuple[LedgerEntry, ...]:
    """What stands in the ledgers as of a day (读台账依据), by book and number.

    Args:
        store: The database.
        setting: The zone's rules.
        as_of: The run's day.

    Raises:
        StoreError: The database cannot be read.
    """
    with store.reading() as connection:
        visits = _visits(connection, setting, as_of)
        of_projects = _rows(connection, setting, PROJECTS, as_of)
        by_target: dict[int, date] = {}
        for row in of_projects:
            if row["target"] is not None and (day := visits.of("projects", row["id"])) is not None:
                by_target[row["target"]] = max(day, by_target.get(row["target"], day))
        found = [_entry("projects", row, visits.of("projects", row["id"])) for row in of_projects]
        for row in _rows(connection, setting, TARGETS, as_of):
            days = [day for day in (visits.of("targets", row["id"]), by_target.get(row["id"])) if day is not None]
            found.append(_entry("targets", row, max(days, default=None)))
        found += visits.others
    return tuple(sorted(found, key=lambda entry: (entry.book, entry.row)))


def _entry(book: str, row: Mapping[str, Any], visited: date | None) -> LedgerEntry:
    return LedgerEntry(
        book=book, row=row["id"], company=row["company"], uscc=row["uscc"] or "", state=row["state"], since=row["state_on"],
        why=row["state_reason"] or "", visited=visited, agreed=bool(row["next_step"] or row["next_on"]), next_on=row["next_on"],
        chain=row["chain"] or "", segment=row["segment"] or "",
    )  # fmt: skip


class _Visits:
    """The latest visit by row, and those that belong to no row."""

    def __init__(self) -> None:
        self.days: dict[tuple[str, int], date] = {}
        self.others: list[LedgerEntry] = []

    def of(self, book: str, row: int) -> date | None:
        return self.days.get((book, row))


def _visits(connection: Connection, setting: Setting, as_of: date) -> _Visits:
    meetings, activities = tables.meetings, tables.activities
    cancelled = [step.id for step in setting.steps("activities") if step.ends]
    columns = (meetings.c.target, meetings.c.project, meetings.c.company, meetings.c.uscc)
    latest = type_coerce(func.max(meetings.c.met_on), Date).label("day")
    wanted = (
        select(*columns, latest, func.max(meetings.c.id).label("id"))
        .join(activities, activities.c.id == meetings.c.activity)
        .where(
            meetings.c.zone == setting.zone,
            meetings.c.deleted_at.is_(None),
            meetings.c.met_on <= as_of,
            activities.c.deleted_at.is_(None),
            or_(activities.c.state.not_in(cancelled), activities.c.state_on > as_of),
        )
        .group_by(*columns)
    )
    found = _Visits()
    for target, project, company, uscc, day, id_ in connection.execute(wanted):
        for book, row in (("targets", target), ("projects", project)):
            if row is not None:
                found.days[(book, row)] = max(day, found.days.get((book, row), day))
        if target is None and project is None:
            found.others.append(LedgerEntry("meetings", id_, company, uscc or "", "", None, "", day, False, None, "", ""))
    return found


def _rows(connection: Connection, setting: Setting, book: Book[Any], as_of: date) -> list[dict[str, Any]]:
    """The rows of a book as they stood on a day; those that were not there yet are left out."""
    table = book.table
    columns = [
        table.c[name]
        for name in (
            "id", "company", "uscc", "state", "state_on", "state_reason", "next_step", "next_on", "chain", "segment", "changed_at",
        )
    ]  # fmt: skip
    if book is PROJECTS:
        columns.append(table.c.target)
    wanted = select(*columns).where(table.c.zone == setting.zone, table.c.deleted_at.is_(None)).order_by(table.c.id)
    rows = [dict(row) for row in connection.execute(wanted).mappings()]
    end = datetime.combine(as_of + timedelta(days=1), time(), CHINA_TIME)
    then = _stood(connection, setting, book, [row["id"] for row in rows if row["state_on"] > as_of], as_of)
    before = _agreed_before(connection, setting, book, [row["id"] for row in rows if row["changed_at"] >= end], end)
    there = [row for row in rows if row["state_on"] <= as_of or row["id"] in then]
    return [row | then.get(row["id"], {}) | before.get(row["id"], {}) for row in there]


def _stood(connection: Connection, setting: Setting, book: Book[Any], ids: Sequence[int], as_of: date) -> dict[int, dict[str, Any]]:
    """Where rows stood that have moved since: after the steps that were made by then."""
    then = stood(connection, setting, book, ids, as_of)
    last = {row: folded.last for row, folded in then.items()}
    return {row: {"state": one.step, "state_on": one.on, "state_reason": one.reason} for row, one in last.items() if one}


def _agreed_before(
    connection: Connection, setting: Setting, book: Book[Any], ids: Sequence[int], end: datetime
) -> dict[int, dict[str, Any]]:
    """The next step as it was entered before a moment, of rows that were changed since: the oldest value that a later change took away."""
    history = tables.history
    found: dict[int, dict[str, Any]] = {}
    for part in _parts(ids):
        wanted = (
            select(history.c.row, history.c.changes)
            .where(history.c.zone == setting.zone, history.c.book == book.name, history.c.row.in_(part), history.c.at >= end)
            .order_by(history.c.row, history.c.version)
        )
        for row, changes in connection.execute(wanted):
            of_row = found.setdefault(row, {})
            for name in _NEXT:
                if name in changes and name not in of_row:
                    old = changes[name][0]
                    of_row[name] = date.fromisoformat(old) if old and name == "next_on" else old
    return found


def _parts(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]
