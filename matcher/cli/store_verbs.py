"""The commands of the database (数据库的命令): ``register``, ``lists``, ``judge``, ``judgements``."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from matcher.cli.bases import company_base, named_now
from matcher.cli.inputs import check_targets, report, working
from matcher.cli.listing import check_output, write_listing
from matcher.cli.signing import signed_by
from matcher.corpora import open_corpora
from matcher.errors import RequestError
from matcher.intake import read_files
from matcher.intake.queries import with_list_columns
from matcher.matching.resolution import DECISION_LABELS, Known, Resolver
from matcher.rules import zone_ids
from matcher.rules.resolution import load_resolution
from matcher.scoring.published import qualifications_of
from matcher.store import judgements, lists, registers
from matcher.store.database import Store, open_store
from matcher.store.lists import ListKind, ListRow
from matcher.text.normalise import normalise


def run(options: argparse.Namespace) -> int:
    """Runs one of these commands (执行数据库命令)."""
    verb = f"{options.verb} {options.action}" if "action" in options else options.verb
    commands = {
        "register save": _save_register, "register list": _list_registers, "register remove": _remove_register,
        "lists import": _import, "lists show": _show, "lists queue": _queue, "lists remove": _remove_import,
        "judge": _judge, "judgements": _judgements,
    }  # fmt: skip
    return commands[verb](options)


def _save_register(options: argparse.Namespace) -> int:
    _check_zone(options)
    corpora = open_corpora(options.corpora)
    with working("读取本地名录"):
        intake = read_files(options.files, corpora)
    report(intake, options.rejects)
    with working("留存"), open_store() as store:
        changed = registers.save_register(
            store,
            options.zone,
            options.name,
            intake,
            corpora=corpora.digest,
            as_of=options.as_of,
            complete=options.complete,
            by=signed_by(options),
        )
    _say(f"已留存为「{options.name}」，{len(intake.companies):,} 家" if changed else f"「{options.name}」已是这一份，没有改动")
    return 0


def _list_registers(options: argparse.Namespace) -> int:
    check_output(options)
    with open_store() as store:
        found = registers.list_registers(store, options.zone, ended=options.all)
    titles = {
        "zone": "园区", "name": "名称", "as_of": "日期", "complete": "完整", "companies": "企业数", "files": "文件", "digest": "摘要",
        "saved_at": "留存时间", "saved_by": "留存人", "ended_at": "移除时间", "ended_by": "移除人",
    }  # fmt: skip
    write_listing(options, "本地名录", titles, [{key: getattr(one, key) for key in titles} for one in found])
    return 0


def _remove_register(options: argparse.Namespace) -> int:
    with open_store() as store:
        registers.remove_register(store, options.zone, options.name, by=signed_by(options))
    _say(f"已移除「{options.name}」")
    return 0


def _import(options: argparse.Namespace) -> int:
    options.files = [options.file, *options.against]
    options.format = options.out = None
    check_targets(options)
    kind = ListKind(options.list.strip(), options.issued, options.issuer)
    rules, corpora = load_resolution(options.rules_folder), open_corpora(options.corpora)
    with working("读取名单"):
        intake = read_files([options.file], with_list_columns(corpora), merge=False)
    report(intake, options.rejects)
    with working("读取企业"):
        base = company_base(options.against, corpora, sample=False)
    with working("归一"), open_store() as store:
        resolver = Resolver(base.companies, corpora, rules, Known({}, {}), base.index)
        against = lists.base_digest(resolver, base.digest, corpora.digest)
        changed = lists.import_list(store, kind, intake, resolver, against=against, by=signed_by(options))
        found = [
            one for one in lists.list_all(store) if (one.list, one.issued, one.source) == (kind.list, kind.issued, intake.digest)
        ]
    for one in found:
        said = "，".join(f"{label} {one.decisions.get(decision, 0):,}" for decision, label in DECISION_LABELS.items())
        _say(f"{one.list}（{one.issued}）：{said}" + ("" if changed else "；这份名单已经导入过，没有改动"))
        if one.decisions.get("unsure"):
            _say("吃不准的请看 lianzhao lists queue，用 lianzhao judge 判定")
    if not qualifications_of(kind.list, corpora):
        words = "、".join(words[0] for words in corpora.statuses["qualifications"].values())
        _say(f"lianzhao: 注意：规则不认得叫「{kind.list}」的名单，留着但不影响排序；名称里应有 {words} 等称号")
    return 0


def _show(options: argparse.Namespace) -> int:
    check_output(options)
    if options.list:
        with open_store() as store:
            _write_rows(options, lists.rows_of(store, options.list), "名单各行")
        return 0
    with open_store() as store:
        found = lists.list_all(store)
    titles = {
        "id": "编号", "list": "名单", "issued": "公布日期", "issuer": "公布单位", "same": "就是它", "unsure": "吃不准", "none": "没有找到",
        "rejected": "拒收", "files": "文件", "source": "摘要", "imported_at": "导入时间", "imported_by": "导入人",
    }  # fmt: skip
    counts = [{decision: one.decisions.get(decision, 0) for decision in DECISION_LABELS} for one in found]
    rows = [{**vars(one), **count} for one, count in zip(found, counts, strict=True)]
    write_listing(options, "名单", titles, rows)
    return 0


def _queue(options: argparse.Namespace) -> int:
    check_output(options)
    with open_store() as store:
        _write_rows(options, lists.queue(store, options.list), "待判定")
    return 0


def _write_rows(options: argparse.Namespace, rows: list[ListRow], title: str) -> None:
    titles = {
        "list": "名单", "issued": "公布日期", "row": "行", "query": "名称", "code": "代码", "decision": "结论", "uscc": "统一社会信用代码",
        "name": "企业", "why": "凭什么", "judged": "人工判定", "candidates": "候选",
    }  # fmt: skip
    told: list[dict[str, Any]] = [
        {
            **{key: getattr(row, key) for key in titles},
            "decision": row.decision if options.format == "json" else DECISION_LABELS[row.decision],
            "candidates": [{"name": c.name, "uscc": c.uscc, "confidence": c.confidence} for c in row.candidates]
            if options.format == "json"
            else [f"{c.name}（{c.uscc or '无代码'}，{c.confidence:.2f}）" for c in row.candidates],
        }
        for row in rows
    ]
    write_listing(options, title, titles, told)


def _remove_import(options: argparse.Namespace) -> int:
    with open_store() as store:
        lists.remove_import(store, options.number, by=signed_by(options))
    _say(f"已移除第 {options.number} 号导入")
    return 0


def _judge(options: argparse.Namespace) -> int:
    with open_store() as store:
        before = len(lists.queue(store))
        if options.withdraw:
            number = judgements.withdraw(store, options.query, by=signed_by(options), note=options.note)
            if not number:
                raise RequestError("判定", options.query, hint="现行的判定见 lianzhao judgements")
            _say(f"已撤回「{options.query}」的判定")
        else:
            given = "" if options.none else normalise(options.company).strip()
            found = None if options.none else named_now(given)
            code = found[0][0] if found and len(found) == 1 and found[0][0] != given.upper() else ""
            judgements.judge(store, options.query, options.company, code=code, by=signed_by(options), note=options.note)
            said = "：都不是" if options.none else f"是 {options.company}" + (f"（{code}，改名以后也认得）" if code else "")
            _say(f"已判定「{options.query}」{said}")
            if found is not None:
                _say_if_unknown(options.company, len(found))
        _say_queue(store, before)
    return 0


def _say_if_unknown(company: str, found: int) -> None:
    """A judgement may name a company that is not in the snapshot yet, but a slip of the pen should not go unseen."""
    if not found:
        _say(f"lianzhao: 注意：当前快照里没有 {company}，判定已记下，等企业库里有了才起作用；写错了请用 --withdraw 撤回")
    elif found > 1:
        _say(f"lianzhao: 注意：当前快照里有 {found} 家叫 {company}，请改用统一社会信用代码判定")


def _say_queue(store: Store, before: int) -> None:
    """How the queue of lists has changed by a judgement."""
    after = len(lists.queue(store))
    if before or after:
        _say(f"名单里待判定的：{before:,} → {after:,} 行")


def _judgements(options: argparse.Namespace) -> int:
    check_output(options)
    with open_store() as store:
        found = judgements.history(store)
    titles = {
        "query": "名称", "company": "判定", "by": "判定人", "note": "说明", "decided_at": "判定时间", "withdrawn_at": "撤回时间",
        "withdrawn_by": "撤回人", "withdrawn_note": "撤回说明",
    }  # fmt: skip
    shown = found if options.all else judgements.latest(found)
    rows: list[dict[str, Any]] = [{key: getattr(one, key) for key in titles} for one in shown]
    if options.format != "json":
        rows = [{**row, "company": row["company"] or "都不是"} for row in rows]
    write_listing(options, "人工判定", titles, rows)
    return 0


def _check_zone(options: argparse.Namespace) -> None:
    known = zone_ids(options.rules_folder)
    if options.zone not in known:
        raise RequestError("园区", options.zone, known)


def _say(line: str) -> None:
    print(line, file=sys.stderr)
