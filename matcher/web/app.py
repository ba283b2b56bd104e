"""The service with its pages (带网页的服务): the application of ``matcher.api`` with the pages at ``/ui``.

The pages keep their sessions and what every browser shows in memory, so they live in one process. NiceGUI has one application a process,
too: ``create_app`` is called once.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from fastapi import FastAPI
from starlette.routing import Mount

from matcher.api.app import create_app as create_service
from matcher.api.logs import places
from matcher.api.roles import UI
from matcher.api.settings import Settings

PATH = "/ui"
"""Where the pages are (网页地址)."""
_STATIC = Path(__file__).parent / "static"
_BUILD = 10.0  # seconds until a page that is not yet drawn is given up
_GONE = 10.0  # seconds for which a browser may lose its connection and find its page as it was
_log = logging.getLogger("lianzhao.web")


def create_app() -> FastAPI:
    """Makes the application with its pages (建立带网页的应用), with the settings of the environment."""
    settings = Settings.from_environment()
    app = create_service(settings)
    os.environ["NICEGUI_STORAGE_PATH"] = str(settings.home / "service" / "pages")  # read at import; nothing is kept there
    from nicegui import app as pages
    from nicegui import ui

    from matcher.web.builds import Builds
    from matcher.web.gate import Gate
    from matcher.web.opening import broken, first, shown
    from matcher.web.pages import PAGES
    from matcher.web.sessions import Sessions
    from matcher.web.workshop import Workshop

    logging.getLogger("nicegui").setLevel(logging.CRITICAL)  # its lines say what somebody typed; ours say where in the code
    workshop = Workshop(settings, app.state.service, app.state.records, app.state.buckets, Builds(settings))
    pages.on_shutdown(workshop.builds.close)
    sessions = Sessions(app.state.records)
    pages.add_static_files("/static", _STATIC, max_cache_age=0)
    pages.config.socket_io_js_transports = ["websocket"]
    pages.on_exception(_unexpected)
    pages.on_page_exception(broken)
    ui.page("/")(first(workshop))
    for page in PAGES:
        ui.page(page.path, title=f"{page.title} · 链招", response_timeout=_BUILD)(shown(workshop, page))
    ui.run_with(
        app,
        mount_path=PATH,
        title="链招",
        favicon=_STATIC / "icon.svg",
        language="zh-CN",
        reconnect_timeout=_GONE,
        show_welcome_message=False,
    )
    pages.add_middleware(Gate, workshop=workshop, sessions=sessions)  # the last one added is the outermost
    mount = next(route for route in app.routes if isinstance(route, Mount) and route.app is pages)
    mount.name = UI  # the name under which the outer door knows it
    return app


def _unexpected(error: Exception) -> None:
    """Logs an error of the program, with its places in the code and without its words."""
    _log.error("网页出错：%s，在 %s", type(error).__name__, places(error.__traceback__))
