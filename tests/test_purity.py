"""Proves that a company's result depends on that company alone: same bytes in any file, order, company, chunk and process."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher import engine as engine_module
from matcher.corpora import open_corpora
from matcher.engine import Engine
from matcher.intake import from_profiles, read_files
from matcher.matching import profiles as profiles_module
from matcher.matching.profiles import ProfileReader
from matcher.runs import Request
from matcher.types import RankedCompany, Ranking

pytestmark = pytest.mark.slow

AS_OF = date(2024, 9, 12)
WHOLE = Request(as_of=AS_OF, top=1_000_000)
_OF_THE_LIST = (
    "rank",
    "row",
    "order_value",
    "segment_place",
    "chain_place",
    "family",
    "notes",
)  # a place among others, and in a file

MADE_UP: list[dict[str, str]] = [
    {"name": "甲县虚构农业机械有限公司", "business_scope": "农业机械制造、销售；货物进出口", "reg_capital_raw": "5000万人民币"},
    {"name": "甲縣虛構飼料有限公司", "business_scope": "飼料加工；獸藥銷售（不含生物製品）", "city": "杭州市"},
    {"name": "乙城虚构医疗器械厂", "business_scope": "生产、加工、销售：医疗器械、康复器械", "founded_date": "2001-02-03"},
    {"name": "乙城虚构养生足浴店", "business_scope": "足浴服务；保健按摩；养老服务"},
    {"name": "丙山虚构旅游开发股份有限公司", "business_scope": "旅游景区管理；酒店管理；文艺创作", "listed": "是"},
    {"name": "丙山虚构健身器材有限公司", "business_scope": "健身器才制造；体育用品及器材批发；体育赛事策划"},
    {"name": "丁港虚构玩具礼品有限公司", "business_scope": "毛绒玩具制造；玩具销售", "insured_count": "320"},
    {"name": "丁港虚构商贸有限公司", "business_scope": "日用百货、五金交电、化工产品（除危险品）"},
    {"name": "戊虚构事业", "business_scope": ""},
    {
        "name": "戊虚构食品有限公司",
        "main_products": "速冻食品、预制菜",
        "business_scope": "食品生产；食品销售",
        "industry": "食品制造业",
    },
    {"name": "己虚构（青岛）生物科技有限公司", "business_scope": "😀有机肥生产；EM菌剂研发\n1.5吨叉车租赁", "province": "山东"},
    {"name": "己虚构冷链物流有限公司", "business_scope": "冷链物流；" + "仓储服务、道路货物运输、" * 40, "status": "存续"},
]
"""Companies that exist nowhere, with texts of every kind."""


def _sample() -> list[dict[str, str]]:
    with open_corpora().sample.open(encoding="utf-8", newline="") as stream:
        return [dict(row) for row in csv.DictReader(stream)]


POOL = [*_sample(), *MADE_UP]
_LISTED = next(place for place, row in enumerate(POOL) if row["name"] == "杭州华威药业股份有限公司")
_COLUMNS = list(dict.fromkeys(key for row in POOL for key in row))
_subsets = st.lists(st.integers(0, len(POOL) - 1), min_size=1, max_size=14, unique=True)
_with_made_up = st.builds(
    lambda chosen, own: list(dict.fromkeys([*chosen, *own])),
    _subsets,
    st.lists(st.integers(len(POOL) - len(MADE_UP), len(POOL) - 1)),
).flatmap(st.permutations)


def as_bytes(result: RankedCompany | Any, *, without: Sequence[str] = _OF_THE_LIST) -> bytes:
    data = asdict(result)
    for key in without:
        del data[key]
    return json.dumps(data, ensure_ascii=False, allow_nan=False).encode()


def ranking_bytes(ranking: Ranking) -> bytes:
    data = asdict(ranking)
    del data["run"]["created_at"]
    return json.dumps(data, ensure_ascii=False, allow_nan=False).encode()


def write(path: Path, places: Sequence[int]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, _COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(POOL[place] for place in places)
    return path


def ranked(engine: Engine, *files: Path, request: Request = WHOLE) -> Ranking:
    return engine.rank(read_files(files, engine.corpora), request)


def by_name(ranking: Ranking) -> dict[str, tuple[str, bytes]]:
    """Name → which list, and the bytes of the result."""
    found = {result.name: ("chains", as_bytes(result)) for result in ranking.results}
    found.update({result.name: ("beside", as_bytes(result)) for result in ranking.opportunities})
    return found


@pytest.fixture(scope="module")
def alone(engine: Engine) -> list[bytes]:
    """Every company of the pool scored by itself."""
    results = [engine.score([profile], AS_OF)[0] for profile in POOL]
    assert all(isinstance(result, RankedCompany) for result in results)
    return [as_bytes(result) for result in results]


@pytest.fixture(scope="module")
def listed(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, bytes]]:
    """The whole pool ranked together."""
    found = by_name(ranked(engine, write(tmp_path_factory.mktemp("pool") / "pool.csv", range(len(POOL)))))
    assert len({row["name"] for row in POOL}) == len(POOL), "names tell the companies apart"
    assert {which for which, _ in found.values()} == {"chains", "beside"}
    return found


def test_a_score_is_the_same_alone_and_in_one_batch_of_all(engine: Engine, alone: list[bytes]) -> None:
    together = engine.score(POOL, AS_OF)
    assert [as_bytes(result) for result in together] == alone
    assert len(set(alone)) > len(POOL) * 0.9, "the pool's results do differ"


def test_a_score_is_the_same_in_any_batch(engine: Engine, alone: list[bytes]) -> None:
    @given(places=_with_made_up)
    @settings(max_examples=8, deadline=None)
    def check(places: list[int]) -> None:
        results = engine.score([POOL[place] for place in places], AS_OF)
        assert [as_bytes(result) for result in results] == [alone[place] for place in places]
        assert [result.row for result in results if isinstance(result, RankedCompany)] == list(range(1, len(places) + 1))

    check()


def test_rejected_neighbours_change_nothing(engine: Engine, alone: list[bytes]) -> None:
    batch: list[Any] = [{"name": ""}, POOL[3], None, {"name": "无效\x07公司"}, POOL[-1], 5, POOL[7]]
    results = engine.score(batch, AS_OF)
    assert [as_bytes(results[n]) for n in (1, 4, 6)] == [alone[3], alone[-1], alone[7]]
    assert all(isinstance(results[n], dict) for n in (0, 2, 3, 5))


def _folded(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    whole = ranked(engine, write(tmp_path_factory.mktemp("folded") / "pool.csv", range(len(POOL))))
    return {name for result in (*whole.results, *whole.opportunities) if result.family for name in result.family.others}


def test_a_place_on_the_list_holds_the_same_result_in_any_file(
    engine: Engine, listed: dict[str, tuple[str, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Who leads a family in the whole pool leads it in any part of it; who folds there may stand alone here."""
    folded = _folded(engine, tmp_path_factory)

    @given(places=_with_made_up, cut=st.integers(0, 30))
    @settings(max_examples=8, deadline=None)
    def check(places: list[int], cut: int) -> None:
        with TemporaryDirectory() as folder:
            parts = [part for part in (places[:cut], places[cut:]) if part]
            files = [write(Path(folder) / f"{number}.csv", part) for number, part in enumerate(parts)]
            found = by_name(ranked(engine, *files))
        names = {POOL[place]["name"] for place in places}
        expected = {name: result for name, result in listed.items() if name in names}
        assert {name: found.get(name) for name in expected} == expected
        assert found.keys() - expected.keys() <= folded

    check()


def test_score_and_rank_agree(engine: Engine, listed: dict[str, tuple[str, bytes]], alone: list[bytes]) -> None:
    """A company on the chains' list shows what it scores by itself, whichever way it came in."""
    names = [row["name"] for row in POOL]
    scored = dict(zip(names, alone, strict=True))
    shown = {name: result for name, (which, result) in listed.items() if which == "chains"}
    assert shown == {name: scored[name] for name in shown}


@pytest.mark.parametrize(
    ("chunk", "processes"),
    [pytest.param(1, 1, marks=pytest.mark.slow), (7, 1), (30, 2), pytest.param(50, 4, marks=pytest.mark.slow), (1_000, 4)],
)
def test_chunks_and_processes_change_no_bit(
    chunk: int, processes: int, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    intake = read_files([write(tmp_path / "pool.csv", range(len(POOL)))], engine.corpora)
    reader = ProfileReader(engine.zone.segments, engine.corpora)
    whole, ranking, matches = reader.read(intake.companies), engine.rank(intake, WHOLE), list(engine.match(intake))
    monkeypatch.setattr(profiles_module, "CHUNK", chunk)
    monkeypatch.setattr(engine_module, "CHUNK", chunk, raising=False)
    monkeypatch.setattr(engine, "processes", processes)
    parts = reader.read(intake.companies, processes)
    assert len(parts) == len(whole) == len(POOL)
    for field in fields(whole):
        mine, others = getattr(parts, field.name), getattr(whole, field.name)
        assert mine.dtype == others.dtype
        assert mine.tobytes() == others.tobytes(), field.name
    assert ranking_bytes(engine.rank(intake, WHOLE)) == ranking_bytes(ranking)
    assert list(engine.match(intake)) == matches


def test_affinities_are_the_same_in_any_order(engine: Engine) -> None:
    reader = ProfileReader(engine.zone.segments, engine.corpora)
    whole = reader.read(from_profiles(POOL, engine.corpora).companies)

    @given(places=_with_made_up)
    @settings(max_examples=8, deadline=None)
    def check(places: list[int]) -> None:
        part = reader.read(from_profiles([POOL[place] for place in places], engine.corpora).companies)
        for field in fields(whole):
            assert getattr(part, field.name).tobytes() == getattr(whole, field.name)[places].tobytes(), field.name

    check()


# ---------------------------------------------------------------------------------------------------- runs


def test_equal_inputs_have_equal_runs_and_bytes(engine: Engine, tmp_path: Path) -> None:
    first, again = write(tmp_path / "a.csv", range(20)), write(tmp_path / "b.csv", range(20))
    one, other = ranked(engine, first), ranked(engine, again)
    assert one.run.id == other.run.id
    assert ranking_bytes(one) == ranking_bytes(other)
    assert ranking_bytes(one) == ranking_bytes(ranked(engine, first))


@pytest.mark.slow
def test_a_second_engine_gives_the_same_bytes(engine: Engine, tmp_path: Path) -> None:
    file = write(tmp_path / "pool.csv", range(len(POOL)))
    assert ranking_bytes(ranked(Engine(engine.zone.id, processes=2), file)) == ranking_bytes(ranked(engine, file))


def test_files_in_another_order_are_the_same_run(engine: Engine, tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", [*range(40), len(POOL) - 1])
    second = write(tmp_path / "b.csv", range(40, 90))
    one, other = ranked(engine, first, second), ranked(engine, second, first)
    assert one.run.id == other.run.id
    assert ranking_bytes(one) == ranking_bytes(other)


@pytest.mark.parametrize(
    "places", [[0], [len(POOL) - len(MADE_UP)], [POOL.index(MADE_UP[6])]], ids=["off the list", "on it", "beside it"]
)
def test_a_single_company_makes_a_ranking(places: list[int], engine: Engine, tmp_path: Path) -> None:
    """One of the two lists is empty, or both."""
    found = ranked(engine, write(tmp_path / "one.csv", places))
    assert found.considered == 1
    assert len(found.results) + len(found.opportunities) + sum(found.vetoed.values()) == 1


@pytest.mark.parametrize("shared", [[_LISTED], [len(POOL) - 3]], ids=["with a code", "without a code"])
def test_a_company_in_two_files_is_the_same_in_either_order(shared: list[int], engine: Engine, tmp_path: Path) -> None:
    """Equal runs have equal bytes, the row that is shown included."""
    first = write(tmp_path / "a.csv", [*shared, 30])
    second = write(tmp_path / "b.csv", [31, 32, 33, *shared])
    one, other = ranked(engine, first, second), ranked(engine, second, first)
    assert POOL[shared[0]]["name"] in by_name(one), "the case is about a company that is shown"
    assert one.run.id == other.run.id
    assert ranking_bytes(one) == ranking_bytes(other)


def test_the_run_tells_inputs_apart(engine: Engine, tmp_path: Path) -> None:
    file, fewer = write(tmp_path / "a.csv", range(20)), write(tmp_path / "b.csv", range(19))
    requests = [
        WHOLE,
        Request(as_of=date(2024, 9, 13), top=1_000_000),
        Request(as_of=AS_OF, top=5),
        Request(as_of=AS_OF, top=1_000_000, cities=("青岛",)),
        Request(as_of=AS_OF, top=1_000_000, chains=("modern-agriculture",)),
        Request(as_of=AS_OF, top=1_000_000, need="complement"),
    ]
    runs = {ranked(engine, file, request=request).run.id for request in requests} | {ranked(engine, fewer).run.id}
    assert len(runs) == len(requests) + 1
    named = [Request(as_of=AS_OF, top=5, cities=cities) for cities in (("青岛", "杭州"), ("杭州市", "青岛市", "青岛"))]
    assert len({ranked(engine, file, request=request).run.id for request in named}) == 1, "a city by any of its names"


def test_a_shorter_list_is_the_head_of_the_longer(engine: Engine, tmp_path: Path) -> None:
    file = write(tmp_path / "pool.csv", range(len(POOL)))
    whole, short = ranked(engine, file), ranked(engine, file, request=Request(as_of=AS_OF, top=7))
    assert [as_bytes(result, without=()) for result in short.results] == [as_bytes(r, without=()) for r in whole.results[:7]]
    assert short.vetoed == whole.vetoed
