"""Reports as workbooks (通报工作簿): a sheet for each part, the lines that are told elsewhere first."""

from __future__ import annotations

import re
from itertools import accumulate
from operator import itemgetter

from matcher.ledger.reports_told import SOURCE_HEAD, SOURCE_WIDTHS, Document
from matcher.outputs.workbook import Book, Column

_NOT_IN_NAMES = re.compile(r"[\\/*?:\[\]]")
_LONGEST_NAME = 28
_SOURCES = "出处"
_WIDTH = 1.3  # characters of a column for one part of its width


def report_xlsx(document: Document) -> bytes:
    """A report as a workbook (通报工作簿); its figures lead to the rows that they count, on a sheet of their own."""
    begins = list(accumulate((len(source.rows) for source in document.sources), initial=1))
    with Book(f"{document.title}（{document.subtitle}）") as book:
        said = [("", line) for line in document.lines]
        said += [(section.title, line) for section in document.sections for line in section.lines]
        book.add("说明", [Column("部分", itemgetter(0), 30), Column("内容", itemgetter(1), 100, "wrapped")], said)
        taken = {"说明", _SOURCES}
        for number, section in enumerate(document.sections):
            if section.head:
                columns = [_column(document, number, place, begins) for place in range(len(section.head))]
                book.add(_name(section.title, taken), columns, list(enumerate(section.rows)))
        if document.sources:
            lines = [(source.label, *row) for source in document.sources for row in source.rows]
            titles = zip(SOURCE_HEAD, SOURCE_WIDTHS, strict=True)
            shown = [Column(title, itemgetter(place), width * _WIDTH, "wrapped") for place, (title, width) in enumerate(titles)]
            book.add(_SOURCES, shown, lines)
    return book.content()


def _column(document: Document, number: int, place: int, begins: list[int]) -> Column[tuple[int, tuple[str, ...]]]:
    """A column of a part, with where its cells lead."""
    section = document.sections[number]

    def link(line: tuple[int, tuple[str, ...]]) -> tuple[str, int] | None:
        source = document.links.get((number, line[0], place))
        return None if source is None else (_SOURCES, begins[source])

    width = max(8.0, section.widths[place] * _WIDTH)
    return Column(section.head[place], lambda line: line[1][place], width, "wrapped", link=link)


def _name(title: str, taken: set[str]) -> str:
    """A sheet's name: Excel has no place for some characters, long names and two of a name."""
    name = _NOT_IN_NAMES.sub(" ", title).strip("' ")[:_LONGEST_NAME] or "表"
    number, found = 1, name
    while found.lower() in taken:
        number += 1
        found = f"{name[: _LONGEST_NAME - 3]} {number}"
    taken.add(found.lower())
    return found
