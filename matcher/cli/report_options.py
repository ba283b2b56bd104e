"""Options of ``lianzhao report`` and of the events of the ledgers (通报、事件命令的选项)."""

from __future__ import annotations

import argparse
import re

from matcher.cli.arguments import Parser, Verbs, add_zone, day

FORMATS = ("table", "json", "xlsx", "docx", "html")


def add_verbs(verbs: Verbs) -> None:
    """``report`` (通报命令)."""
    report = verbs.add_parser(
        "report",
        help="督导考核：周调度、月通报、年考核",
        description="由台账算出周调度、月通报、年考核；只有附了证明的才算数，每个数都写出自哪几行（--format json）。",
    )
    kinds = report.add_subparsers(dest="kind", required=True, metavar="哪一种", parser_class=Parser)
    week = kinds.add_parser("weekly", help="周调度：有什么进展，什么过了期，谁没有活动")
    week.add_argument("--week", type=day, metavar="日期", help="这一天所在的一周，周一到周日（默认今天所在的）")
    week.add_argument("--no-changes", action="store_true", help="不比较推荐名单与上周的变化")
    month = kinds.add_parser("monthly", help="月通报：对照年度目标和序时进度，先进与后进")
    month.add_argument("--month", type=_month, metavar="年-月", help="哪个月，如 2024-08（默认今天所在的）")
    year = kinds.add_parser("annual", help="年考核：按权重打分，每个分数写出自哪几行")
    year.add_argument("--year", type=_year, metavar="年", help="哪一年（默认今年）")
    for kind in (week, month, year):
        add_zone(kind)
        kind.add_argument("--as-of", type=day, metavar="日期", help="通报的日期：这一天以后的不算（默认今天，北京时间）")
        kind.add_argument("--format", choices=FORMATS, default="table", help="输出格式（默认 table）；docx 可改，html 可打印")
        kind.add_argument("--out", metavar="FILE", help="写入文件（默认屏幕；xlsx、docx 必须写入文件）")
        kind.add_argument("--rules", metavar="DIR", help="规则目录（默认随程序）", dest="rules_folder")
        kind.add_argument("--corpora", metavar="DIR", help="语料目录（默认随程序）")


def _month(text: str) -> str:
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", text):
        raise argparse.ArgumentTypeError(f"应为年-月，如 2024-08，写的是 {text[:40]!r}")
    return text


def _year(text: str) -> int:
    if not re.fullmatch(r"20\d\d", text):
        raise argparse.ArgumentTypeError(f"应为 2000 到 2099 的年份，写的是 {text[:40]!r}")
    return int(text)
