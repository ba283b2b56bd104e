"""What answers of the Reconciliation API 0.2 must look like: the protocol's facts, written down as JSON Schemas of our own.

Read off the specification of the W3C Community Group, https://reconciliation-api.github.io/specs/0.2/; whatever it requires is required
here, and members that it does not know are not let pass where it closes an object.
"""

from __future__ import annotations

from typing import Any


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
