"""Sums of money (金额): exact, never without a currency, in whole 分; sums of different currencies are never added."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from matcher.text.normalise import normalise

MOST = Decimal(10) ** 15
"""No sum is larger, in units of its currency (金额上限)."""
HOME = "CNY"
_HUNDREDTH = Decimal("0.01")
_UNITS = {"": 1, "百": 100, "千": 1000, "万": 10**4, "十万": 10**5, "百万": 10**6, "千万": 10**7, "亿": 10**8}
_NUMBER = r"(?P<number>[-−]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[-−]?\d+(?:\.\d+)?)"
_AMOUNT = re.compile(rf"(?P<before>[a-z¥￥$]*){_NUMBER}(?P<unit>[百千十]?万|亿|百|千)?(?P<after>\D*)")

_SMALL = re.compile(r"\d(?:\.\d+)?e-\d\d?")


@dataclass(frozen=True)
class Money:
    """A sum (一笔金额).

    Attributes:
        amount: In units of the currency (元), two places.
        currency: Three letters.
    """

    amount: Decimal
    currency: str = HOME

    def __str__(self) -> str:
        """As the history keeps it (历史里的写法)."""
        return f"{self.amount:.2f} {self.currency}"

    @classmethod
    def of(cls, text: str) -> Money:
        """From the history's form (由历史还原)."""
        amount, _, currency = text.partition(" ")
        return cls(Decimal(amount), currency)

    def shown(self, currencies: Mapping[str, Sequence[str]]) -> str:
        """As people write it (人看的写法): 5000万元, 300万美元, 820元."""
        name = "元" if self.currency == HOME else currencies.get(self.currency, [self.currency])[0]
        if self.amount % 100:
            return f"{plain(self.amount)}{name}"
        return f"{plain(self.amount / 10000)}万{name}" if self.amount else f"0{name}"


def plain(number: Decimal) -> str:
    """A decimal without needless zeros and without an exponent (普通写法)."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def checked(money: Money) -> str:
    """What is wrong with a sum, in Chinese; empty if nothing (核对金额)."""
    if not money.amount.is_finite():
        return "应为金额"
    if money.amount < 0:
        return "不能是负数"
    if money.amount >= MOST:
        return "金额过大，请核对单位"
    return "" if money.amount == money.amount.quantize(_HUNDREDTH) else "最小到分"


def read(text: str, currencies: Mapping[str, Sequence[str]], unit: str = "") -> Money | str:
    """A sum as people write it, or what is wrong with it in Chinese (读金额).

    Args:
        text: 5000万元, 1.2亿元, 300万美元; a bare number only where ``unit`` says what it counts.
        currencies: Code → names.
        unit: Of bare numbers: 元, 万元, 亿元, 万美元.
    """
    short = normalise(text).replace(" ", "")
    if unit and _SMALL.fullmatch(short):  # 0.000001 as a spreadsheet gives it
        short = f"{Decimal(short):f}"
    found = _AMOUNT.fullmatch(short)
    if not found:
        return f"应为金额，如 5000万元、300万美元，写的是「{text[:20]}」"
    if found["number"][0] in "-−":
        return "不能是负数"
    named = found["before"] + found["after"]
    if not named and not found["unit"]:
        if not unit:
            return f"请写明单位，如 {text[:20]}万元 或 {text[:20]}元"
        return read(f"{short}{unit}", currencies)
    currency = _currency(named, currencies)
    if currency is None:
        return f"不认得币种「{named[:10]}」，应为 {'、'.join(['元', *(names[0] for names in currencies.values())])} 之一"
    amount = Decimal(found["number"].replace("−", "-").replace(",", "")) * _UNITS[found["unit"] or ""]
    money = Money(amount, currency)
    problem = checked(money)
    return problem or Money(amount.quantize(_HUNDREDTH), currency)


def totals(sums: Iterable[Money]) -> dict[str, Money]:
    """The total of each currency (分币种合计), exact."""
    found: dict[str, Decimal] = {}
    for one in sums:
        found[one.currency] = found.get(one.currency, Decimal(0)) + one.amount
    return {currency: Money(amount.quantize(_HUNDREDTH), currency) for currency, amount in sorted(found.items())}


def _currency(named: str, currencies: Mapping[str, Sequence[str]]) -> str | None:
    if named in ("", "元", "¥", "￥"):
        return HOME
    for code, names in currencies.items():
        if named in {code.lower(), *(normalise(name) for name in names)}:
            return code
    return None
