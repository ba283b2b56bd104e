"""The list as a table (名单的表): one line a company on a desk, one card a company on a phone; and what stands around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

from nicegui import ui

from matcher.api.service import Made
from matcher.api.state import Base
from matcher.outputs.ranking_words import by_city, family_words, is_assumed, open_segments
from matcher.places import short
from matcher.types import NEED_LABELS, RankedCompany
from matcher.web import ranking_target, states, widgets
from matcher.web.workshop import Visit

Open = Callable[[RankedCompany], Awaitable[None]]
_COLUMNS: list[dict[str, Any]] = [
    {"name": "rank", "label": "名次", "field": "rank", "align": "right", "sortable": True},
    {"name": "name", "label": "企业", "field": "name", "align": "left", "classes": "wraps name"},
    {"name": "city", "label": "城市", "field": "city", "align": "left", "sortable": True, "classes": "city"},
    {"name": "score", "label": "得分（区间）", "field": "score", "align": "left", "sortable": True},
    {"name": "need", "label": "需求", "field": "need", "align": "left", "sortable": True},
    {"name": "segment", "label": "环节", "field": "segment", "align": "left", "classes": "wraps segment"},
    {"name": "reason", "label": "理由", "field": "reason", "align": "left", "classes": "wraps reason"},
    {"name": "ask", "label": "待核", "field": "ask", "align": "left", "classes": "wraps ask"},
]
_NAME = """<q-td :props="props"><button type="button" class="as-link" @click.stop="$parent.$emit('open', props.row.key)"
  >{{ props.value }}</button></q-td>"""
_SCORE = """<q-td :props="props"><b>{{ props.value.toFixed(1) }}</b> <span class="band">{{ props.row.band }} 档</span>
  <div class="soft">{{ props.row.interval }}</div></q-td>"""
_CARD = """<div class="col-12"><div class="card">
  <div class="card-head"><q-checkbox dense v-model="props.selected" :aria-label="'选中 ' + props.row.name" />
  <span class="card-rank">{{ props.row.rank }}</span>
  <button type="button" class="as-link" @click.stop="$parent.$emit('open', props.row.key)">{{ props.row.name }}</button></div>
  <div><b>{{ props.row.score.toFixed(1) }} 分</b> <span class="band">{{ props.row.band }} 档</span>
  <span class="soft">{{ props.row.interval }}</span> · {{ props.row.city }}</div>
  <div>{{ props.row.need }} · {{ props.row.segment }}</div><div class="soft">{{ props.row.reason }}</div>
  <div v-if="props.row.ask"><b>待核</b> {{ props.row.ask }}</div></div></div>"""
_PAGE = 50


def cities_of(base: Base) -> dict[str, str]:
    """Cities that companies are in, those with most first, with their number (各城市家数)."""
    counted = Counter(city for city in base.companies.text["city"] if city)
    return {city: f"{city}（{count:,} 家）" for city, count in counted.most_common()}


def line_of(made: Made, one: RankedCompany, key: str) -> dict[str, Any]:
    """A company's cells (一行)."""
    zone, (low, high) = made.engine.zone, one.interval
    segment = next((each.name for each in zone.segments if (each.chain, each.id) == (one.chain, one.segment)), "")
    questions = made.engine.questions
    asked = [questions.get(one.next_question, one.next_question)] if one.next_question else []
    labels = {veto.id: veto.label for veto in zone.scoring.vetoes}
    asked += [f"是不是{labels.get(veto, veto)}" for veto in one.possible_vetoes]
    return {
        "key": key, "rank": one.rank, "name": one.name, "city": " ".join(filter(None, (short(one.city or ""), one.county))),
        "score": round(one.score, 1), "band": one.band, "interval": f"{low:.1f}–{high:.1f}" if high > low else "",
        "need": NEED_LABELS[one.need] + ("（推定）" if is_assumed(one, zone) and one.chain else ""),
        "segment": " / ".join(filter(None, (zone.chain_names.get(one.chain or "", ""), segment))),
        "reason": one.reason, "ask": "；".join(asked),
    }  # fmt: skip


def table(visit: Visit, made: Made, results: Sequence[RankedCompany], open_: Open, *, name: str) -> None:
    """Draws the companies (画名单).

    Args:
        visit: Who looks.
        made: The list that they are of.
        results: Those to show.
        open_: What a click on a name does.
        name: What the table is called, for those who hear it.
    """
    if not results:
        states.empty("这一栏没有企业", "换几个条件试试")
        return
    by_key = {str(number): one for number, one in enumerate(results)}
    rows = [line_of(made, one, key) for key, one in by_key.items()]
    chosen: Literal["multiple"] | None = "multiple" if visit.may("add_row") else None
    shown = ui.table(columns=_COLUMNS, rows=rows, row_key="key", selection=chosen, pagination=_PAGE if len(rows) > _PAGE else None)
    shown.props('flat bordered dense :grid="window.narrower[900]" ' + widgets.said(aria_label=name)).classes("ranked")
    shown.add_slot("body-cell-name", _NAME)
    shown.add_slot("body-cell-score", _SCORE)
    shown.add_slot("item", _CARD)
    shown.on("open", lambda event: open_(by_key[str(event.args)]))
    if chosen:
        widgets.choosable(shown, "name")

        async def enter() -> None:
            picked = [by_key[row["key"]] for row in shown.selected]
            if not picked:
                ui.notify("先在左边勾选企业", type="info")
                return
            await ranking_target.enter(visit, made, picked)

        with ui.element("div").classes("stays"):
            ui.button("把选中的加入目标台账", icon="playlist_add", on_click=enter).props("outline").classes("below-table")
            told = ui.label().props("role=status")
        shown.on_select(lambda: told.set_text(f"选中 {len(shown.selected)} 家" if shown.selected else ""))


def around(made: Made) -> list[str]:
    """What stands around the list (名单之外): cities with few leads, segments left open, who was left out, from when the data is."""
    ranking, zone = made.ranking, made.engine.zone
    lines = [by_city(ranking), *open_segments(ranking.unserved, zone)]
    if any(is_assumed(one, zone) for one in ranking.results):
        lines.append("标“推定”的需求，园区没有公开说过，是按产业链推出来的")
    if ranking.folded:
        lines.append(f"并入同集团的企业 {ranking.folded:,} 家：一个集团只拜访一次")
    labels = {veto.id: veto.label for veto in zone.scoring.vetoes}
    if ranking.vetoed:
        lines.append("未列入的：" + "，".join(f"{labels.get(veto, veto)} {count:,} 家" for veto, count in ranking.vetoed.items()))
    known = sorted({one.as_of for one in (*ranking.results, *ranking.opportunities) if one.as_of})
    dated = (
        f"数据日期 {known[0]} 至 {known[-1]}"
        if known and known[0] != known[-1]
        else f"数据日期 {known[0]}"
        if known
        else "数据日期不详"
    )
    lines.append(f"{dated}；登记信息只是线索，出发前核实")
    lines.append(f"批次 {ranking.run.id[:12]}" + ("" if made.stored else "（没有留存，数据库暂时写不进）"))
    return [line for line in lines if line]


def family_line(one: RankedCompany) -> str:
    """Whom to call on within its group (集团), or nothing."""
    return family_words(one.family, one) if one.family else ""
