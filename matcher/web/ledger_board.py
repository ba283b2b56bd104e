"""The board (看板): rows by the step at which they stand; a card that is moved makes a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from matcher.ledger.books import Book
from matcher.ledger.paging import Some
from matcher.ledger.setting import Setting
from matcher.rules.ledger import StepSpec
from matcher.web import ledger_steps
from matcher.web.ledger_fields import called
from matcher.web.ledger_steps import Done
from matcher.web.workshop import Visit


def draw(visit: Visit, setting: Setting, book: Book[Any], found: Mapping[str, Some[Any]], again: Done) -> None:
    """Draws the board (画看板).

    Args:
        visit: Who looks.
        setting: The zone's rules.
        book: Which book.
        found: Step → the rows there.
        again: Draws it anew once a step was made.
    """
    may = visit.may("step_row")
    hint = "把卡片拖到别的一列，或按卡片上的“推进”，就是走一步" if may else "每一列是一步"
    ui.label(f"{hint}；每列列出最近走到的 30 个。").classes("hint")
    rows = {record.id: record for some in found.values() for record in some.rows}
    with ui.element("div").classes("board").props("tabindex=0 role=region aria-label=看板"):
        for step in setting.steps(book.name):
            some = found.get(step.id, Some((), 0))
            with ui.element("section").classes("board-column" + (" aside" if step.aside else "")) as column:
                ui.label(f"{step.name}　{some.total:,}").classes("board-title").props("role=heading aria-level=2")
                for record in some.rows:
                    _card(visit, setting, book, record, again, may=may)
            if may:
                _drop(visit, setting, book, column, step, rows, again)


def _card(visit: Visit, setting: Setting, book: Book[Any], record: Any, again: Done, *, may: bool) -> None:
    with ui.element("article").classes("board-card") as card:
        ui.link(called(record), visit.address("/ledger", book=book.name, row=str(record.id))).classes("board-name")
        company = getattr(record, "company", "")
        whose = "、".join(filter(None, (record.department, record.owner))) or "未写责任部门"
        ui.label(f"{company}；{whose}" if company and company != called(record) else whose).classes("board-meta")
        ui.label(f"{record.state_on} 走到这一步" + (f"；下一步 {record.next_on}" if record.next_on else "")).classes("board-meta")
        if may:
            button = ui.button("推进").props("flat dense")
            button.props["aria-label"] = f"推进{called(record)}"
            with button, ui.menu():
                for step in ledger_steps.others(setting, book, record):
                    ui.menu_item(step.name, on_click=_asking(visit, setting, book, record, step, again)).props("role=menuitem")
    if may:
        card.props("draggable=true")
        card.on("dragstart", js_handler=f"(e) => e.dataTransfer.setData('text/plain', '{record.id}')")


def _asking(visit: Visit, setting: Setting, book: Book[Any], record: Any, step: StepSpec, again: Done) -> Any:
    return lambda: ledger_steps.ask(visit, setting, book, record, step, again)


def _drop(
    visit: Visit, setting: Setting, book: Book[Any], column: ui.element, step: StepSpec, rows: Mapping[int, Any], again: Done
) -> None:
    column.on("dragover", js_handler="(e) => { e.preventDefault(); e.currentTarget.classList.add('over'); }")
    column.on("dragleave", js_handler="(e) => e.currentTarget.classList.remove('over')")

    def dropped(event: Any) -> None:
        number = str(event.args)
        record = rows.get(int(number)) if number.isdecimal() else None
        if record is not None and record.state != step.id:
            with column:
                ledger_steps.ask(visit, setting, book, record, step, again)

    column.on(
        "drop",
        dropped,
        js_handler="(e) => { e.preventDefault(); e.currentTarget.classList.remove('over'); emit(e.dataTransfer.getData('text/plain')); }",
    )
