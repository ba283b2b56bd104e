"""Rows as pages show them (分页读台账): some of many in a chosen order with their number, and a board by steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import ColumnElement, Connection, func, select

from matcher.ledger.books import Book
from matcher.ledger.records import Kept

R = TypeVar("R", bound=Kept)
Order = Literal["newest", "changed", "next"]
ORDERS: dict[Order, str] = {"newest": "编号从新到旧", "changed": "最近改动在前", "next": "下一步日期从近到远"}
"""Order → Chinese term (次序)."""


@dataclass(frozen=True)
class Some(Generic[R]):
    """Some rows of many (一页).

    Attributes:
        rows: Those of the page.
        total: How many there are.
    """

    rows: tuple[R, ...]
    total: int


def orders_of(book: Book[Any]) -> dict[Order, str]:
    """In which orders a book can be shown (可选的次序)."""
    return {order: called for order, called in ORDERS.items() if order != "next" or book.field("next_on") is not None}


def some_rows(
    connection: Connection,
    zone: str,
    book: Book[R],
    *conditions: ColumnElement[bool],
    order: Order = "newest",
    skip: int = 0,
    most: int = 50,
    deleted: bool = False,
) -> Some[R]:
    """A page of rows that fulfil all conditions (取一页).

    Args:
        connection: In a transaction.
        zone: Whose.
        book: Which book.
        conditions: As for ``reading.rows``.
        order: Of ``orders_of``.
        skip: So many come before.
        most: No more than these.
        deleted: Those that were deleted as well.
    """
    table = book.table
    where = [table.c.zone == zone, *conditions]
    if not deleted:
        where.append(table.c.deleted_at.is_(None))
    total = int(connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())
    wanted = select(table).where(*where).limit(most).offset(skip)
    if order == "changed":
        wanted = wanted.order_by(table.c.changed_at.desc())
    elif order == "next":  # those without one come last on both databases
        wanted = wanted.order_by(table.c.next_on.is_(None), table.c.next_on)
    found = connection.execute(wanted.order_by(table.c.id.desc())).mappings()
    return Some(tuple(book.of(dict(row)) for row in found), total)


def by_step(
    connection: Connection, zone: str, book: Book[R], *conditions: ColumnElement[bool], most: int = 30
) -> dict[str, Some[R]]:
    """Step → the rows that stand there, those that came last first (看板); steps where nothing stands are left out."""
    table = book.table
    where = [table.c.zone == zone, table.c.deleted_at.is_(None), *conditions]
    counted = connection.execute(select(table.c.state, func.count()).where(*where).group_by(table.c.state))
    found: dict[str, Some[R]] = {}
    for state, total in counted.all():
        wanted = (
            select(table).where(*where, table.c.state == state).order_by(table.c.state_on.desc(), table.c.id.desc()).limit(most)
        )
        found[state] = Some(tuple(book.of(dict(row)) for row in connection.execute(wanted).mappings()), int(total))
    return found
