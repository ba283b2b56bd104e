"""Steps in the order in which they happened (按发生先后重排步骤): where a row stands after all that was told, in whatever order it came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, select

from matcher.ledger import tables
from matcher.ledger.event_tables import step_times
from matcher.ledger.stepping import undone, way
from matcher.rules.ledger import StepSpec
from matcher.runs import CHINA_TIME

_BEGINNING = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """A step that a row was told to have made (报来的一步).

    Attributes:
        at: When it was so: of an event its time; of a person the end of the day that was written, or the moment of writing if that is
            earlier, and never before what persons wrote earlier. The first step that a row begins with is older than everything.
        source, event: Of an event; empty of a person.
        event_number: Number of the event, None of a person.
        stands: It is marked as standing now.
    """

    id: int
    step: str
    on: date
    reason: str | None
    at: datetime
    source: str
    event: str
    event_number: int | None
    stands: bool


@dataclass(frozen=True)
class Folded:
    """Where a row stands after all its steps (重排的结果).

    Attributes:
        last: The step that it stands on; None if there is none.
        standing: Step → the line of ``ledger_steps`` that stands for it.
        refused: Lines of events that went over a step that must not be gone over.
    """

    last: Told | None
    standing: dict[str, int]
    refused: frozenset[int]


def told_steps(connection: Connection, zone: str, book: str, row: int, first: str) -> list[Told]:
    """All steps of a row in the order in which they happened (按发生先后).

    Args:
        connection: In a transaction.
        zone: Whose.
        book: Of the row.
        row: Its number.
        first: The step with which rows of the book begin.
    """
    steps, events = tables.steps, tables.events
    wanted = (
        select(steps, step_times.c.happened_at, step_times.c.event, events.c.source, events.c.event.label("event_id"))
        .outerjoin(step_times, step_times.c.step == steps.c.id)
        .outerjoin(events, events.c.id == step_times.c.event)
        .where(steps.c.zone == zone, steps.c.book == book, steps.c.row == row)
        .order_by(steps.c.id)
    )
    found, by_people = [], _BEGINNING
    for line in connection.execute(wanted):
        if line.happened_at is not None:
            at = line.happened_at
        elif line.before is None and line.step == first:
            at = _BEGINNING
        else:
            by_people = max(by_people, min(line.recorded_at, _end_of(line.on)))
            at = by_people
        found.append(
            Told(line.id, line.step, line.on, line.reason, at, line.source or "", line.event_id or "", line.event, line.undone_at is None)
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.at, one.source, one.event, one.id))


def fold(steps: Sequence[StepSpec], told: Sequence[Told]) -> Folded:
    """Goes through the steps in order (走一遍): a pure function of what was told, not of when it came.

    The same step told again moves nothing; a step that goes over one that must not be gone over waits until that one is told.
    """
    known = {step.id: step for step in steps}
    last: Told | None = None
    standing: dict[str, int] = {}
    refused: set[int] = set()
    for one in told:
        spec = known.get(one.step)
        if spec is None or (last is not None and last.step == one.step):
            continue
        move = way(steps, last.step if last else None, spec, list(standing))
        if move.refused is not None and one.event_number is not None:
            refused.add(one.id)
            continue
        for gone in undone(steps, list(standing), spec):
            standing.pop(gone)
        standing.setdefault(one.step, one.id)
        last = one
    return Folded(last, standing, frozenset(refused))


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), CHINA_TIME) - timedelta(microseconds=1)
