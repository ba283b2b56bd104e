"""The three reports (三种通报): as JSON, or as a workbook, a document or a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from matcher.api.answers import StrictRoute, answer
from matcher.api.formats import FILES, file_answer, format_of
from matcher.api.problems import COMMON, documented
from matcher.api.service import service_of
from matcher.ledger.reports_told import Document
from matcher.outputs.report_links import Kind
from matcher.outputs.reports import KINDS, SOURCED, Wanted, report
from matcher.rules.assessment import load_assessment
from matcher.runs import today

router = APIRouter(
    route_class=StrictRoute, tags=["通报"], responses=documented("not-found", "not-acceptable", "invalid-request", *COMMON)
)
_Day = Annotated[date | None, Query(ge=date(2000, 1, 1), le=date(2098, 12, 31))]


@router.get(
    "/v1/zones/{zone}/reports/{kind}",
    operation_id="get_report",
    responses={
        200: {
            "description": "通报；JSON 里每个数带着它出自的行",
            "content": {
                "application/json": {"schema": {"type": "object", "description": "同 lianzhao report --format json"}},
                **{FILES[form]: {"schema": {"type": "string", "format": "binary"}} for form in ("xlsx", "docx", "html")},
            },
        }
    },
    response_class=Response,
)
def get_report(
    zone: str,
    kind: Annotated[Kind, Path(description="周调度、月通报、年考核")],
    request: Request,
    on: Annotated[_Day, Query(description="那一周、那一月、那一年里的任一天；默认 as_of", examples=["2024-08-28"])] = None,
    as_of: Annotated[_Day, Query(description="通报的日期：这一天以后的不算；默认今天，北京时间")] = None,
    changes: Annotated[bool, Query(description="周调度：比较推荐名单与上周的变化")] = True,
    format: Annotated[Literal["json", "xlsx", "docx", "html"] | None, Query(description="格式；不写的看 Accept")] = None,
) -> Response:
    """A report made from the ledgers (督导考核), the whole zone's: it is what everybody is told."""
    service = service_of(request)
    form = format_of(request, format, ("json", "xlsx", "docx", "html"))
    setting, settings = service.setting(zone), service.settings
    scales = load_assessment(setting.rules, settings.rules)
    day = as_of or today()
    home = settings.home if changes else None
    wanted = Wanted(kind, on or day, day, home, settings.rules, settings.corpora, form in SOURCED, settings.home)
    told, document = report(service.store, setting, scales, wanted)
    if form == "json":
        return answer(told)
    return file_answer(_makers()[form](document), form, f"{KINDS[kind]} {document.subtitle}")


def _makers() -> dict[str, Callable[[Document], bytes]]:
    """What makes the files; python-docx is slow to load, and only who wants a document waits for it."""

    def docx(document: Document) -> bytes:
        from matcher.outputs.report_docx import report_docx

        return report_docx(document)

    def html(document: Document) -> bytes:
        from matcher.outputs.report_html import report_html

        return report_html(document).encode()

    def xlsx(document: Document) -> bytes:
        from matcher.outputs.report_xlsx import report_xlsx

        return report_xlsx(document)

    return {"xlsx": xlsx, "docx": docx, "html": html}
