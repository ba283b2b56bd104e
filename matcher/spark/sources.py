"""Parquet files wherever the cluster finds them (集群上的列存文件): header and digest by one machine's checks, rows read by Spark.

Spark shows each row with its file and its place in it, so rejects name the row that a spreadsheet would name.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.types as kinds
from pyspark.sql import functions as sql
from pyspark.sql import types as spark_types

from matcher.corpora import Corpora
from matcher.errors import InputError
from matcher.intake import parquet
from matcher.intake.header import Header
from matcher.spark.read import ROW, URI, address

if TYPE_CHECKING:
    from py4j.java_gateway import JavaObject, JVMView
    from pyspark.sql import Column, DataFrame, SparkSession

_READERS = 8  # files whose digests are made at once
_PLAIN: dict[pa.DataType, spark_types.DataType] = {
    pa.bool_(): spark_types.BooleanType(), pa.int8(): spark_types.ByteType(), pa.int16(): spark_types.ShortType(),
    pa.int32(): spark_types.IntegerType(), pa.int64(): spark_types.LongType(), pa.uint8(): spark_types.ShortType(),
    pa.uint16(): spark_types.IntegerType(), pa.uint32(): spark_types.LongType(), pa.uint64(): spark_types.DecimalType(20, 0),
    pa.float32(): spark_types.FloatType(), pa.float64(): spark_types.DoubleType(), pa.string(): spark_types.StringType(),
    pa.large_string(): spark_types.StringType(), pa.binary(): spark_types.BinaryType(), pa.large_binary(): spark_types.BinaryType(),
    pa.date32(): spark_types.DateType(),
}  # fmt: skip
"""Type in a file → the type by which Spark shows the same values (类型对照)."""


_KNOWN = {
    "FileNotFoundException": "没有这个文件", "AccessControlException": "没有权限", "UnsupportedFileSystemException": "集群不认识这种地址",
}  # fmt: skip


@dataclass(frozen=True)
class ClusterFile:
    """A Parquet file (一个文件).

    Attributes:
        path: Where it is.
        uri: The same as Spark tells it of a row.
        file: As the user named it.
        digest: SHA-256 of its bytes.
        seen: Its size and time of change when the digest was made.
        header, damaged, names: As in ``ParquetTable``.
        schema: How Spark shows the columns of ``names``.
        clocks: Those of them that are points in time of the old kind, which a clock in UTC shows.
    """

    path: str
    uri: str
    file: str
    digest: str
    seen: tuple[int, int]
    header: Header
    damaged: bool
    names: tuple[str, ...]
    schema: spark_types.StructType
    clocks: frozenset[str]


def look_over(spark: SparkSession, paths: Sequence[str], corpora: Corpora) -> list[ClusterFile]:
    """The files and those within folders, in the order of their digests (查看文件), as ``read_files`` numbers them.

    Raises:
        InputError: One cannot be read, is no Parquet file of companies, or holds values that Spark shows otherwise.
    """
    files = [(name, status) for path in paths for name, status in _listed(spark, path)]
    with ThreadPoolExecutor(_READERS) as pool:
        found = list(pool.map(lambda one: _looked_over(spark, one[0], one[1], corpora), files))
    return sorted(found, key=lambda one: one.digest)


def check_unchanged(spark: SparkSession, files: Sequence[ClusterFile]) -> None:
    """Raises if a file is no longer what its digest is of (检查文件没变).

    Raises:
        InputError: It was changed or removed.
    """
    for one in files:
        if [_seen(status) for _, status in _listed(spark, one.path, one.file)] != [one.seen]:
            raise InputError(one.file, "读取过程中文件变了，请等它写完再试")


def groups(files: Sequence[ClusterFile]) -> list[list[int]]:
    """Numbers of the files whose columns are the same, which Spark reads together (列相同的文件)."""
    found: dict[Any, list[int]] = {}
    for number, one in enumerate(files):
        found.setdefault((one.names, one.schema.json(), one.clocks, one.damaged), []).append(number)
    return list(found.values())


def frame(spark: SparkSession, files: Sequence[ClusterFile]) -> DataFrame:
    """The rows of files of one group, with ``URI`` and ``ROW`` behind their columns (读成表)."""
    first = files[0]
    read = spark.read.schema(first.schema).parquet(*sorted({one.path for one in files}))
    cells = [_cell(name, clock=name in first.clocks).alias(f"c{number}") for number, name in enumerate(first.names)]
    where = [sql.col("_metadata.file_path").alias(URI), sql.col("_metadata.row_index").alias(ROW)]
    return read.select(*cells, *where)


def addresses(files: Sequence[ClusterFile], numbers: Sequence[int]) -> dict[str, tuple[int, str]]:
    """Address as Spark tells it → number and name of the file (地址对照)."""
    return {address(files[number].uri): (number, files[number].file) for number in reversed(numbers)}


def _cell(name: str, *, clock: bool) -> Column:
    quoted = sql.col("`" + name.replace("`", "``") + "`")
    return quoted.cast("timestamp_ntz") if clock else quoted


def _listed(spark: SparkSession, path: str, file: str = "") -> Iterator[tuple[str, JavaObject]]:
    """The file, or all of a folder that are no notes of whoever wrote it."""
    from py4j.protocol import Py4JJavaError

    jvm, called = _jvm(spark), file or path
    try:
        where = jvm.org.apache.hadoop.fs.Path(path)
        system = where.getFileSystem(spark._jsc.hadoopConfiguration())
        status = system.getFileStatus(where)
        if not status.isDirectory():
            yield called, status
            return
        inside = sorted(system.listStatus(where), key=lambda one: str(one.getPath().getName()))
    except Py4JJavaError as error:
        raise InputError(called, _reason(error.java_exception)) from None
    parts = [one for one in inside if not one.isDirectory() and not one.getPath().getName().startswith(("_", "."))]
    if not parts:
        raise InputError(called, "目录里没有 Parquet 文件")
    for one in parts:
        yield f"{called.rstrip('/')}/{one.getPath().getName()}", one


def _looked_over(spark: SparkSession, file: str, status: JavaObject, corpora: Corpora) -> ClusterFile:
    from py4j.protocol import Py4JJavaError

    jvm, path = _jvm(spark), status.getPath()
    try:
        stream = path.getFileSystem(spark._jsc.hadoopConfiguration()).open(path)
        try:
            reader = _Bytes(jvm, stream, int(status.getLen()))
            if reader.read(4) not in (b"PAR1", b"PARE"):
                raise InputError(file, "不是 Parquet 文件；集群只读 Parquet，别的格式请在一台机器上排名，或先转成 Parquet")
            reader.seek(0)
            opened = parquet.open_parquet(cast("BinaryIO", reader), file, corpora)
            stream.seek(0)
            digest = str(jvm.org.apache.commons.codec.digest.DigestUtils.sha256Hex(stream))
        finally:
            stream.close()
    except Py4JJavaError as error:
        raise InputError(file, _reason(error.java_exception)) from None
    physical = {
        opened.source.schema.column(n).path: opened.source.schema.column(n).physical_type for n in range(len(opened.source.schema))
    }
    clocks = frozenset(name for name in opened.names if physical.get(name) == "INT96")
    wanted = [(name, opened.source.schema_arrow.field(name).type) for name in opened.names]
    schema = spark_types.StructType(
        [spark_types.StructField(name, _shown(kind, name, file, name in clocks)) for name, kind in wanted]
    )
    where, uri = str(path.toString()), str(path.toUri().toString())
    names = tuple(opened.names)
    return ClusterFile(where, uri, file, digest, _seen(status), opened.header, opened.damaged, names, schema, clocks)


def _shown(kind: pa.DataType, name: str, file: str, clock: bool) -> spark_types.DataType:
    """The type by which Spark shows the same values as pyarrow."""
    if kinds.is_dictionary(kind):
        return _shown(kind.value_type, name, file, clock)
    if kinds.is_list(kind) or kinds.is_large_list(kind):
        return spark_types.ArrayType(_shown(kind.value_type, name, file, clock))
    if kinds.is_decimal128(kind):
        return spark_types.DecimalType(kind.precision, kind.scale)
    if kinds.is_fixed_size_binary(kind):
        return spark_types.BinaryType()
    if clock:
        return spark_types.TimestampType()
    if kinds.is_timestamp(kind) and kind.unit in ("ms", "us"):
        return spark_types.TimestampType() if kind.tz else spark_types.TimestampNTZType()
    if kind not in _PLAIN:
        raise InputError(file, f"这一列的类型 {kind} 集群读出来可能不同，请改存为文本、数字或日期", row=1, field=name[:20])
    return _PLAIN[kind]


class _Bytes(io.RawIOBase):
    """A file of the cluster as Python reads files: its end, where a Parquet file says what it holds."""

    def __init__(self, jvm: JVMView, stream: JavaObject, size: int) -> None:
        super().__init__()
        self._jvm, self._stream, self._size, self._at = jvm, stream, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        left = max(self._size - self._at, 0)
        count = left if size is None or size < 0 else min(size, left)
        if not count:
            return b""
        self._stream.seek(self._at)
        found = bytes(self._jvm.org.apache.commons.io.IOUtils.toByteArray(self._stream, count))
        self._at += len(found)
        return found


def _jvm(spark: SparkSession) -> JVMView:
    if spark._jvm is None:
        raise AssertionError("a session has a JVM")
    return spark._jvm


def _seen(status: JavaObject) -> tuple[int, int]:
    return int(status.getLen()), int(status.getModificationTime())


def _reason(error: JavaObject) -> str:
    kind = str(error.getClass().getSimpleName())
    known = _KNOWN.get(kind)
    said = str(error.getMessage() or "").split("\n")[0]
    return f"读不到文件（{known or f'{kind} {said}'[:200]}）"
