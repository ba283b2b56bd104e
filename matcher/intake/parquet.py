"""Parquet → records (列存表格): only columns that a company has are read; every type becomes the text that a person would write.

pyarrow is loaded here, when a Parquet file is read, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from matcher.corpora import Corpora
from matcher.errors import InputError, NoNameColumnError
from matcher.intake.delimited import no_name_column
from matcher.intake.header import Header, field_of, find_header, key, known_words
from matcher.intake.workbook_reader import shown

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet

MOST_ROWS = 10_000_000
"""Rows beyond which a file is refused (行数上限): a few bytes can declare any number of equal rows."""
_MOST_TEXT = 4 * 1024**3  # characters of all cells, as MOST_BYTES for text files
_BATCH = 20_000
_EAST_EIGHT = 8 * 3600  # a point in time is shown as a clock in China shows it


@dataclass(frozen=True)
class ParquetTable:
    """A Parquet file whose header is known (列存表格); the header counts as row 1.

    Attributes:
        damaged: A column holds bytes, or texts, which their writer may not have checked.
    """

    file: str
    header: Header
    damaged: bool
    source: pyarrow.parquet.ParquetFile
    names: list[str]

    def records(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """(spreadsheet row, record) of every row (逐行)."""
        import pyarrow as pa

        row, size = 2, 0
        try:
            for batch in self.source.iter_batches(_BATCH, columns=self.names, use_threads=False):
                columns = [cell_texts(column) for column in batch.columns]
                size += sum(sum(map(len, cells)) for cells in columns)
                if size > _MOST_TEXT or row > MOST_ROWS:
                    raise InputError(self.file, "Parquet 展开后太大，请分成几个文件")
                yield from enumerate(zip(*columns, strict=True), start=row)
                row += len(batch)
        except (pa.ArrowException, OSError, ValueError):
            raise InputError(self.file, "Parquet 文件损坏或不完整，请重新导出再试") from None


def open_parquet(raw: bytes | Path | BinaryIO, file: str, corpora: Corpora) -> ParquetTable:
    """Reads the schema and finds the columns (打开列存表格); of a path or a stream the rows are read as they are asked for.

    Raises:
        InputError: It is damaged, encrypted, too large, has no column that names a company, or a column of nested values.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if isinstance(raw, bytes) and raw[:4] == b"PARE":
        raise InputError(file, "Parquet 文件已加密，请去掉加密重新导出")
    try:
        opened = _opened(raw)
        source = pq.ParquetFile(opened, memory_map=False, pre_buffer=isinstance(raw, bytes))
        schema, rows = source.schema_arrow, source.metadata.num_rows
    except (pa.ArrowException, OSError, ValueError):
        raise InputError(file, "Parquet 文件损坏或不完整，请重新导出再试") from None
    if rows > MOST_ROWS:
        raise InputError(file, f"Parquet 有 {rows:,} 行，最多读 {MOST_ROWS:,} 行，请分成几个文件")
    wanted: list[pa.Field] = []
    for field in schema:
        if field_of(key(field.name), corpora.column_names)[0] is None:
            continue
        if not _is_plain(field.type):
            raise InputError(file, "是嵌套结构，应为文本、数字、日期或文本列表", row=1, field=field.name[:20])
        wanted.append(field)
    names = [field.name for field in wanted]
    header = find_header([names], corpora.column_names, corpora.wan_headers)
    if header is None:
        raise NoNameColumnError(file, no_name_column(known_words([schema.names], corpora.column_names)), row=1)
    if len(set(names)) < len(names):
        raise InputError(file, "有两列同名，请改名后重新导出", row=1)
    return ParquetTable(file, header, any(_is_unchecked(field.type) for field in wanted), source, names)


def _opened(raw: bytes | Path | BinaryIO) -> pyarrow.NativeFile:
    import pyarrow as pa

    if isinstance(raw, bytes):
        return pa.BufferReader(raw)
    return pa.OSFile(str(raw)) if isinstance(raw, Path) else pa.PythonFile(raw, "r")


def _is_plain(kind: pyarrow.DataType) -> bool:
    """Text, numbers, dates, and lists and dictionaries of them."""
    import pyarrow.types as kinds

    if kinds.is_dictionary(kind):
        return _is_plain(kind.value_type)
    if kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind):
        return not kinds.is_nested(kind.value_type)
    return not kinds.is_nested(kind)


def _is_binary(kind: pyarrow.DataType) -> bool:
    import pyarrow.types as kinds

    if kinds.is_dictionary(kind):
        return _is_binary(kind.value_type)
    return bool(kinds.is_binary(kind) or kinds.is_large_binary(kind) or kinds.is_fixed_size_binary(kind))


def _is_unchecked(kind: pyarrow.DataType) -> bool:
    """Bytes, texts, and dictionaries and lists of them: a Parquet file says that its texts are UTF-8, nothing makes sure that they are."""
    import pyarrow.types as kinds

    if kinds.is_dictionary(kind) or kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind):
        return _is_unchecked(kind.value_type)
    return bool(_is_binary(kind) or kinds.is_string(kind) or kinds.is_large_string(kind))


def cell_texts(column: Any) -> list[str]:
    """A column's cells as text, empty for null (一列的文本): the one way, whoever has read the column."""
    import pyarrow as pa
    import pyarrow.types as kinds

    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return cell_texts(column.storage)
    if kinds.is_null(kind):
        return [""] * len(column)
    if kinds.is_dictionary(kind):
        values = cell_texts(column.dictionary)
        return ["" if place is None else values[place] for place in column.indices.to_pylist()]
    if kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind):
        entries = iter(cell_texts(column.flatten()))
        lengths = [0 if length is None else length for length in column.value_lengths().to_pylist()]
        return ["、".join(filter(None, [next(entries).strip() for _ in range(length)])) for length in lengths]
    if kinds.is_temporal(kind):
        return _moments(column)
    if _is_binary(kind):
        return ["" if value is None else value.decode("utf-8", "replace") for value in column.to_pylist()]
    if kinds.is_decimal(kind):
        texts = column.cast(pa.string()).to_pylist()
        return ["" if text is None else text.rstrip("0").rstrip(".") if "." in text else text for text in texts]
    if kinds.is_floating(kind):
        return ["" if value is None or isnan(value) else shown(value) for value in column.cast(pa.float64()).to_pylist()]
    try:
        return ["" if value is None else value if type(value) is str else shown(value) for value in column.to_pylist()]
    except UnicodeDecodeError:  # what its writer took for text; the row is rejected, not the file
        return cell_texts(column.cast(pa.large_binary() if kinds.is_large_string(kind) else pa.binary()))


def _moments(column: Any) -> list[str]:
    """Dates and times as ISO text; a point in time as the clock shows it in China."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as kinds

    if kinds.is_timestamp(column.type) and column.type.tz is not None:
        local = column.cast(pa.timestamp(column.type.unit))  # the instant, in UTC
        column = pc.add(local, pa.scalar(_EAST_EIGHT, pa.duration("s")).cast(pa.duration(column.type.unit)))
    midnight = " 00:00:00"
    return [
        "" if text is None else text.split(".")[0].removesuffix(midnight) if midnight in text else text.split(".")[0]
        for text in column.cast(pa.string()).to_pylist()
    ]
