"""Options of the commands on rules (规则命令的选项)."""

from __future__ import annotations

from matcher.cli.arguments import (
    Parser,
    Verbs,
    add_folders,
    add_intake,
    add_listed,
    add_output,
    add_rules,
    add_ruleset,
    add_tried,
    count,
    positive,
)  # fmt: skip


def add_verbs(verbs: Verbs) -> None:
    """``lianzhao rules …`` (规则命令)."""
    rules = verbs.add_parser(
        "rules", help="检查、对比、发布规则", description="规则文件的检查、对比、发布，一家企业在各版规则下的得分。"
    )
    actions = rules.add_subparsers(dest="action", required=True, metavar="动作", parser_class=Parser)
    _check(actions)
    _diff(actions)
    _publish(actions)
    _versions(actions)
    _retire(actions)
    _history(actions)


def _check(actions: Verbs) -> None:
    check = actions.add_parser(
        "check",
        help="检查一个园区的全部规则文件：错误、合规问题一次列全，再列疑处",
        description="错误和合规问题一次列全；都没有时列出疑处：轮不到的、对谁都一样的、重复计分的、区间有缝的……",
    )
    check.add_argument("zone", metavar="园区")
    check.add_argument("files", nargs="*", metavar="FILE", help="用哪些企业看（默认当前快照，没有则随附样例）")
    check.add_argument("--all", action="store_true", help="没有命中过的规则和词也列出来")
    check.add_argument("--strict", action="store_true", help="有疑处时退出码为 1")
    add_ruleset(check)
    add_tried(check)
    add_output(check)
    add_intake(check)


def _diff(actions: Verbs) -> None:
    diff = actions.add_parser(
        "diff",
        help="两套规则各排一次，谁进、谁出、谁换位，每一分差由哪条规则来",
        description="同一批企业按两套规则各排一次，逐家、逐条规则对比；不改任何文件。",
    )
    diff.add_argument("zone", metavar="园区")
    diff.add_argument(
        "old", metavar="OLD", help="旧规则：draft 现在的规则目录，published 现行版本，版本号，规则副本的摘要，或园区的规则目录"
    )
    diff.add_argument("new", metavar="NEW", help="新规则：同上")
    add_listed(diff, zone=False)
    diff.add_argument("--most-churn", type=count, metavar="N", help="前列最多换 N 家，超过时退出码为 1（供 CI 用）")
    add_output(diff, svg="位次变化图")
    add_intake(diff)


def _publish(actions: Verbs) -> None:
    publish = actions.add_parser(
        "publish",
        help="发布现在的规则：留一份不变的副本，编上版本号",
        description="先查错误和合规问题，有就不发布；再留存规则副本，编上版本号。与现行版本相同的，不再发布。",
    )
    publish.add_argument("zone", metavar="园区")
    _signed(publish, "发布")
    publish.add_argument(
        "--override",
        action="append",
        default=[],
        metavar="规则=理由",
        help="放行一条规则的合规问题，写明理由，可重复；规则代号见报错，放行会记入版本",
    )
    add_folders(publish)


def _versions(actions: Verbs) -> None:
    versions = actions.add_parser("versions", help="列出发布过的版本", description="列出一个园区发布过的规则版本，先发布的在前。")
    versions.add_argument("zone", metavar="园区")
    add_rules(versions)
    add_output(versions)


def _retire(actions: Verbs) -> None:
    retire = actions.add_parser(
        "retire",
        help="停用一个版本；历史里仍有",
        description="停用的版本不再是现行版本，仍可用版本号指定，用它算过的批次仍可回放。",
    )
    retire.add_argument("zone", metavar="园区")
    retire.add_argument("version", type=positive, metavar="版本号")
    _signed(retire, "停用")
    add_rules(retire)


def _history(actions: Verbs) -> None:
    history = actions.add_parser(
        "history",
        help="一家企业在各版规则和草稿下的得分、位次，每一分差由哪条规则来",
        description="同一批企业按发布过的每一版和现在的草稿各排一次，说明一家企业的得分、位次、档次、环节怎样变来；不改任何文件。",
    )
    history.add_argument("zone", metavar="园区")
    history.add_argument("--company", required=True, metavar="企业", help="企业名称、名称里独有的几个字，或统一社会信用代码")
    add_listed(history, zone=False, top=False)
    add_output(history)
    add_intake(history)


def _signed(command: Parser, what: str) -> None:
    command.add_argument("--by", required=True, metavar="姓名", help=f"谁{what}的")
    command.add_argument("--note", required=True, metavar="说明", help=f"为什么{what}")
