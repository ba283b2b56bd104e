"""What people write → what a field holds (读一格): one way for commands, workbooks and events."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from matcher.errors import FieldError
from matcher.intake.fields import check_codes
from matcher.ledger import money
from matcher.ledger.books import Book, Field
from matcher.ledger.money import Money
from matcher.ledger.records import Shares
from matcher.ledger.setting import Setting, pick
from matcher.matching.name_index import squeezed
from matcher.text.normalise import normalise

MOST_WHOLE = 10**9
"""No number of things is larger (整数上限)."""
EARLIEST, LATEST = date(1980, 1, 1), date(2099, 12, 31)
"""Days before and after these are slips of the pen (日期范围)."""
_DAY = re.compile(r"(\d{4})(?:[-/.年])(\d{1,2})(?:[-/.月])(\d{1,2})日?(?: 00:00:00)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_PART = re.compile(r"(?P<unit>.+?)[:：\s]*(?<![\d.])(?P<share>\d{1,6}/\d{1,6}|\d{1,3}(?:\.\d{1,4})?[%％]|0?\.\d{1,6})")
_NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_MOST_SHARES = 20


def clean(field: Field, title: str, given: Any, setting: Setting, told: list[str], today: date, unit: str = "") -> Any:
    """A value as the field keeps it, None for nothing (核对一格).

    Args:
        field: Which.
        title: What it is called, for the message.
        given: Text as people write it, or the value itself.
        setting: The zone's rules.
        told: Warnings are added here.
        today: No day lies beyond it, unless the field may look ahead.
        unit: What bare numbers count in a column of money.

    Raises:
        FieldError: The field cannot hold it.
    """
    if isinstance(given, str):
        given = text_of(given)
    if given is None or given == "":
        return None
    try:
        read: _Reader = _READERS.get(field.kind, _text)
        return read(field, title, given, setting, told, today, unit)
    except _WrongError as problem:
        raise FieldError(title, str(problem), field=field.name) from None


def text_of(given: str) -> str:
    """Text without what no database and no workbook can hold (可存的文本)."""
    return _NOT_TEXT.sub("", given.replace("\r\n", "\n").replace("\r", "\n")).strip()


def day_of(given: Any) -> date:
    """A day as people write it (读日期).

    Raises:
        FieldError: It is none.
    """
    try:
        return _day(given)
    except _WrongError as problem:
        raise FieldError("日期", str(problem), field="on") from None


class _WrongError(ValueError):
    """What is wrong with a value, before anybody knows which field it is."""


def _text(field: Field, _title: str, given: Any, _s: Setting, _told: list[str], _t: date, _u: str) -> str:
    text = text_of(str(given))
    if field.longest <= 120:
        text = " ".join(text.split())
    if len(text) > field.longest:
        raise _WrongError(f"不超过 {field.longest} 字，写了 {len(text)} 字")
    return text


def _company(field: Field, title: str, given: Any, setting: Setting, told: list[str], today: date, unit: str) -> str:
    text = _text(field, title, given, setting, told, today, unit)
    if len(squeezed([text])[0]) < 2:
        raise _WrongError("应为企业、商会或园区的名称，至少两个字")
    return text


def _family(field: Field, title: str, given: Any, setting: Setting, told: list[str], today: date, unit: str) -> str:
    return squeezed([_company(field, title, given, setting, told, today, unit)])[0]


def _uscc(_f: Field, _title: str, given: Any, _s: Setting, _told: list[str], _t: date, _u: str) -> str:
    code = normalise(str(given)).replace(" ", "").upper()
    if not check_codes([code])[0]:
        raise _WrongError(f"统一社会信用代码应为 18 位且校验通过，写的是「{code[:24]}」")
    return code


def _date(field: Field, _title: str, given: Any, _s: Setting, _told: list[str], today: date, _u: str) -> date:
    found = _day(given)
    if found > today and not field.ahead:
        raise _WrongError(f"{found} 还没有到，应不晚于今天（{today}）")
    return found


def _day(given: Any) -> date:
    if isinstance(given, date):
        found: date | None = given
    else:
        text = normalise(str(given))
        parts = _DAY.fullmatch(text) or _COMPACT.fullmatch(text)
        try:
            found = date(*(int(part) for part in parts.groups())) if parts else None
        except ValueError:
            found = None
    if found is None or not EARLIEST <= found <= LATEST:
        raise _WrongError(f"应为日期，如 2024-08-27，写的是「{str(given)[:20]}」")
    return found


def _whole(_f: Field, _title: str, given: Any, _s: Setting, _told: list[str], _t: date, _u: str) -> int:
    number = _number(given)
    if number != int(number):
        raise _WrongError(f"应为整数，写的是 {str(given)[:20]}")
    if number > MOST_WHOLE:
        raise _WrongError(f"应不超过 {MOST_WHOLE}")
    return int(number)


def _decimal(_f: Field, _title: str, given: Any, _s: Setting, _told: list[str], _t: date, _u: str) -> Decimal:
    number = _number(given)
    if number >= money.MOST:
        raise _WrongError("数字过大")
    if number != number.quantize(Decimal("0.01")):
        raise _WrongError("最多两位小数")
    return number.quantize(Decimal("0.01"))


def _number(given: Any) -> Decimal:
    text = normalise(str(given)).replace(",", "").replace(" ", "").removesuffix("亩").removesuffix("人")
    try:
        number = Decimal(text) if len(text) <= 30 and not isinstance(given, bool) else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or abs(number) > Decimal(10) ** 20:
        raise _WrongError(f"应为数字，写的是「{str(given)[:20]}」")
    if number < 0:
        raise _WrongError("不能是负数")
    return number


def _money(_f: Field, _title: str, given: Any, setting: Setting, _told: list[str], _t: date, unit: str) -> Money:
    if isinstance(given, Money):
        problem = money.checked(given) or ("" if given.currency in setting.currencies else f"不认得币种 {given.currency}")
        if problem:
            raise _WrongError(problem)
        return Money(given.amount.quantize(Decimal("0.01")), given.currency)
    found = money.read(str(given), setting.currencies, unit)
    if isinstance(found, str):
        raise _WrongError(found)
    return found


def _word(field: Field, title: str, given: Any, setting: Setting, _told: list[str], _t: date, _u: str) -> str:
    return pick(title, str(given), setting.vocabulary(field.kind, field.words), field=field.name)


def _mode(field: Field, title: str, given: Any, setting: Setting, told: list[str], today: date, unit: str) -> str:
    if not setting.rules.service_modes:
        return _text(field, title, given, setting, told, today, unit)
    return _word(field, title, given, setting, told, today, unit)


def _office(field: Field, title: str, given: Any, setting: Setting, told: list[str], today: date, unit: str) -> str:
    text = _text(field, title, given, setting, told, today, unit)
    return setting.office(title, text, field.kind, told, field.name)


def _shares(field: Field, title: str, given: Any, setting: Setting, told: list[str], _t: date, _u: str) -> Shares:
    """招商局:1/2、文旅局:1/2, or with percentages or decimals."""
    if isinstance(given, str):
        parts = [part for part in re.split(r"[、,，;；\n]+", given) if part.strip()]
        found = [_PART.fullmatch(part.strip()) for part in parts]
        if not all(found) or len(found) > _MOST_SHARES:
            raise _WrongError("应为 单位:份额，如 甲局:1/2、乙局:1/2，或用百分数、小数")
        read = [(one["unit"].strip(), _share(one["share"])) for one in found if one]
    else:
        read = [(str(unit), Fraction(share)) for unit, share in given]
    named = tuple((setting.office(title, unit, "department", told, field.name), share) for unit, share in read)
    if len({unit for unit, _ in named}) < max(len(named), 2):
        raise _WrongError("应至少有两个不同的单位")
    if any(share <= 0 for _, share in named):
        raise _WrongError("每家的份额应大于 0")
    total = sum((share for _, share in named), Fraction(0))
    if total != 1:
        raise _WrongError(f"各家份额之和应正好为 1，现在是 {total}（{float(total):.2%}）")
    return named


def _share(text: str) -> Fraction:
    if text[-1] in "%％":
        return Fraction(text[:-1]) / 100
    if "/" not in text:
        return Fraction(text)
    over, _, under = text.partition("/")
    if int(under) == 0:
        raise _WrongError("份额的分母不能为 0")
    return Fraction(int(over), int(under))


_Reader = Callable[[Field, str, Any, Setting, "list[str]", date, str], Any]
_READERS: dict[str, _Reader] = {
    "company": _company, "family": _family, "uscc": _uscc, "date": _date, "whole": _whole, "row": _whole, "decimal": _decimal,
    "money": _money, "word": _word, "measure": _word, "paper": _word, "currency": _word, "group": _word, "chain": _word,
    "mode": _mode, "department": _office, "town": _office, "shares": _shares,
}  # fmt: skip


def unpacked(book: Book[Any], values: Mapping[str, Any], setting: Setting) -> dict[str, Any]:
    """What one cell says of two fields (一格两列): a goal of 5000万元 is a number and a currency."""
    given = values.get("amount")
    if book.name != "goals" or not isinstance(given, str):
        return {}
    found = money.read(given, setting.currencies)
    return {} if isinstance(found, str) else {"amount": found.amount, "amount_currency": found.currency}
