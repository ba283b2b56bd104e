"""Reading block by block gives the very companies, rejects and notes of ``read_files``: whatever the dialect, wherever a block ends.

The reference is ``read_files``, which has every file in memory. Blocks are of three rows here, so that every rule that looks beyond a row
(quotation marks, repeated headers, persons, damaged codes, merging) is cut through.
"""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.corpora import Corpora
from matcher.errors import InputError
from matcher.intake import read_files
from matcher.intake.sources import look_over
from tests.intake.files import as_csv, as_xlsx, text_parquet
from tests.snapshot.small import HEADER, built, code, same_as_read, tree, unsynced, write

NAMES = [
    "青岛海风酒店有限公司",
    "济南云山食品厂",
    "聊城大河药业股份有限公司",
    "张伟",
    "王小明",
    "合计",
    "",
    "数据来源：企查查",
    "企业名称",
    "甲公司\n乙",
]
CODES = [
    "",
    "-",
    code(1),
    code(2),
    code(2).lower(),
    f" {code(3)}",
    "9137020000000000XX",
    "9.13702E+17",
    "913702000000000000",
    "青岛某某有限公司",
]
CELLS = {
    "成立日期": ["", "2001-02-03", "43831.2500", "36892", "昨天", "500万人民币"],
    "注册资本": ["", "500万元", "100(万美元)", "五百", "1e99"],
    "参保人数": ["", "12", "50-99人", "无"],
    "经营范围": ["", "酒店管理；餐饮服务", "生产“积木”, 布偶", 'say "yes"', "含\n换行"],
    "所属城市": ["", "青岛市", "杭州", "2001-02-03"],
    "曾用名": ["", "老海风酒店；海风旅社"],
    "数据日期": ["", "2019-04-01", "2024-08-27"],
}
row = st.tuples(st.sampled_from(NAMES), st.sampled_from(CODES), *(st.sampled_from(cells) for cells in CELLS.values()))
rows = st.lists(row | st.just(HEADER) | st.just((HEADER[1], HEADER[0], *HEADER[2:])), min_size=1, max_size=25)
RANDOM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def compare(folder: Path, files: list[Path], corpora: Corpora, processes: int = 1) -> None:
    """Either both read the files to the same, or both refuse them with the same words."""
    shutil.rmtree(folder / "home", ignore_errors=True)
    with unsynced(BLOCK_ROWS=3):
        try:
            read = read_files(files, corpora)
        except InputError as error:
            with pytest.raises(InputError) as found:
                built(folder / "home", corpora, *files, processes=processes)
            assert str(found.value) == str(error)
            return
        if not len(read.companies):
            with pytest.raises(InputError, match="没有一行可以接收"):
                built(folder / "home", corpora, *files, processes=processes)
        else:
            same_as_read(built(folder / "home", corpora, *files, processes=processes), files, corpora)


def by_processes(folder: Path, files: list[Path], corpora: Corpora) -> None:
    """Blocks made by two processes are those of one, to the byte, whatever of them was begun before it was known what stands before."""
    trees = []
    for processes in (1, 2):
        with unsynced(BLOCK_ROWS=3):
            same_as_read(made := built(folder / f"home{processes}", corpora, *files, processes=processes), files, corpora)
        trees.append(tree(made.snapshot.folder))
    assert trees[0] == trees[1]


@pytest.mark.parametrize("again", [[HEADER[1], HEADER[0], *HEADER[2:]], HEADER, ["合计", *[""] * 8]])
def test_headers_that_come_up_again_far_above_a_block(tmp_path: Path, corpora: Corpora, again: list[str]) -> None:
    """With two processes blocks below a header of another order are read before it is known of; they are made anew."""
    firms = [[f"第{n}号食品有限公司", code(n), "2001-02-03", "", "", "糕点", "青岛", "", ""] for n in range(60)]
    firms[10:10] = [[*again]]
    firms[41:41] = [[*HEADER]]
    by_processes(tmp_path, [write(tmp_path, "a.csv", firms)], corpora)


def test_cells_of_several_lines_between_plain_ones(tmp_path: Path, corpora: Corpora) -> None:
    """Where records go on in further lines they are taken apart line by line, and below them all at once again."""
    scopes = ["糕点", "糕点；\n饮料", "", 'say "yes"', "茶，\n\n酒"]
    firms = [[f"第{n}号食品有限公司", code(n), "", "", "", scopes[n % 5] if 20 < n < 40 else "糕点", "", "", ""] for n in range(70)]
    by_processes(tmp_path, [write(tmp_path, "a.csv", firms)], corpora)


@pytest.mark.slow
@RANDOM
@given(st.lists(rows, min_size=1, max_size=3, unique_by=str), st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]))
def test_random_tables(tmp_path: Path, corpora: Corpora, tables: list[list[tuple[str, ...]]], encoding: str) -> None:
    files = []
    for number, table in enumerate(tables):
        files.append(tmp_path / f"{number}.csv")
        files[-1].write_bytes(as_csv([HEADER, *table], encoding))
    compare(tmp_path, files, corpora)


LINES = st.text(alphabet='ab,"\n\r;甲乙有限公司\t �', max_size=200)


@pytest.mark.slow
@RANDOM
@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["utf-8", "gb18030"]), st.sampled_from([1, 2]))
def test_hostile_text(tmp_path: Path, corpora: Corpora, text: str, end: str, encoding: str, processes: int) -> None:
    body = "企业名称,经营范围,所属城市\n某某食品有限公司,糕点,青岛\n" + text
    path = tmp_path / "a.csv"
    path.write_bytes(body.replace("\n", end).encode(encoding, "replace"))
    compare(tmp_path, [path], corpora, processes)


@pytest.mark.slow
@RANDOM
@given(st.lists(st.integers(0, 2**31), max_size=6), st.binary(max_size=12), st.sampled_from(["utf-8", "gb18030"]))
def test_damaged_bytes(tmp_path: Path, corpora: Corpora, places: list[int], junk: bytes, encoding: str) -> None:
    body = bytearray(as_csv([HEADER[:2], *((f"第{n}号食品有限公司", code(n)) for n in range(12))], encoding))
    for place in places:
        at = 30 + place % (len(body) - 30)  # behind the header
        body[at:at] = junk
    path = tmp_path / "a.csv"
    path.write_bytes(bytes(body))
    compare(tmp_path, [path], corpora)


@pytest.mark.parametrize("lost", [1, 199, 200, 201, 450])
def test_lost_quotation_mark(tmp_path: Path, corpora: Corpora, lost: int) -> None:
    table = [[f"第{n}号食品有限公司", code(n), "", "", "", "糕点", "青岛", "", ""] for n in range(600)]
    text = as_csv([HEADER, *table]).decode().split("\n")
    text[lost] = text[lost].replace("糕点", '"糕点')
    path = tmp_path / "a.csv"
    path.write_text("\n".join(text), encoding="utf-8")
    for processes in (1, 2):
        compare(tmp_path, [path], corpora, processes)
    with unsynced(BLOCK_ROWS=3):
        assert built(tmp_path / "other", corpora, path).rejected == 1


def test_every_dialect(tmp_path: Path, corpora: Corpora) -> None:
    table = [
        [f"第{n}号食品有限公司", code(n % 7), "2001-02-03", "500万元", "", "糕点", "青岛", "", f"20{n:02}-01-01"] for n in range(20)
    ]
    table += [["张伟", *[""] * 8], ["合计", *[""] * 8]]
    everything = {
        "a.csv": as_csv([["导出的名单"], HEADER, *table]),
        "b.csv.gz": gzip.compress(as_csv([HEADER, *table[:9]])),
        "c.xlsx": as_xlsx([["导出的名单"], HEADER, *table]),
        "d.parquet": text_parquet([HEADER, *table]),
        "e.parquet.gz": gzip.compress(text_parquet([HEADER, *table[:11]])),
    }
    files = []
    for name, content in everything.items():
        files.append(tmp_path / name)
        files[-1].write_bytes(content)
        compare(tmp_path, [files[-1]], corpora)
    compare(tmp_path, files, corpora)


@pytest.mark.parametrize("persons", [1, 30])
def test_all_files_decide_what_a_persons_name_is(tmp_path: Path, corpora: Corpora, persons: int) -> None:
    """Few short names among many are persons', many are brands; the share is that of all files together."""
    short = [["张伟" if n % 2 else "李强", code(500 + n), *[""] * 7] for n in range(persons)]
    firms = [[f"第{n}号食品有限公司", code(n), *[""] * 7] for n in range(30)]
    files = [write(tmp_path, "a.csv", short), write(tmp_path, "b.csv", firms)]
    with unsynced(BLOCK_ROWS=3):
        made = built(tmp_path / "home", corpora, *files)
    same_as_read(made, files, corpora)
    assert made.rejected == (persons if persons == 1 else 0)


def test_one_spoiled_code_makes_rounded_ones_doubtful(tmp_path: Path, corpora: Corpora) -> None:
    rounded = next(found for n in range(40_000) if (found := "91370200" + f"{n:07}" + "000") and code_fits(found))
    firms = [[f"第{n}号食品有限公司", code(n), *[""] * 7] for n in range(9)]
    good = write(tmp_path, "a.csv", [["甲食品有限公司", rounded, *[""] * 7], ["乙食品有限公司", rounded, *[""] * 7], *firms])
    bad = write(tmp_path, "b.csv", [*firms, ["丙食品有限公司", "9.13702E+17", *[""] * 7]])
    for files, blank in (([good], False), ([good, bad], True)):
        with unsynced(BLOCK_ROWS=3):
            made = built(tmp_path / "home", corpora, *files)
        same_as_read(made, files, corpora)
        assert (rounded in list(made.snapshot.companies.text["uscc"])) is not blank


def code_fits(text: str) -> bool:
    return text == code_of(text[:17])


def code_of(body: str) -> str:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    return body + alphabet[-sum(alphabet.index(char) * pow(3, n, 31) for n, char in enumerate(body)) % 31]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"  \n ",
        b"%PDF-1.4",
        b"<html>",
        b"\0\1\2\3" * 99,
        b"a,b\n1,2\n",
        b"\x1f\x8b\x08damaged",
        "名称\n".encode("utf-16")[:-1],
        b"PAR1x",
    ],
)
def test_no_table_is_refused_with_the_same_words(tmp_path: Path, corpora: Corpora, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    compare(tmp_path, [path], corpora)
    with pytest.raises(InputError):
        look_over(path, corpora)


def test_no_file(tmp_path: Path, corpora: Corpora) -> None:
    compare(tmp_path, [tmp_path / "none.csv"], corpora)
    compare(tmp_path, [tmp_path], corpora)
    compare(tmp_path, [write(tmp_path, "a.csv", [])], corpora)
