"""The list on a terminal (终端名单): readable at 80 columns with Chinese."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping
from typing import TextIO

from rich.console import Console
from rich.text import Text

from matcher.cli.lines import say
from matcher.outputs.ranking_words import by_city, family_words, is_assumed, open_segments
from matcher.rules import Zone
from matcher.rules.zone import SegmentSpec
from matcher.types import NEED_LABELS, RankedCompany, Ranking

WIDTH = 80
"""Columns of what is printed where no terminal says otherwise (默认宽度)."""
_MOST_OPPORTUNITIES = 10
_ASSUMED = "*"  # told once below the list
_MOVED = 0.98  # an order value this far below the score is told


def print_ranking(ranking: Ranking, zone: Zone, questions: Mapping[str, str], stream: TextIO, called: str = "") -> None:
    """Prints the list with reasons and points (打印名单).

    Args:
        ranking: The list.
        zone: Its rules.
        questions: How to ask for a field.
        stream: Where to.
        called: What the ruleset is called, if it is called anything.
    """
    console = Console(file=stream, width=None if wide(stream) else WIDTH, highlight=False, soft_wrap=False)
    groups = {group.id: group.label for group in zone.scoring.groups}
    segments = {(segment.chain, segment.id): segment for segment in zone.segments}
    cities = ranking.run.request["cities"] or []
    where = "、".join(map(str, cities)) if isinstance(cities, list) else ""
    say(console, f"{zone.file.name}　拜访目标名单", "bold")
    console.print(f"{where or '全部城市'}　按 {ranking.run.request['as_of']} 计算　考虑 {ranking.considered:,} 家")
    console.print()
    for result in ranking.results:
        _card(console, result, zone, groups, segments)
    if not ranking.results:
        console.print("没有符合条件的企业。")
    if ranking.opportunities:
        say(console, "机会型（产业链之外，单独成榜）", "bold")
        console.print()
        for result in ranking.opportunities[:_MOST_OPPORTUNITIES]:
            _card(console, result, zone, groups, segments)
    _footer(console, ranking, zone, questions, called)


def wide(stream: TextIO) -> bool:
    """Whether the stream is a terminal that knows its own width (终端)."""
    return stream is sys.stdout and stream.isatty() and os.environ.get("COLUMNS") is None


def _card(
    console: Console, result: RankedCompany, zone: Zone, groups: dict[str, str], segments: dict[tuple[str | None, str], SegmentSpec]
) -> None:
    head = Text(f"{result.rank or '':>3}. ", style="bold")
    head.append(result.name, style="bold")
    low, high = result.interval
    line = f"{result.score:.1f} 分 {result.band} 档"
    if high > low:
        line += f"（{low:.1f}–{high:.1f}）"
    place = result.city or result.province or "城市不详"
    place += f" {result.county}" if result.county else ""
    console.print(head)
    segment = segments.get((result.chain, result.segment or ""))
    need = NEED_LABELS[result.need] + (_ASSUMED if segment and segment.chain and segment.assumed else "")
    name = segment.name if segment else ""
    fit = f"{need} · " + (f"{zone.chain_names[result.chain]} / {name}" if result.chain else name)
    say(console, f"{line}　{place}", indent=5)
    say(console, f"{fit}　契合 {result.affinity:.2f}", indent=5)
    moved = result.order_value < _MOVED * result.score
    order = f"本链第 {result.chain_place} 家、本环节第 {result.segment_place} 家，按 {result.order_value:.1f} 分排" if moved else ""
    points = "，".join(f"{groups[group.group]} {group.points:g}" for group in result.groups if group.points)
    say(console, f"理由：{result.reason}", indent=5)
    if result.family:
        say(console, f"集团：{family_words(result.family, result)}", indent=5)
    say(console, f"得分：{points or '无'}", "dim", 5)
    if order:
        say(console, f"次序：{order}", "dim", 5)
    console.print()


def _footer(console: Console, ranking: Ranking, zone: Zone, questions: Mapping[str, str], called: str) -> None:
    labels = {veto.id: veto.label for veto in zone.scoring.vetoes}
    if any(is_assumed(result, zone) for result in ranking.results):
        say(console, f"{_ASSUMED} 园区没有公开说过这个需求，按产业链推定", "dim")
    if line := by_city(ranking):
        say(console, line)
    for line in open_segments(ranking.unserved, zone):
        say(console, line)
    asked = Counter(result.next_question for result in ranking.results if result.next_question)
    if asked and asked.most_common(1)[0][1] * 2 > len(ranking.results):
        say(console, f"这批资料多半没有写明，行前逐家核实：{questions[str(asked.most_common(1)[0][0])]}", "dim")
    dropped = "，".join(f"{labels[veto]} {count:,}" for veto, count in ranking.vetoed.items())
    if ranking.results:
        say(console, "次序按折算后的分：同一环节、同一产业链已有几家在前，后面的略减，所以分高的偶尔排在后面", "dim")
    if ranking.folded:
        say(console, f"并入同集团的企业 {ranking.folded:,} 家", "dim")
    if dropped:
        say(console, f"未列入：{dropped}", "dim")
    results = (*ranking.results, *ranking.opportunities)
    run = f"批次 {ranking.run.id[:12]}{called and f'，{called}'}"
    if results:
        known = sorted({result.as_of for result in results if result.as_of})
        dated = f"数据日期 {known[0]}" if known else "数据日期不详"
        if known and known[-1] != known[0]:
            dated += f" 至 {known[-1]}"
        run = f"{dated}；登记信息只是线索，出发前核实。{run}"
    say(console, run, "dim")
