"""What became of the recommended companies since last week (推荐名单的变化), as reports tell it; rankings are compared above this room."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """A company that is new on the list, or gone from it (一家的变化).

    Attributes:
        place_before: Its place in the run before; None if it had none.
        place_now: Its place in the run of this week.
        why: In one sentence.
    """

    entered: bool
    uscc: str
    name: str
    city: str
    place_before: int | None
    place_now: int | None
    why: str


@dataclass(frozen=True)
class Recommended:
    """Two runs compared (两批对比).

    Attributes:
        before: Id of the run before the week.
        now: Id of the last run of the week.
        problem: Why they could not be compared, in Chinese; empty if they were.
    """

    before: str
    now: str
    entered: tuple[Change, ...] = ()
    left: tuple[Change, ...] = ()
    problem: str = ""
