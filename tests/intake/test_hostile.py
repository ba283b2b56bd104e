"""Whatever a file holds, reading it ends soon in a table or in one clear line; bombs are refused before they are unpacked."""

from __future__ import annotations

import io
import random
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from matcher.corpora import Corpora
from matcher.errors import InputError
from matcher.intake import Intake, parquet, read_files, workbooks
from tests.intake.files import as_csv, as_ods, as_parquet, as_xlsx, changed, parts, zipped

ROWS = [["企业名称", "经营范围"], *([f"第{n}食品有限公司", "食品生产"] for n in range(30))]
BOOK = as_xlsx(ROWS)
SHEET = "xl/worksheets/sheet1.xml"
PASSWORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000) + "EncryptedPackage".encode("utf-16-le") + bytes(1000)
Read = Callable[[bytes], Intake]


@pytest.fixture
def read(tmp_path: Path, corpora: Corpora) -> Read:
    def of(content: bytes) -> Intake:
        path = tmp_path / "坏文件.xlsx"
        path.write_bytes(content)
        return read_files([path], corpora)

    return of


def problem(read: Read, content: bytes) -> str:
    """The one line about a file that is refused, in a few seconds."""
    start = time.monotonic()
    with pytest.raises(InputError) as caught:
        read(content)
    assert time.monotonic() - start < 20
    said = str(caught.value)
    assert "坏文件.xlsx" in said and said.isprintable() and len(caught.value.problem) < 200
    return said


def cell(reference: str, text: str = "甲公司") -> bytes:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'.encode()


def with_cells(*references: str) -> bytes:
    """A workbook with these cells, each in a row element of its own."""
    rows = b"".join(b'<row r="%s">%s</row>' % (r.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ").encode(), cell(r)) for r in references)
    return changed(BOOK, SHEET, lambda xml: xml.replace(b"</sheetData>", rows + b"</sheetData>"))


DAMAGED = {
    "half": BOOK[: len(BOOK) // 2],
    "no_directory": BOOK[:-22],
    "first_bytes": BOOK[:4],
    "no_workbook": zipped({"a.csv": as_csv(ROWS)}),
    "empty_zip": zipped({}),
    "xml": changed(BOOK, SHEET, lambda xml: xml[: len(xml) // 2]),
    "no_sheet": zipped({name: content for name, content in parts(BOOK).items() if name != SHEET}),
    "bad_string": changed(BOOK, SHEET, lambda xml: xml.replace(b"<v>0</v>", b"<v>99999999</v>")),
    "entities": changed(BOOK, SHEET, lambda xml: b'<!DOCTYPE x [<!ENTITY a "b">]>' + xml.replace(b"<v>0</v>", b"<v>&a;</v>")),
    "lzma": zipped(parts(BOOK), zipfile.ZIP_LZMA),
    "password": PASSWORD,
    "not_excel": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096),
    "pdf": b"%PDF-1.7\n" + b"x" * 100,
    "html": b"<html><table><tr><td>\xe4\xbc\x81</td></tr></table></html>",
    "spreadsheet_xml": b'<?xml version="1.0"?><Workbook></Workbook>',
    "ods_half": as_ods(ROWS)[:300],
    "far_cell": with_cells("XFD1048576"),
    "far_corners": with_cells("XFD40", "A1048576"),
    "single_quotes": changed(with_cells("XFD1048576"), SHEET, lambda xml: xml.replace(b'"XFD1048576"', b"'XFD1048576'")),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_and_hostile_workbooks_are_refused(read: Read, kind: str) -> None:
    said = problem(read, DAMAGED[kind])
    expected = {"password": "密码", "pdf": "PDF", "html": "另存为 .xlsx", "no_workbook": "解压"}
    expected |= dict.fromkeys(("far_cell", "far_corners", "single_quotes"), "远离")
    assert expected.get(kind, "") in said


def test_a_million_characters_in_a_cell_cost_one_row(read: Read) -> None:
    book = changed(
        BOOK,
        SHEET,
        lambda xml: xml.replace(b"</sheetData>", b'<row r="32">' + cell("A32", "长" * 1_000_000) + b"</row></sheetData>"),
    )
    intake = read(book)
    assert ([reject.row for reject in intake.rejects], len(intake.companies)) == ([32], 30)
    assert len(intake.rejects[0].reason) < 50


@pytest.mark.parametrize("references", [["ZZ40"], ["A200000"], ["XFD33"]])
def test_cells_that_stand_apart_but_not_too_far_are_read(read: Read, references: list[str]) -> None:
    assert len(read(with_cells(*references)).companies) >= 30


def test_the_process_that_reads_may_end_and_only_the_file_is_refused(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_CELLS", 1 << 62)  # as if the look at the sheet had missed it
    assert "太大" in problem(read, with_cells("XFD1048576"))


def test_a_bomb_is_refused_by_what_it_declares_and_by_what_it_holds(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = {**parts(BOOK), "xl/media/a.bin": bytes(80 * 1024**2)}
    bomb = zipped(zeros)
    assert len(bomb) < 200_000
    assert "太大" in problem(read, bomb)  # a thousand to one
    monkeypatch.setattr(workbooks, "MOST_UNPACKED", 1024**2)
    monkeypatch.setattr(workbooks, "MOST_RATIO", 1 << 30)
    assert "太大" in problem(read, bomb)
    place = bomb.rindex(b"xl/media/a.bin") - 46 + 24  # the declared size, in the directory
    lying = bomb[:place] + struct.pack("<I", 10) + bomb[place + 4 :]
    with zipfile.ZipFile(io.BytesIO(lying)) as archive:
        assert archive.getinfo("xl/media/a.bin").file_size == 10
    assert "太大" in problem(read, lying)


def test_too_many_parts_are_refused(read: Read) -> None:
    assert "太大" in problem(read, zipped({**parts(BOOK), **{f"a{n}": b"" for n in range(workbooks.MOST_PARTS)}}))


def test_links_macros_and_other_parts_are_left_alone(read: Read) -> None:
    link = b'<?xml version="1.0"?><externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
    more = {
        "xl/externalLinks/externalLink1.xml": link,
        "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0" + bytes(64),
        "../../evil.txt": b"x",
    }
    assert len(read(zipped({**parts(BOOK), **more})).companies) == 30


def test_an_encrypted_zip_is_refused(read: Read) -> None:
    place = BOOK.index(b"PK\x01\x02") + 8
    assert "密码" in problem(read, BOOK[:place] + b"\x01\x00" + BOOK[place + 2 :])


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_workbooks_damaged_anywhere_are_a_table_or_refused(read: Read, kind: str) -> None:
    chance, whole = random.Random(7), {"xlsx": BOOK, "ods": as_ods(ROWS)}[kind]
    for _ in range(12):
        contents = parts(whole)
        name = chance.choice(sorted(contents))
        broken = bytearray(contents[name])
        for _ in range(chance.randrange(1, 6)):
            if broken:
                broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            read(zipped({**contents, name: bytes(broken)}))
        except InputError as error:
            assert str(error).isprintable()


TABLE = as_parquet(["企业名称", "经营范围"], [[row[n] for row in ROWS[1:]] for n in (0, 1)])
BAD_PARQUET = {
    "half": TABLE[: len(TABLE) // 2],
    "no_footer": TABLE[:-4],
    "magic": b"PAR1",
    "encrypted": b"PARE" + TABLE[4:-4] + b"PARE",
    "pages": TABLE[:8] + bytes(60) + TABLE[68:],
    "struct": as_parquet(["企业名称", "注册资本"], [["甲公司"], pa.array([{"数": 1}])]),
    "list_of_structs": as_parquet(["企业名称", "曾用名"], [["甲公司"], pa.array([[{"数": 1}]])]),
    "map": as_parquet(["企业名称", "注册资本"], [["甲公司"], pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))]),
    "no_name": as_parquet(["备注"], [["甲公司"]]),
    "twice": as_parquet(["企业名称", "企业名称"], [["甲公司"], ["乙公司"]]),
    "no_rows": as_parquet(["企业名称"], [pa.array([], pa.string())]),
    "no_columns": as_parquet([], []),
}


@pytest.mark.parametrize("kind", BAD_PARQUET)
def test_bad_parquet_is_refused(read: Read, kind: str) -> None:
    said = problem(read, BAD_PARQUET[kind])
    if kind in ("struct", "map"):
        assert "注册资本" in said and "嵌套" in said


def test_parquet_of_too_many_rows_is_refused(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "MOST_ROWS", 29)
    assert "30" in problem(read, TABLE)


def test_parquet_damaged_anywhere_is_a_table_or_refused(read: Read) -> None:
    chance = random.Random(7)
    for _ in range(60):
        broken = bytearray(TABLE)
        for _ in range(chance.randrange(1, 4)):
            broken[chance.randrange(4, len(broken) - 4)] = chance.randrange(256)
        try:
            read(bytes(broken))
        except InputError as error:
            assert str(error).isprintable()


def test_a_gzip_of_a_gzip_or_of_nothing_is_refused(read: Read) -> None:
    packed = zlib.compressobj(wbits=31)
    once = packed.compress(as_csv(ROWS)) + packed.flush()
    again = zlib.compressobj(wbits=31)
    problem(read, again.compress(once) + again.flush())
    nothing = zlib.compressobj(wbits=31)
    problem(read, nothing.flush())
