"""A file cut into pieces (切成片段): what must be done one after the other, and no more than that, so that pieces can be read at once.

Of a text nearly always each line is a record, and a piece is its lines, not yet taken apart; where a record may go on in the next line,
the piece is its records. Of Parquet it is the records, of a workbook, which is read whole, a part of the table.
"""

from __future__ import annotations

import csv
import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from matcher.intake.delimited import LONG, LONGEST_CELL, LONGEST_RECORD, LostQuoteError, alone, one_a_line
from matcher.intake.header import Header
from matcher.intake.tables import Table

BLOCK_ROWS = 10_000
"""Rows of a block (每块行数); they bound memory and nothing else."""
BLOCK_TEXT = 16 * 1024**2
"""Characters at which a block ends early (每块字数)."""
_STEP = 500  # lines after which they are counted


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
class Piece:
    """Some rows of a file, to be taken apart elsewhere (片段); one of the three is filled.

    Attributes:
        end: Where the file goes on; what headers came up in it is told by whoever reads it.
        first: Spreadsheet row of the first line.
        text: Lines of a text, each a record.
        records: (spreadsheet row, cells).
        table: Of a table that was read whole.
        long: Some cell may be longer than a cell may be.
    """

    end: Position
    first: int = 0
    text: str | None = None
    records: Sequence[tuple[int, Sequence[str]]] = ()
    table: Table | None = None
    long: bool = False


def text_pieces(stream: Iterator[str], header: Header, delimiter: str, start: Position) -> Iterator[Piece]:
    """The pieces of a text (文本的片段).

    Args:
        stream: Its lines from the very first on, without their ends.
        header: Its header.
        delimiter: Between cells.
        start: Lines and rows that are done, those of the header at least.
    """
    lines, at, long = _Lines(stream), start, False
    for _ in itertools.islice(lines, start.line):
        pass
    while some := lines.some():
        text = "\n".join(some)
        if max(map(len, some)) <= LONGEST_CELL and ('"' not in text or _are_records(some, delimiter)):
            end = Position(at.line + len(some), at.row + len(some))
            yield Piece(end, first=at.row + 1, text=text)
        else:
            lines.again(some)
            records = _Records(lines, header, delimiter, at)
            block = records.block()
            lines.again(records.begun)
            long = long or records.long
            end = Position(records.line, records.row)
            yield Piece(end, records=block, long=long)
        at = end


def record_pieces(records: Iterator[tuple[int, tuple[str, ...]]], start: Position) -> Iterator[Piece]:
    """The pieces of records that come one by one, from the first one on (逐条记录的片段)."""
    records, done = itertools.islice(records, start.line, None), start.line
    while block := list(_some(records)):
        done += len(block)
        yield Piece(Position(done, block[-1][0]), records=block, long=True)


def table_pieces(table: Table, start: Position) -> Iterator[Piece]:
    """The pieces of a table that was read whole (整表的片段); what was rejected goes with the piece before which it stands."""
    return (Piece(end, table=part) for part, end in _cut(table, start))


def _are_records(lines: Sequence[str], delimiter: str) -> bool:
    """Whether each line is a record for sure: only one with quotation marks can be none."""
    return one_a_line([line for line in lines if '"' in line], delimiter) is not None


class _Lines(Iterator[str]):
    """Lines that can be put back."""

    def __init__(self, stream: Iterator[str]) -> None:
        self._stream, self._back = stream, deque[str]()

    def __next__(self) -> str:
        return self._back.popleft() if self._back else next(self._stream)

    def some(self) -> list[str]:
        """Those of the next piece, none at the end."""
        found, text = list[str](), 0
        while len(found) < BLOCK_ROWS and text < BLOCK_TEXT and (further := self._next(min(_STEP, BLOCK_ROWS - len(found)))):
            found += further
            text += sum(map(len, further))
        return found

    def _next(self, most: int) -> list[str]:
        if self._back:
            return [self._back.popleft() for _ in range(min(most, len(self._back)))]
        return [*itertools.islice(self._stream, most)]

    def again(self, lines: Iterable[str]) -> None:
        """Puts lines back that stand before all others."""
        self._back.extendleft(reversed([*lines]))


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

    @property
    def begun(self) -> Sequence[str]:
        """Lines that were looked at and are in none of the records given."""
        return [*self._window]

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
