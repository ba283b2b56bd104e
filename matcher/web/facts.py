"""What a page works with, in words (所用的企业库与规则): which companies and as of when, which version of the rules.

It stands in the frame of every page, for people who do not know what a digest is; digests are told to whoever points at a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from matcher.api.problems import RefusedError
from matcher.api.state import Base
from matcher.errors import RequestError, StoreError
from matcher.intake.fields import EPOCH, UNKNOWN_DAY
from matcher.runs import CHINA_TIME
from matcher.snapshot import layout
from matcher.store.database import Store
from matcher.store.rulesets import newest, versions
from matcher.web.workshop import Visit


@dataclass(frozen=True)
class Fact:
    """A line of the frame (一句)."""

    text: str
    more: str


async def facts_of(visit: Visit) -> tuple[Fact, ...]:
    """The companies and the rules of a page (所用的企业库与规则), beside the event loop; a database that is not there hides no page."""
    try:
        return await visit.workshop.records.ask(partial(_facts, visit))
    except StoreError:
        return await visit.workshop.run(partial(_facts, visit, None))


def _facts(visit: Visit, store: Store | None) -> tuple[Fact, ...]:
    base = visit.service.state.base
    return (_companies(visit, base) if base is not None else Fact("企业库打不开", "请管理员看“数据”页")), _rules(visit, store)


def _companies(visit: Visit, base: Base) -> Fact:
    days = base.companies.as_of[base.companies.as_of != UNKNOWN_DAY]
    dated = f"，资料到 {EPOCH + timedelta(days=int(days.max()))}" if days.size else "，资料日期不详"
    count = f"{len(base):,} 家{dated}"
    if base.snapshot is None:
        return Fact(f"企业库：随附样例，{count}", "程序自带的样例，拿来试的；正式用以前请管理员在“数据”页换上自己的企业")
    return Fact(f"企业库：{_made(visit, base.version)}{count}", f"快照 {base.version[:8]}；来源和以前的各次在“数据”页")


def _made(visit: Visit, version: str) -> str:
    try:
        made = layout.folder_of(visit.workshop.settings.home, version).stat().st_mtime
    except OSError:  # cleared away while it is still in use
        return ""
    return f"{datetime.fromtimestamp(made, CHINA_TIME):%Y-%m-%d} 建，"


def _rules(visit: Visit, store: Store | None) -> Fact:
    """The version that counts on the pages; where none was published, the folder's."""
    try:
        digest = visit.service.state.engine(visit.zone).zone.digest[:8]
    except (RequestError, RefusedError):
        return Fact("规则有误", "请规则分析员看“规则”页")
    if store is None:
        return Fact("规则：版本读不出", "数据库没有应答，请刷新；还不行找管理员")
    counts = newest(versions(store, visit.zone))
    if counts is None:
        return Fact("规则：服务器上的一套，没有发布过", f"装在服务器上的规则（{digest}）；要改、要发布版本，在“规则”页")
    day = counts.published_at.astimezone(CHINA_TIME)
    return Fact(f"规则：第 {counts.number} 版，{day:%Y-%m-%d} 发布", f"{counts.published_by}：{counts.note}（{counts.digest[:8]}）")
