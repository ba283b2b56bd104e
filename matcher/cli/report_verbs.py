"""``lianzhao report`` (通报命令): a report is told as text, JSON, workbook, document or page."""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any, TextIO

from matcher.cli.files import write_bytes, written
from matcher.cli.inputs import check_targets, working
from matcher.ledger.reports_told import Document
from matcher.ledger.setting import open_setting
from matcher.locate import home
from matcher.outputs.cells import as_json
from matcher.outputs.reports import SOURCED, Wanted, report
from matcher.rules.assessment import load_assessment
from matcher.runs import today
from matcher.store.database import open_store


def run(options: argparse.Namespace) -> int:
    """Runs the command (执行命令)."""
    options.files = []
    check_targets(options)
    setting = open_setting(options.zone, options.rules_folder)
    scales = load_assessment(setting.rules, options.rules_folder)
    with working("汇总台账"), open_store() as store:
        told, document = report(store, setting, scales, _wanted(options))
    _write(options, told, document)
    return 0


def _wanted(options: argparse.Namespace) -> Wanted:
    as_of = options.as_of or today()
    on = as_of
    if options.kind == "weekly":
        on = options.week or as_of
    elif options.kind == "monthly":
        on = date.fromisoformat(f"{options.month}-01") if options.month else as_of
    elif options.year:
        on = date(options.year, 1, 1)
    changes = options.kind == "weekly" and not options.no_changes
    corpora, sources = options.corpora if changes else None, options.format in SOURCED
    return Wanted(options.kind, on, as_of, home() if changes else None, options.rules_folder, corpora, sources, home())


def _write(options: argparse.Namespace, told: Any, document: Document) -> None:
    if options.format == "xlsx":
        from matcher.outputs.report_xlsx import report_xlsx

        write_bytes(options.out, report_xlsx(document))
    elif options.format == "docx":
        from matcher.outputs.report_docx import report_docx

        write_bytes(options.out, report_docx(document))
    else:
        with written(options.out) as stream:
            if options.format == "json":
                stream.write(as_json(told) + "\n")
            elif options.format == "html":
                from matcher.outputs.report_html import report_html

                stream.write(report_html(document))
            else:
                _print(document, stream)


def _print(document: Document, stream: TextIO) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from matcher.cli.table import WIDTH, wide

    console = Console(file=stream, width=None if wide(stream) else WIDTH, highlight=False)
    console.print(Text(f"{document.title}（{document.subtitle}）", style="bold"))
    for line in document.lines:
        console.print(Text(line))
    for section in document.sections:
        console.print(Text(f"\n{section.title}", style="bold"))
        for line in section.lines:
            console.print(Text(line))
        if section.head:
            table = Table(box=None, pad_edge=False)
            for title in section.head:
                table.add_column(Text(title, style="dim"), overflow="fold")
            for row in section.rows:
                table.add_row(*(Text(_printable(cell)) for cell in row))
            console.print(table)


def _printable(cell: str) -> str:
    return "".join(char if char.isprintable() else " " for char in cell)
