"""What was expected of a value, in Chinese words (应为什么): for every kind of error that pydantic knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f]*$"
"""A text without control characters (一行文字)."""
RULESET = r"^(draft|published|[1-9][0-9]{0,5})$"
"""A word for a ruleset (规则的叫法)."""
RUN_ID = r"^[0-9a-f]{32}$"
"""The id of a run (批次号)."""
VERSION = r"^([0-9a-f]{32}|[0-9a-f]{64})$"
"""The version of a company base (企业库版本)."""
_PATTERNS = {
    ONE_LINE: "应为一行文字，没有控制字符", RULESET: "应为 draft、published 或版本号", RUN_ID: "应为 32 位十六进制的批次号",
    VERSION: "应为企业库的版本号",
}  # fmt: skip


def expected(kind: str, context: Mapping[str, Any]) -> str:
    """What was expected (应为什么).

    Args:
        kind: Of the error, as pydantic calls it.
        context: Its bounds and the like; a validator of ours says its own words there.
    """
    if kind == "value_error":
        return str(context.get("error", "")) or "内容不合要求"
    if kind == "string_pattern_mismatch" and context.get("pattern") in _PATTERNS:
        return _PATTERNS[context["pattern"]]
    words = _WORDS.get(kind) or next((said for ending, said in _ENDINGS if kind.endswith(ending)), "内容不合要求")
    return words.format(**{name: _plain(value) for name, value in context.items()})


def _plain(value: Any) -> str:
    return str(value).replace("'", "").replace(" or ", "、").replace(", ", "、")


_WORDS = {
    "missing": "缺少这一项", "extra_forbidden": "没有这一项", "string_type": "应为文字", "literal_error": "应为其中之一：{expected}",
    "list_type": "应为数组", "dict_type": "应为对象", "model_type": "应为对象", "model_attributes_type": "应为对象",
    "too_short": "至少应有 {min_length} 个", "too_long": "至多 {max_length} 个", "string_too_short": "至少应有 {min_length} 个字",
    "string_too_long": "至多 {max_length} 个字", "string_pattern_mismatch": "写法不对，应合 {pattern}",
    "greater_than_equal": "应在 {ge} 以上",
    "less_than_equal": "应在 {le} 以下", "greater_than": "应大于 {gt}", "less_than": "应小于 {lt}", "value_error": "内容不合要求",
    "bool_type": "应为 true 或 false", "bool_parsing": "应为 true 或 false", "none_required": "应为 null", "finite_number": "应为有限的数",
    "string_unicode": "应为有效的文字", "json_invalid": "不是有效的 JSON", "json_type": "应为 JSON 文字", "dataclass_type": "应为对象",
}  # fmt: skip
_ENDINGS = (
    ("string_sub_type", "应为文字"), ("date_from_datetime_inexact", "应为日期，如 2024-08-27"),
    ("int_type", "应为整数"), ("int_parsing", "应为整数"), ("int_from_float", "应为整数"), ("int_parsing_size", "整数过大"),
    ("float_type", "应为数"), ("float_parsing", "应为数"), ("_type", "类型不对"), ("_parsing", "读不出来"),
)  # fmt: skip
_WORDS |= dict.fromkeys(
    ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), "应为日期，如 2024-08-27"
)
