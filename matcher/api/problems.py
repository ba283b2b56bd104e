"""Errors as RFC 9457 problem documents (问题说明): one stable ``type`` a kind, and what field, row and value were expected, in Chinese.

Routes raise ``RefusedError`` or let the errors of the house pass; middleware that stands outside the routes answers with ``problem``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from matcher.api.words import expected
from matcher.errors import (
    ConflictError,
    FieldError,
    InputError,
    KeptError,
    LedgerError,
    LianzhaoError,
    OptionError,
    ProofError,
    RequestError,
    RulesError,
    SheetError,
    StepError,
    StoreBusyError,
    StoreError,
    StoreUnreachableError,
)

MEDIA_TYPE = "application/problem+json"
_URN = "urn:lianzhao:problem:"
_MOST_MISTAKES = 20

KINDS: dict[str, tuple[int, str]] = {
    "not-json": (400, "请求体不是有效的 JSON"),
    "too-deep": (400, "JSON 嵌套过深"),
    "not-http": (400, "不是有效的 HTTP 请求"),
    "unauthenticated": (401, "需要有效的接口密钥"),
    "forbidden": (403, "没有权限"),
    "not-found": (404, "没有所请求的对象"),
    "method-not-allowed": (405, "这个地址不接受这种方法"),
    "not-acceptable": (406, "没有所要的格式"),
    "too-slow": (408, "请求发送得太慢"),
    "conflict": (409, "与已有的不一致"),
    "gone": (410, "所请求的已不再保留"),
    "precondition-failed": (412, "已被别人改过"),
    "too-large": (413, "请求体过大"),
    "unsupported-media-type": (415, "请求体的格式不对"),
    "invalid-request": (422, "请求内容不合要求"),
    "event-refused": (422, "事件不能登记"),
    "key-reused": (422, "Idempotency-Key 已用于另一个请求"),
    "version-needed": (428, "应写明改的是哪一版"),
    "too-many-requests": (429, "请求过于频繁"),
    "headers-too-large": (431, "请求头过大"),
    "internal": (500, "服务内部出错"),
    "configuration": (500, "规则、语料或资料有误"),
    "busy": (503, "数据库暂时不可用"),
    "overloaded": (503, "服务正忙"),
    "not-ready": (503, "服务还没有准备好"),
}
"""Kind → status and title; a kind keeps its meaning for ever (问题种类)."""
_OF_STATUS = {status: kind for kind, (status, _) in reversed(KINDS.items())}


class Mistake(BaseModel):
    """One thing wrong with a request (一处错误)."""

    field: str = Field(description="哪一项", examples=["profiles.3.name"])
    expected: str = Field(description="应为什么", examples=["应为文字"])
    row: int | None = Field(default=None, description="数组里的第几个，从 1 起")


class Problem(BaseModel):
    """What went wrong, in the form of RFC 9457 (问题说明)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": _URN + "invalid-request",
                    "title": "请求内容不合要求",
                    "status": 422,
                    "detail": "top：应在 1 以上",
                    "field": "top",
                    "expected": "应在 1 以上",
                    "request_id": "6f1c2c0e8f4b4a5f",
                }
            ]
        }
    )

    type: str = Field(description="问题种类，固定不变", examples=[_URN + "not-found"])
    title: str
    status: int
    detail: str
    field: str | None = None
    row: int | None = None
    expected: str | None = None
    mistakes: list[Mistake] | None = Field(default=None, description="不止一处时，每一处")
    request_id: str | None = Field(default=None, description="与应答头 X-Request-Id 相同")


class RefusedError(Exception):
    """A request that gets a problem for an answer (拒绝).

    Args:
        kind: One of ``KINDS``.
        detail: One Chinese sentence: what is wrong and what was expected.
        field, row, expected: As in ``Problem``.
        headers: Of the answer.
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        field: str | None = None,
        row: int | None = None,
        expected: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.kind, self.detail, self.headers = kind, detail, dict(headers or {})
        self.members = {"field": field, "row": row, "expected": expected}
        super().__init__(detail)


def urn(kind: str) -> str:
    """The ``type`` of a kind (问题种类的标识)."""
    return _URN + kind


def problem(
    kind: str, detail: str, *, request_id: str | None = None, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """The answer that says what went wrong (问题应答).

    Args:
        kind: One of ``KINDS``.
        detail: One Chinese sentence.
        request_id: Of the request, if it has one.
        headers: Of the answer.
        members: Further members; those that are None are left out.
    """
    status, title = KINDS[kind]
    body = {"type": _URN + kind, "title": title, "status": status, "detail": _storable(detail), **members, "request_id": request_id}
    content = orjson.dumps({name: value for name, value in body.items() if value is not None})
    return Response(content, status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def request_id_of(request: Request) -> str | None:
    """The id that the request came with or was given (请求号)."""
    found = getattr(request.state, "request_id", None)
    return found if isinstance(found, str) else None


def documented(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """Problems as routes declare them in the OpenAPI document (声明问题应答)."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        status, title = KINDS[kind]
        titles.setdefault(status, []).append(title)
    return {status: {"description": "；".join(said), "content": content} for status, said in sorted(titles.items())}


COMMON = (
    "unauthenticated", "forbidden", "too-slow", "too-many-requests", "headers-too-large", "internal", "busy", "overloaded", "not-ready",
)  # fmt: skip
"""What any route may answer (各处都可能的问题)."""


def install(app: FastAPI) -> None:
    """Lets the application answer every error with a problem (装上问题应答)."""
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(LianzhaoError, _of_the_house)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return problem(error.kind, error.detail, request_id=request_id_of(request), headers=error.headers, **error.members)


def _of_the_house(request: Request, error: Exception) -> Response:
    assert isinstance(error, LianzhaoError)
    told = told_of(error)
    members: dict[str, Any] = {"field": told.field, "expected": told.expected}
    if isinstance(error, SheetError):
        shown = error.problems[:_MOST_MISTAKES]
        members["mistakes"] = [{"field": f"{one.sheet}.{one.column}", "expected": one.expected, "row": one.row} for one in shown]
    return problem(told.kind, told.detail, request_id=request_id_of(request), **members)


@dataclass(frozen=True)
class Told:
    """An error of the house as a problem (内部错误的说法)."""

    kind: str
    detail: str
    field: str | None = None
    expected: str | None = None


def told_of(error: LianzhaoError) -> Told:
    """Which kind of problem an error of the house is (归类)."""
    if isinstance(error, OptionError):
        return Told("invalid-request", str(error), error.field)
    if isinstance(error, RequestError):
        return Told("not-found", str(error), error.kind, error.suggestion)
    if isinstance(error, InputError):
        return Told("invalid-request", str(error), error.field)
    if isinstance(error, LedgerError):
        return _of_a_ledger(error)
    if isinstance(error, StoreBusyError | StoreUnreachableError):
        return Told("busy", "数据库暂时不可用，请稍后再试")  # its name and address are for the operator, not for clients
    if isinstance(error, StoreError | KeptError | RulesError):
        return Told("configuration", str(error).splitlines()[0])
    return Told("configuration", str(error))


def _of_a_ledger(error: LedgerError) -> Told:
    """What the ledgers do not take: values and steps are the client's to mend, what stands in the way is a conflict."""
    if isinstance(error, FieldError):
        return Told("invalid-request", str(error), error.field or error.title, error.problem)
    if isinstance(error, StepError):
        return Told("invalid-request", str(error), *(("reason", "应写明理由") if error.needs_reason else ("step", error.problem)))
    if isinstance(error, SheetError):
        return Told("invalid-request", f"有 {len(error.problems)} 处错误，整个文件都没有导入：{error.problems[0]}")
    if isinstance(error, ProofError):
        return Told("gone", "证明文件缺失或被改动过，请管理员从备份恢复")  # where it should be is for the operator
    return Told("conflict", str(error), *(("version", f"现在是第 {error.version} 版") if isinstance(error, ConflictError) else ()))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = _OF_STATUS.get(error.status_code, "internal" if error.status_code >= 500 else "invalid-request")
    if error.status_code == 400:
        return problem("not-json", "请求体读不出来：应为 UTF-8 编码的 JSON", request_id=request_id_of(request))
    details = {"not-found": f"没有这个地址：{request.url.path[:200]}", "method-not-allowed": f"{request.method} 不能用在这个地址"}
    detail = details.get(kind, KINDS[kind][1])
    headers = dict(error.headers or {})
    if "GET" in (allowed := headers.get("Allow", "").split(", ")) and "HEAD" not in allowed:  # ``heads`` answers it wherever GET is
        headers["Allow"] = ", ".join(sorted([*allowed, "HEAD"]))
    return problem(kind, detail, request_id=request_id_of(request), headers=headers)


def _unexpected(request: Request, _error: Exception) -> Response:
    return problem("internal", "服务内部出错，请把请求号告诉管理员", request_id=request_id_of(request))


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    given = error.errors()
    if given and given[0]["type"] == "json_invalid":
        return problem("not-json", f"不是有效的 JSON：{_json_flaw(given[0])}", request_id=request_id_of(request))
    found = mistakes_of(given)
    first = found[0]
    return problem(
        "invalid-request",
        "；".join(f"{one.field}：{one.expected}" for one in found[:3]) + ("……" if len(found) > 3 else ""),
        request_id=request_id_of(request),
        field=first.field,
        row=first.row,
        expected=first.expected,
        mistakes=[one.model_dump(exclude_none=True) for one in found] if len(found) > 1 else None,
    )


def _json_flaw(flaw: Mapping[str, Any]) -> str:
    said = str(flaw.get("ctx", {}).get("error", ""))
    for english, chinese in _JSON_FLAWS.items():
        if english in said:
            return chinese
    place = flaw["loc"][-1]
    return f"第 {place} 个字符附近" if isinstance(place, int) else "格式有误"


_JSON_FLAWS = {
    "depth limit": "嵌套过深", "recursion limit": "嵌套过深", "str is not valid": "不是 UTF-8 编码", "surrogate": "有不成对的代理字符",
    "infinity": "有过大的数", "byte order mark": "开头有 BOM，应去掉",
}  # fmt: skip


def mistakes_of(errors: Sequence[Mapping[str, Any]]) -> list[Mistake]:
    """The errors of pydantic in Chinese words (错误清单); what was given is not repeated."""
    return [_mistake(error) for error in errors[:_MOST_MISTAKES]]


def _mistake(error: Mapping[str, Any]) -> Mistake:
    place = [part for part in error["loc"] if part not in ("body", "query", "path", "header")]
    row = next((part + 1 for part in place if isinstance(part, int)), None)
    field = _storable(".".join(str(part) for part in place))[:200] or "请求体"
    return Mistake(field=field, expected=expected(error["type"], error.get("ctx") or {}), row=row)
