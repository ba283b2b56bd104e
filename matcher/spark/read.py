"""Rows of files → companies, rejects and facts (读行), by the checks that one machine makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import unquote

import numpy as np
import pyarrow as pa

from matcher.intake import Companies
from matcher.intake.blocks import Block, block_of
from matcher.intake.companies import DAMAGED, Merged, merge_rows
from matcher.intake.header import Header
from matcher.intake.lines import LineChecks
from matcher.intake.parquet import cell_texts
from matcher.intake.pieces import Position
from matcher.intake.tables import assembled
from matcher.snapshot.staging import LIKE_PERSON, ROUNDED, flags_of, keys
from matcher.spark import rows as columns
from matcher.spark.package import Package, opened
from matcher.spark.rows import STAGED, Batches

URI, ROW = "__uri", "__row"
"""Columns beside those of a file: where a row comes from (文件与行)."""
_HEADER_ROWS = 2  # the header counts as row 1, and rows are counted from 0


@dataclass(frozen=True)
class Read:
    """Rows of files → companies, rejects, facts (读行): files whose columns are the same.

    Attributes:
        files: Address → number and name.
        header: Of all of them.
        damaged: As in ``ParquetTable``.
        in_order: All rows of a file come to one task in their order, so that a pasted header counts for the rows behind it.
    """

    package: Package
    files: Mapping[str, tuple[int, str]]
    header: Header
    damaged: bool
    dated: date | None
    in_order: bool = False

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Of each batch its companies, its rejects and what is to be known of all rows (逐批)."""
        corpora = opened(self.package)[0].corpora
        kept: dict[str, LineChecks] = {}
        for batch in batches:
            uris = batch.column(URI).to_pylist()
            for start, end in _runs(uris):
                number, name = self.files[address(uris[start])]
                part = batch.slice(start, end - start)
                at = (place + _HEADER_ROWS for place in part.column(ROW).to_pylist())
                cells = [cell_texts(column) for column in part.columns[:-2]]
                checks = kept.setdefault(uris[start], LineChecks(self.header, corpora))
                if not self.in_order:
                    checks.foreign = False
                records = zip(at, zip(*cells, strict=True), strict=True)
                table = assembled(name, self.header, records, "", corpora, damaged=self.damaged, checks=checks)
                block = block_of(table, Position(foreign=checks.foreign), corpora, self.dated)
                yield from _staged(block, number)


def address(uri: str) -> str:
    """An address however it is spelt (地址的规范): Spark tells file:///a%20b as file:/a%20b."""
    scheme, colon, rest = unquote(uri).partition(":")
    return f"{scheme}:/{rest.lstrip('/')}" if colon else uri


def _runs(values: list[str]) -> Iterator[tuple[int, int]]:
    """Begin and end of runs of equal values."""
    start = 0
    for place in range(1, len(values) + 1):
        if place == len(values) or values[place] != values[start]:
            yield start, place
            start = place


def _staged(block: Block, number: int) -> Iterator[pa.RecordBatch]:
    for part, bit in ((block.sure, 0), (block.like_persons, LIKE_PERSON)):
        companies = replace(part.companies, file=np.full(len(part.companies), number, dtype=np.int32))
        if len(companies):
            own = {"key": _keys(companies), "flags": flags_of(companies, bit).astype(np.int8)}
            yield columns.batch(STAGED, len(companies), **own, **columns.companies_columns(companies))
    lost = block.rejects
    if lost:
        said = {"field": [one.field for one in lost], "reason": [one.reason for one in lost]}
        yield columns.batch(STAGED, len(lost), file=[number] * len(lost), row=[one.row for one in lost], **said)
    yield columns.fact(
        STAGED,
        file=number,
        read=len(block.sure.companies) + len(block.like_persons.companies) + len(lost),
        names=block.names,
        short=block.short,
        damaged=block.sure.notes.get(DAMAGED, 0),
        damaged_persons=block.like_persons.notes.get(DAMAGED, 0),
        notes=block.sure.notes,
        person_notes=block.like_persons.notes,
        foreign=block.end.foreign,
        rejected=len(lost),
        persons=len(block.like_persons.companies),
    )


def _keys(companies: Companies) -> list[bytes]:
    """What brings the rows of a company together: its code's digest; without a code its place, so that such rows spread."""
    coded = [row.tobytes() for row in keys(companies)]
    places = zip(companies.file.tolist(), companies.row.tolist(), strict=True)
    return [key if any(key) else b"%016d" % (file << 32 | row) for key, (file, row) in zip(coded, places, strict=True)]


@dataclass(frozen=True)
class Facts:
    """What all rows together decide (全部行才能定的).

    Attributes:
        persons: Rows that are like a person's are rejected.
        damaged: Some code shows a spreadsheet's damage, so rounded ones are not trusted.
    """

    persons: bool
    damaged: bool

    def merged(self, table: pa.Table) -> Merged:
        """Companies of rows that hold all rows of each (归并)."""
        flags = table["flags"].to_numpy()
        if self.persons:
            table, flags = table.filter(pa.array((flags & LIKE_PERSON) == 0)), flags[(flags & LIKE_PERSON) == 0]
        companies = columns.companies_of(table)
        if self.damaged and (lost := (flags & ROUNDED) > 0).any():
            codes = ["" if gone else code for gone, code in zip(lost.tolist(), companies.text["uscc"], strict=True)]
            companies = replace(companies, text={**companies.text, "uscc": codes}, code_ok=companies.code_ok & ~lost)
        whole = merge_rows(companies)
        return replace(whole, first=companies.file[whole.first].astype(np.int64) << 32 | companies.row[whole.first])
