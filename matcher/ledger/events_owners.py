"""Whose visits and first contacts are that events tell (归属随日): as their row was then, in whatever order visits and changes came.

A change of a row counts from its moment: of an event its time, of a person when it was entered; what the row began with counts from the
beginning. A visit goes by its time, or by the end of its day if that is earlier, so what a person changes later never reaches it. What
persons changed of a visit stays theirs.

Whose a row was is kept, so that a visit reads none of its row's history and events; a person's change takes it out (``Entry``). The visits
of before are read only where an event says that the row was another's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import String, and_, cast, or_, select

from matcher.errors import LedgerError
from matcher.ledger import tables
from matcher.ledger.books import ACTIVITIES, MEETINGS, PROJECTS, TARGETS, WHOSE, Book
from matcher.ledger.event_tables import owners
from matcher.ledger.events_batch import MARK, OWNER, Batch
from matcher.ledger.events_folding import BEGINNING, end_of
from matcher.ledger.events_writes import Row
from matcher.ledger.values import day_of
from matcher.runs import CHINA_TIME

WHY = "按当时的归属"
_AT_ONCE = 300
_SETS, _VISIT = ("target.set", "project.set"), "visit"


@dataclass(frozen=True)
class Visit:
    """A visit that an event told (报来的拜访).

    Attributes:
        activity: Number of its activity.
        at: The moment that it goes by.
        now: Columns of the activity as they stand; ``made`` in this batch.
        fixed: What a person changed of it.
    """

    activity: int
    at: datetime
    now: Mapping[str, Any]
    made: bool
    fixed: frozenset[str] = frozenset()


@dataclass
class Whose:
    """Whose one row was (一行的归属): field → values with the moments since which they stood, in order."""

    said: dict[str, list[tuple[datetime, Any]]] = field(default_factory=dict)

    def at(self, name: str, moment: datetime, now: Any) -> Any:
        """What a field was at a moment (当时的值); as it is now where nothing is known of it."""
        values = self.said.get(name)
        if not values:
            return now
        return next((value for since, value in reversed(values) if since <= moment), None)


def moment_of(happened_at: datetime, day: date) -> datetime:
    """The moment that something goes by (归属的时刻), which is told to have been on a day."""
    return min(happened_at, end_of(day))


class Owners:
    """Finds whose some rows were, and which visits they had (查归属).

    Args:
        batch: What was read, and is to be written.
        clean: Makes values of what events wrote.
    """

    def __init__(self, batch: Batch, clean: Any) -> None:
        self.batch, self.clean = batch, clean
        self.connection, self.zone = batch.connection, batch.setting.zone

    def of(self, rows: Mapping[Row, int]) -> dict[Row, tuple[Whose, tuple[Visit, ...]]]:
        """Row → whose it was, and its visits (各行的归属、拜访); those of before only where they may be another's now.

        Args:
            rows: Row → what has to be settled of it, as ``Batch.settles`` has it.
        """
        older = {row for row, what in rows.items() if what >= OWNER}
        said = self._kept_said([row for row in rows if row not in older])
        unknown = [row for row in rows if row not in said]
        lines = self._events(rows, unknown, older)
        persons, visits = self._persons(unknown), self._visits(lines, older)
        for row in unknown:
            told = [one for one in lines if (one["book"], one["row"]) == row and one["type"] in _SETS]
            said[row] = _said(persons.get(row, ()), told)
            self.batch.writes.put(self.batch.writes.owners, row, said[row])
        return {row: (self._whose(row, said[row]), tuple(visits.get(row, ()))) for row in rows}

    def _kept_said(self, rows: Sequence[Row]) -> dict[Row, dict[str, Any]]:
        found: dict[Row, dict[str, Any]] = {}
        for book, ids in _by_book(rows):
            wanted = select(owners.c.row, owners.c.kept).where(owners.c.book == book, owners.c.row.in_(ids))
            found |= {(book, line.row): line.kept for line in self.connection.execute(wanted)}
        return found

    def _whose(self, row: Row, kept: Mapping[str, Any]) -> Whose:
        """What was said as the rules have it now: they may know a unit no more that they knew when it was told."""
        book: Book[Any] = TARGETS if row[0] == TARGETS.name else PROJECTS
        said: list[tuple[tuple[datetime, int, str, str], str, Any]] = []
        for at, changes in kept["persons"]:
            place = (datetime.fromisoformat(at) if at else BEGINNING, 0, "", "")
            said += [(place, name, value) for name, value in changes.items()]
        for at, source, event, fields in kept["told"]:
            try:
                values = self.clean(book, fields, [])
            except LedgerError:  # a unit that the zone's list has no more
                continue
            said += [((datetime.fromisoformat(at), 1, source, event), name, value) for name, value in values.items()]
        whose = Whose({name: [(BEGINNING, None)] for name in WHOSE} if kept["began"] else {})
        for (at, *_), name, value in sorted(said, key=lambda one: one[0]):
            whose.said.setdefault(name, []).append((at, value))
        return whose

    def _persons(self, rows: Sequence[Row]) -> dict[Row, list[Any]]:
        """What persons changed, the oldest first, with what the rows began with."""
        found: dict[Row, list[Any]] = {}
        history = tables.history
        for line in self._history(
            rows, [history.c.source.not_like(f"{MARK}%"), or_(history.c.verb == "add", _holds_whose(history.c.changes))]
        ):
            found.setdefault((line.book, line.row), []).append(line)
        return found

    def _history(self, rows: Sequence[Row], conditions: list[Any]) -> Iterable[Any]:
        history = tables.history
        columns = [history.c[name] for name in ("book", "row", "version", "verb", "at", "source", "changes")]
        for book, ids in _by_book(rows):
            wanted = select(*columns).where(history.c.book == book, history.c.row.in_(ids), *conditions)
            yield from self.connection.execute(wanted.order_by(history.c.row, history.c.version))

    def _events(self, rows: Collection[Row], unknown: Sequence[Row], older: Collection[Row]) -> list[dict[str, Any]]:
        """Events of the rows that were entered, those of the batch as it leaves them; of before those that say whose, or were visits."""
        events, writes = tables.events, self.batch.writes
        found: dict[int, dict[str, Any]] = dict(writes.made[events])
        mine = [number for number, line in writes.events.items() if (line.get("book"), line.get("row")) in rows]
        kinds = ((unknown, and_(events.c.type.in_(_SETS), _holds_whose(events.c.data))), (older, events.c.type == _VISIT))
        asked = [and_(events.c.book == book, events.c.row.in_(ids), kind) for some, kind in kinds for book, ids in _by_book(some)]
        missing = [number for number in mine if number not in found]
        asked += [events.c.id.in_(missing[at : at + _AT_ONCE]) for at in range(0, len(missing), _AT_ONCE)]
        for condition in asked:
            wanted = select(events).where(events.c.zone == self.zone, events.c.type.in_((*_SETS, _VISIT)), condition)
            found |= {line["id"]: dict(line) for line in self.connection.execute(wanted).mappings()}
        lines = [{**line, **writes.events.get(number, {})} for number, line in found.items()]
        return [one for one in lines if one["fate"] in ("applied", "superseded") and (one["book"], one["row"]) in rows]

    def _visits(self, lines: Sequence[Mapping[str, Any]], older: Collection[Row]) -> dict[Row, list[Visit]]:
        told = {(one["book"], one["row"], source_of(one)): one for one in lines if one["type"] == _VISIT}
        wanted = sorted({(book, row) for book, row, _ in told})
        if not wanted:
            return {}
        found: dict[Row, list[Visit]] = {row: [] for row in wanted}
        kept = self._kept([row for row in wanted if row in older])
        for row, activity, columns, source, made, fixed in [*self._made(wanted), *kept]:
            one = told.get((*row, source))
            if one is None:
                continue  # of a person, or of another row's visit
            given = one["data"].get("on")
            day = day_of(given) if given is not None else one["happened_at"].astimezone(CHINA_TIME).date()
            found[row].append(Visit(activity, moment_of(one["happened_at"], day), columns, made, fixed))
        return found

    def _made(self, rows: Sequence[Row]) -> Iterable[tuple[Row, int, Mapping[str, Any], str, bool, frozenset[str]]]:
        """Visits that this batch enters."""
        writes, wanted = self.batch.writes, set(rows)
        for meeting in writes.made[MEETINGS.table].values():
            row = (TARGETS.name, meeting["target"]) if meeting["target"] is not None else (PROJECTS.name, meeting["project"])
            if row in wanted:
                activity = meeting["activity"]
                source = writes.history[ACTIVITIES.name, activity, 1]["source"]
                yield row, activity, writes.made[ACTIVITIES.table][activity], source, True, frozenset()

    def _kept(self, rows: Sequence[Row]) -> Iterable[tuple[Row, int, Mapping[str, Any], str, bool, frozenset[str]]]:
        """Visits of before."""
        meetings, activities = MEETINGS.table, ACTIVITIES.table
        found: dict[int, tuple[Row, Mapping[str, Any]]] = {}
        for book, ids in _by_book(rows):
            column = meetings.c.target if book == TARGETS.name else meetings.c.project
            visits = (
                select(activities, column.label("of_row"))
                .join(meetings, meetings.c.activity == activities.c.id)
                .where(column.in_(ids), activities.c.deleted_at.is_(None), meetings.c.deleted_at.is_(None))
            )
            for line in self.connection.execute(visits).mappings():
                found[line["id"]] = ((book, line["of_row"]), {name: value for name, value in line.items() if name != "of_row"})
        sources: dict[int, str] = {}
        fixed: dict[int, set[str]] = {}
        history = tables.history
        of = [(ACTIVITIES.name, id_) for id_ in sorted(found)]
        for line in self._history(of, [or_(history.c.version == 1, _holds_whose(history.c.changes))]):
            if line.version == 1:
                sources[line.row] = line.source
            elif not line.source.startswith(MARK):
                fixed.setdefault(line.row, set()).update(name for name in WHOSE if name in line.changes)
        for id_, (row, columns) in found.items():
            yield row, id_, columns, sources.get(id_, ""), False, frozenset(fixed.get(id_, ()))


def source_of(event: Mapping[str, Any]) -> str:
    """How histories call an event (来源)."""
    return f"{MARK}{event['source']}/{event['event']}"[:400]


def _said(persons: Iterable[Any], told: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What was said of a row, as it is kept: by persons, the beginning without a moment, and by events as they wrote it."""
    changed, events, began = [], [], False
    for line in persons:
        began |= line.verb == "add"
        at = None if line.verb == "add" else line.at.isoformat()
        changed.append([at, {name: line.changes[name][1] for name in WHOSE if name in line.changes}])
    for one in told:
        fields = {name: one["data"]["fields"][name] for name in WHOSE if name in one["data"].get("fields", {})}
        if fields:
            events.append([one["happened_at"].isoformat(), one["source"], one["event"], fields])
    return {"began": began, "persons": changed, "told": events}


def _by_book(rows: Collection[Row]) -> Iterable[tuple[str, list[int]]]:
    for book in sorted({book for book, _ in rows}):
        ids = sorted(id_ for name, id_ in rows if name == book)
        yield from ((book, ids[at : at + _AT_ONCE]) for at in range(0, len(ids), _AT_ONCE))


def _holds_whose(column: Any) -> Any:
    written = cast(column, String)
    return or_(*(written.like(f'%"{name}"%') for name in WHOSE))
