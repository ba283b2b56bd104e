"""Gaps on a terminal, as data and as a table (缺口的输出)."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from matcher.cli.files import as_json, safe, write_bytes, written
from matcher.cli.table import WIDTH
from matcher.matching.gaps import LEVEL_LABELS, Coverage, Gap, Gaps
from matcher.rules import Zone
from matcher.types import NEED_LABELS

POSITION_LABELS = {"upstream": "上游", "midstream": "中游", "downstream": "下游"}
"""Position → Chinese term."""
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


def need_words(gap: Gap) -> str:
    """The need that counts, and where the declared and the derived one differ (需求的说明)."""
    declared = NEED_LABELS[gap.declared] + ("（报道）" if gap.declared_by == "article" else "（推定）")
    derived = NEED_LABELS[gap.derived] + ("（按名录）" if gap.certain else "（待核实）")
    return f"{NEED_LABELS[gap.need]}　声明 {declared}，推导 {derived}"


def money(yuan: int) -> str:
    """An amount as people say it (金额)."""
    wan = yuan / 10_000
    return f"{wan / 10_000:,.3g}亿元" if wan >= 10_000 else f"{wan:,.0f}万元"


def coverage_lines(coverage: Coverage) -> list[str]:
    """What the register holds, and what it cannot say (名录覆盖说明)."""
    said = f"名录 {coverage.companies:,} 家，写明经营范围的 {coverage.with_scope:,} 家"
    if coverage.elsewhere:
        said += f"，不在本市、不算的 {coverage.elsewhere:,} 家"
    lines = [said]
    if coverage.years:
        first, last = coverage.years
        lines.append(
            f"成立年份 {first}–{last}" + (f"，其中没有 {_years(coverage.missing_years)}" if coverage.missing_years else "")
        )
    lines.append(
        "已声明名录就是全部：没有见到的就是没有"
        if coverage.complete
        else "没有声明名录就是全部：没有见到的环节记为不详，不当作没有"
    )
    return lines


def _years(years: Sequence[int]) -> str:
    """2001–2005、2014–2018."""
    runs: list[list[int]] = []
    for year in years:
        if runs and runs[-1][1] == year - 1:
            runs[-1][1] = year
        else:
            runs.append([year, year])
    return "、".join(str(first) if first == last else f"{first}–{last}" for first, last in runs) + " 年"


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
