"""``rules diff`` says the same in every form, touches no file, keeps a budget of churn, and names what it cannot find."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from python_calamine import CalamineWorkbook

from matcher.cli import main
from tests.cli import small_zone
from tests.cli.small_zone import SCORING

pytestmark = pytest.mark.slow

DAY = ["--as-of", "2026-01-01"]
ROWS = [
    ("青岛甲积木有限公司", "积木制造", "9000万元", "青岛市"),
    ("青岛乙布偶有限公司", "布偶制造；礼品销售", "600万元", "青岛市"),
    ("杭州丙游乐园有限公司", "游乐园；主题乐园", "2000万元", "杭州市"),
    ("杭州丁礼品有限公司", "礼品销售", "20000万元", "杭州市"),
    ("=戊积木有限公司", "积木销售；布偶销售", "", "杭州市"),
]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a diff of the small zone as it is and with the weights turned round."""
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    small_zone.write(tmp_path / "rules")
    new = SCORING.replace("weight: 60", "weight: 5").replace("cap: [0, 40]", "cap: [0, 35]")
    small_zone.write(tmp_path / "other", scoring=new)
    with Path("企业.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("企业名称", "经营范围", "注册资本", "所属城市"), *ROWS])

    def of(*argv: str, old: str = "draft", new: str = "other/small") -> tuple[int, str, str]:
        code = main(["rules", "diff", "small", old, new, "企业.csv", "--rules", "rules", *DAY, *argv])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return of


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in sorted(folder.rglob("*.yaml"))}


def test_every_form_says_the_same(run: Run, tmp_path: Path) -> None:
    before = contents(tmp_path)
    code, out, _ = run("--top", "2", "--format", "json")
    data = json.loads(out)
    assert code == 0
    assert (data["old_rules"], data["new_rules"]) == ("draft", "other/small")
    names = [move["name"] for move in data["moves"]]
    assert {move["kind"] for move in data["moves"]} >= {"entered", "left"}
    _, out, _ = run("--top", "2", "--format", "csv")
    lines = list(csv.DictReader(io.StringIO(out.removeprefix("\ufeff"), newline="")))
    assert [line["name"].removeprefix("'") for line in lines] == names
    for line, move in zip(lines, data["moves"], strict=True):
        assert float(line["score_change"]) == move["change"]
        assert sum(float(line[key]) for key in line if re.match("rule_|cap_|clamp_", key)) == pytest.approx(move["change"])
    _, out, _ = run("--top", "2")
    for move in data["moves"]:
        assert (move["name"] in out) == (move["kind"] != "kept")
    assert "分值：60 → 5" in out
    assert "封顶：0、40 → 0、35" in out
    assert run("--top", "2", "--format", "xlsx", "--out", "对比.xlsx")[0] == 0
    book = CalamineWorkbook.from_path("对比.xlsx")
    assert book.sheet_names == ["对比", "分差明细", "规则改动"]
    assert [row[5].removeprefix("'") for row in book.get_sheet_by_name("对比").to_python()[1:]] == names
    assert contents(tmp_path) == before


def test_the_picture_has_a_line_for_every_company(run: Run) -> None:
    code, out, _ = run("--top", "2", "--format", "svg")
    assert code == 0
    data = json.loads(run("--top", "2", "--format", "json")[1])
    picture = ElementTree.fromstring(out)
    groups = picture.findall("{*}g")
    assert len(groups) == len(data["moves"])
    height = float(picture.attrib["height"])
    seen: dict[str, set[float]] = {"y1": set(), "y2": set()}
    for group, move in zip(groups, data["moves"], strict=True):
        title, line = group.find("{*}title"), group.find("{*}line")
        assert title is not None and (title.text or "").startswith(move["name"])
        assert line is not None
        for end, places in seen.items():
            place = float(line.attrib[end])
            assert 0 < place < height
            assert place not in places, "no two companies at one place"
            places.add(place)


def test_equal_rules_change_nothing_and_keep_any_budget(run: Run) -> None:
    code, out, err = run("--most-churn", "0", new="draft")
    assert code == 0
    assert "重合 100%" in out and "进入 0 家，退出 0 家，换位 0 家，原位 5 家" in out
    assert "most-churn" not in err


@pytest.mark.parametrize(("budget", "code"), [("0", 1), ("1", 0)])
def test_churn_beyond_the_budget_fails(run: Run, budget: str, code: int) -> None:
    done, out, err = run("--top", "2", "--most-churn", budget)
    assert done == code
    assert ("超过 --most-churn 0" in err) == bool(code)
    assert "名单对比" in out, "the list is printed all the same"


def test_filters_are_those_of_rank(run: Run) -> None:
    data = json.loads(run("--city", "青岛", "--format", "json")[1])
    assert {move["city"] for move in data["moves"]} == {"青岛市"}
    code, _, err = run("--city", "青岛岛")
    assert (code, "青岛" in err) == (2, True)
    assert run("--chain", "nonesuch")[0] == 2


@pytest.mark.parametrize("word", ["published", "nirgends", "企业.csv"])
def test_a_ruleset_that_is_not_there(run: Run, word: str) -> None:
    code, out, err = run(new=word)
    assert (code, out) == (2, "")
    assert word in err and len(err.splitlines()) == 1


def test_a_broken_ruleset_is_told_by_its_path(run: Run) -> None:
    shutil.copytree("other/small", "broken")
    Path("broken/scoring.yaml").write_text(SCORING.replace("weight: 60", "weight: 六十"), encoding="utf-8")
    code, out, err = run(new="broken")
    assert (code, out) == (1, "")
    assert "broken/scoring.yaml:" in err


def test_files_may_stand_behind_the_options(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    _, before, _ = run("--format", "json")
    assert main(["rules", "diff", "small", "draft", "other/small", "--rules", "rules", *DAY, "--format", "json", "企业.csv"]) == 0
    assert capsys.readouterr().out == before
    with pytest.raises(SystemExit) as stopped:
        main(["rules", "diff", "small", "draft", "other/small", "--rules", "rules", "--no-such", "企业.csv"])
    assert stopped.value.code == 2 and "不认识的参数" in capsys.readouterr().err


def test_a_budget_of_churn_proves_nothing_of_nobody(run: Run) -> None:
    code, _, said = run("--city", "拉萨", "--most-churn", "0")
    assert (code, "没有一家企业可比" in said) == (1, True)
