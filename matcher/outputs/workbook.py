"""Workbooks (工作簿): for reading, filtering and printing; no cell is ever a formula, a link or a number by accident.

The same rows give the same bytes: the clock is not written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from math import ceil
from typing import Any, Generic, TypeVar

import xlsxwriter

T = TypeVar("T")
MOST_ROWS = 1_000_000
"""Lines of a sheet (每张表行数上限), below Excel's 1,048,576; what is more goes to a further sheet."""
_LONGEST_CELL = 32_767  # characters, Excel's own limit
_NO_TEXT = re.compile("[\ud800-\udfff\ufffe\uffff]")  # XML cannot hold these
_NO_DAY = "2000-01-01"  # what stands for the time of making, which would change the bytes
_LONGEST_CHOICES = 255  # characters of all choices of a column, Excel's own limit
_OFFERED_ROWS = 5_000
_LINE = 16.0  # points
_MOST_LINES = 12
_RULES = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


@dataclass(frozen=True)
class Column(Generic[T]):
    """A column of a sheet (列): its header, what stands in it, how wide, in what form.

    Attributes:
        choices: What is offered to whoever fills it in.
        link: Where a cell leads within the workbook, as (sheet, line of it from 1); None for nowhere.
    """

    title: str
    value: Callable[[T], str | float | bool | None]
    width: float = 12
    form: str = "text"
    choices: tuple[str, ...] = ()
    link: Callable[[T], tuple[str, int] | None] | None = None


class Book:
    """A workbook under way, as a context (工作簿); leaving it closes its temporary files, whatever has happened.

    Args:
        title: Shown above every printed page.
        as_of: The date that the file tells, if the answer depends on one.
        many: Lines go to the disk as they come: a file of half a million lines needs no memory for them.
    """

    def __init__(self, title: str, as_of: str = "", *, many: bool = False) -> None:
        self._stream = BytesIO()
        self._title, self._as_of = title.replace("&", "&&"), as_of
        self._book = xlsxwriter.Workbook(self._stream, {**_RULES, "constant_memory" if many else "in_memory": True})
        self._book.set_properties({"title": title, "author": "链招 lianzhao", "created": datetime.fromisoformat(as_of or _NO_DAY)})
        look = {"valign": "top", "font_name": "宋体", "font_size": 11}
        forms: dict[str, dict[str, Any]] = {
            "text": {}, "wrapped": {"text_wrap": True}, "centred": {"align": "center"}, "whole": {"num_format": "0"},
            "tenths": {"num_format": "0.0"}, "hundredths": {"num_format": "0.00"}, "ten-thousandths": {"num_format": "0.0000"},
            "amount": {"num_format": "#,##0.######"},
        }  # fmt: skip
        self._forms = {name: self._book.add_format({**look, **form}) for name, form in forms.items()}
        self._linked = self._book.add_format({**look, "text_wrap": True, "font_color": "#14508C", "underline": 1})
        self._head = self._book.add_format(
            {**look, "bold": True, "text_wrap": True, "align": "center", "valign": "vcenter", "bg_color": "#DDEBF7", "border": 1}
        )

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()

    def add(self, name: str, columns: Sequence[Column[T]], items: Iterable[T], *, frozen: int = 0) -> None:
        """Adds a sheet, and further ones if the lines are too many for it (加一张表).

        Args:
            name: Of the sheet; a further one is called 名单 2.
            columns: What the lines hold.
            items: The lines.
            frozen: Columns at the left that stay in view.
        """
        sheet, row, number = self._sheet(name, columns, frozen), 0, 1
        for item in items:
            if row == MOST_ROWS:
                sheet.autofilter(0, 0, row, len(columns) - 1)
                number += 1
                sheet, row = self._sheet(f"{name} {number}", columns, frozen), 0
            row += 1
            self._line(sheet, row, columns, item)
        sheet.autofilter(0, 0, row, len(columns) - 1)

    def content(self) -> bytes:
        """The file, once it is complete (文件内容)."""
        return self._stream.getvalue()

    def _sheet(self, name: str, columns: Sequence[Column[T]], frozen: int) -> Any:
        sheet = self._book.add_worksheet(name)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
            sheet.write_string(0, place, column.title, self._head)
            if column.choices and len(",".join(column.choices)) <= _LONGEST_CHOICES:
                offered = {"validate": "list", "source": list(column.choices), "error_type": "warning", "ignore_blank": True}
                sheet.data_validation(1, place, _OFFERED_ROWS, place, offered)
        sheet.set_row(0, 2 * _LINE)
        sheet.freeze_panes(1, frozen)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)  # one page wide, as many as needed long
        sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
        sheet.set_header(f"&L{self._title}　{name}" + (f"&R按 {self._as_of} 计算" if self._as_of else ""))
        sheet.set_footer("&C第 &P 页，共 &N 页")
        return sheet

    def _line(self, sheet: Any, row: int, columns: Sequence[Column[T]], item: T) -> None:
        lines = 1
        for place, column in enumerate(columns):
            value, form = column.value(item), self._forms[column.form]
            if isinstance(value, bool):
                sheet.write_string(row, place, "是" if value else "否", form)
            elif isinstance(value, (int, float)):
                sheet.write_number(row, place, value, form)
            elif value:
                text = _storable(value)
                to = column.link(item) if column.link else None
                if to is None:
                    sheet.write_string(row, place, text, form)
                else:
                    sheet.write_url(row, place, f"internal:'{to[0]}'!A{to[1] + 1}", self._linked, text)
                if column.form == "wrapped":
                    lines = max(lines, _lines(text, column.width))
        if lines > 1:  # not every program finds the height of a wrapped line by itself
            sheet.set_row(row, _LINE * min(lines, _MOST_LINES))


def _storable(text: str) -> str:
    """Text as a cell can hold it: not longer than Excel allows, nothing that XML has no place for."""
    clean = _NO_TEXT.sub("�", text)
    return clean if len(clean) <= _LONGEST_CELL else clean[: _LONGEST_CELL - 1] + "…"


def _lines(text: str, width: float) -> int:
    """Lines that a text takes in a column of this width; a Chinese character is two wide."""
    parts = (sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in part) for part in text.split("\n"))
    return sum(max(1, ceil(part / (width - 1))) for part in parts)
