"""The database as middleware uses it (中间件用的数据库): opened when first needed, asked in threads of its own, waited for a little."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

from matcher.errors import StoreError
from matcher.store.database import Store, open_store

T = TypeVar("T")
PATIENCE = 5.0
"""Seconds that a request waits for the database (等待数据库的秒数)."""
_AT_ONCE = 4
_log = logging.getLogger("lianzhao.service")


class Records:
    """The database of one process (数据库).

    Args:
        address: Its address.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._store: Store | None = None
        self._opening = threading.Lock()
        self._threads: anyio.CapacityLimiter | None = None
        self._later: set[asyncio.Task[None]] = set()

    def store(self) -> Store:
        """The database, opened (数据库).

        Raises:
            StoreError: It cannot be opened.
        """
        with self._opening:
            if self._store is None:
                self._store = open_store(self._address, patience=PATIENCE)
            return self._store

    async def ask(self, question: Callable[[Store], T]) -> T:
        """Asks the database without holding up other requests (查询).

        Raises:
            StoreError: It cannot answer.
        """
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(_AT_ONCE)
        return await anyio.to_thread.run_sync(lambda: question(self.store()), limiter=self._threads)

    def later(self, task: Callable[[Store], None]) -> None:
        """Has something written that nobody waits for (稍后写入); if that fails, the log says so."""
        running = asyncio.ensure_future(self._quietly(task))
        self._later.add(running)  # the loop itself would let it be collected
        running.add_done_callback(self._later.discard)

    async def close(self) -> None:
        """Waits for what is being written, and gives the connections back (关闭)."""
        await asyncio.gather(*self._later)
        with self._opening:
            if self._store is not None:
                self._store.close()
                self._store = None

    async def _quietly(self, task: Callable[[Store], None]) -> None:
        try:
            await self.ask(task)
        except StoreError as error:
            _log.warning("密钥的使用时间没有记下：%s", error)
