"""Publishing, listing, retiring and choosing rulesets: what users are told, and that whoever never publishes sees nothing of it."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from matcher.cli import main
from matcher.locate import shipped
from matcher.rules import kept
from matcher.store.database import open_store
from matcher.store.runs import load_run
from tests.cli import small_zone
from tests.cli.small_zone import SCORING
from tests.cli.test_rules_diff import ROWS, contents

pytestmark = pytest.mark.slow

DAY = ["--as-of", "2026-01-01"]
HEAVIER = SCORING.replace("weight: 40\n", "weight: 25\n")
FORBIDDEN = SCORING.replace("label: 注册资本", "label: 国有资本")
SIGNED = ["--by", "张三", "--note", "首次发布"]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on the small zone, in a home of its own."""
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LIANZHAO_RULES", str(small_zone.write(tmp_path / "rules")))
    monkeypatch.chdir(tmp_path)
    with Path("企业.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("企业名称", "经营范围", "注册资本", "所属城市"), *ROWS])

    def of(*argv: str) -> tuple[int, str, str]:
        code = main(list(argv))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return of


def edit(scoring: str) -> None:
    Path("rules/small/scoring.yaml").write_text(scoring, encoding="utf-8")


def rank(run: Run, *argv: str) -> dict[str, Any]:
    code, out, err = run("rank", "企业.csv", "--zone", "small", *DAY, "--format", "json", *argv)
    assert code == 0, err
    ranking: dict[str, Any] = json.loads(out)
    return ranking


def published(run: Run, scoring: str = SCORING, *argv: str) -> str:
    edit(scoring)
    code, _, err = run("rules", "publish", "small", *(argv or SIGNED))
    assert code == 0, err
    return err


def test_whoever_never_publishes_sees_nothing_of_versions(run: Run) -> None:
    code, out, err = run("rank", "企业.csv", "--zone", "small", *DAY)
    assert code == 0
    assert re.search(r"批次 [0-9a-f]{12}\n$", out)
    assert "规则" not in err
    assert run("rules", "versions", "small") == (0, "规则版本　0 条\n", "")
    shutil.copytree("rules/small", "elsewhere/other")
    assert run("rules", "versions", "other")[0] == 2
    assert run("rules", "versions", "other", "--rules", "elsewhere") == (0, "规则版本　0 条\n", "")
    signed = ("--by", "张三", "--note", "试")
    assert "还没有发布过" in run("rules", "retire", "other", "1", *signed, "--rules", "elsewhere")[2]
    assert run("rules", "versions", "smal")[::2] == (2, "lianzhao: 没有这个园区：smal，是不是想写「small」？\n")


def test_from_draft_to_published_to_retired(run: Run) -> None:
    before = contents(Path("rules"))
    draft = rank(run)
    err = published(run)
    told, doubtful = err.splitlines()
    assert told == f"已发布第 1 版，摘要 {draft['run']['ruleset'][:12]}"
    count = len(json.loads(run("rules", "check", "small", "企业.csv", "--format", "json")[1])["concerns"])
    assert doubtful.startswith(f"lianzhao: 注意：规则本身有疑处 {count} 处（没有看企业）")
    assert contents(Path("rules")) == before
    code, _, err = run("rules", "publish", "small", "--by", "李四", "--note", "再来")
    assert code == 0
    assert re.fullmatch(r"现在的规则与现行版本相同，没有再发布：第 1 版（张三 \S+ \S+ 发布：首次发布），摘要 [0-9a-f]{12}\n", err)
    err = published(run, HEAVIER, "--by", "李四", "--note", "规模减重")
    assert re.match(r"已发布第 2 版，摘要 \w{12}；在它之前的现行版本是第 1 版（张三 .* 发布：首次发布）", err)
    code, _, err = run("rules", "retire", "small", "2", "--by", "王五", "--note", "改错了")
    assert code == 0 and err.startswith("已停用第 2 版；现行版本是第 1 版（张三 ")
    code, _, err = run("rules", "retire", "small", "2", "--by", "王五", "--note", "又一次")
    assert code == 0 and err.startswith("第 2 版以前就停用了，没有改动（王五 ") and err.endswith("：改错了）\n")
    assert "内容与第 2 版相同；在它之前的现行版本是第 1 版" in published(run, HEAVIER)
    assert run("rules", "retire", "small", "9", *SIGNED)[::2] == (2, "lianzhao: 没有这个规则版本：9，有第 1 至 3 版\n")
    for number in ("1", "3"):
        assert run("rules", "retire", "small", number, *SIGNED)[0] == 0
    code, _, err = run("rank", "企业.csv", "--zone", "small", "--ruleset", "published")
    assert code == 2 and "3 版规则都已停用，没有现行版本" in err


def test_a_version_is_told_beside_a_run_and_moves_no_byte_of_it(run: Run) -> None:
    draft = rank(run)
    published(run)
    for word in ("draft", "published", "1", draft["run"]["ruleset"][:10], "rules/small", "rules"):
        again = rank(run, "--ruleset", word)
        assert {**again["run"], "created_at": ""} == {**draft["run"], "created_at": ""}
        assert again["results"] == draft["results"]
        _, out, err = run("rank", "企业.csv", "--zone", "small", *DAY, "--ruleset", word)
        assert out.endswith(f"批次 {draft['run']['id'][:12]}，规则第 1 版\n")
        assert ("规则：第 1 版（张三 " in err) == (word in ("published", "1"))
    for form in ("json", "csv"):
        _, out, err = run("rank", "企业.csv", "--zone", "small", *DAY, "--format", form)
        assert f"批次 {draft['run']['id'][:12]}，规则第 1 版\n" in err and "第 1 版" not in out
    assert run("rank", "企业.csv", "--zone", "small", *DAY, "--format", "xlsx", "--out", "名单.xlsx")[0] == 0
    assert ["规则", "第 1 版"] in CalamineWorkbook.from_path("名单.xlsx").get_sheet_by_name("说明").to_python()
    edit(HEAVIER)
    _, out, _ = run("rank", "企业.csv", "--zone", "small", *DAY)
    assert out.endswith("，规则未发布\n")
    other = rank(run)
    assert other["run"]["id"] != draft["run"]["id"]
    assert rank(run, "--ruleset", "published")["results"] == draft["results"] != other["results"]
    run("rules", "retire", "small", "1", "--by", "李四", "--note", "停")
    _, out, err = run("rank", "企业.csv", "--zone", "small", *DAY, "--ruleset", "1")
    assert out.replace("\n", "").endswith("，规则第 1 版（已停用）")  # wrapped at 80 columns
    assert re.search(r"注意：第 1 版规则已停用（李四 \S+ \S+：停）", err)


def test_a_broken_draft_hinders_no_published_version(run: Run) -> None:
    before = rank(run)
    published(run)
    edit("rules: [")
    assert run("rank", "企业.csv", "--zone", "small")[0] == 1
    assert rank(run, "--ruleset", "published")["results"] == before["results"]
    code, out, err = run("rules", "history", "small", "企业.csv", "--company", "甲积木", *DAY)
    assert code == 1
    assert "第 1 版" in out and "打不开，没有算" in out
    assert "草稿：规则文件有 1 处错误" in err
    code, out, _ = run("rules", "diff", "small", "1", "published", "企业.csv", *DAY)
    assert code == 0 and "第 1 版 → 第 1 版（现行）" in out and "两边是同一套规则" in out
    assert run("rules", "publish", "small", *SIGNED)[0] == 1


def test_every_rank_keeps_the_rules_that_it_ran_with(run: Run, tmp_path: Path) -> None:
    home = tmp_path / "home"
    rank(run, "--no-store")
    assert kept.kept_digests(home) == []
    first = rank(run)["run"]["ruleset"]
    edit(HEAVIER)
    second = rank(run, "--top", "1")["run"]["ruleset"]
    assert kept.kept_digests(home) == sorted({first, second})
    for digest in (first, second):
        kept.open_kept(home, digest)
    assert contents(kept.folder_of(home, second)).keys() != contents(Path("rules")).keys()  # the folder of a zone, not of all
    assert kept.folder_content(kept.folder_of(home, second)) == kept.folder_content(Path("rules/small"))
    with open_store() as store:
        run_id = rank(run)["run"]["id"]
        found = load_run(store, run_id)
    assert found is not None
    assert found.given == {"files": ["企业.csv"], "data_date": None, "local": [], "register": None}


def test_a_copy_that_cannot_be_kept_loses_no_list_and_no_run(run: Run, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "rulesets").write_text("a file", encoding="utf-8")
    code, out, err = run("rank", "企业.csv", "--zone", "small", *DAY, "--format", "json")
    assert code == 0
    assert "规则副本没有留存，规则改动以后不能回放，名单照常给出" in err
    with open_store() as store:
        assert load_run(store, json.loads(out)["run"]["id"]) is not None
    code, _, err = run("rules", "publish", "small", *SIGNED)
    assert code == 1 and "规则副本写不进去" in err
    (tmp_path / "home" / "rulesets").unlink()
    assert run("rules", "versions", "small")[1] == "规则版本　0 条\n"


def test_a_breach_is_refused_unless_it_is_let_pass_by_name_and_reason(run: Run, tmp_path: Path) -> None:
    edit(FORBIDDEN)
    code, _, err = run("rules", "publish", "small", *SIGNED)
    assert code == 1
    assert "有合规问题，没有发布" in err and "--override 规则代号=理由" in err
    assert re.search(r"small/scoring.yaml:\d+ \[rules\.1\.label\] capital 写了「国有」：不得按所有制", err)
    assert run("rules", "versions", "small")[1] == "规则版本　0 条\n"
    assert kept.kept_digests(tmp_path / "home") == []
    wrong = {
        "fits=经办人书面同意": "--override fits：这条没有合规问题，不用放行；有问题的是 capital",
        "capital": "--override 应写成 规则代号=理由，写的是 'capital'",
        "capital=好": "--override capital= 后面应写理由，4 到 400 个字",
    }
    for given, said in wrong.items():
        assert run("rules", "publish", "small", *SIGNED, "--override", given)[::2] == (2, f"lianzhao: {said}\n")
    twice = ["--override", "capital=经办人书面同意"] * 2
    assert run("rules", "publish", "small", *SIGNED, *twice)[::2] == (2, "lianzhao: --override capital 写了两次\n")
    code, _, err = run("rules", "publish", "small", *SIGNED, "--override", "capital=经办人书面同意，见纪要")
    assert code == 0
    assert "注意：放行了 capital 的合规问题 1 处，理由：经办人书面同意，见纪要；已记入第 1 版" in err
    (told,) = json.loads(run("rules", "versions", "small", "--format", "json")[1])
    (override,) = told["overrides"]
    assert (override["rule"], override["forbidden"], override["reason"]) == ("capital", ["ownership"], "经办人书面同意，见纪要")
    assert "「国有」" in override["breaches"][0]
    assert "放行      capital（ownership）：经办人书面同意，见纪要" in run("rules", "versions", "small")[1]
    edit(SCORING)
    code, _, err = run("rules", "publish", "small", *SIGNED, "--override", "capital=经办人书面同意")
    assert (code, err) == (2, "lianzhao: --override capital：这条没有合规问题，不用放行；这套规则没有合规问题\n")


def test_versions_say_the_same_in_every_form(run: Run) -> None:
    published(run)
    published(run, HEAVIER, "--by", "=李四", "--note", "规模减重")
    run("rules", "retire", "small", "2", "--by", "王五", "--note", "改错了")
    data = json.loads(run("rules", "versions", "small", "--format", "json")[1])
    assert [(one["number"], one["state"], one["published_by"]) for one in data] == [(1, "现行", "张三"), (2, "已停用", "=李四")]
    assert all(one["copy"] == "完好" and one["published_at"].endswith("+00:00") for one in data)
    lines = list(csv.DictReader(io.StringIO(run("rules", "versions", "small", "--format", "csv")[1].removeprefix("\ufeff"))))
    assert [(line["number"], line["published_by"], line["digest"]) for line in lines] == [
        ("1", "张三", data[0]["digest"]),
        ("2", "'=李四", data[1]["digest"]),
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", line["published_at"]) for line in lines)  # Asia/Shanghai
    assert run("rules", "versions", "small", "--format", "xlsx", "--out", "版本.xlsx")[0] == 0
    rows = CalamineWorkbook.from_path("版本.xlsx").get_sheet_by_index(0).to_python()
    assert any("规模减重" in map(str, row) for row in rows)
    table = run("rules", "versions", "small")[1]
    assert "停用说明  改错了" in table and data[1]["digest"][:12] in table
    chosen = kept.folder_of(Path("home"), data[0]["digest"]) / "zone.yaml"
    chosen.chmod(0o644)
    chosen.write_text("id: other\n", encoding="utf-8")
    small_zone.forget_copies()
    first, second = json.loads(run("rules", "versions", "small", "--format", "json")[1])
    assert "zone.yaml：内容改过" in first["copy"] and second["copy"] == "完好"


def test_words_that_mean_nothing_are_told(run: Run, tmp_path: Path) -> None:
    def said(word: str, *more: str) -> str:
        code, _, err = run("rank", "企业.csv", "--zone", "small", "--ruleset", word, *more)
        assert code == 2
        return err

    assert "还没有发布过规则，先用 lianzhao rules publish small --by 姓名 --note 说明 发布" in said("published")
    assert not (tmp_path / "home" / "ledger.db").exists()  # to look for versions makes no database
    assert run("rules", "retire", "small", "1", *SIGNED)[::2] == (2, "lianzhao: 园区 small 还没有发布过规则，没有可停用的\n")
    assert run("rules", "publish", "small", "--by", "张三", "--note", "")[::2] == (
        2,
        "lianzhao: 说明应为 1 到 1000 个字：为什么（--note）\n",
    )
    assert kept.kept_digests(Path("home")) == []
    published(run)
    assert "没有这个规则版本：2，只有第 1 版" in said("2")
    assert "没有这套规则：publishd，应为 draft" in said("publishd")
    assert "没有这套规则：deadbeef" in said("deadbeef")
    assert "--ruleset 1 要查数据库，不与 --no-store 同用" in said("1", "--no-store")
    code, _, err = run("rules", "diff", "small", "draft", "published", "企业.csv", "--no-store")
    assert code == 2 and err.startswith("lianzhao: published 要查数据库")
    code, _, err = run("rank", "企业.csv", "--zone", "tiny", "--ruleset", "published")
    assert code == 2 and "没有这个园区：tiny" in err


def test_a_damaged_copy_is_refused_and_its_file_named(run: Run) -> None:
    published(run)
    edit(HEAVIER)
    (digest,) = kept.kept_digests(Path("home"))
    path = kept.folder_of(Path("home").resolve(), digest) / "chains" / "toys.yaml"
    path.unlink()
    small_zone.forget_copies()
    listing = ["rank", "企业.csv", "--zone", "small", "--ruleset"]
    words = ("1", "published", digest[:8], f"home/rulesets/{digest}")
    for command in (*([*listing, word] for word in words), ["rules", "diff", "small", "1", "draft", "企业.csv"]):
        code, out, err = run(*command)
        assert (code, out) == (1, "")
        assert f"{path}：文件缺失" in err
    code, out, err = run("rules", "history", "small", "企业.csv", "--company", "甲积木")
    assert code == 1 and "草稿" in out and f"第 1 版：{path}：文件缺失" in err
    edit(SCORING)  # the same rules are still at hand: they do as well, and ranking mends the copy
    assert run(*listing, "1")[0] == 0
    assert path.exists()


def test_the_workbench_and_score_take_the_words_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    published(run)
    edit(HEAVIER)
    for verb in (["why-not", "--company", "丁礼品"], ["certainty", "--draws", "5"]):
        draft, version = (
            run(verb[0], "企业.csv", "--zone", "small", *DAY, *verb[1:], "--format", "json", *more)[1]
            for more in ([], ["--ruleset", "published"])
        )
        assert draft != version
    profile = json.dumps({"name": "青岛甲积木有限公司", "business_scope": "积木制造", "reg_capital_raw": "9000万元"})
    scores = []
    for more in ([], ["--ruleset", "1"], ["--ruleset", "rules/small"]):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(profile.encode())))
        scores.append(json.loads(run("score", "--zone", "small", *DAY, *more)[1])["score"])
    assert scores[0] == scores[2] < scores[1]


def test_gaps_match_and_check_take_the_words_too(run: Run) -> None:
    """Each reads the rules that the word means, not the draft, whatever became of the draft since."""
    published(run)
    draft = Path("rules/small")
    chain = (draft / "chains" / "toys.yaml").read_text(encoding="utf-8")
    (draft / "chains" / "toys.yaml").write_text(chain.replace("10: [积木, 布偶]", "10: [布偶, 积木机]"), encoding="utf-8")
    edit(SCORING.replace("ramp(capital_log, 2700, 4500)", "capital >= 0"))
    told = []
    for name, more in (("a.csv", ["--ruleset", "1"]), ("b.csv", []), ("c.csv", ["--ruleset", "draft"])):
        code, _, err = run("match", "企业.csv", "--zone", "small", "--out", name, *more)
        assert code == 0 and ("规则：第 1 版" in err) == (name == "a.csv")
        told.append(Path(name).read_text(encoding="utf-8-sig"))
    assert "积木" in told[0] and told[0] != told[1] == told[2]
    code, out, err = run("rules", "check", "small", "企业.csv", *DAY, "--ruleset", "published", "--format", "json")
    assert code == 0 and "规则：第 1 版" in err
    concerns = json.loads(out)["concerns"]
    drafted = json.loads(run("rules", "check", "small", "企业.csv", *DAY, "--format", "json")[1])["concerns"]
    assert {one["kind"] for one in drafted} - {one["kind"] for one in concerns} == {"always"}
    (digest,) = kept.kept_digests(Path("home"))
    assert all(digest in one["file"] for one in concerns) and all(one["file"].startswith("small/") for one in drafted)
    code, _, err = run("rules", "check", "small", "企业.csv", *DAY, "--ruleset", "1", "--no-store")
    assert code == 2 and "不与 --no-store 同用" in err


def test_gaps_are_those_of_the_version(run: Run) -> None:
    rules = (shipped("rules") / "liaocheng-resort" / "scoring.yaml").read_text(encoding="utf-8")
    presence = re.search(r"^presence:.*\n(?: .*\n)+", rules, re.MULTILINE)
    assert presence
    published(run, presence[0] + SCORING)
    edit(SCORING)  # the draft has lost its scale
    gaps = ["gaps", "--zone", "small", "--local", "企业.csv", "--format", "json"]
    code, out, err = run(*gaps, "--ruleset", "published")
    assert code == 0 and "规则：第 1 版" in err
    assert {one["segment"] for one in json.loads(out)["segments"]} == {"toy-making", "toy-parks"}
    code, _, err = run(*gaps)
    assert code == 2 and "presence" in err


def test_history_says_the_same_in_every_form(run: Run) -> None:
    published(run)
    published(run, HEAVIER, "--by", "李四", "--note", "规模减重")
    edit(HEAVIER.replace("outlet <> 'none'", "capital < 100000"))
    command = ["rules", "history", "small", "企业.csv", "--company", "甲积木", *DAY]
    data = json.loads(run(*command, "--format", "json")[1])
    assert [step["version"] for step in data["steps"]] == [1, 2, None]
    assert [step["against"] for step in data["steps"]] == [None, "1", "2"]
    assert [step["state"] for step in data["steps"]] == ["旧版", "现行", "草稿"]
    first, second, draft = data["steps"]
    assert second["side"]["score"] - first["side"]["score"] == pytest.approx(second["change"]) != 0
    assert (draft["side"]["fate"], draft["vetoes"]) == ("vetoed", ["分支网点"])
    assert {part["id"] for part in second["parts"]} == {"capital"}
    lines = list(csv.DictReader(io.StringIO(run(*command, "--format", "csv")[1].removeprefix("\ufeff"))))
    assert [line["version"] for line in lines] == ["1", "2", "draft"]
    assert float(lines[1]["rule_capital"]) == float(lines[1]["score_change"]) == second["change"]
    assert [line["place"] for line in lines] == [str(first["side"]["place"]), str(second["side"]["place"]), ""]
    assert run(*command, "--format", "xlsx", "--out", "历史.xlsx")[0] == 0
    assert len(CalamineWorkbook.from_path("历史.xlsx").get_sheet_by_index(0).to_python()) == 4
    table = run(*command)[1]
    assert "比第 1 版 -" in table and "注册资本 -" in table and "否决：分支网点" in table
    assert "规模减重" in table
    code, _, err = run(*command, "--no-store")
    assert code == 2 and "不与 --no-store 同用" in err
    code, _, err = run("rules", "history", "small", "企业.csv", "--company", "没有这家")
    assert code == 2 and "没有这个企业" in err


def test_prune_drops_copies_that_nothing_names(run: Run) -> None:
    home = Path("home").resolve()
    published(run)
    (first,) = kept.kept_digests(home)
    edit(HEAVIER)
    named = rank(run)["run"]["ruleset"]
    stray = kept.keep(home, {**kept.folder_content(Path("rules/small")), "scoring.yaml": b"# an unsaved thought\n"})
    (home / "rulesets" / "我的备份").mkdir()
    code, out, _ = run("prune", "--dry-run", "--format", "json")
    assert code == 0
    assert json.loads(out)["removed_rulesets"] == [stray]
    assert kept.kept_digests(home) == sorted([first, named, stray])
    code, out, _ = run("prune")
    assert code == 0
    assert "规则副本 1 份" in out and "规则副本 2 份" in out and stray[:12] in out
    assert kept.kept_digests(home) == sorted([first, named])
    assert (home / "rulesets" / "我的备份").is_dir()
    run("rules", "retire", "small", "1", *SIGNED)
    run("prune")
    assert kept.kept_digests(home) == sorted([first, named])  # a retired version can still be asked for
    with kept.keeping(home):
        code, _, err = run("prune")
    assert code == 1 and "正有程序在发布规则或留存批次，请稍后再清理" in err


def test_without_a_database_nobody_knows_which_copies_are_of_use(run: Run) -> None:
    published(run)
    for file in Path("home").glob("ledger.db*"):
        file.rename(file.name)
    code, out, _ = run("prune")
    assert code == 0 and "没有数据库，不知道哪些还有用，都不删" in out
    assert len(kept.kept_digests(Path("home"))) == 1
