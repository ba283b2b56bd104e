"""What every page shows alike (通用状态): nothing there, under way, gone wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from nicegui import ui

from matcher.api.problems import RefusedError, told_of
from matcher.errors import LianzhaoError, RulesError

T = TypeVar("T")
_MOST_PROBLEMS = 5
CLOSE = {"label": "知道了", "color": "white"}
"""The button that closes a notice (知道了): Quasar's own is too dark to be read on green and red."""


def empty(title: str, hint: str = "") -> None:
    """There is nothing to show, and what to do about it (空状态)."""
    with ui.element("div").classes("state state-empty").props("role=status"):
        ui.icon("inbox").props("aria-hidden=true")
        ui.label(title).classes("state-title")
        if hint:
            ui.label(hint).classes("state-hint")


def loading(doing: str = "正在读取……") -> None:
    """Something is under way (加载中)."""
    with ui.element("div").classes("state state-loading").props("role=status aria-live=polite"):
        ui.spinner(size="2rem").props("aria-hidden=true")
        ui.label(doing).classes("state-title")


def wrong(words: str, again: Callable[[], Awaitable[None]] | None = None, *, hint: str = "") -> None:
    """Something went wrong, in words of the house, and a way to try again (出错)."""
    with ui.element("div").classes("state state-wrong").props("role=alert"):
        ui.icon("error_outline").props("aria-hidden=true")
        ui.label(words).classes("state-title")
        if hint:
            ui.label(hint).classes("state-hint")
        if again is not None:
            ui.button("再试一次", on_click=again).props("outline")


def words_of(error: LianzhaoError | RefusedError) -> str:
    """What an error of the house says to whoever sits before a page (错误的说法)."""
    if isinstance(error, RefusedError):
        return error.detail
    if isinstance(error, RulesError):
        more = f"；共 {len(error.problems)} 处" if len(error.problems) > _MOST_PROBLEMS else ""
        return "；".join(map(str, error.problems[:_MOST_PROBLEMS])) + more
    return told_of(error).detail


@contextlib.contextmanager
def notices() -> Iterator[None]:
    """Turns errors of the house into a notice on the page (错误变成提示): for what a button does."""
    try:
        yield
    except (LianzhaoError, RefusedError) as error:
        ui.notify(words_of(error), type="negative", multi_line=True, actions=[CLOSE], timeout=0)


async def fill(panel: ui.element, work: Callable[[], Awaitable[T]], draw: Callable[[T], None], doing: str = "正在读取……") -> None:
    """Fills a part of a page with what takes a while (填一块): under way, then what was found, or what went wrong and another try.

    Args:
        panel: What stood in it goes.
        work: Finds it, usually ``lambda: visit.ask(…)``.
        draw: Shows it.
        doing: What is said meanwhile.
    """
    panel.clear()
    with panel:
        loading(doing)
    said = "服务内部出错，请再试；还不行，请把时间和网页告诉管理员"
    done = False
    try:
        found = await work()
        panel.clear()
        with panel:
            draw(found)
        done = True
    except (LianzhaoError, RefusedError) as error:
        said = words_of(error)
    finally:  # an error of the program goes on to the log, and whoever waits is told all the same
        if not done and not panel.is_deleted:
            panel.clear()
            with panel:
                wrong(said, lambda: fill(panel, work, draw, doing))
