"""Files → header and records (表格读取): CSV, workbooks and Parquet, known by what they hold and never by their names.

Rows are numbered as a spreadsheet numbers them: the first line of the file is 1. Every dialect ends in the same records of text cells;
what is said of a record here is said of it whatever file it came from.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import compress, count
from pathlib import Path
from typing import BinaryIO, cast

from matcher.corpora import Corpora
from matcher.errors import InputError, system_reason
from matcher.intake import delimited, parquet, workbooks
from matcher.intake.delimited import LONG, LONGEST_CELL, LOST
from matcher.intake.header import DATES, Header
from matcher.intake.lines import LineChecks

MOST_BYTES = 4 * 1024**3
"""Unpacked size beyond which a file is refused (解压后上限): it has to fit into memory several times."""
_SMALL_BYTES = 64 * 1024**2  # a gzip file that unpacks to less is harmless whatever its ratio
_MOST_RATIO = workbooks.MOST_RATIO
EMPTY = "文件是空的，应有一行表头和至少一行企业"
"""What is said of a file without anything (空文件)."""
WHOLE = "（整行）"
"""What stands for the field where a whole row is at fault (整行)."""
_BARE = "0123456789.,０１２３４５６７８９．，"
_SERIAL = re.compile(r"([1-7]\d{4})(?:\.\d+)?")  # days, 1927 … 2100 or so
_KINDS = (  # what a file begins with when it is something else
    (b"%PDF", "这是 PDF，请导出为 CSV 或 XLSX 再试"),
    (b"Rar!", "这是 RAR 压缩包，请解压后再试"),
    (b"7z\xbc\xaf", "这是 7z 压缩包，请解压后再试"),
    (b"\x89PNG", "这是图片，应为 CSV、XLSX 或 Parquet 表格"),
    (b"\xff\xd8\xff", "这是图片，应为 CSV、XLSX 或 Parquet 表格"),
)
_HTML = re.compile(rb"\s*<(?:!doctype\s+html|html|table|meta|head|\?xml)", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """A file's records under known column names (表格).

    Attributes:
        file: The file as the user named it.
        header: Field → places in a record, units.
        rows: Spreadsheet row of each record.
        cells: The records by column, each padded to the header's width.
        rejected: (row, field, reason) of records that could not be taken apart.
        digest: SHA-256 of the unpacked file, for the run's manifest.
        empty: Cells that mean "nothing".
        day_zero: What a number in a column of dates counts from; a spreadsheet keeps days so, and programs export them as they are.
        notes: What was left unread → how often.
    """

    file: str
    header: Header
    rows: list[int]
    cells: list[tuple[str, ...]]
    rejected: list[tuple[int, str, str]]
    digest: str
    empty: frozenset[str]
    day_zero: date = date(1899, 12, 30)
    notes: dict[str, int] = field(default_factory=dict)

    def column(self, field: str) -> list[str]:
        """The cells of a field, stripped; of several columns the first that is filled, empty strings where there is none (一列)."""
        places = self.header.columns.get(field, ())
        if not places or not self.rows:
            return [""] * len(self.rows)
        found = self._filled(places[0], field)
        for place in places[1:] if field != "name" else ():
            other = self._filled(place, field)
            found = [other[n] if cell.lower() in self.empty else cell for n, cell in enumerate(found)]
        return found

    def _filled(self, place: int, field: str) -> list[str]:
        """The cells at one place, bare amounts with their unit and serial numbers of days as dates."""
        cells = list(map(str.strip, self.cells[place]))
        unit = self.header.units.get(place, "")
        if unit:
            cells = [with_unit(cell, unit) for cell in cells]
        if field == "reg_capital_raw" and "currency" in self.header.columns:
            currencies = self.column("currency")
            named = ["" if name.lower() in self.empty else name for name in currencies]
            cells = [_with_currency(cell, name) for cell, name in zip(cells, named, strict=True)]
        if field in DATES and any(map(str.isdigit, {cell[4:5] for cell in cells})):  # nearly always all are 2012-04-01
            cells = [_from_serial(cell, self.day_zero) if cell[:1].isdigit() else cell for cell in cells]
        return cells


def with_unit(cell: str, unit: str) -> str:
    """An amount with the unit that its column states, unless it has one of its own (带单位的金额)."""
    return cell + unit if unit and cell and not cell.strip(_BARE) else cell


def _with_currency(cell: str, currency: str) -> str:
    """An amount with the currency that stands in a column of its own; a bare one below 100,000 is 万, as registries print it."""
    bare = cell.rstrip("万亿元").translate(_HALF)
    if not cell or not currency or bare.strip(_BARE) or currency in cell:
        return cell
    plain = bare.replace(",", "")
    small = bare == cell and plain.replace(".", "", 1).isdigit() and float(plain) < 1e5
    return f"{cell.rstrip('元')}{'万' if small else ''}{currency}"


_HALF = str.maketrans("０１２３４５６７８９．，", "0123456789.,")


def _from_serial(cell: str, day_zero: date) -> str:
    found = _SERIAL.fullmatch(cell)
    return (day_zero + timedelta(days=int(found[1]))).isoformat() if found else cell


def read_table(path: str | Path, corpora: Corpora) -> Table:
    """Reads a file of companies (读取表格).

    Raises:
        InputError: The file is missing, empty, no table, or has no column that names a company.
    """
    file = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # a name that can be shown and stored
    return table_of(_bytes(Path(path), file), file, corpora)


def table_of(raw: bytes, file: str, corpora: Corpora) -> Table:
    """The table in these bytes (内存里的表格).

    Raises:
        InputError: As ``read_table``.
    """
    if not raw or raw.isspace():
        raise InputError(file, EMPTY)
    digest = hashlib.sha256(raw).hexdigest()
    if raw[:4] == b"PAR1" or raw[:4] == b"PARE":
        opened = parquet.open_parquet(raw, file, corpora)
        return assembled(file, opened.header, opened.records(), digest, corpora, damaged=opened.damaged)
    if raw[:4] in workbooks.STARTS:
        book = workbooks.read_workbook(raw, file, corpora)
        table = assembled(file, book.header, book.records, digest, corpora)
        return Table(**{**vars(table), "day_zero": book.day_zero, "notes": book.notes})
    no_other_kind(raw, file)
    text = delimited.open_delimited(raw, file, corpora)
    return assembled(file, text.header, delimited.records(text), digest, corpora, damaged=text.damaged, long=False)


@contextlib.contextmanager
def unpacked(path: Path, file: str) -> Iterator[tuple[BinaryIO, int]]:
    """The bytes of a file, gzip'd or not, and how many there may be at most (打开文件，按需解压).

    Raises:
        InputError: It cannot be read, also while it is being read.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
            stream.seek(0)
            if start[:2] != b"\x1f\x8b":
                yield stream, MOST_BYTES
            else:
                with gzip.open(stream) as content:
                    yield cast("BinaryIO", content), min(MOST_BYTES, max(_SMALL_BYTES, path.stat().st_size * _MOST_RATIO))
    except FileNotFoundError:
        raise InputError(file, "没有这个文件") from None
    except IsADirectoryError:
        raise InputError(file, "是一个目录，应为 CSV、XLSX 或 Parquet 文件") from None
    except (gzip.BadGzipFile, zlib.error, EOFError):
        raise InputError(file, "gzip 文件损坏或不完整，请重新下载或解压后再试") from None
    except OSError as error:
        raise InputError(file, f"读不到文件（{system_reason(error)}）") from None


def _bytes(path: Path, file: str) -> bytes:
    with unpacked(path, file) as (stream, most):
        raw = stream.read(most + 1) if isinstance(stream, io.BufferedReader) else gunzipped(path.read_bytes(), most + 1)
    not_too_large(len(raw), most, file)
    if not raw or raw.isspace():
        raise InputError(file, EMPTY)
    return raw


def gunzipped(packed: bytes, most: int) -> bytes:
    """Up to ``most`` bytes of a gzip file that is in memory (解压): in one go, not in the thousand small pieces of a stream."""
    found: list[bytes] = []
    while packed and most > 0:
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        found.append(member.decompress(packed, most))
        most -= len(found[-1])
        if most > 0 and not member.eof:
            raise EOFError
        packed = member.unused_data.lstrip(b"\0")  # what pads a file to whole blocks
    return b"".join(found)


def not_too_large(size: int, most: int, file: str) -> None:
    """Raises if more than ``most`` bytes were unpacked (大小上限)."""
    if most < size <= MOST_BYTES:
        raise InputError(file, f"解压后比原文件大 {_MOST_RATIO} 倍以上，不像表格，没有读入")
    if size > MOST_BYTES:
        raise InputError(file, f"解压后超过 {MOST_BYTES // 1024**3} GB，请分成几个文件")


def no_other_kind(raw: bytes, file: str) -> None:
    """Raises if a file begins like something that is no table (别的文件类型)."""
    for start, said in _KINDS:
        if raw.startswith(start):
            raise InputError(file, said)
    if _HTML.match(raw, 0):
        raise InputError(file, "这是网页或 XML 表格，请用 Excel 或 WPS 打开，另存为 .xlsx 再试")


def assembled(
    file: str,
    header: Header,
    source: Iterable[tuple[int, Sequence[str]]],
    digest: str,
    corpora: Corpora,
    *,
    damaged: bool = False,
    long: bool = True,
    checks: LineChecks | None = None,
) -> Table:
    """The table of these records (整理成表); those that are no company's are rejected, empty ones passed over.

    Args:
        file: As the user named it.
        header: Its header.
        source: (spreadsheet row, cells).
        digest: Of the file.
        corpora: Names of columns, empty cells.
        damaged: Some cells may hold what could not be decoded.
        long: Some cells may be too long.
        checks: Those of the block before, if the file is read in blocks.
    """
    rows: list[int] = []
    records: list[Sequence[str]] = []
    rejected: list[tuple[int, str, str]] = []
    width = header.width
    if isinstance(source, delimited.Plain) and set(map(len, source.records)) <= {width, 0}:  # nearly always
        numbered = compress(count(source.first), source.records)  # an empty line is no record
        rows, records, source = list(numbered), list(filter(None, source.records)), ()
    for row, given in source:
        if given is LOST or given is LONG:
            rejected.append((row, WHOLE, "引号没有成对" if given is LOST else f"有一格超过 {LONGEST_CELL} 字"))
        elif len(given) == width:
            rows.append(row)
            records.append(given)
        elif len(given) > width and any(given[width:]):
            rejected.append((row, WHOLE, f"有 {len(given)} 列，应为 {width} 列"))
        elif given:
            rows.append(row)
            records.append([*given, *[""] * width][:width])
    cells = list(zip(*records, strict=True))
    dropped = (checks or LineChecks(header, corpora)).dropped(records, cells, damaged=damaged, long=long)
    if dropped:
        rejected += [(rows[place], WHOLE, reason) for place, reason in dropped.items() if reason]
        rows = [row for place, row in enumerate(rows) if place not in dropped]
        cells = list(zip(*(record for place, record in enumerate(records) if place not in dropped), strict=True))
    return Table(file, header, rows, cells, rejected, digest, corpora.empty_cells)
