"""One row of a ledger (台账的一行): its fields, steps, proofs, what hangs on it, and all that ever happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import ui

from matcher.errors import ConflictError, StepError
from matcher.ledger.books import ALL, MEETINGS, Book
from matcher.ledger.paging import Some
from matcher.ledger.reading import Change
from matcher.ledger.setting import Setting
from matcher.ledger.sheets import shown
from matcher.runs import CHINA_TIME
from matcher.web import ledger_proofs, ledger_steps, ledger_work, states
from matcher.web.days import day_input
from matcher.web.ledger_fields import Filled, called, text_of
from matcher.web.ledger_steps import warn
from matcher.web.ledger_work import Opened
from matcher.web.widgets import cards
from matcher.web.workshop import Visit

_VERBS = {"add": "登记", "set": "修改", "step": "推进", "delete": "删除", "restore": "恢复"}
_SOURCES = {"cli": "命令行", "web": "网页", "http": "接口", "xlsx": "Excel", "event": "事件"}
_CELLS = 5  # columns of rows that hang on this one


async def draw(visit: Visit, setting: Setting, book: Book[Any], id_: int) -> None:
    """Draws a row (画一行)."""
    await _Row(visit, setting, book, id_, ui.element("div").classes("row-page")).load()


@dataclass
class _Row:
    """A row as one browser sees it; ``opened`` is the version that its changes are made on."""

    visit: Visit
    setting: Setting
    book: Book[Any]
    id: int
    place: ui.element
    opened: Opened | None = None
    tab: str = "fields"

    async def load(self) -> None:
        """Reads the row and draws it."""
        work = partial(ledger_work.opened, self.visit, self.book, self.id)
        await states.fill(self.place, lambda: self.visit.ask("get_row", work), self._draw)

    def _draw(self, opened: Opened) -> None:
        self.opened, record = opened, opened.record
        title = f"第 {record.id} 号{self.setting.called(self.book.name)}　{called(record)}"
        ui.label(title).classes("plan-title").props("role=heading aria-level=2")
        when = record.changed_at.astimezone(CHINA_TIME)
        ui.label(f"第 {record.version} 版，{record.changed_by or '无名'} {when:%Y-%m-%d %H:%M} 改").classes("hint")
        if record.deleted_at is not None:
            ui.label(f"已删除（{record.deleted_by}：{record.deleted_note}）").classes("warning")
        for line in opened.claims:
            ui.label(line).classes("warning")
        if self.book.stepped:
            self._steps(opened)
        self._actions(opened)
        children = [(ALL[name], some) for name, some in opened.children.items()]
        names = {"fields": "资料", "proofs": f"证明（{sum(one.withdrawn_at is None for one in opened.proofs)}）"}
        names |= {book.name: f"{self.setting.rules.file.books[book.name].title}（{some.total}）" for book, some in children}
        names["history"] = f"历史（{len(opened.history)}）"
        self.tab = self.tab if self.tab in names else "fields"
        with ui.tabs(on_change=lambda event: setattr(self, "tab", event.value)).props(
            "dense no-caps align=left outside-arrows mobile-arrows"
        ) as tabs:
            for name, label in names.items():
                ui.tab(name, label)
        with ui.tab_panels(tabs, value=self.tab, animated=False).classes("tab-panels"):
            with ui.tab_panel("fields"):
                self._fields(opened)
            with ui.tab_panel("proofs"):
                ledger_proofs.draw(self.visit, self.setting, self.book, opened, self.load)
            for child, some in children:
                with ui.tab_panel(child.name):
                    self._children(child, some)
            with ui.tab_panel("history"):
                _history(self.setting, self.book, opened.history)

    def _steps(self, opened: Opened) -> None:
        stood = {one.step: one for one in opened.steps if one.undone_at is None}
        with ui.element("ol").classes("steps").props("aria-label=走过的步骤"):
            for step in self.setting.steps(self.book.name):
                here, reached = step.id == opened.record.state, stood.get(step.id)
                if step.aside and not here:
                    continue
                day = opened.record.state_on if here else reached.on if reached else ""
                with ui.element("li").classes("step" + (" here" if here else " past" if reached else "")) as item:
                    ui.label(step.name)
                    ui.label(f"{day}").classes("step-day")
                    if here:
                        item.props("aria-current=step")

    def _actions(self, opened: Opened) -> None:
        visit, record = self.visit, opened.record
        with ui.element("div").classes("buttons"):
            back = visit.address("/ledger", book=self.book.name)
            ui.button("回到列表", icon="arrow_back", on_click=partial(ui.navigate.to, back)).props("flat")
            if not opened.mine:
                if visit.may("change_row"):
                    ui.label("不是本组的行，只能看").classes("hint")
                return
            if record.deleted_at is not None:
                ui.button("恢复", on_click=self._restore).props("outline")
                return
            if self.book.stepped and visit.may("step_row"):
                with ui.button("推进到……", icon="trending_flat").props("unelevated"), ui.menu():
                    for step in ledger_steps.others(self.setting, self.book, record):
                        asking = partial(ledger_steps.ask, visit, self.setting, self.book, record, step, self.load)
                        ui.menu_item(step.name, on_click=asking).props("role=menuitem")
            if visit.may("delete_row"):
                ui.button("删除", icon="delete_outline", on_click=self._delete).props("flat color=negative")

    def _fields(self, opened: Opened) -> None:
        mine = opened.mine and opened.record.deleted_at is None and self.visit.may("change_row")
        self.filled = Filled(self.setting, self.book, opened.record, opened.choices)
        self.filled.draw(mine=mine)
        self.differs = ui.element("div")
        if not mine:
            return
        with ui.element("div").classes("save-line"):
            needed = {"targets": "（改首谈登记时必填）", "meetings": "（不是所挂的企业时必填）"}.get(self.book.name, "")
            self.reason = ui.input(f"理由{needed}").props("outlined dense").classes("grow")
            ui.button("保存", icon="save", on_click=lambda: self._save(opened.record.version)).props("unelevated")

    async def _save(self, version: int) -> None:
        """Saves what was changed, on the version that was seen."""
        values = self.filled.changed()
        with self.place, states.notices():
            if not values:
                ui.notify("没有改动", type="info")
                return
            reason = str(self.reason.value or "").strip()
            try:
                work = partial(ledger_work.saved, self.visit, self.book, self.id, values, version, reason)
                made = await self.visit.ask("change_row", work)
            except ConflictError as error:
                await self._differ(values, error)
                return
            warn(made)
            ui.notify("已保存", type="positive")
            await self.load()

    async def _differ(self, values: dict[str, str], error: ConflictError) -> None:
        """Somebody else was first: what he wrote stands beside what is to be saved."""
        now = await self.visit.ask("get_row", partial(ledger_work.current, self.visit, self.book, self.id))
        is_ = {one.name: text_of(self.setting, self.book, now, one.name) for one in self.book.fields}
        before = self.filled.before
        names = [name for name in is_ if name in values or is_[name] != before[name]]
        rows = [
            {
                "title": self.setting.title(self.book.name, name), "before": before[name] or "（空）", "now": is_[name] or "（空）",
                "mine": values[name] or "（空）" if name in values else "（没有改）",
            }
            for name in names
        ]  # fmt: skip
        self.differs.clear()
        with self.differs, ui.element("div").classes("conflict").props("role=alert"):
            ui.label(f"刚被 {error.by or '别人'} 改过（现在是第 {error.version} 版），请对照后再存").classes("state-title")
            columns: list[dict[str, Any]] = [
                {"name": key, "label": label, "field": key, "align": "left", "classes": "wraps"}
                for key, label in (
                    ("title", "栏"), ("before", "您打开时"), ("now", f"现在（{error.by or '别人'}）"), ("mine", "您写的"),
                )
            ]  # fmt: skip
            cards(ui.table(columns=columns, rows=rows, row_key="title")).props("flat bordered dense").classes("rows")
            with ui.element("div").classes("buttons"):
                ui.button("仍按我写的存（别人改的其余各栏保留）", on_click=lambda: self._save(now.version)).props("unelevated")
                ui.button("放弃我写的，看现在的", on_click=self.load).props("outline")

    async def _restore(self) -> None:
        assert self.opened is not None
        with self.place, states.notices():
            work = partial(ledger_work.restored, self.visit, self.book, self.id, self.opened.record.version)
            warn(await self.visit.ask("restore_row", work))
            await self.load()

    def _delete(self) -> None:
        assert self.opened is not None
        version = self.opened.record.version
        with ui.dialog() as dialog, ui.card().classes("dialog"):
            ui.label(f"删除第 {self.id} 号{self.setting.called(self.book.name)}").classes("dialog-title")
            ui.label("删除的行留在历史里，可以恢复。")
            reason = ui.input("理由（必填）").props("outlined dense").classes("w-full")
            said = ui.label().classes("wrong-words").props("role=alert")

            async def remove() -> None:
                with states.notices():
                    work = partial(ledger_work.deleted, self.visit, self.book, self.id, str(reason.value or ""), version)
                    try:
                        await self.visit.ask("delete_row", work)
                    except StepError as error:
                        said.set_text(error.problem)
                        return
                    dialog.close()
                    await self.load()

            with ui.element("div").classes("buttons"):
                ui.button("删除", on_click=remove).props("unelevated color=negative")
                ui.button("取消", on_click=dialog.close).props("flat")
        dialog.open()

    def _children(self, book: Book[Any], some: Some[Any]) -> None:
        """Rows that hang on this one, and a way to enter another."""
        field = next(name for other, name in ledger_work.children_of(self.book) if other is book)
        assert self.opened is not None
        record = self.opened.record
        if self.visit.may("add_row") and self.opened.mine and record.deleted_at is None:
            given = {field: str(self.id)} | (
                {"company": record.company} if book.field("company") and hasattr(record, "company") else {}
            )
            to = self.visit.address("/ledger", book=book.name, new="1", **given)
            ui.button("加一行", icon="add", on_click=partial(ui.navigate.to, to)).props("outline dense")
        if not some.total:
            ui.label("还没有").classes("hint")
            return
        names = [one.name for one in book.fields if one.name != field][:_CELLS]
        with ui.element("ul").classes("children"):
            for row in some.rows:
                told = "；".join(
                    f"{self.setting.title(book.name, name)} {text}"
                    for name in names
                    if (text := text_of(self.setting, book, row, name))
                )
                with ui.element("li"):
                    ui.link(f"第 {row.id} 号　{told}", self.visit.address("/ledger", book=book.name, row=str(row.id)))


def _history(setting: Setting, book: Book[Any], history: Sequence[Change]) -> None:
    """Who, when, what: the latest first."""
    with ui.element("ol").classes("history"):
        for one in reversed(history):
            when = one.at.astimezone(CHINA_TIME)
            source = _SOURCES.get(one.source.partition(":")[0], "")
            with ui.element("li"):
                ui.label(
                    f"{when:%Y-%m-%d %H:%M}　{one.by or '无名'}　{_VERBS.get(one.verb, one.verb)}（第 {one.version} 版"
                    f"{f'，{source}' if source else ''}）" + (f"　理由：{one.reason}" if one.reason else "")
                ).classes("history-who")
                for name, (old, new) in one.changes.items():
                    field = book.field(name)
                    if field is not None and name != "state_reason":  # it stands above
                        was, is_ = (shown(setting, book, field, value) or "（空）" for value in (old, new))
                        told = (
                            f"{setting.title(book.name, name)}：{was} → {is_}"
                            if one.verb != "add"
                            else f"{setting.title(book.name, name)}：{is_}"
                        )
                        ui.label(told).classes("history-what")


async def draw_new(visit: Visit, setting: Setting, book: Book[Any]) -> None:
    """Draws the form of a new row (登记一行), filled in as far as the address says."""
    choices = await visit.workshop.run(partial(ledger_work.choices, visit, book))
    ui.label(f"登记{setting.called(book.name)}").classes("plan-title").props("role=heading aria-level=2")
    given = {name: text for name, text in visit.query.items() if book.field(name) is not None}
    if book.field("group") is not None and visit.caller.group in setting.rules.groups:
        given.setdefault("group", setting.rules.groups[visit.caller.group])
    filled = Filled(setting, book, None, choices, given)
    filled.draw(mine=True)
    steps: dict[str, Any] = {}
    if book.stepped:
        with ui.element("div").classes("fields"):
            names = {step.name: step.name for step in setting.steps(book.name) if not step.makes_project}
            first = setting.steps(book.name)[0].name
            steps["step"] = ui.select(names, label="已走到哪一步", value=first).props("outlined dense")
            steps["on"] = day_input("哪天走到（不填算今天）")
            steps["reason"] = ui.input("理由（不从第一步登记的要写）").props("outlined dense")
    elif book is MEETINGS:
        steps["reason"] = ui.input("理由（会见的不是所挂的企业，或在一年多以前的，要写）").props("outlined dense").classes("w-full")

    async def enter() -> None:
        with states.notices():
            step = {name: str(made.value or "").strip() or None for name, made in steps.items()} or {"reason": None}
            made = await visit.ask("add_row", partial(ledger_work.added, visit, book, filled.changed(), step))
            warn(made)
            ui.navigate.to(visit.address("/ledger", book=book.name, row=str(made.id)))

    with ui.element("div").classes("buttons"):
        ui.button("登记", icon="save", on_click=enter).props("unelevated")
        back = visit.address("/ledger", book=book.name)
        ui.button("回到列表", on_click=partial(ui.navigate.to, back)).props("flat")
