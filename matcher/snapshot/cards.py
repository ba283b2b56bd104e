"""All that is known of one company (企业档案): every field with the file, row and day that it is from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from matcher.intake import Companies, Intake
from matcher.intake.fields import EPOCH, UNKNOWN_DAY
from matcher.snapshot.members import FIELDS, NOBODY, Member, with_origin
from matcher.snapshot.opened import Snapshot

LABELS = {
    "name": "企业名称", "uscc": "统一社会信用代码", "province": "省份", "city": "城市", "county": "区县", "address": "地址",
    "company_type": "企业类型", "status": "登记状态", "industry": "行业", "qualifications": "资质", "listed": "上市",
    "main_products": "主要产品", "business_scope": "经营范围", "former_names": "曾用名", "capital_currency": "注册资本币种",
    "founded": "成立日期", "capital": "注册资本（元）", "paid_capital": "实缴资本（元）", "insured": "参保人数",
}  # fmt: skip
"""Field → Chinese term (字段的叫法)."""


def card(source: Snapshot | Intake, place: int) -> dict[str, Any]:
    """The company at ``place`` as plain data (企业档案).

    Args:
        source: A snapshot, or what was read of files.
        place: Among its companies.
    """
    if isinstance(source, Snapshot):
        files = [file.file for file in source.manifest.sources]
        return _card(source.version, source.member(place), files)
    return _card(source.digest, _member(source.companies, place), source.files)


def _member(companies: Companies, place: int) -> Member:
    chosen = companies.take(np.array([place]))
    values = tuple(chosen.text[field][0] if field in chosen.text else int(getattr(chosen, field)[0]) for field in FIELDS)
    return Member(values, bool(chosen.code_ok[0]), int(chosen.file[0]), int(chosen.row[0]), int(chosen.as_of[0]), (), ())


def _card(version: str, member: Member, files: Sequence[str]) -> dict[str, Any]:
    whole = with_origin(member)
    rows = [
        {"file": files[origin.file].rpartition("/")[2], "row": origin.row, "as_of": _day(origin.as_of)} for origin in whole.origins
    ]
    values: dict[str, Any] = dict(zip(FIELDS, whole.values, strict=True))
    values["founded"] = _day(int(values["founded"]))
    known = {
        field: {"value": values[field], **rows[number]}
        for field, number in zip(FIELDS, whole.choice, strict=True)
        if number != NOBODY
    }
    return {"snapshot": version, "code_valid": member.code_ok, "fields": known, "rows": rows}


def _day(day: int) -> str | None:
    return None if day == UNKNOWN_DAY else (EPOCH + timedelta(days=day)).isoformat()
