"""``lianzhao report`` (通报命令): a report is told as text, JSON, workbook, document or page."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, TextIO

from matcher.cli.files import as_json, write_bytes, written
from matcher.cli.inputs import check_targets, working
from matcher.ledger.reports_changes import Recommended
from matcher.ledger.reports_monthly import annual, monthly
from matcher.ledger.reports_told import Document, Teller
from matcher.ledger.reports_weekly import weekly
from matcher.ledger.setting import Setting, open_setting
from matcher.rules.assessment import Assessment, load_assessment
from matcher.runs import today
from matcher.store.database import Store, open_store

_PLACES = 6


def run(options: argparse.Namespace) -> int:
    """Runs the command (执行命令)."""
    options.files = []
    check_targets(options)
    setting = open_setting(options.zone, options.rules_folder)
    scales = load_assessment(setting.rules, options.rules_folder)
    kinds: dict[str, Callable[[argparse.Namespace, Store, Setting, Assessment], tuple[Any, Document]]] = {
        "weekly": _weekly, "monthly": _monthly, "annual": _annual,
    }  # fmt: skip
    with working("汇总台账"), open_store() as store:
        report, document = kinds[options.kind](options, store, setting, scales)
    _write(options, report, document)
    return 0


def _weekly(options: argparse.Namespace, store: Store, setting: Setting, scales: Assessment) -> tuple[Any, Document]:
    as_of = options.as_of or today()
    report = weekly(store, setting, scales, options.week or as_of, as_of)
    changes: Recommended | None = None
    if not options.no_changes:
        from matcher.locate import home
        from matcher.tuning.weeks import changes_of_week

        changes = changes_of_week(
            store, setting.zone, report.since, report.until, home(), options.rules_folder, options.corpora
        )  # fmt: skip
    document = Teller(setting).weekly(report, changes)
    return {**as_plain(report), "recommended": as_plain(changes)}, document


def _monthly(options: argparse.Namespace, store: Store, setting: Setting, scales: Assessment) -> tuple[Any, Document]:
    as_of = options.as_of or today()
    month = date.fromisoformat(f"{options.month}-01") if options.month else as_of
    report = monthly(store, setting, scales, month, as_of)
    return as_plain(report), Teller(setting).monthly(report)


def _annual(options: argparse.Namespace, store: Store, setting: Setting, scales: Assessment) -> tuple[Any, Document]:
    as_of = options.as_of or today()
    report = annual(store, setting, scales, options.year or as_of.year, as_of)
    return as_plain(report), Teller(setting).annual(report)


def as_plain(value: Any) -> Any:
    """A report as JSON holds it (通报的 JSON): sums as text, parts of a whole as numbers, days as text."""
    if is_dataclass(value):
        return {field.name: as_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: as_plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(one) for one in value]
    if isinstance(value, Fraction):
        return round(float(value), _PLACES)
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _write(options: argparse.Namespace, report: Any, document: Document) -> None:
    if options.format == "xlsx":
        from matcher.cli.report_xlsx import report_xlsx

        write_bytes(options.out, report_xlsx(document))
    elif options.format == "docx":
        from matcher.cli.report_docx import report_docx

        write_bytes(options.out, report_docx(document))
    else:
        with written(options.out) as stream:
            if options.format == "json":
                stream.write(as_json(report) + "\n")
            elif options.format == "html":
                from matcher.cli.report_html import report_html

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
