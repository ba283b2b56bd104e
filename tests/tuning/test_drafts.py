"""The draft of a zone's rules: a copy, changed whole or not at all, by whoever has seen it as it is; the rules stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.engine import Engine
from matcher.errors import OptionError, RulesError
from matcher.locate import shipped
from matcher.rules.editing import Weight, Word
from matcher.rules.kept import content_digest, folder_content
from matcher.tuning.drafts import Change, Draft, change_draft, discard_draft, open_draft

WEIGHT = Weight("rules", "core_affinity", 17.5)


@pytest.fixture
def change(engine: Engine, tmp_path: Path):
    source = shipped("rules") / engine.zone.id

    def change_(*changes: Change, seen: str = engine.zone.digest, by: str = "甲") -> Draft:
        return change_draft(tmp_path, engine.zone.id, changes, source=source, seen=seen, by=by, check=engine.with_rules)

    return change_


def test_a_draft_is_a_copy(change, engine: Engine, tmp_path: Path) -> None:
    source = shipped("rules") / engine.zone.id
    before = folder_content(source)
    assert open_draft(tmp_path, engine.zone.id) is None
    draft = change(WEIGHT)
    assert (draft.base, draft.by, draft.digest) == (engine.zone.digest, "甲", content_digest(folder_content(draft.folder)))
    assert open_draft(tmp_path, engine.zone.id) == draft
    assert folder_content(source) == before
    changed = {name for name, raw in folder_content(draft.folder).items() if before[name] != raw}
    assert changed == {"scoring.yaml"}
    rules = {rule.id: rule.weight for rule in engine.with_rules(draft.folder).zone.scoring.rules}
    assert rules["core_affinity"] == WEIGHT.value
    discard_draft(tmp_path, engine.zone.id)
    assert open_draft(tmp_path, engine.zone.id) is None


def test_who_has_not_seen_the_last_change_makes_none(change, tmp_path: Path, engine: Engine) -> None:
    first = change(WEIGHT)
    with pytest.raises(OptionError, match="刚被 甲"):
        change(Weight("rules", "main_business", 1), by="乙")
    second = change(Weight("rules", "main_business", 1), seen=first.digest, by="乙")
    assert (second.by, second.base) == ("乙", engine.zone.digest)


@pytest.mark.slow
def test_what_the_rules_do_not_take_changes_nothing(change, tmp_path: Path, engine: Engine) -> None:
    draft = change(WEIGHT)
    chain = engine.zone.chains[0]
    for wrong, said in (
        (Weight("rules", "main_business", 1000), "应 ≤ 100"),
        ((chain.id, Word(chain.segments[0].id, "词" * 25, 7, add=True)), "最长 24"),
    ):
        with pytest.raises(RulesError, match=said) as error:
            change(Weight("rules", "core_affinity", 3), wrong, seen=draft.digest)
        assert str(tmp_path) not in str(error.value)
    with pytest.raises(OptionError, match="没有产业链"):
        change(("nowhere", Word("x", "词", 7, add=True)), seen=draft.digest)
    assert open_draft(tmp_path, engine.zone.id) == draft
    assert not [entry for entry in (tmp_path / "drafts").iterdir() if entry.name.startswith(".try-")]
