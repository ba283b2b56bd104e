"""Keeping a run (留存批次): its manifest, the digest of its list and a copy of the rules, so that it can be made again."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matcher.errors import RulesetError
from matcher.rules import Zone, kept
from matcher.snapshot.pruning import Pruned, prune
from matcher.store.database import Store, known_stores, open_store
from matcher.store.ruleset_files import store_ruleset
from matcher.store.rulesets import RulesetVersion, named, rulesets_in_use, versions
from matcher.store.runs import save_run, snapshots_in_use
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


@dataclass(frozen=True)
class Emptied:
    """What of the home was cleared away, or would be (清理).

    Attributes:
        snapshots: Of the companies.
        rulesets: Copies of rules.
        known: There is a database that says which copies are in use; without one none is removed.
    """

    snapshots: Pruned
    rulesets: kept.Cleared
    known: bool

    @property
    def size(self) -> int:
        """Bytes (字节)."""
        return self.snapshots.size + self.rulesets.size


def clear_home(home: Path, *, keep: int, dry_run: bool = False) -> Emptied:
    """Removes snapshots and copies of rules that no run and no version names (清理程序数据目录).

    Args:
        home: ``LIANZHAO_HOME``.
        keep: How many of the latest snapshots stay besides.
        dry_run: Only tell.

    Raises:
        SnapshotError: Somebody is building.
        RulesetError: Somebody is publishing.
        StoreError: A database cannot be read: then nobody knows what is in use.
    """
    with kept.clearing(home):
        snapshots: set[str] = set()
        rulesets: set[str] = set()
        stores = known_stores()
        for address in stores:
            with open_store(address) as store:
                snapshots |= snapshots_in_use(store)
                rulesets |= rulesets_in_use(store)
        done = prune(home, snapshots, keep=keep, dry_run=dry_run)
        # where there is no database at all nobody knows of rulesets: whoever kept them had one, and they cannot be built again
        copies = kept.clear(home, rulesets if stores else kept.kept_digests(home), dry_run=dry_run)
        return Emptied(done, copies, bool(stores))
