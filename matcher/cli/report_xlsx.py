"""Reports as workbooks (通报工作簿): a sheet for each part, the lines that are told elsewhere first."""

from __future__ import annotations

import re
from operator import itemgetter

from matcher.cli.xlsx import Book, Column
from matcher.ledger.reports_told import Document

_NOT_IN_NAMES = re.compile(r"[\\/*?:\[\]]")
_LONGEST_NAME = 28
_WIDTH = 1.3  # characters of a column for one part of its width


def report_xlsx(document: Document) -> bytes:
    """A report as a workbook (通报工作簿)."""
    with Book(f"{document.title}（{document.subtitle}）") as book:
        said = [("", line) for line in document.lines]
        said += [(section.title, line) for section in document.sections for line in section.lines]
        book.add("说明", [Column("部分", itemgetter(0), 30), Column("内容", itemgetter(1), 100, "wrapped")], said)
        taken = {"说明"}
        for section in document.sections:
            if section.head:
                columns = [
                    Column[tuple[str, ...]](title, itemgetter(place), max(8.0, section.widths[place] * _WIDTH), "wrapped")
                    for place, title in enumerate(section.head)
                ]
                book.add(_name(section.title, taken), columns, section.rows)
    return book.content()


def _name(title: str, taken: set[str]) -> str:
    """A sheet's name: Excel has no place for some characters, long names and two of a name."""
    name = _NOT_IN_NAMES.sub(" ", title).strip("' ")[:_LONGEST_NAME] or "表"
    number, found = 1, name
    while found.lower() in taken:
        number += 1
        found = f"{name[: _LONGEST_NAME - 3]} {number}"
    taken.add(found.lower())
    return found
