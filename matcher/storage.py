"""Files whole or not at all (整体写入), and memory in bulk: what several rooms need of the machine."""

from __future__ import annotations

import contextlib
import gc
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO


@contextlib.contextmanager
def whole_file(path: Path, *, bom: bool = False) -> Iterator[TextIO]:
    """A text stream that becomes ``path`` when all of it is written (写文件).

    Args:
        path: Where to; a link is followed, its folder must exist.
        bom: Begin with a byte order mark, as spreadsheets want it.

    Raises:
        OSError: The file cannot be written; nothing is left behind.
    """
    with (
        _replacing(path) as handle,
        os.fdopen(handle, "w", encoding="utf-8-sig" if bom else "utf-8", errors="replace", newline="") as stream,
    ):
        yield stream


@contextlib.contextmanager
def whole_bytes(path: Path) -> Iterator[BinaryIO]:
    """The same for bytes (写二进制文件)."""
    with _replacing(path) as handle, os.fdopen(handle, "wb") as stream:
        yield stream


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[int]:
    """A file of its own beside ``path`` that takes its place at the end; whoever gets the handle closes it."""
    target = path.resolve()
    if target.is_dir():
        raise IsADirectoryError(21, "是一个目录", str(path))
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}-")
    try:
        yield handle
        Path(name).chmod(0o644)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection within (暂停垃圾回收): millions of small objects that are all kept would be looked through again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
