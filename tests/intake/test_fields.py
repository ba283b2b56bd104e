"""Cells become the right value or are refused: capital, dates, headcounts, and credit codes against python-stdnum."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from matcher.corpora import Corpora
from matcher.intake.fields import UNKNOWN, UNKNOWN_DAY, CapitalReader, check_codes, read_count, read_date

UNREADABLE = ValueError  # the class of the module is a ValueError, whatever it is called
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CURRENCIES = {
    "": "CNY",
    "人民币": "CNY",
    "美元": "USD",
    "港元": "HKD",
    "港币": "HKD",
    "香港元": "HKD",
    "日元": "JPY",
    "欧元": "EUR",
    "英镑": "GBP",
    "新加坡元": "SGD",
}


@pytest.fixture(scope="module")
def capital(corpora: Corpora) -> CapitalReader:
    return CapitalReader(corpora)


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def rate_on(corpora: Corpora, code: str, as_of: date | None) -> Fraction:
    """The latest table not after the row's date; the first one for a row without date or before all tables."""
    usable = [t for t in corpora.rates if as_of is not None and t.date <= as_of] or [min(corpora.rates, key=lambda t: t.date)]
    return Fraction(str(max(usable, key=lambda t: t.date).cny[code]))


@pytest.mark.parametrize(
    ("cell", "yuan"),
    [
        ("50(万元人民币)", 500_000),
        ("50（万元人民币）", 500_000),
        ("1,286.5000(万)", 12_865_000),
        ("1，286.5000（万）", 12_865_000),
        ("3万人民币", 30_000),
        ("3285.9万人民币", 32_859_000),
        ("2.5亿元", 250_000_000),
        ("1亿", 100_000_000),
        ("100萬元", 1_000_000),
        ("１００万元", 1_000_000),
        ("人民币 5000元", 5_000),
        ("5000000元", 5_000_000),
        ("500", 5_000_000),  # a bare number below 100,000 is 万元
        ("99999", 999_990_000),
        ("100000", 100_000),  # a larger one is 元
        ("5,000,000.00", 5_000_000),
        ("0.5万元", 5_000),
    ],
)
def test_capital_in_yuan(capital: CapitalReader, cell: str, yuan: int) -> None:
    assert capital.read(cell) == yuan


@pytest.mark.parametrize("cell", ["", "N/A", "n/a", "-", "--", "无", "暂无", "0", "0万元", "0.00"])
def test_empty_or_zero_capital_is_unknown(capital: CapitalReader, cell: str) -> None:
    assert capital.read(cell) == UNKNOWN


@pytest.mark.parametrize(
    ("cell", "amount", "code"),
    [
        ("55(万美元)", 550_000, "USD"),
        ("72,690(万日元)", 726_900_000, "JPY"),
        ("100万港元", 1_000_000, "HKD"),
        ("100万港币", 1_000_000, "HKD"),
        ("100(万香港元)", 1_000_000, "HKD"),
        ("100萬港幣", 1_000_000, "HKD"),
        ("HKD 100万", 1_000_000, "HKD"),
        ("hkd100万", 1_000_000, "HKD"),
        ("5000美元", 5_000, "USD"),
        ("100 USD", 100, "USD"),
    ],
)
@pytest.mark.parametrize("as_of", [None, "2017-06-30", "2019-12-30", "2019-12-31", "2030-01-01"])
def test_foreign_capital_at_the_rate_of_the_rows_own_date(
    capital: CapitalReader, corpora: Corpora, cell: str, amount: int, code: str, as_of: str | None
) -> None:
    expected = amount * rate_on(corpora, code, date.fromisoformat(as_of) if as_of else None)
    got = capital.read(cell, day(as_of)) if as_of else capital.read(cell)
    assert abs(got - expected) <= 1


def test_us_dollars_by_hand(capital: CapitalReader) -> None:
    assert capital.read("55(万美元)", day("2018-12-31")) == 3_641_000  # 550,000 × 6.62
    assert capital.read("55(万美元)", day("2019-12-31")) == 3_795_000  # 550,000 × 6.90


@given(
    st.integers(1, 99_999_999),
    st.sampled_from(["{n}({u}{c})", "{n}（{u}{c}）", "{n}{u}{c}", "{n} {u} {c}"]),
    st.sampled_from([("万元", 10_000), ("万", 10_000), ("亿", 100_000_000)]),
    st.sampled_from(sorted(CURRENCIES)),
    st.booleans(),
)
def test_any_well_formed_capital(
    corpora: Corpora, hundredths: int, form: str, unit: tuple[str, int], name: str, commas: bool
) -> None:
    if unit[0] == "万元" and name.endswith("元"):
        unit = ("万", unit[1])
    number = f"{hundredths // 100:,}.{hundredths % 100:02}" if commas else f"{hundredths // 100}.{hundredths % 100:02}"
    cell = form.format(n=number, u=unit[0], c=name)
    exact = Fraction(hundredths, 100) * unit[1] * rate_on(corpora, CURRENCIES[name], None)
    reader = CapitalReader(corpora)
    if exact > 10**14:
        with pytest.raises(UNREADABLE):
            reader.read(cell)
    elif CURRENCIES[name] == "CNY":
        assert reader.read(cell) == exact
    else:
        assert abs(reader.read(cell) - exact) <= 1


@pytest.mark.parametrize("cell", ["一百万", "-5万元", "万元", "人民币", "()", "约", "91370200163569488D", "9" * 400, "1000001亿元"])
def test_what_is_no_amount_is_refused(capital: CapitalReader, cell: str) -> None:
    with pytest.raises(UNREADABLE):
        capital.read(cell)


@pytest.mark.parametrize(
    ("cell", "right"),
    [
        ("2012-04-01", None),  # a date in the wrong column
        ("2012年04月01日", None),
        ("10-20万元", None),
        ("1.2.3万元", None),
        ("500万卢布", None),  # not in the table of rates: never taken for yuan
        ("1000万越南盾", None),
        ("2亿5000万元", 250_000_000),
        ("5千万元", 50_000_000),
        ("3百万元", 3_000_000),
        ("3.0E7", 30_000_000),  # as spreadsheets export large numbers
        ("1e7元", 10_000_000),
    ],
)
def test_an_amount_is_read_right_or_refused_never_silently_as_another(capital: CapitalReader, cell: str, right: int | None) -> None:
    try:
        got = capital.read(cell)
    except UNREADABLE:
        return
    assert got == right


@given(st.text(max_size=30))
def test_any_text_is_an_amount_unknown_or_refused(corpora: Corpora, cell: str) -> None:
    try:
        got = CapitalReader(corpora).read(cell)
    except UNREADABLE:
        return
    assert isinstance(got, int)
    assert got == UNKNOWN or 0 < got <= 10**14


@given(st.dates(date(1800, 1, 1), date(2100, 12, 31)))
def test_dates_in_every_spelling(when: date) -> None:
    y, m, d = when.year, when.month, when.day
    expected = (when - date(1970, 1, 1)).days
    for cell in (
        f"{y}-{m:02}-{d:02}", f"{y}-{m}-{d}", f"{y}/{m}/{d}", f"{y}.{m}.{d}", f"{y}年{m}月{d}日", f"{y}年{m:02}月{d:02}日",
        f"{y}{m:02}{d:02}", f"{y}-{m:02}-{d:02} 00:00:00", f"{y}-{m:02}-{d:02}T08:30:00", f" {y}-{m}-{d} ",
    ):  # fmt: skip
        assert read_date(cell) == expected, cell


@pytest.mark.parametrize("cell", ["1799-12-31", "2101-01-01", "2012-02-30", "2011-02-29", "2012-13-01", "0000-00-00", "20121301"])
def test_days_that_do_not_exist_are_refused(cell: str) -> None:
    with pytest.raises(UNREADABLE):
        read_date(cell)


@pytest.mark.parametrize("cell", ["2012-04", "41000", "长期", "2012-4-1x", "12-04-01", "2012--04-01", "04/01/2012", "2012年"])
def test_what_is_no_date_is_refused(cell: str) -> None:
    with pytest.raises(UNREADABLE):
        read_date(cell)


def test_leap_days_and_the_epoch() -> None:
    assert read_date("1970-01-01") == 0
    assert read_date("1969-12-31") == -1
    assert read_date("2012-02-29") == (date(2012, 2, 29) - date(1970, 1, 1)).days
    assert read_date("") == UNKNOWN_DAY


@given(st.integers(0, 999_999_999))
def test_counts(number: int) -> None:
    for cell in (str(number), f"{number:,}", f"{number}人"):
        assert read_count(cell) == number


@pytest.mark.parametrize("cell", ["-5", "50-99人", "约100", "1.5", "十人", "1e3", "9" * 10, "12 34", "²"])
def test_what_is_no_count_is_refused(cell: str) -> None:
    with pytest.raises(UNREADABLE):
        read_count(cell)


@pytest.mark.parametrize(
    ("cell", "people"),
    [
        ("128（2023年报）", 128),
        ("128人(2023年度报告)", 128),
        ("１２８人", 128),
        ("128.0", 128),
        ("1，280 人", 1280),
        ("128(2)", None),
    ],
)
def test_counts_of_annual_reports(cell: str, people: int | None) -> None:
    if people is None:
        with pytest.raises(UNREADABLE):
            read_count(cell)
    else:
        assert read_count(cell) == people


@pytest.mark.parametrize(
    "cell",
    ["50-99人", "50—99人", "50~99", "小于50人", "少于50人", "大于500人", "10000人以上", "1000+", "<50", "不超过50人", "10 - 20 人"],
)
def test_a_range_is_no_count_and_said_to_be_one(cell: str) -> None:
    with pytest.raises(UNREADABLE, match="区间"):
        read_count(cell)


@pytest.mark.parametrize("cell", ["２０１２－０４－０１", "２０１２年４月１日", "20120401.0"])
def test_dates_in_full_width(cell: str) -> None:
    assert read_date(cell) == (date(2012, 4, 1) - date(1970, 1, 1)).days


def test_an_empty_count_is_unknown_and_zero_is_zero() -> None:
    assert read_count("") == UNKNOWN
    assert read_count("0") == 0


heads = st.tuples(st.text("0123456789", min_size=8, max_size=8), st.text(ALPHABET, min_size=9, max_size=9)).map("".join)
lettered_heads = st.tuples(st.sampled_from(["A1", "N1", "Y1", "5A"]), st.text(ALPHABET, min_size=15, max_size=15)).map("".join)


def completed(head: str) -> str:
    return head + uscc.calc_check_digit(head + "0")


@given(st.lists(heads, max_size=8))
def test_generated_valid_codes_pass(given_heads: list[str]) -> None:
    codes = [completed(head) for head in given_heads]
    assert all(map(uscc.is_valid, codes))
    assert check_codes(codes).tolist() == [True] * len(codes)


@given(lettered_heads, st.sampled_from(ALPHABET))
def test_codes_that_begin_with_letters_need_the_same_check_character(head: str, last: str) -> None:
    """The standard allows letters at the front, which ``uscc.is_valid`` refuses; its sum of the check holds all the same."""
    assert bool(check_codes([head + last])[0]) == (last == uscc.calc_check_digit(head + "0"))


@given(heads, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_one_wrong_character_agrees_with_stdnum(head: str, place: int, char: str) -> None:
    code = completed(head)
    mutated = code[:place] + char + code[place + 1 :]
    assert bool(check_codes([mutated])[0]) == uscc.is_valid(mutated) == (mutated == code)


@given(heads, st.integers(0, 16))
def test_swapped_neighbours_agree_with_stdnum(head: str, place: int) -> None:
    code = completed(head)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if swapped[:8].isdigit():  # stdnum wants digits there, the check sum does not care
        assert bool(check_codes([swapped])[0]) == uscc.is_valid(swapped)


@given(st.lists(st.one_of(heads.map(completed), st.text(ALPHABET + "IOSVZa企 ", min_size=16, max_size=19)), max_size=12))
def test_a_code_passes_or_fails_whatever_stands_beside_it(codes: list[str]) -> None:
    assert check_codes(codes).tolist() == [bool(check_codes([code])[0]) for code in codes]


def test_wrong_length_wrong_letters_and_lower_case_fail() -> None:
    good = completed("91370200163569488"[:17])
    assert check_codes([good])[0]
    wrong = ["", good[:-1], good + "0", good.lower(), good[:9] + "I" + good[10:], good[:17] + "企", "９" + good[1:], " " * 18]
    wrong = [code for code in wrong if code != good]
    assert not check_codes(wrong).any()
