"""Fields, rows and evaluation shared by the tests of the rule language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from matcher.scoring.expressions import compile_expression
from matcher.scoring.values import Column, Field

EPOCH = date(1970, 1, 1)
TODAY = date(2026, 1, 1)
AS_OF = (TODAY - EPOCH).days
FIELDS = {
    "n": Field("number", "甲数"),
    "m": Field("number", "乙数"),
    "k": Field("number", "丙数"),
    "s": Field("truth", "甲真假"),
    "t": Field("truth", "乙真假"),
    "u": Field("truth", "丙真假"),
    "d": Field("date", "日期"),
    "mode": Field("text", "类别", ("make", "sell", "none")),
    "marks": Field("list", "列表", ("red", "green", "blue")),
}


def columns(rows: Sequence[Mapping[str, Any]], fields: Mapping[str, Field] = FIELDS, junk: int = 0) -> dict[str, Column]:
    """Columns from plain values: None is unknown, a list is (words, complete); ``junk`` is what lies under an unknown value."""
    made = {}
    for name, field in fields.items():
        given = [row.get(name) for row in rows]
        if field.kind == "list":
            pairs = [entry or ((), False) for entry in given]
            values = np.array([sum(1 << field.names.index(w) for w in words) for words, _ in pairs], dtype=np.int64)
            made[name] = Column(values, np.array([complete for _, complete in pairs], dtype=np.bool_))
            continue
        known = np.array([entry is not None for entry in given], dtype=np.bool_)
        kinds: dict[str, Any] = {"number": np.float64, "truth": np.bool_, "text": np.int64, "date": np.int64}
        plain = [junk if entry is None else _stored(entry, field) for entry in given]
        made[name] = Column(np.array(plain, dtype=kinds[field.kind]), known)
    return made


def _stored(entry: Any, field: Field) -> Any:
    if field.kind == "text":
        return field.names.index(entry)
    return (entry - EPOCH).days if field.kind == "date" else entry


def evaluate(text: str, **row: Any) -> float | bool | None:
    """The value of a text for one row; None is unknown."""
    (answer,) = evaluate_rows(text, [row])
    return answer


def evaluate_rows(text: str, rows: Sequence[Mapping[str, Any]], junk: int = 0) -> list[float | bool | None]:
    expression = compile_expression(text, FIELDS)
    values, known = expression(columns(rows, junk=junk), AS_OF)
    assert values.shape == known.shape == (len(rows),)
    read = bool if expression.kind == "truth" else float
    if expression.kind == "truth":
        assert set(values.tolist()) <= {0.0, 1.0}
    return [read(value) if there else None for value, there in zip(values, known, strict=True)]
