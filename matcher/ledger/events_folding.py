"""Steps in the order in which they happened (按发生先后重排步骤): where a row stands after all that was told, in whatever order it came."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, case, select

from matcher.ledger import tables
from matcher.ledger.event_tables import step_times
from matcher.ledger.setting import Setting
from matcher.ledger.stepping import SAID, undone, way
from matcher.runs import CHINA_TIME

_FOLD = 2  # another where ``fold`` comes to something else: what was kept of the old one is not gone on from
BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
"""Before everything (最早)."""
Place = tuple[datetime, str, str, int]
"""A place among the steps of a row (次序): when, sender and event, number of the line."""


@dataclass(frozen=True)
class Told:
    """A step that a row was told to have made (报来的一步).

    Attributes:
        at: When it was so: of an event its time; of a person the end of the day that was written, or the moment of writing if that is
            earlier, and never before what persons wrote earlier. The first step that a row begins with is older than everything.
        source, event: Of an event; empty of a person.
        by: Who entered it: a person, or the key that sent the event.
        event_number: Number of the event, None of a person.
        stands: It is marked as standing now.
        waits: The event is marked as refused: a step that must not be gone over was not told yet, or the reason that the move needs.
        came: The step that it is marked to come from, None of the first; its own if it moves nothing: told again, or waiting.
    """

    id: int
    step: str
    on: date
    reason: str | None
    at: datetime
    source: str
    event: str
    by: str
    event_number: int | None
    stands: bool
    waits: bool = False
    came: str | None = None

    @property
    def place(self) -> Place:
        """Its place among the steps of its row (次序)."""
        return self.at, self.source, self.event, self.id


@dataclass(frozen=True)
class Folded:
    """Where a row stands after all its steps (重排的结果).

    Attributes:
        last: The step that it stands on; None if there is none.
        standing: Step → the line of ``ledger_steps`` that stands for it.
        refused: Lines of events that cannot be entered after what was told before them → why, in Chinese.
        came: Lines that were gone through → the step that each comes from, as ``Told.came``.
    """

    last: Told | None
    standing: dict[str, int]
    refused: dict[int, str]
    came: dict[int, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Moved:
    """What a move comes to (一步的走法).

    Attributes:
        over: Why it is not allowed, for it goes over what must not be gone over; empty if it is.
        unreasoned: Why it is not allowed without a reason; empty if it needs none.
        gone: The milestones that it takes away.
    """

    over: str
    unreasoned: str
    gone: tuple[str, ...]


class Moves:
    """Which moves are allowed and what they take away (走法): each is worked out once, for rows make the same few moves again and again.

    Args:
        setting: The zone's rules.
        book: Whose steps.

    Attributes:
        digest: Of the steps; it changes where ``fold`` may come to something else.
    """

    def __init__(self, setting: Setting, book: str) -> None:
        self._steps = setting.steps(book)
        self._known = {step.id: step for step in self._steps}
        self._found: dict[tuple[str | None, str, tuple[str, ...]], Moved] = {}
        told = [_FOLD, *(step.model_dump(mode="json") for step in self._steps)]
        self.digest = hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()[:16]

    def of(self, before: str | None, after: str, standing: tuple[str, ...]) -> Moved | None:
        """What a move comes to (走这一步).

        Returns:
            None if the rules know no such step.
        """
        key = (before, after, standing)
        if key not in self._found:
            spec = self._known.get(after)
            if spec is None:
                return None
            move = way(self._steps, before, spec, standing)
            over = f"到{spec.name}不能越过前面的一步；那一步报来以后自动生效" if move.refused is not None else ""
            skipped = "、".join(self._known[step].name for step in move.skipped)
            said = SAID[move.move].format(skipped=skipped)
            needs = f"{spec.name}{said and f'（{said}）'}应写明理由（data.reason），可用原来的编号再报"
            gone = tuple(undone(self._steps, standing, spec))
            self._found[key] = Moved(over, needs if move.needs_reason(spec) else "", gone)
        return self._found[key]


def told_steps(connection: Connection, zone: str, book: str, rows: Sequence[int], first: str) -> dict[int, tuple[Told, ...]]:
    """All steps of some rows in the order in which they happened (按发生先后).

    Args:
        connection: In a transaction.
        zone: Whose.
        book: Of the rows.
        rows: Their numbers.
        first: The step with which rows of the book begin.
    """
    steps, events = tables.steps, tables.events
    wanted = (
        select(
            steps.c.id,
            steps.c.row,
            steps.c.before,
            steps.c.step,
            steps.c.on,
            steps.c.reason,
            steps.c.recorded_by,
            steps.c.undone_at.is_(None).label("stands"),
            case((step_times.c.happened_at.is_(None), steps.c.recorded_at)).label("recorded_at"),
            step_times.c.happened_at,
            step_times.c.event,
            events.c.source,
            events.c.event.label("event_id"),
            (events.c.fate == "refused").label("waits"),
        )  # only persons' lines go by when they were entered
        .outerjoin(step_times, step_times.c.step == steps.c.id)
        .outerjoin(events, events.c.id == step_times.c.event)
        .where(steps.c.zone == zone, steps.c.book == book, steps.c.row.in_(rows))
        .order_by(steps.c.row, steps.c.id)
    )
    lines = connection.execute(wanted)
    return {row: _in_order(of_row, first) for row, of_row in groupby(lines, key=lambda line: int(line.row))}


def _in_order(lines: Iterable[Any], first: str) -> tuple[Told, ...]:
    """The lines of a row, in the order in which they were entered, in that in which they happened."""
    found, by_people = [], BEGINNING
    for line in lines:
        if line.happened_at is not None:
            at = line.happened_at
        elif line.before is None and line.step == first:
            at = BEGINNING
        else:
            by_people = max(by_people, min(line.recorded_at, end_of(line.on)))
            at = by_people
        found.append(
            Told(
                line.id, line.step, line.on, line.reason, at, line.source or "", line.event_id or "", line.recorded_by,
                line.event, bool(line.stands), bool(line.waits), line.before,
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda one: one.place))


def told_with(told: tuple[Told, ...], one: Told) -> tuple[Told, ...]:
    """The same with one more, in its place (插入一步)."""
    place = bisect(told, one.place, key=lambda other: other.place)
    return (*told[:place], one, *told[place:])


def fold(moves: Moves, told: Iterable[Told], since: Folded | None = None) -> Folded:
    """Goes through the steps in order (走一遍): a pure function of what was told, not of when it came.

    The same step told again moves nothing. A step that goes over one that must not be gone over waits until that one is told; one that
    needs a reason and has none, until it is the next one after all, or is told again with its reason.

    Args:
        moves: Of the book.
        told: Steps in order.
        since: What the steps before these come to; None if there are none.

    Returns:
        Where the row stands; ``refused`` and ``came`` are of ``told`` only.
    """
    last = since.last if since else None
    standing = dict(since.standing) if since else {}
    refused: dict[int, str] = {}
    came: dict[int, str | None] = {}
    for one in told:
        came[one.id] = last.step if last else None
        if last is not None and last.step == one.step:
            continue
        move = moves.of(last.step if last else None, one.step, tuple(standing))
        if move is None:
            continue
        why = move.over or ("" if one.reason else move.unreasoned)
        if why and one.event_number is not None:
            refused[one.id], came[one.id] = why, one.step
            continue
        for step in move.gone:
            standing.pop(step)
        standing.setdefault(one.step, one.id)
        last = one
    return Folded(last, standing, refused, came)


def end_of(day: date) -> datetime:
    """The last moment of a day (一天之末)."""
    return datetime.combine(day + timedelta(days=1), time(), CHINA_TIME) - timedelta(microseconds=1)
