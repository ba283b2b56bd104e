"""``lianzhao resolve``: one line for every row of the list, in its order, in every format; what cannot be read is told, never guessed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import python_calamine

from matcher.cli import main
from matcher.cli.resolve import COLUMNS
from tests.intake.files import as_xlsx

pytestmark = pytest.mark.slow

COMPANIES = """\
企业名称,统一社会信用代码,曾用名
青岛鲸屿食品股份有限公司,91370200MA3C000011,青岛海昧食品有限公司
青岛鲸屿食品股份有限公司杭州分公司,,
杭州禾晟纺织有限公司,,
台州禾晟纺织有限公司,,
=禾晟公式有限公司,,
"""
QUERIES = """\
query,uscc
鲸屿食品,
不认识的某某,
禾晟纺织,
青岛海昧食品有限公司,
-,
=禾晟公式有限公司,
,91370200MA3C000011
青岛鲸屿食品股份有限公司杭州分公司,
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    Path("企业.csv").write_text(COMPANIES, encoding="utf-8")
    Path("名单.csv").write_text(QUERIES, encoding="utf-8")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def of(*argv: str) -> tuple[int, str, str]:
        code = main(["resolve", *argv])
        return (code, *capsys.readouterr())

    return of


def table(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.removeprefix("\ufeff"))))


def test_every_row_has_one_line_in_the_order_of_the_list(run: Run) -> None:
    code, out, said = run("名单.csv", "--against", "企业.csv", "--format", "csv")
    assert code == 0
    assert out.removeprefix("\ufeff").splitlines()[0] == ",".join(COLUMNS)
    assert out.removeprefix("\ufeff").startswith("query,decision,uscc,name,confidence,candidates,")
    lines = table(out)
    assert [line["decision"] for line in lines] == ["same", "none", "unsure", "same", "none", "same", "same", "same"]
    assert (lines[0]["name"], lines[0]["uscc"]) == ("青岛鲸屿食品股份有限公司", "91370200MA3C000011")
    assert lines[3]["former_name"] == "青岛海昧食品有限公司"
    assert lines[5]["query"] == lines[5]["name"] == "'=禾晟公式有限公司"
    assert lines[7]["parent"] == "青岛鲸屿食品股份有限公司"
    assert "名单.csv 第 6 行 [query]：没有写名称" in said
    assert "8 行，就是它 5，吃不准 1，没有找到 2" in said


def test_the_cell_of_candidates_can_be_taken_apart(run: Run) -> None:
    lines = table(run("名单.csv", "--against", "企业.csv", "--format", "csv")[1])
    candidates = [entry.split(" ", 2) for entry in lines[2]["candidates"].split(" | ")]
    assert {name for _, _, name in candidates} == {"杭州禾晟纺织有限公司", "台州禾晟纺织有限公司"}
    assert all(0 < float(confidence) < 1 and code == "-" for confidence, code, _ in candidates)
    assert float(lines[2]["confidence"]) == float(candidates[0][0])


def test_files_are_those_of_the_screen_and_the_same_again(run: Run) -> None:
    shown = run("名单.csv", "--against", "企业.csv", "--format", "csv")[1]
    for _ in range(2):
        assert run("名单.csv", "--against", "企业.csv", "--format", "csv", "--out", "答案.csv")[0] == 0
        assert table(Path("答案.csv").read_text(encoding="utf-8")) == table(shown)


def test_json_tells_the_features_and_the_workbook_the_same_answers(run: Run) -> None:
    answers = json.loads(run("名单.csv", "--against", "企业.csv", "--format", "json")[1])
    lines = table(run("名单.csv", "--against", "企业.csv", "--format", "csv")[1])
    assert [answer["decision"] for answer in answers] == [line["decision"] for line in lines]
    assert [answer["row"] for answer in answers] == list(range(2, 10))
    assert answers[0]["candidates"][0]["features"]["core_equal"] == 1
    assert answers[1]["confidence"] is None
    assert run("名单.csv", "--against", "企业.csv", "--format", "xlsx", "--out", "答案.xlsx")[0] == 0
    rows = python_calamine.load_workbook("答案.xlsx").get_sheet_by_index(0).to_python()
    assert [row[3] for row in rows[1:]] == [line["name"].removeprefix("'") for line in lines]
    assert [row[1] for row in rows[1:3]] == ["就是它", "没有找到"]


def test_the_table_is_for_reading(run: Run) -> None:
    out = run("名单.csv", "--against", "企业.csv")[1]
    assert "鲸屿食品　就是它：青岛鲸屿食品股份有限公司（91370200MA3C000011，把握 " in out
    assert "禾晟纺织　吃不准：" in out
    assert "    上级 青岛鲸屿食品股份有限公司" in out


@pytest.mark.parametrize(
    "content",
    [
        "名称\n鲸屿食品\n".encode("gb18030"), "\ufeff企业名称\n鲸屿食品\n".encode(),
        "某商会名单\n共 1 家\n序号\t品牌\n1\t鲸屿食品\n".encode(),
        "query\r\n鲸屿食品\r\n".encode("utf-16"), "简称;备注\n鲸屿食品;好\n".encode(),
    ],
)  # fmt: skip
def test_lists_of_any_dialect(run: Run, content: bytes) -> None:
    Path("名单.csv").write_bytes(content)
    (line,) = table(run("名单.csv", "--against", "企业.csv", "--format", "csv")[1])
    assert (line["decision"], line["name"]) == ("same", "青岛鲸屿食品股份有限公司")


def test_rows_that_cannot_be_taken_apart_keep_their_place(run: Run) -> None:
    Path("名单.csv").write_text("query,uscc\n鲸屿食品,\n一,二,三\n禾晟纺织,\n", encoding="utf-8")
    code, out, said = run("名单.csv", "--against", "企业.csv", "--format", "csv")
    assert code == 0
    assert [(line["query"], line["decision"]) for line in table(out)] == [
        ("鲸屿食品", "same"),
        ("", "none"),
        ("禾晟纺织", "unsure"),
    ]
    assert "名单.csv 第 3 行" in said


@pytest.mark.parametrize("content", ["鲸屿食品\n\n禾晟纺织\n", "\ufeff鲸屿食品\r\n\r\n禾晟纺织\r\n\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_list_without_a_header_is_read_with_a_note(run: Run, content: str, encoding: str) -> None:
    Path("名单.txt").write_bytes(content.removeprefix("\ufeff" if encoding != "utf-8" else "").encode(encoding))
    code, out, said = run("名单.txt", "--against", "企业.csv", "--format", "csv")
    assert code == 0
    lines = table(out)
    assert [(line["query"], line["decision"], line["why"]) for line in lines[:2]] == [
        ("鲸屿食品", "same", "字号和行业相同"),
        ("", "none", "空行"),
    ]
    assert [line["decision"] for line in lines] == ["same", "none", "unsure"]
    assert "名单没有表头，从第 1 行起都当名称（3 行）" in said


def test_standard_input_is_a_list(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for content in ("鲸屿食品\n禾晟纺织\n", "会员单位,备注\n鲸屿食品,\n禾晟纺织,\n"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
        code, out, _ = run("-", "--against", "企业.csv", "--format", "csv")
        assert (code, [line["decision"] for line in table(out)]) == (0, ["same", "unsure"])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    code, out, said = run("-", "--against", "企业.csv")
    assert (code, out) == (1, "")
    assert "标准输入：" in said


@pytest.mark.parametrize("blank", ["", ",", '"",""', "　,"])
def test_blank_rows_keep_their_line(run: Run, blank: str) -> None:
    Path("名单.csv").write_text(f"query,uscc\n{blank}\n鲸屿食品,\n{blank}\n{blank}\n禾晟纺织,\nNone,\n{blank}\n", encoding="utf-8")
    code, out, said = run("名单.csv", "--against", "企业.csv", "--format", "csv")
    assert code == 0
    answers = [(line["query"], line["why"]) for line in table(out)[:6]]
    assert answers[0] == answers[2] == answers[3] == ("", "空行")
    assert [answers[n][0] for n in (1, 4, 5)] == ["鲸屿食品", "禾晟纺织", "None"]
    assert answers[5][1] == "没有写名称"
    assert "其中空行 3" in said
    rows = json.loads(run("名单.csv", "--against", "企业.csv", "--format", "json")[1])
    assert [row["row"] for row in rows[:6]] == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("header", ["query", "品牌", "简称", "会员单位", "企业名称", "单位名称"])
def test_both_verbs_know_the_same_headers(run: Run, header: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("名单.csv").write_text(f"{header},备注\n鲸屿食品,好\n", encoding="utf-8")
    (line,) = table(run("名单.csv", "--against", "企业.csv", "--format", "csv")[1])
    assert line["decision"] == "same"
    assert main(["lists", "import", "名单.csv", "--list", "专精特新", "--issued", "2024-03-01", "--against", "企业.csv"]) == 0
    assert "就是它 1" in capsys.readouterr().err


def test_a_table_without_a_column_of_names_says_how_it_may_be_called(run: Run) -> None:
    Path("名单.csv").write_text("甲,乙\n鲸屿食品,好\n", encoding="utf-8")
    code, out, said = run("名单.csv", "--against", "企业.csv")
    assert (code, out) == (1, "")
    assert "会员单位" in said
    assert "不写表头" in said


def test_a_table_of_brands_decides(run: Run) -> None:
    Path("品牌.csv").write_text(
        "brand,legal_name,uscc\n不认识的某某,杭州禾晟纺织有限公司,\n禾晟纺织,,91370200MA3C000011\n", encoding="utf-8"
    )
    lines = table(run("名单.csv", "--against", "企业.csv", "--brands", "品牌.csv", "--format", "csv")[1])
    assert [lines[n]["name"] for n in (1, 2)] == ["杭州禾晟纺织有限公司", "青岛鲸屿食品股份有限公司"]
    Path("品牌.csv").write_text("品牌,企业名称\n不认识的某某,杭州禾晟纺织有限公司\n", encoding="utf-8")
    lines = table(run("名单.csv", "--against", "企业.csv", "--brands", "品牌.csv", "--format", "csv")[1])
    assert (lines[1]["decision"], lines[1]["name"], lines[1]["why"]) == ("same", "杭州禾晟纺织有限公司", "品牌对照表")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("brand,legal_name\n,甲有限公司\n", "第 2 行 [brand]"),
        ("brand,legal_name\n甲,\n", "第 2 行 [legal_name]"),
        ("brand,legal_name\n甲,甲有限公司\n甲,乙有限公司\n", "第 3 行 [brand]：同一个品牌写了两家企业"),
    ],
)
def test_mistakes_in_the_table_of_brands_are_told(run: Run, content: str, said: str) -> None:
    Path("品牌.csv").write_text(content, encoding="utf-8")
    code, out, err = run("名单.csv", "--against", "企业.csv", "--brands", "品牌.csv")
    assert (code, out) == (1, "")
    assert f"品牌.csv {said}" in err


def test_without_a_base_the_sample_is_asked_and_said_so(run: Run) -> None:
    Path("名单.csv").write_text("query\n君澜酒店集团\n", encoding="utf-8")
    code, out, said = run("名单.csv", "--format", "csv")
    assert code == 0
    assert table(out)[0]["name"] == "君澜酒店集团有限公司"
    assert "随附样例" in said


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["没有.csv"], 1), (["名单.csv", "--against", "没有.csv"], 1), (["名单.csv", "--format", "xlsx"], 2),
        (["名单.csv", "--out", "名单.csv"], 2), (["名单.csv", "--brands", "没有.csv"], 1), (["名单.csv", "--out", "没有/答案.csv"], 2),
    ],
)  # fmt: skip
def test_mistakes_have_their_exit_code_and_one_line(run: Run, argv: list[str], code: int) -> None:
    got, out, said = run(*argv)
    assert (got, out) == (code, "")
    assert said.startswith("lianzhao: ")
    assert Path("名单.csv").read_text(encoding="utf-8") == QUERIES


def test_a_list_that_goes_to_a_csv_file_is_one(run: Run) -> None:
    code, _, _ = run("名单.csv", "--against", "企业.csv", "--out", "答案.csv")
    assert code == 0
    rows = table(Path("答案.csv").read_text(encoding="utf-8"))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 8


def test_what_a_person_decided_comes_first_until_it_is_withdrawn(run: Run) -> None:
    def decision(*options: str) -> tuple[str, str]:
        code, out, _ = run("名单.csv", "--against", "企业.csv", "--format", "csv", *options)
        assert code == 0
        (row,) = [row for row in table(out) if row["query"] == "禾晟纺织"]
        return row["decision"], row["name"]

    before = decision()
    assert before[0] == "unsure", "two firms bear the name"
    assert main(["judge", "禾晟纺织", "--is", "台州禾晟纺织有限公司"]) == 0
    assert decision() == ("same", "台州禾晟纺织有限公司")
    assert decision("--no-store") == before
    assert main(["judge", "禾晟纺织", "--withdraw"]) == 0
    assert decision() == before


def test_a_judgement_is_checked_against_the_snapshot_and_recorded_all_the_same(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    def judge(query: str, company: str) -> str:
        assert main(["judge", query, "--is", company]) == 0
        return capsys.readouterr().err

    assert "注意" not in judge("禾晟", "没有这家有限公司"), "without a snapshot nobody can know"
    Path("库.csv").write_text(COMPANIES.replace("91370200MA3C000011", "91330000794366433K"), encoding="utf-8")
    assert main(["build", "库.csv"]) == 0
    capsys.readouterr()
    for known in ("台州禾晟纺织有限公司", "青岛海昧食品有限公司", "91330000794366433k", " 台州禾晟纺织有限公司 "):
        assert "注意" not in judge("禾晟", known), known
    for unknown in ("禾晟", "913702001635672218"[:17] + "Q"):
        code = main(["judge", "禾晟纺织", "--is", unknown])
        said = capsys.readouterr().err
        assert (code, "注意：当前快照里没有" in said) == ((0, True) if unknown == "禾晟" else (2, False)), said
    assert main(["judgements"]) == 0
    assert "禾晟纺织" in capsys.readouterr().out


def test_a_judgement_by_name_follows_a_renamed_company(run: Run) -> None:
    assert main(["judge", "老海", "--is", "青岛海昧食品有限公司"]) == 0
    Path("名单.csv").write_text("query\n老海\n", encoding="utf-8")
    (line,) = table(run("名单.csv", "--against", "企业.csv", "--format", "csv")[1])
    assert (line["decision"], line["name"]) == ("same", "青岛鲸屿食品股份有限公司")
    assert (line["former_name"], line["why"]) == ("青岛海昧食品有限公司", "人工判定")


@pytest.mark.parametrize("numbered", [False, True])
def test_a_workbook_of_names_without_a_header_is_a_list(run: Run, numbered: bool) -> None:
    names = ["鲸屿食品", "", "禾晟纺织"]
    Path("名单.xlsx").write_bytes(as_xlsx([[n, name] if numbered else [name] for n, name in enumerate(names, 1)]))
    code, out, said = run("名单.xlsx", "--against", "企业.csv", "--format", "csv")
    assert code == 0
    assert [(line["query"], line["decision"]) for line in table(out)] == [
        ("鲸屿食品", "same"),
        ("", "none"),
        ("禾晟纺织", "unsure"),
    ]
    assert "名单没有表头，从第 1 行起都当名称（3 行）" in said


def test_a_base_without_a_header_says_what_to_write(run: Run) -> None:
    Path("企业.csv").write_text("杭州云上茶业有限公司,91330000794366433K\n", encoding="utf-8")
    Path("名单.csv").write_text("query\n云上\n", encoding="utf-8")
    code, _, said = run("名单.csv", "--against", "企业.csv")
    assert code == 1 and "企业.csv" in said and "加一行列名，如 企业名称" in said
