"""Delimited text → lines (文本表格): CSV in UTF-8 (with or without BOM), UTF-16 with BOM or GB18030; comma, tab, semicolon or bar."""

from __future__ import annotations

import contextlib
import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from matcher.corpora import Corpora
from matcher.errors import InputError, NoNameColumnError
from matcher.intake.header import HEADER_WITHIN, Header, find_header, known_words

UNDECODED = "�"


class _Mark(list[str]):
    """In place of a record; the same object also where it comes from another process: it is known by its identity."""

    def __init__(self, name: str, cell: str) -> None:
        super().__init__([cell])
        self.name = name

    def __reduce__(self) -> str:
        return self.name


LOST = _Mark("LOST", UNDECODED * 2)
"""A record that was lost with its quotation marks (引号没有成对的一行)."""
LONG = _Mark("LONG", UNDECODED)
"""A record with a cell that is too long (单元格过长的一行)."""
LONGEST_CELL = 100_000
"""Characters beyond which a cell is not a field of a company (单元格字数上限)."""
LONGEST_RECORD = 200
"""Lines of a record at most; one beyond it has lost a quotation mark (一行记录最多占的行数)."""
HEAD_LINES = HEADER_WITHIN + LONGEST_RECORD
"""Lines that are looked at for the header (找表头时看的行数)."""
CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Delimited:
    """Text taken apart as far as its header (文本表格).

    Attributes:
        text: All of it, with the line ends of Unix.
        line: Lines up to and including the header's.
        damaged: Some bytes could not be decoded.
    """

    text: str
    header: Header
    delimiter: str
    line: int
    damaged: bool


def open_delimited(raw: bytes, file: str, corpora: Corpora) -> Delimited:
    """Decodes a text and finds its header (打开文本表格).

    Raises:
        InputError: It is no text, or has no column that names a company.
    """
    text = decoded(raw, file)
    header, delimiter, line = find_columns(text.split("\n", HEAD_LINES)[:HEAD_LINES], file, corpora)
    return Delimited(text, header, delimiter, line, UNDECODED in text)


def find_columns(lines: list[str], file: str, corpora: Corpora) -> tuple[Header, str, int]:
    """The header among a text's first lines, the delimiter, and the lines up to and including the header's (找表头与分隔符).

    Raises:
        InputError: There is no column that names a company.
    """
    csv.field_size_limit(2**31 - 1)
    seen: list[str] = []
    for delimiter in (",", "\t", ";", "|"):
        reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter)
        records, ends = [], []
        for record in reader:
            records.append(record)
            ends.append(reader.line_num)
            if len(records) > HEADER_WITHIN:
                break
        header = find_header(records, corpora.column_names, corpora.wan_headers)
        if header is not None:
            return header, delimiter, ends[header.place]
        seen = seen or known_words(records, corpora.column_names)
    raise NoNameColumnError(file, no_name_column(seen), row=1)


def no_name_column(seen: list[str]) -> str:
    """What to say of a table without a column that names a company (缺少企业名称列)."""
    return "找不到企业名称列（name 或 企业名称）" + (
        f"，表头写的是：{'、'.join(seen)}"
        if seen
        else f"，前 {HEADER_WITHIN} 行里没有表头；请在数据上面加一行列名，如 企业名称,统一社会信用代码"
    )


def decoded(raw: bytes, file: str) -> str:
    """The text of a file in any of the encodings, with the line ends of Unix (解码).

    Raises:
        InputError: It is no text.
    """
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return _unix(raw.decode("utf-16"))
        except UnicodeDecodeError:
            raise InputError(file, "不是文本文件，应为 CSV") from None
    no_binary(raw, file)
    with contextlib.suppress(UnicodeDecodeError):
        return _unix(raw.decode("utf-8-sig"))
    # what is not decoded is rejected row by row
    as_utf8 = raw.decode("utf-8-sig", errors="replace")
    if len(CHINESE.findall(as_utf8)) > as_utf8.count(UNDECODED):  # in another encoding next to nothing would make sense
        return _unix(as_utf8)
    as_gb = raw.decode("gb18030", errors="replace")
    if as_gb.count(UNDECODED) > len(CHINESE.findall(as_gb)):
        raise InputError(file, "认不出编码，应为 UTF-8 或 GB18030")
    return _unix(as_gb)


def no_binary(start: bytes, file: str) -> None:
    """Raises if a file's first 64 KB look like no text (不是文本)."""
    if start.count(b"\0", 0, 65536) or sum(byte < 9 for byte in start[:4096]) > 4:
        raise InputError(file, "不是表格文件，应为 CSV（UTF-8 或 GB18030）、XLSX 或 Parquet")


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


class LostQuoteError(Exception):
    """A record runs on and on: a quotation mark was never closed."""


class Plain:
    """Records that follow one another from a row on, each whole (逐行的记录); read like any others, or all at once.

    Args:
        first: Spreadsheet row of the first.
        records: All of them.
    """

    def __init__(self, first: int, records: list[list[str]]) -> None:
        self.first, self.records = first, records

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        return zip(count(self.first), self.records, strict=False)


def records(table: Delimited) -> Iterable[tuple[int, list[str]]]:
    """(spreadsheet row, record) after the header (逐行); a lost quotation mark costs its own line only."""
    lines = table.text.split("\n")
    plain = one_a_line(lines[table.line :], table.delimiter)
    return Plain(table.header.place + 2, plain) if plain is not None else _carefully(table, lines)


def one_a_line(lines: list[str], delimiter: str) -> list[list[str]] | None:
    """The records of a text in which each is a line of its own, as nearly always (逐行的记录); None where one is not, or is too long."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    with contextlib.suppress(csv.Error):
        found = list(reader)
        if len(found) == len(lines) and max(map(len, lines), default=0) <= LONGEST_CELL:
            return found
    return None


def _carefully(table: Delimited, lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """The records one by one, with the row of each."""
    width, delimiter = table.header.width, table.delimiter
    long = max(map(len, lines)) > LONGEST_CELL
    row, start = table.header.place + 1, table.line
    began = [start]  # line where the record under way began

    def feed(first: int) -> Iterator[str]:
        for number in range(first, len(lines)):
            if number - began[0] > LONGEST_RECORD:
                raise LostQuoteError
            yield lines[number] + "\n"

    while start < len(lines):
        began[0] = start
        reader = csv.reader(feed(start), delimiter=delimiter, strict=True)
        offset = start
        try:
            for record in reader:
                used = offset + reader.line_num
                row += 1
                if long or used - began[0] > 1:
                    if used - began[0] > 1 and len(record) != width:
                        row -= 1
                        raise LostQuoteError
                    yield row, LONG if max(map(len, record), default=0) > LONGEST_CELL else record
                else:
                    yield row, record
                began[0] = used
            return
        except (csv.Error, LostQuoteError):
            row += 1
            yield row, alone(lines[began[0]], width, delimiter)
            start = began[0] + 1


def alone(line: str, width: int, delimiter: str) -> list[str]:
    """A line read for itself after its quotation marks did not fit: good if it is a whole record, else marked as lost."""
    record = next(csv.reader([line], delimiter=delimiter), [])
    if line.count('"') % 2 or len(record) != width:
        return LOST
    return LONG if max(map(len, record)) > LONGEST_CELL else record
