"""A plan as people read it (行程计划): plain dataclasses, the shape of the JSON."""

from __future__ import annotations

from dataclasses import dataclass

from matcher.trips.request import TripRequest
from matcher.types import RankedCompany, Run


@dataclass(frozen=True)
class PlannedLeg:
    """A way (一段路).

    Attributes:
        mode: ``road``, ``rail`` or ``table``.
        estimated: Unless it is the user's.
        within: How a way within a city was estimated: ``town`` from coordinates, ``district`` as both ends are in one district,
            ``unknown`` as nobody knows in which; empty between cities, and by the user's table.
    """

    start: str
    end: str
    mode: str
    km: float
    minutes: int
    estimated: bool
    leaves: str
    arrives: str
    within: str = ""


@dataclass(frozen=True)
class Alternate:
    """Whom to call on instead (备选)."""

    id: str
    name: str
    county: str
    score: float
    near: bool
    reason: str


@dataclass(frozen=True)
class Profile:
    """What the file says of a company (企业资料), for the visit sheet; None where it says nothing."""

    address: str
    founded: str | None
    capital: float | None
    paid_capital: float | None
    insured: int | None
    business_scope: str


@dataclass(frozen=True)
class PlannedVisit:
    """A visit (一次拜访).

    Attributes:
        id: Credit code, else the name.
        state: ``pending``, ``agreed``.
        begins, ends: As 09:00.
        score, chance: Their product is the prize.
        value: What the visit adds to the trip's worth among all its visits; the values' sum is the trip's worth.
        way: From the place before.
        doubts: What to look into.
        questions: What to ask, the first thing first, then what the file does not say.
        result: The line of the list; None for a chamber or park.
    """

    id: str
    name: str
    kind: str
    city: str
    county: str
    state: str
    must: bool
    begins: str
    ends: str
    score: float
    chance: float
    value: float
    way: PlannedLeg
    alternates: tuple[Alternate, ...]
    doubts: tuple[str, ...]
    questions: tuple[str, ...]
    members: int | None = None
    profile: Profile | None = None
    result: RankedCompany | None = None


@dataclass(frozen=True)
class PlannedDay:
    """A team's day (一天): where it gets up, whom it sees, the way to where it sleeps."""

    date: str
    start: str
    visits: tuple[PlannedVisit, ...]
    way_back: PlannedLeg
    sleeps: str


@dataclass(frozen=True)
class TeamTrip:
    """A team's trip (一队的行程); ``eve`` is the way on the afternoon before, if it leaves then."""

    team: int
    eve: PlannedLeg | None
    days: tuple[PlannedDay, ...]
    way_home: PlannedLeg | None


@dataclass(frozen=True)
class Dropped:
    """Somebody with a good prize who is not visited (没有排上的)."""

    id: str
    name: str
    city: str
    county: str
    score: float
    prize: float
    reason: str


@dataclass(frozen=True)
class MustPrice:
    """What it costs that somebody must be visited (必访的代价): points that a plan without the demand is worth more.

    Attributes:
        cut: There was no time to look to the end: it may cost more.
    """

    id: str
    name: str
    price: float
    visited_anyway: bool
    cut: bool = False


@dataclass(frozen=True)
class OtherDays:
    """The best plan with a day more or less (多一天、少一天); without cities if what must be done cannot be done in so many days.

    Attributes:
        cut: There was no time to look to the end: it may be worth more; without cities, it may be possible after all.
    """

    days: int
    value: float
    change: float
    visits: int
    cities: tuple[str, ...]
    cut: bool = False


@dataclass(frozen=True)
class TripPlan:
    """A trip plan (行程计划).

    Attributes:
        id: Digest of all that it follows from.
        request: What was asked, so that the plan can be made again.
        run: The ranking's record.
        value: The worth of all visits together, in points.
        bound: No plan of this request among these candidates is worth more.
        gap: How far the plan may be from the best, as a share of the bound.
        bound_says: How the bound came about.
        complete: Not cut short by the clock: the same request gives the same plan anywhere.
        candidates: How many took part.
        changes: What is other than in the plan before, of a plan made again (重排).
        kept_price: What it costs that the rest has stayed as it was, in points; None of a first plan, and where there was
            no time to find out.
    """

    id: str
    zone: str
    zone_name: str
    start: str
    days: int
    cities: tuple[str, ...]
    ordered: bool
    request: TripRequest
    run: Run
    value: float
    bound: float
    gap: float
    bound_says: str
    complete: bool
    visits: int
    candidates: int
    considered: int
    teams: tuple[TeamTrip, ...]
    dropped: tuple[Dropped, ...]
    refused: tuple[tuple[str, str], ...]
    must_prices: tuple[MustPrice, ...]
    other_days: tuple[OtherDays, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    changes: tuple[str, ...] = ()
    kept_price: float | None = None


def clock(slot: int) -> str:
    """A slot as a time of day (时刻)."""
    return f"{slot * 5 // 60:02d}:{slot * 5 % 60:02d}"
