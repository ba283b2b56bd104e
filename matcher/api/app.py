"""The application (接口应用): rank, score, resolve, runs and what they rest on, over HTTP.

Errors are RFC 9457 problem documents (``problems``). Work on companies is CPU-bound and runs in the server's thread pool; ``async`` is
used nowhere around it. Every request holds one ``State`` for its whole life, however often the companies or rules are swapped meanwhile.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from matcher.api import (
    audit,
    companies,
    docs,
    events,
    health,
    hooks,
    ledger_files,
    ledger_rows,
    metrics,
    problems,
    ranking,
    reconcile,
    reports,
    runs,
    scores,
    serving,
    trips,
    zones,
)
from matcher.api.access import admitted
from matcher.api.agents import Agents
from matcher.api.heads import Heads
from matcher.api.openapi import described
from matcher.api.request_ids import RequestIds
from matcher.api.service import Service
from matcher.api.settings import Settings
from matcher.runs import library_versions

_WORTH_PACKING = 1000  # bytes
_PACKED = 5  # of 9: nine takes three times as long for a few hundredths


def create_app(settings: Settings | None = None) -> FastAPI:
    """Makes the application (建立应用).

    Args:
        settings: By default those of the environment.
    """
    settings = settings or Settings.from_environment()
    service = Service(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.start()
        async with contextlib.AsyncExitStack() as stack:
            manager = agents.made()
            if manager is not None:
                await stack.enter_async_context(manager.run())
            yield
        service.close()
        await serving.unguard(app)

    app = FastAPI(
        title="链招 lianzhao",
        version=library_versions()["lianzhao"],
        summary="下一站该拜访谁，为什么",
        docs_url=None,  # the stock pages load scripts from outside; ours are at /docs
        redoc_url=None,
        lifespan=lifespan,
        dependencies=[Depends(admitted)],  # the second bolt behind the door
    )
    app.state.service = service
    problems.install(app)
    for module in (
        health,
        metrics,
        audit,
        zones,
        ranking,
        scores,
        companies,
        runs,
        events,
        hooks,
        ledger_files,
        ledger_rows,
        reports,
        trips,
        reconcile,
        docs,
    ):
        app.include_router(module.router)
    agents = Agents(app)
    app.router.routes.append(agents.route)
    described(app)
    serving.guard(app, settings)
    app.add_middleware(GZipMiddleware, minimum_size=_WORTH_PACKING, compresslevel=_PACKED)
    serving.observe(app, settings)
    app.add_middleware(Heads, operations=app.state.operations)
    app.add_middleware(RequestIds)  # the last one added is the outermost
    return app


def __getattr__(name: str) -> Any:
    """``app`` is made when a server asks for it (按需建立): the module can be imported without opening anything."""
    if name == "app":
        made = globals()["app"] = create_app()
        return made
    raise AttributeError(name)
