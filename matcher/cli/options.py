"""Options of every command (命令行选项)."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from typing import NoReturn, TypeAlias

from matcher.cli import snapshots

_DESCRIPTION = "链招：下一站该拜访谁，为什么。按园区产业链给企业排序，逐条说明理由。"


class _Parser(argparse.ArgumentParser):
    """argparse with one Chinese line per mistake."""

    def error(self, message: str) -> NoReturn:
        for english, chinese in _MESSAGES:
            message = message.replace(english, chinese)
        if "（可选 " in message:
            message = message.replace("'", "").removesuffix(")") + "）"
        print(f"lianzhao: {message}；用法见 {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)


_MESSAGES = (
    ("the following arguments are required: ", "缺少参数："),
    ("unrecognized arguments: ", "不认识的参数："),
    ("expected one argument", "后面应有一个值"),
    ("expected at least one argument", "后面至少应有一个值"),
    ("invalid choice: ", "没有这个选项："),
    (" (choose from ", "（可选 "),
    ("argument ", "参数 "),
    ("ambiguous option: ", "选项不明确："),
    ("could match", "可能是"),
)


Verbs: TypeAlias = "argparse._SubParsersAction[_Parser]"  # what argparse gives no public name


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line (命令行解析器)."""
    root = _Parser(prog="lianzhao", description=_DESCRIPTION, allow_abbrev=False)
    verbs = root.add_subparsers(dest="verb", required=True, metavar="命令", parser_class=_Parser)
    for add in (_rank, _gaps, _match, _score, snapshots.add_verbs, _others):
        add(verbs)
    return root


def _rank(verbs: Verbs) -> None:
    rank = verbs.add_parser(
        "rank",
        help="给企业排序，列出最值得拜访的",
        description="给企业排序；不给文件时用当前快照，还没有快照就用随附的真实企业样例。",
    )
    rank.add_argument("files", nargs="*", metavar="FILE", help="企业文件：CSV（UTF-8 或 GB18030，可 gzip）、XLSX 或 Parquet")
    _zone(rank)
    rank.add_argument("--city", action="append", default=[], metavar="城市", help="只看这些城市，可重复；青岛 等于 青岛市")
    rank.add_argument("--chain", action="append", default=[], metavar="ID", help="只看这条产业链，可重复")
    rank.add_argument("--group", metavar="ID", help="只看这个产业招商小组的产业链")
    rank.add_argument("--need", metavar="N", help="只看这种需求：complement 补链、strengthen 强链、extend 延链")
    _local(rank, required=False)
    rank.add_argument("--as-of", type=_day, metavar="日期", help="按哪一天计算（默认今天，北京时间）")
    rank.add_argument("--top", type=_positive, default=20, metavar="N", help="列出前 N 家（默认 20）")
    _output(rank)
    _intake(rank)


def _gaps(verbs: Verbs) -> None:
    gaps = verbs.add_parser(
        "gaps",
        help="产业链各环节本地有什么、缺什么，该补、该强还是该延",
        description="读本地企业名录，逐环节看有多少、多大、多确切，推导需求；名录不全的，没有见到只当不详。",
    )
    _zone(gaps)
    _local(gaps, required=True)
    gaps.add_argument("--chain", action="append", default=[], metavar="ID", help="只看这条产业链，可重复；svg 只画一条")
    gaps.add_argument(
        "--format", choices=["table", "json", "csv", "xlsx", "svg"], default="table", help="输出格式（默认 table）；svg 为产业链图"
    )
    gaps.add_argument("--out", metavar="FILE", help="写入文件（默认屏幕；xlsx 必须写入文件）")
    _intake(gaps)


def _match(verbs: Verbs) -> None:
    match = verbs.add_parser(
        "match", help="逐行给出与各产业链的契合度", description="每个输入行、每条产业链输出一行，按输入次序，不合并。"
    )
    match.add_argument("files", nargs="+", metavar="FILE", help="企业文件：CSV、XLSX 或 Parquet")
    _zone(match)
    match.add_argument("--format", choices=["csv", "xlsx"], default="csv", help="输出格式（默认 csv）")
    match.add_argument("--out", required=True, metavar="FILE", help="输出文件")
    _intake(match)


def _score(verbs: Verbs) -> None:
    score = verbs.add_parser(
        "score",
        help="给单个或一组企业评分，逐条解释（JSON）",
        description="从标准输入读 JSON：对象进、对象出；数组进、数组出。每条规则命中与否、读到什么、为什么，都在 explanation 里。",
    )
    _zone(score)
    score.add_argument("--format", choices=["json", "table"], default="json", help="json（默认）或 table（给人看的逐条解释）")
    score.add_argument("--as-of", type=_day, metavar="日期", help="按哪一天计算（默认今天，北京时间）")
    _folders(score)


def _others(verbs: Verbs) -> None:
    rules = verbs.add_parser("rules", help="检查规则", description="规则文件的检查。")
    actions = rules.add_subparsers(dest="action", required=True, metavar="动作", parser_class=_Parser)
    check = actions.add_parser("check", help="检查一个园区的全部规则文件，错误一次列全")
    check.add_argument("zone", metavar="园区")
    _folders(check)

    serve = verbs.add_parser("serve", help="启动 HTTP 服务（仅本机）", description="在 127.0.0.1 启动评分与排序服务。")
    serve.add_argument("--host", default="127.0.0.1", metavar="地址", help="只允许本机地址")
    serve.add_argument("--port", type=_port, default=8000, metavar="端口")


def _zone(command: argparse.ArgumentParser) -> None:
    command.add_argument("--zone", required=True, metavar="Z", help="园区，即 rules/ 下的目录名")


def _local(command: argparse.ArgumentParser, *, required: bool) -> None:
    command.add_argument(
        "--local", action="append", default=[], required=required, metavar="FILE", help="本地企业名录，可重复：据此推导各环节需求"
    )
    command.add_argument("--local-complete", action="store_true", help="名录就是全部：没有见到的环节按没有算（默认按不详）")


def _output(command: argparse.ArgumentParser) -> None:
    command.add_argument("--format", choices=["table", "json", "csv", "xlsx"], default="table", help="输出格式（默认 table）")
    command.add_argument("--out", metavar="FILE", help="写入文件（默认屏幕；xlsx 必须写入文件）")


def _intake(command: argparse.ArgumentParser) -> None:
    command.add_argument("--rejects", metavar="FILE.csv", help="拒收清单写到哪里（默认程序数据目录）")
    _folders(command)


def _folders(command: argparse.ArgumentParser) -> None:
    command.add_argument("--rules", metavar="DIR", help="规则目录（默认随程序）", dest="rules_folder")
    command.add_argument("--corpora", metavar="DIR", help="语料目录（默认随程序）")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"应为日期，如 2024-08-27，写的是 {text[:40]!r}") from None


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"应为 1 到 1000000 的整数，写的是 {text[:40]!r}")
    return int(text)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 65535:
        raise argparse.ArgumentTypeError(f"应为 1 到 65535 的整数，写的是 {text[:40]!r}")
    return int(text)
