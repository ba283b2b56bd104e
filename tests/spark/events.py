"""What a cluster itself tells of its work (Spark 的事件日志): rows of each task, executors that were lost, tasks that were done again."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def settings(folder: Path) -> dict[str, str]:
    """Of a session that keeps one plain file of events in ``folder``."""
    folder.mkdir(exist_ok=True)
    plain = {"compress": "false", "rolling.enabled": "false", "enabled": "true", "dir": folder.as_uri()}
    return {f"spark.eventLog.{key}": value for key, value in plain.items()}


class Events:
    """The events from now on."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        folder = Path(str(spark.conf.get("spark.eventLog.dir")).removeprefix("file://"))
        (self._file,) = folder.glob(f"{spark.sparkContext.applicationId}*")
        self._seen = len(self._all())

    def __call__(self) -> list[dict[str, Any]]:
        """Those until now."""
        return self._all()[self._seen :]

    def _all(self) -> list[dict[str, Any]]:
        self._spark.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(30_000)
        found: list[dict[str, Any]] = []
        for line in self._file.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):  # the last may be half written
                found.append(json.loads(line))
        return found


def rows_shuffled(events: list[dict[str, Any]]) -> list[list[int]]:
    """Of each stage that reads what another has sent: the rows of each of its tasks."""
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for event in _ended(events):
        if event["Task End Reason"]["Reason"] == "Success":
            read = event["Task Metrics"]["Shuffle Read Metrics"]["Total Records Read"]
            found[event["Stage ID"]][event["Task Info"]["Partition ID"]] = read
    return [list(tasks.values()) for tasks in found.values() if sum(tasks.values())]


def executors_lost(events: list[dict[str, Any]]) -> set[str]:
    return {event["Executor ID"] for event in events if event["Event"] == "SparkListenerExecutorRemoved"}


def tasks_lost(events: list[dict[str, Any]]) -> set[tuple[int, int]]:
    """(stage, partition) whose task, or what it had made, went with its executor."""
    lost = ("ExecutorLostFailure", "Resubmitted", "FetchFailed")
    return {_place(event) for event in _ended(events) if event["Task End Reason"]["Reason"] in lost}


def tasks_done(events: list[dict[str, Any]], not_on: set[str]) -> set[tuple[int, int]]:
    """(stage, partition) done by executors that were not lost."""
    good = (event for event in _ended(events) if event["Task End Reason"]["Reason"] == "Success")
    return {_place(event) for event in good if event["Task Info"]["Executor ID"] not in not_on}


def _ended(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["Event"] == "SparkListenerTaskEnd"]


def _place(event: dict[str, Any]) -> tuple[int, int]:
    return event["Stage ID"], event["Task Info"]["Partition ID"]
