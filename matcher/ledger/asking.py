"""Rows as programs ask for them and are told (程序读写台账): columns by their names, values as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, TypeVar

from sqlalchemy import ColumnElement

from matcher.errors import OptionError
from matcher.ledger.books import Book
from matcher.ledger.money import Money
from matcher.ledger.setting import Setting

V = TypeVar("V")


def values_of(setting: Setting, book: Book[Any], given: Sequence[str]) -> dict[str, str]:
    """列=值 as fields (读 列=值).

    Raises:
        OptionError: Something has no equals sign, a column is none of the book's, or stands twice.
    """
    pairs = [pair.partition("=") for pair in given]
    for column, sign, _ in pairs:
        if not sign:
            raise OptionError(f"应写成 列=值，写的是「{column[:30]}」", field="where")
    return _named(setting, book, [(column, value) for column, _, value in pairs], "where")


def values_by_name(setting: Setting, book: Book[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Columns by any of their names as fields (按列名读值).

    Raises:
        OptionError: A column is none of the book's, or stands twice under two names.
    """
    return _named(setting, book, list(given.items()), "values")


def _named(setting: Setting, book: Book[Any], pairs: Sequence[tuple[str, V]], given_as: str) -> dict[str, V]:
    names = {word: field for field, words in setting.rules.file.books[book.name].fields.items() for word in (field, *words)}
    found: dict[str, V] = {}
    for column, value in pairs:
        field = names.get(column.strip())
        if field is None:
            titles = [setting.title(book.name, one.name) for one in book.fields]
            title = setting.rules.file.books[book.name].title
            raise OptionError(f"{title}没有「{column.strip()[:20]}」这一列，有 {'、'.join(titles)}", field=given_as)
        if field in found:
            raise OptionError(f"「{column.strip()}」写了两次", field=given_as)
        found[field] = value
    return found


def plain(value: Any) -> Any:
    """A value as JSON holds it (JSON 里的值): money in two parts, decimals as text, shares by unit."""
    if isinstance(value, Money):
        return {"amount": str(value.amount), "currency": value.currency}
    if isinstance(value, (Decimal, date)):
        return str(value)
    if isinstance(value, tuple):
        return {unit: str(share) for unit, share in value}
    return value


def given(value: Any) -> Any:
    """What ``plain`` has made, as a field takes it (由 JSON 还原): sums in two parts, shares by unit; all else as it is.

    Raises:
        OptionError: An object that is neither.
    """
    if not isinstance(value, dict):
        return value
    if set(value) == {"amount", "currency"}:
        try:
            return Money(Decimal(str(value["amount"])), str(value["currency"]))
        except InvalidOperation:
            raise OptionError(f"金额应为数字，写的是「{str(value['amount'])[:20]}」", field="values") from None
    try:
        return tuple((unit, Fraction(str(share))) for unit, share in value.items())
    except (ValueError, ZeroDivisionError):
        raise OptionError(
            '应为文字、数字，金额 {"amount", "currency"}，或份额 {"甲局": "1/2", "乙局": "1/2"}', field="values"
        ) from None


def changed_since(book: Book[Any], moment: datetime) -> ColumnElement[bool]:
    """The condition that a row was changed at a moment or later (此后改过的)."""
    return book.table.c.changed_at >= moment
