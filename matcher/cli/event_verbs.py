"""``lianzhao ledger events``, ``hooks``, ``deliver`` (事件、回调命令)."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from matcher.cli.inputs import working
from matcher.cli.listing import check_output, write_listing
from matcher.cli.signing import signed_by
from matcher.errors import InputError, system_reason
from matcher.ledger import letters, webhooks
from matcher.ledger.events import FATES, MOST_AT_ONCE, Answer
from matcher.ledger.events_received import parked, receive, settle
from matcher.ledger.setting import Setting, open_setting
from matcher.runs import CHINA_TIME
from matcher.store.database import Store, open_store

_ANSWERS = {
    "index": "序号", "source": "来源", "id": "事件编号", "fate": "结果", "said": "说明", "book": "台账", "row": "编号",
}  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Runs one of these commands (执行事件、回调命令)."""
    setting = open_setting(options.zone, options.rules_folder)
    verb = f"{options.what} {options.action}" if "action" in options else options.what
    commands: dict[str, Callable[[argparse.Namespace, Setting, Store], int]] = {
        "events import": _import, "events parked": _parked, "events settle": _settle, "hooks add": _add, "hooks end": _end,
        "hooks list": _list, "hooks waiting": _letters, "hooks dead": _letters, "hooks revive": _revive, "deliver": _deliver,
    }  # fmt: skip
    if "format" in options:
        check_output(options)
    with open_store() as store:
        return commands[verb](options, setting, store)


def _import(options: argparse.Namespace, setting: Setting, store: Store) -> int:
    items = read_items(options.file)
    answers: list[Answer] = []
    with working("收事件"):
        for start in range(0, len(items), MOST_AT_ONCE):
            batch = receive(store, setting, items[start : start + MOST_AT_ONCE], by=signed_by(options))
            answers += [Answer(**{**asdict(one), "index": one.index + start}) for one in batch]
    counts = Counter(one.fate for one in answers)
    _say(f"收到 {len(answers):,} 个事件：" + ("，".join(f"{FATES[fate]} {n:,}" for fate, n in counts.items()) or "没有"))
    wrong = [one for one in answers if one.fate in ("parked", "refused", "invalid")]
    _write_answers(options, "事件", answers if options.format == "json" else wrong)
    return 1 if counts["invalid"] or counts["refused"] else 0


def read_items(file: str) -> list[Any]:
    """The items of a file of events (读事件文件): a JSON array, one object, or one object a line.

    Raises:
        InputError: It cannot be read, or is no JSON.
    """
    shown = "标准输入" if file == "-" else file
    try:
        text = (sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(shown, "应为 UTF-8 编码的 JSON") from None
    except OSError as error:
        raise InputError(shown, f"读不到（{system_reason(error)}）") from None
    if text.lstrip().startswith("["):
        found = _json(text, shown, None)
        return list(found)
    return [_json(line, shown, number) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]


def _json(text: str, shown: str, row: int | None) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise InputError(shown, "JSON 嵌套过深", row=row) from None
    except ValueError as error:
        at = row if row is not None else getattr(error, "lineno", None)
        raise InputError(shown, "不是有效的 JSON：应为数组，或一行一个对象", row=at) from None


def _write_answers(options: argparse.Namespace, name: str, answers: Sequence[Answer]) -> None:
    if options.format == "table" and not answers:
        return
    rows = [asdict(one) | ({} if options.format == "json" else {"fate": FATES[one.fate]}) for one in answers]
    write_listing(options, name, _ANSWERS, rows)


def _parked(options: argparse.Namespace, setting: Setting, store: Store) -> int:
    titles = {
        "company": "企业", "uscc": "信用代码", "type": "事件类型", "happened_at": "发生时间", "source": "来源", "id": "事件编号",
        "said": "说明", "parked_at": "收到时间",
    }  # fmt: skip
    write_listing(options, "待认企业的事件", titles, [asdict(one) for one in parked(store, setting.zone)])
    return 0


def _settle(options: argparse.Namespace, setting: Setting, store: Store) -> int:
    answers = settle(store, setting, options.company, by=signed_by(options), target=options.target, project=options.project)
    counts = Counter(one.fate for one in answers)
    _say(f"「{options.company}」：" + "，".join(f"{FATES[fate]} {n:,}" for fate, n in counts.items()))
    _write_answers(options, "事件", answers)
    return 0


def _add(options: argparse.Namespace, setting: Setting, store: Store) -> int:
    number, secret = webhooks.add_hook(store, setting.zone, options.url, options.topic, by=signed_by(options))
    _say(f"已登记第 {number} 号回调；密钥如下，只显示这一次")
    print(secret)
    return 0


def _end(options: argparse.Namespace, setting: Setting, store: Store) -> int:
    webhooks.end_hook(store, setting.zone, options.number, by=signed_by(options))
    _say(f"已停用第 {options.number} 号回调")
    return 0


def _list(options: argparse.Namespace, setting: Setting, store: Store) -> int:
    titles = {
        "id": "编号", "url": "网址", "topics": "事由", "created_at": "登记时间", "created_by": "登记人", "ended_at": "停用时间",
    }  # fmt: skip
    hooks = [asdict(one) for one in webhooks.hooks_of(store, setting.zone)]
    rows = hooks if options.format == "json" else [one | {"topics": "、".join(one["topics"])} for one in hooks]
    write_listing(options, "回调", titles, rows)
    return 0


def _letters(options: argparse.Namespace, setting: Setting, store: Store) -> int:
    titles = {
        "id": "编号", "url": "网址", "topic": "事由", "body": "内容", "attempts": "试过几次", "due_at": "下次", "last_error": "上次的结果",
    }  # fmt: skip
    found = letters.undelivered(store, setting.zone, dead=options.action == "dead")
    rows = [asdict(one) | ({} if options.format == "json" else {"body": _told(setting, one.body)}) for one in found]
    write_listing(options, "死信" if options.action == "dead" else "待投", titles, rows)
    return 0


def _told(setting: Setting, body: Mapping[str, Any]) -> str:
    """What a delivery says, in one line: who went from where to where."""
    if "band" in body:
        return f"{body['company']['name']}：{body['before']} 档 → {body['band']} 档"
    before = setting.step_name(body["book"], body["before"])
    return f"{setting.called(body['book'])} {body['row']} {body['name']}：{before} → {body['step_name']}（{body['on']}）"


def _revive(options: argparse.Namespace, setting: Setting, store: Store) -> int:
    done = letters.revive(store, setting.zone, most=options.most)
    until = f"，一分钟 {letters.REVIVED_AT_ONCE} 个，排到 {done.until.astimezone(CHINA_TIME):%m-%d %H:%M}" if done.until else ""
    _say(f"重投 {done.revived:,} 个{until}；还有死信 {done.left:,} 个")
    return 0


def _deliver(options: argparse.Namespace, setting: Setting, store: Store) -> int:
    done = letters.deliver(store, setting, most=options.most)
    _say(f"投到 {done.sent:,} 个，没有投到 {done.failed:,} 个（放进死信 {done.given_up:,} 个），还有 {done.waiting:,} 个在等")
    return 1 if done.failed else 0


def _say(line: str) -> None:
    print(line, file=sys.stderr)
