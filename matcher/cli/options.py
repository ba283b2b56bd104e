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
    ("one of the arguments ", "须给出其中一个："),
    (" is required", ""),
    ("not allowed with argument ", "不能与这个参数同用："),
    ("could match", "可能是"),
)


Verbs: TypeAlias = "argparse._SubParsersAction[_Parser]"  # what argparse gives no public name


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line (命令行解析器)."""
    root = _Parser(prog="lianzhao", description=_DESCRIPTION, allow_abbrev=False)
    verbs = root.add_subparsers(dest="verb", required=True, metavar="命令", parser_class=_Parser)
    for add in (
        _rank,
        _gaps,
        _match,
        _resolve,
        snapshots.add_verbs,
        _score,
        _why_not,
        _certainty,
        _rules,
        _register,
        _lists,
        _judge,
        _others,
    ):
        add(verbs)
    _dated(verbs.choices["build"])
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
    _local(rank)
    _dated(rank)
    rank.add_argument("--as-of", type=_day, metavar="日期", help="按哪一天计算（默认今天，北京时间）")
    rank.add_argument("--no-store", action="store_true", help="不用数据库：不读名单依据，不留批次")
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
    _local(gaps)
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


def _resolve(verbs: Verbs) -> None:
    resolve = verbs.add_parser(
        "resolve",
        help="名单上的品牌、简称、旧名、错字是哪家企业",
        description="名单的每一行一个答案：就是它（same）、吃不准（unsure，列候选）、没有找到（none）。",
    )
    resolve.add_argument(
        "queries",
        metavar="QUERIES",
        help="名单：CSV、XLSX 或 Parquet，一列 query（或 品牌、简称、名称、企业名称），可有一列 uscc；一行一个名称的文本；- 读标准输入",
    )
    resolve.add_argument(
        "--against", nargs="+", default=[], metavar="FILE", help="企业库：企业文件，可以几个（默认当前快照，没有则随附样例）"
    )
    resolve.add_argument("--brands", metavar="FILE", help="品牌对照表：brand,legal_name[,uscc]")
    resolve.add_argument("--no-store", action="store_true", help="不用数据库：不读人工判定")
    _output(resolve)
    resolve.set_defaults(format=None)  # a list that goes to a file called .csv is one
    _folders(resolve)


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


def _why_not(verbs: Verbs) -> None:
    why = verbs.add_parser(
        "why-not",
        help="一家企业为什么不在前列，问到什么、改什么能进",
        description="说明一家企业在第几位、差多少；再找能让它进前列的答案和改动，由易到难，每一种都重新排名验证过。",
    )
    _listed(why)
    why.add_argument("--company", required=True, metavar="企业", help="企业名称、名称里独有的几个字，或统一社会信用代码")
    why.add_argument("--format", choices=["table", "json"], default="table", help="输出格式（默认 table）")
    why.add_argument("--out", metavar="FILE", help="写入文件（默认屏幕）")
    _intake(why)


def _certainty(verbs: Verbs) -> None:
    certainty = verbs.add_parser(
        "certainty",
        help="名单稳不稳：未知的问清以后谁还在前列，最该先问哪一句",
        description="把未知的各种可能补全，看每家在几成情形里进前列；抽样时写明种子，同一种子结果相同。",
    )
    _listed(certainty)
    certainty.add_argument("--draws", type=_positive, default=200, metavar="N", help="至多看多少种补全（默认 200；不超过时全部看）")
    certainty.add_argument("--seed", type=_count, default=1, metavar="N", help="抽样的种子（默认 1）")
    _output(certainty)
    _intake(certainty)


def _listed(command: argparse.ArgumentParser, *, zone: bool = True) -> None:
    """What a list is asked for, as far as the verbs on lists share it."""
    command.add_argument("files", nargs="*", metavar="FILE", help="企业文件：CSV、XLSX 或 Parquet（默认当前快照，没有则随附样例）")
    if zone:
        _zone(command)
    command.add_argument("--city", action="append", default=[], metavar="城市", help="只看这些城市，可重复")
    command.add_argument("--chain", action="append", default=[], metavar="ID", help="只看这条产业链，可重复")
    command.add_argument("--group", metavar="ID", help="只看这个产业招商小组的产业链")
    command.add_argument("--need", metavar="N", help="只看这种需求：complement 补链、strengthen 强链、extend 延链")
    command.add_argument("--top", type=_positive, default=20, metavar="N", help="前列是前几家（默认 20）")
    _local(command)
    _tried(command)


def _tried(command: argparse.ArgumentParser) -> None:
    """What rules are tried on, beside the files."""
    _dated(command)
    command.add_argument("--as-of", type=_day, metavar="日期", help="按哪一天计算（默认今天，北京时间）")
    command.add_argument("--no-store", action="store_true", help="不用数据库：不读名单依据")


def _rules(verbs: Verbs) -> None:
    rules = verbs.add_parser("rules", help="检查规则，比较两套规则的名单", description="规则文件的检查与对比。")
    actions = rules.add_subparsers(dest="action", required=True, metavar="动作", parser_class=_Parser)
    check = actions.add_parser(
        "check",
        help="检查一个园区的全部规则文件：错误、合规问题一次列全，再列疑处",
        description="错误和合规问题一次列全；都没有时列出疑处：轮不到的、对谁都一样的、重复计分的、区间有缝的……",
    )
    check.add_argument("zone", metavar="园区")
    check.add_argument("files", nargs="*", metavar="FILE", help="用哪些企业看（默认当前快照，没有则随附样例）")
    check.add_argument("--all", action="store_true", help="没有命中过的规则和词也列出来")
    check.add_argument("--strict", action="store_true", help="有疑处时退出码为 1")
    _tried(check)
    _output(check)
    _intake(check)

    diff = actions.add_parser(
        "diff",
        help="两套规则各排一次，谁进、谁出、谁换位，每一分差由哪条规则来",
        description="同一批企业按两套规则各排一次，逐家、逐条规则对比；不改任何文件。",
    )
    diff.add_argument("zone", metavar="园区")
    diff.add_argument("old", metavar="OLD", help="旧规则：园区的规则目录，或 draft（现在的规则目录）")
    diff.add_argument("new", metavar="NEW", help="新规则：同上")
    _listed(diff, zone=False)
    diff.add_argument("--most-churn", type=_count, metavar="N", help="前列最多换 N 家，超过时退出码为 1（供 CI 用）")
    _output(diff, svg="位次变化图")
    _intake(diff)


def _register(verbs: Verbs) -> None:
    register = verbs.add_parser(
        "register",
        help="留存本地名录，rank、gaps 用 --register 读",
        description="把园区的本地企业名录留存在数据库里，以后不用再给文件。",
    )
    actions = register.add_subparsers(dest="action", required=True, metavar="动作", parser_class=_Parser)
    save = actions.add_parser("save", help="留存一份名录；同名的以新的为准")
    save.add_argument("files", nargs="+", metavar="FILE", help="企业文件：CSV、XLSX 或 Parquet")
    _zone(save)
    save.add_argument("--name", default="本地名录", metavar="名称", help="叫什么（默认 本地名录）")
    save.add_argument("--as-of", type=_day, metavar="日期", help="名录是哪一天的")
    save.add_argument("--complete", action="store_true", help="名录就是全部：没有见到的环节按没有算")
    _by(save)
    _intake(save)
    shown = actions.add_parser("list", help="列出留存的名录")
    shown.add_argument("--zone", metavar="Z", help="只看这个园区")
    shown.add_argument("--all", action="store_true", help="连同已移除、已替换的")
    _output(shown)
    remove = actions.add_parser("remove", help="移除一份名录；历史里仍有")
    remove.add_argument("name", metavar="名称")
    _zone(remove)
    _by(remove)


def _lists(verbs: Verbs) -> None:
    lists = verbs.add_parser(
        "lists",
        help="导入专精特新、龙头企业、百强等名单，作为排序的依据",
        description="名单上的名称逐个归一：就是它的成为有日期的依据，吃不准的待人判定（见 judge），没有找到的留着。",
    )
    actions = lists.add_subparsers(dest="action", required=True, metavar="动作", parser_class=_Parser)
    load = actions.add_parser("import", help="导入一份名单；同一文件再导入不变")
    load.add_argument("file", metavar="FILE", help="名单：有一列企业名称的 CSV、XLSX 或 Parquet")
    load.add_argument("--list", required=True, metavar="名单", help="名单叫什么，如 专精特新")
    load.add_argument("--issued", required=True, type=_day, metavar="日期", help="哪一天公布的；计算日早于它的，不作依据")
    load.add_argument("--issuer", default="", metavar="单位", help="谁公布的")
    load.add_argument("--against", default=[], action="append", metavar="FILE", help="在这些企业文件里找，可重复（默认当前快照）")
    _by(load)
    _intake(load)
    for action, said in (("show", "列出导入的名单；给出名单名称的，逐行列出"), ("queue", "列出吃不准、待人判定的")):
        shown = actions.add_parser(action, help=said)
        shown.add_argument("list", nargs="?", metavar="名单", help="只看这份名单")
        _output(shown)
    remove = actions.add_parser("remove", help="移除一次导入；历史里仍有，不再作依据")
    remove.add_argument("number", type=_positive, metavar="编号", help="见 lists show")
    _by(remove)


def _judge(verbs: Verbs) -> None:
    judge = verbs.add_parser(
        "judge",
        help="判定一个名称是哪家企业",
        description="人的判定先于程序的；可以撤回，历史里仍有。名称按去掉空格、标点后的写法比较。",
    )
    judge.add_argument("query", metavar="名称")
    decision = judge.add_mutually_exclusive_group(required=True)
    decision.add_argument("--is", dest="company", metavar="代码|全称", help="就是这家：统一社会信用代码或企业全称")
    decision.add_argument("--none", action="store_true", help="都不是")
    decision.add_argument("--withdraw", action="store_true", help="撤回以前的判定")
    judge.add_argument("--note", default="", metavar="说明")
    _by(judge)
    judgements = verbs.add_parser("judgements", help="列出人工判定", description="列出人工判定，先作的在前。")
    judgements.add_argument("--all", action="store_true", help="连同已撤回、已改判的")
    _output(judgements)


def _others(verbs: Verbs) -> None:
    serve = verbs.add_parser("serve", help="启动 HTTP 服务（仅本机）", description="在 127.0.0.1 启动评分与排序服务。")
    serve.add_argument("--host", default="127.0.0.1", metavar="地址", help="只允许本机地址")
    serve.add_argument("--port", type=_port, default=8000, metavar="端口")


def _zone(command: argparse.ArgumentParser) -> None:
    command.add_argument("--zone", required=True, metavar="Z", help="园区，即 rules/ 下的目录名")


def _local(command: argparse.ArgumentParser) -> None:
    command.add_argument("--local", action="append", default=[], metavar="FILE", help="本地企业名录，可重复：据此推导各环节需求")
    command.add_argument(
        "--register",
        nargs="?",
        const="",
        metavar="名称",
        help="用留存的本地名录（见 register）代替 --local；不写名称的，用最近留存的一份",
    )
    command.add_argument("--local-complete", action="store_true", help="名录就是全部：没有见到的环节按没有算（默认按不详）")


def _by(command: argparse.ArgumentParser) -> None:
    command.add_argument("--by", metavar="姓名", help="谁作的（默认系统用户名）")


def _output(command: argparse.ArgumentParser, svg: str = "") -> None:
    """``svg``: what the picture shows, where there is one."""
    formats = ["table", "json", "csv", "xlsx", *(["svg"] if svg else [])]
    said = f"输出格式（默认 table）{'；svg 为' + svg if svg else ''}"
    command.add_argument("--format", choices=formats, default="table", help=said)
    command.add_argument("--out", metavar="FILE", help="写入文件（默认屏幕；xlsx 必须写入文件）")


def _intake(command: argparse.ArgumentParser) -> None:
    command.add_argument("--rejects", metavar="FILE.csv", help="拒收清单写到哪里（默认程序数据目录）")
    _folders(command)


def _dated(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data-date",
        type=_day,
        metavar="日期",
        help="企业资料是哪一天的：没有写数据日期的行用它；同一企业的几行，日期新的为准；许可证是否到期按它算",
    )


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


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:9]) > 1_000_000:
        raise argparse.ArgumentTypeError(f"应为 0 到 1000000 的整数，写的是 {text[:40]!r}")
    return int(text)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 65535:
        raise argparse.ArgumentTypeError(f"应为 1 到 65535 的整数，写的是 {text[:40]!r}")
    return int(text)
