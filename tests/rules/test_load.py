"""The shipped zone is whole, and every mistake in a rules folder is reported at once with file, line and field."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from matcher.cli.schemas import ROOT, schemas, text_of
from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.errors import RequestError, RulesError
from matcher.locate import folder
from matcher.rules import load_zone, zone_ids

ZONE = "liaocheng-resort"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    shutil.copytree(folder("rules"), tmp_path / "rules")
    return tmp_path / "rules"


def replace(file: Path, old: str, new: str) -> int:
    """Replaces the first occurrence and returns its line."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_zone_has_seven_groups_of_which_four_are_named_by_the_article(engine: Engine) -> None:
    groups = engine.zone.file.groups
    assert len(groups) == 7
    assert [group.ground.source for group in groups].count("article") == 4
    assert [chain for group in groups for chain in group.chains] == list(engine.zone.chain_names)


def test_four_chains_over_three_positions_with_edges(engine: Engine) -> None:
    assert set(engine.zone.chain_names) == {"medical-health", "culture-tourism", "creative-sport", "modern-agriculture"}
    for chain in engine.zone.chains:
        assert len(chain.segments) >= 10
        assert {segment.position for segment in chain.segments} == {"upstream", "midstream", "downstream"}
        assert chain.edges
        assert all(sum(map(len, segment.terms.values())) >= 12 for segment in chain.segments)
        assert all(segment.gbt4754 for segment in chain.segments)


def test_needs_are_the_articles_only_for_agriculture(engine: Engine) -> None:
    """Every ground gives a reason; wanted segments of the article are in every chain."""
    for chain in engine.zone.chains:
        assert all(segment.ground.reason for segment in chain.segments)
        assert any(segment.ground.source == "article" for segment in chain.segments)


def test_at_least_twelve_rules_each_with_a_why(engine: Engine) -> None:
    assert len(engine.ruleset.rules) >= 12
    assert all(rule.why and rule.evidence for rule in engine.ruleset.rules)
    assert all(veto.why for veto in engine.ruleset.vetoes)


def test_all_mistakes_of_several_files_at_once(rules: Path, corpora: Corpora) -> None:
    zone = rules / ZONE
    lines = {
        "zone.yaml": replace(zone / "zone.yaml", "longitude: 115.98", "longitude: 315.98"),
        "chains/modern-agriculture.yaml": replace(zone / "chains/modern-agriculture.yaml", "kind: maker", "kind: mkaer"),
        "scoring.yaml": replace(zone / "scoring.yaml", "    weight: 20\n", "    wieght: 20\n"),
    }
    with pytest.raises(RulesError) as caught:
        load_zone(ZONE, corpora, rules)
    problems = caught.value.problems
    for name, line in lines.items():
        here = [problem for problem in problems if problem.file == f"{ZONE}/{name}"]
        assert line in {problem.line for problem in here}, (name, line, here)
    fields = {problem.field for problem in problems}
    assert "place.longitude" in fields
    assert any(field.endswith(".kind") for field in fields)
    assert any(field.endswith(".weight") for field in fields)
    assert any(field.endswith(".wieght") for field in fields)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("zone.yaml", "chains: [medical-health]", "chains: [medical-haelth]", "没有产业链 'medical-haelth'"),
        ("zone.yaml", "id: group-seven", "id: group-six", "小组 'group-six' 重复"),
        ("scoring.yaml", "group: core", "group: cores", "没有分组 'cores'"),
        ("scoring.yaml", "cap: [0, 35]", "cap: [35, 0]", "最低不大于最高"),
        ("scoring.yaml", "A: 70, B: 58", "A: 50, B: 58", "A > B > C"),
        ("scoring.yaml", "complement: [1000, 985", "complement: [900, 985", "应逐项不增"),
        ("chains/medical-health.yaml", "id: medical-health", "id: medical", "应与文件名一致"),
        ("chains/medical-health.yaml", "edges:\n", "edges:\n  - [nowhere, hospitals]\n", "没有环节 'nowhere'"),
    ],
)
def test_cross_references(rules: Path, corpora: Corpora, file: str, old: str, new: str, expected: str) -> None:
    replace(rules / ZONE / file, old, new)
    with pytest.raises(RulesError, match=expected):
        load_zone(ZONE, corpora, rules)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "field", "expected"),
    [
        (
            "[农作物种子, ",
            "[农作物种子(自产), ",
            "segments.0.terms.7.0",
            "永远找不到：'农作物种子(自产)' 在文本里读成 '农作物种子、自产'",
        ),
        (
            "excluded:\n",
            "excluded:\n      - {term: 不含农药, why: 限制语}\n",
            "segments.0.excluded.0.term",
            "永远找不到：'不含农药'",
        ),
        (
            "excluded:\n",
            "excluded:\n      - {term: 种业, why: 试一试}\n",
            "segments.0.excluded.0.term",
            "'种业' 也在本环节的 terms 里",
        ),
    ],
)
def test_words_that_can_never_count(rules: Path, corpora: Corpora, old: str, new: str, field: str, expected: str) -> None:
    line = replace(rules / ZONE / "chains/modern-agriculture.yaml", old, new) + new.count("\n") - (1 if "\n" in new else 0)
    with pytest.raises(RulesError) as caught:
        load_zone(ZONE, corpora, rules)
    [problem] = caught.value.problems
    assert (problem.field, problem.line) == (field, line)
    assert problem.expected.startswith(expected)


@pytest.mark.parametrize("zone", ["../liaocheng-resort", "/etc", "", "liaocheng-resort/", "LIAOCHENG-RESORT", "liaocheng-resrt"])
def test_zone_is_a_name_and_never_a_path(zone: str, corpora: Corpora) -> None:
    with pytest.raises(RequestError):
        load_zone(zone, corpora)


def test_nearest_zone_is_suggested(corpora: Corpora) -> None:
    with pytest.raises(RequestError, match="是不是想写「liaocheng-resort」"):
        load_zone("liaocheng-resrt", corpora)
    assert ZONE in zone_ids()


def test_another_zone_is_another_folder(rules: Path, corpora: Corpora) -> None:
    (rules / ZONE).rename(rules / "other-zone")
    replace(rules / "other-zone/zone.yaml", f"id: {ZONE}", "id: other-zone")
    engine = Engine("other-zone", rules=rules)
    assert engine.zone.id == "other-zone"


@pytest.mark.slow
def test_digest_moves_with_every_file(rules: Path, corpora: Corpora) -> None:
    before = load_zone(ZONE, corpora, rules).digest
    replace(rules / ZONE / "opportunities.yaml", "themes:", "# one more comment\nthemes:")
    assert load_zone(ZONE, corpora, rules).digest != before


def test_checked_in_schemas_are_those_of_the_code() -> None:
    for name, schema in schemas().items():
        assert (ROOT / name).read_text(encoding="utf-8") == text_of(schema), f"{name}: run `make schemas`"
