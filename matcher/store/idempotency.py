"""Answers kept for requests that may come again (幂等应答): the same key and the same request get the stored answer.

Whoever comes first claims the key and works; others with the same request wait for the answer (``claim`` tells them to). A claim whose
holder has died is free again after ``LEASE``. An answer is kept for ``KEPT``.

Whoever changes something in a transaction keeps a word within it that it is done (``keep_within``), which the answer then replaces: should
the process die between the two, nothing is done again.
"""

from __future__ import annotations

import secrets
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from matcher.store.database import Store
from matcher.store.tables import idempotent_answers as answers

KEPT = timedelta(hours=24)
"""How long an answer is kept (保留时间)."""
LEASE = timedelta(minutes=5)
"""How long a claim holds without an answer (占用时间); longer than any request may take."""


class Taken(Enum):
    """Why a claim was not given (未能占用)."""

    UNDER_WAY = "同一请求正在处理"
    OTHER_REQUEST = "同一 Idempotency-Key 用在了不同的请求上"


@dataclass(frozen=True)
class Claim:
    """The right to answer first (占用凭据)."""

    caller: str
    key: str
    token: str


@dataclass(frozen=True)
class Answer:
    """A stored answer (留存的应答)."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def claim(store: Store, caller: str, key: str, digest: str) -> Claim | Answer | Taken:
    """Claims a key for a request, or finds its answer (占用或取应答).

    Args:
        store: The database.
        caller: Whose key it is; others may use the same word.
        key: The word that the request carries.
        digest: Of the method, the path and the body.

    Raises:
        StoreError: The database cannot be written.
    """
    now = datetime.now(UTC)
    ours = (answers.c.caller == caller) & (answers.c.key == key)
    made = Claim(caller, key, secrets.token_hex(16))
    with store.writing() as connection:
        connection.execute(delete(answers).where(answers.c.claimed_at < now - KEPT))
        row = connection.execute(select(answers).where(ours)).mappings().first()
        if row is None:
            values = {"caller": caller, "key": key, "digest": digest, "claim": made.token, "claimed_at": now}
            connection.execute(insert(answers).values(values))
            return made
        if row["digest"] != digest:
            return Taken.OTHER_REQUEST
        if row["status"] is not None:
            headers = tuple((str(name), str(value)) for name, value in row["headers"])
            return Answer(row["status"], headers, zlib.decompress(row["body"]))
        if row["claimed_at"] > now - LEASE:
            return Taken.UNDER_WAY
        connection.execute(update(answers).where(ours).values(claim=made.token, claimed_at=now))
        return made


def keep(store: Store, held: Claim, answer: Answer) -> None:
    """Stores the answer (留存应答); one whose claim was taken over stores nothing.

    Raises:
        StoreError: The database cannot be written.
    """
    with store.writing() as connection:
        keep_within(connection, held, answer)


def keep_within(connection: Connection, held: Claim, answer: Answer) -> None:
    """The same within a transaction of the caller's (事务内留存应答): it is there if and only if what the transaction did is done."""
    values = {"status": answer.status, "headers": list(map(list, answer.headers)), "body": zlib.compress(answer.body)}
    connection.execute(update(answers).where(_holding(held)).values(values))


def give_back(store: Store, held: Claim) -> None:
    """Gives a claim back (放弃占用): what failed may be tried again.

    Raises:
        StoreError: The database cannot be written.
    """
    with store.writing() as connection:
        connection.execute(delete(answers).where(_holding(held) & answers.c.status.is_(None)))


def _holding(held: Claim) -> ColumnElement[bool]:
    return (answers.c.caller == held.caller) & (answers.c.key == held.key) & (answers.c.claim == held.token)
