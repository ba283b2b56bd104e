"""Gaps on a terminal, as data and as a table (缺口的输出)."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable
from dataclasses import asdict
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from matcher.cli.files import write_bytes, written
from matcher.cli.table import WIDTH
from matcher.matching.gaps import LEVEL_LABELS, Gap, Gaps
from matcher.outputs.cells import as_json, safe
from matcher.outputs.gap_words import POSITION_LABELS, coverage_lines, money, need_words
from matcher.rules import Zone

_STYLES = {"strong": "bold green", "present": "green", "thin": "yellow", "absent": "red", "unknown": "dim"}
_MOST_NAMES = 3


def print_gaps(gaps: Gaps, zone: Zone, stream: TextIO) -> None:
    """Prints the gaps of each chain (打印缺口)."""
    console = Console(file=stream, width=None if stream.isatty() else WIDTH, highlight=False)
    console.print(Text(f"{zone.file.name}　产业链缺口", style="bold"))
    for line in coverage_lines(gaps.coverage):
        console.print(Text(line))
    chain = ""
    for gap in gaps.segments:
        if gap.chain != chain:
            chain = gap.chain
            console.print()
            console.print(Text(zone.chain_names[chain], style="bold"))
        _print(console, gap)


def _print(console: Console, gap: Gap) -> None:
    head = Text(f"  {LEVEL_LABELS[gap.level]}", style=_STYLES[gap.level])
    head.append(f"　{gap.name}（{POSITION_LABELS[gap.position]}）", style="bold")
    head.append(f"　{need_words(gap)}", style="")
    console.print(head)
    if gap.companies:
        names = "、".join(leader.name for leader in gap.leaders[:_MOST_NAMES])
        more = f"等 {gap.companies} 家" if gap.companies > _MOST_NAMES else f"{gap.companies} 家"
        capital = f"注册资本共 {money(gap.capital)}" if gap.capital else "注册资本不详"
        text = f"{names} {more}，合 {gap.effective:.1f} 家的分量，{capital}，名称也对得上的占 {gap.sure:.0%}"
        console.print(Padding(Text(text), (0, 0, 0, 6), expand=False))
    if gap.anchors:
        console.print(Padding(Text(f"龙头：{'、'.join(gap.anchors)}"), (0, 0, 0, 6), expand=False))
    console.print(Padding(Text(gap.why, style="dim"), (0, 0, 0, 6), expand=False))


CSV_HEADER = (
    "chain", "segment", "name", "position", "level", "companies", "effective", "sure", "capital", "leaders", "anchors", "derived",
    "certain", "why", "declared", "declared_by", "need", "suppliers", "customers",
)  # fmt: skip


def write_gaps_csv(gaps: Iterable[Gap], stream: TextIO) -> None:
    """One line a segment (缺口 CSV)."""
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(CSV_HEADER)
    for gap in gaps:
        values = {**asdict(gap), "leaders": "、".join(leader.name for leader in gap.leaders)}
        cells = [values[column] for column in CSV_HEADER]
        writer.writerow([safe("、".join(cell) if isinstance(cell, tuple) else cell) for cell in cells])


def write_gaps(options: argparse.Namespace, gaps: Gaps, zone: Zone) -> None:
    """Writes the gaps as asked for (写出缺口)."""
    if options.format == "xlsx":
        from matcher.cli.xlsx import gaps_xlsx

        write_bytes(options.out, gaps_xlsx(gaps, zone))
        return
    with written(options.out, bom=options.format == "csv") as stream:
        if options.format == "json":
            stream.write(as_json(asdict(gaps)) + "\n")
        elif options.format == "csv":
            write_gaps_csv(gaps.segments, stream)
        elif options.format == "svg":
            from matcher.cli.chain_svg import chain_svg

            (chain,) = (chain for chain in zone.chains if chain.id in {gap.chain for gap in gaps.segments})
            stream.write(chain_svg(gaps, chain, zone, options.layout))
        else:
            print_gaps(gaps, zone, stream)
