"""Rows of one company merge field by field: the newest that has a field gives it, whatever the order of files and rows and builds.

The reference goes field by field over all rows of a code; whole files are compared with ``read_files``.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.corpora import Corpora
from matcher.intake.companies import TEXT_FIELDS
from matcher.intake.fields import UNKNOWN, UNKNOWN_DAY
from matcher.snapshot.members import FIELDS, NOBODY, Member, merged
from tests.snapshot.small import HEADER, built, code, columns, same_as_read, tree, unsynced, write

texts = st.sampled_from(["", "甲", "乙乙", "丙丙丙"])
names = st.sampled_from(["甲", "乙乙", "丙丙丙", "丁、丁"])  # a row without a name is rejected
formers = st.sampled_from(["", "", "甲", "丙丙丙、戊", "戊、乙乙"])
numbers = st.sampled_from([UNKNOWN, 5, 700])
days = st.sampled_from([UNKNOWN_DAY, 0, 18_000, 18_001])
values = st.tuples(
    *({"name": names, "former_names": formers}.get(field, texts) for field in TEXT_FIELDS), days, numbers, numbers, numbers
)


@st.composite
def members(draw: st.DrawFn) -> list[Member]:
    rows = draw(st.lists(st.tuples(values, days), min_size=1, max_size=5))
    return [Member(row, True, number % 2, number + 2, as_of) for number, (row, as_of) in enumerate(rows)]


def nothing(field: str) -> str | int:
    return "" if field in TEXT_FIELDS else UNKNOWN_DAY if field == "founded" else UNKNOWN


def fullness(row: Member) -> int:
    return sum(len(str(value)) for value in row.values[: len(TEXT_FIELDS)])


@pytest.mark.slow
@given(members())
def test_each_field_is_of_the_newest_row_that_has_it(rows: list[Member]) -> None:
    """Of rows of the same day the fuller one; where both are alike, either."""
    company = merged(rows)
    by_place = {(row.file, row.row): row for row in rows}
    assert {(origin.file, origin.row) for origin in company.origins} == by_place.keys()
    assert company.as_of == max(row.as_of for row in rows)
    for place, (field, value, number) in enumerate(zip(FIELDS, company.values, company.choice, strict=True)):
        if field == "former_names" and len(rows) > 1:
            continue
        having = [row for row in rows if row.values[place] != nothing(field)]
        assert (number != NOBODY) is bool(having)
        if not having:
            assert value == nothing(field)
            continue
        origin = company.origins[number]
        giver = by_place[(origin.file, origin.row)]
        assert (value, origin.as_of) == (giver.values[place], giver.as_of)
        assert (giver.as_of, fullness(giver)) == max((row.as_of, fullness(row)) for row in having)


@given(members())
def test_names_that_did_not_win_are_former_names(rows: list[Member]) -> None:
    """Each once, never the present one, as from the first row that tells one of them."""
    name, former = FIELDS.index("name"), FIELDS.index("former_names")
    if len(rows) == 1:
        assert merged(rows).values == rows[0].values
        return
    company = merged(rows)
    present = entry(company.values[name])
    told = {(row.file, row.row): {entry(row.values[name]), *str(row.values[former]).split("、")} - {"", present} for row in rows}
    listed = str(company.values[former]).split("、") if company.values[former] else []
    assert listed == sorted(set().union(*told.values()))
    first = next((number for number, origin in enumerate(company.origins) if told[origin.file, origin.row]), NOBODY)
    assert company.choice[former] == first


def entry(name: str | int) -> str:
    return str(name).replace("、", "，")


@given(members(), st.randoms(use_true_random=False), st.integers(1, 4))
def test_neither_order_nor_grouping_matters(rows: list[Member], random: Any, cut: int) -> None:
    whole = merged(rows)
    shuffled = rows[:]
    random.shuffle(shuffled)
    assert merged(shuffled) == whole
    if len(rows) > cut:
        assert merged([merged(shuffled[:cut]), merged(shuffled[cut:])]) == whole
        assert merged([merged(shuffled[:cut]), *shuffled[cut:]]) == whole


def firm(number: int, as_of: str, **given: str) -> list[str]:
    known = {"企业名称": f"第{number}号食品有限公司", "统一社会信用代码": code(number), "数据日期": as_of, **given}
    return [known.get(column, "") for column in HEADER]


@pytest.fixture
def monthly(tmp_path: Path) -> list[Path]:
    """Three exports: the second is older, the third brings new companies and new words."""
    first = [firm(n, "2024-01-31", 经营范围="糕点", 注册资本="500万元") for n in range(8)]
    older = [
        firm(
            n,
            "2022-06-30",
            企业名称=f"第{n}号{'点心厂' if n > 4 else '食品有限公司'}",
            所属城市="青岛",
            经营范围="糖果",
            参保人数="12",
        )
        for n in range(2, 10)
    ]
    first[6] = firm(6, "2024-01-31", 企业名称="第六点心有限公司", 曾用名="六点心；第6号点心厂", 经营范围="糕点")
    newest = [firm(n, "2024-02-29", 经营范围="饼干") for n in range(0, 14, 2)] + [
        firm(99, "", 企业名称="无码有限公司", 统一社会信用代码="")
    ]
    return [write(tmp_path, f"{name}.csv", rows) for name, rows in (("一月", first), ("旧", older), ("二月", newest))]


def test_order_of_files_changes_nothing(tmp_path: Path, corpora: Corpora, monthly: list[Path]) -> None:
    made = []
    with unsynced(BLOCK_ROWS=3):
        for number, files in enumerate(itertools.permutations(monthly)):
            made.append(built(tmp_path / f"home{number}", corpora, *files))
            same_as_read(made[-1], list(files), corpora)
    assert len({one.snapshot.version for one in made}) == 1
    assert len({str(tree(one.snapshot.folder)) for one in made}) == 1
    assert made[0].merged == 8 + 8 + 8 - len(made[0].snapshot)


@pytest.mark.slow
def test_added_one_by_one_is_all_at_once(tmp_path: Path, corpora: Corpora, monthly: list[Path]) -> None:
    """In any order, to the byte: what an office does every month ends where a build of all files ends."""
    with unsynced(BLOCK_ROWS=3):
        whole = built(tmp_path / "whole", corpora, *monthly)
        for number, (first, second, third) in enumerate(itertools.permutations(monthly)):
            home = tmp_path / f"home{number}"
            before = built(home, corpora, first).snapshot
            built(home, corpora, second, add=True)
            last = built(home, corpora, third, add=True)
            assert last.snapshot.version == whole.snapshot.version
            assert tree(last.snapshot.folder) == tree(whole.snapshot.folder)
            assert last.read == last.accepted + last.merged + last.rejected
            assert len(before) < len(last.snapshot)
            again = built(home, corpora, second, third, add=True)
            assert again.snapshot.version == whole.snapshot.version
            assert (again.read, len(again.skipped)) == (0, 2)


def test_a_build_without_add_forgets(tmp_path: Path, corpora: Corpora, monthly: list[Path]) -> None:
    with unsynced():
        built(tmp_path / "home", corpora, monthly[0])
        second = built(tmp_path / "home", corpora, monthly[1])
        alone = built(tmp_path / "other", corpora, monthly[1])
    assert second.snapshot.version == alone.snapshot.version
    assert second.previous is not None


def test_every_field_tells_its_row_and_date(tmp_path: Path, corpora: Corpora, monthly: list[Path]) -> None:
    with unsynced(BLOCK_ROWS=3):
        snapshot = built(tmp_path / "home", corpora, *monthly).snapshot
    (place,) = snapshot.places(code(4))
    assert snapshot.places(f" {code(4).lower()} ") == [place] == snapshot.places("第4号食品有限公司")
    found = snapshot.origins(place)
    assert found.origins == (("二月.csv", 4, "2024-02-29"), ("一月.csv", 6, "2024-01-31"), ("旧.csv", 4, "2022-06-30"))
    said = {field: found.origins[number][0] for field, number in found.fields.items()}
    assert said == {
        "name": "二月.csv", "uscc": "二月.csv", "business_scope": "二月.csv", "capital": "一月.csv", "capital_currency": "一月.csv",
        "city": "旧.csv", "insured": "旧.csv",
    }  # fmt: skip
    cells = columns(snapshot.companies)
    assert (cells["business_scope"][place], cells["city"][place], cells["insured"][place + 1]) == ("饼干", "青岛", 12)
    (single,) = snapshot.places("无码有限公司")
    assert snapshot.origins(single).origins == (("二月.csv", 9, None),)
    assert set(snapshot.origins(single).fields) == {"name"}


def test_a_company_is_found_by_the_names_it_bore(tmp_path: Path, corpora: Corpora, monthly: list[Path]) -> None:
    """In whatever order the months came; where the name comes from is told too."""
    with unsynced(BLOCK_ROWS=3):
        for number, files in enumerate(itertools.permutations(monthly)):
            for file in files:
                snapshot = built(tmp_path / f"home{number}", corpora, file, add=file != files[0]).snapshot
            places = snapshot.places(code(6))
            for name in ("第6号食品有限公司", "第六点心有限公司", "第6号点心厂", "六点心"):
                assert snapshot.places(name) == places, name
            assert snapshot.companies.text["former_names"][places[0]] == "六点心、第6号点心厂、第六点心有限公司"
            found = snapshot.origins(places[0])
            assert found.origins[found.fields["former_names"]] == ("一月.csv", 8, "2024-01-31")
            (same,) = snapshot.places(code(4))
            assert snapshot.companies.text["former_names"][same] == "", "its name never changed"
            (older,) = snapshot.places("第9号点心厂")
            assert snapshot.companies.text["former_names"][older] == "", "it bears that name"


def test_the_same_file_twice_is_read_once(tmp_path: Path, corpora: Corpora, monthly: list[Path]) -> None:
    copy = tmp_path / "copy.csv"
    copy.write_bytes(monthly[0].read_bytes())
    with unsynced():
        made = built(tmp_path / "home", corpora, monthly[0], copy)
    assert made.skipped == (str(copy),)
    assert made.read == 8
