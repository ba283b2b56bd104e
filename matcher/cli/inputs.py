"""What commands that read files have in common (读文件的命令共用): targets checked first, work shown, rows accounted for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.errors import OptionError, system_reason
from matcher.intake import Intake, write_rejects
from matcher.locate import home
from matcher.runs import today

if TYPE_CHECKING:
    from rich.progress import Progress


def check_targets(options: argparse.Namespace) -> None:
    """No answer is ever written over a file that was read, and a workbook goes to a file that is called one."""
    for form in ("xlsx", "docx"):
        if options.format == form and not options.out:
            raise OptionError(f"--format {form} 要用 --out 指定写到哪个文件")
        if options.format != form and (options.out or "").lower().endswith(f".{form}"):
            raise OptionError(f"--out {options.out} 是 {form.upper()} 文件名，请加上 --format {form}")
    inputs = {Path(file).resolve() for file in options.files}
    for option in ("out", "rejects"):
        target = getattr(options, option, None)
        if target and Path(target).resolve() in inputs:
            raise OptionError(f"--{option} 不能是输入文件 {target}，会把它覆盖")
        if target and option == "out" and not Path(target).resolve().parent.is_dir():
            raise OptionError(f"--out {target} 写不进去：没有这个目录")
    if options.format in ("xlsx", "docx") and not (options.out or "").lower().endswith(f".{options.format}"):
        raise OptionError(f"--format {options.format} 的 --out 应以 .{options.format} 结尾，写的是 {options.out}")


def working(what: str) -> Progress:
    """A moving bar on a terminal's stderr, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    progress = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    progress.add_task(what, total=None)
    return progress


def check_data_date(options: argparse.Namespace) -> None:
    """Data of a day to come would win over all others for ever."""
    if options.data_date and options.data_date > today():
        raise OptionError(f"--data-date {options.data_date} 还没有到，应为企业资料导出的那一天")


def notes_line(notes: Mapping[str, int]) -> str:
    """What else is told, none of it of rejected rows (另外的问题)."""
    each = "，".join(f"{problem} {count:,}" for problem, count in sorted(notes.items()))
    return f"；另外（不算拒收）：{each}" if each else ""


def undated_line(count: int) -> str:
    """What to do where nobody knows which row of a company is the newest (没有数据日期的提醒)."""
    return (
        f"lianzhao: 注意：{count:,} 家企业有几行内容不同、都没有数据日期，不知道哪行新，取了较全的一行；"
        "请逐个文件用 --data-date 写明导出日期（lianzhao build 再逐个 --add）"
    )


def report(intake: Intake, target: str | None) -> None:
    """Says on stderr what became of the rows, and keeps the rejected ones in a file."""
    accepted = len(intake.companies)
    line = f"读入 {intake.read:,} 行：接收 {accepted:,}，合并 {intake.merged:,}，拒收 {len(intake.rejects):,}"
    if intake.rejects or target:
        path = Path(target) if target else home() / "rejects" / f"{intake.digest[:16]}.csv"
        try:
            write_rejects(intake.rejects, path)
        except OSError as error:
            raise OptionError(f"拒收清单写不进 {path}（{system_reason(error)}），请用 --rejects 指定") from None
        line += f"；拒收清单 {path}"
    print(line + notes_line(intake.notes), file=sys.stderr)
    if intake.undated:
        print(undated_line(intake.undated), file=sys.stderr)
