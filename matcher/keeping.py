"""Keeping a run (留存批次): its manifest, the digest of its list and a copy of the rules, so that it can be made again."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matcher.errors import RulesetError
from matcher.rules import Zone, kept
from matcher.store.database import Store
from matcher.store.ruleset_files import store_ruleset
from matcher.store.rulesets import RulesetVersion, named, versions
from matcher.store.runs import save_run
from matcher.types import LedgerEntry, Run


@dataclass(frozen=True)
class Keeping:
    """What became of keeping a run (留存结果).

    Attributes:
        called: What its ruleset is called; empty where nothing was ever published.
        no_copy: Why there is no copy of the rules; empty if there is one.
    """

    called: str
    no_copy: str = ""


def keep_run(
    store: Store,
    home: Path,
    run: Run,
    results: str,
    zone: Zone,
    given: dict[str, Any] | None = None,
    ledger: Sequence[LedgerEntry] | None = None,
) -> Keeping:
    """Keeps a run and a copy of the rules that it ran with (留存批次); without room for the copy the run is kept all the same.

    Args:
        store: The database.
        home: ``LIANZHAO_HOME``.
        run: The manifest.
        results: As ``results_digest`` says.
        zone: The rules, as they were loaded.
        given: What its files were called.
        ledger: What the ledgers said, where it read them.

    Raises:
        RunDiffersError: The same run had other results before.
        StoreError: The database cannot be written.
    """
    no_copy = ""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(kept.keeping(home))
            kept.keep(home, zone.content)
        except RulesetError as error:
            no_copy = str(error)
        store_ruleset(store, zone.content)
        save_run(store, run, results, given, ledger)
        return Keeping(called(versions(store, zone.id), zone.digest), no_copy)


def called(there: Sequence[RulesetVersion], digest: str) -> str:
    """What a ruleset is called among the versions of its zone (规则的叫法)."""
    version = named(there, digest)
    if version is None:
        return "规则未发布" if there else ""
    return f"规则第 {version.number} 版" + ("（已停用）" if version.retired_at else "")
