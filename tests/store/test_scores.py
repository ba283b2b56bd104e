"""Kept scores on both databases: as they were given, for a time, and never more than there is room for."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.errors import RunDiffersError
from matcher.store.database import Store, open_store
from matcher.store.rulesets import rulesets_in_use
from matcher.store.scores import Bounds, load_scores, save_scores
from tests.store import children

DAY = datetime(2024, 8, 27, tzinfo=UTC)
PROFILES = [{"name": "某某有限公司", "经营范围": "玩具"}, 3, None]
WIDE = Bounds()


def test_profiles_are_kept_as_they_were_given(store: Store) -> None:
    run = children.a_run(1)
    made = save_scores(store, run, "a" * 64, PROFILES, bounds=WIDE, at=DAY)
    assert made == load_scores(store, run.id, bounds=WIDE, at=DAY)
    assert (made.profiles, made.results, made.run.request) == (PROFILES, "a" * 64, run.request)
    assert run.ruleset in rulesets_in_use(store)
    later = save_scores(store, run, "a" * 64, PROFILES, bounds=WIDE, at=DAY + timedelta(days=3))
    assert later.until(WIDE) == DAY + timedelta(days=WIDE.days + 3)
    with pytest.raises(RunDiffersError):
        save_scores(store, run, "b" * 64, PROFILES, bounds=WIDE, at=DAY)
    assert load_scores(store, children.a_run(2).id, bounds=WIDE) is None


def test_their_time_ends(store: Store) -> None:
    bounds, run = Bounds(days=2), children.a_run(1)
    save_scores(store, run, "a" * 64, PROFILES, bounds=bounds, at=DAY)
    assert load_scores(store, run.id, bounds=bounds, at=DAY + timedelta(days=2, seconds=-1)) is not None
    assert load_scores(store, run.id, bounds=bounds, at=DAY + timedelta(days=2)) is None


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 3)), min_size=1, max_size=14), st.integers(1, 4))
def test_the_latest_stay(asked: list[tuple[int, int]], most: int) -> None:
    bounds, kept, now = Bounds(days=5, most=most), dict[int, datetime](), DAY
    with tempfile.TemporaryDirectory() as folder, open_store(f"sqlite:///{Path(folder) / 'ledger.db'}") as store:
        for number, days in asked:
            now += timedelta(days=days, seconds=1)
            save_scores(store, children.a_run(number), "a" * 64, [number], bounds=bounds, at=now)
            kept[number] = now
            living = [one for one in kept if kept[one] > now - timedelta(days=5)]
            kept = {one: kept[one] for one in sorted(living, key=kept.__getitem__)[-most:]}
            there = {n for n in range(8) if load_scores(store, children.a_run(n).id, bounds=bounds, at=now) is not None}
            assert there == set(kept)


def test_what_is_too_large_for_the_room_drives_out_the_others_and_stays_itself(store: Store) -> None:
    bounds = Bounds(bytes_=20)
    for number in range(3):
        save_scores(store, children.a_run(number), "a" * 64, [number] * 1000, bounds=bounds, at=DAY + timedelta(hours=number))
    there = [load_scores(store, children.a_run(number).id, bounds=bounds, at=DAY) is not None for number in range(3)]
    assert there == [False, False, True]
