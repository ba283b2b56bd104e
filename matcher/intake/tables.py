"""Files → header and records (表格读取): CSV in UTF-8 (with or without BOM), UTF-16 with BOM or GB18030, plain or gzip'd.

Rows are numbered as a spreadsheet numbers them: the first line of the file is 1.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Table:
    """A file's records under known column names (表格).

    Attributes:
        file: The file as the user named it.
        columns: Field name → place in a record, for the columns that are known.
        rows: Spreadsheet row of each record.
        records: Cells as text, padded to the header's width.
        rejected: (row, field, reason) of records that could not be taken apart.
        digest: SHA-256 of the unpacked file, for the run's manifest.
    """

    file: str
    columns: dict[str, int]
    rows: list[int]
    records: list[list[str]]
    rejected: list[tuple[int, str, str]]
    digest: str

    def column(self, field: str) -> list[str]:
        """The cells of a field, stripped; empty strings where the file lacks the column."""
        place = self.columns.get(field)
        return [""] * len(self.records) if place is None else [record[place].strip() for record in self.records]


def read_table(path: str | Path, corpora: Corpora) -> Table:
    """Reads a CSV file (读取表格).

    Raises:
        InputError: The file is missing, empty, not text, or has no column that names a company.
    """
    file = str(path)
    raw = _bytes(Path(path), file)
    text = _decoded(raw, file)
    lines = text.split("\n")
    header_at, delimiter, columns, width = _header(lines, file, corpora)
    damaged = _UNDECODED in text
    rows: list[int] = []
    records: list[list[str]] = []
    rejected: list[tuple[int, str, str]] = []
    for row, given in _records(lines, header_at, delimiter):
        if not any(given):
            continue
        reason = _flaw(given, width, damaged=damaged)
        if reason:
            rejected.append((row, "（整行）", reason))
            continue
        rows.append(row)
        records.append(given if len(given) == width else (given + [""] * width)[:width])
    return Table(file, columns, rows, records, rejected, hashlib.sha256(raw).hexdigest())


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
    try:
        return _unix(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        if not raw[: error.start].isascii():  # UTF-8 with damaged places: those rows are rejected one by one
            return _unix(raw.decode("utf-8-sig", errors="replace"))
    try:
        return _unix(raw.decode("gb18030"))
    except UnicodeDecodeError as error:
        if raw[: error.start].isascii():
            raise InputError(file, "认不出编码，应为 UTF-8 或 GB18030") from None
        return _unix(raw.decode("gb18030", errors="replace"))


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _header(lines: list[str], file: str, corpora: Corpora) -> tuple[int, str, dict[str, int], int]:
    """Index of the header line, delimiter, known columns, width."""
    names = corpora.column_names
    first: list[str] = []
    for number, line in enumerate(lines[:_HEADER_WITHIN]):
        for delimiter in (",", "\t", ";", "|"):
            cells = next(csv.reader([line], delimiter=delimiter), [])
            columns: dict[str, int] = {}
            for place, cell in enumerate(cells):
                field = names.get(normalise(cell).replace(" ", ""))
                if field is not None and field not in columns:
                    columns[field] = place
            if "name" in columns:
                return number, delimiter, columns, len(cells)
            first = first or [cell.strip()[:12] for cell in cells if cell.strip()]
    seen = "、".join(first[:8]) or "（空）"
    raise InputError(file, f"找不到企业名称列（name 或 企业名称），表头写的是：{seen}", row=1)


def _records(lines: list[str], header_at: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(spreadsheet row, record) after the header; a lost quotation mark costs its own line only."""
    start = header_at + 1
    row = header_at + 1
    csv.field_size_limit(2**31 - 1)
    while start < len(lines):
        reader = csv.reader(io.StringIO("\n".join(lines[start:])), delimiter=delimiter)
        used = 0
        for record in reader:
            row += 1
            if reader.line_num - used > _LONGEST_RECORD:
                yield row, [_UNDECODED * 2]
                start += used + 1
                break
            used = reader.line_num
            yield row, record
        else:
            return


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
