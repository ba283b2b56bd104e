"""In which form an answer is wanted (格式): what ``format`` names, else what ``Accept`` does."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from fastapi import Request, Response

from matcher.api.problems import RefusedError

FILES = {
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html",
    "ics": "text/calendar",
    "csv": "text/csv",
}
"""Form → media type (格式)."""
_SHOWN = ("html",)  # a browser shows it; all else is a file to keep
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def format_of(request: Request, asked: str | None, forms: Sequence[str]) -> str:
    """The form that a request wants (所要的格式); the first of those on offer where it does not care.

    Args:
        request: Its ``Accept`` is read.
        asked: What ``format`` says.
        forms: Those on offer.

    Raises:
        RefusedError: It wants none of them.
    """
    if asked is not None:
        return asked
    ranges = [_range(one) for one in request.headers.get("accept", "*/*").split(",") if one.strip()]
    for wanted, _ in sorted(((kind, weight) for kind, weight in ranges if weight > 0), key=lambda one: -one[1]):
        for form in forms:
            kind = FILES[form]
            if wanted in ("*/*", kind, kind.partition("/")[0] + "/*"):
                return form
    if not ranges:
        return forms[0]
    raise RefusedError("not-acceptable", f"有 {'、'.join(FILES[form] for form in forms)}，也可用 ?format={'、'.join(forms)}")


def _range(given: str) -> tuple[str, float]:
    kind, _, rest = given.partition(";")
    weight = 1.0
    for part in rest.split(";"):
        name, _, value = part.partition("=")
        if name.strip().lower() == "q":
            try:
                weight = float(value)
            except ValueError:
                weight = 0.0
    return kind.strip().lower(), weight


def file_answer(content: bytes, form: str, name: str) -> Response:
    """An answer that is a file (文件应答); its name may be Chinese.

    Args:
        content: Of the file.
        form: One of ``FILES``.
        name: Without the ending.
    """
    how = "inline" if form in _SHOWN else "attachment"
    headers = {"Content-Disposition": f"{how}; filename*=UTF-8''{quote(f'{name}.{form}')}", "X-Content-Type-Options": "nosniff"}
    if form in _SHOWN:
        headers["Content-Security-Policy"] = _POLICY
    return Response(content, media_type=FILES[form], headers=headers)
