"""Cells → values (字段解析): capital with currency, dates, credit codes. UnreadableError is told apart from empty."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import Corpora
from matcher.text.normalise import normalise

UNKNOWN = -1
"""A count or an amount that is not known (未知)."""
UNKNOWN_DAY = np.iinfo(np.int32).min
"""A date that is not known (未知日期)."""
EPOCH = date(1970, 1, 1)
NUMBER_COLUMNS = {
    "file": np.int32, "row": np.int32, "code_ok": np.bool_, "founded": np.int32, "as_of": np.int32, "capital": np.int64,
    "paid_capital": np.int64, "insured": np.int32,
}  # fmt: skip
"""Columns of ``Companies`` that are numbers, and their types (数值列)."""
MOST_CAPITAL = 10**14
"""Yuan beyond which an amount is a mistake (金额上限，元)."""

_AMOUNT = re.compile(
    r"元?(?P<number>\d+(?:\.\d+)?(?:e\d{1,2})?)(?P<unit>[十百千]?[万亿]|[百千])?(?:(?<=亿)(?P<more>\d+(?:\.\d+)?)万)?(?P<tail>[元万]{0,4})"
)
_AROUND_AMOUNT = re.compile("[()/:、约整圆]|注册资[本金]|已?[实认]缴")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ t].*)?")
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I, O, S, V, Z
_CODE_LENGTH = 18
_VALUES = np.full(128, 99, dtype=np.int64)  # of each character; 99 of those that stand in no code
_VALUES[np.frombuffer(_ALPHABET.encode(), dtype=np.uint8)] = np.arange(len(_ALPHABET))
_WEIGHTS = np.array([pow(3, place, 31) for place in range(_CODE_LENGTH - 1)])
_HALF_WIDTH = str.maketrans({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " "})
_COUNT = re.compile(r"(\d{1,9})(?:\.0+)? ?[人名]?(?:\(\d{4}年?(?:度?年报|年度报告|度)?\))?", re.ASCII)
_RANGE = re.compile(r"\d+人?[-~至—–]\d+人?|[小少大多高低不超]{1,2}[于过足到]\d+人?|\d+人?(?:以[上下内]|[+])|[<>≤≥]=?\d+人?")
_AROUND_CODE = re.compile(r"[\s'`\"=\u200b\ufeff-]+")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?E\+?1[4-9]")
_ROUNDED = re.compile(r"\d{15}000")  # a spreadsheet keeps 15 digits of a number


class UnreadableError(ValueError):
    """A cell that holds something, but not what its column asks for (无法读取的单元格)."""


class CapitalReader:
    """Capital as free text → yuan (注册资本 → 元).

    Args:
        corpora: Currency names and dated rates.
    """

    def __init__(self, corpora: Corpora) -> None:
        self._names = corpora.currency_names
        self._rates = corpora.rates
        self._empty = corpora.empty_cells

    def _rate(self, code: str, as_of: int) -> float | None:
        day = EPOCH + timedelta(days=as_of) if as_of != UNKNOWN_DAY else self._rates[0].date
        earlier = [table for table in self._rates if table.date <= day]
        return (earlier[-1] if earlier else self._rates[0]).cny.get(code)

    def currency(self, raw: str) -> str:
        """Code of the currency that the cell names, ``CNY`` if it names none, empty for an empty cell (币种)."""
        text = normalise(raw).replace(" ", "")
        if text in self._empty:
            return ""
        return next((code for name, code in self._names if name.lower() in text), "CNY")

    def read(self, raw: str, as_of: int = UNKNOWN_DAY) -> int:
        """Yuan, or ``UNKNOWN`` for an empty cell or zero (金额，元).

        ``50(万元人民币)``, ``1,286.5(万)``, ``55(万美元)``, ``2.5亿元``, ``5000000元``. A bare number below 100,000 means 万元, as
        registries print it; a larger one means 元.

        Args:
            raw: The cell.
            as_of: Days since 1970 of the row's own date: the rate table in force then is used.

        Raises:
            UnreadableError: The cell is not an amount.
        """
        text = normalise(raw).replace(",", "").replace(" ", "").replace("w", "万")
        if text in self._empty:
            return UNKNOWN
        currency = next(((name, code) for name, code in self._names if name.lower() in text), None)
        if currency:
            text = text.replace(currency[0].lower(), "", 1)
        found = _AMOUNT.fullmatch(_AROUND_AMOUNT.sub("", text))
        if found is None:
            raise UnreadableError("应为一个金额，如 500万元人民币")
        amount = float(found["number"]) * _scale(found["unit"] or found["tail"])
        if found["more"]:  # 2亿5000万
            amount += float(found["more"]) * 1e4
        bare = not found["unit"] and not found["tail"] and currency is None
        if bare and amount < 1e5:
            amount *= 1e4
        rate = self._rate(currency[1] if currency else "CNY", as_of)
        if rate is None or not amount * rate <= MOST_CAPITAL:
            raise UnreadableError("金额过大或汇率表没有该币种")
        return round(amount * rate) or UNKNOWN


def _scale(unit: str) -> float:
    """What 千, 百, 万, 亿 multiply by."""
    scale = 1.0
    for char, times in (("十", 1e1), ("百", 1e2), ("千", 1e3), ("万", 1e4), ("亿", 1e8)):
        if char in unit:
            scale *= times
    return scale


def read_date(raw: str) -> int:
    """Days since 1970-01-01, or ``UNKNOWN_DAY`` for an empty cell (日期).

    Raises:
        UnreadableError: The cell is not a date between 1800 and 2100.
    """
    if not raw:
        return UNKNOWN_DAY
    text = raw.translate(_HALF_WIDTH).strip().lower()
    found = _DATE.fullmatch(text) or _COMPACT_DATE.fullmatch(text.removesuffix(".0"))
    if found:
        try:
            day = date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            day = date.min
        if 1800 <= day.year <= 2100:
            return (day - EPOCH).days
    raise UnreadableError("应为日期，如 2012-04-01")


def read_count(raw: str) -> int:
    """A whole number of people, or ``UNKNOWN`` for an empty cell (人数): ``128``, ``1,280人``, ``128（2023年报）``.

    Raises:
        UnreadableError: The cell is not a count. A range (50-99人) is none: which number in it is right is unknown.
    """
    if not raw:
        return UNKNOWN
    text = raw.translate(_HALF_WIDTH).replace(",", "")
    found = _COUNT.fullmatch(text)
    if found is None:
        raise UnreadableError("是区间，不是人数（按未知计）" if _RANGE.match(text.replace(" ", "")) else "应为人数")
    return int(found[1])


def clean_codes(cells: Sequence[str]) -> tuple[list[str], NDArray[np.bool_], list[int]]:
    """Credit codes as they should be written (信用代码清理).

    Spaces, quotation marks and full width around a code go. A code that a spreadsheet took for a number has lost its last digits:
    it becomes unknown, never a wrong code. Once one code of a column shows such damage, those that end in 000 are not trusted either,
    even where the check happens to fit.

    Returns:
        The codes, whether each passes its check, and the places of the damaged ones.
    """
    codes = [cell.upper() for cell in cells]
    good = check_codes(codes)
    failing = [place for place in np.flatnonzero(~good).tolist() if codes[place]]
    if not failing:
        return codes, good, []
    for place in failing:
        codes[place] = _AROUND_CODE.sub("", codes[place].translate(_HALF_WIDTH)) or codes[place]
    good[failing] = check_codes([codes[place] for place in failing])
    damaged = [
        place for place in failing if not good[place] and (_SCIENTIFIC.fullmatch(codes[place]) or _ROUNDED.fullmatch(codes[place]))
    ]
    if damaged:
        damaged += [place for place, code in enumerate(codes) if good[place] and _ROUNDED.fullmatch(code)]
    for place in damaged:
        codes[place] = ""
    good[damaged] = False
    return codes, good, sorted(damaged)


def is_rounded(code: str) -> bool:
    """Whether a code may have lost its last digits to a spreadsheet though its check fits (疑似被改成数字)."""
    return _ROUNDED.fullmatch(code) is not None


def check_codes(codes: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each code passes the check of GB 32100-2015 (统一社会信用代码校验).

    The last character makes Σ value(i) × 3^i (i = 0 … 16) plus its own value a multiple of 31.

    Args:
        codes: Upper-case codes; anything that is not 18 characters of the alphabet fails.
    """
    good = np.zeros(len(codes), dtype=np.bool_)
    whole = [number for number, code in enumerate(codes) if len(code) == _CODE_LENGTH and code.isascii()]
    if not whole:
        return good
    text = "".join([codes[number] for number in whole]).encode()
    values = _VALUES[np.frombuffer(text, dtype=np.uint8)].reshape(-1, _CODE_LENGTH)
    total = values[:, :-1] @ _WEIGHTS + values[:, -1]
    good[whole] = (values < 99).all(axis=1) & (total % 31 == 0)
    return good


_MOST_ROW_NOTES = 1000  # rows of one problem that are told one by one


class ColumnParser:
    """Reads one column with a memory of the cells seen (重复单元格只解析一次), and counts what it could not read."""

    def __init__(self, empty: frozenset[str]) -> None:
        self.empty = empty
        self.notes: dict[str, int] = {}
        self.row_notes: dict[int, list[str]] = {}

    def note(self, problem: str, places: Sequence[int]) -> None:
        """A problem of the rows at ``places``."""
        self.notes[problem] = self.notes.get(problem, 0) + len(places)
        for place in places[:_MOST_ROW_NOTES]:
            self.row_notes.setdefault(place, []).append(problem)

    def column(
        self, cells: list[str], read: Callable[[str], int], unknown: int, field: str, places: Sequence[int] | None = None
    ) -> NDArray[np.int64]:
        """``places`` are those of the cells among all rows, where they are not all."""
        if not any(cells):  # a column that the file lacks
            return np.full(len(cells), unknown, dtype=np.int64)
        known: dict[str, int] = {}
        problems: dict[str, str] = {}
        for cell in set(cells):
            try:
                known[cell] = unknown if cell.lower() in self.empty else read(cell)
            except UnreadableError as error:
                known[cell] = unknown
                problems[cell] = f"{field}：{error}"
        if problems:
            at: dict[str, list[int]] = {}
            for place, cell in zip(places or range(len(cells)), cells, strict=True):
                if cell in problems:
                    at.setdefault(problems[cell], []).append(place)
            for problem, where in at.items():
                self.note(problem, where)
        return np.fromiter(map(known.__getitem__, cells), np.int64, len(cells))
