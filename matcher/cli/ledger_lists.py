"""What the ledgers hold, as lists (台账的列表)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from matcher.cli.listing import write_listing
from matcher.ledger import reading
from matcher.ledger.asking import plain
from matcher.ledger.attesting import said
from matcher.ledger.books import ALL, PROJECTS, PROMISES, Book
from matcher.ledger.company import collisions as collisions_of
from matcher.ledger.company import credit
from matcher.ledger.counting import arrived, furthest, milestones
from matcher.ledger.doubles import doubts
from matcher.ledger.money import Money
from matcher.ledger.promises import warnings
from matcher.ledger.proofs import damaged, proofs_of
from matcher.ledger.records import Kept
from matcher.ledger.setting import Setting
from matcher.ledger.sheets import shown
from matcher.locate import home
from matcher.rules.assessment import load_assessment
from matcher.store.database import Store

VERBS = {"add": "登记", "set": "修改", "step": "推进", "delete": "删除", "restore": "恢复"}
"""What was done to a row, in Chinese (历史里的动作)."""


def list_rows(options: argparse.Namespace, setting: Setting, store: Store, book: Book[Any], conditions: Sequence[Any]) -> int:
    """The rows of a book (列出各行)."""
    with store.reading() as connection:
        found = reading.rows(connection, setting.zone, book, *conditions, deleted=options.all)
    _write_rows(options, setting, book, found)
    return 0


def show(options: argparse.Namespace, setting: Setting, store: Store, book: Book[Any]) -> int:
    """One row (一行的全部内容)."""
    with store.reading() as connection:
        found = [reading.row(connection, setting, book, options.number, deleted=True)]
    _write_rows(options, setting, book, found)
    return 0


def _write_rows(options: argparse.Namespace, setting: Setting, book: Book[Any], found: Sequence[Kept]) -> None:
    titles = {"id": "编号", **{field.name: setting.title(book.name, field.name) for field in book.everything}}
    titles |= {
        "version": "版本",
        "changed_by": "经手人",
        "changed_at": "改动时间",
        "deleted_by": "删除人",
        "deleted_note": "删除理由",
    }
    own = {field.name: field for field in book.everything}
    rows = [
        {
            name: getattr(record, name)
            if name not in own
            else plain(getattr(record, name))
            if options.format == "json"
            else shown(setting, book, own[name], getattr(record, name))
            for name in titles
        }
        for record in found
    ]
    write_listing(options, setting.rules.file.books[book.name].title, titles, rows)


def history(options: argparse.Namespace, setting: Setting, store: Store, book: Book[Any]) -> int:
    """All that happened to a row (一行的历史)."""
    with store.reading() as connection:
        reading.row(connection, setting, book, options.number, deleted=True)
        found = reading.history(connection, setting.zone, book, options.number)
    titles = {
        "version": "版本",
        "at": "时间",
        "by": "经手人",
        "verb": "动作",
        "changes": "改动",
        "reason": "理由",
        "source": "来自",
    }
    rows: list[dict[str, Any]] = []
    for change in found:
        told: Any
        if options.format == "json":
            told = {name: [plain(old), plain(new)] for name, (old, new) in change.changes.items()}
        else:
            told = [_changed(setting, book, name, old, new) for name, (old, new) in change.changes.items()]
        verb = change.verb if options.format == "json" else VERBS[change.verb]
        rows.append({**{name: getattr(change, name) for name in titles}, "verb": verb, "changes": told})
    write_listing(options, f"第 {options.number} 号{setting.called(book.name)}的历史", titles, rows)
    return 0


def _changed(setting: Setting, book: Book[Any], name: str, old: Any, new: Any) -> str:
    field = book.field(name)
    if field is None:
        return "删除" if new else "恢复"
    title, before, after = setting.title(book.name, name), shown(setting, book, field, old), shown(setting, book, field, new)
    return f"{title}={after}" if old is None else f"{title}：{before} → {after or '（空）'}"


def collisions(options: argparse.Namespace, setting: Setting, store: Store) -> int:
    """Who works on the same company (撞单清单)."""
    with store.reading() as connection:
        found = collisions_of(connection, setting)
    titles = {
        "name": "企业或集团", "by_family": "按集团", "shared": "已定份额", "book": "台账", "id": "编号", "company": "企业名称",
        "department": "部门", "group": "小组", "owner": "责任人", "state": "状态", "first_on": "首谈日期", "first_by": "首谈登记",
    }  # fmt: skip
    rows = [
        {
            **{name: getattr(claim, name, None) for name in titles},
            "name": one.name,
            "by_family": one.by_family,
            "shared": claim.shared,
            "book": claim.book if options.format == "json" else setting.called(claim.book),
            "group": setting.rules.groups.get(claim.group or "", claim.group),
            "state": claim.state if options.format == "json" else setting.step_name(claim.book, claim.state),
        }
        for one in found
        for claim in one.claims
    ]
    write_listing(options, f"撞单 {len(found)} 家", titles, rows)
    return 0


def progress(options: argparse.Namespace, setting: Setting, store: Store) -> int:
    """Where projects stand and what has arrived, as filed and as proved (项目进展)."""
    with store.reading() as connection:
        projects = reading.rows(connection, setting.zone, PROJECTS)
        stood, funds = milestones(connection, setting), arrived(connection, setting)
    titles = {
        "id": "编号", "name": "项目名称", "company": "投资企业", "department": "责任部门", "town": "镇街", "credit": "份额",
        "state": "填报进展", "state_on": "阶段日期", "proved": "有证明的进展", "missing": "缺证明的步骤",
        "agreed": "协议投资", "domestic": "到位内资",
        "domestic_proved": "到位内资（有证明）", "foreign": "到位外资", "foreign_proved": "到位外资（有证明）",
    }  # fmt: skip
    rows = []
    for project in projects:
        steps = stood.get(project.id, ())
        sums = funds.get(project.id, {})
        shares = credit(project)
        rows.append(
            {
                **{name: getattr(project, name, None) for name in titles},
                "credit": "、".join(f"{unit}:{share}" for unit, share in shares.items()) if len(shares) > 1 else "",
                "state": setting.step_name("projects", project.state),
                "proved": setting.step_name("projects", furthest(steps) or "") or "（无）",
                "missing": [setting.step_name("projects", one.step) for one in steps if not one.proved],
                "agreed": _money(setting, [project.agreed] if project.agreed else []),
                **{
                    f"{origin}{mark}": _money(
                        setting, [both.proved if mark else both.filed for (one, _), both in sums.items() if one == origin]
                    )
                    for origin in ("domestic", "foreign")
                    for mark in ("", "_proved")
                },
            }
        )
    write_listing(options, "项目进展", titles, rows)
    return 0


def reviews(options: argparse.Namespace, setting: Setting, store: Store) -> int:
    """What promises are warned of (承诺的公平竞争提醒)."""
    with store.reading() as connection:
        found = reading.rows(connection, setting.zone, PROMISES)
    titles = {
        "id": "编号", "project": "项目编号", "target": "目标编号", "kind": "承诺类型", "what": "承诺内容", "amount": "承诺金额",
        "ground": "文件依据", "reviewed_on": "审查日期", "label": "像是", "found": "看到的词", "unless": "规定", "instead": "怎么办",
        "sources": "依据", "settled": "已审查",
    }  # fmt: skip
    kinds = setting.vocabulary("word", "promise_kind")
    rows = [
        {
            **{name: getattr(promise, name, None) for name in titles},
            "kind": promise.kind if options.format == "json" else kinds[promise.kind][0],
            "amount": _money(setting, [promise.amount] if promise.amount else []),
            **{name: getattr(warned, name) for name in ("label", "found", "unless", "instead", "settled")},
            "sources": [str(source) for source in warned.sources],
        }
        for promise in found
        for warned in warnings(promise, setting.compliance)
    ]
    write_listing(options, "承诺的公平竞争提醒（只提醒，是否合法由审查单位定）", titles, rows)
    return 0


def proofs(options: argparse.Namespace, setting: Setting, store: Store) -> int:
    """Proofs, or those whose files are missing or changed (证明清单、核对)."""
    book = ALL[options.book] if getattr(options, "book", None) else None
    number = getattr(options, "number", None)
    with store.reading() as connection:
        found = proofs_of(
            connection, setting.zone, book, None if number is None else [number], withdrawn=getattr(options, "all", False)
        )
        check = options.action == "check"
        old = said(connection, setting, load_assessment(setting.rules, options.rules_folder)) if check else {}
        twice = {one.proof: one.why for one in doubts(connection, setting)} if check else {}
    titles = {
        "id": "编号", "book": "台账", "row": "行", "kind": "证明类型", "file_name": "文件", "size": "字节", "digest": "摘要",
        "note": "备注", "added_at": "登记时间", "added_by": "登记人", "withdrawn_at": "撤回时间",
        "withdrawn_by": "撤回人", "withdrawn_note": "撤回理由",
    }  # fmt: skip
    if options.action == "check":
        titles |= {"problem": "问题"}
        rows = [{**vars(proof), "problem": error.problem} for proof, error in damaged(home(), found)]
        rows += [{**vars(proof), "problem": old[proof.id]} for proof in found if proof.id in old]
        doubted = [{**vars(proof), "problem": twice[proof.id]} for proof in found if proof.id in twice]
        write_listing(
            options, f"证明 {len(found)} 份，缺失、改动、待更新、存疑的", titles, _called(options, setting, [*rows, *doubted])
        )
        return 1 if rows else 0
    write_listing(options, "证明", titles, _called(options, setting, [vars(proof) for proof in found]))
    return 0


def _called(options: argparse.Namespace, setting: Setting, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    if options.format == "json":
        return list(rows)
    return [{**row, "book": setting.called(row["book"])} for row in rows]


def _money(setting: Setting, sums: Sequence[Money]) -> str:
    return "、".join(one.shown(setting.currencies) for one in sums if one.amount)
