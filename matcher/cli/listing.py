"""Lists of what the database holds (数据库内容的列表), as table, JSON, CSV or workbook: the same lines and columns in each."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from matcher.cli.files import write_bytes, written
from matcher.cli.inputs import check_targets
from matcher.cli.table import WIDTH, wide
from matcher.outputs.cells import as_json, safe
from matcher.runs import CHINA_TIME

_DIGEST = 12  # characters of a digest that tell it from others on a screen


def check_output(options: argparse.Namespace) -> None:
    """Raises if ``--format`` and ``--out`` do not fit together (检查输出选项)."""
    options.files = []
    check_targets(options)


def write_listing(options: argparse.Namespace, name: str, titles: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes lines as asked for (写出列表).

    Args:
        options: ``format`` and ``out``.
        name: What is listed, in Chinese.
        titles: Key → Chinese title, in the order of the columns.
        rows: The lines, with these keys.
    """
    if options.format == "xlsx":
        from matcher.cli.xlsx import listing_xlsx

        write_bytes(options.out, listing_xlsx(name, titles, [{key: _told(row[key]) for key in titles} for row in rows]))
        return
    with written(options.out, bom=options.format == "csv") as stream:
        if options.format == "json":
            stream.write(as_json([{key: _plain(row[key]) for key in titles} for row in rows]) + "\n")
        elif options.format == "csv":
            writer = csv.writer(stream, lineterminator="\r\n")
            writer.writerow(titles)
            writer.writerows([safe(_told(row[key])) for key in titles] for row in rows)
        else:
            _print(name, titles, rows, stream)


def _print(name: str, titles: Mapping[str, str], rows: Sequence[Mapping[str, Any]], stream: TextIO) -> None:
    """Cards, one a line: a table of many columns does not fit into 80."""
    console = Console(file=stream, width=None if wide(stream) else WIDTH, highlight=False)
    console.print(Text(f"{name}　{len(rows):,} 条", style="bold"))
    for number, row in enumerate(rows, start=1):
        told = {title: _shown(key, _told(row[key])) for key, title in titles.items()}
        card = Table(box=None, show_header=False, pad_edge=False)
        card.add_column(no_wrap=True)
        card.add_column(overflow="fold")
        for title, cell in told.items():
            if cell:
                card.add_row(Text(title, style="dim"), Text(cell))
        console.print(Text(f"{number}.", style="bold"))
        console.print(card)


def _shown(key: str, cell: str | int | float) -> str:
    text = str(cell)
    if key in ("digest", "source"):
        text = text[:_DIGEST]
    return "".join(char if char.isprintable() else "�" for char in text)


def _told(value: Any) -> str | int | float:
    """A value as a cell holds it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.astimezone(CHINA_TIME).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return "、".join(map(str, value))
    return value if isinstance(value, (int, float)) else str(value)


def _plain(value: Any) -> Any:
    """A value as JSON holds it."""
    return value.isoformat() if isinstance(value, date) else value
