"""The commands work on the database that ``LIANZHAO_DATABASE`` names, SQLite and PostgreSQL alike, and say the same on both."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import func, select

from matcher.cli import commands, main
from matcher.engine import Engine
from matcher.store.database import open_store
from matcher.store.ruleset_files import store_ruleset, stored_digests, stored_ruleset
from matcher.store.runs import load_run
from matcher.store.tables import rule_files
from tests.cli import small_zone

pytestmark = pytest.mark.slow

COMPANIES = """\
企业名称,统一社会信用代码,注册资本,经营范围,所属城市
青岛海之星酒店管理集团有限公司,91330000794366433K,30000万元,酒店管理；住宿服务,青岛市
青岛海之星食品有限公司,,2000万元,速冻食品生产,青岛市
"""


def test_from_list_to_ranking(
    address: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIANZHAO_DATABASE", address)
    monkeypatch.setattr(commands, "Engine", lambda *_, **__: engine)
    monkeypatch.chdir(tmp_path)
    Path("企业.csv").write_text(COMPANIES, encoding="utf-8")
    Path("名单.csv").write_text("企业名称\n海之星\n青岛海之星酒店管理集团有限公司\n", encoding="utf-8")
    assert main(["lists", "import", "名单.csv", "--list", "专精特新", "--issued", "2023-07-14", "--against", "企业.csv"]) == 0
    assert main(["judge", "海之星", "--is", "青岛海之星食品有限公司"]) == 0
    assert main(["register", "save", "企业.csv", "--zone", engine.zone.id]) == 0
    capsys.readouterr()
    rank = ["rank", "企业.csv", "--zone", engine.zone.id, "--as-of", "2024-08-27", "--format", "json"]
    assert main(rank) == 0
    ranking = json.loads(capsys.readouterr().out)
    assert ranking["results"] and all("名单 2023-07-14" in one["reason"] for one in ranking["results"])
    with open_store() as store:
        kept = load_run(store, ranking["run"]["id"])
    assert kept is not None and kept[0].request["lists"] == ranking["run"]["request"]["lists"]
    for command in (["lists", "show"], ["lists", "queue"], ["register", "list"], ["judgements"]):
        assert main(command) == 0
    assert "就是它    2" in capsys.readouterr().out


@pytest.mark.slow
def test_another_machine_has_the_rules_of_runs_and_versions(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A home of its own, a draft of its own, the same database: runs are made again and versions used by name, as where they were made."""
    monkeypatch.setenv("LIANZHAO_DATABASE", address)
    monkeypatch.chdir(tmp_path)
    Path("企业.csv").write_text("企业名称,经营范围,注册资本\n青岛甲积木有限公司,积木制造,9000万元\n", encoding="utf-8")
    other = small_zone.SCORING.replace("weight: 60", "weight: 50")
    rank = ["rank", "企业.csv", "--zone", "small", "--as-of", "2026-01-01", "--format", "json"]

    def on(machine: str, *argv: str, scoring: str = small_zone.SCORING) -> tuple[int, str]:
        monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / machine))
        if not (tmp_path / machine / "rules").exists():
            small_zone.write(tmp_path / machine / "rules", scoring=scoring)
        monkeypatch.setenv("LIANZHAO_RULES", str(tmp_path / machine / "rules"))
        code = main(list(argv))
        return code, capsys.readouterr().out

    assert on("a", "rules", "publish", "small", "--by", "甲", "--note", "首次")[0] == 0
    first = json.loads(on("a", *rank)[1])
    (tmp_path / "a" / "rules" / "small" / "scoring.yaml").write_text(other.replace("weight: 50", "weight: 55"), encoding="utf-8")
    drafted = json.loads(on("a", *rank)[1])
    assert first["results"] != drafted["results"]
    assert on("b", *rank, scoring=other)[0] == 0  # its own rules are others
    for run in (first["run"], drafted["run"]):
        code, out = on("b", "replay", run["id"], "企业.csv")
        assert code == 0 and "结果逐字节相同" in out
    digest = first["run"]["ruleset"]
    shutil.rmtree(tmp_path / "b" / "rulesets")
    for word in ("published", "1", digest[:10]):
        assert json.loads(on("b", *rank, "--ruleset", word)[1])["results"] == first["results"]
        shutil.rmtree(tmp_path / "b" / "rulesets")
    assert on("b", *rank, "--no-store", "--ruleset", digest[:10])[0] == 2  # asked not to look into the database
    with open_store() as store:
        assert stored_digests(store, "") == sorted(
            {digest, drafted["run"]["ruleset"], json.loads(on("b", *rank)[1])["run"]["ruleset"]}
        )
        content = stored_ruleset(store, digest)
        assert content["scoring.yaml"].decode() == small_zone.SCORING and sorted(content) == [
            "chains/toys.yaml",
            "scoring.yaml",
            "zone.yaml",
        ]
        with store.reading() as connection:  # zone.yaml and the chain are there once
            assert connection.execute(select(func.count()).select_from(rule_files)).scalar() == 2 + 3
        assert store_ruleset(store, content) == digest and stored_ruleset(store, "f" * 64) == {}


def test_from_publishing_to_replay(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIANZHAO_DATABASE", address)
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LIANZHAO_RULES", str(small_zone.write(tmp_path / "rules")))
    monkeypatch.chdir(tmp_path)
    Path("企业.csv").write_text("企业名称,经营范围,注册资本\n青岛甲积木有限公司,积木制造,9000万元\n", encoding="utf-8")
    assert main(["rules", "publish", "small", "--by", "甲", "--note", "首次"]) == 0
    Path("rules/small/scoring.yaml").write_text(small_zone.SCORING.replace("weight: 60", "weight: 50"), encoding="utf-8")
    assert main(["rules", "publish", "small", "--by", "乙", "--note", "减重"]) == 0
    capsys.readouterr()
    assert main(["rank", "企业.csv", "--zone", "small", "--ruleset", "1", "--format", "json"]) == 0
    run = json.loads(capsys.readouterr().out)["run"]
    assert main(["rules", "retire", "small", "1", "--by", "乙", "--note", "旧了"]) == 0
    assert main(["replay", run["id"][:10], "企业.csv"]) == 0
    assert "规则第 1 版（已停用）" in capsys.readouterr().out
    assert main(["rules", "versions", "small", "--format", "json"]) == 0
    assert [one["state"] for one in json.loads(capsys.readouterr().out)] == ["已停用", "现行"]
    assert main(["rules", "history", "small", "企业.csv", "--company", "甲积木"]) == 0
    capsys.readouterr()
    assert main(["prune", "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["kept_rulesets"]) == 2


def test_from_making_a_key_to_revoking_it(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIANZHAO_DATABASE", address)
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    assert main(["keys", "create", "--name", "跟踪系统", "--role", "tracker", "--by", "甲"]) == 0
    token = capsys.readouterr().out.strip()
    assert main(["keys", "revoke", token, "--by", "乙"]) == 0
    capsys.readouterr()
    assert main(["keys", "list", "--all", "--format", "json"]) == 0
    assert [(one["name"], one["state"], one["revoked_by"]) for one in json.loads(capsys.readouterr().out)] == [
        ("跟踪系统", "已撤销", "乙")
    ]
    assert main(["keys", "audit", "--format", "json"]) == 0
    assert [one["operation"] for one in json.loads(capsys.readouterr().out)] == ["create_key", "revoke_key"]
