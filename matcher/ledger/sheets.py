"""Sheets of the ledgers (台账的表格): what stands in a cell, and which sheet of a workbook is which book.

A sheet that was written here and is read again says the same. Offices' own sheets are read as well: title lines above the header, their
names for columns, units in the header, totals below, columns that nobody knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from matcher.intake.header import HEADER_WITHIN, key
from matcher.ledger.books import ALL, Book, Field
from matcher.ledger.money import HOME, Money, plain
from matcher.ledger.records import Kept
from matcher.ledger.setting import Setting

CLEAR = "（清空）"
"""A cell that says so clears the field; an empty cell leaves it as it is (清空)."""
HOW = "填表说明"
"""The sheet of a template that says how to fill in the others (说明表)."""
WAN = Decimal(10_000)
_SURE_DIGITS = 15  # of a number in a spreadsheet
_UNIT = re.compile(r"(?P<base>.+?)\((?:单位:?)?(?P<unit>[^()]{1,8})\)")
_TOTALS = ("合计", "小计", "总计")
Cell = str | int | float | None


@dataclass(frozen=True)
class Sheet:
    """A sheet that holds rows of a book (一张台账表).

    Attributes:
        name: As the workbook calls it.
        places: Field → its column; ``id`` and ``version`` among them.
        units: Field of money → what its bare numbers count.
        words: Field → its header as written.
        unread: Columns that no field is called by.
        lines: (row as the spreadsheet counts it, cells), without empty lines, totals and repeated headers.
    """

    name: str
    book: Book[Any]
    places: Mapping[str, int]
    units: Mapping[str, str]
    words: Mapping[str, str]
    unread: tuple[str, ...]
    lines: tuple[tuple[int, tuple[str, ...]], ...]

    def cell(self, line: Sequence[str], field: str) -> str:
        """A cell, empty where the sheet has no such column (取一格)."""
        place = self.places.get(field)
        return line[place].strip() if place is not None and place < len(line) else ""


def title_of(setting: Setting, book: Book[Any], field: Field) -> str:
    """The header of a column (表头); money says that its numbers are 万元."""
    title = setting.title(book.name, field.name)
    return f"{title}（万元）" if field.kind == "money" else title


def columns_of(setting: Setting, book: Book[Any]) -> list[tuple[str, str]]:
    """(field, header) of a book's sheet in order (各列): number and version first."""
    named = setting.rules.file.row_columns
    fields = [(field.name, title_of(setting, book, field)) for field in book.everything]
    return [("id", named.id[0]), ("version", named.version[0]), *fields]


def cells_of(setting: Setting, book: Book[Any], record: Kept) -> dict[str, Cell]:
    """A row as the cells of its sheet (一行各格)."""
    found: dict[str, Cell] = {"id": record.id, "version": record.version}
    for field in book.everything:
        found[field.name] = cell_of(setting, book, field, getattr(record, field.name))
    return found


def cell_of(setting: Setting, book: Book[Any], field: Field, value: Any) -> Cell:
    """A value as it stands in a cell (一格)."""
    if value is None:
        return None
    if isinstance(value, Money):
        if value.currency != HOME:
            return value.shown(setting.currencies)
        number = _number(value.amount / WAN)
        return number if number is not None else value.shown(setting.currencies)
    if isinstance(value, Decimal):
        number = _number(value)
        return number if number is not None else plain(value)
    return value if isinstance(value, int) else shown(setting, book, field, value)


def shown(setting: Setting, book: Book[Any], field: Field, value: Any) -> str:
    """A value in the words of the office (人看的写法), empty for nothing."""
    if value is None:
        return ""
    if isinstance(value, Money):
        return value.shown(setting.currencies)
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    if field.kind == "step":
        return setting.step_name(book.name, value)
    if field.kind == "shares":
        return "、".join(f"{unit}:{share}" for unit, share in value)
    if field.kind in ("word", "measure", "paper", "group", "chain", "segment"):
        return _name(setting, field, value)
    if field.kind == "unit":
        return setting.rules.groups.get(value) or (setting.rules.zone_name if value == setting.zone else str(value))
    return str(value)


def choices(setting: Setting, book: Book[Any], field: Field) -> tuple[str, ...]:
    """What may stand in a column, where it is a matter of choosing (可选的值)."""
    if field.kind == "step":
        return tuple(step.name for step in setting.steps(book.name))
    if field.kind in ("department", "town"):
        return tuple(office.name for office in (setting.rules.departments if field.kind == "department" else setting.rules.towns))
    if field.kind in ("word", "measure", "paper", "currency", "mode", "group", "chain"):
        return tuple(names[0] for names in setting.vocabulary(field.kind, field.words).values())
    return ()


def sheets_of(setting: Setting, given: Sequence[tuple[str, list[list[str]]]]) -> tuple[list[Sheet], list[str]]:
    """Which sheets of a workbook hold rows of which book (认表).

    Args:
        setting: The zone's rules.
        given: Name and lines of each sheet.

    Returns:
        The sheets, books that others refer to first, and the names of those that hold none.
    """
    found: list[Sheet] = []
    others: list[str] = []
    for name, lines in given:
        best = max(_readings(setting, name, lines), key=lambda one: (one[0], -one[1]), default=None)
        if best is None:
            others += [name] if name != HOW else []
        else:
            found.append(_sheet(setting, name, lines, best[2], best[1]))
    order = list(ALL)
    return sorted(found, key=lambda sheet: order.index(sheet.book.name)), others


def _readings(setting: Setting, name: str, lines: Sequence[Sequence[str]]) -> Iterator[tuple[tuple[bool, int], int, Book[Any]]]:
    """Every line that can be the header of a book: how well it fits, where it is, and whose it is."""
    for book in ALL.values():
        called = setting.rules.file.books[book.name].title
        words = _words(setting, book)
        needed = {field.name for field in book.fields if field.required and field.kind not in ("word", "date", "unit")}
        for place, line in enumerate(lines[:HEADER_WITHIN]):
            known = {words[word][0] for word in map(_base, line) if word in words}
            if needed <= known and len(known - {"id", "version"}) >= 2:
                yield (called in name, len(known)), place, book


def _sheet(setting: Setting, name: str, lines: Sequence[Sequence[str]], book: Book[Any], place: int) -> Sheet:
    words = _words(setting, book)
    places: dict[str, int] = {}
    units: dict[str, str] = {}
    written: dict[str, str] = {}
    unread: list[str] = []
    for column, cell in enumerate(lines[place]):
        field, _ = words.get(_base(cell), ("", ""))
        if not field or field in places:
            unread += [" ".join(cell.split())] if cell.strip() else []
            continue
        places[field], written[field] = column, " ".join(cell.split())
        unit = _UNIT.fullmatch(key(cell))
        if unit:
            units[field] = unit["unit"]
    header = [key(cell) for cell in lines[place]]
    kept = tuple(
        (number, tuple(line))
        for number, line in enumerate(lines[place + 1 :], start=place + 2)
        if any(cell.strip() for cell in line) and [key(cell) for cell in line] != header and not _is_total(line)
    )
    return Sheet(name, book, places, units, written, tuple(unread), kept)


def _words(setting: Setting, book: Book[Any]) -> dict[str, tuple[str, str]]:
    """Header as it is compared → field and its title."""
    named = setting.rules.file.row_columns
    fields = {"id": named.id, "version": named.version, **setting.rules.file.books[book.name].fields}
    return {_base(word): (field, words[0]) for field, words in fields.items() for word in words}


def _base(cell: str) -> str:
    """A header without its unit."""
    word = key(cell).lstrip("*").rstrip("*")
    found = _UNIT.fullmatch(word)
    return found["base"] if found else word


def _is_total(line: Sequence[str]) -> bool:
    first = next((cell.strip() for cell in line if cell.strip()), "")
    return first.replace(" ", "").rstrip(":：") in _TOTALS


def _name(setting: Setting, field: Field, value: str) -> str:
    if field.kind == "segment":
        return next((name for (_, segment), name in setting.rules.segments.items() if segment == value), value)
    names = setting.vocabulary(field.kind, field.words).get(value)
    return names[0] if names else value


def _number(value: Decimal) -> float | int | None:
    """A number that a spreadsheet keeps exactly, None if it has too many digits."""
    digits = value.normalize()
    if len(digits.as_tuple().digits) > _SURE_DIGITS or abs(value) >= 10**_SURE_DIGITS:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
