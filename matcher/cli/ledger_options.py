"""Options of ``lianzhao ledger`` (台账命令的选项)."""

from __future__ import annotations

from matcher.cli import event_options
from matcher.cli.arguments import Parser, Verbs, add_by, add_output, add_zone, day, positive

BOOKS = {
    "targets": "目标企业台账", "projects": "招商项目台账", "activities": "招商活动台账", "meetings": "会见记录", "arrivals": "到位资金",
    "papers": "手续", "needs": "要素需求", "problems": "问题清单", "promises": "承诺清单", "goals": "年度目标任务",
}  # fmt: skip
"""Name on the command line → what it is (各本台账)."""
STEPPED = ("targets", "projects", "activities")


def add_verbs(verbs: Verbs) -> None:
    """``ledger`` and what it can do (台账命令)."""
    ledger = verbs.add_parser(
        "ledger",
        help="三台账：目标企业、招商项目、招商活动，连同到账、手续、证明、承诺",
        description="三台账：登记、修改、推进、查历史，Excel 进出。每次改动记下谁、何时、改了什么；删除可以恢复。",
    )
    whats = ledger.add_subparsers(dest="what", required=True, metavar="台账|动作", parser_class=Parser)
    for book, called in BOOKS.items():
        _book(whats, book, called)
    _convert(whats)
    _arrive(whats)
    _proof(whats)
    for what, said in (
        ("collisions", "撞单清单：两个以上部门在跟同一家企业或同一集团的"),
        ("progress", "各项目走到哪一步、到了多少资金：填报的和有证明的并列"),
        ("reviews", "承诺的公平竞争提醒，附依据"),
    ):
        listed = whats.add_parser(what, help=said, description=said)
        _common(listed)
        add_output(listed)
    _sheets(whats)
    event_options.add_verbs(whats)


def _book(whats: Verbs, book: str, called: str) -> None:
    parser = whats.add_parser(book, help=called, description=f"{called}：列出、查看、登记、修改、推进、删除、恢复、查历史。")
    actions = parser.add_subparsers(dest="action", required=True, metavar="动作", parser_class=Parser)
    listed = actions.add_parser("list", help="列出各行")
    listed.add_argument(
        "--where", action="append", default=[], metavar="列=值", help="只看这一列是这个值的，可重复；值空着的，看没有填的"
    )
    listed.add_argument("--search", metavar="词", help="只看名称里有这个词的")
    listed.add_argument("--all", action="store_true", help="连同已删除的")
    shown = actions.add_parser("show", help="一行的全部内容")
    _number(shown)
    history = actions.add_parser("history", help="一行的历史：谁、何时、改了什么")
    _number(history)
    for parser in (listed, shown, history):
        _common(parser)
        add_output(parser)
    add = actions.add_parser(
        "add", help="登记一行", description="登记一行：列=值 …，列名同表头，如 企业名称=某某有限公司 协议投资=5000万元。"
    )
    _values(add)
    changed = actions.add_parser("set", help="修改一行", description="修改一行：列=值 …；等号后空着的，清空这一列。")
    _number(changed)
    _values(changed)
    writing = [add, changed]
    if book in STEPPED:
        add.add_argument("--step", metavar="状态", help="登记时已到哪一步（默认第一步）；不是第一步的要写 --reason")
        add.add_argument("--on", type=day, metavar="日期", help="哪一天到的这一步（默认今天，北京时间）")
        step = actions.add_parser("step", help="推进到一步；越过、退回、旁支要写 --reason")
        _number(step)
        step.add_argument("step", metavar="状态")
        step.add_argument("--on", type=day, metavar="日期", help="哪一天（默认今天，北京时间）")
        writing.append(step)
    delete = actions.add_parser("delete", help="删除一行；历史里仍有，可以恢复")
    restore = actions.add_parser("restore", help="恢复删除的一行")
    for parser in (delete, restore):
        _number(parser)
    for parser in (*writing, delete, restore):
        parser.add_argument("--reason", required=parser is delete, metavar="理由")
        if parser is not add:
            _version(parser)
        _common(parser)
        add_by(parser)


def _convert(whats: Verbs) -> None:
    convert = whats.add_parser(
        "convert", help="目标企业转为项目", description="目标企业转项目：企业、产业链、部门等照抄，其余用 列=值 写明。"
    )
    _number(convert, "目标编号")
    convert.add_argument("values", nargs="+", metavar="列=值", help="项目的列，至少有 项目名称=…")
    convert.add_argument("--on", type=day, metavar="日期", help="哪一天（默认今天，北京时间）")
    convert.add_argument("--reason", metavar="理由", help="越过了洽谈等步骤的要写")
    _version(convert)
    _common(convert)
    add_by(convert)


def _arrive(whats: Verbs) -> None:
    arrive = whats.add_parser("arrive", help="登记一笔到位资金，可同时附到账凭证")
    _number(arrive, "项目编号")
    arrive.add_argument("amount", metavar="金额", help="带单位，如 500万元、30万美元")
    arrive.add_argument("--origin", required=True, metavar="性质", help="内资或外资")
    arrive.add_argument("--on", type=day, required=True, metavar="日期", help="哪一天到的账")
    arrive.add_argument("--means", metavar="方式", help="怎样到的账")
    arrive.add_argument("--note", metavar="备注")
    arrive.add_argument("--proof", metavar="FILE", help="到账凭证的扫描件；没有证明的只算填报")
    arrive.add_argument("--kind", default="到账凭证", metavar="类型", help="证明类型（默认 到账凭证）")
    _common(arrive)
    add_by(arrive)


def _proof(whats: Verbs) -> None:
    proof = whats.add_parser(
        "proof", help="证明：附、列、撤回、核对", description="证明文件按摘要留存，改动过的认得出。没有证明的只算填报。"
    )
    actions = proof.add_subparsers(dest="action", required=True, metavar="动作", parser_class=Parser)
    add = actions.add_parser("add", help="给项目的一步、一件手续、一笔到账附证明")
    add.add_argument(
        "book",
        choices=["projects", "arrivals", "papers", "activities", "targets"],
        metavar="台账",
        help="projects、arrivals、papers 等",
    )
    _number(add)
    add.add_argument("file", metavar="FILE", help="扫描件")
    add.add_argument("--kind", required=True, metavar="类型", help="如 投资协议、营业执照、施工许可证、到账凭证；附件写 其他")
    add.add_argument("--step", metavar="状态", help="证明哪一步（默认看类型）")
    add.add_argument("--note", metavar="备注")
    listed = actions.add_parser("list", help="列出证明")
    listed.add_argument("book", nargs="?", choices=list(BOOKS), metavar="台账", help="只看这本台账的")
    listed.add_argument("--number", type=positive, metavar="编号", help="只看这一行的")
    listed.add_argument("--all", action="store_true", help="连同已撤回的")
    check = actions.add_parser("check", help="逐份核对证明文件是否还在、有没有被改动")
    withdraw = actions.add_parser("withdraw", help="撤回一份证明；文件和记录仍在")
    _number(withdraw, "证明编号")
    withdraw.add_argument("--reason", required=True, metavar="理由")
    for parser in (add, withdraw):
        _common(parser)
        add_by(parser)
    for parser in (listed, check):
        _common(parser)
        add_output(parser)


def _sheets(whats: Verbs) -> None:
    template = whats.add_parser("template", help="下载 Excel 空表，表头、可选的值都在里面")
    export = whats.add_parser("export", help="导出成 Excel，改了以后可以再导入")
    for parser in (template, export):
        parser.add_argument(
            "--book", action="append", default=[], choices=list(BOOKS), metavar="台账", help="只要这本，可重复（默认三台账）"
        )
        parser.add_argument("--out", required=True, metavar="FILE.xlsx")
        _common(parser)
    export.add_argument("--everything", action="store_true", help="全部各本，连同到账、手续、承诺等")
    load = whats.add_parser(
        "import",
        help="导入 Excel：全部进或全部不进；先用 --dry-run 看会改什么",
        description="导入 Excel：有一处错，整个文件都不导入；台账里已有的不变。空格子不改，写（清空）的才清空。",
    )
    load.add_argument("file", metavar="FILE.xlsx")
    load.add_argument("--dry-run", action="store_true", help="只看会新增、修改什么，不导入")
    load.add_argument("--reason", metavar="理由", help="要写理由而表里没有写的用它，如 补录")
    load.add_argument(
        "--default", action="append", default=[], metavar="列=值", help="新增的行没有填这一列的用它，如 类型=企业；可重复"
    )
    _common(load)
    add_by(load)
    add_output(load)


def _number(command: Parser, called: str = "编号") -> None:
    command.add_argument("number", type=positive, metavar=called)


def _version(command: Parser) -> None:
    command.add_argument("--version", type=positive, metavar="N", help="看的是第几版；别人改过的不覆盖，说明白（默认不核对）")


def _values(command: Parser) -> None:
    command.add_argument("values", nargs="+", metavar="列=值")


def _common(command: Parser) -> None:
    add_zone(command)
    command.add_argument("--rules", metavar="DIR", help="规则目录（默认随程序）", dest="rules_folder")
