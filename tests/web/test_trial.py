"""What pages work out themselves: other points give the engine's list, who moved is what two lists say, bars end at the score."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from matcher.api.service import Made
from matcher.api.state import Base
from matcher.engine import Engine
from matcher.runs import Request, today
from matcher.tuning.value_table import ValueTable
from matcher.web.builds import read_rejects
from matcher.web.chain_standing import candidates_of
from matcher.web.charts import steps_of, waterfall
from matcher.web.ranking_trial import Trial, changed

REQUEST = Request(as_of=date(2024, 8, 27), top=30)


@pytest.fixture(scope="module")
def made(engine: Engine) -> Made:
    base = Base.of_sample(engine.corpora)
    return Made(engine.rank(base.intake, REQUEST), engine, base, None, REQUEST, "", stored=True)


def test_a_trial_is_the_list_under_other_points(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = Trial(made)
    weights, caps = {"core_affinity": 4.0, "is_group": 12.5}, {"core": 20.0, "doubt": -5.0}
    lines, moved = trial.with_weights(weights, caps)
    plain = made.engine.with_rules(changed(made.engine.zone, weights, caps)).rank(made.base.intake, REQUEST)
    assert [(line.name, line.place, line.score) for line in lines] == [(one.name, one.rank, one.score) for one in plain.results]
    before, after = ({one.name: one.rank for one in ranking.results} for ranking in (made.ranking, plain))
    assert {one.name for one, _ in moved.entered} == set(after) - set(before)
    assert {one.name for one, _ in moved.left} == set(before) - set(after)
    assert {one.name: (was, one.place) for one, was in moved.moved} == {
        name: (before[name], after[name]) for name in set(before) & set(after) if before[name] != after[name]
    }
    assert moved.entered
    assert all(was is None or was > REQUEST.top for _, was in moved.entered)
    assert all(now is None or now > REQUEST.top for _, now in moved.left)
    back, same = trial.with_weights({}, {})
    assert [(line.name, line.score) for line in back] == [(one.name, one.score) for one in made.ranking.results]
    assert not (same.entered or same.left or same.moved)
    evaluated: list[int] = []
    monkeypatch.setattr(ValueTable, "_evaluate", lambda *given: evaluated.append(len(given[1])) or [])
    trial.with_weights({"core_affinity": 7.0}, {})
    assert sum(evaluated) == 0, "only numbers change: no column is read again"


def test_bars_go_from_nothing_to_the_score(made: Made) -> None:
    labels = {group.id: group.label for group in made.engine.zone.scoring.groups}
    for one in (*made.ranking.results, *made.ranking.opportunities):
        steps = steps_of(one, labels)
        assert [start for _, start, _ in steps[1:-1]] == [end for _, _, end in steps[:-2]]
        assert steps[-2][2] == pytest.approx(one.score)
        assert steps[-1] == ("得分", 0.0, one.score)
        drawn = waterfall(one, labels)["series"]
        assert [below + bar["value"] for below, bar in zip(drawn[0]["data"], drawn[1]["data"], strict=True)] == pytest.approx(
            [max(start, end) for _, start, end in steps]
        )


def test_candidates_are_those_of_the_whole_list(made: Made) -> None:
    whole = made.engine.rank(made.base.intake, replace(REQUEST, as_of=today(), top=10_000))
    found = candidates_of(made.engine, made.base.intake, None)
    for (chain, segment), there in found.items():
        listed = [one for one in whole.results if (one.chain, one.segment) == (chain, segment)]
        assert there.count == len(listed)
        assert there.good == sum(one.band in "AB" for one in listed)
        assert [(one.name, one.place) for one in there.best] == [(one.name, one.rank) for one in listed[: len(there.best)]]


def test_rejects_are_counted_by_reason(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    assert read_rejects(path) is None
    path.write_text(
        "\ufefffile,row,field,reason\n/a/b/甲.csv,3,name,没有\n甲.csv,4,name,没有\n甲.csv,9,city,错列\n", encoding="utf-8"
    )
    found = read_rejects(path)
    assert found is not None
    assert found.counts == ((("name", "没有"), 2), (("city", "错列"), 1))
    assert found.rows[0] == ("甲.csv", 3, "name", "没有")
