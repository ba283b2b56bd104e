"""Books of the ledgers as workbooks (台账工作簿): forms to fill in, and what stands in the books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from matcher.ledger.books import Book, Field
from matcher.ledger.setting import Setting
from matcher.ledger.sheets import CLEAR, HOW, Cell, choices, columns_of
from matcher.outputs.workbook import Book as Workbook
from matcher.outputs.workbook import Column

_FORMS = {"money": "amount", "decimal": "amount", "whole": "whole", "row": "whole"}
_WIDE = ("what", "content", "note", "why", "result", "contacts", "next_step", "people", "whom", "company", "name")
_SAID = {
    "date": "日期，如 2024-08-27", "money": "数字以万元计；外币写明，如 300万美元", "uscc": "18 位",
    "shares": "甲局:1/2、乙局:1/2，合计正好为 1", "whole": "整数", "decimal": "数字，最多两位小数", "row": "编号，或全称",
}  # fmt: skip


def workbook(setting: Setting, books: Sequence[Book[Any]], rows: Mapping[str, Sequence[Mapping[str, Cell]]]) -> bytes:
    """Sheets of the books, and one that says how to fill them in (台账工作簿).

    Args:
        setting: The zone's rules.
        books: Which.
        rows: Book → cells of its rows; nothing for an empty form.
    """
    with Workbook(f"{setting.rules.zone_name} 台账") as made:
        for book in books:
            made.add(setting.rules.file.books[book.name].title, _columns(setting, book), rows.get(book.name, ()), frozen=3)
        made.add(HOW, _COLUMNS, [line for book in books for line in _how(setting, book)])
    return made.content()


def _columns(setting: Setting, book: Book[Any]) -> list[Column[Mapping[str, Cell]]]:
    found = []
    for name, title in columns_of(setting, book):
        field = book.field(name)
        form = "whole" if field is None else _FORMS.get(field.kind, "wrapped" if name in _WIDE else "text")
        offered = choices(setting, book, field) if field is not None else ()
        found.append(Column[Mapping[str, Cell]](title, itemgetter(name), 28 if name in _WIDE else 14, form, offered))
    return found


_COLUMNS: list[Column[tuple[str, str, str, str]]] = [
    Column("台账", itemgetter(0), 16), Column("列", itemgetter(1), 18), Column("必填", itemgetter(2), 8, "centred"),
    Column("怎样填", itemgetter(3), 90, "wrapped"),
]  # fmt: skip


def _how(setting: Setting, book: Book[Any]) -> list[tuple[str, str, str, str]]:
    title = setting.rules.file.books[book.name].title
    lines = [
        (title, "编号、版本", "", "导出的行不要改；新增的行空着。别人在导出以后改过的行，导入时会说明，不会盖掉"),
        (title, "（任一列）", "", f"空格子不改台账里的值；要清空的写 {CLEAR}"),
    ]
    return lines + [
        (
            title,
            setting.title(book.name, field.name),
            "是" if field.required and field.kind != "step" else "",
            _filled(setting, book, field),
        )
        for field in book.everything
    ]


def _filled(setting: Setting, book: Book[Any], field: Field) -> str:
    if field.name == "state_on":
        return "日期；不填的，新增的行算今天"
    if field.name == "state_reason":
        return "越过、退回、转到旁支，或日期早于上一步的，写明理由"
    offered = choices(setting, book, field)
    if offered:
        return f"{'、'.join(offered)} 之一"
    return _SAID.get(field.kind, f"文字，不超过 {field.longest} 字")
