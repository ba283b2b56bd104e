"""What the endpoints of the ledgers take and answer (台账接口的请求与应答)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StrictStr

from matcher.api.models import Word
from matcher.api.problems import Problem
from matcher.ledger.events import Fate

BookName = Annotated[
    Literal["targets", "projects", "activities", "meetings", "arrivals", "papers", "needs", "problems", "promises", "goals"],
    Path(description="哪本台账：目标企业、项目、活动、会见、到账、手续、要素需求、问题、承诺、年度目标任务"),
]
RowId = Annotated[int, Path(ge=1, le=2**31 - 1, description="台账编号", examples=[1])]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
Version = Annotated[int | None, Field(ge=1, le=2**31 - 1, description="改的是哪一版；也可写在请求头 If-Match 里")]
VersionAsked = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="改的是哪一版；也可写在请求头 If-Match 里")]
Reason = Annotated[str | None, Field(max_length=500, description="越过、退回、转到旁支，或日期早于上一步的，写明理由")]
ReasonAsked = Annotated[str, Query(min_length=1, max_length=500, description="为什么")]
Value = StrictStr | StrictInt | StrictFloat | dict[str, StrictStr] | None
_TARGET: dict[str, Any] = {
    "类型": "企业",
    "企业名称": "某某玩具有限公司",
    "责任部门": "甲局",
    "联合招引": {"甲局": "1/2", "乙局": "1/2"},
}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Values(_Body):
    """Columns with their values (各列的值)."""

    values: Annotated[
        dict[Annotated[str, Field(max_length=60)], Value],
        Field(
            max_length=60,
            description="列 → 值；列用代号（company）或台账里的叫法（企业名称），值用人写的写法，null 或空字符串清空；读出的值可以原样写回",
        ),
    ]


class NewRow(Values):
    """A row to enter (登记一行)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"values": _TARGET}]})

    step: Annotated[Word | None, Field(description="已到哪一步；默认第一步")] = None
    on: Annotated[date | None, Field(description="哪一天走到；默认今天")] = None
    reason: Reason = None


class Change(Values):
    """Columns to change (修改)."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"values": {"next_step": "约见", "next_on": "2024-09-02"}, "version": 1}]}
    )

    version: Version = None
    reason: Reason = None


class StepMade(_Body):
    """A step (推进)."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"step": "已接触", "on": "2024-08-27", "version": 1}]}
    )

    step: Annotated[Word, Field(min_length=1, description="走到哪一步：代号或叫法")]
    on: Annotated[date | None, Field(description="哪一天；默认今天")] = None
    version: Version = None
    reason: Reason = None


class Converted(Values):
    """A target that becomes a project (转项目)."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"values": {"项目名称": "玩具项目", "协议投资": "1.2亿元"}, "version": 3}]}
    )

    on: date | None = None
    version: Version = None
    reason: Reason = None


class Settling(_Body):
    """Whom a name in events means (认定)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"company": "某某公司", "target": 1}]})

    company: Annotated[Word, Field(min_length=1, description="事件里写的企业名称")]
    target: Annotated[Number | None, Field(description="就是这个目标")] = None
    project: Annotated[Number | None, Field(description="就是这个项目；都不写的，按名称再认一遍")] = None


class Row(BaseModel):
    """A row (一行)."""

    book: str
    id: int
    version: int
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    deleted_at: datetime | None
    deleted_by: str | None
    deleted_note: str | None
    values: dict[str, Any] = Field(description="列的代号 → 值；金额分数额与币种，份额按单位")


class RowCursor(BaseModel):
    """Where the next page begins (翻页处)."""

    after: int


class RowPage(BaseModel):
    """Rows, the oldest first (台账一页)."""

    read_at: datetime = Field(description="读的时刻；下次只取改过的，changed_since 就写它")
    rows: list[Row]
    next: RowCursor | None


class StepTold(BaseModel):
    """A step that was made (走过的一步)."""

    id: int
    step: str
    name: str
    on: date
    reason: str | None
    recorded_at: datetime
    recorded_by: str
    undone_at: datetime | None = Field(description="被退回撤去的时刻；null 为仍算数")


class ProofTold(BaseModel):
    """A proof (一份证明)."""

    id: int
    book: str
    row: int
    step: int | None = Field(description="证明的是走过的哪一步")
    kind: str
    digest: str
    file_name: str
    size: int
    note: str | None
    added_at: datetime
    added_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    withdrawn_note: str | None


class ProofAttached(ProofTold):
    """A proof that was attached (附上的证明)."""

    told: list[str] = Field(description="提醒：同一份文件也作别处的证明")


class ChangeTold(BaseModel):
    """A change of a row (一次变动)."""

    version: int
    verb: Literal["add", "set", "step", "delete", "restore"]
    at: datetime
    by: str
    source: str = Field(description="来自哪里：cli、http:请求号、event:来源/编号、xlsx:摘要")
    reason: str | None
    changes: dict[str, list[Any]] = Field(description="列 → [旧, 新]")


class ClaimTold(BaseModel):
    """Who else is on the company (谁也在跟)."""

    book: str
    id: int
    company: str
    whose: str
    state: str
    first_on: date | None
    first_by: str | None
    shared: bool
    by_family: bool = Field(description="同一集团，不是同一家")


class RowDetail(BaseModel):
    """A row with all that hangs on it (一行的全部)."""

    row: Row
    steps: list[StepTold]
    proofs: list[ProofTold]
    claims: list[ClaimTold] = Field(description="撞单：同一家、同一集团还有谁在跟")
    history: list[ChangeTold]


class Written(BaseModel):
    """What was entered (登记结果)."""

    book: str
    id: int
    version: int
    changes: dict[str, list[Any]] = Field(description="列 → [旧, 新]；什么也没有变的为空")
    told: list[str] = Field(description="提醒：撞单、要附的证明、承诺的公平竞争提醒")
    claims: list[ClaimTold] = Field(description="撞单：同一家、同一集团还有谁在跟")


class BothWritten(BaseModel):
    """A target that became a project (转项目的结果)."""

    target: Written
    project: Written


class CollisionTold(BaseModel):
    """More than one office on one company or group (撞单)."""

    name: str
    by_family: bool
    shared: bool
    claims: list[ClaimTold]


class CollisionList(BaseModel):
    """All collisions (撞单清单)."""

    collisions: list[CollisionTold]


class LineTold(BaseModel):
    """What became of a row of a workbook (一行的结果)."""

    sheet: str
    row: int
    book: str
    id: int | None = Field(description="台账编号；试导入的新行还没有")
    fate: Literal["new", "changed", "unchanged"]
    changes: dict[str, list[str]]
    told: list[str]


class ImportTold(BaseModel):
    """What a workbook did, or would do (导入结果)."""

    dry_run: bool
    digest: str
    new: int
    changed: int
    unchanged: int
    unread: list[str] = Field(description="没有读的工作表和列")
    lines: list[LineTold]


class EventAnswer(BaseModel):
    """What became of one event (一个事件的答复)."""

    index: int = Field(description="这一批里的第几个，从 0 起")
    source: str
    id: str
    result: Literal["accepted", "duplicate", "parked", "refused"]
    fate: Fate = Field(description="细说：applied 已生效、superseded 已有更新的、invalid 格式有误 等")
    said: str
    book: str
    row: int | None
    problem: Problem | None = Field(default=None, description="被拒的原因")


class EventAnswers(BaseModel):
    """Answers in the order of the events (各个事件的答复)."""

    answers: list[EventAnswer]


class EventTold(BaseModel):
    """An event as it was kept (收下的一个事件)."""

    event: int
    source: str
    id: str
    type: str
    company: str
    happened_at: datetime
    received_at: datetime
    received_by: str
    fate: Literal["applied", "superseded", "parked", "refused"]
    said: str
    book: str
    row: int | None
    data: dict[str, Any]


class EventPage(BaseModel):
    """Events, the oldest received first (收下的事件一页)."""

    events: list[EventTold]
    next: RowCursor | None
