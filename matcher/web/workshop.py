"""What pages work with (工作间): the service, and one way to have something done that holds up nobody else.

A page names the operation of the interface that it is about to do; what that operation asks of a caller over HTTP, it asks here: role,
scope, zone, rate, a turn at heavy work, a line in the audit log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

import anyio
import anyio.to_thread

from matcher.api.access import Caller
from matcher.api.audit import ended
from matcher.api.problems import KINDS, RefusedError, told_of
from matcher.api.rates import Buckets, Rate
from matcher.api.records import Records
from matcher.api.roles import OPERATIONS
from matcher.api.service import Service, Shelf
from matcher.api.settings import Settings
from matcher.errors import LianzhaoError
from matcher.store.audit import Entry, note
from matcher.web.builds import Builds
from matcher.web.sessions import Session

T = TypeVar("T")
UPLOAD = 512 << 20
"""Most bytes of a file that a page takes (上传上限)."""
_STANDINGS = 4
_LIGHT = 16  # threads for what is quickly done


@dataclass(frozen=True)
class Workshop:
    """What all pages of a process share (工作间).

    Attributes:
        service: Companies, rules, engines and the database.
        records: The database as it is asked without holding up others.
        buckets: Rates shared by all workers.
        builds: Snapshots that are being built from the pages.
        standings: What became of all companies under a zone's rules, for the last few who asked.
    """

    settings: Settings
    service: Service
    records: Records
    buckets: Buckets
    builds: Builds
    standings: Shelf[Any] = field(default_factory=lambda: Shelf(_STANDINGS))
    _light: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(_LIGHT))
    _turns: list[anyio.CapacityLimiter] = field(default_factory=list)

    async def run(self, work: Callable[[], T], *, heavy: bool = False) -> T:
        """Does something in a thread (在线程中做); what is heavy waits for its turn.

        Raises:
            RefusedError: Its turn did not come.
        """
        if not heavy:
            return await anyio.to_thread.run_sync(work, limiter=self._light)
        if not self._turns:
            self._turns.append(anyio.CapacityLimiter(self.settings.limits.heavy))
        limits, turns = self.settings.limits, self._turns[0]
        if turns.statistics().tasks_waiting >= limits.waiting:
            raise RefusedError("overloaded", "正在排名的人太多，请稍后再试")
        holder = object()
        with anyio.move_on_after(limits.patience) as waited:
            await turns.acquire_on_behalf_of(holder)
        if waited.cancelled_caught:
            raise RefusedError("overloaded", "正在排名的人太多，请稍后再试")
        try:
            return await anyio.to_thread.run_sync(work, limiter=self._light)
        finally:
            turns.release_on_behalf_of(holder)


@dataclass(frozen=True)
class Visit:
    """Somebody opens a page (一次访问).

    Attributes:
        caller: Who.
        zone: Whose companies and rules.
        zones: All that this caller may choose from.
        query: What the address says behind the question mark.
        root: What stands before the pages' paths, where HTML is written by hand; links of NiceGUI add it themselves.
        request_id: Of the page, as the log says it.
        session: None at one's own machine without keys.
    """

    workshop: Workshop
    caller: Caller
    zone: str
    zones: tuple[str, ...]
    query: Mapping[str, str]
    root: str
    request_id: str
    session: Session | None = None

    @property
    def service(self) -> Service:
        """Companies, rules, engines and the database (服务)."""
        return self.workshop.service

    def address(self, path: str, **asked: str) -> str:
        """The address of a page of ours (网页地址), for the same zone unless another is asked for; links and ``ui.navigate`` want it so."""
        return f"{path}?{urlencode({'zone': self.zone, **asked})}"

    def may(self, operation: str) -> bool:
        """Whether this caller may do it (能否做): a page does not show what it may not."""
        return self.caller.may(operation) and self.caller.may_see(self.zone)

    async def ask(self, operation: str, work: Callable[[], T], *, run: Callable[[T], str] | None = None) -> T:
        """Does an operation of the interface for this caller (办一件事), in a thread, as it would be done over HTTP.

        Args:
            operation: Its id in ``matcher/api/roles.py``.
            work: What does it.
            run: Reads the id of the run from what was done, for the audit log.

        Raises:
            RefusedError: This caller may not, or not now.
            LianzhaoError: What the work raises; or the audit log cannot be written.
        """
        wanted = OPERATIONS[operation]
        self._check(operation)
        kept = wanted.audited or wanted.changes
        entry = Entry(self.caller.key, self.caller.name, operation, self.request_id, self.zone)
        records = self.workshop.records
        number = await records.ask(partial(note, entry=entry)) if wanted.changes else None
        status, told = 500, None
        try:
            done = await self.workshop.run(work, heavy=wanted.heavy)
            status, told = 200, run(done) if run else None
        except RefusedError as error:
            status = KINDS[error.kind][0]
            raise
        except LianzhaoError as error:
            status = KINDS[told_of(error).kind][0]
            raise
        finally:
            if kept:
                with anyio.CancelScope(shield=True):
                    await records.ask(partial(ended, entry=entry, number=number, status=status, run=told))
        return done

    def _check(self, operation: str) -> None:
        if self.session is not None and self.session.ended:
            raise RefusedError("unauthenticated", "登录已结束，请重新登录")
        if not self.may(operation):
            raise RefusedError("forbidden", "这把密钥不能做这件事")
        count(self.workshop, self.caller)


def count(workshop: Workshop, caller: Caller) -> None:
    """Takes one from what a key may ask in a minute (计一次), the same count as that of the interface.

    Raises:
        RefusedError: There is nothing left.
    """
    most = caller.limits(workshop.settings.limits).per_minute
    if caller.key is not None and most and not workshop.buckets.take(f"key {caller.key}", Rate(most)).allowed:
        raise RefusedError("too-many-requests", "操作过于频繁，请稍后再试")
