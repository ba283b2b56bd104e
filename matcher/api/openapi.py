"""The OpenAPI document (接口说明): checked in as ``docs/openapi.json``, written by ``make schemas``."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from matcher.api.problems import Problem


def described(app: FastAPI) -> None:
    """Lets the application describe itself, problems included (生成接口说明)."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes, servers=[{"url": "/"}])
            schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas = made.setdefault("components", {}).setdefault("schemas", {})
            schemas |= {**schema.pop("$defs"), "Problem": schema}
            made["components"]["schemas"] = dict(sorted(schemas.items()))
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]
