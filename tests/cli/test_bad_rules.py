"""Mistakes in a zone's files: all of them at once, each with file, line and field; nothing runs, nothing is written."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from matcher.cli import main
from matcher.locate import folder
from tests.cli import small_zone
from tests.cli.small_zone import CHAIN, SCORING, ZONE, line_of

pytestmark = pytest.mark.slow

Check = Callable[..., tuple[int, list[tuple[str, int, str]], str]]
_PROBLEM = re.compile(r"  (\S+\.yaml):(\d+) \[([^\]]+)\] (.+)")


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """``rules check`` on the small zone with some file replaced: exit code, (file, line, field) of each problem, stderr."""
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))

    def of(**replaced: str | bytes) -> tuple[int, list[tuple[str, int, str]], str]:
        rules = tmp_path / "rules"
        shutil.rmtree(rules, ignore_errors=True)
        return ran(["rules", "check", "small", "--rules", str(small_zone.write(rules, **replaced))], capsys)

    return of


def ran(argv: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, list[tuple[str, int, str]], str]:
    code = main(argv)
    printed = capsys.readouterr()
    first, *rest = printed.err.splitlines() or [""]
    if code:
        assert printed.out == ""
        assert first.startswith("lianzhao: ")
        found = [_PROBLEM.fullmatch(line) for line in rest]
        assert all(found), printed.err
        assert str(len(rest)) in first
        assert all(line.isprintable() and len(line) < 250 for line in rest)
        return code, [(match[1], int(match[2]), match[3]) for match in found if match], printed.err
    return code, [], printed.err


def test_the_small_zone_is_right_as_it_stands(check: Check) -> None:
    assert check() == (0, [], "")


def test_three_mistakes_in_three_files_at_once(check: Check) -> None:
    zone = ZONE.replace("longitude: 116.0", "longitude: 216.0")
    chain = CHAIN.replace("priority: 5", "priority: 五")
    scoring = SCORING.replace("weight: 40", "wieght: 40")
    code, problems, _ = check(zone=zone, chain=chain, scoring=scoring)
    assert code == 1
    assert ("small/zone.yaml", 3, "place.longitude") in problems
    assert ("small/chains/toys.yaml", line_of(chain, "五"), "segments.1.priority") in problems
    assert ("small/scoring.yaml", line_of(scoring, "wieght"), "rules.1.wieght") in problems
    assert {field for file, _, field in problems if file == "small/scoring.yaml"} == {"rules.1.wieght", "rules.1.weight"}


def test_mistakes_of_every_kind_at_once(check: Check) -> None:
    """A wrong value, a reference to nothing, an expression and a placeholder: one run tells of all four."""
    zone = ZONE.replace("[toys]", "[toys, toyz]")
    scoring = SCORING.replace("ramp(affinity, 250, 850)", "ramp(afinity, 250, 850)").replace("{capital}", "{capitel}")
    scoring = scoring.replace("C: 40", "C: 95")
    code, problems, _ = check(zone=zone, scoring=scoring)
    assert code == 1
    assert problems == [
        ("small/scoring.yaml", line_of(scoring, "bands:"), "bands"),
        ("small/scoring.yaml", line_of(scoring, "afinity"), "rules.0.value"),
        ("small/scoring.yaml", line_of(scoring, "capitel"), "rules.1.evidence"),
        ("small/zone.yaml", 5, "groups.0.chains.1"),
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "field"),
    [
        ("chain", "position: midstream", "position: middle", "segments.0.position"),
        ("chain", "10: [积木, 布偶]", "11: [积木, 布偶]", "segments.0.terms.11"),
        ("chain", "4: [礼品]", "4: [积木]", "segments.0.terms.4.0"),
        ("chain", "id: toy-parks", "id: toy-making", "segments.1.id"),
        ("zone", "name: 小园", "name: 2024-01-02", "name"),
        ("zone", "id: small", "id: big", "id"),
        ("scoring", "cap: [0, 60]", "cap: [60, 0]", "groups.0.cap"),
        ("scoring", "weight: 60", "weight: 60.05", "rules.0.weight"),
        ("scoring", "weight: 60", "weight: .nan", "rules.0.weight"),
        ("scoring", "weight: 60", "weight: .inf", "rules.0.weight"),
        ("scoring", "weight: 60", "weight: true", "rules.0.weight"),
        ("scoring", "if_unknown: 0.2", "if_unknown: 1.2", "rules.1.if_unknown"),
        ("scoring", "group: scale", "group: size", "rules.1.group"),
        ("scoring", "- id: capital", "- id: fits", "rules.1.id"),
        ("scoring", "outlet <> 'none'", "outlet <> 'nonesuch'", "vetoes.0.when"),
        ("scoring", "{affinity}", "{affinity.__class__}", "rules.0.evidence"),
    ],
)
def test_one_mistake_is_one_problem_at_its_place(check: Check, file: str, old: str, new: str, field: str) -> None:
    right = {"zone": ZONE, "chain": CHAIN, "scoring": SCORING}[file]
    shown = {"zone": "small/zone.yaml", "chain": "small/chains/toys.yaml", "scoring": "small/scoring.yaml"}[file]
    code, problems, _ = check(**{file: right.replace(old, new)})
    assert code == 1
    assert problems == [(shown, line_of(right, old), field)]


HOSTILE = [
    "__import__('os').system('true')", "(SELECT 1)", "1; DROP TABLE companies", "affinity::int", "CASE WHEN TRUE THEN 1 END",
    "affinity / 0", "affinity IS NULL", "now()", "random()", "read_csv('/etc/passwd')", "t.affinity", '\\"affinity\\"', "x -> x", "$1", "?",
    "'a' = 'b'", "[1, 2]", "regexp_matches(chain, '.*')", "COALESCE(capital, 1)", "1 /* open", "has(marks, 'x", "   ", "*",
    "affinity affinity", "has(marks)", "ramp(affinity, 1, 1)", "ramp(affinity, capital, 1)", "affinity IN (SELECT 1)", "{'a': 1}",
    "EXISTS (SELECT 1)", "chain", "marks", "affinity = 'x'", "affinity + " * 60 + "1", "(" * 40 + "affinity" + ")" * 40, "(" * 90_000,
    "NOT " * 90 + "affinity", "- " * 195 + "chain", "+".join(["1"] * 190) + " AND TRUE", "积木",
]  # fmt: skip


@pytest.mark.parametrize("expression", HOSTILE, ids=lambda expression: expression[:24])
def test_hostile_expressions(check: Check, expression: str) -> None:
    scoring = SCORING.replace("ramp(affinity, 250, 850)", f'"{expression}"')
    code, problems, _ = check(scoring=scoring)
    assert code == 1
    assert problems == [("small/scoring.yaml", line_of(SCORING, "ramp(affinity"), "rules.0.value")]


def bomb(open_: str, close: str) -> str:
    first = f"a0: &a0 {open_}{', '.join(f'k{n}: x' if open_ == '{' else 'x' for n in range(9))}{close}\n"
    inner = "k{n}: *a{m}" if open_ == "{" else "*a{m}"
    return first + "".join(
        f"a{level}: &a{level} {open_}{', '.join(inner.format(n=n, m=level - 1) for n in range(9))}{close}\n"
        for level in range(1, 12)
    )


UNREADABLE = {
    "list_bomb": bomb("[", "]"),
    "map_bomb": bomb("{", "}"),
    "merge_bomb": "m0: &m0 {k: v}\n" + "".join(f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}]}}\n" for n in range(1, 9)),
    "self": "a: &a [*a]\n",
    "deep": "a: " + "[" * 300 + "]" * 300 + "\n",
    "unclosed": "a: [1, 2\n",
    "tab": "a:\n\tb: 1\n",
    "no_anchor": "a: *nowhere\n",
    "two_documents": "---\na: 1\n",
    "twice": "id: small\n",
    "control": "a: \x07\n",
    "tag": 'a: !!python/object/apply:os.mkdir ["gotcha"]\n',
    "list_as_key": "[a, b]: c\n",
    "map_as_key": "? {a: b}\n: c\n",
    "long_number": "a: " + "9" * 6000 + "\n",
    "bad_date": "a: 2024-13-45\n",
    "bad_binary": "a: !!binary '£'\n",
    "too_big": "# " + "x" * 5_000_000 + "\n",
    "not_utf_8": "a: 中文\n".encode("gb18030"),
    "utf_16": "a: 中文\n".encode("utf-16"),
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("kind", [pytest.param(k, marks=pytest.mark.slow) if k == "self" else k for k in UNREADABLE])
def test_yaml_that_cannot_be_meant(check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    added = UNREADABLE[kind]
    added = added if isinstance(added, bytes) else added.encode()
    for file, base in (("zone", ZONE), ("scoring", SCORING)):
        code, problems, _ = check(**{file: base.encode() + added})
        assert code == 1
        assert {name for name, _, _ in problems} == {f"small/{file}.yaml"}
    assert not (tmp_path / "gotcha").exists()


@pytest.mark.parametrize(("kind", "line"), [("unclosed", 7), ("tab", 7), ("no_anchor", 6), ("not_utf_8", 6), ("twice", 6)])
def test_broken_yaml_names_its_line(check: Check, kind: str, line: int) -> None:
    """The zone has five lines; a bracket that is never closed, or a tab, shows on the line after."""
    added = UNREADABLE[kind]
    _, problems, _ = check(zone=ZONE.encode() + (added if isinstance(added, bytes) else added.encode()))
    assert [number for _, number, _ in problems] == [line]


@pytest.mark.parametrize("content", ["", "# nothing\n", "- a\n", "text\n", "null\n", "5\n"])
def test_files_that_say_nothing(check: Check, content: str) -> None:
    for file, shown in (("zone", "small/zone.yaml"), ("scoring", "small/scoring.yaml"), ("chain", "small/chains/toys.yaml")):
        code, problems, _ = check(**{file: content})
        assert code == 1
        assert problems == [(shown, 1, "（全文）")]


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = small_zone.write(tmp_path / "rules")
    (rules / "small" / "scoring.yaml").unlink()
    code, problems, _ = ran(["rules", "check", "small", "--rules", str(rules)], capsys)
    assert (code, [file for file, _, _ in problems]) == (1, ["small/scoring.yaml"])


@pytest.mark.parametrize("verb", ["rank", "match"])
def test_nothing_is_written_with_wrong_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    rules = small_zone.write(tmp_path / "rules", scoring=SCORING.replace("weight: 60", "weight: 六十"))
    companies, out = tmp_path / "名单.csv", tmp_path / "新.csv"
    companies.write_text("name\n甲积木公司\n", encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    code, problems, _ = ran([verb, str(companies), "--zone", "small", "--rules", str(rules), "--out", str(out)], capsys)
    assert (code, len(problems)) == (1, 1)
    assert sorted(tmp_path.iterdir()) == before


def test_three_mistakes_in_a_copy_of_the_real_zone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zone = "liaocheng-resort"
    rules = tmp_path / "rules"
    shutil.copytree(folder("rules") / zone, rules / zone)
    expected = []
    for name, pattern, new in (
        ("zone.yaml", r"\[medical-health\]", "[medical-helth]"),
        ("scoring.yaml", r"(?m)^need_strength:.*$", "need_strenth: {complement: 1000, strengthen: 900, extend: 800}"),
        ("chains/modern-agriculture.yaml", r"priority: \d+", "priority: 99"),
    ):
        file = rules / zone / name
        content, count = re.subn(pattern, new, file.read_text(encoding="utf-8"), count=1)
        assert count == 1
        file.write_text(content, encoding="utf-8")
        expected.append((f"{zone}/{name}", line_of(content, new)))
    code, problems, _ = ran(["rules", "check", zone, "--rules", str(rules)], capsys)
    assert code == 1
    assert set(expected) <= {(file, line) for file, line, _ in problems}
