"""Versions of rules in words (规则版本的说法)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from matcher.runs import CHINA_TIME
from matcher.store.rulesets import RulesetVersion


def version_words(version: RulesetVersion) -> str:
    """A version, who published it and why (版本的叫法)."""
    return f"第 {version.number} 版（{version.published_by} {time_words(version.published_at)} 发布：{version.note}）"


def state_words(version: RulesetVersion | None, versions: Sequence[RulesetVersion]) -> str:
    """Whether a version counts (状态): None is the draft; ``versions`` are all of the zone, the oldest first."""
    if version is None:
        return "草稿"
    counts = next((one.number for one in reversed(versions) if one.retired_at is None), None)
    return "已停用" if version.retired_at else "现行" if version.number == counts else "旧版"


def time_words(moment: datetime) -> str:
    """A moment in Asia/Shanghai (北京时间)."""
    return moment.astimezone(CHINA_TIME).strftime("%Y-%m-%d %H:%M")
