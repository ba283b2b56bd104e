"""``rules check`` tells of concerns in every form, of breaches of compliance as errors, and keeps its exit codes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from matcher.cli import main
from tests.cli import small_zone
from tests.cli.small_zone import SCORING, line_of

DOUBTFUL = SCORING.replace("ramp(affinity, 250, 850)", "affinity >= 0")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    Path("企业.csv").write_text("企业名称,经营范围\n青岛甲积木有限公司,积木制造\n青岛乙乐园有限公司,主题乐园\n", encoding="utf-8")

    def of(*argv: str, scoring: str = DOUBTFUL) -> tuple[int, str, str]:
        if not Path("rules").exists():
            small_zone.write(tmp_path / "rules", scoring=scoring)
        code = main(["rules", "check", "small", *argv, "--rules", "rules", "--as-of", "2026-01-01"])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return of


def test_a_concern_in_every_form(run: Run) -> None:
    code, out, err = run("企业.csv")
    place = f"small/scoring.yaml:{line_of(DOUBTFUL, 'affinity >= 0')} [rules.0.value]"
    assert code == 0
    assert place in out and "规则无误" in out and "企业.csv的 2 家" in out
    assert "读入 2 行" in err
    data = json.loads(run("企业.csv", "--format", "json")[1])
    assert "always" in {one["kind"] for one in data["concerns"]}
    assert (data["companies"], data["counts"]["dead_term"]) == (2, 3), "布偶、礼品、游乐园"
    lines = list(csv.DictReader(io.StringIO(run("企业.csv", "--format", "csv")[1].removeprefix("\ufeff"), newline="")))
    assert [(one["file"], int(one["line"]), one["text"]) for one in lines] == [
        (one["file"], one["line"], one["text"]) for one in data["concerns"]
    ]
    assert run("企业.csv", "--format", "xlsx", "--out", "体检.xlsx")[0] == 0
    (sheet,) = CalamineWorkbook.from_path("体检.xlsx").sheet_names
    assert len(CalamineWorkbook.from_path("体检.xlsx").get_sheet_by_name(sheet).to_python()) == 1 + len(lines)


def test_words_that_were_never_found_are_listed_when_asked_for(run: Run) -> None:
    assert "“布偶”" not in run("企业.csv")[1]
    assert "“布偶”没有命中过" in run("企业.csv", "--all")[1]
    data = json.loads(run("企业.csv", "--all", "--format", "json")[1])
    assert len([note for note in data["notes"] if note["kind"] == "dead_term"]) == data["counts"]["dead_term"]


def test_strict_fails_on_a_concern(run: Run) -> None:
    code, out, _ = run("企业.csv", "--strict")
    assert code == 1
    assert "对谁都一样" in out


def test_strict_passes_without_one(run: Run) -> None:
    sound = SCORING.replace("why: 测试用", "why: 测试用的规则").replace("why: 找总部", "why: 网点自己定不了投资")
    code, out, err = run("--strict", scoring=sound)
    assert (code, err) == (0, ""), "the bundled sample is not counted row by row"
    assert "疑处 0 处" in out and "随附样例" in out


def test_a_breach_of_compliance_is_an_error(run: Run) -> None:
    scoring = SCORING.replace("label: 契合", "label: 国有企业优先")
    code, out, err = run(scoring=scoring)
    assert code == 1 and "合规问题 1 处" in out and "规则无误" not in out
    assert f"small/scoring.yaml:{line_of(scoring, '国有企业优先')} [rules.0.label]" in err
    assert "《优化营商环境条例》（国务院令第722号）第六条" in err


def test_concerns_are_told_beside_a_breach(run: Run) -> None:
    scoring = DOUBTFUL.replace("label: 契合", "label: 国有企业优先")
    code, out, err = run("企业.csv", scoring=scoring)
    assert code == 1
    assert "[rules.0.value] 对谁都一样" in out and "[rules.0.label]" in err
    code, out, _ = run("企业.csv", "--format", "json")
    data = json.loads(out)
    assert code == 1
    assert [one["field"] for one in data["forbidden"]] == ["rules.0.label"]
    assert "always" in {one["kind"] for one in data["concerns"]}
