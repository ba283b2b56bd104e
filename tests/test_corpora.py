"""Corpora are opened once while their files stay as they are; what changed on disk is read anew; a table that lacks a column is told."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from matcher.corpora import Corpora, open_corpora
from matcher.engine import Engine
from matcher.errors import CorporaError
from matcher.locate import shipped
from matcher.places import short
from matcher.rules import load_zone, zone_ids
from matcher.text.names import name_reader


def test_opened_once_while_the_files_stay(tmp_path: Path) -> None:
    folder = tmp_path / "corpora"
    shutil.copytree(shipped("corpora"), folder)
    first = open_corpora(folder)
    label = first.marks[0].label
    assert open_corpora(folder) is first
    assert name_reader(open_corpora(folder)) is name_reader(first)

    marks = folder / "marks.yaml"
    marks.write_text(marks.read_text(encoding="utf-8").replace("label: ", "label: 新的", 1), encoding="utf-8")
    changed = open_corpora(folder)
    assert changed is not first
    assert changed.digest != first.digest
    assert changed.marks[0].label == f"新的{label}"


def test_two_engines_of_a_zone_share_what_reads_texts(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(shipped("rules"), rules)
    scoring, chain = (rules / "liaocheng-resort" / name for name in ("scoring.yaml", "chains/modern-agriculture.yaml"))
    first = Engine("liaocheng-resort", rules=rules)
    scoring.write_text(scoring.read_text(encoding="utf-8").replace("cap: [", "cap:  [", 1) + "\n", encoding="utf-8")
    assert Engine("liaocheng-resort", rules=rules).reader is first.reader  # only points may have changed

    chain.write_text(chain.read_text(encoding="utf-8").replace("10: [种业", "10: [从没写过的词, 种业", 1), encoding="utf-8")
    other = Engine("liaocheng-resort", rules=rules)
    assert other.reader is not first.reader
    assert "从没写过的词" in other.reader.matcher.vocabulary.patterns


GROUNDS = re.compile("鲁西|鲁北|胶东|华南|华北|华中|西南|西北|东北|北方|南方|内陆|沿海|平原|水城|内湖|滨湖|湖边|海边")
"""Parts of the country and kinds of ground: what one zone would ask and another would not."""


@pytest.mark.parametrize("zone", zone_ids())
def test_no_question_of_the_corpora_is_one_zone_s(zone: str, corpora: Corpora) -> None:
    """Every zone asks them: who would ask for its own city, hospital or lake writes that into its own rules."""
    file = load_zone(zone, corpora).file
    own = {short(file.place.city), short(file.place.province), file.name}
    own |= {one.name for one in (*file.anchors, *file.platforms)} | {word for one in file.anchors for word in one.attracts_words}
    asked = {group.name: group.asks for group in corpora.known_groups if group.asks}
    assert len(asked) > 20
    assert [(name, word) for name, asks in asked.items() for word in own if word in asks] == []
    assert [name for name, asks in asked.items() if GROUNDS.search(asks)] == []


@pytest.mark.parametrize(
    ("content", "line"),
    [("", 0), ("词,names\n甲,3\n", 1), ("word\n甲\n", 1), ("word,names\n甲,3\n\n乙\n", 4)],
)
def test_a_table_without_a_column_is_told_with_its_line(tmp_path: Path, content: str, line: int) -> None:
    own = tmp_path / "corpora"
    shutil.copytree(shipped("corpora"), own)
    (own / "trade_names.csv").write_text(content, encoding="utf-8")
    with pytest.raises(CorporaError, match=rf"trade_names\.csv 第 {line} 行：应有 word、names 各列"):
        _ = open_corpora(own).common_trade_names


def test_blank_lines_and_other_columns_of_a_table_are_passed_over(tmp_path: Path) -> None:
    own = tmp_path / "corpora"
    shutil.copytree(shipped("corpora"), own)
    (own / "trade_names.csv").write_text("note,names,word\nx,3,甲\n\n,4,乙\n", encoding="utf-8")
    assert open_corpora(own).common_trade_names == {"甲": 3, "乙": 4}
