"""What the endpoints answer (应答的样子): for the OpenAPI document and for readers; answers themselves are written as bytes at once."""

from __future__ import annotations

from dataclasses import fields, make_dataclass
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel, Field

from matcher.api.models import Cursor
from matcher.matching.gaps import Gaps
from matcher.rules.schema import ChainFile, ScoringFile, ZoneFile
from matcher.scoring.explain import Explanation
from matcher.tuning.replay import Input
from matcher.tuning.standing import Standing
from matcher.types import RankedCompany, Run, Unserved

_HINTS = get_type_hints(RankedCompany)
Scored: Any = make_dataclass(
    "Scored", [(one.name, _HINTS[one.name]) for one in fields(RankedCompany) if one.name not in ("rank", "notes")]
)
Scored.__doc__ = "One profile's score with all its reasons (评分结果)."


class ProfileProblem(BaseModel):
    """Why a profile could not be scored (无法评分的原因)."""

    type: str
    title: str
    field: str
    detail: str


class Failed(BaseModel):
    """In the place of a result (出错的一项)."""

    error: ProfileProblem


_RUN_HINTS = get_type_hints(Run)
Basis: Any = make_dataclass(
    "Basis", [("fingerprint", str), *((one.name, _RUN_HINTS[one.name]) for one in fields(Run) if one.name != "id")]
)
Basis.__doc__ = "What scores rest on that are not kept (评分的依据): equal fingerprints, equal scores."


class ScoreAnswer(BaseModel):
    """Scores in the order of the profiles (评分应答); with ``explain`` each has its ``explanation``."""

    run: Basis
    results: list[Scored | Failed]


class KeptScoreAnswer(BaseModel):
    """Scores in the order of the profiles, kept as a run (评分并留存的应答); with ``explain`` each has its ``explanation``."""

    run: Run
    results: list[Scored | Failed]
    kept_until: str = Field(description="留存到何时；超出数量、容量的，旧的先清")


class KeptScoreResults(BaseModel):
    """The scores of a run, made again (留存的评分), or a page of them."""

    run: Run
    results: list[Scored | Failed]
    next: Cursor | None = Field(description="下一页的翻页处；到末尾为 null")


class RankAnswer(BaseModel):
    """A list, or a page of it (名单)."""

    run: Run
    results: list[RankedCompany]
    considered: int
    vetoed: dict[str, int]
    folded: int
    opportunities: list[RankedCompany]
    unserved: list[Unserved]
    ruleset: str = Field(description="规则的叫法，如 规则第 3 版；从未发布过的为空")
    stored: bool = Field(description="批次已留存")
    next: Cursor | None = Field(description="下一页的翻页处；到末尾为 null")


class ZoneList(BaseModel):
    """Zones that have rules (园区列表)."""

    zones: list[str]


class Rules(ScoringFile):
    """Rules with the digest of the ruleset (评分规则)."""

    digest: str


class Chains(BaseModel):
    """Chains of a zone (产业链)."""

    digest: str
    chains: list[ChainFile]


class ZoneFacts(ZoneFile):
    """A zone with the digest of its ruleset (园区)."""

    digest: str


class GapList(BaseModel):
    """What the chains lack (缺口清单), by which register."""

    register_name: str = Field(alias="register")
    as_of: str | None
    complete: bool
    gaps: Gaps


class SourceRow(BaseModel):
    """A row that a company is from (来源行)."""

    file: str
    row: int
    as_of: str | None


class KnownField(SourceRow):
    """A field of a company (一个字段): its value, and where it is from."""

    value: str | int


class CompanyCard(BaseModel):
    """All that is known of a company (企业档案)."""

    snapshot: str
    code_valid: bool = Field(description="统一社会信用代码的校验位正确")
    fields: dict[str, KnownField]
    rows: list[SourceRow]


class CompanyCursor(BaseModel):
    """Where the next page of companies begins (翻页处)."""

    snapshot: str
    offset: int


class CompanyPage(BaseModel):
    """A page of companies (企业一页)."""

    snapshot: str
    total: int
    companies: list[CompanyCard]
    next: CompanyCursor | None


class CandidateCompany(BaseModel):
    """A company that may be meant (候选)."""

    name: str
    uscc: str
    confidence: float
    former: str
    features: dict[str, float]


class Resolved(BaseModel):
    """Which company is meant (归一结果)."""

    row: int
    query: str
    decision: Literal["same", "unsure", "none"]
    uscc: str
    name: str
    confidence: float | None
    candidates: list[CandidateCompany]
    why: str
    parent: str
    parent_uscc: str
    former_name: str


class ResolveAnswer(BaseModel):
    """Answers in the order of the queries (归一应答)."""

    snapshot: str
    results: list[Resolved]


class KeptRunFacts(BaseModel):
    """A run as it is kept (留存的批次)."""

    run: Run
    results: str = Field(description="名单的摘要")
    given: dict[str, Any] | None
    kept_until: str | None = Field(default=None, description="评分留存到何时；名单一直留着，没有这一项")


class RunCursor(BaseModel):
    """Where the next page of runs begins (翻页处)."""

    after: str


class RunPage(BaseModel):
    """Runs, the latest first (批次列表)."""

    runs: list[KeptRunFacts]
    next: RunCursor | None


class Replayed(BaseModel):
    """What became of making a run again (回放结果)."""

    run: str
    equal: bool
    inputs: list[Input]
    versions: dict[str, tuple[str, str]]
    then: str
    now: str | None


class NextQuestion(BaseModel):
    """What to ask first (最该先问的)."""

    field: str
    question: str


class RunCompany(BaseModel):
    """One company in a run (批次里的一家企业): where it stands, what fired, what did not and why, and what to ask first."""

    run: str
    standing: Standing | None = Field(description="在名单里的位次；留存的评分没有名单，为 null")
    result: Scored
    explanation: Explanation
    next_question: NextQuestion | None


class RulesInUse(BaseModel):
    """Rules of a zone that are in use (所用规则)."""

    zone: str
    digest: str
    published: int | None = Field(description="现行版本的号；没有发布过、或数据库读不到的为 null")
    texts_read: bool = Field(description="企业的文本已按这套规则读好；否则每次排序都要重读，见 lianzhao build --add")


class CompaniesInUse(BaseModel):
    """The companies that are in use (所用企业库)."""

    version: str
    source: Literal["snapshot", "sample"]
    companies: int


class RefusedThing(BaseModel):
    """What was not taken up, and why (没有换上的)."""

    what: str
    version: str
    why: str
    since: str


class Readiness(BaseModel):
    """Whether the service can work, and on what (就绪)."""

    status: Literal["ready", "not-ready"]
    state: int = Field(description="本进程的第几个状态，换一次加一")
    opened_at: str
    watching: bool
    database: Literal["ok", "unavailable"]
    companies: CompaniesInUse | None
    rules: list[RulesInUse]
    refused: list[RefusedThing]
