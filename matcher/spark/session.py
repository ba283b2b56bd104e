"""A connection to a cluster (连接集群), and what its errors mean."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from matcher.errors import ClusterError, InputError, LianzhaoError, PackageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_KINDS: dict[str, type[LianzhaoError]] = {"PackageError": PackageError}
_SAID = re.compile(r"matcher\.errors\.(\w+): ([^\n]+)")
_LAST = re.compile(r"(?:Caused by|[\w.]*(?:Error|Exception)): ([^\n]+)")


@contextlib.contextmanager
def connected(url: str, settings: Mapping[str, str] | None = None) -> Iterator[SparkSession]:
    """A session on a cluster, ended behind the block (连接); workers use this Python unless ``PYSPARK_PYTHON`` names another.

    Args:
        url: ``spark://host:7077``, ``yarn``, ``local[2]`` …
        settings: Spark's own, as ``spark-submit --conf`` takes them.

    Raises:
        ClusterError: PySpark or Java is not there, or the cluster cannot be reached.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ModuleNotFoundError:
        raise ClusterError("没有安装 Spark 组件，请安装 lianzhao[spark]") from None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("lianzhao").master(url)
    for key, value in (settings or {}).items():
        builder = builder.config(key, value)
    try:
        with _quiet():
            session = builder.getOrCreate()
    except PySparkException as error:
        raise ClusterError(
            f"Spark 启动不了（{_first_line(error)}）：需要 Java 17，如 apt-get install openjdk-17-jre-headless"
        ) from None
    try:
        yield session
    finally:
        session.stop()


def prepare(session: SparkSession) -> None:
    """Settings of a session on which equal answers depend (与结果有关的设置)."""
    session.conf.set("spark.sql.caseSensitive", "true")  # a file may have Name and name
    session.conf.set("spark.sql.session.timeZone", "UTC")  # points in time are shown by one machine's own rule
    session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "20000")
    few = session.sparkContext.defaultParallelism  # for the small sums between the stages, whose own partitions go by their rows
    session.conf.set("spark.sql.shuffle.partitions", str(few))


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Turns what a cluster reports into one clear line (集群报错).

    Raises:
        ClusterError: Or its kin, or another error of the program that a worker reported.
    """
    from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError
    from pyspark.errors import PySparkException

    with _quiet():
        try:
            yield
        except Py4JJavaError as error:
            raise _meant(str(error.java_exception)) from error
        except (PySparkException, Py4JError, Py4JNetworkError) as error:
            raise _meant(str(error)) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without PySpark's warning of pandas 3: nothing here becomes a frame of pandas."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
        yield


def _meant(text: str) -> LianzhaoError:
    """The error of the program that a worker raised, or what Spark says."""
    found = _SAID.search(text)
    if found is None:
        lines = _LAST.findall(text) or text.strip().splitlines() or [""]
        return ClusterError(f"集群没有做完：{lines[-1][:300]}")
    kind, said = found.groups()
    if kind.endswith("InputError"):
        file, _, problem = said.partition("：")
        return InputError(file, problem)
    return _KINDS.get(kind, ClusterError)(said)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
