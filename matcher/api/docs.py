"""The pages of the documentation (接口文档页), from an installed package: a government network reaches no CDN."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from matcher.api.answers import answer
from matcher.api.openapi import in_older_words
from matcher.api.problems import RefusedError

router = APIRouter(include_in_schema=False)
_FILES = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript", "favicon-32x32.png": "image/png"}
_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>链招 接口文档</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({url: "docs/openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null});
"""
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"


@router.get("/docs", operation_id="docs")
def docs() -> Response:
    """The page (文档页)."""
    return Response(_PAGE, media_type="text/html", headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/start.js", operation_id="docs_start")
def start() -> Response:
    """What starts the page (启动脚本)."""
    return Response(_START, media_type="text/javascript")


@router.get("/docs/openapi.json", operation_id="docs_document")
def document(request: Request) -> Response:
    """The document as the page reads it (文档页所用的接口说明)."""
    return answer(in_older_words(request.app.openapi()))


@router.get("/docs/{name}", operation_id="docs_file")
def file(name: str) -> Response:
    """One of its files (页面文件)."""
    import swagger_ui_bundle

    if name not in _FILES:
        raise RefusedError("not-found", "没有这个文件")
    return FileResponse(Path(swagger_ui_bundle.swagger_ui_path) / name, media_type=_FILES[name])
