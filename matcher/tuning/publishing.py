"""Letting a draft count (发布): checked, kept as a copy in the home and in the database, then named by a row, in this order.

A process that dies in between leaves at most copies that nothing names; ``prune`` removes that of the home, and publishing again uses them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from matcher.engine import Engine
from matcher.errors import OptionError, RulesProblem
from matcher.rules import Zone
from matcher.rules.compliance import Compliance
from matcher.rules.kept import keep, keeping
from matcher.store import rulesets
from matcher.store.database import Store
from matcher.store.ruleset_files import store_ruleset
from matcher.store.rulesets import Override, Published, one_line
from matcher.tuning.compliance import Breach, breaches
from matcher.tuning.concerns import Files

_LEAST_REASON, _MOST_REASON = 4, 400


def let_pass(
    engine: Engine, compliance: Compliance, files: Files, reasons: Mapping[str, str]
) -> tuple[tuple[Override, ...], tuple[RulesProblem, ...]]:
    """What the rules breach: that which is let pass, and that which is not (放行的与没有放行的).

    Args:
        engine: Over the rules.
        compliance: What no rule may do.
        files: Where the rules stand.
        reasons: Rule → why its breaches are let pass.

    Raises:
        OptionError: A reason is none, or its rule breaches nothing.
    """
    by_rule: dict[str, list[Breach]] = {}
    for breach in breaches(compliance, engine, files):
        by_rule.setdefault(breach.rule, []).append(breach)
    for rule, reason in reasons.items():
        if rule not in by_rule:
            there = f"有问题的是 {'、'.join(by_rule)}" if by_rule else "这套规则没有合规问题"
            raise OptionError(f"--override {rule}：这条没有合规问题，不用放行；{there}")
        if not _LEAST_REASON <= len(reason.strip()) <= _MOST_REASON:
            raise OptionError(f"--override {rule}= 后面应写理由，{_LEAST_REASON} 到 {_MOST_REASON} 个字")
    overrides = [
        Override(
            rule,
            tuple(dict.fromkeys(breach.forbidden for breach in by_rule[rule])),
            one_line(reason),
            tuple(str(breach.problem) for breach in sorted(by_rule[rule])),
        )
        for rule, reason in reasons.items()
    ]
    left = [breach.problem for rule, found in by_rule.items() if rule not in reasons for breach in found]
    return tuple(overrides), tuple(left)


def publish(
    store: Store, home: Path, zone: Zone, compliance: Compliance, *, by: str, note: str, overrides: Sequence[Override] = ()
) -> Published:
    """Keeps a copy of the rules as they were read, and lets it count (发布); they must have been checked.

    Args:
        store: The database.
        home: ``LIANZHAO_HOME``.
        zone: The rules.
        compliance: What they were checked against.
        by: Who says so.
        note: Why.
        overrides: What was let pass.

    Raises:
        OptionError: A name or note is empty or too long.
        RulesetError: The copy cannot be kept.
        StoreError: The database cannot be written.
    """
    rulesets.signed(by, note)  # before anything is written
    checked = hashlib.sha256(compliance.model_dump_json(include={"forbidden"}).encode()).hexdigest()
    with keeping(home):
        keep(home, zone.content)
        store_ruleset(store, zone.content)
        return rulesets.publish(store, zone.id, zone.digest, by=by, note=note, compliance=checked, overrides=overrides)
