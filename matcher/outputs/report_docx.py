"""Reports as documents that an office can edit (通报 DOCX), in the fonts of official papers: 黑体 for titles, 仿宋 for text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from typing import Any

from matcher.errors import OptionError
from matcher.ledger.reports_told import SOURCES, Document, Section
from matcher.ledger.values import text_of

_BODY, _TITLE, _LATIN = "仿宋", "黑体", "Times New Roman"
_MADE = datetime(2000, 1, 1)
_PAGE_CM = 16.0  # between the margins of an A4 page
_LINK = "14508C"
_SOURCE_HEAD, _SOURCE_WIDTHS = ("数", "台账的行（编号、名称）"), (5, 11)
Links = Mapping[tuple[int, int], int]
"""Line and column of a table → the source that the cell leads to."""


def report_docx(document: Document) -> bytes:
    """A report as a DOCX file (通报文档); its figures lead to the rows that they count, on a last part of its own.

    Raises:
        OptionError: python-docx is not installed.
    """
    try:
        import docx
        from docx.shared import Cm
    except ModuleNotFoundError:
        raise OptionError("文档组件没有安装，请安装 lianzhao[documents]") from None
    paper = docx.Document()
    _properties(paper, document)
    page = paper.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm((21 - _PAGE_CM) / 2)
    page.top_margin, page.bottom_margin = Cm(3), Cm(2.6)
    _paged(page)
    _line(paper, document.title, size=22, font=_TITLE, centred=True)
    _line(paper, f"（{document.subtitle}）", size=16, centred=True)
    for line in document.lines:
        _line(paper, line, size=14, indented=True)
    for number, section in enumerate(document.sections):
        _line(paper, section.title, size=15, font=_TITLE, heading=True)
        for line in section.lines:
            _line(paper, line, size=14, indented=True)
        if section.head:
            links = {(line, column): source for (part, line, column), source in document.links.items() if part == number}
            _table(paper, section, links)
    if document.sources:
        _sources(paper, document)
    stream = BytesIO()
    paper.save(stream)
    return stream.getvalue()


def _properties(paper: Any, document: Document) -> None:
    from docx.oxml import OxmlElement

    core = paper.core_properties
    core.title, core.author, core.comments = text_of(document.title), "链招 lianzhao", ""
    core.created = core.modified = _MADE
    style = paper.styles["Normal"]
    style.font.name = _LATIN
    style.element.rPr.rFonts.set(_qualified("w:eastAsia"), _BODY)
    language = OxmlElement("w:lang")  # else some programs set Chinese punctuation as it is set in Taiwan
    for kind, code in (("w:val", "zh-CN"), ("w:eastAsia", "zh-CN")):
        language.set(_qualified(kind), code)
    style.element.rPr.append(language)


def _line(
    paper: Any,
    text: str,
    *,
    size: float,
    font: str = _BODY,
    centred: bool = False,
    indented: bool = False,
    heading: bool = False,
) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    paragraph = paper.add_paragraph()
    form = paragraph.paragraph_format
    form.line_spacing, form.space_after, form.space_before = 1.4, Pt(2), Pt(10 if heading else 0)
    form.keep_with_next = heading
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if indented:
        form.first_line_indent = Pt(2 * size)
    _run(paragraph, text, size, font)


def _run(paragraph: Any, text: str, size: float, font: str, *, bold: bool = False) -> Any:
    from docx.shared import Pt

    run = paragraph.add_run(text_of(text))
    run.font.size, run.font.name, run.bold = Pt(size), _LATIN, bold
    run._element.rPr.rFonts.set(_qualified("w:eastAsia"), font)
    return run


def _sources(paper: Any, document: Document) -> None:
    """The rows behind the figures, a line for each figure; on paper their numbers say which they are."""
    _line(paper, SOURCES, size=15, font=_TITLE, heading=True)
    paper.paragraphs[-1].paragraph_format.page_break_before = True
    rows = tuple((source.label, "；".join(" ".join(filter(None, row[:2])) for row in source.rows)) for source in document.sources)
    table = _table(paper, Section(SOURCES, head=_SOURCE_HEAD, rows=rows, widths=_SOURCE_WIDTHS), {})
    for number, label in enumerate(table.columns[0].cells[1:], start=1):
        _marked(label.paragraphs[0], number)


def _marked(paragraph: Any, number: int) -> None:
    """A place that figures lead to (书签)."""
    from docx.oxml import OxmlElement

    for kind, at in (("w:bookmarkStart", 0), ("w:bookmarkEnd", len(paragraph._p))):
        mark = OxmlElement(kind)
        mark.set(_qualified("w:id"), str(number))
        if kind == "w:bookmarkStart":
            mark.set(_qualified("w:name"), f"s{number}")
        paragraph._p.insert(at + (kind == "w:bookmarkEnd"), mark)


def _linked(paragraph: Any, run: Any, source: int) -> None:
    """A figure that leads to its rows (链接)."""
    from docx.oxml import OxmlElement
    from docx.shared import RGBColor

    run.font.color.rgb = RGBColor.from_string(_LINK)
    link = OxmlElement("w:hyperlink")
    link.set(_qualified("w:anchor"), f"s{source + 1}")
    link.set(_qualified("w:history"), "1")
    paragraph._p.append(link)
    link.append(run._element)


def _table(paper: Any, section: Section, links: Links) -> Any:
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.oxml import OxmlElement
    from docx.shared import Cm, Pt

    table = paper.add_table(rows=1, cols=len(section.head))
    table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    widths = [Cm(_PAGE_CM * part / sum(section.widths)) for part in section.widths]
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for number, row in enumerate((section.head, *section.rows)):
        cells = table.rows[0].cells if number == 0 else table.add_row().cells
        for place, (cell, text, width) in enumerate(zip(cells, row, widths, strict=True)):
            cell.width = width
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(0)
            run = _run(paragraph, text, 10.5, _TITLE if number == 0 else _BODY)
            if number and (number - 1, place) in links:
                _linked(paragraph, run, links[number - 1, place])
    repeated = OxmlElement("w:tblHeader")  # the head stands on every page
    repeated.set(_qualified("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeated)
    for row in table.rows:
        whole = OxmlElement("w:cantSplit")
        row._tr.get_or_add_trPr().append(whole)
    return table


def _paged(page: Any) -> None:
    """— 3 — at the foot of every page."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement

    paragraph = page.footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(paragraph, "— ", 12, _BODY)
    run = paragraph.add_run()
    for kind, text in (("begin", ""), ("", " PAGE "), ("end", "")):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(_qualified("w:fldCharType"), kind)
        else:
            part.text = text
        run._element.append(part)
    _run(paragraph, " —", 12, _BODY)


def _qualified(name: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(name))
