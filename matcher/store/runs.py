"""Runs as they were made (批次留存): the manifest and a digest of the list, so that a list at hand can be proved."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select

from matcher.errors import OptionError, RequestError, RunDiffersError, StoreError
from matcher.scoring.tracked import packed, unpacked
from matcher.store.database import Store
from matcher.store.tables import ledger_evidence, runs
from matcher.types import LedgerEntry, Ranking, Run

_LEAST_BEGINNING = 4
_MOST_TOLD = 5
_MOST_LOOKED_AT = 500
_ASKED = ("cities", "chains", "group", "need", "top")


class KeptRun(NamedTuple):
    """A run as it is kept (留存的批次).

    Attributes:
        run: The manifest; ``created_at`` is told in UTC.
        results: Digest of its results.
        given: What the files and the register were called that it read; None where nobody has noted it.
    """

    run: Run
    results: str
    given: dict[str, Any] | None


def results_digest(ranking: Ranking) -> str:
    """SHA-256 of all that a ranking says but its manifest (结果摘要)."""
    return digest_of(asdict(ranking))


def digest_of(told: dict[str, Any]) -> str:
    """The same of a ranking as plain data, its run among it or not (平实数据的结果摘要); keys stand in the order of the fields."""
    told = {key: value for key, value in told.items() if key != "run"}
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def save_run(
    store: Store, run: Run, results: str, given: dict[str, Any] | None = None, ledger: Sequence[LedgerEntry] | None = None
) -> bool:
    """Keeps a run (保存批次); one that is kept already stays as it is.

    Args:
        store: The database.
        run: The manifest.
        results: As ``results_digest`` says.
        given: What its files were called.
        ledger: What the ledgers said, where it read them: kept once for all runs that read the same.

    Returns:
        Whether it is new.

    Raises:
        RunDiffersError: The same run had other results before.
        StoreError: The database cannot be written.
    """
    same = select(runs.c.results).where(runs.c.id == run.id)
    with store.reading() as connection:
        if connection.execute(same).scalar() == results:  # nobody who writes has to wait for this
            return False
    with store.writing() as connection:
        before = connection.execute(same).scalar()
        if before is None:
            made = {**asdict(run), "created_at": datetime.fromisoformat(run.created_at), "results": results, "given": given}
            connection.execute(insert(runs).values(made))
        digest = run.request.get("ledger")
        if ledger is not None and isinstance(digest, str):
            there = select(ledger_evidence.c.digest).where(ledger_evidence.c.digest == digest)
            if connection.execute(there).first() is None:
                kept = {"digest": digest, "zone": run.zone, "entries": packed(ledger), "kept_at": datetime.now(UTC)}
                connection.execute(insert(ledger_evidence).values(kept))
    if before not in (None, results):
        raise RunDiffersError(store.name, f"批次 {run.id[:12]} 以前的结果与这次不同（{before[:12]}、{results[:12]}），请查明原因")
    return before is None


def load_run(store: Store, id_: str) -> KeptRun | None:
    """A run and the digest of its results (读取批次), None if there is none.

    Raises:
        StoreError: The database cannot be read, or the run's record in it is damaged.
    """
    try:
        with store.reading() as connection:
            row = connection.execute(select(runs).where(runs.c.id == id_)).mappings().first()
    except json.JSONDecodeError as error:
        raise StoreError(store.name, f"批次 {id_[:12]} 的记录损坏（{error}），请从备份恢复数据库") from None
    if row is None:
        return None
    return _kept(dict(row))


def _kept(row: dict[str, Any]) -> KeptRun:
    results, given = str(row.pop("results")), row.pop("given")
    return KeptRun(Run(**{**row, "created_at": row["created_at"].isoformat()}), results, given)


def list_runs(store: Store, *, zones: Collection[str] | None = None, after: str | None = None, most: int = 100) -> list[KeptRun]:
    """Runs, the latest first (列出批次).

    Args:
        store: The database.
        zones: Of these zones only.
        after: Begin behind this run.
        most: How many.

    Raises:
        RequestError: There is no such run to begin behind.
        StoreError: The database cannot be read.
    """
    wanted = select(runs).order_by(runs.c.created_at.desc(), runs.c.id).limit(most)
    if zones is not None:
        wanted = wanted.where(runs.c.zone.in_(zones))
    with store.reading() as connection:
        if after is not None:
            last = connection.execute(select(runs.c.created_at).where(runs.c.id == after)).scalar()
            if last is None:
                raise RequestError("批次", after)
            wanted = wanted.where((runs.c.created_at < last) | ((runs.c.created_at == last) & (runs.c.id > after)))
        return [_kept(dict(row)) for row in connection.execute(wanted).mappings()]


def ledger_of(store: Store, digest: str) -> tuple[LedgerEntry, ...] | None:
    """What the ledgers said to a run (批次读到的台账依据), None if it was not kept.

    Raises:
        StoreError: The database cannot be read.
    """
    with store.reading() as connection:
        kept = connection.execute(select(ledger_evidence.c.entries).where(ledger_evidence.c.digest == digest)).scalar()
    return None if kept is None else unpacked(kept)


def find_run(store: Store, beginning: str) -> KeptRun:
    """The one run whose id begins so (按批次号的开头查批次).

    Raises:
        OptionError: It is no beginning of an id, or of several.
        RequestError: There is no such run.
        StoreError: The database cannot be read.
    """
    wanted = beginning.strip().lower()
    if not re.fullmatch(rf"[0-9a-f]{{{_LEAST_BEGINNING},32}}", wanted):
        raise OptionError(
            f"批次应写名单末行的批次号，或它开头的至少 {_LEAST_BEGINNING} 位（数字和 a–f），写的是 {beginning[:40]!r}"
        )
    with store.reading() as connection:
        alike = select(runs.c.id).where(runs.c.id.startswith(wanted)).order_by(runs.c.id).limit(_MOST_TOLD + 1)
        found = list(connection.execute(alike).scalars())
    if len(found) > 1:
        more = "……" if len(found) > _MOST_TOLD else ""
        raise OptionError(f"有几个批次的编号以 {wanted} 开头：{'、'.join(found[:_MOST_TOLD])}{more}，请多写几位")
    kept = load_run(store, found[0]) if found else None
    if kept is None:
        raise RequestError("批次", wanted, hint=f"数据库 {store.name} 里没有；加了 --no-store 的不留存")
    return kept


def last_run(store: Store, zone: str, before: datetime, like: Run | None = None) -> KeptRun | None:
    """The last run of a zone that was made before a moment (某时以前的最近一批), None if there is none.

    Args:
        store: The database.
        zone: Whose.
        before: The moment.
        like: Only one that was asked for the same, but for the day.

    Raises:
        StoreError: The database cannot be read.
    """
    wanted = select(runs.c.id, runs.c.request).where(runs.c.zone == zone, runs.c.created_at < before)
    with store.reading() as connection:
        for id_, request in connection.execute(wanted.order_by(runs.c.created_at.desc(), runs.c.id).limit(_MOST_LOOKED_AT)):
            if like is None or all(request.get(key) == like.request.get(key) for key in _ASKED):
                return load_run(store, id_)
    return None


def snapshots_in_use(store: Store) -> frozenset[str]:
    """Digests of the snapshots that runs name (批次用到的资料摘要): these must not be dropped."""
    with store.reading() as connection:
        return frozenset(connection.execute(select(runs.c.snapshot).distinct()).scalars())
