"""Profiles taken from a cache as they are looked at are those that were taken whole, and rank alike."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from matcher.engine import Engine
from matcher.matching.profiles import OF_SEGMENTS, Profiles
from matcher.runs import Request
from matcher.snapshot import build, open_profiles
from matcher.tuning import profile_windows, value_table
from matcher.tuning.outcome import read_companies
from matcher.tuning.profile_windows import ProfileWindows
from matcher.tuning.what_if import WhatIf
from tests.tuning.trials import AS_OF, as_json


@pytest.mark.slow
def test_taken_by_parts_is_taken_whole(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = build([engine.corpora.sample], engine.corpora, tmp_path, readers={engine.zone.id: engine.reader})
    known = open_profiles(tmp_path, built.snapshot, engine.reader)
    assert known is not None
    intake = built.snapshot.intake()
    request = Request(as_of=AS_OF, top=10**6)
    whole = WhatIf(engine, read_companies(engine, intake, known=known), request)
    monkeypatch.setattr(profile_windows, "DENSE", 0)
    monkeypatch.setattr(profile_windows, "CHUNK", 37)
    monkeypatch.setattr(value_table, "CHUNK", 101)
    for wanted in (request, replace(request, cities=("青岛",))):
        trial = WhatIf(engine, read_companies(engine, intake, wanted.cities, known), wanted)
        assert "whole" not in vars(trial.reading.windows), "a trial looks at parts alone"
        assert as_json(trial.rank()) == as_json(engine.rank(intake, wanted))
        if not wanted.cities:
            assert as_json(trial.rank()) == as_json(whole.rank())

    parts, all_ = ProfileWindows(known), whole.reading.profiles
    asked = np.array([7, 3, 3, 11], dtype=np.int64)
    found, at = parts.of(asked)
    for field in fields(Profiles):
        mine, theirs = getattr(found, field.name)[at], getattr(all_, field.name)[asked]
        assert np.array_equal(mine, theirs)
        assert np.array_equal(getattr(parts.take(asked), field.name), theirs)
        if field.name not in OF_SEGMENTS:
            assert np.array_equal(getattr(parts.rows, field.name), getattr(all_, field.name))
    assert [place for part in parts.windows() for place in part] == [*range(len(all_))]
