"""Workbooks: what goes out comes in and changes nothing, the dry run tells all, mistakes are placed, all is entered or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from matcher.errors import InputError, SheetError
from matcher.ledger import reading, tables
from matcher.ledger.books import ALL, ARRIVALS, GOALS, NEEDS, PAPERS, PROBLEMS, PROJECTS, PROMISES, TARGETS
from matcher.ledger.entry import entering
from matcher.ledger.importing import Imported, import_workbook
from matcher.ledger.meant import Meant
from matcher.ledger.money import Money
from matcher.ledger.setting import Setting
from matcher.ledger.sheets import CLEAR, cells_of
from matcher.outputs.ledger_xlsx import workbook
from matcher.store.database import Store
from tests.conftest import ZONE
from tests.ledger.offices import DEPARTMENTS, TODAY, a_project, a_target, emptied

GOOD, GOOD_TOO = "91370200163615667J", "913701001631948522"

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30)

WHOLE = st.integers(0, 10**17 - 1)


def sheet(*lines: Sequence[object], name: str = "目标企业台账") -> bytes:
    stream = BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        made = book.add_worksheet(name)
        for row, line in enumerate(lines):
            for place, cell in enumerate(line):
                if isinstance(cell, date):
                    made.write_datetime(row, place, cell, book.add_format({"num_format": "yyyy/m/d"}))
                elif cell is not None:
                    made.write(row, place, cell)
    return stream.getvalue()


def load(store: Store, setting: Setting, raw: bytes, **given: Any) -> Imported:
    return import_workbook(store, setting, raw, "台账.xlsx", by="张三", today=TODAY, **given)


def exported(store: Store, setting: Setting) -> bytes:
    with store.reading() as connection:
        rows = {name: [cells_of(setting, book, row) for row in reading.rows(connection, ZONE, book)] for name, book in ALL.items()}
    return workbook(setting, list(ALL.values()), rows)


def entries(store: Store) -> int:
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(tables.history)).scalar() or 0


ROW = st.fixed_dictionaries(
    {},
    optional={
        "owner": TEXT, "note": TEXT, "content": TEXT, "department": st.sampled_from(DEPARTMENTS),
        "agreed": st.builds(lambda n, code: Money(Decimal(n).scaleb(-2), code), WHOLE, st.sampled_from(["CNY", "USD"])),
        "land": WHOLE.map(lambda n: Decimal(n).scaleb(-2)), "jobs": st.integers(0, 10**9),
        "shares": st.just((("甲局", Fraction(1, 3)), ("乙局", Fraction(2, 3)))),
        "plan_start_on": st.dates(date(1980, 1, 1), date(2099, 12, 31)),
    },
)  # fmt: skip


@pytest.mark.slow
@given(st.lists(ROW, min_size=1, max_size=4))
@settings(max_examples=20, suppress_health_check=list(HealthCheck), phases=(Phase.generate,))
def test_what_goes_out_comes_in_and_changes_nothing(store: Store, setting: Setting, rows: list[dict[str, Any]]) -> None:
    """Also into an empty ledger, where it makes the same rows again."""
    emptied(store)
    with entering(store, setting, by="李四", today=TODAY) as entry:
        for number, row in enumerate(rows):
            a_project(entry, **{**row, "name": f"项目{number}"})
    raw, before = exported(store, setting), entries(store)
    done = load(store, setting, raw)
    assert [line.fate for line in done.lines] == ["unchanged"] * len(rows), done.lines
    assert (entries(store), done.unread) == (before, ())
    with store.reading() as connection:
        there = reading.rows(connection, ZONE, PROJECTS)
    fresh = [{**cells_of(setting, PROJECTS, row), "id": None, "version": None} for row in there]
    emptied(store)
    load(store, setting, workbook(setting, [PROJECTS], {"projects": fresh}))
    with store.reading() as connection:
        again = reading.rows(connection, ZONE, PROJECTS)
    assert [PROJECTS.values(row) for row in again] == [PROJECTS.values(row) for row in there]


def test_every_book_goes_out_and_comes_in(store: Store, setting: Setting) -> None:
    with entering(store, setting, by="李四", today=TODAY) as entry:
        target = a_target(entry, uscc="91370200163615667J", chain="现代农业", group="现代农业产业招商小组", family="某集团")
        entry.step(TARGETS, target, "洽谈", on="2024-08-01", reason="补录")
        project = entry.convert(target, {"name": "项目", "town": "东镇", "service_mode": "告知承诺容缺办"}, on="2024-08-02")[1].id
        entry.add(ARRIVALS, {"project": project, "arrived_on": "2024-08-03", "origin": "外资", "amount": "30万美元"})
        entry.add(PAPERS, {"project": project, "paper": "立项", "issued_on": "2024-08-03"})
        entry.add(NEEDS, {"project": project, "kind": "用地", "what": "30 亩", "due_on": "2024-12-01"})
        entry.add(PROBLEMS, {"project": project, "what": "没有变压器", "due_on": "2024-12-01"})
        entry.add(PROMISES, {"project": project, "kind": "税收", "what": "返还"})
        entry.add(
            GOALS, {"year": 2024, "measure": "agreed", "unit_kind": "小组", "unit": "现代农业产业招商小组", "amount": "5亿元"}
        )
        entry.add(GOALS, {"year": 2024, "measure": "visits", "unit_kind": "园区", "unit": ZONE, "amount": 12})
    before = entries(store)
    done = load(store, setting, exported(store, setting))
    assert {line.book for line in done.lines} == {
        "targets",
        "projects",
        "arrivals",
        "papers",
        "needs",
        "problems",
        "promises",
        "goals",
    }
    assert {line.fate for line in done.lines} == {"unchanged"}
    assert entries(store) == before


def test_the_sheet_of_an_office(store: Store, setting: Setting) -> None:
    """Title lines, its own names for columns, a unit in the header, a running number, merged departments, a total below."""
    raw = sheet(
        ["××区招商项目台账（2024 年 8 月）"],
        [
            "序号",
            "项目名称",
            "投资方",
            "总投资（万元）",
            "责任单位",
            "项目阶段",
            "阶段日期",
            "带动就业",
            "主要建设内容",
            "包保领导",
        ],
        [1, "玩具项目", "甲乙有限公司", 12000.5, "甲局", "在谈", date(2024, 8, 27), 120, "厂房\n两栋", "某"],
        [2, "质检项目", "丙丁有限公司", "300万美元", "乙局", "意向", date(2024, 8, 27), None, None, None],
        [],
        ["合计", None, None, 12000.5],
        name="Sheet1",
    )
    done = load(store, setting, raw, reason="补录")
    assert [(line.row, line.fate) for line in done.lines] == [(3, "new"), (4, "new")]
    assert done.unread == ("「Sheet1」的列：序号、包保领导",)
    assert done.lines[0].changes["协议投资"] == ("", "12000.5万元")
    with store.reading() as connection:
        one, two = reading.rows(connection, ZONE, PROJECTS)
    assert (one.agreed, one.jobs, one.content, one.state) == (Money(Decimal("120005000.00")), 120, "厂房\n两栋", "talks")
    assert (two.agreed, two.state, two.state_on, two.state_reason) == (
        Money(Decimal("3000000.00"), "USD"),
        "framework",
        date(2024, 8, 27),
        "补录",
    )
    before = entries(store)
    assert [line.fate for line in load(store, setting, raw, reason="补录").lines] == ["unchanged"] * 2
    assert entries(store) == before


def test_a_dry_run_tells_and_does_nothing(store: Store, setting: Setting) -> None:
    with entering(store, setting, by="李四", today=TODAY) as entry:
        a_target(entry, owner="张三", note="旧")
    raw = sheet(
        ["类型", "企业名称", "责任部门", "责任人", "备注", "状态", "状态日期", "理由"],
        ["企业", "甲乙有限公司", "甲局", "李四", CLEAR, "已接触", "2024-09-12", None],
        ["商会", "某商会", "乙局"],
    )
    tried = load(store, setting, raw, dry_run=True)
    assert entries(store) == 1
    assert [(line.fate, line.changes) for line in tried.lines] == [
        (
            "changed",
            {
                "责任人": ("张三", "李四"), "备注": ("旧", ""), "状态": ("待接触", "已接触"), "首谈日期": ("", "2024-09-12"),
                "首谈登记": ("", "甲局"),
            },
        ),
        (
            "new",
            {
                "类型": ("", "商会、协会"), "企业名称": ("", "某商会"), "责任部门": ("", "乙局"), "状态": ("", "待接触"),
                "状态日期": ("", "2024-09-12"),
            },
        ),
    ]  # fmt: skip
    done = load(store, setting, raw)
    assert [(line.fate, line.changes) for line in done.lines] == [(line.fate, line.changes) for line in tried.lines]
    with store.reading() as connection:
        last = reading.history(connection, ZONE, TARGETS, 1)[-1]
    assert last.source == f"xlsx:{done.digest[:16]}" and last.by == "张三"


WRONG: list[tuple[list[object], str, str]] = [
    (["企业", None, "甲局"], "企业名称", "不能空着"),
    (["企叶", "丙丁有限公司"], "类型", "应为 企业、商会、协会、园区 之一"),
    (["企业", "丙丁有限公司", "丁局"], "责任单位", "没有「丁局」"),
    (["企业", "丙丁有限公司", None, "2025-01-01"], "首谈日期", "还没有到"),
    (["企业", "丙丁有限公司", None, None, "开工"], "状态", "没有「开工」"),
    (["企业", "丙丁有限公司", None, None, "洽谈"], "状态", "应写明理由"),
    (["企业", "丙丁有限公司", None, None, None, "abc"], "编号", "应为编号那样的整数"),
    (["企业", "丙丁有限公司", None, None, None, 99], "编号", "没有这个目标：99"),
    (["企业", "丙丁有限公司", None, None, None, 1, 9], "版本", "现在是第 2 版，写的是 9"),
    (["企业", "甲乙有限公司", "甲局"], "（整行）|状态", "与第 2 行是同一目标"),
]


def test_mistakes_are_placed_and_nothing_is_entered(store: Store, setting: Setting) -> None:
    with entering(store, setting, by="李四", today=TODAY) as entry:
        a_target(entry)
    header = ["类型", "企业名称", "责任单位", "首谈日期", "状态", "编号", "版本", "责任人"]
    first = ["企业", "甲乙有限公司", "甲局", None, None, None, None, "张三"]
    with pytest.raises(SheetError) as caught:
        load(store, setting, sheet(header, first, *(line for line, _, _ in WRONG)))
    assert entries(store) == 1
    assert [(problem.file, problem.sheet, problem.row) for problem in caught.value.problems] == [
        ("台账.xlsx", "目标企业台账", row) for row in range(3, 3 + len(WRONG))
    ]
    for problem, (_, column, said) in zip(caught.value.problems, WRONG, strict=True):
        assert problem.column in column.split("|") and said in problem.expected, problem
    assert "整个文件都没有导入" in str(caught.value)


MANY: list[tuple[list[object], set[tuple[str, str]]]] = [
    (["企业", None, "丁局", "2025-01-01", "洽谈"], {("责任单位", "没有「丁局」"), ("首谈日期", "还没有到"), ("企业名称", "不能空着")}),
    (["企叶", "丙丁有限公司", "丁局", "明天"], {("类型", "没有「企叶」"), ("责任单位", "没有「丁局」"), ("首谈日期", "应为日期")}),
    (["企叶", "丙丁有限公司", None, None, "洽谈"], {("类型", "没有「企叶」"), ("状态", "应写明理由")}),
    ([None, None, None, None, "洽谈"], {("类型", "不能空着"), ("企业名称", "不能空着"), ("状态", "应写明理由")}),
    ([None, None, None, "昨天", "走了", "x", "y"], {("首谈日期", "日期"), ("状态", "没有"), ("编号", "整数"), ("版本", "整数")}),
    (["企叶", None, None, None, None, 99], {("类型", "没有「企叶」"), ("编号", "没有这个目标：99")}),
    (["企业", "甲乙有限公司", None, "明天", "放弃", 1], {("首谈日期", "应为日期"), ("状态", "应写明理由")}),
]  # fmt: skip


def test_all_mistakes_of_a_row_are_told_at_once(store: Store, setting: Setting) -> None:
    with entering(store, setting, by="李四", today=TODAY) as entry:
        a_target(entry)
    header = ["类型", "企业名称", "责任单位", "首谈日期", "状态", "编号", "版本"]
    for lines in ([line] for line in MANY):
        with pytest.raises(SheetError) as caught:
            load(store, setting, sheet(header, *(line for line, _ in lines)))
        for row, (_, wanted) in enumerate(lines, start=2):
            told = [(one.column, one.expected) for one in caught.value.problems if one.row == row]
            assert len(told) == len(wanted), told
            assert all(any(one == column and said in expected for one, expected in told) for column, said in wanted), told
    with pytest.raises(SheetError) as caught:  # no row sees what another, whose cells cannot be read, would have entered
        load(store, setting, sheet(header, *(line for line, _ in MANY)))
    assert len(caught.value.problems) == sum(len(wanted) for _, wanted in MANY) and entries(store) == 1
    money = sheet(["项目编号", "日期", "资金性质", "金额（万元）"], ["某项目", "2030-01-01", "外贸", -5], name="到位资金")
    with pytest.raises(SheetError) as caught:
        load(store, setting, money)
    assert {(one.column, one.expected[:6]) for one in caught.value.problems} >= {("金额（万元）", "不能是负数")}
    assert len(caught.value.problems) == 4


def test_what_others_changed_since_is_not_written_over(store: Store, setting: Setting) -> None:
    with entering(store, setting, by="李四", today=TODAY) as entry:
        target = a_target(entry, owner="张三")
    header = ["编号", "版本", "类型", "企业名称", "责任部门", "责任人"]
    raw = sheet(header, [target, 1, "企业", "甲乙有限公司", "甲局", "王五"])
    same = sheet(header, [target, 1, "企业", "甲乙有限公司", "甲局", "赵六"])
    with entering(store, setting, by="李四", today=TODAY) as entry:
        entry.set(TARGETS, target, {"owner": "赵六"})
    with pytest.raises(SheetError, match="已被 李四 改过（现在是第 2 版，您看到的是第 1 版）"):
        load(store, setting, raw)
    assert [line.fate for line in load(store, setting, same).lines] == ["unchanged"]


def test_rows_are_found_by_what_they_are(store: Store, setting: Setting) -> None:
    with entering(store, setting, by="李四", today=TODAY) as entry:
        for department in ("甲局", "乙局"):
            a_target(entry, department=department)
        project = a_project(entry, name="某项目")
    with pytest.raises(SheetError, match="台账里有几行都像是它（第 1、2 号），请填编号"):
        load(store, setting, sheet(["类型", "企业名称", "责任人"], ["企业", "甲乙有限公司", "张三"]))
    done = load(store, setting, sheet(["类型", "企业名称", "责任部门", "责任人"], ["企业", "甲乙 有限公司", "乙", "张三"]))
    assert [(line.fate, line.id) for line in done.lines] == [("changed", 2)]
    arrivals = sheet(["项目编号", "日期", "资金性质", "金额（万元）"], ["某项目", "2024-09-01", "内资", 5], name="到位资金")
    assert [line.fate for line in load(store, setting, arrivals).lines] == ["new"]
    assert [line.fate for line in load(store, setting, arrivals).lines] == ["unchanged"]
    with store.reading() as connection:
        assert [one.project for one in reading.rows(connection, ZONE, ARRIVALS)] == [project]
    with pytest.raises(SheetError, match="没有叫「别的项目」的项目，请写编号或全称"):
        load(
            store,
            setting,
            sheet(["项目编号", "日期", "资金性质", "金额（万元）"], ["别的项目", "2024-09-01", "内资", 5], name="到位资金"),
        )


def test_columns_that_are_left_out_take_the_default(store: Store, setting: Setting) -> None:
    raw = sheet(["目标企业", "部门"], ["甲乙有限公司", "甲局"])
    with pytest.raises(SheetError, match=r"\[类型\] 不能空着"):
        load(store, setting, raw)
    assert load(store, setting, raw, defaults={"targets": {"kind": "企业"}}).lines[0].changes["类型"] == ("", "企业")


@pytest.mark.parametrize("raw", [b"", b"a,b\n1,2\n", b"PK\x03\x04 broken", sheet(["甲", "乙"], [1, 2])])
def test_what_is_no_ledger_is_told(store: Store, setting: Setting, raw: bytes) -> None:
    with pytest.raises(InputError, match=r"台账\.xlsx：") as caught:
        load(store, setting, raw)
    assert "\n" not in str(caught.value)


def test_the_template_is_empty_and_is_known_again(store: Store, setting: Setting) -> None:
    done = load(store, setting, workbook(setting, list(ALL.values()), {}))
    assert (done.lines, done.unread) == ((), ())


def test_no_header_means_two_columns(setting: Setting) -> None:
    named = setting.rules.file.row_columns
    for name, book in setting.rules.file.books.items():
        words = [word for words in (named.id, named.version, *book.fields.values()) for word in words]
        assert len(words) == len(set(words)), name


def test_names_of_new_rows_mean_what_they_mean_when_entered_by_hand(store: Store, setting: Setting) -> None:
    asked = list[str]()

    def naming(name: str) -> Meant:
        asked.append(name)
        if name.startswith("甲乙"):
            return Meant(GOOD, f"统一社会信用代码按当前快照填：{GOOD}")
        return Meant("", f"「{name}」吃不准是哪一家") if name.startswith("丙丁") else Meant()

    rows = [
        ["企业", "甲乙玩具有限公司", None, "甲局"], ["企业", "丙丁有限公司", None, "甲局"], ["企业", "戊己有限公司", GOOD_TOO, "甲局"],
        ["商会", "庚辛商会", None, "甲局"],
    ]  # fmt: skip
    raw = sheet(["类型", "企业名称", "统一社会信用代码", "责任部门"], *rows)
    tried = import_workbook(store, setting, raw, "台账.xlsx", by="张三", today=TODAY, dry_run=True, naming=naming)
    assert asked == ["丙丁有限公司", "甲乙玩具有限公司"]
    assert tried.lines[0].changes["统一社会信用代码"] == ("", GOOD) and "按当前快照填" in tried.lines[0].told[0]
    assert "统一社会信用代码" not in tried.lines[1].changes and "吃不准" in tried.lines[1].told[0]
    done = import_workbook(store, setting, raw, "台账.xlsx", by="张三", today=TODAY, naming=naming)
    assert [(one.changes, one.told) for one in done.lines] == [(one.changes, one.told) for one in tried.lines]
    asked.clear()
    again = import_workbook(store, setting, raw, "台账.xlsx", by="张三", today=TODAY, naming=naming)
    assert {line.fate for line in again.lines} == {"unchanged"} and asked == []
    with store.reading() as connection:
        assert [one.uscc for one in reading.rows(connection, ZONE, TARGETS)] == [GOOD, None, GOOD_TOO, None]
