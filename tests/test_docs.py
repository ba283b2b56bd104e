"""The examples of the README and of the guide are what the program says."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from matcher.cli import main
from matcher.engine import Engine

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "docs/rule-language.md"


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
