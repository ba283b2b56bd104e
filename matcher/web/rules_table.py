"""Rules as a table that can be read (规则表): points, conditions in words, why; and where an analyst writes other points."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from nicegui import ui

from matcher.outputs.rule_words import condition_words
from matcher.rules.editing import Weight
from matcher.rules.schema import GroupCap, Rule
from matcher.tuning.drafts import Change
from matcher.web import states
from matcher.web.rules_work import Shown, edit
from matcher.web.widgets import said
from matcher.web.workshop import Visit

_MOST = 100


class _Changes:
    """Numbers that were written and are not in the draft yet."""

    def __init__(self) -> None:
        self.weights: dict[tuple[str, str], Weight] = {}

    def note(self, change: Weight, before: float, event: Any) -> None:
        key = (change.part, change.id)
        value = event.value
        if value is None or round(float(value), 1) == before:
            self.weights.pop(key, None)
        else:
            self.weights[key] = Weight(change.part, change.id, round(float(value), 1), change.end)


def rules(visit: Visit, now: Shown, *, writes: bool, then: Callable[[], None]) -> None:
    """Draws the rules, group by group (画评分规则).

    Args:
        visit: Who looks.
        now: The rules.
        writes: Points can be written.
        then: What to do when they are in the draft.
    """
    scoring, changes = now.engine.zone.scoring, _Changes()
    old = {rule.id: float(rule.weight) for rule in now.usual.scoring.rules}

    async def save() -> None:
        with states.notices():
            if not changes.weights:
                ui.notify("还没有改动", type="info")
                return
            made: list[Change] = list(changes.weights.values())
            await visit.ask("draft_rules", partial(edit, visit, now, made))
            then()

    ui.label("得分 = 各条的分值 × 符合的程度，同一分组的加起来不超过封顶；全部相加，最多 100 分。").classes("line soft")
    if writes:
        ui.button("把改动存进草稿副本", icon="save", on_click=save).props("unelevated").classes("save")
    for group in scoring.groups:
        mine = [rule for rule in scoring.rules if rule.group == group.id]
        with ui.expansion(f"{group.label}（{len(mine)} 条，{_span(group)}）", value=True).classes("rule-group").props("dense"):
            if writes:
                _cap(group, changes)
            for rule in mine:
                _rule(now, rule, old.get(rule.id), changes if writes else None)


def _span(group: GroupCap) -> str:
    low, high = group.cap
    return f"至多扣 {-low:g} 分" if high <= 0 else f"合计 {low:g} 到 {high:g} 分" if low else f"封顶 {high:g} 分"


def _cap(group: GroupCap, changes: _Changes) -> None:
    end = 1 if group.cap[1] > 0 else 0
    before = float(group.cap[end])
    ui.number(
        f"{group.label}{'封顶' if end else '至多扣到'}", value=before, min=-_MOST, max=_MOST, step=0.5,
        on_change=partial(changes.note, Weight("groups", group.id, before, end), before),
    ).props("dense outlined").classes("narrow")  # fmt: skip


def _rule(now: Shown, rule: Rule, counts: float | None, changes: _Changes | None) -> None:
    weight = float(rule.weight)
    with ui.element("div").classes("rule"):
        with ui.element("div").classes("rule-points"):
            if changes is None:
                ui.label(f"{weight:g}").classes("big" + (" minus" if weight < 0 else ""))
            else:
                ui.number(
                    value=weight,
                    min=-_MOST,
                    max=_MOST,
                    step=0.5,
                    on_change=partial(changes.note, Weight("rules", rule.id, weight), weight),
                ).props("dense outlined " + said(aria_label=f"{rule.label}的分值"))
            if counts is None or counts != weight:
                ui.label("草稿副本新增" if counts is None else f"现行 {counts:g}").classes("asked small")
        with ui.element("div"):
            ui.label(rule.label).classes("finding-title")
            ui.label(f"条件：{condition_words(rule.value, now.engine.describer)}").classes("line")
            if rule.if_unknown:
                ui.label(f"资料里没有时，按 {rule.if_unknown:.0%} 给").classes("soft")
            ui.label(f"为什么：{rule.why}").classes("soft")


def vetoes(now: Shown) -> None:
    """Draws the vetoes in their order (画一票否决)."""
    ui.label("有一条成立，就不进名单；按先后计数。").classes("line soft")
    for veto in now.engine.zone.scoring.vetoes:
        with ui.element("div").classes("rule"), ui.element("div").classes("whole"):
            ui.label(veto.label).classes("finding-title")
            ui.label(f"条件：{condition_words(veto.when, now.engine.describer)}").classes("line")
            ui.label(f"为什么：{veto.why}").classes("soft")
