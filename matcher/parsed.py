"""Texts that were parsed before (读过的文本): what is in a YAML file, left by an earlier run, so that a start need not parse it again.

Parsing the rules and corpora of a zone is a sixth of a cold start. What came of a text lies in ``LIANZHAO_HOME/parsed`` under the digest
of the text and of the code that read it, with a checksum. Whatever is missing, spoilt, of another version or cannot be written is made
anew, and nobody is told: the folder can be thrown away at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from matcher.locate import home
from matcher.storage import whole_bytes

MOST = 200
"""Texts that are kept (最多留几份): the oldest go first."""
_MARK = "\0"  # no key of a file that people write


def parsed_before(text: bytes, reader: str, parse: Callable[[], object]) -> object:
    """What ``parse`` makes of ``text``, from an earlier run where one left it (读过的不再读).

    Args:
        text: All that the content depends on, but for the code.
        reader: ``__file__`` of the module that parses: changed code has nothing to do with what the old one made.
        parse: Is called if nothing was left; its errors are the caller's, and nothing is kept then.
    """
    key = hashlib.sha256(f"{_version(reader)} {hashlib.sha256(text).hexdigest()}".encode()).hexdigest()
    try:
        file = home() / "parsed" / f"{key}.json"
        checksum, body = file.read_bytes().split(b"\n", 1)
        if checksum == _checksum(body):
            return json.loads(body, object_hook=_back)
    except (OSError, RuntimeError, ValueError, TypeError):  # there is none, or no home, or it is spoilt
        pass
    content = parse()
    with contextlib.suppress(OSError, RuntimeError, ValueError, TypeError):
        _keep(home() / "parsed" / f"{key}.json", json.dumps(_plain(content), ensure_ascii=False).encode())
    return content


@lru_cache(maxsize=8)
def _version(reader: str) -> str:
    code = b"".join(hashlib.sha256(Path(file).read_bytes()).digest() for file in (__file__, reader))
    return f"{code.hex()} {yaml.__version__}"


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def _keep(file: Path, body: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with whole_bytes(file) as stream:
        stream.write(_checksum(body) + b"\n" + body)
    kept = list(file.parent.iterdir())
    if len(kept) > MOST:
        for old in sorted(kept, key=lambda one: one.stat().st_mtime_ns)[: len(kept) - MOST // 2]:
            old.unlink(missing_ok=True)


def _plain(value: object) -> object:
    """A value as JSON can tell it; keys that are no texts, and dates, are told apart by a mark.

    Raises:
        TypeError: It holds something else.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is list:
        return [*map(_plain, value)]
    if type(value) is date:
        return {_MARK: value.isoformat()}
    if type(value) is not dict:
        raise TypeError(type(value).__name__)
    if all(type(key) is str for key in value) and _MARK not in value:
        return {key: _plain(inner) for key, inner in value.items()}
    return {_MARK: [[_plain(key), _plain(inner)] for key, inner in value.items()]}


def _back(found: dict[str, Any]) -> object:
    if _MARK not in found:
        return found
    told = found[_MARK]
    return date.fromisoformat(told) if isinstance(told, str) else dict(told)
