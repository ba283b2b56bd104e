"""Sentences on a terminal are folded as one writes them: nothing is lost, numbers stay whole, no line begins with a comma."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from matcher.cli.lines import folded, say

PIECES = st.sampled_from(
    ["园区", "2020年", "8.61亿元", "，", "。", "（", "）", "「", "」", "GMP", " ", "　", "、", "-0.008", "招商"]
)
SENTENCES = st.lists(PIECES, max_size=60).map("".join)


@given(SENTENCES, st.integers(24, 80))
def test_nothing_is_lost_and_every_line_fits(text: str, width: int) -> None:
    lines = folded(text, width)
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)
    assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize("width", range(20, 61))
def test_numbers_keep_their_units_and_marks_their_places(width: int) -> None:
    text = "集团或控股公司、注册资本8.61亿元、1997年成立；近年有变：2020年合并重组（公开消息）；车间在GMP改造，疑点扣分 -0.008。"
    lines = folded(text, width)
    assert len(lines) > 1
    for whole in ("8.61亿", "1997年", "2020年", "GMP改", "-0.008"):
        assert sum(whole in line for line in lines) == 1
    assert not any(line[0] in "，。；：、）」" or line[-1] in "（「" for line in lines)


def test_what_is_longer_than_a_line_is_told_in_several() -> None:
    assert folded("a" * 50, 20) == ["a" * 20, "a" * 20, "a" * 10]
    assert folded("", 20) == [""]


def test_every_line_of_a_sentence_is_indented() -> None:
    stream = StringIO()
    say(Console(file=stream, width=20), "可补文旅度假链一环，先问清省外投资", "dim", 5)
    lines = stream.getvalue().splitlines()
    assert [cell_len(line) <= 20 and line.startswith("     ") for line in lines] == [True] * len(lines)
    assert len(lines) == 3
