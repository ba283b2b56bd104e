"""Small requests that come at once are scored together (合批): a company among eight costs a third of what it costs alone.

Nobody waits for others to come. While some are worked on, in one thread, the event loop takes in whoever comes; when they are done, it
sends their answers, sees who came meanwhile, and hands over all of these that want the same rules on the same day. Only the loop decides,
and it does so while the thread rests: two that want Python's lock at once would wait for it by turns, five milliseconds each time.
Companies are scored each by itself, so the answers are those of one request alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any, Generic, TypeVar

import anyio.to_thread

T = TypeVar("T")
_Work = Callable[[Sequence[Any]], list[T]]
SMALL = 8
"""Items of a request that goes with others (小批): a large one gains nothing, and would hold them up."""
_TOGETHER = 64  # items worked on at once
_LOOKS = 4  # rounds of the loop from a request's bytes to here: those that are on their way when a batch ends go with the next


class _Ticket(Generic[T]):
    """One request in the queue."""

    def __init__(self, key: Hashable, items: Sequence[Any], work: _Work[T], answers: asyncio.Future[list[T]]) -> None:
        self.key, self.items, self.work, self.answers = key, items, work, answers
        self.alone = False  # something was wrong with those that it went with

    def end(self, answers: list[T] | None, error: BaseException | None) -> None:
        """Answers it, unless nobody waits any more."""
        if self.answers.done():
            return
        if error is not None:
            self.answers.set_exception(error)
        else:
            self.answers.set_result(answers or [])


class Gatherer(Generic[T]):
    """Works on what comes at once together (合批处理), for one event loop."""

    def __init__(self) -> None:
        self._waiting: list[_Ticket[T]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._busy = False
        self._thread = ThreadPoolExecutor(1, "lianzhao-together")

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
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # whatever was left of another ended with it
            self._loop, self._waiting, self._busy = loop, [], False
        ticket = _Ticket[T](key, items, work, loop.create_future())
        self._waiting.append(ticket)
        if not self._busy:
            self._begin(loop)
        return await ticket.answers

    def close(self) -> None:
        """Takes no more (停止)."""
        self._thread.shutdown()

    def _begin(self, loop: asyncio.AbstractEventLoop, looks: int = 0) -> None:
        """Hands over those that wait, after some more looks at who comes."""
        self._busy = bool(self._waiting)
        if looks and self._waiting:
            loop.call_soon(self._begin, loop, looks - 1)
        elif self._waiting:
            taken = self._taken()
            given = self._thread.submit(taken[0].work, [item for one in taken for item in one.items])
            given.add_done_callback(partial(self._done, loop, taken))

    def _done(self, loop: asyncio.AbstractEventLoop, taken: list[_Ticket[T]], given: Future[list[T]]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits
            loop.call_soon_threadsafe(self._end, loop, taken, given)

    def _end(self, loop: asyncio.AbstractEventLoop, taken: list[_Ticket[T]], given: Future[list[T]]) -> None:
        """Answers those that were worked on, and goes on with those that came meanwhile."""
        error = given.exception()
        if error is not None and len(taken) > 1:  # nobody's in particular
            for ticket in taken:
                ticket.alone = True
            self._waiting[:0] = taken
        else:
            answers = iter(() if error else given.result())
            for ticket in taken:
                ticket.end(list(islice(answers, len(ticket.items))), error)
        self._begin(loop, _LOOKS)

    def _taken(self) -> list[_Ticket[T]]:
        """The first of those that wait and whoever may go with it, first come first; they wait no longer."""
        first, *others = [ticket for ticket in self._waiting if not ticket.answers.done()] or self._waiting
        taken, left, size = [first], list[_Ticket[T]](), len(first.items)
        for ticket in others:
            fits = ticket.key == first.key and not first.alone and not ticket.alone and size + len(ticket.items) <= _TOGETHER
            (taken if fits else left).append(ticket)
            size += len(ticket.items) if fits else 0
        self._waiting = left
        return taken
