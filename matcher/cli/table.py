"""The list on a terminal (终端名单): readable at 80 columns with Chinese."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TextIO, cast

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from matcher.places import short
from matcher.rules import Zone
from matcher.rules.load import SegmentSpec
from matcher.types import NEED_LABELS, Family, RankedCompany, Ranking, Unserved

WIDTH = 80
"""Columns of what is printed where no terminal says otherwise (默认宽度)."""
_MOST_OPPORTUNITIES = 10
_MOST_OTHERS = 3
_MOST_OPEN = 6
_FEW = 3  # a city with less than a third of its share of the list has too few leads for a day
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
    console.print(Text(f"{zone.file.name}　拜访目标名单", style="bold"))
    console.print(f"{where or '全部城市'}　按 {ranking.run.request['as_of']} 计算　考虑 {ranking.considered:,} 家")
    console.print()
    for result in ranking.results:
        _card(console, result, zone, groups, segments)
    if not ranking.results:
        console.print("没有符合条件的企业。")
    if ranking.opportunities:
        console.print(Text("机会型（产业链之外，单独成榜）", style="bold"))
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
    console.print(Padding(Text(f"{line}　{place}"), (0, 0, 0, 5), expand=False))
    console.print(Padding(Text(f"{fit}　契合 {result.affinity:.2f}"), (0, 0, 0, 5), expand=False))
    moved = result.order_value < _MOVED * result.score
    order = f"本链第 {result.chain_place} 家、本环节第 {result.segment_place} 家，按 {result.order_value:.1f} 分排" if moved else ""
    points = "，".join(f"{groups[group.group]} {group.points:g}" for group in result.groups if group.points)
    console.print(Padding(Text(f"理由：{result.reason}"), (0, 0, 0, 5), expand=False))
    if result.family:
        console.print(Padding(Text(f"集团：{_family(result.family, result.name)}"), (0, 0, 0, 5), expand=False))
    console.print(Padding(Text(f"得分：{points or '无'}", style="dim"), (0, 0, 0, 5), expand=False))
    if order:
        console.print(Padding(Text(f"次序：{order}", style="dim"), (0, 0, 0, 5), expand=False))
    console.print()


def _family(family: Family, name: str) -> str:
    """Whom to call on, and who folds under this line."""
    city = family.head_city or "城市不详"
    if family.head == name:
        head = "本企业是集团"
    elif family.head_uscc is None:  # a group that everybody knows, no company of the file
        head = f"属 {family.head}（{city}），先问清由谁定投资"
    else:
        head = f"由 {family.head}（{city}）定，先约它（按名称推定）"
    beside = [other for other in family.others if other != family.head]
    others = "、".join(beside[:_MOST_OTHERS])
    more = f"等 {len(beside)} 家" if len(beside) > _MOST_OTHERS else ""
    return head + (f"；同属的 {others}{more} 不再单列" if others else "")


def _is_assumed(result: RankedCompany, zone: Zone) -> bool:
    return any(segment.assumed for segment in zone.segments if (segment.chain, segment.id) == (result.chain, result.segment))


def _open_segments(unserved: Sequence[Unserved], zone: Zone) -> list[str]:
    """Wanted segments that the list leaves open: those with somebody further down first, then those with nobody at all."""
    names = {(segment.chain, segment.id): segment.name for segment in zone.segments}
    too = [f"「{names[one.chain, one.segment]}」{one.also}（第 {one.also_place} 名）" for one in unserved if one.also]
    least = zone.scoring.bands.B
    unserved = [one for one in unserved if not one.also]
    further = sorted((one for one in unserved if (one.score or 0) >= least), key=lambda one: one.place or 0)
    lines = [
        f"急需而名单上没有：「{names[one.chain, one.segment]}」，最靠前的是 {one.best}"
        f"（{' '.join(filter(None, (one.city, one.county))) or '城市不详'}，第 {one.place} 名，{one.score:.1f} 分）"
        for one in further[:_MOST_OPEN]
    ]
    if len(further) > _MOST_OPEN:
        rest = "、".join(f"「{names[one.chain, one.segment]}」" for one in further[_MOST_OPEN:])
        lines.append(f"急需而名单上没有，后面才有：{rest}")
    if too:
        lines.append(f"急需的环节名单上没有专做的，兼做的有：{'、'.join(too)}")
    short_of = [one for one in unserved if one.best and (one.score or 0) < least]
    if short_of:
        nearest = "、".join(
            f"「{names[one.chain, one.segment]}」{one.best}（{one.city or '城市不详'}，{one.score:.1f} 分）" for one in short_of
        )
        lines.append(f"急需而没有到 B 档的，最近的是：{nearest}，先核实做没做、做多大")
    if nobody := "、".join(f"「{names[one.chain, one.segment]}」" for one in unserved if not one.best):
        lines.append(f"急需而这批资料里一家也没有的：{nobody}，可换城市，或经商会、园区去找")
    return lines


def _by_city(ranking: Ranking) -> str:
    """How many of the list sit in each city that was asked for: a day there with two calls is no day."""
    asked = cast(Sequence[str], ranking.run.request.get("cities") or ())
    if len(asked) < 2 or not ranking.results:
        return ""
    found = Counter(short(result.city or "") for result in ranking.results)
    told = "，".join(
        f"{short(city)} {found[short(city)]} 家" for city in sorted(asked, key=lambda city: (-found[short(city)], city))
    )
    few = "、".join(short(city) for city in asked if found[short(city)] * len(asked) * _FEW < len(ranking.results))
    return f"名单上：{told}" + (f"；{few}的线索少，不够跑一天的，可多排几名，或先请商会、园区推荐" if few else "")


def _footer(console: Console, ranking: Ranking, zone: Zone, questions: Mapping[str, str], called: str) -> None:
    labels = {veto.id: veto.label for veto in zone.scoring.vetoes}
    if any(_is_assumed(result, zone) for result in ranking.results):
        console.print(Text(f"{_ASSUMED} 园区没有公开说过这个需求，按产业链推定", style="dim"))
    if line := _by_city(ranking):
        console.print(Text(line))
    for line in _open_segments(ranking.unserved, zone):
        console.print(Text(line))
    asked = Counter(result.next_question for result in ranking.results if result.next_question)
    if asked and asked.most_common(1)[0][1] * 2 > len(ranking.results):
        console.print(Text(f"这批资料多半没有写明，行前逐家核实：{questions[str(asked.most_common(1)[0][0])]}", style="dim"))
    dropped = "，".join(f"{labels[veto]} {count:,}" for veto, count in ranking.vetoed.items())
    if ranking.results:
        console.print(Text("次序按折算后的分：同一环节、同一产业链已有几家在前，后面的略减，所以分高的偶尔排在后面", style="dim"))
    if ranking.folded:
        console.print(Text(f"并入同集团的企业 {ranking.folded:,} 家", style="dim"))
    if dropped:
        console.print(Text(f"未列入：{dropped}", style="dim"))
    results = (*ranking.results, *ranking.opportunities)
    run = f"批次 {ranking.run.id[:12]}{called and f'，{called}'}"
    if results:
        known = sorted({result.as_of for result in results if result.as_of})
        dated = f"数据日期 {known[0]}" if known else "数据日期不详"
        if known and known[-1] != known[0]:
            dated += f" 至 {known[-1]}"
        run = f"{dated}；登记信息只是线索，出发前核实。{run}"
    console.print(Text(run, style="dim"))
