"""数据 The companies: files come in, somebody looks at what was taken and what was not, and switches to the new snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from nicegui import events, ui

from matcher.api.problems import RefusedError
from matcher.intake.fields import EPOCH
from matcher.runs import today
from matcher.web import data_build, data_snapshots, states
from matcher.web.builds import Uploaded
from matcher.web.data_build import check_whole
from matcher.web.days import day_input
from matcher.web.widgets import pickable
from matcher.web.workshop import UPLOAD, Visit

_KILO = 1024


@dataclass(frozen=True)
class Base:
    """The companies in use, in words (现用企业库).

    Attributes:
        version: Of the snapshot; empty for the bundled sample.
        lines: What is told of it.
    """

    version: str
    companies: int
    lines: tuple[str, ...]


async def build(visit: Visit) -> None:
    """Draws the page (数据页)."""
    panel = ui.element("div").classes("panel")
    with panel:
        states.loading()
    await ui.context.client.connected()
    await states.fill(panel, lambda: visit.ask("list_snapshots", partial(_base, visit)), partial(_draw, visit))


def _base(visit: Visit) -> Base:
    state = visit.service.state
    base = state.companies()
    if base.snapshot is None:
        return Base("", len(base), (f"现在用的是随附样例 {len(base):,} 家（公开登记事实，2019 年），换成自己的企业文件再用。",))
    sources = base.snapshot.manifest.sources
    days = [day for source in sources if source.as_of for day in source.as_of]
    told = list(dict.fromkeys(_day(day) for day in (min(days), max(days)))) if days else []
    dated = f"数据日期 {' 至 '.join(told)}" if told else "数据日期不详"
    files = "、".join(source.file for source in sources[:5]) + (f" 等 {len(sources)} 个文件" if len(sources) > 5 else "")
    lines = [f"现在用的是快照 {base.version[:8]}：{len(base):,} 家，{dated}。", f"来自 {files}。"]
    refused = visit.service.keeper.refused.get("snapshot")
    if refused is not None:
        lines.append(f"新的快照没有换上：{refused.why}")
    return Base(base.version, len(base), tuple(lines))


def _day(day: int) -> str:
    return (EPOCH + timedelta(days=day)).isoformat()


def _draw(visit: Visit, base: Base) -> None:
    with ui.element("section").classes("box"):
        ui.label("现在的企业库").classes("box-title").props("role=heading aria-level=2")
        for line in base.lines:
            ui.label(line).classes("line")
    listed = ui.element("div")
    if visit.may("build_snapshot") and visit.caller.zones is None:
        with ui.element("section").classes("box"):
            ui.label("上传企业文件，建新的企业库").classes("box-title").props("role=heading aria-level=2")
            place = ui.element("div")
        with place:
            _Form(visit, base, listed).draw()
    elif visit.may("build_snapshot"):
        ui.label("企业库是各园区共用的，只限某些园区的密钥只能看。").classes("line soft")
    with ui.element("section").classes("box") as box:
        ui.label("各次企业库（快照）").classes("box-title").props("role=heading aria-level=2")
        listed.move(box)
    data_snapshots.fill(visit, listed)


class _Form:
    """Files, how they are to be taken, and the build."""

    def __init__(self, visit: Visit, base: Base, listed: ui.element) -> None:
        self.visit, self.base, self.builds, self.listed = visit, base, visit.workshop.builds, listed

    def draw(self) -> None:
        ui.label(
            "CSV（UTF-8 或 GB18030，可以压成 .csv.gz）、XLSX、Parquet 都可以，企查查、天眼查导出的不用改表头。传上来的文件只留到构建结束。"
        ).classes("line soft")
        self.upload = ui.upload(
            multiple=True,
            max_file_size=UPLOAD,
            on_upload=self._take,
            on_rejected=self._refuse,
            auto_upload=True,
            label="选择或拖入企业文件",
        )
        pickable(self.upload).props('accept=".csv,.gz,.txt,.xlsx,.xls,.xlsb,.ods,.parquet" flat bordered').classes("upload")
        self.files = ui.element("div")
        choices = {"replace": "只用这些文件，替换现在的企业库"}
        if self.base.version:
            choices = {"add": "并入现在的企业库（同一企业按日期更新）", **choices}
        with ui.element("div").classes("filters"):
            self.how = ui.select(choices, value=next(iter(choices)), label="怎样用").classes("wide").props("outlined dense")
            self.day = day_input("导出日期（可不填）", latest=today())
            ui.button("开始构建", icon="play_arrow", on_click=self._start).props("unelevated")
        ui.label("表里没有写日期的行，按导出日期算；同一企业有几行的，日期新的为准。").classes("line soft")
        self.progress = ui.element("div")
        self._list()
        data_build.follow(self.visit, self.progress, self._built)

    async def _take(self, event: events.UploadEventArguments) -> None:
        with states.notices():
            check_whole(self.visit)
            path = self.builds.place_for(event.file.name)
            await event.file.save(path)
            self.builds.waiting.append(Uploaded(path, path.name, event.file.size(), self.visit.caller.name))
        self._list()

    def _refuse(self) -> None:
        ui.notify(f"文件过大（最多 {UPLOAD // _KILO**2} MB），或不是能读的格式", type="negative")

    def _list(self) -> None:
        self.files.clear()
        with self.files:
            if not self.builds.waiting:
                ui.label("还没有上传文件。").classes("line soft")
            for one in self.builds.waiting:
                with ui.element("div").classes("file"):
                    ui.icon("description").props("aria-hidden=true")
                    ui.label(f"{one.name}（{_size(one.size)}）").classes("line")
                    ui.button(icon="delete", on_click=partial(self._drop, one)).props("flat round dense aria-label=移去这个文件")

    def _built(self) -> None:
        self._list()
        data_snapshots.fill(self.visit, self.listed)

    def _drop(self, one: Uploaded) -> None:
        self.builds.discard(one)
        self._list()

    async def _start(self) -> None:
        with states.notices():
            dated = given_day(self.day.value)
            add = self.how.value == "add"
            await self.visit.ask("build_snapshot", partial(check_whole, self.visit))
            self.builds.start(by=self.visit.caller.name, add=add, dated=dated)
            self.upload.reset()
        data_build.follow(self.visit, self.progress, self._built)


def given_day(text: Any) -> date | None:
    """The day that a field holds (读日期), None of an empty one.

    Raises:
        RefusedError: It is no day, or has not come yet.
    """
    if not text:
        return None
    try:
        found = date.fromisoformat(str(text))
    except ValueError:
        raise RefusedError("invalid-request", "日期应写成 2024-08-27 这样") from None
    if found > today():
        raise RefusedError("invalid-request", f"{found} 还没有到，应为文件导出的那一天")
    return found


def _size(count: int) -> str:
    return f"{count / _KILO**2:,.1f} MB" if count >= _KILO**2 else f"{max(1, count // _KILO):,} KB"
