"""``rules/trips.yaml``: how roads, days and chances are estimated for trip plans (行程规则)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from matcher.errors import RulesError
from matcher.locate import folder, shipped
from matcher.rules.source import Source

Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5][05]$")]
Span = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5][05]-([01]\d|2[0-3]):[0-5][05]$")]
Minutes = Annotated[int, Field(ge=0, le=720)]
Milli = Annotated[int, Field(ge=0, le=1000)]
Speed = Annotated[float, Field(gt=0, le=400)]
Detour = Annotated[float, Field(ge=1, le=3)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Road(_Strict):
    """By car (公路): great circle × detour ÷ speed + overhead."""

    detour: Detour
    town_kmh: Speed
    town_overhead: Minutes
    highway_kmh: Speed
    highway_overhead: Minutes


class Rail(_Strict):
    """By fast train (铁路); no nearer than ``from_km``."""

    detour: Detour
    kmh: Speed
    overhead: Minutes
    from_km: Annotated[float, Field(ge=0, le=5000)]


class Travel(_Strict):
    """How long a way takes, as long as nobody knows better (路上的估算)."""

    road: Road
    rail: Rail
    same_district: Minutes
    unknown_district: Minutes


class Day(_Strict):
    """What a day allows (一天的安排)."""

    hours: Annotated[list[Span], Field(min_length=1, max_length=2)]
    lunch: Minutes
    leave: Clock
    check_in: Clock
    home: Clock
    eve: Clock
    visit: Annotated[int, Field(ge=10, le=240, multiple_of=5)]
    per_day: Annotated[int, Field(ge=1, le=12)]


class Tracked(_Strict):
    """Thousandths of meeting whom the ledgers know, by where the row stands (台账里的把握); a step that is not listed tells nothing.

    Attributes:
        next_step: Where a next step is agreed and not past.
    """

    targets: dict[str, Milli] = {}
    projects: dict[str, Milli] = {}
    next_step: Milli | None = None


class Chance(_Strict):
    """Thousandths of meeting whoever is called on, by the state of the appointment (把握), or by what the ledgers know."""

    pending: Milli
    agreed: Milli
    ledger: Tracked = Tracked()


class Reach(_Strict):
    """Chambers and parks (商会与园区): the score that follows from how many members they reach."""

    chance: Milli
    reach: dict[Annotated[str, Field(pattern=r"^\d{1,7}$")], Annotated[float, Field(ge=0, le=100)]]

    @model_validator(mode="after")
    def _rises(self) -> Reach:
        if "0" not in self.reach:
            raise ValueError('reach 应从 "0" 写起')
        scores = [self.reach[members] for members in sorted(self.reach, key=int)]
        if any(more < less for less, more in pairwise(scores)):
            raise ValueError("reach 里会员多的，分不应更低")
        return self


class Search(_Strict):
    """How far the search goes (求解的范围)."""

    candidates: Annotated[int, Field(ge=1, le=2000)]
    cities: Annotated[int, Field(ge=1, le=40)]
    per_city: Annotated[int, Field(ge=1, le=500)]
    rounds: Annotated[int, Field(ge=1, le=500)]
    effort: Annotated[int, Field(ge=1, le=1000)]
    seconds: Annotated[int, Field(ge=1, le=3600)]


class TripRules(_Strict):
    """The whole file (行程规则)."""

    travel: Travel
    day: Day
    chance: Chance
    targets: Reach
    search: Search
    alternates: Annotated[int, Field(ge=0, le=5)]


def load_trip_rules(rules: str | Path | None = None) -> TripRules:
    """The rules of trips, checked (读入行程规则): of the rules folder in use, else those that come with the program.

    Raises:
        RulesError: The file holds mistakes.
    """
    own = folder("rules", rules) / "trips.yaml"
    source = Source(own if own.is_file() else shipped("rules") / "trips.yaml", "trips.yaml")
    found = source.load(TripRules)
    if found is None:
        raise RulesError(source.problems)
    return found
