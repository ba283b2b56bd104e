"""Rates that all workers share (共享的频率限制): leaky buckets in a mapped file, a lock of the kernel around each step.

A bucket is one number: the moment when it will be empty again (GCRA). A bucket that is empty says nothing, so another may take
its place; the file never grows. What a dying process may have left half-written is at most one bucket too full, which is cut to full.
"""

from __future__ import annotations

import fcntl
import hashlib
import math
import mmap
import os
import struct
import threading
import time
from dataclasses import dataclass
from pathlib import Path

PLACES = 1 << 16
"""How many buckets there is room for (桶数): one megabyte."""
_NEAR = 8  # places where a bucket may lie
_BUCKET = struct.Struct("<Qd")
_SIZE = (PLACES + _NEAR) * _BUCKET.size


@dataclass(frozen=True)
class Rate:
    """So many in a minute, and as many at once (频率)."""

    per_minute: int

    @property
    def step(self) -> float:
        """Seconds that one request takes to leak away."""
        return 60 / self.per_minute


@dataclass(frozen=True)
class Room:
    """What a bucket said (桶的回答).

    Attributes:
        allowed: Whether there was room.
        left: How many more now.
        wait: Seconds until there is room for one, 0 if there is.
        empty: Seconds until the bucket is empty.
    """

    allowed: bool
    left: int
    wait: float
    empty: float


class Buckets:
    """The buckets of a machine (共享的桶).

    Args:
        file: Shared by all processes that count together; opened, and made if it is not there, when it is first needed.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._open: tuple[int, mmap.mmap] | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Gives the file back (关闭)."""
        with self._lock:
            if self._open is not None:
                handle, mapped = self._open
                mapped.close()
                os.close(handle)
                self._open = None

    def take(self, name: str, rate: Rate) -> Room:
        """Takes room for one request, if there is (取一次)."""
        return self._step(name, rate, takes=True)

    def look(self, name: str, rate: Rate) -> Room:
        """Says whether there would be room for one, and takes none (只看)."""
        return self._step(name, rate, takes=False)

    def _step(self, name: str, rate: Rate, *, takes: bool) -> Room:
        tag = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little") or 1
        full = rate.per_minute * rate.step
        with self._lock:  # the kernel's lock is for processes, this one for threads
            handle, mapped = self._opened()
            fcntl.flock(handle, fcntl.LOCK_EX)
            try:
                now = time.monotonic()  # one clock for all processes of a machine; a restart is seen by the cut below
                place, until = _find(mapped, tag, now)
                until = min(until, now + full) if until > now else now
                allowed = until + rate.step <= now + full + 1e-6  # in a row of exact steps the last is not lost to rounding
                if allowed and takes:
                    until += rate.step
                    _BUCKET.pack_into(mapped, place * _BUCKET.size, tag, until)
            finally:
                fcntl.flock(handle, fcntl.LOCK_UN)
        left = math.floor((now + full - until) / rate.step + 1e-6)
        return Room(allowed, left, max(0.0, until + rate.step - now - full), until - now)

    def _opened(self) -> tuple[int, mmap.mmap]:
        if self._open is None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if os.fstat(handle).st_size != _SIZE:
                os.ftruncate(handle, _SIZE)  # what it adds is zero: empty buckets
            self._open = handle, mmap.mmap(handle, _SIZE)
        return self._open


def _find(mapped: mmap.mmap, tag: int, now: float) -> tuple[int, float]:
    """The bucket's place, else one that is free, else the emptiest nearby."""
    first = tag % PLACES
    near = [_BUCKET.unpack_from(mapped, place * _BUCKET.size) for place in range(first, first + _NEAR)]
    for offset, (there, until) in enumerate(near):
        if there == tag:
            return first + offset, until
    emptiest = min(range(_NEAR), key=lambda offset: near[offset][1])
    return first + emptiest, now
