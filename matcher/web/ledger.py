"""台账 Ledgers: the books as tables and as boards; a row, a new row and workbooks have views of their own behind the same address."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from nicegui import ui

from matcher.errors import OptionError
from matcher.ledger.books import ALL, Book
from matcher.ledger.paging import Order, Some, orders_of
from matcher.ledger.setting import Setting
from matcher.ledger.sheets import choices
from matcher.web import ledger_board, ledger_files, ledger_row, ledger_work, states
from matcher.web.ledger_fields import text_of
from matcher.web.ledger_work import PAGE, THREE, Asked
from matcher.web.widgets import cards
from matcher.web.workshop import Visit

_COLUMNS = {
    "targets": ("company", "kind", "state", "state_on", "department", "group", "chain", "next_step", "next_on"),
    "projects": ("name", "company", "state", "state_on", "agreed", "department", "town", "next_step", "next_on"),
    "activities": ("name", "kind", "state", "starts_on", "place", "department", "result"),
}  # fmt: skip
_FIRST = 8  # columns of other books
_FILTERS = ("state", "department", "group", "chain", "town")
_NAME = '<a :href="props.row.to" class="row-link">{{{{ {value} || "（空）" }}}}</a><span v-if="props.row.gone" class="gone">已删除</span>'
_LONG = ("next_step", "result", "what", "name", "company")


async def build(visit: Visit) -> None:
    """Draws the page (台账页)."""
    ui.add_head_html(
        f'<link rel="stylesheet" href="{visit.root}/static/trips.css"><link rel="stylesheet" href="{visit.root}/static/ledger.css">'
    )
    await ui.context.client.connected()
    book = ALL.get(visit.query.get("book", "targets"))
    if book is None:
        raise OptionError(f"没有这本台账，有 {'、'.join(ALL)}")
    setting = await visit.workshop.run(partial(visit.service.setting, visit.zone))
    _books(visit, setting, book)
    if number := visit.query.get("row"):
        await ledger_row.draw(visit, setting, book, int(number) if number.isdecimal() else 0)
    elif "new" in visit.query:
        await ledger_row.draw_new(visit, setting, book)
    elif visit.query.get("view") == "files":
        ledger_files.draw(visit, setting, book)
    else:
        await _List(visit, setting, book).draw()


def _books(visit: Visit, setting: Setting, book: Book[Any]) -> None:
    """The ledgers to choose from: the three, and those that hang on them."""
    with ui.element("nav").classes("books").props("aria-label=各本台账"):
        for name in THREE:
            _book_link(visit, setting, name, here=book.name == name)
        with ui.button("附属台账", icon="expand_more").props("flat dense"), ui.menu():
            for name in ALL:
                if name not in THREE:
                    title = setting.rules.file.books[name].title
                    ui.menu_item(title, on_click=partial(ui.navigate.to, visit.address("/ledger", book=name))).props(
                        "role=menuitem"
                    )
        if book.name not in THREE:
            _book_link(visit, setting, book.name, here=True)


def _book_link(visit: Visit, setting: Setting, name: str, *, here: bool) -> None:
    with ui.link(setting.rules.file.books[name].title, visit.address("/ledger", book=name)).classes(
        "book" + (" here" if here else "")
    ) as link:
        if here:
            link.props("aria-current=page")


class _List:
    """A book as a table, or as a board."""

    def __init__(self, visit: Visit, setting: Setting, book: Book[Any]) -> None:
        self.visit, self.setting, self.book = visit, setting, book
        self.board = book.stepped and visit.query.get("view") == "board"
        self.asked = Asked()
        self.filters: dict[str, Any] = {}

    async def draw(self) -> None:
        """Filters, and what they find."""
        self._tools()
        with ui.element("div").classes("filters book-filters folded") as filters:
            self._draw_filters(filters)
        self.panel = ui.element("div").classes("panel")
        await self._find()

    def _tools(self) -> None:
        visit, book = self.visit, self.book
        with ui.element("div").classes("buttons"):
            if visit.may("add_row"):
                _goes("登记一行", "add", visit.address("/ledger", book=book.name, new="1"), "unelevated")
            if book.stepped and self.board:
                _goes("看表格", "table_rows", visit.address("/ledger", book=book.name), "outline")
            elif book.stepped:
                _goes("看板", "view_kanban", visit.address("/ledger", book=book.name, view="board"), "outline")
            _goes("Excel 导入、导出", "upload_file", visit.address("/ledger", book=book.name, view="files"), "outline")

    def _draw_filters(self, around: ui.element) -> None:
        """What to look for; on a phone only the name, until the rest is asked for."""
        self.filters["search"] = ui.input("名称里的词").props("outlined dense clearable debounce=400")

        def unfold() -> None:
            around.classes(toggle="folded")
            more.props(f"aria-expanded={'false' if 'folded' in around.classes else 'true'}")

        more = ui.button("更多条件", icon="tune", on_click=unfold).props("outline dense aria-expanded=false").classes("narrow-only")
        for name in _FILTERS:
            field = self.book.field(name)
            if field is None or (self.board and name == "state"):
                continue
            title, offered = self.setting.title(self.book.name, name), choices(self.setting, self.book, field)
            if offered:
                made: Any = ui.select({"": "全部", **{word: word for word in offered}}, label=title, value="")
            else:
                made = ui.input(title).props("clearable debounce=400")
            self.filters[name] = made.props("outlined dense").classes("book-filter")
        if not self.board:
            orders: dict[Any, str] = dict(orders_of(self.book))
            self.filters["order"] = ui.select(orders, label="次序", value="newest").props("outlined dense").classes("book-filter")
            self.filters["deleted"] = ui.checkbox("连同已删除的")
        for made in self.filters.values():
            made.on_value_change(lambda _event: self._find())

    async def _find(self, page: int = 1) -> None:
        def told(name: str) -> str:
            made = self.filters.get(name)
            return str(made.value or "").strip() if made is not None else ""

        where = {name: told(name) for name in _FILTERS if told(name)}
        order = cast(Order, told("order") or "newest")
        self.asked = Asked(where, told("search"), order, page, bool(told("deleted")))
        work: Any = partial(ledger_work.board if self.board else ledger_work.listed, self.visit, self.book, self.asked)
        await states.fill(
            self.panel, lambda: self.visit.ask("list_rows", work), self._draw_board if self.board else self._draw_rows
        )

    def _draw_board(self, found: Any) -> None:
        ledger_board.draw(self.visit, self.setting, self.book, found, self._find)

    def _draw_nothing(self, title: str) -> None:
        """An empty book is another thing than conditions that nobody meets."""
        if self.asked.where or self.asked.search:
            states.empty(f"{title}里没有这样的行", "少几个条件试试")
            return
        ways = "登记一行，或从 Excel 导入" if self.visit.may("add_row") else "由招商人员登记"
        states.empty(f"{title}里还没有一行", f"{ways}；从“名单”加入的、从“行程”转成台账的也写到这里")

    def _draw_rows(self, found: Some[Any]) -> None:
        title = self.setting.rules.file.books[self.book.name].title
        if not found.total:
            self._draw_nothing(title)
            return
        pages = -(-found.total // PAGE)
        ui.label(f"共 {found.total:,} 行" + (f"，第 {self.asked.page} / {pages:,} 页" if pages > 1 else "")).classes(
            "summary"
        ).props("role=status")
        names = _COLUMNS.get(self.book.name) or tuple(one.name for one in self.book.fields[:_FIRST])
        columns: list[dict[str, Any]] = [{"name": "id", "label": "编号", "field": "id", "align": "right"}]
        columns += [
            {"name": name, "label": self.setting.title(self.book.name, name), "field": name, "align": "left",
             "classes": "wraps" if name in _LONG else ""}
            for name in names
        ]  # fmt: skip
        rows = [
            {
                "id": record.id,
                "gone": record.deleted_at is not None,
                "to": self.visit.root + self.visit.address("/ledger", book=self.book.name, row=str(record.id)),
                **{name: text_of(self.setting, self.book, record, name) for name in names},
            }
            for record in found.rows
        ]
        table = ui.table(columns=columns, rows=rows, row_key="id", pagination=PAGE).classes("rows")
        table.props("flat bordered dense hide-pagination")
        table.add_slot(f"body-cell-{names[0]}", f'<q-td :props="props">{_NAME.format(value="props.value")}</q-td>')
        value = f"""<template v-if="col.name === '{names[0]}'">{_NAME.format(value="col.value")}</template>"""
        cards(table, value + "<template v-else>{{ col.value }}</template>")
        if pages > 1:
            self._pager(pages)

    def _pager(self, pages: int) -> None:
        page = self.asked.page
        with ui.element("nav").classes("buttons pager").props("aria-label=翻页"):
            ui.button("上一页", on_click=lambda: self._find(page - 1)).props("outline dense").set_enabled(page > 1)
            box = ui.number("页", value=page, min=1, max=pages, format="%d").props("outlined dense").classes("page-box")
            ui.button("去这一页", on_click=lambda: self._find(min(max(1, int(box.value or 1)), pages))).props("flat dense")
            ui.button("下一页", on_click=lambda: self._find(page + 1)).props("outline dense").set_enabled(page < pages)


def _goes(called: str, icon: str, to: str, how: str) -> None:
    ui.button(called, icon=icon, on_click=partial(ui.navigate.to, to)).props(how)
