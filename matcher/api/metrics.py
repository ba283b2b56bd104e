"""Figures for Prometheus (指标): requests by route, status and time. Of all workers together, if the server has several."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from matcher.api.problems import COMMON, documented
from matcher.api.service import Service, service_of

TOGETHER = "PROMETHEUS_MULTIPROC_DIR"
"""The folder where several workers count together, an environment variable of prometheus-client (多进程指标目录)."""
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

disable_created_metrics()  # type: ignore[no-untyped-call]  # when a series began is of no use to anybody here
router = APIRouter(tags=["服务"], responses=documented(*COMMON))


class Metrics:
    """What one application counts (指标)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("lianzhao_requests", "Requests 请求数", ["method", "route", "status"], registry=self.registry)
        self._seconds = Histogram(
            "lianzhao_request_seconds",
            "Seconds until answered 应答秒数",
            ["method", "route"],
            registry=self.registry,
            buckets=_SECONDS,
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a request (计一次). Names are the service's own, so that nobody can make up new ones."""
        shown = method if method in _METHODS else "other"
        self._requests.labels(shown, route, str(status)).inc()
        self._seconds.labels(shown, route).observe(seconds)

    def told(self, service: Service) -> bytes:
        """All figures (全部指标)."""
        now = CollectorRegistry()
        now.register(_State(service))
        folder = os.environ.get(TOGETHER)
        if not folder:
            return generate_latest(self.registry) + generate_latest(now)
        forget_the_dead(Path(folder))
        together = CollectorRegistry()
        MultiProcessCollector(together, folder)  # type: ignore[no-untyped-call]
        return generate_latest(together) + generate_latest(now)


class _State(Collector):
    """What the worker that answers works on: snapshot and rules in use, what it refused to take up."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        state = self._service.state
        snapshot = GaugeMetricFamily("lianzhao_snapshot", "Companies in use 所用企业库：企业数", labels=["version"])
        if state.base is not None:
            snapshot.add_metric([state.base.version], len(state.base))
        rules = GaugeMetricFamily("lianzhao_ruleset", "Rules in use 所用规则", labels=["zone", "digest"])
        for zone, engine in state.engines.items():
            rules.add_metric([zone, engine.zone.digest], 1)
        refused = GaugeMetricFamily("lianzhao_refused", "What is new and broken and was not taken up 拒绝换上的", labels=["what"])
        self._service.look_at_ledgers()
        for one in self._service.refused:
            refused.add_metric([one.what], 1)
        yield from (snapshot, rules, refused)
        yield CounterMetricFamily("lianzhao_swaps", "Swaps of this worker 换上次数", value=self._service.keeper.swaps)


def forget_the_dead(folder: Path) -> None:
    """Drops the present state of workers that have ended (清理已退出进程); what they counted stays."""
    pids = {file.stem.rpartition("_")[2] for file in folder.glob("gauge_live*.db")}
    for pid in pids:
        if pid.isdigit() and not _lives(int(pid)):
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def _lives(pid: int) -> bool:
    with contextlib.suppress(PermissionError):  # it lives, and is somebody else's
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True


@router.get(
    "/metrics",
    operation_id="metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(request: Request) -> Response:
    """Figures in the text format of Prometheus (指标)."""
    counted: Metrics = request.app.state.metrics
    return Response(counted.told(service_of(request)), media_type=CONTENT_TYPE_LATEST)
