"""What the commands on places of a list do (名单位置的命令): why-not, certainty."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from matcher.cli.files import write_bytes, written
from matcher.cli.inputs import check_targets, working
from matcher.cli.tried import companies_of, local_engine_of, request_of
from matcher.engine import Engine
from matcher.outputs.cells import as_json, safe
from matcher.outputs.rule_words import condition_words
from matcher.rules.changes import Changes, load_changes
from matcher.runs import Request
from matcher.tuning.certainty import Certainty, Chance, Question, certainty
from matcher.tuning.outcome import Reading, read_companies
from matcher.tuning.standing import GroupStanding, Opportunity, Standing
from matcher.tuning.why_not import Remedy, WhyNot, find_company, why_not
from matcher.types import NEED_LABELS

_STABLE, _LIKELY = 0.9, 0.5
CSV_HEADER = ("place", "name", "uscc", "score", "low", "high", "share", "best", "worst", "open", "row")


def run(options: argparse.Namespace) -> int:
    """Runs the command that was asked for (执行命令)."""
    return {"why-not": _why_not, "certainty": _certainty}[options.verb](options)


def _read(options: argparse.Namespace) -> tuple[Engine, Reading, Request, Changes]:
    check_targets(options)
    engine, changes, request = local_engine_of(options), load_changes(options.rules_folder), request_of(options)
    engine.check(request)
    intake, known, _ = companies_of(options, engine)
    with working("匹配"):
        reading = read_companies(engine, intake, request.cities, known)
    return engine, reading, request, changes


def _why_not(options: argparse.Namespace) -> int:
    engine, reading, request, changes = _read(options)
    place = find_company(reading.companies, options.company)
    with working("试算"):
        found = why_not(engine, reading, request, changes, place)
    with written(options.out) as stream:
        stream.write(as_json(asdict(found)) if options.format == "json" else "\n".join(_reasons(found, engine)))
        stream.write("\n")
    return 0


def _reasons(found: WhyNot, engine: Engine) -> Iterator[str]:
    standing = found.standing
    yield f"{standing.name}　{_place(standing)}"
    low, high = standing.interval
    order = f"，按 {standing.order_value:.1f} 分排" if standing.order_value is not None else ""
    if standing.opportunity:
        yield _beside(standing.opportunity, engine)
    where = "在产业链上：" if standing.opportunity else ""
    yield f"{where}{standing.score:.1f} 分（{low:.1f}–{high:.1f}）{order}；{_segment(standing, engine)}"
    yield "各组得分：" + "，".join(map(_group, standing.groups))
    yield from (f"否决 {one.label}　读到 {'；'.join(one.read)}" for one in found.barred)
    yield from _rules(found, engine)
    if standing.place is not None and standing.place <= found.top:
        yield f"已在前 {found.top} 家"
        return
    if found.last:
        yield f"前 {found.top} 家的最后一家：{found.last[0]}，按 {found.last[1]:.1f} 分排"
    for title, remedies in (("现在不详，问到这些就能进：", found.answers), ("改了这些就能进（由易到难）：", found.changes)):
        if remedies:
            yield ""
            yield title
            yield from (f"  {_remedy(remedy)}" for remedy in remedies)
    if not found.answers and not found.changes:
        yield f"可能的答案和改得了的 {found.tried} 种都试过，没有一种能让它进前 {found.top} 家"
    else:
        yield f"共试 {found.tried} 种，列出的每一种都按全部企业重新排过"


def _group(one: GroupStanding) -> str:
    return (
        f"{one.label} {one.points:g}/{one.most:g}" if one.most else f"{one.label} {one.points:g}"
    )  # one that only takes has no most


def _rules(found: WhyNot, engine: Engine) -> Iterator[str]:
    """Rules that gave nothing, and those that took points."""
    if found.unfired:
        yield "没有得分的规则（至多能得、读到什么、要求什么）："
    for one in found.unfired:
        stuck = "；".join(condition_words(text, engine.describer) for text in one.failed)
        why = "不知道，问到才能算" if one.state == "unknown" else f"要求 {stuck}"
        yield f"  {one.label}（至多 {one.possible[1]:g}）　读到 {'；'.join(one.read)}　{why}"
    if found.deducted:
        yield "扣了分的规则（扣多少、读到什么、问什么）："
    for taken in found.deducted:
        asks = f"　问 {taken.asks}" if taken.asks else ""
        unsure = "" if taken.known else "（不详，暂按此扣）"
        yield f"  {taken.label} {taken.points:g}{unsure}　读到 {'；'.join(taken.read)}{asks}"


def _beside(found: Opportunity, engine: Engine) -> str:
    name = next(one.name for one in engine.zone.segments if one.chain is None and one.id == found.theme)
    at = f"第 {found.place} 位，按 {found.order_value:.1f} 分排" if found.place else "并入同家族"
    return f"在机会型名单上：{found.score:.1f} 分，{name}，{at}"


def _remedy(remedy: Remedy) -> str:
    told = "；".join(f"{one.label} {f'{one.before} → ' if one.before else ''}{one.after}" for one in remedy.changes)
    cost = f"（难易 {remedy.cost}）" if remedy.cost else ""
    return f"{told}{cost}：{remedy.score:.1f} 分，第 {remedy.place} 位"


def _place(standing: Standing) -> str:
    if standing.place is not None:
        return f"第 {standing.place} 位"
    said = {"vetoed": "被否决：", "folded": "并入 ", "beside": NEED_LABELS["none"], "listed": ""}[standing.fate]
    return said + "、".join(standing.because)


def _segment(standing: Standing, engine: Engine) -> str:
    names = {(one.chain, one.id): f"{one.chain_name} / {one.name}" for one in engine.zone.segments}
    return names.get((standing.chain, standing.segment or ""), "不属于任何环节")


def _certainty(options: argparse.Namespace) -> int:
    engine, reading, request, changes = _read(options)
    with working("补全与排名"):
        found = certainty(engine, reading, request, changes, seed=options.seed, draws=options.draws)
    lines = [_line(one) for one in found.chances]
    if options.format == "xlsx":
        from matcher.cli.tuning_xlsx import lines_xlsx

        write_bytes(options.out, lines_xlsx(f"{engine.zone.file.name} 名单的把握", "把握", CSV_HEADER, lines))
        return 0
    with written(options.out, bom=options.format == "csv") as stream:
        if options.format == "json":
            stream.write(as_json(asdict(found)) + "\n")
        elif options.format == "csv":
            writer = csv.writer(stream, lineterminator="\r\n")
            writer.writerow(CSV_HEADER)
            writer.writerows([safe("" if cell is None else cell) for cell in line] for line in lines)
        else:
            stream.write("\n".join(_told(found, engine)) + "\n")
    return 0


def _line(one: Chance) -> list[Any]:
    now = one.standing
    return [now.place, now.name, now.uscc, now.score, *now.interval, one.share, one.best, one.worst, "、".join(one.open), now.row]


def _told(found: Certainty, engine: Engine) -> Iterator[str]:
    yield f"{engine.zone.file.name}　名单的把握：前 {found.top} 家"
    how = f"抽 {found.completions} 种补全，种子 {found.seed}" if found.seed is not None else f"全部 {found.completions} 种补全"
    proof = "其余企业在这些补全里都进不了前列" if found.proved else "其余企业未必进不了前列"
    yield f"{how}；{found.pool:,} 家有机会的企业逐家补全，{proof}"
    titles = ("稳：九成以上的情形在前列", "多半：一半以上", "有机会")
    shelves: tuple[list[Chance], ...] = ([], [], [])
    for one in found.chances:
        shelves[0 if one.share >= _STABLE else 1 if one.share >= _LIKELY else 2].append(one)
    for title, chances in zip(titles, shelves, strict=True):
        if chances:
            yield ""
            yield f"{title}（{len(chances)} 家）"
        for one in chances[: found.top]:
            worst = f"第 {one.worst} 位" if one.worst is not None else f"不在前 {found.top}"
            yield f"  {one.share:4.0%}　{one.standing.name}　现在{_place(one.standing)}，最好第 {one.best} 位，最差{worst}"
        if len(chances) > found.top:
            yield f"  …… 共 {len(chances)} 家，全部见 --format csv"
    if found.questions:
        yield ""
        yield "最该先问的一句：" + _question(found.questions[0], found.top)
        yield from (f"  其次：{_question(one, found.top)}" for one in found.questions[1:4])


def _question(one: Question, top: int) -> str:
    told = "，".join(f"{answer} → {f'第 {place} 位' if place else f'不在前 {top}'}" for answer, place in one.answers)
    return f"{one.name}的{one.label}（平均有 {one.moved:.1f} 个位次换人：{told}）"
