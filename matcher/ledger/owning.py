"""Whose a row is (归属): the recruitment group that stands in it, or in what it hangs on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select

from matcher.ledger.books import ALL, GOALS, Book
from matcher.ledger.records import Kept
from matcher.ledger.setting import Setting


def of_group(book: Book[Any], group: str | None) -> ColumnElement[bool]:
    """The condition that a row is of a group (本组的行); of nobody's where there is no group.

    Args:
        book: Which book.
        group: The group.
    """
    table = book.table
    if group is None:
        return false()
    if book.field("group") is not None:
        return table.c.group == group
    if book is GOALS:
        return and_(table.c.unit_kind == "group", table.c.unit == group)
    return or_(
        *(
            table.c[one.name].in_(select(ALL[one.words].table.c.id).where(ALL[one.words].table.c.group == group))
            for one in book.fields
            if one.kind == "row"
        )
    )


def groups_of(connection: Connection, setting: Setting, record: Kept, book: Book[Any]) -> frozenset[str]:
    """The groups that a row is of (行归哪些组): its own, else those of the project, target or activity that it hangs on.

    Goals are set for a group, not by it: they are of none.
    """
    if book.field("group") is not None:
        found = [getattr(record, "group", None)]
    else:
        found = [
            connection.execute(
                select(ALL[one.words].table.c.group).where(
                    ALL[one.words].table.c.zone == setting.zone, ALL[one.words].table.c.id == getattr(record, one.name)
                )
            ).scalar()
            for one in book.fields
            if one.kind == "row"
        ]
    return frozenset(group for group in found if group)
