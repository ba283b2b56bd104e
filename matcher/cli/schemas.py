"""Writes the JSON Schemas that are checked in (生成 JSON Schema): ``make schemas``.

``rules/schemas/`` serves editors that check rules files, ``docs/schemas/`` readers of rankings. A test compares files and code.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from matcher.rules.ledger import LedgerFile, ZoneLedgerFile
from matcher.rules.schema import FILES
from matcher.scoring.explain import Explanation
from matcher.types import RankedCompany, Ranking

ROOT = Path(__file__).resolve().parents[2]


def schemas() -> dict[str, dict[str, Any]]:
    """Path in the repository → JSON Schema (全部 JSON Schema)."""
    found = {f"rules/schemas/{kind}.schema.json": model.model_json_schema() for kind, model in FILES.items()}
    found["rules/schemas/ledger.schema.json"] = LedgerFile.model_json_schema()
    found["rules/schemas/zone-ledger.schema.json"] = ZoneLedgerFile.model_json_schema()
    found["docs/schemas/ranking.schema.json"] = TypeAdapter(Ranking).json_schema(mode="serialization")
    found["docs/schemas/result.schema.json"] = TypeAdapter(RankedCompany).json_schema(mode="serialization")
    found["docs/schemas/explanation.schema.json"] = TypeAdapter(Explanation).json_schema(mode="serialization")
    return found


def text_of(schema: dict[str, Any]) -> str:
    """A schema as it stands in its file (文件文本)."""
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def main() -> None:
    """Writes all of them."""
    for name, schema in schemas().items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(schema), encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()
