"""The verbs that make, clear and ask snapshots (快照命令): build, prune, company; and which companies ``rank`` reads without files."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matcher.cli.arguments import Verbs
    from matcher.engine import Engine
    from matcher.intake import Intake
    from matcher.snapshot import Built, ProfileCache

_KEPT = 3
_SHORT = 12  # characters of a version that are shown


def add_verbs(verbs: Verbs) -> None:
    """The options of the three verbs (命令选项)."""
    build = verbs.add_parser(
        "build",
        help="把企业文件建成快照，以后排序不必再读文件",
        description="读入企业文件，按信用代码合并，建成新的快照并设为当前；中断了再运行一次，从断处接着做。",
    )
    build.add_argument("files", nargs="*", metavar="FILE", help="企业文件：CSV、XLSX 或 Parquet；不给文件时配合 --add 或 --verify")
    build.add_argument("--add", action="store_true", help="并入当前快照：原有企业保留，同一企业按数据日期逐字段更新")
    build.add_argument("--zone", action="append", default=[], metavar="Z", help="为哪个园区预读文本，可重复（默认全部园区）")
    build.add_argument("--verify", action="store_true", help="逐字节校验当前快照")
    build.add_argument("--no-switch", action="store_true", help="只建好，不设为当前；看过结果再换上（网页“数据”，或改 current）")
    build.add_argument("--progress", action="store_true", help="做到哪里，每一步一行 JSON 写到标准错误，供别的程序读")
    build.add_argument("--format", choices=["table", "json"], default="table", help="结果的格式（默认 table）")
    build.add_argument("--rejects", metavar="FILE.csv", help="拒收清单写到哪里（默认程序数据目录）")
    build.add_argument("--rules", metavar="DIR", help="规则目录（默认随程序）", dest="rules_folder")
    build.add_argument("--corpora", metavar="DIR", help="语料目录（默认随程序）")
    prune = verbs.add_parser(
        "prune",
        help="清理没有批次用到的旧快照和规则副本",
        description="删去既不是当前、也没有批次用到、又不在最近几个之内的快照，和没有批次、版本用到的规则副本；"
        "批次、版本看 LIANZHAO_DATABASE 和程序数据目录里的 ledger.db。",
    )
    prune.add_argument("--keep", type=_count, default=_KEPT, metavar="N", help=f"最近的 N 个总是保留（默认 {_KEPT}）")
    prune.add_argument("--dry-run", action="store_true", help="只说会删什么，不删")
    prune.add_argument("--format", choices=["table", "json"], default="table", help="结果的格式（默认 table）")
    company = verbs.add_parser(
        "company", help="当前快照里一家企业的各字段、来源和日期", description="按信用代码或名称（也可用曾用名）查当前快照。"
    )
    company.add_argument("company", metavar="代码或名称", help="统一社会信用代码，或企业全称")
    company.add_argument("--format", choices=["table", "json"], default="table", help="输出格式（默认 table）")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:9]) > 1_000_000:
        raise argparse.ArgumentTypeError(f"应为 0 到 1000000 的整数，写的是 {text[:40]!r}")
    return int(text)


def build(options: argparse.Namespace) -> int:
    """``lianzhao build`` (构建快照)."""
    from matcher.cli.inputs import check_data_date, undated_line
    from matcher.corpora import open_corpora
    from matcher.engine import Engine
    from matcher.errors import OptionError
    from matcher.locate import home
    from matcher.rules import zone_ids
    from matcher.snapshot import build as build_snapshot

    if not options.files and not (options.add or options.verify):
        raise OptionError("缺少企业文件；只校验用 --verify，只按现在的规则重读文本用 --add")
    if options.rejects and Path(options.rejects).resolve() in {Path(file).resolve() for file in options.files}:
        raise OptionError(f"--rejects 不能是输入文件 {options.rejects}，会把它覆盖")
    check_data_date(options)
    report: dict[str, Any] = {}
    if options.files or options.add:
        zones = options.zone or zone_ids(options.rules_folder)
        engines = {zone: Engine(zone, rules=options.rules_folder, corpora=options.corpora) for zone in zones}
        with contextlib.nullcontext(_tell_programs) if options.progress else _progress() as tell:
            built = build_snapshot(
                options.files,
                open_corpora(options.corpora),
                home(),
                add=options.add,
                readers={zone: engine.reader for zone, engine in engines.items()},
                processes=max((engine.processes for engine in engines.values()), default=1),
                rejects=Path(options.rejects) if options.rejects else None,
                dated=options.data_date,
                tell=tell,
                switch=not options.no_switch,
            )
        report = _report(built)
        if built.snapshot.undated:
            print(undated_line(built.snapshot.undated), file=sys.stderr)
    if options.verify:
        report |= _verified(home())
    _print(report, options.format, _summary(report))
    return 0


def _report(built: Built) -> dict[str, Any]:
    return {
        "snapshot": built.snapshot.version,
        "previous": built.previous,
        "companies": len(built.snapshot),
        "read": built.read,
        "accepted": built.accepted,
        "merged": built.merged,
        "rejected": built.rejected,
        "rejects": str(built.rejects) if built.rejects else None,
        "notes": dict(sorted(built.notes.items())),
        "undated": built.snapshot.undated,
        "skipped": list(built.skipped),
        "reread": built.reread,
    }


def _verified(home: Path) -> dict[str, Any]:
    from matcher.errors import SnapshotError
    from matcher.snapshot import layout

    version = layout.current(home)
    if version is None:
        raise SnapshotError(home / "current", "还没有快照，请先用 lianzhao build 文件 构建")
    manifest = layout.verify(layout.folder_of(home, version))
    sizes = [size for size, _ in manifest.files.values()]
    return {"snapshot": version, "companies": manifest.companies, "verified_files": len(sizes), "verified_bytes": sum(sizes)}


def _summary(report: dict[str, Any]) -> str:
    from matcher.cli.inputs import notes_line

    line = f"快照 {report['snapshot'][:_SHORT]}：共 {report['companies']:,} 家"
    if "read" in report:
        counts = f"接收 {report['accepted']:,}，合并 {report['merged']:,}，拒收 {report['rejected']:,}"
        line += f"；读入 {report['read']:,} 行：{counts}"
        line += f"；拒收清单 {report['rejects']}" if report["rejects"] else ""
        line += notes_line(report["notes"])
        line += f"；已在其中、没有再读：{'、'.join(report['skipped'])}" if report["skipped"] else ""
        line += "".join(f"；{zone} 重新分词 {count:,} 家" for zone, count in report["reread"].items())
    if "verified_files" in report:
        line += f"；校验无误：{report['verified_files']} 个文件、{report['verified_bytes']:,} 字节"
    return line


def prune(options: argparse.Namespace) -> int:
    """``lianzhao prune`` (清理快照和规则副本)."""
    from matcher.keeping import clear_home
    from matcher.locate import home

    cleared = clear_home(home(), keep=options.keep, dry_run=options.dry_run)
    done, copies, size = cleared.snapshots, cleared.rulesets, cleared.size
    verb = "会删" if options.dry_run else "删去"
    line = (
        f"{verb}快照 {len(done.removed)} 个、规则副本 {len(copies.removed)} 份、残留 {done.leftovers + copies.leftovers} 处，"
        f"共 {size / 1e6:,.1f} MB；保留快照 {len(done.kept)} 个、规则副本 {len(copies.kept)} 份"
    )
    line += "（没有数据库，不知道哪些还有用，都不删）" if not cleared.known and copies.kept else ""
    line += "".join(f"\n  {version[:_SHORT]}" for version in (*done.removed, *copies.removed))
    report = {"removed": list(done.removed), "kept": list(done.kept), "leftovers": done.leftovers + copies.leftovers, "bytes": size}
    told = {"removed_rulesets": list(copies.removed), "kept_rulesets": list(copies.kept), "dry_run": options.dry_run}
    _print({**report, **told}, options.format, line)
    return 0


def company(options: argparse.Namespace) -> int:
    """``lianzhao company`` (查企业): every field with its source and date."""
    from matcher.errors import RequestError, SnapshotError
    from matcher.locate import home
    from matcher.snapshot import open_current
    from matcher.snapshot.cards import card

    snapshot = open_current(home(), verify=True)
    if snapshot is None:
        raise SnapshotError(home() / "current", "还没有快照，请先用 lianzhao build 文件 构建")
    places = snapshot.places(options.company)
    if not places:
        raise RequestError("企业", options.company, hint=f"当前快照 {snapshot.version[:_SHORT]} 有 {len(snapshot):,} 家")
    found = [card(snapshot, place) for place in places]
    _print(found, options.format, "\n\n".join(map(_card, found)))
    return 0


def _card(found: dict[str, Any]) -> str:
    from matcher.snapshot.cards import LABELS

    lines = []
    for field, known in found["fields"].items():
        value = f"{known['value']:,}" if isinstance(known["value"], int) else known["value"]
        said = f"{known['file']} 第 {known['row']} 行，{known['as_of'] or '日期不详'}"
        lines.append(f"{LABELS[field]}：{value}\n    〔{said}〕")
    rows = "；".join(f"{row['file']} 第 {row['row']} 行（{row['as_of'] or '日期不详'}）" for row in found["rows"])
    return "\n".join([*lines, f"来源：{rows}"])


def current(engine: Engine) -> tuple[Intake, ProfileCache | None] | None:
    """The companies of the current snapshot and what is known of their texts, or None without one (当前快照的企业)."""
    from matcher.intake.fields import UNKNOWN_DAY
    from matcher.locate import home
    from matcher.snapshot import open_current, open_profiles

    snapshot = open_current(home(), verify=True)
    if snapshot is None:
        return None
    days = [day for source in snapshot.manifest.sources if source.as_of for day in source.as_of]
    dated = f"，数据日期 {' 至 '.join(dict.fromkeys(_day(day) for day in (min(days), max(days))))}" if days else ""
    without = int((snapshot.companies.as_of == UNKNOWN_DAY).sum())
    dated += f"，其中 {without:,} 家日期不详" if without else ""
    known = open_profiles(home(), snapshot, engine.reader)
    unread = "" if known else "；规则或程序改过，文本要重读（lianzhao build --add 读一次就存下）"
    print(f"当前快照 {snapshot.version[:_SHORT]}：{len(snapshot):,} 家{dated}{unread}", file=sys.stderr)
    return snapshot.intake(), known


def _day(day: int) -> str:
    from datetime import timedelta

    from matcher.intake.fields import EPOCH

    return (EPOCH + timedelta(days=day)).isoformat()


def _print(report: Any, form: str, text: str) -> None:
    from matcher.cli.files import written
    from matcher.outputs.cells import as_json

    with written(None) as stream:
        stream.write((as_json(report) if form == "json" else text) + "\n")


def _tell_programs(doing: str, rows: int) -> None:
    """What is being done as a line of JSON on stderr."""
    print(json.dumps({"doing": doing, "rows": rows}, ensure_ascii=False), file=sys.stderr, flush=True)


@contextlib.contextmanager
def _progress() -> Iterator[Any]:
    """A line on a terminal's stderr that says what is being done, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("查看文件", total=None)
        yield lambda what, rows: progress.update(task, description=f"{what}　{rows:,} 行")
