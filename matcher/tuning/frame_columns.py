"""Columns of the notebooks' frames and their types (各表的列): what a notebook may rely on."""

from __future__ import annotations

from matcher.intake.companies import TEXT_FIELDS

_TEXT, _WHOLE, _NUMBER, _TRUTH, _DAY = "string", "Int64", "Float64", "boolean", "datetime64[s]"
_WHO = {"row": _WHOLE, "uscc": _TEXT, "name": _TEXT}
_LINE = {"list": _TEXT, "rank": _WHOLE}


def _columns(kind: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, kind)


COLUMNS: dict[str, dict[str, str]] = {
    "companies": {
        **_columns(_WHOLE, "company"), **_columns(_TEXT, "file"), **_columns(_WHOLE, "row"), **_columns(_TEXT, *TEXT_FIELDS),
        **_columns(_DAY, "founded_date", "as_of"),
        **_columns(_WHOLE, "capital", "paid_capital", "insured_count"), **_columns(_TRUTH, "code_ok"),
    },
    "results": {
        **_LINE, **_WHO, **_columns(_TEXT, "province", "city", "county"), **_columns(_NUMBER, "score", "low", "high", "order_value"),
        **_columns(_TEXT, "band", "need", "chain", "segment"), **_columns(_NUMBER, "affinity"),
        **_columns(_TEXT, "matched_terms", "unknown", "next_question", "family"), **_columns(_WHOLE, "folded"),
        **_columns(_TEXT, "reason"),
    },
    "contributions": {
        **_LINE, **_WHO, **_columns(_TEXT, "rule", "group", "label"), **_columns(_NUMBER, "value", "weight", "points"),
        **_columns(_TRUTH, "known"), **_columns(_TEXT, "evidence"),
    },
    "parts": {**_LINE, **_columns(_TEXT, "name", "kind", "id", "label", "group"), **_columns(_NUMBER, "points")},
    "everybody": {
        **_columns(_WHOLE, "company"), **_WHO, **_columns(_TEXT, "city", "fate"), **_columns(_WHOLE, "place"),
        **_columns(_NUMBER, "score", "low", "high", "order_value"), **_columns(_TEXT, "chain", "segment", "veto"),
    },
    "evidence": {
        **_columns(_WHOLE, "company"), **_WHO, **_columns(_TEXT, "chain", "segment", "field", "label"), **_columns(_TRUTH, "known"),
        **_columns(_TEXT, "value"), **_columns(_NUMBER, "number"),
    },
    "affinities": {
        **_columns(_WHOLE, "company"), **_WHO, **_columns(_TEXT, "city"), **_columns(_WHOLE, "segment_number"),
        **_columns(_TEXT, "chain", "segment", "segment_name"), **_columns(_NUMBER, "affinity"),
    },
    "matches": {
        **_columns(_TEXT, "file"), **_WHO, **_columns(_TEXT, "chain", "segment"), **_columns(_NUMBER, "affinity"),
        **_columns(_TEXT, "matched_terms"),
    },
    "gaps": {
        **_columns(_TEXT, "chain", "segment", "name", "position", "level"), **_columns(_WHOLE, "companies"),
        **_columns(_NUMBER, "effective", "sure"), **_columns(_WHOLE, "capital"), **_columns(_TEXT, "leaders", "anchors", "derived"),
        **_columns(_TRUTH, "certain"), **_columns(_TEXT, "why", "declared", "declared_by", "need"),
    },
    "moves": {
        **_columns(_WHOLE, "move"), **_columns(_TEXT, "kind"), **_WHO, **_columns(_TEXT, "city"),
        **_columns(_WHOLE, "old_place", "new_place"), **_columns(_NUMBER, "old_score", "new_score", "change"),
        **_columns(_TEXT, "old_fate", "new_fate", "old_chain", "new_chain", "old_segment", "new_segment"),
    },
    "move_parts": {
        **_columns(_WHOLE, "move"), **_columns(_TEXT, "name", "kind", "id", "label", "group"),
        **_columns(_NUMBER, "old", "new", "change"),
    },
    "chances": {
        **_columns(_WHOLE, "number"), **_WHO, **_columns(_WHOLE, "place"), **_columns(_NUMBER, "share"),
        **_columns(_WHOLE, "best", "worst"), **_columns(_TEXT, "open"),
    },
    "questions": {
        **_columns(_WHOLE, "number"), **_WHO, **_columns(_TEXT, "field", "label"), **_columns(_NUMBER, "moved"),
        **_columns(_TEXT, "answer"), **_columns(_WHOLE, "place"),
    },
    "remedies": {
        **_columns(_TEXT, "kind"), **_columns(_WHOLE, "number", "cost", "place"), **_columns(_NUMBER, "score"),
        **_columns(_TEXT, "field", "label", "before", "after"),
    },
}  # fmt: skip
"""Frame → column → type (列的类型)."""
KEYS: dict[str, tuple[str, ...]] = {
    "companies": ("company",), "results": ("list", "rank"), "contributions": ("list", "rank", "rule"),
    "parts": ("list", "rank", "kind", "id"), "everybody": ("company",), "evidence": ("company", "field"),
    "affinities": ("company", "segment_number"), "matches": ("file", "row", "chain"), "gaps": ("chain", "segment"),
    "moves": ("move",), "move_parts": ("move", "kind", "id"), "chances": ("number",),
    "questions": ("number", "answer"), "remedies": ("kind", "number", "field"),
}  # fmt: skip
"""Frame → columns that tell its rows apart (键)."""
