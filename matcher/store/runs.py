"""Runs as they were made (批次留存): the manifest and a digest of the list, so that a list at hand can be proved."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import insert, select

from matcher.errors import RunDiffersError
from matcher.store.database import Store
from matcher.store.tables import runs
from matcher.types import Ranking, Run


def results_digest(ranking: Ranking) -> str:
    """SHA-256 of all that a ranking says but its manifest (结果摘要)."""
    told = asdict(ranking)
    del told["run"]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def save_run(store: Store, run: Run, results: str) -> bool:
    """Keeps a run (保存批次); one that is kept already stays as it is.

    Args:
        store: The database.
        run: The manifest.
        results: As ``results_digest`` says.

    Returns:
        Whether it is new.

    Raises:
        RunDiffersError: The same run had other results before.
        StoreError: The database cannot be written.
    """
    with store.writing() as connection:
        before = connection.execute(select(runs.c.results).where(runs.c.id == run.id)).scalar()
        if before is None:
            made = {**asdict(run), "created_at": datetime.fromisoformat(run.created_at), "results": results}
            connection.execute(insert(runs).values(made))
    if before not in (None, results):
        raise RunDiffersError(store.name, f"批次 {run.id[:12]} 以前的结果与这次不同（{before[:12]}、{results[:12]}），请查明原因")
    return before is None


def load_run(store: Store, id_: str) -> tuple[Run, str] | None:
    """A run and the digest of its results (读取批次), None if there is none; ``created_at`` is told in UTC."""
    with store.reading() as connection:
        row = connection.execute(select(runs).where(runs.c.id == id_)).mappings().first()
    if row is None:
        return None
    kept = dict(row)
    results = str(kept.pop("results"))
    return Run(**{**kept, "created_at": kept["created_at"].isoformat()}), results


def snapshots_in_use(store: Store) -> frozenset[str]:
    """Digests of the snapshots that runs name (批次用到的资料摘要): these must not be dropped."""
    with store.reading() as connection:
        return frozenset(connection.execute(select(runs.c.snapshot).distinct()).scalars())
