"""The messages of the Reconciliation API 0.2 (表格匹配的消息): what is taken is checked, what is answered is described."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from matcher.api.models import MOST


class EntityValue(BaseModel):
    """A value that is an entity itself (已匹配的值)."""

    id: str
    name: str = ""


Value = str | int | float | bool | EntityValue


class PropertyValue(BaseModel):
    """A property of what is sought (查询的一项属性)."""

    model_config = ConfigDict(extra="forbid")

    pid: str
    v: Value | list[Value]

    @property
    def words(self) -> list[str]:
        """The values as text (各值)."""
        given = self.v if isinstance(self.v, list) else [self.v]
        return [one.name or one.id if isinstance(one, EntityValue) else str(one) for one in given]


class ReconcileQuery(BaseModel):
    """One query of a batch (一条查询)."""

    model_config = ConfigDict(extra="forbid")

    query: Annotated[str, Field(max_length=2000)] = ""
    type: str | list[str] | None = None
    limit: Annotated[int, Field(ge=1)] = 5
    properties: Annotated[list[PropertyValue], Field(max_length=50)] = []
    type_strict: Literal["any", "should", "all"] | None = None

    @model_validator(mode="after")
    def _asked(self) -> ReconcileQuery:
        if "query" not in self.model_fields_set and not self.properties:
            raise ValueError("query 与 properties 至少写一样")
        return self


class Batch(BaseModel):
    """Queries by key (一批查询)."""

    queries: Annotated[dict[str, ReconcileQuery], Field(max_length=MOST)]


class WantedProperty(BaseModel):
    """A property to fetch (要取的属性)."""

    id: str
    settings: dict[str, Any] = {}


class Extension(BaseModel):
    """Fields to fetch of companies (数据扩充)."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[str], Field(max_length=MOST)]
    properties: Annotated[list[WantedProperty], Field(max_length=100)]


class Typed(BaseModel):
    """A type or property by id and name (类型、属性)."""

    id: str
    name: str
    description: str | None = None


class Feature(BaseModel):
    """One comparison of a candidate (比较项): of its name, or the points of a rule."""

    id: str
    value: float | bool


class FoundCandidate(BaseModel):
    """A company that may be meant (候选)."""

    id: str
    name: str
    description: str
    score: float
    match: bool
    type: list[Typed]
    features: list[Feature]


class FoundCandidates(BaseModel):
    """Candidates of one query, the likeliest first (一条查询的候选)."""

    result: list[FoundCandidate]


class ResultBatch(RootModel[dict[str, FoundCandidates]]):
    """Candidates by the key of the query (一批结果)."""


class Cell(BaseModel):
    """A value of a company (一格)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"str": "青岛市"}]})

    str_: str | None = Field(default=None, alias="str")
    float_: float | None = Field(default=None, alias="float")
    int_: int | None = Field(default=None, alias="int")
    date: str | None = None


class ExtensionAnswer(BaseModel):
    """Fields of companies (扩充的结果)."""

    meta: list[Typed]
    rows: dict[str, dict[str, list[Cell]]]


class Proposed(BaseModel):
    """What can be fetched (可扩充的属性)."""

    type: str
    limit: int
    properties: list[Typed]


class SuggestedEntity(Typed):
    """A company, a property or a type (一条补全)."""

    notable: list[Typed] | None = None


class Suggested(BaseModel):
    """Suggestions (补全)."""

    result: list[SuggestedEntity]


class Address(BaseModel):
    """Where a part of the service is (地址)."""

    service_url: str
    service_path: str


class View(BaseModel):
    """A template with ``{{id}}`` (网址模板)."""

    url: str


class PreviewSettings(View):
    """The same, and how large the page is (预览)."""

    width: int
    height: int


class ExtendSettings(BaseModel):
    """Where properties are proposed (扩充)."""

    propose_properties: Address


class Manifest(BaseModel):
    """What the service can do (服务清单)."""

    versions: list[str]
    name: str
    identifierSpace: str  # noqa: N815 (the protocol's word)
    schemaSpace: str  # noqa: N815
    documentation: str
    defaultTypes: list[Typed]  # noqa: N815
    view: View
    preview: PreviewSettings
    suggest: dict[str, Address]
    extend: ExtendSettings
