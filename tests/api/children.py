"""What other processes do in the tests of the service; imported by them, so nothing here starts by itself."""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any

from matcher.api.rates import Buckets, Rate


def context() -> SpawnContext:
    return multiprocessing.get_context("spawn")


def start(work: Any, *arguments: Any) -> SpawnProcess:
    process = context().Process(target=work, args=arguments)
    process.start()
    return process


def take_often(file: Path, barrier: Any, most: int, times: int, told: Any) -> None:
    buckets = Buckets(file)
    barrier.wait(60)
    told.put(sum(buckets.take("key a", Rate(most)).allowed for _ in range(times)))
