"""The commands of the ledgers (台账的命令): rows, steps, proof."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matcher.cli.bases import code_now
from matcher.cli.ledger_lists import collisions, history, list_rows, progress, proofs, reviews, show
from matcher.cli.listing import check_output
from matcher.cli.signing import signed_by
from matcher.errors import OptionError
from matcher.ledger.books import ALL, ARRIVALS, PROJECTS, TARGETS, Book
from matcher.ledger.entry import Entry, entering
from matcher.ledger.proofs import attach, keep_file, withdraw_proof
from matcher.ledger.records import Written
from matcher.ledger.searching import conditions
from matcher.ledger.setting import Setting, open_setting
from matcher.ledger.sheets import shown
from matcher.locate import home
from matcher.store.database import Store, open_store

_SOURCE = "cli"
_LISTS = {"collisions": collisions, "progress": progress, "reviews": reviews}
_WRITES = ("add", "set", "step", "delete", "restore")
_FIRST = 10  # warnings on the screen


def run(options: argparse.Namespace) -> int:
    """Runs one of these commands (执行台账命令)."""
    if options.what in ("template", "export", "import"):
        from matcher.cli import ledger_sheets

        return ledger_sheets.run(options)
    if options.what in ("events", "hooks", "deliver"):
        from matcher.cli import event_verbs

        return event_verbs.run(options)
    setting = open_setting(options.zone, options.rules_folder)
    if options.what in ALL and options.action in _WRITES:
        return _write(options, setting)
    if options.what == "convert":
        return _convert(options, setting)
    if options.what == "arrive":
        return _arrive(options, setting)
    if options.what == "proof" and options.action in ("add", "withdraw"):
        return _proof(options, setting)
    check_output(options)
    with open_store() as store:
        if options.what in _LISTS:
            return _LISTS[options.what](options, setting, store)
        if options.what == "proof":
            return proofs(options, setting, store)
        return _listed(options, setting, store)


def values_of(setting: Setting, book: Book[Any], given: Sequence[str]) -> dict[str, str]:
    """列=值 as fields (读 列=值).

    Raises:
        OptionError: Something has no equals sign, a column is none of the book's, or stands twice.
    """
    names = {word: field for field, words in setting.rules.file.books[book.name].fields.items() for word in (field, *words)}
    found: dict[str, str] = {}
    for pair in given:
        column, sign, value = pair.partition("=")
        if not sign:
            raise OptionError(f"应写成 列=值，写的是「{pair[:30]}」")
        field = names.get(column.strip())
        if field is None:
            titles = [setting.title(book.name, one.name) for one in book.fields]
            raise OptionError(
                f"{setting.rules.file.books[book.name].title}没有「{column.strip()[:20]}」这一列，有 {'、'.join(titles)}"
            )
        if field in found:
            raise OptionError(f"「{column.strip()}」写了两次")
        found[field] = value
    return found


def _listed(options: argparse.Namespace, setting: Setting, store: Store) -> int:
    book = ALL[options.what]
    if options.action == "show":
        return show(options, setting, store, book)
    if options.action == "history":
        return history(options, setting, store, book)
    return list_rows(
        options, setting, store, book, conditions(setting, book, values_of(setting, book, options.where), options.search)
    )


def _write(options: argparse.Namespace, setting: Setting) -> int:
    book = ALL[options.what]
    values = values_of(setting, book, options.values) if options.action in ("add", "set") else {}
    if options.action == "add" and book.field("uscc") is not None and values.get("company") and not values.get("uscc"):
        code = code_now(values["company"])
        if code is not None:
            values["uscc"] = code
            say(f"统一社会信用代码按当前快照填：{code}")
    with open_store() as store, _entering(store, setting, options) as entry:
        written = _written(options, entry, book, values)
    said = {"add": "已登记", "set": "已修改", "step": "已推进", "delete": "已删除", "restore": "已恢复"}[options.action]
    _told(setting, book, written, said)
    return 0


def _written(options: argparse.Namespace, entry: Entry, book: Book[Any], values: Mapping[str, str]) -> Written:
    if options.action == "add":
        step = {"step": options.step, "on": options.on} if book.stepped else {}
        return entry.add(book, values, reason=options.reason, **step)
    if options.action == "set":
        return entry.set(book, options.number, values, version=options.version, reason=options.reason)
    if options.action == "step":
        return entry.step(book, options.number, options.step, on=options.on, version=options.version, reason=options.reason)
    if options.action == "delete":
        return entry.delete(book, options.number, reason=options.reason, version=options.version)
    return entry.restore(book, options.number, reason=options.reason, version=options.version)


def _convert(options: argparse.Namespace, setting: Setting) -> int:
    values = values_of(setting, PROJECTS, options.values)
    with open_store() as store, _entering(store, setting, options) as entry:
        moved, made = entry.convert(options.number, values, on=options.on, version=options.version, reason=options.reason)
    _told(setting, TARGETS, moved, "已转项目")
    _told(setting, PROJECTS, made, "已登记")
    return 0


def _arrive(options: argparse.Namespace, setting: Setting) -> int:
    values = {
        "project": options.number, "arrived_on": options.on, "origin": options.origin, "amount": options.amount,
        "means": options.means, "note": options.note,
    }  # fmt: skip
    kept = keep_file(home(), Path(options.proof)) if options.proof else None
    with open_store() as store, _entering(store, setting, options) as entry:
        written = entry.add(ARRIVALS, values)
        if kept is not None:
            digest, size = kept
            attach(entry, ARRIVALS, written.id, kind=options.kind, digest=digest, size=size, file_name=options.proof)
    _told(setting, ARRIVALS, written if kept is None else Written(written.book, written.id, 1, written.changes), "已登记")
    return 0


def _proof(options: argparse.Namespace, setting: Setting) -> int:
    if options.action == "withdraw":
        with open_store() as store, _entering(store, setting, options) as entry:
            proof = withdraw_proof(entry, options.number, reason=options.reason)
        say(f"已撤回第 {proof.id} 号证明（{proof.kind}，{proof.file_name}）")
        return 0
    book = ALL[options.book]
    digest, size = keep_file(home(), Path(options.file))
    with open_store() as store, _entering(store, setting, options) as entry:
        proof = attach(
            entry, book, options.number, kind=options.kind, digest=digest, size=size, file_name=options.file,
            step=options.step, note=options.note,
        )  # fmt: skip
    say(
        f"第 {options.number} 号{setting.called(book.name)}的{proof.kind}已附上：第 {proof.id} 号证明，摘要 {digest[:12]}，{size:,} 字节"
    )
    return 0


def _entering(store: Store, setting: Setting, options: argparse.Namespace) -> Any:
    return entering(store, setting, by=signed_by(options), source=_SOURCE)


def _told(setting: Setting, book: Book[Any], written: Written, said: str) -> None:
    called = f"第 {written.id} 号{setting.called(book.name)}"
    if not written.changes:
        say(f"{called}没有变化（第 {written.version} 版）")
    else:
        say(f"{said}{called}（第 {written.version} 版）")
        for name, (old, new) in written.changes.items():
            field = book.field(name)
            if field is not None and written.version > 1:
                before, after = shown(setting, book, field, old) or "（空）", shown(setting, book, field, new) or "（空）"
                say(f"  {setting.title(book.name, name)}：{before} → {after}")
    say_warnings(written.told)


def say_warnings(told: Sequence[str]) -> None:
    """Warnings, the first of them if they are many (提醒)."""
    for line in told[:_FIRST]:
        say(f"lianzhao: 注意：{line}")
    if len(told) > _FIRST:
        say(f"lianzhao: 注意：还有 {len(told) - _FIRST} 条提醒")


def say(line: str) -> None:
    """A line on stderr (说一句)."""
    print("".join(char if char.isprintable() else " " for char in line), file=sys.stderr)
