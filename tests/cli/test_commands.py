"""rank, match, score and rules check say the same things in tables, JSON and CSV, in the contract's shape."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import sys
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from matcher.cli import commands, main
from matcher.engine import Engine
from tests.cli import small_zone

ZONE = "liaocheng-resort"
CHAINS = ["medical-health", "culture-tourism", "creative-sport", "modern-agriculture"]
DAY = ["--as-of", "2024-08-27"]
COMPANIES = """\
企业名称,统一社会信用代码,成立日期,注册资本,经营范围,所属省份,所属城市,数据日期
青岛甲酒店管理集团有限公司,,2006-01-01,30000万元,酒店管理；住宿服务；餐饮服务,山东省,青岛市,2024-01-01
,,2006-01-01,30000万元,酒店管理,山东省,青岛市,2024-01-01
杭州乙中药材种植有限公司,,2010-05-06,5000万元,中药材种植；中药材初加工,浙江省,杭州,2024-01-01
=丙食品加工有限公司,,2011-01-01,2000万元,蔬菜加工；速冻食品生产,-1+1,@SUM(A1),2024-01-01
绍兴丁体育用品有限公司,,2012-01-01,80(万美元),体育用品制造；皮划艇制造,浙江省,绍兴市,2024-01-01
青岛戊玩具有限公司,,2013-01-01,3000万元,毛绒玩具制造；积木生产,山东省,青岛市,2024-01-01
青岛己食品有限公司分公司,,2013-01-01,3000万元,食品生产,山东省,青岛市,2024-01-01
绍兴庚律师事务所,,2013-01-01,3000万元,法律服务,浙江省,绍兴市,2024-01-01,多出的,两列
"""
REJECTED = [3, 9]
Run = Callable[..., str]


@pytest.fixture(autouse=True)
def place(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real zone as it is already open; files and home in a folder of the test's own."""
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "Engine", lambda zone, **folders: engine if zone == ZONE else Engine(zone, **folders))
    Path("名单.csv").write_text(COMPANIES, encoding="utf-8")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def of(*argv: str, stdin: str = "") -> str:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        assert main(argv) == 0
        return capsys.readouterr().out

    return of


def table(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.removeprefix("\ufeff"), newline="")))


def width(line: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def ranked(run: Run, *argv: str) -> dict[str, Any]:
    return dict(json.loads(run("rank", *argv, "--zone", ZONE, *DAY, "--format", "json"), parse_float=Decimal))


def test_a_table_fits_into_eighty_columns(run: Run) -> None:
    long = "绍兴" + "很长的" * 60 + "玩具有限公司"
    Path("长.csv").write_text(COMPANIES + f'{long},,,,"毛绒玩具制造","{"省" * 30}","{"城" * 30}",\n', encoding="utf-8")
    shown = run("rank", "长.csv", "--zone", ZONE, *DAY)
    assert "青岛甲酒店管理集团有限公司" in shown and "很长的" in shown
    assert max(map(width, shown.splitlines())) <= 80


@pytest.mark.slow
def test_the_list_says_how_many_of_it_each_city_has(run: Run) -> None:
    """A city with less than a third of its share has too few leads for a day; one city alone needs no count."""
    three = [word for city in ("青岛", "杭州", "绍兴") for word in ("--city", city)]
    shown = run("rank", *three, "--zone", ZONE, *DAY, "--top", "20", "--format", "json")
    cities = [str(result["city"]).removesuffix("市") for result in json.loads(shown)["results"]]
    told = run("rank", *three, "--zone", ZONE, *DAY, "--top", "20").replace("\n", "")
    for city in ("青岛", "杭州", "绍兴"):
        count = cities.count(city)
        assert f"{city} {count} 家" in told
        assert (f"{city}的线索少" in told) == (count * 9 < len(cities))
    assert "名单上：" not in run("rank", "--city", "青岛", "--zone", ZONE, *DAY, "--top", "20")


def test_a_table_sends_no_control_characters_to_the_terminal(run: Run) -> None:
    Path("坏.csv").write_text(
        COMPANIES.replace("青岛市", "\x1b[2J青\x9b31m\x7f岛").replace("杭州,", "[red]杭州[/red],"), encoding="utf-8"
    )
    shown = run("rank", "坏.csv", "--zone", ZONE, *DAY)
    assert {c for c in shown if unicodedata.category(c) == "Cc"} == {"\n"}
    assert "[red]" in shown


def test_the_bundled_sample_is_ranked_when_no_file_is_given(run: Run) -> None:
    shown = run("rank", "--zone", ZONE, *DAY, "--top", "3")
    assert [int(n) for n in re.findall(r"(?m)^ +(\d+)\. ", shown)][:3] == [1, 2, 3]
    assert max(map(width, shown.splitlines())) <= 80


def test_json_has_the_shape_of_the_contract_and_adds_up_exactly(run: Run) -> None:
    ranking = ranked(run)
    assert {"run", "results", "considered", "vetoed"} <= set(ranking)
    assert {"id", "zone", "created_at", "snapshot", "ruleset", "corpora", "versions", "request"} <= set(ranking["run"])
    assert len(ranking["results"]) == 20
    for place, result in enumerate([*ranking["results"], *ranking["opportunities"]]):
        assert {"row", "uscc", "name", "province", "city", "as_of", "order_value", "matched_terms", "unknown", "reason"} <= set(
            result
        )
        assert place >= 20 or result["rank"] == place + 1
        for group in result["groups"]:
            points = sum(c["points"] for c in result["contributions"] if c["group"] == group["group"])
            assert group["raw"] == points
            assert group["points"] == min(max(points, group["cap"][0]), group["cap"][1])
        for contribution in result["contributions"]:
            assert contribution["points"] == contribution["weight"] * contribution["value"]
        assert result["score"] == min(max(sum(group["points"] for group in result["groups"]), 0), 100)
        assert 0 <= result["interval"][0] <= result["score"] <= result["interval"][1] <= 100
        assert result["band"] in "ABCD" and result["need"] in ("complement", "strengthen", "extend", "none")
        assert 0 <= result["affinity"] <= 1
    values = [result["order_value"] for result in ranking["results"]]
    assert values == sorted(values, reverse=True)


def test_the_same_request_gives_the_same_results_whatever_the_order_of_rows(run: Run) -> None:
    header, *rows = COMPANIES.splitlines()
    random.Random(1).shuffle(rows)
    Path("乱.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    one, again, mixed = ranked(run, "名单.csv"), ranked(run, "名单.csv"), ranked(run, "乱.csv")
    assert (one["results"], one["run"]["id"]) == (again["results"], again["run"]["id"])
    for ranking in (one, mixed):
        for result in [*ranking["results"], *ranking["opportunities"]]:
            del result["row"]
    assert (one["results"], one["opportunities"]) == (mixed["results"], mixed["opportunities"])
    assert (one["considered"], one["vetoed"]) == (mixed["considered"], mixed["vetoed"]) == (6, one["vetoed"])
    assert one["vetoed"].get("outlet", 0) == 1


@pytest.mark.parametrize(("argv", "key", "value"), [
    (["--chain", "culture-tourism"], "chain", "culture-tourism"), (["--group", "medical-health-group"], "chain", "medical-health"),
    (["--need", "extend"], "need", "extend"), (["--city", "绍兴"], "city", "绍兴"),
])  # fmt: skip
def test_filters_keep_what_they_say(run: Run, argv: list[str], key: str, value: str) -> None:
    ranking = ranked(run, *argv)
    assert ranking["results"]
    assert {str(result[key]).removesuffix("市") for result in ranking["results"]} == {value}


def test_a_city_with_and_without_its_ending(run: Run) -> None:
    short, full = (
        ranked(run, "--city", "青岛", "--city", "杭州市"),
        ranked(run, "--city", "杭州", "--city", "青岛市", "--city", "青岛"),
    )
    assert (short["results"], short["considered"]) == (full["results"], full["considered"])
    assert {result["city"] for result in short["results"]} <= {"青岛", "青岛市", "杭州", "杭州市"}


@pytest.mark.parametrize("row", ["绍兴庚律师事务所,法律服务,绍兴市", "青岛甲大酒店管理有限公司,酒店管理,青岛市"])
@pytest.mark.parametrize("form", ["table", "json", "csv"])
@pytest.mark.parametrize("city", [[], ["--city", "拉萨"]])
def test_a_list_that_is_empty_is_a_list(run: Run, row: str, form: str, city: list[str]) -> None:
    Path("一家.csv").write_text("企业名称,经营范围,所属城市\n" + row + "\n", encoding="utf-8")
    shown = run("rank", "一家.csv", "--zone", ZONE, *DAY, "--format", form, *city)
    if form == "json":
        assert json.loads(shown)["considered"] == (0 if city else 1)


@pytest.mark.slow
def test_csv_has_a_mark_of_order_and_the_same_numbers_as_json(run: Run) -> None:
    shown = run("rank", "--zone", ZONE, *DAY, "--format", "csv")
    assert shown.startswith("\ufeff")
    ranking = ranked(run)
    rows = table(shown)
    results = [*ranking["results"], *ranking["opportunities"]]
    assert [(row["name"], Decimal(row["score"]), row["uscc"]) for row in rows] == [
        (r["name"], r["score"], r["uscc"] or "") for r in results
    ]
    run("rank", "--zone", ZONE, *DAY, "--format", "csv", "--out", "新.csv")
    raw = Path("新.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") and raw.count(b"\xef\xbb\xbf") == 1
    assert table(raw.decode("utf-8-sig")) == rows


def test_cells_that_a_spreadsheet_would_run_are_defused(run: Run) -> None:
    run("match", "名单.csv", "--zone", ZONE, "--out", "契合.csv")
    for content in (run("rank", "名单.csv", "--zone", ZONE, *DAY, "--format", "csv"), Path("契合.csv").read_text("utf-8-sig")):
        rows = table(content)
        assert next(row["name"] for row in rows if "丙食品" in row["name"]) == "'=丙食品加工有限公司"
        for cell in (cell for row in rows for cell in row.values()):
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")) or re.fullmatch(r"-\d+(\.\d+)?", cell)


def test_match_gives_one_line_per_row_and_chain_in_input_order(run: Run, engine: Engine) -> None:
    assert list(engine.zone.chain_names) == CHAINS
    Path("先.csv").write_text(
        "name,business_scope\n,空\n辛旅行社有限公司,旅行社业务\n\n辛旅行社有限公司,旅行社业务\n,空\n", encoding="utf-8"
    )
    run("match", "先.csv", "名单.csv", "--zone", ZONE, "--out", "契合.csv")
    raw = Path("契合.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.decode("utf-8-sig").splitlines()[0] == "file,row,uscc,name,chain,segment,affinity,matched_terms"
    rows = table(raw.decode("utf-8-sig"))
    places = [("先.csv", row) for row in (2, 3, 5, 6)] + [("名单.csv", row) for row in range(2, 10)]
    assert [(row["file"], int(row["row"]), row["chain"]) for row in rows] == [
        (*place, chain) for place in places for chain in CHAINS
    ]
    segments = {(segment.chain, segment.id) for segment in engine.zone.segments}
    for row in rows:
        rejected = (row["file"], int(row["row"])) in [("先.csv", 2), ("先.csv", 6), *(("名单.csv", n) for n in REJECTED)]
        assert 0 <= float(row["affinity"]) <= 1
        if rejected or float(row["affinity"]) == 0:
            assert (float(row["affinity"]), row["segment"], row["matched_terms"]) == (0, "", "")
        else:
            assert (row["chain"], row["segment"]) in segments
        assert (row["name"] == "") == rejected
    best = {row["name"]: row["chain"] for row in sorted(rows, key=lambda row: float(row["affinity"]))}
    assert (best["青岛甲酒店管理集团有限公司"], best["杭州乙中药材种植有限公司"]) == ("culture-tourism", "medical-health")


def test_match_of_the_same_file_twice(run: Run) -> None:
    run("match", "名单.csv", "名单.csv", "--zone", ZONE, "--out", "契合.csv")
    rows = [int(row["row"]) for row in table(Path("契合.csv").read_text("utf-8-sig"))]
    assert rows == [row for row in [*range(2, 10), *range(2, 10)] for _ in CHAINS]


def test_a_file_appears_whole_or_not_at_all(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("契合.csv").write_text("从前的", encoding="utf-8")
    whole = engine.match

    def stops(intake: Any) -> Any:
        yield next(whole(intake))
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "match", stops, raising=False)
    assert main(["match", "名单.csv", "--zone", ZONE, "--out", "契合.csv"]) == 130
    assert Path("契合.csv").read_text(encoding="utf-8") == "从前的"
    assert sorted(path.name for path in Path().iterdir() if path.is_file()) == ["名单.csv", "契合.csv"]


def test_rejected_rows_are_counted_and_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["match", "名单.csv", "--zone", ZONE, "--out", "契合.csv", "--rejects", "拒收.csv"]) == 0
    assert re.search(r"读入 8 行.*接收 6.*合并 0.*拒收 2", capsys.readouterr().err)
    rows = table(Path("拒收.csv").read_text("utf-8-sig"))
    assert [(row["file"], int(row["row"])) for row in rows] == [("名单.csv", row) for row in REJECTED]


def test_score_gives_an_object_for_an_object_and_the_scores_of_rank(run: Run) -> None:
    ranking = {result["name"]: result for result in ranked(run, "名单.csv")["results"]}
    profiles = [row for row in table(COMPANIES) if row["企业名称"] in ranking]
    assert len(profiles) >= 3
    answers = json.loads(run("score", "--zone", ZONE, *DAY, stdin=json.dumps(profiles)), parse_float=Decimal)
    single = json.loads(run("score", "--zone", ZONE, *DAY, stdin=json.dumps(profiles[0])), parse_float=Decimal)
    assert isinstance(single, dict)
    assert {**single, "row": 0} == {**answers[0], "row": 0}
    for answer in answers:
        assert "rank" not in answer
        for field in (
            "score",
            "interval",
            "band",
            "chain",
            "segment",
            "affinity",
            "matched_terms",
            "groups",
            "contributions",
            "unknown",
        ):
            assert answer[field] == ranking[answer["name"]][field]
    assert json.loads(run("score", "--zone", ZONE, stdin="[]")) == []


def test_what_is_printed_for_people_holds_nothing_of_the_rules_own_spelling(run: Run) -> None:
    """Fields and values by their Chinese names; expressions as written stand in the JSON."""
    profiles = json.dumps(table(COMPANIES))
    answers = json.loads(run("score", "--zone", ZONE, *DAY, stdin=profiles))
    written = {rule["condition"] for answer in answers for rule in answer.get("explanation", {}).get("rules", [])}
    assert any("has(marks" in condition for condition in written)
    printed = run("score", "--zone", ZONE, *DAY, "--format", "table", stdin=profiles)
    asked = [line.strip() for line in printed.splitlines() if line.strip().startswith(("条件 ", "卡在 ", "读到 "))]
    assert len(asked) > 100
    assert not [line for line in asked if re.search(r"[a-z]{3}|[A-Z]{2}|_|[<>]=|<>|'", line)]


def test_rules_check_counts_what_it_has_read(run: Run) -> None:
    said = run("rules", "check", "small", "--rules", str(small_zone.write(Path("rules"))))
    assert "小园" in said
    for part in ("1 条产业链", "2 个环节", "5 个词", "2 条评分规则", "1 条否决"):
        assert part in said
