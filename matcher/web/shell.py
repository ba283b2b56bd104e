"""The frame around every page (网页外壳): where one is, whose zone, on what companies and rules, who is signed in, and where else to go."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from matcher.store.keys import ROLES
from matcher.web import states
from matcher.web.facts import Fact
from matcher.web.pages import Page, pages_of
from matcher.web.workshop import Visit

_CONTENT = "content"


def head(root: str) -> None:
    """What the browser needs before it draws (网页头): our style, and the way past the menu for those who use the keyboard."""
    ui.colors(
        primary="#0b4f8a",
        secondary="#33556e",
        accent="#8a4b08",
        positive="#1b6e3c",
        negative="#b3261e",
        warning="#7a5200",
        info="#0b4f8a",
    )
    ui.add_head_html(
        f'<link rel="stylesheet" href="{root}/static/shell.css"><script type="module" src="{root}/static/shell.js"></script>'
    )
    ui.add_body_html(f'<a class="skip" href="#{_CONTENT}">跳到正文</a>')


def frame(visit: Visit, page: Page | None, title: str, facts: Sequence[Fact]) -> ui.element:
    """Draws the frame (画外壳).

    Args:
        visit: Who is here.
        page: Where, to be marked in the menu.
        title: Of the page.
        facts: What it works with.

    Returns:
        Where the page is to be drawn.
    """
    head(visit.root)
    with ui.left_drawer(value=None, bordered=True).props("width=200 breakpoint=900 aria-label=菜单").classes("menu") as drawer:
        with ui.element("nav").props("aria-label=主菜单"):
            for one in pages_of(visit):
                _entry(visit, one, here=one is page)
        with ui.element("div").classes("narrow-only facts-below"):
            _facts(facts)
            _who(visit, "primary")
    with ui.header().classes("top"):
        ui.button(icon="menu", on_click=drawer.toggle, color=None).props(
            "color=white flat round dense aria-label=打开或收起菜单"
        ).classes("narrow-only menu-button")
        ui.link("链招", "/").classes("brand")
        _zones(visit, page)
        with ui.element("div").classes("wide-only facts"):
            _facts(facts)
        with ui.element("div").classes("wide-only who"):
            _who(visit, "white")
    with ui.element("div").props(f"id={_CONTENT} tabindex=-1").classes("content") as content:  # within the frame's own <main>
        ui.label(title).props("role=heading aria-level=1").classes("page-title")
    return content


def forbidden(visit: Visit, page: Page, facts: Sequence[Fact]) -> None:
    """Says that a page is not for this caller, and what is (无权查看)."""
    with frame(visit, None, page.title, facts):
        may = "、".join(one.title for one in pages_of(visit))
        hint = f"可以看：{may}" if may else "这把密钥没有可看的网页；要用网页，请管理员另建一把"
        states.wrong(f"{ROLES.get(visit.caller.role, visit.caller.role)}的密钥不能看“{page.title}”", hint=hint)


def _entry(visit: Visit, page: Page, *, here: bool) -> None:
    with ui.link(target=visit.address(page.path)).classes("entry" + (" here" if here else "")) as entry:
        ui.icon(page.icon).props("aria-hidden=true")
        ui.label(page.title)
    if here:
        entry.props("aria-current=page")


def _zones(visit: Visit, page: Page | None) -> None:
    """Whose zone; another one opens the same page for it."""
    engines = visit.service.state.engines
    names = {zone: engines[zone].zone.file.name if zone in engines else zone for zone in visit.zones}

    def choose(chosen: str) -> None:
        ui.navigate.to(visit.address(page.path if page else "/", zone=chosen))

    ui.select(names, value=visit.zone, label="园区", on_change=lambda event: choose(str(event.value))).props(
        "dense outlined options-dense dark"
    ).classes("zone")


def _facts(facts: Sequence[Fact]) -> None:
    """On what companies and which rules the page works."""
    for fact in facts:
        with ui.label(fact.text).classes("fact"), ui.tooltip():
            ui.label(fact.more)


def _who(visit: Visit, color: str) -> None:
    """Who is signed in, and the way out."""
    if visit.session is None:
        ui.label("本机").classes("fact")
        return
    ui.label(f"{visit.caller.name} · {ROLES.get(visit.caller.role, visit.caller.role)}").classes("fact")
    with ui.element("form").props(f"method=post action={visit.root}/sign-out"):
        ui.button("退出", color=None).props(f"color={color} type=submit outline dense").classes("sign-out")
