"""The index of names finds what a plain search finds, survives the disk and another process, and does not know the order of rows."""

from __future__ import annotations

import csv
import io
import json
import math
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.corpora import Corpora
from matcher.matching import name_files
from matcher.matching.name_files import built_index, index_of, write_index
from matcher.matching.name_hashes import hashed, hashes_of
from matcher.matching.name_index import ARRAYS, NameIndex, squeezed

WORDS = (
    "蓝溪",
    "鲸屿",
    "禾晟",
    "云杉",
    "珑玥",
    "食品",
    "纺织",
    "科技",
    "有限公司",
    "集团",
    "股份有限公司",
    "A1",
    "𠮷",
    "(杭州)",
    "绍兴",
)
NAMES = st.lists(st.lists(st.sampled_from(WORDS), max_size=5).map("".join), max_size=30)


def grams(text: str) -> set[str]:
    return {*text, *(text[n : n + 2] for n in range(len(text) - 1))}


def plain_sums(names: list[str], query: str) -> dict[int, float]:
    """What every name that shares a gram with the query shares with it."""
    short = squeezed(names)
    total = {}
    for number, name in enumerate(short):
        shared = grams(name) & grams(query)
        informations = [(len(gram), math.log2(len(short) / sum(gram in other for other in short)) + 0.1) for gram in shared]
        if shared:
            total[number] = sum(value if width == 2 else value / 4 for width, value in informations) - 0.02 * len(name.encode())
    return total


@pytest.mark.slow
@given(NAMES, st.sampled_from(WORDS), st.sampled_from(WORDS))
@settings(deadline=None)
def test_candidates_are_those_of_a_plain_search(names: list[str], first: str, second: str) -> None:
    index = built_index(names)
    query = squeezed([first + second])[0]
    sums = plain_sums(names, query)
    found = index.entries[index.candidates(query, 5, by_standing=False)].tolist()
    assert len(found) == len(set(found))
    assert [sums[n] for n in found] == pytest.approx(sorted(sums.values(), reverse=True)[:5])


@pytest.mark.slow
@given(NAMES)
@settings(deadline=None)
def test_exact_finds_every_place_of_a_name_and_no_other(names: list[str]) -> None:
    index = built_index(names)
    short = squeezed(names)
    for name in {*names, "没有这家公司"}:
        wanted = squeezed([name])[0]
        assert index.exact(name) == [n for n, other in enumerate(short) if other == wanted]
    assert [index.name(int(np.flatnonzero(index.entries == n)[0])) for n in range(len(names))] == short


@pytest.mark.slow
@given(NAMES, st.integers(4, 40))
@settings(max_examples=40, deadline=None)
def test_parts_and_buckets_of_any_size_give_the_same_index(names: list[str], block: int) -> None:
    former = [f"甲{name}、乙" if place % 3 == 0 else "" for place, name in enumerate(names)]
    whole = index_of(names, former)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(name_files, "_CHARACTERS", block)
        patch.setattr(name_files, "_NAMES", 1 + block % 7)
        parts = index_of(names, former)
    assert all(np.array_equal(getattr(whole, name), getattr(parts, name)) for name in vars(whole))


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 3])
def test_the_number_of_processes_changes_no_byte(
    tmp_path: Path, corpora: Corpora, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    rows = csv.DictReader(io.StringIO(corpora.sample.read_text(encoding="utf-8-sig"), newline=""))
    names = [*(row["name"] for row in rows), "", "A·B-１", "青岛"]
    former = [(place, name[:6]) for place, name in enumerate(names) if place % 5 == 0]
    monkeypatch.setattr(name_files, "_NAMES", 60)
    monkeypatch.setattr(name_files, "_CHARACTERS", 300)
    found = []
    for count in (1, processes):
        folder = tmp_path / str(count)
        folder.mkdir()
        write_index(folder, names, former, processes=count)
        found.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert len(found[0]) == len(ARRAYS)
    assert found[0] == found[1]


def test_order_of_rows_does_not_matter() -> None:
    names = [f"{city}{word}{number}有限公司" for city in ("杭州", "青岛") for word in WORDS[:8] for number in "一二三四五六"]
    shuffled = random.Random(5).sample(names, len(names))
    one, other = built_index(names), built_index(shuffled)
    for query in ("蓝溪食品", "杭州珑玥", "有限公司", "青岛纺织一"):
        for by_standing in (False, True):
            found = [
                [given[index.entries[number]] for number in index.candidates(query, 7, by_standing=by_standing).tolist()]
                for index, given in ((one, names), (other, shuffled))
            ]
            assert found[0] == found[1]
            assert len(found[0]) == 7


def test_saved_index_answers_the_same_here_and_in_another_process(tmp_path: Path) -> None:
    names = ["杭州蓝溪食品有限公司", "蓝溪集团有限公司", "鲸屿（青岛）科技股份有限公司", "𠮷野家", ""]
    built = built_index(names, [2])
    write_index(tmp_path, names, owners=[2])
    opened = NameIndex.open(tmp_path)
    assert isinstance(opened.postings.base, np.memmap)
    assert all(np.array_equal(getattr(built, name), getattr(opened, name)) for name in vars(built))
    code = (
        "import sys, json; from pathlib import Path; from matcher.matching.name_index import NameIndex\n"
        f"index = NameIndex.open(Path({str(tmp_path)!r}))\n"
        "found = [index.exact('鲸屿(青岛)科技股份有限公司'), index.candidates('蓝溪', 3, by_standing=True).tolist()]\n"
        "print(json.dumps(found))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[2], built.candidates("蓝溪", 3, by_standing=True).tolist()]
    assert len(json.loads(done.stdout)[1]) == 2


def test_former_names_stand_behind_and_belong_to_their_companies() -> None:
    index = index_of(["杭州蓝溪食品有限公司", "鲸屿科技有限公司"], ["", "鲸屿网络有限公司、海昧科技有限公司"])
    assert (len(index), index.former.tolist()) == (4, [1, 1])
    assert index.exact("海昧科技有限公司") == [3]


@pytest.mark.slow
@given(st.lists(st.text(max_size=20), max_size=12), st.text(max_size=30))
@settings(deadline=None)
def test_any_text_is_indexed_and_asked_for(names: list[str], query: str) -> None:
    index = built_index(names)
    assert len(index) == len(names)
    assert set(index.candidates(squeezed([query])[0], 3, by_standing=True).tolist()) <= set(range(len(names)))
    assert all(squeezed([names[n]]) == squeezed([query]) for n in index.exact(query))


@given(st.lists(st.text(max_size=40), max_size=8))
@settings(deadline=None)
def test_few_names_hash_as_many_do(names: list[str]) -> None:
    names = [name.encode("utf-8", "ignore").decode() for name in names]
    assert hashes_of(names) == hashed(names).tolist()
    assert [one for name in names for one in hashes_of([name])] == hashes_of(names * 5)[: len(names)]


@pytest.mark.slow
@given(NAMES)
@settings(deadline=None)
def test_who_leads_is_who_other_names_go_on_behind(names: list[str]) -> None:
    given = [name + tail for name in names for tail in ("", "公司", "公司杭州分公司", "公司一店")]
    index = built_index(given)
    short = squeezed(given)
    for number, entry in enumerate(index.entries.tolist()):
        name = short[entry]
        goes_on = any(other.startswith(name) and len(other) > len(name) for other in short)
        assert bool(index.leads[number]) == (goes_on and 0 < name.find("公司") == len(name) - 2)


def test_squeezed_names_hold_letters_digits_and_characters() -> None:
    given = ["藍溪（杭州）食品 有限公司", "A·B-１\n2", "\ud800", "_😀"]
    assert squeezed(given) == ["蓝溪杭州食品有限公司", "ab12", "", ""]
