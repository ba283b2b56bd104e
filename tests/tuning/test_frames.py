"""The notebooks' frames: columns as their docstrings say, keys unique, points that add up to the score, and companies in as from a file."""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from matcher.engine import Engine
from matcher.errors import InputError
from matcher.intake import Intake, read_files, read_frame
from matcher.outputs.cells import as_json
from matcher.rules.changes import load_changes
from matcher.tuning import frames
from matcher.tuning.certainty import certainty
from matcher.tuning.diff import diff
from matcher.tuning.frame_columns import COLUMNS, KEYS
from matcher.tuning.outcome import outcome_of, read_companies
from matcher.tuning.what_if import WhatIf
from matcher.tuning.why_not import why_not
from matcher.types import Ranking
from tests.tuning.trials import TOP, changed, made_up, recombined


@pytest.fixture(scope="module")
def intake(engine: Engine) -> Intake:
    return recombined(engine.corpora, 900, 21)


@pytest.fixture(scope="module")
def made(engine: Engine, intake: Intake) -> dict[str, pd.DataFrame]:
    """Every frame there is."""
    reading = read_companies(engine, intake)
    trial = WhatIf(engine, reading, TOP)
    ranking, outcome, order = trial.rank(), outcome_of(engine, reading, TOP), trial.order()
    other = engine.with_rules(engine.zone.with_scoring(changed(engine.zone.scoring, random.Random(3), most=40)))
    compared, changes = diff(engine, other, reading, TOP), load_changes()
    small = read_companies(engine, made_up(engine.corpora, 60))
    off = [n for n in range(60) if outcome_of(engine, small, TOP).chains.place(n) is None]
    explained = next(found for n in off if (found := why_not(engine, small, TOP, changes, n)).answers or found.changes)
    sure = certainty(engine, small, TOP, changes, seed=1, draws=20)
    some = order.ordered.take(order.order.first(30).pair * 0 + range(30))
    return {
        "companies": frames.of(intake), "results": frames.of(ranking), "contributions": frames.contributions(ranking),
        "parts": frames.parts(ranking), "everybody": frames.everybody(engine, reading, outcome),
        "evidence": frames.evidence(engine, reading, TOP, some.company, some.segment), "affinities": frames.affinities(engine, reading),
        "matches": frames.of(engine.match(intake)), "gaps": frames.of(engine.gaps(intake)),
        "moves": frames.of(compared), "move_parts": frames.move_parts(compared), "chances": frames.of(sure),
        "questions": frames.questions(sure), "remedies": frames.of(explained),
    }  # fmt: skip


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_and_keys(made: dict[str, pd.DataFrame], kind: str) -> None:
    frame = made[kind]
    assert len(frame) > 0
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == COLUMNS[kind]
    key = list(KEYS[kind])
    assert not frame.duplicated(key).any() and not frame[key].isna().any().any()
    assert not any((frame[name] == "").any() for name in ("name", "uscc", "city", "chain", "segment") if name in frame)


@pytest.mark.parametrize("kind", COLUMNS)
def test_every_column_is_told_in_the_docstring(kind: str) -> None:
    doc = getattr(frames, kind).__doc__ or ""
    told = re.findall(r"^ {8}([a-z_, ]+?)(?: … ([a-z_]+))?:", doc.split("Columns:")[1], re.MULTILINE)
    names = [name.strip() for names, _ in told for name in names.split(",")] + [end for _, end in told if end]
    columns = [name for name in COLUMNS[kind] if kind != "companies" or name in names]
    assert sorted(names) == sorted(columns)
    said = re.search(r"Key: ([a-z_, ]+)\.", doc)
    assert said and tuple(said[1].split(", ")) == KEYS[kind]


def units(values: pd.Series) -> Sequence[int]:
    return (values * 10_000).round().astype("int64").tolist()


def test_points_add_up_to_the_score(made: dict[str, pd.DataFrame]) -> None:
    results, line = made["results"], ["list", "rank"]
    sums = made["parts"].groupby(line)["points"].sum().reindex(pd.MultiIndex.from_frame(results[line]))
    assert units(sums) == units(results["score"])
    assert set(made["parts"]["kind"]) >= {"rule", "cap"}
    contributions = made["contributions"]
    assert units(contributions["points"]) == units(contributions["value"] * contributions["weight"])
    assert (contributions.groupby(line)["rule"].nunique() == contributions["rule"].nunique()).all()
    assert results["score"].between(results["low"], results["high"]).all() and {*results["list"]} == {"chains", "beside"}


def test_changes_add_up_to_the_move(made: dict[str, pd.DataFrame]) -> None:
    moves = made["moves"].set_index("move")
    sums = made["move_parts"].groupby("move")["change"].sum().reindex(moves.index, fill_value=0)
    assert units(sums) == units(moves["change"]) == units(moves["new_score"] - moves["old_score"])
    assert moves["change"].abs().sum() > 0


def test_everybody_is_there_once(made: dict[str, pd.DataFrame], intake: Intake) -> None:
    everybody, results = made["everybody"], made["results"]
    assert everybody["company"].tolist() == list(range(len(intake.companies)))
    assert {*everybody["fate"]} == {"listed", "vetoed", "folded", "beside"}
    assert (everybody["place"].notna() == (everybody["fate"] == "listed")).all()
    assert (everybody["veto"].notna() == (everybody["fate"] == "vetoed")).all()
    first = everybody[everybody["place"] <= TOP.top].sort_values("place")
    listed = results[results["list"] == "chains"]
    assert first["name"].tolist() == listed["name"].tolist() and units(first["score"]) == units(listed["score"])
    assert units(first["order_value"]) == units(listed["order_value"])


def test_evidence_says_what_is_not_known(made: dict[str, pd.DataFrame], engine: Engine) -> None:
    evidence = made["evidence"]
    assert (evidence.groupby("company")["field"].nunique() == len(engine.evidence.fields)).all()
    lists = [name for name, field in engine.evidence.fields.items() if field.kind == "list"]
    plain = evidence[~evidence["field"].isin(lists)]
    assert (plain["value"].notna() == plain["known"]).all() and not plain["known"].all()
    assert evidence.loc[~evidence["known"], "number"].isna().all()
    headcount = evidence[evidence["field"] == "insured_count"].set_index("company")["number"]
    companies = made["companies"].set_index("company")["insured_count"]
    assert headcount.dropna().astype("int64").tolist() == companies[headcount.dropna().index].tolist()


def test_affinities_are_those_of_the_results(made: dict[str, pd.DataFrame]) -> None:
    listed = made["results"].query("list == 'chains'")
    pairs = made["affinities"].set_index(["name", "chain", "segment"])["affinity"]
    for line in listed.itertuples():
        assert line.affinity in set(pairs.loc[[(line.name, line.chain, line.segment)]].tolist())


# --- companies in ---------------------------------------------------------------------------------------------------------


def test_a_frame_is_read_as_its_file(engine: Engine, tmp_path: Path) -> None:
    """The same companies, rejects, notes and rows, whatever pandas made of the cells."""
    text = (
        "企业名称,统一社会信用代码,成立日期,注册资本,参保人数,经营范围,所属城市,资料日期\n"
        "青岛甲食品有限公司,91370200MA3C000017,2011-05-06,500万元,12,食品生产,青岛,2024-01-01\n"
        ",91370200MA3C000025,2012-01-01,100万元,3,食品销售,青岛,\n"
        "青岛乙酒店管理有限公司,,不详,很多,x,酒店管理,青岛,\n"
        "青岛甲食品有限公司,91370200MA3C000017,2011-05-06,600万元,,食品生产,青岛,2025-01-01\n"
        "2019-01-01,青岛,500万元,青岛丙有限公司,1,2,3,4\n"
        "合计,,,,15,,,\n"
    )
    file = tmp_path / "企业.csv"
    file.write_text(text, encoding="utf-8")
    by_file = read_files([file], engine.corpora)
    for frame in (pd.read_csv(file, dtype=str), pd.read_csv(file), pd.read_csv(file).convert_dtypes()):
        intake = read_frame(frame, engine.corpora)
        for field, cells in by_file.companies.text.items():
            assert list(intake.companies.text[field]) == list(cells), field
        for field in ("row", "founded", "as_of", "capital", "insured", "code_ok"):
            assert getattr(intake.companies, field).tolist() == getattr(by_file.companies, field).tolist(), field
        assert [(r.row, r.field, r.reason) for r in intake.rejects] == [(r.row, r.field, r.reason) for r in by_file.rejects]
        assert (intake.read, intake.merged, intake.notes) == (by_file.read, by_file.merged, by_file.notes)
    assert by_file.rejects and by_file.merged and by_file.notes


def test_values_of_any_type(engine: Engine) -> None:
    frame = pd.DataFrame({
        "name": ["青岛甲食品有限公司", "青岛乙酒店管理有限公司"], "founded_date": [pd.Timestamp("2011-05-06"), pd.NaT],
        "insured_count": pd.array([12, None], dtype="Int64"), "qualifications": [["高新技术企业", "专精特新"], None],
        "listed": pd.array([True, None], dtype="boolean"), "city": pd.Categorical(["青岛", None]),
    }, index=[7, 7])  # fmt: skip
    intake = read_frame(frame, engine.corpora)
    back = frames.companies(intake)
    assert back["founded_date"].tolist() == [pd.Timestamp("2011-05-06"), pd.NaT]
    assert back["insured_count"].isna().tolist() == [False, True] and back["insured_count"][0] == 12
    assert back["qualifications"].tolist() == ["高新技术企业、专精特新", pd.NA] and back["listed"][0] == "是"
    assert back["city"].isna().tolist() == [False, True] and back["row"].tolist() == [2, 3]
    again = read_frame(back.drop(columns=["company", "file", "row"]), engine.corpora)
    assert frames.companies(again)["founded_date"].equals(back["founded_date"])


def dressed(sample: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The sample in the types that pandas gives such columns, and in an order and with an index of its own."""
    mixed = sample.copy()
    for place, name in enumerate(mixed.columns):
        if place % 2:
            mixed[name] = [None if pd.isna(cell) else cell for cell in mixed[name].astype(object)]
    mixed["insured_count"] = [cell if pd.isna(cell) or n % 2 else str(int(cell)) for n, cell in enumerate(sample["insured_count"])]
    dated = sample.assign(
        founded_date=pd.to_datetime(sample["founded_date"], errors="coerce"), as_of=pd.to_datetime(sample["as_of"]).dt.date,
        city=sample["city"].astype("category"), province=sample["province"].astype("category"),
    )  # fmt: skip
    return {
        "as pandas reads it": sample, "all text": sample.astype("string"), "numbers with NA": sample.convert_dtypes(),
        "numpy's": sample.astype(dict.fromkeys(sample.columns, object)), "dates and categories": dated,
        "zoned": dated.assign(founded_date=dated["founded_date"].dt.tz_localize("Asia/Shanghai")), "side by side": mixed,
        "columns turned round, an index of repeats": sample[sample.columns[::-1]].set_index(pd.Index([7] * len(sample))),
        "columns that no company has": sample.assign(备注=3.5, 另=[[1, 2]] * len(sample)),
    }  # fmt: skip


def same_bytes(a: Ranking, b: Ranking) -> None:
    assert as_json(dataclasses.asdict(a)["results"]) == as_json(dataclasses.asdict(b)["results"])
    assert as_json([*map(dataclasses.asdict, a.opportunities)]) == as_json([*map(dataclasses.asdict, b.opportunities)])
    assert (a.considered, a.vetoed, a.folded, a.unserved) == (b.considered, b.vetoed, b.folded, b.unserved)


@pytest.mark.slow
def test_the_engine_takes_frames_as_they_are(engine: Engine, tmp_path: Path) -> None:
    """The same bytes as from the file, whatever pandas made of the cells; with rows doubled, as doubled in the file."""
    sample = pd.read_csv(engine.corpora.sample).assign(
        insured_count=lambda one: [None if n % 3 else 5.0 * n for n in range(len(one))]
    )
    doubled = pd.concat([sample, sample.head(40).assign(as_of="2020-01-01", insured_count=77)], ignore_index=True)
    for name, read in (("once.csv", sample), ("twice.csv", doubled)):
        read.to_csv(tmp_path / name, index=False)
        intake = read_files([tmp_path / name], engine.corpora)
        by_file = engine.rank(intake, TOP)
        assert len(by_file.results) == TOP.top and (intake.merged > 30) == (read is doubled)
        for told, frame in dressed(read).items():
            assert read_frame(frame, engine.corpora).merged == intake.merged, told
            same_bytes(engine.rank(frame, TOP), by_file)


@pytest.mark.slow
def test_what_else_takes_a_frame(engine: Engine) -> None:
    table = pd.read_csv(engine.corpora.sample)
    intake = read_files([engine.corpora.sample], engine.corpora)
    by_file = [dataclasses.replace(one, file="") for one in engine.match(intake)]
    assert [dataclasses.replace(one, file="") for one in engine.match(table)] == by_file
    assert engine.gaps(table) == engine.gaps(intake)
    same_bytes(
        engine.with_local(table.head(30)).rank(table, TOP),
        engine.with_local(read_frame(table.head(30), engine.corpora)).rank(intake, TOP),
    )
    reading = read_companies(engine, table)
    same_bytes(WhatIf(engine, reading, TOP).rank(), engine.rank(intake, TOP))
    whole = pd.concat([table, table.head(3)])
    assert len(frames.of(engine.match(whole))) == (len(table) + 3) * len(engine.zone.chain_names), "nothing is merged"


def test_what_is_no_frame_is_an_error(engine: Engine) -> None:
    for given in (["青岛甲食品有限公司"], {"name": ["甲"]}, None, "企业.csv"):
        with pytest.raises(InputError, match="DataFrame"):
            engine.rank(given, TOP)  # type: ignore[arg-type]


@pytest.mark.parametrize("frame", [pd.DataFrame({"城市": ["青岛"]}), pd.DataFrame({"name": []}), pd.DataFrame()])
def test_no_companies_is_an_error(engine: Engine, frame: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="数据表"):
        read_frame(frame, engine.corpora)
