"""Scores that somebody wanted kept (留存的评分), so that they can be explained later.

Profiles are kept as they were given, with a digest of the results; bounded by days, by number and by bytes.
Whatever is beyond goes when the next is kept, the oldest first.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from matcher.errors import RunDiffersError, StoreError
from matcher.store.database import Store
from matcher.store.tables import kept_scores
from matcher.types import Run

_OF_A_RUN = tuple(Run.__dataclass_fields__)


@dataclass(frozen=True)
class Bounds:
    """How much is kept (留存多少).

    Attributes:
        days: For how long.
        most: How many runs.
        bytes_: Of profiles, packed, in all.
    """

    days: int = 400
    most: int = 10_000
    bytes_: int = 1 << 30


@dataclass(frozen=True)
class KeptScores:
    """A run of scores (一批留存的评分).

    Attributes:
        run: The manifest; ``created_at`` is told in UTC.
        results: Digest of the results, without their explanations.
        profiles: As they were given.
        kept_at: When it was last asked to be kept.
    """

    run: Run
    results: str
    profiles: list[Any]
    kept_at: datetime

    def until(self, bounds: Bounds) -> datetime:
        """Until when it is kept, unless there is too much (留存到何时)."""
        return self.kept_at + timedelta(days=bounds.days)


def save_scores(
    store: Store, run: Run, results: str, profiles: Sequence[Any], *, bounds: Bounds, at: datetime | None = None
) -> KeptScores:
    """Keeps a run of scores (留存评分); one that is kept already stays as it is, from now on for the whole time.

    Args:
        store: The database.
        run: The manifest.
        results: Digest of the results.
        profiles: As they were given.
        bounds: How much is kept.
        at: The moment; by default now.

    Raises:
        RunDiffersError: The same run had other results before.
        StoreError: The database cannot be written.
    """
    now = at or datetime.now(UTC)
    content = zlib.compress(json.dumps(list(profiles), ensure_ascii=False).encode())
    ours = kept_scores.c.id == run.id
    with store.writing() as connection:
        before = connection.execute(select(kept_scores.c.results).where(ours)).scalar()
        if before is None:
            made = {**asdict(run), "created_at": datetime.fromisoformat(run.created_at), "results": results, "kept_at": now}
            connection.execute(insert(kept_scores).values(**made, profiles=content, size=len(content)))
        elif before == results:
            connection.execute(update(kept_scores).where(ours).values(kept_at=now))
        _let_go(connection, run.id, bounds, now)
    if before not in (None, results):
        raise RunDiffersError(store.name, f"评分 {run.id[:12]} 以前的结果与这次不同（{before[:12]}、{results[:12]}），请查明原因")
    found = load_scores(store, run.id, bounds=bounds, at=now)
    assert found is not None
    return found


def load_scores(store: Store, id_: str, *, bounds: Bounds, at: datetime | None = None) -> KeptScores | None:
    """A run of scores (读取留存的评分); None if there is none, or its time is over.

    Raises:
        StoreError: The database cannot be read, or the record is damaged.
    """
    with store.reading() as connection:
        row = connection.execute(select(kept_scores).where(kept_scores.c.id == id_)).mappings().first()
    if row is None or row["kept_at"] + timedelta(days=bounds.days) <= (at or datetime.now(UTC)):
        return None
    try:
        profiles = json.loads(zlib.decompress(row["profiles"]))
    except (zlib.error, ValueError):
        raise StoreError(store.name, f"留存的评分 {id_[:12]} 的记录损坏，请从备份恢复数据库") from None
    told = {name: row[name] for name in _OF_A_RUN}
    return KeptScores(Run(**{**told, "created_at": row["created_at"].isoformat()}), row["results"], profiles, row["kept_at"])


def _let_go(connection: Connection, newest: str, bounds: Bounds, now: datetime) -> None:
    """Removes what is over its time, and the oldest of what is too much; the one just kept stays."""
    connection.execute(delete(kept_scores).where(kept_scores.c.kept_at <= now - timedelta(days=bounds.days)))
    order = select(kept_scores.c.id, kept_scores.c.size).order_by(kept_scores.c.kept_at.desc(), kept_scores.c.id)
    gone, count, held = [], 0, 0
    for id_, size in connection.execute(order).all():
        count, held = count + 1, held + size
        if id_ != newest and (count > bounds.most or held > bounds.bytes_):
            gone.append(id_)
    for begin in range(0, len(gone), 500):
        connection.execute(delete(kept_scores).where(kept_scores.c.id.in_(gone[begin : begin + 500])))
