"""``lianzhao trip``: what is asked for is written, what is wrong is told with file, row and field, and the right exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matcher.cli import main

ASKED = ["trip", "plan", "--zone", "liaocheng-resort", "--start", "2024-08-27", "--days", "1", "--no-store", "--no-explain"]
QINGDAO = [*ASKED, "--city", "青岛", "--candidates", "20"]


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
    assert main([*again, "--out", str(files[0])]) == 2
    files[1].write_text("{}", encoding="utf-8")
    assert main([*again[:2], str(files[1]), *again[3:]]) == 1


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
