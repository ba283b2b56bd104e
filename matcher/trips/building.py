"""From a request to a problem (立题): hours in slots, places in nodes, appointments checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import cast

from matcher.engine import Engine
from matcher.errors import InputError, OptionError
from matcher.places import Gazetteer, Point, short
from matcher.rules.trips import TripRules
from matcher.trips.candidates import Candidate, Candidates
from matcher.trips.problem import SLOT, Problem, Shape, Spot
from matcher.trips.request import Appointment, TripRequest
from matcher.trips.tables import is_time
from matcher.trips.ways import Ways
from matcher.types import Need

THEME: Need = "none"  # what fills as those outside the chains do: chambers, parks
MOST_DAYS, MOST_TEAMS, MOST_A_DAY = 14, 12, 12
"""What a trip is at most (行程的上限)."""


@dataclass(frozen=True)
class Built:
    """A problem and what its numbers stand for (立好的题).

    Attributes:
        candidates: Of each spot.
        ways: Of the nodes.
        cities: Of each city number.
    """

    problem: Problem
    candidates: tuple[Candidate, ...]
    ways: Ways
    cities: tuple[str, ...]


def slot_of(time: str) -> int:
    """The slot of a time of day (时刻所在的格)."""
    hour, minute = time.split(":")
    return (int(hour) * 60 + int(minute)) // SLOT


def check(request: TripRequest) -> None:
    """Raises what is wrong with a request before anything is read (检查请求).

    Raises:
        OptionError: A number is out of bounds, or hours are none.
    """
    for name, field, most in (
        ("天数", "days", MOST_DAYS),
        ("队数", "teams", MOST_TEAMS),
        ("每天家数", "per_day", MOST_A_DAY),
    ):
        value = getattr(request, field)
        if value is not None and not 1 <= value <= most:
            raise OptionError(f"{name}应为 1 到 {most}，写的是 {value}", field=field)
    if request.visit is not None and (request.visit % SLOT or not 10 <= request.visit <= 240):
        raise OptionError(f"一次拜访应为 10 到 240 分钟、{SLOT} 的倍数，写的是 {request.visit}", field="visit")
    if not request.cities and not request.anywhere:
        raise OptionError("去哪些城市？按次序写明，或选全国都行、由程序定", field="cities")
    windows(request.hours)


def windows(hours: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Office hours in slots (办公时间).

    Raises:
        OptionError: They are no one or two spans one after the other.
    """
    found = []
    for span in hours:
        opens, dash, closes = span.partition("-")
        if not (dash and is_time(opens) and is_time(closes)) or slot_of(opens) >= slot_of(closes):
            raise OptionError(f"办公时间应写成 09:00-12:00，分钟是 {SLOT} 的倍数，写的是 {span[:20]!r}", field="hours")
        found.append((slot_of(opens), slot_of(closes)))
    if len(found) > 2 or any(late[0] < early[1] for early, late in pairwise(found)):
        raise OptionError(f"办公时间至多上午、下午两段，先后不重叠，写的是 {'，'.join(hours)}", field="hours")
    return tuple(found)


def shape(request: TripRequest, rules: TripRules) -> Shape:
    """What a day allows (一天的安排).

    Raises:
        OptionError: A visit does not fit into the hours, or lunch not between them.
    """
    day = rules.day
    spans = windows(request.hours or day.hours)
    visit = (request.visit or day.visit) // SLOT
    if all(closes - opens < visit for opens, closes in spans):
        raise OptionError(f"一次拜访 {visit * SLOT} 分钟，比办公时间的哪一段都长", field="visit")
    lunch = -(-day.lunch // SLOT) if len(spans) > 1 else 0
    if lunch > (spans[-1][0] - spans[0][1] if len(spans) > 1 else 0) + 2:
        lunch = spans[-1][0] - spans[0][1] + 2  # office hours leave no more
    return Shape(
        windows=spans, lunch=lunch, leave=slot_of(day.leave), check_in=slot_of(day.check_in), home=slot_of(day.home),
        eve=slot_of(day.eve) if request.eve else None, visit=visit, per_day=request.per_day or day.per_day,
    )  # fmt: skip


def build(engine: Engine, request: TripRequest, rules: TripRules, found: Candidates) -> Built:
    """The problem of a request (立题).

    Args:
        engine: Of the zone.
        request: The trip.
        rules: Defaults.
        found: Who could be visited.

    Raises:
        InputError: A row of the user's tables cannot be kept.
        OptionError: Options do not fit together.
    """
    place, gazetteer = engine.zone.file.place, Gazetteer(engine.corpora)
    home = Point(short(place.city), "", place.longitude, place.latitude)
    seats = [point for point in (gazetteer.point(city) for city in found.cities) if point is not None]
    spots_at = sorted({one.point for one in found.those}, key=lambda p: (found.cities.index(p.city), p.county))
    points = [home, *seats, *spots_at]
    node = {point: len(seats) + 1 + number for number, point in enumerate(spots_at)}
    rank = {number: found.cities.index(point.city) if number else -1 for number, point in enumerate(points)}
    ordered = bool(request.cities) and not request.anywhere and len(found.cities) > 1
    ways = Ways(rules.travel, points, engine.zone.file.name, request.ways)
    day_shape = shape(request, rules)
    order = engine.zone.scoring.order
    buckets = list(dict.fromkeys(one.bucket for one in found.those))
    chains = list(dict.fromkeys(one.chain for one in found.those))
    families = list(dict.fromkeys(one.family for one in found.those))
    needs = {(segment.chain, segment.id): cast(Need, segment.need) for segment in engine.zone.segments}
    keys = {one.id: number for number, one in enumerate(sorted(found.those, key=lambda one: one.id))}
    spots = []
    for one in found.those:
        day, start, length = _appointed(one.appointment, request, day_shape)
        spots.append(
            Spot(
                node=node[one.point],
                prize=one.score * one.chance,
                bucket=buckets.index(one.bucket),
                chain=chains.index(one.chain),
                key=keys[one.id],
                family=families.index(one.family),
                must=one.must,
                day=day,
                start=start,
                length=length,
            )
        )
    problem = Problem(
        spots=tuple(spots), ways=ways.slots(range(1, len(seats) + 1), rank if ordered else None),
        bases=tuple(range(1, len(seats) + 1)), city=tuple(rank[number] for number in range(len(points))), shape=day_shape,
        days=request.days, teams=request.teams, fills=tuple(tuple(order.fill[needs.get(bucket, THEME)]) for bucket in buckets),
        chain_step=order.chain_fill.step, chain_least=order.chain_fill.least, ordered=ordered, stay=request.stay,
    )  # fmt: skip
    _check_overlaps(problem, found.those)
    return Built(problem, found.those, ways, found.cities)


def _appointed(told: Appointment | None, request: TripRequest, day_shape: Shape) -> tuple[int | None, int, int]:
    """Day, slot and length of an appointment; a day of None where it has no time."""
    if told is None:
        return None, 0, 0
    length = -(-told.minutes // SLOT) if told.minutes else day_shape.visit
    if told.day is None:
        if told.minutes:
            raise _appointment_error(told, "没有日期和时间的约定，不能另定时长", "分钟")
        return None, 0, 0
    day, start = (told.day - request.start).days, slot_of(told.time)
    if not 0 <= day < request.days:
        last = request.start + timedelta(days=request.days - 1)
        raise _appointment_error(told, f"{told.day} 不在行程的日期里（{request.start} 至 {last}）", "日期")
    if not any(opens <= start and start + length <= closes for opens, closes in day_shape.windows):
        hours = "，".join(f"{_time(opens)}-{_time(closes)}" for opens, closes in day_shape.windows)
        raise _appointment_error(told, f"{told.time} 起 {length * SLOT} 分钟，不在办公时间里（{hours}）", "时间")
    return day, start, length


def _appointment_error(told: Appointment, problem: str, field: str) -> InputError | OptionError:
    if told.source.file:
        return InputError(told.source.file, f"{told.who}：{problem}", row=told.source.row, field=field)
    return OptionError(f"约定 {told.who}：{problem}")


def _check_overlaps(problem: Problem, candidates: Sequence[Candidate]) -> None:
    """No more appointments at one time than there are teams."""
    timed = [number for number, spot in enumerate(problem.spots) if spot.day is not None]
    for number in timed:
        spot = problem.spots[number]
        same = [
            other
            for other in timed
            if problem.spots[other].day == spot.day
            and problem.spots[other].start <= spot.start < problem.spots[other].start + problem.spots[other].length
        ]
        told = candidates[number].appointment
        if len(same) > problem.teams and told is not None:
            names = "、".join(candidates[other].name for other in same if other != number)
            raise _appointment_error(told, f"与 {names} 的约定时间重叠，只有 {problem.teams} 队", "时间")


def _time(slot: int) -> str:
    return f"{slot * SLOT // 60:02d}:{slot * SLOT % 60:02d}"
