"""Every record is accounted for; rows of one code fold into one company whatever their order; rejects never quote a cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc

from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.errors import InputError
from matcher.intake import Companies, Intake, Reject, from_profiles, read_files, write_rejects
from matcher.intake.companies import TEXT_FIELDS
from matcher.intake.fields import UNKNOWN, UNKNOWN_DAY
from matcher.intake.flaws import _SCOPE, LONGEST_NAME, _nameless, _odd, _shape

COLUMNS = (
    "name",
    "uscc",
    "as_of",
    "founded_date",
    "reg_capital_raw",
    "paid_capital_raw",
    "insured_count",
    "city",
    "business_scope",
    "former_names",
)
GOOD = [head + uscc.calc_check_digit(head + "0") for head in ("91370200000000011", "91330100000000022", "52371500MJD000033")]
FAILING = [GOOD[0][:-1] + ("0" if GOOD[0][-1] != "0" else "1"), "91370200000", "ABC"]

Row = dict[str, str]
Read = Callable[..., Intake]


def text(rows: Sequence[Row], columns: Sequence[str] = COLUMNS) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory, corpora: Corpora) -> Read:
    def of(*contents: str, merge: bool = True) -> Intake:
        folder = tmp_path_factory.mktemp("intake")
        paths = [folder / f"{number}.csv" for number in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_text(content, encoding="utf-8")
        return read_files(paths, corpora, merge=merge)

    return of


def company(companies: Companies, place: int) -> dict[str, object]:
    """Everything about a company but where it stood."""
    known: dict[str, object] = {field: companies.text[field][place] for field in TEXT_FIELDS}
    for field in ("code_ok", "founded", "as_of", "capital", "paid_capital", "insured"):
        known[field] = getattr(companies, field)[place].item()
    return known


def days(iso: str) -> int:
    return (date.fromisoformat(iso) - date(1970, 1, 1)).days if iso else UNKNOWN_DAY


messy_rows = st.fixed_dictionaries(
    {
        "name": st.sampled_from(
            ["甲食品有限公司", "乙酒店", "", "N/A", "123", "丙\x07公司", "长" * 201, " 丁公司 ", "戊\n公司", "=己公司"]
        ),
        "uscc": st.sampled_from([*GOOD, *FAILING, "", "-", GOOD[2].lower()]),
        "as_of": st.sampled_from(["", "2019-01-01", "2024-06-30", "昨天"]),
        "founded_date": st.sampled_from(["", "2001-02-03", "长期", "2001-13-01", "无"]),
        "reg_capital_raw": st.sampled_from(["", "500万元", "55(万美元)", "李四", "一百万", "N/A", "9" * 40]),
        "paid_capital_raw": st.sampled_from(["", "100万元", "未公示", "张三"]),
        "insured_count": st.sampled_from(["", "12", "约十人", "1,200"]),
        "city": st.sampled_from(["", "青岛", "-"]),
        "business_scope": st.text("食品生产,;\"\n'", max_size=8),
    }
)
raw_lines = st.sampled_from(
    ["甲公司" + "," * 8 + "食品,多,余", "", "  ", "," * 8, "乙公司", "丙公司,,,", "丁公司,\ufffd", "x" * 100_001]
)


@pytest.mark.slow
@given(st.lists(st.lists(st.one_of(messy_rows, raw_lines), max_size=8), min_size=1, max_size=3), st.booleans())
def test_accepted_and_merged_and_rejected_make_what_was_read(read: Read, files: list[list[Row | str]], merge: bool) -> None:
    header = text([])
    contents = [header + "".join(r + "\n" if isinstance(r, str) else text([r])[len(header) :] for r in rows) for rows in files]
    records = [
        record for content in contents for record in list(csv.reader(io.StringIO(content)))[1:] if any(map(str.strip, record))
    ]
    if not records:
        with pytest.raises(InputError):
            read(*contents, merge=merge)
        return
    intake = read(*contents, merge=merge)
    assert intake.read == len(records)
    assert len(intake.companies) + intake.merged + len(intake.rejects) == intake.read
    assert merge or intake.merged == 0
    assert len(intake.files) == len(files)
    places = list(zip(intake.companies.file.tolist(), intake.companies.row.tolist(), strict=True))
    places += [(intake.files.index(reject.file), reject.row) for reject in intake.rejects]
    assert len(places) == len(set(places))
    for cells in intake.companies.text.values():
        assert len(cells) == len(intake.companies)
    for name in intake.companies.text["name"]:
        assert name.isprintable() and name.strip() == name and 0 < len(name) <= 200
    codes = [c for c, ok in zip(intake.companies.text["uscc"], intake.companies.code_ok, strict=True) if ok]
    if merge:
        assert len(codes) == len(set(codes))


merging_rows = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["甲食品有限公司", "甲食品集团有限公司"]),
            "former_names": st.sampled_from(["", "", "老甲食品厂", "甲食品有限公司；老老甲食品厂"]),
            "uscc": st.sampled_from([GOOD[0], GOOD[0].lower(), GOOD[1]]),
            "as_of": st.sampled_from(["", "2019-01-01", "2024-06-30"]),
            "founded_date": st.sampled_from(["", "2001-02-03", "2005-01-01"]),
            "reg_capital_raw": st.sampled_from(["", "500万元", "80(万美元)"]),
            "paid_capital_raw": st.sampled_from(["", "100万元", "200万元"]),
            "insured_count": st.sampled_from(["", "12", "30"]),
            "city": st.sampled_from(["", "青岛", "杭州"]),
            "business_scope": st.sampled_from(["", "食品生产", "住宿"]),
        }
    ),
    min_size=2,
    max_size=6,
)


@given(merging_rows, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(read: Read, rows: list[Row], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = read(text(rows)).companies, read(text(shuffled)).companies
    by_code = [{c.text["uscc"][n]: company(c, n) for n in range(len(c))} for c in (one, other)]
    assert by_code[0] == by_code[1]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("insured_count", ("12", "30")),
        ("paid_capital_raw", ("100万元", "200万元")),
        ("reg_capital_raw", ("500万元", "600万元")),
        ("founded_date", ("2001-02-03", "2005-01-01")),
        ("city", ("青岛", "杭州")),
        ("name", ("甲食品有限公司", "乙食品有限公司")),
    ],
)
@pytest.mark.parametrize("as_of", ["", "2024-06-30"])
def test_rows_of_the_same_date_that_differ_in_one_cell(read: Read, column: str, values: tuple[str, str], as_of: str) -> None:
    one, other = ({"name": "甲食品有限公司", "uscc": GOOD[0], "as_of": as_of, column: value} for value in values)
    forth, back = read(text([one, other])).companies, read(text([other, one])).companies
    assert company(forth, 0) == company(back, 0)


@pytest.mark.slow
@given(merging_rows)
def test_the_later_row_wins_field_by_field(read: Read, rows: list[Row]) -> None:
    dated = [{**row, "uscc": GOOD[0], "as_of": f"20{10 + n}-01-01"} for n, row in enumerate(rows)]
    companies = read(text(dated)).companies
    assert len(companies) == 1
    merged = company(companies, 0)
    for column, field in (("name", "name"), ("city", "city"), ("business_scope", "business_scope")):
        assert merged[field] == next((row[column] for row in reversed(dated) if row[column]), "")
    assert merged["founded"] == next((days(row["founded_date"]) for row in reversed(dated) if row["founded_date"]), UNKNOWN_DAY)
    assert merged["insured"] == next((int(row["insured_count"]) for row in reversed(dated) if row["insured_count"]), UNKNOWN)
    alone = [company(read(text([row])).companies, 0) for row in reversed(dated)]
    for field in ("capital", "paid_capital"):
        assert merged[field] == next((one[field] for one in alone if one[field] != UNKNOWN), UNKNOWN)
    assert merged["as_of"] == days(dated[-1]["as_of"])
    if len(dated) > 1:
        told = {name for row in dated for name in (row["name"], *row["former_names"].split("；"))}
        assert merged["former_names"] == "、".join(sorted(told - {"", merged["name"]})), "names that it bore before are kept"


def test_rows_of_one_code_in_two_files_are_one_company(read: Read) -> None:
    old = {"name": "甲食品厂", "uscc": GOOD[0], "as_of": "2019-01-01", "city": "青岛", "insured_count": "12"}
    new = {"name": "甲食品有限公司", "uscc": GOOD[0].lower(), "as_of": "2024-01-01", "insured_count": "-"}
    for contents in ((text([old]), text([new])), (text([new]), text([old]))):
        intake = read(*contents)
        assert (intake.read, len(intake.companies), intake.merged) == (2, 1, 1)
        merged = company(intake.companies, 0)
        assert (merged["name"], merged["city"], merged["insured"]) == ("甲食品有限公司", "青岛", 12)
        assert merged["uscc"] == GOOD[0]
    assert len(read(text([old]), text([new]), merge=False).companies) == 2


def test_failing_codes_are_kept_and_flagged_and_never_join_two_names(read: Read) -> None:
    rows = [{"name": f"{name}公司", "uscc": FAILING[0]} for name in ("甲", "乙", "甲")]
    intake = read(text(rows))
    assert intake.companies.text["name"] == ["甲公司", "乙公司"]
    assert intake.companies.text["uscc"] == [FAILING[0]] * 2
    assert not intake.companies.code_ok.any()
    assert intake.merged == 1
    assert [count for problem, count in intake.notes.items() if "代码" in problem] == [3]


def test_rows_without_a_code_are_never_merged(read: Read) -> None:
    rows = [{"name": "甲公司", "uscc": code} for code in ("", "-", "无", "")]
    assert len(read(text(rows)).companies) == 4


def test_unreadable_cells_are_unknown_and_counted(read: Read) -> None:
    rows = [{"name": f"甲{n}公司", "insured_count": "约十人", "founded_date": "2001-13-01"} for n in range(3)]
    intake = read(text([*rows, {"name": "乙公司", "insured_count": "N/A", "founded_date": "-"}]))
    assert intake.companies.insured.tolist() == [UNKNOWN] * 4
    assert intake.companies.founded.tolist() == [UNKNOWN_DAY] * 4
    assert sorted(intake.notes.values()) == [3, 3]


def test_a_scope_of_several_lines_stays_with_its_company(engine: Engine, read: Read) -> None:
    lines = ["食品生产\n住宿", "旅游\x0b服务", "养殖\u2028种植", "积木\r\n玩具"]
    rows = [{"name": f"甲{n}公司", "business_scope": line} for n, line in enumerate([*lines, "酒店管理"])]
    together = [(m.name, m.chain, m.affinity) for m in engine.match(read(text(rows)))]
    alone = [(m.name, m.chain, m.affinity) for row in rows for m in engine.match(read(text([row])))]
    assert together == alone


def test_rejects_name_file_row_field_and_reason_and_never_a_cell(read: Read, tmp_path: Path) -> None:
    person = "欧阳铁柱"
    header = text([])
    flawed: list[Row] = [
        {"name": "", "city": person},
        {"name": person * 51},
        {"name": person + "\x07"},
        {"name": "甲公司", "reg_capital_raw": person},
        {"name": "乙公司", "founded_date": person},
    ]
    lines = [f"丙公司,{person},,,,,,,,,{person}", f"丁公司,{person}\ufffd", person * 30_000]
    intake = read(header + "".join(text([row])[len(header) :] for row in flawed) + "\n".join(lines) + "\n戊公司\n")
    assert [reject.row for reject in intake.rejects] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert intake.companies.text["name"] == ["戊公司"]
    target = tmp_path / "新" / "拒收.csv"
    write_rejects(intake.rejects, target)
    raw = target.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert person.encode() not in raw
    records = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert records[0] == ["file", "row", "field", "reason"]
    assert [(file, int(row)) for file, row, _, _ in records[1:]] == [(intake.files[0], row) for row in range(2, 10)]
    assert [field for _, _, field, _ in records[1:6]] == ["name", "name", "name", "reg_capital_raw", "founded_date"]
    assert all(reason for _, _, _, reason in records[1:])


def test_rejects_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "目录"
    target.mkdir()
    with pytest.raises(OSError):
        write_rejects([Reject(0, "a.csv", 2, "name", "没有企业名称")], target)
    assert list(tmp_path.iterdir()) == [target]
    assert list(target.iterdir()) == []


def test_a_file_of_nothing_but_a_header_is_refused(read: Read) -> None:
    with pytest.raises(InputError, match=r"0\.csv"):
        read(text([]))
    assert len(read(text([]), text([{"name": "甲公司"}])).companies) == 1


def test_outlets_are_known_by_their_names_and_kept_off_the_list(engine: Engine, read: Read) -> None:
    outlets = [
        "甲食品有限公司聊城分公司",
        "甲食品有限公司驻青岛办事处",
        "甲药业有限公司第三门市部",
        "中国某银行某支行",
        "某某加油站",
    ]
    whole = ["甲食品有限公司", "聊城甲大酒店", "甲集团有限公司", "甲水电站"]
    companies = read(text([{"name": name, "business_scope": "食品生产"} for name in [*outlets, *whole]])).companies
    assert len(companies) == len(outlets) + len(whole)  # marked, not rejected
    profiles = [{"name": name, "business_scope": "食品生产", "reg_capital_raw": "5000万元"} for name in [*outlets, *whole]]
    vetoes = [
        answer["detail"] if isinstance(answer, dict) else answer.vetoed_by for answer in engine.score(profiles, date(2024, 8, 27))
    ]
    assert vetoes[: len(outlets)] == ["outlet"] * len(outlets)
    assert "outlet" not in vetoes[len(outlets) :]


profiles = st.one_of(
    st.none(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=2),
    st.dictionaries(
        st.sampled_from(["name", "企业名称", "uscc", "reg_capital_raw", "insured_count", "founded_date", "former_names", "别的"]),
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.lists(st.text(max_size=4), max_size=3),
            st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=2), st.integers(), max_size=1), st.just("甲公司"),
        ),
        max_size=6,
    ),
)  # fmt: skip


@given(st.lists(profiles, max_size=8))
def test_every_profile_is_taken_or_rejected_under_its_place(corpora: Corpora, given_profiles: list[object]) -> None:
    intake = from_profiles(given_profiles, corpora)
    rows = [*intake.companies.row.tolist(), *(reject.row for reject in intake.rejects)]
    assert sorted(rows) == list(range(1, len(given_profiles) + 1))
    assert intake.merged == 0 and intake.read == len(given_profiles)
    for cells in intake.companies.text.values():
        for cell in cells:
            cell.encode("utf-8")  # lone surrogates are gone


@given(st.text(max_size=20), st.text(st.characters(categories=["Cs", "Lo"]), max_size=6))
def test_any_key_of_a_profile_is_read_or_passed_over(corpora: Corpora, key: str, other: str) -> None:
    intake = from_profiles([{"name": "甲公司", key: "值", other: "值", "\ud800萬": "值"}], corpora)
    assert len(intake.companies) + len(intake.rejects) == 1


@pytest.mark.parametrize(
    ("key", "value", "yuan"),
    [("注册资本(元)", 200_000, 200_000), ("注册资本（万元）", "200,000", 2_000_000_000), ("注册资本(万元)", "80(万美元)", 5_296_000),
     ("注册资本", "200000", 200_000)],
)  # fmt: skip
def test_a_profile_may_state_the_unit_in_its_key(corpora: Corpora, key: str, value: object, yuan: int) -> None:
    assert from_profiles([{"name": "甲公司", key: value}], corpora).companies.capital.tolist() == [yuan]


@given(start=st.integers(0, 5), stop=st.integers(0, 5))
@settings(deadline=None)
def test_a_range_is_taken_as_its_places_are(corpora: Corpora, start: int, stop: int) -> None:
    companies = from_profiles(
        [{"name": f"青岛甲{n}食品有限公司", "city": "青岛", "insured_count": str(n)} for n in range(5)], corpora
    ).companies
    places = range(start, min(stop, len(companies)))
    assert repr(companies.take(places)) == repr(companies.take(list(places)))


@given(
    names=st.lists(
        st.text("甲乙公司1-（\t ·依法须经", max_size=8)
        | st.sampled_from(["存续", "2012-04-01", "无", "甲" * 201, "甲依法须经批准的项目"])
    )
)
def test_flaws_of_names_are_those_of_a_look_at_each(corpora: Corpora, names: list[str]) -> None:
    """Names are looked over all at once; one by one they show the same."""
    alone = {place: flaw for place, name in enumerate(names) for flaw in _nameless([name], corpora.empty_cells).values()}
    assert _nameless(names, corpora.empty_cells) == alone
    longest = max(map(len, corpora.empty_cells))
    assert [place for place in _odd(names * 20, longest) if place < len(names)] == _odd(names, longest), "few or many"
    for place in set(range(len(names))) - set(_odd(names, longest)):
        name = names[place]
        plain = (
            longest < len(name) <= LONGEST_NAME
            and name.isprintable()
            and name[0].isalpha()
            and name.lower() not in corpora.empty_cells
        )
        assert plain, "what is not looked at closely is long enough, printable and begins with a letter"
        assert _SCOPE in name or not _shape(name, "name"), "and has no shape but that of a scope"
