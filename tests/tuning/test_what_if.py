"""A trial ranks as ``Engine.rank`` does, to the last digit, whatever changed from one trial to the next: numbers, expressions, vetoes,
pairs, words, needs, requests; and makes again only what the change asks for."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from matcher.engine import Engine
from matcher.intake import Intake, read_files
from matcher.matching.families import FamilyFinder
from matcher.matching.profiles import ProfileReader, Profiles
from matcher.rules import Zone
from matcher.runs import Request
from matcher.scoring.formula import UNIT, Ruleset
from matcher.tuning import rewording
from matcher.tuning.outcome import outcome_of, read_companies, reworded
from matcher.tuning.pool import best_first, group_sums
from matcher.tuning.what_if import WhatIf
from matcher.types import ListEntry
from tests.tuning.trials import ANY_CHANGES, TOP, as_json, changed, made_up, recombined

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def companies(engine: Engine) -> Intake:
    return recombined(engine.corpora, 1500, 5)


def same_order(trial: WhatIf) -> None:
    """The whole list of the chains, as the workbench's plain way has it."""
    outcome, made = outcome_of(trial.engine, trial.reading, trial.request), trial.order()
    first = trial.first(20)
    for name in first.__dataclass_fields__:
        assert getattr(first, name).tolist() == getattr(made.order, name)[:20].tolist(), name
    assert made.ordered.company.tolist() == outcome.chains.company.tolist()
    assert made.order.order_value.tolist() == outcome.chains.order_value.tolist()
    assert made.folded == len(outcome.chains.folded)
    scored = outcome.scored
    assert made.ordered.score.tolist() == scored.scores.score[made.ordered.company].tolist()
    assert made.ordered.segment.tolist() == scored.placed.segment[made.ordered.company].tolist()


def test_the_companies_bear_what_is_to_be_proved(engine: Engine, companies: Intake) -> None:
    ranking = engine.rank(companies, replace(TOP, top=10**6))
    assert len(ranking.results) > 100 and ranking.opportunities and ranking.folded > 5 and len(ranking.vetoed) > 5
    assert sum(result.family is not None and bool(result.family.others) for result in ranking.results) > 3


@pytest.mark.parametrize("request_", [TOP, replace(TOP, need="complement"), replace(TOP, cities=("青岛", "绍兴"), top=5)])
def test_random_changes_one_after_another(engine: Engine, companies: Intake, request_: Request) -> None:
    draw = random.Random(len(request_.cities))
    trial = WhatIf(engine, read_companies(engine, companies, request_.cities), request_)
    lists = set()
    for number in range(12):
        before = trial
        base = draw.choice((engine, trial.engine)).zone.scoring
        trial = trial.with_rules(engine.zone.with_scoring(changed(base, draw, kinds=ANY_CHANGES)))
        same_order(trial)
        ranked = as_json(trial.rank())
        if number % 3 == 0:
            assert ranked == as_json(trial.engine.rank(companies, request_))
            assert as_json(before.rank()) == as_json(before.engine.rank(companies, request_)), "the trial before is as it was"
        lists.add(tuple(trial.order().ordered.company.tolist()))
    assert len(lists) > 6


@pytest.mark.long
def test_ten_thousand_companies_and_two_hundred_changes(engine: Engine) -> None:
    companies, draw = recombined(engine.corpora, 10_000, 11), random.Random(12)
    trial = WhatIf(engine, read_companies(engine, companies), TOP)
    for number in range(200):
        base = draw.choice((engine, trial.engine)).zone.scoring
        trial = trial.with_rules(engine.zone.with_scoring(changed(base, draw, kinds=ANY_CHANGES)))
        same_order(trial)
        if number % 10 == 0:
            assert as_json(trial.rank()) == as_json(trial.engine.rank(companies, TOP))


def test_only_what_changed_is_evaluated_again(engine: Engine, companies: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = WhatIf(engine, read_companies(engine, companies), TOP)
    count, tables = trial.evaluated, 2
    assert count <= tables * (len(engine.ruleset.rules) + len(engine.ruleset.vetoes))
    monkeypatch.setattr(ProfileReader, "read", None)
    content = engine.zone.scoring.model_dump()
    for rule in content["rules"]:
        rule["weight"], rule["if_unknown"] = rule["weight"] / 2, 0.7
    content["groups"][0]["cap"] = [0.0, 20.0]
    content["bands"], content["order"]["fill"]["complement"] = {"A": 60, "B": 50, "C": 40}, [1000, 700]
    numbers = engine.zone.scoring.model_validate(
        {**content, "rules": [{**r, "weight": round(r["weight"], 1)} for r in content["rules"]]}
    )
    other = trial.with_rules(engine.zone.with_scoring(numbers))
    assert other.evaluated == count
    same_order(other)
    content = numbers.model_dump()
    content["rules"][3]["value"] = "ramp(affinity, 111, 777)"
    third = other.with_rules(engine.zone.with_scoring(numbers.model_validate(content)))
    assert third.evaluated == count + tables
    same_order(third)
    content["need_strength"]["extend"] = 123
    reads = {one.text for one in third.engine.ruleset.values + third.engine.ruleset.whens if "need_strength" in one.fields}
    fourth = third.with_rules(engine.zone.with_scoring(numbers.model_validate(content)))
    assert fourth.evaluated == count + tables + tables * len(reads) and reads
    same_order(fourth)
    back = fourth.with_rules(engine.zone)
    assert back.evaluated == fourth.evaluated, "what was tried before is still there"
    assert as_json(back.rank()) == as_json(trial.rank())


def other_words(zone: Zone, draw: random.Random) -> Zone:
    """The zone with other words in one to three segments."""
    segments = list(zone.segments)
    for number in draw.sample(range(len(segments)), draw.randint(1, 3)):
        one = segments[number]
        segments[number] = draw.choice((
            replace(one, terms=one.terms[: len(one.terms) // 2]),
            replace(one, terms=tuple(sorted({**dict(one.terms), **dict(draw.choice(segments).terms)}.items()))),
            replace(one, excluded=tuple(sorted({*one.excluded, "销售", draw.choice(one.terms)[0][:2]}))),
            replace(one, kind=draw.choice(("maker", "service", "trade")), conflicts=("食品",)),
        ))  # fmt: skip
    return replace(zone, segments=tuple(segments), digest=f"{zone.digest[:32]}{draw.random()}")


@pytest.mark.parametrize("ready", [False, True], ids=["texts cut when first asked for", "texts cut with the profiles"])
def test_other_words_are_matched_as_if_read_afresh(
    engine: Engine, companies: Intake, monkeypatch: pytest.MonkeyPatch, ready: bool
) -> None:
    monkeypatch.setattr(rewording, "CHUNK", 400)
    draw = random.Random(3)
    reading, moved = read_companies(engine, companies, words=ready), 0
    trial = WhatIf(engine, reading, TOP)
    for number in range(5):
        base = engine.zone if number % 2 else trial.engine.zone
        trial = trial.with_rules(other_words(base, draw))
        afresh = trial.engine.reader.read(companies.companies)
        for field in fields(Profiles):
            mine, theirs = (getattr(one, field.name) for one in (trial.reading.profiles, afresh))
            assert mine.dtype == theirs.dtype and np.array_equal(mine, theirs), field.name
        moved += not np.array_equal(afresh.affinity, reading.profiles.affinity)
        same_order(trial)
    assert moved > 3
    assert as_json(trial.rank()) == as_json(trial.engine.rank(companies, TOP))
    assert reworded(engine, reading) is reading


def one_word(zone: Zone, draw: random.Random, texts: Sequence[str]) -> Zone:
    """The zone with a single word of one segment changed, most often one that stands in the texts."""
    segments = list(zone.segments)
    number = draw.randrange(len(segments))
    one, item = segments[number], draw.choice(texts)
    word = item[: draw.randint(2, 6)].strip("；、，()（） ") or "生产"
    terms = dict(one.terms)
    some = draw.choice(list(terms))
    segments[number] = draw.choice((
        replace(one, terms=tuple(sorted({**terms, word: draw.randint(2, 10)}.items()))),
        replace(one, terms=tuple(sorted({**terms, some[:-1] + some[-2:]: 9}.items()))),  # a word that others are a slip away from
        replace(one, terms=tuple(sorted({**terms, some: terms[some] % 10 + 1}.items()))),
        replace(one, terms=tuple(pair for pair in one.terms if pair[0] != some)),
        replace(one, excluded=tuple(sorted({*one.excluded, some[:2]}))),
        replace(one, excluded=one.excluded[1:], conflicts=one.conflicts[1:]),
        replace(one, conflicts=(*one.conflicts, word)),
        replace(one, description=one.description + "，" + item[:20], gbt4754=one.gbt4754[1:]),
    ))  # fmt: skip
    return replace(zone, segments=tuple(segments), digest=str(draw.random()))


def test_a_single_word_is_matched_as_if_read_afresh(engine: Engine, companies: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only companies that the word touches are matched again, and all say what they say when everything is read again."""
    draw, text = random.Random(11), companies.companies.text
    texts = [item for scope in text["business_scope"] for item in scope.split("；") if len(item) > 1]
    again: list[int] = []
    plain = rewording._Change.of
    monkeypatch.setattr(rewording._Change, "of", lambda self, block: counted(plain(self, block), again))
    some = companies.companies.take(range(400))
    reading = read_companies(engine, replace(companies, companies=some), words=True)
    for _ in range(16):
        other = engine.with_rules(one_word(engine.zone, draw, texts))
        mine, afresh = reworded(other, reading).profiles, other.reader.read(some)
        assert all(np.array_equal(getattr(mine, field.name), getattr(afresh, field.name)) for field in fields(Profiles))
    assert len(again) == 16 and 0 < np.mean(again) < 0.5 * len(some)


def counted(found: Any, again: list[int]) -> Any:
    again.append(len(found[0]))
    return found


def test_chains_that_come_go_and_change_places(engine: Engine, companies: Intake) -> None:
    """Segments moved to another place or left out: their columns go with them."""
    draw = random.Random(9)
    reading = read_companies(engine, companies)
    for _ in range(2):
        segments = [one for one in engine.zone.segments if draw.random() < 0.9]
        draw.shuffle(segments)
        zone = replace(engine.zone, segments=tuple(segments), digest=str(draw.random()))
        trial = WhatIf(engine, reading, TOP).with_rules(zone)
        assert np.array_equal(trial.reading.profiles.affinity, trial.engine.reader.read(companies.companies).affinity)
        same_order(trial)


def test_needs_priorities_and_what_the_zone_says_of_companies(engine: Engine, companies: Intake) -> None:
    draw = random.Random(6)
    trial = WhatIf(engine, read_companies(engine, companies), TOP)
    text = companies.companies.text
    groups = [name for name in text["name"] if "集团" in name]
    for number in range(6):
        segments = tuple(
            replace(one, need=draw.choice(("complement", "extend")), priority=draw.randint(1, 10), needs_chemical_park=draw.random() < 0.2)
            if one.chain else one for one in engine.zone.segments
        )  # fmt: skip
        place = engine.zone.file.place.model_copy(update={"city": draw.choice(("青岛市", "聊城市"))})
        talks = [
            one.model_copy(update={"name": draw.choice(groups).split("集团")[0] + "集团"}) for one in engine.zone.file.approached
        ]
        file = engine.zone.file.model_copy(update={"place": place, "approached": talks})
        trial = trial.with_rules(replace(engine.zone, segments=segments, file=file, digest=str(number)))
        same_order(trial)
        assert as_json(trial.rank()) == as_json(trial.engine.rank(companies, TOP))


def test_a_local_register_and_lists_stay(engine: Engine, companies: Intake) -> None:
    local = recombined(engine.corpora, 200, 77)
    text = companies.companies.text
    entries = [ListEntry("专精特新", date(2024, 5, 1), "", text["name"][n], "试") for n in range(0, 900, 3)]
    there = engine.with_local(local).with_lists(entries)
    trial = WhatIf(there, read_companies(there, companies), TOP)
    assert as_json(trial.rank()) == as_json(there.rank(companies, TOP)) != as_json(engine.rank(companies, TOP))
    scoring = changed(engine.zone.scoring, random.Random(2), kinds=ANY_CHANGES)
    other = trial.with_rules(engine.zone.with_scoring(scoring))
    assert as_json(other.rank()) == as_json(other.engine.rank(companies, TOP))


@pytest.mark.parametrize("size", [0, 1, 7])
def test_few_companies_and_no_vetoes(engine: Engine, size: int) -> None:
    companies = made_up(engine.corpora, size)
    trial = WhatIf(engine, read_companies(engine, companies), TOP)
    assert as_json(trial.rank()) == as_json(engine.rank(companies, TOP))
    bare = engine.zone.scoring.model_copy(update={"vetoes": []})
    open_ = trial.with_rules(engine.zone.with_scoring(bare))
    assert as_json(open_.rank(3)) == as_json(open_.engine.rank(companies, replace(TOP, top=3)))
    assert len(open_.order().ordered.company) + len(open_.rank().opportunities) + open_.rank().folded == size


def test_the_bundled_sample(engine: Engine) -> None:
    sample = read_files([engine.corpora.sample], engine.corpora)
    trial = WhatIf(engine, read_companies(engine, sample), replace(TOP, top=10**6))
    assert as_json(trial.rank()) == as_json(engine.rank(sample, replace(TOP, top=10**6)))


@settings(max_examples=20)
@given(st.randoms(use_true_random=False), st.sampled_from((700, 700, 30)))
def test_families_by_circles_are_families(engine: Engine, companies: Intake, draw: random.Random, many: int) -> None:
    """One choice of chains after another, each time as if asked for the first time; of few, only groups near them are looked at."""
    finder = FamilyFinder(companies.companies, engine.corpora)
    assert 30 < len(finder.groups) < 700
    places = np.array(sorted(draw.sample(range(len(companies.companies)), many)), dtype=np.int64)
    circles, mine = finder.circles(places), set(places.tolist())
    chains = np.array([draw.randrange(3) for _ in places], dtype=np.int64)
    for _ in range(3):
        whole = [family for family in finder.find(dict(zip(places.tolist(), chains.tolist(), strict=True))) if mine & {*family}]
        assert sorted(circles.find(chains)) == sorted(whole)
        for at in draw.sample(range(len(places)), draw.choice((0, 5, many // 3))):
            chains[at] = draw.randrange(3)


def plain_sums(values: NDArray[np.int64], ruleset: Ruleset) -> NDArray[np.int64]:
    """The formula in whole numbers, a rule after the other."""
    groups = np.zeros((len(ruleset.groups), values.shape[1]), dtype=np.int64)
    for group, weight, of_rule in zip(ruleset.group_of, ruleset.weights, values, strict=True):
        groups[group] += weight * of_rule
    capped = np.clip(groups, ruleset.caps[:, :1], ruleset.caps[:, 1:])
    sums: NDArray[np.int64] = np.clip(capped.sum(axis=0), 0, 100 * UNIT)
    return sums


@settings(max_examples=40)
@given(st.randoms(use_true_random=False), st.sampled_from((1, 20, 1000)))
def test_sums_are_exact_in_either_type(engine: Engine, draw: random.Random, most: int) -> None:
    """As whole numbers give them, for weights that float32 holds and for weights that it does not."""
    ruleset = Ruleset(engine.zone, engine.evidence.fields)
    ruleset.weights = np.array([draw.randint(-most, most) for _ in ruleset.rules], dtype=np.int64)
    ruleset.caps = np.array([[-draw.randint(0, 10**6), draw.randint(0, 10**6)] for _ in ruleset.groups], dtype=np.int64)
    ruleset.group_of = np.array([draw.randrange(1 + most % 3) for _ in ruleset.rules])
    values = np.array([[draw.choice((0, 1, 999, 1000, draw.randint(0, 1000))) for _ in range(20)] for _ in ruleset.rules])
    expected = plain_sums(values, ruleset)
    found = group_sums(values.astype(np.float32), ruleset)
    assert found.tolist() == expected.tolist()


def test_sums_that_pass_what_float32_holds_on_their_way(engine: Engine) -> None:
    """All gains before all losses: what is left is small, what stood in between is not."""
    ruleset = Ruleset(engine.zone, engine.evidence.fields)
    size = len(ruleset.rules)
    ruleset.weights = np.where(np.arange(size) < size // 2, 999, -999).astype(np.int64)
    ruleset.weights[-1] = 0 if size % 2 else -999
    ruleset.group_of = np.zeros(size, dtype=np.int64)
    ruleset.caps = np.tile(np.array([[0, 10**6]]), (len(ruleset.groups), 1))
    draw = np.random.default_rng(3)
    values = draw.integers(900, 1000, (size, 500)) | 1
    expected = plain_sums(values, ruleset)
    assert 20 * 999 * 900 > 1 << 24 and (expected > 0).sum() > 100
    assert group_sums(values.astype(np.float32), ruleset).tolist() == expected.tolist()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), max_size=40), st.booleans(), st.randoms(use_true_random=False))
def test_families_are_ordered_as_by_three_sorts(members: list[tuple[int, int]], wide: bool, draw: random.Random) -> None:
    """Also where the three numbers do not fit into one."""
    family, score = np.array(members, dtype=np.int64).reshape(-1, 2).T
    rank = np.array(draw.sample(range(len(members)), len(members)), dtype=np.int64)
    if wide:
        family, score, rank = family << 30, score << 20, rank << 25
    assert best_first(family, score, rank).tolist() == np.lexsort((rank, -score, family)).tolist()


def test_dates_move_with_the_request(engine: Engine, companies: Intake) -> None:
    reading = read_companies(engine, companies)
    trial = None
    for request in (replace(TOP, as_of=date(2015, 1, 1)), replace(TOP, as_of=date(2040, 1, 1)), replace(TOP, need="extend"), TOP):
        trial = WhatIf(engine, reading, request, trial)
        assert as_json(trial.rank()) == as_json(engine.rank(companies, request))
