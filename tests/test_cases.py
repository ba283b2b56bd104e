"""Ranking cases: the better company stands above the worse one, and for the reason the case names."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from matcher.engine import Engine
from matcher.intake import from_profiles
from matcher.runs import Request

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).parent.joinpath("cases/traps.yaml").read_text(encoding="utf-8"))[
    "cases"
]
FOUNDED = "2009-01-01"


@pytest.mark.parametrize("case", CASES, ids=[case["trap"] for case in CASES])
def test_better_stands_above_worse(engine: Engine, case: dict[str, Any]) -> None:
    profiles = [{"founded_date": FOUNDED, **case["worse"]}, {"founded_date": FOUNDED, **case["better"]}]
    intake = from_profiles([{**profile, "founded_date": str(profile["founded_date"])} for profile in profiles], engine.corpora)
    ranking = engine.rank(intake, Request(as_of=date(2026, 11, 1), chains=(case["chain"],)))
    assert ranking.results, f"nobody is listed: {ranking.vetoed}"
    assert ranking.results[0].name == case["better"]["name"], [
        (r.name, r.score, r.segment, r.matched_terms) for r in ranking.results
    ]
