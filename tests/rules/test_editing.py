"""Rules changed in their files: what is meant changes, every other line stays, and what comes of it is read as it was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import OptionError
from matcher.locate import shipped
from matcher.rules.editing import Weight, Word, with_weight, with_word

ZONES = sorted(path.parent for path in shipped("rules").glob("*/scoring.yaml"))
CHAINS = sorted(path for zone in ZONES for path in zone.glob("chains/*.yaml"))
BLOCK = """\
# kept
segments:
  - id: first
    terms:
      10:   # by hand
        - 甲      # why
        - 乙
      4: [丙, "丁 戊"]
  - id: second
    terms: {7: [己]}
"""
words = st.text(st.sampled_from("农机械A1 #:,[]{}'\"-&*！？（）yes"), min_size=1, max_size=8).filter(
    lambda word: word.strip() == word
)


def content(text: str) -> Any:
    return yaml.safe_load(text)


def lines_changed(before: str, after: str) -> int:
    lines = before.split("\n"), after.split("\n")
    assert len(lines[0]) == len(lines[1])
    return sum(one != other for one, other in zip(*lines, strict=True))


@pytest.mark.slow
@settings(deadline=None, max_examples=20)
@given(st.data())
def test_a_weight_is_changed_in_its_line_and_nowhere_else(data: st.DataObject) -> None:
    text = (data.draw(st.sampled_from(ZONES)) / "scoring.yaml").read_text(encoding="utf-8")
    rules = [*content(text)["rules"], *(content(text).get("ledger") or {}).get("rules", [])]
    rule = data.draw(st.sampled_from(rules))
    value = data.draw(st.integers(-1000, 1000)) / 10
    changed = with_weight(text, Weight("rules", rule["id"], value))
    now = content(changed)
    found = [one for one in [*now["rules"], *(now.get("ledger") or {}).get("rules", [])] if one["id"] == rule["id"]]
    assert [one["weight"] for one in found] == [value]
    assert lines_changed(text, changed) == (changed != text)


def test_a_cap_is_changed_at_either_end() -> None:
    text = "groups:\n  - {id: doubt, label: 疑点, cap: [-20, 0]}  # why\nrules: []\n"
    assert with_weight(text, Weight("groups", "doubt", -25.5, 0)) == text.replace("-20", "-25.5")
    assert with_weight(text, Weight("groups", "doubt", 3, 1)) == text.replace(", 0]", ", 3]")


def test_a_rule_that_is_none_is_told() -> None:
    with pytest.raises(OptionError, match="没有 other"):
        with_weight("rules: [{id: one, weight: 1}]\n", Weight("rules", "other", 1))


@pytest.mark.slow
@settings(deadline=None, max_examples=12)
@given(st.sampled_from(CHAINS), st.data())
def test_a_word_goes_in_and_out_again(path: Path, data: st.DataObject) -> None:
    text = path.read_text(encoding="utf-8")
    segment = data.draw(st.sampled_from(content(text)["segments"]))
    there = {word for listed in segment["terms"].values() for word in listed}
    word, weight = data.draw(words.filter(lambda one: one not in there)), data.draw(st.integers(1, 10))
    more = with_word(text, Word(segment["id"], word, weight, add=True))
    now = next(one for one in content(more)["segments"] if one["id"] == segment["id"])
    assert now["terms"][weight][-1] == word
    assert all(line in more.split("\n") for line in text.split("\n") if line.lstrip().startswith("#")), "comments stay"
    if weight in segment["terms"]:
        assert content(with_word(more, Word(segment["id"], word, weight, add=False))) == content(text)


@pytest.mark.parametrize("word", ["甲", "乙", "丙", "丁 戊"])
def test_every_way_of_writing_a_list(word: str) -> None:
    weight = 10 if word in "甲乙" else 4
    less = with_word(BLOCK, Word("first", word, weight, add=False))
    assert word not in content(less)["segments"][0]["terms"][weight]
    assert less.startswith("# kept\n")
    more = with_word(BLOCK, Word("first", "庚", weight, add=True))
    assert content(more)["segments"][0]["terms"][weight][-1] == "庚"
    assert content(more)["segments"][1] == content(BLOCK)["segments"][1]


def test_what_cannot_be_changed_is_told() -> None:
    for change, said in (
        (Word("first", "甲", 4, add=True), "已经在这一环节里，10 分"),
        (Word("first", "辛", 10, add=False), "没有“辛”"),
        (Word("second", "己", 7, add=False), "唯一的词"),
        (Word("third", "己", 7, add=True), "没有环节 third"),
    ):
        with pytest.raises(OptionError, match=said):
            with_word(BLOCK, change)
