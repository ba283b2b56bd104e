"""What the endpoints of trips take and answer (行程接口的请求与应答)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from matcher.api.ledger_models import Written
from matcher.api.models import RulesetWord, Word
from matcher.trips.plans import TripPlan
from matcher.trips.request import Appointment, Target, TripRequest, Way
from matcher.tuning.rulesets import DRAFT

MOST_SECONDS = 120
"""Seconds that the search of one request may take, all of it together (求解至多几秒)."""
Minutes = Annotated[int, Field(ge=1, le=1440)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AppointmentBody(_Body):
    """The state of an appointment (约定)."""

    who: Annotated[Word, Field(min_length=1, description="统一社会信用代码、全名，或名称里独有的几个字")]
    state: Annotated[Literal["pending", "agreed", "refused"], Field(description="待约、已约、被拒")]
    day: date | None = None
    time: Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d)?$", examples=["14:30"])] = ""
    minutes: Minutes | None = None


class TargetBody(_Body):
    """Somebody to call on who is in no company register (登记之外的对象)."""

    name: Annotated[Word, Field(min_length=1)]
    kind: Annotated[Literal["chamber", "association", "park", "other"], Field(description="商会、协会、园区、其他")]
    city: Annotated[Word, Field(min_length=1)]
    county: Word = ""
    address: Word = ""
    members: Annotated[int | None, Field(ge=0, le=1_000_000, description="会员数、分值至少写一项")] = None
    score: Annotated[float | None, Field(ge=0, le=100)] = None


class WayBody(_Body):
    """A line of the user's table of ways (路程)."""

    start: Annotated[Word, Field(min_length=1, description="城市、“杭州萧山”或“园区”")]
    end: Annotated[Word, Field(min_length=1)]
    minutes: Minutes


class TripBody(_Body):
    """A trip (行程); what is left out follows ``rules/trips.yaml``."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"start": "2024-08-27", "days": 3, "cities": ["青岛", "杭州", "绍兴"]}]}
    )

    start: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2098, 12, 1), description="拜访的第一天")]
    days: Annotated[int, Field(ge=1, le=7, description="拜访几天")]
    cities: Annotated[list[Word], Field(max_length=20, description="按次序去，每座都去；anywhere 时只在其中选")] = []
    anywhere: Annotated[bool, Field(description="去哪些、什么次序由程序选")] = False
    teams: Annotated[int, Field(ge=1, le=5, description="几队")] = 1
    per_day: Annotated[int | None, Field(ge=1, le=12, description="一队一天至多几家")] = None
    hours: Annotated[list[Word], Field(max_length=2, description="对方的办公时间，上午下午各一段", examples=[["09:00-12:00"]])] = []
    visit: Annotated[int | None, Field(ge=10, le=240, multiple_of=5, description="一次拜访多少分钟")] = None
    must: Annotated[list[Word], Field(max_length=30, description="必访")] = []
    must_not: Annotated[list[Word], Field(max_length=100, description="不去")] = []
    appointments: Annotated[list[AppointmentBody], Field(max_length=100)] = []
    targets: Annotated[list[TargetBody], Field(max_length=100, description="商会、协会、园区等")] = []
    ways: Annotated[list[WayBody], Field(max_length=2000, description="自己的路程表")] = []
    eve: Annotated[bool, Field(description="头天下午可以先走")] = True
    stay: Annotated[bool, Field(description="末日住下，次日返回")] = False
    chains: Annotated[list[Word], Field(max_length=20)] = []
    group: Word | None = None
    need: Literal["complement", "strengthen", "extend"] | None = None
    candidates: Annotated[int | None, Field(ge=1, le=500, description="名单前多少家参与排程")] = None
    seconds: Annotated[int, Field(ge=1, le=MOST_SECONDS, description="求解合计至多几秒；到了给出当时最好的计划")] = 60
    explain: Annotated[bool, Field(description="必访的代价、多一天少一天：各是一次求解，用 seconds 里剩下的时间")] = False
    ruleset: RulesetWord = DRAFT
    register_name: Annotated[Word | None, Field(alias="register", description="留存的本地名录；空字符串为最近一份")] = None

    def request(self) -> TripRequest:
        """As the planner takes it (行程请求)."""
        return TripRequest(
            start=self.start, days=self.days, cities=tuple(self.cities), anywhere=self.anywhere, teams=self.teams,
            per_day=self.per_day, hours=tuple(self.hours), visit=self.visit, must=tuple(self.must), must_not=tuple(self.must_not),
            appointments=tuple(Appointment(one.who, one.state, one.day, one.time, one.minutes) for one in self.appointments),
            targets=tuple(Target(**one.model_dump()) for one in self.targets),
            ways=tuple(Way(one.start, one.end, one.minutes) for one in self.ways), eve=self.eve, stay=self.stay,
            chains=tuple(self.chains), group=self.group, need=self.need, candidates=self.candidates,
            seconds=self.seconds, explain=self.explain,
        )  # fmt: skip


class ReplanBody(_Body):
    """Who does not receive the team (被拒), who does (已约), and who is visited instead (换备选)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"refused": ["某某玩具有限公司"]}]})

    refused: Annotated[list[Word], Field(max_length=30, description="被拒的，计划里的企业：代码、名称，或名称里独有的几个字")] = []
    agreed: Annotated[list[Word], Field(max_length=30, description="约上了计划里那个时刻的")] = []
    instead: Annotated[
        Word | None, Field(min_length=1, description="换成谁：备选，或名单上别的一家；refused 要正好一家。不写的，空位由程序补")
    ] = None
    ruleset: RulesetWord = DRAFT
    register_name: Annotated[Word | None, Field(alias="register", description="留存的本地名录，与排计划时相同")] = None

    @model_validator(mode="after")
    def _one(self) -> ReplanBody:
        if not self.refused and not self.agreed:
            raise ValueError("应写明谁被拒（refused）或谁约上了（agreed）")
        if self.instead is not None and len(self.refused) != 1:
            raise ValueError("instead 换的是一家：refused 应正好写一家")
        return self


class EnterBody(_Body):
    """Whose the rows of a trip are (登记行程)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"department": "甲局", "targets": True}]})

    group: Annotated[Word | None, Field(description="产业招商小组；默认密钥的小组")] = None
    department: Annotated[Word | None, Field(description="责任部门")] = None
    owner: Annotated[Word | None, Field(description="责任人")] = None
    targets: Annotated[bool, Field(description="还没有人跟的企业登记成目标，写明批次、位次、理由")] = True


class KeptTripTold(BaseModel):
    """A plan that is kept (留存的计划)."""

    id: str = Field(description="计划号：计划的摘要")
    zone: str
    run: str = Field(description="由哪个批次的名单排出")
    start: date
    days: int
    cities: list[str]
    visits: int
    kept_at: datetime
    kept_by: str


class TripPage(BaseModel):
    """Plans, the latest first (计划列表)."""

    trips: list[KeptTripTold]
    next: datetime | None = Field(description="下一页的 before")


class TripAnswer(BaseModel):
    """A plan, and that it is kept (一份计划)."""

    kept: KeptTripTold
    plan: TripPlan = Field(description="同 lianzhao trip --format json：每天每家、没有排上的、上界、提醒")


class EnteredTrip(BaseModel):
    """What a plan became in the ledgers (登记结果)."""

    activities: list[Written]
    targets: list[Written]
    known: list[str] = Field(description="已有人在跟、没有另登记的")
