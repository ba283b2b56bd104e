"""Real servers on loopback for tests: the command in a process of its own, or the connection layer in a thread."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from matcher.api.logs import configuration
from matcher.api.protocol import Guarded


@dataclass
class Served:
    """A running command."""

    process: subprocess.Popen[str]
    port: int
    said: list[str]

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in list(self.said) if line.startswith("{")]


@contextlib.contextmanager
def served(home: Path, *options: str) -> Iterator[Served]:
    """``lianzhao serve`` on a free port; it can be called at once, and is told to stop at the end."""
    command = [sys.executable, "-m", "matcher", "serve", "--port", "0", *options]
    environment = {**os.environ, "LIANZHAO_HOME": str(home), "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    said: list[str] = []
    port = 0
    for line in process.stderr:
        said.append(line)
        found = re.search(r"链招服务：http://[^ ]*:([0-9]+)", line)
        if found:
            port = int(found[1])
            break
    reader = threading.Thread(target=lambda: said.extend(process.stderr), daemon=True)  # type: ignore[arg-type]
    reader.start()
    try:
        assert port, "".join(said)
        yield Served(process, port, said)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        reader.join(10)
        process.stderr.close()


@contextlib.contextmanager
def connected(app: FastAPI) -> Iterator[int]:
    """The connection layer before an application, in a thread."""
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=Guarded,
        ws="none",
        lifespan="on",
        log_config=configuration("plain"),
        access_log=False,
        server_header=False,
    )
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(60)


def talk(port: int, *parts: bytes, reads: bool = True) -> tuple[int, dict[str, str], bytes]:
    """Sends bytes as they are and reads until the server hangs up; a server that hears no more is no error."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for part in parts:
                connection.sendall(part)
        answer = b""
        while reads:
            more = connection.recv(1 << 16)
            if not more:
                break
            answer += more
    return parsed(answer)


def parsed(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
    return int(first.split(" ")[1]) if first else 0, headers, body


def post(path: str, *headers: str, host: str = "127.0.0.1") -> bytes:
    """The head of a request that closes the connection after its answer."""
    return "\r\n".join([f"POST {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers, "", ""]).encode()


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def peak_memory(pid: int) -> int:
    """Most memory that a process has had, in kilobytes."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])  # type: ignore[index]
