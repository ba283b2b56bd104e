"""Who has signed in (登录会话): kept in this process, named by a random cookie of which only the hash is kept.

A session lasts as long as its key: it ends with a sign-out, with the key's expiry or revocation, after ``IDLE`` seconds of rest, and when
the service stops. With it end the pages that were opened under it.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from weakref import WeakSet

from nicegui import Client

from matcher.api.access import FRESH, Caller
from matcher.api.records import Records
from matcher.store import keys
from matcher.store.keys import KeptKey, Standing

IDLE = 12 * 3600.0
"""Seconds after which a session that nobody uses ends (闲置秒数)."""
_MOST = 10_000


@dataclass(eq=False)
class Session:
    """One sign-in (会话).

    Attributes:
        name: Hash of its cookie.
        caller: Who it is.
        proof: Hash of the key that it was opened with.
        pages: What was opened under it and is still open.
    """

    name: str
    caller: Caller
    proof: str
    used: float
    checked: float
    ended: bool = False
    pages: WeakSet[Client] = field(default_factory=WeakSet)


class Sessions:
    """All that are signed in (全部会话).

    Args:
        records: The database.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._all: dict[str, Session] = {}

    async def begin(self, token: str) -> tuple[str, Session] | Standing:
        """Signs somebody in (登录).

        Returns:
            What the cookie says and the session, or why the key does not open one.

        Raises:
            StoreError: The database cannot be read.
        """
        id_ = keys.key_id(token)
        kept = await self._kept(id_) if id_ is not None else None
        if not keys.proves(token, kept) or kept is None:
            return Standing.UNKNOWN
        now = datetime.now(UTC)
        standing = kept.key.standing(now)
        if standing is not Standing.LIVE:
            return standing
        if keys.used_long_ago(kept.key, now):
            self._records.later(partial(keys.note_use, id_=kept.key.id, now=now))
        self._make_room()
        cookie = secrets.token_urlsafe(32)
        session = Session(_hash(cookie), Caller.with_key(kept.key), kept.hash, time.monotonic(), time.monotonic())
        self._all[session.name] = session
        return cookie, session

    async def find(self, cookie: str | None) -> Session | None:
        """The session of a cookie, if it still holds (查会话).

        Raises:
            StoreError: The database cannot be read.
        """
        session = self._all.get(_hash(cookie)) if cookie else None
        if session is None or not await self.holds(session):
            return None
        session.used = time.monotonic()
        return session

    async def holds(self, session: Session) -> bool:
        """Whether a session still counts (会话是否有效); its key is looked up again after ``FRESH`` seconds. If it does not, it ends.

        Raises:
            StoreError: The database cannot be read.
        """
        now = time.monotonic()
        if not session.ended and now - session.checked > FRESH:
            assert session.caller.key is not None
            kept = await self._kept(session.caller.key)
            same = kept is not None and kept.hash == session.proof and Caller.with_key(kept.key) == session.caller
            if not same or kept is None or kept.key.standing(datetime.now(UTC)) is not Standing.LIVE:
                self.end(session)
            session.checked = now
        if now - session.used > IDLE and not any(page.has_socket_connection for page in session.pages):
            self.end(session)
        return not session.ended

    def end(self, session: Session) -> None:
        """Signs out (退出): the pages that are open under it go, too, so that whoever signs in next finds none of them."""
        session.ended = True
        self._all.pop(session.name, None)
        for page in [page for page in session.pages if not page.is_deleted]:
            page.delete()

    async def _kept(self, id_: str) -> KeptKey | None:
        return await self._records.ask(partial(keys.find_key, id_=id_))

    def _make_room(self) -> None:
        """Lets go of those at rest; if there are too many all the same, of those longest unused."""
        late = time.monotonic() - IDLE
        longest_unused = sorted(self._all.values(), key=lambda one: one.used)
        for place, session in enumerate(longest_unused):
            if session.used < late or len(longest_unused) - place >= _MOST:
                self.end(session)


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()
