"""The house stays in order: small modules, no zone or registry host in code, one owner for each heavy import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from matcher.rules import zone_ids

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted([*ROOT.glob("matcher/**/*.py"), ROOT / "service.py"])


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_stay_small(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{node.name} is long"


def test_no_code_names_a_zone() -> None:
    for module in MODULES:
        text = module.read_text(encoding="utf-8")
        assert not any(zone in text for zone in zone_ids()), module


def test_no_file_but_the_lock_names_a_package_host() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout")
    hosts = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"))]
    for name in tracked:
        if name != "uv.lock" and (ROOT / name).is_file():
            text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
            assert not any(host in text for host in hosts), name


@pytest.mark.parametrize("verb", [["--help"], ["rank", "--help"], ["lists", "import", "--help"]])
def test_help_loads_nothing_heavy(verb: list[str]) -> None:
    code = (
        "import sys\nfrom matcher.cli.options import parser\n"
        f"try: parser().parse_args({verb!r})\nexcept SystemExit: pass\n"
        "heavy = ('numpy', 'jieba', 'rjieba', 'sklearn', 'pandas', 'matplotlib', 'scipy', 'sqlalchemy')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.slow
def test_score_loads_no_analysts_package() -> None:
    code = (
        "import sys, io\nfrom types import SimpleNamespace\nfrom matcher.cli import main\n"
        'sys.stdin = SimpleNamespace(buffer=io.BytesIO(b\'{"name": "x"}\'))\n'
        f"main(['score', '--zone', {zone_ids()[0]!r}])\n"
        "heavy = ('jieba', 'sklearn', 'pandas', 'matplotlib', 'fastapi', 'uvicorn', 'nicegui', 'sqlalchemy', 'alembic',\n"
        "         'pyarrow', 'python_calamine', 'xlsxwriter', 'docx', 'ortools', 'pyspark', 'duckdb')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines()[-1] == "[]"
