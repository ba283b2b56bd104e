"""Reading the ledgers (读台账): rows, histories, standing steps, each within the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, select

from matcher.errors import RequestError
from matcher.ledger import tables
from matcher.ledger.books import ALL, Book, Field
from matcher.ledger.money import Money
from matcher.ledger.records import Kept
from matcher.ledger.setting import Setting

R = TypeVar("R", bound=Kept)
_AT_ONCE = 500  # ids in one statement


@dataclass(frozen=True)
class Change:
    """One entry of a row's history (一次变动): who, what, when.

    Attributes:
        verb: add, set, step, delete, restore.
        source: Where it came from: a command, a file's digest, an event.
        changes: Field → (old, new).
    """

    book: str
    row: int
    version: int
    verb: str
    at: datetime
    by: str
    source: str
    reason: str | None
    changes: dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Step:
    """One step that a row made (走过的一步).

    Attributes:
        undone_at: When a step back, or a return, took it away as a milestone; None while it stands.
    """

    id: int
    book: str
    row: int
    version: int
    before: str | None
    step: str
    on: date
    reason: str | None
    recorded_at: datetime
    recorded_by: str
    undone_at: datetime | None


def row(connection: Connection, setting: Setting, book: Book[R], id_: int, *, deleted: bool = False) -> R:
    """A row (一行).

    Args:
        connection: In a transaction.
        setting: The zone's rules.
        book: Which book.
        id_: Number of the row.
        deleted: One that was deleted will do.

    Raises:
        RequestError: There is none of this number in the zone.
    """
    table = book.table
    wanted = select(table).where(table.c.id == id_, table.c.zone == setting.zone)
    found = connection.execute(wanted).mappings().first() if 0 < id_ < 2**31 else None
    if found is None:
        raise RequestError(setting.called(book.name), str(id_), hint="编号见列表")
    if found["deleted_at"] is not None and not deleted:
        raise RequestError(setting.called(book.name), str(id_), hint=f"{found['deleted_by']} 已删除，可用 restore 恢复")
    return book.of(dict(found))


def rows(
    connection: Connection,
    zone: str,
    book: Book[R],
    *conditions: ColumnElement[bool],
    deleted: bool = False,
    first: int | None = None,
    most: int | None = None,
) -> list[R]:
    """The rows of a book that fulfil all conditions, by number (各行).

    Args:
        connection: In a transaction.
        zone: Whose.
        book: Which book; ``book.table.c`` has the columns to set conditions on.
        conditions: Of SQLAlchemy.
        deleted: Those that were deleted as well.
        first: Only rows of this number and above.
        most: No more than these.
    """
    table = book.table
    wanted = select(table).where(table.c.zone == zone, *conditions).order_by(table.c.id)
    if not deleted:
        wanted = wanted.where(table.c.deleted_at.is_(None))
    if first is not None:
        wanted = wanted.where(table.c.id >= first)
    if most is not None:
        wanted = wanted.limit(most)
    return [book.of(dict(found)) for found in connection.execute(wanted).mappings()]


def history(connection: Connection, zone: str, book: Book[Any], id_: int) -> list[Change]:
    """All that happened to a row, the oldest first (一行的历史)."""
    table = tables.history
    wanted = select(table).where(table.c.zone == zone, table.c.book == book.name, table.c.row == id_).order_by(table.c.version)
    return [change_of(dict(found)) for found in connection.execute(wanted).mappings()]


def change_of(found: Mapping[str, Any]) -> Change:
    """An entry of the history as it was written (读出一次变动)."""
    book = ALL[found["book"]]
    changes = {
        name: (decoded(book.field(name), old), decoded(book.field(name), new)) for name, (old, new) in found["changes"].items()
    }
    kept = {key: found[key] for key in ("book", "row", "version", "verb", "at", "by", "source", "reason")}
    return Change(**kept, changes=changes)


def replayed(changes: Iterable[Change]) -> dict[str, Any]:
    """What a row is after all of its history (按历史重放): its fields, and ``deleted``."""
    found: dict[str, Any] = {"deleted": False}
    for change in changes:
        for name, (_, new) in change.changes.items():
            found[name] = new
    return found


def steps(
    connection: Connection, zone: str, book: Book[Any], ids: Sequence[int] | None = None, *, undone: bool = False
) -> dict[int, list[Step]]:
    """Row → the steps that it made, in the order in which they were entered (走过的各步).

    Args:
        connection: In a transaction.
        zone: Whose.
        book: Which book.
        ids: Only of these rows; None for all.
        undone: Those that stand no more as well.
    """
    table = tables.steps
    wanted = select(table).where(table.c.zone == zone, table.c.book == book.name).order_by(table.c.id)
    if not undone:
        wanted = wanted.where(table.c.undone_at.is_(None))
    found: dict[int, list[Step]] = {}
    parts = [None] if ids is None else [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]
    for part in parts:
        for line in connection.execute(wanted if part is None else wanted.where(table.c.row.in_(part))).mappings():
            kept = {key: value for key, value in line.items() if key != "zone"}
            found.setdefault(line["row"], []).append(Step(**kept))
    return found


def encoded(value: Any) -> Any:
    """A value as the history keeps it (历史里的值)."""
    if isinstance(value, (date, Money, Decimal)):
        return str(value)
    if isinstance(value, tuple):
        return [[unit, str(share)] for unit, share in value]
    return value


def decoded(field: Field | None, kept: Any) -> Any:
    """The value that the history keeps so (由历史还原)."""
    if kept is None or field is None:
        return kept
    if field.kind == "date":
        return date.fromisoformat(kept)
    if field.kind == "money":
        return Money.of(kept)
    if field.kind == "decimal":
        return Decimal(kept)
    if field.kind == "shares":
        return tuple((unit, Fraction(share)) for unit, share in kept)
    return kept
