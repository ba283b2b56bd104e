"""How far a row has come (走到哪里): steps are gone through from there, so an event in order costs the same however long the past.

``events_folding.fold`` is a pure function of all steps of a row in order, and of what came before a step it needs little: where the row
stood, which milestones, and who spoke first. That is kept of the older steps (``Past``), beside the newest few as they are; an event
later than the older steps is put among the newest. One that is earlier, which is rare, has all steps read again. Whatever a person does
to the steps of a row takes out what was kept (``Entry``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from matcher.ledger.event_tables import courses
from matcher.ledger.events_folding import Folded, Moves, Place, Told, fold, told_with

NEWEST = 16
"""Steps that are kept as they are (留原样的步数): events that come late by fewer than these need nothing read again."""


@dataclass(frozen=True)
class Past:
    """What the older steps of a row come to (以前各步的结果).

    Attributes:
        until: The place of the latest of them; None if there are none.
        folded: Where the row stood after them; refusals are left out, for nothing that comes later undoes them.
        lines: Those of them that may still matter, in order: that stood, the last, the first contact.
    """

    until: Place | None = None
    folded: Folded = field(default_factory=lambda: Folded(None, {}, {}))
    lines: tuple[Told, ...] = ()


@dataclass(frozen=True)
class Course:
    """The steps of a row (走过的路).

    Attributes:
        past: What the older ones come to.
        newest: The later ones, in order; all of them if nothing was kept.
    """

    past: Past
    newest: tuple[Told, ...]

    @property
    def lines(self) -> tuple[Told, ...]:
        """Every step that may still matter, in order (还有关系的各步)."""
        return (*self.past.lines, *self.newest)

    def takes(self, place: Sequence[Any]) -> bool:
        """Whether a step is later than the older ones (是否在后): its place, or as much of it as is known."""
        return self.past.until is None or tuple(place) > self.past.until[: len(place)]

    def told(self, one: Told) -> Course:
        """The same with one more step, which it must take (报来一步)."""
        return replace(self, newest=told_with(self.newest, one))

    def without(self, lines: Collection[int]) -> Course:
        """The same without lines of refused events (去掉几步); among the older steps these left nothing."""
        return replace(self, newest=tuple(one for one in self.newest if one.id not in lines))

    def marked(self, marks: Mapping[int, Mapping[str, Any]]) -> Course:
        """The same with other marks (标记): line → those fields of ``Told`` that are others."""

        def of(lines: Iterable[Told]) -> tuple[Told, ...]:
            return tuple(replace(one, **marks[one.id]) if one.id in marks else one for one in lines)

        return Course(replace(self.past, lines=of(self.past.lines)), of(self.newest))

    def folded(self, moves: Moves) -> Folded:
        """Where the row stands after all its steps (走完)."""
        return fold(moves, self.newest, self.past.folded)

    def shortened(self, moves: Moves, spoken: Collection[str], most: int = NEWEST) -> Course:
        """The same with no more than some newest steps (收短); its marks must be those of the fold.

        Args:
            moves: Of the book.
            spoken: Steps at which somebody has spoken with the company.
            most: So many.
        """
        older = self.newest[: len(self.newest) - most]
        if not older:
            return self
        folded = fold(moves, older, self.past.folded)
        lines = (*self.past.lines, *older)
        spoke, call = first_contact(lines, spoken, folded.refused)
        wanted = {*folded.standing.values(), *(one.id for one in (folded.last, call or spoke) if one is not None)}
        past = Past(older[-1].place, replace(folded, refused={}, came={}), tuple(one for one in lines if one.id in wanted))
        return Course(past, self.newest[len(older) :])


def first_contact(told: Iterable[Told], spoken: Collection[str], refused: Collection[int]) -> tuple[Told | None, Told | None]:
    """A step at which somebody spoke with the company, and the earliest of those that events told (首谈); None where there is none.

    Args:
        told: Steps in order.
        spoken: Ids of steps that come of speaking.
        refused: Lines that do not count.
    """
    spoke = [one for one in told if one.step in spoken and one.id not in refused]
    calls = [one for one in spoke if one.event_number is not None]
    return next(iter(spoke), None), min(calls, key=lambda one: (one.on, one.at, one.source, one.event), default=None)


def kept_courses(connection: Connection, book: str, rows: Sequence[int], rules: str) -> dict[int, Course]:
    """How far some rows have come, as far as it was kept under the same rules (留着的走法).

    Args:
        connection: In a transaction.
        book: Of the rows.
        rows: Their numbers.
        rules: ``Moves.digest``.
    """
    wanted = select(courses.c.row, courses.c.kept).where(
        courses.c.book == book, courses.c.row.in_(rows), courses.c.rules == rules
    )  # fmt: skip
    return {line.row: _course(line.kept) for line in connection.execute(wanted)}


def as_kept(course: Course) -> dict[str, Any]:
    """How it is kept (留存的样子)."""
    until, folded = course.past.until, course.past.folded
    return {
        "until": None if until is None else [until[0].isoformat(), *until[1:]],
        "last": None if folded.last is None else folded.last.id,
        "standing": list(folded.standing.items()),
        "lines": [_plain(one) for one in course.past.lines],
        "newest": [_plain(one) for one in course.newest],
    }


def _course(kept: Mapping[str, Any]) -> Course:
    lines, until = tuple(_told(*one) for one in kept["lines"]), kept["until"]
    last = next((one for one in lines if one.id == kept["last"]), None)
    folded = Folded(last, dict(kept["standing"]), {})
    place = None if until is None else (datetime.fromisoformat(until[0]), *until[1:])
    return Course(Past(place, folded, lines), tuple(_told(*one) for one in kept["newest"]))


def _plain(one: Told) -> list[Any]:
    return [
        one.id, one.step, one.on.isoformat(), one.reason, one.at.isoformat(), one.source, one.event, one.by, one.event_number,
        one.stands, one.waits, one.came,
    ]  # fmt: skip


def _told(id_: int, step: str, on: str, reason: str | None, at: str, *others: Any) -> Told:
    return Told(id_, step, date.fromisoformat(on), reason, datetime.fromisoformat(at), *others)
