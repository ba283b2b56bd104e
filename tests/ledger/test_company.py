"""Whoever enters a company that others work on is told, the list is that of a plain comparison, and credit adds up to one."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from matcher.corpora import open_corpora
from matcher.ledger import reading
from matcher.ledger.books import PROJECTS, TARGETS
from matcher.ledger.company import collisions, credit
from matcher.ledger.entry import entering
from matcher.ledger.setting import Setting
from matcher.store.database import Store
from tests.conftest import ZONE
from tests.ledger.offices import DEPARTMENTS, TODAY, a_project, a_target, emptied

CODES = ("91370200163615667J", "913701001631948522")


def test_others_on_the_company_are_told_at_entry(store: Store, setting: Setting) -> None:
    with entering(store, setting, by="张三", today=TODAY) as entry:
        first = a_target(entry, "青岛甲乙制造有限公司")
        entry.step(TARGETS, first, "已接触", on="2024-08-01", reason="补录")
    with entering(store, setting, by="李四", today=TODAY) as entry:
        told = entry.add(TARGETS, {"kind": "企业", "company": "青岛甲乙制造 有限公司", "department": "乙局"}).told
        assert told == ("撞单：青岛甲乙制造有限公司 已有第 1 号目标（甲局，已接触，首谈 甲局 2024-08-01）",)
        again = entry.add(TARGETS, {"kind": "企业", "company": "青岛甲乙制造有限公司", "department": "甲局"}).told
        assert again[0].startswith("本单位已登记：") and again[1].startswith("撞单：")
        other = entry.add(TARGETS, {"kind": "企业", "company": "青岛丙丁有限公司", "department": "乙局"})
        assert other.told == ()
        assert "撞单" in entry.set(TARGETS, other.id, {"company": "青岛甲乙制造有限公司"}).told[0]


def test_a_company_that_was_dropped_is_nobodys(store: Store, setting: Setting) -> None:
    with entering(store, setting, by="张三", today=TODAY) as entry:
        first = a_target(entry)
        entry.step(TARGETS, first, "放弃", reason="对方没有扩产打算")
        assert entry.add(TARGETS, {"kind": "企业", "company": "甲乙有限公司", "department": "乙局"}).told == ()


def test_one_group_is_told_of_its_companies(store: Store, setting: Setting) -> None:
    with entering(store, setting, by="张三", today=TODAY) as entry:
        a_target(entry, "国字头医药有限公司", family="国字头集团")
        told = entry.add(
            TARGETS, {"kind": "企业", "company": "国字头器械有限公司", "department": "乙局", "family": "国字头集团"}
        ).told
    assert told == ("撞单：同一集团的 国字头医药有限公司 已有第 1 号目标（甲局，待接触）",)
    with store.reading() as connection:
        (found,) = collisions(connection, setting)
    assert (found.by_family, [claim.department for claim in found.claims], found.shared) == (True, ["甲局", "乙局"], False)


def test_groups_that_everybody_knows_are_known(store: Store, setting: Setting) -> None:
    group = open_corpora().known_groups[0]
    one, two = (f"{group.signs[0]}控股{city}有限公司" for city in ("青岛", "杭州"))
    with entering(store, setting, by="张三", today=TODAY) as entry:
        a_target(entry, one)
        told = entry.add(TARGETS, {"kind": "企业", "company": two, "department": "乙局"}).told
        a_project(entry, f"{group.signs[0]}绍兴有限公司", department="丙局")
    assert told == (f"撞单：同一集团的 {one} 已有第 1 号目标（甲局，待接触）",)
    with store.reading() as connection:
        (found,) = collisions(connection, setting)
        assert {claim.department for claim in found.claims} == {"甲局", "乙局", "丙局"}
        assert reading.row(connection, setting, TARGETS, 1).family == group.name


def test_a_project_and_its_target_are_one_matter(store: Store, setting: Setting) -> None:
    with entering(store, setting, by="张三", today=TODAY) as entry:
        target = a_target(entry)
        entry.step(TARGETS, target, "洽谈", on="2024-08-01", reason="补录")
        _, project = entry.convert(target, {"name": "项目"}, on="2024-08-02")
        assert project.told == ()
    with store.reading() as connection:
        assert collisions(connection, setting) == []
    with entering(store, setting, by="李四", today=TODAY) as entry:
        told = entry.add(TARGETS, {"kind": "企业", "company": "甲乙有限公司", "department": "乙局"}).told
        assert "第 1 号项目（甲局，在谈，首谈 甲局 2024-08-01）" in told[1]
    with store.reading() as connection:
        (found,) = collisions(connection, setting)
        assert [(claim.book, claim.department) for claim in found.claims] == [("projects", "甲局"), ("targets", "乙局")]
        row = reading.row(connection, setting, PROJECTS, project.id)
        assert credit(row) == {"甲局": Fraction(1)}
    with entering(store, setting, by="李四", today=TODAY) as entry:
        entry.set(PROJECTS, project.id, {"shares": "甲局:2/3、乙局:1/3"})
    with store.reading() as connection:
        shares = credit(reading.row(connection, setting, PROJECTS, project.id))
    assert shares == {"甲局": Fraction(2, 3), "乙局": Fraction(1, 3)} and sum(shares.values()) == 1


ROW = st.fixed_dictionaries(
    {
        "company": st.sampled_from(["甲乙有限公司", "丙丁有限公司"]),
        "department": st.sampled_from(DEPARTMENTS),
        "uscc": st.sampled_from([None, *CODES]),
    }
)


@given(st.lists(st.tuples(st.booleans(), ROW), max_size=7))
@settings(max_examples=30, suppress_health_check=list(HealthCheck), phases=(Phase.generate,))
def test_the_list_is_that_of_a_plain_comparison(store: Store, setting: Setting, rows: list[tuple[bool, dict[str, Any]]]) -> None:
    """Two rows are of one company if their codes are equal, or their names where one has no code; that goes on from row to row."""
    emptied(store)
    with entering(store, setting, by="", today=TODAY) as entry:
        made = [
            (PROJECTS if is_project else TARGETS, (a_project if is_project else a_target)(entry, **row), row)
            for is_project, row in rows
        ]
    first_code: dict[str, str] = {}
    for book in (TARGETS, PROJECTS):
        for one, _, row in made:
            if one is book and row["uscc"]:
                first_code.setdefault(row["company"], row["uscc"])
    key = [row["uscc"] or first_code.get(row["company"]) or row["company"] for _, _, row in made]
    expected = {
        frozenset({(made[n][0].name, made[n][1]) for n in range(len(made)) if key[n] == key[a]})
        for a, b in combinations(range(len(made)), 2)
        if key[a] == key[b] and made[a][2]["department"] != made[b][2]["department"]
    }
    with store.reading() as connection:
        found = collisions(connection, setting)
        assert all(one.zone == ZONE for one in reading.rows(connection, ZONE, TARGETS))
    assert {frozenset((claim.book, claim.id) for claim in one.claims) for one in found} == expected
