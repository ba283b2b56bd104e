"""Ranking cases: the better company stands above the worse one, and for the reason the case names."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from matcher.engine import Engine
from matcher.intake import from_profiles
from matcher.rules import zone_ids
from matcher.runs import Request

FILES = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(Path(__file__).parent.glob("cases/traps*.yaml"))]
CASES: list[tuple[str, dict[str, Any]]] = [(file["zone"], case) for file in FILES for case in file["cases"]]
FOUNDED = "2009-01-01"


@cache
def engine_of(zone: str) -> Engine:
    """One engine a zone, for all of its cases."""
    return Engine(zone, processes=1)


def test_every_zone_has_cases() -> None:
    assert {zone for zone, _ in CASES} == set(zone_ids())


@pytest.mark.slow
@pytest.mark.parametrize(("zone", "case"), CASES, ids=[case["trap"] for _, case in CASES])
def test_better_stands_above_worse(zone: str, case: dict[str, Any]) -> None:
    engine = engine_of(zone)
    profiles = [{"founded_date": FOUNDED, **case["worse"]}, {"founded_date": FOUNDED, **case["better"]}]
    intake = from_profiles([{**profile, "founded_date": str(profile["founded_date"])} for profile in profiles], engine.corpora)
    ranking = engine.rank(intake, Request(as_of=date(2026, 11, 1), chains=(case["chain"],)))
    assert ranking.results, f"nobody is listed: {ranking.vetoed}"
    assert ranking.results[0].name == case["better"]["name"], [
        (r.name, r.score, r.segment, r.matched_terms) for r in ranking.results
    ]
