"""How good the lists are, by judgements made by reading (名单质量): NDCG@20 and precision at 20 of each chain's list.

``rules/<zone>/judgements.csv`` holds company × chain with a grade: 3 a visit that must be made, 2 worth a visit, 1 marginal,
0 none. Half of it (``held``) is set aside: rules and words are tuned on the other half (``dev``). Each chain's judged companies are ranked
by themselves; a company off the list has no place; one that folds under another of its family counts nowhere.

    LIANZHAO_DATA=folder make bench      on the registry rows that the judgements were made from
    tests/test_judgements.py             on the bundled sample
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from matcher.engine import Engine
from matcher.intake import Intake, read_files
from matcher.rules.judgements import read_judgements
from matcher.tuning.quality import Gauge, K, Quality

FILES = {"liaocheng-resort": "registry_trip_cities.csv.gz", "zhuhai-jinwan": "registry_sample_80k.csv.gz"}
"""Zone → the registry file that its judged companies were read in."""
AS_OF = date(2026, 11, 24)


def measure(engine: Engine, intake: Intake, halves: Sequence[str]) -> list[Quality]:
    """Quality of each chain's list of its judged companies."""
    return Gauge(engine, intake, read_judgements(engine.zone.id, halves=halves), AS_OF).measure()


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
    halves = {"开发半": ("dev",), "留出半": ("held",)} if "--held" in sys.argv else {"开发半": ("dev",)}
    folder = os.environ.get("LIANZHAO_DATA")
    for zone, name in FILES.items():
        engine = Engine(zone)
        files = [engine.corpora.sample]
        if folder and (Path(folder) / name).is_file():
            files.append(Path(folder) / name)
        for file in files:
            intake = read_files([file], engine.corpora)
            for title, chosen in halves.items():
                table(measure(engine, intake, chosen), f"名单质量，{zone}，{Path(file).name}，{title}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
