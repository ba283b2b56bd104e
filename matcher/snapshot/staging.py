"""Blocks staged on disk (分块暂存): what was read of a file is kept with a checksum; an interrupted build goes on from there.

A stage belongs to a file's content, the corpora and the program's own reading; with any of them changed it is not found again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import Corpora
from matcher.errors import SnapshotError
from matcher.intake import Companies, Reject
from matcher.intake.blocks import Block, BlockReader, Job, blocks_made
from matcher.intake.companies import DAMAGED, TEXT_FIELDS
from matcher.intake.fields import is_rounded
from matcher.intake.flaws import PERSON
from matcher.intake.pieces import Position
from matcher.intake.sources import Source
from matcher.runs import library_versions
from matcher.snapshot.columns import Mapped
from matcher.snapshot.members import NUMBERS
from matcher.storage import whole_bytes

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECK = 32  # bytes of a SHA-256
_WIDTH = len(TEXT_FIELDS) + len(NUMBERS) + 1  # cells of a row: its fields, and whether its code passes
_FAR = 16  # rows between two that are wanted at which they are read one by one
_MOST_OPEN = 100  # files; a system allows 256 or more
_Rows = tuple[NDArray[Any], ...]  # of a block's rows: as ``_KINDS``
LIKE_PERSON, ROUNDED = 1, 2
"""What is known of a row beside its content: bits of ``Staged.flags`` (行标记)."""


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Of the program's own reading (读取程序的指纹): what an older or newer one kept is not trusted."""
    digest = hashlib.sha256(json.dumps(_versions(), sort_keys=True).encode())
    for folder in ("intake", "text", "matching", "snapshot"):
        for path in sorted((_PACKAGE / folder).glob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    for name in ("corpora.py", "places.py", "storage.py", "types.py"):
        digest.update((_PACKAGE / name).read_bytes())
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    """Of all that takes part in reading: also what takes Parquet and workbooks apart, and what is a letter and can be printed."""
    found = {**library_versions(), "python": platform.python_version(), "unicode": unicodedata.unidata_version}
    for name in ("pyarrow", "python-calamine"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


@dataclass(frozen=True)
class Staged:
    """A file's rows on disk (暂存的文件); arrays have one entry a row and are mapped.

    Attributes:
        source: The file.
        blocks: What each block's header says, but for the rejects.
        key: Digest of what makes rows one company, zero where there is no code.
        row: Spreadsheet row.
        flags: ``LIKE_PERSON``, ``ROUNDED``.
        as_of: As in ``Companies``.
    """

    source: Source
    folder: Path
    blocks: list[dict[str, Any]]
    key: NDArray[np.uint64]
    row: NDArray[np.int32]
    flags: NDArray[np.uint8]
    as_of: NDArray[np.int32]
    _length: NDArray[np.uint32]
    _begins: NDArray[np.int64]  # rows before each block, and all of them
    _mapped: Mapped
    _open: dict[int, tuple[int, NDArray[np.int64]]]  # of a block: the file, and where its rows begin there

    def __len__(self) -> int:
        return len(self.row)

    def total(self, name: str) -> int:
        """Sum of a count of all blocks (合计)."""
        return sum(int(block[name]) for block in self.blocks)

    def notes(self, *, persons: bool) -> Counter[str]:
        """Problem → count; without those of rows that are a person's (问题计数)."""
        found: Counter[str] = Counter()
        for block in self.blocks:
            found.update(block["notes"])
            found.update({} if persons else block["person_notes"])
        return found

    def rejects(self, *, persons: bool, number: int) -> Iterator[Reject]:
        """The rejected rows by row (拒收的行); ``persons``: those like a person's are among them."""
        for place in range(len(self.blocks)):
            kept = _read(_block_file(self.folder, place))
            if kept is None:
                raise SnapshotError(self.folder, "暂存的块读不回来，请再运行一次")
            found = [(row, field, reason) for row, field, reason in kept[0]["rejects"]]
            if persons:
                rows = slice(self._begins[place], self._begins[place + 1])
                found += [(row, *PERSON) for row in self.row[rows][self.flags[rows] & LIKE_PERSON > 0].tolist()]
            for row, field, reason in sorted(found):
                yield Reject(number, self.source.file, row, field, reason)

    def cells(self, places: NDArray[np.int64]) -> Iterator[list[str]]:
        """The values of rows as text (逐行取值): ``TEXT_FIELDS``, ``NUMBERS`` and whether the code passes.

        Args:
            places: Of the rows, ascending.
        """
        for start, end in _runs(places, self._begins):
            first, last = int(places[start]), int(places[end - 1])
            block = int(self._begins.searchsorted(first, side="right")) - 1
            handle, starts = self._opened(block)
            begin = int(starts[first - self._begins[block]])
            size = int(starts[last - self._begins[block]]) + int(self._length[last]) - begin
            cells = os.pread(handle, size, begin).decode().split("\n")
            for place in places[start:end].tolist():
                at = (place - first) * _WIDTH
                yield cells[at : at + _WIDTH]

    def _opened(self, block: int) -> tuple[int, NDArray[np.int64]]:
        if block not in self._open:
            if len(self._open) >= _MOST_OPEN:
                os.close(self._open.pop(next(iter(self._open)))[0])
            length = self._length[self._begins[block] : self._begins[block + 1]]
            starts = int(self.blocks[block]["data"]) + np.cumsum(length, dtype=np.int64) - length
            self._open[block] = os.open(_block_file(self.folder, block), os.O_RDONLY), starts
        return self._open[block]

    def release(self) -> None:
        """Gives back the memory of what was read (释放已读页)."""
        self._mapped.release()

    def close(self) -> None:
        """Closes the files (关闭)."""
        while self._open:
            os.close(self._open.popitem()[1][0])


def stage(source: Source, corpora: Corpora, stages: Path, tell: Callable[[int], None], processes: int = 1) -> Staged:
    """Reads a file into its stage (暂存一个文件), from where an interrupted build stopped.

    Args:
        source: The file.
        corpora: Everything about reading.
        stages: Where stages are.
        tell: Is told the rows done so far.
        processes: Most that take blocks apart.
    """
    name = hashlib.sha256(f"{source.digest} {corpora.digest} {code_digest()}".encode()).hexdigest()[:32]
    folder = stages / name
    folder.mkdir(exist_ok=True)
    headers: list[dict[str, Any]] = []
    with contextlib.ExitStack() as stack:
        columns = [stack.enter_context((folder / f"{name}.bin").open("wb")) for name in _KINDS]

        def keep(header: dict[str, Any], rows: _Rows) -> None:
            headers.append(_counts(header))
            for column, values in zip(columns, rows, strict=True):
                column.write(values.tobytes())

        while (kept := _read(_block_file(folder, len(headers)))) is not None:
            keep(*kept)
        done = sum(header["read"] for header in headers)
        tell(done)
        if not headers or not headers[-1]["last"]:
            start = Position(*headers[-1]["end"]) if headers else Position()
            for header, rows in _made(BlockReader(source, corpora), folder, len(headers), start, processes):
                keep(header, rows)
                done += header["read"]
                tell(done)
    return _staged(source, folder, headers)


def _made(
    reader: BlockReader, folder: Path, number: int, start: Position, processes: int
) -> Iterator[tuple[dict[str, Any], _Rows]]:
    """The blocks from ``start`` on: written by whoever made them, and only in their order under their names."""

    def make(job: Job, block: Block) -> tuple[dict[str, Any], _Rows]:
        header, rows, data = _content(block, last=job.last)
        _write(_made_file(folder, job.number), header, rows, data)
        return _counts(header), rows

    for place, made in blocks_made(reader, make, processes, start, number):
        _made_file(folder, place).replace(_block_file(folder, place))
        yield made


def _runs(places: NDArray[np.int64], begins: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Begin and end of those that stand in one block and not far from one another."""
    cut = (np.diff(places) > _FAR) | (np.diff(begins.searchsorted(places, side="right")) > 0)
    ends = [*(np.flatnonzero(cut) + 1).tolist(), len(places)]
    return zip([0, *ends], ends, strict=False) if len(places) else iter(())


def _staged(source: Source, folder: Path, headers: list[dict[str, Any]]) -> Staged:
    mapped = Mapped(folder)
    columns = {name: mapped.raw(name, kind) for name, (kind, *_) in _KINDS.items()}
    begins = np.cumsum([0, *(header["rows"] for header in headers)], dtype=np.int64)
    key, length = columns.pop("key").reshape(-1, 2), columns.pop("length")
    return Staged(source, folder, headers, key, **columns, _length=length, _begins=begins, _mapped=mapped, _open={})


_KINDS: dict[str, tuple[Any, ...]] = {
    "key": (np.uint64, 2), "row": (np.int32,), "flags": (np.uint8,), "as_of": (np.int32,), "length": (np.uint32,),
}  # fmt: skip


def _counts(header: dict[str, Any]) -> dict[str, Any]:
    """A block's header without its rejects, of which there may be very many."""
    return {name: value for name, value in header.items() if name != "rejects"}


def _block_file(folder: Path, number: int) -> Path:
    return folder / f"{number:06}.block"


def _made_file(folder: Path, number: int) -> Path:
    """A block until it is that block's turn: one of a build that was broken off is never taken for a part of the file."""
    return folder / f"{number:06}.made"


def _content(block: Block, *, last: bool) -> tuple[dict[str, Any], _Rows, bytes]:
    """What is written of a block: rows that are like a person's stand behind the others."""
    parts = (block.sure.companies, block.like_persons.companies)
    records = [record for part in parts for record in _records(part)]
    flags = np.concatenate([flags_of(part, bit) for part, bit in zip(parts, (0, LIKE_PERSON), strict=True)])
    row = np.concatenate([part.row for part in parts])
    key = np.concatenate([keys(part.text["uscc"], part.text["name"], part.code_ok) for part in parts])
    as_of = np.concatenate([part.as_of for part in parts])
    header = {
        "read": len(records) + len(block.rejects),
        "names": block.names,
        "short": block.short,
        "damaged": block.sure.notes.get(DAMAGED, 0),
        "damaged_persons": block.like_persons.notes.get(DAMAGED, 0),
        "notes": block.sure.notes,
        "person_notes": block.like_persons.notes,
        "rejects": [(reject.row, reject.field, reject.reason) for reject in block.rejects],
        "end": astuple(block.end),
        "last": last,
    }
    lengths = np.array([len(record) for record in records], dtype=np.uint32)
    return header, (key, row, flags, as_of, lengths), b"".join(records)


def _records(companies: Companies) -> Iterator[bytes]:
    numbers = [getattr(companies, field).tolist() for field in NUMBERS]
    columns = [*companies.text.values(), *([str(value) for value in column] for column in numbers)]
    if tuple(companies.text) != TEXT_FIELDS:
        raise AssertionError("columns stand in their own order")
    for cells, good in zip(zip(*columns, strict=True), companies.code_ok.tolist(), strict=True):
        yield "\n".join((*cells, "1\n" if good else "0\n")).encode()


def flags_of(companies: Companies, bit: int) -> NDArray[np.uint8]:
    """Of companies, each with ``bit`` (行标记)."""
    codes = zip(companies.text["uscc"], companies.code_ok.tolist(), strict=True)
    return np.array([bit | (ROUNDED if good and is_rounded(code) else 0) for code, good in codes], dtype=np.uint8)


def keys(codes: Sequence[str], names: Sequence[str], code_ok: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Digests of what makes rows one company: the code, of a failing one with the name; zero without a code (归并键)."""
    found = bytearray()
    for code, name, good in zip(codes, names, code_ok.tolist(), strict=True):
        wanted = code if good or not code else f"{code} {name}"
        found += hashlib.blake2b(wanted.encode(), digest_size=16).digest() if code else bytes(16)
    return np.frombuffer(bytes(found), np.uint64).reshape(-1, 2)


def _write(path: Path, header: dict[str, Any], arrays: _Rows, data: bytes) -> None:
    """Checksum, length of the header, header, arrays, rows; ``header`` is told where the rows begin."""
    rows = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
    header |= {"rows": len(arrays[1]), "data": 0}
    while True:  # the header says its own length
        text = json.dumps(header, ensure_ascii=False).encode()
        begin = _CHECK + 8 + len(text) + len(rows)
        if header["data"] == begin:
            break
        header["data"] = begin
    content = len(text).to_bytes(8, "little") + text + rows + data
    with whole_bytes(path) as stream:
        stream.write(hashlib.sha256(content).digest())
        stream.write(content)


def _read(path: Path) -> tuple[dict[str, Any], _Rows] | None:
    """A block that was written whole, or None."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(content[_CHECK:]).digest() != content[:_CHECK]:
        return None
    size = int.from_bytes(content[_CHECK : _CHECK + 8], "little")
    at = _CHECK + 8
    header: dict[str, Any] = json.loads(content[at : at + size])
    at += size
    arrays = []
    for kind, *width in _KINDS.values():
        count = header["rows"] * (width[0] if width else 1)
        array = np.frombuffer(content, kind, count, at).reshape(-1, *width).copy()
        at += array.nbytes
        arrays.append(array)
    return header, tuple(arrays)
