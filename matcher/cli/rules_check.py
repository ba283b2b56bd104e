"""What was found in a zone's rules, on a terminal, as data and as a table (规则体检的输出)."""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from dataclasses import asdict

from matcher.cli.files import write_bytes, written
from matcher.engine import Engine
from matcher.outputs.cells import as_json, safe
from matcher.tuning.concerns import KIND_LABELS, Concern
from matcher.tuning.lint import Lint

CSV_HEADER = ("file", "line", "field", "kind", "label", "text")


def write_lint(options: argparse.Namespace, found: Lint, engine: Engine, called: str) -> None:
    """Writes what was found as asked for (写出体检结果); ``called``: what the companies are called."""
    shown = [*found.concerns, *(found.notes if options.all else ())]
    lines = [[one.file, one.line, one.field, one.kind, KIND_LABELS[one.kind], one.text] for one in shown]
    if options.format == "xlsx":
        from matcher.cli.tuning_xlsx import lines_xlsx

        write_bytes(options.out, lines_xlsx(f"{engine.zone.file.name} 规则体检", "疑处", CSV_HEADER, lines))
        return
    with written(options.out, bom=options.format == "csv") as stream:
        if options.format == "json":
            notes = Counter(note.kind for note in found.notes) | Counter({"dead_term": found.dead_terms})
            data = {"zone": engine.zone.id, "companies": found.companies, "forbidden": [asdict(one) for one in found.forbidden]}
            data["concerns"] = [asdict(one) for one in found.concerns]
            listed = {"notes": [asdict(one) for one in found.notes]} if options.all else {}
            stream.write(as_json({**data, "counts": dict(sorted(notes.items())), **listed}) + "\n")
        elif options.format == "csv":
            writer = csv.writer(stream, lineterminator="\r\n")
            writer.writerow(CSV_HEADER)
            writer.writerows([safe(cell) for cell in line] for line in lines)
        else:
            stream.write("\n".join(_report(options, found, engine, called, shown)) + "\n")


def _report(options: argparse.Namespace, found: Lint, engine: Engine, called: str, shown: list[Concern]) -> list[str]:
    zone = engine.zone
    segments = [segment for segment in zone.segments if segment.chain]
    sound = f"合规问题 {len(found.forbidden)} 处。" if found.forbidden else "规则无误。"
    lines = [
        f"{zone.file.name}：{sound}{len(zone.chains)} 条产业链、{len(segments)} 个环节、"
        f"{sum(len(segment.terms) for segment in zone.segments):,} 个词、{len(engine.ruleset.rules)} 条评分规则、"
        f"{len(engine.ruleset.vetoes)} 条否决"
    ]
    lines.append(f"疑处 {len(found.concerns)} 处（按{called}的 {found.companies:,} 家看）")
    lines += [f"  {one.file}:{one.line} [{one.field}] {KIND_LABELS[one.kind]}：{one.text}" for one in shown]
    counts = Counter(note.kind for note in found.notes)
    unseen = f"规则和否决 {counts['silent']} 条、词 {found.dead_terms:,} 个没有命中过，分组 {counts['cap_never']} 个没有封过顶"
    lines.append(f"这批企业里，{unseen}" + ("" if options.all else "（--all 列出）"))
    return lines
