"""名单 Ranked list: which companies of the chosen cities and chains to visit first, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from nicegui import ui

from matcher.api.remaking import listed
from matcher.api.service import Made
from matcher.runs import Request, today
from matcher.tuning.rulesets import DRAFT
from matcher.types import NEED_LABELS
from matcher.web import ranking_export, ranking_list, ranking_trial, states
from matcher.web.ranking_company import show
from matcher.web.rulesets import offered_rulesets
from matcher.web.workshop import Visit

_TOP, _MOST = 50, 500
_BANDS = ("A", "B", "C", "D")


@dataclass
class Asked:
    """What the filters say (筛选).

    Attributes:
        segment: Of the lines that are shown, not of the request: a segment is looked at within its chain.
        ruleset: ``published`` or ``draft``.
    """

    cities: list[str] = field(default_factory=list)
    chains: list[str] = field(default_factory=list)
    group: str | None = None
    need: str | None = None
    top: int = _TOP
    bands: list[str] = field(default_factory=list)
    words: str = ""
    segment: str | None = None
    ruleset: str = DRAFT

    def request(self) -> Request:
        """What is asked of the engine (请求)."""
        return Request(today(), tuple(self.cities), tuple(self.chains), self.group, self.need, self.top)


@dataclass(frozen=True)
class _Offered:
    """What may be chosen: code → what it is called."""

    cities: dict[str, str]
    chains: dict[str, str]
    groups: dict[str, str]
    rulesets: dict[str, str]


async def build(visit: Visit) -> None:
    """Draws the page (名单页)."""
    chosen = ui.element("div").classes("filter-box")
    panel = ui.element("div").classes("panel")
    with panel:
        states.empty("还没有名单", "选好城市、产业链，再按“排名”；都不选就是全部")
    with chosen:
        states.loading()
    await ui.context.client.connected()
    await states.fill(chosen, lambda: visit.workshop.run(partial(_offered, visit)), partial(_filters, visit, panel))


def _offered(visit: Visit) -> _Offered:
    service = visit.service
    state = service.state
    zone = state.engine(visit.zone).zone
    return _Offered(
        ranking_list.cities_of(state.companies()),
        zone.chain_names,
        {group.id: group.name for group in zone.file.groups if group.chains},
        offered_rulesets(visit),
    )


def _filters(visit: Visit, panel: ui.element, offered: _Offered) -> None:
    asked = Asked(ruleset=next(iter(offered.rulesets)))
    asked.chains = [chain for chain in visit.query.get("chain", "").split(",") if chain in offered.chains]
    asked.segment = visit.query.get("segment") if asked.chains else None
    asked.top = _MOST if asked.segment else _TOP

    async def rank() -> None:
        asked.cities, asked.chains, asked.bands = list(cities.value or ()), list(chains.value or ()), list(bands.value or ())
        asked.group, asked.need, asked.words = group.value, need.value, words.value or ""
        asked.top, asked.ruleset = int(top.value or _TOP), ruleset.value
        await states.fill(
            panel,
            lambda: visit.ask("rank_companies", partial(_made, visit, asked.request(), asked.ruleset), run=_run_of),
            partial(_draw, visit, asked),
            "正在排名……",
        )

    many = "use-chips clearable outlined dense multiple"
    one = "clearable outlined dense"
    with ui.element("div").classes("filters"):
        cities = ui.select(offered.cities, multiple=True, with_input=True, label="城市").classes("wide").props(many)
        chains = ui.select(offered.chains, multiple=True, label="产业链", value=asked.chains).classes("middle").props(many)
        ui.button("排名", icon="sort", on_click=rank).props("unelevated")
    with ui.expansion("更多条件", icon="tune").classes("more").props("dense"), ui.element("div").classes("filters"):
        group = ui.select(offered.groups, label="招商小组").classes("middle").props(one)
        need = ui.select({key: name for key, name in NEED_LABELS.items() if key != "none"}, label="需求").props(one)
        need.classes("narrow")
        bands = ui.select(list(_BANDS), multiple=True, label="档次").classes("narrow").props(many)
        words = ui.input("名称、理由里的词").classes("middle").props(one)
        top = ui.number("列前几家", value=asked.top, min=1, max=_MOST, precision=0).classes("narrow").props("outlined dense")
        ruleset = ui.select(offered.rulesets, value=asked.ruleset, label="用哪套规则").classes("middle").props("outlined dense")
    if asked.chains:
        ui.timer(0.1, rank, once=True)


def _run_of(made: Made) -> str:
    return made.ranking.run.id


def _made(visit: Visit, request: Request, ruleset: str) -> Made:
    service, state = visit.service, visit.service.state
    return listed(service, state, service.prepared(state, visit.zone, ruleset, None, request.as_of), request, None)


def _draw(visit: Visit, asked: Asked, made: Made) -> None:
    """The list with all that stands around it."""
    ranking, zone = made.ranking, made.engine.zone
    if not ranking.results and not ranking.opportunities:
        states.empty("没有进名单的企业", f"看过 {ranking.considered:,} 家；换几个城市，或少几个条件试试")
        return
    results = [one for one in ranking.results if _wanted(asked, one)]
    others = [one for one in ranking.opportunities if _wanted(asked, one)] if not asked.segment else []
    called = made.called or "规则未发布"
    with ui.element("div").classes("summary-row"):
        said = f"看过 {ranking.considered:,} 家，列出 {len(results)} 家"
        if asked.segment:
            name = next((one.name for one in zone.segments if one.id == asked.segment), asked.segment)
            said += f"（只看“{name}”这一环节，位次是全链的）"
        ui.label(f"{said} · {called} · 按 {ranking.run.request['as_of']} 计算").classes("summary").props("role=status")
        ranking_export.menu(visit, made)
    open_ = partial(show, visit, made)
    if visit.may("try_rules"):
        ranking_trial.panel(visit, made)
    with ui.tabs().props("dense align=left inline-label").classes("list-tabs") as tabs:
        first = ui.tab("chains", f"产业链名单（{len(results)}）")
        second = ui.tab("beside", f"机会型（{len(others)}）")
        third = ui.tab("around", "名单之外")
    with ui.tab_panels(tabs, value=first).classes("list-panels").props("animated=false"):
        with ui.tab_panel(first):
            ui.label("名次按折算后的分：同一环节、同一产业链已有几家在前的，后面的略减，所以分高的偶尔排在后面。").classes(
                "summary"
            )
            ranking_list.table(visit, made, results, open_, name="产业链名单")
        with ui.tab_panel(second):
            ui.label("不在园区产业链上、但值得谈的企业，单独排，不占产业链的名额。").classes("summary")
            ranking_list.table(visit, made, others, open_, name="机会型名单")
        with ui.tab_panel(third):
            for line in ranking_list.around(made):
                ui.label(line).classes("line")


def _wanted(asked: Asked, one: Any) -> bool:
    """Whether a line passes the filters that the engine knows nothing of."""
    if asked.bands and one.band not in asked.bands:
        return False
    if asked.segment and one.segment != asked.segment:
        return False
    text = " ".join((one.name, one.reason, one.city or "", one.county or "", *one.matched_terms))
    return all(word in text for word in asked.words.split())
