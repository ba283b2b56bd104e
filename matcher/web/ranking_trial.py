"""Weights tried on the list (试调分值): an analyst moves sliders and sees who enters, leaves and moves; nothing is written anywhere."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import ui

from matcher.api.service import Made
from matcher.rules import Zone
from matcher.scoring.formula import UNIT
from matcher.tuning.outcome import read_companies
from matcher.tuning.what_if import WhatIf
from matcher.web import states
from matcher.web.widgets import said
from matcher.web.workshop import Visit

_STEP, _LEAST_SPAN = 0.5, 5.0
_MOST_MOVED = 12


@dataclass(frozen=True)
class Line:
    """A company of a trial's list (试调后的一行): without reasons, for which texts would have to be read."""

    name: str
    place: int
    score: float
    segment: str


@dataclass(frozen=True)
class Moved:
    """What another list does to the first one (名单进退).

    Attributes:
        entered: Company, and the place that it had in the whole list before, None if it was not on it.
        left: Company as it was, and the place that it has in the whole list now, likewise.
        moved: Company, and the place that it had before; the farthest first.
    """

    entered: tuple[tuple[Line, int | None], ...]
    left: tuple[tuple[Line, int | None], ...]
    moved: tuple[tuple[Line, int], ...]


class Trial:
    """Columns of a list's companies, kept for trials (试算); one trial at a time.

    Args:
        made: The list.
    """

    def __init__(self, made: Made) -> None:
        engine, request = made.engine, made.request
        self._first = WhatIf(engine, read_companies(engine, made.base.intake, request.cities, made.known), request)
        self._before = self._first
        self._lines, self._places = _listed(self._first)
        self._lock = threading.Lock()

    def with_weights(self, weights: Mapping[str, float], caps: Mapping[str, float]) -> tuple[list[Line], Moved]:
        """The list under other weights and caps (换分值再排); both by id, those not named stay.

        Args:
            weights: Rule → points.
            caps: Group → most points; of a group of doubts, the least.
        """
        with self._lock:
            self._before = self._before.with_rules(changed(self._first.engine.zone, weights, caps))
            lines, places = _listed(self._before)
        return list(lines.values()), _moved(self._lines, lines, self._places, places)


def changed(zone: Zone, weights: Mapping[str, float], caps: Mapping[str, float]) -> Zone:
    """The zone with other weights and caps (换分值); no file is touched."""
    rules = [
        rule.model_copy(update={"weight": round(weights[rule.id], 1)}) if rule.id in weights else rule
        for rule in zone.scoring.rules
    ]
    groups = [
        group.model_copy(update={"cap": _cap(group.cap, round(caps[group.id], 1))}) if group.id in caps else group
        for group in zone.scoring.groups
    ]
    return zone.with_scoring(zone.scoring.model_copy(update={"rules": rules, "groups": groups}))


def _moved(old: Mapping[int, Line], new: Mapping[int, Line], was: Mapping[int, int], now: Mapping[int, int]) -> Moved:
    """Who enters, leaves and moves between the first places of two lists of the same companies; both also with all their places."""
    entered = tuple((line, was.get(company)) for company, line in new.items() if company not in old)
    left = tuple((line, now.get(company)) for company, line in old.items() if company not in new)
    stayed = [(line, old[company].place) for company, line in new.items() if company in old and old[company].place != line.place]
    return Moved(entered, left, tuple(sorted(stayed, key=lambda one: (-abs(one[0].place - one[1]), one[0].place))))


def panel(visit: Visit, made: Made) -> None:
    """The sliders, folded away until they are wanted (试调分值)."""
    with ui.expansion("试调分值（只给规则分析员看）", icon="science").classes("trial").props("dense") as folded:
        place = ui.element("div").classes("trial-body")
    begun: list[bool] = []

    async def begin() -> None:
        if folded.value and not begun:
            begun.append(True)
            await states.fill(
                place,
                lambda: visit.ask("try_rules", partial(Trial, made)),
                lambda trial: _Sliders(visit, made, trial).draw(),
                "正在备好试算用的数……",
            )

    folded.on_value_change(begin)


class _Slider(ui.slider):
    """A slider that moves in the browser at once and does not wait for what the server makes of it."""

    LOOPBACK = False


class _Sliders:
    def __init__(self, visit: Visit, made: Made, trial: Trial) -> None:
        self.visit, self.made, self.trial = visit, made, trial
        self.weights: dict[str, float] = {}
        self.caps: dict[str, float] = {}
        self.controls: list[tuple[Any, float]] = []
        self.busy = self.again = self.still = False

    def draw(self) -> None:
        zone = self.made.engine.zone
        ui.label("改动只在这一页，不写进任何规则；要存成草稿副本，请到“规则”页。").classes("line soft")
        with ui.element("div").classes("trial-parts"):
            with ui.element("div").classes("sliders"):
                ui.button("全部还原", icon="undo", on_click=self.reset).props("outline dense")
                for group in zone.scoring.groups:
                    with ui.expansion(group.label).props("dense").classes("slider-group"):
                        self._slider(f"{group.label}封顶", self.caps, group.id, _end(group.cap))
                        for rule in zone.scoring.rules:
                            if rule.group == group.id:
                                self._slider(rule.label, self.weights, rule.id, float(rule.weight))
            self.result = ui.element("div").classes("trial-result").props("role=status aria-live=polite")
        with self.result:
            ui.label("拖动左边的分值，这里马上说谁进、谁出、谁换位。").classes("soft")

    def _slider(self, label: str, into: dict[str, float], id_: str, value: float) -> None:
        span = max(abs(value) * 2, _LEAST_SPAN)
        low, high = (0.0, span) if value >= 0 else (-span, 0.0)
        with ui.element("div").classes("slider"):
            ui.label(label).classes("slider-label")
            shown = ui.label(f"{value:g}").classes("slider-value")
            slider = _Slider(min=low, max=high, step=_STEP, value=value).props(f"{said(aria_label=label)} dense")

        async def change(event: Any) -> None:
            now = float(event.value)
            shown.set_text(f"{now:g}" if now == value else f"{value:g} → {now:g}")
            if self.still:
                return
            if now == value:
                into.pop(id_, None)
            else:
                into[id_] = now
            await self.rank()

        slider.on_value_change(change)
        self.controls.append((slider, value))

    async def reset(self) -> None:
        self.still = True
        for slider, value in self.controls:
            slider.set_value(value)
        self.still = False
        self.weights.clear()
        self.caps.clear()
        await self.rank()

    async def rank(self) -> None:
        """Makes the list again; while it is being made, only the last wish is kept."""
        if self.busy:
            self.again = True
            return
        self.busy = self.again = True
        try:
            with states.notices():
                while self.again:
                    self.again = False
                    wish = partial(self.trial.with_weights, dict(self.weights), dict(self.caps))
                    lines, found = await self.visit.ask("try_rules", wish)
                    if not self.again and not self.result.is_deleted:
                        self.result.clear()
                        with self.result:
                            self._told(lines, found)
        finally:
            self.busy = False

    def _told(self, lines: list[Line], found: Moved) -> None:
        if not self.weights and not self.caps:
            ui.label("和原来的名单一样。").classes("soft")
            return
        counts = f"进入 {len(found.entered)} 家，退出 {len(found.left)} 家，换位 {len(found.moved)} 家"
        ui.label(f"改了 {len(self.weights) + len(self.caps)} 项：{counts}").classes("part-title")
        for one, was in found.entered:
            self._line("进入", f"第 {one.place} 名 {one.name}（{_place('原', was)}）", "up")
        for one, now in found.left:
            self._line("退出", f"{one.name}（原第 {one.place} 名，{_place('现', now)}）", "down")
        for one, before in found.moved[:_MOST_MOVED]:
            up = one.place < before
            self._line("升" if up else "降", f"{one.name}：第 {before} 名 → 第 {one.place} 名", "up" if up else "down")
        if len(found.moved) > _MOST_MOVED:
            ui.label(f"…… 换位的共 {len(found.moved)} 家").classes("soft")
        with ui.expansion(f"试调后的名单（前 {len(lines)} 家）").props("dense"):
            for one in lines:
                ui.label(f"{one.place}. {one.name}　{one.score:.1f} 分　{one.segment}").classes("line")

    def _line(self, kind: str, text: str, way: str) -> None:
        with ui.element("div").classes("move"):
            ui.label(kind).classes(f"way {way}")
            ui.label(text)


def _place(word: str, place: int | None) -> str:
    return f"{word}在全部名单第 {place} 名" if place else f"{word}不在名单上"


def _listed(trial: WhatIf) -> tuple[dict[int, Line], dict[int, int]]:
    """The first companies of a trial's list, and the places of all."""
    ordered, segments = trial.order().ordered, trial.engine.zone.segments
    names = trial.reading.companies.text["name"]
    companies = ordered.company.tolist()
    lines = {
        company: Line(names[company], place, score / UNIT, segments[segment].name)
        for place, (company, score, segment) in enumerate(
            zip(companies[: trial.request.top], ordered.score.tolist(), ordered.segment.tolist(), strict=False), start=1
        )
    }
    return lines, {company: place for place, company in enumerate(companies, start=1)}


def _end(cap: list[float]) -> float:
    """The end of a cap that limits something: the upper one, or the lower one of a group that only takes away."""
    return float(cap[1] if cap[1] > 0 else cap[0])


def _cap(cap: list[float], end: float) -> list[float]:
    return [cap[0], end] if cap[1] > 0 else [end, cap[1]]
