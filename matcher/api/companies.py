"""Companies, and which of them a name means (企业与归一)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Path, Query, Request, Response

from matcher.api.answers import ASK_AGAIN, KEEP, UNCHANGED, StrictRoute, answer, tagged
from matcher.api.bodies import CompanyCard, CompanyPage, ResolveAnswer
from matcher.api.models import MOST, ResolveBody
from matcher.api.models import Query as NameQuery
from matcher.api.problems import COMMON, RefusedError, documented
from matcher.api.service import Service, service_of
from matcher.api.state import Base
from matcher.api.words import VERSION
from matcher.intake.fields import EPOCH
from matcher.intake.queries import BLANK
from matcher.matching.resolution import Resolution, Resolver
from matcher.resolving import answer_data

router = APIRouter(route_class=StrictRoute, tags=["企业"], responses=documented("not-found", "invalid-request", *COMMON))
_Version = Annotated[
    str | None,
    Query(pattern=VERSION, description="企业库的版本：仍打开的最近两个之一；不写的为当前的"),
]


@router.get(
    "/v1/companies/{uscc}", operation_id="get_company", responses={200: {"model": CompanyCard}, **UNCHANGED, **documented("gone")}
)
def get_company(
    uscc: Annotated[str, Path(max_length=64, description="统一社会信用代码", examples=["91370200163615667J"])],
    request: Request,
    snapshot: _Version = None,
) -> Response:
    """Every field of a company, with the file, row and day that it is from (企业档案)."""
    base = _base(service_of(request), snapshot)
    place = base.with_code(uscc)
    return tagged(request, f"{base.version}-{place}", lambda: base.card(place), cache=KEEP if snapshot else ASK_AGAIN)


@router.get("/v1/companies", operation_id="list_companies", responses={200: {"model": CompanyPage}, **documented("gone")})
def list_companies(
    request: Request,
    changed_since: Annotated[
        date | None, Query(description="只要数据日期在这一天或以后的；没有数据日期的不在其中", examples=["2024-08-27"])
    ] = None,
    snapshot: _Version = None,
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> Response:
    """Companies page by page (企业列表), all of one version: ``next`` tells version and offset of the next page."""
    base = _base(service_of(request), snapshot)
    if changed_since is None:
        total, places = len(base), range(offset, min(offset + limit, len(base)))
    else:
        changed = np.flatnonzero(base.companies.as_of >= (changed_since - EPOCH).days)
        total, places = len(changed), changed[offset : offset + limit].tolist()
    more = offset + limit < total
    return answer(
        {
            "snapshot": base.version,
            "total": total,
            "companies": [base.card(place) for place in places],
            "next": {"snapshot": base.version, "offset": offset + limit} if more else None,
        }
    )


@router.post(
    "/v1/resolve",
    operation_id="resolve_names",
    responses={200: {"model": ResolveAnswer}, **documented("not-json", "too-large", "unsupported-media-type")},
)
def resolve(body: ResolveBody, request: Request) -> Response:
    """Which company each name, brand or code means (归一), in order, as ``lianzhao resolve`` answers; judgements win."""
    service = service_of(request)
    base = service.state.companies()
    brands = {brand: (company.name.strip(), company.uscc.strip()) for brand, company in body.brands.items()}
    resolver = service.resolver(base, brands)
    asked = [NameQuery(query=one) if isinstance(one, str) else one for one in body.queries]
    results = [
        {"row": row, **answer_data(one.query, resolved(resolver, one.query, one.uscc))} for row, one in enumerate(asked, start=1)
    ]
    return answer({"snapshot": base.version, "results": results})


def resolved(resolver: Resolver, query: str, code: str = "") -> Resolution:
    """The answer to one query (一个答案); an empty one is no query."""
    if not query.strip() and not code.strip():
        return Resolution(query, "none", None, BLANK)
    return resolver.resolve(query, code)


def _base(service: Service, version: str | None) -> Base:
    """The companies of a version that is open, of the current one if none is named."""
    if version is None:
        return service.state.companies()
    for state in service.keeper.states:
        if state.base is not None and state.base.version == version:
            return state.base
    raise RefusedError("gone", f"企业库 {version[:12]} 已经换下；请从头再取", field="snapshot")
