"""Webhooks (回调): whoever asked for it is told when a stage or a band changes; signed, tried again, given up at last.

What is to be told is found in the database after it was done: steps since the last that a hook was told of, and bands that a run moved.
So nothing is told that was not done, whoever did it, and nothing is forgotten when nobody delivers for a while. A delivery is claimed
before it is sent, so two workers do not send it at once; it may come twice after a crash, and says by its number which one it is.

    X-Lianzhao-Signature: sha256=<HMAC-SHA256 of "<X-Lianzhao-Timestamp>.<body>" with the hook's secret, in hexadecimal>
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, and_, func, insert, select, update

from matcher.errors import OptionError, RequestError
from matcher.ledger import tables
from matcher.ledger.books import PROJECTS, TARGETS, Book
from matcher.ledger.event_tables import bands, hook_marks
from matcher.ledger.setting import Setting
from matcher.ledger.values import text_of
from matcher.matching.name_index import squeezed
from matcher.store.database import Store
from matcher.types import Ranking

TOPICS = {"stage": "阶段变动", "band": "档次变动"}
"""What can be told → Chinese term (回调的事由)."""
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720, 1440))
"""How long until the next try after each failure; after the last one it is given up (重试间隔)."""
_TIMEOUT = 10.0
_LEASE = timedelta(minutes=2)  # a worker that took a delivery and died gives it back so
_LEAST_SECRET = 16
_LONGEST_URL = 500


@dataclass(frozen=True)
class Hook:
    """A webhook (一个回调)."""

    id: int
    url: str
    topics: tuple[str, ...]
    created_at: datetime
    created_by: str
    ended_at: datetime | None


@dataclass(frozen=True)
class Delivery:
    """What a hook is to be told (一次回调).

    Attributes:
        dead_at: When it was given up.
    """

    id: int
    hook: int
    url: str
    topic: str
    body: dict[str, Any]
    attempts: int
    due_at: datetime
    last_error: str
    delivered_at: datetime | None
    dead_at: datetime | None


@dataclass(frozen=True)
class Delivered:
    """What a round of deliveries did (一轮投递)."""

    sent: int
    failed: int
    given_up: int
    waiting: int


def add_hook(
    store: Store, zone: str, url: str, topics: Sequence[str], *, by: str, secret: str | None = None, at: datetime | None = None
) -> tuple[int, str]:
    """Enters a webhook (登记回调); it is told of what changes from now on.

    Returns:
        Its number and its secret, which is shown this once.

    Raises:
        OptionError: The address, a topic or the secret will not do.
        StoreError: The database cannot be written.
    """
    parts = urlsplit(url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or len(url) > _LONGEST_URL
        or not url.isprintable()
        or " " in url
    ):
        raise OptionError(f"回调地址应为 http:// 或 https:// 开头的网址，不超过 {_LONGEST_URL} 字")
    if parts.username or parts.password:
        raise OptionError("回调地址里不要写口令")
    for topic in topics:
        if topic not in TOPICS:
            raise OptionError(f"没有「{topic[:20]}」，应为 {'、'.join(TOPICS)} 之一")
    key = secret or secrets.token_hex(32)
    if len(key) < _LEAST_SECRET:
        raise OptionError(f"回调密钥至少 {_LEAST_SECRET} 个字符")
    kept = {"zone": zone, "url": url, "topics": sorted(set(topics or TOPICS)), "secret": key, "created_at": at or datetime.now(UTC)}
    with store.writing() as connection:
        made = connection.execute(insert(tables.hooks).values(**kept, created_by=text_of(by)[:60])).inserted_primary_key
        number = int(made[0]) if made else 0
        last = connection.execute(select(func.max(tables.steps.c.id))).scalar()
        connection.execute(insert(hook_marks).values(hook=number, step=last or 0))
    return number, key


def end_hook(store: Store, zone: str, number: int, *, by: str, at: datetime | None = None) -> None:
    """Ends a webhook (停用回调); what still waits for it is not sent.

    Raises:
        RequestError: There is none of this number.
        StoreError: The database cannot be written.
    """
    table = tables.hooks
    going = (table.c.id == number) & (table.c.zone == zone) & table.c.ended_at.is_(None)
    values = {"ended_at": at or datetime.now(UTC), "ended_by": text_of(by)[:60]}
    with store.writing() as connection:
        if not 0 < number < 2**31 or not connection.execute(update(table).where(going).values(values)).rowcount:
            raise RequestError("现行的回调", str(number), hint="编号见 lianzhao ledger hooks list")


def hooks_of(store: Store, zone: str) -> list[Hook]:
    """The webhooks of a zone, those that ended too (各回调); secrets are never shown again."""
    table = tables.hooks
    with store.reading() as connection:
        found = connection.execute(select(table).where(table.c.zone == zone).order_by(table.c.id)).all()
    return [Hook(one.id, one.url, tuple(one.topics), one.created_at, one.created_by, one.ended_at) for one in found]


def letters(store: Store, zone: str, *, dead: bool = False) -> list[Delivery]:
    """What waits to be delivered, or what was given up (待投、死信)."""
    table = tables.outbox
    wanted = _with_hooks().where(table.c.zone == zone, table.c.delivered_at.is_(None))
    wanted = wanted.where(table.c.dead_at.is_not(None) if dead else table.c.dead_at.is_(None))
    with store.reading() as connection:
        return [_delivery(row) for row in connection.execute(wanted.order_by(table.c.id))]


def revive(store: Store, zone: str, *, at: datetime | None = None) -> int:
    """Gives what was given up another round of tries (死信重投)."""
    table = tables.outbox
    dead = (table.c.zone == zone) & table.c.dead_at.is_not(None) & table.c.delivered_at.is_(None)
    with store.writing() as connection:
        values = {"dead_at": None, "attempts": 0, "due_at": at or datetime.now(UTC)}
        return int(connection.execute(update(table).where(dead).values(values)).rowcount)


def announce(store: Store, setting: Setting, *, most: int = 1000, at: datetime | None = None) -> int:
    """Puts steps that a hook was not told of into the outbox (阶段变动待投).

    Args:
        store: The database.
        setting: The zone's rules.
        most: Steps for each hook, at most.
        at: The moment; by default now.

    Returns:
        How many are to be told.
    """
    now, told, hooks = at or datetime.now(UTC), 0, tables.hooks
    with store.writing() as connection:
        going = (
            select(hooks.c.id, hooks.c.topics, hook_marks.c.step)
            .join(hook_marks, hook_marks.c.hook == hooks.c.id)
            .where(hooks.c.zone == setting.zone, hooks.c.ended_at.is_(None))
        )
        for hook, topics, mark in connection.execute(going).all():
            lines = _steps_since(connection, setting.zone, mark, most)
            if not lines:
                continue
            connection.execute(update(hook_marks).where(hook_marks.c.hook == hook).values(step=lines[-1].id))
            moved = [line for line in lines if line.before is not None and line.version > 0] if "stage" in topics else []
            for line in moved:
                _put(connection, setting.zone, hook, "stage", _stage(connection, setting, line), now)
            told += len(moved)
    return told


def note_bands(store: Store, setting: Setting, ranking: Ranking, *, at: datetime | None = None) -> int:
    """Keeps the bands of tracked companies, and puts those that changed into the outbox (档次变动待投).

    A run of an earlier day than the one that a band was noted by changes nothing.

    Returns:
        How many bands changed.
    """
    now, as_of = at or datetime.now(UTC), date.fromisoformat(str(ranking.run.request["as_of"]))
    listed = [*ranking.results, *ranking.opportunities]
    keys = [(one.uscc or squeezed([one.name])[0], one) for one in listed]
    changed = 0
    with store.writing() as connection:
        tracked = _tracked(connection, setting)
        topics = connection.execute(
            select(tables.hooks.c.id, tables.hooks.c.topics).where(
                tables.hooks.c.zone == setting.zone, tables.hooks.c.ended_at.is_(None)
            )
        ).all()
        for key, one in keys:
            if key not in tracked and squeezed([one.name])[0] not in tracked:
                continue
            is_ = (bands.c.zone == setting.zone) & (bands.c.company == key)
            before = connection.execute(select(bands).where(is_)).first()
            values = {"name": one.name, "band": one.band, "run": ranking.run.id, "as_of": as_of, "noted_at": now}
            if before is None:
                connection.execute(insert(bands).values(zone=setting.zone, company=key, **values))
            elif as_of >= before.as_of:
                connection.execute(update(bands).where(is_).values(values))
                if before.band != one.band:
                    changed += 1
                    body = {
                        "company": {"name": one.name, "uscc": one.uscc}, "before": before.band, "band": one.band, "score": one.score,
                        "run": ranking.run.id, "run_before": before.run, "as_of": as_of.isoformat(),
                    }  # fmt: skip
                    for hook in [hook for hook, of_hook in topics if "band" in of_hook]:
                        _put(connection, setting.zone, hook, "band", body, now)
    return changed


def deliver(store: Store, setting: Setting, *, most: int = 100, at: datetime | None = None, timeout: float = _TIMEOUT) -> Delivered:
    """One round of deliveries (投递一轮), bounded: announces, then sends what is due, each once.

    Args:
        store: The database.
        setting: The zone's rules.
        most: Deliveries, at most.
        at: The moment; by default now.
        timeout: Seconds to wait for an answer.

    Raises:
        StoreError: The database cannot be written.
    """
    now = at or datetime.now(UTC)
    announce(store, setting, at=now)
    sent = failed = given_up = 0
    for delivery, secret in _claimed(store, setting.zone, most, now):
        problem = _post(delivery, secret, now, timeout)
        values: dict[str, Any] = {"delivered_at": now, "last_error": None}
        if problem:
            waits = WAITS[delivery.attempts - 1] if delivery.attempts <= len(WAITS) else None
            values = {"last_error": problem, "due_at": now + (waits or timedelta(0)), "dead_at": now if waits is None else None}
        with store.writing() as connection:
            connection.execute(update(tables.outbox).where(tables.outbox.c.id == delivery.id).values(values))
        sent, failed, given_up = sent + (not problem), failed + bool(problem), given_up + (values.get("dead_at") is not None)
    return Delivered(sent, failed, given_up, len(letters(store, setting.zone)))


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """How a delivery is signed (签名)."""
    return "sha256=" + hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def _claimed(store: Store, zone: str, most: int, now: datetime) -> list[tuple[Delivery, str]]:
    """Takes what is due, so that no other worker sends it meanwhile."""
    table, hooks = tables.outbox, tables.hooks
    due = and_(table.c.zone == zone, table.c.delivered_at.is_(None), table.c.dead_at.is_(None), table.c.due_at <= now)
    with store.writing() as connection:
        wanted = (
            _with_hooks().add_columns(hooks.c.secret).where(due, hooks.c.ended_at.is_(None)).order_by(table.c.due_at, table.c.id)
        )
        rows = connection.execute(wanted.limit(most)).all()
        for row in rows:
            taken = {"attempts": row.attempts + 1, "due_at": now + _LEASE}
            connection.execute(update(table).where(table.c.id == row.id).values(taken))
    return [(_delivery(row, attempts=row.attempts + 1), row.secret) for row in rows]


def _post(delivery: Delivery, secret: str, now: datetime, timeout: float) -> str:
    """Sends one; what went wrong, in Chinese, empty if nothing. Redirects are not followed."""
    parts = urlsplit(delivery.url)
    told = {"delivery": delivery.id, "topic": delivery.topic, **delivery.body}
    body, timestamp = json.dumps(told, ensure_ascii=False).encode(), str(int(now.timestamp()))
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    headers = {
        "Content-Type": "application/json; charset=utf-8", "X-Lianzhao-Topic": delivery.topic, "X-Lianzhao-Delivery": str(delivery.id),
        "X-Lianzhao-Timestamp": timestamp, "X-Lianzhao-Signature": signature(secret, timestamp, body),
    }  # fmt: skip
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("POST", path, body, headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"连不上或没有答复（{type(error).__name__}）"
    finally:
        connection.close()
    return "" if 200 <= status < 300 else f"对方答复 {status}"


def _steps_since(connection: Connection, zone: str, mark: int, most: int) -> list[Any]:
    steps = tables.steps
    wanted = select(steps).where(steps.c.id > mark, steps.c.zone == zone, steps.c.book.in_([TARGETS.name, PROJECTS.name]))
    return list(connection.execute(wanted.order_by(steps.c.id).limit(most)))


def _stage(connection: Connection, setting: Setting, line: Any) -> dict[str, Any]:
    book: Book[Any] = TARGETS if line.book == TARGETS.name else PROJECTS
    row = connection.execute(select(book.table).where(book.table.c.id == line.row)).mappings().one()
    return {
        "book": line.book, "row": line.row, "version": line.version, "company": {"name": row["company"], "uscc": row["uscc"]},
        "name": row.get("name") or row["company"], "before": line.before, "step": line.step,
        "step_name": setting.step_name(line.book, line.step), "on": line.on.isoformat(), "recorded_at": line.recorded_at.isoformat(),
        "recorded_by": line.recorded_by,
    }  # fmt: skip


def _tracked(connection: Connection, setting: Setting) -> set[str]:
    """Codes and names of the companies in the ledgers."""
    found: set[str] = set()
    for table in (TARGETS.table, PROJECTS.table):
        wanted = select(table.c.uscc, table.c.squeezed).where(table.c.zone == setting.zone, table.c.deleted_at.is_(None))
        for code, short in connection.execute(wanted):
            found |= {code or short, short}
    return found


def _put(connection: Connection, zone: str, hook: int, topic: str, body: dict[str, Any], now: datetime) -> None:
    connection.execute(
        insert(tables.outbox).values(zone=zone, hook=hook, topic=topic, body=body, created_at=now, due_at=now, attempts=0)
    )


def _with_hooks() -> Any:
    return select(tables.outbox, tables.hooks.c.url).join(tables.hooks, tables.hooks.c.id == tables.outbox.c.hook)


def _delivery(row: Any, attempts: int | None = None) -> Delivery:
    return Delivery(
        row.id, row.hook, row.url, row.topic, dict(row.body), row.attempts if attempts is None else attempts, row.due_at,
        row.last_error or "", row.delivered_at, row.dead_at,
    )  # fmt: skip
