"""What fields of a company file are called (企业文件各列的叫法)."""

from __future__ import annotations

from matcher.snapshot.cards import LABELS

_AS_GIVEN = {
    "founded_date": "成立日期", "reg_capital_raw": "注册资本", "paid_capital_raw": "实缴资本", "insured_count": "参保人数",
    "as_of": "数据日期", "website": "网址", "source": "来源",
}  # fmt: skip


def field_words(field: str) -> str:
    """A field of a company file in Chinese (列名); one without a name as it is."""
    return _AS_GIVEN.get(field) or LABELS.get(field, field)
