"""The Reconciliation API 0.2 (表格匹配服务): what OpenRefine speaks, at ``/reconcile/{zone}``.

The manifest says what there is; batches of queries come as a form field or in the URL, as the protocol has it, or as JSON. There is no
JSONP. A page of another origin may ask only if the settings name it.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ValidationError

from matcher.api.answers import OpenRoute, answer
from matcher.api.models import Word
from matcher.api.problems import COMMON, RefusedError, documented, mistakes_of
from matcher.api.reconcile_data import extended, preview_of, proposed, suggested_entities, suggested_properties
from matcher.api.reconcile_models import Batch, Extension, ExtensionAnswer, Manifest, Proposed, ResultBatch, Suggested
from matcher.api.reconcile_queries import TYPE, candidates
from matcher.api.service import service_of

router = APIRouter(route_class=OpenRoute, tags=["表格匹配"], responses=documented("not-found", "invalid-request", *COMMON))
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_MOST_FIELDS = 20
_WIDTH, _HEIGHT = 430, 300
_ANSWERS = {
    200: {"model": Manifest | ResultBatch | ExtensionAnswer, "description": "清单，或查询、扩充的结果"},
    **documented("not-json"),
}
_Prefix = Annotated[str, Query(max_length=200, description="已输入的几个字")]
_Batch = Annotated[str | None, Query(description="一批查询，JSON：{q0: {query, limit, properties}}")]
_Extend = Annotated[str | None, Query(description="数据扩充，JSON：{ids, properties}")]


class Posted(BaseModel):
    """What was posted, not read yet (收到的内容)."""

    queries: Any = None
    extend: Any = None


async def _posted(request: Request) -> Posted:
    """Reads the body; nothing of the work is done here."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    raw = await request.body()
    if kind == _JSON:
        given = _read(raw)
        if not isinstance(given, dict) or set(given) - {"queries", "extend"}:
            raise RefusedError("invalid-request", '应为 {"queries": …} 或 {"extend": …}', field="请求体")
        return Posted(**given)
    if kind not in (_FORM, ""):
        raise RefusedError("unsupported-media-type", f"应为 {_FORM} 或 {_JSON}", field="Content-Type")
    try:
        fields = dict(parse_qsl(raw.decode("ascii"), max_num_fields=_MOST_FIELDS, errors="strict"))
    except ValueError:
        raise RefusedError("invalid-request", f"表单读不出来，应为 UTF-8 的 {_FORM}，不超过 {_MOST_FIELDS} 项") from None
    return Posted(queries=fields.get("queries"), extend=fields.get("extend"))


@router.get("/reconcile/{zone}", operation_id="reconcile", responses={**_ANSWERS})
def reconcile(zone: str, request: Request, queries: _Batch = None, extend: _Extend = None) -> Response:
    """The manifest; or with ``queries`` or ``extend`` what ``POST`` answers (匹配服务清单)."""
    return _answered(zone, request, queries, extend)


@router.post(
    "/reconcile/{zone}",
    operation_id="reconcile_batch",
    responses={**_ANSWERS, **documented("too-large", "unsupported-media-type")},
    openapi_extra={
        "requestBody": {
            "content": {
                _FORM: {
                    "schema": {"type": "object", "properties": {"queries": {"type": "string"}, "extend": {"type": "string"}}},
                    "example": {"queries": '{"q0": {"query": "青岛啤酒", "limit": 3}}'},
                },
                _JSON: {
                    "schema": {"type": "object", "properties": {"queries": {"type": "object"}, "extend": {"type": "object"}}},
                    "example": {"queries": {"q0": {"query": "青岛啤酒", "properties": [{"pid": "city", "v": "青岛"}]}}},
                },
            }
        }
    },
)
def reconcile_batch(zone: str, request: Request, posted: Annotated[Posted, Depends(_posted)]) -> Response:
    """Candidates for a batch of names, with features by name and points by rule; or fields of companies (批量匹配)."""
    return _answered(zone, request, posted.queries, posted.extend)


@router.get("/reconcile/{zone}/suggest/entity", operation_id="suggest_entity", responses={200: {"model": Suggested}})
def suggest_entity(zone: str, request: Request, prefix: _Prefix = "") -> Response:
    """Companies for what was typed so far (企业补全)."""
    service = service_of(request)
    state = service.state
    state.engine(zone)
    return answer({"result": suggested_entities(service, state.companies(), prefix)})


@router.get("/reconcile/{zone}/suggest/property", operation_id="suggest_property", responses={200: {"model": Suggested}})
def suggest_property(zone: str, request: Request, prefix: _Prefix = "") -> Response:
    """Properties for what was typed so far (属性补全)."""
    service_of(request).state.engine(zone)
    return answer({"result": suggested_properties(prefix)})


@router.get("/reconcile/{zone}/suggest/type", operation_id="suggest_type", responses={200: {"model": Suggested}})
def suggest_type(zone: str, request: Request, prefix: _Prefix = "") -> Response:
    """Types for what was typed so far (类型补全): there is one."""
    service_of(request).state.engine(zone)
    begins = any(word.startswith(prefix.strip()) for word in TYPE.values())
    return answer({"result": [TYPE] if begins else []})


@router.get(
    "/reconcile/{zone}/preview",
    operation_id="preview_entity",
    response_class=Response,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
def preview(zone: str, request: Request, id: Annotated[Word, Query(description="企业标识")]) -> Response:
    """A company on a small page (企业预览)."""
    service = service_of(request)
    state = service.state
    page = preview_of(state, state.engine(zone), id)
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "X-Content-Type-Options": "nosniff"}
    return Response(page, media_type="text/html", headers=headers)


@router.get("/reconcile/{zone}/extend/propose", operation_id="propose_properties", responses={200: {"model": Proposed}})
def propose(
    zone: str,
    request: Request,
    type: Annotated[Word, Query(description="类型；只有 company")] = TYPE["id"],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """What can be fetched of companies (可扩充的属性)."""
    service_of(request).state.engine(zone)
    return answer(proposed(type, limit))


def _answered(zone: str, request: Request, queries: Any, extend: Any) -> Response:
    service = service_of(request)
    state = service.state
    engine = state.engine(zone)
    if queries is not None and extend is not None:
        raise RefusedError("invalid-request", "queries 与 extend 一次只能有一样", field="extend")
    if queries is not None:
        batch = _checked(Batch, {"queries": _read(queries)}).queries
        return answer(candidates(service, state, service.prepared(state, zone, "draft", None).engine, batch))
    if extend is not None:
        wanted = _checked(Extension, _read(extend))
        return answer(extended(state, service.prepared(state, zone, "draft", None).engine, wanted))
    return answer(_manifest(str(request.base_url), engine.zone.file.name, zone))


def _read(given: Any) -> Any:
    if not isinstance(given, (str, bytes)):
        return given
    try:
        return orjson.loads(given)
    except orjson.JSONDecodeError:
        raise RefusedError("not-json", "应为 JSON", field="queries 或 extend") from None


def _checked(model: type[Any], given: Any) -> Any:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = mistakes_of(error.errors())
        first = found[0]
        said = f"{first.field}：{first.expected}"
        raise RefusedError("invalid-request", said, field=first.field, expected=first.expected) from None


def _manifest(base: str, name: str, zone: str) -> dict[str, Any]:
    here = f"{base}reconcile/{zone}"
    return {
        "versions": ["0.2"],
        "name": f"链招 {name}",
        "identifierSpace": "urn:lianzhao:company",
        "schemaSpace": "urn:lianzhao:field",
        "documentation": f"{base}docs",
        "defaultTypes": [TYPE],
        "view": {"url": f"{base}v1/companies/{{{{id}}}}"},
        "preview": {"url": f"{here}/preview?id={{{{id}}}}", "width": _WIDTH, "height": _HEIGHT},
        "suggest": {
            kind: {"service_url": base.rstrip("/"), "service_path": f"/reconcile/{zone}/suggest/{kind}"}
            for kind in ("entity", "property", "type")
        },
        "extend": {"propose_properties": {"service_url": base.rstrip("/"), "service_path": f"/reconcile/{zone}/extend/propose"}},
    }
