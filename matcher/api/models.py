"""What the endpoints take (请求模型)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

_EXAMPLE: dict[str, JsonValue] = {
    "name": "某某农业装备有限公司",
    "business_scope": "拖拉机、收获机械的研发、制造、销售",
    "reg_capital_raw": "5000万元人民币",
}


class ScoreBody(BaseModel):
    """Profiles to score (待评分的企业): objects with the field names of a company file, English or Chinese."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"profiles": [_EXAMPLE]}]})

    profiles: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1000)]
    as_of: date | None = None


class RankBody(BaseModel):
    """Filters of a ranking (排序条件)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"cities": ["青岛", "杭州", "绍兴"], "top": 20}]})

    cities: Annotated[list[str], Field(max_length=100)] = []
    chains: Annotated[list[str], Field(max_length=100)] = []
    group: str | None = None
    need: Literal["complement", "strengthen", "extend"] | None = None
    as_of: date | None = None
    top: Annotated[int, Field(ge=1, le=1000)] = 20
