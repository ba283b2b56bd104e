"""Options of the commands on the service (服务命令的选项): ``keys``, ``serve``."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from matcher.cli.arguments import Parser, Verbs, add_by, add_output, count, day, port, positive

_RATE = "每分钟的请求数，0 不限"
_BODY = "请求体上限"


def add_verbs(verbs: Verbs) -> None:
    """``lianzhao keys …`` and ``lianzhao serve`` (密钥与服务命令)."""
    keys = verbs.add_parser(
        "keys",
        help="HTTP 服务的接口密钥：新建、列出、撤销；审计记录",
        description="接口密钥：谁可以向 HTTP 服务问什么。密钥只在新建时显示一次，数据库里只留它的摘要。",
    )
    actions = keys.add_subparsers(dest="action", required=True, metavar="动作", parser_class=Parser)
    _create(actions)
    shown = actions.add_parser("list", help="列出密钥")
    shown.add_argument("--all", action="store_true", help="连同已撤销的")
    add_output(shown)
    limit = actions.add_parser("limit", help="改一把密钥的限额；一秒之内各进程照新的办")
    limit.add_argument("key", metavar="编号", help="密钥的编号，见 keys list")
    limit.add_argument(
        "--rate", type=_or_usual(count), default=argparse.SUPPRESS, metavar="N", help=f"{_RATE}；default 同服务的设置"
    )
    limit.add_argument(
        "--body", type=_or_usual(_size), default=argparse.SUPPRESS, metavar="字节", help=f"{_BODY}；default 同服务的设置"
    )
    add_by(limit)
    revoke = actions.add_parser("revoke", help="撤销一把密钥；一秒之内各进程都不再认它")
    revoke.add_argument("key", metavar="编号", help="密钥的编号，见 keys list")
    add_by(revoke)
    audit = actions.add_parser("audit", help="列出审计记录：谁、何时、问了哪次排序，改了什么")
    audit.add_argument("--since", type=day, metavar="日期", help="从哪一天起（北京时间）")
    add_output(audit)
    _serve(verbs)


def _create(actions: Verbs) -> None:
    create = actions.add_parser("create", help="新建一把密钥，显示一次", description="密钥写在标准输出，只此一次。")
    create.add_argument("--name", required=True, metavar="名称", help="谁用它，如 跟踪系统；不要写个人信息")
    create.add_argument(
        "--role",
        required=True,
        metavar="角色",
        help="planner 招商人员、analyst 规则分析员、tracker 跟踪系统、admin 管理员",
    )
    create.add_argument("--zone", action="append", metavar="Z", help="只能问这个园区，可重复（默认全部）")
    create.add_argument(
        "--scope",
        action="append",
        metavar="范围",
        help="只能做这些，可重复：read、rank、score、resolve、runs、trips、ledger、admin（默认角色能做的全部）",
    )
    create.add_argument("--group", metavar="ID", help="产业招商小组：台账里它的行归这把密钥改")
    create.add_argument("--leader", action="store_true", help="领导：可看台账的全部行")
    create.add_argument("--rate", type=count, metavar="N", help=f"{_RATE}（默认同服务的设置）")
    create.add_argument("--body", type=_size, metavar="字节", help=f"{_BODY}（默认同服务的设置）")
    until = create.add_mutually_exclusive_group()
    until.add_argument("--expires", type=day, metavar="日期", help="用到哪一天为止（含当天，北京时间）")
    until.add_argument("--days", type=positive, default=365, metavar="N", help="用多少天（默认 365）")
    until.add_argument("--no-expiry", action="store_true", help="不设到期")
    add_by(create)


def _serve(verbs: Verbs) -> None:
    serve = verbs.add_parser(
        "serve",
        help="启动 HTTP 服务（默认仅本机）",
        description="默认在 127.0.0.1 用随附样例或当前快照服务，本机不用密钥。别的地址须先建密钥，并加 --require-keys。",
    )
    serve.add_argument("--host", default="127.0.0.1", metavar="地址", help="在哪个地址上服务（默认 127.0.0.1）")
    serve.add_argument("--port", type=_port, default=8000, metavar="端口", help="默认 8000；0 为任一空闲端口")
    serve.add_argument("--workers", type=positive, default=1, metavar="N", help="几个进程（默认 1）")
    serve.add_argument(
        "--pages",
        action=argparse.BooleanOptionalAction,
        help="在 /ui 开网页（默认：装了网页组件、只有一个进程时开；几个进程时网页要另起一个）",
    )
    serve.add_argument("--require-keys", action="store_true", help="每个请求都要密钥（LIANZHAO_REQUIRE_KEYS=1）")
    serve.add_argument("--allow-host", action="append", default=[], metavar="主机", help="接受的 Host，可重复（LIANZHAO_HOSTS）")
    serve.add_argument(
        "--allow-origin", action="append", default=[], metavar="来源", help="接受哪些网页的请求，可重复（LIANZHAO_ORIGINS）"
    )
    serve.add_argument("--root-path", default="", metavar="路径", help="在反向代理后面的路径前缀")
    serve.add_argument("--trusted-proxy", action="append", default=[], metavar="地址", help="信任哪些代理转告的客户地址，可重复")
    serve.add_argument("--log", choices=["auto", "json", "plain"], help="日志格式（默认 auto：终端上 plain，否则 json）")
    serve.add_argument("--per-minute", type=count, metavar="N", help="每把密钥每分钟的请求数（LIANZHAO_PER_MINUTE，0 不限）")
    serve.add_argument("--body-limit", type=positive, metavar="KB", help="请求体上限（LIANZHAO_BODY_LIMIT）")


def _size(text: str) -> int:
    """Bytes of a body."""
    from matcher.store.keys import MOST_BODY

    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:12]) <= MOST_BODY:
        raise argparse.ArgumentTypeError(f"应为 1 到 {MOST_BODY} 的整数，写的是 {text[:40]!r}")
    return int(text)


def _or_usual(read: Callable[[str], int]) -> Callable[[str], int | None]:
    """A limit, or the word for that of the service."""
    return lambda text: None if text == "default" else read(text)


def _port(text: str) -> int:
    """A port, or 0 for any that is free."""
    return 0 if text == "0" else port(text)
