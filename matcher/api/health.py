"""Whether the service lives, and whether it can work (存活与就绪)."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from matcher.api.answers import StrictRoute, answer
from matcher.api.problems import COMMON, documented

router = APIRouter(route_class=StrictRoute, tags=["服务"])


class Alive(BaseModel):
    """The process answers (存活)."""

    status: Literal["ok"]


@router.get("/healthz", operation_id="healthz", responses={200: {"model": Alive}, **documented(*COMMON)}, response_class=Response)
def healthz() -> Response:
    """The process answers (存活检查)."""
    return answer({"status": "ok"})
