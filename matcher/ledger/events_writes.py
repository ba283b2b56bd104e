"""What a batch of events writes (一批事件的写入): kept here until its end, taken back where an event is refused, then written in sets.

Nobody else writes meanwhile, for the transaction has the one lock for writers. Numbers of new lines are taken beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, update

from matcher.ledger import tables
from matcher.ledger.books import ACTIVITIES, ARRIVALS, MEETINGS
from matcher.ledger.event_tables import courses, owners, stamps, step_times
from matcher.ledger.tables import BOOKS

K = TypeVar("K")
V = TypeVar("V")
_NOTHING: Any = object()
_AT_ONCE = 500
_MADE = (tables.events, tables.steps, step_times, ACTIVITIES.table, MEETINGS.table, ARRIVALS.table)
"""Tables whose lines events make, those that are referred to first."""
Row = tuple[str, int]
"""Book and number of a row."""


class Writes:
    """Lines to be written, by their numbers (待写的各行).

    Args:
        connection: Of ``Store.writing``.
        expected: Table → how many new lines are likely: so many numbers are taken at once.

    Attributes:
        made: Table → number → a new line.
        events, standing, placed: What else becomes of events and of lines of steps, new ones too: columns, ``undone_at``, columns.
        gone: Lines of steps that are taken out again.
        rows: Row → all its columns as they are to be; ``versions``: the version that stands in the database.
        history: (book, row, version) → an entry.
        stamps: (book, row, field) → columns; ``stamped``: which of them are in the database.
        courses: Row → how far it has come: columns; None if that is to be found out anew.
        owners: Row → whose it was since when, as it is kept.
        proofs: In order: the step that had a proof, the step that has it now.
        parked: Number of an event → its line among those that wait; ``settled``: columns of those that wait no more.
    """

    def __init__(self, connection: Connection, expected: Mapping[Table, int]) -> None:
        self.connection, self._expected = connection, dict(expected)
        self._numbers: dict[Table, list[int]] = {}
        self._done: list[tuple[dict[Any, Any], Any, Any]] = []
        self.made: dict[Table, dict[int, dict[str, Any]]] = {table: {} for table in _MADE}
        self.events: dict[int, dict[str, Any]] = {}
        self.standing: dict[int, datetime | None] = {}
        self.placed: dict[int, dict[str, Any]] = {}
        self.gone: dict[int, bool] = {}
        self.rows: dict[Row, dict[str, Any]] = {}
        self.versions: dict[Row, int] = {}
        self.history: dict[tuple[str, int, int], dict[str, Any]] = {}
        self.stamps: dict[tuple[str, int, str], dict[str, Any]] = {}
        self.stamped: set[tuple[str, int, str]] = set()
        self.courses: dict[Row, dict[str, Any] | None] = {}
        self.owners: dict[Row, dict[str, Any]] = {}
        self.proofs: dict[int, tuple[int, int]] = {}
        self.parked: dict[int, dict[str, Any]] = {}
        self.settled: dict[int, dict[str, Any]] = {}

    def put(self, where: dict[K, V], key: K, value: V) -> None:
        """Sets something so that it can be taken back (记下)."""
        self._done.append((where, key, where.get(key, _NOTHING)))
        where[key] = value

    def drop(self, where: dict[K, V], key: K) -> None:
        """Takes something out so that it can be put back (去掉)."""
        if key in where:
            self._done.append((where, key, where.pop(key)))

    @property
    def mark(self) -> int:
        """The moment to which ``back`` goes (记号)."""
        return len(self._done)

    def back(self, mark: int) -> None:
        """Takes back all since a moment (撤回)."""
        while len(self._done) > mark:
            where, key, before = self._done.pop()
            if before is _NOTHING:
                del where[key]
            else:
                where[key] = before

    def number(self, table: Table) -> int:
        """The number of a new line (取号)."""
        waiting = self._numbers.setdefault(table, [])
        if not waiting:
            many = max(1, self._expected.pop(table, 0))
            waiting += reversed(self._taken(table, many))
        return waiting.pop()

    def _taken(self, table: Table, many: int) -> list[int]:
        if self.connection.dialect.name == "sqlite":  # which gives the largest and one more, too
            self._expected[table] = many
            used = max(self.made[table], default=0)
            first = max(used, self.connection.execute(select(func.max(table.c.id))).scalar() or 0) + 1
            return list(range(first, first + many))
        sequence = func.nextval(func.pg_get_serial_sequence(table.name, "id"))
        return sorted(self.connection.execute(select(sequence).select_from(func.generate_series(1, many).alias())).scalars())

    def merge(self, where: dict[int, dict[str, Any]], key: int, more: Mapping[str, Any]) -> None:
        """Sets some columns of a line (改几列)."""
        self.put(where, key, {**where.get(key, {}), **more})

    def write(self) -> None:
        """Writes all, in sets (写入)."""
        self._take_out()
        events, steps = self.made[tables.events], self.made[tables.steps]
        new_events = [{**line, **self.events.get(number, {})} for number, line in events.items()]
        self._insert(tables.events, new_events)
        self._update(tables.events, {number: line for number, line in self.events.items() if number not in events})
        new_steps = [
            {**line, **self.placed.get(number, {}), "undone_at": self.standing.get(number, line["undone_at"])}
            for number, line in steps.items()
        ]
        self._insert(tables.steps, new_steps)
        self._update(tables.steps, {number: line for number, line in self.placed.items() if number not in steps})
        marks = {number: {"undone_at": at} for number, at in self.standing.items() if number not in steps}
        self._update(tables.steps, marks)
        for table in _MADE[2:]:
            self._insert(table, list(self.made[table].values()))
        self._write_rows()
        self._insert(tables.history, list(self.history.values()))
        self._write_stamps()
        self._write_kept(courses, self.courses)
        self._write_kept(owners, {row: {"kept": kept} for row, kept in self.owners.items()})
        if self.proofs:
            moved = update(tables.proofs).where(tables.proofs.c.step == bindparam("was")).values(step=bindparam("now"))
            self.connection.execute(moved, [{"was": was, "now": now} for was, now in self.proofs.values()])
        self._write_parked()

    def _take_out(self) -> None:
        lines = list(self.gone)
        for at in range(0, len(lines), _AT_ONCE):
            part = lines[at : at + _AT_ONCE]
            self.connection.execute(delete(step_times).where(step_times.c.step.in_(part)))
            self.connection.execute(delete(tables.steps).where(tables.steps.c.id.in_(part)))

    def _insert(self, table: Table, lines: list[dict[str, Any]]) -> None:
        if lines:
            self.connection.execute(insert(table), lines)

    def _update(self, table: Table, lines: Mapping[int, Mapping[str, Any]], key: str = "id") -> None:
        """Lines by number; those of the same columns at once."""
        by_columns = sorted(lines.items(), key=lambda one: sorted(one[1]))
        for names, some in groupby(by_columns, key=lambda one: sorted(one[1])):
            values = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
            done = update(table).where(table.c[key] == bindparam("line")).values(values)
            self.connection.execute(
                done, [{"line": number, **{f"new_{name}": line[name] for name in names}} for number, line in some]
            )

    def _write_rows(self) -> None:
        for book in sorted({book for book, _ in self.versions}):
            table = BOOKS[book]
            names = [column.name for column in table.c if column.name not in ("id", "zone")]
            done = (
                update(table)
                .where(table.c.id == bindparam("line"), table.c.version == bindparam("was"))
                .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names})
            )
            lines = [
                {"line": row[1], "was": was, **{f"new_{name}": self.rows[row][name] for name in names}}
                for row, was in self.versions.items()
                if row[0] == book
            ]
            if self.connection.execute(done, lines).rowcount != len(lines):  # nobody else writes meanwhile
                raise AssertionError(f"{book} was changed by another transaction")

    def _write_stamps(self) -> None:
        names = ("happened_at", "source", "event", "version")
        new, old = [], []
        for (book, row, field), line in self.stamps.items():
            if (book, row, field) in self.stamped:
                old.append({"of_book": book, "of_row": row, "of_field": field, **{f"new_{name}": line[name] for name in names}})
            else:
                new.append({"book": book, "row": row, "field": field, **line})
        self._insert(stamps, new)
        if old:
            keys = [stamps.c[name] == bindparam(f"of_{name}") for name in ("book", "row", "field")]
            values = {name: bindparam(f"new_{name}", type_=stamps.c[name].type) for name in names}
            self.connection.execute(update(stamps).where(*keys).values(values), old)

    def _write_kept(self, table: Table, lines: Mapping[Row, Mapping[str, Any] | None]) -> None:
        """What is kept of rows so that nobody reads all of their past again; None where it is to be found out anew."""
        for book in sorted({book for book, _ in lines}):
            rows = [row for name, row in lines if name == book]
            for at in range(0, len(rows), _AT_ONCE):
                some = table.c.row.in_(rows[at : at + _AT_ONCE])
                self.connection.execute(delete(table).where(table.c.book == book, some))
        self._insert(table, [{"book": book, "row": row, **line} for (book, row), line in lines.items() if line])

    def _write_parked(self) -> None:
        again = [number for number in self.parked if number not in self.made[tables.events]]
        for at in range(0, len(again), _AT_ONCE):  # settled once, refused, and sent again
            self.connection.execute(delete(tables.parked).where(tables.parked.c.event.in_(again[at : at + _AT_ONCE])))
        self._insert(tables.parked, list(self.parked.values()))
        self._update(tables.parked, self.settled, "event")
