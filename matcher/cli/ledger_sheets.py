"""Workbooks of the ledgers (台账的 Excel): template, export, import."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matcher.cli.files import write_bytes
from matcher.cli.ledger_verbs import naming, say, say_warnings
from matcher.cli.listing import check_output, write_listing
from matcher.cli.signing import signed_by
from matcher.errors import InputError, OptionError, system_reason
from matcher.ledger import reading
from matcher.ledger.asking import values_of
from matcher.ledger.books import ALL
from matcher.ledger.importing import FATES, Imported, import_workbook
from matcher.ledger.setting import Setting, open_setting
from matcher.ledger.sheets import Cell, cells_of
from matcher.outputs.ledger_xlsx import workbook
from matcher.store.database import open_store

_THREE = ("targets", "projects", "activities")
_MOST_BYTES = 200 * 1024**2


def run(options: argparse.Namespace) -> int:
    """Runs one of these commands (执行 Excel 命令)."""
    setting = open_setting(options.zone, options.rules_folder)
    if options.what == "import":
        return _import(options, setting)
    if not options.out.lower().endswith(".xlsx"):
        raise OptionError(f"--out 应以 .xlsx 结尾，写的是 {options.out}")
    names = list(ALL) if getattr(options, "everything", False) else options.book or list(_THREE)
    books = [ALL[name] for name in ALL if name in names]
    rows: dict[str, list[Mapping[str, Cell]]] = {}
    if options.what == "export":
        with open_store() as store, store.reading() as connection:
            for book in books:
                found = reading.rows(connection, setting.zone, book)
                rows[book.name] = [cells_of(setting, book, record) for record in found]
    write_bytes(options.out, workbook(setting, books, rows))
    say(f"已写入 {options.out}" + (f"：{sum(map(len, rows.values())):,} 行" if rows else ""))
    return 0


def _import(options: argparse.Namespace, setting: Setting) -> int:
    check_output(options)
    raw = _bytes(Path(options.file))
    defaults = _defaults(setting, options.default)
    with open_store() as store:
        done = import_workbook(
            store,
            setting,
            raw,
            options.file,
            by=signed_by(options),
            dry_run=options.dry_run,
            reason=options.reason,
            defaults=defaults,
            naming=naming(),
        )
    counts = "，".join(f"{label} {done.count(fate):,}" for fate, label in FATES.items())
    say(f"{'试导入（没有写入）' if options.dry_run else '已导入'}：{counts} 行")
    if done.unread:
        say(f"lianzhao: 注意：没有读：{'；'.join(done.unread)}")
    say_warnings(list(dict.fromkeys(told for line in done.lines for told in line.told)))
    _write_lines(options, setting, done)
    return 0


def _write_lines(options: argparse.Namespace, setting: Setting, done: Imported) -> None:
    titles = {"sheet": "工作表", "row": "行", "book": "台账", "id": "编号", "fate": "结果", "changes": "改动", "told": "提醒"}
    shown = [line for line in done.lines if line.fate != "unchanged" or options.format != "table"]
    rows: list[dict[str, Any]] = []
    for line in shown:
        changes: Any = line.changes
        if options.format != "json":
            changes = [
                f"{title}={new}" if line.fate == "new" else f"{title}：{old or '（空）'} → {new or '（空）'}"
                for title, (old, new) in line.changes.items()
            ]
        own = {"book": setting.called(line.book), "fate": FATES[line.fate]} if options.format != "json" else {}
        new_row = {"id": None} if options.dry_run and line.fate == "new" else {}
        rows.append({**{name: getattr(line, name) for name in titles}, "changes": changes, **own, **new_row})
    write_listing(options, "改动", titles, rows)


def _defaults(setting: Setting, given: Sequence[str]) -> dict[str, dict[str, str]]:
    """Defaults go to every book that has such a column.

    Raises:
        OptionError: No book has it.
    """
    found: dict[str, dict[str, str]] = {}
    for pair in given:
        column = pair.partition("=")[0].strip()
        takers = [
            book for book in ALL.values()
            if any(column in (name, *words) for name, words in setting.rules.file.books[book.name].fields.items())
        ]  # fmt: skip
        if not takers or "=" not in pair:
            raise OptionError(f"--default 应写成 列=值，没有哪本台账有「{column[:20]}」这一列")
        for book in takers:
            found.setdefault(book.name, {}).update(values_of(setting, book, [pair]))
    return found


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(str(path), f"文件超过 {_MOST_BYTES // 1024**2} MB，请分成几个文件")
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(str(path), "没有这个文件") from None
    except OSError as error:
        raise InputError(str(path), f"读不到文件（{system_reason(error)}）") from None
