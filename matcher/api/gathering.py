"""Small requests that come at once are scored together (合批): a company among eight costs half of what it costs alone.

Nobody waits for others to come. One thread takes whoever is next and along with it all that wait for the same rules on the same day; those
who come meanwhile go together after it. Companies are scored each by itself, so the answers are those of one request alone.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Generic, TypeVar

import anyio.to_thread

T = TypeVar("T")
_Work = Callable[[Sequence[Any]], list[T]]
SMALL = 8
"""Items of a request that goes with others (小批): a large one gains nothing, and would hold them up."""
_TOGETHER = 64  # items worked on at once


class _Ticket(Generic[T]):
    """One request in the queue."""

    def __init__(self, key: Hashable, items: Sequence[Any]) -> None:
        self.key, self.items = key, items
        self.answers: list[T] | None = None


class Gatherer(Generic[T]):
    """Works on what comes at once together (合批处理)."""

    def __init__(self) -> None:
        self._waiting: list[_Ticket[T]] = []
        self._lock = threading.Lock()  # of the queue
        self._turns = ThreadPoolExecutor(1, "lianzhao-turns")
        self._together = ThreadPoolExecutor(1, "lianzhao-together")

    async def answers(self, key: Hashable, items: Sequence[Any], work: _Work[T]) -> list[T]:
        """An answer for every item, in order (作答).

        Args:
            key: Only items under equal keys may be worked on together.
            items: Of this request.
            work: Answers items in order, each as it would be answered alone; equal keys have the same. What it raises for items of
                several requests, none of them meets: each is then worked on by itself.
        """
        if len(items) > SMALL:
            return await anyio.to_thread.run_sync(work, items)
        ticket = _Ticket[T](key, items)
        with self._lock:
            self._waiting.append(ticket)
        return await asyncio.wrap_future(self._turns.submit(self._turn, ticket, work))

    def close(self) -> None:
        """Takes no more (停止)."""
        self._turns.shutdown()
        self._together.shutdown()

    def _turn(self, ticket: _Ticket[T], work: _Work[T]) -> list[T]:
        if ticket.answers is None and len(taken := self._taken(ticket)) > 1:
            items = [item for one in taken for item in one.items]
            together = self._together.submit(work, items)  # in a thread of its own: what it raises is nobody's in particular
            if together.exception() is None:
                answers = iter(together.result())
                for one in taken:
                    one.answers = list(islice(answers, len(one.items)))
        return work(ticket.items) if ticket.answers is None else ticket.answers

    def _taken(self, own: _Ticket[T]) -> list[_Ticket[T]]:
        """This ticket and those that may go with it, first come first; they wait no longer."""
        with self._lock:
            taken, size = [own], len(own.items)
            for ticket in self._waiting:
                if ticket is not own and ticket.key == own.key and size + len(ticket.items) <= _TOGETHER:
                    taken.append(ticket)
                    size += len(ticket.items)
            self._waiting = [ticket for ticket in self._waiting if ticket not in taken]
            return taken
