"""Gaps: who stands in a segment, for how much, what follows, what stays unknown; and what all of it does to a ranking."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.cli import main
from matcher.engine import Engine
from matcher.errors import RequestError
from matcher.intake import Intake, from_profiles
from matcher.matching.gaps import Gap, Gaps
from matcher.runs import Request
from tests.cli import small_zone
from tests.snapshot.small import code

pytestmark = pytest.mark.slow

AS_OF = date(2026, 11, 24)
TRADES = {
    "meat-processing": ("肉食品", "生猪屠宰；肉制品加工"),
    "farm-machinery": ("农业机械", "拖拉机、联合收割机的制造"),
    "smart-agriculture": ("农业信息", "农业物联网技术开发；智慧农业软件开发"),
    "feed": ("饲料", "配合饲料的生产、销售"),
    "finished-drugs": ("制药", "片剂、胶囊剂的生产"),
}
LEVELS = ("unknown", "absent", "thin", "present", "strong")


def company(number: int, trade: str, capital: str = "10000万人民币", **more: str) -> dict[str, str]:
    name, scope = TRADES[trade]
    row = {"name": f"聊城甪鑫{number}号{name}有限公司", "business_scope": scope, "reg_capital_raw": capital, "city": "聊城市"}
    return {**row, "founded_date": "2010-01-01", **more}


def register(engine: Engine, rows: list[dict[str, str]]) -> Intake:
    intake = from_profiles(rows, engine.corpora)
    assert len(intake.companies) == len(rows)
    return intake


def gaps_of(engine: Engine, rows: list[dict[str, str]], **options: Any) -> dict[str, Gap]:
    found: Gaps = engine.gaps(register(engine, rows), **options)
    assert [(gap.chain, gap.segment) for gap in found.segments] == [(s.chain, s.id) for s in engine.zone.segments if s.chain]
    return {gap.segment: gap for gap in found.segments}


@pytest.mark.parametrize(
    ("count", "capital", "level"),
    [
        (0, "", "unknown"),
        (1, "200万人民币", "thin"),
        (1, "10000万人民币", "present"),
        (3, "99000万人民币", "present"),
        (4, "10000万人民币", "strong"),
    ],
)
def test_companies_count_by_their_size(engine: Engine, count: int, capital: str, level: str) -> None:
    gap = gaps_of(engine, [company(n, "meat-processing", capital) for n in range(count)] or [company(0, "finished-drugs")])
    assert (gap["meat-processing"].companies, gap["meat-processing"].level) == (count, level)


def test_what_a_sample_lacks_is_unknown_and_what_a_whole_register_lacks_is_absent(engine: Engine) -> None:
    rows = [company(0, "meat-processing")]
    sample, whole = gaps_of(engine, rows)["seed-industry"], gaps_of(engine, rows, complete=True)["seed-industry"]
    assert (sample.level, sample.certain, sample.need) == ("unknown", False, sample.declared)
    assert "不等于没有" in sample.why
    assert (whole.level, whole.certain, whole.need) == ("absent", True, "complement")


def test_little_in_a_sample_is_no_finding(engine: Engine) -> None:
    """One small firm makes a segment no surer than none: what was declared stands."""
    rows = [company(0, "feed", "60万人民币"), *(company(n, "meat-processing") for n in range(1, 6))]
    sample, whole = gaps_of(engine, rows)["feed"], gaps_of(engine, rows, complete=True)["feed"]
    assert (sample.level, sample.certain, sample.need) == ("thin", False, sample.declared)
    assert "可能更多" in sample.why
    assert (whole.level, whole.certain) == ("thin", True)


def test_who_only_sells_what_a_segment_makes_counts_less(engine: Engine) -> None:
    def effective(scope: str) -> float:
        row = company(0, "feed", name="聊城甪鑫种业有限公司", business_scope=scope)
        return gaps_of(engine, [row])["seed-industry"].effective

    assert 0 < effective("农作物种子零售；种子批发零售") < 0.5 * effective("农作物种子选育、生产")


def test_a_company_of_another_city_by_code_and_name_stands_nowhere(engine: Engine) -> None:
    def stands(seat: str, name: str) -> tuple[int, int]:
        row = company(0, "meat-processing", uscc=code(1, f"91{seat}"), name=name)
        found: Gaps = engine.gaps(register(engine, [row]))
        (gap,) = [gap for gap in found.segments if gap.segment == "meat-processing"]
        return gap.companies, found.coverage.elsewhere

    assert stands("371482", "禹城甪鑫肉食品有限公司") == (0, 1)
    assert stands("371482", "聊城甪鑫肉食品有限公司") == (1, 0), "it may have moved"
    assert stands("371502", "禹城甪鑫肉食品有限公司") == (1, 0)


def test_strength_never_closes_a_need(engine: Engine) -> None:
    gap = gaps_of(engine, [company(n, "meat-processing") for n in range(9)])["meat-processing"]
    assert (gap.level, gap.derived, gap.need) == ("strong", "strengthen", "strengthen")


def test_beside_a_strong_segment_a_weak_one_extends_downwards_and_completes_upwards(engine: Engine) -> None:
    gaps = gaps_of(engine, [company(n, "meat-processing") for n in range(5)], complete=True)
    chain = next(chain for chain in engine.zone.chains if chain.id == "modern-agriculture")
    after = {end for start, end in chain.edges if start == "meat-processing"}
    before = {start for start, end in chain.edges if end == "meat-processing"}
    assert after and before - after
    for one in after:
        assert gaps[one].derived == "extend", one
        assert "畜禽屠宰与肉制品加工" in gaps[one].why
    for one in before - after:
        assert gaps[one].derived == "complement", one


def test_a_chain_without_anything_is_to_be_founded(engine: Engine) -> None:
    gaps = gaps_of(engine, [company(0, "meat-processing", "60万人民币")], complete=True)
    tourism = [gap for gap in gaps.values() if gap.chain == "culture-tourism"]
    assert tourism
    assert all(gap.derived == "complement" and "从头建链" in gap.why for gap in tourism)
    assert not any("从头建链" in gap.why for gap in gaps.values() if gap.chain == "modern-agriculture"), "it has anchors"


def test_what_the_article_says_stands_before_what_follows(engine: Engine) -> None:
    """农机 is asked for by name: that the prefecture is full of it changes nothing, and both are shown."""
    gap = gaps_of(engine, [company(n, "farm-machinery") for n in range(6)])["farm-machinery"]
    assert (gap.declared_by, gap.declared, gap.derived, gap.need) == ("article", "complement", "strengthen", "complement")


@pytest.mark.parametrize(
    "more",
    [
        {"status": "注销"},
        {"name": "聊城甪鑫肉食品有限公司东昌分公司"},
        {"name": "聊城市供销合作社肉食品有限公司"},
    ],
)
def test_who_stands_nowhere(engine: Engine, more: dict[str, str]) -> None:
    assert gaps_of(engine, [company(0, "meat-processing", **more), company(1, "feed")])["meat-processing"].companies == 0


def test_coverage_is_stated(engine: Engine) -> None:
    rows = [
        company(0, "feed", founded_date="2003-05-06"),
        company(1, "feed", founded_date="2006-05-06", city="济南市"),
        company(2, "feed", founded_date="", business_scope=""),
    ]
    found = engine.gaps(register(engine, rows)).coverage
    assert (found.companies, found.elsewhere, found.with_scope) == (3, 1, 2)
    assert (found.years, found.missing_years, found.complete) == ((2003, 2006), (2004, 2005), False)


rows_ = st.lists(
    st.tuples(st.sampled_from(sorted(TRADES)), st.sampled_from(["", "50万人民币", "900万人民币", "20000万人民币"])),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=25)
@given(given_rows=rows_, more=st.sampled_from(sorted(TRADES)), random=st.randoms(use_true_random=False))
def test_more_never_lowers_presence_and_order_never_matters(
    engine: Engine, given_rows: list[tuple[str, str]], more: str, random
) -> None:
    rows = [company(number, *row) for number, row in enumerate(given_rows)]
    before = gaps_of(engine, rows)
    assert gaps_of(engine, random.sample(rows, len(rows))) == before
    after = gaps_of(engine, [*rows, company(99, more)])
    for segment, gap in before.items():
        assert LEVELS.index(after[segment].level) >= LEVELS.index(gap.level), segment
        assert after[segment].effective >= gap.effective


# --- what it does to a ranking ------------------------------------------------------------------------------------------------------


def test_a_ranking_by_the_register_says_which_gap_and_which_neighbours(engine: Engine) -> None:
    local = register(engine, [company(n, "meat-processing") for n in range(5)])
    target = {**company(50, "feed"), "name": "青岛鬻鼎饲料有限公司", "city": "青岛市"}
    request = Request(as_of=AS_OF)
    plain = engine.rank(from_profiles([target], engine.corpora), request)
    informed = engine.with_local(local, complete=True).rank(from_profiles([target], engine.corpora), request)
    (before,), (after,) = plain.results, informed.results
    assert (before.need, after.need) == ("strengthen", "complement"), "no local feed, and strong customers"
    assert "本地没有" in after.reason
    assert "本地" not in before.reason
    assert plain.run.id != informed.run.id
    assert informed.run.request["local"] == local.digest


def test_companies_of_the_register_are_no_targets(engine: Engine) -> None:
    row = {**company(0, "feed"), "uscc": "91330000142924161N", "city": ""}
    local = register(engine, [{**row, "city": "聊城市"}])
    (result,) = engine.with_local(local).score([row], AS_OF)
    assert not isinstance(result, dict)
    assert result.vetoed_by == "local"


def test_the_engine_itself_stays_as_it_was(engine: Engine) -> None:
    zone = engine.zone
    engine.with_local(register(engine, [company(0, "feed")]))
    assert engine.zone is zone
    assert (
        "local"
        not in engine.rank(from_profiles([company(1, "feed", city="青岛市")], engine.corpora), Request(as_of=AS_OF)).run.request
    )


# --- the command --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def local_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    rows = [company(n, "meat-processing") for n in range(5)]
    rows.append({**company(9, "feed"), "name": "聊城<甪&鑫>饲料有限公司"})
    with Path("本地.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return "本地.csv"


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(["gaps", "--zone", "liaocheng-resort", *argv])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.slow
def test_a_table_json_and_csv_say_the_same(capsys: pytest.CaptureFixture[str], local_file: str) -> None:
    code, table, err = run(capsys, "--local", local_file, "--chain", "modern-agriculture")
    assert code == 0 and "读入 6 行" in err
    assert "没有声明名录就是全部" in table and "畜禽屠宰与肉制品加工" in table and "文旅度假" not in table
    _, text, _ = run(capsys, "--local", local_file, "--format", "json")
    data = json.loads(text)
    _, lines, _ = run(capsys, "--local", local_file, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(lines.removeprefix("\ufeff"), newline="")))
    assert [(row["segment"], row["level"], row["need"]) for row in rows] == [
        (gap["segment"], gap["level"], gap["need"]) for gap in data["segments"]
    ]
    assert data["coverage"]["complete"] is False


def test_the_picture_is_xml_with_every_segment_and_edge_and_nothing_that_runs(
    capsys: pytest.CaptureFixture[str], local_file: str, engine: Engine
) -> None:
    code, text, _ = run(capsys, "--local", local_file, "--chain", "modern-agriculture", "--format", "svg")
    root = ET.fromstring(text)
    assert code == 0
    chain = next(chain for chain in engine.zone.chains if chain.id == "modern-agriculture")
    said = "\n".join(root.itertext())
    assert all(segment.name in said for segment in chain.segments)
    names = {element.tag.split("}")[1] for element in root.iter()}
    assert names == {"svg", "rect", "text", "path", "g", "title"}
    assert sum(element.tag.endswith("path") for element in root.iter()) == len(chain.edges)
    assert "<甪&鑫>" in said


@pytest.mark.parametrize("layout", ["slide", "page"])
@pytest.mark.parametrize("chain_id", ["modern-agriculture", "culture-tourism", "medical-health"])
def test_a_slide_is_16_to_9_and_no_box_touches_another(
    capsys: pytest.CaptureFixture[str], local_file: str, chain_id: str, layout: str, engine: Engine
) -> None:
    code, text, _ = run(capsys, "--local", local_file, "--chain", chain_id, "--format", "svg", "--layout", layout)
    root = ET.fromstring(text)
    width, height = int(root.attrib["width"]), int(root.attrib["height"])
    assert code == 0
    assert (width * 9 == height * 16) == (layout == "slide")
    boxes = [[int(group[1].attrib[name]) for name in ("x", "y", "width", "height")] for group in root if group.tag.endswith("}g")]
    chain = next(chain for chain in engine.zone.chains if chain.id == chain_id)
    assert len(boxes) == len(chain.segments)
    headings = [int(one.attrib["y"]) for one in root if one.tag.endswith("}text") and one.text in ("上游", "中游", "下游")]
    legend = [int(one.attrib["y"]) for one in root if one.tag.endswith("}rect") and "y" in one.attrib]
    for x, y, w, h in boxes:
        assert x >= 0 and x + w <= width
        assert max(headings) < y and y + h < min(legend)
    assert all(
        a[0] + a[2] < b[0] or b[0] + b[2] < a[0] or a[1] + a[3] < b[1] or b[1] + b[3] < a[1]
        for n, a in enumerate(boxes)
        for b in boxes[:n]
    )


@pytest.mark.slow
def test_without_a_layout_the_picture_is_a_slide(capsys: pytest.CaptureFixture[str], local_file: str) -> None:
    argv = ["--local", local_file, "--chain", "modern-agriculture", "--format", "svg"]
    assert run(capsys, *argv)[1] == run(capsys, *argv, "--layout", "slide")[1]


def test_a_workbook(capsys: pytest.CaptureFixture[str], local_file: str) -> None:
    code, _, _ = run(capsys, "--local", local_file, "--format", "xlsx", "--out", "缺口.xlsx")
    assert code == 0 and Path("缺口.xlsx").read_bytes()[:2] == b"PK"


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["--local", "没有.csv"], 1, "没有这个文件"),
        (["--local", "本地.csv", "--chain", "modern"], 2, "产业链"),
        (["--local", "本地.csv", "--format", "svg"], 2, "--chain"),
        (["--local", "本地.csv", "--format", "xlsx"], 2, "--out"),
        (["--local", "本地.csv", "--out", "本地.csv"], 2, "覆盖"),
    ],
)
def test_wrong_options_are_one_line(
    capsys: pytest.CaptureFixture[str], local_file: str, argv: list[str], code: int, said: str
) -> None:
    got, _, err = run(capsys, *argv)
    lines = [line for line in err.splitlines() if line.startswith("lianzhao: ")]
    assert got == code and len(lines) == 1 and said in lines[0]


def test_a_zone_without_a_scale_says_what_to_write(tmp_path: Path) -> None:
    small_zone.write(tmp_path)
    engine = Engine("small", rules=tmp_path)
    with pytest.raises(RequestError, match="presence"):
        engine.gaps(from_profiles([{"name": "甲积木有限公司"}], engine.corpora))
