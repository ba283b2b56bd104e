"""Options that several commands share (共用的选项), and a parser that speaks Chinese."""

from __future__ import annotations

import argparse
import re
import sys
from datetime import date
from typing import Any, NoReturn, TypeAlias


class Parser(argparse.ArgumentParser):
    """argparse with one Chinese line per mistake; what begins with a minus and a digit is a value, such as a sum, never an option."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._negative_number_matcher = re.compile(r"-[\d.]")

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and ends with 2 (选项有误)."""
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


Verbs: TypeAlias = "argparse._SubParsersAction[Parser]"  # what argparse gives no public name


def add_listed(command: argparse.ArgumentParser, *, zone: bool = True, top: bool = True) -> None:
    """What a list is asked for, as far as the verbs on lists share it (名单的请求)."""
    command.add_argument("files", nargs="*", metavar="FILE", help="企业文件：CSV、XLSX 或 Parquet（默认当前快照，没有则随附样例）")
    if zone:
        add_zone(command)
    command.add_argument("--city", action="append", default=[], metavar="城市", help="只看这些城市，可重复")
    command.add_argument("--chain", action="append", default=[], metavar="ID", help="只看这条产业链，可重复")
    command.add_argument("--group", metavar="ID", help="只看这个产业招商小组的产业链")
    command.add_argument("--need", metavar="N", help="只看这种需求：complement 补链、strengthen 强链、extend 延链")
    if top:
        command.add_argument("--top", type=positive, default=20, metavar="N", help="前列是前几家（默认 20）")
    add_local(command)
    add_tried(command)


def add_tried(command: argparse.ArgumentParser) -> None:
    """What rules are tried on, beside the files (试算所用)."""
    add_dated(command)
    command.add_argument("--as-of", type=day, metavar="日期", help="按哪一天计算（默认今天，北京时间）")
    command.add_argument("--no-store", action="store_true", help="不用数据库：不读名单依据")


def add_zone(command: argparse.ArgumentParser) -> None:
    """Which zone (园区)."""
    command.add_argument("--zone", required=True, metavar="Z", help="园区，即 rules/ 下的目录名")


def add_local(command: argparse.ArgumentParser) -> None:
    """The local register (本地名录)."""
    command.add_argument("--local", action="append", default=[], metavar="FILE", help="本地企业名录，可重复：据此推导各环节需求")
    command.add_argument(
        "--register",
        nargs="?",
        const="",
        metavar="名称",
        help="用留存的本地名录（见 register）代替 --local；不写名称的，用最近留存的一份",
    )
    command.add_argument("--local-complete", action="store_true", help="名录就是全部：没有见到的环节按没有算（默认按不详）")


def add_by(command: argparse.ArgumentParser) -> None:
    """Who does it (谁作的)."""
    command.add_argument("--by", metavar="姓名", help="谁作的（默认系统用户名）")


def add_output(command: argparse.ArgumentParser, svg: str = "") -> None:
    """How the answer is written (输出); ``svg``: what the picture shows, where there is one."""
    formats = ["table", "json", "csv", "xlsx", *(["svg"] if svg else [])]
    said = f"输出格式（默认 table）{'；svg 为' + svg if svg else ''}"
    command.add_argument("--format", choices=formats, default="table", help=said)
    command.add_argument("--out", metavar="FILE", help="写入文件（默认屏幕；xlsx 必须写入文件）")


def add_intake(command: argparse.ArgumentParser) -> None:
    """Where rejects go, and the folders (拒收清单与目录)."""
    command.add_argument("--rejects", metavar="FILE.csv", help="拒收清单写到哪里（默认程序数据目录）")
    add_folders(command)


def add_dated(command: argparse.ArgumentParser) -> None:
    """The day of the data (数据日期)."""
    command.add_argument(
        "--data-date",
        type=day,
        metavar="日期",
        help="企业资料是哪一天的：没有写数据日期的行用它；同一企业的几行，日期新的为准；许可证是否到期按它算",
    )


def add_ruleset(command: argparse.ArgumentParser) -> None:
    """Which rules (规则集)."""
    command.add_argument(
        "--ruleset",
        default="draft",
        metavar="规则",
        help="用哪套规则：draft 现在的规则目录（默认），published 现行版本，版本号，规则副本的摘要，或园区的规则目录",
    )


def add_cluster(command: argparse.ArgumentParser) -> None:
    """A Spark cluster (集群)."""
    said = "在 Spark 集群上排名，如 spark://主机:7077、yarn；FILE 为集群读得到的 Parquet 文件或目录"
    command.add_argument("--spark", metavar="URL", help=said)
    said = "Spark 自己的设置，可重复，如 spark.executor.memory=4g"
    command.add_argument("--spark-conf", action="append", default=[], metavar="K=V", type=setting, help=said)


def add_rules(command: argparse.ArgumentParser) -> None:
    """Other rules (规则目录)."""
    command.add_argument("--rules", metavar="DIR", help="规则目录（默认随程序）", dest="rules_folder")


def add_folders(command: argparse.ArgumentParser) -> None:
    """Other rules and corpora (规则、语料目录)."""
    add_rules(command)
    command.add_argument("--corpora", metavar="DIR", help="语料目录（默认随程序）")


def day(text: str) -> date:
    """A date (日期)."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"应为日期，如 2024-08-27，写的是 {text[:40]!r}") from None


def positive(text: str) -> int:
    """A whole number from 1 (正整数)."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"应为 1 到 1000000 的整数，写的是 {text[:40]!r}")
    return int(text)


def count(text: str) -> int:
    """A whole number from 0 (非负整数)."""
    if not text.isascii() or not text.isdigit() or int(text[:9]) > 1_000_000:
        raise argparse.ArgumentTypeError(f"应为 0 到 1000000 的整数，写的是 {text[:40]!r}")
    return int(text)


def setting(text: str) -> tuple[str, str]:
    """A setting of Spark (Spark 设置)."""
    key, sign, value = text.partition("=")
    if not sign or not key.startswith("spark."):
        raise argparse.ArgumentTypeError(f"应为 spark.名称=值，写的是 {text[:60]!r}")
    return key, value


def port(text: str) -> int:
    """A port (端口)."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 65535:
        raise argparse.ArgumentTypeError(f"应为 1 到 65535 的整数，写的是 {text[:40]!r}")
    return int(text)
