"""A file ranked as it is read gives what ``read_files`` and ``Engine.rank`` give one after the other: companies, rejects, notes, the list.

Blocks are of three rows here, so that rows of one company, persons, damaged codes and repeated headers are spread over several of them.
"""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.engine import Engine
from matcher.errors import InputError, RequestError
from matcher.from_file import rank_file
from matcher.intake import Intake, read_files
from matcher.runs import Request
from matcher.types import Ranking
from tests.cli.small_zone import write as write_zone
from tests.intake.files import as_csv, as_xlsx, text_parquet
from tests.snapshot.small import HEADER, code, columns, unsynced, write

AS_OF = date(2024, 8, 27)
NAMES = ["青岛积木玩具有限公司", "济南布偶集团有限公司", "聊城游乐园有限公司", "青岛积木集团", "张伟", "合计", "", "企业名称"]
CODES = ["", code(1), code(2), code(2).lower(), "9.13702E+17", "913702000000000000", "青岛某某有限公司"]
CELLS = [
    ["", "2001-02-03", "500万人民币"],
    ["", "500万元", "五百"],
    ["", "12", "50-99人"],
    ["", "积木制造；布偶设计", "主题乐园运营", '礼品"销售"', "含\n换行；积木"],
    ["", "青岛市", "杭州"],
    ["", "老积木厂"],
    ["", "2019-04-01", "2024-08-20"],
]
row = st.tuples(st.sampled_from(NAMES), st.sampled_from(CODES), *(st.sampled_from(cells) for cells in CELLS))
tables = st.lists(row | st.just(HEADER) | st.just((HEADER[1], HEADER[0], *HEADER[2:])), min_size=1, max_size=25)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine("small", rules=write_zone(tmp_path_factory.mktemp("rules")), processes=1)


def with_processes(engine: Engine, processes: int) -> Engine:
    other = engine.with_ledger(())
    other.tracked, other.processes = engine.tracked, processes
    other._use(engine.zone)
    return other


def told(intake: Intake, ranking: Ranking) -> Any:
    """All that is read and ranked but the hour of the run."""
    read = replace(intake, companies=None, row_notes={})  # type: ignore[arg-type]  # compared by columns
    return read, columns(intake.companies), replace(ranking, run=replace(ranking.run, created_at=""))


def one_after_the_other(engine: Engine, path: Path, request: Request, dated: date | None = None) -> Any:
    intake = read_files([path], engine.corpora, dated=dated)
    return told(intake, engine.rank(intake, request))


def compare(engine: Engine, path: Path, request: Request, dated: date | None = None) -> None:
    """Either both read the file to the same, or both refuse it with the same words."""
    try:
        wanted = one_after_the_other(engine, path, request, dated)
    except InputError as error:
        with unsynced(BLOCK_ROWS=3), pytest.raises(InputError) as found:
            rank_file(engine, path, request, dated=dated)
        assert str(found.value) == str(error)
        return
    with unsynced(BLOCK_ROWS=3):
        assert told(*rank_file(engine, path, request, dated=dated)) == wanted


@pytest.mark.slow
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables, st.sampled_from([(), ("青岛",)]), st.sampled_from([None, date(2020, 1, 1)]))
def test_random_tables(
    tmp_path: Path, engine: Engine, rows: list[tuple[str, ...]], cities: tuple[str, ...], dated: date | None
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(as_csv([HEADER, *rows]))
    compare(engine, path, Request(as_of=AS_OF, top=10, cities=cities), dated)


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_what_all_rows_decide_together(tmp_path: Path, engine: Engine, processes: int) -> None:
    """Rows of one company far from one another, persons, a damaged code below rounded ones, a header of another order."""
    firms = [
        [f"青岛第{n}号积木有限公司", code(n % 17), "2001-02-03", f"{n}万元", "", "积木制造", "青岛", "", ""] for n in range(40)
    ]
    firms[5][0], firms[22][5], firms[30][6] = "张伟", "主题乐园运营", "杭州"
    firms[38][1] = "9.13702E+17"
    firms[33:33] = [[HEADER[1], HEADER[0], *HEADER[2:]], ["丙有限公司", code(99), *[""] * 7], [*HEADER]]
    path = write(tmp_path, "a.csv", firms)
    engine = with_processes(engine, processes)
    for request in (
        Request(as_of=AS_OF, top=5),
        Request(as_of=AS_OF, top=50, cities=("青岛",)),
        Request(as_of=AS_OF, need="extend"),
    ):
        compare(engine, path, request)
    with unsynced(BLOCK_ROWS=3):
        intake, ranking = rank_file(engine, path, Request(as_of=AS_OF, top=50))
    assert intake.merged > 10
    assert len(intake.rejects) == 4
    assert len(ranking.results) > 10


def test_a_company_whose_first_row_says_nothing_of_it(tmp_path: Path, engine: Engine) -> None:
    """What it does stands in a later row only: it is read again."""
    rows = [["青岛某某有限公司", code(1), *[""] * 7], *([f"第{n}号食品有限公司", code(n), *[""] * 7] for n in range(2, 9))]
    rows.append(["青岛某某有限公司", code(1), "", "", "", "积木制造", "青岛", "", ""])
    path = write(tmp_path, "a.csv", rows)
    for processes in (1, 2):
        with unsynced(BLOCK_ROWS=3):
            _, ranking = rank_file(with_processes(engine, processes), path, Request(as_of=AS_OF, top=5))
        first = ranking.results[0]
        assert (first.name, first.segment) == ("青岛某某有限公司", "toy-making")


def test_every_dialect(tmp_path: Path, engine: Engine) -> None:
    firms = [[f"青岛第{n}号积木有限公司", code(n % 7), "2001-02-03", "500万元", "", "布偶", "青岛", "", ""] for n in range(20)]
    everything = {
        "a.csv": as_csv([["导出的名单"], HEADER, *firms], "gb18030"),
        "b.csv.gz": gzip.compress(as_csv([HEADER, *firms[:9]], "utf-16")),
        "c.xlsx": as_xlsx([["导出的名单"], HEADER, *firms]),
        "d.parquet": text_parquet([HEADER, *firms]),
        "e.csv": b"",
        "f.csv": as_csv([HEADER]),
        "g.csv": as_csv([["a", "b"], ["1", "2"]]),
    }
    for name, content in everything.items():
        (tmp_path / name).write_bytes(content)
        compare(engine, tmp_path / name, Request(as_of=AS_OF, top=5))
    compare(engine, tmp_path / "nowhere.csv", Request(as_of=AS_OF, top=5))


@pytest.mark.parametrize("processes", [1, 2])
def test_files_of_which_little_is_left(tmp_path: Path, engine: Engine, processes: int) -> None:
    """Only a header, without the end of its line; no row in Parquet; nobody but persons and shifted rows; a lost quotation mark."""
    shifted = [["2001-02-03", code(n), *[""] * 7] for n in range(12)]
    firms = as_csv([HEADER, *([f"青岛第{n}号积木有限公司", code(n), *[""] * 7] for n in range(20))]).decode().split("\n")
    firms[11] = '"' + firms[11]
    everything = {
        "a.csv": as_csv([HEADER]).rstrip(),
        "b.parquet": text_parquet([HEADER]),
        "c.csv": as_csv([HEADER, ["张伟", *[""] * 8], *shifted]),
        "d.csv": "\n".join(firms).encode(),
    }
    for name, content in everything.items():
        (tmp_path / name).write_bytes(content)
        compare(with_processes(engine, processes), tmp_path / name, Request(as_of=AS_OF, top=5))


def test_a_wrong_request_is_told_before_the_file_is_read(tmp_path: Path, engine: Engine) -> None:
    for wrong in (Request(as_of=AS_OF, cities=("青倒",)), Request(as_of=AS_OF, chains=("nothing",))):
        with pytest.raises(RequestError):
            rank_file(engine, tmp_path / "nowhere.csv", wrong)
