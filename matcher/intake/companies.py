"""Records → Companies (企业列表): typed columns, one row a company, every record accounted for.

``accepted + merged + rejected = read`` always. The same code twice is one company: the later ``as_of`` wins field by field, and what
it leaves empty is filled from the earlier one; names that it bore before join its former names.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import Corpora
from matcher.errors import InputError
from matcher.intake.delimited import LONGEST_CELL
from matcher.intake.fields import UNKNOWN, UNKNOWN_DAY, CapitalReader, ColumnParser, clean_codes, read_count, read_date
from matcher.intake.flaws import flaws, persons
from matcher.intake.former import former_cell, former_names
from matcher.intake.header import field_of
from matcher.intake.header import key as header_key
from matcher.intake.rejects import Reject
from matcher.intake.tables import Table, read_table, with_unit
from matcher.storage import TextColumn, chosen_texts, collector_paused

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
TEXT_FIELDS = (
    "name", "uscc", "province", "city", "county", "address", "company_type", "status", "industry", "qualifications", "listed",
    "main_products", "business_scope", "former_names", "capital_currency",
)  # fmt: skip
"""Fields kept as text, stripped; the empty string is unknown. ``capital_currency`` is read from the registered capital (注册资本币种)."""


@dataclass(frozen=True)
class Companies:
    """Profiles as columns (企业列表).

    Attributes:
        file: Number of the source file of each company.
        row: Its spreadsheet row there.
        text: Field → cells, for ``TEXT_FIELDS``.
        code_ok: The code passes GB 32100-2015.
        founded: Days since 1970, or ``UNKNOWN_DAY``.
        as_of: Date of the row, likewise.
        capital: Registered capital in yuan, or ``UNKNOWN``.
        paid_capital: Paid-in capital in yuan, or ``UNKNOWN``.
        insured: Insured headcount, or ``UNKNOWN``.
    """

    file: NDArray[np.int32]
    row: NDArray[np.int32]
    text: Mapping[str, Sequence[str]]
    code_ok: NDArray[np.bool_]
    founded: NDArray[np.int32]
    as_of: NDArray[np.int32]
    capital: NDArray[np.int64]
    paid_capital: NDArray[np.int64]
    insured: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.row)

    def take(self, index: NDArray[np.int64] | Sequence[int]) -> Companies:
        """The companies at ``index``, in that order (选取)."""
        chosen = np.asarray(index, dtype=np.int64)
        text = chosen_texts(self.text, chosen)
        return Companies(
            self.file[chosen], self.row[chosen], text,
            self.code_ok[chosen], self.founded[chosen], self.as_of[chosen], self.capital[chosen], self.paid_capital[chosen],
            self.insured[chosen],
        )  # fmt: skip

    def key(self, place: int) -> str:
        """What orders companies that score alike: the code, else the name and a digest of the row (排序键)."""
        if self.code_ok[place]:
            return self.text["uscc"][place]
        return "~" + self.text["name"][place] + self.digest(place)

    def digest(self, place: int) -> str:
        """Of all that is known of a company, whatever file and row it came from (内容指纹)."""
        numbers = (self.capital, self.paid_capital, self.insured, self.founded, self.as_of)
        return content_digest([self.text[field][place] for field in TEXT_FIELDS], [int(column[place]) for column in numbers])


def content_digest(cells: Sequence[str], numbers: Sequence[int]) -> str:
    """Of the cells of ``TEXT_FIELDS``, then capital, paid capital, headcount, founded and as_of (内容指纹)."""
    return hashlib.sha256("\0".join([*cells, *map(str, numbers)]).encode("utf-8", "replace")).hexdigest()


def cells_at(cells: Sequence[str], places: Sequence[int]) -> list[str]:
    """Some cells of a column (取一列的若干格)."""
    return cells.take(places) if isinstance(cells, TextColumn) else [cells[place] for place in places]


@dataclass(frozen=True)
class Intake:
    """What came of reading files (接入结果): ``len(companies) + merged + len(rejects) == read``.

    Attributes:
        files: The files as the user named them.
        notes: Problem → count, for rows that were kept with the field unknown or flagged.
        digest: SHA-256 over the files' contents, whatever their order, and the day that they are said to be of.
        row_notes: Row → its notes, of the first rows of each problem; of one file or of profiles.
        undated: Companies of several rows that say different things and of which none has a date: nobody knows which is the newest.
    """

    companies: Companies
    files: tuple[str, ...]
    read: int
    merged: int
    rejects: tuple[Reject, ...]
    notes: dict[str, int]
    digest: str
    row_notes: Mapping[int, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    undated: int = 0


def read_files(paths: Sequence[str | Path], corpora: Corpora, *, merge: bool = True, dated: date | None = None) -> Intake:
    """Reads company files (读入企业文件).

    Args:
        paths: CSV (plain or gzip'd), XLSX and other workbooks, Parquet.
        corpora: Column names, currencies.
        merge: Fold rows with the same code into one company.
        dated: The day that the data are of, for rows without a date of their own (数据日期).

    Raises:
        InputError: A file cannot be read at all, or holds no company.
    """
    with collector_paused():
        return of_tables([read_table(path, corpora) for path in paths], corpora, merge=merge, dated=dated)


def of_tables(tables: list[Table], corpora: Corpora, *, merge: bool, dated: date | None) -> Intake:
    """Companies of tables (由表格生成企业); arguments as ``read_files``.

    Raises:
        InputError: No table holds a company.
    """
    if merge:  # whichever file is named first, the same row stands for a company that is in both
        tables.sort(key=lambda table: table.digest)
    rejects = [Reject(n, t.file, row, field, reason) for n, t in enumerate(tables) for row, field, reason in t.rejected]
    columns = {
        field: tables[0].column(field) if len(tables) == 1 else [cell for table in tables for cell in table.column(field)]
        for field in FIELDS
    }
    file = np.repeat(np.arange(len(tables), dtype=np.int32), [len(table.rows) for table in tables])
    row = np.array([number for table in tables for number in table.rows], dtype=np.int32)
    read = len(row) + len(rejects)
    if read == 0:
        raise InputError(tables[0].file, "只有表头，没有企业")
    if dated:
        columns["as_of"] = with_day(columns["as_of"], corpora, dated)
    intake = build(columns, file, row, [table.file for table in tables], corpora, merge=merge)
    rejects = sorted([*rejects, *intake.rejects], key=lambda reject: (reject.source, reject.row))
    digest = files_digest([table.digest for table in tables], dated)
    notes = Counter(intake.notes)
    for table in tables:
        notes.update(table.notes)
    files = tuple(table.file for table in tables)
    return Intake(intake.companies, files, read, intake.merged, tuple(rejects), dict(notes), digest, undated=intake.undated)


def files_digest(digests: Sequence[str], dated: date | None) -> str:
    """Of files, by their own digests, and the day that they are said to be of (一批文件的摘要)."""
    named = [*sorted(digests), *([dated.isoformat()] if dated else [])]
    return hashlib.sha256("".join(named).encode()).hexdigest()


def with_day(cells: Sequence[str], corpora: Corpora, dated: date) -> list[str]:
    """Dates of rows, with the day of the whole file where a row has none (补上数据日期)."""
    return [cell if cell.lower() not in corpora.empty_cells else dated.isoformat() for cell in cells]


def from_profiles(profiles: Sequence[Any], corpora: Corpora) -> Intake:
    """Companies from objects with the field names of a file, English or Chinese (由对象读入); ``row`` is the place in the list, from 1.

    Nothing is merged. A profile that would be rejected in a file, or is no object of plain values, is in ``rejects``.
    """
    cells: dict[str, list[str]] = {field: [] for field in FIELDS}
    flawed: dict[int, tuple[str, str]] = {}
    for place, profile in enumerate(profiles):
        known, flaw = _plain_profile(profile, corpora.column_names)
        if flaw:
            flawed[place] = flaw
        for field in FIELDS:
            cells[field].append(known.get(field, ""))
    row = np.arange(1, len(profiles) + 1, dtype=np.int32)
    file = np.zeros(len(profiles), dtype=np.int32)
    built = build(cells, file, row, ["（请求）"], corpora, merge=False, flawed=flawed)
    digest = hashlib.sha256(repr(sorted(cells.items())).encode()).hexdigest()
    return replace(built, digest=digest)


def _plain_profile(profile: Any, names: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, str] | None]:
    """A profile's cells by field, and what is wrong with it."""
    if not isinstance(profile, Mapping):
        return {}, ("（整项）", '应为企业对象，如 {"name": …, "business_scope": …}')
    known: dict[str, str] = {}
    for key, value in profile.items():
        word = str(key)
        field, unit = field_of((_word_key if len(word) <= _LONGEST_WORD else _word_key.__wrapped__)(word), names)
        if field is None or value is None or field in known:
            continue
        listed = isinstance(value, (list, tuple)) and all(isinstance(entry, str) for entry in value)
        if not isinstance(value, str) and (field == "name" or not (listed or isinstance(value, (int, float)))):
            return {}, (field, "应为文本" if field == "name" else "应为文本、数字或文本列表")
        plain = "、".join(value) if listed else {True: "是", False: "否"}[value] if isinstance(value, bool) else str(value)
        text = _storable(plain).strip()
        if len(text) > LONGEST_CELL:
            return {}, (field, f"超过 {LONGEST_CELL} 字")
        known[field] = with_unit(text, unit)
    return known, None


@lru_cache(maxsize=1024)
def _word_key(word: str) -> str:
    """The key of a field's name, kept where it is short: all profiles have the same few."""
    return header_key(_storable(word))


def _storable(text: str) -> str:
    """Text without lone surrogates, which can neither be stored nor shown."""
    return text.encode("utf-8", "replace").decode()


_LONGEST_WORD = 40  # characters; nobody calls a field so
_VARIED = frozenset({"name", "uscc", "address", "business_scope"})  # nearly every cell is another: a set of them would save nothing
FIELDS = (*TEXT_FIELDS, "founded_date", "as_of", "reg_capital_raw", "paid_capital_raw", "insured_count")
"""Fields of a file that companies are made of (读取的字段)."""
DAMAGED = "统一社会信用代码被表格软件改成了数字，读不回来（按未知计）"
"""Note on codes that a spreadsheet took for numbers (损坏的信用代码)."""


def build(
    columns: dict[str, list[str]],
    file: NDArray[np.int32],
    row: NDArray[np.int32],
    files: list[str],
    corpora: Corpora,
    *,
    merge: bool,
    flawed: Mapping[int, tuple[str, str]] | None = None,
) -> Intake:
    """Companies from columns of stripped cells (由各列生成企业); ``flawed`` are rows known to be at fault."""
    empty = corpora.empty_cells
    found = {**(persons(columns["name"]) if merge else {}), **flaws(columns, empty), **(flawed or {})}
    rejects = tuple(Reject(int(file[place]), files[file[place]], int(row[place]), *found[place]) for place in sorted(found))
    if found:
        lost = sorted(found)
        columns = {field: _without(cells, lost) for field, cells in columns.items()}
        file, row = np.delete(file, lost), np.delete(row, lost)
    parser = ColumnParser(empty)
    capital = CapitalReader(corpora)
    text = {field: _clean(columns[field], empty, varied=field in _VARIED) for field in TEXT_FIELDS}
    if any(text["former_names"]):
        text["former_names"] = list(map(former_cell, text["former_names"]))
    currencies = {cell: capital.currency(cell) for cell in set(columns["reg_capital_raw"])}
    text["capital_currency"] = list(map(currencies.__getitem__, columns["reg_capital_raw"]))
    text["uscc"], code_ok, damaged = clean_codes(text["uscc"])
    as_of = parser.column(columns["as_of"], read_date, UNKNOWN_DAY, "数据日期").astype(np.int32)
    if damaged:
        parser.note(DAMAGED, damaged)
    failing = [place for place in np.flatnonzero(~code_ok).tolist() if text["uscc"][place]]
    if failing:
        parser.note("统一社会信用代码校验不通过（保留并标记）", failing)
    companies = Companies(
        file,
        row,
        text,
        code_ok,
        parser.column(columns["founded_date"], read_date, UNKNOWN_DAY, "成立日期").astype(np.int32),
        as_of,
        _capital(columns["reg_capital_raw"], as_of, capital, parser, "注册资本"),
        _capital(columns["paid_capital_raw"], as_of, capital, parser, "实缴资本"),
        parser.column(columns["insured_count"], read_count, UNKNOWN, "参保人数").astype(np.int32),
    )
    merged = undated = 0
    if merge:
        before = len(companies)
        whole = merge_rows(companies)
        companies, undated = whole.companies, whole.undated
        merged = before - len(companies)
    row_notes = {int(row[place]): tuple(found) for place, found in parser.row_notes.items()}
    return Intake(companies, tuple(files), len(row) + len(rejects), merged, rejects, parser.notes, "", row_notes, undated)


def _capital(
    cells: list[str], as_of: NDArray[np.int32], reader: CapitalReader, parser: ColumnParser, field: str
) -> NDArray[np.int64]:
    """Amounts, each at the rates of its own row's date."""
    result = np.full(len(cells), UNKNOWN, dtype=np.int64)
    for day in sorted(set(as_of.tolist())) if any(cells) else ():
        at = np.flatnonzero(as_of == day)
        chosen = cells if len(at) == len(cells) else [cells[place] for place in at]
        result[at] = parser.column(chosen, partial(reader.read, as_of=day), UNKNOWN, field, at.tolist())
    return result


def _without(cells: list[str], lost: Sequence[int]) -> list[str]:
    """The cells but those at ``lost``, which ascend."""
    kept: list[str] = []
    start = 0
    for place in lost:
        kept += cells[start:place]
        start = place + 1
    kept += cells[start:]
    return kept


def _clean(cells: list[str], empty: frozenset[str], *, varied: bool) -> list[str]:
    """Cells without the words for "nothing" and without control characters; a line end within a cell ends a clause."""
    if not any(cells):
        return cells
    if not all(map(str.isprintable, cells)):
        cells = [cell if cell.isprintable() else _CONTROL.sub(" ", cell.replace("\n", ";")) for cell in cells]
    longest = max(map(len, empty))
    short = {cell for cell in (cells if varied else set(cells)) if len(cell) <= longest}
    nothing = {cell for cell in short if cell.lower() in empty} - {""}
    return ["" if cell in nothing else cell for cell in cells] if nothing else cells


@dataclass(frozen=True)
class Merged:
    """Rows that were folded into companies (归并结果).

    Attributes:
        first: Place of each company's first row among those given, by which companies stand in order.
        folded: Companies of more than one row.
        undated: As in ``Intake``.
    """

    companies: Companies
    first: NDArray[np.int64]
    folded: NDArray[np.int64]
    undated: int = 0


def merge_rows(companies: Companies) -> Merged:
    """One company per code, failing codes fold only under the same name (归并); rows stand in the order of the files."""
    if len(codes := list(filter(None, companies.text["uscc"]))) == len(set(codes)):
        return Merged(companies, np.arange(len(companies)), np.zeros(0, dtype=np.int64))
    first: dict[str, int] = {}
    doubles: dict[int, list[int]] = {}
    names, good = companies.text["name"], companies.code_ok.tolist()
    for place, code in enumerate(companies.text["uscc"]):
        if code:
            key = code if good[place] else f"{code} {names[place]}"
            leader = first.setdefault(key, place)
            if leader != place:
                doubles.setdefault(leader, [leader]).append(place)
    if not doubles:
        return Merged(companies, np.arange(len(companies)), np.zeros(0, dtype=np.int64))
    undated = 0
    dropped = np.zeros(len(companies), dtype=np.bool_)
    text = {field: list(cells) for field, cells in companies.text.items()}
    numbers = {
        field: getattr(companies, field).copy()
        for field in ("founded", "as_of", "capital", "paid_capital", "insured", "file", "row")
    }
    for leader, places in doubles.items():
        standing = {p: (-int(companies.as_of[p]), _richness(companies, p)) for p in places}
        order = sorted(places, key=standing.__getitem__)
        undated += int(companies.as_of[order[0]] == UNKNOWN_DAY and len(set(standing.values())) > 1)
        for field, cells in text.items():
            cells[leader] = next((companies.text[field][p] for p in order if companies.text[field][p]), "")
        known = [(names[p], companies.text["former_names"][p]) for p in order]
        text["former_names"][leader] = former_names(known, names[order[0]])
        for field, unknown in (("founded", UNKNOWN_DAY), ("capital", UNKNOWN), ("paid_capital", UNKNOWN), ("insured", UNKNOWN)):
            values = getattr(companies, field)
            numbers[field][leader] = next((values[p] for p in order if values[p] != unknown), unknown)
        for field in ("as_of", "file", "row"):
            numbers[field][leader] = getattr(companies, field)[order[0]]
        dropped[[place for place in places if place != leader]] = True
    whole = Companies(
        numbers["file"], numbers["row"], text, companies.code_ok, numbers["founded"], numbers["as_of"], numbers["capital"],
        numbers["paid_capital"], numbers["insured"],
    )  # fmt: skip
    left = np.flatnonzero(~dropped)
    return Merged(whole.take(left), left, np.searchsorted(left, sorted(doubles)), undated)


def _richness(companies: Companies, place: int) -> tuple[int, str]:
    """Orders rows of the same date without regard to their order in the file: the fuller one first, then by content."""
    return -sum(len(companies.text[field][place]) for field in TEXT_FIELDS), companies.digest(place)
