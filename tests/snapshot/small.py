"""Small registers, written as files, and what is compared of a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher.corpora import Corpora
from matcher.intake import Companies, Intake, read_files
from matcher.intake.companies import TEXT_FIELDS
from matcher.intake.fields import NUMBER_COLUMNS
from matcher.snapshot import Built, build, layout
from tests.intake.files import as_csv

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
HEADER = ("企业名称", "统一社会信用代码", "成立日期", "注册资本", "参保人数", "经营范围", "所属城市", "曾用名", "数据日期")


def code(number: int, start: str = "91370200") -> str:
    """A credit code that passes its check."""
    body = start + "".join(ALPHABET[number // 31**place % 31] for place in range(9))
    total = sum(ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(body))
    return body + ALPHABET[-total % 31]


def write(folder: Path, name: str, rows: Sequence[Sequence[Any]], header: Sequence[str] = HEADER) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(as_csv([header, *rows]))
    return path


@contextmanager
def unsynced(**constants: int) -> Iterator[None]:
    """No waiting for the disk, and other constants of ``matcher.intake.pieces``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "sync", lambda path: None)
        for name, value in constants.items():
            patch.setattr(f"matcher.intake.pieces.{name}", value)
        yield


def columns(companies: Companies) -> dict[str, list[Any]]:
    """All that companies hold, and the types of its numbers."""
    texts: dict[str, list[Any]] = {field: list(companies.text[field]) for field in TEXT_FIELDS}
    numbers = {name: getattr(companies, name) for name in NUMBER_COLUMNS}
    return texts | {name: [column.dtype, *column.tolist()] for name, column in numbers.items()}


def same_as_read(built: Built, files: Sequence[Path], corpora: Corpora) -> Intake:
    """Asserts that a snapshot holds what ``read_files`` reads, with the same account of every row."""
    read = read_files(files, corpora)
    found = built.snapshot.intake()
    assert columns(found.companies) == columns(read.companies)
    assert (built.read, built.accepted, built.merged, built.rejected) == (
        read.read,
        len(read.companies),
        read.merged,
        len(read.rejects),
    )
    assert (found.read, found.merged, found.notes, found.undated) == (read.read, read.merged, read.notes, read.undated)
    assert built.notes == read.notes
    listed = built.rejects.read_text(encoding="utf-8-sig").splitlines()[1:] if built.rejects else []
    wanted = [f"{reject.file},{reject.row},{reject.field}," for reject in read.rejects]
    assert len(listed) == len(wanted)
    assert all(line.startswith(start) for line, start in zip(listed, wanted, strict=True))
    assert [line.removeprefix(start) for line, start in zip(listed, wanted, strict=True)] == [r.reason for r in read.rejects]
    return read


def tree(folder: Path) -> Mapping[str, bytes]:
    """Every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def built(home: Path, corpora: Corpora, *files: Path, **options: Any) -> Built:
    return build(files, corpora, home, **options)


def profile_bytes(profiles: Any) -> list[tuple[str, Any, bytes]]:
    return [(str(array.dtype), array.shape, np.ascontiguousarray(array).tobytes()) for array in astuple(profiles)]
