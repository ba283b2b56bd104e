"""Proof is kept once and whole, what was changed is found out, and what is not proved does not count; the promises that are warned of."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from matcher.errors import FieldError, InputError, ProofError, RequestError, StepError
from matcher.ledger.books import ARRIVALS, PAPERS, PROJECTS, PROMISES, TARGETS
from matcher.ledger.counting import agreed, arrived, arrived_in_all, furthest, milestones, papers_proved
from matcher.ledger.entry import Entry, entering
from matcher.ledger.money import Money, totals
from matcher.ledger.promises import warnings_of
from matcher.ledger.proofs import attach, damaged, keep_file, open_file, proofs_of, withdraw_proof
from matcher.ledger.reading import row as row_of
from matcher.ledger.setting import Setting
from matcher.store.database import Store
from tests.conftest import ZONE
from tests.ledger.offices import TODAY, a_project, a_target, emptied


def a_file(folder: Path, content: bytes = b"%PDF agreement", name: str = "协议.pdf") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def test_a_file_is_kept_once_under_its_digest(tmp_path: Path) -> None:
    home = tmp_path / "home"
    one, two = keep_file(home, a_file(tmp_path)), keep_file(home, a_file(tmp_path, name="另一份.pdf"))
    assert one == two
    kept = [file for file in (home / "proofs").rglob("*") if file.is_file()]
    assert [file.name for file in kept] == [one[0]]
    assert open_file(home, one[0]).read_bytes() == b"%PDF agreement"
    kept[0].chmod(0o600)
    kept[0].write_bytes(b"%PDF agreemenT")
    with pytest.raises(ProofError, match="被改动过"):
        open_file(home, one[0])
    keep_file(home, tmp_path / "协议.pdf")  # to give it again mends it
    assert open_file(home, one[0]).read_bytes() == b"%PDF agreement"
    kept[0].unlink()
    with pytest.raises(ProofError, match="读不到"):
        open_file(home, one[0])


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    for file, said in ((tmp_path / "没有.pdf", "没有这个文件"), (tmp_path, "是一个目录"), (a_file(tmp_path, b""), "文件是空的")):
        with pytest.raises(InputError, match=said):
            keep_file(tmp_path / "home", file)
    (tmp_path / "home2").write_text("")
    with pytest.raises(ProofError, match="写不进去"):
        keep_file(tmp_path / "home2", a_file(tmp_path))


def put(entry: Entry, book: object, id_: int, kind: str, step: str | None = None) -> int:
    return attach(entry, book, id_, kind=kind, digest="a" * 64, size=3, file_name="x/协议.pdf", step=step).id  # type: ignore[arg-type]


def test_only_what_is_proved_counts(store: Store, setting: Setting) -> None:
    with entering(store, setting, by="张三", today=TODAY) as entry:
        project = a_project(entry, agreed="1亿元")
        entry.step(PROJECTS, project, "正式签约", on="2024-02-01")
        with pytest.raises(StepError, match="施工许可证证明的是开工，还没有登记这一步"):
            put(entry, PROJECTS, project, "施工许可证")
        with pytest.raises(FieldError, match="没有「投资协定」，是不是想写「投资协议」"):
            put(entry, PROJECTS, project, "投资协定")
        entry.step(PROJECTS, project, "开工", on="2024-03-01", reason="租用厂房")
        permit = put(entry, PROJECTS, project, "施工许可证")
        assert put(entry, PROJECTS, project, "施工许可证") == permit, "the same again is the same"
        put(entry, PROJECTS, project, "其他")
        paper = entry.add(PAPERS, {"project": project, "paper": "环评", "issued_on": "2024-02-20"}).id
    with store.reading() as connection:
        stood = milestones(connection, setting)[project]
        assert [(one.step, one.proved) for one in stood] == [("talks", True), ("signed", False), ("started", True)]
        assert furthest(stood) == "started"
        row = row_of(connection, setting, PROJECTS, project)
        both = agreed(row, stood, "signed")
        assert both is not None and (both.filed, both.proved) == (Money(Decimal("100000000.00")), Money(Decimal("0.00")))
        assert papers_proved(connection, setting, project) == {"environment": (date(2024, 2, 20), False)}
    with entering(store, setting, by="张三", today=TODAY) as entry:
        put(entry, PROJECTS, project, "投资协议")
        put(entry, PAPERS, paper, "环评批复")
        withdraw_proof(entry, permit, reason="传错了")
        with pytest.raises(RequestError, match="现行的证明"):
            withdraw_proof(entry, permit, reason="再撤")
        with pytest.raises(StepError, match="应写明理由"):
            withdraw_proof(entry, permit, reason=" ")
    with store.reading() as connection:
        stood = milestones(connection, setting)[project]
        assert [one.proved for one in stood] == [True, True, False] and furthest(stood) == "signed"
        assert papers_proved(connection, setting, project)["environment"][1]
        assert len(proofs_of(connection, ZONE)) == 3 and len(proofs_of(connection, ZONE, withdrawn=True)) == 4
    with entering(store, setting, by="张三", today=TODAY) as entry:
        entry.step(PROJECTS, project, "在谈", reason="协议解除")
        entry.step(PROJECTS, project, "正式签约")
    with store.reading() as connection:
        assert furthest(milestones(connection, setting)[project]) == "talks", "the old agreement does not prove the new signing"


def test_the_files_of_proofs_are_checked(store: Store, setting: Setting, tmp_path: Path) -> None:
    digest, size = keep_file(tmp_path, a_file(tmp_path))
    with entering(store, setting, by="张三", today=TODAY) as entry:
        target = a_target(entry)
        attach(entry, TARGETS, target, kind="其他", digest=digest, size=size, file_name="名片.jpg")
        attach(entry, TARGETS, target, kind="其他", digest="b" * 64, size=1, file_name="丢了.jpg")
        with pytest.raises(FieldError, match="这里不要证明"):
            attach(entry, TARGETS, target, kind="营业执照", digest=digest, size=size, file_name="x")
    with store.reading() as connection:
        found = proofs_of(connection, ZONE, TARGETS, [target])
    assert [proof.file_name for proof, _ in damaged(tmp_path, found)] == ["丢了.jpg"]


ARRIVED = st.tuples(
    st.integers(1, 10**15), st.sampled_from(["CNY", "USD"]), st.sampled_from(["domestic", "foreign"]), st.integers(1, 28), st.booleans(),
    st.booleans(),
)  # fmt: skip


@given(st.lists(ARRIVED, max_size=8), st.integers(1, 28), st.integers(1, 28))
@settings(max_examples=25, suppress_health_check=list(HealthCheck), phases=(Phase.generate,))
def test_funds_are_those_of_a_plain_sum(
    store: Store, setting: Setting, rows: list[tuple[int, str, str, int, bool, bool]], a: int, b: int
) -> None:
    emptied(store)
    plain: list[tuple[int, str, Money, bool]] = []
    since, until = date(2024, 3, min(a, b)), date(2024, 3, max(a, b))
    with entering(store, setting, by="", today=TODAY) as entry:
        projects = [a_project(entry, "甲乙有限公司"), a_project(entry, "丙丁有限公司")]
        for number, (hundredths, currency, origin, day, proved, deleted) in enumerate(rows):
            money = Money(Decimal(hundredths).scaleb(-2), currency)
            project = projects[number % 2]
            arrival = entry.add(
                ARRIVALS, {"project": project, "arrived_on": date(2024, 3, day), "origin": origin, "amount": money}
            ).id
            if proved:
                put(entry, ARRIVALS, arrival, "银行进账单")
            if deleted:
                entry.delete(ARRIVALS, arrival, reason="x")
            elif since <= date(2024, 3, day) <= until:
                plain.append((project, origin, money, proved))
    with store.reading() as connection:
        found = arrived(connection, setting, since=since, until=until)
        only = arrived(connection, setting, since=since, until=until, projects=[projects[0]])
    assert only == {project: sums for project, sums in found.items() if project == projects[0]}
    for project in projects:
        for origin in ("domestic", "foreign"):
            for mark in (False, True):
                expected = totals(
                    money for one, kind, money, proved in plain if (one, kind) == (project, origin) and (proved or not mark)
                )
                sums = {
                    currency: both.proved if mark else both.filed
                    for (kind, currency), both in found.get(project, {}).items()
                    if kind == origin
                }
                assert {currency: one for currency, one in sums.items() if one.amount} == expected
    everything = arrived_in_all(found)
    assert {key[1] for key in everything} == {money.currency for _, _, money, _ in plain}
    for (origin, currency), both in everything.items():
        assert both.filed.amount == sum(money.amount for _, kind, money, _ in plain if (kind, money.currency) == (origin, currency))


@pytest.mark.parametrize(
    ("kind", "what", "labels"),
    [
        ("tax", "按规定办理", ["给予特定经营者税收优惠"]),
        ("other", "前三年税收 返还一半", ["给予特定经营者税收优惠"]),
        ("subsidy", "投产后一次性奖励", ["给予特定经营者选择性、差异化的财政奖励或者补贴"]),
        ("land_price", "每亩优惠", ["给予特定经营者要素获取等方面的优惠"]),
        ("other", "公司注册地迁入本区后优先采购", ["限制别人进入，或限定用谁的", "以迁移登记、设立分支机构为条件"]),
        ("other", "协助办理环评", []),
    ],
)
def test_promises_that_are_warned_of(setting: Setting, kind: str, what: str, labels: list[str]) -> None:
    found = warnings_of(kind, what, setting.compliance)
    assert [one.label for one in found] == labels
    assert all("公平竞争审查条例" in str(one) and "国务院令第783号" in str(one) for one in found)


def test_a_promise_is_warned_of_where_it_is_entered(store: Store, setting: Setting) -> None:
    with entering(store, setting, by="张三", today=TODAY) as entry:
        project = a_project(entry)
        done = entry.add(PROMISES, {"project": project, "kind": "地价", "what": "按评估价"})
        assert "第十条；土地按公开出让程序" in done.told[0] and "先做公平竞争审查" in done.told[0]
        settled = entry.set(PROMISES, done.id, {"ground": "某号文件", "reviewed_on": "2024-09-01"})
        assert "已写依据并做过公平竞争审查" in settled.told[0]
        assert entry.set(PROMISES, done.id, {"amount": "5万元"}).told == ()
