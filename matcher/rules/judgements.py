"""``rules/<zone>/judgements.csv``: companies graded by reading, by which lists are measured (名单评判).

Columns: ``chain``, ``name``, ``grade`` (3 必访, 2 值得访, 1 勉强, 0 不该上榜), ``half`` (``dev`` 开发半, ``held`` 留出半), and
others for people. Rules and words are tuned by the development half; the other is looked at when that is done.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matcher.errors import RulesError, RulesProblem
from matcher.locate import folder

DEVELOPMENT = ("dev",)
HALVES = ("dev", "held")
_FILE = "judgements.csv"
_COLUMNS = ("chain", "name", "grade", "half")
_GRADES = {str(grade): grade for grade in range(4)}


@dataclass(frozen=True)
class Judgement:
    """One company × chain, graded 0 … 3 (一条评判)."""

    chain: str
    name: str
    grade: int
    half: str


def read_judgements(zone: str, rules: str | Path | None = None, halves: Sequence[str] = DEVELOPMENT) -> tuple[Judgement, ...]:
    """A zone's judgements, none if it has no such file (读名单评判).

    Args:
        zone: Its id.
        rules: The rules folder; found by ``locate.folder`` if None.
        halves: Which halves are wanted.

    Raises:
        RulesError: The file holds mistakes; all are listed.
    """
    return judgements_of(folder("rules", rules) / zone / _FILE, halves, f"{zone}/{_FILE}")


def judgements_of(file: Path, halves: Sequence[str] = DEVELOPMENT, shown: str | None = None) -> tuple[Judgement, ...]:
    """The judgements in any file of that kind (读评判文件); ``shown`` is what mistakes call it, its path if None.

    Raises:
        RulesError: As ``read_judgements``.
    """
    shown = shown or str(file)
    if not file.is_file():
        return ()
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise RulesError([RulesProblem(shown, 1, "（整个文件）", "应为 UTF-8 的 CSV")]) from None
    lacking = [column for column in _COLUMNS if rows and column not in rows[0]]
    if lacking:
        raise RulesError([RulesProblem(shown, 1, column, f"没有这一列，应有 {'、'.join(_COLUMNS)}") for column in lacking])
    problems, found, first = [], [], dict[tuple[str, str], int]()
    for line, row in enumerate(rows, start=2):
        chain, name, grade, half = ((row[column] or "").strip() for column in _COLUMNS)
        if not name:
            problems.append(RulesProblem(shown, line, "name", "应为企业名称"))
        if grade not in _GRADES:
            problems.append(RulesProblem(shown, line, "grade", f"应为 0、1、2、3，写的是 '{grade[:10]}'"))
        if half not in HALVES:
            problems.append(RulesProblem(shown, line, "half", f"应为 dev 或 held，写的是 '{half[:10]}'"))
        if (before := first.setdefault((chain, name), line)) != line:
            problems.append(RulesProblem(shown, line, "name", f"这条产业链上第 {before} 行评过这家"))
        found.append(Judgement(chain, name, _GRADES.get(grade, 0), half))
    if problems:
        raise RulesError(problems)
    return tuple(one for one in found if one.half in halves)
