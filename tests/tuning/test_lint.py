"""The lint finds every planted fault at its line and is silent on the rules as shipped."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from matcher.engine import Engine
from matcher.intake import Intake, read_files
from matcher.intake.fields import EPOCH
from matcher.locate import folder
from matcher.rules import zone_ids
from matcher.rules.compliance import load_compliance
from matcher.rules.schema import LedgerScoring, ScoringFile
from matcher.rules.source import Source
from matcher.runs import Request
from matcher.scoring.evidence import NO_SEGMENT
from matcher.tuning.concerns import Files
from matcher.tuning.lint import Lint, concerns_of_rules, lint
from matcher.tuning.outcome import outcome_of, read_companies
from matcher.tuning.placeholders import left_for_later, no_reason
from tests.conftest import ZONE
from tests.tuning.trials import AS_OF

pytestmark = pytest.mark.slow

SHIPPED = folder("rules") / ZONE
SCORING = (SHIPPED / "scoring.yaml").read_text(encoding="utf-8")
DAY = (AS_OF - EPOCH).days
Check = Callable[[str], Lint]


@pytest.fixture(scope="module")
def sample(engine: Engine) -> Intake:
    return read_files([engine.corpora.sample], engine.corpora)


@pytest.fixture
def check(engine: Engine, sample: Intake, tmp_path: Path) -> Check:
    """The lint of the shipped zone with another scoring.yaml."""

    def of(scoring: str) -> Lint:
        (tmp_path / "scoring.yaml").write_text(scoring, encoding="utf-8")
        source = Source(tmp_path / "scoring.yaml", "scoring.yaml")
        loaded = source.load(ScoringFile, engine._rule_checks(list(engine.zone.chain_names)))
        assert loaded is not None and not source.problems, source.problems
        trial = engine.with_rules(engine.zone.with_scoring(loaded))
        return lint(trial, Files(tmp_path, "z"), load_compliance(), sample, AS_OF)

    return of


@dataclass(frozen=True)
class Fault:
    """What is planted, and what the lint must say of the line on which ``mark`` stands."""

    kind: str
    plant: Callable[[str], str]
    mark: str = "id: planted"


def rule(group: str, value: str, *, weight: str = "3", id_: str = "planted", why: str = "测试里种下的一条", **more: str) -> str:
    rest = "".join(f", {key}: {text}" for key, text in more.items())
    label = "" if "label" in more else ", label: 种下的"
    return f'\n  - {{id: {id_}, group: {group}, weight: {weight}, value: "{value}", evidence: 无, why: {why}{label}{rest}}}\n'


def rules(*planted: str) -> Callable[[str], str]:
    return lambda text: text + "".join(planted)


def steps(group: str, *values: str) -> Callable[[str], str]:
    """Several rules, the last of which is to be blamed."""
    ids = [*(f"step_{n}" for n in range(len(values) - 1)), "planted"]
    return rules(*(rule(group, value, id_=id_) for id_, value in zip(ids, values, strict=True)))


def veto(when: str, *, label: str = "种下的", why: str = "测试里种下的一条") -> Callable[[str], str]:
    line = f'  - {{id: planted, label: {label}, when: "{when}", why: {why}}}\n'
    return lambda text: text.replace("\nrules:\n", f"\n{line}\nrules:\n", 1)


def swap(old: str, new: str) -> Callable[[str], str]:
    def plant(text: str) -> str:
        assert text.count(old) == 1, old
        return text.replace(old, new)

    return plant


def both(*plants: Callable[[str], str]) -> Callable[[str], str]:
    def plant(text: str) -> str:
        for one in plants:
            text = one(text)
        return text

    return plant


GROUP = swap(
    "  - {id: doubt, label: 疑点扣分", "  - {id: planted_group, label: 种下的组, cap: [-30, 0]}\n  - {id: doubt, label: 疑点扣分"
)
CAP = "label: {}, cap: [0, {}]"
FAULTS = {
    "veto on an affinity that none has": Fault("never", veto("affinity < 200 AND affinity > 0")),
    "veto on no capital": Fault("never", veto("capital <= 0")),
    "veto on what is unknown": Fault("never", veto("mode = 'none'")),
    "veto on a segment that the zone lacks": Fault("never", veto("kind = 'trade' AND needs_chemical_park = TRUE")),
    "rule below the least": Fault("never", rules(rule("age", "breadth < 0"))),
    "rule above the most": Fault("never", rules(rule("age", "main_business > 1000"))),
    "ramp that never starts": Fault("never", rules(rule("age", "ramp(affinity, 1000, 2000)"))),
    "dates the wrong way round": Fault("never", rules(rule("age", "founded >= '2010-01-01' AND founded < '2005-01-01'"))),
    "two forms at once": Fault("never", rules(rule("age", "legal_form IN ('factory', 'hotel') AND legal_form = 'limited'"))),
    "a mark and not": Fault("never", rules(rule("age", "has(marks, 'golf') AND NOT has_any(marks, 'golf', 'bank')"))),
    "a weight of nothing": Fault("never", rules(rule("age", "is_group = TRUE", weight="0"))),
    "rule for everybody": Fault("always", rules(rule("age", "affinity >= 0"))),
    "rule for whoever is known": Fault("always", rules(rule("age", "capital > 100 OR capital <= 100"))),
    "ramp that has always ended": Fault("always", rules(rule("age", "ramp(need_strength, -20, -10)"))),
    "veto for everybody": Fault("always", veto("need_strength >= 0")),
    "rule for everybody in the data": Fault("always", rules(rule("age", "ratio(affinity, affinity) >= 1"))),
    "veto within another": Fault("shadowed", veto("outlet IN ('shop', 'station')")),
    "veto below another": Fault("shadowed", veto("capital < 100")),
    "veto on a lower affinity": Fault("shadowed", veto("affinity < 100")),
    "a rule for whoever is barred by a mark": Fault("shadowed", rules(rule("doubt", "has(marks, 'golf')", weight="-3"))),
    "a rule for whoever is barred as an outlet": Fault("shadowed", rules(rule("doubt", "outlet = 'shop'", weight="-3"))),
    "already here, rewarded": Fault("forbidden", rules(rule("age", "local = TRUE"))),
    "the same rule again": Fault("doubled", rules(rule("scale", "ramp(capital_log, 2700, 4500)"))),
    "the same in other words": Fault("doubled", rules(rule("group", "legal_form IN ('joint_stock')"))),
    "the same in another group": Fault("doubled", rules(rule("age", "legal_form = 'joint_stock'"))),
    "the same turned round": Fault("doubled", rules(rule("group", "NOT (is_group = FALSE)"))),
    "nearly the same": Fault("doubled", rules(rule("need", "ramp(need_strength, 0, 900)"))),
    "a cap that no sum reaches": Fault("cap_unreachable", swap(CAP.format("可复制", 4), CAP.format("可复制", 9)), "id: replicable, label"),
    "a floor that no sum reaches": Fault(
        "cap_unreachable", both(GROUP, rules(rule("planted_group", "is_arm = TRUE", weight="-5"))), "id: planted_group, label"
    ),
    "a group without rules": Fault("cap_unreachable", GROUP, "id: planted_group, label"),
    "a cap that cuts nearly all": Fault("cap_always", swap(CAP.format("落地条件", 3), CAP.format("落地条件", 0.2)), "id: landing, label"),
    "a cap of nothing": Fault("cap_always", swap("label: 经营年限, cap: [0, 5]", "label: 经营年限, cap: [0, 0]"), "id: age, label"),
    "steps with a hole": Fault("gap", steps("scale", "capital BETWEEN 100 AND 1000", "capital BETWEEN 2000 AND 5000")),
    "steps with a hole of one": Fault("gap", steps("scale", "insured_count < 50", "insured_count > 50")),
    "steps of years with a hole": Fault("gap", steps("age", "years_since(founded) < 3", "years_since(founded) BETWEEN 5 AND 20")),
    "steps that overlap": Fault("overlap", steps("scale", "capital BETWEEN 100 AND 1500", "capital BETWEEN 1000 AND 5000")),
    "steps that touch": Fault("overlap", steps("scale", "capital BETWEEN 100 AND 1000", "capital BETWEEN 1000 AND 5000")),
    "no reason yet": Fault("no_why", rules(rule("age", "is_group = TRUE", why="待补"))),
    "a reason that is the label": Fault("no_why", rules(rule("age", "is_group = TRUE", why="种下的规则", label="种下的规则"))),
    "a reason that is to do": Fault("no_why", rules(rule("age", "is_group = TRUE", why="TODO 问一下小组"))),
    "a reason that says nothing": Fault("no_why", veto("closed = TRUE AND listed = TRUE", why="同上")),
    "ownership by currency": Fault("forbidden", rules(rule("age", "foreign_capital = TRUE"))),
    "a veto on ownership": Fault("forbidden", veto("foreign_capital = TRUE AND capital < 9")),
    "ownership by label": Fault("forbidden", rules(rule("age", "capital >= 900", label="民营企业"))),
    "ownership as the reason why": Fault("forbidden", rules(rule("age", "capital >= 900", why="国营的优先"))),
    "a registration moved, as the reason why": Fault("forbidden", rules(rule("age", "capital >= 900", why="奖励登记到本区的"))),
    "ownership in the sentence": Fault("forbidden", rules(rule("age", "capital >= 900", says="国有控股"))),
    "a veto's label": Fault("forbidden", veto("capital < 9", label="外资企业")),
    "a move rewarded": Fault("forbidden", rules(rule("age", "capital >= 900", label="愿意迁移登记"))),
    "a move asked for": Fault("forbidden", rules(rule("doubt", "capital >= 900", weight="-1", asks="能不能迁址"))),
    "a move asked of everybody": Fault(
        "forbidden", swap("maker: 有没有异地建厂、扩产的打算", "maker: 能不能把注册地迁到本区"), "maker: 能不能"
    ),
}  # fmt: skip


def test_the_shipped_rules_are_sound(check: Check) -> None:
    found = check(SCORING)
    assert (found.forbidden, found.concerns) == ((), ())
    assert found.companies > 600
    assert found.dead_terms > 0
    assert {note.kind for note in found.notes} == {"silent", "cap_never"}


@pytest.mark.parametrize("zone", zone_ids())
def test_every_shipped_zone_is_sound(zone: str, sample: Intake) -> None:
    found = lint(Engine(zone, processes=1), Files(folder("rules") / zone, zone), load_compliance(), sample, AS_OF)
    assert (found.forbidden, found.concerns) == ((), ())


def test_there_are_thirty_faults_of_every_kind() -> None:
    assert len(FAULTS) >= 30
    assert {fault.kind for fault in FAULTS.values()} == {
        "never", "always", "shadowed", "doubled", "cap_unreachable", "cap_always", "gap", "overlap", "no_why", "forbidden",
    }  # fmt: skip


FIRST = {fault.kind: name for name, fault in reversed(FAULTS.items())}.values()


@pytest.mark.parametrize("name", [name if name in FIRST else pytest.param(name, marks=pytest.mark.slow) for name in FAULTS])
def test_a_planted_fault_is_found_at_its_line(check: Check, name: str) -> None:
    fault = FAULTS[name]
    scoring = fault.plant(SCORING)
    assert scoring != SCORING
    found = check(scoring)
    line = scoring[: scoring.index(fault.mark)].count("\n") + 1
    if fault.kind == "forbidden":
        assert [problem.line for problem in found.forbidden] == [line]
        assert re.search("《.+》（国务院令第\\d+号）第.+条", found.forbidden[0].expected)
    else:
        assert not found.forbidden
        assert (fault.kind, line) in {(one.kind, one.line) for one in found.concerns}, found.concerns
        assert len(found.concerns) <= 2, "one fault is not told in many ways"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("why: 代销小包装种子的农资门市}", "why: TODO}", "TODO"),
        ("reason: 原文把农机装备集成列为现代农业要招的方向，未写已有龙头，故补链}", "reason: 待补}", "待补"),
    ],
)
def test_reasons_left_for_later_are_found_in_the_chains_too(tmp_path: Path, sample: Intake, old: str, new: str, said: str) -> None:
    shutil.copytree(SHIPPED, tmp_path / ZONE)
    file = tmp_path / ZONE / "chains" / "modern-agriculture.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1
    found = lint(Engine(ZONE, rules=tmp_path, processes=1), Files(tmp_path / ZONE, ZONE), load_compliance(), sample, AS_OF)
    assert [(one.kind, one.line) for one in found.concerns] == [("no_why", line)]
    assert said in found.concerns[0].text


LEFT = {
    "why of a veto": ("scoring.yaml", "why: 不再经营", "why: TODO", "no_why"),
    "why of the ledger's rule": ("scoring.yaml", "why: 写明理由搁置的，先看原因还在不在", "why: （待补）", "no_why"),
    "ground of the place": (
        "zone.yaml",
        "reason: 报道未给坐标；取聊城市区以南的近似位置，只用于估算行程距离",
        "reason: 待填",
        "no_why",
    ),
    "the sentence": ("scoring.yaml", 'says: "园区正在对接"', 'says: "TODO：改"', "unwritten"),
    "a question": ("scoring.yaml", "maker: 有没有异地建厂、扩产的打算", "maker: 请填写", "unwritten"),
    "a theme's description": ("opportunities.yaml", "description: ", "description: tbd ", "unwritten"),
}


@pytest.mark.parametrize("where", LEFT)
def test_what_was_left_for_later_is_told_wherever_it_stands(engine: Engine, tmp_path: Path, where: str) -> None:
    name, old, new, kind = LEFT[where]
    root = Path(shutil.copytree(SHIPPED, tmp_path / ZONE))
    text = (root / name).read_text(encoding="utf-8")
    assert old in text
    (root / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    found = concerns_of_rules(engine.with_rules(root), Files(root, ZONE), AS_OF)
    line = text[: text.index(old)].count("\n") + 1
    assert [(one.kind, one.file, one.line) for one in found] == [(kind, f"{ZONE}/{name}", line)]


@pytest.mark.parametrize(
    "text", ["TODO", "todo: 问小组", "先写着，FIXME", "待补", "（待填）", "<待写>。", "xxx", "……", "？？", "placeholder"]
)
def test_texts_that_stand_in_for_others(text: str) -> None:
    assert left_for_later(text) and no_reason(text)


@pytest.mark.parametrize(
    "text", ["是装备", "待定的项目先不谈", "第五产业招商小组（待指定）", "不再经营", "mastodon 一类的化石", "还没有量产的，待核"]
)
def test_short_reasons_are_reasons(text: str) -> None:
    assert not left_for_later(text) and not no_reason(text)


@pytest.mark.parametrize("of_ledger", [False, True])
def test_a_fault_is_at_its_line_also_where_a_ledger_is_read(engine: Engine, sample: Intake, of_ledger: bool) -> None:
    """The ledger's vetoes stand before the others then, its rules behind them; the file stays as it is."""
    scoring = engine.zone.scoring
    assert scoring.ledger is not None
    side = scoring.ledger if of_ledger else scoring
    faulty = side.vetoes[-1].model_copy(update={"why": "待补"})
    other: ScoringFile | LedgerScoring = side.model_copy(update={"vetoes": [*side.vetoes[:-1], faulty]})
    planted = scoring.model_copy(update={"ledger": other}) if of_ledger else other
    assert isinstance(planted, ScoringFile)
    trial = engine.with_rules(engine.zone.with_scoring(planted)).with_ledger(())
    (concern,) = lint(trial, Files(SHIPPED, "z"), load_compliance(), sample, AS_OF).concerns
    lines = SCORING.splitlines()
    start = next(number for number, line in enumerate(lines) if f"id: {faulty.id}" in line)
    assert concern.kind == "no_why" and concern.line == 1 + next(n for n in range(start, len(lines)) if "why:" in lines[n])


@pytest.mark.slow
@pytest.mark.parametrize(
    "values",
    [
        ("insured_count BETWEEN 1 AND 9", "insured_count BETWEEN 10 AND 99", "insured_count >= 100"),
        ("capital >= 1000", "capital >= 5000", "capital >= 20000"),
        ("capital < 1000", "capital >= 1000 AND capital < 3000", "capital >= 3000"),
        ("years_since(founded) < 3", "years_since(founded) >= 3 AND years_since(founded) < 10"),
    ],
    ids=["whole numbers", "thresholds", "halves", "years"],
)
def test_steps_that_meet_are_no_concern(check: Check, values: tuple[str, ...]) -> None:
    group = "age" if "founded" in values[0] else "scale"
    assert not [one for one in check(steps(group, *values)(SCORING)).concerns if one.kind in ("gap", "overlap")]


def chain_copy(tmp_path: Path, old: str, new: str) -> Path:
    root = Path(shutil.copytree(SHIPPED, tmp_path / "copy"))
    file = root / "chains" / "medical-health.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return root


@pytest.mark.slow
def test_a_word_of_another_segment_is_found(engine: Engine, sample: Intake, tmp_path: Path) -> None:
    root = chain_copy(tmp_path, "10: [中药材种植,", "10: [酒店管理, 中药材种植,")
    found = lint(engine.with_rules(root), Files(root, "copy"), load_compliance(), sample, AS_OF)
    (concern,) = found.concerns
    assert (concern.kind, concern.file) == ("elsewhere", "copy/chains/medical-health.yaml")
    line = (root / "chains" / "medical-health.yaml").read_text(encoding="utf-8").splitlines()[concern.line - 1]
    assert "酒店管理, 中药材种植" in line
    assert "herb-growing" in concern.text and "文旅度假链" in concern.text


MASKED = {
    "medical-distribution": "物业管理", "assistive-products": "饲料", "study-travel": "养殖", "watercraft": "养殖",
    "creative-design": "国内",
}  # fmt: skip
"""Segment → a word of other trades; planted there, it takes more than a fifth of its companies."""


@pytest.mark.slow
@pytest.mark.parametrize(("segment", "word"), MASKED.items())
def test_a_word_that_hides_itself_is_found(engine: Engine, sample: Intake, tmp_path: Path, segment: str, word: str) -> None:
    """Counted with the word, too many of its companies are listed for its own segment to be told; without it they go where they belong."""
    (number,) = (n for n, one in enumerate(engine.zone.segments) if one.id == segment)
    root = Path(shutil.copytree(SHIPPED, tmp_path / "copy"))
    file = root / "chains" / f"{engine.zone.segments[number].chain}.yaml"
    before, after = file.read_text(encoding="utf-8").split(f"  - id: {segment}\n")
    file.write_text(f"{before}  - id: {segment}\n" + after.replace("10: [", f"10: [{word}, ", 1), encoding="utf-8")
    planted = engine.with_rules(root)
    assert dict(planted.zone.segments[number].terms)[word] == 10
    ranked = outcome_of(planted, read_companies(planted, sample), Request(as_of=AS_OF)).scored
    have = [n for n, said in enumerate(sample.companies.text["main_products"]) if word in said and ranked.open[n]]
    listed = [segment for segment in ranked.placed.segment[have].tolist() if segment != NO_SEGMENT]
    assert listed.count(number) > len(listed) / 5
    concerns = lint(planted, Files(root, "copy"), load_compliance(), sample, AS_OF).concerns
    (concern,) = (one for one in concerns if f"“{word}”" in one.text)
    assert (concern.kind, concern.file) == ("elsewhere", f"copy/{file.relative_to(root)}") and "算上它" in concern.text
    line = file.read_text(encoding="utf-8").splitlines()[concern.line - 1]
    assert f"10: [{word}, " in line and segment in concern.text


@pytest.mark.slow
def test_a_dead_word_is_counted_and_listed_when_asked_for(engine: Engine, sample: Intake, tmp_path: Path) -> None:
    root = chain_copy(tmp_path, "10: [中药材种植,", "10: [月面药材栽植, 中药材种植,")
    trial = engine.with_rules(root)
    plain, full = (lint(trial, Files(root, "c"), load_compliance(), sample, AS_OF, every_word=all_) for all_ in (False, True))
    before = lint(engine, Files(SHIPPED, "s"), load_compliance(), sample, AS_OF)
    assert plain.dead_terms == full.dead_terms == before.dead_terms + 1
    listed = [note.text for note in full.notes if note.kind == "dead_term"]
    assert len(listed) == full.dead_terms
    assert any("月面药材栽植" in text for text in listed)
    assert not any(note.kind == "dead_term" for note in plain.notes)
    everything = "\n".join([*sample.companies.text["business_scope"], *sample.companies.text["name"]])
    found = [word for text in listed if (word := re.findall("“(.+)”", text)[0]) and word in everything]
    assert len(found) < len(listed) / 100, "what stands as it is in a scope is not dead, but for what cleaning takes away"


def test_too_few_companies_say_nothing(engine: Engine, sample: Intake) -> None:
    few = Intake(sample.companies.take(range(20)), sample.files, 20, 0, (), {}, "x")
    found = lint(engine, Files(SHIPPED, "s"), load_compliance(), few, AS_OF)
    assert (found.concerns, found.companies) == ((), 20)
    assert not [note for note in found.notes if note.kind == "silent"]
