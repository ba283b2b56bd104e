"""Answers of the workbench as workbooks (规则调校的工作簿): two lists compared, and lines of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from matcher.outputs.workbook import Book, Column
from matcher.rules import Zone
from matcher.tuning.diff import Diff, Move, Part
from matcher.tuning.edits import Edit

_WIDE = ("name", "parts", "text")


def diff_xlsx(found: Diff, zone: Zone, header: Sequence[str], lines: Sequence[Sequence[Any]]) -> bytes:
    """Two lists compared as a workbook (名单对比工作簿): 对比, 分差明细, 规则改动.

    Args:
        found: The comparison.
        zone: The new rules, for the title.
        header: What ``lines`` hold.
        lines: One a company.
    """
    parts: list[Column[tuple[Move, Part]]] = [
        Column("企业名称", lambda line: line[0].name, 32),
        Column("项", lambda line: line[1].label, 20),
        Column("旧", lambda line: line[1].old, 9, "ten-thousandths"),
        Column("新", lambda line: line[1].new, 9, "ten-thousandths"),
        Column("分差", lambda line: line[1].change, 9, "ten-thousandths"),
        Column("代号", lambda line: line[1].id, 24),
    ]
    edits: list[Column[Edit]] = [
        Column("哪里", lambda e: e.where, 36),
        Column("什么", lambda e: e.what, 14),
        Column("旧", lambda e: e.old, 40, "wrapped"),
        Column("新", lambda e: e.new, 40, "wrapped"),
    ]
    with Book(f"{zone.file.name} 名单对比", found.as_of) as book:
        book.add("对比", _plain_columns(header), lines, frozen=1)
        book.add("分差明细", parts, [(move, part) for move in found.moves for part in move.parts], frozen=2)
        book.add("规则改动", edits, found.edits)
    return book.content()


def lines_xlsx(title: str, sheet: str, header: Sequence[str], lines: Sequence[Sequence[Any]]) -> bytes:
    """Lines as a workbook of one sheet (单表工作簿).

    Args:
        title: Shown above every printed page.
        sheet: Its name.
        header: What the lines hold.
        lines: The lines.
    """
    with Book(title) as book:
        book.add(sheet, _plain_columns(header), lines)
    return book.content()


def _plain_columns(header: Sequence[str]) -> list[Column[Sequence[Any]]]:
    return [
        Column(title, itemgetter(place), 36 if title in _WIDE else 14, "wrapped" if title in _WIDE else "text")
        for place, title in enumerate(header)
    ]
