"""Lists of names to resolve and tables of brands (待归一的名单、品牌对照表), in any dialect that tables of companies come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from matcher.corpora import Corpora
from matcher.errors import InputError
from matcher.intake.fields import clean_codes
from matcher.intake.tables import Table, read_table

_QUERY = ("query", "查询", "品牌", "品牌名称", "简称", "企业简称", "brand", "brand_name", "short_name")
_BRAND = ("brand", "brand_name", "品牌", "品牌名称", "简称", "企业简称", "query")
_LEGAL = ("legal_name", "法定名称", "登记名称")


@dataclass(frozen=True)
class QueryRow:
    """One row of a list (名单的一行).

    Attributes:
        row: Spreadsheet row.
        query: What stands there.
        uscc: The credit code beside it, or "".
        field: The column at fault, if it is no query.
        flaw: What is wrong with it.
    """

    row: int
    query: str
    uscc: str
    field: str = ""
    flaw: str = ""


class _Columns(Corpora):
    """The corpora with other names of columns."""

    def __init__(self, corpora: Corpora, names: Mapping[str, str]) -> None:
        super().__init__(corpora.path)
        self._names = dict(names)

    @cached_property
    def column_names(self) -> dict[str, str]:
        return self._names


def read_queries(path: str | Path, corpora: Corpora) -> list[QueryRow]:
    """The rows of a list in order, those that cannot be taken apart with what is wrong (读入名单).

    The column is called query, 品牌, 简称, or as companies' names are called elsewhere (名称, 企业名称 …); of several the leftmost.

    Raises:
        InputError: The file is missing, no table, empty, or has no such column.
    """
    table = read_table(path, _Columns(corpora, dict.fromkeys(_QUERY, "name") | corpora.column_names))
    codes, _, _ = clean_codes(_filled(table, "uscc"))
    rows = [
        QueryRow(row, query, code, *(() if query or code else ("query", "没有写名称")))
        for row, query, code in zip(table.rows, _filled(table, "name"), codes, strict=True)
    ]
    rows += [QueryRow(row, "", "", field, reason) for row, field, reason in table.rejected]
    if not rows:
        raise InputError(table.file, "只有表头，没有要归一的名称")
    return sorted(rows, key=lambda row: row.row)


def read_brands(path: str | Path, corpora: Corpora) -> dict[str, tuple[str, str]]:
    """Brand → (legal name, code or "") of a table ``brand,legal_name[,uscc]`` (读入品牌对照表).

    Raises:
        InputError: A row lacks its brand or its company, or contradicts another.
    """
    legal = {word: "legal_name" for word, field in corpora.column_names.items() if field == "name"}
    codes = {word: "uscc" for word, field in corpora.column_names.items() if field == "uscc"}
    names = legal | codes | dict.fromkeys(_LEGAL, "legal_name") | dict.fromkeys(_BRAND, "name")
    table = read_table(path, _Columns(corpora, names))
    for row, field, reason in table.rejected:
        raise InputError(table.file, reason, row=row, field=field)
    found: dict[str, tuple[str, str]] = {}
    answers = zip(_filled(table, "legal_name"), clean_codes(_filled(table, "uscc"))[0], strict=True)
    for row, brand, company in zip(table.rows, _filled(table, "name"), answers, strict=True):
        if not brand:
            raise InputError(table.file, "没有写品牌", row=row, field="brand")
        if company == ("", ""):
            raise InputError(table.file, "没有写企业名称，也没有统一社会信用代码", row=row, field="legal_name")
        if found.setdefault(brand, company) != company:
            raise InputError(table.file, "同一个品牌写了两家企业", row=row, field="brand")
    return found


def _filled(table: Table, field: str) -> list[str]:
    """A column without the words for "nothing"."""
    return ["" if cell.lower() in table.empty else cell for cell in table.column(field)]
