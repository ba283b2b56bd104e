"""Another ruleset over the same companies: as if its files had been opened afresh, texts read once, nothing touched."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from matcher.engine import Engine
from matcher.errors import RequestError, RulesError
from matcher.intake import read_files
from matcher.locate import folder
from matcher.matching.profiles import ProfileReader
from matcher.runs import Request
from matcher.types import Ranking
from tests.conftest import ZONE
from tests.tuning.trials import AS_OF, TOP, changed, made_up


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A copy of the zone in a folder of another name."""
    return Path(shutil.copytree(folder("rules") / ZONE, tmp_path / "草稿"))


def as_json(ranking: Ranking) -> str:
    data = asdict(ranking)
    del data["run"]["created_at"]
    return json.dumps(data, ensure_ascii=False)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def no_reading(*_: object) -> None:
    raise AssertionError("texts were read again")


def test_the_same_files_elsewhere_give_the_same_bytes(engine: Engine, draft: Path) -> None:
    intake = read_files([engine.corpora.sample], engine.corpora)
    assert as_json(engine.with_rules(draft).rank(intake, TOP)) == as_json(engine.rank(intake, TOP))


def test_changed_scoring_is_as_if_opened_afresh_and_reads_no_text_again(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake = made_up(engine.corpora)
    reading = engine.read(intake)
    before = as_json(engine.rank(intake, TOP))
    draw, different = random.Random(4), 0
    for number in range(2):
        scoring = changed(engine.zone.scoring, draw)
        rules = tmp_path / str(number)
        shutil.copytree(folder("rules") / ZONE, rules / ZONE)
        (rules / ZONE / "scoring.yaml").write_text(yaml.safe_dump(scoring.model_dump(), allow_unicode=True), encoding="utf-8")
        afresh = Engine(ZONE, rules=rules, processes=1).rank(intake, TOP)
        for trial in (engine.with_rules(rules / ZONE), engine.with_rules(engine.zone.with_scoring(scoring))):
            with monkeypatch.context() as patch:
                patch.setattr(ProfileReader, "read", no_reading)
                found = trial.ranking(reading, TOP)
            assert (found.results, found.opportunities) == (afresh.results, afresh.opportunities)
            assert (found.vetoed, found.folded, found.considered) == (afresh.vetoed, afresh.folded, afresh.considered)
            assert found.run.ruleset != engine.zone.digest
        different += as_json(afresh) != before
    assert different == 2
    assert as_json(engine.rank(intake, TOP)) == before, "the engine itself is as it was"


def test_changed_words_are_read_again(engine: Engine, draft: Path) -> None:
    intake = made_up(engine.corpora)
    reading = engine.read(intake)
    edit(draft / "chains" / "medical-health.yaml", "医疗器械", "医疗器械器械")
    shutil.copytree(draft, draft.parent / "rules" / ZONE)
    afresh = Engine(ZONE, rules=draft.parent / "rules", processes=1).rank(intake, TOP)
    found = engine.with_rules(draft).ranking(reading, TOP)
    assert as_json(found) == as_json(afresh)
    assert as_json(found) != as_json(engine.ranking(reading, TOP))


def test_a_name_is_not_a_word_of_matching_but_a_description_is(engine: Engine) -> None:
    segment = engine.zone.segments[0]
    for field in ("chain", "name", "kind", "description", "gbt4754", "terms", "excluded", "conflicts"):
        assert getattr(segment, field) in segment.words
    for field in ("need", "priority", "reason", "position"):
        assert getattr(segment, field) not in segment.words


def test_a_reading_serves_a_city(engine: Engine) -> None:
    intake = read_files([engine.corpora.sample], engine.corpora)
    request = Request(as_of=AS_OF, cities=("青岛",), top=5)
    reading = engine.read(intake, request.cities)
    assert 0 < len(reading.companies) < len(intake.companies)
    assert as_json(engine.ranking(reading, request)) == as_json(engine.rank(intake, request))
    with pytest.raises(RequestError):
        engine.read(intake, ("青岛岛",))


def test_mistakes_are_shown_by_the_path_that_was_given(engine: Engine, draft: Path) -> None:
    edit(draft / "scoring.yaml", "ramp(affinity, 250, 850)", "ramp(afinity, 250, 850)")
    with pytest.raises(RulesError) as caught:
        engine.with_rules(draft)
    assert [problem.file for problem in caught.value.problems] == [f"{draft}/scoring.yaml"]
    with pytest.raises(RulesError):
        engine.with_rules(draft.parent / "nirgends")


def test_another_zone_is_no_ruleset_of_this_one(engine: Engine, draft: Path) -> None:
    edit(draft / "zone.yaml", f"id: {ZONE}", "id: elsewhere")
    with pytest.raises(RulesError):
        engine.with_rules(draft)


def test_a_local_register_is_left_behind(engine: Engine, draft: Path) -> None:
    intake = made_up(engine.corpora)
    local = engine.with_local(made_up(engine.corpora, 40))
    assert as_json(local.rank(intake, TOP)) != as_json(engine.rank(intake, TOP))
    assert as_json(local.with_rules(draft).rank(intake, TOP)) == as_json(engine.rank(intake, TOP))
