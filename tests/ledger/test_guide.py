"""The guide is what the program does: its walk runs as it stands, and its tables are those of ``rules/ledger.yaml``."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from matcher.cli import main
from matcher.ledger.setting import Setting

GUIDE = Path(__file__).resolve().parents[2] / "docs/ledger.md"


@pytest.mark.slow
def test_the_walk_of_the_guide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for name in ("意向书.pdf", "进账单.pdf"):
        Path(name).write_bytes(name.encode())
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("$L ")]
    assert len(lines) >= 12
    for line in lines:
        words = shlex.split(line.replace("$L", "ledger").replace("$Z", "--zone liaocheng-resort"), comments=True)
        assert main(words) == 0, line
        if words[1] == "progress":
            assert re.search(r"到位内资（有证明）\s+500万元", capsys.readouterr().out)


def test_its_tables_are_those_of_the_rules(setting: Setting) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for book in ("targets", "projects", "activities"):
        title = setting.rules.file.books[book].title.removesuffix("台账")
        (line,) = re.findall(rf"^\| {title} \| (.*→.*) \|$", text, re.MULTILINE)
        assert re.split(r" → |、|；旁支：", line) == [step.name for step in setting.steps(book)]
    for step in setting.steps("projects"):
        for name in ("framework", "signed", "registered", "started", "production"):
            if step.id == name:
                assert f"| {step.name} | {'、'.join(step.proofs)} |" in text
    assert f"| 一笔到账 | {'、'.join(setting.rules.file.arrivals)} |" in text
