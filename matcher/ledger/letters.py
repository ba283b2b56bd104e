"""Letters to webhooks (投递): signed, tried again, given up at last.

A letter is claimed right before it is sent, and its sending is over long before the claim is, so two workers do not send it at once; it
may come twice after a crash, and says by its number which one it is. A hook that cannot be reached is left alone for the rest of the
round. What was given up is tried again at a pace.

    X-Lianzhao-Signature: sha256=<HMAC-SHA256 of "<X-Lianzhao-Timestamp>.<body>" with the hook's secret, in hexadecimal>
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select, update

from matcher.ledger import tables
from matcher.ledger.posting import AddressRefusedError, post
from matcher.ledger.setting import Setting
from matcher.ledger.webhooks import announce, is_literal, is_refused
from matcher.store.database import Store

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720, 1440))
"""How long until the next try after each failure; after the last one it is given up (重试间隔)."""
_TIMEOUT = 20.0
_LEASE = timedelta(minutes=2)  # a worker that took a delivery and died gives it back so; a delivery takes a quarter of it at most
REVIVED_AT_ONCE = 20
"""How many of those that were given up are due in the same minute (每分钟重投几个)."""
MOST_REVIVED = 1000
"""How many are tried again at a time (一次至多重投几个)."""
_PACE = timedelta(minutes=1)


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


@dataclass(frozen=True)
class Revived:
    """What is tried again (死信重投).

    Attributes:
        left: How many are still given up.
        until: When the last of them is due; None if there is none.
    """

    revived: int
    left: int
    until: datetime | None


def undelivered(store: Store, zone: str, *, dead: bool = False) -> list[Delivery]:
    """What waits to be delivered, or what was given up (待投、死信)."""
    table = tables.outbox
    wanted = _with_hooks().where(table.c.zone == zone, table.c.delivered_at.is_(None))
    wanted = wanted.where(table.c.dead_at.is_not(None) if dead else table.c.dead_at.is_(None))
    with store.reading() as connection:
        return [_delivery(row) for row in connection.execute(wanted.order_by(table.c.id))]


def revive(store: Store, zone: str, *, most: int = MOST_REVIVED, at: datetime | None = None) -> Revived:
    """Gives what was given up another round of tries (死信重投): the oldest first, a few each minute, behind those revived before.

    Args:
        store: The database.
        zone: Whose letters.
        most: Letters, at most.
        at: The moment; by default now.

    Raises:
        StoreError: The database cannot be written.
    """
    table, now = tables.outbox, at or datetime.now(UTC)
    of_zone = (table.c.zone == zone) & table.c.delivered_at.is_(None) & tables.hooks.c.ended_at.is_(None)
    with store.writing() as connection:
        dead = list(connection.scalars(_ids().where(of_zone, table.c.dead_at.is_not(None)).order_by(table.c.id)))
        queued = of_zone & table.c.dead_at.is_(None) & (table.c.attempts == 0)
        last = connection.scalar(_ids(func.max(table.c.due_at)).where(queued, table.c.due_at > now - _PACE))
        until = due = now if last is None else max(now, last + _PACE)
        for first in range(0, min(len(dead), most), REVIVED_AT_ONCE):
            chosen = dead[first : min(first + REVIVED_AT_ONCE, most)]
            connection.execute(update(table).where(table.c.id.in_(chosen)).values(dead_at=None, attempts=0, due_at=due))
            until, due = due, due + _PACE
    revived = min(len(dead), most)
    return Revived(revived, len(dead) - revived, until if revived else None)


def deliver(store: Store, setting: Setting, *, most: int = 100, at: datetime | None = None, timeout: float = _TIMEOUT) -> Delivered:
    """One round of deliveries (投递一轮), bounded: announces, then sends what is due, each once.

    Args:
        store: The database.
        setting: The zone's rules.
        most: Deliveries, at most.
        at: The moment; by default now, and later for those that are sent later.
        timeout: Seconds for each delivery, from looking up its address to the head of the answer; at most a quarter of the lease,
            so that no other worker takes a letter that is still being sent.

    Raises:
        StoreError: The database cannot be written.
    """
    begun = at or datetime.now(UTC)
    announce(store, setting, at=begun)
    sent = failed = given_up = 0
    silent: set[int] = set()
    seconds = min(timeout, _LEASE.total_seconds() / 4)
    for _ in range(most):
        now = at or datetime.now(UTC)
        claimed = _claimed(store, setting.zone, begun, now, silent)
        if claimed is None:
            break
        delivery, secret = claimed
        problem, is_there = _post(delivery, secret, now, seconds)
        if not is_there:
            silent.add(delivery.hook)
        values: dict[str, Any] = {"delivered_at": now, "last_error": None}
        if problem:
            waits = WAITS[delivery.attempts - 1] if delivery.attempts <= len(WAITS) else None
            values = {"last_error": problem, "due_at": now + (waits or timedelta(0)), "dead_at": now if waits is None else None}
        with store.writing() as connection:
            connection.execute(update(tables.outbox).where(tables.outbox.c.id == delivery.id).values(values))
        sent, failed, given_up = sent + (not problem), failed + bool(problem), given_up + (values.get("dead_at") is not None)
    return Delivered(sent, failed, given_up, len(undelivered(store, setting.zone)))


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """How a delivery is signed (签名)."""
    return "sha256=" + hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def _claimed(store: Store, zone: str, due_by: datetime, now: datetime, silent: Collection[int]) -> tuple[Delivery, str] | None:
    """Takes the next that is due, so that no other worker sends it meanwhile; its hook's secret with it."""
    table, hooks = tables.outbox, tables.hooks
    due = (table.c.zone == zone) & table.c.delivered_at.is_(None) & table.c.dead_at.is_(None) & (table.c.due_at <= due_by)
    wanted = _with_hooks().add_columns(hooks.c.secret).where(due, hooks.c.ended_at.is_(None), hooks.c.id.not_in(silent))
    with store.writing() as connection:
        row = connection.execute(wanted.order_by(table.c.due_at, table.c.id).limit(1)).first()
        if row is None:
            return None
        taken = {"attempts": row.attempts + 1, "due_at": now + _LEASE}
        connection.execute(update(table).where(table.c.id == row.id).values(taken))
    return _delivery(row, attempts=row.attempts + 1), row.secret


def _post(delivery: Delivery, secret: str, now: datetime, seconds: float) -> tuple[str, bool]:
    """Sends one; what went wrong, in Chinese, empty if nothing, and whether anybody answered."""
    host = urlsplit(delivery.url).hostname or ""
    own = is_literal(host) or host == "localhost"
    told = {"delivery": delivery.id, "topic": delivery.topic, **delivery.body}
    body, timestamp = json.dumps(told, ensure_ascii=False).encode(), str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json; charset=utf-8", "X-Lianzhao-Topic": delivery.topic, "X-Lianzhao-Delivery": str(delivery.id),
        "X-Lianzhao-Timestamp": timestamp, "X-Lianzhao-Signature": signature(secret, timestamp, body),
    }  # fmt: skip
    try:
        status = post(delivery.url, body, headers, seconds=seconds, refused=lambda address: is_refused(address, own=own))
    except AddressRefusedError:
        return "网址所指的是本机或链路本地的地址，没有投", False
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"连不上或没有答复（{type(error).__name__}）", False
    return ("" if 200 <= status < 300 else f"对方答复 {status}"), True


def _ids(wanted: Any = tables.outbox.c.id) -> Any:
    return select(wanted).select_from(tables.outbox).join(tables.hooks, tables.hooks.c.id == tables.outbox.c.hook)


def _with_hooks() -> Any:
    return select(tables.outbox, tables.hooks.c.url).join(tables.hooks, tables.hooks.c.id == tables.outbox.c.hook)


def _delivery(row: Any, attempts: int | None = None) -> Delivery:
    return Delivery(
        row.id, row.hook, row.url, row.topic, dict(row.body), row.attempts if attempts is None else attempts, row.due_at,
        row.last_error or "", row.delivered_at, row.dead_at,
    )  # fmt: skip
