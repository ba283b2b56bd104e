"""Figures of pages and workbooks lead to the rows that they count: no link leads nowhere, and each to the rows that the JSON names."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import docx
import pytest

from matcher.intake.workbooks import read_sheets
from matcher.ledger.reports_changes import Change, Recommended
from matcher.ledger.reports_told import SOURCES, Document, Teller
from matcher.ledger.reports_weekly import weekly
from matcher.ledger.setting import Setting
from matcher.outputs.report_docx import report_docx
from matcher.outputs.report_html import report_html
from matcher.outputs.report_links import Kind, books, named, of_report, with_sources
from matcher.outputs.report_xlsx import report_xlsx
from matcher.outputs.reports import Wanted, as_plain, report
from matcher.rules.assessment import load_assessment
from matcher.store.database import Store
from tests.ledger.offices import emptied
from tests.reports.test_batches import statements
from tests.reports.test_counted import LAST, filled

KINDS: tuple[Kind, ...] = ("weekly", "monthly", "annual")
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


class Page(HTMLParser):
    """Where the cells of a page lead, and what stands there."""

    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[tuple[str, str]] = []
        self.there: dict[str, list[str]] = {}
        self._link, self._part, self._cell = "", "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self._link = given["href"] or ""
        if tag == "tbody":
            self._part = given.get("id") or ""
        self._cell = tag == "td"

    def handle_data(self, data: str) -> None:
        if self._link:
            self.hrefs.append((data, self._link))
            self._link = ""
        elif self._part and self._cell:
            self.there.setdefault(self._part, []).append(data)


def made(store: Store, setting: Setting, kind: Kind) -> tuple[dict[str, Any], Document]:
    return report(store, setting, load_assessment(setting.rules), Wanted(kind, LAST, LAST))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_each_figure_leads_to_the_rows_that_the_json_names(store: Store, setting: Setting, kind: Kind, seed: int) -> None:
    emptied(store)
    filled(store, setting, seed)
    told, document = made(store, setting, kind)
    behind, called, counted = of_report(kind, told), books(setting), 0
    for part, section in enumerate(document.sections):
        for line, cells in enumerate(section.rows):
            for column, (title, cell) in enumerate(zip(section.head, cells, strict=True)):
                rows = behind[part][line].get(title, ()) if part in behind else ()
                rows = rows or (named(called, cell) if "台账" in title else ())
                source = document.links.get((part, line, column))
                shown = () if source is None else tuple(row[0] for row in document.sources[source].rows)
                assert shown == tuple(f"{setting.called(row.partition(':')[0])} {row.partition(':')[2]}" for row in rows)
                counted += bool(rows)
    assert counted
    linked = {document.sections[part].head[column] for part, _, column in document.links}
    assert linked >= {"weekly": set(), "monthly": {"名次", "平均完成率", "完成率"}, "annual": {"名次", "得分", "完成率"}}[kind]
    assert all(row[1] for source in document.sources for row in source.rows)  # every row is called by something


@pytest.mark.parametrize("kind", KINDS)
def test_who_shows_no_sources_reads_none(store: Store, setting: Setting, kind: Kind) -> None:
    """The same report in all else, and a statement less for each book of the rows."""
    emptied(store)
    filled(store, setting, 1)
    scales = load_assessment(setting.rules)
    with statements() as with_them:
        told, document = made(store, setting, kind)
    with statements() as without:
        plain, bare = report(store, setting, scales, Wanted(kind, LAST, LAST, sources=False))
    assert plain == told and bare == replace(document, sources=(), links={})
    named_books = {row[0].rpartition(" ")[0] for source in document.sources for row in source.rows}
    assert len(selects(without)) == len(selects(with_them)) - len(named_books) and named_books


def selects(sent: list[str]) -> list[str]:
    return [one for one in sent if one.startswith("SELECT ledger_")]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_links_of_a_page_lead_somewhere(store: Store, setting: Setting, kind: Kind) -> None:
    emptied(store)
    filled(store, setting, 1)
    _, document = made(store, setting, kind)
    text = report_html(document)
    page = Page()
    page.feed(text)
    assert len(page.hrefs) == len(document.links) and SOURCES in text
    assert not re.search(r"https?://", text)  # nothing is asked of other hosts
    for (part, line, column), source in document.links.items():
        cell = document.sections[part].rows[line][column]
        assert (cell, f"#s{source + 1}") in page.hrefs
        assert document.sources[source].rows[0][0] in page.there[f"s{source + 1}"]
    assert SOURCES not in report_html(replace(document, sources=(), links={}))


@pytest.mark.parametrize("kind", KINDS)
def test_links_of_a_workbook_lead_to_the_first_of_the_rows(store: Store, setting: Setting, kind: Kind) -> None:
    emptied(store)
    filled(store, setting, 1)
    _, document = made(store, setting, kind)
    content = report_xlsx(document)
    sheets = dict(read_sheets(content, "x.xlsx"))
    tables = [number for number, section in enumerate(document.sections) if section.head]
    found = 0
    with zipfile.ZipFile(BytesIO(content)) as book:
        for place, part in enumerate(tables, start=2):
            root = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{place}.xml"))
            for link in root.iter(f"{MAIN}hyperlink"):
                column, line = ord(link.attrib["ref"][0]) - ord("A"), int(link.attrib["ref"][1:]) - 2
                source = document.sources[document.links[part, line, column]]
                sheet, _, cell = link.attrib["location"].replace("'", "").partition("!")
                assert sheets[sheet][int(cell[1:]) - 1][:2] == [source.label, source.rows[0][0]]
                found += 1
    assert found == len(document.links)
    assert len(sheets["出处"]) - 1 == sum(len(source.rows) for source in document.sources)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_links_of_a_document_lead_to_a_line_that_names_the_rows(store: Store, setting: Setting, kind: Kind) -> None:
    emptied(store)
    filled(store, setting, 1)
    _, document = made(store, setting, kind)
    paper = docx.Document(BytesIO(report_docx(document)))
    *tables, last = paper.tables
    told = {}
    for row in last.rows[1:]:
        (mark,) = row.cells[0]._tc.iter(f"{WORD}bookmarkStart")
        told[mark.attrib[f"{WORD}name"]] = (row.cells[0].text, row.cells[1].text)
    found = 0
    for part, table in zip([number for number, section in enumerate(document.sections) if section.head], tables, strict=True):
        for line, row in enumerate(table.rows[1:]):
            for column, cell in enumerate(row.cells):
                anchors = [link.attrib[f"{WORD}anchor"] for link in cell._tc.iter(f"{WORD}hyperlink")]
                source = document.links.get((part, line, column))
                assert cell.text == document.sections[part].rows[line][column]
                assert anchors == ([] if source is None else [f"s{source + 1}"])
                if source is not None:
                    label, rows = told[anchors[0]]
                    assert label == document.sources[source].label
                    assert [one.split(" ")[:2] for one in rows.split("；")] == [
                        one[0].split(" ") for one in document.sources[source].rows
                    ]
                    found += 1
    assert found == len(document.links) and SOURCES in [line.text for line in paper.paragraphs]
    bare = docx.Document(BytesIO(report_docx(replace(document, sources=(), links={}))))
    assert len(bare.tables) == len(tables) and SOURCES not in [line.text for line in bare.paragraphs]


def test_recommendations_lead_to_their_run(store: Store, setting: Setting) -> None:
    emptied(store)
    filled(store, setting, 1)
    runs = {True: "b" * 32, False: "a" * 32}
    changes = [Change(entered, "", f"甲{entered}有限公司", "青岛市", None, 3, "新") for entered in runs]
    changed = Recommended(runs[False], runs[True], (changes[0],), (changes[1],))
    week = weekly(store, setting, load_assessment(setting.rules), date(2024, 9, 30), LAST)
    told = {**as_plain(week), "recommended": as_plain(changed)}
    document = with_sources(store, setting, "weekly", told, Teller(setting).weekly(week, changed))
    part = len(document.sections) - 1
    for line, run in enumerate(runs.values()):
        source = document.sources[document.links[part, line, len(document.sections[part].head) - 1]]
        assert source.rows[0][1] == f"lianzhao replay {run}"
    page = Page()
    page.feed(report_html(document))
    assert {run[:12] for run in runs.values()} <= {text for text, _ in page.hrefs}
