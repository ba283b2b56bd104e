"""Options of every command (命令行选项)."""

from __future__ import annotations

from matcher.cli import ledger_options, report_options, rules_options, service_options, snapshots, trip_options
from matcher.cli.arguments import (
    Parser,
    Verbs,
    add_by,
    add_cluster,
    add_dated,
    add_folders,
    add_intake,
    add_listed,
    add_local,
    add_output,
    add_ruleset,
    add_zone,
    count,
    day,
    positive,
)  # fmt: skip

_DESCRIPTION = "链招：下一站该拜访谁，为什么。按园区产业链给企业排序，逐条说明理由。"


def parser() -> Parser:
    """The parser of the whole command line (命令行解析器)."""
    root = Parser(prog="lianzhao", description=_DESCRIPTION, allow_abbrev=False)
    verbs = root.add_subparsers(dest="verb", required=True, metavar="命令", parser_class=Parser)
    for add in (
        _rank,
        _gaps,
        _match,
        _resolve,
        snapshots.add_verbs,
        _score,
        _why_not,
        _certainty,
        rules_options.add_verbs,
        _replay,
        trip_options.add_verbs,
        _register,
        _lists,
        _judge,
        ledger_options.add_verbs,
        report_options.add_verbs,
        service_options.add_verbs,
    ):
        add(verbs)
    add_dated(verbs.choices["build"])
    return root


def _rank(verbs: Verbs) -> None:
    rank = verbs.add_parser(
        "rank",
        help="给企业排序，列出最值得拜访的",
        description="给企业排序；不给文件时用当前快照，还没有快照就用随附的真实企业样例。",
    )
    rank.add_argument("files", nargs="*", metavar="FILE", help="企业文件：CSV（UTF-8 或 GB18030，可 gzip）、XLSX 或 Parquet")
    rank.add_argument(
        "--zone", action="append", required=True, dest="zones", metavar="Z", help="园区，即 rules/ 下的目录名；用 --spark 时可重复"
    )
    rank.add_argument("--city", action="append", default=[], metavar="城市", help="只看这些城市，可重复；青岛 等于 青岛市")
    rank.add_argument("--chain", action="append", default=[], metavar="ID", help="只看这条产业链，可重复")
    rank.add_argument("--group", metavar="ID", help="只看这个产业招商小组的产业链")
    rank.add_argument("--need", metavar="N", help="只看这种需求：complement 补链、strengthen 强链、extend 延链")
    add_local(rank)
    add_dated(rank)
    rank.add_argument("--as-of", type=day, metavar="日期", help="按哪一天计算（默认今天，北京时间）")
    rank.add_argument("--no-store", action="store_true", help="不用数据库：不读名单依据，不留批次")
    rank.add_argument("--top", type=positive, default=20, metavar="N", help="列出前 N 家（默认 20）")
    add_ruleset(rank)
    add_output(rank)
    add_intake(rank)
    add_cluster(rank)


def _gaps(verbs: Verbs) -> None:
    gaps = verbs.add_parser(
        "gaps",
        help="产业链各环节本地有什么、缺什么，该补、该强还是该延",
        description="读本地企业名录，逐环节看有多少、多大、多确切，推导需求；名录不全的，没有见到只当不详。",
    )
    add_zone(gaps)
    add_local(gaps)
    gaps.add_argument("--chain", action="append", default=[], metavar="ID", help="只看这条产业链，可重复；svg 只画一条")
    add_ruleset(gaps)
    gaps.add_argument(
        "--format", choices=["table", "json", "csv", "xlsx", "svg"], default="table", help="输出格式（默认 table）；svg 为产业链图"
    )
    gaps.add_argument(
        "--layout",
        choices=["slide", "page"],
        help="svg 的版面：slide 幻灯片 16∶9，page 长页；默认 slide，一列超过 15 个环节时 page",
    )
    gaps.add_argument("--out", metavar="FILE", help="写入文件（默认屏幕；xlsx 必须写入文件）")
    add_intake(gaps)


def _match(verbs: Verbs) -> None:
    match = verbs.add_parser(
        "match", help="逐行给出与各产业链的契合度", description="每个输入行、每条产业链输出一行，按输入次序，不合并。"
    )
    match.add_argument("files", nargs="+", metavar="FILE", help="企业文件：CSV、XLSX 或 Parquet")
    add_zone(match)
    add_ruleset(match)
    match.add_argument("--format", choices=["csv", "xlsx"], default="csv", help="输出格式（默认 csv）")
    match.add_argument("--out", required=True, metavar="FILE", help="输出文件")
    add_intake(match)


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
    add_output(resolve)
    resolve.set_defaults(format=None)  # a list that goes to a file called .csv is one
    add_folders(resolve)


def _score(verbs: Verbs) -> None:
    score = verbs.add_parser(
        "score",
        help="给单个或一组企业评分，逐条解释（JSON）",
        description="从标准输入读 JSON：对象进、对象出；数组进、数组出。每条规则命中与否、读到什么、为什么，都在 explanation 里。",
    )
    add_zone(score)
    score.add_argument("--format", choices=["json", "table"], default="json", help="json（默认）或 table（给人看的逐条解释）")
    score.add_argument("--as-of", type=day, metavar="日期", help="按哪一天计算（默认今天，北京时间）")
    add_ruleset(score)
    add_folders(score)


def _why_not(verbs: Verbs) -> None:
    why = verbs.add_parser(
        "why-not",
        help="一家企业为什么不在前列，问到什么、改什么能进",
        description="说明一家企业在第几位、差多少；再找能让它进前列的答案和改动，由易到难，每一种都重新排名验证过。",
    )
    add_listed(why)
    add_ruleset(why)
    why.add_argument("--company", required=True, metavar="企业", help="企业名称、名称里独有的几个字，或统一社会信用代码")
    why.add_argument("--format", choices=["table", "json"], default="table", help="输出格式（默认 table）")
    why.add_argument("--out", metavar="FILE", help="写入文件（默认屏幕）")
    add_intake(why)


def _certainty(verbs: Verbs) -> None:
    certainty = verbs.add_parser(
        "certainty",
        help="名单稳不稳：未知的问清以后谁还在前列，最该先问哪一句",
        description="把未知的各种可能补全，看每家在几成情形里进前列；抽样时写明种子，同一种子结果相同。",
    )
    add_listed(certainty)
    add_ruleset(certainty)
    certainty.add_argument("--draws", type=positive, default=200, metavar="N", help="至多看多少种补全（默认 200；不超过时全部看）")
    certainty.add_argument("--seed", type=count, default=1, metavar="N", help="抽样的种子（默认 1）")
    add_output(certainty)
    add_intake(certainty)


def _replay(verbs: Verbs) -> None:
    replay = verbs.add_parser(
        "replay",
        help="把一个批次再算一遍，核对结果是否逐字节相同",
        description="按批次清单找回当时的企业、规则、语料、请求、名单和名录，再排一次，核对结果；不同或缺少的，逐项说明。",
    )
    replay.add_argument("run", metavar="批次", help="名单末行的批次号，或它的开头")
    replay.add_argument("files", nargs="*", metavar="FILE", help="当时直接给出的企业文件；用快照的批次不用给")
    replay.add_argument("--data-date", type=day, metavar="日期", help="当时给出企业文件时写的 --data-date")
    replay.add_argument("--local", action="append", default=[], metavar="FILE", help="当时用 --local 给出的本地名录，可重复")
    replay.add_argument("--format", choices=["table", "json"], default="table", help="输出格式（默认 table）")
    replay.add_argument("--out", metavar="FILE", help="写入文件（默认屏幕）")
    add_folders(replay)


def _register(verbs: Verbs) -> None:
    register = verbs.add_parser(
        "register",
        help="留存本地名录，rank、gaps 用 --register 读",
        description="把园区的本地企业名录留存在数据库里，以后不用再给文件。",
    )
    actions = register.add_subparsers(dest="action", required=True, metavar="动作", parser_class=Parser)
    save = actions.add_parser("save", help="留存一份名录；同名的以新的为准")
    save.add_argument("files", nargs="+", metavar="FILE", help="企业文件：CSV、XLSX 或 Parquet")
    add_zone(save)
    save.add_argument("--name", default="本地名录", metavar="名称", help="叫什么（默认 本地名录）")
    save.add_argument("--as-of", type=day, metavar="日期", help="名录是哪一天的")
    save.add_argument("--complete", action="store_true", help="名录就是全部：没有见到的环节按没有算")
    add_by(save)
    add_intake(save)
    shown = actions.add_parser("list", help="列出留存的名录")
    shown.add_argument("--zone", metavar="Z", help="只看这个园区")
    shown.add_argument("--all", action="store_true", help="连同已移除、已替换的")
    add_output(shown)
    remove = actions.add_parser("remove", help="移除一份名录；历史里仍有")
    remove.add_argument("name", metavar="名称")
    add_zone(remove)
    add_by(remove)


def _lists(verbs: Verbs) -> None:
    lists = verbs.add_parser(
        "lists",
        help="导入专精特新、龙头企业、百强等名单，作为排序的依据",
        description="名单上的名称逐个归一：就是它的成为有日期的依据，吃不准的待人判定（见 judge），没有找到的留着。",
    )
    actions = lists.add_subparsers(dest="action", required=True, metavar="动作", parser_class=Parser)
    load = actions.add_parser("import", help="导入一份名单；同一文件再导入不变")
    load.add_argument("file", metavar="FILE", help="名单：有一列企业名称的 CSV、XLSX 或 Parquet")
    load.add_argument("--list", required=True, metavar="名单", help="名单叫什么，如 专精特新")
    load.add_argument("--issued", required=True, type=day, metavar="日期", help="哪一天公布的；计算日早于它的，不作依据")
    load.add_argument("--issuer", default="", metavar="单位", help="谁公布的")
    load.add_argument("--against", default=[], action="append", metavar="FILE", help="在这些企业文件里找，可重复（默认当前快照）")
    add_by(load)
    add_intake(load)
    for action, said in (("show", "列出导入的名单；给出名单名称的，逐行列出"), ("queue", "列出吃不准、待人判定的")):
        shown = actions.add_parser(action, help=said)
        shown.add_argument("list", nargs="?", metavar="名单", help="只看这份名单")
        add_output(shown)
    remove = actions.add_parser("remove", help="移除一次导入；历史里仍有，不再作依据")
    remove.add_argument("number", type=positive, metavar="编号", help="见 lists show")
    add_by(remove)


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
    add_by(judge)
    judgements = verbs.add_parser("judgements", help="列出人工判定", description="列出人工判定，先作的在前。")
    judgements.add_argument("--all", action="store_true", help="连同已撤回、已改判的")
    add_output(judgements)
