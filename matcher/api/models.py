"""What the endpoints take (请求模型)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from matcher.api.words import ONE_LINE, RULESET, RUN_ID
from matcher.tuning.rulesets import DRAFT

PROFILE: dict[str, JsonValue] = {
    "name": "某某农业装备有限公司",
    "business_scope": "拖拉机、收获机械的研发、制造、销售",
    "reg_capital_raw": "5000万元人民币",
}
"""A made-up company for examples (示例企业)."""
MOST = 1000
"""Items of one request, lines of one list (最多)."""


Word = Annotated[str, Field(max_length=200, pattern=ONE_LINE)]
"""A name or id as people write it (名称)."""
RulesetWord = Annotated[
    str,
    Field(
        pattern=RULESET,
        description="用哪套规则：draft 现在的规则目录，published 现行版本，或版本号",
        examples=["draft", "published", "3"],
    ),
]
"""Which rules (规则)."""
RunId = Annotated[str, Field(pattern=RUN_ID, description="批次号", examples=["0f" * 16])]
"""Id of a run (批次号)."""


class Asked(BaseModel):
    """What rank and score have in common (共用的请求)."""

    model_config = ConfigDict(extra="forbid")

    as_of: Annotated[date | None, Field(description="按哪一天计算；默认今天，北京时间", examples=["2024-08-27"])] = None
    ruleset: RulesetWord = DRAFT
    register_name: Annotated[
        Word | None, Field(alias="register", description="留存的本地名录的名称；空字符串为最近留存的一份；不写则不用")
    ] = None


class ScoreBody(Asked):
    """Profiles to score (待评分的企业): objects with the field names of a company file, English or Chinese."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"profiles": [PROFILE], "explain": True}]})

    profiles: Annotated[
        list[Any], Field(min_length=1, max_length=MOST, description="企业对象，字段名同企业文件，中英文都可；坏的一个不碍其余")
    ]
    explain: Annotated[bool, Field(description="附上每条规则的读数与结果")] = False


class Cursor(BaseModel):
    """Where the next page begins (翻页处)."""

    model_config = ConfigDict(extra="forbid")

    run: RunId
    offset: Annotated[int, Field(ge=0, le=MOST)]


class RankBody(Asked):
    """Filters of a ranking, or where to go on (排序条件，或翻页处)."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"cities": ["青岛", "杭州", "绍兴"], "top": 20, "as_of": "2024-08-27"}]}
    )

    cities: Annotated[list[Word], Field(max_length=100, description="只看这些城市；青岛即青岛市", examples=[["青岛", "杭州"]])] = []
    chains: Annotated[list[Word], Field(max_length=100, description="只看这些产业链")] = []
    group: Annotated[Word | None, Field(description="只看这个产业招商小组的产业链")] = None
    need: Annotated[Literal["complement", "strengthen", "extend"] | None, Field(description="只看这种需求：补链、强链、延链")] = (
        None
    )
    top: Annotated[int, Field(ge=1, le=MOST, description="名单的长度")] = 20
    limit: Annotated[int | None, Field(ge=1, le=MOST, description="一页几行；默认整张名单")] = None
    cursor: Annotated[Cursor | None, Field(description="上一页给的翻页处；只与 limit 同用")] = None

    @model_validator(mode="after")
    def _alone(self) -> RankBody:
        if self.cursor is not None and self.model_fields_set - {"cursor", "limit"}:
            raise ValueError("cursor 只与 limit 同用：其余条件由批次定")
        return self


class Query(BaseModel):
    """A name to resolve (待归一的名称)."""

    model_config = ConfigDict(extra="forbid")

    query: Annotated[str, Field(max_length=2000, description="名称、简称、品牌或统一社会信用代码")]
    uscc: Annotated[str, Field(max_length=100, description="名称旁边写的统一社会信用代码")] = ""


class Company(BaseModel):
    """A company by name or code (所指的企业)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"anyOf": [{"required": [one], "properties": {one: {"pattern": r"\S"}}} for one in ("name", "uscc")]},
    )

    name: Annotated[str, Field(max_length=200)] = ""
    uscc: Annotated[str, Field(max_length=100)] = ""

    @model_validator(mode="after")
    def _named(self) -> Company:
        if not self.name.strip() and not self.uscc.strip():
            raise ValueError("企业名称和统一社会信用代码至少写一样")
        return self


class ResolveBody(BaseModel):
    """A list of names (待归一的名单)."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"queries": ["青岛啤酒", {"query": "浙旅集团", "uscc": ""}]}]}
    )

    queries: Annotated[list[str | Query], Field(min_length=1, max_length=MOST)]
    brands: Annotated[dict[str, Company], Field(max_length=10_000, description="品牌 → 企业")] = {}
