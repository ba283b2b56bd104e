"""Cells and data as text (单元格与 JSON): nothing that a spreadsheet would run as a formula."""

from __future__ import annotations

import json
from typing import Any

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def safe(cell: Any) -> Any:
    """A cell that no spreadsheet runs as a formula (防公式)."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def as_json(value: Any) -> str:
    """JSON as people and programs read it (JSON 文本)."""
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
