"""What a batch of events reads (一批事件的读取): in sets, before the first is entered, and kept as it will be once the batch is written.

A thousand events of two hundred companies cost some dozens of statements, not a dozen each. What was not foreseen is read when it
is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from matcher.intake.fields import check_codes
from matcher.ledger import reading, tables
from matcher.ledger.books import PROJECTS, TARGETS, Book
from matcher.ledger.event_tables import stamps, step_times
from matcher.ledger.events import Event
from matcher.ledger.events_courses import Course, Past, as_kept, kept_courses
from matcher.ledger.events_folding import Moves, Told, told_steps
from matcher.ledger.events_writes import Row, Writes
from matcher.ledger.setting import Setting
from matcher.ledger.stepping import spoken
from matcher.matching.name_index import squeezed

MARK = "event:"
"""How the source of a change begins that an event made (事件来源)."""
VISIT, CONTACT, OWNER = range(3)
"""What has to be settled of a row (归属要定什么): whose its new visits are; who first spoke with it, too; its older visits, too."""
_AT_ONCE, _RANGES = 300, 100
_LATEST = (datetime.max.replace(tzinfo=UTC),)  # later than every step: any that were kept will do
_short = lru_cache(4096)(lambda name: squeezed([name])[0])
_good = lru_cache(4096)(lambda code: bool(check_codes([code])[0]))


class Batch:
    """The rows that events are about, as they stand within the batch (一批事件涉及的各行).

    Args:
        connection: Of ``Store.writing``.
        setting: The zone's rules.
        events: All events of the batch.

    Attributes:
        writes: What is to be written.
        there: Book and number of rows that are known to be there.
        whose: Row → what has to be settled of whose it was, and all that stands before it in ``VISIT``, ``CONTACT``, ``OWNER``.
    """

    def __init__(self, connection: Connection, setting: Setting, events: Sequence[Event]) -> None:
        self.connection, self.setting = connection, setting
        steps = sum(event.type.endswith(".step") for event in events)
        visits, funds = (sum(event.type == kind for event in events) for kind in ("visit", "arrival"))
        activities, meetings, arrivals = (tables.BOOKS[name] for name in ("activities", "meetings", "arrivals"))
        expected = {tables.events: len(events), tables.steps: steps + visits, activities: visits, meetings: visits, arrivals: funds}
        self.writes = Writes(connection, expected)
        self.there: dict[Row, bool] = {}
        self.whose: dict[Row, int] = {}
        self._rows: dict[Row, dict[str, Any]] = {}
        self._by_name: dict[tuple[str, str], list[int]] = {}
        self._by_code: dict[tuple[str, str], list[int]] = {}
        self._courses: dict[Row, Course] = {}
        self._gone_through: dict[Row, bool] = {}  # rows whose steps are marked as the fold has it
        self._moves = {book.name: Moves(setting, book.name) for book in (TARGETS, PROJECTS)}
        self._stamps: dict[tuple[str, int, str], dict[str, Any]] = {}
        self._stamped: dict[Row, bool] = {}  # rows whose stamps were read
        self._people: dict[Row, tuple[int, list[tuple[int, datetime, frozenset[str]]]]] = {}
        self._settled: dict[tuple[str, str], tuple[datetime, int, int] | None] = {}
        self._look_up(events)

    def _look_up(self, events: Sequence[Event]) -> None:
        """Reads in sets what the events will ask for."""
        self._look_up_rows(PROJECTS, [event for event in events if PROJECTS.name in books_of(event)])
        unknown = [event for event in events if TARGETS.name not in books_of(event) and not self.rows_of(event)]
        of_targets = [event for event in events if TARGETS.name in books_of(event)]
        self._look_up_rows(TARGETS, [*of_targets, *(event for event in unknown if given_row(event) is None)])
        about: dict[Row, list[Event]] = {}
        unclear: set[str] = set()
        for event in events:
            given = given_row(event)
            rows = self.rows_of(event) if given is None else [row for row in ((books_of(event)[0], given),) if row in self._rows]
            if len(rows) == 1:
                about.setdefault(rows[0], []).append(event)
            elif given is None and (event.company or event.uscc):
                unclear.add(_short(event.company or event.uscc))
        self._read_settled(sorted(unclear))  # rows of these are read when they are asked for
        stepped = [row for row, some in about.items() if any(event.type.endswith(".step") for event in some)]
        changed = [row for row, some in about.items() if any(event.type.endswith(".set") for event in some)]
        self._read_courses({row: min(place_of(event) for event in about[row] if event.type.endswith(".step")) for row in stepped})
        self._read_stamps(sorted({*stepped, *changed}))
        self._read_people({row: about[row] for row in changed})

    def rows_of(self, event: Event) -> list[Row]:
        """The rows that an event is about by its company (按企业认行): of the first book that knows it; of several those worked on."""
        for name in books_of(event):
            found = self._of_book(TARGETS if name == TARGETS.name else PROJECTS, event)
            if found:
                return found
        return []

    def target_of(self, event: Event) -> int | None:
        """The target that an event about a project names (还没有转项目的目标), where its company has no project."""
        found = self._of_book(TARGETS, event) if TARGETS.name not in books_of(event) else []
        return found[0][1] if found else None

    def settled(self, event: Event) -> Row | None:
        """Whom a person said that this name means (认定过的)."""
        if not event.company and not event.uscc:
            return None
        name = _short(event.company or event.uscc)
        if (name, TARGETS.name) not in self._settled:
            self._read_settled([name])
        found = [(*said, book) for book in books_of(event) if (said := self._settled[name, book]) is not None]
        if not found:
            return None
        _, _, row, book = max(found)
        return book, row

    def settles(self, row: Row, what: int) -> None:
        """Notes what has to be settled of a row, once the batch was entered (待定归属): ``VISIT``, ``CONTACT`` or ``OWNER``."""
        if what > self.whose.get(row, -1):
            self.writes.put(self.whose, row, what)

    def settle(self, event: Event, number: int, row: Row, at: datetime, by: str) -> None:
        """Notes that a person said whom an event means (认定)."""
        self.writes.put(self.writes.settled, number, {"settled_at": at, "settled_by": by})
        name = _short(event.company or event.uscc)
        if (name, row[0]) in self._settled:
            self.writes.put(self._settled, (name, row[0]), (at, number, row[1]))

    def record(self, book: Book[Any], id_: int) -> Any:
        """A row as it stands (一行).

        Raises:
            RequestError: There is none, or it was deleted.
        """
        row = (book.name, id_)
        if row not in self._rows:
            reading.row(self.connection, self.setting, book, id_)
            self._read([book.table.c.id == id_], book)
        return book.of(self._rows[row])

    def change(self, book: Book[Any], now: Any, columns: Mapping[str, Any]) -> None:
        """Sets columns of a row (改一行)."""
        row = (book.name, now.id)
        if row not in self.writes.versions:
            self.writes.put(self.writes.versions, row, now.version)
        after = {**self._rows[row], **columns}
        self.writes.put(self._rows, row, after)
        self.writes.put(self.writes.rows, row, after)

    def knows(self, row: Row) -> bool:
        """Whether a row was read and is there (读过的行)."""
        return row in self._rows

    def course(self, book: Book[Any], id_: int) -> Course:
        """The steps of a row, which nobody tells more of (走过的路)."""
        row = (book.name, id_)
        if row not in self._courses:
            self._read_courses({row: _LATEST})
        return self._courses[row]

    def moves(self, book: Book[Any]) -> Moves:
        """Which moves its rows make (走法)."""
        return self._moves[book.name]

    def tell(self, book: Book[Any], id_: int, one: Told) -> Course:
        """The steps of a row with one more (报来一步)."""
        row = (book.name, id_)
        if row not in self._courses:
            self._read_courses({row: one.place})
        if not self._courses[row].takes(one.place):
            self.writes.put(self._courses, row, self._whole(row))
        self.writes.put(self._courses, row, self._courses[row].told(one))
        return self._courses[row]

    def mark(self, book: Book[Any], id_: int, marks: Mapping[int, Mapping[str, Any]]) -> None:
        """Marks which steps of a row stand, which wait and where each comes from (标记), as its fold has it."""
        row = (book.name, id_)
        self.writes.put(self._gone_through, row, True)
        if marks:
            self.writes.put(self._courses, row, self._courses[row].marked(marks))

    def forget(self, number: int) -> None:
        """Takes back the steps of a refused event (忘掉): one may be kept, waiting for an earlier one; sent again, it is told anew."""
        writes = self.writes
        if number not in writes.made[tables.events]:
            steps = tables.steps
            wanted = select(steps.c.id, steps.c.book, steps.c.row).join(step_times, step_times.c.step == steps.c.id)
            for told in self.connection.execute(wanted.where(step_times.c.event == number)):
                writes.put(writes.gone, told.id, True)
                writes.put(writes.courses, (told.book, told.row), None)
        for row, course in list(self._courses.items()):
            lines_of = [one.id for one in course.newest if one.event_number == number]
            if lines_of:
                writes.put(self._courses, row, course.without(lines_of))
            for line in lines_of:
                writes.drop(writes.made[tables.steps], line)
                writes.drop(writes.made[step_times], line)
                writes.drop(writes.standing, line)

    def write(self) -> None:
        """Writes all that the events have changed (写入), and how far the rows have come by now."""
        for row in self._gone_through:
            moves = self._moves[row[0]]
            course = self._courses[row].shortened(moves, spoken(self.setting.steps(row[0])))
            self.writes.put(self.writes.courses, row, {"rules": moves.digest, "kept": as_kept(course)})
        self.writes.write()

    def stamp(self, book: Book[Any], id_: int, field: str) -> dict[str, Any] | None:
        """The newest event that a field was written by (最新的事件)."""
        if (book.name, id_) not in self._stamped:
            self._read_stamps([(book.name, id_)])
        return self.writes.stamps.get((book.name, id_, field)) or self._stamps.get((book.name, id_, field))

    def by_people(self, book: Book[Any], id_: int, field: str, since: int, at: datetime) -> bool:
        """Whether a person changed a field after a version and a moment (人改过没有)."""
        row = (book.name, id_)
        if row not in self._people or self._people[row][0] > since:
            self._read_ranges({row: since})
        return any(version > since and when > at and field in fields for version, when, fields in self._people[row][1])

    def _look_up_rows(self, book: Book[Any], events: Iterable[Event]) -> None:
        names, codes, ids = set(), set(), set()
        for event in events:
            given = given_row(event)
            if given is not None:
                ids.add(given)
            if event.company:
                names.add(_short(event.company))
            if event.uscc and _good(event.uscc):
                codes.add(event.uscc)
        for column, keys in (("squeezed", sorted(names)), ("uscc", sorted(codes)), ("id", sorted(ids))):
            for at in range(0, len(keys), _AT_ONCE):
                self._read([book.table.c[column].in_(keys[at : at + _AT_ONCE])], book)

    def _read(self, conditions: list[Any], book: Book[Any]) -> None:
        table = book.table
        wanted = select(table).where(table.c.zone == self.setting.zone, table.c.deleted_at.is_(None), *conditions)
        for line in self.connection.execute(wanted.order_by(table.c.id)).mappings():
            row = (book.name, line["id"])
            if row in self._rows:
                continue
            self._rows[row] = dict(line)
            self.there[row] = True
            self._by_name.setdefault((book.name, line["squeezed"]), []).append(line["id"])
            if line["uscc"]:
                self._by_code.setdefault((book.name, line["uscc"]), []).append(line["id"])

    def _of_book(self, book: Book[Any], event: Event) -> list[Row]:
        good, found = bool(event.uscc) and _good(event.uscc), set[int]()
        if good:
            found.update(self._by_code.get((book.name, event.uscc), ()))
        if event.company:
            named = self._by_name.get((book.name, _short(event.company)), ())
            found.update(id_ for id_ in named if not good or self._rows[book.name, id_]["uscc"] is None)
        called = event.data.get("project")
        if book is PROJECTS and isinstance(called, str):
            found = {id_ for id_ in found if self._rows[book.name, id_]["name"] == called}
        rows = [(book.name, id_) for id_ in sorted(found)]
        out = {step.id for step in self.setting.steps(book.name) if step.ends}
        going = [row for row in rows if self._rows[row]["state"] not in out] if len(rows) > 1 else rows
        return going or rows

    def _read_settled(self, names: Sequence[str]) -> None:
        """The last that was said of each name, of each book: the newest saying, of equal ones the newest event."""
        events, waiting = tables.events, tables.parked
        self._settled |= {(name, book.name): None for name in names for book in (TARGETS, PROJECTS)}
        order = func.row_number().over(
            partition_by=(waiting.c.squeezed, events.c.book), order_by=(waiting.c.settled_at.desc(), events.c.id.desc())
        )
        for at in range(0, len(names), _AT_ONCE):
            said = (
                select(waiting.c.squeezed, events.c.book, events.c.row, waiting.c.settled_at, events.c.id, order.label("place"))
                .join(waiting, waiting.c.event == events.c.id)
                .where(waiting.c.zone == self.setting.zone, waiting.c.squeezed.in_(names[at : at + _AT_ONCE]))
                .where(
                    waiting.c.settled_at.is_not(None), events.c.row.is_not(None), events.c.book.in_((TARGETS.name, PROJECTS.name))
                )
                .subquery()
            )
            for line in self.connection.execute(select(said).where(said.c.place == 1)):
                self._settled[line.squeezed, line.book] = (line.settled_at, line.id, line.row)

    def _read_courses(self, rows: Mapping[Row, tuple[Any, ...]]) -> None:
        """How far rows have come, or all of their steps if that was not kept, or an event is earlier; with each the first place."""
        for book in (TARGETS, PROJECTS):
            ids = sorted(id_ for name, id_ in rows if name == book.name)
            for at in range(0, len(ids), _AT_ONCE):
                part = ids[at : at + _AT_ONCE]
                kept = kept_courses(self.connection, book.name, part, self._moves[book.name].digest)
                found = {id_: course for id_, course in kept.items() if course.takes(rows[book.name, id_])}
                found |= self._read_told(book, [id_ for id_ in part if id_ not in found])
                self._courses |= {(book.name, id_): course.without(self.writes.gone) for id_, course in found.items()}

    def _read_told(self, book: Book[Any], ids: Sequence[int]) -> dict[int, Course]:
        """All steps of rows, as they are in the database."""
        if not ids:
            return {}
        found = told_steps(self.connection, self.setting.zone, book.name, ids, self.setting.steps(book.name)[0].id)
        return {id_: Course(Past(), found.get(id_, ())) for id_ in ids}

    def _whole(self, row: Row) -> Course:
        """All steps of a row as the batch has them by now, for one that turns out to be earlier than was foreseen."""
        writes, told = self.writes, []
        book = TARGETS if row[0] == TARGETS.name else PROJECTS
        made = [one for one in self._courses[row].newest if one.id in writes.made[tables.steps]]
        for one in self._read_told(book, [row[1]])[row[1]].without(writes.gone).newest:
            stands = writes.standing[one.id] is None if one.id in writes.standing else one.stands
            fate = writes.events.get(one.event_number or 0, {}).get("fate")
            came = writes.placed.get(one.id, {}).get("before", one.came)
            told.append(replace(one, stands=stands, waits=fate == "refused" if fate else one.waits, came=came))
        return Course(Past(), tuple(sorted((*told, *made), key=lambda one: one.place)))

    def _read_stamps(self, rows: Sequence[Row]) -> None:
        self._stamped |= dict.fromkeys(rows, True)
        for book in (TARGETS, PROJECTS):
            ids = sorted(id_ for name, id_ in rows if name == book.name)
            for at in range(0, len(ids), _AT_ONCE):
                wanted = select(stamps).where(stamps.c.book == book.name, stamps.c.row.in_(ids[at : at + _AT_ONCE]))
                for line in self.connection.execute(wanted).mappings():
                    key = (line["book"], line["row"], line["field"])
                    kept = {name: line[name] for name in ("happened_at", "source", "event", "version")}
                    self._stamps[key] = kept
                    self.writes.stamped.add(key)

    def _read_people(self, about: Mapping[Row, Sequence[Event]]) -> None:
        """What persons changed since the oldest of the stamps that the events will be compared with."""
        since: dict[Row, int] = {}
        for row, events in about.items():
            fields = {name for event in events if isinstance(event.data.get("fields"), dict) for name in event.data["fields"]}
            known = [self._stamps.get((*row, name)) for name in fields]
            since[row] = min((one["version"] if one else 0 for one in known), default=0)
        self._read_ranges(since)

    def _read_ranges(self, since: Mapping[Row, int]) -> None:
        history = tables.history
        found: dict[Row, list[tuple[int, datetime, frozenset[str]]]] = {row: [] for row in since}
        rows = sorted(row for row in since if since[row] < self._rows[row]["version"])
        for at in range(0, len(rows), _RANGES):
            ranges = [
                and_(history.c.book == book, history.c.row == id_, history.c.version > since[book, id_])
                for book, id_ in rows[at : at + _RANGES]
            ]
            wanted = select(history.c.book, history.c.row, history.c.version, history.c.at, history.c.changes).where(
                or_(*ranges), history.c.source.not_like(f"{MARK}%")
            )
            for line in self.connection.execute(wanted):
                found[line.book, line.row].append((line.version, line.at, frozenset(line.changes)))
        self._people |= {row: (since[row], lines) for row, lines in found.items()}


def books_of(event: Event) -> tuple[str, ...]:
    """Where an event may belong, the first that knows the company (归哪本台账)."""
    if event.type.startswith("target."):
        return (TARGETS.name,)
    return (PROJECTS.name,) if event.type != "visit" else (TARGETS.name, PROJECTS.name)


def place_of(event: Event) -> tuple[datetime, str, str]:
    """Its place among the steps of its row (次序), before its line has a number."""
    return event.happened_at, event.source, event.id


def given_row(event: Event) -> int | None:
    """The number of a row that an event names (写明的编号); None if it names none."""
    given = event.data.get("row")
    return given if isinstance(given, int) and not isinstance(given, bool) and 0 < given < 2**31 else None
