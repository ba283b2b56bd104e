"""Options of the events and webhooks of the ledgers (事件、回调命令的选项)."""

from __future__ import annotations

import argparse

from matcher.cli.arguments import Parser, Verbs, add_by, add_output, add_zone, positive


def add_verbs(whats: Verbs) -> None:
    """``events``, ``hooks``, ``deliver`` under ``ledger`` (事件、回调命令)."""
    _events(whats)
    _hooks(whats)
    deliver = whats.add_parser("deliver", help="投递一轮回调：到时候的每个发一次，失败的过后再试，最后放进死信")
    deliver.add_argument("--most", type=positive, default=100, metavar="N", help="最多发几个（默认 100）")
    _common(deliver)


def _events(whats: Verbs) -> None:
    events = whats.add_parser("events", help="跟踪系统的事件：导入、待认企业、认定")
    actions = events.add_subparsers(dest="action", required=True, metavar="动作", parser_class=Parser)
    imported = actions.add_parser(
        "import",
        help="导入事件",
        description="导入事件：一个 JSON 数组，或一行一个 JSON 对象；普通 JSON 和 CloudEvents 都收。同一来源、同一编号只算一次。",
    )
    imported.add_argument("file", metavar="FILE", help="事件文件，- 为标准输入")
    parked = actions.add_parser("parked", help="台账里没有的企业的事件，等人认定")
    settled = actions.add_parser("settle", help="认定待认的企业，补登它的事件")
    settled.add_argument("company", metavar="名称", help="事件里写的企业名称")
    settled.add_argument("--target", type=positive, metavar="编号", help="就是这个目标")
    settled.add_argument("--project", type=positive, metavar="编号", help="就是这个项目；都不写的，按名称再认一遍")
    for parser in (imported, parked, settled):
        _common(parser)
        add_output(parser)
    for parser in (imported, settled):
        add_by(parser)


def _hooks(whats: Verbs) -> None:
    hooks = whats.add_parser("hooks", help="回调：阶段、档次变动时告诉别的系统")
    actions = hooks.add_subparsers(dest="action", required=True, metavar="动作", parser_class=Parser)
    add = actions.add_parser("add", help="登记一个回调；密钥只显示这一次")
    add.add_argument("url", metavar="网址")
    add.add_argument(
        "--topic", action="append", default=[], metavar="事由", help="stage 阶段变动、band 档次变动，可重复（默认都要）"
    )
    end = actions.add_parser("end", help="停用一个回调")
    end.add_argument("number", type=positive, metavar="编号")
    listed = actions.add_parser("list", help="列出回调")
    waiting = actions.add_parser("waiting", help="还没有投到的")
    dead = actions.add_parser("dead", help="死信：试过几次都没有投到的")
    revive = actions.add_parser("revive", help="死信重投，一分钟几个，最早的在前")
    revive.add_argument("--most", type=positive, default=1000, metavar="个数", help="至多几个（默认 1000）")
    for parser in (add, end, listed, waiting, dead, revive):
        _common(parser)
    for parser in (listed, waiting, dead):
        add_output(parser)
    for parser in (add, end):
        add_by(parser)


def _common(parser: argparse.ArgumentParser) -> None:
    add_zone(parser)
    parser.add_argument("--rules", metavar="DIR", help="规则目录（默认随程序）", dest="rules_folder")
