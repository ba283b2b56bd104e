"""What no rule may read, reward or ask is found wherever it can stand, whether a ledger is read or not (合规)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from matcher.engine import Engine
from matcher.errors import RulesError
from matcher.locate import folder
from matcher.rules.compliance import load_compliance
from matcher.tuning.compliance import breaches
from matcher.tuning.concerns import Files
from matcher.tuning.publishing import let_pass

SHIPPED = folder("rules") / "liaocheng-resort"
LEDGER_RULE = (
    "\n    - {id: planted, group: need, label: 国有企业优先, weight: 2, value: foreign_capital = FALSE, "
    "evidence: '外币 {foreign_capital}', why: 试一条}"
)


def planted(engine: Engine, root: Path, file: str, old: str, new: str) -> tuple[Engine, Files]:
    copy = Path(shutil.copytree(SHIPPED, root / "copy"))
    text = (copy / file).read_text(encoding="utf-8")
    assert old in text
    (copy / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return engine.with_rules(copy), Files(copy, "copy")


def test_the_shipped_rules_breach_nothing(engine: Engine) -> None:
    assert not breaches(load_compliance(), engine, Files(SHIPPED, "z"))


def test_rules_of_the_ledger_are_looked_at_without_a_ledger(engine: Engine, tmp_path: Path) -> None:
    text = (SHIPPED / "scoring.yaml").read_text(encoding="utf-8")
    ledger = text[text.index("\nledger:") :]
    own = ledger[: ledger.index("  rules:") + len("  rules:")]
    other, files = planted(engine, tmp_path, "scoring.yaml", own, own + LEDGER_RULE)
    found = breaches(load_compliance(), other, files)
    assert {(one.rule, one.forbidden) for one in found} == {("planted", "ownership")}
    line = (tmp_path / "copy" / "scoring.yaml").read_text(encoding="utf-8").split("\n").index(LEDGER_RULE[1:]) + 1
    assert {one.problem.line for one in found} == {line}
    passed, left = let_pass(other, load_compliance(), files, {})
    assert not passed and len(left) == len(found), "nothing is published unless it is let pass with a reason"


@pytest.mark.slow
@pytest.mark.parametrize("asks", ["能不能把注册地迁到本区", "总部能不能搬过来", "税务登记转过来要多久"])
def test_what_a_segment_asks_is_looked_at(asks: str, engine: Engine, tmp_path: Path) -> None:
    other, files = planted(
        engine, tmp_path, "chains/culture-tourism.yaml", "asks: 今年还投不投省外项目，单个项目投多少、要什么回报", f"asks: {asks}"
    )
    (found,) = breaches(load_compliance(), other, files)
    assert found.rule == "culture-tourism.tourism-investment"
    assert "chains/culture-tourism.yaml" in str(found.problem)


def test_what_a_mark_goes_by_and_what_a_segment_looks_for_counts(engine: Engine) -> None:
    """A mark is its words, not its name; a term that raises an affinity rewards as a rule does."""
    ownership = next(one for one in load_compliance().forbidden if one.id == "ownership")
    for where, word, rule in (("marks", "加油站", "fuel"), ("terms", "景区托管", "culture-tourism.scenic-operation")):
        other = ownership.model_copy(update={"words": [word], "where": [where]})
        compliance = load_compliance().model_copy(update={"forbidden": [other]})
        found = breaches(compliance, engine, Files(SHIPPED, "z"))
        assert rule in {one.rule for one in found}
        assert all(f"「{word}」" in str(one.problem) for one in found)


def test_a_list_of_compliance_of_ones_own(tmp_path: Path) -> None:
    own = load_compliance()
    assert load_compliance(tmp_path) == own, "without one, that of the program"
    text = (folder("rules") / "compliance.yaml").read_text(encoding="utf-8")
    (tmp_path / "compliance.yaml").write_text(text.replace("foreign_capital", "is_group"), encoding="utf-8")
    assert load_compliance(tmp_path).forbidden[0].fields == ["is_group"]
    (tmp_path / "compliance.yaml").write_text(text.replace("sources:", "source:"), encoding="utf-8")
    with pytest.raises(RulesError):
        load_compliance(tmp_path)
