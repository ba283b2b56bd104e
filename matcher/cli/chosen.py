"""Which ruleset a command works with (所用的规则)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.errors import OptionError

if TYPE_CHECKING:
    from matcher.store.rulesets import RulesetVersion


def chosen_folder(options: argparse.Namespace) -> Path | None:
    """The zone's folder that ``--ruleset`` names, or None for the draft (所选规则的目录); stderr says which it is."""
    word = getattr(options, "ruleset", "draft")
    if word == "draft":
        return None
    from matcher.outputs.version_words import version_words
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
        from matcher.outputs.version_words import time_words

        when = f"{version.retired_by} {time_words(version.retired_at)}：{version.retired_note}"
        print(f"lianzhao: 注意：第 {version.number} 版规则已停用（{when}）", file=sys.stderr)
