"""Another ruleset over the same companies: as if its files had been opened afresh, texts read once, nothing touched."""

from __future__ import annotations

import random
import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml

from matcher.engine import Engine
from matcher.errors import RequestError, RulesError
from matcher.intake import read_files
from matcher.locate import folder
from matcher.matching.profiles import ProfileReader
from matcher.runs import Request
from matcher.tuning.outcome import read_companies
from matcher.types import ListEntry
from tests.conftest import ZONE
from tests.tuning.trials import AS_OF, as_json, changed, like, made_up

pytestmark = pytest.mark.slow

TOP = Request(as_of=AS_OF, top=10**6)


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A copy of the zone in a folder of another name."""
    return Path(shutil.copytree(folder("rules") / ZONE, tmp_path / "草稿"))


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
    reading = read_companies(engine, intake)
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
                patch.setattr(ProfileReader, "details", no_reading)
                patch.setattr(ProfileReader, "names", no_reading)
                like(trial, reading, TOP, afresh)
            assert trial.zone.digest != engine.zone.digest
            again = trial.rank(intake, TOP)
            assert (again.results, again.opportunities) == (afresh.results, afresh.opportunities)
        different += as_json(afresh) != before
    assert different == 2
    assert as_json(engine.rank(intake, TOP)) == before, "the engine itself is as it was"


def test_changed_words_are_read_again(engine: Engine, draft: Path) -> None:
    intake = made_up(engine.corpora)
    reading = read_companies(engine, intake)
    edit(draft / "chains" / "medical-health.yaml", "医疗器械", "医疗器械器械")
    shutil.copytree(draft, draft.parent / "rules" / ZONE)
    afresh = Engine(ZONE, rules=draft.parent / "rules", processes=1).rank(intake, TOP)
    trial = engine.with_rules(draft)
    like(trial, reading, TOP, afresh)
    assert as_json(trial.rank(intake, TOP)) == as_json(afresh)
    assert as_json(afresh) != as_json(engine.rank(intake, TOP))


def test_a_reading_serves_a_city(engine: Engine) -> None:
    intake = read_files([engine.corpora.sample], engine.corpora)
    request = Request(as_of=AS_OF, cities=("青岛",), top=10**6)
    reading = read_companies(engine, intake, request.cities)
    assert 0 < len(reading.companies) < len(intake.companies)
    like(engine, reading, request, engine.rank(intake, request))
    with pytest.raises(RequestError):
        read_companies(engine, intake, ("青岛岛",))


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


def test_a_local_register_and_lists_stay(engine: Engine, draft: Path) -> None:
    """In whatever order lists, the register and the rules come, the list is that of an engine opened afresh with all three."""
    intake, local = made_up(engine.corpora), made_up(engine.corpora, 40)
    named = [(intake.companies.text["uscc"][n], intake.companies.text["name"][n]) for n in range(0, 160, 3)]
    entries = [ListEntry("专精特新", date(2024, 5, 1), uscc, name, "试") for uscc, name in named]
    edit(draft / "scoring.yaml", "ramp(affinity, 250, 850)", "ramp(affinity, 300, 900)")
    shutil.copytree(draft, draft.parent / "rules" / ZONE)
    afresh = Engine(ZONE, rules=draft.parent / "rules", processes=1)
    expected = as_json(afresh.with_lists(entries).with_local(local).rank(intake, TOP))
    for trial in (
        engine.with_lists(entries).with_local(local).with_rules(draft),
        engine.with_local(local).with_lists(entries).with_rules(draft),
        engine.with_local(local).with_rules(draft).with_lists(entries),
        engine.with_rules(draft).with_lists(entries).with_local(local),
        engine.with_local(local).with_rules(draft).with_rules(draft).with_lists(entries),
    ):
        assert as_json(trial.rank(intake, TOP)) == expected
    plain = afresh.rank(intake, TOP)
    assert len({as_json(one.rank(intake, TOP)) for one in (afresh.with_lists(entries), afresh.with_local(local))}) == 2
    assert as_json(plain) not in {expected, as_json(afresh.with_lists(entries).rank(intake, TOP))}


def test_the_scoring_of_rules_with_a_local_register_can_be_changed(engine: Engine) -> None:
    """Rules that have the register's needs already take them again, and stay as they are."""
    intake, local = made_up(engine.corpora), made_up(engine.corpora, 40)
    draw = random.Random(8)
    for _ in range(3):
        scoring = changed(engine.zone.scoring, draw)
        first = engine.with_local(local)
        trial = first.with_rules(first.zone.with_scoring(scoring))
        other = engine.with_rules(engine.zone.with_scoring(scoring)).with_local(local)
        assert trial.zone.segments == other.zone.segments
        assert trial.rank(intake, TOP).results == other.rank(intake, TOP).results
