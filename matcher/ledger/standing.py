"""Where rows stood at the end of a day (某日终走到哪里): after the steps that were made by then, whatever was made, or taken back, later.

One rule for the ranking and for all reports: a step counts from the day on which it was made, and so does a step back. Several steps of
one day are gone through in the order in which they happened (``events_folding``), never in that in which they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, select

from matcher.ledger import tables
from matcher.ledger.books import Book
from matcher.ledger.events_folding import Folded, Moves, fold, told_steps
from matcher.ledger.setting import Setting

_AT_ONCE = 500


def stood(connection: Connection, setting: Setting, book: Book[Any], ids: Sequence[int], as_of: date) -> dict[int, Folded]:
    """Row → where it stood, and which milestones, at the end of a day (当日所在); rows that were not there yet are left out.

    Args:
        connection: In a transaction.
        setting: The zone's rules.
        book: Whose rows make steps.
        ids: Numbers of rows.
        as_of: The day.
    """
    moves, first, found = Moves(setting, book.name), setting.steps(book.name)[0].id, dict[int, Folded]()
    for at in range(0, len(ids), _AT_ONCE):
        lines = told_steps(connection, setting.zone, book.name, ids[at : at + _AT_ONCE], first)
        for row, told in lines.items():
            folded = fold(moves, [one for one in told if one.on <= as_of])
            if folded.last is not None:
                found[row] = folded
    return found


def rows_then(connection: Connection, setting: Setting, book: Book[Any], rows: Iterable[Any], as_of: date) -> list[Any]:
    """Rows as they stood at the end of a day (当日的各行): of what else they hold, as they are now.

    Args:
        connection: In a transaction.
        setting: The zone's rules.
        book: Whose rows make steps.
        rows: As they stand now.
        as_of: The day.
    """
    now = list(rows)
    then = stood(connection, setting, book, [row.id for row in now if row.state_on > as_of], as_of)
    found = []
    for row in now:
        last = then[row.id].last if row.id in then else None
        if row.state_on <= as_of:
            found.append(row)
        elif last is not None:
            found.append(replace(row, state=last.step, state_on=last.on, state_reason=last.reason))
    return found


def moved_after(setting: Setting, book: Book[Any], as_of: date) -> Select[Any]:
    """The numbers of rows that made a step after a day (此后走过步的各行), to be asked for."""
    steps = tables.steps
    return select(steps.c.row).where(steps.c.zone == setting.zone, steps.c.book == book.name, steps.c.on > as_of).distinct()
