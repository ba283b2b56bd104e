"""The examples of the README and of the guides are what the program says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from matcher.cli import main
from matcher.corpora import MODES
from matcher.engine import Engine
from matcher.intake import from_profiles
from matcher.rules.schema import Rule
from matcher.scoring.evidence import fields
from matcher.text.scope import scope_reader

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "docs/rule-language.md"
SCOPES = ROOT / "docs/reading-a-scope.md"


def test_first_card_of_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    shown = re.findall(r"```\n(  1\. .*?)\n```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    cities = [word for city in ("青岛", "杭州", "绍兴") for word in ("--city", city)]
    assert main(["rank", "--zone", "liaocheng-resort", *cities, "--as-of", "2026-11-24", "--top", "2"]) == 0
    printed = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())
    assert len(shown) == 1
    assert shown[0] in printed


def test_worked_example_of_the_rule_language(engine: Engine) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    first, second = (json.loads(profile) for profile in re.findall(r"echo '(\{.*?\})' \|\n", text, re.DOTALL))
    unknown, answered = engine.score([first, second], date(2024, 8, 27))
    assert not isinstance(unknown, dict)
    assert not isinstance(answered, dict)
    score, low, high = re.findall(r"得分 \*\*([\d.]+)\*\*，区间 \*\*\[([\d.]+), ([\d.]+)\]", text)[0]
    assert (unknown.score, unknown.interval) == (float(score), (float(low), float(high)))
    for contribution in unknown.contributions:
        if contribution.points:
            shown = f"{contribution.points:g}".replace("-", "−")
            assert re.search(rf"\| `{contribution.rule}` \|.*\| {re.escape(shown)} \|", text), (contribution.rule, shown)
    score, low, high = re.findall(r"得分 ([\d.]+)，区间 \[([\d.]+), ([\d.]+)\]", text)[0]
    assert (answered.score, answered.interval) == (float(score), (float(low), float(high)))


def test_example_of_reading_a_scope(engine: Engine) -> None:
    text = SCOPES.read_text(encoding="utf-8")
    (scope,) = re.findall(r'^scope = "(.*)"$', text, re.MULTILINE)
    (shown,) = re.findall(r"```text\n(;.*?)```", text, re.DOTALL)
    reader = scope_reader(engine.corpora)
    items = reader.read([scope])
    lines = [reader.clean(scope)]
    for place, item, mode in zip(items.position, items.item, items.mode, strict=True):
        lines.append(f"{place} {items.texts[item]} {(*MODES, 'none')[mode]} {'通用项' if items.filler[item] else ''}".rstrip())
    assert [line.rstrip() for line in shown.splitlines()] == lines


def test_affinities_of_the_guide_to_scopes(engine: Engine) -> None:
    """Those before anything is changed; the others follow from edits that the guide describes."""
    text = SCOPES.read_text(encoding="utf-8")
    (rows,) = re.findall(r"企业名称,经营范围\n(.*?)\nE\n", text, re.DOTALL)
    profiles = [dict(zip(("name", "business_scope"), row.split(",", 1), strict=True)) for row in rows.splitlines()]
    found = {
        match.name.removesuffix("有限公司"): (match.segment, match.affinity, "、".join(match.matched_terms))
        for match in engine.match(from_profiles(profiles, engine.corpora))
        if match.chain == "modern-agriculture"
    }
    before = text.split("改动前：")[1].split("\n\n")[1].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in before]
    assert {name: (segment, round(float(fit) * 1000), terms) for name, segment, fit, terms in cells} == found
    (affinity,) = re.findall(r"\| affinity \|.*\| \*\*(\d+)\*\* \|", text)
    assert int(affinity) == found["山东示例食品"][1]


@pytest.mark.slow
def test_guide_to_a_new_zone(tmp_path: Path) -> None:
    """Its commands run as they stand, and the program says what the guide shows."""
    text = (ROOT / "docs/new-zone.md").read_text(encoding="utf-8").split("## 8 ")[0]
    script = "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).replace(".venv/bin/lianzhao", f"{sys.executable} -m matcher")
    done = subprocess.run(
        ["bash", "-ec", script + 'cat "$ZONES/match.csv"'],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    printed = "\n".join(line.rstrip() for line in done.stdout.splitlines())
    for shown in re.findall(r"```text\n(.*?)```", text, re.DOTALL)[1:]:
        assert shown.strip() in printed
    score, affinity = re.findall(r"得分 ([\d.]+)，A 档，环节 `home-textiles`，契合度 ([\d.]+)", text)[0]
    assert f'"score": {score},' in printed and f'"affinity": {affinity},' in printed
    for name, segment, fit in re.findall(r"^\| (山东\S+) \| ([a-z-]+) \| ([\d.]+) \|", text, re.MULTILINE):
        assert re.search(rf"{name},.*{segment},.*{re.escape(fit)}", printed), (name, fit)


def test_guide_to_rules_names_every_field_and_mark(engine: Engine) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert set(fields(list(engine.zone.chain_names), engine.corpora)) <= rows
    (marks,) = re.findall(r"^\| `marks` \| (`bank`.*) \|$", text, re.MULTILINE)
    assert marks.split() == [f"`{mark.id}`" for mark in engine.corpora.marks]
    keys = set(Rule.model_fields) - {"weight", "label", "id", "group"}
    assert all(f"{key}:" in text for key in keys), keys
