"""A build as it goes (构建进度), and what came of it: counts, what was rejected and why, and the switch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from nicegui import ui

from matcher.api.problems import RefusedError
from matcher.outputs.data_words import field_words
from matcher.snapshot import switch_to
from matcher.web import states
from matcher.web.builds import Build, Rejects
from matcher.web.workshop import Visit

_EVERY = 0.5  # seconds between two looks at a build


def check_whole(visit: Visit) -> None:
    """Raises if a caller may not touch what all zones share (检查可动企业库).

    Raises:
        RefusedError: Its key is for some zones only.
    """
    if visit.caller.zones is not None:
        raise RefusedError("forbidden", "企业库是各园区共用的，只限某些园区的密钥不能更换；请管理员来做")


def follow(visit: Visit, place: ui.element, then: Callable[[], None] | None = None) -> None:
    """Shows the build under way, or the last one, and goes on until it ends (跟着构建).

    Args:
        visit: Who looks.
        place: Where.
        then: Is called at the end.
    """
    builds = visit.workshop.builds
    place.clear()
    if builds.last is None:
        return
    build = builds.last
    with place:
        body = ui.element("div").classes("build").props("role=status aria-live=polite")
        if build.state != "running":
            _ended(visit, body, build)
            return
        with body:
            doing = ui.label(_doing(build)).classes("part-title")
            ui.linear_progress(show_value=False).props("indeterminate aria-label=正在构建")
            ui.label(f"{'、'.join(build.files[:3])}{' 等' if len(build.files) > 3 else ''}，{build.by}").classes("soft")
            ui.label("构建时大家照常用原来的企业库；可以离开这一页，回来接着看。").classes("soft")
            ui.button("停止构建", icon="stop", on_click=builds.stop).props("outline")

    def look() -> None:
        if build.state == "running":
            doing.set_text(_doing(build))
            return
        timer.deactivate()
        _ended(visit, body, build)
        if then is not None:
            then()

    with place:
        timer = ui.timer(_EVERY, look)


def _doing(build: Build) -> str:
    rows = f"　{build.rows:,} 行" if build.rows else ""
    return f"{build.doing}{rows}　已用 {build.seconds} 秒"


def _ended(visit: Visit, place: ui.element, build: Build) -> None:
    place.clear()
    with place:
        if build.state == "stopped":
            ui.label(f"{build.by} 停止了构建，企业库没有动。同样的文件再构建一次，从断处接着做。").classes("line")
        elif build.state == "failed":
            states.wrong("构建没有做完，企业库没有动", hint=build.problem)
        else:
            _done(visit, build)


def _done(visit: Visit, build: Build) -> None:
    report = build.report
    ui.label(f"建好了：新的企业库共 {report['companies']:,} 家，用了 {build.seconds} 秒").classes("part-title")
    with ui.element("div").classes("tiles"):
        for title, key in (("读入行", "read"), ("接收", "accepted"), ("合并", "merged"), ("拒收", "rejected")):
            with ui.element("div").classes("tile"):
                ui.label(f"{report[key]:,}").classes("big")
                ui.label(title).classes("soft")
    ui.label("合并：同一企业的几行并作一家。拒收：读不成企业的行，下面说明在哪一行、为什么；不写内容，免得露出人名。").classes(
        "line soft"
    )
    if report["skipped"]:
        ui.label(f"已在企业库里、没有再读：{'、'.join(report['skipped'])}").classes("line")
    for problem, count in report["notes"].items():
        ui.label(f"另外（不算拒收）：{count:,} 行，{problem}").classes("line")
    if report["undated"]:
        ui.label(f"{report['undated']:,} 家有几行内容不同而没有日期，不知道哪行新；请填上导出日期，逐个文件构建。").classes(
            "line asked"
        )
    if build.rejects is not None:
        _rejects(build.rejects)
    if build.switched:
        ui.label("已经换上。").classes("line")
        return
    ui.label("现在大家用的还是原来的企业库。看过没有问题，再换上。").classes("line")
    if visit.may("switch_snapshot"):
        ui.button("换上新的企业库", icon="swap_horiz", on_click=partial(switch, visit, report["snapshot"], build)).props(
            "unelevated"
        )


def _rejects(rejects: Rejects) -> None:
    with ui.expansion(f"拒收的 {sum(count for _, count in rejects.counts):,} 行", value=True).props("dense").classes("findings"):
        for (field, reason), count in rejects.counts[:10]:
            ui.label(f"{count:,} 行：[{field_words(field)}] {reason}").classes("line")
        rows = [
            {"key": number, "file": file, "row": row, "field": field_words(field), "reason": reason}
            for number, (file, row, field, reason) in enumerate(rejects.rows)
        ]
        columns = [
            {"name": name, "label": label, "field": name, "align": "left", "classes": "wraps" if name == "reason" else ""}
            for name, label in (("file", "文件"), ("row", "行"), ("field", "列"), ("reason", "原因"))
        ]
        ui.table(columns=columns, rows=rows, row_key="key", pagination=10).props("flat bordered dense aria-label=拒收的行").classes(
            "ranked"
        )
        ui.button("下载整张拒收清单", icon="download", on_click=lambda: ui.download(rejects.path)).props("outline dense")


async def switch(visit: Visit, version: str, build: Build | None = None) -> None:
    """Makes a snapshot the current one for everybody (换上企业库), without stopping anybody's work."""

    def work() -> int:
        check_whole(visit)
        snapshot = switch_to(visit.workshop.settings.home, version)
        visit.service.keeper.look()
        return len(snapshot)

    with states.notices():
        count = await visit.ask("switch_snapshot", work)
        if build is not None:
            build.switched = True
        ui.notify(f"已换上：{count:,} 家", type="positive")
        ui.navigate.to(visit.address("/data"))
