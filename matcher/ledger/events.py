"""Events from the tracking system (跟踪系统的事件): what they say, read from plain JSON or CloudEvents, and what became of each.

An event is known by its source and id: sent twice, it counts once. What it says holds as of the time at which it happened, not of the
time at which it came: an older one never overwrites what a newer one, or a person since, has said. Events about companies that nobody has
entered wait for somebody to say who is meant; none is lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from matcher.errors import FieldError
from matcher.ledger.values import text_of

MOST_AT_ONCE = 1000
"""Events in one batch (一批的上限)."""
TYPES = ("target.step", "target.set", "project.step", "project.set", "visit", "arrival")
"""What an event may be (事件类型)."""
Fate = Literal["applied", "superseded", "parked", "refused", "duplicate", "invalid"]
FATES: dict[Fate, str] = {
    "applied": "已生效", "superseded": "已有更新的", "parked": "待认企业", "refused": "不能登记", "duplicate": "重复",
    "invalid": "格式有误",
}  # fmt: skip
"""What became of an event → Chinese term."""
_LONGEST, _MOST_DATA, _DEEPEST = 200, 32_768, 8
_EARLY = timedelta(minutes=10)  # clocks differ


@dataclass(frozen=True)
class Event:
    """One event (一个事件).

    Attributes:
        happened_at: When it happened, by its own account.
        company, uscc: Whom it is about; empty if it names a row.
        data: What it says.
    """

    source: str
    id: str
    type: str
    happened_at: datetime
    company: str
    uscc: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What became of one item of a batch (一项的答复).

    Attributes:
        index: Its place in the batch, from 0.
        fate: ``duplicate``: it came before; ``said`` then tells what became of it.
        said: Why, in Chinese.
        book, row: The row that it went to.
    """

    index: int
    source: str
    id: str
    fate: Fate
    said: str = ""
    book: str = ""
    row: int | None = None


def read_event(item: Any, now: datetime) -> Event:
    """An event of a batch (读一个事件), as plain JSON or as a CloudEvent.

    Args:
        item: Plain: ``source, id, type, time, company, data``; as a CloudEvent the company stands in ``data`` or is the ``subject``.
        now: Nothing has happened after it.

    Raises:
        FieldError: It is none.
    """
    if not isinstance(item, dict):
        raise FieldError("事件", "应为一个 JSON 对象")
    if "specversion" in item:
        _check_cloud_event(item)
    source, id_, type_ = (_word(item, name) for name in ("source", "id", "type"))
    data = item.get("data", {})
    if not isinstance(data, dict):
        raise FieldError("data", "应为一个 JSON 对象")
    _check_size(data)
    company, uscc = _company(item.get("company", data.get("company", item.get("subject") if "specversion" in item else None)))
    given = {key: value for key, value in data.items() if key != "company"}
    return Event(source, id_, _type(type_), _time(item.get("time"), now), company, uscc, given)


def _check_cloud_event(item: Mapping[str, Any]) -> None:
    if item["specversion"] != "1.0":
        raise FieldError("specversion", "应为 1.0")
    if "data_base64" in item or not str(item.get("datacontenttype", "application/json")).startswith("application/json"):
        raise FieldError("datacontenttype", "只收 application/json 的 data")


def _check_size(data: Mapping[str, Any]) -> None:
    def depth(value: Any, at: int) -> int:
        if at > _DEEPEST or not isinstance(value, (dict, list)):
            return at
        return max((depth(one, at + 1) for one in (value.values() if isinstance(value, dict) else value)), default=at)

    if depth(data, 0) > _DEEPEST:
        raise FieldError("data", f"嵌套不超过 {_DEEPEST} 层")
    if len(json.dumps(data, ensure_ascii=False)) > _MOST_DATA:
        raise FieldError("data", f"不超过 {_MOST_DATA:,} 个字符")


def _word(item: Mapping[str, Any], name: str) -> str:
    given = item.get(name)
    if not isinstance(given, str) or not text_of(given) or len(given) > _LONGEST or text_of(given) != given:
        raise FieldError(name, f"应为 1 到 {_LONGEST} 个字的文本")
    return given


def _type(given: str) -> str:
    """A type may stand behind a sender's own prefix: cn.example.target.step."""
    for known in TYPES:
        if given == known or given.endswith(f".{known}"):
            return known
    raise FieldError("type", f"没有「{given[:40]}」，应为 {'、'.join(TYPES)} 之一")


def _time(given: Any, now: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 2000 <= found.year <= 2098:
        raise FieldError("time", f"应为带时区的时间，如 2024-08-27T10:00:00+08:00，写的是「{str(given)[:40]}」")
    if found > now + _EARLY:
        raise FieldError("time", f"{given[:40]} 还没有到")
    return found


def _company(given: Any) -> tuple[str, str]:
    name, code = (given.get("name"), given.get("uscc")) if isinstance(given, dict) else (given, None)
    if any(one is not None and not isinstance(one, str) for one in (name, code)):
        raise FieldError("company", "应为企业名称，或带 name、uscc 的对象")
    told = " ".join(text_of(name or "").split())
    if len(told) > 80:
        raise FieldError("company", "企业名称不超过 80 字")
    return told, text_of(code or "").upper()[:18]
