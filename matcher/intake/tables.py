"""Files → header and records (表格读取): CSV in UTF-8 (with or without BOM), UTF-16 with BOM or GB18030, plain or gzip'd.

Rows are numbered as a spreadsheet numbers them: the first line of the file is 1.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from matcher.corpora import Corpora
from matcher.errors import InputError
from matcher.text.normalise import normalise

MOST_BYTES = 4 * 1024**3
"""Unpacked size beyond which a file is refused (解压后上限)."""
LONGEST_CELL = 100_000
"""Characters beyond which a cell is not a field of a company (单元格字数上限)."""
_LONGEST_RECORD = 200  # lines; a record beyond it has lost a quotation mark
_HEADER_WITHIN = 10  # title lines may stand above the header
_UNDECODED = "�"
_CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Table:
    """A file's records under known column names (表格).

    Attributes:
        file: The file as the user named it.
        columns: Field name → place in a record, for the columns that are known.
        wan: Fields whose header says 万元: bare numbers are amounts in it.
        rows: Spreadsheet row of each record.
        records: Cells as text, padded to the header's width.
        rejected: (row, field, reason) of records that could not be taken apart.
        digest: SHA-256 of the unpacked file, for the run's manifest.
    """

    file: str
    columns: dict[str, int]
    wan: frozenset[str]
    rows: list[int]
    records: list[list[str]]
    rejected: list[tuple[int, str, str]]
    digest: str

    @cached_property
    def cells(self) -> list[tuple[str, ...]]:
        """The records by column."""
        return list(zip(*self.records, strict=True))

    def column(self, field: str) -> list[str]:
        """The cells of a field, stripped; empty strings where the file lacks the column."""
        place = self.columns.get(field)
        if place is None or not self.records:
            return [""] * len(self.records)
        cells = [cell.strip() for cell in self.cells[place]]
        return (
            [cell + "万元" if cell and not cell.strip("0123456789.,") else cell for cell in cells] if field in self.wan else cells
        )


def read_table(path: str | Path, corpora: Corpora) -> Table:
    """Reads a CSV file (读取表格).

    Raises:
        InputError: The file is missing, empty, not text, or has no column that names a company.
    """
    csv.field_size_limit(2**31 - 1)
    file = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # a name that can be shown and stored
    raw = _bytes(Path(path), file)
    text = _decoded(raw, file)
    header = _header(text, file, corpora)
    damaged = _UNDECODED in text
    rows: list[int] = []
    records: list[list[str]] = []
    rejected: list[tuple[int, str, str]] = []
    for row, given in _records(text.split("\n"), header):
        if not any(given):
            continue
        reason = _flaw(given, header.width, damaged=damaged)
        if reason:
            rejected.append((row, "（整行）", reason))
            continue
        rows.append(row)
        records.append(given if len(given) == header.width else (given + [""] * header.width)[: header.width])
    return Table(file, header.columns, header.wan, rows, records, rejected, hashlib.sha256(raw).hexdigest())


@dataclass(frozen=True)
class _Header:
    """Where the header stands and what its columns are."""

    line: int
    row: int
    delimiter: str
    columns: dict[str, int]
    wan: frozenset[str]
    width: int


def _bytes(path: Path, file: str) -> bytes:
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
            stream.seek(0)
            if start[:2] != b"\x1f\x8b":
                raw = stream.read(MOST_BYTES + 1)
            else:
                with gzip.open(stream) as unpacked:
                    raw = unpacked.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise InputError(file, "没有这个文件") from None
    except (gzip.BadGzipFile, zlib.error, EOFError):
        raise InputError(file, "gzip 文件损坏或不完整，请重新下载或解压后再试") from None
    except OSError as error:
        raise InputError(file, f"读不到文件（{error.strerror or error}）") from None
    if len(raw) > MOST_BYTES:
        raise InputError(file, f"解压后超过 {MOST_BYTES // 1024**3} GB，请分成几个文件")
    if not raw.strip():
        raise InputError(file, "文件是空的，应有一行表头和至少一行企业")
    if start[:4] == b"PK\x03\x04" or start[:4] == b"\xd0\xcf\x11\xe0":
        raise InputError(file, "这是 Excel 或压缩文件，请另存为 CSV（UTF-8）再试")
    return raw


def _decoded(raw: bytes, file: str) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return _unix(raw.decode("utf-16"))
        except UnicodeDecodeError:
            raise InputError(file, "不是文本文件，应为 CSV") from None
    if raw.count(b"\0", 0, 65536) or sum(byte < 9 for byte in raw[:4096]) > 4:
        raise InputError(file, "不是文本文件，应为 CSV（UTF-8 或 GB18030）")
    with contextlib.suppress(UnicodeDecodeError):
        return _unix(raw.decode("utf-8-sig"))
    # what is not decoded is rejected row by row
    as_utf8 = raw.decode("utf-8-sig", errors="replace")
    if len(_CHINESE.findall(as_utf8)) > as_utf8.count(_UNDECODED):  # in another encoding next to nothing would make sense
        return _unix(as_utf8)
    as_gb = raw.decode("gb18030", errors="replace")
    if as_gb.count(_UNDECODED) > len(_CHINESE.findall(as_gb)):
        raise InputError(file, "认不出编码，应为 UTF-8 或 GB18030")
    return _unix(as_gb)


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _header(text: str, file: str, corpora: Corpora) -> _Header:
    """Finds the header among the first lines: the first record with a column for the name."""
    names = corpora.column_names
    lines = text.split("\n", _HEADER_WITHIN + _LONGEST_RECORD)[: _HEADER_WITHIN + _LONGEST_RECORD]
    first: list[str] = []
    for delimiter in (",", "\t", ";", "|"):
        reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter)
        for row, cells in enumerate(reader, start=1):
            if row > _HEADER_WITHIN:
                break
            written = [normalise(cell).replace(" ", "").replace("\n", "") for cell in cells]
            columns: dict[str, int] = {}
            for place, cell in enumerate(written):
                if cell in names:
                    columns.setdefault(names[cell], place)
            if "name" in columns:
                wan = frozenset(field for field, place in columns.items() if written[place] in corpora.wan_headers)
                return _Header(reader.line_num, row, delimiter, columns, wan, len(cells))
            first = first or [cell.strip()[:12] for cell in cells if cell.strip()]
    seen = "、".join(first[:8]) or "（空）"
    raise InputError(file, f"找不到企业名称列（name 或 企业名称），表头写的是：{seen}", row=1)


class _LostQuoteError(Exception):
    """A record runs on and on: a quotation mark was never closed."""


def _records(lines: list[str], header: _Header) -> Iterator[tuple[int, list[str]]]:
    """(spreadsheet row, record) after the header; a lost quotation mark costs its own line only."""
    row, start = header.row, header.line
    began = [start]  # line where the record under way began

    def feed(first: int) -> Iterator[str]:
        for number in range(first, len(lines)):
            if number - began[0] > _LONGEST_RECORD:
                raise _LostQuoteError
            yield lines[number] + "\n"

    while start < len(lines):
        began[0] = start
        reader = csv.reader(feed(start), delimiter=header.delimiter, strict=True)
        offset = start
        try:
            for record in reader:
                used = offset + reader.line_num
                if used - began[0] > 1 and len(record) != header.width:
                    raise _LostQuoteError
                row += 1
                yield row, record
                began[0] = used
            return
        except (csv.Error, _LostQuoteError):
            row += 1
            yield row, _alone(lines[began[0]], header)
            start = began[0] + 1


def _alone(line: str, header: _Header) -> list[str]:
    """A line read for itself after its quotation marks did not fit: good if it is a whole record, else marked as lost."""
    record = next(csv.reader([line], delimiter=header.delimiter), [])
    return record if line.count('"') % 2 == 0 and len(record) == header.width else [_UNDECODED * 2]


def _flaw(record: list[str], width: int, *, damaged: bool) -> str:
    if record == [_UNDECODED * 2]:
        return "引号没有成对"
    if len(record) > width and any(record[width:]):
        return f"有 {len(record)} 列，应为 {width} 列"
    if max(map(len, record)) > LONGEST_CELL:
        return f"有一格超过 {LONGEST_CELL} 字"
    if damaged and any(_UNDECODED in cell for cell in record):
        return "有无法按文件编码读出的字符"
    return ""
