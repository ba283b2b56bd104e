"""Sums are exact: what is written is read again, totals are those of whole 分, and currencies are never mixed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine

from matcher.ledger.money import MOST, Money, checked, read, totals
from matcher.ledger.tables import Hundredths
from tests.ledger.offices import listed

CURRENCIES = listed().currencies
SUMS = st.builds(
    lambda n, code: Money(Decimal(n).scaleb(-2), code), st.integers(0, int(MOST) * 100 - 1), st.sampled_from(sorted(CURRENCIES))
)


@given(SUMS)
def test_what_is_written_is_read_again(money: Money) -> None:
    assert read(money.shown(CURRENCIES), CURRENCIES) == money
    assert Money.of(str(money)) == money
    assert checked(money) == ""


@given(st.lists(SUMS))
def test_totals_are_exact_and_by_currency(sums: list[Money]) -> None:
    whole = {code: sum(int(one.amount * 100) for one in sums if one.currency == code) for code in {one.currency for one in sums}}
    assert {code: int(one.amount * 100) for code, one in totals(sums).items()} == whole


@given(st.integers(-(2**63), 2**63 - 1))
def test_hundredths_come_back(number: int) -> None:
    kind, dialect = Hundredths(), create_engine("sqlite://").dialect
    value = kind.process_result_value(number, dialect)
    assert value is not None and kind.process_bind_param(value, dialect) == number


@pytest.mark.parametrize("number", ["0.001", "1E-3", "12.345"])
def test_less_than_a_hundredth_is_never_rounded_away(number: str) -> None:
    with pytest.raises(ValueError, match="hundredths"):
        Hundredths().process_bind_param(Decimal(number), create_engine("sqlite://").dialect)


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("5000万元", "50000000", "CNY"), ("1.2亿", "120000000", "CNY"), ("１，２００．５０元", "1200.50", "CNY"),
        ("300万美元", "3000000", "USD"), ("USD 300万", "3000000", "USD"), ("3千万元", "30000000", "CNY"),
        ("30百万港币", "30000000", "HKD"), ("￥88", "88", "CNY"), ("0元", "0", "CNY"),
    ],
)  # fmt: skip
def test_sums_as_people_write_them(text: str, amount: str, currency: str) -> None:
    assert read(text, CURRENCIES) == Money(Decimal(amount).quantize(Decimal("0.01")), currency)


@pytest.mark.parametrize(
    "text", ["", "万元", "5000", "-1元", "五千万元", "1,23元", "1元2角", "1e5元", "nan元", "0.001元", "10000亿亿元", "5万卢布"]
)
def test_what_is_no_sum_is_told(text: str) -> None:
    assert isinstance(read(text, CURRENCIES), str)


def test_bare_numbers_take_the_unit_of_their_column() -> None:
    assert read("1.5", CURRENCIES, "万元") == Money(Decimal("15000.00"))
    assert read("1.5亿元", CURRENCIES, "万元") == Money(Decimal("150000000.00"))
    assert read("1e-06", CURRENCIES, "万元") == Money(Decimal("0.01"))
    assert read("2", CURRENCIES, "万美元") == Money(Decimal("20000.00"), "USD")
