"""Options of ``trip`` (行程的选项)."""

from __future__ import annotations

from matcher.cli.arguments import (
    Parser,
    Verbs,
    add_by,
    add_dated,
    add_folders,
    add_intake,
    add_local,
    add_output,
    add_ruleset,
    add_zone,
    day,
    positive,
)


def add_verbs(verbs: Verbs) -> None:
    """``trip plan``, ``replan``, ``list``, ``show``, ``enter`` (行程)."""
    trip = verbs.add_parser(
        "trip",
        help="排行程：哪天去哪家、先后次序、备选、行前材料",
        description="从名单里挑人、排先后、选过夜的城市，在办公时间、路程和每天家数之内让价值最大；写明没排上的为什么、必访的代价、多一天少一天。",
    )
    actions = trip.add_subparsers(dest="action", required=True, metavar="动作", parser_class=Parser)
    plan = actions.add_parser("plan", help="排一份行程")
    plan.add_argument("files", nargs="*", metavar="FILE", help="企业文件：CSV、XLSX 或 Parquet（默认当前快照，没有则随附样例）")
    add_zone(plan)
    plan.add_argument("--start", type=day, required=True, metavar="日期", help="拜访的第一天")
    plan.add_argument("--days", type=positive, required=True, metavar="N", help="拜访几天")
    plan.add_argument("--city", action="append", default=[], metavar="城市", help="按去的次序写，可重复；每座都去")
    plan.add_argument("--anywhere", action="store_true", help="去哪些城市、什么次序由程序选；写了 --city 的只在其中选")
    plan.add_argument("--teams", type=positive, default=1, metavar="N", help="同时出去几队（默认 1）；一家集团只有一队去")
    plan.add_argument("--per-day", type=positive, metavar="N", help="一队一天至多几家")
    plan.add_argument(
        "--hours", action="append", default=[], metavar="时段", help="对方的办公时间，如 09:00-12:00，上午下午各写一次"
    )
    plan.add_argument("--visit", type=positive, metavar="分钟", help="一次拜访多久")
    plan.add_argument(
        "--must", action="append", default=[], metavar="企业", help="必访：信用代码、名称或名称里独有的几个字，可重复"
    )
    plan.add_argument("--must-not", action="append", default=[], metavar="企业", help="不去，可重复")
    plan.add_argument("--appointments", metavar="FILE.csv", help="约定：企业,状态（待约、已约、被拒）,日期,时间,分钟")
    plan.add_argument(
        "--targets", metavar="FILE.csv", help="登记之外的对象：名称,类型（商会、协会、园区）,城市,区县,地址,会员数,分值"
    )
    plan.add_argument("--matrix", metavar="FILE.csv", help="自己的路程表：从,到,分钟；园区写“园区”；不写就按经纬度估算")
    plan.add_argument("--no-eve", action="store_true", help="不在头天下午出发，第一天早上才走")
    plan.add_argument("--stay", action="store_true", help="末日住下，次日返回")
    plan.add_argument("--candidates", type=positive, metavar="N", help="名单前多少家参与排程")
    plan.add_argument("--chain", action="append", default=[], metavar="ID", help="只看这条产业链，可重复")
    plan.add_argument("--group", metavar="ID", help="只看这个产业招商小组的产业链")
    plan.add_argument("--need", metavar="N", help="只看这种需求：complement 补链、strengthen 强链、extend 延链")
    plan.add_argument("--no-explain", action="store_true", help="不算必访的代价和多一天少一天（快）")
    _shared(plan)
    again = actions.add_parser(
        "replan",
        help="有人被拒、有人约上：补上空位或换成备选，其余不动",
        description="其余拜访的队、日期、时刻都不动。不写 --instead 的，空位由程序补；写了的，换成这一家，不再搜索，所以马上就好。",
    )
    again.add_argument("plan", metavar="计划", help="trip plan --out 计划.json 写出的计划，或计划号（前 6 位以上）")
    again.add_argument("files", nargs="*", metavar="FILE", help="排那份计划时的企业文件")
    add_zone(again)
    again.add_argument("--refused", action="append", default=[], metavar="企业", help="被拒的，可重复")
    again.add_argument("--agreed", action="append", default=[], metavar="企业", help="约上了计划里那个时刻的，可重复")
    again.add_argument("--instead", metavar="企业", help="被拒的只有一家时，换成谁：它的备选，或名单上别的一家")
    _shared(again)
    _kept(actions)


def _kept(actions: Verbs) -> None:
    listed = actions.add_parser("list", help="列出留存的计划")
    add_zone(listed)
    listed.add_argument("--rules", metavar="DIR", help="规则目录（默认随程序）", dest="rules_folder")
    add_output(listed)
    shown = actions.add_parser("show", help="取一份留存的计划，写成各种格式")
    shown.add_argument("plan", metavar="计划", help="计划号（前 6 位以上），或 计划.json")
    add_zone(shown)
    _outputs(shown)
    add_folders(shown)
    entered = actions.add_parser(
        "enter",
        help="把一份计划登记成活动",
        description="每队登记一个活动（拟开展）；还没有人跟的企业登记成目标，写明批次、位次、理由。一份计划只登记一次。",
    )
    entered.add_argument("plan", metavar="计划", help="计划号（前 6 位以上），或 计划.json")
    add_zone(entered)
    entered.add_argument("--group", metavar="ID", help="产业招商小组")
    entered.add_argument("--department", metavar="部门", help="责任部门")
    entered.add_argument("--owner", metavar="姓名", help="责任人")
    entered.add_argument("--no-targets", action="store_true", help="只登记活动，不登记目标")
    entered.add_argument("--rules", metavar="DIR", help="规则目录（默认随程序）", dest="rules_folder")
    add_by(entered)


def _shared(command: Parser) -> None:
    command.add_argument("--seconds", type=positive, metavar="N", help="求解至多多少秒；到了给出当时最好的计划")
    command.add_argument("--no-store", action="store_true", help="不用数据库：不读名单依据和台账，不留存计划")
    add_local(command)
    add_dated(command)
    add_ruleset(command)
    _outputs(command)
    add_intake(command)
    add_by(command)


def _outputs(command: Parser) -> None:
    command.add_argument(
        "--format", choices=["table", "json", "csv", "xlsx", "docx", "ics"], help="输出格式（默认按 --out 的扩展名，屏幕为 table）"
    )
    command.add_argument(
        "--out", action="append", default=[], metavar="FILE", help="写入文件，可重复：.json .csv .xlsx .docx .ics，其余为文字"
    )
