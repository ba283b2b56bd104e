"""``lianzhao rules history`` (评分历史): one company under every version and the draft, on a terminal, as data and as a table."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from matcher.cli.files import write_bytes, written
from matcher.cli.inputs import check_targets, working
from matcher.cli.table import WIDTH, wide
from matcher.cli.tried import companies_of, local_engine_of, request_of
from matcher.engine import Engine
from matcher.errors import OptionError, RequestError, RulesError, RulesetError
from matcher.outputs.cells import as_json, safe
from matcher.outputs.diff_words import part_words, place_words
from matcher.outputs.version_words import state_words, time_words
from matcher.rules.zone import SegmentSpec
from matcher.tuning.history import History, Ruleset, Step, history
from matcher.tuning.outcome import read_companies
from matcher.tuning.rulesets import draft_digest, kept_or_draft, published_versions
from matcher.tuning.why_not import find_company

_MOST_PARTS = 6
CSV_HEADER = (
    "version", "state", "published_at", "published_by", "note", "place", "fate", "score", "band", "chain", "segment", "vetoes", "against",
    "score_change", "parts", "digest", "problem",
)  # fmt: skip


def history_of(options: argparse.Namespace) -> int:
    """Runs the command (执行命令); 1 if a version cannot be opened."""
    if options.no_store:
        raise OptionError("rules history 要查数据库里的规则版本，不与 --no-store 同用")
    options.top = 1
    check_targets(options)
    base, rulesets = _rulesets(options)
    request = request_of(options)
    for one in rulesets:
        if one.engine is not None:
            one.engine.check(request)
    intake, known, _ = companies_of(options, base)
    with working("匹配与评分"):
        reading = read_companies(base, intake, request.cities, known)
        found = history(rulesets, reading, request, find_company(reading.companies, options.company))
    _write(options, found, {id(step): _labels(one) for step, one in zip(found.steps, rulesets, strict=True)})
    problems = [f"{_called(step)}：{step.problem}" for step in found.steps if step.problem]
    for problem in problems:
        print(f"lianzhao: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _rulesets(options: argparse.Namespace) -> tuple[Engine, list[Ruleset]]:
    """The engine that companies are read by, and all rulesets in order; what cannot be opened says why."""
    there = published_versions(options.zone, options.rules_folder)
    if not there:
        print(f"园区 {options.zone} 还没有发布过规则，只有草稿", file=sys.stderr)
    folders: list[Path | None] = []
    found: list[Ruleset] = []
    for version in there:
        try:
            folders.append(kept_or_draft(version.digest, options.zone, options.rules_folder))
            found.append(Ruleset(version, version.digest, None))
        except RulesetError as error:
            folders.append(None)
            found.append(Ruleset(version, version.digest, None, str(error)))
    folders.append(None)
    found.append(Ruleset(None, draft_digest(options.zone, options.rules_folder), None))
    try:
        draft = local_engine_of(options)
        found[-1] = replace(found[-1], engine=draft, digest=draft.zone.digest)
        base = draft
    except (RulesError, RequestError) as error:
        newest = next((folder for folder in reversed(folders) if folder is not None), None)
        if newest is None or isinstance(error, OptionError):
            raise
        found[-1] = replace(found[-1], problem=str(error))
        base = local_engine_of(options, newest)
    for number, folder in enumerate(folders):
        if folder is not None:
            try:
                found[number] = replace(found[number], engine=base.with_rules(folder))
            except RulesError as error:
                found[number] = replace(found[number], problem=str(error))
    return base, found


Labels = dict[tuple[str | None, str], SegmentSpec]


def _labels(ruleset: Ruleset) -> Labels:
    """Segments under a ruleset."""
    return {} if ruleset.engine is None else {(one.chain, one.id): one for one in ruleset.engine.zone.segments}


def _write(options: argparse.Namespace, found: History, labels: dict[int, Labels]) -> None:
    if options.format == "xlsx":
        from matcher.cli.tuning_xlsx import lines_xlsx

        lines = [_line(step, found, labels) for step in found.steps]
        write_bytes(options.out, lines_xlsx(f"{found.name} 评分历史", "评分历史", CSV_HEADER, lines))
        return
    with written(options.out, bom=options.format == "csv") as stream:
        if options.format == "json":
            stream.write(as_json(_plain(found)) + "\n")
        elif options.format == "csv":
            keys = dict.fromkeys(f"{part.kind}_{part.id}" for step in found.steps for part in step.parts)
            writer = csv.writer(stream, lineterminator="\r\n")
            writer.writerow([*CSV_HEADER, *keys])
            for step in found.steps:
                changes = {f"{part.kind}_{part.id}": part.change for part in step.parts}
                cells = [*_line(step, found, labels), *("" if step.change is None else changes.get(key, 0) for key in keys)]
                writer.writerow([safe("" if cell is None else cell) for cell in cells])
        else:
            console = Console(file=stream, width=None if wide(stream) else WIDTH, highlight=False)
            for style, indent, text in _told(found, labels):
                console.print(Text(" " * indent + text, style=style), soft_wrap=True)


def _plain(found: History) -> dict[str, Any]:
    data = asdict(found)
    for step, shown in zip(found.steps, data["steps"], strict=True):
        version = step.version
        shown["version"] = None if version is None else version.number
        shown["state"] = _state(step, found)
        for key in ("published_at", "published_by", "note", "retired_at"):
            value = None if version is None else getattr(version, key)
            shown[key] = value.isoformat() if isinstance(value, datetime) else value
        if step.against is not None:
            shown["against"] = _name(found.steps[step.against])
    return data


def _line(step: Step, found: History, labels: dict[int, Labels]) -> list[Any]:
    version, side = step.version, step.side
    head = [_name(step), _state(step, found)]
    head += ["", "", ""] if version is None else [time_words(version.published_at), version.published_by, version.note]
    if side is None:
        return [*head, *[None] * 6, "", None, None, "", step.digest, step.problem]
    segment = labels[id(step)].get((side.chain, side.segment or ""))
    where = [segment.chain_name if segment else "", segment.name if segment else ""]
    fate = place_words(side) if side.place is None else ""
    against = None if step.against is None else _name(found.steps[step.against])
    parts = "；".join(map(part_words, step.parts))
    scored = [side.place, fate, side.score, step.band, *where, "、".join(step.vetoes), against, step.change, parts]
    return [*head, *scored, step.digest, step.problem]


def _told(found: History, labels: dict[int, Labels]) -> Iterator[tuple[str, int, str]]:
    code = f"　{found.uscc}" if found.uscc else ""
    yield "bold", 0, f"{found.name}{code}　评分历史"
    yield "", 0, f"同一批 {found.considered:,} 家企业，都按 {found.as_of} 计算；各版只是规则不同"
    for step in found.steps:
        version = step.version
        yield "", 0, ""
        said = "" if version is None else f"　{time_words(version.published_at)} {version.published_by}：{version.note}"
        yield "bold", 0, f"{_called(step)}{said}"
        if step.side is None:
            yield "bold red", 2, "打不开，没有算"
            continue
        segment = labels[id(step)].get((step.side.chain, step.side.segment or ""))
        where = f"{segment.chain_name} / {segment.name}" if segment else "没有够得上的环节"
        yield "", 2, f"{place_words(step.side)}　{step.side.score:.1f} 分 {step.band} 档　{where}"
        if len(step.vetoes) > 1:
            yield "", 2, f"否决：{'、'.join(step.vetoes)}"
        same = next((one for one in found.steps if one is not step and one.digest == step.digest), None)
        if same is not None and found.steps.index(same) < found.steps.index(step):
            yield "dim", 2, f"与{_called(same)}是同一套规则"
        if step.against is not None and step.change is not None and found.steps[step.against].digest != step.digest:
            yield from _moved(step, found.steps[step.against])


def _moved(step: Step, before: Step) -> Iterator[tuple[str, int, str]]:
    yield "", 2, f"比{_called(before)} {step.change:+.1f} 分" if step.change else f"得分与{_called(before)}相同"
    largest = sorted(step.parts, key=lambda part: -abs(part.change))
    for part in largest[:_MOST_PARTS]:
        yield "dim", 4, f"{part_words(part)}（{_points(part.old)} → {_points(part.new)}）"
    if len(largest) > _MOST_PARTS:
        rest = sum(round(part.change * 10_000) for part in largest[_MOST_PARTS:]) / 10_000
        yield "dim", 4, f"其余 {len(largest) - _MOST_PARTS} 项 {rest:+g}，全部见 --format json"


def _points(value: float | None) -> str:
    return "无此条" if value is None else f"{value:g}"


def _name(step: Step) -> str:
    return "draft" if step.version is None else str(step.version.number)


def _called(step: Step) -> str:
    if step.version is None:
        return "草稿"
    return f"第 {step.version.number} 版" + ("（已停用）" if step.version.retired_at else "")


def _state(step: Step, found: History) -> str:
    return state_words(step.version, [one.version for one in found.steps if one.version is not None])
