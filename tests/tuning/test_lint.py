"""The lint finds every planted fault at its line, is silent on the rules as shipped, and what it calls impossible is impossible."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engine import Engine
from matcher.intake import Intake, read_files
from matcher.intake.fields import EPOCH
from matcher.locate import folder
from matcher.rules import zone_ids
from matcher.rules.compliance import load_compliance
from matcher.rules.schema import ScoringFile
from matcher.rules.source import Source
from matcher.runs import Request
from matcher.scoring.evidence import NO_SEGMENT, EvidenceReader
from matcher.scoring.expressions import compile_expression
from matcher.scoring.values import Column
from matcher.tuning.concerns import Files
from matcher.tuning.grid import Cells, Grid
from matcher.tuning.lint import Lint, lint
from matcher.tuning.outcome import outcome_of, read_companies
from tests.conftest import ZONE
from tests.tuning.trials import AS_OF

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
    "the same rule again": Fault("doubled", rules(rule("scale", "ramp(capital_log, 2700, 4500)"))),
    "the same in other words": Fault("doubled", rules(rule("group", "legal_form IN ('joint_stock')"))),
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


@pytest.mark.parametrize("name", FAULTS)
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


# ------------------------------------------------------------------------------- what the cells say holds for all evidence

ATOMS = st.one_of(
    st.builds(
        lambda field, sign, number: f"{field} {sign} {number}",
        st.sampled_from(["affinity", "main_business", "need_strength", "capital", "capital_log", "insured_count", "breadth"]),
        st.sampled_from(["<", "<=", ">", ">=", "=", "<>"]),
        st.sampled_from([0, 3, 250, 450, 500, 720, 1000, 2000, 3000.5]),
    ),
    st.builds(lambda a, b: f"capital BETWEEN {a} AND {b}", st.sampled_from([1, 500]), st.sampled_from([500, 9000])),
    st.builds(lambda years: f"years_since(founded) < {years}", st.sampled_from([3, 10])),
    st.sampled_from(
        [
            "founded >= '2014-03-01'", "mode IN ('produce', 'sell')", "mode <> 'sell'", "kind = 'maker'", "need = 'none'", "is_group",
            "listed = FALSE", "has(marks, 'bank')", "has_any(marks, 'golf', 'bank')", "has(qualifications, 'high_tech')",
            "legal_form = 'joint_stock'", "chain = 'none'", "needs_chemical_park = TRUE", "NOT wants_group",
        ]
    ),
)  # fmt: skip
TRUTHS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(lambda a, b, word: f"({a} {word} {b})", inner, inner, st.sampled_from(["AND", "OR"])),
        st.builds(lambda a: f"(NOT {a})", inner),
    ),
    max_leaves=4,
)
NUMBERS = st.builds(
    lambda a, b, sign: f"{a} {sign} {b}",
    st.sampled_from(["ramp(affinity, 250, 850)", "ramp(capital_log, 3700, 2700)", "ramp(years_since(founded), 0, 5)"]),
    st.sampled_from(["ramp(insured_count, 10, 300)", "0.5 * ramp(years_since(founded), 30, 45)", "ramp(need_strength, 0, 1000)"]),
    st.sampled_from(["*", "+", "-"]),
)


@pytest.fixture(scope="module")
def reader(engine: Engine) -> EvidenceReader:
    return EvidenceReader(engine.zone, engine.corpora)


def evidence(reader: EvidenceReader, seed: int, size: int = 4000) -> dict[str, Column]:
    """Random evidence as companies may have it, near the numbers that the expressions name and far from them."""
    draw = np.random.default_rng(seed)
    near = np.array([0, 1, 3, 249, 250, 251, 449, 450, 499, 500, 501, 720, 999, 1000, 1999, 2000, 3000, 3001, 2999])
    segment = draw.integers(-1, len(reader.zone.segments), size)
    columns = {name: Column(table[segment], np.ones(size, dtype=np.bool_)) for name, table in reader.of_segments.items()}
    for name, field in reader.fields.items():
        if name in columns:
            continue
        known = draw.random(size) < 0.8
        if field.kind == "number":
            values = np.where(draw.random(size) < 0.7, draw.choice(near, size), draw.integers(0, 30_000, size)).astype(np.float64)
            if name in ("affinity", "main_business"):
                values = np.minimum(values, 1000)
            if name == "affinity":
                values = np.where(values < reader.zone.scoring.order.least_affinity, 0, values)
            if name in ("capital", "paid_capital"):
                values = values / draw.choice([1, 1, 10_000], size) + 0.0001
            columns[name] = Column(values, known)
        elif field.kind == "truth":
            columns[name] = Column(draw.random(size) < 0.5, known)
        elif field.kind == "date":
            columns[name] = Column(draw.integers(DAY - 20_000, DAY, size), known)
        elif field.kind == "text":
            codes = draw.integers(0, len(field.names), size)
            unknown = {"mode": "none", "legal_form": "unknown"}.get(name)
            columns[name] = Column(codes, known & (codes != (field.names.index(unknown) if unknown else -1)))
        else:
            bits = draw.integers(0, 2 ** len(field.names), size)
            columns[name] = Column(bits, known & (name == "marks"))
    return columns


@settings(deadline=None)
@given(text=st.one_of(TRUTHS, NUMBERS), seed=st.integers(0, 10**6))
def test_what_no_cell_shows_no_company_shows(reader: EvidenceReader, text: str, seed: int) -> None:
    expression = compile_expression(text, reader.fields)
    cells = Grid(reader, DAY).cells([expression])
    if cells is None:
        return
    assert cells.exact
    values, known = expression(evidence(reader, seed), DAY)
    there, readable = cells.read(expression, DAY)
    shown = np.clip(there[readable], 0, 1)
    if known.any():
        seen = np.clip(values[known], 0, 1)
        assert len(shown)
        assert shown.min() - 1e-9 <= seen.min() and seen.max() <= shown.max() + 1e-9
    assert readable.all() <= known.all() or not readable.all()


@pytest.mark.parametrize(
    "text",
    [
        "ratio(paid_capital, capital) > 0.5", "capital > paid_capital", "affinity + breadth > 500", "ramp(affinity, 250, 850) > 0.5",
        "capital - 5 > 9", "affinity * 2 = 900",
    ],
)  # fmt: skip
def test_what_is_beyond_the_cells_is_not_decided(reader: EvidenceReader, text: str) -> None:
    cells = Grid(reader, DAY).cells([compile_expression(text, reader.fields)])
    assert cells is not None and not cells.exact


def test_too_many_cells_are_not_made(reader: EvidenceReader) -> None:
    draw = random.Random(1)
    fields = ["capital", "paid_capital", "insured_count", "breadth", "affinity", "main_business", "capital_log"]
    text = " AND ".join(f"{field} > {draw.randrange(1, 900)}" for field in fields)
    assert Grid(reader, DAY).cells([compile_expression(text, reader.fields)]) is None
    few = Grid(reader, DAY).cells([compile_expression("capital > 5", reader.fields)])
    assert isinstance(few, Cells) and few.size < 20
