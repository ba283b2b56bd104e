"""``lianzhao ledger`` from the first entry to the workbook and back, and what it says when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matcher.cli import main
from matcher.cli.ledger_options import BOOKS, STEPPED
from matcher.corpora import open_corpora
from matcher.intake import read_files
from matcher.ledger.books import ALL
from tests.conftest import ZONE
from tests.snapshot.small import code

Z = ("--zone", ZONE)


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def ledger(*words: str) -> int:
    return main(["ledger", *words, *Z])


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    capsys.readouterr()
    assert ledger(*words, "--format", "json") == 0
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.slow
def test_from_a_target_to_proved_funds(capsys: pytest.CaptureFixture[str], tmp_path: Path, own_home: Path) -> None:
    company = "企业名称=青岛英贝特玩具礼品有限公司"
    assert ledger("targets", "add", "类型=企业", company, "责任部门=甲局", "--by", "张三", "--on", "2024-08-26") == 0
    assert ledger("targets", "step", "1", "已接触", "--on", "2024-08-27") == 0
    assert ledger("targets", "add", "类型=企业", company, "责任部门=乙局", "--by", "李四") == 0
    assert "撞单：青岛英贝特玩具礼品有限公司 已有第 1 号目标（甲局，已接触，首谈 甲局 2024-08-27）" in capsys.readouterr().err
    assert ledger("targets", "step", "1", "洽谈", "--on", "2024-08-27") == 0
    assert ledger("convert", "1", "项目名称=玩具项目", "协议投资=1.2亿元", "--on", "2024-08-27") == 0
    assert ledger("projects", "step", "1", "意向", "--on", "2024-08-27") == 0
    assert "要附上证明（意向书、框架协议）才算数" in capsys.readouterr().err
    (tmp_path / "意向书.pdf").write_bytes(b"%PDF 1")
    assert ledger("proof", "add", "projects", "1", str(tmp_path / "意向书.pdf"), "--kind", "意向书") == 0
    (tmp_path / "进账单.pdf").write_bytes(b"%PDF 2")
    assert ledger("arrive", "1", "500万元", "--origin", "内资", "--on", "2024-09-01", "--proof", str(tmp_path / "进账单.pdf")) == 0
    assert ledger("arrive", "1", "30万美元", "--origin", "外资", "--on", "2024-09-02") == 0
    assert ledger("promises", "add", "项目编号=1", "承诺类型=税收", "承诺内容=返还地方留存") == 0
    assert "《公平竞争审查条例》（国务院令第783号）第十条" in capsys.readouterr().err
    (progress,) = listed(capsys, "progress")
    assert [progress[name] for name in ("state", "proved", "domestic", "domestic_proved", "foreign", "foreign_proved")] == [
        "意向/框架", "意向/框架", "500万元", "500万元", "30万美元", "",
    ]  # fmt: skip
    assert [row["department"] for row in listed(capsys, "collisions")] == ["甲局", "乙局"]
    assert [row["label"] for row in listed(capsys, "reviews")] == ["给予特定经营者税收优惠"]
    (project,) = listed(capsys, "projects", "list", "--where", "状态=意向", "--search", "玩具")
    assert project["agreed"] == {"amount": "120000000.00", "currency": "CNY"}
    assert [row["verb"] for row in listed(capsys, "projects", "history", "1")] == ["add", "step"]
    assert listed(capsys, "proof", "check") == []
    kept = [file for file in (own_home / "proofs").rglob("*") if file.is_file()]
    assert len(kept) == 2
    kept[0].unlink()
    assert ledger("proof", "check") == 1


def test_a_workbook_goes_out_is_changed_and_comes_back(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = str(tmp_path / "台账.xlsx")
    assert ledger("template", "--out", out) == 0
    assert listed(capsys, "import", out, "--dry-run") == []
    assert ledger("targets", "add", "类型=企业", "企业名称=甲乙有限公司") == 0
    assert ledger("export", "--everything", "--out", out) == 0
    (line,) = listed(capsys, "import", out)
    assert line["fate"] == "unchanged"
    assert ledger("targets", "set", "1", "责任人=张三", "--by", "李四") == 0
    (line,) = listed(capsys, "import", out, "--dry-run")
    assert line["fate"] == "unchanged", "an empty cell clears nothing"


@pytest.mark.slow
def test_the_code_of_a_company_of_the_snapshot_is_filled_in(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code = "91370200163615667J"
    (tmp_path / "企业.csv").write_text(f"企业名称,统一社会信用代码\n甲乙有限公司,{code}\n丙丁有限公司,\n", encoding="utf-8")
    assert main(["build", str(tmp_path / "企业.csv")]) == 0
    for name in ("甲乙有限公司", "丙丁有限公司", "戊己有限公司"):
        assert ledger("targets", "add", "类型=企业", f"企业名称={name}") == 0
    assert [row["uscc"] for row in listed(capsys, "targets", "list")] == [code, None, None]


@pytest.mark.slow
def test_names_are_resolved_and_never_guessed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """As ``resolve`` decides: a short form that can only be one is filled in, one that can be several is asked, by their names."""
    rows = [("青岛甲乙玩具有限公司", code(1)), ("青岛丙丁玩具有限公司", code(2)), ("杭州丙丁玩具有限公司", code(3))]
    (tmp_path / "企业.csv").write_text(
        "企业名称,统一社会信用代码\n" + "".join(f"{name},{number}\n" for name, number in rows), encoding="utf-8"
    )
    assert main(["build", str(tmp_path / "企业.csv")]) == 0
    capsys.readouterr()
    assert main(["resolve", str(queries(tmp_path, "甲乙玩具", "丙丁玩具")), "--format", "json"]) == 0
    decided = [one["decision"] for one in json.loads(capsys.readouterr().out)]
    for name in ("甲乙玩具", "丙丁玩具"):
        assert ledger("targets", "add", "类型=企业", f"企业名称={name}") == 0
    said = capsys.readouterr().err
    assert decided == ["same", "unsure"]
    assert f"按当前快照填：{code(1)}（认作 青岛甲乙玩具有限公司）" in said
    assert "「丙丁玩具」在当前快照里吃不准是哪一家" in said
    assert all(f"{name}（{number}）" in said for name, number in rows[1:])
    assert ledger("targets", "add", "类型=商会", "企业名称=甲乙玩具商会") == 0  # no register of companies holds chambers
    assert capsys.readouterr().err.count("吃不准") == 0
    assert [row["uscc"] for row in listed(capsys, "targets", "list")] == [code(1), None, None]


def queries(folder: Path, *names: str) -> Path:
    (folder / "名单.csv").write_text("query\n" + "".join(f"{name}\n" for name in names), encoding="utf-8")
    return folder / "名单.csv"


def test_without_a_snapshot_the_bundled_companies_are_asked(capsys: pytest.CaptureFixture[str]) -> None:
    (known, *_) = read_files([open_corpora().sample], open_corpora()).companies.text["name"]
    assert ledger("targets", "add", "类型=企业", f"企业名称={known}") == 0
    assert "统一社会信用代码按随附样例填" in capsys.readouterr().err
    (row,) = listed(capsys, "targets", "list")
    assert row["company"] == known and row["uscc"]


def test_deleted_rows_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert ledger("targets", "add", "类型=商会", "企业名称=某商会") == 0
    assert ledger("targets", "delete", "1", "--reason", "重复") == 0
    assert listed(capsys, "targets", "list") == []
    (row,) = listed(capsys, "targets", "list", "--all")
    assert row["deleted_note"] == "重复"
    assert ledger("targets", "restore", "1") == 0
    assert len(listed(capsys, "targets", "list")) == 1


WRONG = [
    (("targets", "add", "企业名称"), 2, "应写成 列=值"),
    (("targets", "add", "没有=1"), 2, "目标企业台账没有「没有」这一列"),
    (("targets", "add", "类型=企业", "类型=商会"), 2, "写了两次"),
    (("targets", "add", "类型=企业"), 1, "[企业名称] 不能空着"),
    (("targets", "step", "7", "洽谈"), 2, "没有这个目标：7"),
    (("targets", "list", "--format", "xlsx"), 2, "--out"),
    (("arrivals", "list", "--search", "x"), 1, "没有名称"),
    (("export", "--out", "台账.csv"), 2, "应以 .xlsx 结尾"),
    (("import", "没有.xlsx"), 1, "没有这个文件"),
    (("import", __file__), 1, "应为 Excel 工作簿"),
    (("arrive", "1", "5000", "--origin", "内资", "--on", "2024-09-01"), 1, "请写明单位"),
    (("arrive", "1", "-5万元", "--origin", "内资", "--on", "2024-09-01"), 1, "到位资金] 不能是负数"),
    (("proof", "withdraw", "3", "--reason", "x"), 2, "没有这个现行的证明：3"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "code", "said"), WRONG)
def test_what_is_wrong_is_one_line(words: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ledger(*words) == code
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_the_options_name_every_book() -> None:
    assert tuple(BOOKS) == tuple(ALL)
    assert tuple(name for name, book in ALL.items() if book.stepped) == STEPPED
