"""行程的要求: what stands in the form before anybody has written into it."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from matcher.web.trips_asked import first_day


@given(now=st.dates(date(2000, 1, 1), date(2090, 1, 1)))
def test_a_trip_begins_on_a_working_day_about_a_week_on(now: date) -> None:
    first = first_day(now)
    assert first.weekday() < 5
    assert 7 <= (first - now).days <= 9
