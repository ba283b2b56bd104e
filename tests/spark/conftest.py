"""One cluster and one session for all tests that need them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from matcher.engine import Engine
from tests.spark import events
from tests.spark.cluster import Cluster

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SETTINGS = {
    "spark.executor.memory": "1g",
    "spark.executor.cores": "1",
    "spark.cores.max": "2", "spark.driver.memory": "512m", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR", "spark.network.timeout": "60s",
    "spark.executor.heartbeatInterval": "5s",
}  # fmt: skip


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    started = Cluster(tmp_path_factory.mktemp("cluster"))
    yield started
    started.stop()


@pytest.fixture(scope="session")
def spark(cluster: Cluster) -> Iterator[SparkSession]:
    from matcher.spark import connected

    with connected(cluster.url, SETTINGS | events.settings(cluster.folder / "events")) as session:
        yield session


@pytest.fixture(scope="session")
def engines() -> list[Engine]:
    return [Engine(zone, processes=1) for zone in ("liaocheng-resort", "zhuhai-jinwan")]
