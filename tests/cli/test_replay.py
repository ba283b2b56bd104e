"""``replay`` ends in the same bytes, in another process and after a rebuild, or names exactly the input that differs or is missing."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matcher import runs
from matcher.cli import main
from matcher.corpora import open_corpora
from matcher.locate import shipped
from matcher.rules import kept
from matcher.store.database import open_store
from matcher.store.runs import load_run
from matcher.tuning import replay as replaying
from tests.cli import small_zone
from tests.cli.small_zone import SCORING
from tests.cli.test_rules_diff import ROWS

pytestmark = pytest.mark.slow

RANK = ["rank", "--zone", "small", "--as-of", "2026-01-01", "--top", "4", "--format", "json"]
HEAVIER = SCORING.replace("weight: 40\n", "weight: 25\n")
TITLED = """\
  - {id: titled, group: scale, label: 名单, weight: 20, value: "has(qualifications, 'specialised')", evidence: 名单, why: 测试用}
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on the small zone, in a home of its own."""
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LIANZHAO_RULES", str(small_zone.write(tmp_path / "rules")))
    monkeypatch.chdir(tmp_path)
    write("企业.csv", ROWS)

    def of(*argv: str) -> tuple[int, str, str]:
        code = main(list(argv))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return of


def write(name: str, rows: list[tuple[str, ...]]) -> None:
    with Path(name).open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("企业名称", "经营范围", "注册资本", "所属城市"), *rows])


def ranked(run: Run, *argv: str) -> str:
    code, out, err = run(*RANK[:1], *argv, *RANK[1:])
    assert code == 0, err
    return str(json.loads(out)["run"]["id"])


def built(run: Run, *files: str) -> None:
    code, _, err = run("build", *files)
    assert code == 0, err


def same(run: Run, *argv: str) -> str:
    code, out, err = run("replay", *argv)
    assert code == 0, out + err
    assert re.search(r"结果逐字节相同（[0-9a-f]{12}）\n$", out)
    return out


def differs(run: Run, *argv: str) -> tuple[list[str], str]:
    """The inputs that are named, and all that is said."""
    code, out, err = run("replay", *argv, "--format", "json")
    assert code == 1
    data = json.loads(out)
    assert not data["equal"]
    code, out, err = run("replay", *argv)
    assert code == 1
    return [one["name"] for one in data["inputs"] if one["problem"]], out + err


def test_a_run_of_a_snapshot_in_this_process_and_another(run: Run) -> None:
    built(run, "企业.csv")
    id_ = ranked(run)
    out = same(run, id_[:8])
    assert out.startswith(f"批次 {id_}　small　全部城市　按 2026-01-01 计算　")
    assert [line[2:].split("：")[0] for line in out.splitlines()[1:-1]] == ["批次清单", "规则", "语料", "企业资料"]
    with open_store() as store:
        before = load_run(store, id_)
    done = subprocess.run(
        [sys.executable, "-m", "matcher", "replay", id_, "--format", "json"],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(Path(runs.__file__).parents[1])},
    )  # fmt: skip
    data = json.loads(done.stdout)
    assert data["equal"] and data["then"] == data["now"] and data["versions"] == {}
    assert before is not None and data["then"] == before.results
    with open_store() as store:
        assert load_run(store, id_) == before


def test_filters_are_played_again(run: Run) -> None:
    built(run, "企业.csv")
    for more in (["--city", "青岛"], ["--chain", "toys", "--need", "complement"], ["--group", "toy-group", "--city", "杭州"]):
        same(run, ranked(run, *more))


def test_after_the_rules_have_changed_the_copy_is_used(run: Run) -> None:
    id_ = ranked(run, "企业.csv")
    (digest,) = kept.kept_digests(Path("home"))
    Path("rules/small/scoring.yaml").write_text(HEAVIER, encoding="utf-8")
    assert "留存的副本" in same(run, id_, "企业.csv")
    shutil.rmtree("rules/small")
    same(run, id_, "企业.csv")
    shutil.rmtree(kept.folder_of(Path("home"), digest))
    assert "留存的副本" in same(run, id_, "企业.csv") and kept.kept_digests(Path("home")) == [digest]  # from the database
    shutil.rmtree(kept.folder_of(Path("home"), digest))
    small_zone.forget_copies()
    named, said = differs(run, id_, "企业.csv")
    assert named == ["rules"]
    assert f"当时的规则 {digest[:12]} 找不回来，现在的规则目录里没有这个园区" in said
    small_zone.write(Path("other"), scoring=HEAVIER)
    named, said = differs(run, id_, "企业.csv", "--rules", "other")
    assert named == ["rules"] and "现在的规则目录是另一套" in said and "没有这份规则副本" in said
    small_zone.write(Path("again"))
    assert "现在的规则目录" in same(run, id_, "企业.csv", "--rules", "again")
    assert kept.kept_digests(Path("home")) == []  # a replay writes nothing


def test_a_damaged_copy_is_named(run: Run) -> None:
    id_ = ranked(run, "企业.csv")
    (digest,) = kept.kept_digests(Path("home"))
    path = kept.folder_of(Path("home"), digest) / "zone.yaml"
    path.chmod(0o644)
    path.write_text("id: other\n", encoding="utf-8")
    small_zone.forget_copies()
    same(run, id_, "企业.csv")  # the draft is still the same
    Path("rules/small/scoring.yaml").write_text(HEAVIER, encoding="utf-8")
    named, said = differs(run, id_, "企业.csv")
    assert named == ["rules"] and "zone.yaml：内容改过" in said


def test_a_damaged_copy_is_mended_from_the_database(run: Run) -> None:
    id_ = ranked(run, "企业.csv")
    (digest,) = kept.kept_digests(Path("home"))
    Path("rules/small/scoring.yaml").write_text(HEAVIER, encoding="utf-8")
    path = kept.folder_of(Path("home"), digest) / "zone.yaml"
    path.unlink()
    same(run, id_, "企业.csv")
    assert path.read_text(encoding="utf-8") == small_zone.ZONE
    path.unlink()
    with contextlib.closing(sqlite3.connect("home/ledger.db")) as connection, connection:
        connection.execute("UPDATE rule_files SET content = ?", (zlib.compress(b"id: other\n"),))
    code, _, err = run("replay", id_, "企业.csv")
    assert code == 1 and f"库里的规则副本 {digest[:12]} 损坏" in err


def test_files_that_were_given_are_asked_for_again(run: Run) -> None:
    id_ = ranked(run, "企业.csv", "--data-date", "2025-12-01")
    named, said = differs(run, id_)
    assert named == ["companies"]
    assert "当时直接给的文件，没有建快照；请在批次号后面写当时的文件（企业.csv）" in said
    assert "不能照原样再算：企业资料与当时不同或找不回来" in said
    shutil.copy("企业.csv", "搬过.csv")
    same(run, id_, "搬过.csv")  # the day of the data is remembered
    assert differs(run, id_, "搬过.csv", "--data-date", "2025-12-02")[0] == ["companies"]
    write("企业.csv", ROWS[1:])
    named, said = differs(run, id_, "企业.csv")
    assert named == ["companies"] and "给的文件不是当时的：当时 " in said
    assert "没有这个文件" in differs(run, id_, "没有.csv")[1]


def test_the_sample_needs_no_file(run: Run) -> None:
    assert "随附样例" in same(run, ranked(run))


def test_a_pruned_snapshot_is_named_and_comes_back_by_building_again(run: Run) -> None:
    built(run, "企业.csv")
    id_ = ranked(run)
    assert run("prune", "--keep", "0")[0] == 0
    same(run, id_)  # a run needs it: it was not pruned
    write("更多.csv", [("青岛己积木有限公司", "积木制造", "100万元", "青岛市")])
    built(run, "更多.csv")
    same(run, id_)
    with open_store() as store:
        kept_run = load_run(store, id_)
    assert kept_run is not None
    shutil.rmtree(Path("home/snapshots") / kept_run.run.snapshot)
    named, said = differs(run, id_)
    assert named == ["companies"]
    assert f"快照 {kept_run.run.snapshot[:12]} 已不在" in said and "当时的企业文件（企业.csv）重新 lianzhao build" in said
    assert run("replay", id_, "企业.csv")[0] == 2
    built(run, "企业.csv")
    same(run, id_)
    column = Path("home/snapshots") / kept_run.run.snapshot / "columns" / "capital.npy"
    assert column.exists()
    raw = bytearray(column.read_bytes())
    raw[-1] ^= 1
    column.write_bytes(raw)
    named, said = differs(run, id_)
    assert named == ["companies"] and "损坏" in said and "capital.npy" in said


def changed_corpora(folder: Path) -> Path:
    other = shutil.copytree(open_corpora().path, folder / "corpora")
    with (other / "synonyms.yaml").open("a", encoding="utf-8") as stream:
        stream.write("# 又想了想\n")
    return other


def test_other_corpora_are_named(run: Run, tmp_path: Path) -> None:
    id_ = ranked(run, "企业.csv")
    same(run, id_, "企业.csv", "--corpora", str(shutil.copytree(open_corpora().path, tmp_path / "copied")))
    other = changed_corpora(tmp_path)
    named, said = differs(run, id_, "企业.csv", "--corpora", str(other))
    assert named == ["corpora"] and "改过：当时 " in said


def test_other_libraries_are_told_and_hinder_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    id_ = ranked(run, "企业.csv")
    versions = {**runs.library_versions(), "numpy": "99.0"}
    monkeypatch.setattr(replaying, "library_versions", lambda: versions)
    monkeypatch.setattr(runs, "library_versions", lambda: versions)
    out = same(run, id_, "企业.csv")
    assert re.search(r"程序版本与当时不同：numpy \S+ → 99.0", out)


def test_results_that_differ_for_no_reason_are_not_called_the_same(run: Run) -> None:
    """A program that computes otherwise without saying so: here the database is told of other results than there were."""
    id_ = ranked(run, "企业.csv")
    with sqlite3.connect("home/ledger.db") as connection:
        connection.execute("UPDATE runs SET results = ?", ("0" * 64,))
    named, said = differs(run, id_, "企业.csv")
    assert named == []
    assert "结果不同：当时 000000000000，现在 " in said and "各项输入、程序版本都相同，结果却不同" in said


def test_a_record_that_was_tampered_with_is_named(run: Run) -> None:
    id_ = ranked(run, "企业.csv", "--city", "青岛")
    with sqlite3.connect("home/ledger.db") as connection:
        connection.execute("UPDATE runs SET request = replace(request, '青岛市', '杭州市')")
    named, said = differs(run, id_, "企业.csv")
    assert named == ["record"]
    assert "批次清单改过：按清单算出来的批次号是" in said


def test_a_file_whose_name_is_no_text_is_kept_all_the_same(run: Run) -> None:
    name = os.fsdecode(b"\xff.csv")
    shutil.copy("企业.csv", name)
    same(run, ranked(run, name), "企业.csv")


def test_a_register_given_as_a_file_or_kept(run: Run) -> None:
    register = [("聊城甲食品有限公司", "速冻食品生产；蔬菜加工", "6000万元", "聊城市")]
    write("本地.csv", register)
    os.environ.pop("LIANZHAO_RULES")
    zone = "liaocheng-resort"

    def rank(*argv: str) -> str:
        code, out, err = run("rank", "企业.csv", *argv, "--zone", zone, "--as-of", "2026-01-01", "--format", "json")
        assert code == 0, err
        return str(json.loads(out)["run"]["id"])

    id_ = rank("--local", "本地.csv")
    same(run, id_, "企业.csv", "--local", "本地.csv")
    named, said = differs(run, id_, "企业.csv")
    assert named == ["local"] and "请用 --local 给出当时的文件（本地.csv）" in said
    assert run("register", "save", "本地.csv", "--zone", zone)[0] == 0
    assert "留存的「本地名录」" in same(run, id_, "企业.csv")
    kept_id = rank("--register")
    assert kept_id == id_
    write("本地.csv", [*register, ("聊城乙酒店有限公司", "住宿服务", "800万元", "聊城市")])
    assert run("register", "save", "本地.csv", "--zone", zone)[0] == 0
    same(run, id_, "企业.csv")  # the register of then is still in the history
    named, said = differs(run, id_, "企业.csv", "--local", "本地.csv")
    assert named == ["local"] and "给的文件不是当时的" in said
    assert run("replay", ranked_plain(run), "企业.csv", "--local", "本地.csv")[0] == 2


def ranked_plain(run: Run) -> str:
    code, out, _ = run("rank", "企业.csv", "--zone", "liaocheng-resort", "--as-of", "2026-01-01", "--format", "json")
    assert code == 0
    return str(json.loads(out)["run"]["id"])


def listed(run: Run) -> tuple[str, Any]:
    """A run that read a list."""
    with Path("名单.csv").open("w", encoding="utf-8") as stream:
        stream.write("企业名称\n青岛甲积木有限公司\n")
    Path("rules/small/scoring.yaml").write_text(SCORING + TITLED, encoding="utf-8")
    load = ["lists", "import", "名单.csv", "--list", "专精特新", "--issued", "2023-07-14", "--against", "企业.csv"]
    assert run(*load, "--rules", str(shipped("rules")))[0] == 0
    code, out, _ = run("rank", "企业.csv", *RANK[1:])
    assert code == 0
    ranking = json.loads(out)
    assert ranking["run"]["request"]["lists"]
    assert any(line["points"] for one in ranking["results"] for line in one["contributions"] if line["rule"] == "titled")
    return ranking["run"]["id"], ranking


def test_lists_are_taken_as_they_stood(run: Run) -> None:
    id_, _ = listed(run)
    assert "名单依据：相同" in same(run, id_, "企业.csv")
    assert run("judge", "青岛甲积木有限公司", "--none")[0] == 0
    assert "按当时的" in same(run, id_, "企业.csv")
    assert run("judge", "青岛甲积木有限公司", "--withdraw")[0] == 0
    assert run("lists", "remove", "1")[0] == 0
    assert "按当时的" in same(run, id_, "企业.csv")
    plain = ranked(run, "企业.csv")
    assert plain != id_
    assert "名单依据" not in same(run, plain, "企业.csv")


def test_lists_that_are_lost_are_named(run: Run) -> None:
    id_, _ = listed(run)
    with sqlite3.connect("home/ledger.db") as connection:  # as after an old backup was put back
        connection.execute("DELETE FROM list_rows")
    named, said = differs(run, id_, "企业.csv")
    assert named == ["lists"]
    assert "现在这些企业不在任何名单上" in said


def test_several_differences_are_all_named(run: Run, tmp_path: Path) -> None:
    built(run, "企业.csv")
    id_ = ranked(run)
    shutil.rmtree("home/snapshots")
    shutil.rmtree("home/rulesets")
    small_zone.forget_copies()
    Path("rules/small/scoring.yaml").write_text(HEAVIER, encoding="utf-8")
    other = changed_corpora(tmp_path)
    named, said = differs(run, id_, "--corpora", str(other))
    assert named == ["rules", "corpora", "companies"]
    assert "规则、语料、企业资料与当时不同或找不回来" in said


def test_what_is_no_run(run: Run) -> None:
    assert run("replay", "abcd1234")[::2] == (2, "lianzhao: 还没有留存过批次：lianzhao rank 不加 --no-store 才留存\n")
    assert not Path("home/ledger.db").exists()
    ranked(run, "企业.csv")
    code, _, err = run("replay", "ffffffff")
    assert code == 2 and "没有这个批次：ffffffff" in err
    code, _, err = run("replay", "企业.csv")
    assert code == 2 and "批次应写名单末行的批次号" in err
