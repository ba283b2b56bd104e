"""What answers of the Reconciliation API 0.2 must look like: the protocol's facts, written down as JSON Schemas of our own.

Read off the specification of the W3C Community Group, https://reconciliation-api.github.io/specs/0.2/; whatever it requires is required
here, and members that it does not know are not let pass where it closes an object. The published schemas themselves bear no licence and are
not part of the project: where ``LIANZHAO_DATA`` holds them (``reconciliation-0.2/``), answers are held against them too.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from referencing import Registry
from referencing.jsonschema import DRAFT7


def _object(required: list[str], closed: bool = False, /, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, **({"additionalProperties": False} if closed else {})}


_STRING, _NUMBER, _INTEGER, _BOOLEAN = ({"type": kind} for kind in ("string", "number", "integer", "boolean"))
_TEMPLATE = {"type": "string", "pattern": r"\{\{id\}\}"}
_TYPE = _object(["id", "name"], id=_STRING, name=_STRING, description=_STRING)
_TYPE_OR_ID = {"oneOf": [_object(["id"], id=_STRING, name=_STRING), _STRING]}
_ADDRESS = _object([], service_url=_STRING, service_path=_STRING)

MANIFEST = _object(
    ["versions", "name", "identifierSpace", "schemaSpace"],
    versions={"type": "array", "items": _STRING, "contains": {"enum": ["0.2"]}},
    name=_STRING,
    identifierSpace=_STRING,
    schemaSpace=_STRING,
    documentation=_STRING,
    defaultTypes={"type": "array", "items": _TYPE, "uniqueItems": True},
    view=_object(["url"], url=_TEMPLATE),
    preview=_object(["url", "width", "height"], url=_TEMPLATE, width=_INTEGER, height=_INTEGER),
    suggest=_object([], entity=_ADDRESS, property=_ADDRESS, type=_ADDRESS),
    extend=_object([], propose_properties=_ADDRESS, property_settings={"type": "array"}),
)
_FEATURE = _object([], id=_STRING, value={"oneOf": [_BOOLEAN, _NUMBER]})
_CANDIDATE = _object(
    ["id", "name", "score"],
    id=_STRING,
    name=_STRING,
    description=_STRING,
    score=_NUMBER,
    features={"type": "array", "items": _FEATURE},
    match=_BOOLEAN,
    type={"type": "array", "items": _TYPE_OR_ID},
)
RESULTS = {"type": "object", "additionalProperties": _object(["result"], result={"type": "array", "items": _CANDIDATE})}
_MOMENT = (
    r"^-?\d{4,}-(1[0-2]|0[1-9])-(3[01]|0[1-9]|[12]\d)T(2[0-3]|[01]\d):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-](2[0-3]|[01]\d):[0-5]\d)?$"
)
_CELL = {
    "oneOf": [
        {"type": "object", "additionalProperties": False},
        _object(["id", "name"], True, id=_STRING, name=_STRING, description=_STRING),
        _object(["str"], True, str=_STRING),
        _object(["float"], True, float=_NUMBER),
        _object(["int"], True, int=_INTEGER),
        _object(["date"], True, date={"type": "string", "pattern": _MOMENT}),
    ]
}
EXTENSION = _object(
    ["rows", "meta"],
    meta={
        "type": "array",
        "items": _object(["id", "name"], id=_STRING, name=_STRING, type=_object(["id"], id=_STRING, name=_STRING)),
    },
    rows={
        "type": "object",
        "additionalProperties": {"type": "object", "additionalProperties": {"type": "array", "items": _CELL}},
    },
)
PROPOSED = _object(
    ["properties"], properties={"type": "array", "items": _object(["id", "name"], id=_STRING, name=_STRING)}, limit=_INTEGER
)
SUGGESTED = {
    "entity": _object(
        ["result"],
        result={
            "type": "array",
            "items": _object(
                ["id", "name"], id=_STRING, name=_STRING, description=_STRING, notable={"type": "array", "items": _TYPE_OR_ID}
            ),
        },
    ),
    "property": _object(["result"], result={"type": "array", "items": _TYPE}),
    "type": _object(["result"], result={"type": "array", "items": _TYPE}),
}
PUBLISHED = {
    "manifest": "manifest", "results": "reconciliation-result-batch", "extension": "data-extension-response",
    "proposed": "data-extension-property-proposal", "entity": "suggest-entities-response", "property": "suggest-properties-response",
    "type": "suggest-types-response",
}  # fmt: skip
"""Kind of answer → its published schema."""
_OWN = {"manifest": MANIFEST, "results": RESULTS, "extension": EXTENSION, "proposed": PROPOSED, **SUGGESTED}


def held(kind: str, answer: Any) -> None:
    """Holds an answer against our own schema and, where they are at hand, the published one."""
    jsonschema.validate(answer, _OWN[kind])
    if folder := published():
        validator(folder, kind).validate(answer)


def published() -> Path | None:
    """Where the published schemas are, if anywhere."""
    folder = Path(os.environ.get("LIANZHAO_DATA") or "/nowhere") / "reconciliation-0.2"
    return folder if folder.is_dir() else None


@cache
def validator(folder: Path, kind: str) -> jsonschema.Draft7Validator:
    """The published schema of a kind of answer."""
    found = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}
    schema = found[f"{PUBLISHED[kind]}.json"]
    resources = [(one["$id"], DRAFT7.create_resource(one)) for one in found.values()]
    beside = [(f"{schema['$id'].rpartition('/')[0]}/{name}", DRAFT7.create_resource(one)) for name, one in found.items()]
    swagger = [("http://swagger.io/v2/schema.json", DRAFT7.create_resource(found["openapi.json"]))]
    return jsonschema.Draft7Validator(schema, registry=Registry().with_resources([*resources, *beside, *swagger]))
