"""One company of a list opened (打开一家企业): points as a waterfall, rule by rule why, what to verify, and what the register says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from nicegui import ui

from matcher.api.service import Made
from matcher.errors import RequestError
from matcher.outputs.rule_words import condition_words
from matcher.runs import Request
from matcher.scoring.explain import Explanation, Finding, State
from matcher.snapshot.cards import LABELS
from matcher.types import NEED_LABELS, RankedCompany
from matcher.web import ranking_target, states
from matcher.web.charts import waterfall
from matcher.web.ranking_list import family_line, line_of
from matcher.web.widgets import said
from matcher.web.workshop import Visit

_STATES: tuple[tuple[State, str], ...] = (
    ("fired", "得分、扣分的"),
    ("unknown", "资料里没有、暂按规定取值的"),
    ("not_fired", "没有得分的"),
)
_MONEY = ("capital", "paid_capital")


@dataclass(frozen=True)
class _Opened:
    explanation: Explanation
    card: dict[str, Any]


async def show(visit: Visit, made: Made, one: RankedCompany) -> None:
    """Opens a company (打开企业)."""
    narrow = bool(await ui.run_javascript("window.innerWidth < 700"))
    dialog = ui.dialog().props('aria-labelledby=company-name :maximized="window.narrower[700]"')
    with dialog, ui.card().classes("company-card"):
        with ui.element("div").classes("card-top"):
            ui.label(f"{one.rank or ''} {one.name}".strip()).classes("card-title").props(
                "id=company-name role=heading aria-level=2"
            )
            ui.button(icon="close", on_click=dialog.close).props("flat round dense aria-label=关闭")
        panel = ui.element("div").classes("company-body")
    dialog.on("hide", dialog.delete)
    dialog.open()
    await states.fill(
        panel,
        lambda: visit.ask("explain_run_company", partial(_explained, made, one), run=lambda _: made.ranking.run.id),
        partial(_draw, visit, made, one, narrow),
        "正在逐条解释……",
    )


def _explained(made: Made, one: RankedCompany) -> _Opened:
    place = made.base.with_id(one.uscc or f"name:{one.name}")
    if place is None:
        raise RequestError("企业", one.name)
    asked: Request = made.request
    explained = made.engine.explain_companies(made.base.companies.take(np.array([place])), asked)
    return _Opened(explained[0][1], made.base.card(place))


def _draw(visit: Visit, made: Made, one: RankedCompany, narrow: bool, opened: _Opened) -> None:
    line, engine = line_of(made, one, ""), made.engine
    low, high = one.interval
    with ui.element("div").classes("company-head"):
        ui.label(f"{one.score:.1f} 分 · {one.band} 档").classes("big")
        ui.label(" · ".join(filter(None, (line["city"], line["need"], line["segment"])))).classes("line")
    ui.label(f"理由：{one.reason}").classes("line")
    if family := family_line(one):
        ui.label(f"集团：{family}").classes("line")
    if high > low:
        ui.label(f"资料里没有的，都往坏了算是 {low:.1f} 分，都往好了算是 {high:.1f} 分。").classes("line soft")
    if one.next_question:
        asked = engine.questions.get(one.next_question, one.next_question)
        ui.label(f"先核实：{asked}（这一项的答案最能改变得分）").classes("line asked")
    for note in one.notes:
        ui.label(f"注意：{note}").classes("line")
    with ui.element("div").classes("buttons"):
        if visit.may("add_row"):
            ui.button("加入目标台账", icon="playlist_add", on_click=partial(ranking_target.enter, visit, made, [one])).props(
                "unelevated"
            )
    ui.label("分是怎样来的").classes("part-title").props("role=heading aria-level=3")
    labels = {group.id: group.label for group in engine.zone.scoring.groups}
    ui.echart(waterfall(one, labels, narrow=narrow), renderer="svg").classes("waterfall").props(
        "role=img " + said(aria_label=_points(one, labels))
    )
    _rules(made, opened.explanation.rules)
    _vetoes(opened.explanation.vetoes)
    _segments(made, opened.explanation)
    _raw(opened.card)


def _points(one: RankedCompany, labels: dict[str, str]) -> str:
    """What the picture shows, for those who hear it; without spaces, as props want it."""
    return "，".join(f"{labels[group.group]}{group.points:g}" for group in one.groups) + f"，合计{one.score:.1f}分"


def _rules(made: Made, rules: Sequence[Finding]) -> None:
    ui.label("逐条规则").classes("part-title").props("role=heading aria-level=3")
    for state, title in _STATES:
        found = [one for one in rules if one.state == state]
        if not found:
            continue
        with ui.expansion(f"{title}（{len(found)} 条）", value=state == "fired").classes("findings").props("dense"):
            for one in found:
                _finding(made, one)


def _finding(made: Made, one: Finding) -> None:
    low, high = one.possible
    span = f"{low:g} 到 {high:g}" if low and high else f"至多 {high:g}" if high else f"至多扣 {-low:g}"
    with ui.element("div").classes("finding"):
        ui.label(f"{one.points:+.1f}" if one.points else "0").classes("points" + (" minus" if one.points < 0 else ""))
        with ui.element("div"):
            ui.label(f"{one.label}（{span} 分）").classes("finding-title")
            ui.label("读到：" + ("；".join(one.read) or "（无）")).classes("soft")
            if one.state != "fired":
                failed = one.failed if one.failed and one.failed != (one.condition,) else (one.condition,)
                ui.label("要求：" + "；".join(condition_words(text, made.engine.describer) for text in failed)).classes("soft")
            ui.label(f"为什么有这条：{one.why}").classes("soft")


def _vetoes(vetoes: Sequence[Finding]) -> None:
    doubtful = [one for one in vetoes if one.state == "unknown"]
    with ui.expansion(f"一票否决（{len(vetoes)} 条都不成立{f'，{len(doubtful)} 条待核' if doubtful else ''}）").props("dense"):
        for one in doubtful:
            ui.label(f"待核：{one.label}——{one.why}（读到 {'；'.join(one.read)}）").classes("line")
        ui.label("不成立：" + "、".join(one.label for one in vetoes if one.state == "not_fired")).classes("line soft")


def _segments(made: Made, explanation: Explanation) -> None:
    zone = made.engine.zone
    needs = {(segment.chain, segment.id): NEED_LABELS[segment.need] for segment in zone.segments}
    with ui.expansion(f"还适合哪些环节（{len(explanation.candidates)}）").props("dense"):
        for one in explanation.candidates:
            where = zone.chain_names.get(one.chain or "", NEED_LABELS["none"])
            told = f"{where} / {one.name}（{needs[(one.chain, one.segment)]}）　契合 {one.affinity:.2f}，{one.score:.1f} 分"
            ui.label(told + ("，被否决" if one.vetoed else "")).classes("line")


def _raw(card: dict[str, Any]) -> None:
    with ui.expansion("登记资料原文和出处").props("dense"), ui.element("dl").classes("facts-list"):
        for name, known in card["fields"].items():
            value = known["value"]
            if name in _MONEY and isinstance(value, int):
                value = f"{value / 10_000:,.10g} 万元"
            with ui.element("dt"):
                ui.label(LABELS[name].replace("（元）", ""))
            with ui.element("dd"):
                ui.label(f"{value:,}" if isinstance(value, int) else str(value))
                ui.label(f"{known['file']} 第 {known['row']} 行，{known['as_of'] or '日期不详'}").classes("soft")
