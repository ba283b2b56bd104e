"""The snapshots that are there (各次企业库): when, of which files, in use or not; back to an earlier one; old ones cleared away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from nicegui import background_tasks, ui

from matcher.errors import SnapshotError
from matcher.keeping import clear_home
from matcher.runs import CHINA_TIME
from matcher.snapshot import layout
from matcher.web import states
from matcher.web.data_build import switch
from matcher.web.workshop import Visit

_KEEP = 3


@dataclass(frozen=True)
class Kept:
    """A snapshot on disk (一次企业库); ``problem`` says why it cannot be used."""

    version: str
    made: datetime
    companies: int
    files: tuple[str, ...]
    current: bool
    problem: str = ""


def fill(visit: Visit, place: ui.element) -> None:
    """Lists them in their place (列出快照)."""
    background_tasks.create(states.fill(place, lambda: visit.ask("list_snapshots", partial(_kept, visit)), partial(_draw, visit)))


def _kept(visit: Visit) -> list[Kept]:
    home = visit.workshop.settings.home
    try:
        current = layout.current(home)
    except SnapshotError:
        current = None
    found = []
    for version in layout.versions(home):
        folder = layout.folder_of(home, version)
        made = datetime.fromtimestamp(folder.stat().st_mtime, CHINA_TIME)
        try:
            manifest = layout.read_manifest(folder)
        except SnapshotError:
            found.append(Kept(version, made, 0, (), version == current, "损坏，不能用"))
            continue
        files = tuple(source.file for source in manifest.sources)
        found.append(Kept(version, made, manifest.companies, files, version == current))
    return found


def _draw(visit: Visit, kept: list[Kept]) -> None:
    if not kept:
        states.empty("还没有建过企业库", "上传企业文件，建第一个")
        return
    whole = visit.caller.zones is None
    for one in kept:
        with ui.element("div").classes("snapshot"):
            with ui.element("div"):
                ui.label(f"{one.made:%Y-%m-%d %H:%M}　{one.companies:,} 家").classes("finding-title")
                files = "、".join(one.files[:3]) + (f" 等 {len(one.files)} 个文件" if len(one.files) > 3 else "")
                ui.label(f"快照 {one.version[:8]}　{one.problem or files}").classes("soft")
            if one.current:
                ui.label("在用").classes("badge")
            elif not one.problem and whole and visit.may("switch_snapshot"):
                ui.button("换成这一个", on_click=partial(switch, visit, one.version)).props("outline dense")
    if whole and visit.may("prune_snapshots"):
        ui.button("清理旧的", icon="cleaning_services", on_click=partial(_prune, visit)).props("outline dense").classes(
            "below-table"
        )


async def _prune(visit: Visit) -> None:
    """Tells first what would go, then clears it away."""
    home = visit.workshop.settings.home
    with states.notices():
        would = await visit.ask("prune_snapshots", partial(clear_home, home, keep=_KEEP, dry_run=True))
        gone = len(would.snapshots.removed)
        if not gone and not would.rulesets.removed and not would.size:
            ui.notify(f"没有可清理的：最近 {_KEEP} 个、在用的、批次用到的都留着", type="info")
            return
        with ui.dialog() as dialog, ui.card().classes("ask-card"):
            ui.label("清理旧的企业库").classes("card-title").props("role=heading aria-level=2")
            ui.label(
                f"会删去 {gone} 个快照、{len(would.rulesets.removed)} 份规则副本，腾出 {would.size / 1e6:,.1f} MB；"
                f"在用的、最近 {_KEEP} 个、批次和规则版本用到的都留着。删去的不能恢复，可以由原来的文件重建。"
            ).classes("line")
            with ui.element("div").classes("buttons"):
                ui.button("不清理", on_click=lambda: dialog.submit(False)).props("outline")
                ui.button("清理", on_click=lambda: dialog.submit(True)).props("unelevated color=negative")
        sure = await dialog
        dialog.delete()
        if sure:
            done = await visit.ask("prune_snapshots", partial(clear_home, home, keep=_KEEP))
            ui.notify(f"已删去 {len(done.snapshots.removed)} 个快照，腾出 {done.size / 1e6:,.1f} MB", type="positive")
            ui.navigate.to(visit.address("/data"))
