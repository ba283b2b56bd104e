"""A saved register gives back all that intake read, to the bit; it is replaced and removed without being lost."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from matcher.corpora import Corpora
from matcher.errors import OptionError, RequestError
from matcher.intake import Companies, Intake, from_profiles, read_files
from matcher.store.database import Store
from matcher.store.registers import list_registers, load_register, register_at, remove_register, save_register
from matcher.store.tables import register_companies

ODD = """\
某园区企业名录,,,,,,,,
企业名称,统一社会信用代码,成立日期,注册资本,经营范围,所属城市,曾用名,参保人数,数据日期
聊城甲玩具有限公司,91330000794366433K,2006-01-01,80(万美元),"毛绒玩具制造；
积木生产",聊城市,聊城乙玩具厂、聊城丙厂,128,2024-01-01
聊城甲玩具有限公司,91330000794366433K,,30000万元,,,,,2024-02-01
=SUM(A1)玩具有限公司,91330000794366433X,不详,见章程,"玩具""批发""；其他",𠮷林,,,
,,,,只有经营范围,,,,
"""


def same(one: Companies, other: Companies) -> bool:
    assert list(one.text) == list(other.text)
    assert one.text == other.text
    for field in fields(Companies):
        if field.name != "text":
            left, right = getattr(one, field.name), getattr(other, field.name)
            assert left.dtype == right.dtype
            assert np.array_equal(left, right), field.name
    return True


def save(store: Store, intake: Intake, name: str = "本地名录", *, complete: bool = False, corpora: str = "c") -> bool:
    return save_register(store, "z", name, intake, corpora=corpora, as_of=date(2024, 1, 1), complete=complete, by="甲")


def test_a_register_comes_back_as_it_was_read(store: Store, corpora: Corpora, tmp_path: Path) -> None:
    (tmp_path / "名录.csv").write_text(ODD, encoding="utf-8")
    intake = read_files([tmp_path / "名录.csv"], corpora)
    assert (len(intake.companies), intake.merged, len(intake.rejects)) == (2, 1, 1)
    assert save(store, intake, complete=True)
    register, loaded = load_register(store, "z")
    assert same(loaded.companies, intake.companies)
    assert (loaded.digest, loaded.files, loaded.read, loaded.merged) == (intake.digest, intake.files, 4, 1)
    assert (register.companies, register.complete, register.as_of, register.saved_by) == (2, True, date(2024, 1, 1), "甲")


def test_the_sample_comes_back_as_it_was_read(store: Store, corpora: Corpora) -> None:
    intake = read_files([corpora.sample], corpora)
    save(store, intake)
    assert same(load_register(store, "z")[1].companies, intake.companies)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.dictionaries(st.sampled_from(["name", "business_scope", "city", "former_names", "listed"]), st.text()), min_size=1)
)
def test_any_cells_come_back(store: Store, corpora: Corpora, profiles: list[dict[str, str]]) -> None:
    intake = from_profiles([{"name": "甲有限公司", **profile} for profile in profiles], corpora)
    save(store, intake)
    assert same(load_register(store, "z")[1].companies, intake.companies)


def test_the_same_again_changes_nothing_and_another_takes_its_place(store: Store, corpora: Corpora) -> None:
    first, second = (from_profiles([{"name": name}], corpora) for name in ("甲有限公司", "乙有限公司"))
    assert save(store, first)
    assert not save(store, first)
    assert save(store, first, corpora="d")  # read by other rules
    assert save(store, first, complete=True)
    assert save(store, second)
    assert load_register(store, "z", "本地名录")[1].companies.text["name"] == ["乙有限公司"]
    assert len(list_registers(store)) == 1
    assert [one.ended_by for one in list_registers(store, ended=True)] == ["甲", "甲", "甲", None]
    with store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(register_companies)).scalar() == 4


def test_registers_are_told_apart_by_zone_and_name(store: Store, corpora: Corpora) -> None:
    for name in ("甲", "乙"):
        save(store, from_profiles([{"name": f"{name}有限公司"}], corpora), name)
    assert load_register(store, "z")[0].name == "乙"  # saved last
    assert load_register(store, "z", "甲")[1].companies.text["name"] == ["甲有限公司"]
    for zone, name in (("y", ""), ("y", "甲"), ("z", "丙")):
        with pytest.raises(RequestError, match="本地名录"):
            load_register(store, zone, name)
    assert [one.name for one in list_registers(store, "z")] == ["甲", "乙"]
    assert list_registers(store, "y") == []


def test_a_removed_register_is_history(store: Store, corpora: Corpora) -> None:
    save(store, from_profiles([{"name": "甲有限公司"}], corpora))
    remove_register(store, "z", "本地名录", by="乙")
    assert list_registers(store) == []
    (one,) = list_registers(store, ended=True)
    assert one.ended_by == "乙" and one.ended_at is not None
    for call in (load_register, remove_register):
        with pytest.raises(RequestError):
            call(store, "z", "本地名录")
    assert save(store, from_profiles([{"name": "甲有限公司"}], corpora))


@pytest.mark.parametrize("name", ["", " ", "名" * 61, "坏\n名"])
def test_a_register_has_a_name(store: Store, corpora: Corpora, name: str) -> None:
    with pytest.raises(OptionError, match="名录的名称应为 1 到 60 个字"):
        save(store, from_profiles([{"name": "甲有限公司"}], corpora), name)
    assert list_registers(store, ended=True) == []


def test_the_register_that_stood_at_a_moment(store: Store, corpora: Corpora) -> None:
    first, second = (from_profiles([{"name": name}], corpora) for name in ("甲有限公司", "乙有限公司"))
    moments = [datetime.now(UTC)]
    for intake, reading in ((first, "c"), (second, "c"), (first, "d")):
        assert save(store, intake, corpora=reading)
        moments.append(datetime.now(UTC))
    for at, reading in zip(moments, ("d", "c", "d", "d"), strict=True):  # where none stood the latest of these files does
        found = register_at(store, "z", first.digest, complete=False, at=at)
        assert found is not None and found[0].corpora == reading
        assert same(found[1].companies, first.companies)
    remove_register(store, "z", "本地名录")
    assert register_at(store, "z", second.digest, complete=False, at=moments[2]) is not None
    assert register_at(store, "z", second.digest, complete=True, at=moments[2]) is None
    assert register_at(store, "other", second.digest, complete=False, at=moments[2]) is None
