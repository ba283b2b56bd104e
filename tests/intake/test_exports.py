"""Exports as people have them: titles and notices, two-line and pasted headers, units, ranges, shifted columns; none of it a company."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matcher.corpora import Corpora
from matcher.errors import InputError
from matcher.intake import Intake, read_files, write_rejects
from matcher.intake.fields import UNKNOWN
from tests.intake.files import Rows, as_csv, as_xlsx

PERSON = "欧阳铁柱"
Read = Callable[..., Intake]
WRITERS = [as_csv, as_xlsx]


@pytest.fixture
def read(tmp_path: Path, corpora: Corpora) -> Read:
    def of(rows: Rows | bytes, write: Callable[[Rows], bytes] = as_csv) -> Intake:
        path = tmp_path / "名单.csv"
        path.write_bytes(rows if isinstance(rows, bytes) else write(rows))
        return read_files([path], corpora)

    return of


def rejected(intake: Intake) -> dict[int, str]:
    return {reject.row: reject.reason for reject in intake.rejects}


EXPORT: list[list[Any]] = [
    ["企业名录导出", "", "", "", "", "", "", "", "", "", ""],
    ["本名单仅供参考，最终以登记机关公示为准；导出时间：2024-08-27", "", "", "", "", "", "", "", "", "", ""],
    ["", "", "", "", "", "", "", "", "", "", ""],
    [
        "序号",
        "企业名称",
        "登记状态",
        "法定代表人",
        "注册资本",
        "实缴资本",
        "参保人数",
        "人员规模",
        "国标行业门类",
        "国标行业小类",
        "电话",
    ],
    [
        "1",
        "青岛甲食品有限公司",
        "存续",
        PERSON,
        "５００0万元人民币",
        "1.2亿元",
        "128（2023年报）",
        "100-499人",
        "制造业",
        "糕点制造",
        PERSON,
    ],
    ["2", "杭州乙酒店有限公司", "在业", PERSON, "5,000.00 万人民币", "-", "50-99人", "50-99人", "住宿和餐饮业", "-", "--"],
    [
        "序号",
        "企业名称",
        "登记状态",
        "法定代表人",
        "注册资本",
        "实缴资本",
        "参保人数",
        "人员规模",
        "国标行业门类",
        "国标行业小类",
        "电话",
    ],
    ["3", "绍兴丙玩具有限公司", "存续", PERSON, "500万元", "企业选择不公示", "小于50人", "小于50人", "", "", ""],
    ["", "", "", "", "", "", "", "", "", "", ""],
    ["合计", "", "", "", "11,500", "", "", "", "", "", ""],
    ["", "合计", "", "", "11,500", "12000", "", "", "", "", ""],
    ["数据来源：某企业信息平台", "", "", "", "", "", "", "", "", "", ""],
    ["以上数据由公开渠道整理", "", "", "", "", "", "", "", "", "", ""],
    ["共 3 条  第 1 页", "", "", "", "", "", "", "", "", "", ""],
    ["企业名录导出", "", "", "", "", "", "", "", "", "", ""],
]


@pytest.mark.parametrize("write", WRITERS)
def test_an_export_with_everything_around_its_companies(read: Read, write: Callable[[Rows], bytes], tmp_path: Path) -> None:
    intake = read(EXPORT, write)
    companies = intake.companies
    assert companies.text["name"] == ["青岛甲食品有限公司", "杭州乙酒店有限公司", "绍兴丙玩具有限公司"]
    assert companies.row.tolist() == [5, 6, 8]
    assert companies.capital.tolist() == [50_000_000, 50_000_000, 5_000_000]
    assert companies.paid_capital.tolist() == [120_000_000, UNKNOWN, UNKNOWN]
    assert companies.insured.tolist() == [128, UNKNOWN, UNKNOWN]
    assert companies.text["industry"] == ["糕点制造", "住宿和餐饮业", ""]
    assert companies.text["status"] == ["存续", "在业", "存续"]
    assert [count for problem, count in intake.notes.items() if "区间" in problem] == [2]
    reasons = rejected(intake)
    assert list(reasons) == [7, 10, 11, 12, 13, 14, 15]
    assert "表头" in reasons[7] and "合计" in reasons[11] and "标题" in reasons[15]
    assert all("页脚" in reasons[row] for row in (10, 12, 13, 14))
    assert intake.read == 10
    write_rejects(intake.rejects, tmp_path / "拒收.csv")
    assert PERSON not in (tmp_path / "拒收.csv").read_text("utf-8-sig")
    assert PERSON not in repr(companies.text) + repr(intake.notes)


UPPER = ["企业名称", "统一社会信用代码", "资本情况", "", "国标行业", "", "", "联系人", ""]
LOWER = ["", "", "注册资本(万元)", "实缴资本(万元)", "门类", "中类", "小类", "法定代表人", "电话"]
BODY = ["青岛甲食品有限公司", "", "5000", "1200", "制造业", "食品制造", "糕点制造", PERSON, PERSON]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("title", [True, False])
def test_a_header_of_two_lines(read: Read, write: Callable[[Rows], bytes], title: bool) -> None:
    rows = [*([["企业名录"], []] if title else []), UPPER, LOWER, BODY, UPPER, LOWER, ["杭州乙酒店有限公司", *BODY[1:]]]
    intake = read(rows, write)
    companies, first = intake.companies, 5 if title else 3
    assert companies.row.tolist() == [first, first + 3]
    assert (companies.capital.tolist(), companies.paid_capital.tolist()) == ([50_000_000] * 2, [12_000_000] * 2)
    assert companies.text["industry"] == ["糕点制造"] * 2
    assert set(rejected(intake)) == {first + 1, first + 2}
    assert PERSON not in repr(companies.text)


def test_merged_cells_of_a_workbook(read: Read) -> None:
    blank = ["", *[""] * 8]
    rows = [
        blank,
        [*UPPER[:2], "", "", *UPPER[4:]],
        ["", "", *LOWER[2:]],
        ["", *BODY[1:]],
        ["乙公司", *BODY[1:]],
        blank,
        ["丙公司", *BODY[1:]],
    ]
    merged = [
        (0, 0, 0, 8, "企业名录"), (1, 0, 2, 0, "企业名称"), (1, 1, 2, 1, "统一社会信用代码"), (1, 2, 1, 3, "资本情况"),
        (5, 0, 5, 8, "青岛片区"), (3, 0, 3, 1, "甲公司"),
    ]  # fmt: skip
    intake = read(as_xlsx(rows, merged))
    assert intake.companies.text["name"] == ["甲公司", "乙公司", "丙公司"]
    assert intake.companies.capital.tolist() == [50_000_000] * 3
    assert rejected(intake) == {6: "整行合并的标题或说明，不是企业"}


def test_a_cell_merged_down_is_every_rows(read: Read) -> None:
    rows = [["企业名称", "所属城市"], ["甲公司", ""], ["乙公司", ""], ["丙公司", "杭州"]]
    assert read(as_xlsx(rows, [(1, 1, 2, 1, "青岛")])).companies.text["city"] == ["青岛", "青岛", "杭州"]


def test_group_titles_above_the_names_of_columns(read: Read) -> None:
    rows = [["基本信息", "", "国标行业", "", "注册资本", ""], ["企业名称", "成立日期", "门类", "大类", "(万元)", "币种"],
            ["甲公司", "2012-04-01", "制造业", "食品制造业", "500", "美元"]]  # fmt: skip
    companies = read(rows).companies
    assert (companies.text["industry"], companies.row.tolist()) == (["食品制造业"], [3])
    assert companies.capital.tolist() == [33_100_000]


@pytest.mark.parametrize(
    ("header", "cell", "yuan"),
    [
        ("注册资本(元)", "50000", 50_000), ("注册资本（万元）", "50,000", 500_000_000), ("注册资本：万元", "200000", 2_000_000_000),
        ("注册资本(亿元)", "1.2", 120_000_000), ("注册资本(万元人民币)", "５００", 5_000_000), ("注册资本(万美元)", "55", 3_641_000),
        ("注册资本(万元)", "500万元", 5_000_000), ("注册资本(万元)", "80(万美元)", 5_296_000), ("认缴资本", "500", 5_000_000),
    ],
)  # fmt: skip
def test_units_in_the_header(read: Read, header: str, cell: str, yuan: int) -> None:
    assert read([["企业名称", header], ["甲公司", cell]]).companies.capital.tolist() == [yuan]


@pytest.mark.parametrize(("unit", "yuan"), [("单位：万元", 2_000_000_000), ("单位：元", 200_000), ("", 200_000)])
def test_a_unit_above_the_table(read: Read, unit: str, yuan: int) -> None:
    assert read([["企业名录", unit], ["企业名称", "注册资本"], ["甲公司", "200000"]]).companies.capital.tolist() == [yuan]


@pytest.mark.parametrize(
    ("cell", "currency", "yuan"),
    [("55", "万美元", 3_641_000), ("55", "美元", 3_641_000), ("550000", "美元", 3_641_000), ("55万", "美元", 3_641_000),
     ("500万元", "人民币", 5_000_000), ("500", "人民币", 5_000_000), ("500", "-", 5_000_000), ("72,690", "日元", 43_541_310)],
)  # fmt: skip
def test_a_currency_in_a_column_of_its_own(read: Read, cell: str, currency: str, yuan: int) -> None:
    assert read([["企业名称", "注册资本", "币种"], ["甲公司", cell, currency]]).companies.capital.tolist() == [yuan]


def test_of_several_columns_for_a_field_the_first_that_is_filled_counts(read: Read) -> None:
    rows = [["企业名称", "注册资本", "注册资本(万元)", "核准日期", "数据日期"], ["甲公司", "80万元", "500", "2020-01-01", "2024-01-01"],
            ["乙公司", "-", "500", "2020-01-01", ""], ["丙公司", "", "", "", ""]]  # fmt: skip
    companies = read(rows).companies
    assert companies.capital.tolist() == [800_000, 5_000_000, UNKNOWN]
    assert (companies.as_of[0] - companies.as_of[1]) == 1461


def test_a_pasted_page_whose_columns_stand_in_another_order_is_not_read(read: Read) -> None:
    rows = [
        ["企业名称", "所属城市", "经营范围"],
        ["甲公司", "青岛", "食品"],
        ["企业名称", "经营范围", "所属城市"],
        ["乙公司", "食品", "青岛"],
        ["", "", ""],
        ["丙公司", "食品", "青岛"],
        ["企业名称", "所属城市", "经营范围"],
        ["丁公司", "青岛", "食品"],
    ]
    intake = read(rows)
    assert intake.companies.text["name"] == ["甲公司", "丁公司"]
    assert intake.companies.text["city"] == ["青岛", "青岛"]
    assert set(rejected(intake)) == {3, 4, 6, 7}
    assert all("次序" in rejected(intake)[row] or "列序" in rejected(intake)[row] for row in (3, 4, 6))


@pytest.mark.parametrize(
    "name",
    [
        "来源（上海）科技有限公司",
        "合计（青岛）咨询有限公司",
        "本数据科技有限公司",
        "以上信息技术有限公司",
        "说明书印刷厂",
        "一、二三四店",
        "第一页文化传播有限公司",
        "企查查科技有限公司",
        "截至文化有限公司",
        "共赢家具有限公司",
        "存续生物科技有限公司",
        "正常食品店",
    ],
)
def test_companies_that_only_sound_like_a_notice(read: Read, name: str) -> None:
    """A file of names alone: nothing but the name tells."""
    assert read([["企业名称"], [name], ["甲公司"]]).companies.text["name"] == [name, "甲公司"]


GOOD = {
    "企业名称": "甲公司",
    "统一社会信用代码": "",
    "成立日期": "2012-04-01",
    "注册资本": "500万元",
    "参保人数": "12",
    "企业类型": "有限责任公司",
    "登记状态": "存续",
    "所属省份": "山东",
    "所属城市": "青岛",
    "地址": "某路1号",
    "经营范围": "食品生产",
}


@pytest.mark.parametrize(
    ("column", "cell", "field"),
    [
        ("注册资本", "2012-04-01", "reg_capital_raw"),
        ("注册资本", "ALAIN", "reg_capital_raw"),
        ("注册资本", PERSON, "reg_capital_raw"),
        ("注册资本", "有限责任公司(自然人投资或控股)", "reg_capital_raw"),
        ("注册资本", "91370200163569488D", "reg_capital_raw"),
        ("企业名称", "有限责任公司（自然人投资或控股）", "name"),
        ("企业名称", "有限责任公司", "name"),
        ("企业名称", "500万元人民币", "name"),
        ("企业名称", "2012年4月1日", "name"),
        ("企业名称", "91370200163569488D", "name"),
        ("企业名称", "存续（在营、开业、在册）", "name"),
        ("企业名称", "食品生产（依法须经批准的项目，经批准后方可开展经营活动）", "name"),
        ("企业名称", "个体工商户", "name"),
        ("统一社会信用代码", "青岛甲食品有限公司", "uscc"),
        ("统一社会信用代码", "2012-04-01", "uscc"),
        ("统一社会信用代码", "有限责任公司", "uscc"),
        ("成立日期", PERSON, "founded_date"),
        ("成立日期", "500万元人民币", "founded_date"),
        ("成立日期", "91370200163569488D", "founded_date"),
        ("参保人数", "2012-04-01", "insured_count"),
        ("参保人数", "500万元", "insured_count"),
        ("企业类型", "30(万美元)", "company_type"),
        ("企业类型", "2012-04-01", "company_type"),
        ("登记状态", "91370200163569488D", "status"),
        ("所属省份", "10(万美元)", "province"),
        ("所属城市", "2012/4/1", "city"),
        ("所属城市", "食品生产；食品销售", "city"),
        ("所属省份", "速冻食品、调味品、饮料的生产", "province"),
        ("所属城市", "一家企业的住所写到了城市这一栏里，又是路名又是门牌，没有城市会有这样长的名字", "city"),
        ("地址", "91370200163569488d", "address"),
        ("经营范围", "2012-04-01", "business_scope"),
        ("经营范围", "有限责任公司(法人独资)", "business_scope"),
    ],
)
def test_shifted_columns_are_rejected_with_field_and_reason_and_without_the_cell(
    read: Read, tmp_path: Path, column: str, cell: str, field: str
) -> None:
    rows = [list(GOOD), list(GOOD.values()), list({**GOOD, column: cell}.values())]
    intake = read(rows)
    assert [(reject.row, reject.field) for reject in intake.rejects] == [(3, field)]
    assert "疑似错列" in intake.rejects[0].reason
    assert cell not in repr(intake.rejects) and len(intake.companies) == 1


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("注册资本", "五百万元"),
        ("注册资本", "见章程"),
        ("注册资本", "500万卢布"),
        ("成立日期", "长期"),
        ("成立日期", "2012年"),
        ("参保人数", "1.2万人"),
        ("参保人数", "约十人"),
        ("参保人数", "未公示"),
        ("企业类型", "有限责任公司(台港澳与境内合资)"),
        ("企业类型", "LLC"),
        ("登记状态", "吊销，未注销"),
        ("登记状态", "注销（2012年）"),
        ("所属省份", "370000"),
        ("地址", "2012街区1号"),
        ("地址", "青岛市市南区一路1号"),
        ("经营范围", "其他"),
        ("经营范围", "有限责任公司登记代理"),
        ("经营范围", "一般项目：食品销售"),
        ("统一社会信用代码", "370200228012345"),
        ("统一社会信用代码", "无(三证未合一)"),
        ("企业名称", "500强商贸有限公司"),
        ("企业名称", "2012酒吧"),
        ("企业名称", "国有农场"),
        ("企业名称", "有限元软件有限责任公司"),
        ("企业名称", "甲"),
        ("企业名称", "其他有限责任公司青岛甲"),
    ],
)
def test_odd_cells_that_are_no_shift_cost_no_company(read: Read, column: str, cell: str) -> None:
    intake = read([list(GOOD), list({**GOOD, column: cell}.values())])
    assert (len(intake.companies), intake.rejects) == (1, ())


@pytest.mark.parametrize("write", WRITERS)
def test_without_a_header_no_cell_is_printed(read: Read, write: Callable[[Rows], bytes]) -> None:
    with pytest.raises(InputError) as caught:
        read([["青岛甲食品有限公司", PERSON, "13000000000"], ["杭州乙酒店有限公司", PERSON, ""]], write)
    assert PERSON not in str(caught.value) and "13000000000" not in str(caught.value) and "青岛甲" not in str(caught.value)
    with pytest.raises(InputError) as caught:  # a cell that is called as a column is does not make a header of a company
        read([["某单位", PERSON, "产品", "13000000000"], ["另一单位", "", "", ""]], write)
    assert PERSON not in str(caught.value)
    with pytest.raises(InputError, match="注册资本"):  # what looks like a header may be shown
        read([["单位", "注册资本", "成立日期"], ["甲公司", "500", ""]], write)


def test_the_sheet_that_names_companies_is_read_and_others_are_counted(read: Read) -> None:
    table = [["企业名称"], ["甲公司"]]
    sheets = {
        "封面": [["企业名录"]],
        "旧": [["企业名称"], ["不可见公司"]],
        "空": [],
        "名单": table,
        "附": [["备注"]],
        "又一份": table,
        "三": table,
    }
    intake = read(as_xlsx(sheets, hidden=["旧"]))
    assert intake.companies.text["name"] == ["甲公司"]
    assert list(intake.notes.values()) == [2]
    with pytest.raises(InputError, match="封面、空、附"):
        read(as_xlsx({name: sheets[name] for name in ("封面", "空", "附")}))


def test_a_table_that_begins_far_down_and_to_the_right_keeps_its_row_numbers(read: Read) -> None:
    rows = [
        *[[]] * 6,
        ["", "", "企业名称", "所属城市"],
        ["", "", "甲公司", "青岛"],
        [],
        ["", "", "", "杭州"],
        *[[]] * 30,
        ["", "", "乙公司", "杭州"],
    ]
    intake = read(as_xlsx(rows))
    assert intake.companies.row.tolist() == [8, 41]
    assert [reject.row for reject in intake.rejects] == [10]


def test_a_persons_name_among_companies_is_rejected_and_not_told(read: Read) -> None:
    rows = [list(GOOD), *[list(GOOD.values())] * 6, list({**GOOD, "企业名称": "欧阳小明"}.values())]
    intake = read(rows)
    assert [(reject.row, reject.field) for reject in intake.rejects] == [(8, "name")]
    assert "疑似错列" in intake.rejects[0].reason and "欧阳" not in repr(intake.rejects)


def test_a_table_of_brands_keeps_its_short_names(read: Read) -> None:
    rows = [list(GOOD), *[list({**GOOD, "企业名称": name, "统一社会信用代码": ""}.values()) for name in ("某某网", "某客", "某宝")]]
    assert not read(rows).rejects
