"""Columns of values in memory → Companies (由内存里的列读入): as if they had been written to a file and read again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

from matcher.corpora import Corpora
from matcher.errors import NoNameColumnError
from matcher.intake.companies import Intake, of_tables
from matcher.intake.delimited import no_name_column
from matcher.intake.header import find_header, known_words
from matcher.intake.tables import assembled
from matcher.intake.workbook_reader import shown

IN_MEMORY = "（数据表）"
"""What stands for the file (代替文件名)."""


def read_cells(
    columns: Sequence[tuple[str, Sequence[object]]], corpora: Corpora, *, merge: bool = True, dated: date | None = None
) -> Intake:
    """Reads companies from columns of values (由列读入); the header counts as row 1, the first company as row 2.

    Args:
        columns: Header and cells of each; None for empty, a list for several words in a cell, else what ``shown`` writes.
        corpora: Column names, currencies.
        merge: As ``read_files``.
        dated: As ``read_files``.

    Raises:
        InputError: No column names a company, or there is none.
    """
    names = [name for name, _ in columns]
    header = find_header([names], corpora.column_names, corpora.wan_headers)
    if header is None:
        raise NoNameColumnError(IN_MEMORY, no_name_column(known_words([names], corpora.column_names)), row=1)
    cells = [list(map(_text, values)) for _, values in columns]
    digest = hashlib.sha256(repr((names, cells)).encode("utf-8", "backslashreplace")).hexdigest()
    table = assembled(IN_MEMORY, header, enumerate(zip(*cells, strict=True), start=2), digest, corpora)
    return of_tables([table], corpora, merge=merge, dated=dated)


def _text(value: object) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return "、".join(map(_text, sorted(value) if isinstance(value, (set, frozenset)) else value))
    return shown(value).encode("utf-8", "replace").decode()  # no lone surrogates
