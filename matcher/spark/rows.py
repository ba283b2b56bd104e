"""Companies and places as columns that travel between tasks (在任务之间传递的列)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from matcher.intake import Companies
from matcher.intake.companies import TEXT_FIELDS
from matcher.intake.fields import UNKNOWN, UNKNOWN_DAY

if TYPE_CHECKING:
    from collections.abc import Iterable

Batches: TypeAlias = "Iterable[pa.RecordBatch]"
"""What a task is given, and what it gives (一批批的列)."""
NUMBERS = {"founded": "int", "as_of": "int", "capital": "bigint", "paid_capital": "bigint", "insured": "int", "code_ok": "boolean"}
"""Fields of ``Companies`` beside its texts, with their types (数值列)."""
NOT_LISTED = -2
"""In place of a segment: the company is not on this list (不在这张榜)."""
_AT = "file int, row int"
_COMPANY = ", ".join([*(f"{field} string" for field in TEXT_FIELDS), *(f"{field} {kind}" for field, kind in NUMBERS.items())])
STAGED = f"fact binary, key binary, {_AT}, flags tinyint, field string, reason string, {_COMPANY}"
"""Rows of the files: companies, rejected ones with field and reason, and a fact for each block (读出的行)."""
MEMBERS = (
    f"fact binary, {_AT}, order string, block string, group int, name string, uscc string, province string, city string, address string, "
    "founded int, capital bigint, code_ok boolean, known_group int, slots binary"
)
"""Companies that may be listed, and groups, as families see them (可能上榜的企业与集团)."""
LISTED = f"fact binary, {_AT}, order string, slots binary, families binary"
"""Companies on the lists, families folded (榜上的企业)."""
BEST = f"slot int, segment int, score int, chain int, {_AT}, order string, family binary"
"""The best of each list's segments (各环节靠前的企业)."""
COUNTED = "slot int, target int, count bigint"
"""How many stand before a company (排在前面的家数)."""
_KINDS = {
    "binary": pa.binary(), "string": pa.string(), "int": pa.int32(), "bigint": pa.int64(), "tinyint": pa.int8(), "boolean": pa.bool_()
}  # fmt: skip
SLOT = np.dtype([("segment", "<i2"), ("chain", "<i2"), ("score", "<i4")])
"""A company's place on one list: two lists a zone, of its chains and beside them (一张榜上的位置)."""


def columns_of(schema: str) -> dict[str, pa.DataType]:
    """Column → type, of one of the schemas above (列名与类型)."""
    return {name: _KINDS[kind] for name, kind in (column.split() for column in schema.split(", "))}


def batch(schema: str, count: int, /, **columns: Any) -> pa.RecordBatch:
    """``count`` rows of a schema (一批行); columns that are not given are empty."""
    kinds = columns_of(schema)
    arrays = [pa.array(columns[name], kind) if name in columns else pa.nulls(count, kind) for name, kind in kinds.items()]
    return pa.RecordBatch.from_arrays(arrays, names=list(kinds))


def fact(schema: str, **told: Any) -> pa.RecordBatch:
    """A row that tells something of all rows of a task (一条事实)."""
    return batch(schema, 1, fact=[json.dumps(told, ensure_ascii=False).encode()])


def gathered(batches: Batches) -> pa.Table | None:
    """All rows of a task, or None where there are none; in the order of the files, whatever order they came in (汇总一个任务的行)."""
    some = [one for one in batches if one.num_rows]
    return pa.Table.from_batches(some).sort_by([("file", "ascending"), ("row", "ascending")]) if some else None


def companies_columns(companies: Companies) -> dict[str, Any]:
    """The columns of companies (企业 → 列)."""
    return {"file": companies.file, "row": companies.row, **companies.text, **{name: getattr(companies, name) for name in NUMBERS}}


def companies_of(table: pa.Table) -> Companies:
    """The companies of such columns (列 → 企业)."""
    text = {field: table[field].to_pylist() for field in TEXT_FIELDS}
    numbers = {name: table[name].to_numpy() for name in NUMBERS}
    return Companies(file=table["file"].to_numpy(), row=table["row"].to_numpy(), text=text, **numbers)


@dataclass(frozen=True)
class Members(Companies):
    """Companies of whom only what families ask is known (家族所需的企业资料).

    Attributes:
        keys: Of each, what ``Companies.key`` would say if all were known.
    """

    keys: Sequence[str] = ()

    def key(self, place: int) -> str:
        """As of the whole company (排序键)."""
        return self.keys[place]


def members_of(table: pa.Table) -> Members:
    """The companies of ``MEMBERS`` (列 → 家族成员)."""
    count = table.num_rows
    text: Mapping[str, Sequence[str]] = {
        field: table[field].to_pylist() if field in table.column_names else [""] * count for field in TEXT_FIELDS
    }
    day = np.full(count, UNKNOWN_DAY, dtype=np.int32)
    unknown = np.full(count, UNKNOWN, dtype=np.int64)
    return Members(
        table["file"].to_numpy(), table["row"].to_numpy(), text, table["code_ok"].to_numpy(), table["founded"].to_numpy(), day,
        table["capital"].to_numpy(), unknown, unknown.astype(np.int32), table["order"].to_pylist(),
    )  # fmt: skip


def no_slots(count: int, slots: int) -> NDArray[Any]:
    """Companies × lists, nobody listed (空的榜位)."""
    found = np.zeros((count, slots), dtype=SLOT)
    found["segment"] = NOT_LISTED
    return found


def slots_bytes(slots: NDArray[Any]) -> list[bytes]:
    """A binary cell for each company (榜位 → 单元格)."""
    return [row.tobytes() for row in slots]


def slots_of(table: pa.Table, slots: int) -> NDArray[Any]:
    """The same back, writable (单元格 → 榜位)."""
    return np.frombuffer(bytearray(b"".join(table["slots"].to_pylist())), dtype=SLOT).reshape(-1, slots)


def facts(rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """What collected facts tell (读回事实)."""
    return (json.loads(bytes(row["fact"])) for row in rows)
