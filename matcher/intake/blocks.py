"""Files block by block (分块读取): the same companies, rejects and notes as ``read_files``, in memory that does not grow with the file.

Delimited text and Parquet are read as they come; a workbook, which holds a million rows at most, and what is packed otherwise are read
whole and cut. A text is gone through twice: once for its digest and encoding, which all of it decides, and once for its rows. Three
questions need all rows of all files: which names are persons' (``flaws.are_persons``), whether a spreadsheet spoiled the codes
(``DAMAGED``), and which rows are one company. A block tells what is needed to answer them later.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import hashlib
import io
import itertools
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from matcher.corpora import Corpora
from matcher.errors import InputError
from matcher.intake import delimited, parquet, workbooks
from matcher.intake.companies import FIELDS, Intake, build, with_day
from matcher.intake.delimited import CHINESE, LONG, LONGEST_CELL, LONGEST_RECORD, UNDECODED, LostQuoteError, alone
from matcher.intake.flaws import like_persons
from matcher.intake.header import Header
from matcher.intake.lines import LineChecks
from matcher.intake.rejects import Reject
from matcher.intake.tables import EMPTY, Table, assembled, no_other_kind, not_too_large, read_table, unpacked
from matcher.storage import collector_paused

BLOCK_ROWS = 20_000
"""Rows of a block (每块行数); they bound memory and nothing else."""
BLOCK_TEXT = 16 * 1024**2
"""Characters at which a block ends early (每块字数)."""
_CHUNK = 1024**2
_HEAD = 65_536


@dataclass(frozen=True)
class Position:
    """Where a file goes on behind a block (续读位置).

    Attributes:
        line: Lines of a text, or rows of another table, that are done.
        row: The last spreadsheet row of them.
        foreign: As in ``LineChecks``.
    """

    line: int = 0
    row: int = 0
    foreign: bool = False


@dataclass(frozen=True)
class Block:
    """Some rows of a file (一块).

    Attributes:
        sure: Companies whose name is no person's, with the notes on them.
        like_persons: The others: all files together decide whether they are companies.
        names, short: Rows with a name, and those of them that are as short as a person's.
        rejects: By row.
        end: Where the file goes on.
    """

    sure: Intake
    like_persons: Intake
    names: int
    short: int
    rejects: tuple[Reject, ...]
    end: Position


@dataclass(frozen=True)
class Source:
    """A file that was looked over and can be read in blocks (待读文件).

    Attributes:
        path: Where it is.
        file: As the user named it.
        digest: SHA-256 of the unpacked file.
        encoding: Of a text; empty for Parquet; None for what is read whole.
        damaged: Some of a text could not be decoded.
        seen: Its size and time of change when it was looked over.
        dated: The day that its rows are of, where they do not say so.
    """

    path: Path
    file: str
    digest: str
    encoding: str | None
    damaged: bool = False
    seen: tuple[int, int] = (0, 0)
    dated: date | None = None

    def blocks(self, corpora: Corpora, start: Position | None = None) -> Iterator[Block]:
        """The blocks from ``start`` on (逐块).

        Raises:
            InputError: The file cannot be read, names no companies, or has changed since it was looked over.
        """
        for table, end in self._tables(corpora, start or Position()):
            if _seen(self.path) != self.seen:
                raise InputError(self.file, "读取过程中文件变了，请等它写完再试")
            with collector_paused():
                yield block_of(table, end, corpora, self.dated)

    def _tables(self, corpora: Corpora, start: Position) -> Iterator[tuple[Table, Position]]:
        if self.encoding is None:
            yield from _cut(read_table(self.path, corpora), start)
        elif self.encoding:
            with _decoded(self.path, self.file, self.encoding) as stream:
                yield from self._text(stream, corpora, start)
        else:
            yield from self._rows(parquet.open_parquet(self.path, self.file, corpora), corpora, start)

    def _text(self, stream: Iterable[str], corpora: Corpora, start: Position) -> Iterator[tuple[Table, Position]]:
        lines = _lines(stream)
        head = list(itertools.islice(lines, delimited.HEAD_LINES))
        header, delimiter, line = delimited.find_columns(head, self.file, corpora)
        at = start if start.line else Position(line, header.place + 1)
        records = _Records(itertools.islice(itertools.chain(head, lines), at.line, None), header, delimiter, at)
        checks = LineChecks(header, corpora)
        checks.foreign = at.foreign
        while block := records.block():
            table = assembled(
                self.file, header, block, self.digest, corpora, damaged=self.damaged, long=records.long, checks=checks
            )
            yield table, Position(records.line, records.row, checks.foreign)

    def _rows(self, opened: parquet.ParquetTable, corpora: Corpora, start: Position) -> Iterator[tuple[Table, Position]]:
        records = itertools.islice(opened.records(), start.line, None)
        checks = LineChecks(opened.header, corpora)
        checks.foreign, done = start.foreign, start.line
        while block := list(_some(records)):
            table = assembled(self.file, opened.header, block, self.digest, corpora, damaged=opened.damaged, checks=checks)
            done += len(block)
            yield table, Position(done, block[-1][0], checks.foreign)


def look_over(path: str | Path, corpora: Corpora, dated: date | None = None) -> Source:
    """What kind of file it is, its digest and encoding (查看文件); its first rows are tried.

    Args:
        path: The file.
        corpora: Column names.
        dated: The day that its rows are of, where they do not say so; said to be of another day it is another source.

    Raises:
        InputError: As ``read_table`` does, as far as it can be told before the rows are read.
    """
    source = _looked_over(path, corpora)
    if dated is None:
        return source
    return replace(source, digest=hashlib.sha256(f"{source.digest} {dated}".encode()).hexdigest(), dated=dated)


def _looked_over(path: str | Path, corpora: Corpora) -> Source:
    file = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    with unpacked(Path(path), file) as (stream, _):
        start = stream.read(_HEAD)
        packed = not isinstance(stream, io.BufferedReader)
        seen = _seen(Path(path))
    if start[:4] in (b"PAR1", b"PARE") and not packed:
        if start[:4] == b"PARE":
            parquet.open_parquet(start, file, corpora)
        parquet.open_parquet(Path(path), file, corpora)
        return Source(Path(path), file, _digest(Path(path), file), "", False, seen)
    if start[:4] in (b"PAR1", b"PARE", *workbooks.STARTS):
        return Source(Path(path), file, _digest(Path(path), file), None, False, seen)
    source = replace(_text_source(Path(path), file, start), seen=seen)
    with _decoded(Path(path), file, source.encoding or "") as text:
        delimited.find_columns(list(itertools.islice(_lines(text), delimited.HEAD_LINES)), file, corpora)
    return source


@contextlib.contextmanager
def _decoded(path: Path, file: str, encoding: str) -> Iterator[io.TextIOWrapper]:
    """The text of a file, line ends as on Unix; what cannot be decoded is marked."""
    with unpacked(path, file) as (stream, _), io.TextIOWrapper(stream, encoding, "replace", newline=None) as text:
        yield text


def _seen(path: Path) -> tuple[int, int]:
    """Size and time of change: what is kept of a file must be what its digest is of."""
    try:
        found = path.stat()
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns


def _digest(path: Path, file: str) -> str:
    digest, size = hashlib.sha256(), 0
    with unpacked(path, file) as (stream, most):
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            not_too_large(size, most, file)
    return digest.hexdigest()


def _text_source(path: Path, file: str, start: bytes) -> Source:
    """Goes through a text for its digest, and for the encoding that ``delimited`` would read it with."""
    wide = start[:2] in (b"\xff\xfe", b"\xfe\xff")
    encoding = "utf-16" if wide else "utf-8-sig"
    digest, size, blank, undecoded = hashlib.sha256(), 0, True, False
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    valid = True
    with unpacked(path, file) as (stream, most):
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            not_too_large(size, most, file)
            blank = blank and not chunk.strip()
            valid, undecoded = _decodes(decoder, chunk, valid=valid, undecoded=undecoded)
        valid, undecoded = _decodes(decoder, b"", valid=valid, undecoded=undecoded)
    if blank:
        raise InputError(file, EMPTY)
    no_other_kind(start, file)
    if wide and not valid:
        raise InputError(file, "不是文本文件，应为 CSV")
    if not wide:
        delimited.no_binary(start, file)
    if not valid:
        encoding, undecoded = _likeliest(path, file), True
    return Source(path, file, digest.hexdigest(), encoding, undecoded)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, valid: bool, undecoded: bool) -> tuple[bool, bool]:
    if not valid:
        return False, undecoded
    try:
        return True, UNDECODED in decoder.decode(chunk, not chunk) or undecoded
    except UnicodeDecodeError:
        return False, undecoded


def _likeliest(path: Path, file: str) -> str:
    """The encoding of a text that is not clean UTF-8: what is not decoded is rejected row by row."""
    chinese, lost = _counts(path, file, "utf-8-sig")
    if chinese > lost:
        return "utf-8-sig"
    chinese, lost = _counts(path, file, "gb18030")
    if lost > chinese:
        raise InputError(file, "认不出编码，应为 UTF-8 或 GB18030")
    return "gb18030"


def _counts(path: Path, file: str, encoding: str) -> tuple[int, int]:
    """Chinese characters, and places that cannot be decoded."""
    chinese = lost = 0
    with _decoded(path, file, encoding) as text:
        for line in text:
            chinese += len(CHINESE.findall(line))
            lost += line.count(UNDECODED)
    return chinese, lost


def _lines(stream: Iterable[str]) -> Iterator[str]:
    """The lines without their ends, as ``str.split`` gives them: behind the last line feed there is one more."""
    ended = True
    for line in stream:
        ended = line.endswith("\n")
        yield line[:-1] if ended else line
    if ended:
        yield ""


class _Records:
    """What ``delimited.records`` gives, from lines that come one by one (逐条记录).

    Attributes:
        line: Lines done with.
        row: The last spreadsheet row given.
        long: Some line was longer than a cell may be.
    """

    def __init__(self, lines: Iterator[str], header: Header, delimiter: str, start: Position) -> None:
        self._source, self._width, self._delimiter = lines, header.width, delimiter
        self._window: deque[str] = deque()  # lines from the record under way on
        self._taken = 0  # of them
        self._text = 0  # characters since the block began
        self.line, self.row, self.long = start.line, start.row, False
        self._records = self._all()

    def block(self) -> list[tuple[int, Sequence[str]]]:
        """The next rows, none at the end (下一块)."""
        self._text = 0
        rows: list[tuple[int, Sequence[str]]] = []
        for record in self._records:
            rows.append(record)
            if len(rows) >= BLOCK_ROWS or self._text >= BLOCK_TEXT:
                break
        return rows

    def _feed(self) -> Iterator[str]:
        while True:
            if self._taken > LONGEST_RECORD:
                raise LostQuoteError
            if self._taken == len(self._window):
                line = next(self._source, None)
                if line is None:
                    return
                self._window.append(line)
                self._text += len(line)
                self.long = self.long or len(line) > LONGEST_CELL
            self._taken += 1
            yield self._window[self._taken - 1] + "\n"

    def _done(self, lines: int) -> None:
        for _ in range(lines):
            self._window.popleft()
        self.line += lines
        self._taken = 0
        self.row += 1

    def _all(self) -> Iterator[tuple[int, Sequence[str]]]:
        while True:
            try:
                for record in csv.reader(self._feed(), delimiter=self._delimiter, strict=True):
                    many = self._taken > 1
                    if many and len(record) != self._width:
                        raise LostQuoteError
                    self._done(self._taken)
                    too_long = (many or self.long) and max(map(len, record), default=0) > LONGEST_CELL
                    yield self.row, LONG if too_long else record
                return
            except (csv.Error, LostQuoteError):
                first = self._window[0]
                self._done(1)
                yield self.row, alone(first, self._width, self._delimiter)


def _some(records: Iterator[tuple[int, tuple[str, ...]]]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The next rows of a block."""
    text = 0
    for count, (row, record) in enumerate(records, start=1):
        yield row, record
        text += sum(map(len, record))
        if count >= BLOCK_ROWS or text >= BLOCK_TEXT:
            return


def _cut(table: Table, start: Position) -> Iterator[tuple[Table, Position]]:
    """A table that was read whole, in blocks; what was rejected goes with the block before which it stands."""
    lost = sorted(table.rejected)
    for begin in range(start.line, max(len(table.rows), 1), BLOCK_ROWS):
        end = min(begin + BLOCK_ROWS, len(table.rows))
        last = end == len(table.rows)
        first_row = table.rows[begin - 1] if begin else 0
        last_row = max([*table.rows[-1:], *(row for row, _, _ in lost[-1:]), 0]) if last else table.rows[end - 1]
        rejected = [reject for reject in lost if first_row < reject[0] <= last_row]
        cells = [column[begin:end] for column in table.cells]
        notes = table.notes if begin == 0 else {}
        part = replace(table, rows=table.rows[begin:end], cells=cells, rejected=rejected, notes=notes)
        yield part, Position(end, last_row)


def block_of(table: Table, end: Position, corpora: Corpora, dated: date | None) -> Block:
    """The block that a part of a file makes (整理成块).

    Args:
        table: The part.
        end: Where the file goes on behind it.
        corpora: Everything about reading.
        dated: The day that the rows are of, where they do not say so.
    """
    columns = {field: table.column(field) for field in FIELDS}
    if dated:
        columns["as_of"] = with_day(columns["as_of"], corpora, dated)
    short = set(like_persons(columns["name"]))
    sure, others = (
        _part(table, columns, [n for n in range(len(table.rows)) if (n in short) == wanted], corpora) for wanted in (False, True)
    )
    rejects = [Reject(0, table.file, row, field, reason) for row, field, reason in table.rejected]
    rejects = sorted([*rejects, *sure.rejects, *others.rejects], key=lambda reject: reject.row)
    notes = Counter(sure.notes) + Counter(table.notes)
    return Block(replace(sure, notes=dict(notes)), others, len(table.rows), len(short), tuple(rejects), end)


def _part(table: Table, columns: dict[str, list[str]], places: list[int], corpora: Corpora) -> Intake:
    """The companies at ``places``, nothing merged."""
    if len(places) < len(table.rows):
        columns = {field: [cells[place] for place in places] for field, cells in columns.items()}
    rows = np.array([table.rows[place] for place in places], dtype=np.int32)
    return build(columns, np.zeros(len(rows), dtype=np.int32), rows, [table.file], corpora, merge=False)
