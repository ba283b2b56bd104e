"""The application behind its doors, and the server before it (服务的启动).

From the outside in, a request meets: its id, the log and the figures, compression, the door (who, whether, how often), its body's limits,
the audit log, its turn at heavy work, and then the application.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from matcher.api.access import Door
from matcher.api.audit import Recorded
from matcher.api.limits import Bodies, Turns
from matcher.api.logs import Observed, configuration
from matcher.api.metrics import TOGETHER, Metrics
from matcher.api.operations import Operations
from matcher.api.rates import Buckets
from matcher.api.records import Records
from matcher.api.settings import Settings
from matcher.errors import OptionError, system_reason
from matcher.store.database import open_store, store_exists
from matcher.store.keys import live_keys

_KEEP_ALIVE = 15  # seconds
_HEAD_SIZE = 32 * 1024
_SOCKET_SIZE = 1 << 20  # bytes of one message of a page; files come as bodies
_GOODBYE = 30  # seconds for requests under way when the server stops
_PATIENCE = 120  # seconds for a worker to say that it lives: one that is starting on a busy machine is not to be killed
_BACKLOG = 512


def guard(app: FastAPI, settings: Settings) -> None:
    """Puts the doors before an application (装上各道门), those inside compression; ``observe`` adds those outside."""
    app.state.records = records = Records(settings.address)
    app.state.buckets = buckets = Buckets(settings.home / "service" / "rates")
    app.add_middleware(Turns, limits=settings.limits)  # the last one added is the outermost
    app.add_middleware(Recorded, records=records)
    app.add_middleware(Bodies, limits=settings.limits)
    app.add_middleware(Door, settings=settings, records=records, buckets=buckets)


def observe(app: FastAPI, settings: Settings) -> None:
    """Logs and counts every request of an application (装上日志与指标)."""
    app.state.metrics = Metrics()
    app.state.operations = Operations(app)
    app.add_middleware(Observed, operations=app.state.operations, metrics=app.state.metrics, form=settings.log)


async def unguard(app: FastAPI) -> None:
    """Gives back what the doors have opened (关闭)."""
    await app.state.records.close()
    app.state.buckets.close()


@dataclass(frozen=True)
class Serving:
    """Where and how to serve (服务方式).

    Attributes:
        host, port: The address; port 0 is any that is free.
        workers: Processes.
        root_path: What a proxy has taken off the path.
        proxies: Addresses or networks of proxies whose word about the client's address is taken.
        application: What makes the application: this one, or one with pages, which lives in one process.
        sockets: The application talks to browsers over websockets.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    root_path: str = ""
    proxies: tuple[str, ...] = ()
    application: str = "matcher.api.app:create_app"
    sockets: bool = False


def check(serving: Serving, settings: Settings) -> None:
    """Raises if it would not be safe to serve so (检查服务方式).

    Raises:
        OptionError: Others could call without a key, no key counts, or an option cannot be read.
        StoreError: The keys cannot be read.
    """
    if serving.root_path and (not serving.root_path.startswith("/") or serving.root_path.endswith("/")):
        raise OptionError("--root-path 应以 / 开头、不以 / 结尾，如 /lianzhao")
    for proxy in serving.proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            raise OptionError(f"--trusted-proxy 应为地址或网段，如 10.0.0.5，写的是 {proxy[:60]!r}") from None
    how = "先用 lianzhao keys create 建密钥，再加 --require-keys（或 LIANZHAO_REQUIRE_KEYS=1）"
    if not settings.needs_keys:
        if not is_own(serving.host):
            raise OptionError(f"没有要求密钥，只能在本机地址 127.0.0.1 上服务，写的是 {serving.host}；{how}")
        if serving.proxies:
            raise OptionError(f"没有要求密钥，不能放在代理后面；{how}")
        return
    known = 0
    if settings.database or store_exists():
        with open_store(settings.address) as store:
            known = live_keys(store)
    if not known:
        raise OptionError("要求密钥，但还没有一把有效的；先用 lianzhao keys create 建一把")


def is_own(host: str) -> bool:
    """Whether an address is of this machine only (是否本机地址)."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(serving: Serving, settings: Settings, announce: Callable[[str], None]) -> int:
    """Serves until it is told to stop (启动服务).

    Args:
        serving: Where and how.
        settings: Those that the workers will read from the environment, too.
        announce: Is told the address when it can be called.

    Returns:
        The exit code.

    Raises:
        OptionError: It would not be safe, or the address is taken.
    """
    check(serving, settings)
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from matcher.api.protocol import Guarded

    listening = _listen(serving)
    config = uvicorn.Config(
        serving.application,
        factory=True,
        loop="asyncio",  # what the connection layer is tested with, whatever else is installed
        http=Guarded,
        ws="matcher.api.sockets:Socket" if serving.sockets else "none",
        ws_max_size=_SOCKET_SIZE,
        lifespan="on",
        workers=serving.workers,
        root_path=serving.root_path,
        proxy_headers=bool(serving.proxies),
        forwarded_allow_ips=list(serving.proxies),
        log_config=configuration(settings.log),
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_GOODBYE,
        timeout_worker_healthcheck=_PATIENCE,
        h11_max_incomplete_event_size=_HEAD_SIZE,
    )
    announce(_address(listening, serving))
    if serving.workers > 1:
        with _counting_together(settings.home):
            Multiprocess(config, sockets=[listening]).run()
        return 0
    server = uvicorn.Server(config)
    server.run(sockets=[listening])
    return 0 if server.started else 1


def _listen(serving: Serving) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            serving.host, serving.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
    except OSError as error:
        raise OptionError(f"没有 {serving.host} 这个地址（{system_reason(error)}）") from None
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(_BACKLOG)  # whoever calls from now on is answered, as soon as a worker is up
    except OSError as error:
        made.close()
        reason = "已被别的程序占用" if error.errno == errno.EADDRINUSE else system_reason(error)
        raise OptionError(f"不能在 {serving.host} 的端口 {serving.port} 上服务：{reason}；请用 --port 换一个") from None
    made.set_inheritable(True)
    return made


def _address(listening: socket.socket, serving: Serving) -> str:
    host = f"[{serving.host}]" if ":" in serving.host else serving.host
    return f"http://{host}:{listening.getsockname()[1]}"


@contextlib.contextmanager
def _counting_together(home: Path) -> Iterator[None]:
    """A folder where the workers count together, new for every start."""
    parent = home / "service"
    parent.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="metrics-", dir=parent)
    os.environ[TOGETHER] = folder
    try:
        yield
    finally:
        del os.environ[TOGETHER]
        shutil.rmtree(folder, ignore_errors=True)
