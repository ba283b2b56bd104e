"""The rules of the ledgers: every zone has them, a zone's own take their place, and mistakes are named by file, line and field."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from matcher.errors import RequestError, RulesError
from matcher.ledger.setting import open_setting
from matcher.locate import folder
from matcher.rules import zone_ids
from matcher.rules.ledger import STEPPED, load_ledger
from tests.conftest import ZONE

OWN = """departments:
  - {name: 招商局, also: [招商]}
towns: []
steps:
  activities:
    - {id: planned, name: 计划, next: [held]}
    - {id: held, name: 办过}
arrivals: [进账单]
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    shutil.copytree(folder("rules"), tmp_path / "rules")
    return tmp_path / "rules"


@pytest.mark.parametrize("zone", zone_ids())
def test_every_zone_has_ledgers(zone: str) -> None:
    setting = open_setting(zone)
    assert set(STEPPED) <= set(setting.rules.file.steps)
    for book in STEPPED:
        first, *_ = setting.steps(book)
        assert not first.proofs, "whoever has not done anything has nothing to prove"


def test_a_zone_has_its_own_offices_and_steps(rules: Path) -> None:
    common = load_ledger(ZONE, rules)
    (rules / ZONE / "ledger.yaml").write_text(OWN, encoding="utf-8")
    own = load_ledger(ZONE, rules)
    assert [office.name for office in own.departments] == ["招商局"]
    assert [step.name for step in own.file.steps["activities"]] == ["计划", "办过"]
    assert own.file.steps["projects"] == common.file.steps["projects"]
    assert (own.file.arrivals, own.file.papers) == (["进账单"], common.file.papers)
    (rules / ZONE / "ledger.yaml").unlink()
    assert load_ledger(ZONE, rules).departments == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("next: [held]", "next: [helt]", r"ledger\.yaml:6 \[steps\.activities\.0\.next\.0\] 没有步骤 'helt'"),
        ("name: 办过", "name: 计划", "'计划' 写了两次"),
        ("  activities:", "  trips:", r"\[steps\.trips\] 应为 targets、projects、activities 之一"),
        ("name: 计划,", "name: 计划, aside: true,", "第一步不能是旁支"),
        ("towns: []", "towns: [东镇]", r"\[towns\.0\] 应为键值表"),
        ("towns: []", "town: []", r"\[town\] 没有这个字段"),
    ],
)
def test_mistakes_are_placed(rules: Path, old: str, new: str, said: str) -> None:
    (rules / ZONE / "ledger.yaml").write_text(OWN.replace(old, new), encoding="utf-8")
    with pytest.raises(RulesError, match=said):
        load_ledger(ZONE, rules)


def test_a_field_without_a_name_is_found(rules: Path) -> None:
    text = (rules / "ledger.yaml").read_text(encoding="utf-8")
    (rules / "ledger.yaml").write_text(text.replace("      jobs: [就业（人）, 就业, 带动就业]\n", ""), encoding="utf-8")
    with pytest.raises(RulesError, match=r"\[books\.projects\.fields\.jobs\] 缺少此字段"):
        open_setting(ZONE, rules)


def test_a_zone_that_is_not_there() -> None:
    with pytest.raises(RequestError, match="没有这个园区"):
        load_ledger("liaocheng", None)


def test_the_digest_of_a_ruleset_does_not_hang_on_the_ledgers(rules: Path) -> None:
    from matcher.rules.kept import content_digest, folder_content

    before = content_digest(folder_content(rules / ZONE))
    (rules / ZONE / "ledger.yaml").write_text(OWN, encoding="utf-8")
    assert content_digest(folder_content(rules / ZONE)) == before
