"""The same rows as CSV, XLSX, ODS and Parquet are the same companies under the same row numbers; every type becomes what a person sees."""

from __future__ import annotations

import base64
import gzip
import zlib
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc

from matcher.corpora import Corpora
from matcher.errors import InputError
from matcher.intake import Companies, Intake, read_files
from matcher.intake.companies import TEXT_FIELDS
from matcher.intake.fields import UNKNOWN, UNKNOWN_DAY
from tests.intake.files import Rows, as_csv, as_ods, as_parquet, as_xlsx, changed, text_parquet

CODE = "91370200000000011" + uscc.calc_check_digit("913702000000000110")
DIGITS = next(head + uscc.calc_check_digit(head + "0") for head in ("91370200000000123", "91370200000000124", "91370200000000125"))
HEADER = [
    "企业名称",
    "统一社会信用代码",
    "成立日期",
    "注册资本(万元)",
    "参保人数",
    "经营范围",
    "所属城市",
    "曾用名",
    "法定代表人",
    "电话",
]
ROWS = [
    HEADER,
    [
        "青岛甲食品有限公司",
        CODE,
        "2012-04-01",
        "5,000",
        "128",
        "食品生产；住宿\n仓储",
        "青岛",
        "青岛乙厂；青岛丙厂",
        "某人",
        "13000000000",
    ],
    ["", "", "", "", "", "", "", "", "", ""],
    ["杭州丁酒店有限公司", "-", "--", "500", "-", "住宿", "", "", "某人", ""],
    ["=绍兴戊玩具有限公司", "", "2012年4月2日", "1.5", "1,280人", "+积木", "@绍兴", "", "", ""],
]
DIALECTS: dict[str, Callable[[Rows], bytes]] = {
    "csv": as_csv,
    "csv.gz": lambda rows: gzip.compress(as_csv(rows)),
    "gb18030": lambda rows: as_csv(rows, "gb18030"),
    "utf-16": lambda rows: as_csv(rows, "utf-16"),
    "xlsx": as_xlsx,
    "xlsx.gz": lambda rows: gzip.compress(as_xlsx(rows)),
    "ods": as_ods,
    "parquet": text_parquet,
}
Read = Callable[..., Intake]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory, corpora: Corpora) -> Read:
    def of(content: bytes, *, merge: bool = True) -> Intake:
        path = tmp_path_factory.mktemp("dialect") / "名单"  # known by its bytes, not by its name
        path.write_bytes(content)
        return read_files([path], corpora, merge=merge)

    return of


def everything(companies: Companies) -> list[tuple[object, ...]]:
    return [
        (
            int(companies.row[n]),
            companies.digest(n),
            *(companies.text[field][n] for field in TEXT_FIELDS),
            bool(companies.code_ok[n]),
        )
        for n in range(len(companies))
    ]


def days(iso: str) -> int:
    return (date.fromisoformat(iso) - date(1970, 1, 1)).days


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_same_rows_are_the_same_companies(read: Read, dialect: str) -> None:
    intake, plain = read(DIALECTS[dialect](ROWS)), read(as_csv(ROWS))
    companies = intake.companies
    assert everything(companies) == everything(plain.companies)
    assert (intake.read, intake.rejects, intake.notes) == (3, (), {})
    assert companies.row.tolist() == [2, 4, 5]
    assert companies.capital.tolist() == [50_000_000, 5_000_000, 15_000]
    assert companies.insured.tolist() == [128, UNKNOWN, 1280]
    assert companies.founded.tolist() == [days("2012-04-01"), UNKNOWN_DAY, days("2012-04-02")]
    assert companies.text["former_names"][0] == "青岛乙厂、青岛丙厂"
    assert companies.text["name"][2] == "=绍兴戊玩具有限公司"
    assert "某人" not in str(everything(companies)) and "13000000000" not in str(everything(companies))


cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=9)
tables = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(["甲公司", "企业名称", "合计", "数据来源：某库", "2012-04-01", " "]), cells),
        st.sampled_from([CODE, CODE.lower(), "９" + CODE[1:], "无", "9.13702E+17", "ABC", ""]),
        st.sampled_from(["500", "80(万美元)", "2012-04-01", "张三", "１２", "", "-"]),
        st.sampled_from(["2012-04-01", "２０１２.４.１", "41000", "昨天", ""]),
        st.sampled_from(["12", "50-99人", "128（2023年报）", ""]),
        cells,
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(tables)
def test_any_table_is_the_same_in_all_dialects(read: Read, rows: list[tuple[str, ...]]) -> None:
    """But for what a file of text cannot tell: \\r and the characters that XML has no place for are left out."""
    whole = [("企业名称", "统一社会信用代码", "注册资本", "成立日期", "参保人数", "经营范围"), *rows]
    found: list[Any] = []
    for write in (as_csv, as_xlsx, text_parquet):
        try:
            intake = read(write(whole), merge=False)
        except InputError as error:
            found.append(error.problem)
            continue
        rejected = [(reject.row, reject.field, reject.reason) for reject in intake.rejects]
        found.append((intake.read, everything(intake.companies), rejected, intake.notes))
    assert found[0] == found[1] == found[2]


def test_numbers_dates_and_truths_of_a_workbook_are_what_a_person_sees(read: Read) -> None:
    rows = [
        ["企业名称", "成立日期", "数据日期", "注册资本", "实缴资本(万元)", "参保人数", "上市状态", "所属区县", "经营范围"],
        ["甲公司", date(2012, 4, 1), 45000, 5000.0, 0.1 + 0.2, 128.0, False, 370202, True],
        ["乙公司", datetime(2012, 4, 1, 8, 30), "2024-01-01", 123456789.0, 1e5, 0, True, "", "=1+1"],
        ["丙公司", 20120401, 20240101.0, 3e7, "", 12, "", "", ""],
    ]
    companies = read(as_xlsx(rows)).companies
    assert companies.founded.tolist() == [days("2012-04-01")] * 3
    assert companies.as_of.tolist() == [days("2023-03-15"), days("2024-01-01"), days("2024-01-01")]
    assert companies.capital.tolist() == [50_000_000, 123_456_789, 30_000_000]
    assert companies.paid_capital.tolist() == [3_000, 1_000_000_000, UNKNOWN]
    assert companies.insured.tolist() == [128, 0, 12]
    assert companies.text["listed"] == ["否", "是", ""]
    assert companies.text["county"][0] == "370202"
    assert companies.text["business_scope"] == ["是", "=1+1", ""]


def test_days_of_a_workbook_that_counts_from_1904(read: Read) -> None:
    rows = [["企业名称", "成立日期", "数据日期"], ["甲公司", date(2012, 4, 1), 43538]]
    companies = read(as_xlsx(rows, date_1904=True)).companies
    assert (companies.founded[0], companies.as_of[0]) == (days("2012-04-01"), days("2023-03-15"))


def test_a_code_that_became_a_number_is_unknown_and_never_a_wrong_code(read: Read) -> None:
    rows: list[list[Any]] = [
        ["企业名称", "统一社会信用代码"],
        ["甲公司", float(DIGITS)],
        ["乙公司", CODE],
        ["丙公司", "9.1370200163569E+17"],
    ]
    for content in (as_xlsx(rows), as_csv([*rows[:1], ["甲公司", f"{float(DIGITS):.0f}"[:15] + "000"], *rows[2:]])):
        intake = read(content)
        assert intake.companies.text["uscc"] == ["", CODE, ""]
        assert intake.companies.code_ok.tolist() == [False, True, False]
        assert [count for problem, count in intake.notes.items() if "代码" in problem] == [2]
    whole = read(as_parquet(["企业名称", "统一社会信用代码"], [["甲公司"], pa.array([int(DIGITS)], pa.int64())]))
    assert whole.companies.text["uscc"] == [DIGITS]  # an int64 holds all of it
    lost = read(as_parquet(["企业名称", "统一社会信用代码"], [["甲公司"], pa.array([float(DIGITS)], pa.float64())]))
    assert lost.companies.text["uscc"] == [""]


def test_a_code_that_ends_in_zeros_is_trusted_only_where_no_other_is_damaged(read: Read) -> None:
    heads = (f"9137020{n:08}00" for n in range(5000))
    round_one = next(code for code in (head + uscc.calc_check_digit(head + "0") for head in heads) if code.endswith("000"))
    rows = [["企业名称", "统一社会信用代码"], ["甲公司", round_one]]
    assert read(as_csv(rows)).companies.text["uscc"] == [round_one]
    assert read(as_csv([*rows, ["乙公司", "9.13702E+17"]])).companies.text["uscc"] == ["", ""]


@pytest.mark.parametrize(
    "written", [f" {CODE} ", f"'{CODE}", f'="{CODE}"', f"{CODE}\t", CODE.lower(), CODE[:8] + " " + CODE[8:], "９" + CODE[1:]]
)
def test_what_stands_around_a_code_is_dropped(read: Read, written: str) -> None:
    companies = read(as_csv([["企业名称", "统一社会信用代码"], ["甲公司", written]])).companies
    assert (companies.text["uscc"], companies.code_ok.tolist()) == ([CODE], [True])


def test_types_of_parquet_are_what_a_person_would_write(read: Read) -> None:
    east = timezone(timedelta(hours=8))
    header = ["name", "founded_date", "as_of", "reg_capital_raw", "paid_capital_raw", "insured_count", "city", "former_names", "listed",
              "county", "status", "business_scope", "负责人"]  # fmt: skip
    columns = [
        pa.array(["甲公司", "乙公司", None]),
        pa.array([date(2012, 4, 1), None, None], pa.date32()),
        pa.array([datetime(2012, 4, 1, tzinfo=east), datetime(2012, 4, 1, 23, 59, tzinfo=east), None], pa.timestamp("ns", "UTC")),
        pa.array([Decimal("5000.00"), Decimal("0.50"), None], pa.decimal128(12, 2)),
        pa.array([100.0, float("nan"), None], pa.float32()),
        pa.array([128, None, 3], pa.int16()),
        pa.array(["青岛", "杭州", None]).dictionary_encode(),
        pa.array([["丙厂", "丁厂"], [], None], pa.list_(pa.string())),
        pa.array([True, False, None]),
        pa.nulls(3),
        pa.array(["存续".encode(), b"\xff\xfe", None], pa.binary()),
        pa.array(["积木", "住宿", "养殖"], pa.large_string()),
        pa.array([{"姓名": "某人"}] * 3),  # nested, but no column of ours
    ]
    intake = read(as_parquet(header, columns))
    companies = intake.companies
    assert [(reject.row, reject.field) for reject in intake.rejects] == [(3, "（整行）"), (4, "name")]
    assert companies.row.tolist() == [2]
    assert (companies.founded[0], companies.as_of[0]) == (days("2012-04-01"),) * 2
    assert (companies.capital[0], companies.paid_capital[0], companies.insured[0]) == (50_000_000, 1_000_000, 128)
    text = {field: cells[0] for field, cells in companies.text.items()}
    assert (text["city"], text["former_names"], text["listed"], text["county"], text["status"]) == (
        "青岛",
        "丙厂、丁厂",
        "是",
        "",
        "存续",
    )


@pytest.mark.parametrize(
    "moment", [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59), datetime(2012, 4, 1, 12), datetime(1969, 12, 31, 1)]
)
@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_any_moment_is_a_date_or_refused(read: Read, moment: datetime, unit: str) -> None:
    for zone in (None, "UTC", "America/New_York"):
        column = pa.array([int((moment - datetime(1970, 1, 1)).total_seconds())], pa.timestamp("s", zone)).cast(
            pa.timestamp(unit, zone)
        )
        founded = read(as_parquet(["name", "founded_date"], [["甲公司"], column])).companies.founded[0]
        assert founded == UNKNOWN_DAY or abs(founded - (moment - datetime(1970, 1, 1)).days) <= 1


def test_a_cell_that_a_formula_made_is_its_value_and_a_formula_is_never_worked_out(read: Read) -> None:
    book = changed(
        as_xlsx([["企业名称", "参保人数"], ["甲公司", 5]]),
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b"<v>5</v>", b"<f>1+1</f><v>128</v>"),
    )
    assert read(book).companies.insured.tolist() == [128]
    unsaved = changed(book, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"<v>128</v>", b""))
    assert read(unsaved).companies.insured.tolist() == [UNKNOWN]


OLD_EXCEL = (  # BIFF8 with a merged title, dates and numbers; made with xlwt, packed
    "c-rk)O-NKx6#njeZ=6y5nVB@wzy={xa~9R6jZT*3%BPb>*$?LAAfc!Xwa`tL*(xDuRkSf|(Z*`ie^IT10>c(TAUK5(v?(ZXp}x*J?~SP$I8cJ|zQ;ZH+;i`D"
    "f6u+|zV~)4Fgbj;D2XMghK@Na6B!F^ib7^8;Roeg7OSb)N5OKjrjY5Qh0O5aan2hruOY8@5*qFpFGvC(DI7x&%<isuXce(r`p~Ml4^<=;u9GDfh0?2_$de-1"
    "iM%Z(pNQNgmLZW<RCZDw!C1ts*y(ujVXZ{+a>4c97tRN<Y(oKFu@|4ctn9KL)Fe)|cCN9EVj~+Ppardqcf}K&&cjV)0nLPPeSNsLb`trt*dzF1g@Es=UHv@d"
    "+E>@EK=$dycJCkTK3c@3_A8nJ^uszKn`Dp<=o-WJg{B!Cmou4z0i_y>%$x&Xdr9@jUiVGKH?{kqK6hS<)(%y+m%(f9iI#K0mrWB5kIbI<Jm+AG4z>MEXLP!W"
    "lxC9^a=367zYydA@h>_+a%5v=lWaqt=mFVYe(K81t#9M?vBpS?So)=N_N!$xj|3LZF@wmtl4H!v3Sn#&d0uMWD0-2|eDZyYOB)LuW#535xgfcv)XomUyU3OW"
    "dKu}1U!o6+2R}v1Ngu6C_T`Vhj|`)PX0na={0yK{RjO-O84n|=SUJbggvi3*jwGMvmvI@eocCuQW@!_$Eg%Lv#j~U4Q<^hZc1ov|?$m{4>Vnk8v-6DR8&X$5"
    "ILy$NVQ9kekbH^_GDAV!=;u~TOwQ4$fX&vIVe7)q5O$DK%pSkU?4!ifoHE>Nc7`cuv<w~9S`hcRc{-qfAqy^CxNzaZg$oxhRuOzX)8u+)U$Q;U72fOo*O{d-"
    "=l&-7Z?PZU^qi)T%Dw2KIDy`@{AWEpDpi+SAt&{}ka37wPoM)a=|@M}{!5==YT<ZRO!WV~EtGEibLsT+AGiM#2W;yC"
)


def test_an_old_excel_file(read: Read) -> None:
    companies = read(zlib.decompress(base64.b85decode(OLD_EXCEL))).companies
    assert (companies.text["name"], companies.row.tolist()) == (["甲公司", "乙公司"], [3, 4])
    assert companies.founded.tolist() == [days("2012-04-01"), days("2013-05-02")]
    assert (companies.capital.tolist(), companies.insured.tolist()) == ([50_000_000, 15_000], [128, UNKNOWN])


def test_a_text_that_begins_like_a_zip_file_is_a_text(read: Read) -> None:
    assert read("PKID,企业名称\n1,甲公司\n".encode()).companies.text["name"] == ["甲公司"]


def test_reading_text_loads_nothing_that_other_dialects_need() -> None:
    import subprocess
    import sys

    code = (
        "import sys\nfrom matcher.corpora import open_corpora\nfrom matcher.intake import read_files\ncorpora = open_corpora()\n"
        "read_files([corpora.sample], corpora)\n"
        "print([name for name in ('pyarrow', 'python_calamine', 'xlsxwriter') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "[]"
