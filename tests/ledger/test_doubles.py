"""One file as two proofs is told wherever proof is told, and names the other; what the rules ask for in two places is no doubt."""

from __future__ import annotations

from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.cli import main
from matcher.ledger.books import ARRIVALS, PAPERS, PROJECTS
from matcher.ledger.doubles import doubt_of, doubts
from matcher.ledger.entry import Entry, entering
from matcher.ledger.proofs import OTHER, attach, withdraw_proof
from matcher.ledger.reports_monthly import annual, monthly
from matcher.ledger.reports_told import Teller
from matcher.ledger.setting import Setting
from matcher.rules.assessment import load_assessment
from matcher.store.database import Store
from tests.ledger.offices import TODAY, a_project, emptied

PLACES = [
    ("projects", "signed", "投资协议"), ("projects", "started", "施工许可证"), ("projects", "started", "开工报告"),
    ("papers", "construction", "施工许可证"), ("papers", "land", "租赁合同"), ("arrivals", "", "到账凭证"), ("projects", "talks", OTHER),
]  # fmt: skip


def filled(entry: Entry) -> dict[tuple[int, str, str], tuple[Any, int]]:
    """Two projects with all that proof can be added to: (project, book, step or paper) → book and row."""
    found: dict[tuple[int, str, str], tuple[Any, int]] = {}
    for number in (1, 2):
        project = a_project(entry, f"甲{number}有限公司", agreed="1亿元")
        for step in ("signed", "started"):
            entry.step(PROJECTS, project, step, on=date(2024, 3, 1), reason="补登")
        funds = {"project": project, "arrived_on": "2024-03-01", "origin": "内资", "amount": "100万元"}
        for step in ("signed", "started", "talks"):
            found[number, "projects", step] = (PROJECTS, project)
        for paper in ("construction", "land"):
            of = entry.add(PAPERS, {"project": project, "paper": paper, "issued_on": "2024-03-01"}).id
            found[number, "papers", paper] = (PAPERS, of)
        found[number, "arrivals", ""] = (ARRIVALS, entry.add(ARRIVALS, funds).id)
    return found


def put(entry: Entry, rows: Any, project: int, place: tuple[str, str, str], digest: str) -> int:
    book, row = rows[project, *place[:2]]
    return attach(entry, book, row, kind=place[2], digest=digest * 64, size=3, file_name="件.pdf").id


uses = st.lists(st.tuples(st.sampled_from([1, 2]), st.sampled_from(PLACES), st.sampled_from("ab")), max_size=6, unique=True)


@pytest.mark.slow
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(uses=uses, gone=st.sets(st.integers(0, 5), max_size=2))
def test_who_is_doubted_is_what_a_plain_look_at_pairs_says(
    store: Store, setting: Setting, uses: list[tuple[int, tuple[str, str, str], str]], gone: set[int]
) -> None:
    emptied(store)
    with entering(store, setting, by="张三", today=TODAY) as entry:
        rows = filled(entry)
        made = [put(entry, rows, *use) for use in uses]
        for number in gone & set(range(len(made))):
            withdraw_proof(entry, made[number], reason="用错了")
        live = [(id_, *use) for number, (id_, use) in enumerate(zip(made, uses, strict=True)) if number not in gone]
        wanted: dict[int, set[int]] = {}
        for (one, project, place, file), (other, of, there, copy) in product(live, live):
            both = {place[0], there[0]} == {"projects", "papers"} and place[2] == there[2]  # the permit, as paper and as step
            apart = project != of or (place[:2] != there[:2] and not both)
            if file == copy and apart and OTHER not in (place[2], there[2]):
                wanted.setdefault(one, set()).add(other)
        found = {one.proof: one for one in doubts(entry.connection, setting)}
        assert set(found) == set(wanted)
        for proof, others in wanted.items():
            assert all(f"第 {other} 号证明" in found[proof].why for other in others)
        for id_, _, _, digest in live:
            assert bool(doubt_of(entry.connection, setting, digest * 64, id_)) == (id_ in wanted)


def test_an_old_agreement_of_a_step_taken_back_and_a_deleted_row_raise_no_doubt(store: Store, setting: Setting) -> None:
    emptied(store)
    with entering(store, setting, by="张三", today=TODAY) as entry:
        rows = filled(entry)
        signed, _ = (put(entry, rows, 1, PLACES[0], "a"), put(entry, rows, 1, PLACES[5], "a"))
        assert {one.proof for one in doubts(entry.connection, setting)} == {signed, signed + 1}
        entry.step(PROJECTS, rows[1, "projects", "signed"][1], "在谈", reason="协议解除")
        assert doubts(entry.connection, setting) == []
        put(entry, rows, 2, PLACES[5], "a")
        assert len(doubts(entry.connection, setting)) == 2
        entry.delete(ARRIVALS, rows[2, "arrivals", ""][1], reason="登错了")
        assert doubts(entry.connection, setting) == []


def test_reports_list_what_is_doubted(store: Store, setting: Setting) -> None:
    emptied(store)
    with entering(store, setting, by="张三", today=TODAY) as entry:
        rows = filled(entry)
        put(entry, rows, 1, PLACES[5], "a"), put(entry, rows, 2, PLACES[5], "a"), put(entry, rows, 1, PLACES[0], "b")
    scales, teller = load_assessment(setting.rules), Teller(setting)
    month, year = monthly(store, setting, scales, date(2024, 3, 9), TODAY), annual(store, setting, scales, 2024, TODAY)
    for told, of in ((month, teller.monthly(month)), (year, teller.annual(year))):
        assert [one.row for one in told.doubts] == ["arrivals:1", "arrivals:2"]
        assert told.doubts[0].others == ("arrivals:2",)
        section = of.sections[-1]
        assert "证明存疑" in section.title
        assert (
            section.rows[0][:2] == ("甲1有限公司项目", "到账 1")
            and "第 2 号项目「甲2有限公司项目」第 2 号到账" in section.rows[0][3]
        )
    april = monthly(store, setting, scales, date(2024, 4, 9), TODAY)
    assert april.doubts == () and "存疑" not in teller.monthly(april).sections[-1].title


@pytest.mark.slow
def test_the_command_line_says_so_at_once_and_when_it_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    file, zone = tmp_path / "协议.pdf", ["--zone", "liaocheng-resort"]
    file.write_bytes(b"one agreement")
    for number in "12":
        values = [f"项目名称=项目{number}", f"投资企业=甲{number}有限公司"]
        assert main(["ledger", "projects", "add", *values, "--step", "签约", "--reason", "补登", *zone]) == 0
        assert main(["ledger", "proof", "add", "projects", number, str(file), "--kind", "投资协议", *zone]) == 0
    assert "注意：同一份文件也作第 1 号项目「项目1」正式签约（投资协议，第 1 号证明）的证明" in capsys.readouterr().err
    assert main(["ledger", "proof", "check", *zone]) == 0  # an agreement may well speak of two: nothing is broken
    listed = "".join(capsys.readouterr().out.split())
    assert "第1号证明" in listed and "第2号证明" in listed
    assert main(["ledger", "proof", "withdraw", "2", "--reason", "用错了", *zone]) == 0
    assert main(["ledger", "proof", "check", *zone]) == 0
