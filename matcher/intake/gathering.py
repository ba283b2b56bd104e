"""Blocks → Intake (合成一批): what ``read_files`` reads of a file, from blocks that were taken apart elsewhere.

What all rows decide together is decided here: which names are persons', which codes are trusted, which rows are one company.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.errors import InputError
from matcher.intake.blocks import Block
from matcher.intake.companies import DAMAGED, TEXT_FIELDS, Companies, Intake, files_digest, merge_rows
from matcher.intake.fields import NUMBER_COLUMNS, is_rounded
from matcher.intake.flaws import PERSON, are_persons
from matcher.intake.rejects import Reject
from matcher.intake.sources import Source
from matcher.storage import TextColumn, as_lines

_NO_ROW = "只有表头，没有企业"


@dataclass(frozen=True)
class Packed:
    """A block as it goes from process to process (打包的一块): bytes, not a million objects.

    Attributes:
        texts: As ``storage.as_lines`` gives them.
        numbers: The other columns of ``Companies``.
        like_persons: Of each row, whether its name is like a person's.
        counts: Names, short ones, damaged codes, and those of rows like persons.
        notes, person_notes: As in ``Block``.
        rejects: As in ``Block``.
    """

    texts: dict[str, tuple[bytes, NDArray[np.uint32]]]
    numbers: dict[str, NDArray[Any]]
    like_persons: NDArray[np.bool_]
    counts: tuple[int, int, int, int]
    notes: dict[str, int]
    person_notes: dict[str, int]
    rejects: tuple[Reject, ...]


def companies_in(block: Block) -> Companies:
    """All rows of a block, those like persons behind the others (一块的全部行)."""
    sure, like = block.sure.companies, block.like_persons.companies
    if not len(like):
        return sure
    text = {field: [*sure.text[field], *like.text[field]] for field in TEXT_FIELDS}
    return Companies(text=text, **{name: np.concatenate([getattr(sure, name), getattr(like, name)]) for name in NUMBER_COLUMNS})


def packed(block: Block, companies: Companies) -> Packed:
    """A block, to be sent (打包); ``companies``: ``companies_in`` it."""
    damaged, of_persons = (part.notes.get(DAMAGED, 0) for part in (block.sure, block.like_persons))
    return Packed(
        {field: as_lines(companies.text[field]) for field in TEXT_FIELDS},
        {name: getattr(companies, name) for name in NUMBER_COLUMNS},
        np.arange(len(companies)) >= len(block.sure.companies),
        (block.names, block.short, damaged, of_persons),
        block.sure.notes,
        block.like_persons.notes,
        block.rejects,
    )


@dataclass(frozen=True)
class Gathered:
    """A file's companies (合成结果).

    Attributes:
        intake: As ``read_files`` gives it.
        company: Of each row, in the order of the blocks, its company, or -1 where it is none's first row.
        changed: Companies that are not as their first row was read alone.
    """

    intake: Intake
    company: NDArray[np.int64]
    changed: NDArray[np.int64]


def gathered(source: Source, blocks: Sequence[Packed], dated: date | None) -> Gathered:
    """The companies of a file's blocks (合成).

    Args:
        source: The file; its digest is of its content alone.
        blocks: All of them, in order.
        dated: As for ``read_files``.

    Raises:
        InputError: The file holds no row.
    """
    if not blocks:
        raise InputError(source.file, _NO_ROW)
    rows, like = _rows(blocks), np.concatenate([block.like_persons for block in blocks])
    names, short, damaged, of_persons = (sum(counts) for counts in zip(*(block.counts for block in blocks), strict=True))
    persons = are_persons(short, names)
    rejects = [reject for block in blocks for reject in block.rejects]
    read = len(rows) + len(rejects)
    if not read:
        raise InputError(source.file, _NO_ROW)
    notes: Counter[str] = Counter()
    for block in blocks:
        notes.update(block.notes)
        notes.update({} if persons else block.person_notes)
    if persons:
        rejects += [Reject(0, source.file, row, *PERSON) for row in rows.row[like].tolist()]
    kept = np.flatnonzero(~like | (not persons))
    kept = kept[np.argsort(rows.row[kept], kind="stable")]
    blank = _doubtful(rows, kept) if damaged + (0 if persons else of_persons) else kept[:0]
    if len(blank):
        rows = _without_codes(rows, blank)
        notes[DAMAGED] += len(blank)
    companies = rows if np.array_equal(kept, np.arange(len(rows))) else rows.take(kept)
    merged = merge_rows(companies)
    company = np.full(len(rows), -1, dtype=np.int64)
    company[kept[merged.first]] = np.arange(len(merged.companies))
    changed = np.union1d(merged.folded, company[blank])
    rejects.sort(key=lambda reject: reject.row)
    intake = Intake(
        merged.companies, (source.file,), read, len(companies) - len(merged.companies), tuple(rejects), dict(notes),
        files_digest([source.digest], dated), undated=merged.undated,
    )  # fmt: skip
    return Gathered(intake, company, changed[changed >= 0])


def _rows(blocks: Sequence[Packed]) -> Companies:
    """All rows behind one another, their texts read when they are asked for."""
    text = {}
    for field in TEXT_FIELDS:
        lengths = np.concatenate([block.texts[field][1] for block in blocks])
        starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths, dtype=np.int64)])
        text[field] = TextColumn(b"".join([block.texts[field][0] for block in blocks]), starts)
    return Companies(text=text, **{name: np.concatenate([block.numbers[name] for block in blocks]) for name in NUMBER_COLUMNS})


def _doubtful(rows: Companies, kept: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows whose codes may have lost their last digits though their check fits."""
    codes, good = rows.text["uscc"], rows.code_ok
    return np.array([place for place in kept[good[kept]].tolist() if is_rounded(codes[place])], dtype=np.int64)


def _without_codes(rows: Companies, places: NDArray[np.int64]) -> Companies:
    codes, good = list(rows.text["uscc"]), rows.code_ok.copy()
    for place in places.tolist():
        codes[place] = ""
    good[places] = False
    return replace(rows, text={**rows.text, "uscc": codes}, code_ok=good)
