"""Workbooks → records (工作簿): .xlsx, and .xls, .xlsb, .ods as far as the library reads them.

A file is checked before it is handed to the library, which reads it in a process of its own (``workbook_reader``).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

from matcher.corpora import Corpora
from matcher.errors import InputError, NoNameColumnError
from matcher.intake.delimited import no_name_column
from matcher.intake.header import Header, find_header, known_words

STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"\xd0\xcf\x11\xe0")
"""What workbooks begin with: zip files, and the older files of Office (工作簿的开头字节)."""
MOST_UNPACKED = 2 * 1024**3
"""Bytes of all parts unpacked (解压后上限): 800,000 rows of registry text take 0.6 GB, and a sheet has 1,048,576 at most."""
MOST_RATIO = 200
"""Unpacked to packed, beyond 64 MB (压缩比上限): registry rows pack 5 to 20 times, empty formatted cells 100 times, bombs 1,000."""
MOST_PARTS = 5_000
"""Parts of a workbook (部件数上限): one with 200 sheets and pictures has some hundreds."""
MOST_CELLS = 60_000_000
"""Cells of the rectangle that a sheet spans (单元格数上限): the library keeps all of it, 24 to 40 bytes a cell, empty or not."""
_HARMLESS_RATIO = 64 * 1024**2
_STEP, _PIECE = 1024**2, 64 * 1024
_NEAR = (52, 99_999)  # columns and rows that a sheet may have without being looked at closely
_FAR = re.compile(rb"""\br=["'](?:([B-Z][A-Z]|[A-Z]{3})\d+|[A-Z]{1,3}(\d{6,7}))["']""")
_ANY = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["']""")
_LONGEST_REFERENCE = 16  # bytes of r="XFD1048576" and what stands before it
_IN_1904 = re.compile(rb"""date1904=["'](?:1|true)["']""")
_NUMBER = re.compile(r"\d{1,6}(?:\.0)?")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_PASSWORD = "EncryptedPackage".encode("utf-16-le")
_LOCKED = "工作簿有密码保护，请去掉密码另存为 .xlsx 再试"
_BROKEN = "Excel 文件损坏或不完整，请用 Excel 或 WPS 打开，另存为 .xlsx 再试"
_TOO_BIG = "工作簿展开后太大，像是压缩炸弹，请另存为 CSV 再试"


@dataclass(frozen=True)
class Workbook:
    """The sheet that names companies (企业所在的工作表).

    Attributes:
        records: (spreadsheet row, cells) after the header.
        day_zero: The day before which a number in a column of dates counts none.
        notes: What was left unread → how often.
    """

    header: Header
    records: list[tuple[int, list[str]]]
    day_zero: date
    notes: dict[str, int]


def read_workbook(raw: bytes, file: str, corpora: Corpora) -> Workbook:
    """Reads the first visible sheet that has a header with a column for the company's name (读工作簿).

    Raises:
        InputError: It is damaged, protected by a password, larger than it should be, or no sheet names companies.
    """
    in_1904 = _checked(raw, file) if raw[:2] == b"PK" else False
    if _PASSWORD in raw[: 1 << 20] or _PASSWORD in raw[-(1 << 20) :]:
        raise InputError(file, _LOCKED)
    with _Reader(raw, file) as reader:
        sheets: list[str] = reader.ask("sheets")
        seen: list[str] = []
        for number in range(len(sheets)):
            lines: list[list[str]] = reader.ask(f"head {number}")
            header = find_header(lines, corpora.column_names, corpora.wan_headers)
            if header is None:
                seen = seen or known_words(lines, corpora.column_names)
                continue
            records = list(enumerate(lines, start=1))[header.place + 1 :]
            records += enumerate(reader.rest(), start=len(lines) + 1)
            others = sum(
                find_header(reader.ask(f"head {n}"), corpora.column_names) is not None for n in range(number + 1, len(sheets))
            )
            notes = {"只读第一张有企业名称列的工作表，没有读的同类工作表": others} if others else {}
            return Workbook(header, records, date(1904, 1, 1) if in_1904 else date(1899, 12, 30), notes)
    shown = "、".join("".join(c if c.isprintable() else " " for c in name[:31]) for name in sheets[:8]) or "（没有可见的工作表）"
    raise NoNameColumnError(file, f"{no_name_column(seen)}；工作表：{shown}")


def read_sheets(raw: bytes, file: str) -> list[tuple[str, list[list[str]]]]:
    """All visible sheets as text, for those who know their own headers (读各工作表): (name, lines), the first line is row 1.

    Raises:
        InputError: It is no workbook, damaged, protected by a password, or larger than it should be.
    """
    if raw[:4] not in STARTS:
        raise InputError(file, "应为 Excel 工作簿（.xlsx），CSV 等请用 Excel 或 WPS 另存为 .xlsx 再试")
    if raw[:2] == b"PK":
        _checked(raw, file)
    if _PASSWORD in raw[: 1 << 20] or _PASSWORD in raw[-(1 << 20) :]:
        raise InputError(file, _LOCKED)
    with _Reader(raw, file) as reader:
        names: list[str] = reader.ask("sheets")
        return [(name, [*reader.ask(f"head {number}"), *reader.rest()]) for number, name in enumerate(names)]


def lone_column(raw: bytes, file: str) -> list[str]:
    """The first visible sheet's cells, row by row, if one column alone holds words (只有一列的工作表); running numbers may stand beside it.

    Raises:
        InputError: As ``read_workbook``.
    """
    with _Reader(raw, file) as reader:
        if not reader.ask("sheets"):
            return []
        lines: list[list[str]] = [*reader.ask("head 0"), *reader.rest()]
    columns = {place for line in lines for place, cell in enumerate(line) if cell.strip() and not _NUMBER.fullmatch(cell.strip())}
    if len(columns) != 1:
        return []
    place = columns.pop()
    cells = [line[place].strip() if place < len(line) else "" for line in lines]
    while not cells[-1]:
        cells.pop()
    return cells


class _Reader:
    """The process that reads, as a context; whatever ends it too early is one clear error."""

    def __init__(self, raw: bytes, file: str) -> None:
        self._raw, self._file = raw, file

    def __enter__(self) -> _Reader:
        script = Path(__file__).with_name("workbook_reader.py")
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own file
            [sys.executable, "-P", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # the library's own account of an abort says nothing to a user
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("both are pipes")
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._write(f"{len(self._raw)}\n".encode())
        self._write(self._raw)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # it may have gone
            self._stdin.close()
        self._stdout.close()
        self._process.kill()
        self._process.wait()

    def ask(self, command: str) -> Any:
        """The answer to a command (一问一答)."""
        self._write(command.encode() + b"\n")
        return self._answer()

    def rest(self) -> Iterator[list[str]]:
        """The lines after the head (其余各行)."""
        batch = self.ask("rest")
        while batch is not None:
            yield from batch
            batch = self._answer()

    def _write(self, content: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # its end is told when the answer is missing
            self._stdin.write(content)
            self._stdin.flush()

    def _answer(self) -> Any:
        line = self._stdout.readline()
        if line.endswith(b"\n"):
            return json.loads(line)
        ended = self._process.wait()
        if ended == 3:
            raise InputError(self._file, _LOCKED)
        if ended in (1, 4):
            raise InputError(self._file, _BROKEN)
        if ended == -signal.SIGXCPU:
            raise InputError(self._file, "工作簿读得太久，请另存为 CSV 再试")
        raise InputError(self._file, "工作簿损坏或太大，读不下去，请用 Excel 或 WPS 打开，另存为 CSV 或 .xlsx 再试")


def _checked(raw: bytes, file: str) -> bool:
    """Looks a zip file over before it is handed on (检查压缩包); whether its days count from 1904."""
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError):
        raise InputError(file, _BROKEN) from None
    names = {part.filename.lower() for part in parts}
    if not names & {"[content_types].xml", "content.xml"} or "word/document.xml" in names:
        raise InputError(file, "这是压缩包或别的文件，里面不是工作簿；应为 CSV、XLSX 或 Parquet，压缩包请解压后再试")
    if any(part.flag_bits & 1 for part in parts):
        raise InputError(file, _LOCKED)
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise InputError(file, _TOO_BIG)
    total, in_1904 = 0, False
    for part in parts:
        span = _Span(file) if _SHEET.fullmatch(part.filename) else None
        for chunk in _unpacked(raw, part, file):
            total += len(chunk)
            if total > MOST_UNPACKED or (total > _HARMLESS_RATIO and total > MOST_RATIO * len(raw)):
                raise InputError(file, _TOO_BIG)
            if span:
                span.look(chunk)
            elif part.filename.lower() == "xl/workbook.xml":
                in_1904 = in_1904 or _IN_1904.search(chunk) is not None
        if span and span.wide:
            span.measure(_unpacked(raw, part, file))
    return in_1904


def _unpacked(raw: bytes, part: zipfile.ZipInfo, file: str) -> Iterator[bytes]:
    """A part's bytes, as many as there are, whatever size is declared."""
    start = part.header_offset + 30
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or raw[start - 30 : start - 26] != b"PK\x03\x04":
        raise InputError(file, _BROKEN)
    start += int.from_bytes(raw[start - 4 : start - 2], "little") + int.from_bytes(raw[start - 2 : start], "little")
    packed = memoryview(raw)[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        yield from (bytes(packed[place : place + _STEP]) for place in range(0, len(packed), _STEP))
        return
    reader = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for place in range(0, len(packed), _PIECE):  # in pieces, for what is left of one is copied every time
            chunk = reader.decompress(packed[place : place + _PIECE], _STEP)
            while chunk:
                yield chunk
                chunk = reader.decompress(reader.unconsumed_tail, _STEP)
    except zlib.error:
        raise InputError(file, _BROKEN) from None
    if not reader.eof:
        raise InputError(file, _BROKEN)


class _Span:
    """The rectangle around a sheet's cells: one that fits into no memory is refused (表格占据的范围)."""

    def __init__(self, file: str) -> None:
        self._file, self._tail = file, b""
        self._columns, self._rows = _NEAR

    @property
    def wide(self) -> bool:
        """It may be too large, and has to be measured."""
        return self._columns * self._rows > MOST_CELLS

    def look(self, chunk: bytes) -> None:
        """Notes cells that stand far out; nearly no sheet has any."""
        for letters, digits in _FAR.findall(self._tail + chunk):
            self._columns, self._rows = max(self._columns, _number(letters)), max(self._rows, int(digits or 0))
        self._tail = chunk[-_LONGEST_REFERENCE:]

    def measure(self, chunks: Iterator[bytes]) -> None:
        """The rectangle exactly, from every cell.

        Raises:
            InputError: It is too large.
        """
        self._columns = self._rows = 1
        tail = b""
        for chunk in chunks:
            for letters, digits in _ANY.findall(tail + chunk):
                self._columns, self._rows = max(self._columns, _number(letters)), max(self._rows, int(digits))
            tail = chunk[-_LONGEST_REFERENCE:]
        if self.wide:
            size = f"{self._rows:,} 行 × {self._columns:,} 列"
            raise InputError(self._file, f"工作表占 {size}，太大；多半有远离表格的单元格，请删去空行空列，或另存为 CSV 再试")


def _number(letters: bytes) -> int:
    """The number of a column: A is 1, XFD 16,384; 0 for none."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
