"""The verbs of the workbench try rules on what ``rank`` ranks: the current snapshot, else the sample, with what imported lists say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matcher.cli import main, tried
from matcher.engine import Engine
from matcher.matching.profiles import ProfileReader
from tests.cli import small_zone
from tests.cli.small_zone import SCORING
from tests.snapshot.small import code

pytestmark = pytest.mark.slow

DAY = ["--as-of", "2026-01-01"]
SMALL = ["--zone", "small", "--rules", "rules"]
FIRMS = "\n".join(
    [
        "企业名称,统一社会信用代码,经营范围,注册资本,所属城市,数据日期",
        *(
            f"青岛第{n}玩具有限公司,{code(n)},{'积木制造' if n % 2 else '布偶制造'},{n + 1}00万元,青岛市,2024-01-31"
            for n in range(8)
        ),
        "",
    ]
)
VETO = "vetoes:\n  - {id: local, label: 已在本市, when: local = TRUE, why: 测试用}\n"
PRESENCE = """\
presence: {least_affinity: 400, capital: [100, 10000], least: 50, present: 1000, strong: 4000, partner_affinity: 600}
"""
RULES = PRESENCE + SCORING.replace("vetoes:\n", VETO)
LISTED = """
  - {id: specialised, group: scale, label: 专精特新, weight: 15, value: "has(qualifications, 'specialised')", evidence: 在名单上, why: 试}
"""
Run = Callable[..., Any]
VERBS: dict[str, list[str]] = {
    "diff": ["rules", "diff", "--rules", "rules", "--top", "3", "small", "draft", "other/small"],
    "check": ["rules", "check", "--rules", "rules", "--all", "small"],
    "why-not": ["why-not", *SMALL, "--company", "青岛第2玩具有限公司", "--top", "3"],
    "certainty": ["certainty", *SMALL, "--top", "3", "--draws", "4"],
}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LIANZHAO_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    small_zone.write(tmp_path / "rules", scoring=RULES + LISTED)
    small_zone.write(tmp_path / "other", scoring=RULES.replace("weight: 60", "weight: 5") + LISTED)
    Path("企业.csv").write_text(FIRMS, encoding="utf-8")
    return tmp_path / "home"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def of(*argv: str) -> tuple[Any, str]:
        assert main([*argv, *([*DAY, "--format", "json"] if argv[0] in ("rules", "why-not", "certainty") else [])]) == 0
        said = capsys.readouterr()
        return json.loads(said.out) if said.out.startswith(("{", "[")) else said.out, said.err

    return of


@pytest.mark.parametrize("verb", VERBS)
def test_the_snapshot_is_as_its_file(run: Run, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from_file, _ = run(*VERBS[verb], "企业.csv")
    run("build", "企业.csv", "--rules", "rules")
    if verb in ("diff", "certainty"):  # why-not reads texts that it changed, check asks in which texts each word stands
        monkeypatch.setattr(ProfileReader, "details", lambda *_: pytest.fail("texts were read again"))
        monkeypatch.setattr(ProfileReader, "names", lambda *_: pytest.fail("texts were read again"))
    from_snapshot, told = run(*VERBS[verb])
    assert "当前快照" in told and "8 家" in told
    assert from_snapshot == from_file
    assert "青岛第" in json.dumps(from_file, ensure_ascii=False) or verb == "check"


@pytest.mark.parametrize("verb", VERBS)
def test_without_a_snapshot_it_is_the_sample(run: Run, verb: str, engine: Engine) -> None:
    sample = str(engine.corpora.sample)
    argv = ["杭州龙井茶业集团有限公司" if word.startswith("青岛第") else word for word in VERBS[verb]]
    assert run(*argv)[0] == run(*argv, sample)[0]


def test_the_check_says_which_companies(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*VERBS["check"], *DAY]) == 0
    assert "按随附样例的 669 家看" in capsys.readouterr().out
    main(["build", "企业.csv", "--rules", "rules"])
    assert main([*VERBS["check"], *DAY]) == 0
    assert "按当前快照的 8 家看" in capsys.readouterr().out


@pytest.mark.parametrize("verb", VERBS)
def test_lists_count_unless_the_database_is_left_alone(run: Run, verb: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, _ = run(*VERBS[verb], "企业.csv")
    assert not list(place.glob("*.db")), "to look for lists makes no database"
    Path("名单.csv").write_text("企业名称\n青岛第2玩具有限公司\n青岛第5玩具有限公司\n", encoding="utf-8")
    run("lists", "import", "名单.csv", "--list", "专精特新", "--issued", "2024-01-01", "--against", "企业.csv", "--by", "甲")
    with_lists, _ = run(*VERBS[verb], "企业.csv")
    assert with_lists != before or verb == "check", "what eight companies show is no concern"
    monkeypatch.setattr(tried.saved, "with_lists", lambda _: pytest.fail("the database was read"))
    assert run(*VERBS[verb], "企业.csv", "--no-store")[0] == before


def test_what_a_list_is_asked_for_is_what_rank_is_asked_for(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Filters, a local register and the date of the rows give the list of ``rank`` with the same options."""
    Path("本地.csv").write_text("\n".join([FIRMS.splitlines()[0], *FIRMS.splitlines()[-2:]]), encoding="utf-8")
    local = ["--local", "本地.csv"]
    lists = []
    run("build", "企业.csv", "--rules", "rules")
    for asked in ([], ["--need", "extend"], ["--group", "toy-group"], ["--data-date", "2024-02-01"], ["--city", "杭州"], local):
        assert (
            main(["rank", "--zone", "small", "--rules", "rules", "--no-store", *DAY, "--format", "json", "--top", "3", *asked]) == 0
        )
        ranking = json.loads(capsys.readouterr().out)
        found, _ = run("rules", "diff", "small", "draft", "draft", "--rules", "rules", "--top", "3", *asked)
        assert found["considered"] == ranking["considered"]
        lists.append([result["name"] for result in ranking["results"]])
        assert [move["name"] for move in found["moves"]] == lists[-1]
    assert lists[-1] != lists[0]
