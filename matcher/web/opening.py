"""Opening a page (打开网页): whose zone it is for, whether it is for this caller, and then the frame with the page in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from nicegui import Client, ui
from starlette.responses import RedirectResponse

from matcher.api.access import caller_of
from matcher.api.problems import RefusedError
from matcher.errors import LianzhaoError
from matcher.web import plain, states
from matcher.web.facts import facts_of
from matcher.web.pages import Page, pages_of
from matcher.web.shell import forbidden, frame, head
from matcher.web.workshop import Visit, Workshop

Opened = Callable[..., Awaitable[Any]]


def visit_of(workshop: Workshop, request: Request) -> Visit:
    """Who opens a page, and for which zone (一次访问): the one that the address names, else the first that the caller may see.

    Raises:
        RefusedError: The caller may see no zone, or not this one.
    """
    caller = caller_of(request)
    state = workshop.service.state
    zones = tuple(zone for zone in sorted({*state.engines, *state.broken}) if caller.may_see(zone))
    if not zones:
        raise RefusedError("forbidden", "这把密钥没有可看的园区，请管理员另建一把")
    wanted = request.query_params.get("zone", zones[0])
    if wanted not in zones:
        raise RefusedError("forbidden", "没有这个园区，或这把密钥不能用于它")
    return Visit(
        workshop=workshop,
        caller=caller,
        zone=wanted,
        zones=zones,
        query=dict(request.query_params),
        root=request.scope.get("root_path", ""),
        request_id=request.state.request_id,
        session=request.state.session,
    )


def first(workshop: Workshop) -> Opened:
    """What is opened without the name of a page (首页): the first one of the caller's menu."""

    async def open_(request: Request) -> Any:
        root = request.scope.get("root_path", "")
        try:
            visit = visit_of(workshop, request)
        except RefusedError as error:
            return plain.told(root, "没有权限", error.detail, 403)
        pages = pages_of(visit)
        if not pages:
            return plain.told(root, "没有可看的网页", "这把密钥的角色没有网页可看；要用网页，请管理员另建一把", 403)
        return RedirectResponse(f"{root}{pages[0].path}?{urlencode({'zone': visit.zone})}", 303)

    return open_


def shown(workshop: Workshop, page: Page) -> Opened:
    """What is opened under a page's path (打开一页)."""

    async def open_(request: Request, client: Client) -> Any:
        try:
            visit = visit_of(workshop, request)
        except RefusedError as error:
            return plain.told(request.scope.get("root_path", ""), "没有权限", error.detail, 403)
        if visit.session is not None:
            if visit.session.ended:
                return RedirectResponse(f"{visit.root}/sign-in", 303)
            visit.session.pages.add(client)
        facts = await facts_of(visit)
        if not visit.may(page.operation):
            forbidden(visit, page, facts)
            return client.build_response(request, 403)
        with frame(visit, page, page.title, facts), ui.element("div").classes("page") as place:
            await _built(visit, page, place)
        return None

    return open_


def broken() -> None:
    """What stands in place of a page that the program could not draw (网页出错)."""
    head(ui.context.client.request.scope.get("root_path", ""))
    with ui.element("main").props("id=content tabindex=-1").classes("content"):
        states.wrong("服务内部出错，请刷新再试；还不行，请把时间和网页告诉管理员")


async def _built(visit: Visit, page: Page, place: ui.element) -> None:
    """The page in its frame, or in its place what went wrong."""
    try:
        await page.build(visit)
    except (LianzhaoError, RefusedError) as error:
        said = states.words_of(error)

        async def again() -> None:
            place.clear()
            with place:
                await _built(visit, page, place)

        place.clear()
        with place:
            states.wrong(said, again)
