"""Answers as workbooks (XLSX 输出): for reading, filtering and printing; no cell is ever a formula, a link or a number by accident.

The same answer gives the same bytes: the date of making is the run's ``as_of``, and the clock is not written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from matcher.matching.gaps import LEVEL_LABELS, Gap, Gaps
from matcher.outputs.gap_words import POSITION_LABELS, coverage_lines
from matcher.outputs.ranking_xlsx import FACT_COLUMNS
from matcher.outputs.workbook import Book, Column
from matcher.rules import Zone
from matcher.runs import Match
from matcher.types import NEED_LABELS


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
        book.add("名录", FACT_COLUMNS, [("名录", line) for line in coverage_lines(gaps.coverage)])
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
