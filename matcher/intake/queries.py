"""Lists of names to resolve and tables of brands (待归一的名单、品牌对照表), in any dialect that tables of companies come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from matcher.corpora import Corpora
from matcher.errors import InputError, NoNameColumnError
from matcher.intake import delimited, workbooks
from matcher.intake.fields import clean_codes
from matcher.intake.tables import Table, read_table, table_of

STDIN = "-"
"""What stands for standard input in the place of a file (标准输入)."""
BLANK = "空行"
"""What is said of a row with nothing in it (空行)."""
_QUERY = (
    "query",
    "查询",
    "品牌",
    "品牌名称",
    "简称",
    "企业简称",
    "brand",
    "brand_name",
    "short_name",
    "会员单位",
    "会员企业",
    "会员名称",
)
_HEADERS = "这一列的表头可以是 query、品牌、简称、会员单位、名称、企业名称等；整个文件只有一列名称的，可以不写表头"
_BRAND = ("brand", "brand_name", "品牌", "品牌名称", "简称", "企业简称", "query")
_LONGEST_LINE = 200  # characters; a longer line is no name
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


def with_list_columns(corpora: Corpora) -> Corpora:
    """The corpora under which a list's column of names may be called as any list calls it (名单的列名)."""
    return _Columns(corpora, dict.fromkeys(_QUERY, "name") | corpora.column_names)


@dataclass(frozen=True)
class QueryList:
    """A list of names (名单).

    Attributes:
        rows: In order; those that cannot be taken apart, and blank ones between others, with what is wrong.
        has_header: Else its first row is a name as well.
    """

    rows: list[QueryRow]
    has_header: bool = True


def read_queries(path: str | Path, corpora: Corpora, *, stdin: bytes = b"") -> QueryList:
    """The rows of a list (读入名单).

    The column is called query, 品牌, 简称, or as companies' names are called elsewhere (名称, 企业名称 …); of several the leftmost. A text
    or workbook without a header, one name to a line, is a list too.

    Args:
        path: The file, or ``STDIN``.
        corpora: Names of columns.
        stdin: What standard input holds.

    Raises:
        InputError: The file is missing, no table, empty, or has no such column.
    """
    columns = with_list_columns(corpora)
    from_stdin = str(path) == STDIN
    file = "标准输入" if from_stdin else str(path)
    try:
        table = table_of(stdin, file, columns) if from_stdin else read_table(path, columns)
    except NoNameColumnError as error:
        raw = stdin if from_stdin else Path(path).read_bytes()
        bare = _named_by_line(workbooks.lone_column(raw, file)) if raw.startswith(workbooks.STARTS) else _bare_list(raw)
        if not bare:
            raise InputError(error.file, f"{error.problem}。{_HEADERS}", row=error.row) from None
        return QueryList(bare, has_header=False)
    codes, _, _ = clean_codes(_filled(table, "uscc"))
    written = zip(table.rows, table.column("name"), _filled(table, "name"), codes, strict=True)
    rows = [
        QueryRow(row, name, code) if name or code else QueryRow(row, cell, "", "query", "没有写名称" if cell else BLANK)
        for row, cell, name, code in written
    ]
    rows += [QueryRow(row, "", "", field, reason) for row, field, reason in table.rejected]
    if not rows:
        raise InputError(table.file, "只有表头，没有要归一的名称")
    return QueryList(_with_blanks(rows, table.header.place + 2))


def _bare_list(raw: bytes) -> list[QueryRow]:
    """The names of a text with one to a line; none if it is no such text."""
    try:
        text = delimited.decoded(raw, "")
    except InputError:
        return []
    return _named_by_line([line.strip() for line in text.rstrip().split("\n")])


def _named_by_line(lines: Sequence[str]) -> list[QueryRow]:
    if any(mark in line for line in lines for mark in ",\t;|\0") or any(len(line) > _LONGEST_LINE for line in lines):
        return []
    return [QueryRow(row, line, "", *(() if line else ("query", BLANK))) for row, line in enumerate(lines, 1)]


def _with_blanks(rows: Sequence[QueryRow], first: int) -> list[QueryRow]:
    """The rows in order, with the blank ones between them, so that answers stand beside the sheet's rows."""
    found = {row.row: row for row in rows}
    first = min(first, *found)
    return [found.get(row) or QueryRow(row, "", "", "query", BLANK) for row in range(first, max(found) + 1)]


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
