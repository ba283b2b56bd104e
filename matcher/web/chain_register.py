"""The local register on the page of chains (产业链页的本地名录): uploaded, read, kept; then the chain shows what is there."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

from nicegui import events, ui

from matcher.errors import InputError
from matcher.intake import Intake, read_files
from matcher.runs import today
from matcher.store.registers import save_register
from matcher.web import states
from matcher.web.data import given_day
from matcher.web.days import day_input
from matcher.web.widgets import pickable
from matcher.web.workshop import Visit

MOST = 64 << 20
"""Most bytes of a register (名录上限): what is kept for ever is read at once."""
_KINDS = ".csv,.gz,.txt,.xlsx,.xls,.xlsb,.ods,.parquet"
_NAME = "本地名录"


def button(visit: Visit, *, there: bool) -> None:
    """The way in (上传名录), for those who may.

    Args:
        visit: Who looks.
        there: One is kept already.
    """
    if visit.may("save_register"):
        ui.button("换一份本地企业名录" if there else "上传本地企业名录", icon="upload_file", on_click=lambda: _ask(visit)).props(
            "outline dense"
        ).classes("save")


def _ask(visit: Visit) -> None:
    with ui.dialog() as dialog, ui.card().classes("ask-card"):
        ui.label("上传本地企业名录").classes("card-title").props("role=heading aria-level=2")
        ui.label(
            "园区自己有哪些企业：CSV、XLSX 或 Parquet，表头同企业文件。留存以后，每个环节看得出本地是强、是弱、还是没有。"
        ).classes("line")
        name = ui.input("名录的名称", value=_NAME).props("outlined dense")
        day = day_input("哪一天的（可不填）", latest=today())
        whole = ui.checkbox("这就是本地全部企业：名录里没有的，算本地没有")
        ui.label("不是全部的别勾：没有读到的环节写“不详”，不写“没有”。").classes("soft")

        async def take(event: events.UploadEventArguments) -> None:
            upload.reset()
            with states.notices():
                dated = given_day(day.value)
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder) / Path(event.file.name).name[-120:]
                    await event.file.save(path)
                    save = partial(_saved, visit, path, str(name.value or ""), whole=bool(whole.value), dated=dated)
                    intake = await visit.ask("save_register", save)
                told = f"已留存 {len(intake.companies):,} 家"
                told += f"（读入 {intake.read:,} 行，合并 {intake.merged:,}，拒收 {len(intake.rejects):,}）"
                dialog.close()
                ui.notify(told, type="positive", multi_line=True, actions=[states.CLOSE], timeout=0)
                ui.navigate.reload()

        def refuse() -> None:
            ui.notify(f"文件过大（最多 {MOST >> 20} MB），或不是能读的格式", type="negative")

        upload = ui.upload(
            label="选择或拖入名录，选好就留存", auto_upload=True, max_file_size=MOST, on_upload=take, on_rejected=refuse
        )
        pickable(upload).props(f'accept="{_KINDS}" flat bordered').classes("upload")
        with ui.element("div").classes("buttons"):
            ui.button("取消", on_click=dialog.close).props("flat")
    dialog.on("hide", dialog.delete)
    dialog.open()


def _saved(visit: Visit, path: Path, called: str, *, whole: bool, dated: date | None) -> Intake:
    """Reads the file and keeps it in the caller's name."""
    corpora = visit.service.state.engine(visit.zone).corpora
    try:
        intake = read_files([path], corpora, dated=dated)
    except InputError as error:  # where it lay for a moment is nobody's business
        raise InputError(path.name, error.problem, row=error.row, field=error.field) from None
    intake = replace(intake, files=(path.name,))
    by = visit.caller.name
    save_register(visit.service.store, visit.zone, called, intake, corpora=corpora.digest, as_of=dated, complete=whole, by=by)
    return intake
