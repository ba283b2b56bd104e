"""The commands of the ledgers (台账的命令): rows, steps, proof."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matcher.cli import saved
from matcher.cli.ledger_lists import collisions, history, list_rows, progress, proofs, reviews, show
from matcher.cli.listing import check_output
from matcher.cli.signing import signed_by
from matcher.corpora import open_corpora
from matcher.errors import SnapshotError
from matcher.ledger.asking import values_of
from matcher.ledger.books import ALL, ARRIVALS, PROJECTS, TARGETS, Book
from matcher.ledger.doubles import doubt_of
from matcher.ledger.entry import Entry, entering
from matcher.ledger.meant import Meant, meant, wanted
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
    if options.action == "add" and (name := wanted(setting, book, values)) is not None:
        company = naming()(name)
        values |= {"uscc": company.code} if company.code else {}
        if company.told:
            say(company.told)
    with open_store() as store, _entering(store, setting, options) as entry:
        written = _written(options, entry, book, values)
    said = {"add": "已登记", "set": "已修改", "step": "已推进", "delete": "已删除", "restore": "已恢复"}[options.action]
    _told(setting, book, written, said)
    return 0


def naming() -> Callable[[str], Meant]:
    """What tells which company a name means (认企业): of the current snapshot, else of the bundled sample, read when it is first asked."""
    ready: list[Callable[[str], Meant]] = []

    def of(name: str) -> Meant:
        if not ready:
            ready.append(_resolving())
        return ready[0](name)

    return of


def _resolving() -> Callable[[str], Meant]:
    """The same, read at once; where the snapshot cannot be read, no name means anything."""
    from matcher.intake import read_files
    from matcher.matching.resolution import Known, Resolver
    from matcher.rules.resolution import load_resolution
    from matcher.snapshot import open_current

    try:
        snapshot = open_current(home())
    except SnapshotError:
        return lambda _: Meant()
    corpora, called = open_corpora(), "当前快照" if snapshot else "随附样例"
    companies = snapshot.companies if snapshot else read_files([corpora.sample], corpora).companies
    known = Known({}, saved.judged())
    resolver = Resolver(companies, corpora, load_resolution(), known, snapshot.names if snapshot else None)
    return lambda name: meant(resolver, name, called)


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
    doubt = ""
    with open_store() as store, _entering(store, setting, options) as entry:
        written = entry.add(ARRIVALS, values)
        if kept is not None:
            digest, size = kept
            proof = attach(entry, ARRIVALS, written.id, kind=options.kind, digest=digest, size=size, file_name=options.proof)
            doubt = doubt_of(entry.connection, setting, digest, proof.id)
    _told(setting, ARRIVALS, written if kept is None else Written(written.book, written.id, 1, written.changes), "已登记")
    say_warnings([doubt] if doubt else [])
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
        doubt = doubt_of(entry.connection, setting, digest, proof.id)
    say(
        f"第 {options.number} 号{setting.called(book.name)}的{proof.kind}已附上：第 {proof.id} 号证明，摘要 {digest[:12]}，{size:,} 字节"
    )
    say_warnings([doubt] if doubt else [])
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
