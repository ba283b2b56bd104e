"""A zone's judgements are read whole or not at all, and every mistake is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.errors import RulesError
from matcher.rules.judgements import HALVES, Judgement, judgements_of, read_judgements
from tests.conftest import ZONE

GOOD = "chain,name,grade,half\na,甲公司,3,dev\na,乙公司,0,held\nb,甲公司,1,dev\n"


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "judgements.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_halves(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)
    assert judgements_of(file) == (Judgement("a", "甲公司", 3, "dev"), Judgement("b", "甲公司", 1, "dev"))
    assert [one.half for one in judgements_of(file, HALVES)] == ["dev", "held", "dev"]
    assert judgements_of(tmp_path / "none.csv") == ()
    assert len(read_judgements(ZONE)) < len(read_judgements(ZONE, halves=HALVES))


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (GOOD.replace(",3,", ",4,").replace("held", "hold"), [(2, "grade"), (3, "half")]),
        (GOOD + "a,甲公司,2,dev\na,,2,dev\n", [(5, "name"), (6, "name")]),
        ("chain,name,half\na,甲公司,dev\n", [(1, "grade")]),
        (b"chain,name,grade,half\na,\xff\xfe,1,dev\n", [(1, "（整个文件）")]),
    ],
)
def test_mistakes(tmp_path: Path, text: str | bytes, places: list[tuple[int, str]]) -> None:
    with pytest.raises(RulesError) as caught:
        judgements_of(written(tmp_path, text), HALVES, "园区/judgements.csv")
    assert [(problem.line, problem.field) for problem in caught.value.problems] == places
    assert {problem.file for problem in caught.value.problems} == {"园区/judgements.csv"}
