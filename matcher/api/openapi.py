"""The OpenAPI document (接口说明): checked in as ``docs/openapi.json``, written by ``make schemas``.

It is of OpenAPI 3.1. The pages at ``/docs`` read 3.0 only, so they get the same document in the older words.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from matcher.api.links import linked
from matcher.api.problems import Problem
from matcher.api.roles import secured

FILE = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
"""Where the document stands in a checkout (文件位置)."""
_DESCRIPTION = "凡是能 GET 的地址都能 HEAD：状态和应答头与 GET 相同，没有正文（RFC 9110）；下面不再逐个列出。"
_KEPT = ("example", "examples", "default", "enum")  # what stands there is data, no schema


def described(app: FastAPI) -> None:
    """Lets the application describe itself, problems included (生成接口说明)."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=_DESCRIPTION,
                routes=app.routes,
                servers=[{"url": "/"}],
            )
            schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas = made.setdefault("components", {}).setdefault("schemas", {})
            schemas |= {**schema.pop("$defs"), "Problem": schema}
            made["components"]["schemas"] = dict(sorted(schemas.items()))
            secured(made)
            linked(made)
            _without_null(made)
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _without_null(document: dict[str, Any]) -> None:
    """Headers and queries are left out, they cannot be null."""
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                schema = parameter["schema"]
                left = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
                if len(left) == 1:
                    del schema["anyOf"]
                    parameter["schema"] = {**left[0], **schema}


def in_older_words(document: dict[str, Any]) -> dict[str, Any]:
    """The document as OpenAPI 3.0 has it (3.0 写法), as far as a page that shows it needs."""
    older: dict[str, Any] = {**_older(document), "openapi": "3.0.3"}
    older["info"] = {key: value for key, value in older["info"].items() if key != "summary"}
    return older


def _older(node: Any) -> Any:
    if isinstance(node, list):
        return [_older(one) for one in node]
    if not isinstance(node, dict):
        return node
    found: dict[str, Any] = {key: value if key in _KEPT else _older(value) for key, value in node.items()}
    for joint in ("anyOf", "oneOf"):
        choices = found.get(joint)
        if isinstance(choices, list) and {"type": "null"} in choices:
            left = [one for one in choices if one != {"type": "null"}]
            del found[joint]
            found = {**found, **({"allOf": left} if len(left) == 1 else {joint: left}), "nullable": True}
    if "const" in found:
        found["enum"] = [found.pop("const")]
    if isinstance(found.get("examples"), list):
        found["example"] = found.pop("examples")[0]
    for bound in ("exclusiveMinimum", "exclusiveMaximum"):
        if isinstance(found.get(bound), int | float) and not isinstance(found[bound], bool):
            found[bound.replace("exclusiveM", "m")], found[bound] = found[bound], True
    if "prefixItems" in found:
        found["items"] = {"oneOf": found.pop("prefixItems")}
    found.pop("propertyNames", None)
    return found


def text_of(document: dict[str, Any]) -> str:
    """The document as it stands in its file (文件文本)."""
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Writes the document of the application."""
    from matcher.api.app import create_app
    from matcher.api.settings import Settings

    FILE.write_text(text_of(create_app(Settings(home=Path("unused"))).openapi()), encoding="utf-8")
    print(FILE.relative_to(FILE.parents[1]))


if __name__ == "__main__":
    main()
