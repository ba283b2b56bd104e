"""Webhooks (回调): whoever asked for it is told when a stage or a band changes. How they are told stands in ``letters``.

What is to be told is found in the database after it was done: steps since the last that a hook was told of, and bands that a run moved.
So nothing is told that was not done, whoever did it, and nothing is forgotten when nobody delivers for a while.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, func, insert, select, update

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
        raise OptionError(f"回调地址应为 http:// 或 https:// 开头的网址，不超过 {_LONGEST_URL} 字", field="url")
    if parts.username or parts.password:
        raise OptionError("回调地址里不要写口令", field="url")
    if is_literal(parts.hostname) and is_refused(parts.hostname, own=True):
        raise OptionError("回调地址不能是链路本地、组播或未指定的地址", field="url")
    for topic in topics:
        if topic not in TOPICS:
            raise OptionError(f"没有「{topic[:20]}」，应为 {'、'.join(TOPICS)} 之一", field="topics")
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


def check_outside(url: str) -> None:
    """Raises if a webhook would call this machine itself (检查回调不指向本机); only whoever is at it may ask for that.

    Raises:
        OptionError: It would.
    """
    host = urlsplit(url).hostname or ""
    if host.rstrip(".").lower().endswith("localhost") or (is_literal(host) and is_refused(host, own=False)):
        raise OptionError(
            "经接口登记的回调不能指向服务本机；要指向本机，请在服务器上用 lianzhao ledger hooks add 登记", field="url"
        )


def is_literal(host: str) -> bool:
    """Whether a host is written as an address (是否写成地址)."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_refused(address: str, *, own: bool) -> bool:
    """Whether nothing may be sent to an address (不投的地址): what only its own wire has; this machine only if ``own`` allows it."""
    found = ipaddress.ip_address(address.partition("%")[0])
    there = getattr(found, "ipv4_mapped", None) or found
    return there.is_link_local or there.is_multicast or there.is_unspecified or (there.is_loopback and not own)


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


def _steps_since(connection: Connection, zone: str, mark: int, most: int) -> list[Any]:
    steps = tables.steps
    wanted = select(steps).where(steps.c.id > mark, steps.c.zone == zone, steps.c.book.in_([TARGETS.name, PROJECTS.name]))
    return list(connection.execute(wanted.order_by(steps.c.id).limit(most)))


def _stage(connection: Connection, setting: Setting, line: Any) -> dict[str, Any]:
    book: Book[Any] = TARGETS if line.book == TARGETS.name else PROJECTS
    row = connection.execute(select(book.table).where(book.table.c.id == line.row)).mappings().one()
    history = tables.history
    entry = (history.c.book == line.book) & (history.c.row == line.row) & (history.c.version == line.version)
    changes = connection.execute(select(history.c.changes).where(entry)).scalar() or {}
    before = changes.get("state", [line.before])[0]  # where the ledger stood: what came late in between was told to nobody
    return {
        "book": line.book, "row": line.row, "version": line.version, "company": {"name": row["company"], "uscc": row["uscc"]},
        "name": row.get("name") or row["company"], "before": before, "step": line.step,
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
