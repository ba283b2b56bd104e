"""Workbooks of the ledgers (台账的 Excel): template, export, import."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from matcher.cli.files import write_bytes
from matcher.cli.ledger_verbs import say, say_warnings, values_of
from matcher.cli.listing import check_output, write_listing
from matcher.cli.signing import signed_by
from matcher.cli.xlsx import Book as Workbook
from matcher.cli.xlsx import Column
from matcher.errors import InputError, OptionError, system_reason
from matcher.ledger import reading
from matcher.ledger.books import ALL, Book, Field
from matcher.ledger.importing import FATES, Imported, import_workbook
from matcher.ledger.setting import Setting, open_setting
from matcher.ledger.sheets import CLEAR, HOW, Cell, cells_of, choices, columns_of
from matcher.store.database import open_store

_THREE = ("targets", "projects", "activities")
_FORMS = {"money": "amount", "decimal": "amount", "whole": "whole", "row": "whole"}
_WIDE = ("what", "content", "note", "why", "result", "contacts", "next_step", "people", "whom", "company", "name")
_MOST_BYTES = 200 * 1024**2
_SAID = {
    "date": "日期，如 2024-08-27", "money": "数字以万元计；外币写明，如 300万美元", "uscc": "18 位",
    "shares": "甲局:1/2、乙局:1/2，合计正好为 1", "whole": "整数", "decimal": "数字，最多两位小数", "row": "编号，或全称",
}  # fmt: skip


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
