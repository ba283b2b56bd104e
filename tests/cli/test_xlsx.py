"""Workbooks that commands write: every text as it is and never a formula, fit to be read and printed, always the same bytes."""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.cli import commands, main
from matcher.engine import Engine
from matcher.intake import read_files
from matcher.outputs import workbook
from matcher.outputs.ranking_xlsx import ranking_xlsx
from matcher.runs import Request
from matcher.scoring.evidence import fields
from matcher.types import Ranking

ZONE = "liaocheng-resort"
DAY = ["--as-of", "2024-08-27"]
COMPANIES = """\
企业名称,统一社会信用代码,成立日期,注册资本,经营范围,所属省份,所属城市,数据日期
青岛甲酒店管理集团有限公司,,2006-01-01,30000万元,酒店管理；住宿服务；餐饮服务,山东省,青岛市,2024-01-01
,,2006-01-01,30000万元,酒店管理,山东省,青岛市,2024-01-01
=丙食品加工有限公司,,2011-01-01,2000万元,蔬菜加工；速冻食品生产,-1+1,@SUM(A1),2024-01-01
青岛己食品有限公司分公司,,2013-01-01,3000万元,食品生产,山东省,青岛市,2024-01-01
"""
Run = Callable[..., tuple[int, str]]


@pytest.fixture(autouse=True)
def place(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "Engine", lambda zone, **folders: engine)
    Path("名单.csv").write_text(COMPANIES, encoding="utf-8")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def of(*argv: str) -> tuple[int, str]:
        try:
            code = main(argv)
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, capsys.readouterr().err

    return of


@pytest.fixture(scope="module")
def ranking(engine: Engine) -> Ranking:
    return engine.rank(read_files([engine.corpora.sample], engine.corpora), Request(as_of=date(2024, 8, 27), top=5))


def labels(engine: Engine) -> dict[str, str]:
    return {name: field.label for name, field in fields(tuple(engine.zone.chain_names), engine.corpora).items()}


def sheets(book: bytes) -> dict[str, list[list[Any]]]:
    found = python_calamine.load_workbook(io.BytesIO(book))
    return {name: found.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in found.sheet_names}


def xml(book: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_ranking_has_four_sheets_with_the_numbers_of_the_json(run: Run) -> None:
    assert run("rank", "--zone", ZONE, *DAY, "--top", "8", "--city", "青岛", "--format", "xlsx", "--out", "名单.xlsx")[0] == 0
    assert run("rank", "--zone", ZONE, *DAY, "--top", "8", "--city", "青岛", "--format", "json", "--out", "名单.json")[0] == 0
    data, found = json.loads(Path("名单.json").read_text("utf-8")), sheets(Path("名单.xlsx").read_bytes())
    assert list(found) == ["名单", "机会型", "得分明细", "说明"]
    for title, key in (("名单", "results"), ("机会型", "opportunities")):
        header, *rows = found[title]
        assert header[:2] == ["名次", "企业名称"] and all(re.search("[\u4e00-\u9fff]", cell) for cell in header)
        assert len(rows) == len(data[key])
        for row, result in zip(rows, data[key], strict=True):
            cells = dict(zip(header, row, strict=True))
            assert (cells["名次"], cells["企业名称"], cells["推荐理由"]) == (result["rank"], result["name"], result["reason"])
            assert (cells["得分"], cells["契合度"], cells["资料行号"]) == (result["score"], result["affinity"], result["row"])
            assert [cells[name] for name in header if name.startswith("得分·")] == [group["points"] for group in result["groups"]]
    header, *lines = found["得分明细"]
    expected = [
        (
            result["name"],
            line["label"],
            line["points"],
            line["weight"],
            line["value"],
            "是" if line["known"] else "否",
            line["evidence"],
        )
        for key in ("results", "opportunities")
        for result in data[key]
        for line in result["contributions"]
    ]
    places = [header.index(name) for name in ("企业名称", "规则", "得分", "分值", "取值", "已知", "依据")]
    assert [tuple(line[n] for n in places) for line in lines] == expected
    facts = {str(key): value for key, value in found["说明"]}
    assert facts["城市"] == "青岛市" and facts["计算日"] == "2024-08-27" and ZONE in str(facts["园区"])
    assert (facts["批次"], facts["资料摘要"], facts["规则摘要"], facts["语料摘要"]) == tuple(
        data["run"][key] for key in ("id", "snapshot", "ruleset", "corpora")
    )
    assert facts["考虑的企业"] == data["considered"]
    assert sorted(value for key, value in facts.items() if key.startswith("未列入：")) == sorted(data["vetoed"].values())
    assert data["run"]["created_at"] not in str(found)


def test_it_can_be_read_on_a_screen_and_printed(ranking: Ranking, engine: Engine) -> None:
    parts = xml(ranking_xlsx(ranking, engine.zone, labels(engine)))
    first = parts["xl/worksheets/sheet1.xml"]
    for wanted in (
        'orientation="landscape"', 'paperSize="9"', 'fitToHeight="0"', 'state="frozen"', 'xSplit="2" ySplit="1"', "<autoFilter",
        "customHeight", "<cols>", "&amp;P",
    ):  # fmt: skip
        assert wanted in first, wanted
    assert "_xlnm.Print_Titles" in parts["xl/workbook.xml"] and "$1:$1" in parts["xl/workbook.xml"]
    assert 'wrapText="1"' in parts["xl/styles.xml"]


def test_the_same_ranking_gives_the_same_bytes(run: Run, ranking: Ranking, engine: Engine) -> None:
    later = replace(ranking, run=replace(ranking.run, created_at="2031-01-01T00:00:00+08:00"))
    assert ranking_xlsx(ranking, engine.zone, labels(engine)) == ranking_xlsx(later, engine.zone, labels(engine))
    for name in ("一.xlsx", "二.xlsx"):
        run("match", "名单.csv", "--zone", ZONE, "--format", "xlsx", "--out", name)
    assert Path("一.xlsx").read_bytes() == Path("二.xlsx").read_bytes()


texts = st.text(st.characters(codec="utf-8", exclude_characters="\ufffe\uffff"), max_size=12)


@settings(max_examples=40)
@given(
    texts
    | st.sampled_from(
        ["=1+1", "+1", "-1", "@SUM(A1)", "{=1}", "https://例", "mailto:x", "0012", "1e5", "TRUE", "_x0041_", " x ", "'"]
    )
)
def test_any_text_comes_back_unchanged_and_is_never_a_formula(text: str) -> None:
    for many in (False, True):
        with workbook.Book("书", "2024-08-27", many=many) as book:
            book.add(
                "表",
                [workbook.Column[str]("列", lambda t: t), workbook.Column[str]("又一列", lambda t: t, 30, "wrapped")],
                [text, "后"],
            )
        content = book.content()
        rows = sheets(content)["表"]
        assert rows[1] == [text, text] and rows[2] == ["后", "后"]
        assert (
            "<f>" not in xml(content)["xl/worksheets/sheet1.xml"] and "<hyperlink" not in xml(content)["xl/worksheets/sheet1.xml"]
        )


def test_what_no_cell_can_hold_is_cut_or_marked() -> None:
    with workbook.Book("书") as book:
        book.add("表", [workbook.Column[str]("列", lambda t: t)], ["长" * 40_000, "甲\ud800乙\uffff"])
    rows = sheets(book.content())["表"]
    assert (len(rows[1][0]), rows[1][0][-1], rows[2]) == (32_767, "…", ["甲�乙�"])


def test_more_lines_than_a_sheet_holds_go_to_a_further_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    for many in (False, True):
        with workbook.Book("书", many=many) as book:
            book.add("表", [workbook.Column[int]("列", lambda n: n)], range(7))
        found = sheets(book.content())
        assert {name: [row[0] for row in rows] for name, rows in found.items()} == {
            "表": ["列", 0, 1, 2], "表 2": ["列", 3, 4, 5], "表 3": ["列", 6],
        }  # fmt: skip


def test_match_as_a_workbook_has_the_lines_of_the_csv(run: Run) -> None:
    assert run("match", "名单.csv", "--zone", ZONE, "--format", "xlsx", "--out", "契合.xlsx")[0] == 0
    assert run("match", "名单.csv", "--zone", ZONE, "--out", "契合.csv")[0] == 0
    header, *rows = sheets(Path("契合.xlsx").read_bytes())["契合度"]
    lines = [line.split(",") for line in Path("契合.csv").read_text("utf-8-sig").splitlines()[1:]]
    assert len(rows) == len(lines) == 16
    for row, line in zip(rows, lines, strict=True):
        cells = dict(zip(header, row, strict=True))
        assert [cells["文件"], str(int(cells["行"])), cells["产业链代号"], cells["环节代号"]] == [
            line[0],
            line[1],
            line[4],
            line[5],
        ]
        assert cells["企业名称"] == line[3].removeprefix("'") and float(cells["契合度"]) == float(line[6])
    assert "=丙食品加工有限公司" in {row[3] for row in rows}


def test_what_was_written_can_be_read_again(run: Run) -> None:
    run("rank", "--zone", ZONE, *DAY, "--top", "5", "--format", "xlsx", "--out", "一.xlsx")
    code, said = run("rank", "一.xlsx", "--zone", ZONE, *DAY, "--format", "xlsx", "--out", "二.xlsx")
    assert code == 0 and "读入 5 行" in said


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["rank", "--format", "xlsx"], "--out"), (["rank", "--format", "xlsx", "--out", ""], "--out"),
        (["rank", "--out", "名单.xlsx"], "--format xlsx"), (["match", "名单.csv", "--out", "名单.XLSX"], "--format xlsx"),
        (["rank", "名单.csv", "--format", "xlsx", "--out", "名单.csv"], "覆盖"),
        (["rank", "--format", "xlsx", "--out", "没有/一.xlsx"], "写不进"),
        (["rank", "--format", "xlsx", "--out", "."], ".xlsx 结尾"), (["rank", "--format", "xlsx", "--out", "一.csv"], ".xlsx 结尾"),
        (["match", "名单.csv", "--format", "json", "--out", "x"], "没有这个选项"),
    ],
)  # fmt: skip
def test_wrong_options_are_one_line(run: Run, argv: list[str], said: str) -> None:
    code, err = run(*argv, "--zone", ZONE)
    lines = [line for line in err.splitlines() if line.startswith("lianzhao: ")]
    assert (code, len(lines)) == (2, 1) and said in lines[0]
    assert sorted(path.name for path in Path().iterdir() if path.is_file()) == ["名单.csv"]


def test_a_workbook_appears_whole_or_not_at_all(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("契合.xlsx").write_bytes(b"before")
    whole = engine.match

    def stops(intake: Any) -> Any:
        yield next(whole(intake))
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "match", stops, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(Path("暂存").absolute()))
    Path("暂存").mkdir()
    assert main(["match", "名单.csv", "--zone", ZONE, "--format", "xlsx", "--out", "契合.xlsx"]) == 130
    assert Path("契合.xlsx").read_bytes() == b"before"
    assert sorted(path.name for path in Path().iterdir() if path.is_file()) == ["名单.csv", "契合.xlsx"]
    assert list(Path("暂存").iterdir()) == []


@pytest.mark.slow
def test_writing_loads_no_reader_of_tables_and_help_loads_no_writer() -> None:
    import subprocess

    code = "import sys\nimport {}\nprint([n for n in ('pyarrow', 'python_calamine', 'xlsxwriter') if n in sys.modules])"
    for module, loaded in (("matcher.cli.commands", "[]"), ("matcher.cli.xlsx", "['xlsxwriter']")):
        done = subprocess.run(
            [sys.executable, "-c", code.format(module)], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
        )
        assert done.stdout.strip() == loaded
