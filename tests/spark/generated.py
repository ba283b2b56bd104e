"""Registers made up of public words: many companies of few segments, families, several rows a code, and rows that are none."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from matcher.corpora import Corpora
from matcher.intake.companies import FIELDS
from tests.snapshot.small import code

PLACES = (("山东省", "青岛市", "青岛"), ("浙江省", "杭州市", "杭州"), ("浙江省", "绍兴市", "绍兴"), ("山东省", "聊城市", "聊城"))
TRADE_NAMES = ("利群", "开元", "甪鑫", "甪鑫淼", "甪鑫贝", "康恩贝", "上药凯仑", "千岛湖", "鬻鼗", "饕餮堂", "鼗茗", "中国", "")
TRADES = (
    ("食品", "速冻食品生产；糕点加工；预包装食品销售"),
    ("生物医药", "药品生产；医药中间体研发；医疗器械销售"),
    ("旅游", "旅游景区管理；旅游资源开发；会议服务"),
    ("体育文化", "体育场馆经营；赛事组织；体育用品销售"),
    ("农业科技", "蔬菜种植；种子生产；农产品初加工；农业技术开发"),
    ("智能装备", "工业机器人制造；机器视觉设备研发；软件开发"),
    ("无人机", "无人机制造；低空飞行服务；航空器零部件制造"),
    ("商贸", "日用百货零售；服装批发；货物进出口"),
)
FORMS = (
    "有限公司",
    "有限公司",
    "有限公司",
    "股份有限公司",
    "集团有限公司",
    "（集团）股份有限公司",
    "控股有限公司",
    "厂",
    "有限公司分公司",
)


def rows(count: int, seed: int, first: int = 0) -> list[dict[str, str]]:
    """Companies with codes of their own, from ``first`` on; some have none, or one that fails."""
    choose = random.Random(seed)
    found = []
    for number in range(first, first + count):
        province, city, short = choose.choice(PLACES)
        trade, scope = choose.choice(TRADES)
        items = scope.split("；")
        choose.shuffle(items)
        own = "" if choose.random() < 0.1 else code(number) if choose.random() < 0.95 else f"{code(number)[:-1]}I"
        name = f"{choose.choice((short, short, '', province[:2]))}{choose.choice(TRADE_NAMES)}{choose.choice(('', trade, trade))}"
        if len(name) < 3:
            name = f"{name}{chr(0x4E00 + number % 5000)}{trade}"
        found.append(dict.fromkeys(FIELDS, "") | {
            "name": f"{name}{choose.choice(FORMS)}",
            "uscc": own,
            "province": province,
            "city": choose.choice((city, city, "")),
            "address": choose.choice(("", f"{city}某路{number % 7}号一单元")),
            "founded_date": choose.choice(("", "2001-02-03", "1996-05-06", "2021-07-08")),
            "reg_capital_raw": choose.choice(("", "50万元", "1200万人民币", "30,000万人民币", "800万美元", "面议多少都行1")),
            "insured_count": choose.choice(("", "12", "380", "50-99人")),
            "business_scope": "；".join(items[: choose.randint(1, len(items))]),
            "status": choose.choice(("", "存续", "存续", "注销")),
            "as_of": choose.choice(("", "2019-04-30", "2024-06-30")),
        })  # fmt: skip
    return found


def again(companies: Sequence[Mapping[str, str]], seed: int) -> list[dict[str, str]]:
    """Later and earlier rows of the same codes, each telling something else."""
    choose = random.Random(seed)
    dates, amounts = ("", "2018-01-01", "2025-01-01"), ("", "7000万元")
    return [
        {**row, "as_of": choose.choice(dates), "reg_capital_raw": choose.choice(amounts), "status": "存续"} for row in companies
    ]


def poisoned(seed: int) -> list[dict[str, Any]]:
    """Rows that are no companies: each would stop a careless program, none may stop the job."""
    good = rows(1, seed, 900_000)[0]
    return [
        {**good, "name": ""},
        {**good, "name": "王小明"},
        {**good, "name": "长" * 300},
        {**good, "reg_capital_raw": "2012-04-01"},
        {**good, "business_scope": "字" * 40_000},
        {**good, "business_scope": "\x00\x01\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace")},
        {**good, "name": "企业名称", "uscc": "统一社会信用代码"},
        {**good, "name": "合计", "uscc": "", "business_scope": ""},
        {**good, "uscc": "9.13702E+17"},  # a spreadsheet's damage: no code that ends in 000 is trusted any more
    ]


def write(path: Path, companies: Sequence[Mapping[str, Any]], corpora: Corpora, *, chinese: bool = False, **options: Any) -> Path:
    """A Parquet file of texts, its columns named in English or in Chinese."""
    written: dict[str, str] = {}
    for name, field in corpora.column_names.items():
        if not name.isascii():
            written.setdefault(field, name)
    columns = {written.get(field, field) if chinese else field: [row[field] for row in companies] for field in FIELDS}
    pq.write_table(pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()}), path, **options)
    return path


def undecodable(path: Path, companies: Sequence[Mapping[str, Any]]) -> Path:
    """Texts as some programs write them: one of them is GB18030 though the file says that it is UTF-8."""
    scopes = [row["business_scope"].encode("gb18030" if n == 1 else "utf-8") for n, row in enumerate(companies)]
    sizes = pa.array([0, *(len(scope) for scope in scopes)], pa.int64()).to_numpy().cumsum().astype("int32")
    broken = pa.StringArray.from_buffers(len(scopes), pa.py_buffer(sizes.tobytes()), pa.py_buffer(b"".join(scopes)))
    names, codes = ([row[field] for row in companies] for field in ("name", "uscc"))
    pq.write_table(pa.table({"name": names, "uscc": codes, "business_scope": broken}), path)
    return path


def typed(path: Path, companies: Sequence[Mapping[str, Any]]) -> Path:
    """The same in columns of dates, numbers, points in time of the old kind, lists and dictionaries."""
    days = [date.fromisoformat(row["founded_date"]) if row["founded_date"] else None for row in companies]
    moments = [datetime.fromisoformat(f"{row['as_of']} 17:30:00") if row["as_of"] else None for row in companies]
    table = pa.table({
        "企业名称": pa.array([row["name"] for row in companies]).dictionary_encode(),
        "统一社会信用代码": pa.array([row["uscc"] or None for row in companies], pa.large_string()),
        "成立日期": pa.array(days, pa.date32()),
        "注册资本（万元）": pa.array([n * 10 + 5 for n in range(len(companies))], pa.decimal128(12, 2)),
        "参保人数": pa.array([float(n) if n % 3 else None for n in range(len(companies))], pa.float32()),
        "经营范围": pa.array([row["business_scope"] for row in companies]),
        "主营产品": pa.array([row["business_scope"].split("；") for row in companies]),
        "所属城市": pa.array([row["city"].encode() for row in companies], pa.binary()),
        "数据日期": pa.array(moments, pa.timestamp("us")),
        "备注.`一": pa.array([None] * len(companies), pa.null()),
    })  # fmt: skip
    pq.write_table(table, path, use_deprecated_int96_timestamps=True, row_group_size=7)
    return path
