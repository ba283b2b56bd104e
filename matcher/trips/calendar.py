"""A plan as a calendar (日历): visits and the ways between cities, for phones; the only user of icalendar."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time, timedelta, timezone

from icalendar import Calendar, Event, Timezone, TimezoneStandard, vText

from matcher.trips.plans import PlannedLeg, PlannedVisit, TripPlan
from matcher.trips.words import state, team_title, title, way, where

_LONGEST = 60  # minutes of a way that is no entry of its own


def calendar(plan: TripPlan) -> bytes:
    """The calendar of a plan (iCalendar), the same bytes for the same plan.

    Args:
        plan: The plan.
    """
    made = Calendar()
    made.add("prodid", "-//lianzhao//trips//ZH")
    made.add("version", "2.0")
    made.add("x-wr-calname", title(plan))
    made.add_component(_china())
    for team in plan.teams:
        called = team_title(plan, team)
        if team.eve:
            _way(made, plan, date.fromisoformat(plan.start) - timedelta(days=1), team.eve, called)
        for day in team.days:
            that = date.fromisoformat(day.date)
            for visit in day.visits:
                if visit.way.minutes > _LONGEST:
                    _way(made, plan, that, visit.way, called)
                _visit(made, plan, that, visit, called)
            if day.way_back.minutes > _LONGEST:
                _way(made, plan, that, day.way_back, called)
        if team.way_home:
            _way(made, plan, date.fromisoformat(team.days[-1].date) + timedelta(days=1), team.way_home, called)
    return bytes(made.to_ical())


def _china() -> Timezone:
    zone, standard = Timezone(), TimezoneStandard()
    zone.add("tzid", "Asia/Shanghai")
    standard.add("dtstart", datetime(1991, 9, 15))
    standard.add("tzoffsetfrom", timedelta(hours=8))
    standard.add("tzoffsetto", timedelta(hours=8))
    standard.add("tzname", "CST")
    zone.add_component(standard)
    return zone


def _moment(day: date, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime.combine(
        day + timedelta(days=hour // 24), time(hour % 24, minute), timezone(timedelta(hours=8), "Asia/Shanghai")
    )


def _event(plan: TripPlan, key: str, day: date, begins: str, ends: str, summary: str) -> Event:
    event = Event()
    event.add("uid", f"{hashlib.sha256(f'{plan.id} {key}'.encode()).hexdigest()[:32]}@lianzhao")
    event.add("dtstamp", datetime.combine(date.fromisoformat(plan.start), time(), UTC))
    for name, clock in (("dtstart", begins), ("dtend", ends)):
        event.add(name, _moment(day, clock).replace(tzinfo=None), parameters={"TZID": "Asia/Shanghai"})
    event.add("summary", summary)
    return event


def _visit(made: Calendar, plan: TripPlan, day: date, visit: PlannedVisit, called: str) -> None:
    event = _event(plan, f"{day}-{visit.id}", day, visit.begins, visit.ends, f"{called}{visit.name}（{state(visit)}）")
    event.add(
        "location", vText(visit.profile.address if visit.profile and visit.profile.address else where(visit.city, visit.county))
    )
    lines = [visit.result.reason] if visit.result else []
    lines += [f"要问：{question}" for question in visit.questions[:3]]
    lines += [f"备选：{other.name}" for other in visit.alternates]
    event.add("description", "\n".join(lines))
    event.add("status", "CONFIRMED" if visit.state == "agreed" else "TENTATIVE")
    made.add_component(event)


def _way(made: Calendar, plan: TripPlan, day: date, leg: PlannedLeg, called: str) -> None:
    key = f"{day}-{called}-{leg.start}-{leg.end}"
    event = _event(plan, key, day, leg.leaves, leg.arrives, f"{called}{leg.start} → {leg.end}")
    event.add("description", way(leg) + ("；估算，以车次和导航为准" if leg.estimated else ""))
    event.add("status", "TENTATIVE")
    made.add_component(event)
