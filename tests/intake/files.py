"""Makes small files of every dialect from the same rows, and takes workbooks apart to damage them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

Rows = Sequence[Sequence[Any]]


def as_csv(rows: Rows, encoding: str = "utf-8") -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(["" if cell is None else cell for cell in row] for row in rows)
    return stream.getvalue().encode(encoding)


def as_xlsx(
    sheets: Mapping[str, Rows] | Rows,
    merged: Sequence[tuple[int, int, int, int, str]] = (),
    hidden: Sequence[str] = (),
    **options: Any,
) -> bytes:
    """``sheets``: name → rows; merged ranges are those of the first sheet. A text is written as text, a date as a date."""
    stream = io.BytesIO()
    rules = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(stream, {"in_memory": True, **rules, **options})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for number, (name, rows) in enumerate((sheets if isinstance(sheets, Mapping) else {"名单": sheets}).items()):
        sheet = book.add_worksheet(name)
        if name in hidden:
            sheet.hide()
        for top, left, bottom, right, text in merged if number == 0 else ():
            sheet.merge_range(top, left, bottom, right, text)
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, (date, datetime)):
                    sheet.write_datetime(row, column, cell, day)
                elif cell is not None and cell != "":
                    sheet.write(row, column, cell)
    book.close()
    return stream.getvalue()


def as_ods(rows: Rows) -> bytes:
    """A spreadsheet of LibreOffice, by hand; text only."""
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escaped(str(cell))}</text:p></table:table-cell>' for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    space = "urn:oasis:names:tc:opendocument:xmlns:"
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{space}office:1.0" xmlns:table="{space}table:1.0"'
        f' xmlns:text="{space}text:1.0"><office:body><office:spreadsheet><table:table table:name="名单">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    manifest = f'<?xml version="1.0"?><manifest:manifest xmlns:manifest="{space}manifest:1.0"/>'
    return zipped({"mimetype": kind, "content.xml": content.encode(), "META-INF/manifest.xml": manifest.encode()})


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_parquet(header: Sequence[str], columns: Sequence[Any]) -> bytes:
    stream = io.BytesIO()
    arrays = [column if isinstance(column, (pa.Array, pa.ChunkedArray)) else pa.array(column) for column in columns]
    pq.write_table(pa.Table.from_arrays(arrays, names=list(header)), stream)
    return stream.getvalue()


def text_parquet(rows: Rows) -> bytes:
    columns = [[row[n] or None for row in rows[1:]] for n in range(len(rows[0]))]
    return as_parquet(rows[0], [pa.array(column, pa.string()) for column in columns])


def parts(book: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(contents: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return stream.getvalue()


def changed(book: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    return zipped({name: change(content) if name == part else content for name, content in parts(book).items()})
