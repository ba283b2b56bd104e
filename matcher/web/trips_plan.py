"""A plan as it is shown and handled (行程计划的画法): days as lines in time, with what a leader may do to each visit."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from nicegui import ui

from matcher.corpora import Corpora
from matcher.rules import Zone
from matcher.trips.plans import PlannedDay, PlannedLeg, PlannedVisit, TeamTrip, TripPlan
from matcher.trips.request import STATE_LABELS
from matcher.trips.words import day_title, overnight, quality, reasons, serves, span, team_title, title, way, where
from matcher.web.trips_map import options
from matcher.web.widgets import cards

E = TypeVar("E", bound=ui.element)
Names = dict[tuple[str | None, str], str]
_MOST_POINTS = 7
_SHORT_WAY = 60  # minutes; a longer one has a line of its own


@dataclass(frozen=True)
class Hands:
    """What can be done to a visit (可做的事).

    Attributes:
        marks: Id → state that was chosen and is not planned yet.
        mark: Chooses the state of an appointment.
        move: Moves a visit: its id, the team, the day, and the place among that day's visits.
        drop: Takes a visit out.
        instead: Has an alternate visited instead: the visit's id and the alternate's.
        allowed: Whether this caller may change plans.
    """

    marks: dict[str, str]
    mark: Callable[[str, str], Awaitable[None]]
    move: Callable[[str, int, int, int], Awaitable[None]]
    drop: Callable[[str], Awaitable[None]]
    instead: Callable[[str, str], Awaitable[None]]
    allowed: bool


def draw(plan: TripPlan, zone: Zone, corpora: Corpora, hands: Hands) -> None:
    """Draws a plan (画计划).

    Args:
        plan: The plan.
        zone: Names of segments, where it starts.
        corpora: Places.
        hands: What can be done to it.
    """
    names = {(segment.chain, segment.id): f"{segment.chain_name} / {segment.name}" for segment in zone.segments}
    for warning in plan.warnings:
        ui.label(warning).classes("warning").props("role=note")
    if plan.changes:
        with ui.element("div").classes("change").props("role=status"):
            for change in plan.changes:
                ui.label(change)
    with ui.element("div").classes("plan"):
        with ui.element("div").classes("plan-days"):
            for team in plan.teams:
                _team(plan, team, names, hands)
        with ui.element("div").classes("plan-side"):
            _map(plan, zone, corpora)
            _reasons(plan)
    _dropped(plan)


def headline(plan: TripPlan) -> None:
    """What the trip is called, when, how many, how good (概要)."""
    ui.label(title(plan)).classes("plan-title").props("role=heading aria-level=2")
    ui.label(span(plan)).classes("plan-span")
    ui.label(quality(plan)).classes("summary")


def _map(plan: TripPlan, zone: Zone, corpora: Corpora) -> None:
    with ui.element("figure").classes("map"):
        cities = " → ".join(dict.fromkeys(visit.city for team in plan.teams for day in team.days for visit in day.visits))
        _named(ui.echart(options(plan, zone, corpora)).props("role=img"), f"路线示意图：园区 → {cities} → 园区")
        with ui.element("figcaption"):
            ui.label("按经纬度画的示意，没有底图；线是先后，不是路。").classes("hint")


def _team(plan: TripPlan, team: TeamTrip, names: Names, hands: Hands) -> None:
    if called := team_title(plan, team):
        ui.label(called).classes("team").props("role=heading aria-level=3")
    if team.eve:
        _way(team.eve, f"头天下午出发，住{team.eve.end}")
    for number, day in enumerate(team.days):
        with ui.element("section").classes("day"):
            ui.label(day_title(day)).classes("day-title").props("role=heading aria-level=3")
            for place, visit in enumerate(day.visits):
                if visit.way.minutes > _SHORT_WAY or place == 0:
                    _way(visit.way)
                _visit(plan, (team.team - 1, number, place), visit, names, hands)
            if hands.allowed:
                _catch(team.team - 1, number, day, hands)
            ui.label(f"当晚　{overnight(day)}").classes("leg")
    if team.way_home:
        _way(team.way_home, "次日返回")


def _way(leg: PlannedLeg, said: str = "") -> None:
    with ui.element("div").classes("leg"):
        ui.icon("train" if leg.mode == "rail" else "directions_car").props("aria-hidden=true")
        ui.label(way(leg) + (f"；{said}" if said else ""))


def _visit(plan: TripPlan, at: tuple[int, int, int], visit: PlannedVisit, names: Names, hands: Hands) -> None:
    team, day, place = at
    with ui.element("article").classes("stop" + (" agreed" if visit.state == "agreed" else "")) as card:
        card.props["data-visit"], card.props["tabindex"] = visit.id, "-1"
        with ui.element("div").classes("stop-when"):
            ui.label(visit.begins).classes("begins")
            ui.label(f"至 {visit.ends}")
        with ui.element("div").classes("stop-what"):
            with ui.element("div").classes("stop-who"):
                ui.label(visit.name).classes("stop-name").props("role=heading aria-level=4")
                if visit.must and visit.state != "agreed":
                    ui.label("必访").classes("tag")
            told = (
                f"{where(visit.city, visit.county)}；{serves(visit, names)}；得分 {visit.score:.1f}；路上 {visit.way.minutes} 分钟"
            )
            ui.label(told).classes("stop-meta")
            if visit.result:
                ui.label(visit.result.reason).classes("stop-why")
            _more(visit, hands)
        if hands.allowed:
            _handles(plan, (team, day, place), visit, hands)
    if hands.allowed:
        card.props("draggable=true")
        card.on("dragstart", js_handler=f"(e) => e.dataTransfer.setData('text/plain', {json.dumps(visit.id)})")
        _drop_here(card, team, day, place, hands)


def _drop_here(element: ui.element, team: int, day: int, place: int, hands: Hands) -> None:
    """Whoever is dropped here is visited at this place of the day."""
    element.on("dragover", js_handler="(e) => { e.preventDefault(); e.currentTarget.classList.add('over'); }")
    element.on("dragleave", js_handler="(e) => e.currentTarget.classList.remove('over')")

    async def dropped(event: Any) -> None:
        await hands.move(str(event.args), team, day, place)

    element.on("drop", dropped, js_handler="(e) => { e.preventDefault(); emit(e.dataTransfer.getData('text/plain')); }")


def _catch(team: int, number: int, day: PlannedDay, hands: Hands) -> None:
    with ui.element("div").classes("catch") as place:
        ui.label("拖到这里，放在这天最后" if day.visits else "这天没有拜访，可以拖一家过来")
    _drop_here(place, team, number, len(day.visits), hands)


def _handles(plan: TripPlan, at: tuple[int, int, int], visit: PlannedVisit, hands: Hands) -> None:
    team, day, place = at
    days = plan.teams[team].days
    here = f"{team}-{day}-{place}"  # so that whoever uses the keyboard stays on the button that he pressed
    with ui.element("div").classes("stop-do"):
        chosen = hands.marks.get(visit.id, visit.state)
        states = ui.toggle(STATE_LABELS, value=chosen, on_change=lambda event: hands.mark(visit.id, str(event.value)))
        states.props("dense no-caps unelevated toggle-color=primary color=white text-color=dark").classes("states")
        _named(states, f"{visit.name}的约定")
        with ui.element("div").classes("moves"):
            if visit.alternates:
                first = visit.alternates[0]
                swap = ui.button("换备选", on_click=lambda: hands.instead(visit.id, first.id)).props("flat dense")
                _named(swap, f"{visit.name}约不上，换备选")
                with swap, ui.tooltip():
                    ui.label(f"约不上，换成 {_alternate(first)}")
            up = ui.button(icon="arrow_upward", on_click=lambda: hands.move(visit.id, team, day, place - 1))
            down = ui.button(icon="arrow_downward", on_click=lambda: hands.move(visit.id, team, day, place + 2))
            _named(up.props(f"flat round dense data-move={here}-up"), f"{visit.name}提前一位")
            _named(down.props(f"flat round dense data-move={here}-down"), f"{visit.name}推后一位")
            up.set_enabled(place > 0)
            down.set_enabled(place + 1 < len(days[day].visits))
            more = _named(ui.button(icon="more_horiz").props("flat round dense"), f"{visit.name}：移到别的一天、拿掉")
            with more, ui.menu():
                _elsewhere(plan, at, visit, hands)


def _elsewhere(plan: TripPlan, at: tuple[int, int, int], visit: PlannedVisit, hands: Hands) -> None:
    def moving(team: int, day: int) -> Callable[[], Awaitable[None]]:
        return lambda: hands.move(visit.id, team, day, len(plan.teams[team].days[day].visits))

    for team, trip in enumerate(plan.teams):
        for day in range(len(trip.days)):
            if (team, day) != at[:2]:
                called = f"第 {team + 1} 队" if len(plan.teams) > 1 else ""
                ui.menu_item(f"移到{called}第 {day + 1} 天", on_click=moving(team, day)).props("role=menuitem")
    ui.menu_item("从行程里拿掉", on_click=lambda: hands.drop(visit.id)).props("role=menuitem")


def _more(visit: PlannedVisit, hands: Hands) -> None:
    """What else is known: drawn when it is opened, as there are many visits."""
    with ui.expansion("得分依据、疑点、要问的、约不上换谁").props("dense dense-toggle").classes("stop-more") as more:
        place = ui.element("div").classes("stop-sheet")
    drawn: list[bool] = []

    def opened(event: Any) -> None:
        if event.value and not drawn:
            drawn.append(True)
            with place:
                _sheet(visit, hands)

    more.on_value_change(opened)


def _sheet(visit: PlannedVisit, hands: Hands) -> None:
    if visit.result:
        low, high = visit.result.interval
        ui.label(f"得分 {visit.score:.1f}（{low:.1f} 至 {high:.1f}，{visit.result.band} 档）；见得着的把握 {visit.chance:.0%}；"
                 f"在整个行程里计 {visit.value:.1f} 分").classes("sheet-line")  # fmt: skip
        told = [one for one in visit.result.contributions if one.points > 0 and one.known]
        for one in sorted(told, key=lambda one: -one.points)[:_MOST_POINTS]:
            ui.label(f"+{one.points:.1f}　{one.label}：{one.evidence}").classes("sheet-line")
    for name, lines in (("疑点与待核", visit.doubts), ("见面要问", visit.questions)):
        if lines:
            ui.label(name).classes("sheet-title")
            for line in lines:
                ui.label(line).classes("sheet-line")
    if visit.alternates:
        ui.label("约不上换谁").classes("sheet-title")
    for other in visit.alternates:
        with ui.element("div").classes("sheet-line alternate"):
            ui.label(_alternate(other))
            if hands.allowed:
                button = ui.button("换成这家", on_click=partial(hands.instead, visit.id, other.id)).props("outline dense")
                _named(button, f"{visit.name}约不上，换成{other.name}")


def _named(element: E, name: str) -> E:
    """An element with a name for those who cannot see it; a company's name is a value here, never part of a text that is read."""
    element.props["aria-label"] = name
    return element


def _alternate(one: Any) -> str:
    return f"{one.name}（{one.county or '区县不详'}，{one.score:.1f} 分{'' if one.near else '，不同区县'}）"


def _reasons(plan: TripPlan) -> None:
    """What a must-visit costs, a day more or less, who is not visited by wish, how it was reckoned."""
    found: dict[str, list[str]] = {}
    for name, line in reasons(plan):
        if name not in ("注意", "重排") or not line.startswith(tuple(plan.changes)):
            found.setdefault(name, []).append(line)
    for name, lines in found.items():
        if name in ("注意",):
            continue
        with ui.element("section").classes("reasons"):
            ui.label(name).classes("reasons-title").props("role=heading aria-level=3")
            for line in lines:
                ui.label(line).classes("reasons-line")


def _dropped(plan: TripPlan) -> None:
    if not plan.dropped:
        return
    with ui.expansion(f"没有排上的 {len(plan.dropped)} 家，为什么", icon="playlist_remove").classes("dropped"):
        columns: list[dict[str, Any]] = [
            {"name": "name", "label": "企业", "field": "name", "align": "left"},
            {"name": "place", "label": "地点", "field": "place", "align": "left"},
            {"name": "score", "label": "得分", "field": "score", "align": "right"},
            {"name": "why", "label": "为什么", "field": "why", "align": "left", "classes": "wraps"},
        ]
        rows = [
            {"name": one.name, "place": where(one.city, one.county), "score": f"{one.score:.1f}", "why": one.reason}
            for one in plan.dropped
        ]
        cards(ui.table(columns=columns, rows=rows, row_key="name")).props("flat bordered dense").classes("ranked")
