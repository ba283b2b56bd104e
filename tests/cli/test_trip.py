"""``lianzhao trip``: what is asked for is written, what is wrong is told with file, row and field, and the right exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matcher.cli import main

pytestmark = pytest.mark.slow

ASKED = ["trip", "plan", "--zone", "liaocheng-resort", "--start", "2024-08-27", "--days", "1", "--no-store", "--no-explain"]
QINGDAO = [*ASKED, "--city", "青岛", "--candidates", "20"]


@pytest.mark.slow
def test_a_plan_goes_into_every_file_that_is_asked_for_and_is_made_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / f"计划.{form}" for form in ("json", "csv", "xlsx", "docx", "ics", "txt")]
    assert main([*QINGDAO, *(word for file in files for word in ("--out", str(file)))]) == 0
    told = json.loads(files[0].read_text(encoding="utf-8"))
    visits = [visit for day in told["teams"][0]["days"] for visit in day["visits"]]
    assert told["visits"] == len(visits) > 0
    assert files[1].read_bytes().count(b"\r\n") == 1 + len(visits)
    assert files[4].read_bytes().count(b"BEGIN:VEVENT") >= len(visits)
    text = files[5].read_text(encoding="utf-8")
    assert all(visit["name"] in text for visit in visits) and "估" in text
    again = ["trip", "replan", str(files[0]), "--zone", "liaocheng-resort", "--no-store", "--refused", visits[0]["name"]]
    capsys.readouterr()
    assert main(again) == 0
    printed = capsys.readouterr().out
    assert f"被拒：{visits[0]['name']}" in printed and "都没有动" in printed
    assert main([*again[:-1], "没有这家"]) == 2
    other = visits[0]["alternates"][0]["name"]
    capsys.readouterr()
    assert main([*again, "--instead", other, "--agreed", visits[1]["name"], "--format", "json"]) == 0
    swapped = [visit for day in json.loads(capsys.readouterr().out)["teams"][0]["days"] for visit in day["visits"]]
    assert {visit["name"] for visit in swapped} == {other, *(visit["name"] for visit in visits[1:])}
    assert [visit["name"] for visit in swapped if visit["state"] == "agreed"] == [visits[1]["name"]]
    assert main([*again, "--instead", "没有这家"]) == 2
    assert main([*again, "--refused", visits[1]["name"], "--instead", other]) == 2
    assert "要正好写一家" in capsys.readouterr().err
    assert main(again[:-2]) == 2
    assert main([*again, "--out", str(files[0])]) == 2
    files[1].write_text("{}", encoding="utf-8")
    assert main([*again[:2], str(files[1]), *again[3:]]) == 1


def test_a_plan_is_kept_listed_shown_and_entered_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    asked, zone = [word for word in QINGDAO if word != "--no-store"], ["--zone", "liaocheng-resort"]
    assert main(["trip", "show", "abcdef", *zone]) == 2
    assert "也没有留存过计划" in capsys.readouterr().err
    assert main([*asked, "--out", str(tmp_path / "计划.json"), "--by", "甲"]) == 0
    told = json.loads((tmp_path / "计划.json").read_text(encoding="utf-8"))
    short = told["id"][:8]
    assert short in capsys.readouterr().err
    assert main(["trip", "list", *zone, "--format", "json"]) == 0
    (kept,) = json.loads(capsys.readouterr().out)
    assert (kept["id"], kept["run"], kept["kept_by"]) == (told["id"], told["run"]["id"], "甲")
    assert main(["trip", "show", short, *zone, "--out", str(tmp_path / "again.json")]) == 0
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "计划.json").read_bytes()
    capsys.readouterr()
    assert main(["trip", "enter", short, *zone, "--department", "甲局", "--by", "乙"]) == 0
    assert f"已登记第 1 号活动、{told['visits']} 个目标" in capsys.readouterr().err
    assert main(["ledger", "targets", "list", *zone, "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["run"] for row in rows} == {told["run"]["id"]} and len(rows) == told["visits"]
    assert main(["trip", "enter", str(tmp_path / "计划.json"), *zone]) == 1
    assert "已经登记过：第 1 号活动" in capsys.readouterr().err
    assert main(["trip", "enter", str(tmp_path / "计划.json"), "--zone", "zhuhai-jinwan"]) == 2
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    assert main(["trip", "enter", str(tmp_path / "x.json"), *zone]) == 1


def test_whom_the_ledgers_know_is_met_sooner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    asked, zone = [word for word in QINGDAO if word != "--no-store"], ["--zone", "liaocheng-resort"]
    assert main([*asked, "--format", "json"]) == 0
    before = json.loads(capsys.readouterr().out)
    visit = before["teams"][0]["days"][0]["visits"][-1]
    row = ["类型=企业", f"企业名称={visit['name']}", "--step", "洽谈", "--on", "2024-08-20", "--reason", "补录"]
    assert main(["ledger", "targets", "add", *row, *zone]) == 0
    capsys.readouterr()
    assert main([*asked, "--format", "json"]) == 0
    after = json.loads(capsys.readouterr().out)
    (told,) = [one for one in after["teams"][0]["days"][0]["visits"] if one["name"] == visit["name"]]
    assert told["chance"] > visit["chance"] == 0.5
    assert main([*asked, "--no-store", "--format", "json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert alone["id"] == before["id"]


@pytest.mark.parametrize(
    ("option", "table", "said"),
    [
        ("--appointments", "企业,状态,日期,时间\n甲,已约,2024-08-27,9点\n", "第 2 行 [时间]：应为时刻"),
        ("--appointments", "企业,状态,日期,时间\n甲,已约,2024-08-27,\n", "第 2 行 [时间]：日期和时间要一起写"),
        ("--appointments", "企业,状态\n甲,约了\n", "第 2 行 [状态]：应为"),
        ("--appointments", "企业\n甲\n", "缺少列「状态」"),
        ("--targets", "名称,类型,城市,会员数\n某商会,商会,青岛,很多\n", "第 2 行 [会员数]：应为 0 到"),
        ("--targets", "名称,类型,城市\n某商会,商会,青岛\n", "会员数、分值至少写一项"),
        ("--matrix", "从,到,分钟\n园区,青岛,\n", "第 2 行 [分钟]：没有写"),
        ("--matrix", "从,到,分钟\n园区,青岛,0\n", "第 2 行 [分钟]：应为 1 到 1440"),
        ("--matrix", "", "是空的"),
    ],
)
def test_rows_that_are_wrong(option: str, table: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "表.csv"
    file.write_text(table, encoding="utf-8")
    assert main([*QINGDAO, option, str(file)]) == 1
    error = capsys.readouterr().err
    assert said in error and str(file) in error and error.count("\n") == 1


def test_options_that_are_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(ASKED) == 2
    assert "去哪些城市" in capsys.readouterr().err
    assert main([*ASKED, "--city", "青到"]) == 2
    assert "青岛" in capsys.readouterr().err
    assert main([*QINGDAO, "--format", "docx"]) == 2
    assert "--out" in capsys.readouterr().err
    assert main([*QINGDAO, "--appointments", str(tmp_path / "没有.csv")]) == 1
    assert "没有这个文件" in capsys.readouterr().err
