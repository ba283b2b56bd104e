"""Which rules a page works with (所用的规则): those that were published and count, else the rules folder."""

from __future__ import annotations

from matcher.store.rulesets import newest, versions
from matcher.tuning.rulesets import DRAFT, PUBLISHED
from matcher.web.workshop import Visit


def offered_rulesets(visit: Visit) -> dict[str, str]:
    """Word → what it is called (可选的规则), the usual one first.

    Raises:
        StoreError: The database cannot be read.
    """
    counts = newest(versions(visit.service.store, visit.zone))
    if counts is None:
        return {DRAFT: "服务器上的一套"}
    return {PUBLISHED: f"现行规则（第 {counts.number} 版）", DRAFT: "服务器上的一套（未发布）"}


def usual_ruleset(visit: Visit) -> str:
    """The word for the rules that count (通常所用的规则)."""
    return next(iter(offered_rulesets(visit)))
