"""Reports as pages to print (通报网页): one file, nothing is loaded from elsewhere, no script."""

from __future__ import annotations

from html import escape

from matcher.ledger.reports_told import SOURCE_HEAD, SOURCE_WIDTHS, SOURCES, Document, Section
from matcher.ledger.values import text_of

_STYLE = """
@page { size: A4; margin: 22mm 20mm; }
body { font-family: "FangSong", "仿宋", "STFangsong", "Noto Serif CJK SC", "Source Han Serif SC", serif; font-size: 14pt;
  line-height: 1.7; color: #000; max-width: 190mm; margin: 12mm auto; padding: 0 6mm; }
h1, h2, th { font-family: "SimHei", "黑体", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", sans-serif; }
h1 { font-size: 22pt; text-align: center; margin: 0 0 2mm; }
.when { text-align: center; text-indent: 0; margin: 0 0 6mm; }
h2 { font-size: 15pt; margin: 7mm 0 2mm; break-after: avoid; }
p { margin: 0 0 2mm; text-indent: 2em; }
table { border-collapse: collapse; width: 100%; font-size: 10.5pt; line-height: 1.4; table-layout: fixed; }
th, td { border: 0.4pt solid #444; padding: 1mm 1.5mm; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #eef2f7; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
td a { color: #14508c; text-underline-offset: 2pt; }
tbody th { font-weight: normal; background: none; }
tbody:target { background: #fff3c4; }
@media print { body { margin: 0; padding: 0; max-width: none; } th { background: none; }
  td a { color: inherit; text-decoration: none; } .sources { break-before: page; } }
"""


def report_html(document: Document) -> str:
    """A report as an HTML page (通报网页)."""
    said = "".join(_paragraph(line) for line in document.lines)
    parts = "".join(_section(document, number, section) for number, section in enumerate(document.sections))
    return (
        f'<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{_text(document.title)}（{_text(document.subtitle)}）</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{_text(document.title)}</h1>\n"
        f'<p class="when">（{_text(document.subtitle)}）</p>\n{said}{parts}{_sources(document)}</body>\n</html>\n'
    )


def _section(document: Document, number: int, section: Section) -> str:
    told = f"<h2>{_text(section.title)}</h2>\n" + "".join(_paragraph(line) for line in section.lines)
    if not section.head:
        return told
    cells = [
        [_cell(text, document.links.get((number, line, column))) for column, text in enumerate(row)]
        for line, row in enumerate(section.rows)
    ]
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in cells)
    return told + _table(section.head, section.widths, rows)


def _cell(text: str, source: int | None) -> str:
    """A figure leads to the rows that it counts."""
    return _text(text) if source is None else f'<a href="#s{source + 1}">{_text(text)}</a>'


def _sources(document: Document) -> str:
    """The rows behind the figures; what a figure leads to is marked as long as it is looked at."""
    if not document.sources:
        return ""
    rows = ""
    for number, source in enumerate(document.sources, start=1):
        span = f' rowspan="{len(source.rows)}"' if len(source.rows) > 1 else ""
        lines = ["".join(f"<td>{_text(cell)}</td>" for cell in row) for row in source.rows]
        first, *rest = lines
        body = f'<tr><th scope="rowgroup"{span}>{_text(source.label)}</th>{first}</tr>\n' + "".join(
            f"<tr>{one}</tr>\n" for one in rest
        )
        rows += f'</tbody>\n<tbody id="s{number}">\n{body}'
    return f'<h2 class="sources">{_text(SOURCES)}</h2>\n' + _table(SOURCE_HEAD, SOURCE_WIDTHS, rows)


def _table(head: tuple[str, ...], widths: tuple[int, ...], rows: str) -> str:
    columns = "".join(f'<col style="width:{100 * part / sum(widths):.1f}%">' for part in widths)
    titles = "".join(f'<th scope="col">{_text(title)}</th>' for title in head)
    return f"<table>\n<colgroup>{columns}</colgroup>\n<thead><tr>{titles}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"


def _paragraph(line: str) -> str:
    return f"<p>{_text(line)}</p>\n"


def _text(text: str) -> str:
    return escape(text_of(text))
