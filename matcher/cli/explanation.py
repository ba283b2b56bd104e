"""One company explained on paper (逐条解释): what fired, what did not and why, what is unknown, which other segments it fits."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.text import Text

from matcher.cli.table import WIDTH
from matcher.engine import Engine
from matcher.outputs.rule_words import condition_words
from matcher.rules import Zone
from matcher.scoring.describe import Describer
from matcher.scoring.explain import Candidate, Explanation, Finding
from matcher.types import NEED_LABELS, RankedCompany

_STATES = (("fired", "命中"), ("unknown", "未知"), ("not_fired", "未命中"))


def print_explanation(result: RankedCompany, explanation: Explanation, engine: Engine, stream: TextIO) -> None:
    """Prints everything about one company (打印完整解释).

    Conditions stand in words; as the rules write them they are in the JSON form.
    """
    zone, questions = engine.zone, engine.questions
    console = Console(file=stream, width=None if stream.isatty() else WIDTH, highlight=False)
    low, high = result.interval
    console.print(Text(result.name, style="bold"))
    veto = next((veto.label for veto in zone.scoring.vetoes if veto.id == result.vetoed_by), None)
    line = f"{result.score:.1f} 分，{result.band} 档，区间 {low:.1f}–{high:.1f}"
    console.print(line + (f"；一票否决：{veto}，不上榜" if veto else ""))
    _line(console, f"理由：{result.reason}")
    if result.next_question:
        _line(console, f"先核实：{questions.get(result.next_question, result.next_question)}（答案最能改变得分）")
    for note in result.notes:
        _line(console, f"注意：{note}")
    console.print()
    _candidates(console, explanation.candidates, zone)
    labels = {group.id: group for group in zone.scoring.groups}
    groups = {rule.id: rule.group for rule in zone.scoring.rules}
    for state, title in _STATES:
        found = [finding for finding in explanation.rules if finding.state == state]
        if found:
            console.print(Text(f"{title}的规则", style="bold"))
        for finding in found:
            _rule(console, finding, labels[groups[finding.rule]].label, engine.describer)
        if found:
            console.print()
    console.print(Text("分组合计", style="bold"))
    for points in result.groups:
        cut = f"（合计 {points.raw:g}，封顶 {points.cap[0]:g}～{points.cap[1]:g}）" if points.raw != points.points else ""
        console.print(f"  {labels[points.group].label} {points.points:g}{cut}")
    console.print()
    _vetoes(console, explanation.vetoes)


def _line(console: Console, text: str, indent: int = 0) -> None:
    console.print(Text(" " * indent + text), soft_wrap=True)


def _candidates(console: Console, candidates: tuple[Candidate, ...], zone: Zone) -> None:
    if not candidates:
        return
    console.print(Text("适合的环节（第一个是定位）", style="bold"))
    needs = {(segment.chain, segment.id): NEED_LABELS[segment.need] for segment in zone.segments}
    for candidate in candidates:
        where = zone.chain_names.get(candidate.chain or "", NEED_LABELS["none"])
        need = needs[(candidate.chain, candidate.segment)]
        barred = "，被否决" if candidate.vetoed else ""
        _line(console, f"{where} / {candidate.name}（{need}）　契合 {candidate.affinity:.2f}，{candidate.score:.1f} 分{barred}", 2)
    console.print()


def _rule(console: Console, finding: Finding, group: str, describer: Describer) -> None:
    low, high = finding.possible
    span = f"{low:g}～{high:g}" if low and high else f"至多 {high:g}" if high else f"至多扣 {-low:g}"
    points = f"{finding.points:+g}" if finding.points else "0"
    _line(console, f"{points}　{finding.label}（{group}，{span}）", 2)
    _line(console, f"读到 {'；'.join(finding.read) or '（无）'}", 6)
    if finding.state != "fired":
        _line(console, f"条件 {condition_words(finding.condition, describer)}", 6)
    if finding.failed and finding.failed != (finding.condition,):
        _line(console, f"卡在 {'；'.join(condition_words(text, describer) for text in finding.failed)}", 6)
    _line(console, f"为什么 {finding.why}", 6)


def _vetoes(console: Console, vetoes: tuple[Finding, ...]) -> None:
    console.print(Text("一票否决", style="bold"))
    for veto in vetoes:
        if veto.state == "fired":
            _line(console, f"成立：{veto.label}——{veto.why}（读到 {'；'.join(veto.read)}）", 2)
    for veto in vetoes:
        if veto.state == "unknown":
            _line(console, f"读不出，待核实：{veto.label}（读到 {'；'.join(veto.read)}）", 2)
    passed = [veto.label for veto in vetoes if veto.state == "not_fired"]
    if passed:
        _line(console, f"不成立：{'、'.join(passed)}", 2)
