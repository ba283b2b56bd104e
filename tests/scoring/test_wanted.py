"""What a list leaves open, the day that data are of, and that a single score agrees with the list."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from matcher.engine import Engine
from matcher.intake import read_files
from matcher.runs import Request
from matcher.types import RankedCompany

AS_OF = date(2024, 8, 27)


def write(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, sorted({field for row in rows for field in row}))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize("top", [1, 20, 10**6])
def test_wanted_segments_that_nobody_on_the_list_stands_for(engine: Engine, top: int) -> None:
    intake = read_files([engine.corpora.sample], engine.corpora)
    short = engine.rank(intake, Request(as_of=AS_OF, top=top))
    whole = engine.rank(intake, Request(as_of=AS_OF, top=10**6)).results
    least = engine.zone.scoring.order.wanted_priority
    wanted = [(s.chain, s.id) for s in engine.zone.segments if s.chain and s.priority >= least]
    served = {(result.chain, result.segment) for result in short.results}
    assert [(one.chain, one.segment) for one in short.unserved] == [pair for pair in wanted if pair not in served]
    for one in short.unserved:
        further = [result for result in whole if (result.chain, result.segment) == (one.chain, one.segment)]
        if further:
            assert (one.best, one.place, one.score) == (further[0].name, further[0].rank, further[0].score)
            assert (one.city, one.county) == (further[0].city, further[0].county)
        else:
            assert (one.best, one.place, one.score) == (None, None, None)
        if one.also is not None:
            listed = short.results[(one.also_place or 0) - 1]
            assert listed.name == one.also
            assert (listed.chain, listed.segment) != (one.chain, one.segment), "else it would be served"
    assert top > 1 or len(short.unserved) >= 10


def test_only_what_was_asked_for_can_be_left_open(engine: Engine) -> None:
    intake = read_files([engine.corpora.sample], engine.corpora)
    open_ = engine.rank(intake, Request(as_of=AS_OF, chains=("creative-sport",), top=1)).unserved
    assert open_
    assert {one.chain for one in open_} == {"creative-sport"}


def test_the_day_of_the_data_dates_rows_without_one(engine: Engine, tmp_path: Path) -> None:
    scope = "食品生产（许可证有效期至2023年1月5日）；保健食品生产"
    rows = [
        {"name": "绍兴甪鑫保健食品有限公司", "business_scope": scope, "reg_capital_raw": "5000万人民币", "as_of": ""},
        {"name": "绍兴犇淼保健食品有限公司", "business_scope": scope, "reg_capital_raw": "5000万人民币", "as_of": "2022-01-01"},
    ]
    path = write(tmp_path / "a.csv", *rows)

    def lapsed(dated: date | None) -> dict[str, tuple[float, bool]]:
        ranking = engine.rank(read_files([path], engine.corpora, dated=dated), Request(as_of=AS_OF))
        return {
            result.name: (c.points, c.known)
            for result in ranking.results
            for c in result.contributions
            if c.rule == "permit_lapsed"
        }

    assert lapsed(None) == {rows[0]["name"]: (0, False), rows[1]["name"]: (0, True)}
    assert lapsed(date(2024, 4, 30)) == {rows[0]["name"]: (-4, True), rows[1]["name"]: (0, True)}, "a row's own day wins"
    plain, dated = (read_files([path], engine.corpora, dated=day).digest for day in (None, date(2024, 4, 30)))
    assert plain != dated, "another day is another input"


@pytest.mark.parametrize(("until", "points"), [("2019年1月5日", -4), ("2023年1月5日", 0)])
def test_a_permit_that_ended_a_term_ago_is_asked_for_whatever_the_day_of_the_row(
    engine: Engine, tmp_path: Path, until: str, points: float
) -> None:
    row = {
        "name": "绍兴甪鑫保健食品有限公司",
        "business_scope": f"食品生产（许可证有效期至{until}）；保健食品生产",
        "reg_capital_raw": "5000万人民币",
    }
    (found,) = engine.rank(read_files([write(tmp_path / "a.csv", row)], engine.corpora), Request(as_of=AS_OF)).results
    assert {c.points for c in found.contributions if c.rule == "permit_lapsed"} == {points}
    assert ("许可证续期没有" in found.reason) == (points < 0)


def test_a_single_score_is_that_of_the_list_also_beside_the_chains(engine: Engine) -> None:
    intake = read_files([engine.corpora.sample], engine.corpora)
    ranking = engine.rank(intake, Request(as_of=AS_OF, top=10**6))
    with Path(engine.corpora.sample).open(encoding="utf-8-sig", newline="") as stream:
        profiles = {row["name"]: row for row in csv.DictReader(stream)}
    beside = ranking.opportunities
    assert len(beside) > 3
    for listed in (*beside, *ranking.results[:10]):
        (alone,) = engine.score([profiles[listed.name]], AS_OF)
        assert isinstance(alone, RankedCompany)
        assert (alone.chain, alone.segment, alone.score, alone.vetoed_by) == (listed.chain, listed.segment, listed.score, None)


def test_whoever_on_the_list_does_the_trade_too_is_named(engine: Engine, tmp_path: Path) -> None:
    """A boat builder that also holds races: nobody stands for races, but somebody is there."""
    row = {
        "name": "杭州甪鑫船艇有限公司",
        "business_scope": "赛艇、皮划艇、龙舟的制造；体育赛事组织、策划；体育赛事运营；承办水上运动赛事",
        "reg_capital_raw": "5000万人民币",
        "founded_date": "2001-01-01",
    }
    path = write(tmp_path / "a.csv", row)
    ranking = engine.rank(read_files([path], engine.corpora), Request(as_of=AS_OF, chains=("creative-sport",)))
    (listed,) = ranking.results
    open_ = {one.segment: one for one in ranking.unserved}
    assert listed.segment not in open_
    too = [one for one in open_.values() if one.also]
    assert [(one.also, one.also_place, one.best) for one in too] == [(listed.name, 1, None)] * len(too)
    assert {"sports-events", "watercraft"} & {one.segment for one in too}
    assert any(one.also is None for one in open_.values())


def test_a_firm_is_as_young_as_its_data_say(engine: Engine, tmp_path: Path) -> None:
    """Founded eleven days before the data's day: whether it still lives years later nobody knows."""
    row = {
        "name": "杭州甪鑫影业股份有限公司",
        "business_scope": "电影制作；影视发行",
        "reg_capital_raw": "10000万人民币",
        "founded_date": "2019-04-19",
    }
    path = write(tmp_path / "a.csv", row)

    def points(dated: date | None) -> dict[str, float]:
        ranking = engine.rank(read_files([path], engine.corpora, dated=dated), Request(as_of=AS_OF))
        return {c.rule: c.points for c in ranking.results[0].contributions}

    then, now = points(date(2019, 4, 30)), points(None)
    assert (then["young_big"], now["young_big"]) == (-6, 0)
    assert then["age_plateau"] < 1 < 4 < now["age_plateau"]
