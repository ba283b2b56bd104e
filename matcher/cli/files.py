"""Writing answers (输出文件): whole or not at all, and never a cell that a spreadsheet would run as a formula."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from matcher.errors import LianzhaoError, OptionError, system_reason
from matcher.scoring.explain import Explanation
from matcher.storage import whole_bytes, whole_file
from matcher.types import RankedCompany


@contextlib.contextmanager
def written(target: str | None, *, bom: bool = False) -> Iterator[TextIO]:
    """A text stream to ``target``, or to stdout if None (输出流); a file appears only when all of it is written.

    Raises:
        OptionError: It cannot be written there.
    """
    try:
        if target is None:
            if bom:
                sys.stdout.write("\ufeff")
            yield sys.stdout
            sys.stdout.flush()
        else:
            with whole_file(Path(target), bom=bom) as stream:
                yield stream
    except BrokenPipeError:
        raise
    except OSError as error:
        if target is None:  # what is still in the buffer cannot be written either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise LianzhaoError(f"写不进标准输出（{system_reason(error)}）") from None
        raise OptionError(f"写不进 {target}（{system_reason(error)}）") from None


def write_bytes(target: str, content: bytes) -> None:
    """Writes a file of bytes, whole or not at all (写二进制文件).

    Raises:
        OptionError: It cannot be written there.
    """
    try:
        with whole_bytes(Path(target)) as stream:
            stream.write(content)
    except OSError as error:
        raise OptionError(f"写不进 {target}（{system_reason(error)}）") from None


def result_json(result: RankedCompany) -> dict[str, Any]:
    """A result without ``rank``, as ``score`` answers (评分结果的 JSON)."""
    data = asdict(result)
    del data["rank"]
    return data


def explained_json(result: RankedCompany, explanation: Explanation) -> dict[str, Any]:
    """A result without ``rank``, with everything that speaks for and against it (评分与完整解释的 JSON)."""
    return {**result_json(result), "explanation": asdict(explanation)}
