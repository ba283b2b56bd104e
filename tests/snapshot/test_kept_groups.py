"""Names of groups kept beside the profiles are those of a plain reading, whatever snapshot came before, and so are the lists."""

from __future__ import annotations

import csv
import random
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.intake import read_files
from matcher.matching.families import FamilyFinder
from matcher.matching.group_names import GroupNames
from matcher.runs import Request
from matcher.snapshot import open_profiles
from matcher.snapshot import profiles as module
from tests.snapshot.small import built, code, unsynced

AS_OF = date(2024, 8, 27)
CITIES = ("青岛", "杭州", "")
FIELDS = ("name", "uscc", "city", "business_scope", "as_of")


def row(name: str, number: int, city: str = "青岛", as_of: str = "2024-01-01") -> dict[str, str]:
    scope = "食品生产；旅游景区管理；农产品加工；体育用品制造"
    return dict(zip(FIELDS, (name, code(number), city, scope, as_of), strict=True))


def save(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def told(groups: GroupNames) -> tuple[object, ...]:
    return (groups.place.tolist(), groups.begin.tolist(), groups.known.tolist(), [*groups.parts(np.arange(len(groups)))])


def check(home: Path, engine: Engine, files: list[Path], **how: bool) -> None:
    """What is kept after a build is what the files say, and lists by it are those of the files."""
    with unsynced():
        snapshot = built(home, engine.corpora, *(files[-1:] if how else files), readers={"z": engine.reader}, **how).snapshot
    cache = open_profiles(home, snapshot, engine.reader)
    assert cache is not None
    assert told(cache.groups) == told(FamilyFinder(snapshot.companies, engine.corpora).groups)
    intake = read_files(files, engine.corpora)
    for cities in ((), ("青岛",), ("杭州", "绍兴")):
        request = Request(as_of=AS_OF, top=50, cities=cities)
        wanted, found = engine.rank(intake, request), engine.rank(snapshot.intake(), request, cache)
        assert replace(found, run=wanted.run) == wanted


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["青岛甲乙食品有限公司"], ["青岛甲乙食品集团有限公司"]),
        (["青岛甲乙食品集团有限公司"], ["青岛丙丁旅游有限公司"]),
        (["青岛甲乙食品集团有限公司", "利群集团股份有限公司"], ["青岛甲乙食品有限公司", "青岛丙丁控股有限公司"]),
    ],
)
def test_after_a_snapshot_with_or_without_groups(
    tmp_path: Path, engine: Engine, before: list[str], after: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that were known, rows that are new, by adding and by building anew beside the earlier snapshot."""
    monkeypatch.setattr(module, "_WINDOW", 2)
    first = save(tmp_path / "a.csv", [row(name, number) for number, name in enumerate(before)])
    second = save(tmp_path / "b.csv", [row(name, 100 + number) for number, name in enumerate(after)])
    check(tmp_path / "home", engine, [first])
    check(tmp_path / "home", engine, [first, second], add=True)
    check(tmp_path / "home", engine, [second])


@pytest.mark.slow
def test_after_any_snapshot(tmp_path: Path, engine: Engine, corpora: Corpora, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(5)
    monkeypatch.setattr(module, "_WINDOW", 7)
    heads, trades = ["", "青岛", "浙江省", "杭州市"], ["", "食品", "旅游", "农业发展"]
    bearers = ["利群", "开元", "开元森泊", "甪鑫", "甪鑫淼", "𠮷野", "甲", "", "康恩贝", corpora.known_groups[0].name]
    tails = ["有限公司", "股份有限公司", "集团有限公司", "（集团）股份有限公司", "控股有限公司", "集团百惠商厦有限公司", "厂"]
    for number in range(25):
        names = ["".join(map(chance.choice, (heads, bearers, trades, tails))) for _ in range(24)]
        rows = [row(name or "甲有限公司", n, chance.choice(CITIES)) for n, name in enumerate(names)]
        later = [{**one, "as_of": "2024-02-01", "name": chance.choice([one["name"], "青岛乙丙集团有限公司"])} for one in rows[::3]]
        home = tmp_path / str(number)
        files = [save(tmp_path / f"{number}a.csv", rows[:18]), save(tmp_path / f"{number}b.csv", [*later, *rows[18:]])]
        check(home, engine, files[:1])
        check(home, engine, files, add=True)
