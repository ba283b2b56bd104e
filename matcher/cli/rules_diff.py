"""A comparison of two rulesets on a terminal, as data and as a table (名单对比的输出)."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from matcher.cli.files import write_bytes, written
from matcher.cli.table import WIDTH
from matcher.outputs.cells import as_json, safe
from matcher.outputs.diff_words import KIND_LABELS, effect_words, part_words, place_words, places, segment_words, share_words
from matcher.rules import Zone
from matcher.tuning.diff import Diff, Kind, Move, Part

_MOST_PARTS, _MOST_EFFECTS, _MOST_EDITS = 4, 8, 12
_STYLES: dict[Kind, str] = {"entered": "bold green", "left": "bold red", "moved": "bold", "kept": "dim"}
Zones = tuple[Zone, Zone]


def write_diff(options: argparse.Namespace, found: Diff, zones: Zones, called: tuple[str, str]) -> None:
    """Writes a comparison as asked for (写出对比); ``called``: what the two rulesets are called."""
    if options.format == "xlsx":
        from matcher.cli.tuning_xlsx import diff_xlsx

        write_bytes(options.out, diff_xlsx(found, zones[1], CSV_HEADER, [csv_line(move, zones) for move in found.moves]))
        return
    with written(options.out, bom=options.format == "csv") as stream:
        if options.format == "json":
            stream.write(as_json({**asdict(found), "old_rules": options.old, "new_rules": options.new}) + "\n")
        elif options.format == "csv":
            write_diff_csv(found, zones, stream)
        elif options.format == "svg":
            from matcher.cli.slope_svg import slope_svg

            stream.write(slope_svg(found, zones, called))
        else:
            print_diff(found, zones, called, stream)


def print_diff(found: Diff, zones: Zones, words: tuple[str, str], stream: TextIO) -> None:
    """Prints a comparison (打印对比)."""
    console = Console(file=stream, width=None if stream.isatty() else WIDTH, highlight=False)

    def line(text: str, indent: int = 0, style: str = "") -> None:
        console.print(Text(" " * indent + text, style=style), soft_wrap=True)

    counts = {kind: len(found.of(kind)) for kind in KIND_LABELS}
    line(f"{zones[1].file.name}　名单对比：{words[0]} → {words[1]}", style="bold")
    line(f"{'、'.join(found.cities) or '全部城市'}　按 {found.as_of} 计算　考虑 {found.considered:,} 家　前 {found.top} 家")
    if found.old == found.new:
        line("两边是同一套规则")
    tau = "不适用" if found.tau is None else f"{found.tau:.3f}"
    line(f"重合 {found.overlap:.0%}，次序一致 τ {tau}；" + "，".join(f"{KIND_LABELS[k]} {n} 家" for k, n in counts.items()))
    _section(line, "规则改动", [f"{e.where} {e.what}：{e.old or '无'} → {e.new or '无'}" for e in found.edits], _MOST_EDITS)
    _section(line, "影响最大的（前列企业合计）", [effect_words(effect) for effect in found.effects], _MOST_EFFECTS)
    for kind in ("entered", "left", "moved"):
        moves = sorted(found.of(kind), key=lambda move: (kind == "left" and move.old.place) or 0)
        if moves:
            line("")
            line(f"{KIND_LABELS[kind]}（{len(moves)} 家）", style=_STYLES[kind])
        for move in moves:
            line(f"{places(move)}　{move.name}　{move.old.score:.1f} → {move.new.score:.1f}（{move.change:+.1f}）", 2)
            if told := _told(move, zones):
                line(told, 6, "dim")
    for title, shares in (("各产业链名额", found.chains), ("各小组名额", found.groups)):
        _section(line, title, [share_words(share) for share in shares], len(shares))


def _section(line: Any, title: str, told: Sequence[str], most: int) -> None:
    if told:
        line("")
        line(title, style="bold")
    for text in told[:most]:
        line(text, 2)
    if len(told) > most:
        line(f"…… 共 {len(told)} 项，全部见 --format json", 2, "dim")


def _told(move: Move, zones: Zones) -> str:
    """Why: another segment, then the largest parts."""
    told = []
    if (move.old.chain, move.old.segment) != (move.new.chain, move.new.segment):
        told.append(f"改定在 {segment_words(move.new, zones[1])}，原在 {segment_words(move.old, zones[0])}")
    largest = sorted(move.parts, key=lambda part: -abs(part.change))
    told += [f"{part_words(part)}" for part in largest[:_MOST_PARTS]]
    if len(largest) > _MOST_PARTS:
        told.append(f"其余 {sum(round(part.change * 10_000) for part in largest[_MOST_PARTS:]) / 10_000:+g}")
    return "；".join(told) or "得分未变，位次因前后的企业而变"


CSV_HEADER = (
    "change", "old_place", "new_place", "old_fate", "new_fate", "name", "uscc", "city", "old_score", "new_score", "score_change",
    "old_order_value", "new_order_value", "old_chain", "old_segment", "new_chain", "new_segment", "parts", "row",
)  # fmt: skip


def csv_line(move: Move, zones: Zones) -> list[Any]:
    """A company's cells, as ``CSV_HEADER`` (一行)."""
    sides = ((move.old, zones[0]), (move.new, zones[1]))
    fates = [place_words(side) if side.place is None else "" for side, _ in sides]
    where = [word for side, zone in sides for word in (zone.chain_names.get(side.chain or "", ""), segment_words(side, zone))]
    return [
        KIND_LABELS[move.kind], move.old.place, move.new.place, *fates, move.name, move.uscc, move.city, move.old.score, move.new.score,
        move.change, move.old.order_value, move.new.order_value, *where, "；".join(map(part_words, move.parts)), move.row,
    ]  # fmt: skip


def write_diff_csv(found: Diff, zones: Zones, stream: TextIO) -> None:
    """One line a company, each part of its move in a column of its own (对比 CSV)."""
    keys = dict.fromkeys(_key(part) for move in found.moves for part in move.parts)
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([*CSV_HEADER, *keys])
    for move in found.moves:
        changes = {_key(part): part.change for part in move.parts}
        writer.writerow(_cells([*csv_line(move, zones), *(changes.get(key, 0) for key in keys)]))


def _key(part: Part) -> str:
    return f"{part.kind}_{part.id}"


def _cells(cells: Iterable[Any]) -> list[Any]:
    return [safe("" if cell is None else cell) for cell in cells]
