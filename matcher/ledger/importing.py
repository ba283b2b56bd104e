"""Workbooks into the ledgers (导入台账): every change is shown, all mistakes are listed, and all is entered or nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import ColumnElement, select

from matcher.errors import ConflictError, FieldError, InputError, LedgerError, RequestError, SheetError, SheetProblem
from matcher.intake.workbooks import read_sheets
from matcher.ledger import reading
from matcher.ledger.books import ALL, Book, Field
from matcher.ledger.checks import goal_unit
from matcher.ledger.entry import Entry
from matcher.ledger.meant import Meant, wanted
from matcher.ledger.mistakes import noted, raise_first
from matcher.ledger.records import Written
from matcher.ledger.setting import Setting
from matcher.ledger.sheets import CLEAR, Sheet, sheets_of, shown
from matcher.ledger.values import clean, unpacked
from matcher.matching.name_index import squeezed
from matcher.store.database import Store

MOST_ROWS = 10_000
"""Rows of a workbook (导入行数上限): nobody else can write while they are entered."""
Allow = Callable[[Entry, Book[Any], int, Mapping[str, tuple[Any, Any]]], None]
"""Raises if a row of that number, and what was changed of it, are not for whoever imports (准不准改)."""
Naming = Callable[[str], Meant]
"""Which company a name means (认企业)."""
Fate = Literal["new", "changed", "unchanged"]
FATES: dict[Fate, str] = {"new": "新增", "changed": "修改", "unchanged": "不变"}
"""What becomes of a row, in Chinese (导入结果)."""
_STEPPED = ("state", "state_on", "state_reason")
_AT_ONCE = 500
_MAY_LACK = ("uscc", "department", "target", "project")
_KEYS: dict[str, tuple[str, ...]] = {
    "targets": ("company", "uscc", "department"), "projects": ("company", "name"), "activities": ("name", "starts_on"),
    "meetings": ("activity", "company", "met_on"), "arrivals": ("project", "arrived_on", "origin", "amount"),
    "papers": ("project", "paper"), "needs": ("project", "kind", "what"), "problems": ("project", "what"),
    "promises": ("project", "target", "kind", "what"), "goals": ("year", "measure", "unit_kind", "unit"),
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """What becomes of one row of a workbook (一行的结果).

    Attributes:
        changes: Title of the field → (old, new) as people write them; of new rows only what is filled.
    """

    sheet: str
    row: int
    book: str
    id: int
    fate: Fate
    changes: dict[str, tuple[str, str]]
    told: tuple[str, ...]


@dataclass(frozen=True)
class Imported:
    """What was entered, or would be (导入结果).

    Attributes:
        digest: SHA-256 of the workbook.
        unread: Sheets, and columns of sheets, that nobody knows.
    """

    file: str
    digest: str
    lines: tuple[Line, ...]
    unread: tuple[str, ...]

    def count(self, fate: Fate) -> int:
        """How many rows met this fate (行数)."""
        return Counter(line.fate for line in self.lines)[fate]


class _TriedOnlyError(Exception):
    """Takes back what was entered for the dry run."""

    def __init__(self, result: Imported) -> None:
        super().__init__()
        self.result = result


def import_workbook(
    store: Store,
    setting: Setting,
    raw: bytes,
    file: str,
    *,
    by: str,
    dry_run: bool = False,
    reason: str | None = None,
    defaults: Mapping[str, Mapping[str, Any]] | None = None,
    today: date | None = None,
    allow: Allow | None = None,
    naming: Naming | None = None,
) -> Imported:
    """Enters a workbook (导入工作簿), in one transaction; what is in the ledgers already changes nothing.

    Args:
        store: The database.
        setting: The zone's rules.
        raw: The workbook.
        file: What it is called.
        by: Who.
        dry_run: Only tell what would be entered.
        reason: For steps and changes that need one and whose row gives none.
        defaults: Book → field → value of new rows whose sheet leaves it out or empty.
        today: Nothing was done later.
        allow: Asked of every row before it is changed and after it was entered; by default all may be.
        naming: Asked which company the name of a new row means, as whoever enters a single row is told; None asks nobody.

    Raises:
        InputError: It is no workbook, or no sheet of it is a ledger.
        SheetError: It holds mistakes; all are listed, nothing was entered.
        StoreError: The database cannot be written.
    """
    sheets, others = sheets_of(setting, read_sheets(raw, file))
    if not sheets:
        titles = "、".join(one.title for one in setting.rules.file.books.values())
        raise InputError(file, f"没有认得的台账表（{titles}），表头请照空表或导出的表写")
    if sum(len(sheet.lines) for sheet in sheets) > MOST_ROWS:
        raise InputError(file, f"超过 {MOST_ROWS:,} 行，请分成几个文件")
    digest = hashlib.sha256(raw).hexdigest()
    unread = [f"工作表「{name}」" for name in others]
    unread += [f"「{sheet.name}」的列：{'、'.join(sheet.unread)}" for sheet in sheets if sheet.unread]
    meanings = _meanings(store, setting, sheets, defaults or {}, naming) if naming else {}
    try:
        with store.writing() as connection:
            entry = Entry(connection, setting, by=by, source=f"xlsx:{digest[:16]}", today=today)
            work = _Import(entry, file, reason, defaults or {}, allow or (lambda *_: None), meanings)
            lines = [line for sheet in sheets for line in work.sheet(sheet)]
            if work.problems:
                raise SheetError(work.problems)
            result = Imported(file, digest, tuple(lines), tuple(unread))
            if dry_run:
                raise _TriedOnlyError(result)
    except _TriedOnlyError as tried:
        return tried.result
    return result


def _meanings(
    store: Store, setting: Setting, sheets: Sequence[Sheet], defaults: Mapping[str, Mapping[str, Any]], naming: Naming
) -> dict[str, Meant]:
    """What the names mean that the ledgers do not know yet, found before anybody has to wait for the import."""
    found: dict[str, Meant] = {}
    for sheet in sheets:
        names = set()
        for _, cells in sheet.lines if sheet.book.field("uscc") is not None else ():
            written = {name: sheet.cell(cells, name) for name in ("company", "uscc", "kind") if sheet.book.field(name) is not None}
            kind = written.get("kind") or defaults.get(sheet.book.name, {}).get("kind", "")
            name = None if sheet.cell(cells, "id") else wanted(setting, sheet.book, {**written, "kind": kind})
            names |= {" ".join(name.split())} if name and name != CLEAR else set()
        table, some = sheet.book.table, sorted(names)
        for at in range(0, len(some), _AT_ONCE):
            short = dict(zip(squeezed(some[at : at + _AT_ONCE]), some[at : at + _AT_ONCE], strict=True))
            there = select(table.c.squeezed).where(table.c.zone == setting.zone, table.c.squeezed.in_(short))
            with store.reading() as connection:
                known = set(connection.execute(there.where(table.c.deleted_at.is_(None))).scalars())
            found |= {name: naming(name) for key, name in short.items() if key not in known and name not in found}
    return found


class _Import:
    def __init__(
        self,
        entry: Entry,
        file: str,
        reason: str | None,
        defaults: Mapping[str, Mapping[str, Any]],
        allow: Allow,
        meanings: Mapping[str, Meant],
    ) -> None:
        self.entry, self.setting, self.file, self.reason, self.defaults = entry, entry.setting, file, reason, defaults
        self.allow, self.meanings = allow, meanings
        self.problems: list[SheetProblem] = []

    def sheet(self, sheet: Sheet) -> list[Line]:
        """What becomes of a sheet's rows; mistakes go to ``problems``."""
        found: list[Line] = []
        seen: dict[int, int] = {}
        for row, cells in sheet.lines:
            try:
                line = self._line(sheet, row, cells)
                if line.id in seen:
                    raise LedgerError(f"与第 {seen[line.id]} 行是同一{self.setting.called(sheet.book.name)}，请合成一行")
                seen[line.id] = row
                found.append(line)
            except (LedgerError, RequestError) as error:
                for one in (error, *(error.more if isinstance(error, LedgerError) else ())):
                    self._problem(sheet, row, one)
        return found

    def _problem(self, sheet: Sheet, row: int, error: LedgerError | RequestError) -> None:
        column, expected = sheet.words.get("state", "（整行）"), str(error)
        if isinstance(error, FieldError):
            column, expected = sheet.words.get(error.field) or error.title, error.problem
        elif isinstance(error, RequestError):
            column = sheet.words.get("id", "编号")
        self.problems.append(SheetProblem(self.file, sheet.name, row, column, expected))

    def _line(self, sheet: Sheet, row: int, cells: tuple[str, ...]) -> Line:
        """What becomes of a row; where cells cannot be read, what else is wrong is found without them, and taken back."""
        told, wrong = list[str](), list[LedgerError]()
        given = self._given(sheet, cells, told, wrong)
        numbers: dict[str, int | None] = {"id": None, "version": None}
        for name in numbers:
            with noted(wrong):
                numbers[name] = self._whole(sheet, cells, name)
        if not wrong:
            return self._entered(sheet, row, given, numbers["id"], numbers["version"], told)
        bad = {error.field for error in wrong if isinstance(error, FieldError)}
        others: list[LedgerError] = []
        if bad & {*_KEYS[sheet.book.name], "id", "version", "state"}:  # whose row it is, and where it goes, is not known
            others = self._missing(sheet.book, given) if numbers["id"] is None and "id" not in bad else []
        else:
            taken_back = self.entry.connection.begin_nested()
            try:
                with noted(others):
                    self._entered(sheet, row, given, numbers["id"], numbers["version"], told)
            except RequestError as error:
                others.append(FieldError("编号", str(error), field="id"))
            finally:
                taken_back.rollback()
        raise_first([*wrong, *(one for one in others if not (isinstance(one, FieldError) and one.field in bad))])
        raise AssertionError("what is wrong was raised")

    def _missing(self, book: Book[Any], given: Mapping[str, Any]) -> list[LedgerError]:
        there = {**self.defaults.get(book.name, {}), **{name: value for name, value in given.items() if value is not None}}
        absent = [one.name for one in book.fields if one.required and there.get(one.name) is None]
        return [FieldError(self.setting.title(book.name, name), "不能空着", field=name) for name in absent]

    def _entered(
        self, sheet: Sheet, row: int, given: dict[str, Any], number: int | None, version: int | None, told: list[str]
    ) -> Line:
        book = sheet.book
        state = {name: given.pop(name, None) for name in _STEPPED}
        id_ = number if number is not None else self._match(book, given)
        if id_ is None:
            for name, value in self.defaults.get(book.name, {}).items():
                given[name] = given.get(name) if given.get(name) is not None else value
            filled = {name: value for name, value in given.items() if value is not None}
            company = self.meanings.get(wanted(self.setting, book, filled) or "")
            if company is not None:
                filled |= {"uscc": company.code} if company.code else {}
                told += [company.told] if company.told else []
            step = {"step": state["state"], "on": state["state_on"], "reason": state["state_reason"] or self.reason}
            written = self.entry.add(book, filled, **(step if book.stepped else {"reason": self.reason}))
            self.allow(self.entry, book, written.id, written.changes)
            return self._told(sheet, row, "new", written, told)
        self.allow(self.entry, book, id_, {})
        written = self._change(book, id_, given, state, version, told)
        self.allow(self.entry, book, id_, written.changes)
        return self._told(sheet, row, "changed" if written.changes else "unchanged", written, told)

    def _change(
        self, book: Book[Any], id_: int, given: dict[str, Any], state: dict[str, Any], version: int | None, told: list[str]
    ) -> Written:
        """Changes of fields, then the step; against a version that has been overtaken only what changes nothing will do."""
        now = reading.row(self.entry.connection, self.setting, book, id_)
        if version is not None and version > now.version:
            raise FieldError("版本", f"现在是第 {now.version} 版，写的是 {version}，请重新导出再改", field="version")
        reason, on, step = state["state_reason"], state["state_on"], state["state"]
        why = reason if book.stepped and reason and reason != now.state_reason else self.reason
        written, wrong = Written(book.name, id_, now.version, {}), list[LedgerError]()
        with noted(wrong):
            written = self.entry.set(book, id_, given, reason=why) if given else written
        changes, warned = dict(written.changes), list(written.told)
        if book.stepped and step is not None:
            if step != now.state or (on is not None and on != now.state_on):
                with noted(wrong):
                    moved = self.entry.step(book, id_, step, on=on, reason=why)
                    changes, warned = changes | moved.changes, warned + list(moved.told)
                    written = moved
            elif reason and reason != now.state_reason:
                told.append("状态没有变，理由没有改；理由随步骤登记")
        raise_first(wrong)
        if changes and version is not None and version != now.version:
            raise ConflictError(f"第 {id_} 号{self.setting.called(book.name)}", version, now.version, now.changed_by)
        return Written(book.name, id_, written.version, changes, tuple(warned))

    def _given(self, sheet: Sheet, cells: tuple[str, ...], told: list[str], wrong: list[LedgerError]) -> dict[str, Any]:
        """Values of the cells that are filled; None for those that say 清空. Those that cannot be read are told in ``wrong``."""
        book = sheet.book
        found: dict[str, Any] = {}
        texts = {field.name: sheet.cell(cells, field.name) for field in book.everything}
        texts |= {name: str(value) for name, value in unpacked(book, texts, self.setting).items()}
        for field in book.everything:
            if texts[field.name]:
                with noted(wrong):
                    found[field.name] = self._read(sheet, field, texts[field.name], told)
        if book.name == "goals":
            with noted(wrong):
                goal_unit(self.setting, found, told)
        return found

    def _read(self, sheet: Sheet, field: Field, text: str, told: list[str]) -> Any:
        book, title = sheet.book, self.setting.title(sheet.book.name, field.name)
        if text == CLEAR:
            return None
        if field.kind == "step":
            return self.setting.step(book.name, text).id
        if field.kind == "row" and not text.isdigit():
            return self._named(title, field.name, ALL[field.words], text)
        return clean(field, title, text, self.setting, told, self.entry.today, sheet.units.get(field.name, ""))

    def _whole(self, sheet: Sheet, cells: tuple[str, ...], name: str) -> int | None:
        text = sheet.cell(cells, name)
        if text and not (text.isascii() and text.isdigit() and 0 < int(text[:12]) < 2**31):
            raise FieldError(sheet.words.get(name, name), f"应为编号那样的整数，新增的行空着，写的是「{text[:20]}」", field=name)
        return int(text) if text else None

    def _named(self, title: str, field: str, book: Book[Any], text: str) -> int:
        """The row of a book that is called so."""
        table = book.table
        called = table.c.name == text if "name" in table.c else table.c.squeezed == squeezed([text])[0]
        wanted = select(table.c.id).where(table.c.zone == self.setting.zone, table.c.deleted_at.is_(None), called)
        ids = list(self.entry.connection.execute(wanted.limit(2)).scalars())
        if len(ids) != 1:
            problem = (
                "有几行都叫这个名称，请写编号"
                if ids
                else f"没有叫「{text[:30]}」的{self.setting.called(book.name)}，请写编号或全称"
            )
            raise FieldError(title, problem, field=field)
        return int(ids[0])

    def _match(self, book: Book[Any], given: dict[str, Any]) -> int | None:
        """The row that these values are of; None if there is none yet."""
        keys = _KEYS[book.name]
        if any(given.get(name) is None for name in keys if book.name not in ("targets", "promises") or name not in _MAY_LACK):
            return None  # what is missing is told when the row is entered
        table = book.table
        same: list[ColumnElement[bool]] = []
        columns = book.columns({name: given[name] for name in keys if given.get(name) is not None})
        code, name = columns.pop("uscc", None), columns.get("squeezed")
        columns.pop("company", None)
        if code is not None:
            columns.pop("squeezed", None)
            unwritten = (table.c.squeezed == name) & table.c.uscc.is_(None)
            same.append((table.c.uscc == code) | unwritten)
        same += [table.c[column] == value for column, value in columns.items()]
        wanted = select(table.c.id).where(table.c.zone == self.setting.zone, table.c.deleted_at.is_(None), *same)
        ids = list(self.entry.connection.execute(wanted.limit(2)).scalars())
        if len(ids) > 1:
            raise LedgerError(f"台账里有几行都像是它（第 {ids[0]}、{ids[1]} 号），请填编号")
        return int(ids[0]) if ids else None

    def _told(self, sheet: Sheet, row: int, fate: Fate, written: Written, told: list[str]) -> Line:
        book = sheet.book
        changes: dict[str, tuple[str, str]] = {}
        for name, (old, new) in written.changes.items():
            field = book.field(name)
            if field is not None:
                title = self.setting.title(book.name, name)
                changes[title] = (shown(self.setting, book, field, old), shown(self.setting, book, field, new))
        every = tuple(dict.fromkeys((*told, *written.told)))
        return Line(sheet.name, row, book.name, written.id, fate, changes, every)
