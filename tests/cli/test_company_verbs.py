"""``why-not`` and ``certainty`` say in words what their JSON says, and refuse what they cannot find."""

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

DAY = ["--as-of", "2026-01-01", "--top", "2"]
ROWS = """\
企业名称,经营范围,注册资本,所属城市
青岛甲积木有限公司,积木制造,9000万元,青岛市
青岛乙布偶有限公司,布偶制造；礼品销售,2500万元,青岛市
杭州丙游乐园有限公司,游乐园；主题乐园,520万元,杭州市
杭州丁积木有限公司,积木销售,,杭州市
青岛戊积木门店,积木销售,900万元,青岛市
杭州己面馆分公司,面条加工,900万元,杭州市
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    small_zone.write(tmp_path / "rules")
    Path("企业.csv").write_text(ROWS, encoding="utf-8")

    def of(*argv: str) -> tuple[int, str, str]:
        verb, *rest = argv
        code = main([verb, *rest, "企业.csv", "--zone", "small", "--rules", "rules", *DAY])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return of


def test_why_not_in_words_and_as_data(run: Run) -> None:
    for name in ("青岛乙", "杭州丁"):
        code, out, _ = run("why-not", "--company", name)
        data = json.loads(run("why-not", "--company", name, "--format", "json")[1])
        assert code == 0
        assert data["standing"]["name"] in out and f"第 {data['standing']['place']} 位" in out
        assert data["last"][0] in out
        assert data["answers"] or data["changes"]
        for remedy in (*data["answers"], *data["changes"]):
            assert f"第 {remedy['place']} 位" in out and remedy["place"] <= 2
            assert all(change["after"] in out for change in remedy["changes"])


def test_a_company_among_the_first_needs_nothing(run: Run) -> None:
    code, out, _ = run("why-not", "--company", "青岛甲积木有限公司")
    assert code == 0
    assert "已在前 2 家" in out


def test_a_veto_is_named(run: Run) -> None:
    code, out, _ = run("why-not", "--company", "青岛戊")
    assert code == 0
    assert "被否决：分支网点" in out and "没有一种能让它进前 2 家" in out


def test_a_company_without_a_segment_is_explained(run: Run) -> None:
    out = run("why-not", "--company", "杭州己面馆")[1]
    data = json.loads(run("why-not", "--company", "杭州己面馆", "--format", "json")[1])
    assert [veto["label"] for veto in data["barred"]] == data["standing"]["because"] == ["分支网点"]
    assert {one["rule"] for one in data["unfired"]} >= {"fits"}
    assert "要求 契合度从 0.25 到 0.85 渐次给满" in out and "ramp" not in out.lower()
    assert "不属于任何环节" in out and "否决 分支网点" in out and "契合（至多 60）" in out


def test_what_takes_points_is_told_with_its_question(run: Run) -> None:
    added = "  - {id: doubt, label: 疑点扣分, cap: [-20, 0]}\nvetoes:"
    rule = """\
  - {id: small, group: doubt, label: 资本小, weight: -8, value: capital < 3000, if_unknown: 0.5, evidence: "{capital}",
     asks: 钱从哪里来, why: 测试用}
"""
    (Path("rules") / "small" / "scoring.yaml").write_text(small_zone.SCORING.replace("vetoes:", added) + rule, encoding="utf-8")
    out = run("why-not", "--company", "青岛乙")[1]
    assert "疑点扣分 -8，" not in out and "疑点扣分 -8\n" in out
    assert "资本小 -8　读到 注册资本：2,500万元　问 钱从哪里来" in out
    assert "资本小 -4（不详，暂按此扣）" in run("why-not", "--company", "杭州丁")[1]
    (taken,) = json.loads(run("why-not", "--company", "青岛乙", "--format", "json")[1])["deducted"]
    assert (taken["rule"], taken["points"], taken["known"], taken["asks"]) == ("small", -8, True, "钱从哪里来")
    Path("rules/small/scoring.yaml").write_text(small_zone.SCORING.replace("if_unknown: 0.2", "if_unknown: 0"), encoding="utf-8")
    assert (
        "注册资本（至多 40）　读到 按环节类型折算的注册资本：不详　不知道，问到才能算" in run("why-not", "--company", "杭州丁")[1]
    )
    assert "扣了分的" not in run("why-not", "--company", "青岛甲")[1]


@pytest.mark.parametrize("words", ["积木", "虚无缥缈", ""])
def test_a_company_that_is_not_one(run: Run, words: str) -> None:
    code, out, err = run("why-not", "--company", words)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) <= 2 and "企业" in err


def test_certainty_in_every_form(run: Run) -> None:
    code, out, _ = run("certainty", "--draws", "5")
    data = json.loads(run("certainty", "--draws", "5", "--format", "json")[1])
    assert code == 0
    assert (data["seed"], data["completions"]) == (1, 5)
    assert "抽 5 种补全，种子 1" in out
    assert sum(chance["share"] for chance in data["chances"]) == pytest.approx(2)
    assert all(chance["standing"]["name"] in out for chance in data["chances"])
    if data["questions"]:
        assert f"最该先问的一句：{data['questions'][0]['name']}" in out and "个位次换人" in out
    lines = list(csv.DictReader(io.StringIO(run("certainty", "--draws", "5", "--format", "csv")[1].removeprefix("\ufeff"))))
    assert [(line["name"], float(line["share"])) for line in lines] == [
        (chance["standing"]["name"], chance["share"]) for chance in data["chances"]
    ]
    assert run("certainty", "--draws", "5", "--format", "xlsx", "--out", "把握.xlsx")[0] == 0
    assert len(CalamineWorkbook.from_path("把握.xlsx").get_sheet_by_name("把握").to_python()) == 1 + len(lines)
