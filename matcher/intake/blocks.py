"""Files block by block (分块读取): the same companies, rejects and notes as ``read_files``, in memory that does not grow with the file.

Delimited text and Parquet are read as they come; a workbook, which holds a million rows at most, and what is packed otherwise are read
whole and cut. A text is gone through twice: once for its digest and encoding, and once for its rows. Three questions need all rows of all
files: which names are persons' (``flaws.are_persons``), whether a spreadsheet spoiled the codes (``DAMAGED``), and which rows are one
company. A block tells what is needed to answer them later.
"""

from __future__ import annotations

import csv
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple, TypeVar

import numpy as np

from matcher.corpora import Corpora
from matcher.errors import InputError
from matcher.intake import delimited, parquet
from matcher.intake.companies import FIELDS, Intake, build, with_day
from matcher.intake.delimited import Plain
from matcher.intake.flaws import like_persons
from matcher.intake.lines import LineChecks
from matcher.intake.pieces import Piece, Position, record_pieces, table_pieces, text_pieces
from matcher.intake.rejects import Reject
from matcher.intake.sources import Source, seen_of
from matcher.intake.tables import Table, assembled, read_table
from matcher.processes import one_by_one
from matcher.storage import collector_paused

_Made = TypeVar("_Made")


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


class BlockReader:
    """Reads a file in blocks (分块读取器): pieces one after the other, blocks from them in any order and process.

    Args:
        source: The file.
        corpora: Everything about reading.

    Raises:
        InputError: The file cannot be read or names no companies.
    """

    def __init__(self, source: Source, corpora: Corpora) -> None:
        self._source, self._corpora, self._delimiter, self._line = source, corpora, "", 0
        self._opened: parquet.ParquetTable | None = None
        if source.encoding:
            self._header, self._delimiter, self._line = delimited.find_columns(source.head(), source.file, corpora)
        elif source.encoding is not None:
            self._opened = parquet.open_parquet(source.path, source.file, corpora)
            self._header = self._opened.header

    def pieces(self, start: Position | None = None) -> Iterator[Piece]:
        """The pieces from ``start`` on (逐片).

        Raises:
            InputError: The file cannot be read, or has changed since it was looked over.
        """
        for piece in self._pieces(start or Position()):
            if seen_of(self._source.path) != self._source.seen:
                raise InputError(self._source.file, "读取过程中文件变了，请等它写完再试")
            yield piece

    def _pieces(self, start: Position) -> Iterator[Piece]:
        source = self._source
        if source.encoding:
            with source.lines() as lines:
                begin = start if start.line else Position(self._line, self._header.place + 1)
                yield from text_pieces(lines, self._header, self._delimiter, begin)
        elif self._opened is not None:
            yield from record_pieces(self._opened.records(), start)
        else:
            yield from table_pieces(read_table(source.path, self._corpora), start)

    def block(self, piece: Piece, *, foreign: bool = False) -> Block:
        """The block of a piece (读出一块).

        Args:
            piece: Of this file.
            foreign: As in ``LineChecks``, at the end of the block before.
        """
        with collector_paused():
            if piece.table is not None:
                return block_of(piece.table, piece.end, self._corpora, self._source.dated)
            source, checks = self._source, LineChecks(self._header, self._corpora)
            checks.foreign = foreign
            damaged = self._opened.damaged if self._opened is not None else source.damaged
            table = assembled(
                source.file, self._header, self._records(piece), source.digest, self._corpora, damaged=damaged, long=piece.long,
                checks=checks,
            )  # fmt: skip
            return block_of(table, replace(piece.end, foreign=checks.foreign), self._corpora, source.dated)

    def _records(self, piece: Piece) -> Iterable[tuple[int, Sequence[str]]]:
        if piece.text is None:
            return piece.records
        return Plain(piece.first, list(csv.reader(piece.text.split("\n"), delimiter=self._delimiter, strict=True)))


class Job(NamedTuple):
    """A block to be made (待读的一块).

    Attributes:
        number: Of the block in its file.
        piece: What it is made of.
        last: It is the file's last one.
        foreign: As it is taken to be behind the block before.
    """

    number: int
    piece: Piece
    last: bool
    foreign: bool


def blocks_made(
    reader: BlockReader,
    make: Callable[[Job, Block], _Made],
    processes: int,
    start: Position | None = None,
    number: int = 0,
) -> Iterator[tuple[int, _Made]]:
    """What ``make`` makes of each block, in order, with the block's number (逐块处理).

    Args:
        reader: Of the file.
        make: Runs where the block is taken apart; of a block that was taken to stand behind another one than it does, a second time.
        processes: As for ``one_by_one``.
        start: Where to go on.
        number: Of the first block from there.
    """
    begun = deque[Job]()
    foreign = (start or Position()).foreign

    def jobs() -> Iterator[Job]:
        for place, (piece, last) in enumerate(_with_last(reader.pieces(start)), number):
            begun.append(Job(place, piece, last, foreign))
            yield begun[-1]

    def work(job: Job) -> tuple[_Made, bool]:
        block = reader.block(job.piece, foreign=job.foreign)
        return make(job, block), block.end.foreign

    for first_made in one_by_one(work, jobs(), processes):
        job = begun.popleft()
        as_taken = job.foreign == foreign  # unless a header of another order came up in the block before: hardly ever
        made, foreign = first_made if as_taken else work(job._replace(foreign=foreign))
        yield job.number, made


def _with_last(pieces: Iterator[Piece]) -> Iterator[tuple[Piece, bool]]:
    """Each piece, and whether it is the last one."""
    waiting = next(pieces, None)
    while waiting is not None:
        following = next(pieces, None)
        yield waiting, following is None
        waiting = following


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
