"""How good the lists are, by judgements made by reading (名单质量): NDCG@20 and precision at 20 of each chain's list.

``tests/cases/judgements.csv`` holds company × chain with a grade: 3 a visit that must be made, 2 worth a visit, 1 marginal, 0 none. Half
of it (``held``) is set aside: rules and words are tuned on the other half (``dev``). Each chain's judged companies are ranked
by themselves; a company off the list has no place; one that folds under another of its family counts nowhere.

    LIANZHAO_DATA=folder make bench      on the registry rows of the three cities that the judgements were made from
    tests/test_judgements.py             on the bundled sample
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from matcher.engine import Engine
from matcher.intake import Intake, read_files
from matcher.runs import Request

ZONE = "liaocheng-resort"
FILE = "registry_trip_cities.csv.gz"
JUDGEMENTS = Path(__file__).parents[1] / "cases" / "judgements.csv"
AS_OF = date(2026, 11, 24)
K = 20


@dataclass(frozen=True)
class Judgement:
    """One company × chain, graded 0 … 3."""

    chain: str
    name: str
    grade: int
    half: str


@dataclass(frozen=True)
class Quality:
    """Of one chain's list."""

    chain: str
    judged: int
    ndcg: float
    precision: float
    best: float
    """Precision that a perfect list would have."""


def judgements() -> list[Judgement]:
    """All of them."""
    with JUDGEMENTS.open(encoding="utf-8", newline="") as stream:
        return [Judgement(row["chain"], row["name"], int(row["grade"]), row["half"]) for row in csv.DictReader(stream)]


def ndcg(grades: Sequence[int], all_grades: Sequence[int], k: int = K) -> float:
    """Discounted gain of the first ``k`` over that of the best order; gain 2^grade − 1, discount log2(place + 1)."""

    def gain(listed: Sequence[int]) -> float:
        return sum((2.0**grade - 1) / np.log2(place + 2) for place, grade in enumerate(listed[:k]))

    ideal = gain(sorted(all_grades, reverse=True))
    return gain(grades) / ideal if ideal else 1.0


def measure(engine: Engine, intake: Intake, halves: Sequence[str]) -> list[Quality]:
    """Quality of each chain's list of its judged companies."""
    found = []
    place_of = {name: place for place, name in enumerate(intake.companies.text["name"])}
    for chain in engine.zone.chain_names:
        grades = {j.name: j.grade for j in judgements() if j.chain == chain and j.half in halves and j.name in place_of}
        companies = intake.companies.take(sorted(place_of[name] for name in grades))
        part = Intake(companies, intake.files, len(companies), 0, (), {}, intake.digest)
        ranking = engine.rank(part, Request(as_of=AS_OF, chains=(chain,), top=len(companies)))
        folded = {name for result in ranking.results if result.family for name in result.family.others}
        ideal = [grade for name, grade in grades.items() if name not in folded]
        listed = [grades[result.name] for result in ranking.results]
        precision = sum(grade >= 2 for grade in listed[:K]) / K
        best = min(K, sum(grade >= 2 for grade in ideal)) / K
        found.append(Quality(chain, len(grades), ndcg(listed, ideal), precision, best))
    return found


def table(qualities: Sequence[Quality], title: str) -> None:
    """Prints a line for each chain and their mean."""
    print(title)
    for quality in qualities:
        print(
            f"    {quality.chain:<20} 评判 {quality.judged:>3}　NDCG@{K} {quality.ndcg:.3f}　"
            f"P@{K} {quality.precision:.2f}（至多 {quality.best:.2f}）"
        )
    print(f"    {'平均':<18} NDCG@{K} {np.mean([quality.ndcg for quality in qualities]):.3f}")


def main() -> int:
    """Prints the quality on the bundled sample and, where it is at hand, on the registry's rows."""
    engine = Engine(ZONE)
    halves = {"开发半": ("dev",), "留出半": ("held",)} if "--held" in sys.argv else {"开发半": ("dev",)}
    files = [engine.corpora.sample]
    folder = os.environ.get("LIANZHAO_DATA")
    if folder and (Path(folder) / FILE).is_file():
        files.append(Path(folder) / FILE)
    for file in files:
        intake = read_files([file], engine.corpora)
        for title, chosen in halves.items():
            table(measure(engine, intake, chosen), f"名单质量，{Path(file).name}，{title}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
