"""Answers as workbooks (XLSX 输出): for reading, filtering and printing; no cell is ever a formula, a link or a number by accident.

The same answer gives the same bytes: the date of making is the run's ``as_of``, and the clock is not written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from math import ceil
from operator import itemgetter
from typing import Any, Generic, TypeVar

import xlsxwriter

from matcher.cli.gaps import POSITION_LABELS, coverage_lines
from matcher.matching.gaps import LEVEL_LABELS, Gap, Gaps
from matcher.rules import Zone
from matcher.runs import Match
from matcher.types import NEED_LABELS, Contribution, RankedCompany, Ranking

T = TypeVar("T")
MOST_ROWS = 1_000_000
"""Lines of a sheet (每张表行数上限), below Excel's 1,048,576; what is more goes to a further sheet."""
_LONGEST_CELL = 32_767  # characters, Excel's own limit
_NO_TEXT = re.compile("[\ud800-\udfff\ufffe\uffff]")  # XML cannot hold these
_NO_DAY = "2000-01-01"  # what stands for the time of making, which would change the bytes
_LONGEST_CHOICES = 255  # characters of all choices of a column, Excel's own limit
_OFFERED_ROWS = 5_000
_LINE = 16.0  # points
_MOST_LINES = 12
_RULES = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


@dataclass(frozen=True)
class Column(Generic[T]):
    """A column of a sheet (列): its header, what stands in it, how wide, in what form; ``choices`` are offered to whoever fills it in."""

    title: str
    value: Callable[[T], str | float | bool | None]
    width: float = 12
    form: str = "text"
    choices: tuple[str, ...] = ()


def ranking_xlsx(ranking: Ranking, zone: Zone, labels: Mapping[str, str], called: str = "") -> bytes:
    """A ranking as a workbook (排名工作簿): 名单, 机会型, 得分明细, 说明.

    Args:
        ranking: The ranking.
        zone: Names of chains, segments, rule groups and vetoes.
        labels: Field → Chinese label.
        called: What the ruleset is called, if it is called anything.
    """
    columns = [*_company_columns(zone, labels), *_group_columns(zone)]
    lists = (("名单", ranking.results), ("机会型", ranking.opportunities))
    with Book(f"{zone.file.name} 拜访目标名单", str(ranking.run.request["as_of"])) as book:
        for title, results in lists:
            book.add(title, columns, results, frozen=2)
        lines = [(title, result, line) for title, results in lists for result in results for line in result.contributions]
        book.add("得分明细", _detail_columns(zone), lines, frozen=3)
        book.add("说明", _FACT_COLUMNS, list(_facts(ranking, zone, called)))
    return book.content()


def match_xlsx(matches: Iterable[Match], zone: Zone) -> bytes:
    """Affinities as a workbook (契合度工作簿): one line per input row and chain.

    Args:
        matches: The lines in input order.
        zone: Names of chains and segments.
    """
    segments = {(segment.chain, segment.id): segment.name for segment in zone.segments}
    columns: list[Column[Match]] = [
        Column("文件", lambda m: m.file, 24),
        Column("行", lambda m: m.row, 8, "whole"),
        Column("统一社会信用代码", lambda m: m.uscc, 22),
        Column("企业名称", lambda m: m.name, 34),
        Column("产业链", lambda m: zone.chain_names[m.chain], 14),
        Column("环节", lambda m: segments.get((m.chain, m.segment), ""), 20),
        Column("契合度", lambda m: m.affinity / 1000, 9, "hundredths"),
        Column("命中词", lambda m: "、".join(m.matched_terms), 40),
        Column("产业链代号", lambda m: m.chain, 18),
        Column("环节代号", lambda m: m.segment, 22),
    ]
    with Book(f"{zone.file.name} 契合度", many=True) as book:
        book.add("契合度", columns, matches)
    return book.content()


def gaps_xlsx(gaps: Gaps, zone: Zone) -> bytes:
    """Gaps as a workbook (缺口工作簿): one line a segment, and what the register holds."""
    columns: list[Column[Gap]] = [
        Column("产业链", lambda g: zone.chain_names[g.chain], 12),
        Column("环节", lambda g: g.name, 22),
        Column("位置", lambda g: POSITION_LABELS[g.position], 8, "centred"),
        Column("本地", lambda g: LEVEL_LABELS[g.level], 8, "centred"),
        Column("需求", lambda g: NEED_LABELS[g.need], 8, "centred"),
        Column("声明的需求", lambda g: NEED_LABELS[g.declared], 10, "centred"),
        Column("声明依据", lambda g: "报道" if g.declared_by == "article" else "推定", 9, "centred"),
        Column("推导的需求", lambda g: NEED_LABELS[g.derived], 10, "centred"),
        Column("推导确切", lambda g: "是" if g.certain else "待核实", 9, "centred"),
        Column("家数", lambda g: g.companies, 7, "whole"),
        Column("合几家", lambda g: g.effective, 8, "tenths"),
        Column("注册资本合计（元）", lambda g: g.capital, 18, "whole"),
        Column("名称对得上的占", lambda g: g.sure, 12, "hundredths"),
        Column("本地企业", lambda g: "、".join(leader.name for leader in g.leaders), 50, "wrapped"),
        Column("龙头", lambda g: "、".join(g.anchors), 18, "wrapped"),
        Column("为什么", lambda g: g.why, 50, "wrapped"),
        Column("可用其产品", lambda g: "、".join(g.suppliers), 36, "wrapped"),
        Column("可为其配套", lambda g: "、".join(g.customers), 36, "wrapped"),
        Column("产业链代号", lambda g: g.chain, 18),
        Column("环节代号", lambda g: g.segment, 22),
    ]
    with Book(f"{zone.file.name} 产业链缺口") as book:
        book.add("缺口", columns, gaps.segments, frozen=2)
        book.add("名录", _FACT_COLUMNS, [("名录", line) for line in coverage_lines(gaps.coverage)])
    return book.content()


def listing_xlsx(name: str, titles: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """What the database holds as a workbook (列表工作簿).

    Args:
        name: What is listed.
        titles: Key → title of the column.
        rows: Cells by key.
    """
    columns = [Column[Mapping[str, Any]](title, itemgetter(key), 20, "wrapped") for key, title in titles.items()]
    with Book(name) as book:
        book.add(name, columns, rows)
    return book.content()


def _company_columns(zone: Zone, labels: Mapping[str, str]) -> list[Column[RankedCompany]]:
    segments = {(segment.chain, segment.id): segment.name for segment in zone.segments}
    vetoes = {veto.id: veto.label for veto in zone.scoring.vetoes}

    def named(ids: Iterable[str], names: Mapping[str, str]) -> str:
        return "、".join(names.get(one, one) for one in ids)

    return [
        Column("名次", lambda r: r.rank, 6, "whole"),
        Column("企业名称", lambda r: r.name, 32, "wrapped"),
        Column("城市", lambda r: r.city, 9),
        Column("得分", lambda r: r.score, 7, "tenths"),
        Column("档次", lambda r: r.band, 6, "centred"),
        Column("需求", lambda r: NEED_LABELS[r.need], 8, "centred"),
        Column("产业链", lambda r: zone.chain_names.get(r.chain or "", "机会型"), 12, "wrapped"),
        Column("环节", lambda r: segments.get((r.chain, r.segment or ""), ""), 18, "wrapped"),
        Column("推荐理由", lambda r: r.reason, 64, "wrapped"),
        Column("最该先问", lambda r: named([r.next_question] if r.next_question else [], labels), 14, "wrapped"),
        Column("契合度", lambda r: r.affinity, 8, "hundredths"),
        Column("命中词", lambda r: "、".join(r.matched_terms), 26, "wrapped"),
        Column("得分下限", lambda r: r.interval[0], 9, "tenths"),
        Column("得分上限", lambda r: r.interval[1], 9, "tenths"),
        Column("资料里没有的", lambda r: named(r.unknown, labels), 30, "wrapped"),
        Column("可能的否决", lambda r: named(r.possible_vetoes, vetoes), 16, "wrapped"),
        Column("集团决策者", lambda r: r.family.head if r.family else "", 26, "wrapped"),
        Column("同集团其他企业", lambda r: "、".join(r.family.others) if r.family else "", 30, "wrapped"),
        Column("统一社会信用代码", lambda r: r.uscc, 22),
        Column("省份", lambda r: r.province, 9),
        Column("数据日期", lambda r: r.as_of, 12),
        Column("资料行号", lambda r: r.row, 9, "whole"),
        Column("排序值", lambda r: r.order_value, 8, "hundredths"),
    ]


def _group_columns(zone: Zone) -> list[Column[RankedCompany]]:
    def points(group: str) -> Callable[[RankedCompany], float | None]:
        return lambda r: next((g.points for g in r.groups if g.group == group), None)

    return [Column(f"得分·{group.label}", points(group.id), 11, "hundredths") for group in zone.scoring.groups]


Detail = tuple[str, RankedCompany, Contribution]


def _detail_columns(zone: Zone) -> list[Column[Detail]]:
    groups = {group.id: group.label for group in zone.scoring.groups}
    return [
        Column("榜单", lambda d: d[0], 8),
        Column("名次", lambda d: d[1].rank, 6, "whole"),
        Column("企业名称", lambda d: d[1].name, 32),
        Column("分组", lambda d: groups.get(d[2].group, d[2].group), 14),
        Column("规则", lambda d: d[2].label, 18),
        Column("得分", lambda d: d[2].points, 9, "hundredths"),
        Column("分值", lambda d: d[2].weight, 8, "tenths"),
        Column("取值", lambda d: d[2].value, 9, "ten-thousandths"),
        Column("已知", lambda d: d[2].known, 6, "centred"),
        Column("依据", lambda d: d[2].evidence, 60, "wrapped"),
        Column("统一社会信用代码", lambda d: d[1].uscc, 22),
        Column("规则代号", lambda d: d[2].rule, 24),
    ]


Fact = tuple[str, str | float]
_FACT_COLUMNS: list[Column[Fact]] = [Column("项目", lambda f: f[0], 24), Column("内容", lambda f: f[1], 90, "wrapped")]


def _facts(ranking: Ranking, zone: Zone, called: str) -> Iterator[Fact]:
    """The manifest of the run in words, without the time of making."""
    request, run = ranking.run.request, ranking.run

    def listed(key: str, names: Mapping[str, str], everything: str) -> str:
        given = request.get(key)
        chosen = given if isinstance(given, list) else [str(given)] if given else []
        return "、".join(names.get(one, one) for one in chosen) or everything

    yield "园区", f"{zone.file.name}（{run.zone}）"
    yield "城市", listed("cities", {}, "全部城市")
    yield "产业链", listed("chains", zone.chain_names, "全部产业链")
    yield "产业招商小组", listed("group", {group.id: group.name for group in zone.file.groups}, "不限")
    yield "需求", listed("need", NEED_LABELS, "不限")
    yield "计算日", str(request["as_of"])
    yield "名单最多家数", str(request["top"])
    yield "考虑的企业", ranking.considered
    yield "列入名单", len(ranking.results)
    yield "列入机会型", len(ranking.opportunities)
    yield "并入同集团企业", ranking.folded
    labels = {veto.id: veto.label for veto in zone.scoring.vetoes}
    for veto, count in ranking.vetoed.items():
        yield f"未列入：{labels.get(veto, veto)}", count
    dates = sorted({result.as_of for result in (*ranking.results, *ranking.opportunities) if result.as_of})
    yield "数据日期", "不详" if not dates else dates[0] if dates[0] == dates[-1] else f"{dates[0]} 至 {dates[-1]}"
    yield "提醒", "登记信息只是线索，出发前核实。资料里没有的不等于没有，也不等于零；得分下限和上限是未知的都取最坏与最好时的得分。"
    yield "批次", run.id
    yield "资料摘要", run.snapshot
    if called:
        yield "规则", called.removeprefix("规则")
    yield "规则摘要", run.ruleset
    yield "语料摘要", run.corpora
    for key, title in (("local", "本地名录摘要"), ("lists", "名单依据摘要")):
        if request.get(key):
            yield title, str(request[key])
    for name, number in sorted(run.versions.items()):
        yield f"版本：{name}", number


def resolved_xlsx(lines: Sequence[Mapping[str, str | float]], decisions: Mapping[Any, str]) -> bytes:
    """Answers of the resolution as a workbook (归一工作簿): one line per row of the list.

    Args:
        lines: Column of the CSV → cell.
        decisions: Decision → Chinese term.
    """
    columns: list[Column[Mapping[str, str | float]]] = [
        Column("名单", lambda line: line["query"], 26),
        Column("答案", lambda line: decisions[line["decision"]], 10),
        Column("统一社会信用代码", lambda line: line["uscc"], 22),
        Column("企业名称", lambda line: line["name"], 34),
        Column("把握", lambda line: line["confidence"], 8, "hundredths"),
        Column("候选", lambda line: str(line["candidates"]).replace(" | ", "\n"), 60, "wrapped"),
        Column("为什么", lambda line: line["why"], 24, "wrapped"),
        Column("上级", lambda line: line["parent"], 34),
        Column("上级的信用代码", lambda line: line["parent_uscc"], 22),
        Column("曾用名", lambda line: line["former_name"], 26),
    ]
    with Book("企业归一") as book:
        book.add("归一", columns, lines, frozen=1)
    return book.content()


class Book:
    """A workbook under way, as a context (工作簿); leaving it closes its temporary files, whatever has happened.

    Args:
        title: Shown above every printed page.
        as_of: The date that the file tells, if the answer depends on one.
        many: Lines go to the disk as they come: a file of half a million lines needs no memory for them.
    """

    def __init__(self, title: str, as_of: str = "", *, many: bool = False) -> None:
        self._stream = BytesIO()
        self._title, self._as_of = title.replace("&", "&&"), as_of
        self._book = xlsxwriter.Workbook(self._stream, {**_RULES, "constant_memory" if many else "in_memory": True})
        self._book.set_properties({"title": title, "author": "链招 lianzhao", "created": datetime.fromisoformat(as_of or _NO_DAY)})
        look = {"valign": "top", "font_name": "宋体", "font_size": 11}
        forms: dict[str, dict[str, Any]] = {
            "text": {}, "wrapped": {"text_wrap": True}, "centred": {"align": "center"}, "whole": {"num_format": "0"},
            "tenths": {"num_format": "0.0"}, "hundredths": {"num_format": "0.00"}, "ten-thousandths": {"num_format": "0.0000"},
            "amount": {"num_format": "#,##0.######"},
        }  # fmt: skip
        self._forms = {name: self._book.add_format({**look, **form}) for name, form in forms.items()}
        self._head = self._book.add_format(
            {**look, "bold": True, "text_wrap": True, "align": "center", "valign": "vcenter", "bg_color": "#DDEBF7", "border": 1}
        )

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()

    def add(self, name: str, columns: Sequence[Column[T]], items: Iterable[T], *, frozen: int = 0) -> None:
        """Adds a sheet, and further ones if the lines are too many for it (加一张表).

        Args:
            name: Of the sheet; a further one is called 名单 2.
            columns: What the lines hold.
            items: The lines.
            frozen: Columns at the left that stay in view.
        """
        sheet, row, number = self._sheet(name, columns, frozen), 0, 1
        for item in items:
            if row == MOST_ROWS:
                sheet.autofilter(0, 0, row, len(columns) - 1)
                number += 1
                sheet, row = self._sheet(f"{name} {number}", columns, frozen), 0
            row += 1
            self._line(sheet, row, columns, item)
        sheet.autofilter(0, 0, row, len(columns) - 1)

    def content(self) -> bytes:
        """The file, once it is complete (文件内容)."""
        return self._stream.getvalue()

    def _sheet(self, name: str, columns: Sequence[Column[T]], frozen: int) -> Any:
        sheet = self._book.add_worksheet(name)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
            sheet.write_string(0, place, column.title, self._head)
            if column.choices and len(",".join(column.choices)) <= _LONGEST_CHOICES:
                offered = {"validate": "list", "source": list(column.choices), "error_type": "warning", "ignore_blank": True}
                sheet.data_validation(1, place, _OFFERED_ROWS, place, offered)
        sheet.set_row(0, 2 * _LINE)
        sheet.freeze_panes(1, frozen)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)  # one page wide, as many as needed long
        sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
        sheet.set_header(f"&L{self._title}　{name}" + (f"&R按 {self._as_of} 计算" if self._as_of else ""))
        sheet.set_footer("&C第 &P 页，共 &N 页")
        return sheet

    def _line(self, sheet: Any, row: int, columns: Sequence[Column[T]], item: T) -> None:
        lines = 1
        for place, column in enumerate(columns):
            value, form = column.value(item), self._forms[column.form]
            if isinstance(value, bool):
                sheet.write_string(row, place, "是" if value else "否", form)
            elif isinstance(value, (int, float)):
                sheet.write_number(row, place, value, form)
            elif value:
                text = _storable(value)
                sheet.write_string(row, place, text, form)
                if column.form == "wrapped":
                    lines = max(lines, _lines(text, column.width))
        if lines > 1:  # not every program finds the height of a wrapped line by itself
            sheet.set_row(row, _LINE * min(lines, _MOST_LINES))


def _storable(text: str) -> str:
    """Text as a cell can hold it: not longer than Excel allows, nothing that XML has no place for."""
    clean = _NO_TEXT.sub("�", text)
    return clean if len(clean) <= _LONGEST_CELL else clean[: _LONGEST_CELL - 1] + "…"


def _lines(text: str, width: float) -> int:
    """Lines that a text takes in a column of this width; a Chinese character is two wide."""
    parts = (sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in part) for part in text.split("\n"))
    return sum(max(1, ceil(part / (width - 1))) for part in parts)
