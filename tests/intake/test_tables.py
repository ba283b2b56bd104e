"""Tables of every dialect come out as the same records, each under its spreadsheet row; damage costs only the rows it touches."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.corpora import Corpora
from matcher.errors import InputError
from matcher.intake.delimited import LONGEST_CELL, _carefully, one_a_line, open_delimited
from matcher.intake.delimited import records as delimited_records
from matcher.intake.tables import Table, read_table

ENCODINGS = ["utf-8", "utf-8-sig", "gb18030", "utf-16"]
TEXT = "企业名称,经营范围,注册资本\n青岛甲食品有限公司,食品生产；仓储,500万元\n杭州乙酒店有限公司,住宿,80万元\n"
RECORDS = [["青岛甲食品有限公司", "食品生产；仓储", "500万元"], ["杭州乙酒店有限公司", "住宿", "80万元"]]

Read = Callable[..., Table]


@pytest.fixture
def read(tmp_path: Path, corpora: Corpora) -> Read:
    def of(content: bytes | str, name: str = "表.csv") -> Table:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_table(path, corpora)

    return of


def records(table: Table) -> list[list[str]]:
    return [list(record) for record in zip(*table.cells, strict=True)]


def names(table: Table) -> dict[int, str]:
    return dict(zip(table.rows, table.column("name"), strict=True))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("packed", [False, True])
def test_encodings_line_ends_and_gzip(read: Read, encoding: str, ending: str, packed: bool) -> None:
    raw = TEXT.replace("\n", ending).encode(encoding)
    table = read(gzip.compress(raw) if packed else raw, "表.csv.gz" if packed else "表.csv")
    assert (table.rows, records(table), table.rejected) == ([2, 3], RECORDS, [])
    assert table.header.columns == {"name": (0,), "business_scope": (1,), "reg_capital_raw": (2,)}
    assert table.digest == hashlib.sha256(raw).hexdigest()


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_other_delimiters(read: Read, delimiter: str) -> None:
    table = read(TEXT.replace(",", delimiter))
    assert records(table) == RECORDS


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_with_either_byte_order_mark(read: Read, encoding: str) -> None:
    assert records(read(("\ufeff" + TEXT).encode(encoding))) == RECORDS


cells = st.text("甲乙食品生产（）；，,\"'\n\t;|=-+@a1. ", max_size=12)
# three cells of one text would be a title merged across them
rows = st.lists(
    st.lists(cells, min_size=3, max_size=3).filter(lambda r: len({c.strip() for c in r}) > 1 or not r[0].strip()), max_size=6
)


@given(rows, st.sampled_from(ENCODINGS), st.sampled_from([",", "\t", ";"]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_csv_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    corpora: Corpora,
    records: list[list[str]],
    encoding: str,
    mark: str,
    end: str,
    all_: bool,
) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=mark, lineterminator=end, quoting=csv.QUOTE_ALL if all_ else csv.QUOTE_MINIMAL)
    writer.writerow(["企业名称", "经营范围", "备注"])
    writer.writerows(records)
    path = tmp_path_factory.mktemp("roundtrip") / "a.csv"
    path.write_bytes(stream.getvalue().encode(encoding))
    table = read_table(path, corpora)
    expected = {
        number: [cell.strip() for cell in record] for number, record in enumerate(records, start=2) if any(map(str.strip, record))
    }
    assert table.rows == list(expected)
    assert table.rejected == []
    assert table.column("name") == [record[0] for record in expected.values()]
    assert table.column("business_scope") == [record[1] for record in expected.values()]


@pytest.mark.parametrize(
    "header",
    [
        "name,uscc,founded_date,reg_capital_raw,insured_count,business_scope,city,as_of,former_names",
        "企业名称,统一社会信用代码,成立日期,注册资本,参保人数,经营范围,所属城市,数据日期,曾用名",
        "Name , USCC,Founded_Date,REG_CAPITAL_RAW,insured_count,business_scope,CITY,as_of,former_names",
        "企业名称 ,统一社会信用代码,成立日期,注册资本, 参保人数,经营范围,所属城市,数据日期,曾用名",
    ],
)
def test_english_and_chinese_headers(read: Read, header: str) -> None:
    table = read(header + "\n甲公司,C,D,E,F,G,H,I,J\n")
    fields = ["name", "uscc", "founded_date", "reg_capital_raw", "insured_count", "business_scope", "city", "as_of", "former_names"]
    assert [table.column(field) for field in fields] == [[cell] for cell in ["甲公司", *"CDEFGHIJ"]]
    assert table.column("address") == [""]


def test_title_lines_above_the_header(read: Read) -> None:
    table = read("青岛市企业名录,,\n导出时间：2024年8月,,\n,,\n" + TEXT)
    assert (table.rows, records(table)) == ([5, 6], RECORDS)


def test_a_title_of_two_lines_in_one_cell_is_one_spreadsheet_row(read: Read) -> None:
    assert read('"企业名录\n（2024年）",,\n' + TEXT).rows == [3, 4]


def test_the_first_of_two_columns_with_one_meaning_wins(read: Read) -> None:
    assert read("企业名称,公司名称\n甲公司,乙公司\n").column("name") == ["甲公司"]


def test_quoted_newlines_count_as_one_row_and_blank_lines_as_rows(read: Read) -> None:
    table = read('name,business_scope\n甲公司,"食品\n生产\n\n销售"\n\n乙公司,住宿\n,\n丙公司,养殖\n')
    assert names(table) == {2: "甲公司", 4: "乙公司", 6: "丙公司"}
    assert table.column("business_scope")[0] == "食品\n生产\n\n销售"


def test_quotes_inside_cells(read: Read) -> None:
    table = read('name,business_scope\n甲公司,"他说""好"""\n乙公司,直径5"管材\n')
    assert table.column("business_scope") == ['他说"好"', '直径5"管材']


def test_separators_of_lines_that_are_none_in_csv_stay_in_the_cell(read: Read) -> None:
    table = read("name,business_scope\n甲公司,食\x0b品\x0c生\u2028产\x85业\x1c务\n乙公司,住宿\n")
    assert names(table) == {2: "甲公司", 3: "乙公司"}


@pytest.mark.parametrize("after", [1, 3, 50, 199, 250, 450])
@pytest.mark.parametrize("place", ["name", "scope"])
def test_an_unclosed_quote_costs_only_its_own_line(read: Read, after: int, place: str) -> None:
    broken = '"破公司,食品' if place == "name" else '破公司,"食品'
    lines = ["name,business_scope", "甲公司,食品", broken, *(f"乙{n}公司,住宿" for n in range(after))]
    table = read("\n".join(lines) + "\n")
    assert names(table) == {2: "甲公司", **{n + 4: f"乙{n}公司" for n in range(after)}}
    assert [row for row, _, _ in table.rejected] == [3]


def test_two_unclosed_quotes_far_apart(read: Read) -> None:
    middle = [f"乙{n}公司,住宿" for n in range(300)]
    table = read("\n".join(["name,business_scope", '破公司,"食品', *middle, '"碎公司,食品', *middle]) + "\n")
    assert [row for row, _, _ in table.rejected] == [2, 303]
    assert len(table.rows) == 600


def test_too_many_columns_are_rejected_and_too_few_are_filled(read: Read) -> None:
    table = read("name,business_scope,city\n甲公司,食品,青岛,多\n乙公司,食品,青岛,,\n丙公司\n")
    assert [(row, field) for row, field, _ in table.rejected] == [(2, "（整行）")]
    assert records(table) == [["乙公司", "食品", "青岛"], ["丙公司", "", ""]]


def test_a_huge_cell_costs_its_row(read: Read) -> None:
    fits, over = "食" * LONGEST_CELL, "食" * (LONGEST_CELL + 1)
    table = read(f"name,business_scope\n甲公司,{fits}\n乙公司,{over}\n丙公司,{'食' * 500_000}\n丁公司,住宿\n")
    assert names(table) == {2: "甲公司", 5: "丁公司"}
    assert [row for row, _, _ in table.rejected] == [3, 4]


def test_damaged_bytes_in_utf_8_cost_their_row(read: Read) -> None:
    good = "name,business_scope\n甲公司,食品\n".encode()
    table = read(good + b"\xe4\xb9\xff\xe5,x\n" + "丙公司,住宿\n".encode())
    assert names(table) == {2: "甲公司", 4: "丙公司"}
    assert [row for row, _, _ in table.rejected] == [3]


def test_damage_in_the_very_first_chinese_character_costs_its_row_too(read: Read) -> None:
    table = read(b"name,business_scope\n\xe4\xb9\xff\xe5,x\n" + "乙公司,住宿\n丙公司,住宿\n".encode())
    assert names(table) == {3: "乙公司", 4: "丙公司"}
    assert [row for row, _, _ in table.rejected] == [2]


def test_damaged_bytes_in_gb18030_cost_their_row(read: Read) -> None:
    table = read("企业名称,经营范围\n甲公司,食品\n".encode("gb18030") + b"\xff\xff,x\n" + "丙公司,住宿\n".encode("gb18030"))
    assert names(table) == {2: "甲公司", 4: "丙公司"}
    assert [row for row, _, _ in table.rejected] == [3]


@pytest.mark.parametrize(
    "header", ["统一社会信用代码,企业名称", "省份,企业名称", "登记状态,企业名称", "uscc,name", "城市,企业名称"]
)
@pytest.mark.parametrize("name", ["园林甲有限公司", "学海乙有限公司", "青岛丙有限公司", "延安丁有限公司"])
def test_gb18030_whose_first_bytes_could_be_utf_8(read: Read, header: str, name: str) -> None:
    """Two bytes of 统, 省, 园, 学 … are one valid UTF-8 character each; the file is GB18030 all the same."""
    table = read(f"{header}\n,{name}\n".encode("gb18030"))
    assert names(table) == {2: name}


@pytest.mark.parametrize(
    "content",
    [
        b"", b" \n\n", b"\xef\xbb\xbf", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, b"PK\x03\x04" + b"x" * 90,
        b"\xd0\xcf\x11\xe0" + b"x" * 90, bytes(4096), b"\x80\x81\xff\xfe" * 50, b"\xff\xfea", b"company\n1\n", "备注,电话\n甲,1\n".encode(),
        "企业名称,经营范围\n甲公司,食品\n".encode("utf-16-le"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_by_name(read: Read, content: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read(content, "坏文件.csv")
    assert "坏文件.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("first", [b"x" * 200_000, b'{"a": "' + b"x" * 200_000 + b'"}', '"备注'.encode() + b"y" * 200_000])
def test_a_first_line_beyond_all_measure_is_refused_too(read: Read, first: bytes) -> None:
    before = csv.field_size_limit(131_072)  # Python's own, as in a fresh process
    try:
        with pytest.raises(InputError):
            read(first + b"\nx\n")
    finally:
        csv.field_size_limit(before)


def test_missing_files_and_folders_are_refused(tmp_path: Path, corpora: Corpora) -> None:
    for path in (tmp_path / "没有.csv", tmp_path, tmp_path / "a" / "b.csv"):
        with pytest.raises(InputError, match=path.name):
            read_table(path, corpora)


# No time of day in the header: parallel workers must collect the same cases.
PACKED = gzip.compress(TEXT.encode() * 40, mtime=0)


@pytest.mark.parametrize(
    "content", [PACKED[:-1], PACKED[:-9], PACKED[: len(PACKED) // 2], PACKED[:4], PACKED[:-8] + bytes(8), PACKED + b"x"]
)
def test_truncated_or_damaged_gzip_is_refused(read: Read, content: bytes) -> None:
    with pytest.raises(InputError, match="gzip"):
        read(content, "表.csv.gz")


def test_gzip_is_known_by_its_bytes_not_by_its_name(read: Read) -> None:
    assert records(read(gzip.compress(TEXT.encode()), "表.csv")) == RECORDS
    assert records(read(TEXT, "表.csv.gz")) == RECORDS


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_refused(tmp_path_factory: pytest.TempPathFactory, corpora: Corpora, content: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "a.csv"
    path.write_bytes(b"name,business_scope\n" + content)
    try:
        table = read_table(path, corpora)
    except InputError:
        return
    assert all(len(record) == 2 for record in records(table))
    assert len(table.rows) == len(records(table)) == len(set(table.rows))


def test_a_small_gzip_that_unpacks_to_very_much_is_refused_early(read: Read) -> None:
    with pytest.raises(InputError, match="200 倍"):
        read(gzip.compress(TEXT.encode() + "，".encode() * (25 * 1024**2), 9))


@given(lines=st.lists(st.text("甲乙,\"' ;", max_size=10), max_size=8))
@settings(deadline=None)
def test_records_read_at_once_are_those_read_with_care(corpora: Corpora, lines: list[str]) -> None:
    """A text in which each record is a line of its own is taken apart in one go; row by row it gives the same."""
    opened = open_delimited("\n".join(["企业名称,经营范围", *lines]).encode(), "表.csv", corpora)
    with_care = list(_carefully(opened, opened.text.split("\n")))
    assert list(delimited_records(opened)) == with_care
    at_once = one_a_line(lines, ",")
    assert at_once is None or at_once == [record for _, record in with_care]


@pytest.mark.parametrize("members", [1, 2, 5])
def test_a_gzip_file_of_any_number_of_members_is_what_gzip_says(tmp_path: Path, corpora: Corpora, members: int) -> None:
    text = ("企业名称,经营范围\n" + "".join(f"青岛第{n}号玩具有限公司,积木制造\n" for n in range(2000))).encode()
    cut = [text[n * len(text) // members : (n + 1) * len(text) // members] for n in range(members)]
    path = tmp_path / "a.csv.gz"
    path.write_bytes(b"".join(map(gzip.compress, cut)) + b"\0" * 100)
    assert gzip.decompress(path.read_bytes()) == text
    assert read_table(path, corpora).digest == hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize(
    "spoil", [lambda data: data[:-9], lambda data: data[:40] + b"\xff" + data[41:], lambda data: data + b"more"]
)
def test_a_spoiled_gzip_file_is_refused(tmp_path: Path, corpora: Corpora, spoil: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(spoil(gzip.compress("企业名称\n青岛玩具有限公司\n".encode() * 50)))
    with pytest.raises(InputError, match="gzip 文件损坏或不完整"):
        read_table(path, corpora)
