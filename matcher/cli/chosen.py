"""Which ruleset a command works with (所用的规则), and how versions are told."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.errors import OptionError
from matcher.runs import CHINA_TIME

if TYPE_CHECKING:
    from matcher.store.rulesets import RulesetVersion


def chosen_folder(options: argparse.Namespace) -> Path | None:
    """The zone's folder that ``--ruleset`` names, or None for the draft (所选规则的目录); stderr says which it is."""
    word = getattr(options, "ruleset", "draft")
    if word == "draft":
        return None
    from matcher.tuning.rulesets import named_rules, needs_store

    stored = not getattr(options, "no_store", False)
    if not stored and needs_store(word):
        raise OptionError(f"--ruleset {word} 要查数据库，不与 --no-store 同用；可改写规则副本的摘要，或园区的规则目录")
    found = named_rules(word, options.zone, options.rules_folder, stored=stored)
    print(f"规则：{version_words(found.version) if found.version else found.folder}", file=sys.stderr)
    warn_retired(found.version)
    return found.folder


def warn_retired(version: RulesetVersion | None) -> None:
    """Says on stderr that a version counts no more (停用提醒)."""
    if version is not None and version.retired_at is not None:
        when = f"{version.retired_by} {time_words(version.retired_at)}：{version.retired_note}"
        print(f"lianzhao: 注意：第 {version.number} 版规则已停用（{when}）", file=sys.stderr)


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
