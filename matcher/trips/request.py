"""What a trip is asked for (行程请求): plain dataclasses, so that a command, a page and a notebook ask alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

State = Literal["pending", "agreed", "refused"]
STATE_LABELS: dict[str, str] = {"pending": "待约", "agreed": "已约", "refused": "被拒"}
"""State of an appointment → Chinese term."""
KIND_LABELS: dict[str, str] = {"company": "企业", "chamber": "商会", "association": "协会", "park": "园区", "other": "其他"}
"""Kind of whom one calls on → Chinese term."""


@dataclass(frozen=True)
class Source:
    """Where a line of the request stands (出处), for messages; empty if it was given otherwise."""

    file: str = ""
    row: int | None = None


@dataclass(frozen=True)
class Appointment:
    """The state of an appointment (约定).

    Attributes:
        who: Credit code or name.
        day, time: When, if it is agreed; ``time`` as 14:30. Agreed without a time: to be visited at any time.
        minutes: Length of the visit, if it is another.
    """

    who: str
    state: State
    day: date | None = None
    time: str = ""
    minutes: int | None = None
    source: Source = Source()


@dataclass(frozen=True)
class Target:
    """Somebody to call on who is in no company register (登记之外的对象): a chamber, an association, a park.

    Attributes:
        kind: As in ``KIND_LABELS``.
        members: Whom one reaches through it; gives the score where none is given.
        score: 0 to 100.
    """

    name: str
    kind: str
    city: str
    county: str = ""
    address: str = ""
    members: int | None = None
    score: float | None = None
    source: Source = Source()


@dataclass(frozen=True)
class Way:
    """A line of the user's table of ways (路程表的一行): minutes from one place to another, and back unless that is given too."""

    start: str
    end: str
    minutes: int
    source: Source = Source()


@dataclass(frozen=True)
class TripRequest:
    """A trip (行程请求); what is None follows ``rules/trips.yaml``.

    Attributes:
        start: The first day of visits.
        days: Days of visits.
        cities: In their order; empty: anywhere.
        anywhere: Cities in any order, and only those that pay.
        teams: How many go at once.
        per_day: Visits of a team on a day, at most.
        hours: Office hours, one or two spans such as 09:00-12:00.
        visit: Minutes of a visit.
        must, must_not: Credit codes or names.
        appointments: Their states.
        targets: Chambers, parks and the like.
        ways: The user's table of ways; empty: ways are estimated.
        eve: The team may leave on the afternoon before.
        stay: A night in the last city, home the day after.
        chains, group, need: As of a ranking.
        candidates: How many of the list take part.
        seconds: The fuse.
        explain: Prices of the must-visits, and a day more or less, which are plans of their own.
    """

    start: date
    days: int
    cities: tuple[str, ...] = ()
    anywhere: bool = False
    teams: int = 1
    per_day: int | None = None
    hours: tuple[str, ...] = ()
    visit: int | None = None
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    appointments: tuple[Appointment, ...] = ()
    targets: tuple[Target, ...] = ()
    ways: tuple[Way, ...] = ()
    eve: bool = True
    stay: bool = False
    chains: tuple[str, ...] = ()
    group: str | None = None
    need: str | None = None
    candidates: int | None = None
    seconds: int | None = None
    explain: bool = True
