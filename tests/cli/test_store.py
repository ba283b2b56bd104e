"""The commands of the database: registers, lists, judgements, and what ``rank`` and ``gaps`` read and keep of them."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from python_calamine import load_workbook

from matcher.cli import commands, main
from matcher.engine import Engine
from matcher.store.database import open_store
from matcher.store.runs import load_run, snapshots_in_use

pytestmark = pytest.mark.slow

ZONE = "liaocheng-resort"
DAY = ["--as-of", "2024-08-27"]
COMPANIES = """\
企业名称,统一社会信用代码,成立日期,注册资本,经营范围,所属省份,所属城市,数据日期
青岛海之星酒店管理集团有限公司,91330000794366433K,2006-01-01,30000万元,酒店管理；住宿服务；餐饮服务,山东省,青岛市,2024-01-01
杭州云上中药材种植有限公司,,2010-05-06,5000万元,中药材种植；中药材初加工,浙江省,杭州,2024-01-01
青岛海之星食品有限公司,,2011-01-01,2000万元,蔬菜加工；速冻食品生产,山东省,青岛市,2024-01-01
"""
REGISTER = """\
企业名称,统一社会信用代码,注册资本,经营范围,所属城市
聊城甲食品有限公司,,6000万元,速冻食品生产；蔬菜加工,聊城市
聊城乙酒店有限公司,,800万元,住宿服务；酒店管理,聊城市
聊城丙体育用品有限公司,,80(万美元),体育用品制造,聊城市
,,80万元,没有名称,聊城市
"""
LIST = """\
某省专精特新企业名单,,
（排名不分先后）,,
序号,企业名称,所属地市
1,青岛海之星酒店管理集团有限公司,青岛
2,海之星,青岛
3,毫不相干研究院,济南
"""
Run = Callable[..., str]


@pytest.fixture(autouse=True)
def place(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real zone as it is already open; files and home in a folder of the test's own."""
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "Engine", lambda zone, **folders: engine if zone == ZONE else Engine(zone, **folders))
    for name, content in (("企业.csv", COMPANIES), ("本地.csv", REGISTER), ("名单.csv", LIST)):
        Path(name).write_text(content, encoding="utf-8")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def of(*argv: str, code: int = 0) -> str:
        assert main(argv) == code
        said = capsys.readouterr()
        return said.out if code == 0 and said.out else said.err

    return of


def import_list(run: Run, *more: str, issued: str = "2023-07-14", list_: str = "专精特新") -> str:
    return run("lists", "import", "名单.csv", "--list", list_, "--issued", issued, "--against", "企业.csv", "--by", "甲", *more)


def ranked(run: Run, *more: str) -> dict[str, Any]:
    return dict(json.loads(run("rank", "企业.csv", "--zone", ZONE, *DAY, "--format", "json", *more)))


def without_time(output: str) -> str:
    shown, number = re.subn(r'"created_at": "[^"]+"', "", output)
    assert number == 1
    return shown


@pytest.mark.slow
@pytest.mark.parametrize("complete", [False, True])
def test_a_saved_register_ranks_and_tells_gaps_as_its_file_does(run: Run, complete: bool) -> None:
    saved = run("register", "save", "本地.csv", "--zone", ZONE, "--as-of", "2024-01-01", *(["--complete"] if complete else []))
    assert "3 家" in saved and "拒收 1" in saved
    by_file = ["--local", "本地.csv", *(["--local-complete"] if complete else [])]
    rank = ["rank", "企业.csv", "--zone", ZONE, *DAY, "--format", "json"]
    assert without_time(run(*rank, *by_file)) == without_time(run(*rank, "--register"))
    assert without_time(run(*rank, *by_file)) != without_time(run(*rank))
    for form in ("json", "csv", "table"):
        gaps = ["gaps", "--zone", ZONE, "--format", form]
        assert run(*gaps, *by_file) == run(*gaps, "--register", "本地名录")
    Path("本地.csv").unlink()
    assert json.loads(run(*rank, "--register"))["results"]


def test_registers_are_listed_and_removed(run: Run) -> None:
    assert "没有改动" not in run("register", "save", "本地.csv", "--zone", ZONE, "--name", "一月", "--by", "甲")
    assert "没有改动" in run("register", "save", "本地.csv", "--zone", ZONE, "--name", "一月")
    (one,) = json.loads(run("register", "list", "--format", "json"))
    assert (one["name"], one["companies"], one["complete"], one["saved_by"]) == ("一月", 3, False, "甲")
    assert "一月" in run("register", "list", "--zone", ZONE)
    run("register", "remove", "一月", "--zone", ZONE, "--by", "乙")
    assert json.loads(run("register", "list", "--format", "json")) == []
    (one,) = json.loads(run("register", "list", "--all", "--format", "json"))
    assert one["ended_by"] == "乙"
    assert "应为 1 到 60 个字（--name）" in run("register", "save", "本地.csv", "--zone", ZONE, "--name", "", code=2)
    assert "先用 lianzhao register save" in run("gaps", "--zone", ZONE, "--register", code=2)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["gaps", "--zone", ZONE], "缺少本地名录"),
        (["gaps", "--zone", ZONE, "--register"], "还没有留存"),
        (["gaps", "--zone", ZONE, "--register", "--local", "本地.csv"], "不与"),
        (["rank", "--zone", ZONE, "--register", "--local-complete"], "不与"),
        (["register", "save", "本地.csv", "--zone", "nowhere"], "没有这个园区"),
        (["lists", "import", "名单.csv", "--list", "", "--issued", "2023-07-14", "--against", "企业.csv"], "--list"),
        (["lists", "show", "专精特新"], "没有这个名单"),
        (["lists", "remove", "7"], "没有这个名单导入"),
        (["lists", "show", "--format", "xlsx"], "--out"),
        (["judge", "。", "--none"], "名称"),
        (["judge", "甲乙", "--is", "91330000794366433X"], "校验"),
        (["judge", "甲乙", "--withdraw"], "没有这个判定"),
    ],
)
def test_wrong_requests_are_told(run: Run, argv: list[str], said: str) -> None:
    assert said in run(*argv, code=2)


def test_a_file_in_the_place_of_a_registers_name_is_told(run: Run) -> None:
    run("register", "save", "本地.csv", "--zone", ZONE)
    assert "写在 --register 前面" in run("rank", "--zone", ZONE, "--register", "企业.csv", code=2)
    assert "没有这个本地名录" in run("rank", "企业.csv", "--zone", ZONE, "--register", "二月", code=2)


def test_the_workbook_of_a_ranking_tells_what_lists_and_register_were_read(run: Run) -> None:
    import_list(run)
    run("register", "save", "本地.csv", "--zone", ZONE)
    request = ranked(run, "--register")["run"]["request"]
    run("rank", "企业.csv", "--zone", ZONE, *DAY, "--register", "--format", "xlsx", "--out", "名单.xlsx")
    facts = dict(load_workbook("名单.xlsx").get_sheet_by_name("说明").to_python())
    assert (facts["本地名录摘要"], facts["名单依据摘要"]) == (request["local"], request["lists"])


def test_a_register_of_a_later_day_is_told(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("register", "save", "本地.csv", "--zone", ZONE, "--as-of", "2025-01-01")
    assert main(["rank", "企业.csv", "--zone", ZONE, *DAY, "--register"]) == 0
    assert "晚于计算日" in capsys.readouterr().err


def test_a_list_is_imported_once_and_moves_the_ranking(run: Run) -> None:
    before = ranked(run)
    said = import_list(run, "--issuer", "某厅")
    assert "就是它 1，吃不准 1，没有找到 1" in said and "没有改动" not in said
    assert "没有改动" in import_list(run, "--issuer", "某厅")
    (one,) = json.loads(run("lists", "show", "--format", "json"))
    assert (one["list"], one["issued"], one["issuer"], one["same"], one["unsure"], one["none"]) == (
        "专精特新", "2023-07-14", "某厅", 1, 1, 1,
    )  # fmt: skip
    after = ranked(run)
    name = "青岛海之星酒店管理集团有限公司"
    points = [next(one for one in ranking["results"] if one["name"] == name) for ranking in (before, after)]
    assert points[1]["score"] > points[0]["score"]
    assert "2023-07-14" in points[1]["reason"]
    assert "lists" in after["run"]["request"] and "lists" not in before["run"]["request"]
    assert ranked(run, "--no-store")["run"]["id"] == before["run"]["id"]


def test_a_list_issued_later_or_called_like_nothing_moves_nothing(run: Run) -> None:
    before = ranked(run)
    import_list(run, issued="2024-08-28")
    assert "不影响排序" in import_list(run, list_="协会会员")
    after = ranked(run)
    assert (after["run"]["id"], after["results"]) == (before["run"]["id"], before["results"])


def test_judgements_settle_the_queue(run: Run) -> None:
    import_list(run)
    (waiting,) = json.loads(run("lists", "queue", "--format", "json"))
    assert (waiting["query"], waiting["row"], waiting["decision"]) == ("海之星", 5, "unsure")
    assert "青岛海之星食品有限公司" in {one["name"] for one in waiting["candidates"]}
    assert "1 → 0" in run("judge", "海之星", "--is", "青岛海之星食品有限公司", "--by", "甲", "--note", "问过")
    assert json.loads(run("lists", "queue", "--format", "json")) == []
    rows = {row["query"]: row for row in json.loads(run("lists", "show", "专精特新", "--format", "json"))}
    assert (rows["海之星"]["decision"], rows["海之星"]["name"], rows["海之星"]["judged"]) == (
        "same",
        "青岛海之星食品有限公司",
        True,
    )
    (one,) = json.loads(run("judgements", "--format", "json"))
    assert (one["query"], one["company"], one["by"], one["note"]) == ("海之星", "青岛海之星食品有限公司", "甲", "问过")
    assert "0 → 1" in run("judge", "海之星", "--withdraw", "--by", "乙")
    assert json.loads(run("judgements", "--format", "json")) == []
    (one,) = json.loads(run("judgements", "--all", "--format", "json"))
    assert one["withdrawn_by"] == "乙"


def width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


@pytest.mark.parametrize(
    ("argv", "title"),
    [
        (["lists", "show"], "名单"),
        (["lists", "show", "专精特新"], "名单各行"),
        (["lists", "queue"], "待判定"),
        (["register", "list"], "本地名录"),
        (["judgements"], "人工判定"),
    ],
)
def test_every_list_comes_in_every_form(run: Run, argv: list[str], title: str) -> None:
    import_list(run)
    run("register", "save", "本地.csv", "--zone", ZONE)
    run("judge", "=1+1公司", "--none", "--note", "长" * 200)
    told = json.loads(run(*argv, "--format", "json"))
    assert told
    lines = list(csv.DictReader(io.StringIO(run(*argv, "--format", "csv").removeprefix("\ufeff"), newline="")))
    assert [list(line) for line in lines] == [list(one) for one in told]
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in lines for cell in line.values())
    table = run(*argv)
    assert table.startswith(title)
    assert max(map(width, table.splitlines())) <= 80
    run(*argv, "--format", "xlsx", "--out", "表.xlsx")
    sheet = load_workbook("表.xlsx").get_sheet_by_name(title).to_python()
    assert len(sheet) == len(told) + 1


def test_a_run_is_kept_with_the_snapshot_it_names(run: Run) -> None:
    ranking = ranked(run)
    with open_store() as store:
        kept = load_run(store, ranking["run"]["id"])
        assert kept is not None
        assert kept[0].request == ranking["run"]["request"]
        assert snapshots_in_use(store) == {ranking["run"]["snapshot"]}


def test_without_a_database_none_is_made_to_look(run: Run) -> None:
    before = ranked(run, "--no-store")
    assert not Path("home/ledger.db").exists()
    assert without_time(json.dumps(ranked(run))) == without_time(json.dumps(before))
    assert Path("home/ledger.db").exists()


def test_a_run_that_cannot_be_kept_loses_no_list(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").write_text("")
    monkeypatch.setenv("LIANZHAO_HOME", str(Path("file") / "home"))
    assert main(["rank", "企业.csv", "--zone", ZONE, *DAY]) == 0
    said = capsys.readouterr()
    assert "海之星酒店" in said.out
    assert "没有留存" in said.err and "ledger.db" in said.err


def test_a_database_that_cannot_be_read_is_an_error_with_a_way_out(run: Run) -> None:
    Path("home").mkdir()
    Path("home/ledger.db").write_bytes(b"nothing of the kind" * 100)
    assert "--no-store" in run("rank", "企业.csv", "--zone", ZONE, *DAY, code=1)
    assert ranked(run, "--no-store")["results"]


def test_a_database_in_use_does_not_lose_the_list(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ranked(run)
    monkeypatch.setattr("matcher.cli.saved._PATIENCE", 0.1)
    other = sqlite3.connect("home/ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert main(["rank", "企业.csv", "--zone", ZONE, "--as-of", "2024-08-28"]) == 0
    other.close()
    said = capsys.readouterr()
    assert "海之星酒店" in said.out
    assert "没有留存" in said.err and "locked" not in said.err


def test_a_judgement_by_name_keeps_the_code_that_the_snapshot_knows(run: Run) -> None:
    run("build", "企业.csv")
    said = run("judge", "海之星", "--is", "青岛海之星酒店管理集团有限公司")
    assert "91330000794366433K" in said
    (one,) = json.loads(run("judgements", "--format", "json"))
    assert one["company"] == "91330000794366433K 青岛海之星酒店管理集团有限公司"
    Path("改名.csv").write_text("企业名称,统一社会信用代码\n青岛蓝溪酒店集团有限公司,91330000794366433K\n", encoding="utf-8")
    Path("问.csv").write_text("query\n海之星\n", encoding="utf-8")
    found = run("resolve", "问.csv", "--against", "改名.csv", "--format", "csv")
    assert "海之星,same,91330000794366433K,青岛蓝溪酒店集团有限公司" in found
