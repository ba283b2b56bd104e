"""调度 Dispatch: the report of a week, a month or a year; every figure opens the rows that it counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, cast

from nicegui import ui

from matcher.errors import OptionError
from matcher.ledger.reports_told import Document
from matcher.ledger.setting import Setting
from matcher.outputs import report_links
from matcher.outputs.report_links import Kind
from matcher.outputs.reports import KINDS, Wanted, report
from matcher.rules.assessment import load_assessment
from matcher.runs import today
from matcher.web import states
from matcher.web.days import day_input
from matcher.web.widgets import cards
from matcher.web.workshop import Visit

_SHOWN = 300  # lines of a part that a page shows; the files have all
_FILES = {"docx": "Word（可改）", "xlsx": "Excel", "html": "网页（可打印）"}
_FIGURE = """<template v-if="(props.row.links[{col}.name] || []).length">
<q-btn v-if="props.row.opens.includes({col}.name)" flat dense no-caps color="primary" class="figure" :label="{value}"
 :aria-label="{col}.label + ' ' + {value} + '，看出自哪几行'">
<q-menu role="dialog" :aria-label="{col}.label + '出自哪几行'"><div class="figure-rows">
<a v-for="one in props.row.links[{col}.name]" :key="one.to" :href="one.to">{{{{ one.text }}}}</a>
</div></q-menu>
</q-btn>
<a v-else v-for="one in props.row.links[{col}.name]" :key="one.to" :href="one.to" class="row-link">{{{{ one.text }}}} </a>
</template>
<template v-else>{{{{ {value} }}}}</template>"""
_CELL = f'<q-td :props="props">{_FIGURE.format(col="props.col", value="props.value")}</q-td>'


@dataclass(frozen=True)
class Made:
    """A report that is shown (一份通报)."""

    kind: Kind
    told: dict[str, Any]
    document: Document


async def build(visit: Visit) -> None:
    """Draws the page (调度页)."""
    ui.add_head_html(
        f'<link rel="stylesheet" href="{visit.root}/static/trips.css"><link rel="stylesheet" href="{visit.root}/static/ledger.css">'
    )
    await ui.context.client.connected()
    setting = await visit.workshop.run(partial(visit.service.setting, visit.zone))
    kind, on = _asked(visit)
    _choice(visit, kind, on)
    panel = ui.element("div").classes("report")
    work = partial(made, visit, setting, kind, on)
    await states.fill(panel, lambda: visit.ask("get_report", work), partial(_draw, visit, setting), "正在汇总台账……")


def _asked(visit: Visit) -> tuple[Kind, date]:
    """Which report the address asks for; by default this week's."""
    kind, on = visit.query.get("kind", "weekly"), visit.query.get("on")
    if kind not in KINDS:
        raise OptionError(f"没有这种通报，有 {'、'.join(KINDS.values())}")
    try:
        return kind, date.fromisoformat(on) if on else today()
    except ValueError:
        raise OptionError("日期应为 2024-08-27 这样的写法") from None


def made(visit: Visit, setting: Setting, kind: Kind, on: date) -> Made:
    """Makes a report (算出通报): nothing later than today counts."""
    settings = visit.service.settings
    recommended = settings.home if kind == "weekly" else None
    wanted = Wanted(kind, on, today(), recommended, settings.rules, settings.corpora, proofs=settings.home)
    told, document = report(visit.service.store, setting, load_assessment(setting.rules, settings.rules), wanted)
    return Made(kind, told, document)


def span(kind: Kind, on: date) -> tuple[date, date]:
    """Days in the report before, and in the one after (上一份、下一份)."""
    if kind == "weekly":
        return on - timedelta(days=7), on + timedelta(days=7)
    first = on.replace(day=1) if kind == "monthly" else date(on.year, 1, 1)
    after = (first + timedelta(days=32)).replace(day=1) if kind == "monthly" else date(on.year + 1, 1, 1)
    return first - timedelta(days=1), after


def _choice(visit: Visit, kind: Kind, on: date) -> None:
    """Which report: its kind, and the week, month or year."""

    def go(to: Kind, day: date) -> None:
        ui.navigate.to(visit.address("/dispatch", kind=to, on=day.isoformat()))

    def chosen(event: Any) -> None:
        try:
            go(kind, date.fromisoformat(str(event.value)))
        except ValueError:
            return  # not yet a whole date

    before, after = span(kind, on)
    words = {"weekly": "周", "monthly": "月", "annual": "年"}[kind]
    with ui.element("div").classes("filters report-asked no-print"):
        ui.toggle(dict(KINDS), value=kind, on_change=lambda event: go(cast(Kind, event.value), on)).props(
            "no-caps unelevated toggle-color=primary color=white text-color=dark aria-label=哪一种通报"
        ).classes("states")
        ui.button(f"上一{words}", icon="chevron_left", on_click=lambda: go(kind, before)).props("outline dense")
        day_input(f"这一天所在的{words}", on.isoformat(), on_change=chosen).props("debounce=600")
        ui.button(f"下一{words}", icon="chevron_right", on_click=lambda: go(kind, after)).props("outline dense").set_enabled(
            after <= today()
        )


def _draw(visit: Visit, setting: Setting, found: Made) -> None:
    document = found.document
    with ui.element("div").classes("buttons no-print"):
        for form, called in _FILES.items():
            ui.button(called, icon="download", on_click=_saving(visit, found, form)).props("outline")
        ui.button("打印", icon="print", on_click=lambda: ui.run_javascript("window.print()")).props("outline")
    ui.label(document.title).classes("report-title").props("role=heading aria-level=2")
    ui.label(f"（{document.subtitle}）").classes("report-when")
    for line in document.lines:
        ui.label(line).classes("report-line")
    links = report_links.of_report(found.kind, found.told)
    for number, section in enumerate(document.sections):
        with ui.element("section").classes("report-part"):
            ui.label(section.title).classes("day-title").props("role=heading aria-level=3")
            for line in section.lines:
                ui.label(line).classes("report-line")
            if section.head:
                _table(visit, setting, section.head, section.rows, links.get(number, []))


def _table(
    visit: Visit,
    setting: Setting,
    head: tuple[str, ...],
    rows: tuple[tuple[str, ...], ...],
    opens: list[dict[str, tuple[str, ...]]],
) -> None:
    """A part's table; what names rows of the ledgers leads to them."""
    columns: list[dict[str, Any]] = [
        {"name": title, "label": title, "field": title, "align": "left", "classes": "wraps"} for title in head
    ]
    books = report_links.books(setting)

    def link(row: str) -> dict[str, str]:
        book, _, number = row.partition(":")
        return {
            "text": f"{setting.called(book)} {number}",
            "to": visit.root + visit.address("/ledger", book=book, row=number),
        }

    shown: list[dict[str, Any]] = []
    for number, cells in enumerate(rows[:_SHOWN]):
        behind = opens[number] if number < len(opens) else {}
        named = {title: report_links.named(books, cell) for title, cell in zip(head, cells, strict=True) if "台账" in title}
        links = {title: [link(row) for row in found] for title, found in {**named, **behind}.items()}
        shown.append({"key": number, **dict(zip(head, cells, strict=True)), "links": links, "opens": list(behind)})
    table = ui.table(columns=columns, rows=shown, row_key="key", pagination=0).classes("rows")
    table.props("flat bordered dense hide-pagination").add_slot("body-cell", _CELL)
    cards(table, _FIGURE.format(col="col", value="col.value"))
    if len(rows) > _SHOWN:
        ui.label(f"这里列出前 {_SHOWN} 行，全部 {len(rows):,} 行在下载的文件里").classes("hint")


def _saving(visit: Visit, found: Made, form: str) -> Callable[[], Any]:
    async def save() -> None:
        with states.notices():
            content = await visit.workshop.run(partial(_written, found.document, form))
            ui.download.content(content, f"{KINDS[found.kind]} {found.document.subtitle}.{form}")

    return save


def _written(document: Document, form: str) -> bytes:
    """A report as a file; python-docx is slow to load, and only who wants a document waits for it."""
    if form == "docx":
        from matcher.outputs.report_docx import report_docx

        return report_docx(document)
    if form == "html":
        from matcher.outputs.report_html import report_html

        return report_html(document).encode()
    from matcher.outputs.report_xlsx import report_xlsx

    return report_xlsx(document)
