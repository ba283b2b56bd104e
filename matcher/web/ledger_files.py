"""Workbooks on the pages (Excel 导入、导出): every change is shown before anything is entered, and all is entered or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from nicegui import events, ui

from matcher.errors import SheetError, SheetProblem
from matcher.ledger.books import ALL, Book
from matcher.ledger.importing import FATES, Imported, Line
from matcher.ledger.setting import Setting
from matcher.web import ledger_work, states
from matcher.web.ledger_work import THREE
from matcher.web.widgets import cards, pickable
from matcher.web.workshop import Visit

_MOST_BYTES = 64 << 20
_SHOWN = 500  # lines of a preview, and mistakes, that a page shows


def draw(visit: Visit, setting: Setting, book: Book[Any]) -> None:
    """Draws the page of workbooks (画 Excel 页)."""
    three = [ALL[name] for name in THREE]
    title = setting.rules.file.books[book.name].title
    books = [book] if book.name not in THREE else three
    with ui.element("section").classes("day"):
        ui.label("导出、空表").classes("day-title").props("role=heading aria-level=2")
        with ui.element("div").classes("buttons"):
            _save(visit, f"导出{title}", [book], f"{title}.xlsx", template=False)
            if book.name in THREE:
                _save(visit, "导出三本台账", three, "三台账.xlsx", template=False)
            _save(visit, "导出全部（连同附属台账）", list(ALL.values()), "台账全部.xlsx", template=False)
            _save(visit, "空表（附填表说明、下拉选项）", books, "台账空表.xlsx", template=True)
        ui.label("导出的表改好可以再导入：编号、版本两列不要动；空格子不改台账里的值，要清空的写（清空）。").classes("hint")
    if visit.may("import_workbook"):
        with ui.element("section").classes("day"):
            ui.label("导入").classes("day-title").props("role=heading aria-level=2")
            ui.label("先看会改什么，确认以后才写入；有一处错，整个文件都不导入。").classes("hint")
            _Import(visit, setting).draw()
    back = visit.address("/ledger", book=book.name)
    ui.button("回到列表", icon="arrow_back", on_click=partial(ui.navigate.to, back)).props("flat")


def _save(visit: Visit, called: str, books: Sequence[Book[Any]], name: str, *, template: bool) -> None:
    async def save() -> None:
        with states.notices():
            content = await visit.ask("get_workbook", partial(ledger_work.exported, visit, books, template=template))
            ui.download.content(content, name)

    ui.button(called, icon="download", on_click=save).props("outline")


class _Import:
    """A workbook on its way into the ledgers."""

    def __init__(self, visit: Visit, setting: Setting) -> None:
        self.visit, self.setting = visit, setting

    def draw(self) -> None:
        """A place for the file, and for what becomes of it."""
        self.reason = ui.input("理由（表里该写理由而没有写的，都用它，如“补录”）").props("outlined dense").classes("w-full")
        self.upload = (
            pickable(
                ui.upload(label="选 Excel 文件，或拖到这里", auto_upload=True, max_file_size=_MOST_BYTES, on_upload=self._take)
            )
            .props("flat bordered accept=.xlsx,.xls,.xlsb,.ods")
            .classes("file-box")
        )
        self.panel = ui.element("div").classes("panel")

    async def _take(self, event: events.UploadEventArguments) -> None:
        raw, name = await event.file.read(), event.file.name
        self.upload.reset()
        await self._run(raw, name, dry_run=True, then=partial(self._preview, raw, name))

    async def _run(self, raw: bytes, name: str, *, dry_run: bool, then: Callable[[Imported], None]) -> None:
        reason = str(self.reason.value or "").strip()
        work = partial(ledger_work.imported, self.visit, raw, name, reason, dry_run=dry_run)

        async def done() -> Imported | SheetError:
            try:
                return await self.visit.ask("import_workbook", work)
            except SheetError as error:
                return error

        def show(found: Imported | SheetError) -> None:
            if isinstance(found, SheetError):
                _problems(found.problems)
            else:
                then(found)

        await states.fill(self.panel, done, show, "正在试导入……" if dry_run else "正在导入……")

    def _preview(self, raw: bytes, name: str, found: Imported) -> None:
        counts = "，".join(f"{label} {found.count(fate):,}" for fate, label in FATES.items())
        ui.label(f"{name}：{counts} 行。还没有写入。").classes("state-title").props("role=status")
        for line in found.unread:
            ui.label(f"没有读：{line}").classes("warning")
        for line in list(dict.fromkeys(told for one in found.lines for told in one.told))[:20]:
            ui.label(line).classes("warning")
        lines = [one for one in found.lines if one.fate != "unchanged"]
        if not lines:
            ui.label("文件里的内容台账里都有，不用导入。")
            return
        self._lines(lines)
        enter = partial(self._run, raw, name, dry_run=False, then=self._entered)
        ui.button(f"确认导入 {len(lines):,} 行", icon="done_all", on_click=enter).props("unelevated")

    def _lines(self, lines: Sequence[Line]) -> None:
        columns: list[dict[str, Any]] = [
            {"name": key, "label": label, "field": key, "align": "left", "classes": "wraps" if key == "changes" else ""}
            for key, label in (("place", "在文件里"), ("row", "台账"), ("fate", "结果"), ("changes", "改动"))
        ]
        rows = [
            {
                "key": place,
                "place": f"{one.sheet} 第 {one.row} 行",
                "row": self.setting.called(one.book) if one.fate == "new" else f"第 {one.id} 号{self.setting.called(one.book)}",
                "fate": FATES[one.fate],
                "changes": "；".join(_change(one, title, *pair) for title, pair in one.changes.items()),
            }
            for place, one in enumerate(lines[:_SHOWN])
        ]
        if len(lines) > _SHOWN:
            ui.label(f"下面列出前 {_SHOWN} 行").classes("hint")
        cards(ui.table(columns=columns, rows=rows, row_key="key", pagination=20)).props("flat bordered dense").classes("rows")

    def _entered(self, found: Imported) -> None:
        counts = "，".join(f"{label} {found.count(fate):,}" for fate, label in FATES.items())
        with ui.element("div").classes("told").props("role=status"):
            ui.label(f"已导入：{counts} 行")
            for name in dict.fromkeys(one.book for one in found.lines):
                ui.link(f"看{self.setting.rules.file.books[name].title}", self.visit.address("/ledger", book=name))


def _change(line: Line, title: str, old: str, new: str) -> str:
    return f"{title} {new}" if line.fate == "new" else f"{title}：{old or '（空）'} → {new or '（空）'}"


def _problems(problems: Sequence[SheetProblem]) -> None:
    """All mistakes at once, each with its place."""
    with ui.element("div").classes("conflict").props("role=alert"):
        ui.label(f"有 {len(problems):,} 处错误，整个文件都没有导入。改好再选一次：").classes("state-title")
        columns: list[dict[str, Any]] = [
            {"name": key, "label": label, "field": key, "align": "left", "classes": "wraps" if key == "expected" else ""}
            for key, label in (("sheet", "工作表"), ("row", "行"), ("column", "列"), ("expected", "应当怎样"))
        ]
        rows = [
            {"key": place, "sheet": one.sheet, "row": one.row, "column": one.column, "expected": one.expected}
            for place, one in enumerate(problems[:_SHOWN])
        ]
        cards(ui.table(columns=columns, rows=rows, row_key="key", pagination=20)).props("flat bordered dense").classes("rows")
