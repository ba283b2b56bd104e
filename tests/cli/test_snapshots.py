"""``build``, ``rank`` without files, ``company`` and ``prune`` from the command line: what an office does from month to month."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from matcher.cli import main
from matcher.errors import RequestError, SnapshotError
from matcher.snapshot import layout, switch_to
from tests.cli import small_zone
from tests.snapshot.small import code, write

pytestmark = pytest.mark.slow

RULES = ["--rules", "rules"]
RANK = ["rank", "--zone", "small", *RULES, "--as-of", "2024-08-27", "--format", "json"]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    small_zone.write(tmp_path / "rules")
    goods = ["积木制造", "布偶制造；礼品销售", "主题乐园运营", "糕点"]
    firms = [
        [f"第{n}号玩具有限公司", code(n), "2001-02-03", f"{n + 1}00万元", "", goods[n % 4], "青岛", "", "2024-01-31"]
        for n in range(8)
    ]
    write(tmp_path, "一月.csv", [*firms, ["", *["x"] * 8]])
    write(tmp_path, "二月.csv", [[*firms[3][:5], "积木制造", "", "旧名玩具厂", "2024-02-29"], ["新来玩具有限公司", "", *[""] * 7]])
    return tmp_path / "home"


def run(capsys: pytest.CaptureFixture[str], *argv: str, ends: int = 0) -> tuple[str, str]:
    assert main(argv) == ends
    captured = capsys.readouterr()
    return captured.out, captured.err


def parsed(capsys: pytest.CaptureFixture[str], *argv: str) -> Any:
    return json.loads(run(capsys, *argv)[0])


def on_chain(ranking: Any) -> set[int]:
    """Numbers of the companies that fit a segment."""
    return {int(result["name"][1]) for result in ranking["results"] if result["chain"]}


def test_a_year_of_an_office(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    from_file = parsed(capsys, *RANK, "一月.csv")
    out, _ = run(capsys, "build", "一月.csv", *RULES)
    version = layout.current(place) or ""
    assert out == (
        f"快照 {version[:12]}：共 8 家；读入 9 行：接收 8，合并 0，拒收 1；拒收清单 {place}/rejects/"
        f"{next((place / 'rejects').iterdir()).name}；small 重新分词 8 家\n"
    )
    out, told = run(capsys, *RANK)
    ranking = json.loads(out)
    assert ranking["run"]["snapshot"] == version
    assert ranking["results"] == from_file["results"] and on_chain(ranking) == {0, 1, 2, 4, 5, 6}
    assert f"当前快照 {version[:12]}：8 家，数据日期 2024-01-31\n" in told
    assert "样例" not in told

    report = parsed(capsys, "build", "--add", "二月.csv", *RULES, "--format", "json", "--verify")
    assert report["previous"] == version
    assert (report["read"], report["accepted"], report["merged"], report["rejected"], report["companies"]) == (2, 1, 1, 0, 9)
    assert report["reread"] == {"small": 2}
    assert report["verified_files"] > 40
    assert on_chain(parsed(capsys, *RANK)) == {0, 1, 2, 3, 4, 5, 6}

    again = parsed(capsys, "build", "--add", "一月.csv", *RULES, "--format", "json")
    assert (again["snapshot"], again["read"], again["skipped"]) == (report["snapshot"], 0, ["一月.csv"])
    assert again["reread"] == {"small": 0}
    told = run(capsys, "build", "--verify")[0]
    assert told.startswith(f"快照 {report['snapshot'][:12]}：共 9 家；校验无误：")


def test_company_tells_where_each_field_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "build", "一月.csv", "二月.csv", *RULES)
    (found,) = parsed(capsys, "company", code(3), "--format", "json")
    assert found["fields"]["business_scope"] == {"value": "积木制造", "file": "二月.csv", "row": 2, "as_of": "2024-02-29"}
    assert found["fields"]["city"] == {"value": "青岛", "file": "一月.csv", "row": 5, "as_of": "2024-01-31"}
    assert found["fields"]["capital"]["value"] == 4_000_000
    assert found["fields"]["founded"]["value"] == "2001-02-03"
    assert [row["file"] for row in found["rows"]] == ["二月.csv", "一月.csv"]
    shown = run(capsys, "company", "旧名玩具厂")[0]
    assert "经营范围：积木制造\n    〔二月.csv 第 2 行，2024-02-29〕\n" in shown
    assert "城市：青岛\n    〔一月.csv 第 5 行，2024-01-31〕\n" in shown
    assert shown.endswith("来源：二月.csv 第 2 行（2024-02-29）；一月.csv 第 5 行（2024-01-31）\n")
    assert "没有这个企业：没有的公司" in run(capsys, "company", "没有的公司", ends=2)[1]


def test_changed_rules_are_told_and_read_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(capsys, "build", "一月.csv", *RULES)
    chain = tmp_path / "rules/small/chains/toys.yaml"
    chain.write_text(chain.read_text(encoding="utf-8").replace("[积木, 布偶]", "[积木, 布偶, 糕点]"), encoding="utf-8")
    out, told = run(capsys, *RANK)
    assert "文本要重读" in told
    assert on_chain(json.loads(out)) == set(range(8))
    assert parsed(capsys, "build", "--add", *RULES, "--format", "json")["reread"] == {"small": 8}
    cached, told = run(capsys, *RANK)
    assert "文本要重读" not in told
    assert json.loads(cached)["results"] == json.loads(out)["results"]


def test_prune_keeps_what_a_run_names(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    versions = []
    for files in (["一月.csv"], ["二月.csv"], ["一月.csv", "二月.csv"]):
        versions.append(parsed(capsys, "build", *files, *RULES, "--format", "json")["snapshot"])
        if len(versions) == 1:
            assert parsed(capsys, *RANK)["run"]["snapshot"] == versions[0], "the run that is kept"
    told = parsed(capsys, "prune", "--keep", "0", "--dry-run", "--format", "json")
    assert (told["removed"], told["dry_run"]) == ([versions[1]], True)
    assert len(layout.versions(place)) == 3
    out = run(capsys, "prune", "--keep", "0")[0]
    assert out.startswith("删去快照 1 个、规则副本 0 份、残留 2 处") and versions[1][:12] in out
    assert set(layout.versions(place)) == {versions[0], versions[2]}
    assert parsed(capsys, *RANK)["run"]["snapshot"] == versions[2]


def test_prune_keeps_what_a_run_of_the_homes_own_database_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: Path, tmp_path: Path
) -> None:
    named = parsed(capsys, "build", "一月.csv", *RULES, "--format", "json")["snapshot"]
    run(capsys, *RANK)
    monkeypatch.setenv("LIANZHAO_DATABASE", f"sqlite:///{tmp_path}/other.db")
    other = parsed(capsys, "build", "二月.csv", *RULES, "--format", "json")["snapshot"]
    run(capsys, *RANK)
    current = parsed(capsys, "build", "一月.csv", "二月.csv", *RULES, "--format", "json")["snapshot"]
    assert parsed(capsys, "prune", "--keep", "0", "--format", "json")["removed"] == []
    assert set(layout.versions(place)) == {named, other, current}


def test_flags_are_not_counted_as_rejects(capsys: pytest.CaptureFixture[str]) -> None:
    failing = code(50)[:-1] + ("1" if code(50)[-1] != "1" else "2")
    write(Path(), "甲.csv", [["错码玩具有限公司", failing, *[""] * 7], ["", *["x"] * 8]])
    said = "另外（不算拒收）：统一社会信用代码校验不通过（保留并标记） 1"
    out, told = run(capsys, "build", "甲.csv", *RULES)
    assert "拒收 1；拒收清单 " in out and f"；{said}" in out
    told = run(capsys, *RANK, "甲.csv")[1]
    assert "拒收 1；拒收清单 " in told and f"；{said}\n" in told
    assert "1 家，其中 1 家日期不详\n" in run(capsys, *RANK)[1]


@pytest.mark.parametrize(
    ("argv", "ends", "said"),
    [
        (["build", *RULES], 2, "缺少企业文件"),
        (["build", "没有.csv", *RULES], 1, "没有.csv：没有这个文件"),
        (["build", "一月.csv", "--rejects", "一月.csv", *RULES], 2, "会把它覆盖"),
        (["build", "一月.csv", "--zone", "smal", *RULES], 2, "没有这个园区：smal，是不是想写「small」？"),
        (["build", "--verify"], 1, "还没有快照"),
        (["build", "--add", "一月.csv", *RULES], 1, "还没有可以并入的快照"),
        (["company", "某公司"], 1, "还没有快照"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    capsys: pytest.CaptureFixture[str], place: Path, argv: list[str], ends: int, said: str
) -> None:
    out, told = run(capsys, *argv, ends=ends)
    assert (out, told.count("\n")) == ("", 1)
    assert told.startswith("lianzhao: ") and said in told
    assert not (place / "snapshots").exists()


def test_a_damaged_snapshot_is_one_line(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    run(capsys, "build", "一月.csv", *RULES)
    name = layout.folder_of(place, layout.current(place) or "") / "texts/name.txt"
    whole = name.read_bytes()
    name.write_bytes(whole[:-1])
    for argv in (RANK, ["company", code(1)], ["build", "--verify"]):
        told = run(capsys, *argv, ends=1)[1]
        assert told.splitlines()[-1].startswith(f"lianzhao: {name}：") and told.endswith("（lianzhao build）\n")
    name.write_bytes(whole[:-1] + b"x")
    assert f"{name}：校验和不符" in run(capsys, "build", "--verify", ends=1)[1]


@pytest.mark.parametrize("file", ["columns/capital.npy", "texts/business_scope.txt", "origins/origin.bin", "names/postings.npy"])
def test_a_changed_byte_is_one_line_and_never_signed(capsys: pytest.CaptureFixture[str], place: Path, file: str) -> None:
    """Whoever reads a snapshot notices it, and nobody adds to it: the new one would call the damage whole."""
    run(capsys, "build", "一月.csv", "二月.csv", *RULES)
    Path("三月.csv").write_text(f"企业名称,统一社会信用代码\n三月玩具有限公司,{code(77)}\n", encoding="utf-8")
    Path("名单.csv").write_text("企业名称\n旧名玩具厂\n", encoding="utf-8")
    version = layout.current(place) or ""
    damaged = layout.folder_of(place, version) / file
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1] + bytes([whole[-1] ^ 0x80]))
    import_list = ["lists", "import", "名单.csv", "--list", "专精特新", "--issued", "2024-01-01"]
    add = ["build", "--add", "三月.csv", *RULES]
    for argv in (RANK, ["company", code(1)], ["resolve", "名单.csv"], import_list, add, ["build", "--add", *RULES]):
        out, told = run(capsys, *argv, ends=1)
        assert out == "" and told.splitlines()[-1].startswith(f"lianzhao: {damaged}：校验和不符"), argv
        assert "Traceback" not in told
    assert layout.current(place) == version and len(layout.versions(place)) == 1
    run(capsys, "build", "一月.csv", "二月.csv", *RULES)
    assert damaged.read_bytes() == whole, "a build of the same files mends it"
    run(capsys, *add)


def test_a_home_that_cannot_be_written_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "file"))
    out, told = run(capsys, "build", "一月.csv", *RULES, ends=1)
    assert out == ""
    assert told.startswith("lianzhao: 程序数据目录") and "写不进去（上级不是目录）" in told and told.count("\n") == 1
    for argv in (["company", "某公司"], ["build", "--verify"], RANK):
        assert "程序数据目录应是目录，这是文件" in run(capsys, *argv, ends=1)[1]


def test_the_day_of_the_data_dates_rows_without_one(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    before = parsed(capsys, "build", "二月.csv", *RULES, "--format", "json")["snapshot"]
    assert parsed(capsys, "company", "新来玩具有限公司", "--format", "json")[0]["rows"][0]["as_of"] is None
    after = parsed(capsys, "build", "二月.csv", "--data-date", "2024-03-31", *RULES, "--format", "json")["snapshot"]
    assert after != before
    assert parsed(capsys, "company", "新来玩具有限公司", "--format", "json")[0]["rows"][0]["as_of"] == "2024-03-31"
    assert parsed(capsys, "company", "第3号玩具有限公司", "--format", "json")[0]["rows"][0]["as_of"] == "2024-02-29", "its own"


def test_rows_without_any_date_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """The fuller row wins, which is not to be silent; equal rows and rows of which one has a date are no matter."""
    same, dated = ["同玩具有限公司", code(31), *[""] * 7], ["新玩具有限公司", code(32), *[""] * 7]
    old, new = ["变玩具有限公司", code(33), "", "5亿元", *[""] * 5], ["变玩具有限公司", code(33), "", "9亿元", *[""] * 5]
    write(Path(), "甲.csv", [same, [*dated[:8], "2024-01-01"], old])
    write(Path(), "乙.csv", [same, [*dated[:6], "青岛", "", ""], new])
    said = "1 家企业有几行内容不同、都没有数据日期"
    assert said in run(capsys, *RANK, "甲.csv", "乙.csv")[1]
    assert said not in run(capsys, "build", "甲.csv", *RULES)[1]
    out, told = run(capsys, "build", "--add", "乙.csv", *RULES, "--format", "json")
    assert said in told and "--data-date" in told and json.loads(out)["undated"] == 1
    for day, files in (("2024-01-31", ["甲.csv"]), ("2024-02-29", ["乙.csv", "--add"])):
        assert said not in run(capsys, "build", *files, "--data-date", day, *RULES)[1]
    (found,) = parsed(capsys, "company", code(33), "--format", "json")
    assert found["fields"]["capital"]["value"] == 900_000_000


def test_a_day_to_come_is_refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    monkeypatch.setattr("matcher.cli.inputs.today", lambda: date(2024, 8, 27))
    for argv in ([*RANK, "一月.csv"], ["build", "一月.csv", *RULES]):
        out, told = run(capsys, *argv, "--data-date", "2024-08-28", ends=2)
        assert (out, told.count("\n")) == ("", 1) and "--data-date 2024-08-28 还没有到" in told
        assert not (place / "snapshots").exists()
        run(capsys, *argv, "--data-date", "2024-08-27")


def test_a_renamed_company_is_found_by_its_old_name(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path(), "三月.csv", [["酷特智能集团有限公司", code(5), *[""] * 6, "2024-03-31"]])
    run(capsys, "build", "一月.csv", *RULES)
    run(capsys, "build", "--add", "三月.csv", *RULES)
    (found,) = parsed(capsys, "company", "第5号玩具有限公司", "--format", "json")
    assert found["fields"]["name"]["value"] == "酷特智能集团有限公司"
    assert found["fields"]["former_names"] == {"value": "第5号玩具有限公司", "file": "一月.csv", "row": 7, "as_of": "2024-01-31"}
    Path("名单.csv").write_text("企业名称\n第5号玩具有限公司\n", encoding="utf-8")
    answers = run(capsys, "resolve", "名单.csv", "--format", "json")[0]
    assert [(row["decision"], row["name"]) for row in json.loads(answers)] == [("same", "酷特智能集团有限公司")]
    files = run(capsys, "resolve", "名单.csv", "--against", "一月.csv", "三月.csv", "--format", "json")[0]
    assert files == answers


def test_names_are_looked_for_in_the_current_snapshot(capsys: pytest.CaptureFixture[str], place: Path, tmp_path: Path) -> None:
    Path("名单.csv").write_text("企业名称\n旧名玩具厂\n第5号玩具\n", encoding="utf-8")
    assert "请用 --against" in run(capsys, "lists", "import", "名单.csv", "--list", "专精特新", "--issued", "2024-01-01", ends=2)[1]
    run(capsys, "build", "一月.csv", "二月.csv", *RULES)
    answers, told = run(capsys, "resolve", "名单.csv", "--format", "json")
    assert "企业库：当前快照" in told
    found = [(row["decision"], row["name"]) for row in json.loads(answers)]
    assert found[0] == ("same", "第3号玩具有限公司"), "by its former name"
    assert found[1][1] == "第5号玩具有限公司"
    files = json.loads(run(capsys, "resolve", "名单.csv", "--against", "一月.csv", "二月.csv", "--format", "json")[0])
    assert files == json.loads(answers), "a snapshot answers as its files do"
    told = run(capsys, "lists", "import", "名单.csv", "--list", "专精特新", "--issued", "2024-01-01")[1]
    assert "就是它" in told


def test_a_snapshot_lies_ready_until_somebody_switches(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    run(capsys, "build", "一月.csv", *RULES)
    first = layout.current(place)
    out, told = run(capsys, "build", "二月.csv", "--add", "--no-switch", "--progress", "--format", "json", *RULES)
    ready = json.loads(out)["snapshot"]
    steps = [json.loads(line) for line in told.splitlines()]
    assert {tuple(step) for step in steps} == {("doing", "rows")}
    assert {"读入 二月.csv", "写入快照"} <= {step["doing"] for step in steps}
    assert (layout.current(place), set(layout.versions(place))) == (first, {first, ready})
    assert len(switch_to(place, ready)) == json.loads(out)["companies"]
    assert layout.current(place) == ready
    with pytest.raises(RequestError, match="快照"):
        switch_to(place, "0" * 32)
    damaged = next(
        path for path in sorted(layout.folder_of(place, str(first)).rglob("*")) if path.is_file() and path.stat().st_size
    )
    damaged.chmod(0o644)
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    with pytest.raises(SnapshotError):
        switch_to(place, str(first))
    assert layout.current(place) == ready
