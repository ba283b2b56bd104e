"""规则 The rules: read by everybody, tried, changed and published by analysts; what counts and what is a draft is always said."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from nicegui import ui

from matcher.outputs.version_words import time_words, version_words
from matcher.web import rules_publish, rules_review, rules_table, rules_words, states
from matcher.web.rules_work import Shown, discard, shown
from matcher.web.workshop import Visit

Again = Callable[[], None]


async def build(visit: Visit) -> None:
    """Draws the page (规则页)."""
    panel = ui.element("div").classes("panel")
    with panel:
        states.loading()
    await ui.context.client.connected()
    await states.fill(panel, lambda: visit.ask("get_rules", partial(shown, visit)), partial(_draw, visit))


def again(visit: Visit, tab: str) -> None:
    """Opens the page anew at a tab (重开这一页), for what has changed."""
    ui.navigate.to(visit.address("/rules", tab=tab))


def _draw(visit: Visit, now: Shown) -> None:
    _standing(visit, now)
    writes = visit.may("draft_rules")
    titles = {"rules": "评分规则", "vetoes": "一票否决", "words": "产业链的词"}
    if writes:
        titles |= {"check": "检查", "diff": "影响预览", "publish": "发布"}
    titles |= {"versions": "各版本"}
    with ui.tabs().props("dense align=left inline-label outside-arrows mobile-arrows").classes("list-tabs") as tabs:
        for name, title in titles.items():
            ui.tab(name, title)
    wanted = visit.query.get("tab", "")
    with ui.tab_panels(tabs, value=wanted if wanted in titles else "rules").props("animated=false").classes("list-panels"):
        with ui.tab_panel("rules"):
            rules_table.rules(visit, now, writes=writes, then=partial(again, visit, "rules"))
        with ui.tab_panel("vetoes"):
            rules_table.vetoes(now)
        with ui.tab_panel("words"):
            rules_words.words(visit, now, writes=writes)
        if writes:
            with ui.tab_panel("check"):
                rules_review.check_part(visit, now)
            with ui.tab_panel("diff"):
                rules_review.diff_part(visit, now)
            with ui.tab_panel("publish"):
                rules_publish.publish_part(visit, now, partial(again, visit, "versions"))
        with ui.tab_panel("versions"):
            rules_publish.versions_part(visit, now, partial(again, visit, "versions"))


def _standing(visit: Visit, now: Shown) -> None:
    """What counts now, and whether a draft lies beside it."""
    counts, draft = now.counts, now.draft
    with ui.element("section").classes("box"):
        said = f"现行规则：{version_words(counts)}" if counts else "现行规则：装在服务器上的这一套，还没有发布过版本。"
        ui.label(said).classes("line finding-title")
        if draft is None:
            hint = (
                "改动会另存一份草稿副本，发布以前名单不变。"
                if visit.may("draft_rules")
                else "招商人员只看；要改，请规则分析员来做。"
            )
            ui.label(f"下面是现行规则。{hint}").classes("line soft")
            return
        with ui.element("div").classes("draft-note"):
            ui.label(
                f"下面是草稿副本（{draft.by} {time_words(draft.at)} 改过），没有发布，名单仍用现行规则。看过“检查”和“影响预览”，再“发布”。"
            ).classes("line")
            if draft.base != now.usual.digest:
                ui.label("注意：写这份草稿副本以后，又发布过别的规则；发布草稿副本会盖掉那些改动，先看“影响预览”。").classes(
                    "line asked"
                )
            ui.button("丢弃草稿副本", icon="delete", on_click=partial(_discard, visit)).props("outline dense")


async def _discard(visit: Visit) -> None:
    with ui.dialog() as dialog, ui.card().classes("ask-card"):
        ui.label("丢弃草稿副本？").classes("card-title").props("role=heading aria-level=2")
        ui.label("草稿副本里的改动都不要了，不能恢复；现行规则不变。").classes("line")
        with ui.element("div").classes("buttons"):
            ui.button("留着", on_click=lambda: dialog.submit(False)).props("outline")
            ui.button("丢弃", on_click=lambda: dialog.submit(True)).props("unelevated color=negative")
    sure = await dialog
    dialog.delete()
    if sure:
        with states.notices():
            await visit.ask("draft_rules", partial(discard, visit))
            again(visit, "rules")
