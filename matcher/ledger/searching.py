"""Which rows are asked for (查询条件): columns with a value, words in a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement

from matcher.errors import FieldError
from matcher.ledger.books import Book
from matcher.ledger.setting import Setting
from matcher.ledger.values import LATEST, clean

_NAMES = ("name", "company", "what")


def conditions(setting: Setting, book: Book[Any], where: Mapping[str, str], search: str | None = None) -> list[ColumnElement[bool]]:
    """Conditions for ``reading.rows`` (查询条件).

    Args:
        setting: The zone's rules.
        book: Which book.
        where: Field → the value that it must have, as people write it; empty for those that are not filled in.
        search: What must stand in the name of the row or of its company.

    Raises:
        FieldError: A value that the field cannot have, or a book without names.
    """
    found: list[ColumnElement[bool]] = []
    table = book.table
    for name, text in where.items():
        columns = book.columns({name: _value(setting, book, name, text)})
        found += [table.c[one].is_(None) if kept is None else table.c[one] == kept for one, kept in columns.items()]
    if search:
        named = [table.c[name].contains(search, autoescape=True) for name in _NAMES if name in table.c]
        if not named:
            raise FieldError("名称", f"{setting.rules.file.books[book.name].title}没有名称，不能按词查", field="search")
        any_of = named[0]
        for other in named[1:]:
            any_of = any_of | other
        found.append(any_of)
    return found


def _value(setting: Setting, book: Book[Any], name: str, text: str) -> Any:
    field = book.field(name)
    if field is None:
        raise FieldError(name, "没有这一列", field=name)
    if not text.strip():
        return None
    if field.kind == "step":
        return setting.step(book.name, text).id
    if field.kind == "segment":
        return next((segment for (_, segment), called in setting.rules.segments.items() if text in (segment, called)), text)
    return clean(field, setting.title(book.name, name), text, setting, [], LATEST)
