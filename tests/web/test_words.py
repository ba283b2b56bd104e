"""Planners see pages, not a shell: no text of the pages, of trips or of rules names an option, a command or a file of ours."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHELL = re.compile(r"(^|[^\w-])--[a-z]|lianzhao [a-z]|\.yaml")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def texts(file: Path) -> Iterator[str]:
    """Chinese strings of a module, docstrings left out."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    lone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in lone and CHINESE.search(node.value):
            yield node.value


def test_no_page_speaks_of_the_command_line() -> None:
    files = [*ROOT.glob("matcher/web/*.py"), *ROOT.glob("matcher/trips/*.py")]
    said = [(file.name, text) for file in files for text in texts(file)]
    assert len(said) > 500
    assert [(name, text) for name, text in said if SHELL.search(text)] == []


def test_why_of_a_rule_names_no_file() -> None:
    lines = [line for file in ROOT.glob("rules/*/scoring.yaml") for line in file.read_text(encoding="utf-8").splitlines()]
    why = [line.partition("why:")[2] for line in lines if "why:" in line]
    assert len(why) > 50
    assert [text for text in why if SHELL.search(text)] == []
